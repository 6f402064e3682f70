//! Notes when invited people open their pages, off the path of their requests and many at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use quick_cache::sync::Cache;

use crate::clock::Clock;
use crate::domain::id::LinkId;
use crate::store::{Store, StoreError};

/// Pause between two rounds.
const NOTE_EVERY: Duration = Duration::from_secs(1);

/// Links remembered as noted, so that nobody asks for them again: about a megabyte.
const NOTED_MAX: usize = 16_384;

/// Links that may wait to be noted; more are forgotten. A visitor is never made to wait.
const WAITING_MAX: usize = 65_536;

/// The most links noted at once.
const BATCH: usize = 500;

/// What pages were opened. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Openings {
    store: Store,
    clock: Clock,
    noted: Arc<Cache<LinkId, ()>>,
    waiting: Arc<Mutex<Vec<LinkId>>>,
}

impl Openings {
    /// Nothing opened yet.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        Self {
            store,
            clock,
            noted: Arc::new(Cache::new(NOTED_MAX)),
            waiting: Arc::default(),
        }
    }

    /// A person was shown a link's page. Costs a look into memory.
    pub fn opened(&self, link: LinkId) {
        if self.noted.get(&link).is_some() {
            return;
        }
        self.noted.insert(link, ());
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < WAITING_MAX {
            waiting.push(link);
        }
    }

    /// Notes what was opened since the last time, of those links that are invitations.
    ///
    /// # Errors
    /// When the database does not answer; what could not be noted is noted the next time.
    pub async fn step(&self) -> Result<(), StoreError> {
        let opened = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *waiting)
        };
        for (at, chunk) in opened.chunks(BATCH).enumerate() {
            if let Err(error) = self.store.note_opened(chunk, self.clock.now()).await {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                waiting.extend(&opened[at * BATCH..]);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Notes for ever.
    pub async fn run(self) {
        loop {
            tokio::time::sleep(NOTE_EVERY).await;
            if let Err(error) = self.step().await {
                self.store
                    .outage
                    .met("noting what was opened failed", &error);
            }
        }
    }
}
