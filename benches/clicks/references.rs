//! What Entrypass is held against, on the same stack: a constant answer, the bare work of a click, and the
//! naive way to do that work durably, on SQLite and on PostgreSQL.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{App, HttpResponse, HttpServer, web};
use entrypass::clock::Clock;
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqlitePool};

use crate::Outcome;
use crate::group_commit::GroupCommit;

/// Where a reference tells the uses it has stored.
pub const USED_PATH: &str = "/bench/used";

const SCHEMA: &str = "CREATE TABLE links (slug TEXT PRIMARY KEY, active INTEGER NOT NULL DEFAULT 1, \
     max_uses BIGINT, used BIGINT NOT NULL DEFAULT 0, last_grant BIGINT NOT NULL DEFAULT 0, \
     expires_at BIGINT, CHECK (used <= max_uses))";
const TAKE_ONE: &str = "UPDATE links SET used = used + 1 WHERE slug = $1 AND active = 1 \
     AND (expires_at IS NULL OR expires_at > $2) AND (max_uses IS NULL OR used < max_uses)";
const SUM: &str = "SELECT CAST(COALESCE(SUM(used), 0) AS BIGINT) FROM links";

/// One way to account for a click. The enum is shared by all workers of a process.
#[derive(Clone)]
enum Account {
    /// Not at all.
    Constant,
    /// One writer, one statement and one flush for all clicks that wait.
    Grouped(GroupCommit),
    /// One transaction a click.
    Sqlite(SqlitePool),
    /// One statement a click.
    Postgres(PgPool),
}

/// Which reference a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// A constant 302.
    Constant,
    /// Group-committed update, the POST, the 302.
    Bare,
    /// One commit a click on a pool of 5, the POST, the 302.
    Naive,
    /// One statement a click on PostgreSQL and a pool of 10, the POST, the 302.
    NaivePostgres,
    /// The scripted iDenfy itself, asked without anything in between.
    #[value(skip)]
    Upstream,
}

/// Serves on a free port of loopback until the process is ended, and prints the address first.
/// `database` is a fresh SQLite file, or the URL of an empty PostgreSQL database.
pub fn serve(kind: Kind, workers: usize, database: &str, upstream: &str) -> Outcome<()> {
    let endpoint = format!("{upstream}/api/v2/token");
    actix_web::rt::System::new().block_on(async {
        let account = open(kind, database).await?;
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::new(account.clone()))
                .app_data(web::Data::new(Idenfy::new(endpoint.clone())))
                .route(USED_PATH, web::get().to(used))
                .route("/{slug}", web::get().to(click))
        })
        .workers(workers)
        .bind(("127.0.0.1", 0))?;
        println!("{}", server.addrs()[0]);
        Ok(server.run().await?)
    })
}

/// Options that make a commit durable, as Entrypass has them.
pub fn durable(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(30))
}

async fn open(kind: Kind, database: &str) -> Outcome<Account> {
    let sqlite = durable(Path::new(database));
    if matches!(kind, Kind::Bare | Kind::Naive) {
        let mut connection = sqlite.connect().await?;
        sqlx::query(SCHEMA).execute(&mut connection).await?;
        sqlx::query("INSERT INTO links (slug) VALUES ('bench')")
            .execute(&mut connection)
            .await?;
    }
    Ok(match kind {
        Kind::Upstream => return Err("the scripted iDenfy is a role of its own".into()),
        Kind::Constant => Account::Constant,
        Kind::Bare => Account::Grouped(GroupCommit::start(sqlite.connect().await?)),
        Kind::Naive => {
            let pool = SqlitePoolOptions::new().max_connections(5);
            Account::Sqlite(pool.connect_with(sqlite).await?)
        }
        Kind::NaivePostgres => {
            let options = sqlx::postgres::PgConnectOptions::from_str(database)?;
            let pool = PgPoolOptions::new()
                .max_connections(10)
                .connect_with(options)
                .await?;
            sqlx::query(SCHEMA).execute(&pool).await?;
            sqlx::query("INSERT INTO links (slug) VALUES ('bench')")
                .execute(&pool)
                .await?;
            Account::Postgres(pool)
        }
    })
}

impl Account {
    /// Whether the click was granted a use; it is on disk then.
    async fn take(&self, slug: &str) -> Outcome<bool> {
        let now = Clock::system().now().millis();
        Ok(match self {
            Self::Constant => true,
            Self::Grouped(writer) => writer.take(slug.to_owned()).await,
            Self::Sqlite(pool) => {
                let query = sqlx::query(TAKE_ONE).bind(slug).bind(now);
                query.execute(pool).await?.rows_affected() == 1
            }
            Self::Postgres(pool) => {
                let query = sqlx::query(TAKE_ONE).bind(slug).bind(now);
                query.execute(pool).await?.rows_affected() == 1
            }
        })
    }

    async fn used(&self) -> Outcome<i64> {
        Ok(match self {
            Self::Constant => 0,
            Self::Grouped(writer) => writer.used().await,
            Self::Sqlite(pool) => sqlx::query_scalar(SUM).fetch_one(pool).await?,
            Self::Postgres(pool) => sqlx::query_scalar(SUM).fetch_one(pool).await?,
        })
    }
}

async fn used(account: web::Data<Account>) -> HttpResponse {
    match account.used().await {
        Ok(used) => HttpResponse::Ok().body(used.to_string()),
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}

async fn click(
    slug: web::Path<String>,
    account: web::Data<Account>,
    idenfy: web::Data<Idenfy>,
) -> HttpResponse {
    if let Account::Constant = **account {
        return redirect("http://127.0.0.1/api/v2/redirect?authToken=constant");
    }
    match account.take(&slug).await {
        Ok(true) => {}
        Ok(false) => return HttpResponse::Gone().finish(),
        Err(error) => return HttpResponse::InternalServerError().body(error.to_string()),
    }
    match idenfy.mint().await {
        Ok(minted) => redirect(&minted.redirect_url),
        Err(error) => HttpResponse::ServiceUnavailable().body(error.to_string()),
    }
}

fn redirect(target: &str) -> HttpResponse {
    HttpResponse::Found()
        .insert_header((LOCATION, target))
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish()
}

/// The token call by reqwest: one client a worker, so that no worker wakes another one.
struct Idenfy {
    client: reqwest::Client,
    endpoint: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenCall {
    client_id: String,
    token_type: &'static str,
    locale: &'static str,
    expiry_time: u32,
    session_length: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "read as a gateway has to, though nothing is stored here"
)]
struct Minted {
    auth_token: String,
    scan_ref: String,
    redirect_url: String,
}

impl Idenfy {
    fn new(endpoint: String) -> Self {
        // Fails only when another worker was first, with the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(10))
            .build();
        Self {
            client: client.expect("a client of constants"),
            endpoint,
        }
    }

    async fn mint(&self) -> Result<Minted, reqwest::Error> {
        let call = TokenCall {
            client_id: uuid::Uuid::now_v7().to_string(),
            token_type: "IDENTIFICATION",
            locale: "en",
            expiry_time: 3600,
            session_length: 1800,
        };
        let request = self
            .client
            .post(&self.endpoint)
            .basic_auth("key", Some("secret"));
        request
            .json(&call)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await
    }
}
