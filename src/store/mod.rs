//! Everything that is kept, in SQLite (the embedded default) or PostgreSQL, behind one [`Store`].
//!
//! Each query is written once, in the dialect both engines share; `each!` puts it into both arms.
//! Only what truly differs is split: connecting, spending uses ([`ledger`]), backup.

use std::sync::Arc;

/// Runs the same expression against whichever engine is in use.
macro_rules! each {
    ($store:expr, |$db:ident| $body:expr) => {
        match &$store.engine {
            $crate::store::Engine::Sqlite($db) => $body,
            $crate::store::Engine::Postgres($db) => $body,
        }
    };
}

/// Runs the same expression inside a transaction of whichever engine is in use.
macro_rules! within {
    ($tx:expr, |$conn:ident| $body:expr) => {
        match $tx {
            $crate::store::Tx::Sqlite(tx) => {
                let $conn = &mut **tx;
                $body
            }
            $crate::store::Tx::Postgres(tx) => {
                let $conn = &mut **tx;
                $body
            }
        }
    };
}

pub mod erasures;
pub mod events;
pub mod idempotency;
pub mod inbound;
pub mod keys;
pub mod ledger;
pub mod links;
mod postgres;
pub mod questions;
pub mod sessions;
pub mod settings;
mod sqlite;

pub use postgres::PostgresEngine;
pub use sqlite::SqliteEngine;

use events::News;
use ledger::Ledger;

/// What can go wrong with what is kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database did not answer, or refused.
    #[error("database: {0}")]
    Database(Arc<sqlx::Error>),
    /// The schema could not be brought up to date.
    #[error("migration: {0}")]
    Migration(Arc<sqlx::migrate::MigrateError>),
    /// A row does not make sense.
    #[error("unreadable {0} in the database")]
    Corrupt(&'static str),
    /// The database did not answer in time, or the store is being closed.
    #[error("the database does not answer")]
    Unavailable,
    /// The address of the database cannot be used; says why.
    #[error("{0}")]
    Address(String),
    /// Something can only be done on the other engine; says what.
    #[error("{0}")]
    Unsupported(&'static str),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(Arc::new(error))
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Migration(Arc::new(error))
    }
}

/// Whether a write failed because what it would add is there already.
pub(crate) fn is_duplicate(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// The two engines.
#[derive(Debug, Clone)]
pub(crate) enum Engine {
    /// The embedded default.
    Sqlite(SqliteEngine),
    /// When one machine is outgrown.
    Postgres(PostgresEngine),
}

/// A connection kept between two commits.
#[derive(Default)]
pub(crate) struct Held {
    sqlite: Option<sqlx::pool::PoolConnection<sqlx::Sqlite>>,
    postgres: Option<sqlx::pool::PoolConnection<sqlx::Postgres>>,
}

/// A transaction of either engine.
pub(crate) enum Tx {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl Engine {
    pub(crate) async fn begin(&self) -> Result<Tx, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(db) => Tx::Sqlite(db.begin().await?),
            Self::Postgres(db) => Tx::Postgres(db.begin().await?),
        })
    }
}

impl Tx {
    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
    }
}

/// All that is kept. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    engine: Engine,
    ledger: Ledger,
    news: News,
}

impl Store {
    /// Opens the database at `url` (`sqlite://…` or `postgres://…`) and brings its schema up to date.
    ///
    /// # Errors
    /// When the address cannot be used, the database does not answer or a migration fails.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let engine = if url.starts_with("sqlite:") {
            Engine::Sqlite(SqliteEngine::open(url).await?)
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Engine::Postgres(PostgresEngine::open(url).await?)
        } else {
            return Err(StoreError::Address(
                "database.url: must be sqlite:// or postgres://".into(),
            ));
        };
        let news = News::default();
        let ledger = Ledger::start(engine.clone(), news.clone());
        Ok(Self {
            engine,
            ledger,
            news,
        })
    }

    /// The same store for one worker's thread, which must run a `LocalSet`: answers to its clicks come together.
    #[must_use]
    pub fn for_thread(&self) -> Self {
        Self {
            engine: self.engine.clone(),
            ledger: self.ledger.for_thread(),
            news: self.news.clone(),
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        each!(self, |db| {
            sqlx::query("SELECT 1").execute(db.read()).await?;
            Ok(())
        })
    }

    /// Which engine this is: `sqlite` or `postgres`.
    #[must_use]
    pub const fn engine_name(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite(_) => "sqlite",
            Engine::Postgres(_) => "postgres",
        }
    }

    /// Writes a consistent copy of the running SQLite database to `file`, which must not exist.
    ///
    /// # Errors
    /// When the file cannot be written, or the engine is PostgreSQL, which has tools of its own.
    pub async fn backup(&self, file: &str) -> Result<(), StoreError> {
        match &self.engine {
            Engine::Sqlite(db) => db.backup(file).await,
            Engine::Postgres(_) => Err(StoreError::Unsupported(
                "backup copies SQLite; for PostgreSQL use pg_dump",
            )),
        }
    }

    /// Names and columns of all tables, for the test that holds both schemas equal.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn columns(&self) -> Result<Vec<(String, String)>, StoreError> {
        Ok(match &self.engine {
            Engine::Sqlite(db) => {
                sqlx::query_as(
                    "SELECT m.name, p.name FROM sqlite_schema m, pragma_table_xinfo(m.name) p
                     WHERE m.type = 'table' AND m.name NOT LIKE '!_sqlx%' ESCAPE '!' ORDER BY 1, 2",
                )
                .fetch_all(db.read())
                .await?
            }
            Engine::Postgres(db) => {
                sqlx::query_as(
                    "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT)
                     FROM information_schema.columns
                     WHERE table_schema = current_schema() AND table_name NOT LIKE '!_sqlx%' ESCAPE '!'
                     ORDER BY table_name COLLATE \"C\", column_name COLLATE \"C\"",
                )
                .fetch_all(db.read())
                .await?
            }
        })
    }

    /// Waits for what is being written, then closes the database.
    pub async fn close(&self) {
        self.ledger.close().await;
        each!(self, |db| db.close().await);
    }
}
