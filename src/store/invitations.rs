//! People who are invited: their links, and how far each has come.

use super::imports::Imported;
use super::ledger::json_rows;
use super::links::folded;
use super::links_made::{self, in_chunks, insert};
use super::messages::queue;
use super::{Store, StoreError, Tx};
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
        let first = first.link.terms.id;
        let campaign = match campaign {
            Some(wanted) => Some(self.campaign_for(wanted).await?),
            None => None,
        };
        for one in &mut *invited {
            one.invitation.campaign = campaign.as_ref().map(|campaign| campaign.id);
        }
        // On SQLite clicks wait from the transaction's beginning to its end, so what can be done before is.
        let links = in_chunks(invited, |one| &one.link, links_made::rows).await;
        let people = in_chunks(invited, |one| &one.invitation, rows).await;
        let messages = invited_messages(invited, message_id);
        let mut tx = self.engine.begin().await?;
        if !insert(&mut tx, links_made::INSERT, links).await?
            || !insert(&mut tx, INSERT, people).await?
        {
            drop(tx);
            let links: Vec<&Link> = invited.iter().map(|one| &one.link).collect();
            return Ok(Err(self.first_taken(&links).await?));
        }
        queue(&mut tx, &messages).await?;
        if invited.len() > 1 {
            let what = Imported::Invitations(invited.len(), campaign.as_ref());
            self.end_import(tx, first, what).await?;
            return Ok(Ok(()));
        }
        self.note(&mut tx, Action::InvitationCreated, first, None)
            .await?;
        if let Some(campaign) = &campaign {
            count(&mut tx, campaign, 1).await?;
        }
        tx.commit().await?;
        Ok(Ok(()))
    }

    /// The campaign of that name, which is made where there is none. Nobody sees it before somebody is invited in it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn campaign_for(&self, wanted: &Campaign) -> Result<Campaign, StoreError> {
        let name = folded(&wanted.name);
        let mut found = self.campaign_kept(&name).await?;
        if found.is_none() {
            each!(self, |db| sqlx::query(MAKE_CAMPAIGN)
                .bind(wanted.id)
                .bind(&wanted.name)
                .bind(&name)
                .bind(wanted.created_at)
                .execute(db.write())
                .await?
                .rows_affected());
            found = self.campaign_kept(&name).await?;
        }
        let id = found.ok_or(StoreError::Unavailable)?;
        Ok(Campaign {
            id,
            ..wanted.clone()
        })
    }

    async fn campaign_kept(&self, name: &str) -> Result<Option<CampaignId>, StoreError> {
        let found: Option<(CampaignId,)> = each!(self, |db| {
            sqlx::query_as("SELECT id FROM campaigns WHERE name_folded = $1")
                .bind(name)
                .fetch_optional(db.read())
                .await?
        });
        Ok(found.map(|(id,)| id))
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

/// Counts people in their campaign.
pub(super) async fn count(
    tx: &mut Tx,
    campaign: &Campaign,
    many: usize,
) -> Result<(), sqlx::Error> {
    within!(tx, |c| sqlx::query(COUNT)
        .bind(campaign.id)
        .bind(i64::try_from(many).unwrap_or(i64::MAX))
        .bind(&campaign.name)
        .bind(campaign.created_at)
        .execute(c)
        .await?
        .rows_affected());
    Ok(())
}

/// What is sent of invitations.
pub(super) fn invited_messages(
    invited: &[Invited],
    message_id: impl Fn() -> MessageId,
) -> Vec<NewMessage> {
    let each = invited.iter().map(|one| (&one.invitation, &one.link));
    each.filter_map(|(one, link)| message(one, link, MessageKind::Invitation, message_id()))
        .collect()
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

pub(super) fn rows(invitations: &[&Invitation]) -> String {
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

const MAKE_CAMPAIGN: &str = "
INSERT INTO campaigns (id, name, name_folded, invited, created_at) VALUES ($1, $2, $3, 0, $4) ON CONFLICT DO NOTHING";

/// Of one that nobody has seen yet, name and time are those of whoever invites first.
const COUNT: &str = "
UPDATE campaigns SET invited = invited + $2,
    name = CASE WHEN invited = 0 THEN $3 ELSE name END, created_at = CASE WHEN invited = 0 THEN $4 ELSE created_at END
WHERE id = $1";

macro_rules! insert_sql {
    ($each:literal) => {
        concat!(
            "
INSERT INTO invitations (id, campaign_id, channel, client_id, name, email, phone, searched, created_at)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
       CAST(value ->> 8 AS BIGINT)
FROM ",
            $each,
            "($1) WHERE TRUE ON CONFLICT DO NOTHING"
        )
    };
}

pub(super) const INSERT: links_made::Sql = [insert_sql!("jsonb_each"), insert_sql!("json_each")];

const UNOPENED: &str = "
SELECT id FROM invitations
WHERE id IN (SELECT value ->> 0 FROM json_each($1)) AND opened_at IS NULL AND erased_at IS NULL";

const NOTE_OPENED: &str = "
UPDATE invitations SET opened_at = $2
WHERE id IN (SELECT value ->> 0 FROM json_each($1)) AND opened_at IS NULL";
