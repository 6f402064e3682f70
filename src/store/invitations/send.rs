//! Sending an invitation once more, and reminding a campaign's people.

use sqlx::FromRow;

use super::super::messages::{queue, queue_reminders, written};
use super::super::{Store, StoreError};
use super::list::{begun_sql, channel, told_sql};
use crate::domain::audit::Action;
use crate::domain::id::{CampaignId, InvitationId, MessageId};
use crate::domain::locale::Locale;
use crate::domain::message::{Channel, MessageKind, NewMessage};
use crate::domain::timestamp::{DAY_MS, Timestamp};

/// Nobody is reminded within this time of the last message, in milliseconds.
pub const REMIND_AFTER_MS: i64 = DAY_MS;

/// How often those to be reminded are chosen anew, where somebody else reminds them at the same time.
const TRIES: usize = 3;

/// What became of sending an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// It will be sent, or a message of the same kind waits already.
    Queued,
    /// There is no address for that channel.
    NoAddress,
    /// The link is over: who got it could not use it.
    Over,
    /// There is no such invitation.
    Unknown,
}

#[derive(FromRow)]
struct Due {
    id: InvitationId,
    channel: String,
    recipient: String,
    name: Option<String>,
    language: Option<String>,
}

#[derive(FromRow)]
struct Addressed {
    campaign_id: Option<CampaignId>,
    name: Option<String>,
    address: Option<String>,
    language: Option<String>,
    is_over: bool,
    waits: bool,
}

impl Store {
    /// Sends an invitation, again if it was before.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn send_invitation(
        &self,
        id: InvitationId,
        channel: Channel,
        message: MessageId,
        now: Timestamp,
    ) -> Result<Sending, StoreError> {
        let mut tx = self.engine.begin().await?;
        // Taken first, so that of two who ask at once the second sees what the first did.
        let known = within!(&mut tx, |c| {
            sqlx::query("UPDATE invitations SET channel = COALESCE(channel, $2) WHERE id = $1")
                .bind(id)
                .bind(channel.as_str())
                .execute(c)
                .await?
                .rows_affected()
        });
        if known == 0 {
            return Ok(Sending::Unknown);
        }
        let found: Addressed = within!(&mut tx, |c| sqlx::query_as(ADDRESSED)
            .bind(id)
            .bind(channel.as_str())
            .bind(now)
            .fetch_one(c)
            .await?);
        let recipient = match found.address {
            _ if found.is_over => return Ok(Sending::Over),
            None => return Ok(Sending::NoAddress),
            Some(_) if found.waits => return Ok(Sending::Queued),
            Some(recipient) => recipient,
        };
        let message = NewMessage {
            id: message,
            kind: MessageKind::Invitation,
            link: id.link(),
            campaign: found.campaign_id,
            channel,
            recipient,
            recipient_name: found.name,
            language: language(found.language.as_deref())?,
            created_at: now,
        };
        queue(&mut tx, &[message]).await?;
        let detail = Some(channel.as_str());
        self.note(&mut tx, Action::InvitationSent, id, detail)
            .await?;
        tx.commit().await?;
        Ok(Sending::Queued)
    }

    /// Where those of a campaign are reached who would be reminded now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn reminder_addresses(
        &self,
        id: CampaignId,
        now: Timestamp,
    ) -> Result<Vec<(Channel, String)>, StoreError> {
        let due = self.due(id, now).await?.into_iter();
        due.map(|due| Ok((channel(&due.channel)?, due.recipient)))
            .collect()
    }

    /// Reminds those of a campaign who have not begun, whose link still works and whose last message was sent more than a
    /// day ago; of them only those that `may` lets be reminded, by channel and address. Returns how many. `None`: there
    /// is no such campaign.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn remind(
        &self,
        id: CampaignId,
        now: Timestamp,
        message_id: impl Fn() -> MessageId + Send + Sync,
        may: impl Fn(Channel, &str) -> bool + Send + Sync,
    ) -> Result<Option<usize>, StoreError> {
        for _ in 0..TRIES {
            let Some(campaign) = self.campaign(id).await? else {
                return Ok(None);
            };
            // Chosen and written down before anybody has to wait for it.
            let mut messages = Vec::new();
            for due in self.due(id, now).await? {
                let by = channel(&due.channel)?;
                if !may(by, &due.recipient) {
                    continue;
                }
                messages.push(NewMessage {
                    id: message_id(),
                    kind: MessageKind::Reminder,
                    link: due.id.link(),
                    campaign: Some(id),
                    channel: by,
                    recipient: due.recipient,
                    recipient_name: due.name,
                    language: language(due.language.as_deref())?,
                    created_at: now,
                });
            }
            if messages.is_empty() {
                return Ok(Some(0));
            }
            let messages = written(&messages).await;
            let mut tx = self.engine.begin().await?;
            let queued = queue_reminders(&mut tx, &messages).await?;
            let detail = format!("{queued} reminders");
            self.note(&mut tx, Action::CampaignReminded, id, Some(&detail))
                .await?;
            // Last, as everyone who invites in the campaign waits for it.
            let is_first = within!(&mut tx, |c| sqlx::query(REMINDED)
                .bind(id)
                .bind(now)
                .bind(campaign.reminded_at)
                .execute(c)
                .await?
                .rows_affected());
            if is_first > 0 {
                tx.commit().await?;
                return Ok(Some(usize::try_from(queued).unwrap_or_default()));
            }
            // Somebody else has reminded them meanwhile: chosen anew.
        }
        Err(StoreError::Unavailable)
    }

    async fn due(&self, id: CampaignId, now: Timestamp) -> Result<Vec<Due>, StoreError> {
        Ok(each!(self, |db| {
            sqlx::query_as(DUE)
                .bind(id)
                .bind(now)
                .bind(now.plus_millis(-REMIND_AFTER_MS))
                .fetch_all(db.list())
                .await?
        }))
    }
}

fn language(kept: Option<&str>) -> Result<Option<Locale>, StoreError> {
    let read = kept.map(Locale::parse).transpose();
    read.map_err(|_| StoreError::Corrupt("links.language"))
}

const ADDRESSED: &str = "
SELECT i.campaign_id, i.name, CASE WHEN $2 = 'email' THEN i.email ELSE i.phone END AS address, l.language,
       l.deleted_at IS NOT NULL OR l.deactivated_at IS NOT NULL OR COALESCE(l.expires_at <= $3, FALSE)
         OR COALESCE(l.used >= l.usage_limit, FALSE) AS is_over,
       EXISTS (SELECT 1 FROM messages AS m WHERE m.link_id = i.id AND m.status = 'pending' AND m.channel = $2) AS waits
FROM invitations AS i JOIN links AS l ON l.id = i.id WHERE i.id = $1";

const REMINDED: &str = "
UPDATE campaigns SET reminded_at = $2 WHERE id = $1 AND COALESCE(reminded_at, 0) = COALESCE(CAST($3 AS BIGINT), 0)";

/// Nobody who has begun has a link that still works, but one whose session could not be started.
const DUE: &str = concat!(
    "
SELECT t.id, m.channel, m.recipient, t.name, l.language
FROM (SELECT i.id, i.name, ",
    told_sql!(),
    " AS message_id FROM invitations AS i
      WHERE i.campaign_id = $1 AND i.erased_at IS NULL AND ",
    begun_sql!(),
    " IS NULL) AS t
JOIN messages AS m ON m.id = t.message_id
JOIN links AS l ON l.id = t.id
WHERE m.status IN ('sent', 'delivered') AND m.recipient IS NOT NULL AND m.sent_at <= $3
  AND l.deleted_at IS NULL AND l.deactivated_at IS NULL AND (l.expires_at IS NULL OR l.expires_at > $2)
  AND (l.usage_limit IS NULL OR l.used < l.usage_limit)
ORDER BY t.id"
);
