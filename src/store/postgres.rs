//! The PostgreSQL engine, for when one machine is outgrown.

use std::collections::HashSet;
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, PgPool, Postgres, Transaction};
use tokio::time::timeout;

use super::StoreError;
use super::ledger::settle::{Records, record_sql, told_sql};
use super::ledger::wanted::{Wanted, asked_sql, insert_asked_sql};
use super::steps::{self, Tell};
use crate::domain::id::SessionId;

/// Connections of one node.
const CONNECTIONS: u32 = 8;

/// Connections of one node for statements that may look at very many rows: however long those take, clicks have others.
const LIST_CONNECTIONS: u32 = 2;

/// Connections of one node that only the ledger uses: for each of its two tasks one, and one that may be on its way out.
const LEDGER_CONNECTIONS: u32 = 4;

/// Connections of one node by which events get their places: they wait for each other, and the ledger must not wait for them.
const PLACES_CONNECTIONS: u32 = 2;

/// For what finds each row by its key while clicks come. Left to itself the planner walks through a table that was small when the
/// statement was first planned, and goes on to with each click until the table's statistics are taken anew.
const BY_KEY: [(&str, &str); 4] = [
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
];

/// The advisory lock under which events get their places.
pub(super) const PLACING: i64 = 0x656e_7472_7970;

/// How long a query waits for a connection before the database counts as down.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// How long the server works on a statement, or waits for the next one of a transaction with its locks held.
const SERVER_TIMEOUT: &str = "8s";

/// How long we wait for the server with a statement, a connection for it included: longer than it may work on it, so that
/// in most cases it is the server that gives up. A server that went silent is not told from a slow one otherwise.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(12);

/// How long a connection that is given back may take to show that it works.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);

/// The steps to the schema of today.
pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// The pools of one PostgreSQL database.
#[derive(Debug, Clone)]
pub struct PostgresEngine {
    pool: PgPool,
    list: PgPool,
    ledger: PgPool,
    places: PgPool,
}

impl PostgresEngine {
    /// Connects; where wanted brings the schema up to date.
    pub(super) async fn open(url: &str, make: Option<Tell<'_>>) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| {
                StoreError::Address("database.url: not a usable postgres:// address".into())
            })?
            .application_name("entrypass");
        if let Some(tell) = make {
            // On a connection of its own, as a step may take its time.
            let mut connection = in_time(options.connect()).await?;
            steps::take(&MIGRATIONS, &mut connection, tell).await?;
            connection.close().await?;
        }
        let options = options.options([
            ("statement_timeout", SERVER_TIMEOUT),
            ("idle_in_transaction_session_timeout", SERVER_TIMEOUT),
            // Seconds: a node that went silent is forgotten after half a minute, its locks with it.
            ("tcp_keepalives_idle", "15"),
            ("tcp_keepalives_interval", "5"),
            ("tcp_keepalives_count", "3"),
        ]);
        let by_key = options.clone().options(BY_KEY);
        Ok(Self {
            ledger: pool(by_key.clone(), LEDGER_CONNECTIONS).await?,
            places: pool(by_key, PLACES_CONNECTIONS).await?,
            list: pool(options.clone(), LIST_CONNECTIONS).await?,
            pool: pool(options, CONNECTIONS).await?,
        })
    }

    pub(super) const fn read(&self) -> &PgPool {
        &self.pool
    }

    pub(super) const fn list(&self) -> &PgPool {
        &self.list
    }

    pub(super) const fn write(&self) -> &PgPool {
        &self.pool
    }

    /// For who gives events their places.
    pub(super) const fn places(&self) -> &PgPool {
        &self.places
    }

    pub(super) async fn begin(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        self.pool.begin().await
    }

    /// A transaction of the ledger's.
    pub(super) async fn begin_spending(
        &self,
    ) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        self.ledger.begin().await
    }

    pub(super) async fn close(&self) {
        self.ledger.close().await;
        self.list.close().await;
        self.pool.close().await;
        self.places.close().await;
    }

    /// Listens on a channel, on a connection of its own, so that the pool has none less.
    pub(super) async fn listen(&self, channel: &str) -> Result<PgListener, sqlx::Error> {
        let options = PgConnectOptions::clone(&self.pool.connect_options());
        let own = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .max_lifetime(None)
            .idle_timeout(None)
            .connect_with(options)
            .await?;
        let mut listener = PgListener::connect_with(&own).await?;
        listener.ignore_pool_close_event(true);
        listener.listen(channel).await?;
        Ok(listener)
    }

    /// Records and reserves, each a statement that is a transaction by itself: one round trip. Returns who was
    /// not recorded, and who was not granted a use.
    pub(super) async fn write_plain(
        &self,
        held: &mut Option<PoolConnection<Postgres>>,
        records: &Records<'_>,
        wanted: &Wanted<'_>,
    ) -> Result<(HashSet<SessionId>, HashSet<SessionId>), sqlx::Error> {
        let connection = match held {
            Some(connection) => connection,
            None => held.insert(self.ledger.acquire().await?),
        };
        let (mut unrecorded, mut refused) = <(HashSet<_>, HashSet<_>)>::default();
        if !records.is_empty() {
            let recorded = sqlx::query_as(RECORD_AND_PLACE)
                .bind(records.rows())
                .bind(PLACING)
                .fetch_all(&mut **connection)
                .await?;
            unrecorded = missing(records.ids(), &recorded);
        }
        if !wanted.is_empty() {
            refused = reserve(connection, wanted, !wanted.needs_no_flush()).await?;
        }
        Ok((unrecorded, refused))
    }
}

async fn pool(options: PgConnectOptions, connections: u32) -> Result<PgPool, sqlx::Error> {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_release(|connection, _| {
            // The pool looks too, but for as long as it takes: a silent connection would keep its place.
            Box::pin(async move {
                let works = timeout(RELEASE_TIMEOUT, connection.ping()).await;
                works.unwrap_or_else(|_| Err(timed_out())).map(|()| true)
            })
        })
        .connect_with(options)
        .await
}

/// What the server answers in time.
pub(super) async fn in_time<T>(
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let answer = timeout(STATEMENT_TIMEOUT, answer).await;
    answer.unwrap_or_else(|_| Err(timed_out()))
}

fn timed_out() -> sqlx::Error {
    sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())
}

/// Records sessions and tells of it, in one statement; returns those that were refunded before. What it tells gets its place
/// later: the lock for that is not held through a transaction of several steps, in which a node may fall silent.
pub(super) async fn record(
    connection: &mut PgConnection,
    records: &Records<'_>,
) -> Result<HashSet<SessionId>, sqlx::Error> {
    let rows: Vec<(SessionId,)> = sqlx::query_as(RECORD)
        .bind(records.rows())
        .fetch_all(connection)
        .await?;
    Ok(missing(records.ids(), &rows))
}

/// Spends what `wanted` asks for and inserts the sessions that were granted, in one statement; returns the others. Without
/// `flush` a commit of it alone is not waited for: it is on disk with a later one.
pub(super) async fn reserve(
    connection: &mut PgConnection,
    wanted: &Wanted<'_>,
    flush: bool,
) -> Result<HashSet<SessionId>, sqlx::Error> {
    let rows: Vec<(SessionId,)> = sqlx::query_as(RESERVE)
        .bind((!flush).then_some("off"))
        .bind(wanted.link_rows())
        .bind(wanted.session_rows())
        .fetch_all(connection)
        .await?;
    Ok(missing(wanted.ids(), &rows))
}

fn missing(all: impl Iterator<Item = SessionId>, there: &[(SessionId,)]) -> HashSet<SessionId> {
    let mut missing: HashSet<SessionId> = all.collect();
    for (id,) in there {
        missing.remove(id);
    }
    missing
}

macro_rules! record_and_tell_sql {
    ($first:literal, $columns:literal, $values:literal, $from:literal) => {
        concat!(
            "WITH ",
            $first,
            "recorded AS (",
            record_sql!(told_sql!("json_each")),
            " RETURNING sessions.id, sessions.status, told.event_id, told.told_at
), started AS (
    INSERT INTO events (",
            $columns,
            "id, type, at, session_id)
    SELECT ",
            $values,
            "event_id, 'session.started', told_at, id FROM ",
            $from,
            " WHERE status = 'active'
)
SELECT id FROM recorded"
        )
    };
}

const RECORD: &str = record_and_tell_sql!("", "", "", "recorded");

/// No place is given before the lock is there, which ends with the commit: who sees a place sees all before it.
const RECORD_AND_PLACE: &str = record_and_tell_sql!(
    "turn AS MATERIALIZED (SELECT pg_advisory_xact_lock($2)), ",
    "position, ",
    "nextval('event_places'), ",
    "turn CROSS JOIN recorded"
);

/// Locks the links in the order of their ids, so that two nodes never wait for each other in a ring, spends by
/// the predicate of the WHERE clause, and inserts the first sessions of each link up to what was granted. Whether a link is off or
/// deleted is asked in a form that no index has: planned with few links, it would walk through all that are not by one that has.
const RESERVE: &str = concat!(
    "WITH later AS MATERIALIZED (
    SELECT set_config('synchronous_commit', COALESCE($1, current_setting('synchronous_commit')), true)
), wanted AS (
    SELECT value ->> 0 AS id, CAST(value ->> 1 AS BIGINT) AS n, CAST(value ->> 2 AS BIGINT) AS at FROM json_each($2) CROSS JOIN later
), locked AS MATERIALIZED (
    SELECT links.id FROM links JOIN wanted ON links.id = wanted.id ORDER BY links.id FOR NO KEY UPDATE OF links
), spent AS (
    UPDATE links SET
        granted = LEAST(wanted.n, COALESCE(usage_limit - used, wanted.n)),
        used = used + LEAST(wanted.n, COALESCE(usage_limit - used, wanted.n)),
        exhausted_at = CASE WHEN usage_limit - used <= wanted.n THEN wanted.at ELSE exhausted_at END,
        last_used_at = wanted.at
    FROM wanted JOIN locked ON locked.id = wanted.id
    WHERE links.id = wanted.id
      AND COALESCE(deactivated_at, deleted_at) IS NULL
      AND (expires_at IS NULL OR expires_at > wanted.at)
      AND (usage_limit IS NULL OR used < usage_limit)
    RETURNING links.id, granted
)
",
    insert_asked_sql!(asked_sql!("json_each", "$3")),
    "LEFT JOIN spent ON spent.id = asked.link_id
WHERE asked.link_id IS NULL OR asked.place <= spent.granted
RETURNING sessions.id"
);
