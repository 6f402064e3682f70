//! Telling once that a link is over, on whichever node looks first.

use super::events::{NewEvent, Subject, raise};
use super::imports::seen_sql;
use super::{Store, StoreError};
use crate::clock::Clock;
use crate::domain::event::EventType;
use crate::domain::id::{EventId, LinkId};
use crate::domain::timestamp::Timestamp;

/// The most links told of in one transaction: clicks wait for it to end.
const STEP: usize = 100;

impl Store {
    /// Raises `link.exhausted` and `link.expired` for links that are over and of which it was not told yet, for some
    /// of each. Returns whether there may be more.
    ///
    /// A link that was switched off or deleted before raises nothing, as nobody can click it anyway. A link is told to
    /// be exhausted only when nothing of it is being started any more: until then a use may be given back, and
    /// afterwards none is.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn tell_of_links(&self, clock: &Clock) -> Result<bool, StoreError> {
        let now = clock.now();
        let exhausted = self.tell(
            EXHAUSTED,
            TELL_EXHAUSTED,
            EventType::LinkExhausted,
            clock,
            now,
        );
        let exhausted = exhausted.await?;
        let expired = self.tell(EXPIRED, TELL_EXPIRED, EventType::LinkExpired, clock, now);
        Ok(expired.await? || exhausted)
    }

    async fn tell(
        &self,
        find: &'static str,
        tell: &'static str,
        kind: EventType,
        clock: &Clock,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        // Looked for by a reader first: nearly always there are none, and then nobody has to wait for the writer.
        let mut found: Vec<(LinkId,)> = each!(self, |db| {
            sqlx::query_as(find)
                .bind(now)
                .bind(i64::try_from(STEP).unwrap_or(i64::MAX))
                .fetch_all(db.read())
                .await?
        });
        if found.is_empty() {
            return Ok(false);
        }
        // In the order in which clicks lock them, so that nobody waits for another in a ring.
        found.sort_unstable();
        let mut tx = self.engine.begin().await?;
        for (id,) in &found {
            let told = within!(&mut tx, |c| {
                sqlx::query(tell)
                    .bind(now)
                    .bind(id)
                    .execute(c)
                    .await?
                    .rows_affected()
            });
            if told > 0 {
                let event = NewEvent {
                    id: EventId::new(clock.uuid()),
                    kind,
                    at: now,
                    subject: Subject::Link(*id),
                    shown: None,
                };
                raise(&mut tx, &[event]).await?;
            }
        }
        tx.commit().await?;
        self.news.tell();
        Ok(found.len() == STEP)
    }
}

macro_rules! exhausted_sql {
    () => {
        "exhausted_at IS NOT NULL AND used >= usage_limit AND exhausted_told_at IS NULL AND deactivated_at IS NULL AND deleted_at IS NULL"
    };
}

macro_rules! expired_sql {
    () => {
        "expires_at IS NOT NULL AND expired_told_at IS NULL AND deactivated_at IS NULL AND deleted_at IS NULL
    AND expires_at <= $1"
    };
}

/// A session has a lease for as long as its use may be given back.
const EXHAUSTED: &str = concat!(
    "SELECT id FROM links WHERE $1 IS NOT NULL AND ",
    exhausted_sql!(),
    "
    AND NOT EXISTS (SELECT 1 FROM sessions WHERE lease_until IS NOT NULL AND sessions.link_id = links.id)
ORDER BY exhausted_at LIMIT $2"
);
const TELL_EXHAUSTED: &str = concat!(
    "UPDATE links SET exhausted_told_at = $1 WHERE id = $2 AND ",
    exhausted_sql!()
);

const EXPIRED: &str = concat!(
    "SELECT id FROM links WHERE ",
    expired_sql!(),
    " AND ",
    seen_sql!("links.id"),
    " ORDER BY expires_at LIMIT $2"
);
const TELL_EXPIRED: &str = concat!(
    "UPDATE links SET expired_told_at = $1 WHERE id = $2 AND ",
    expired_sql!()
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::tests::plan;

    #[tokio::test]
    async fn of_the_sessions_only_those_that_start_are_looked_at() {
        let plan = plan(EXHAUSTED).await.join("; ");
        assert!(plan.contains("links_to_tell_exhausted"), "{plan}");
        let starting = "SEARCH sessions USING INDEX sessions_starting (lease_until>?)";
        assert!(plan.contains(starting), "{plan}");
    }
}
