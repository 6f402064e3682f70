//! Resting between pieces of work that takes long, so that clicks go on beside it.

use std::time::{Duration, Instant};

use crate::store::Store;

/// A piece of work after which it is worth resting: timers are no finer than a millisecond.
const PIECE: Duration = Duration::from_millis(4);

/// The longest rest: work that was held up by others need not wait as long again.
const REST_MAX: Duration = Duration::from_millis(30);

/// Rests for half as long again as it works.
#[derive(Debug)]
pub struct Pace {
    /// Whose clicks it is for; none: those of another process, of which nothing is known.
    clicks_of: Option<Store>,
    /// How many there had been when this piece of work was begun, and when that was.
    clicks: u64,
    begun: Instant,
}

impl Pace {
    /// For work in another process than the one that answers clicks.
    #[must_use]
    pub fn elsewhere() -> Self {
        Self {
            clicks_of: None,
            clicks: 0,
            begun: Instant::now(),
        }
    }

    /// For work in the process that answers the clicks of this store: while nobody clicks there is no rest.
    #[must_use]
    pub fn beside(store: &Store) -> Self {
        Self {
            clicks_of: Some(store.clone()),
            clicks: store.clicks(),
            begun: Instant::now(),
        }
    }

    /// Rests where it is time to, on a thread that nobody else needs.
    pub fn rest_here(&mut self) {
        if let Some(rest) = self.due() {
            std::thread::sleep(rest);
            self.begun = Instant::now();
        }
    }

    /// Lets others work where it is time to.
    pub async fn rest(&mut self) {
        if let Some(rest) = self.due() {
            tokio::time::sleep(rest).await;
            self.begun = Instant::now();
        } else {
            tokio::task::yield_now().await;
        }
    }

    fn due(&mut self) -> Option<Duration> {
        let worked = self.begun.elapsed();
        if worked < PIECE {
            return None;
        }
        if let Some(store) = &self.clicks_of {
            let before = std::mem::replace(&mut self.clicks, store.clicks());
            if before == self.clicks {
                self.begun = Instant::now();
                return None;
            }
        }
        Some((worked * 3 / 2).min(REST_MAX))
    }
}
