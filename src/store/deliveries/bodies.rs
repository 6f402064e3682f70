//! iDenfy's own bodies: kept for the endpoints that ask for them, and no longer.

use crate::domain::event::EventType;
use crate::domain::id::EventId;
use crate::domain::timestamp::Timestamp;
use crate::store::ledger::json_rows;
use crate::store::{Store, StoreError, Tx};

/// Bodies that nothing waits for are looked at when they are so old, in milliseconds: until then they may not have been
/// handed out.
const SETTLED_MS: i64 = 10 * 60 * 1000;

/// Bodies erased in one go.
const ERASE_AT_ONCE: i64 = 500;

/// Keeps the body that an event came from, if an endpoint asks for such bodies of such events.
pub(in crate::store) async fn keep_body(
    tx: &mut Tx,
    (id, kind, at): (EventId, EventType, Timestamp),
    body: &str,
) -> Result<(), sqlx::Error> {
    within!(tx, |c| sqlx::query(KEEP)
        .bind(id)
        .bind(body)
        .bind(at)
        .bind(kind.as_str())
        .execute(c)
        .await?
        .rows_affected());
    Ok(())
}

impl Store {
    /// The bodies that are kept of these events.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn idenfy_bodies(
        &self,
        events: &[EventId],
    ) -> Result<Vec<(EventId, String)>, StoreError> {
        let ids: Vec<[&EventId; 1]> = events.iter().map(|id| [id]).collect();
        Ok(each!(self, |db| {
            sqlx::query_as(
                "SELECT event_id, body FROM idenfy_bodies
                 WHERE event_id IN (SELECT value ->> 0 FROM json_each($1))",
            )
            .bind(json_rows(&ids))
            .fetch_all(db.read())
            .await?
        }))
    }

    /// Erases bodies that no endpoint waits for any more, as the endpoint was deleted or switched off; those that were
    /// delivered or given up are erased then. Returns how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn erase_bodies(&self, now: Timestamp) -> Result<usize, StoreError> {
        let left: Vec<(EventId,)> = each!(self, |db| {
            sqlx::query_as(LEFT_OVER)
                .bind(now.plus_millis(-SETTLED_MS))
                .bind(ERASE_AT_ONCE)
                .fetch_all(db.read())
                .await?
        });
        if !left.is_empty() {
            each!(self, |db| {
                sqlx::query(
                    "DELETE FROM idenfy_bodies WHERE event_id IN (SELECT value ->> 0 FROM json_each($1))",
                )
                .bind(json_rows(&left.iter().map(|(id,)| [id]).collect::<Vec<_>>()))
                .execute(db.write())
                .await?
                .rows_affected()
            });
            self.engine.cut_log_soon();
        }
        Ok(left.len())
    }
}

/// Erases the bodies of events whose deliveries ended, given as `[event, position]`, if no other is waited for; returns
/// how many.
pub(super) async fn erase_ended(tx: &mut Tx, ended: &[(EventId, i64)]) -> Result<u64, sqlx::Error> {
    if ended.is_empty() {
        return Ok(0);
    }
    Ok(within!(tx, |c| sqlx::query(ERASE_ENDED)
        .bind(json_rows(ended))
        .execute(c)
        .await?
        .rows_affected()))
}

/// Whether an endpoint has yet to be sent the body of `idenfy_bodies`.
macro_rules! is_waited_for_sql {
    () => {
        "EXISTS (SELECT 1 FROM deliveries JOIN endpoints ON endpoints.id = deliveries.endpoint_id
        WHERE deliveries.event_id = idenfy_bodies.event_id AND deliveries.status = 'pending'
          AND endpoints.payload = 'full')"
    };
}

const KEEP: &str = "
INSERT INTO idenfy_bodies (event_id, body, created_at)
SELECT $1, $2, $3
WHERE EXISTS (SELECT 1 FROM endpoints WHERE payload = 'full' AND disabled_at IS NULL AND deleted_at IS NULL
                AND ' ' || events || ' ' LIKE '% ' || $4 || ' %')";

const LEFT_OVER: &str = concat!(
    "SELECT event_id FROM idenfy_bodies WHERE created_at < $1 AND NOT ",
    is_waited_for_sql!(),
    " ORDER BY event_id LIMIT $2"
);

/// Another endpoint may not have been handed the event yet.
const ERASE_ENDED: &str = concat!(
    "DELETE FROM idenfy_bodies WHERE event_id IN (SELECT value ->> 0 FROM json_each($1)
      WHERE NOT EXISTS (SELECT 1 FROM endpoints WHERE payload = 'full' AND disabled_at IS NULL AND deleted_at IS NULL
                          AND handed_to < CAST(value ->> 1 AS BIGINT)))
    AND NOT ",
    is_waited_for_sql!()
);
