//! The session that stands under the same hold, open or being started by another click.

use std::time::{Duration, Instant};

use super::{NotStarted, Redeemer, SHORT_PAUSE, Start, Started};
use crate::domain::id::SessionId;
use crate::domain::session::Status;
use crate::store::StoreError;

/// Pause between two looks at a session that another click is starting.
const WAIT_STEP: Duration = Duration::from_millis(50);

impl Redeemer {
    /// The session that stands under one of the holds of what is wanted, open or being started.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn holder(&self, start: &Start<'_>) -> Result<Option<SessionId>, StoreError> {
        for hold in start.holds() {
            if let Some(id) = self.store.holder(&hold, self.clock.now()).await? {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Waits for what becomes of the session that stands under our hold. `None`: it let go, try again.
    pub(super) async fn await_holder(
        &self,
        by: Option<SessionId>,
        deadline: Instant,
    ) -> Result<Option<Started>, NotStarted> {
        let Some(id) = by else {
            return self.pause(deadline).await.map(|()| None);
        };
        loop {
            let Some(session) = self.in_time(self.store.session(id)).await? else {
                return Ok(None);
            };
            if let Some(started) = Started::again(&session, self.clock.now()) {
                return Ok(Some(started));
            }
            match session.status {
                // Its outcome is ours too: a call of our own would take the whole budget once more.
                Status::Failed => return Err(SHORT_PAUSE),
                Status::Starting => self.pause(deadline).await?,
                _ => return self.pause(deadline).await.map(|()| None),
            }
        }
    }

    async fn pause(&self, deadline: Instant) -> Result<(), NotStarted> {
        if Instant::now() >= deadline {
            return Err(SHORT_PAUSE);
        }
        tokio::time::sleep(WAIT_STEP).await;
        Ok(())
    }
}
