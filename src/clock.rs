//! Time as a parameter, so that tests can hold it still.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::Utc;
use uuid::{ContextV7, Uuid};

use crate::domain::timestamp::Timestamp;

/// How far off the clock that is followed may be; below it corrections would only make time uneven.
const FOLLOWED_MS: i64 = 1000;

/// Tells the time and makes the identifiers that carry it.
#[derive(Debug, Clone)]
pub struct Clock {
    fixed: Option<Arc<AtomicI64>>,
    /// How many milliseconds the clock that is followed is ahead of the machine's.
    ahead: Arc<AtomicI64>,
    order: Arc<Mutex<ContextV7>>,
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self {
            fixed: None,
            ahead: Arc::default(),
            order: Arc::new(Mutex::new(ContextV7::new())),
        }
    }

    /// A clock that stands at `at` until it is moved.
    #[must_use]
    pub fn fixed(at: Timestamp) -> Self {
        Self {
            fixed: Some(Arc::new(AtomicI64::new(at.millis()))),
            ..Self::system()
        }
    }

    /// Moves a fixed clock on by `ms` milliseconds; the machine's clock does not care.
    pub fn advance(&self, ms: i64) {
        if let Some(fixed) = &self.fixed {
            fixed.fetch_add(ms, Ordering::SeqCst);
        }
    }

    /// Follows another clock, where it is more than a second off: that of a database which other machines ask too.
    /// Returns by how many milliseconds the time told was off it then. A fixed clock does not care.
    #[must_use]
    pub fn follow(&self, theirs: Timestamp) -> Option<i64> {
        let off = self.now().millis() - theirs.millis();
        if self.fixed.is_some() || off.abs() <= FOLLOWED_MS {
            return None;
        }
        self.ahead.fetch_sub(off, Ordering::SeqCst);
        Some(off)
    }

    /// The time now.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the machine"
    )]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(match &self.fixed {
            Some(fixed) => fixed.load(Ordering::SeqCst),
            None => Utc::now().timestamp_millis() + self.ahead.load(Ordering::Relaxed),
        })
    }

    /// A new UUIDv7 of now; those of one process sort in the order they were made.
    #[must_use]
    pub fn uuid(&self) -> Uuid {
        let (seconds, nanos) = self.unix_time();
        let order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        Uuid::new_v7(uuid::Timestamp::from_unix(&*order, seconds, nanos))
    }

    fn unix_time(&self) -> (u64, u32) {
        let ms = u64::try_from(self.now().millis()).unwrap_or_default();
        (
            ms / 1000,
            u32::try_from(ms % 1000 * 1_000_000).unwrap_or_default(),
        )
    }
}
