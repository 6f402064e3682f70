//! Tells of a database that does not answer in few lines, however many requests meet it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::StoreError;

/// Between two lines while it lasts.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// Whether the database fails now, as requests find it.
#[derive(Debug, Default)]
pub struct Outage(Mutex<Option<Ongoing>>);

#[derive(Debug)]
struct Ongoing {
    told_at: Instant,
    /// How often it was met since then.
    untold: u64,
}

impl Outage {
    /// A request met `error`; `what` says what came of it. The first is told at once, and then how many there were, now
    /// and again.
    pub fn met(&self, what: &str, error: &StoreError) {
        match self.count(Instant::now()) {
            Some(0) => tracing::error!("{what}: {error}"),
            Some(more) => tracing::error!(more, "{what}: {error}"),
            None => {}
        }
    }

    /// The database did what it was asked for.
    pub fn over(&self) {
        if let Some(Ongoing { untold, .. }) = self.lock().take() {
            tracing::info!(more = untold, "the database answers again");
        }
    }

    /// Counts one; returns how many before it are to be told of with it, if it is to be told of itself.
    fn count(&self, now: Instant) -> Option<u64> {
        let mut ongoing = self.lock();
        let untold = match &mut *ongoing {
            Some(last) if now < last.told_at + TELL_EVERY => {
                last.untold += 1;
                return None;
            }
            Some(last) => last.untold,
            None => 0,
        };
        *ongoing = Some(Ongoing {
            told_at: now,
            untold: 0,
        });
        Some(untold)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Ongoing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_then_how_many_came_and_after_its_end_the_first_again() {
        let (outage, start) = (Outage::default(), Instant::now());
        let at = |ms| outage.count(start + Duration::from_millis(ms));
        assert_eq!(at(0), Some(0));
        assert_eq!([at(0), at(10), at(4999)], [None; 3]);
        assert_eq!(at(5000), Some(3));
        assert_eq!([at(5001), at(9999)], [None; 2]);
        assert_eq!(at(60_000), Some(2));
        outage.over();
        assert_eq!(at(60_001), Some(0));
    }
}
