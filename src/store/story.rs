//! What is known of one session's course, for those who look at it.

use sqlx::FromRow;

use super::{Store, StoreError};
use crate::domain::id::{EventId, SessionId};
use crate::domain::timestamp::Timestamp;
use crate::store::events::{EventRow, Told, events_sql};

/// The most of each kind that a story tells.
const MOST: i64 = 100;

/// Something iDenfy told of a session.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Report {
    /// Names it, and the event it raised if it changed anything.
    pub id: EventId,
    /// iDenfy's word for what happened.
    pub event_type: String,
    /// When it came.
    pub received_at: Timestamp,
}

impl Store {
    /// Why no session was started: a stable name; none where one was.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn failure_of(&self, session: SessionId) -> Result<Option<String>, StoreError> {
        let row: Option<(Option<String>,)> = each!(self, |db| {
            sqlx::query_as("SELECT failure FROM sessions WHERE id = $1")
                .bind(session)
                .fetch_optional(db.read())
                .await?
        });
        Ok(row.and_then(|(failure,)| failure))
    }

    /// What iDenfy told of a session by webhook, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn reports_of(&self, session: SessionId) -> Result<Vec<Report>, StoreError> {
        Ok(each!(self, |db| {
            sqlx::query_as(REPORTS)
                .bind(session)
                .bind(MOST)
                .fetch_all(db.read())
                .await?
        }))
    }

    /// The changes of a session that were told, oldest first, as far as they are kept.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn results_of(&self, session: SessionId) -> Result<Vec<Told>, StoreError> {
        let rows: Vec<EventRow> = each!(self, |db| {
            sqlx::query_as(RESULTS)
                .bind(session)
                .bind(MOST)
                .fetch_all(db.read())
                .await?
        });
        self.tell_of(rows).await
    }
}

const REPORTS: &str = "
SELECT id, event_type, received_at FROM idenfy_events WHERE session_id = $1 ORDER BY id LIMIT $2";

/// In the words of the index. Those that were just written and have no place yet come last, where PostgreSQL puts them.
const RESULTS: &str = events_sql!(
    "WHERE events.session_id = $1 AND events.type IN ('session.updated', 'session.finished')
ORDER BY events.position, events.at LIMIT $2"
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::tests::plan;

    #[tokio::test]
    async fn a_story_is_found_by_indexes() {
        for (sql, way) in [
            (REPORTS, "USING INDEX idenfy_events_session (session_id=?)"),
            (RESULTS, "INDEX events_results (session_id=?"),
        ] {
            let plan = plan(sql).await.join("; ");
            assert!(plan.contains(way), "{plan}");
        }
    }
}
