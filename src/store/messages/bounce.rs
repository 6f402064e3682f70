//! Mails that came back.

use super::MessageRow;
use crate::domain::event::EventType;
use crate::domain::id::{EventId, MessageId};
use crate::domain::message::Message;
use crate::domain::timestamp::Timestamp;
use crate::store::events::{NewEvent, Subject, raise};
use crate::store::{Store, StoreError};

impl Store {
    /// Notes that a mail came back, why in words without the address, and raises an event of that name. None: there is
    /// no such mail, or it was not sent, is known to have come back, or is to be sent again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn bounce_message(
        &self,
        id: MessageId,
        error: &str,
        event: EventId,
        now: Timestamp,
    ) -> Result<Option<Message>, StoreError> {
        let mut tx = self.engine.begin().await?;
        let row: Option<MessageRow> = within!(&mut tx, |c| sqlx::query_as(BOUNCE)
            .bind(id)
            .bind(error)
            .bind(now)
            .fetch_optional(c)
            .await?);
        let Some(row) = row else {
            return Ok(None);
        };
        let event = NewEvent {
            id: event,
            kind: EventType::MessageBounced,
            at: now,
            subject: Subject::Link(row.link_id),
            shown: None,
        };
        raise(&mut tx, &[event]).await?;
        tx.commit().await?;
        self.news.tell();
        Message::try_from(row).map(Some)
    }
}

const BOUNCE: &str = "
UPDATE messages SET status = 'failed', error = $2, ended_at = $3, bounced_at = $3
WHERE id = $1 AND channel = 'email' AND status = 'sent'
RETURNING *";
