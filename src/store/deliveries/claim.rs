//! Claiming deliveries: whoever leases one sends it, and nobody else until the lease ends.

use sqlx::FromRow;

use crate::domain::id::{DeliveryId, EndpointId, EventId, SessionId};
use crate::domain::timestamp::Timestamp;
use crate::store::endpoints::{Endpoint, EndpointRow};
use crate::store::{Engine, Store, StoreError};

/// An endpoint that is switched on.
#[derive(Debug, Clone)]
pub struct AtWork {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Whether there is something to send to it now.
    pub is_due: bool,
}

/// How many deliveries of an endpoint are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Of which.
    pub endpoint: EndpointId,
    /// At most so many.
    pub limit: i64,
}

/// A delivery that is ours to send.
#[derive(Debug, Clone, FromRow)]
pub struct Claimed {
    /// Names it.
    pub id: DeliveryId,
    /// To whom.
    pub endpoint_id: EndpointId,
    /// The place of its event.
    pub position: i64,
    /// Of which event.
    pub event_id: EventId,
    /// About which session.
    pub session_id: Option<SessionId>,
    /// How often it was tried.
    pub attempts: i64,
    /// How many pauses of the schedule are behind it.
    pub pauses: i64,
}

#[derive(FromRow)]
struct AtWorkRow {
    #[sqlx(flatten)]
    endpoint: EndpointRow,
    is_due: bool,
}

impl Store {
    /// The endpoints that are switched on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn endpoints_at_work(&self, now: Timestamp) -> Result<Vec<AtWork>, StoreError> {
        let rows: Vec<AtWorkRow> = each!(self, |db| {
            sqlx::query_as(AT_WORK)
                .bind(now)
                .fetch_all(db.read())
                .await?
        });
        let rows = rows.into_iter().map(|row| {
            Ok(AtWork {
                endpoint: row.endpoint.try_into()?,
                is_due: row.is_due,
            })
        });
        rows.collect()
    }

    /// Leases deliveries that are due until `until`. Of each session at most one, the earliest: they go in order.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn claim_deliveries(
        &self,
        wanted: &[Wanted],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Claimed>, StoreError> {
        let sql = match self.engine {
            Engine::Sqlite(_) => CLAIM_SQLITE,
            Engine::Postgres(_) => CLAIM_POSTGRES,
        };
        let mut claimed = Vec::new();
        let mut tx = self.engine.begin().await?;
        for one in wanted {
            let rows: Vec<Claimed> = within!(&mut tx, |c| {
                sqlx::query_as(sql)
                    .bind(one.endpoint)
                    .bind(now)
                    .bind(one.limit)
                    .bind(until)
                    .fetch_all(c)
                    .await?
            });
            claimed.extend(rows);
        }
        tx.commit().await?;
        Ok(claimed)
    }
}

const AT_WORK: &str = "
SELECT endpoints.*, EXISTS (SELECT 1 FROM deliveries
    WHERE deliveries.endpoint_id = endpoints.id AND status = 'pending' AND next_attempt_at <= $1
      AND (leased_until IS NULL OR leased_until <= $1)) AS is_due
FROM endpoints WHERE disabled_at IS NULL AND deleted_at IS NULL ORDER BY id";

/// Of the first that are due, those that wait for no earlier one of their session; then those of them that nobody else
/// has taken meanwhile. Step by step, and with a subquery that no planner can turn into a join: a queue that has just
/// grown long has no statistics, and PostgreSQL would compare everything in it with everything.
macro_rules! claim_sql {
    ($lock:literal) => {
        concat!(
            "WITH first AS MATERIALIZED (
    SELECT id, session_id, position, next_attempt_at FROM deliveries
    WHERE endpoint_id = $1 AND status = 'pending' AND next_attempt_at <= $2
      AND (leased_until IS NULL OR leased_until <= $2)
      AND EXISTS (SELECT 1 FROM endpoints WHERE endpoints.id = $1 AND disabled_at IS NULL AND deleted_at IS NULL)
    ORDER BY next_attempt_at, position LIMIT 500
), free AS MATERIALIZED (
    SELECT id, next_attempt_at, position FROM first
    WHERE COALESCE((SELECT 0 FROM deliveries AS earlier
          WHERE earlier.session_id = first.session_id AND earlier.endpoint_id = $1
            AND earlier.position < first.position AND earlier.status = 'pending' LIMIT 1), 1) = 1
), due AS MATERIALIZED (
    SELECT deliveries.id FROM free JOIN deliveries ON deliveries.id = free.id
    WHERE deliveries.status = 'pending' AND (deliveries.leased_until IS NULL OR deliveries.leased_until <= $2)
    ORDER BY free.next_attempt_at, free.position LIMIT $3",
            $lock,
            "
)
UPDATE deliveries SET leased_until = $4 WHERE id IN (SELECT id FROM due)
RETURNING id, endpoint_id, position, event_id, session_id, attempts, pauses"
        )
    };
}

const CLAIM_SQLITE: &str = claim_sql!("");

const CLAIM_POSTGRES: &str = claim_sql!(" FOR UPDATE OF deliveries SKIP LOCKED");
