//! The PostgreSQL engine, for when one machine is outgrown.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgConnection, PgPool, Postgres, Row, Transaction};

use super::StoreError;
use super::ledger::{Grants, Wanted};

/// Connections of one node.
const CONNECTIONS: u32 = 10;

/// How long a query waits for a connection before the database counts as down.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// The pool of one PostgreSQL database.
#[derive(Debug, Clone)]
pub struct PostgresEngine {
    pool: PgPool,
}

impl PostgresEngine {
    pub(super) async fn open(url: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| {
                StoreError::Address("database.url: not a usable postgres:// address".into())
            })?
            .application_name("entrypass");
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options)
            .await?;
        sqlx::migrate!("migrations/postgres").run(&pool).await?;
        Ok(Self { pool })
    }

    pub(super) const fn read(&self) -> &PgPool {
        &self.pool
    }

    pub(super) const fn write(&self) -> &PgPool {
        &self.pool
    }

    pub(super) async fn begin(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        self.pool.begin().await
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    /// Spends and inserts in one statement, one round trip.
    pub(super) async fn reserve(
        &self,
        tx: &mut PgConnection,
        wanted: &Wanted<'_>,
    ) -> Result<Grants, sqlx::Error> {
        let rows = sqlx::query(RESERVE)
            .bind(wanted.links_json())
            .bind(serde_json::to_string(&wanted.sessions).unwrap_or_default())
            .fetch_all(tx)
            .await?;
        let mut grants = Grants::default();
        for row in rows {
            grants.add(row.try_get(0)?);
        }
        Ok(grants)
    }
}

/// Locks the links in the order of their ids, so that two nodes never wait for each other in a ring, spends by
/// the predicate of the WHERE clause, and inserts the first sessions of each link up to what was granted.
const RESERVE: &str = "
WITH wanted AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS w (id TEXT, n BIGINT, at BIGINT)
), locked AS MATERIALIZED (
    SELECT links.id FROM links JOIN wanted ON links.id = wanted.id ORDER BY links.id FOR NO KEY UPDATE OF links
), spent AS (
    UPDATE links SET
        granted = LEAST(wanted.n, COALESCE(usage_limit - used, wanted.n)),
        used = used + LEAST(wanted.n, COALESCE(usage_limit - used, wanted.n)),
        last_used_at = wanted.at
    FROM wanted JOIN locked ON locked.id = wanted.id
    WHERE links.id = wanted.id
      AND deactivated_at IS NULL AND deleted_at IS NULL
      AND (expires_at IS NULL OR expires_at > wanted.at)
      AND (usage_limit IS NULL OR used < usage_limit)
    RETURNING links.id, granted
), asked AS (
    SELECT s.*, row_number() OVER (PARTITION BY link_id ORDER BY position) AS place
    FROM ROWS FROM (jsonb_to_recordset($2::jsonb) AS (
        id TEXT, link_id TEXT, client_id TEXT, external_ref TEXT, flow TEXT, language TEXT, via TEXT,
        created_at BIGINT, lease_until BIGINT
    )) WITH ORDINALITY AS s (
        id, link_id, client_id, external_ref, flow, language, via, created_at, lease_until, position
    )
)
INSERT INTO sessions (id, link_id, client_id, external_ref, flow, language, via, status, created_at, lease_until)
SELECT asked.id, link_id, client_id, external_ref, flow, language, via, 'starting', created_at, lease_until
FROM asked LEFT JOIN spent ON spent.id = asked.link_id
WHERE asked.link_id IS NULL OR asked.place <= spent.granted
RETURNING id";
