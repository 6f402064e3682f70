//! The deliveries that tell of one session.

use super::{Delivery, DeliveryRow};
use crate::domain::id::{DeliveryId, SessionId};
use crate::domain::secret::Secret;
use crate::store::{Store, StoreError};

/// The most that are shown.
const MOST: i64 = 100;

impl Store {
    /// What was sent out about a session, oldest first, each with the address it is for; as far as it is kept.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn deliveries_of(
        &self,
        session: SessionId,
    ) -> Result<Vec<(Secret, Delivery)>, StoreError> {
        let targets: Vec<(DeliveryId, String)> = each!(self, |db| {
            sqlx::query_as(TARGETS)
                .bind(session)
                .bind(MOST)
                .fetch_all(db.read())
                .await?
        });
        let ids: Vec<[DeliveryId; 1]> = targets.iter().map(|(id, _)| [*id]).collect();
        let rows: Vec<DeliveryRow> = each!(self, |db| {
            sqlx::query_as(
                "SELECT id, event_id, type, status, next_attempt_at FROM deliveries
                 WHERE id IN (SELECT value ->> 0 FROM json_each($1)) ORDER BY id",
            )
            .bind(crate::store::ledger::json_rows(&ids))
            .fetch_all(db.read())
            .await?
        });
        let deliveries = self.with_attempts(rows).await?.into_iter();
        let with_target = deliveries.filter_map(|delivery| {
            let (_, url) = targets.iter().find(|(id, _)| *id == delivery.id)?;
            Some((Secret::new(url.as_str()), delivery))
        });
        Ok(with_target.collect())
    }
}

const TARGETS: &str = "
SELECT deliveries.id, endpoints.url FROM deliveries JOIN endpoints ON endpoints.id = deliveries.endpoint_id
WHERE deliveries.session_id = $1 ORDER BY deliveries.id LIMIT $2";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::tests::plan;

    #[tokio::test]
    async fn what_was_sent_of_a_session_is_found_by_an_index() {
        let plan = plan(TARGETS).await.join("; ");
        assert!(
            plan.contains("INDEX deliveries_told (session_id=?"),
            "{plan}"
        );
        assert!(!plan.contains("SCAN"), "{plan}");
    }
}
