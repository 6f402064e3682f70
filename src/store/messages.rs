//! Messages on their way to people: the outbox.

use super::ledger::json_rows;
use super::{Store, StoreError, Tx};
use crate::domain::locale::Locale;
use crate::domain::message::NewMessage;

/// Rows in one statement.
const CHUNK: usize = 500;

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
}

/// Keeps messages that are to be sent, in the transaction of what they tell of.
pub(super) async fn queue(tx: &mut Tx, messages: &[NewMessage]) -> Result<(), sqlx::Error> {
    for chunk in messages.chunks(CHUNK) {
        within!(&mut *tx, |c| sqlx::query(QUEUE)
            .bind(rows(chunk))
            .execute(c)
            .await?
            .rows_affected());
    }
    Ok(())
}

fn rows(messages: &[NewMessage]) -> String {
    let rows: Vec<_> = messages
        .iter()
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

const QUEUE: &str = "
INSERT INTO messages (id, kind, link_id, campaign_id, channel, recipient, recipient_name, language, status, created_at,
                      next_attempt_at)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, 'pending',
       CAST(value ->> 8 AS BIGINT), CAST(value ->> 8 AS BIGINT)
FROM json_each($1) WHERE TRUE";
