//! Gives new events their place on PostgreSQL, so that everyone sees them.

use std::time::Duration;

use crate::store::{Store, StoreError};

/// Pause between two looks for new events: those that come meanwhile are published together.
const PAUSE: Duration = Duration::from_millis(20);

/// Pause before it is tried again when the database did not answer.
const RETRY: Duration = Duration::from_secs(1);

/// The publisher of one node. Any number of nodes may publish at once; what a node that died left behind is published by
/// the [sweep](crate::sweep).
#[derive(Debug, Clone)]
pub struct Publisher {
    store: Store,
}

impl Publisher {
    /// One for the events of `store`.
    #[must_use]
    pub const fn new(store: Store) -> Self {
        Self { store }
    }

    /// Publishes what was written up to now, and tells of what was published as it was written.
    ///
    /// # Errors
    /// When the database does not answer; the next step publishes what is left.
    pub async fn step(&self) -> Result<(), StoreError> {
        if self.store.publish().await? {
            return Ok(());
        }
        self.store.announce().await
    }

    /// Publishes for ever.
    pub async fn run(self) {
        let mut news = self.store.news();
        let mut is_down = false;
        while news.changed().await.is_ok() {
            while let Err(error) = self.step().await {
                if !is_down {
                    tracing::error!("new events could not be told of and will be later: {error}");
                    is_down = true;
                }
                tokio::time::sleep(RETRY).await;
            }
            is_down = false;
            tokio::time::sleep(PAUSE).await;
        }
    }
}
