//! Resting between pieces of work that takes long, so that clicks go on beside it.

use std::time::{Duration, Instant};

/// A piece of work after which it is worth resting: timers are no finer than a millisecond.
const PIECE: Duration = Duration::from_millis(4);

/// The longest rest: work that was held up by others need not wait as long again.
const REST_MAX: Duration = Duration::from_millis(20);

/// Rests for as long as it works.
#[derive(Debug)]
pub struct Pace(Instant);

impl Default for Pace {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Pace {
    /// Rests where it is time to, on a thread that nobody else needs.
    pub fn rest_here(&mut self) {
        if let Some(rest) = self.due() {
            std::thread::sleep(rest);
            *self = Self::default();
        }
    }

    /// Lets others work where it is time to.
    pub async fn rest(&mut self) {
        if let Some(rest) = self.due() {
            tokio::time::sleep(rest).await;
            *self = Self::default();
        }
    }

    fn due(&self) -> Option<Duration> {
        let worked = self.0.elapsed();
        (worked >= PIECE).then(|| worked.min(REST_MAX))
    }
}
