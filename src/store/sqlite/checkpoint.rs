//! Moves the write-ahead log into the database beside the writer, so that no commit has to wait while it is done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};

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

/// Checkpoints the database of `options` for ever. `erased` is set where something was deleted that must not be found
/// any more.
pub(super) async fn run(options: SqliteConnectOptions, erased: Arc<AtomicBool>) {
    let options = options.busy_timeout(RESTART_WITHIN);
    let mut cut_at = None;
    loop {
        let error = match options.connect().await {
            Ok(mut connection) => loop {
                let is_time = cut_at.is_none_or(|at: Instant| at.elapsed() >= CUT_EVERY);
                let done = if is_time && erased.swap(false, Ordering::Relaxed) {
                    cut_at = Some(Instant::now());
                    cut(&mut connection, &erased).await
                } else {
                    step(&mut connection).await
                };
                if let Err(error) = done {
                    break error;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            },
            Err(error) => error,
        };
        // The writer does it itself from a greater length on.
        tracing::warn!("the write-ahead log could not be moved into the database: {error}");
        tokio::time::sleep(LOOK_EVERY * 50).await;
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
