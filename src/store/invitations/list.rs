//! Invitations as they stand, newest first: each way in by its index.

use sqlx::FromRow;

use super::super::imports::seen_sql;
use super::super::ledger::json_rows;
use super::super::links::LinkRow;
use super::super::searched::contains_pattern;
use super::super::{Store, StoreError};
use crate::domain::id::{CampaignId, InvitationId, LinkId, MessageId, SessionId};
use crate::domain::invitation::{Invitation, Progress};
use crate::domain::link::Link;
use crate::domain::message::Channel;
use crate::domain::timestamp::Timestamp;

/// What a list of invitations is narrowed by.
#[derive(Debug, Clone, Default)]
pub struct InvitationFilter {
    /// Only invitations of this campaign.
    pub campaign: Option<CampaignId>,
    /// Only invitations that have come so far.
    pub progress: Option<Progress>,
    /// Only those who have not begun.
    pub has_not_acted: bool,
    /// Only invitations with this text in name, email, phone or clientId.
    pub text: Option<String>,
    /// Only invitations of this customer.
    pub client_id: Option<String>,
    /// Only this one.
    pub id: Option<InvitationId>,
    /// Only invitations that were made before this one.
    pub before: Option<InvitationId>,
    /// At most so many.
    pub limit: i64,
}

/// The latest message of an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastMessage {
    /// Names it.
    pub id: MessageId,
    /// `link`, `invitation` or `reminder`.
    pub kind: String,
    /// How it travels.
    pub channel: Channel,
    /// `pending`, `sent`, `delivered`, `failed` or `stopped`.
    pub status: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When the provider took it.
    pub sent_at: Option<Timestamp>,
    /// Why it was not sent.
    pub error: Option<String>,
}

/// An invitation, and how far it has come.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The invitation.
    pub invitation: Invitation,
    /// Its link, also one that was deleted.
    pub link: Link,
    /// What its campaign is called.
    pub campaign_name: Option<String>,
    /// What was sent of it last.
    pub message: Option<LastMessage>,
    /// The session that the person began, its state, and whether that is final.
    pub session: Option<(SessionId, String, bool)>,
    /// In one word.
    pub progress: Progress,
}

#[derive(FromRow)]
struct Row {
    id: InvitationId,
    campaign_id: Option<CampaignId>,
    campaign_name: Option<String>,
    channel: Option<String>,
    client_id: Option<String>,
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    created_at: Timestamp,
    opened_at: Option<Timestamp>,
    erased_at: Option<Timestamp>,
    session_id: Option<SessionId>,
    session_status: Option<String>,
    session_final: Option<bool>,
    message_id: Option<MessageId>,
    kind: Option<String>,
    message_channel: Option<String>,
    message_status: Option<String>,
    attempts: Option<i64>,
    sent_at: Option<Timestamp>,
    error: Option<String>,
    progress: String,
}

/// A channel as it is kept.
pub(super) fn channel(name: &str) -> Result<Channel, StoreError> {
    Channel::parse(name).map_err(|_| StoreError::Corrupt("a channel"))
}

impl Row {
    fn standing(self, link: Link) -> Result<Standing, StoreError> {
        let message = match (self.message_id, self.message_channel) {
            (Some(id), Some(by)) => Some(LastMessage {
                id,
                kind: self.kind.unwrap_or_default(),
                channel: channel(&by)?,
                status: self.message_status.unwrap_or_default(),
                attempts: self.attempts.unwrap_or_default(),
                sent_at: self.sent_at,
                error: self.error,
            }),
            _ => None,
        };
        let session = self.session_id.zip(self.session_status);
        Ok(Standing {
            invitation: Invitation {
                id: self.id,
                campaign: self.campaign_id,
                channel: self.channel.as_deref().map(channel).transpose()?,
                client_id: self.client_id,
                name: self.name,
                email: self.email,
                phone: self.phone,
                created_at: self.created_at,
                opened_at: self.opened_at,
                erased_at: self.erased_at,
            },
            link,
            campaign_name: self.campaign_name,
            message,
            session: session.map(|(id, status)| (id, status, self.session_final == Some(true))),
            progress: Progress::from_name(&self.progress),
        })
    }
}

impl Store {
    /// The invitation of that id.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn invitation(&self, id: InvitationId) -> Result<Option<Standing>, StoreError> {
        let filter = InvitationFilter {
            id: Some(id),
            limit: 1,
            ..InvitationFilter::default()
        };
        Ok(self.invitations(&filter).await?.pop())
    }

    /// Invitations, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn invitations(
        &self,
        filter: &InvitationFilter,
    ) -> Result<Vec<Standing>, StoreError> {
        let sql = match filter {
            InvitationFilter { id: Some(_), .. } => ONE,
            InvitationFilter {
                client_id: Some(_), ..
            } => LIST_OF_CLIENT,
            InvitationFilter {
                campaign: Some(_), ..
            } => LIST_OF_CAMPAIGN,
            _ => LIST,
        };
        let rows: Vec<Row> = each!(self, |db| {
            sqlx::query_as(sql)
                .bind(filter.before)
                .bind(filter.text.as_deref().map(contains_pattern))
                .bind(filter.progress.as_ref().map(Progress::as_str))
                .bind(filter.has_not_acted)
                .bind(filter.campaign)
                .bind(&filter.client_id)
                .bind(filter.id)
                .bind(filter.limit)
                .fetch_all(db.list())
                .await?
        });
        let ids: Vec<LinkId> = rows.iter().map(|row| row.id.link()).collect();
        let mut links = self.links_of(&ids).await?;
        let mut standings = Vec::with_capacity(rows.len());
        for row in rows {
            let link = links.iter().position(|link| link.terms.id == row.id.link());
            let link = link.ok_or(StoreError::Corrupt("an invitation without its link"))?;
            standings.push(row.standing(links.swap_remove(link))?);
        }
        Ok(standings)
    }

    async fn links_of(&self, ids: &[LinkId]) -> Result<Vec<Link>, StoreError> {
        let rows = json_rows(&ids.iter().map(|id| [id]).collect::<Vec<_>>());
        let rows: Vec<LinkRow> = each!(self, |db| {
            sqlx::query_as(
                "SELECT * FROM links WHERE id IN (SELECT value ->> 0 FROM json_each($1))",
            )
            .bind(&rows)
            .fetch_all(db.list())
            .await?
        });
        rows.into_iter().map(Link::try_from).collect()
    }
}

/// The session that a person began with an invitation `i`: the latest that could be started. Those that are not filed yet
/// come first, as they are hardly ever earlier than the others; whose they are is read once, not for each invitation.
macro_rules! begun_sql {
    () => {
        "COALESCE(CASE WHEN i.id IN (SELECT link_id FROM link_sessions_new) THEN
         (SELECT n.session_id FROM link_sessions_new AS n CROSS JOIN sessions AS s
          WHERE n.link_id = i.id AND s.id = n.session_id AND s.status <> 'failed' ORDER BY n.session_id DESC LIMIT 1) END,
         (SELECT f.session_id FROM link_sessions AS f CROSS JOIN sessions AS s
          WHERE f.link_id = i.id AND s.id = f.session_id AND s.status <> 'failed' ORDER BY f.session_id DESC LIMIT 1))"
    };
}
pub(in crate::store) use begun_sql;

/// The latest message of an invitation `i`.
macro_rules! told_sql {
    () => {
        "(SELECT m.id FROM messages AS m WHERE m.link_id = i.id ORDER BY m.id DESC LIMIT 1)"
    };
}
pub(in crate::store) use told_sql;

/// What invitations are listed by: first what finds them by an index, then what narrows them.
macro_rules! list_sql {
    ($found:literal) => {
        concat!(
            "
SELECT * FROM (
  SELECT t.*, c.name AS campaign_name, s.status AS session_status, s.is_final AS session_final, m.kind,
         m.channel AS message_channel, m.status AS message_status, m.attempts, m.sent_at, m.error,
         CASE WHEN s.status IN ('starting', 'active') THEN 'started' WHEN s.status IS NOT NULL THEN s.status
              WHEN t.opened_at IS NOT NULL THEN 'opened' ELSE COALESCE(m.status, 'created') END AS progress
  FROM (SELECT i.*, ",
            begun_sql!(),
            " AS session_id, ",
            told_sql!(),
            " AS message_id
        FROM invitations AS i
        WHERE ",
            $found,
            " AND ",
            seen_sql!("i.id"),
            " AND ($2 IS NULL OR i.searched LIKE $2 ESCAPE '!')
          AND ($5 IS NULL OR i.campaign_id = $5) AND ($6 IS NULL OR i.client_id = $6) AND ($7 IS NULL OR i.id = $7)) AS t
  LEFT JOIN campaigns AS c ON c.id = t.campaign_id
  LEFT JOIN sessions AS s ON s.id = t.session_id
  LEFT JOIN messages AS m ON m.id = t.message_id) AS u
WHERE ($3 IS NULL OR progress = $3) AND (NOT $4 OR session_id IS NULL)
ORDER BY id DESC LIMIT $8"
        )
    };
}

const LIST: &str = list_sql!("i.id < COALESCE($1, '~')");
const LIST_OF_CAMPAIGN: &str = list_sql!("i.campaign_id = $5 AND i.id < COALESCE($1, '~')");
const LIST_OF_CLIENT: &str = list_sql!("i.client_id = $6 AND i.id < COALESCE($1, '~')");
const ONE: &str = list_sql!("i.id = $7 AND i.id < COALESCE($1, '~')");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::tests::plan;

    #[tokio::test]
    async fn every_list_finds_its_page_by_an_index() {
        for (sql, way) in [
            (LIST, "SEARCH i USING PRIMARY KEY (id<?)"),
            (
                LIST_OF_CAMPAIGN,
                "SEARCH i USING INDEX invitations_campaign (campaign_id=? AND id<?)",
            ),
            (
                LIST_OF_CLIENT,
                "SEARCH i USING INDEX invitations_client (client_id=? AND id<?)",
            ),
            (ONE, "SEARCH i USING PRIMARY KEY (id=?)"),
        ] {
            let plan = plan(sql).await.join("; ");
            assert!(plan.contains(way), "{plan}");
            // Of what is not filed yet, for those alone who are in it.
            let few = "SCAN n; SEARCH s USING PRIMARY KEY (id=?); USE TEMP B-TREE FOR ORDER BY";
            let plan = plan.replace(few, "").replace("SCAN link_sessions_new", "");
            assert!(!plan.contains("SCAN") && !plan.contains("B-TREE"), "{plan}");
            assert!(plan.contains("f USING PRIMARY KEY (link_id=?)"), "{plan}");
        }
    }
}
