//! Everything that is kept, in SQLite (the embedded default) or PostgreSQL, behind one [`Store`].
//!
//! Each query is written once, in the dialect both engines share; `each!` puts it into both arms.
//! Only what truly differs is split: connecting, spending uses ([`ledger`]), backup.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

/// Runs the same expression against whichever engine is in use; against a server with a bound on its time.
macro_rules! each {
    ($store:expr, |$db:ident| $body:expr) => {
        match &$store.engine {
            $crate::store::Engine::Sqlite($db) => $body,
            $crate::store::Engine::Postgres($db) => {
                let answer = Box::pin(async { Ok::<_, sqlx::Error>($body) });
                $crate::store::postgres::in_time(answer).await?
            }
        }
    };
}

/// Runs the same expression inside a transaction of whichever engine is in use; of a server's with a bound on its time.
macro_rules! within {
    ($tx:expr, |$conn:ident| $body:expr) => {
        match $tx {
            $crate::store::Tx::Sqlite(tx) => {
                let $conn = &mut **tx;
                $body
            }
            $crate::store::Tx::Postgres(tx) => {
                let $conn = &mut **tx;
                let answer = Box::pin(async { Ok::<_, sqlx::Error>($body) });
                $crate::store::postgres::in_time(answer).await?
            }
        }
    };
}

pub mod audit;
pub mod begun_sign_ins;
pub mod browser_sessions;
pub mod campaigns;
pub mod deliveries;
pub mod endpoints;
pub mod erasures;
pub mod events;
mod held;
pub mod idempotency;
pub mod identities;
pub mod imports;
pub mod inbound;
pub mod invitations;
pub mod keys;
pub mod ledger;
pub mod links;
pub mod links_brief;
pub mod links_made;
mod links_signed;
mod links_told;
pub mod messages;
pub mod outage;
pub mod people;
pub mod people_entry;
mod postgres;
pub mod presets;
pub mod questions;
mod schema;
mod searched;
pub mod second_factors;
pub mod sessions;
pub mod settings;
mod sqlite;
pub mod stats;
pub mod steps;
pub mod story;
pub mod totals;

pub use postgres::PostgresEngine;
pub use sqlite::SqliteEngine;

use audit::Acting;
use events::News;
use held::Held;
use ledger::Ledger;
use outage::Outage;

/// How long the database counts as writable after a write that only tried it.
const PING_EVERY: Duration = Duration::from_secs(1);

/// What can go wrong with what is kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database did not answer, or refused.
    #[error("database: {0}")]
    Database(Arc<sqlx::Error>),
    /// The schema could not be brought up to date.
    #[error("migration: {0}")]
    Migration(Arc<sqlx::migrate::MigrateError>),
    /// There is no such SQLite file.
    #[error("there is no database at {0}: `entrypass serve` or `entrypass migrate` makes one")]
    Missing(String),
    /// The tables are not there, or of an older version.
    #[error(
        "the database has no tables yet, or older ones: `entrypass migrate` or a start brings them up to date"
    )]
    Outdated,
    /// A newer version has changed the tables.
    #[error("the database has been upgraded by a newer version than this")]
    Newer,
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

/// The two engines.
#[derive(Debug, Clone)]
pub(crate) enum Engine {
    /// The embedded default.
    Sqlite(SqliteEngine),
    /// When one machine is outgrown.
    Postgres(PostgresEngine),
}

/// A transaction of either engine.
pub(crate) enum Tx {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl Engine {
    /// Runs one statement with one argument.
    async fn write(&self, sql: &'static str, argument: &str) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(db) => sqlx::query(sql)
                .bind(argument)
                .execute(db.write())
                .await
                .map(drop),
            Self::Postgres(db) => sqlx::query(sql)
                .bind(argument)
                .execute(db.write())
                .await
                .map(drop),
        }
    }

    /// Personal data or a secret was deleted and shall not stay in files for long, or what is in the log may not be on disk.
    fn cut_log_soon(&self) {
        match self {
            Self::Sqlite(db) => db.cut_log_soon(),
            // Its own vacuum looks after that.
            Self::Postgres(_) => {}
        }
    }

    /// Whether someone waits for the one writer, where there is only one.
    fn is_wanted(&self) -> bool {
        match self {
            Self::Sqlite(db) => db.is_wanted(),
            Self::Postgres(_) => false,
        }
    }

    pub(crate) async fn begin(&self) -> Result<Tx, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(db) => Tx::Sqlite(db.begin().await?),
            Self::Postgres(db) => Tx::Postgres(postgres::in_time(Box::pin(db.begin())).await?),
        })
    }
}

impl Tx {
    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => postgres::in_time(Box::pin(tx.commit())).await,
        }
    }
}

/// All that is kept. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    engine: Engine,
    ledger: Ledger,
    news: News,
    /// When it was last seen that something can be written.
    written_at: Arc<Mutex<Option<Instant>>>,
    acting: Arc<Acting>,
    /// Whether the database fails.
    pub outage: Arc<Outage>,
}

impl Store {
    /// Opens the database at `url` (`sqlite://…` or `postgres://…`), which is made where it is a file that is not there,
    /// and brings its schema up to date.
    ///
    /// # Errors
    /// When the address cannot be used, the database does not answer or a migration fails.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::connect(url, Some(&steps::log)).await
    }

    /// Opens the database at `url` as it is: nothing is made and nothing is changed. Of its schema nothing is known before
    /// [`Store::check_schema`].
    ///
    /// # Errors
    /// When the address cannot be used, there is no such database or it does not answer.
    pub async fn open_existing(url: &str) -> Result<Self, StoreError> {
        Self::connect(url, None).await
    }

    async fn connect(url: &str, make: Option<steps::Tell<'_>>) -> Result<Self, StoreError> {
        let engine = if url.starts_with("sqlite:") {
            Engine::Sqlite(SqliteEngine::open(url, make).await?)
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Engine::Postgres(PostgresEngine::open(url, make).await?)
        } else {
            return Err(StoreError::Address(
                "database.url: must be sqlite:// or postgres://".into(),
            ));
        };
        let news = News::default();
        let ledger = Ledger::start(engine.clone(), news.clone())?;
        Ok(Self {
            engine,
            ledger,
            news,
            written_at: Arc::default(),
            acting: Arc::default(),
            outage: Arc::default(),
        })
    }

    /// The same store for one worker's thread, which must run a `LocalSet`: answers to its clicks come together.
    #[must_use]
    pub fn for_thread(&self) -> Self {
        Self {
            ledger: self.ledger.for_thread(),
            ..self.clone()
        }
    }

    /// Whether the database answers, and takes what is written; asked often, it writes once a second.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        each!(self, |db| {
            sqlx::query("SELECT name FROM settings LIMIT 1")
                .execute(db.read())
                .await?
                .rows_affected()
        });
        self.ledger.flush().await?;
        let mut written_at = self.written_at.lock().await;
        if written_at.is_some_and(|at| at.elapsed() < PING_EVERY) {
            return Ok(());
        }
        if let Engine::Sqlite(db) = &self.engine {
            db.check_file()?;
        }
        // The value must change: SQLite does not write a page that is as it was.
        each!(self, |db| {
            sqlx::query(
                "INSERT INTO settings (name, value) VALUES ('pings', '1')
                 ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(settings.value AS BIGINT) + 1 AS TEXT)",
            )
            .execute(db.write())
            .await?
            .rows_affected()
        });
        *written_at = Some(Instant::now());
        Ok(())
    }

    /// Waits until the task that writes clicks has ended, which it never does by itself: no click can be spent from then on.
    pub async fn writer_ended(&self) {
        self.ledger.ended().await;
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

    /// Waits for what is being written, then closes the database.
    pub async fn close(&self) {
        // A writer that is gone has nothing left to write.
        let _ = self.ledger.close().await;
        match &self.engine {
            Engine::Sqlite(db) => db.close().await,
            Engine::Postgres(db) => db.close().await,
        }
    }
}
