//! One writer task: takes what waits, commits it together, answers.

use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::sync::mpsc;

use super::batch::{Batch, Outcome};
use super::gathering::Gathering;
use super::ignored::Counts;
use super::{Op, QUEUE_MAX};
use crate::store::events::News;
use crate::store::sqlite::FILED_AFTER;
use crate::store::{Engine, Held, StoreError};

/// The most operations in one commit.
const BATCH_MAX: usize = 512;

/// Commits in a row on one connection while more operations wait and no other transaction does: taking it from the pool
/// and giving it back costs two round trips.
const TURNS_MAX: u32 = 8;

/// How long the commits of one turn may take before the database counts as down: a server that fell silent is not waited
/// for. Ordinary clicks on SQLite take as long as the disk: there those who wait give up by themselves.
pub const COMMIT_WITHIN: Duration = Duration::from_secs(8);

/// How long sessions wait to be filed under their links where that failed: they are found all the same.
const FILE_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// A writer task.
struct Lane {
    engine: Engine,
    news: News,
    held: Held,
    /// Transactions on the held connection so far.
    turns: u32,
    /// Until when those of this turn may take.
    until: Instant,
    gathering: Option<Gathering>,
    ignored: Counts,
    /// When sessions are to be filed under their links, where that is not done as they are inserted.
    file_at: Option<Instant>,
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
        until: Instant::now(),
        ignored: Counts::default(),
        file_at: None,
    };
    if on_own_thread {
        // SQLite works on the thread that calls it.
        let log = tracing::dispatcher::get_default(Clone::clone);
        let run = move || match Builder::new_current_thread().enable_time().build() {
            Ok(runtime) => runtime.block_on(lane.run(queue)),
            Err(error) => tracing::error!("no click can be written: {error}"),
        };
        std::thread::Builder::new()
            .name("ledger".into())
            .spawn(move || tracing::dispatcher::with_default(&log, run))?;
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
                taken = queue.recv_many(&mut ops, BATCH_MAX) => {
                    self.until = Instant::now() + COMMIT_WITHIN;
                    let written = self.commit_unflushed(&mut queue, &mut ops).await;
                    let is_last = self.commit(&mut ops, written).await || taken == 0;
                    if self.file_at.is_some_and(|at| at <= Instant::now()) && !is_last {
                        self.file_some().await;
                    }
                    if queue.is_empty() || self.turns >= TURNS_MAX || self.engine.is_wanted() {
                        self.let_go();
                    }
                    if is_last {
                        return self.write_ignored().await;
                    }
                }
                () = due(self.file_at) => {
                    self.until = Instant::now() + FILED_AFTER;
                    self.file_some().await;
                    self.let_go();
                }
                () = self.ignored.due() => self.write_ignored().await,
            }
        }
    }

    /// Files some sessions under their links, and says when to go on.
    async fn file_some(&mut self) {
        let Engine::Sqlite(db) = &self.engine else {
            return;
        };
        self.turns += 1;
        let filed = db.file_some(&mut self.held);
        let filed = tokio::time::timeout_at(self.until.into(), filed).await;
        let then = match filed {
            Ok(Ok(then)) => then,
            Ok(Err(error)) => {
                tracing::warn!("sessions are not filed under their links yet: {error}");
                self.held.abandon();
                Some(FILE_AGAIN_AFTER)
            }
            // Others are writing.
            Err(_) => Some(FILED_AFTER),
        };
        self.file_at = then.map(|then| Instant::now() + then);
    }

    /// Others may write first.
    async fn write_ignored(&mut self) {
        self.let_go();
        self.ignored.write(&self.engine).await;
    }

    /// Writes what is in `ops` in one transaction and answers everyone who still waits; a fault, be it that of what was
    /// `written` just before, is answered to all of them. True when it was the last.
    async fn commit(&mut self, ops: &mut Vec<Op>, written: Result<(), StoreError>) -> bool {
        let mut batch = Batch::sort(ops.drain(..), &mut self.ignored);
        if batch.wants_flush() {
            self.write_ignored().await;
            self.until = Instant::now() + COMMIT_WITHIN;
        }
        if batch.is_empty() {
            return false;
        }
        let begun = Instant::now();
        let needs_flush = batch.needs_flush();
        let outcome = match written {
            Ok(()) => self.write(&mut batch).await,
            Err(fault) => Err(fault),
        };
        if let Some(gathering) = &mut self.gathering
            && needs_flush
        {
            let took = begun.elapsed();
            let flush = self.held.flush_took().unwrap_or(took);
            gathering.committed(took, flush, batch.len());
        }
        let closes = batch.closes();
        if closes {
            self.held.close().await;
        }
        if batch.tells() && outcome.is_ok() {
            self.news.tell();
        }
        batch.answer(&outcome);
        closes
    }

    /// On SQLite, writes and answers those of `ops` that need no flush where the others would keep them waiting: for a pause,
    /// or for what is rare. Adds to `ops` who comes in the pause, if there is one.
    async fn commit_unflushed(
        &mut self,
        queue: &mut mpsc::Receiver<Op>,
        ops: &mut Vec<Op>,
    ) -> Result<(), StoreError> {
        let Some(gathering) = &self.gathering else {
            return Ok(());
        };
        if ops.iter().all(Op::needs_no_flush) {
            return Ok(());
        }
        if gathering.is_due() {
            self.write_unflushed(ops).await?;
            if self.engine.is_wanted() {
                self.held.let_go();
            }
        }
        if let Some(gathering) = &mut self.gathering {
            gathering.gather(queue, ops, BATCH_MAX).await;
        }
        if ops.iter().any(Op::is_rare) {
            self.write_unflushed(ops).await?;
        }
        Ok(())
    }

    async fn write_unflushed(&mut self, ops: &mut Vec<Op>) -> Result<(), StoreError> {
        let unflushed = ops.extract_if(.., |op| op.needs_no_flush());
        let mut batch = Batch::sort(unflushed, &mut self.ignored);
        if batch.is_empty() {
            return Ok(());
        }
        let outcome = self.write(&mut batch).await;
        batch.answer(&outcome);
        outcome.map(drop)
    }

    async fn write(&mut self, batch: &mut Batch) -> Result<Outcome, StoreError> {
        self.turns += 1;
        let reserves = !batch.reserves.is_empty();
        let written = batch.commit(&self.engine, &mut self.held);
        let outcome = match tokio::time::timeout_at(self.until.into(), written).await {
            Ok(outcome) => outcome.map_err(StoreError::from),
            Err(_) => Err(StoreError::Unavailable),
        };
        if outcome.is_ok() && reserves && self.gathering.is_some() {
            self.file_at
                .get_or_insert_with(|| Instant::now() + FILED_AFTER);
        }
        if outcome.is_err() {
            // Not now.
            let later = Instant::now() + FILED_AFTER;
            self.file_at = self.file_at.map(|at| at.max(later));
            self.held.abandon();
            // After a flush that failed a later one may succeed without what was lost of the log.
            self.engine.cut_log_soon();
        }
        outcome
    }

    fn let_go(&mut self) {
        self.held.let_go();
        self.turns = 0;
    }
}

/// Waits until then; for ever where there is no such time.
async fn due(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
