//! Messages on their way to people: the outbox.

use sqlx::FromRow;

use super::idempotency::forget_answers_of;
use super::ledger::json_rows;
use super::links_made::{Chunk, in_chunks};
use super::{Store, StoreError, Tx};
use crate::domain::audit::Action;
use crate::domain::id::{CampaignId, LinkId, MessageId};
use crate::domain::locale::Locale;
use crate::domain::message::{Channel, Message, MessageKind, MessageStatus, NewMessage};
use crate::domain::timestamp::Timestamp;

mod bounce;
mod claim;
mod faults;
mod kept;
mod retry;
mod settle;

pub use faults::ChannelFault;
pub use settle::{Report, Sending};

/// Rows in one statement.
const CHUNK: usize = 500;

/// Recipients erased in one go.
const ERASE_AT_ONCE: i64 = 1000;

#[derive(FromRow)]
struct MessageRow {
    id: MessageId,
    kind: String,
    link_id: LinkId,
    campaign_id: Option<CampaignId>,
    channel: String,
    recipient: Option<String>,
    recipient_name: Option<String>,
    language: Option<String>,
    status: String,
    attempts: i64,
    created_at: Timestamp,
    queued_at: Timestamp,
    next_attempt_at: Option<Timestamp>,
    sent_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    bounced_at: Option<Timestamp>,
    error: Option<String>,
}

impl TryFrom<MessageRow> for Message {
    type Error = StoreError;

    fn try_from(row: MessageRow) -> Result<Self, StoreError> {
        let corrupt = StoreError::Corrupt;
        Ok(Self {
            id: row.id,
            kind: MessageKind::parse(&row.kind).ok_or(corrupt("messages.kind"))?,
            link: row.link_id,
            campaign: row.campaign_id,
            channel: Channel::parse(&row.channel).map_err(|_| corrupt("messages.channel"))?,
            recipient: row.recipient,
            recipient_name: row.recipient_name,
            language: row.language.and_then(|code| Locale::parse(&code).ok()),
            status: MessageStatus::parse(&row.status).ok_or(corrupt("messages.status"))?,
            attempts: row.attempts,
            created_at: row.created_at,
            queued_at: row.queued_at,
            next_attempt_at: row.next_attempt_at,
            sent_at: row.sent_at,
            ended_at: row.ended_at,
            bounced_at: row.bounced_at,
            error: row.error,
        })
    }
}

impl Store {
    /// Keeps messages that are to be sent, all or none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn queue_messages(&self, messages: &[NewMessage]) -> Result<(), StoreError> {
        let mut tx = self.engine.begin().await?;
        queue(&mut tx, messages).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Keeps a message that somebody sends, and notes who. One that is kept already stays as it is.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn send_link(&self, message: &NewMessage) -> Result<(), StoreError> {
        let mut tx = self.engine.begin().await?;
        let queued = queue(&mut tx, std::slice::from_ref(message)).await?;
        let detail = Some(message.channel.as_str());
        self.end_noted(tx, queued, Action::LinkSent, message.link, detail)
            .await?;
        Ok(())
    }

    /// The message of that id.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn message(&self, id: MessageId) -> Result<Option<Message>, StoreError> {
        let row: Option<MessageRow> = each!(self, |db| {
            sqlx::query_as("SELECT * FROM messages WHERE id = $1")
                .bind(id)
                .fetch_optional(db.read())
                .await?
        });
        row.map(Message::try_from).transpose()
    }

    /// Messages with a link, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn messages_of_link(
        &self,
        link: LinkId,
        before: Option<MessageId>,
        limit: i64,
    ) -> Result<Vec<Message>, StoreError> {
        let rows: Vec<MessageRow> = each!(self, |db| {
            sqlx::query_as(OF_LINK)
                .bind(link)
                .bind(before)
                .bind(limit)
                .fetch_all(db.read())
                .await?
        });
        rows.into_iter().map(Message::try_from).collect()
    }

    /// Forgets to whom messages went that ended before `before`, some at a time. Returns how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn erase_messages(&self, before: Timestamp) -> Result<u64, StoreError> {
        let erased = each!(self, |db| {
            sqlx::query(ERASE_OLD)
                .bind(before)
                .bind(ERASE_AT_ONCE)
                .execute(db.write())
                .await?
                .rows_affected()
        });
        if erased > 0 {
            self.engine.cut_log_soon();
        }
        Ok(erased)
    }
}

/// Takes back what was not sent with a link that is deleted, and forgets to whom it went.
pub(super) async fn forget_link(
    tx: &mut Tx,
    link: LinkId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    forget_answers_of(tx, &[link], now).await?;
    within!(tx, |c| sqlx::query(FORGET_LINK)
        .bind(link)
        .bind(now)
        .execute(c)
        .await?
        .rows_affected());
    Ok(())
}

/// Keeps messages that are to be sent, in the transaction of what they tell of. Those that are kept
/// already stay as they are; returns how many are new.
pub(super) async fn queue(tx: &mut Tx, messages: &[NewMessage]) -> Result<u64, sqlx::Error> {
    let mut queued = 0;
    for chunk in messages.chunks(CHUNK) {
        queued += within!(&mut *tx, |c| sqlx::query(QUEUE)
            .bind(rows(chunk.iter()))
            .execute(c)
            .await?
            .rows_affected());
    }
    Ok(queued)
}

/// Messages as statements take them.
pub(super) async fn written(messages: &[NewMessage]) -> Vec<Chunk> {
    in_chunks(
        messages,
        |message| message,
        |some| rows(some.iter().copied()),
    )
    .await
}

/// Keeps reminders, but of those whom nobody may write to any more or has written to meanwhile; returns how many are new.
pub(super) async fn queue_reminders(tx: &mut Tx, chunks: &[Chunk]) -> Result<u64, sqlx::Error> {
    let mut queued = 0;
    for (_, rows) in chunks {
        queued += within!(&mut *tx, |c| sqlx::query(QUEUE_REMINDERS)
            .bind(rows)
            .execute(c)
            .await?
            .rows_affected());
    }
    Ok(queued)
}

fn rows<'a>(messages: impl Iterator<Item = &'a NewMessage>) -> String {
    let rows: Vec<_> = messages
        .map(|message| {
            (
                message.id,
                message.kind.as_str(),
                message.link,
                message.campaign,
                message.channel.as_str(),
                &message.recipient,
                &message.recipient_name,
                message.language.map(Locale::as_str),
                message.created_at.millis(),
            )
        })
        .collect();
    json_rows(&rows)
}

macro_rules! queue_sql {
    ($which:literal) => {
        concat!(
            "
INSERT INTO messages (id, kind, link_id, campaign_id, channel, recipient, recipient_name, language, status, created_at,
                      queued_at, next_attempt_at)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, 'pending',
       CAST(value ->> 8 AS BIGINT), CAST(value ->> 8 AS BIGINT), CAST(value ->> 8 AS BIGINT)
FROM json_each($1) WHERE ",
            $which,
            "
ON CONFLICT (id) DO NOTHING"
        )
    };
}

const QUEUE: &str = queue_sql!("TRUE");

const QUEUE_REMINDERS: &str = queue_sql!(
    "EXISTS (SELECT 1 FROM invitations AS i WHERE i.id = value ->> 2 AND i.erased_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM messages AS m WHERE m.link_id = value ->> 2 AND m.status = 'pending')"
);

const OF_LINK: &str = "
SELECT * FROM messages WHERE link_id = $1 AND id < COALESCE($2, '~') ORDER BY id DESC LIMIT $3";

const ERASE_OLD: &str = "
UPDATE messages SET recipient = NULL, recipient_name = NULL
WHERE id IN (SELECT id FROM messages WHERE ended_at < $1 AND ended_at IS NOT NULL AND recipient IS NOT NULL
             ORDER BY ended_at LIMIT $2)";

const FORGET_LINK: &str = "
UPDATE messages SET recipient = NULL, recipient_name = NULL,
    error = CASE WHEN status = 'pending' THEN 'the link was deleted' ELSE error END,
    ended_at = CASE WHEN status = 'pending' THEN $2 ELSE ended_at END,
    next_attempt_at = NULL,
    status = CASE WHEN status = 'pending' THEN 'stopped' ELSE status END
WHERE link_id = $1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::tests::plan;

    #[tokio::test]
    async fn messages_are_found_by_link_and_by_age() {
        let way = "SEARCH messages USING INDEX messages_link (link_id=? AND id<?)";
        assert_eq!(plan(OF_LINK).await, [way]);
        let old = plan(ERASE_OLD).await.join("; ");
        assert!(
            old.contains("messages_ended (ended_at>? AND ended_at<?"),
            "{old}"
        );
        assert!(!old.contains("SCAN"), "{old}");
    }
}
