//! Claiming messages: whoever leases one sends it, and nobody else until the lease ends.

use super::MessageRow;
use crate::domain::id::LinkId;
use crate::domain::link::Link;
use crate::domain::message::{Channel, Message};
use crate::domain::timestamp::Timestamp;
use crate::store::imports::seen_sql;
use crate::store::ledger::json_rows;
use crate::store::links::LinkRow;
use crate::store::{Engine, Store, StoreError, Tx};

/// The bound on sends is one on those of so long, in milliseconds.
const MINUTE_MS: i64 = 60_000;

impl Store {
    /// Whether a message of this channel waits to be sent.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_message_due(
        &self,
        channel: Channel,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let due: Option<(i64,)> = each!(self, |db| {
            sqlx::query_as(IS_DUE)
                .bind(channel.as_str())
                .bind(now)
                .fetch_optional(db.read())
                .await?
        });
        Ok(due.is_some())
    }

    /// Leases messages of a channel that are due until `until`: at most `limit`, and no more than `per_minute` in any
    /// minute on all nodes together. Whoever asks for few at a time shares fairly.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn claim_messages(
        &self,
        channel: Channel,
        (limit, per_minute): (i64, i64),
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Message>, StoreError> {
        let mut tx = self.engine.begin().await?;
        if let Tx::Postgres(tx) = &mut tx {
            // Two that count at the same time would both go up to the bound.
            sqlx::query("LOCK TABLE message_pace IN SHARE ROW EXCLUSIVE MODE")
                .execute(&mut **tx)
                .await?;
        }
        let (sent,): (i64,) = within!(&mut tx, |c| sqlx::query_as(SENT_LATELY)
            .bind(channel.as_str())
            .bind(now.plus_millis(-MINUTE_MS))
            .fetch_one(c)
            .await?);
        let limit = limit.min(per_minute - sent);
        if limit <= 0 {
            return Ok(Vec::new());
        }
        let sql = match self.engine {
            Engine::Sqlite(_) => CLAIM_SQLITE,
            Engine::Postgres(_) => CLAIM_POSTGRES,
        };
        let claimed: Vec<MessageRow> = within!(&mut tx, |c| sqlx::query_as(sql)
            .bind(channel.as_str())
            .bind(now)
            .bind(limit)
            .bind(until)
            .fetch_all(c)
            .await?);
        if claimed.is_empty() {
            return Ok(Vec::new());
        }
        within!(&mut tx, |c| {
            sqlx::query(FORGET_PACE)
                .bind(now.plus_millis(-MINUTE_MS))
                .execute(&mut *c)
                .await?;
            sqlx::query(NOTE_PACE)
                .bind(channel.as_str())
                .bind(now)
                .bind(i64::try_from(claimed.len()).unwrap_or(i64::MAX))
                .execute(c)
                .await?
                .rows_affected()
        });
        tx.commit().await?;
        claimed.into_iter().map(Message::try_from).collect()
    }

    /// The links of these ids, deleted ones too.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn links_of_ids(&self, ids: &[LinkId]) -> Result<Vec<Link>, StoreError> {
        let ids: Vec<[LinkId; 1]> = ids.iter().map(|id| [*id]).collect();
        let rows: Vec<LinkRow> = each!(self, |db| {
            sqlx::query_as(
                "SELECT * FROM links WHERE id IN (SELECT value ->> 0 FROM json_each($1))",
            )
            .bind(json_rows(&ids))
            .fetch_all(db.read())
            .await?
        });
        rows.into_iter().map(Link::try_from).collect()
    }
}

const IS_DUE: &str = concat!(
    "
SELECT CAST(1 AS BIGINT) FROM messages
WHERE channel = $1 AND status = 'pending' AND next_attempt_at <= $2 AND (leased_until IS NULL OR leased_until <= $2) AND ",
    seen_sql!("messages.link_id"),
    "
LIMIT 1"
);

const SENT_LATELY: &str = "SELECT CAST(COALESCE(SUM(sent), 0) AS BIGINT) FROM message_pace WHERE channel = $1 AND at > $2";

const FORGET_PACE: &str = "DELETE FROM message_pace WHERE at <= $1";

const NOTE_PACE: &str = "
INSERT INTO message_pace (channel, at, sent) VALUES ($1, $2, $3)
ON CONFLICT (channel, at) DO UPDATE SET sent = message_pace.sent + EXCLUDED.sent";

macro_rules! claim_sql {
    ($lock:literal) => {
        concat!(
            "WITH due AS MATERIALIZED (
    SELECT id FROM messages
    WHERE channel = $1 AND status = 'pending' AND next_attempt_at <= $2 AND (leased_until IS NULL OR leased_until <= $2) AND ",
            seen_sql!("messages.link_id"),
            "
    ORDER BY next_attempt_at, id LIMIT $3",
            $lock,
            "
)
UPDATE messages SET leased_until = $4 WHERE id IN (SELECT id FROM due) RETURNING *"
        )
    };
}

const CLAIM_SQLITE: &str = claim_sql!("");
const CLAIM_POSTGRES: &str = claim_sql!(" FOR UPDATE SKIP LOCKED");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::tests::plan;

    #[tokio::test]
    async fn what_is_due_is_found_among_many_that_are_not() {
        let found = plan(IS_DUE).await.join("; ");
        assert!(
            found.contains("messages_due (channel=? AND next_attempt_at<?"),
            "{found}"
        );
        let claimed = plan(CLAIM_SQLITE).await.join("; ");
        assert!(
            !claimed.contains("SCAN messages") && !claimed.contains("B-TREE"),
            "{claimed}"
        );
    }
}
