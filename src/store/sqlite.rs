//! The SQLite engine: one writer connection, several readers, WAL, every commit on disk before it is answered.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row, Sqlite, SqliteConnection, SqlitePool, Transaction};

use super::StoreError;
use super::ledger::{Grants, Wanted};

/// Readers beside the one writer; clicks hardly read, so few are enough.
const READERS: u32 = 4;

/// How long a statement waits for another process (a command line) that is writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Pages in the write-ahead log before they are moved into the database: 16 MiB, so that the two extra
/// syncs of doing so are shared by thousands of clicks.
const CHECKPOINT_PAGES: &str = "4000";

/// The two pools of one SQLite file.
#[derive(Debug, Clone)]
pub struct SqliteEngine {
    write: SqlitePool,
    read: SqlitePool,
}

impl SqliteEngine {
    pub(super) async fn open(url: &str) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|_| {
                StoreError::Address("database.url: not a usable sqlite:// address".into())
            })?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES);
        make_folder(options.get_filename())?;
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone())
            .await?;
        sqlx::migrate!("migrations/sqlite").run(&write).await?;
        let read = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.pragma("query_only", "true"))
            .await?;
        Ok(Self { write, read })
    }

    pub(super) const fn read(&self) -> &SqlitePool {
        &self.read
    }

    pub(super) const fn write(&self) -> &SqlitePool {
        &self.write
    }

    /// A transaction that is the writer from its start, so that it can never fail half-way for lack of the lock.
    pub(super) async fn begin(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        self.write.begin_with("BEGIN IMMEDIATE").await
    }

    pub(super) async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }

    pub(super) async fn backup(&self, file: &str) -> Result<(), StoreError> {
        // A reader's snapshot on a connection of its own, so that clicks go on meanwhile: the pool's readers
        // may write nowhere, not even into another file.
        let mut connection = self.write.connect_options().connect().await?;
        sqlx::query("VACUUM INTO $1")
            .bind(file)
            .execute(&mut connection)
            .await?;
        Ok(connection.close().await?)
    }

    /// Spends what `wanted` asks for, then inserts the sessions that were granted.
    pub(super) async fn reserve(
        &self,
        tx: &mut SqliteConnection,
        wanted: &Wanted<'_>,
    ) -> Result<Grants, sqlx::Error> {
        let mut grants = Grants::default();
        if !wanted.links.is_empty() {
            let rows = sqlx::query(SPEND)
                .bind(wanted.links_json())
                .fetch_all(&mut *tx)
                .await?;
            for row in rows {
                grants.by_link(row.try_get(0)?, row.try_get(1)?);
            }
        }
        let granted = grants.take(&wanted.sessions);
        if !granted.is_empty() {
            sqlx::query(INSERT_SESSIONS)
                .bind(serde_json::to_string(&granted).unwrap_or_default())
                .execute(tx)
                .await?;
        }
        Ok(grants)
    }
}

fn make_folder(file: &Path) -> Result<(), StoreError> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => std::fs::create_dir_all(folder)
            .map_err(|e| StoreError::Address(format!("database.url: {}: {e}", folder.display()))),
        _ => Ok(()),
    }
}

/// The one statement that spends uses: the predicate that grants them is its WHERE clause.
const SPEND: &str = "
UPDATE links SET
    granted = MIN(wanted.n, COALESCE(usage_limit - used, wanted.n)),
    used = used + MIN(wanted.n, COALESCE(usage_limit - used, wanted.n)),
    last_used_at = wanted.at
FROM (SELECT value ->> 'id' AS id, value ->> 'n' AS n, value ->> 'at' AS at FROM json_each($1)) AS wanted
WHERE links.id = wanted.id
  AND deactivated_at IS NULL AND deleted_at IS NULL
  AND (expires_at IS NULL OR expires_at > wanted.at)
  AND (usage_limit IS NULL OR used < usage_limit)
RETURNING links.id, granted";

const INSERT_SESSIONS: &str = "
INSERT INTO sessions (id, link_id, client_id, external_ref, flow, language, via, status, created_at, lease_until)
SELECT value ->> 'id', value ->> 'link_id', value ->> 'client_id', value ->> 'external_ref', value ->> 'flow',
       value ->> 'language', value ->> 'via', 'starting', value ->> 'created_at', value ->> 'lease_until'
FROM json_each($1)";
