//! The engines, and a database of its own for each test.

use std::str::FromStr as _;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection, Executor, PgConnection, SqliteConnection};

/// How old a database on a server that is kept must be to be dropped by a later run: no run takes as long.
const KEPT_SECONDS: u64 = 900;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A database that goes away with the test.
pub struct Database {
    pub url: String,
    folder: Option<tempfile::TempDir>,
}

impl Engine {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    pub fn is_there(self) -> bool {
        self == Self::Sqlite || server().is_some()
    }

    /// An empty database.
    pub async fn database(self) -> Database {
        match self {
            Self::Sqlite => {
                let folder = tempfile::tempdir().expect("a folder");
                let url = format!("sqlite://{}/test.db", folder.path().display());
                Database {
                    url,
                    folder: Some(folder),
                }
            }
            Self::Postgres => {
                let server = server().expect("checked before");
                let name = format!("test_{}", uuid::Uuid::now_v7().simple());
                let mut admin = PgConnection::connect(&server)
                    .await
                    .expect("a PostgreSQL server");
                let create = format!("CREATE DATABASE {name}");
                admin
                    .execute(sqlx::AssertSqlSafe(create))
                    .await
                    .expect("a database");
                let base = server
                    .rsplit_once('/')
                    .expect("an address with a database")
                    .0;
                Database {
                    url: format!("{base}/{name}"),
                    folder: None,
                }
            }
        }
    }
}

/// A connection that waits its turn, however long the gateway writes.
async fn file(url: &str) -> Result<SqliteConnection, sqlx::Error> {
    let options = SqliteConnectOptions::from_str(url)?;
    options.busy_timeout(super::BOUND).connect().await
}

impl Database {
    /// One that somebody else made, and looks after.
    pub fn existing(url: String) -> Self {
        Self { url, folder: None }
    }

    /// Executes a statement behind the gateway's back; tells how many rows it changed.
    pub async fn execute(&self, sql: &str) -> Result<u64, sqlx::Error> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        Ok(if self.url.starts_with("sqlite:") {
            let mut connection = file(&self.url).await?;
            connection.execute(sql).await?.rows_affected()
        } else {
            let mut connection = PgConnection::connect(&self.url).await?;
            connection.execute(sql).await?.rows_affected()
        })
    }

    /// Until what is returned is dropped, others can read but not write.
    pub async fn lock_writers(&self) -> Box<dyn Send> {
        if self.url.starts_with("sqlite:") {
            let mut own = file(&self.url).await.expect("a file");
            own.execute("BEGIN IMMEDIATE").await.expect("the lock");
            Box::new(own)
        } else {
            let mut own = PgConnection::connect(&self.url).await.expect("a server");
            own.execute("BEGIN; LOCK TABLE settings IN EXCLUSIVE MODE")
                .await
                .expect("the lock");
            Box::new(own)
        }
    }

    /// The numbers that a query finds, one a row.
    pub async fn numbers(&self, sql: &str) -> Vec<i64> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        if self.url.starts_with("sqlite:") {
            let mut connection = file(&self.url).await.expect("a database");
            sqlx::query_scalar(sql).fetch_all(&mut connection).await
        } else {
            let mut connection = PgConnection::connect(&self.url).await.expect("a database");
            sqlx::query_scalar(sql).fetch_all(&mut connection).await
        }
        .expect("numbers")
    }

    /// All that is kept, to be searched: SQLite's files, PostgreSQL's rows.
    pub async fn everything(&self) -> Vec<u8> {
        if let Some(folder) = &self.folder {
            let files = std::fs::read_dir(folder.path()).expect("a folder");
            let files = files.map(|file| file.expect("a file").path());
            return files
                .flat_map(|file| std::fs::read(file).unwrap_or_default())
                .collect();
        }
        let mut own = PgConnection::connect(&self.url).await.expect("a server");
        let tables: Vec<(String,)> = sqlx::query_as(
            "SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = 'public'",
        )
        .fetch_all(&mut own)
        .await
        .expect("tables");
        let mut everything = String::new();
        for (table,) in tables {
            let all = format!("SELECT CAST(t AS TEXT) FROM \"{table}\" t");
            let rows: Vec<(String,)> = sqlx::query_as(sqlx::AssertSqlSafe(all))
                .fetch_all(&mut own)
                .await
                .expect("rows");
            everything.extend(rows.into_iter().map(|(row,)| row + "\n"));
        }
        everything.into_bytes()
    }

    /// Whether a text is kept anywhere.
    pub async fn holds(&self, text: &str) -> bool {
        let everything = self.everything().await;
        everything
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    }
}

/// Drops, in the background, the databases that earlier runs left on the PostgreSQL server: while a test ends, its gateway
/// still uses its own.
pub fn drop_old_databases() {
    let Some(server) = server() else { return };
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        // Whatever keeps this from being done is no fault of what is tested.
        let _ = runtime.block_on(drop_databases_before(&server, uuid::Uuid::now_v7()));
    });
}

async fn drop_databases_before(server: &str, now: uuid::Uuid) -> Result<(), sqlx::Error> {
    let mut admin = PgConnection::connect(server).await?;
    let names: Vec<(String,)> =
        sqlx::query_as("SELECT datname FROM pg_database WHERE datname LIKE 'test!_%' ESCAPE '!'")
            .fetch_all(&mut admin)
            .await?;
    let seconds = |id: uuid::Uuid| id.get_timestamp().map_or(0, |at| at.to_unix().0);
    for (name,) in names {
        let made =
            uuid::Uuid::try_parse(name.trim_start_matches("test_")).map_or(u64::MAX, seconds);
        if made.saturating_add(KEPT_SECONDS) < seconds(now) {
            let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            admin.execute(sqlx::AssertSqlSafe(drop)).await?;
        }
    }
    Ok(())
}

fn server() -> Option<String> {
    std::env::var("ENTRYPASS_TEST_POSTGRES")
        .ok()
        .filter(|url| !url.is_empty())
}
