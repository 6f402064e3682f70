//! Sending once more what was not sent.

use crate::domain::audit::Action;
use crate::domain::id::{CampaignId, MessageId};
use crate::domain::message::Channel;
use crate::domain::timestamp::Timestamp;
use crate::store::invitations::list::{begun_sql, told_sql};
use crate::store::ledger::json_rows;
use crate::store::{Store, StoreError};

impl Store {
    /// Has a message sent that waits, failed or was stopped. False: there is none, it was sent, or nobody knows to whom
    /// any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn retry_message(&self, id: MessageId, now: Timestamp) -> Result<bool, StoreError> {
        let done = each!(self, |db| {
            sqlx::query(RETRY)
                .bind(id)
                .bind(now)
                .execute(db.write())
                .await?
                .rows_affected()
        });
        Ok(done > 0)
    }

    /// How many of a campaign would be sent to again now, by these channels.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn failed_of_campaign(
        &self,
        id: CampaignId,
        channels: &[Channel],
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        let (failed,): (i64,) = each!(self, |db| {
            sqlx::query_as(COUNT_FAILED)
                .bind(id)
                .bind(now)
                .bind(names(channels))
                .fetch_one(db.list())
                .await?
        });
        Ok(failed)
    }

    /// Has the last message to each of a campaign's people sent again whose last one failed or came back, by these
    /// channels; to whom one went since, who has begun, or whose link is over, is left alone. Returns how many. `None`:
    /// there is no such campaign.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn retry_campaign(
        &self,
        id: CampaignId,
        channels: &[Channel],
        now: Timestamp,
    ) -> Result<Option<u64>, StoreError> {
        if self.campaign(id).await?.is_none() {
            return Ok(None);
        }
        let mut tx = self.engine.begin().await?;
        let retried = within!(&mut tx, |c| sqlx::query(RETRY_FAILED)
            .bind(id)
            .bind(now)
            .bind(names(channels))
            .execute(c)
            .await?
            .rows_affected());
        let detail = format!("{retried} messages");
        let action = Action::CampaignRetried;
        self.end_noted(tx, retried, action, id, Some(&detail))
            .await?;
        Ok(Some(retried))
    }
}

fn names(channels: &[Channel]) -> String {
    let rows: Vec<[&str; 1]> = channels.iter().map(|channel| [channel.as_str()]).collect();
    json_rows(&rows)
}

/// What becomes of a message that is sent from the beginning.
macro_rules! retry_sql {
    ($($which:tt)+) => {
        concat!(
            "
UPDATE messages SET status = 'pending', attempts = 0, queued_at = $2, next_attempt_at = $2, ended_at = NULL,
    sent_at = NULL, bounced_at = NULL, provider_id = NULL
WHERE recipient IS NOT NULL AND ",
            $($which)+
        )
    };
}

const RETRY: &str = retry_sql!("id = $1 AND status IN ('pending', 'failed', 'stopped')");

/// The last messages to a campaign's people, of those who could use one.
macro_rules! failed_sql {
    () => {
        concat!(
            "SELECT m.id FROM (SELECT i.id, ",
            told_sql!(),
            " AS message_id FROM invitations AS i
      WHERE i.campaign_id = $1 AND i.erased_at IS NULL AND ",
            begun_sql!(),
            " IS NULL) AS t
JOIN messages AS m ON m.id = t.message_id
JOIN links AS l ON l.id = t.id
WHERE m.status = 'failed' AND m.recipient IS NOT NULL
  AND m.channel IN (SELECT value ->> 0 FROM json_each($3))
  AND l.deleted_at IS NULL AND l.deactivated_at IS NULL AND (l.expires_at IS NULL OR l.expires_at > $2)
  AND (l.usage_limit IS NULL OR l.used < l.usage_limit)"
        )
    };
}

/// Its state is asked for once more where it is changed: of two at once, the second changes nothing.
const RETRY_FAILED: &str = retry_sql!(concat!("status = 'failed' AND id IN (", failed_sql!(), ")"));

const COUNT_FAILED: &str = concat!(
    "SELECT CAST(COUNT(*) AS BIGINT) FROM (",
    failed_sql!(),
    ") AS failed"
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::tests::plan;

    #[tokio::test]
    async fn sending_again_looks_at_nobody_else() {
        for sql in [RETRY_FAILED, COUNT_FAILED] {
            let plan = plan(sql).await.join("; ");
            assert!(
                plan.contains("SEARCH i USING INDEX invitations_campaign (campaign_id=?)"),
                "{plan}"
            );
            assert!(!plan.contains("SCAN messages"), "{plan}");
        }
    }
}
