//! Moves the write-ahead log into the database beside the writer, so that no commit has to wait while it is done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection as _, SqliteConnection};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often the length of the log is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Pages that are worth moving: 4 MiB, so that the two syncs of it are shared by hundreds of clicks.
const MOVE_FROM: i64 = 1000;

/// Pages from which the log is begun anew, so that its file soon stops growing: 8 MiB. A commit that makes the file
/// longer costs the file system about twice what one costs that writes over what was there.
const RESTART_FROM: i64 = 2000;

/// How long the writer may be held up for that; what could not be done in it is done a look later.
const RESTART_WITHIN: Duration = Duration::from_millis(10);

/// Where something was deleted that must not be found any more, the log is moved and cut off so often at most.
const CUT_EVERY: Duration = Duration::from_secs(10);

/// What `PRAGMA wal_checkpoint` tells: whether it was kept from ending, pages in the log, pages of it that were moved.
type Told = (i64, i64, i64);

/// The task that does it, until it is stopped or nothing is left of this.
#[derive(Debug)]
pub(super) struct Checkpoints {
    stop: CancellationToken,
    task: TaskTracker,
}

impl Checkpoints {
    /// Starts it for the database of `options`. `erased` is set where something was deleted that must not be found any more.
    pub(super) fn start(options: SqliteConnectOptions, erased: Arc<AtomicBool>) -> Self {
        let stop = CancellationToken::new();
        let task = TaskTracker::new();
        task.spawn(run(options, erased, stop.clone()));
        task.close();
        Self { stop, task }
    }

    /// Its connection is closed then.
    pub(super) async fn stop(&self) {
        self.stop.cancel();
        self.task.wait().await;
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn run(options: SqliteConnectOptions, erased: Arc<AtomicBool>, stop: CancellationToken) {
    let options = options.busy_timeout(RESTART_WITHIN);
    let mut cut_at = None;
    while !stop.is_cancelled() {
        let ended = match options.connect().await {
            Ok(mut connection) => {
                let ended = watch(&mut connection, &erased, &mut cut_at, &stop).await;
                ended.and(connection.close().await)
            }
            Err(error) => Err(error),
        };
        if let Err(error) = ended {
            // The writer does it itself from a greater length on.
            tracing::warn!("the write-ahead log could not be moved into the database: {error}");
            let pause = tokio::time::sleep(LOOK_EVERY * 50);
            stop.run_until_cancelled(pause).await;
        }
    }
}

/// Until it is stopped.
async fn watch(
    connection: &mut SqliteConnection,
    erased: &AtomicBool,
    cut_at: &mut Option<Instant>,
    stop: &CancellationToken,
) -> Result<(), sqlx::Error> {
    loop {
        let is_time = cut_at.is_none_or(|at| at.elapsed() >= CUT_EVERY);
        if is_time && erased.swap(false, Ordering::Relaxed) {
            *cut_at = Some(Instant::now());
            cut(connection, erased).await?;
        } else {
            step(connection).await?;
        }
        let pause = tokio::time::sleep(LOOK_EVERY);
        if stop.run_until_cancelled(pause).await.is_none() {
            return Ok(());
        }
    }
}

async fn step(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let (_, length, moved) = checkpoint(connection, "PRAGMA wal_checkpoint(NOOP)").await?;
    if length - moved < MOVE_FROM {
        return Ok(());
    }
    let (_, length, _) = checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)").await?;
    if length >= RESTART_FROM {
        // Only what was written during the last step is left to move while the writer waits.
        checkpoint(connection, "PRAGMA wal_checkpoint(RESTART)").await?;
    }
    Ok(())
}

/// Moves the whole log and cuts it off; where that cannot be done now, it is to be done again.
async fn cut(connection: &mut SqliteConnection, erased: &AtomicBool) -> Result<(), sqlx::Error> {
    // Most of it beside the writer, who waits for the rest.
    let moved = checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)").await;
    let cut = match moved {
        Ok(_) => checkpoint(connection, "PRAGMA wal_checkpoint(TRUNCATE)").await,
        failed => failed,
    };
    if !matches!(cut, Ok((0, ..))) {
        erased.store(true, Ordering::Relaxed);
    }
    cut.map(drop)
}

async fn checkpoint(
    connection: &mut SqliteConnection,
    pragma: &'static str,
) -> Result<Told, sqlx::Error> {
    sqlx::query_as(pragma).fetch_one(connection).await
}
