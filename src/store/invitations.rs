//! People who are invited: their links, and how far each has come.

use super::ledger::json_rows;
use super::links::folded;
use super::links_made::{self, in_chunks, insert};
use super::messages::queue;
use super::{Store, StoreError};
use crate::domain::audit::Action;
use crate::domain::id::{CampaignId, InvitationId, LinkId, MessageId};
use crate::domain::invitation::{Campaign, Invitation, Invited};
use crate::domain::link::Link;
use crate::domain::message::{Channel, MessageKind, NewMessage};
use crate::domain::timestamp::Timestamp;

pub(super) mod erase;
pub(super) mod list;
mod send;

pub use list::{InvitationFilter, LastMessage, Standing};
pub use send::{REMIND_AFTER_MS, Sending};

impl Store {
    /// Invites people, all or none, in one transaction: keeps the invitations, their links and, of those that have a
    /// channel, a message each, named by `message_id`. Where `campaign` is new it is kept, too; where one of its name is
    /// there already, they join that. When a link's slug is or was taken, tells the position of the first such
    /// invitation. Of several made at once the audit log has one line.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn invite(
        &self,
        campaign: Option<&Campaign>,
        invited: &mut [Invited],
        message_id: impl Fn() -> MessageId + Send + Sync,
    ) -> Result<Result<(), usize>, StoreError> {
        let Some(first) = invited.first() else {
            return Ok(Ok(()));
        };
        let first = first.invitation.id;
        let count = i64::try_from(invited.len()).unwrap_or(i64::MAX);
        let mut campaign_id = match campaign {
            Some(new) => Some(
                self.campaign_named(&new.name)
                    .await?
                    .map_or(new.id, |c| c.id),
            ),
            None => None,
        };
        // Again where the campaign has been made by somebody else meanwhile.
        loop {
            for one in &mut *invited {
                one.invitation.campaign = campaign_id;
            }
            // On SQLite clicks wait from the transaction's beginning to its end, so what can be done before is.
            let links = in_chunks(invited, |one| &one.link, links_made::rows).await;
            let people = in_chunks(invited, |one| &one.invitation, rows).await;
            let messages: Vec<NewMessage> = invited
                .iter()
                .filter_map(|one| {
                    message(
                        &one.invitation,
                        &one.link,
                        MessageKind::Invitation,
                        message_id(),
                    )
                })
                .collect();
            let mut tx = self.engine.begin().await?;
            if let Some(campaign) = campaign {
                let (kept,): (CampaignId,) = within!(&mut tx, |c| sqlx::query_as(JOIN_CAMPAIGN)
                    .bind(campaign_id)
                    .bind(&campaign.name)
                    .bind(folded(&campaign.name))
                    .bind(count)
                    .bind(campaign.created_at)
                    .fetch_one(c)
                    .await?);
                if Some(kept) != campaign_id {
                    campaign_id = Some(kept);
                    continue;
                }
            }
            if !insert(&mut tx, links_made::INSERT, links).await?
                || !insert(&mut tx, INSERT, people).await?
            {
                drop(tx);
                let links: Vec<&Link> = invited.iter().map(|one| &one.link).collect();
                return Ok(Err(self.first_taken(&links).await?));
            }
            queue(&mut tx, &messages).await?;
            let (action, detail) = match count {
                1 => (Action::InvitationCreated, None),
                many => (
                    Action::InvitationsImported,
                    Some(format!("{many} invitations")),
                ),
            };
            self.note(&mut tx, action, first, detail.as_deref()).await?;
            tx.commit().await?;
            return Ok(Ok(()));
        }
    }

    /// Notes that people were shown the pages of these links, of those that are invitations, unless it was noted before.
    /// Returns how many are new.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note_opened(&self, links: &[LinkId], at: Timestamp) -> Result<u64, StoreError> {
        let rows = json_rows(&links.iter().map(|id| [id]).collect::<Vec<_>>());
        // Read first: most links are nobody's invitation, and that costs no turn at the writer's.
        let new: Vec<(InvitationId,)> = each!(self, |db| {
            sqlx::query_as(UNOPENED)
                .bind(&rows)
                .fetch_all(db.read())
                .await?
        });
        if new.is_empty() {
            return Ok(0);
        }
        let rows = json_rows(&new);
        Ok(each!(self, |db| sqlx::query(NOTE_OPENED)
            .bind(&rows)
            .bind(at)
            .execute(db.write())
            .await?
            .rows_affected()))
    }
}

/// What is sent of an invitation, where it has a channel and an address for it.
fn message(
    invitation: &Invitation,
    link: &Link,
    kind: MessageKind,
    id: MessageId,
) -> Option<NewMessage> {
    let channel = invitation.channel?;
    Some(NewMessage {
        id,
        kind,
        link: link.terms.id,
        campaign: invitation.campaign,
        channel,
        recipient: invitation.address(channel)?.to_owned(),
        recipient_name: invitation.name.clone(),
        language: link.terms.language,
        created_at: invitation.created_at,
    })
}

fn rows(invitations: &[&Invitation]) -> String {
    let rows: Vec<_> = invitations
        .iter()
        .map(|one| {
            let parts = [&one.name, &one.email, &one.phone, &one.client_id];
            let parts: Vec<&str> = parts.into_iter().filter_map(|p| p.as_deref()).collect();
            (
                one.id,
                one.campaign,
                one.channel.map(Channel::as_str),
                &one.client_id,
                &one.name,
                &one.email,
                &one.phone,
                folded(&parts.join("\n")),
                one.created_at.millis(),
            )
        })
        .collect();
    json_rows(&rows)
}

const JOIN_CAMPAIGN: &str = "
INSERT INTO campaigns (id, name, name_folded, invited, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (name_folded) DO UPDATE SET invited = campaigns.invited + EXCLUDED.invited
RETURNING id";

const INSERT: &str = "
INSERT INTO invitations (id, campaign_id, channel, client_id, name, email, phone, searched, created_at)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
       CAST(value ->> 8 AS BIGINT)
FROM json_each($1) WHERE TRUE ON CONFLICT DO NOTHING";

const UNOPENED: &str = "
SELECT id FROM invitations
WHERE id IN (SELECT value ->> 0 FROM json_each($1)) AND opened_at IS NULL AND erased_at IS NULL";

const NOTE_OPENED: &str = "
UPDATE invitations SET opened_at = $2
WHERE id IN (SELECT value ->> 0 FROM json_each($1)) AND opened_at IS NULL";
