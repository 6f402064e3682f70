//! The places of events on PostgreSQL, where several transactions write at once. On SQLite writing an event gives it its place.

use super::CHANNEL;
use crate::store::postgres::{PLACING, in_time};
use crate::store::{Engine, PostgresEngine, Store, StoreError};

/// The most events that are placed in one statement: clicks wait for its lock.
const PLACED_MAX: i64 = 500;

impl Store {
    /// Gives new events their place, so that they are seen, and [announces](Self::announce) them; most clicks give their
    /// own. Does nothing on SQLite. Returns whether there were any.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn publish(&self) -> Result<bool, StoreError> {
        let Engine::Postgres(db) = &self.engine else {
            return Ok(false);
        };
        match publish(db).await {
            // Whatever is left is for the next start.
            Err(sqlx::Error::PoolClosed) => Ok(false),
            published => Ok(published?),
        }
    }

    /// Tells every node that there may be new events to be seen. Does nothing on SQLite, where there is one.
    ///
    /// # Errors
    /// When the database does not answer; others then find them within a second.
    pub async fn announce(&self) -> Result<(), StoreError> {
        let Engine::Postgres(db) = &self.engine else {
            return Ok(());
        };
        let told = sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL);
        match told.execute(db.write()).await {
            // Whoever looks next sees them.
            Ok(_) | Err(sqlx::Error::PoolClosed) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Brings the sequence of places to where they are, should it be behind: logical replication leaves sequences out, and an
    /// older version gives places without it. Does nothing on SQLite. Returns whether it was behind.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn mend_places(&self) -> Result<bool, StoreError> {
        let Engine::Postgres(db) = &self.engine else {
            return Ok(false);
        };
        if !sqlx::query_scalar(IS_BEHIND).fetch_one(db.read()).await? {
            return Ok(false);
        }
        let mut tx = db.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(PLACING)
            .execute(&mut *tx)
            .await?;
        let mended = sqlx::query(CATCH_UP).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(mended.rows_affected() > 0)
    }
}

async fn publish(db: &PostgresEngine) -> Result<bool, sqlx::Error> {
    let waiting = "SELECT EXISTS (SELECT 1 FROM events WHERE position IS NULL)";
    if !in_time(sqlx::query_scalar(waiting).fetch_one(db.places())).await? {
        return Ok(false);
    }
    let mut any = false;
    loop {
        let place = sqlx::query_scalar(PLACE)
            .bind(PLACING)
            .bind(PLACED_MAX)
            .bind(CHANNEL);
        let placed: Option<i64> = in_time(place.fetch_optional(db.places())).await?;
        any |= placed.is_some();
        if placed.unwrap_or_default() < PLACED_MAX {
            return Ok(any);
        }
    }
}

/// Only under the lock, which ends with the commit: who sees a place sees all before it. In one statement, so that nobody who
/// falls silent holds it; what others placed while it was waited for is left as it is.
const PLACE: &str = "
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock($1)),
places AS MATERIALIZED (
    SELECT seq, nextval('event_places') AS position
    FROM (SELECT seq FROM turn CROSS JOIN events WHERE position IS NULL ORDER BY seq LIMIT $2) AS waiting
),
placed AS (
    UPDATE events SET position = places.position
    FROM places
    WHERE events.seq = places.seq AND events.position IS NULL
    RETURNING 1
)
SELECT n, pg_notify($3, '') FROM (SELECT COUNT(*) AS n FROM placed) AS told WHERE n > 0";

/// Up to where events were handed to endpoints counts too: none is handed out that comes before it.
macro_rules! behind_sql {
    ($select:literal) => {
        concat!(
            $select,
            " FROM (SELECT GREATEST((SELECT MAX(position) FROM events), (SELECT MAX(handed_to) FROM endpoints)) AS place) AS newest
WHERE place > (SELECT last_value FROM event_places)"
        )
    };
}

const IS_BEHIND: &str = concat!("SELECT EXISTS (", behind_sql!("SELECT 1"), ")");

const CATCH_UP: &str = behind_sql!("SELECT setval('event_places', place)");
