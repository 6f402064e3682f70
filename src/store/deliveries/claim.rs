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

/// What is due of one endpoint. `leased_until` is asked for where it is written, too.
macro_rules! due_sql {
    ($lock:literal) => {
        concat!(
            "SELECT due.id FROM deliveries AS due
    WHERE due.endpoint_id = $1 AND due.status = 'pending' AND due.next_attempt_at <= $2
      AND (due.leased_until IS NULL OR due.leased_until <= $2)
      AND NOT EXISTS (SELECT 1 FROM deliveries AS earlier
          WHERE earlier.session_id = due.session_id AND earlier.endpoint_id = due.endpoint_id
            AND earlier.position < due.position AND earlier.status = 'pending')
      AND EXISTS (SELECT 1 FROM endpoints WHERE endpoints.id = $1 AND disabled_at IS NULL AND deleted_at IS NULL)
    ORDER BY due.next_attempt_at, due.position LIMIT $3",
            $lock
        )
    };
}

macro_rules! claimed_sql {
    () => {
        " RETURNING deliveries.id, deliveries.endpoint_id, deliveries.position, deliveries.event_id,
    deliveries.session_id, deliveries.attempts, deliveries.pauses"
    };
}

const CLAIM_SQLITE: &str = concat!(
    "UPDATE deliveries SET leased_until = $4 WHERE id IN (",
    due_sql!(""),
    ")",
    claimed_sql!()
);

const CLAIM_POSTGRES: &str = concat!(
    "WITH due AS MATERIALIZED (",
    due_sql!(" FOR UPDATE OF due SKIP LOCKED"),
    ") UPDATE deliveries SET leased_until = $4 FROM due WHERE deliveries.id = due.id",
    claimed_sql!()
);
