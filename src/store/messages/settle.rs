//! What became of messages.

use super::MessageRow;
use crate::domain::id::MessageId;
use crate::domain::message::{Message, MessageStatus};
use crate::domain::timestamp::Timestamp;
use crate::store::{Store, StoreError};

/// What came of trying to send a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sending {
    /// The server or provider has taken it.
    Sent {
        /// What the provider calls it.
        provider_id: Option<String>,
    },
    /// It is tried again.
    Again {
        /// When.
        at: Timestamp,
        /// Why, in words without the recipient.
        error: String,
    },
    /// It was refused or given up; why.
    Failed(String),
    /// It is not to be sent any more; why.
    Stopped(String),
}

impl Sending {
    const fn status(&self) -> MessageStatus {
        match self {
            Self::Sent { .. } => MessageStatus::Sent,
            Self::Again { .. } => MessageStatus::Pending,
            Self::Failed(_) => MessageStatus::Failed,
            Self::Stopped(_) => MessageStatus::Stopped,
        }
    }
}

/// What a provider tells of a message later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// It is on its way: the provider has it, whether or not its answer came through.
    Taken,
    /// It has arrived.
    Delivered,
    /// It has not; why.
    Failed(String),
}

impl Store {
    /// Notes what came of messages. That one was sent is noted whatever became of it meanwhile.
    ///
    /// # Errors
    /// When the database does not answer; the lease ends, and they are sent again.
    pub async fn settle_messages(
        &self,
        sendings: &[(MessageId, Sending)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.engine.begin().await?;
        for (id, sending) in sendings {
            let (again, error, provider_id) = match sending {
                Sending::Sent { provider_id } => (None, None, provider_id.as_deref()),
                Sending::Again { at, error } => (Some(*at), Some(error.as_str()), None),
                Sending::Failed(error) | Sending::Stopped(error) => {
                    (None, Some(error.as_str()), None)
                }
            };
            within!(&mut tx, |c| sqlx::query(SETTLE)
                .bind(id)
                .bind(sending.status().as_str())
                .bind(again)
                .bind(now)
                .bind(provider_id)
                .bind(error)
                .execute(c)
                .await?
                .rows_affected());
            if matches!(sending, Sending::Stopped(_)) {
                within!(&mut tx, |c| sqlx::query(FORGET_STOPPED)
                    .bind(id)
                    .execute(c)
                    .await?
                    .rows_affected());
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Notes what a provider tells of a message, which it calls `provider_id`. None: there is no such message, or it is
    /// known already.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn report_message(
        &self,
        (id, provider_id): (Option<MessageId>, &str),
        report: &Report,
        now: Timestamp,
    ) -> Result<Option<Message>, StoreError> {
        let (status, error) = match report {
            Report::Taken => (MessageStatus::Sent, None),
            Report::Delivered => (MessageStatus::Delivered, None),
            Report::Failed(error) => (MessageStatus::Failed, Some(error.as_str())),
        };
        let sql = if id.is_some() {
            REPORT
        } else {
            REPORT_BY_PROVIDER
        };
        let row: Option<MessageRow> = each!(self, |db| {
            sqlx::query_as(sql)
                .bind(provider_id)
                .bind(status.as_str())
                .bind(error)
                .bind(now)
                .bind(id)
                .fetch_optional(db.write())
                .await?
        });
        row.map(Message::try_from).transpose()
    }
}

/// A report may have come before the answer that it is of.
const SETTLE: &str = "
UPDATE messages SET
    status = CASE WHEN status = 'pending' OR (status = 'stopped' AND $2 = 'sent') THEN $2 ELSE status END,
    next_attempt_at = CASE WHEN status = 'pending' THEN $3 ELSE NULL END,
    sent_at = CASE WHEN $2 = 'sent' THEN $4 ELSE sent_at END,
    ended_at = CASE WHEN status = 'pending' AND $2 = 'pending' THEN NULL ELSE $4 END,
    provider_id = COALESCE($5, provider_id),
    error = CASE WHEN status = 'pending' OR (status = 'stopped' AND $2 = 'sent') THEN $6 ELSE error END,
    attempts = CASE WHEN $2 = 'stopped' THEN attempts ELSE attempts + 1 END,
    leased_until = NULL
WHERE id = $1";

/// It was queued while the person was being erased, or the link deleted: nobody need know for whom it was.
const FORGET_STOPPED: &str = "
UPDATE messages SET recipient = NULL, recipient_name = NULL
WHERE id = $1 AND status = 'stopped'
  AND (EXISTS (SELECT 1 FROM links AS l WHERE l.id = messages.link_id AND l.deleted_at IS NOT NULL)
       OR EXISTS (SELECT 1 FROM invitations AS i WHERE i.id = messages.link_id AND i.erased_at IS NOT NULL))";

/// Never back: what has arrived has arrived, and what failed by a report may yet arrive.
macro_rules! report_sql {
    ($found:literal) => {
        concat!(
            "
UPDATE messages SET status = $2, error = $3, next_attempt_at = NULL, ended_at = $4, provider_id = $1,
    sent_at = COALESCE(sent_at, $4)
WHERE ",
            $found,
            " AND channel = 'sms'
  AND (status IN ('pending', 'stopped') OR (status = 'sent' AND $2 <> 'sent') OR (status = 'failed' AND $2 = 'delivered'))
RETURNING *"
        )
    };
}

const REPORT: &str = report_sql!("id = $5 AND (provider_id IS NULL OR provider_id = $1)");
const REPORT_BY_PROVIDER: &str = report_sql!("provider_id = $1 AND $5 IS NULL");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::tests::plan;

    #[tokio::test]
    async fn a_message_is_found_by_its_provider_s_name() {
        let found = plan(REPORT_BY_PROVIDER).await.join("; ");
        assert!(
            found.contains("messages_provider (provider_id=?)"),
            "{found}"
        );
    }
}
