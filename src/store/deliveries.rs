//! Deliveries: each event for each endpoint that asked for it, until it has it.

use sqlx::FromRow;

use super::{Store, StoreError, Tx};
use crate::domain::event::EventType;
use crate::domain::id::{DeliveryId, EndpointId, EventId};
use crate::domain::timestamp::{DAY_MS, Timestamp};

mod bodies;
mod claim;
mod hand_out;
mod of_session;
mod settle;

pub(super) use bodies::keep_body;
pub use claim::{AtWork, Claimed, Wanted};
pub use settle::{Attempt, Outcome};

/// How long deliveries that ended are shown, in milliseconds.
pub const KEPT_MS: i64 = 30 * DAY_MS;

/// Deliveries forgotten in one go.
const FORGET_AT_ONCE: i64 = 1000;

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// It will be tried, for the first time or again.
    Pending,
    /// The endpoint has it.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryStatus {
    /// All.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Failed];

    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// A delivery as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Names it in the API.
    pub id: DeliveryId,
    /// Of which event.
    pub event_id: EventId,
    /// What happened.
    pub kind: EventType,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// Each time it was tried, oldest first.
    pub attempts: Vec<Tried>,
    /// When it is tried next.
    pub next_attempt_at: Option<Timestamp>,
}

/// One time a delivery was tried.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Tried {
    delivery_id: DeliveryId,
    /// When.
    pub at: Timestamp,
    /// The HTTP status that was answered.
    pub status: Option<i64>,
    /// How long it took.
    pub duration_ms: i64,
    /// Why it failed.
    pub error: Option<String>,
    /// The first 1 KiB of what was answered.
    pub response: Option<String>,
}

/// Which deliveries of an endpoint are shown.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// Only those that stand so.
    pub status: Option<String>,
    /// Only those made before this one.
    pub before: Option<DeliveryId>,
    /// At most so many.
    pub limit: i64,
}

#[derive(FromRow)]
struct DeliveryRow {
    id: DeliveryId,
    event_id: EventId,
    r#type: String,
    status: String,
    next_attempt_at: Option<Timestamp>,
}

impl Store {
    /// Deliveries of an endpoint, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn deliveries(
        &self,
        endpoint: EndpointId,
        filter: &DeliveryFilter,
    ) -> Result<Vec<Delivery>, StoreError> {
        // One statement for each way in, so that those that were given up are found by their index.
        let sql = if filter.status.as_deref() == Some(DeliveryStatus::Failed.as_str()) {
            FAILED
        } else {
            DELIVERIES
        };
        let rows: Vec<DeliveryRow> = each!(self, |db| {
            sqlx::query_as(sql)
                .bind(endpoint)
                .bind(filter.before)
                .bind(&filter.status)
                .bind(filter.limit)
                .fetch_all(db.read())
                .await?
        });
        self.with_attempts(rows).await
    }

    /// A delivery and the endpoint it is for, unless that was deleted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn delivery(
        &self,
        id: DeliveryId,
    ) -> Result<Option<(EndpointId, Delivery)>, StoreError> {
        let endpoint: Option<(EndpointId,)> = each!(self, |db| {
            sqlx::query_as(
                "SELECT endpoint_id FROM deliveries WHERE id = $1
                 AND EXISTS (SELECT 1 FROM endpoints WHERE id = endpoint_id AND deleted_at IS NULL)",
            )
            .bind(id)
            .fetch_optional(db.read())
            .await?
        });
        let rows: Vec<DeliveryRow> = each!(self, |db| {
            sqlx::query_as(
                "SELECT id, event_id, type, status, next_attempt_at FROM deliveries WHERE id = $1",
            )
            .bind(id)
            .fetch_all(db.read())
            .await?
        });
        let delivery = self.with_attempts(rows).await?.pop();
        Ok(endpoint.map(|(endpoint,)| endpoint).zip(delivery))
    }

    async fn with_attempts(&self, rows: Vec<DeliveryRow>) -> Result<Vec<Delivery>, StoreError> {
        let ids: Vec<[DeliveryId; 1]> = rows.iter().map(|row| [row.id]).collect();
        let tried: Vec<Tried> = each!(self, |db| {
            sqlx::query_as(
                "SELECT delivery_id, at, status, duration_ms, error, response FROM delivery_attempts
                 WHERE delivery_id IN (SELECT value ->> 0 FROM json_each($1)) ORDER BY delivery_id, number",
            )
            .bind(super::ledger::json_rows(&ids))
            .fetch_all(db.read())
            .await?
        });
        let deliveries = rows.into_iter().map(|row| {
            let own = tried.iter().filter(|tried| tried.delivery_id == row.id);
            Ok(Delivery {
                id: row.id,
                event_id: row.event_id,
                kind: EventType::parse(&row.r#type)
                    .ok_or(StoreError::Corrupt("deliveries.type"))?,
                status: DeliveryStatus::parse(&row.status)
                    .ok_or(StoreError::Corrupt("deliveries.status"))?,
                attempts: own.cloned().collect(),
                next_attempt_at: row.next_attempt_at,
            })
        });
        deliveries.collect()
    }

    /// Has a delivery tried now, whatever became of it. False: there is none, or its endpoint is switched off.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn retry_delivery(&self, id: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        let done = each!(self, |db| {
            sqlx::query(
                "UPDATE deliveries SET status = 'pending', pauses = 0, cut_short = 0, next_attempt_at = $2,
                        not_before = NULL, ended_at = NULL
                 WHERE id = $1 AND EXISTS (SELECT 1 FROM endpoints WHERE endpoints.id = endpoint_id
                                             AND disabled_at IS NULL AND deleted_at IS NULL)",
            )
            .bind(id)
            .bind(now)
            .execute(db.write())
            .await?
            .rows_affected()
        });
        self.news.tell();
        Ok(done > 0)
    }

    /// Has everything tried again that failed for an endpoint since a time; returns how many. What a later event of the
    /// same session has overtaken, or one that is on its way does now, is left out, so that the last one told stays the
    /// last one true.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn retry_failed(
        &self,
        endpoint: EndpointId,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let retried = each!(self, |db| {
            sqlx::query(RETRY_FAILED)
                .bind(endpoint)
                .bind(since)
                .bind(now)
                .execute(db.write())
                .await?
                .rows_affected()
        });
        self.news.tell();
        Ok(retried)
    }

    /// Forgets deliveries that ended long ago; returns how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_deliveries(&self, now: Timestamp) -> Result<usize, StoreError> {
        let old: Vec<(DeliveryId,)> = each!(self, |db| {
            sqlx::query_as(
                "SELECT id FROM deliveries WHERE ended_at < $1 ORDER BY ended_at LIMIT $2",
            )
            .bind(now.plus_millis(-KEPT_MS))
            .bind(FORGET_AT_ONCE)
            .fetch_all(db.read())
            .await?
        });
        if old.is_empty() {
            return Ok(0);
        }
        let ids = super::ledger::json_rows(&old.iter().map(|(id,)| [id]).collect::<Vec<_>>());
        let mut tx = self.engine.begin().await?;
        for sql in [
            "DELETE FROM delivery_attempts WHERE delivery_id IN (SELECT value ->> 0 FROM json_each($1))",
            "DELETE FROM deliveries WHERE id IN (SELECT value ->> 0 FROM json_each($1))",
        ] {
            within!(&mut tx, |c| sqlx::query(sql)
                .bind(&ids)
                .execute(c)
                .await?
                .rows_affected());
        }
        tx.commit().await?;
        Ok(old.len())
    }
}

/// Gives up all that is pending for an endpoint that is switched off or deleted.
pub(super) async fn give_up_all(
    tx: &mut Tx,
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    within!(tx, |c| {
        sqlx::query(
            "UPDATE deliveries SET status = 'failed', next_attempt_at = NULL, not_before = NULL, ended_at = $2
             WHERE endpoint_id = $1 AND status = 'pending'",
        )
        .bind(endpoint)
        .bind(now)
        .execute(c)
        .await?
        .rows_affected()
    });
    Ok(())
}

macro_rules! deliveries_sql {
    ($status:literal) => {
        concat!(
            "
SELECT id, event_id, type, status, next_attempt_at FROM deliveries
WHERE endpoint_id = $1 AND id < COALESCE($2, '~') AND ",
            $status,
            "
ORDER BY id DESC LIMIT $4"
        )
    };
}

const DELIVERIES: &str = deliveries_sql!("($3 IS NULL OR status = $3)");
const FAILED: &str = deliveries_sql!("status = 'failed' AND $3 = 'failed'");

const RETRY_FAILED: &str = "
UPDATE deliveries SET status = 'pending', pauses = 0, cut_short = 0, next_attempt_at = $3, ended_at = NULL
WHERE endpoint_id = $1 AND status = 'failed' AND ended_at >= $2
  AND NOT EXISTS (SELECT 1 FROM deliveries AS later
      WHERE later.endpoint_id = deliveries.endpoint_id AND later.session_id = deliveries.session_id
        AND later.position > deliveries.position AND (later.status = 'delivered' OR later.leased_until > $3))";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::tests::plan;

    #[tokio::test]
    async fn deliveries_that_were_given_up_are_found_among_many_others() {
        for (sql, index) in [
            (DELIVERIES, "deliveries_endpoint"),
            (FAILED, "deliveries_failed"),
        ] {
            let way = format!("SEARCH deliveries USING INDEX {index} (endpoint_id=? AND id<?)");
            assert_eq!(plan(sql).await, [way]);
        }
    }
}
