//! The SQLite engine: one writer at a time, several readers, WAL, commits on disk before they are answered.

use std::collections::HashSet;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqlSafeStr as _, Sqlite, SqlitePool, Transaction};

mod checkpoint;
mod file;
mod filing;
pub(super) mod rare;
mod rows;
mod writer;

use super::ledger::settle::Records;
use super::ledger::wanted::Wanted;
use super::steps::{self, Tell};
use super::{Held, StoreError};
use crate::domain::id::SessionId;
use checkpoint::Checkpoints;
pub(super) use filing::FILED_AFTER;
pub(super) use writer::Writer;

/// Readers beside the one writer; clicks hardly read, so few are enough.
const READERS: u32 = 4;

/// Readers for lists, opened when the first one is asked for: however many lists are, visitors do not wait for them.
const LISTERS: u32 = 2;

/// How long a statement waits for another process (a command line) that is writing, and for a free reader.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Pages in the write-ahead log from which the writer itself moves them into the database: 256 MiB, reached only when
/// [`checkpoint`] cannot do it beside him.
const CHECKPOINT_PAGES: &str = "64000";

/// What every connection that writes is set to, beside what commits wait for.
const SETTINGS: [(&str, &str); 4] = [
    ("foreign_keys", "on"),
    ("temp_store", "memory"),
    // What is deleted is overwritten; no cost of it can be measured.
    ("secure_delete", "on"),
    ("wal_autocheckpoint", CHECKPOINT_PAGES),
];

/// The steps to the schema of today.
pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// The pools of one SQLite file.
#[derive(Debug, Clone)]
pub struct SqliteEngine {
    write: SqlitePool,
    read: SqlitePool,
    list: SqlitePool,
    checkpoints: Arc<Checkpoints>,
    /// Something was deleted that must not stay in the write-ahead log.
    erased: Arc<AtomicBool>,
    /// Transactions that wait for the writer.
    waiting: Arc<AtomicUsize>,
}

/// One that waits, for as long as this is kept.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn count(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl SqliteEngine {
    /// Opens the file; where wanted makes it, and brings its schema up to date.
    pub(super) async fn open(url: &str, make: Option<Tell<'_>>) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|_| {
                StoreError::Address("database.url: not a usable sqlite:// address".into())
            })?
            .create_if_missing(make.is_some())
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT);
        let options = SETTINGS
            .into_iter()
            .fold(options, |options, (name, value)| {
                options.pragma(name, value)
            });
        if make.is_some() {
            file::make(options.get_filename())?;
        } else {
            file::check(options.get_filename())?;
        }
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .after_release(|connection, _| {
                Box::pin(async move {
                    if connection.is_in_transaction() {
                        // Comes behind the end of the transaction, which may be under way.
                        connection.ping().await?;
                    }
                    // On a full disk SQLite itself takes back what was begun, and sqlx would wait for its end for ever.
                    Ok(!connection.is_in_transaction())
                })
            })
            .connect_with(options.clone())
            .await?;
        if let Some(tell) = make {
            // The writer from its start: another process that starts at the same time waits, and finds it done.
            let mut tx = write.begin_with("BEGIN IMMEDIATE").await?;
            steps::take(&MIGRATIONS, &mut *tx, tell).await?;
            tx.commit().await?;
        }
        let options = options.pragma("query_only", "true");
        let read = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(BUSY_TIMEOUT)
            .test_before_acquire(false)
            .connect_with(options.clone())
            .await?;
        let list = SqlitePoolOptions::new()
            .max_connections(LISTERS)
            .acquire_timeout(BUSY_TIMEOUT)
            .test_before_acquire(false)
            .connect_lazy_with(options);
        let erased = Arc::<AtomicBool>::default();
        let of_writer = (*write.connect_options()).clone();
        let checkpoints = Checkpoints::start(of_writer, erased.clone());
        Ok(Self {
            write,
            read,
            list,
            checkpoints: Arc::new(checkpoints),
            erased,
            waiting: Arc::default(),
        })
    }

    /// Whether the file is where it was: what is written into one that was removed is lost.
    pub(super) fn check_file(&self) -> Result<(), StoreError> {
        file::check(self.write.connect_options().get_filename())
    }

    pub(super) const fn read(&self) -> &SqlitePool {
        &self.read
    }

    /// For statements that may look at very many rows.
    pub(super) const fn list(&self) -> &SqlitePool {
        &self.list
    }

    pub(super) const fn write(&self) -> &SqlitePool {
        &self.write
    }

    /// A transaction that is the writer from its start, so that it can never fail half-way for lack of the lock.
    pub(super) async fn begin(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        let waiting = Waiting::count(&self.waiting);
        let connection = self.write.acquire().await;
        drop(waiting);
        Transaction::begin(connection?, Some("BEGIN IMMEDIATE".into_sql_str())).await
    }

    /// What is in the log is soon in the database, and what was deleted gone from both.
    pub(super) fn cut_log_soon(&self) {
        self.erased.store(true, Ordering::Relaxed);
    }

    /// Whether a transaction waits for the writer.
    pub(super) fn is_wanted(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Closes one connection after the other: the last one moves the log into the database and removes it, which it cannot
    /// while another is being closed.
    pub(super) async fn close(&self) {
        self.checkpoints.stop().await;
        self.list.close().await;
        self.read.close().await;
        self.write.close().await;
    }

    pub(super) async fn backup(&self, file: &str) -> Result<(), StoreError> {
        // SQLite takes an empty file for one that is not there.
        file::new(Path::new(file)).map_err(|e| StoreError::Address(format!("{file}: {e}")))?;
        // A reader's snapshot on a connection of its own, so that clicks go on meanwhile: the pool's readers
        // may write nowhere, not even into another file.
        let mut connection = self.write.connect_options().connect().await?;
        sqlx::query("VACUUM INTO $1")
            .bind(file)
            .execute(&mut connection)
            .await?;
        Ok(connection.close().await?)
    }

    /// Records and reserves in one transaction, on the calling thread, which [`Self::commit_plain`] commits; returns who was
    /// not granted a use. None: it is not done so simply, and nothing was written. `flush` as for [`Writer::begin`].
    pub(super) async fn write_plain(
        &self,
        held: &mut Held,
        records: &Records<'_>,
        wanted: &Wanted<'_>,
        flush: bool,
    ) -> Result<Option<HashSet<SessionId>>, sqlx::Error> {
        let writer = self.writer(held).await?;
        writer.begin(records, wanted, flush).map_err(of_writer)
    }

    pub(super) async fn commit_plain(&self, held: &mut Held) -> Result<(), sqlx::Error> {
        self.writer(held).await?.commit().map_err(of_writer)
    }

    /// Files some sessions under their links; returns when to go on, unless there are none.
    pub(super) async fn file_some(&self, held: &mut Held) -> Result<Option<Duration>, sqlx::Error> {
        self.writer(held).await?.file_some().map_err(of_writer)
    }

    /// The ledger's own connection, in its turn.
    async fn writer<'a>(&self, held: &'a mut Held) -> Result<&'a mut Writer, sqlx::Error> {
        // Whoever has the pool's one connection is the writer: here it is only held.
        if held.sqlite.is_none() {
            held.sqlite = Some(self.write.acquire().await?);
        }
        let writer = match held.writer.take() {
            Some(writer) => writer,
            None => Writer::open(self.write.connect_options().get_filename()).map_err(of_writer)?,
        };
        Ok(held.writer.insert(writer))
    }
}

fn of_writer(error: rusqlite::Error) -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::other(error))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[tokio::test]
    async fn a_transaction_that_sqlite_took_back_itself_keeps_no_later_one_from_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/e.db", folder.path().display());
        let engine = SqliteEngine::open(&url, Some(&steps::log)).await.unwrap();
        let mut tx = engine.begin().await.unwrap();
        sqlx::query("ROLLBACK").execute(&mut *tx).await.unwrap();
        assert!(tx.commit().await.is_err());
        let tx = engine.begin().await.expect("a new one");
        tx.commit().await.unwrap();
        engine.close().await;
    }

    /// How SQLite finds the rows of a statement.
    pub(in crate::store) async fn plan(sql: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/e.db", folder.path().display());
        let engine = SqliteEngine::open(&url, Some(&steps::log)).await.unwrap();
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(explain)
            .fetch_all(engine.read())
            .await
            .unwrap();
        engine.close().await;
        steps.into_iter().map(|(.., step)| step).collect()
    }
}
