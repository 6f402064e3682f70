//! Waiting for company: where a flush takes long, clicks answered by the last one may be back before the next begins.
//!
//! A click on a link with a limit needs two flushes. Without a pause such clicks part into two halves that take turns, each
//! waiting for the other's flush; a pause no longer than a flush brings them together, and every flush serves twice as many.
//! Those of a link without limit need one: who of them comes in the pause is written before the flush, not after it. Where
//! flushes are quick, or nobody comes back, there is no pause; nor on PostgreSQL, where the two commits have tasks of their
//! own and a commit takes long because the server works.

use std::time::{Duration, Instant};

use tokio::sync::mpsc::Receiver;

/// A flush quicker than this is not worth a pause, however long the database worked before it: timers are no finer than
/// a millisecond.
const SLOW: Duration = Duration::from_micros(1500);

/// How often is looked who is back.
const STEP: Duration = Duration::from_millis(1);

/// The longest pause; none is longer than the flush before it.
const PAUSE_MAX: Duration = Duration::from_millis(4);

/// So many commits go without a pause at most, after pauses in which too few came.
const WITHOUT_MAX: u32 = 256;

/// What the last commits say about a pause.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    /// How long the last commit took, and of that its flush.
    took: Duration,
    flush: Duration,
    /// How many waited for it.
    had: usize,
    /// Commits still to go without a pause, and how many went so the last time.
    without: u32,
    went: u32,
}

impl Gathering {
    /// A commit is done.
    pub(super) const fn committed(&mut self, took: Duration, flush: Duration, had: usize) {
        self.took = took;
        self.flush = flush;
        self.had = had;
    }

    /// Whether a pause is made before the next commit.
    pub(super) fn is_due(&self) -> bool {
        self.flush >= SLOW && self.without == 0
    }

    /// Takes more operations from the queue into `ops`, which has those that waited, until about as many are there as
    /// are in flight or the pause is over.
    pub(super) async fn gather<T>(
        &mut self,
        queue: &mut Receiver<T>,
        ops: &mut Vec<T>,
        max: usize,
    ) {
        if self.flush < SLOW {
            return;
        }
        if self.without > 0 {
            self.without -= 1;
            return;
        }
        let there = ops.len();
        let wanted = (there + self.had).min(max);
        let end = Instant::now() + self.took.min(PAUSE_MAX);
        // In steps, as each wake costs about as much as a click does here.
        while there + queue.len() < wanted && Instant::now() < end {
            tokio::time::sleep(STEP).await;
        }
        while ops.len() < wanted
            && let Ok(op) = queue.try_recv()
        {
            ops.push(op);
        }
        let is_paid = (ops.len() - there) * 2 >= there;
        self.went = if is_paid {
            0
        } else {
            (self.went * 2).clamp(1, WITHOUT_MAX)
        };
        self.without = self.went;
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    /// Commits of `took`, `flush` of it, after each of which `comes` operations come back within the pause; how many each had.
    async fn commits(took: u64, flush: u64, comes: usize) -> Vec<usize> {
        let [took, flush] = [took, flush].map(Duration::from_millis);
        let (sender, mut queue) = mpsc::channel(100);
        let mut gathering = Gathering::default();
        let mut had = Vec::new();
        for _ in 0..8 {
            gathering.committed(took, flush, had.last().copied().unwrap_or(comes));
            let mut ops = vec![(); 10];
            let sender = sender.clone();
            let back = tokio::spawn(async move {
                for _ in 0..comes {
                    sender.send(()).await.unwrap();
                }
            });
            gathering.gather(&mut queue, &mut ops, 64).await;
            had.push(ops.len());
            back.await.unwrap();
            while queue.try_recv().is_ok() {}
        }
        had
    }

    #[tokio::test]
    async fn who_comes_back_during_the_pause_is_in_the_commit() {
        assert_eq!(commits(6, 6, 10).await, [20; 8]);
        assert_eq!(commits(6, 6, 60).await, [64; 8]);
    }

    #[tokio::test]
    async fn no_pause_is_made_where_flushes_are_quick() {
        assert_eq!(commits(1, 1, 10).await, [10; 8]);
        assert_eq!(commits(6, 1, 10).await, [10; 8]);
    }

    #[tokio::test]
    async fn pauses_get_rare_where_few_come_back() {
        let had = commits(6, 6, 1).await;
        assert_eq!(had, [11, 10, 11, 10, 10, 11, 10, 10]);
    }
}
