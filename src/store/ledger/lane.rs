//! One writer task: takes what waits, commits it together, answers.

use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::sync::mpsc;

use super::batch::Batch;
use super::gathering::Gathering;
use super::ignored::Counts;
use super::{Op, QUEUE_MAX};
use crate::store::events::News;
use crate::store::{Engine, Held, StoreError};

/// The most operations in one commit.
const BATCH_MAX: usize = 512;

/// Commits in a row on one connection while no other transaction waits for it: taking it from the pool and giving it back
/// costs two round trips.
const TURNS_MAX: u32 = 8;

/// How long it is kept for the next operation.
const KEPT_FOR: Duration = Duration::from_millis(1);

/// How long one commit may take before the database counts as down: a server that fell silent is not waited for.
pub const COMMIT_WITHIN: Duration = Duration::from_secs(8);

/// A writer task.
struct Lane {
    engine: Engine,
    news: News,
    held: Held,
    /// Commits on the held connection so far.
    turns: u32,
    gathering: Option<Gathering>,
    ignored: Counts,
}

/// Starts a writer task; it ends when the last way to it is gone.
///
/// # Errors
/// When no thread can be started.
pub(super) fn spawn_lane(engine: Engine, news: News) -> std::io::Result<mpsc::Sender<Op>> {
    let (sender, queue) = mpsc::channel(QUEUE_MAX);
    let on_own_thread = matches!(engine, Engine::Sqlite(_));
    let lane = Lane {
        gathering: on_own_thread.then(Gathering::default),
        engine,
        news,
        held: Held::default(),
        turns: 0,
        ignored: Counts::default(),
    };
    if on_own_thread {
        // SQLite works on the thread that calls it.
        let runtime = Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new()
            .name("ledger".into())
            .spawn(move || runtime.block_on(lane.run(queue)))?;
    } else {
        tokio::spawn(lane.run(queue));
    }
    Ok(sender)
}

impl Lane {
    async fn run(mut self, mut queue: mpsc::Receiver<Op>) {
        let mut ops = Vec::with_capacity(BATCH_MAX);
        loop {
            tokio::select! {
                biased;
                () = self.ignored.due() => {
                    self.let_go();
                    self.ignored.write(&self.engine).await;
                }
                taken = queue.recv_many(&mut ops, BATCH_MAX) => {
                    if let Some(gathering) = &mut self.gathering {
                        gathering.gather(&mut queue, &mut ops, BATCH_MAX).await;
                    }
                    self.commit(&mut ops).await;
                    if self.turns >= TURNS_MAX || self.engine.is_wanted() {
                        self.let_go();
                    }
                    if taken == 0 {
                        return self.ignored.write(&self.engine).await;
                    }
                }
                () = tokio::time::sleep(KEPT_FOR), if self.turns > 0 => self.let_go(),
            }
        }
    }

    /// Writes what is in `ops` in one transaction and answers everyone who waits; a fault is answered to all of them.
    async fn commit(&mut self, ops: &mut Vec<Op>) {
        let had = ops.len();
        let batch = Batch::sort(ops.drain(..), &mut self.ignored);
        if batch.wants_flush() {
            self.let_go();
            self.ignored.write(&self.engine).await;
        }
        self.turns += 1;
        let begun = Instant::now();
        let written = batch.commit(&self.engine, &mut self.held);
        let outcome = match tokio::time::timeout(COMMIT_WITHIN, written).await {
            Ok(outcome) => outcome.map_err(StoreError::from),
            Err(_) => Err(StoreError::Unavailable),
        };
        if let Some(gathering) = &mut self.gathering {
            let took = begun.elapsed();
            gathering.committed(took, self.held.flush_took().unwrap_or(took), had);
        }
        if outcome.is_err() {
            self.held.abandon();
        }
        if batch.closes() {
            self.held.close();
        }
        if batch.tells() && outcome.is_ok() {
            self.news.tell();
        }
        batch.answer(&outcome);
    }

    fn let_go(&mut self) {
        self.held.let_go();
        self.turns = 0;
    }
}
