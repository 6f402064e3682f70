//! Settles what a dead process left behind, and forgets what is over.

use std::time::Duration;

use crate::clock::Clock;
use crate::store::{Store, StoreError};

/// Pause between two sweeps: with the lease of a default mint budget, an abandoned use is back within 25 s.
pub const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// The sweeper. Any number of nodes may run it at once.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// What is swept.
    pub store: Store,
    /// The time.
    pub clock: Clock,
}

impl Sweep {
    /// Sweeps once; returns how many uses were given back.
    ///
    /// # Errors
    /// When the database does not answer; the next sweep does what is left.
    pub async fn step(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let refunded = self.store.refund_abandoned(now).await?;
        if refunded > 0 {
            tracing::info!(refunded, "gave back uses that a dead process had spent");
        }
        self.store.forget_ended(now).await?;
        self.store.forget_answers(now).await?;
        Ok(refunded)
    }

    /// Sweeps for ever.
    pub async fn run(self) {
        loop {
            if let Err(error) = self.step().await {
                tracing::error!("the sweep failed and will be tried again: {error}");
            }
            tokio::time::sleep(SWEEP_EVERY).await;
        }
    }
}
