//! Waiting for a commit, and not for every statement before it.
//!
//! The driver wakes who waits for a script at the end of each of its statements, from the thread SQLite runs on: five times a
//! commit, and each costs about what a click does. So nobody listens until the transaction is about to end; what a script
//! answers before that waits in the driver's channel, which holds 50 rows, and a script of the ledger's answers ten.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use sqlx::SqliteConnection;
use tokio::sync::Notify;

/// A script that fails before its transaction begins rings no bell: it is looked at all the same.
const LOOK_AFTER: Duration = Duration::from_millis(20);

/// Rung by a connection when a transaction of its is about to be committed or was undone.
#[derive(Debug, Clone, Default)]
pub(super) struct Bell {
    rung: Arc<Notify>,
    /// How long the last script took from the bell to its end, in microseconds; zero once that was asked.
    flush_us: Arc<AtomicU64>,
}

impl Bell {
    /// Has `connection` ring.
    ///
    /// # Errors
    /// When the connection is gone.
    pub(super) async fn hang_on(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<(), sqlx::Error> {
        let mut handle = connection.lock_handle().await?;
        let (at_commit, at_rollback) = (self.clone(), self.clone());
        handle.set_commit_hook(move || {
            at_commit.rung.notify_one();
            true
        });
        handle.set_rollback_hook(move || at_rollback.rung.notify_one());
        Ok(())
    }

    /// How long the disk took for the last script, unless that was asked before.
    pub(super) fn flush_took(&self) -> Option<Duration> {
        let took = self.flush_us.swap(0, Ordering::Relaxed);
        (took > 0).then(|| Duration::from_micros(took))
    }

    /// What `script` answers, which is one transaction on the connection that rings.
    pub(super) async fn wait_for<T>(&self, script: impl Future<Output = T>) -> T {
        self.wait(script, LOOK_AFTER).await
    }

    async fn wait<T>(&self, script: impl Future<Output = T>, look_after: Duration) -> T {
        // What an earlier transaction rang for.
        let _ = self.rung.notified().now_or_never();
        let mut script = pin!(script);
        // This sends it. Who is woken by no one is asked again below, and is then woken as usual.
        let sent = script
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(answer) = sent {
            return answer;
        }
        let _ = tokio::time::timeout(look_after, self.rung.notified()).await;
        let begun = Instant::now();
        let answer = script.await;
        let took = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.flush_us.store(took, Ordering::Relaxed);
        answer
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Connection as _, Error};

    use super::*;

    /// Far longer than the test waits.
    const NEVER: Duration = Duration::from_hours(1);
    const PATIENCE: Duration = Duration::from_mins(1);

    async fn connection(bell: &Bell) -> SqliteConnection {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlx::query("CREATE TABLE t (a INTEGER PRIMARY KEY)")
            .execute(&mut connection)
            .await
            .unwrap();
        bell.hang_on(&mut connection).await.unwrap();
        connection
    }

    async fn run(
        bell: &Bell,
        connection: &mut SqliteConnection,
        script: &'static str,
        look_after: Duration,
    ) -> Result<Vec<(i64,)>, Error> {
        let script = sqlx::query_as(AssertSqlSafe(script)).fetch_all(connection);
        let answered = tokio::time::timeout(PATIENCE, bell.wait(script, look_after)).await;
        answered.expect("the bell rings")
    }

    #[tokio::test]
    async fn a_commit_and_a_rollback_ring() {
        let bell = Bell::default();
        let mut connection = connection(&bell).await;
        for round in 0..3 {
            let script = "BEGIN; INSERT INTO t SELECT COALESCE(MAX(a), 0) + 1 FROM t; SELECT MAX(a) FROM t; COMMIT";
            let answer = run(&bell, &mut connection, script, NEVER).await;
            assert_eq!(answer.unwrap(), [(round + 1,)]);
            let undone = "BEGIN; INSERT OR ROLLBACK INTO t VALUES (1); COMMIT";
            let answer = run(&bell, &mut connection, undone, NEVER).await;
            assert!(answer.is_err_and(|e| e.into_database_error().unwrap().is_unique_violation()));
        }
    }

    #[tokio::test]
    async fn what_was_rung_for_before_makes_no_difference() {
        let bell = Bell::default();
        let mut connection = connection(&bell).await;
        let insert = sqlx::query("INSERT INTO t VALUES (1)");
        insert.execute(&mut connection).await.unwrap();
        let script = "BEGIN; INSERT INTO t VALUES (2); COMMIT";
        let answer = run(&bell, &mut connection, script, NEVER).await;
        assert_eq!(answer.unwrap(), []);
    }

    #[tokio::test]
    async fn a_script_that_rings_no_bell_is_looked_at_after_a_while() {
        let bell = Bell::default();
        let mut connection = connection(&bell).await;
        let answer = run(&bell, &mut connection, "BEGIN NONSENSE", LOOK_AFTER).await;
        assert!(matches!(answer, Err(Error::Database(_))));
    }
}
