//! Campaigns of invitations, and how far their people have come.

use std::collections::BTreeMap;

use sqlx::FromRow;

use super::imports::seen_sql;
use super::invitations::list::begun_sql;
use super::links::folded;
use super::{Store, StoreError};
use crate::domain::id::CampaignId;
use crate::domain::invitation::Campaign;
use crate::domain::timestamp::Timestamp;

#[derive(FromRow)]
struct Row {
    id: CampaignId,
    name: String,
    invited: i64,
    created_at: Timestamp,
    reminded_at: Option<Timestamp>,
}

impl From<Row> for Campaign {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            invited: row.invited,
            created_at: row.created_at,
            reminded_at: row.reminded_at,
        }
    }
}

/// How many people of a campaign have come how far. Who has come further has come so far, too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Funnel {
    /// Invitations.
    pub invited: i64,
    /// Those of which a message was taken by its provider.
    pub sent: i64,
    /// Those of which a message is known to have arrived, which of emails nobody tells.
    pub delivered: i64,
    /// Those of which a message waits, and none was sent yet.
    pub waiting: i64,
    /// Those of which no message could be sent, or each came back, and none waits.
    pub failed: i64,
    /// Those of them of which a message came back.
    pub bounced: i64,
    /// Those whose page was opened by a person.
    pub opened: i64,
    /// Those who have begun.
    pub started: i64,
    /// Those who have not begun.
    pub not_acted: i64,
    /// What became of the sessions that were begun, by their state.
    pub outcomes: BTreeMap<String, i64>,
}

impl Store {
    /// The campaign of that id.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn campaign(&self, id: CampaignId) -> Result<Option<Campaign>, StoreError> {
        let row: Option<Row> = each!(self, |db| {
            sqlx::query_as("SELECT * FROM campaigns WHERE id = $1")
                .bind(id)
                .fetch_optional(db.read())
                .await?
        });
        Ok(row.map(Campaign::from))
    }

    /// The campaign of that name, in any case.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn campaign_named(&self, name: &str) -> Result<Option<Campaign>, StoreError> {
        let row: Option<Row> = each!(self, |db| {
            sqlx::query_as("SELECT * FROM campaigns WHERE name_folded = $1 AND invited > 0")
                .bind(folded(name))
                .fetch_optional(db.read())
                .await?
        });
        Ok(row.map(Campaign::from))
    }

    /// Campaigns, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn campaigns(
        &self,
        before: Option<CampaignId>,
        limit: i64,
    ) -> Result<Vec<Campaign>, StoreError> {
        let rows: Vec<Row> = each!(self, |db| {
            sqlx::query_as(
                "SELECT * FROM campaigns WHERE id < COALESCE($1, '~') AND invited > 0 ORDER BY id DESC LIMIT $2",
            )
            .bind(before)
            .bind(limit)
            .fetch_all(db.read())
            .await?
        });
        Ok(rows.into_iter().map(Campaign::from).collect())
    }

    /// How far a campaign's people have come. It looks at each of them: not for every request.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn funnel(&self, id: CampaignId) -> Result<Funnel, StoreError> {
        let rows: Vec<(Option<String>, i64, bool, i64)> = each!(self, |db| {
            sqlx::query_as(FUNNEL).bind(id).fetch_all(db.list()).await?
        });
        let mut funnel = Funnel::default();
        for (outcome, told, opened, count) in rows {
            let add = |to: &mut i64, is_so: bool| *to += if is_so { count } else { 0 };
            let has_begun = outcome.is_some();
            add(&mut funnel.invited, true);
            add(&mut funnel.delivered, told == DELIVERED);
            add(&mut funnel.sent, told >= SENT);
            add(&mut funnel.waiting, told == WAITING);
            add(&mut funnel.failed, told == FAILED || told == BOUNCED);
            add(&mut funnel.bounced, told == BOUNCED);
            add(&mut funnel.opened, opened || has_begun);
            add(&mut funnel.started, has_begun);
            add(&mut funnel.not_acted, !has_begun);
            if let Some(outcome) = outcome {
                *funnel.outcomes.entry(outcome).or_default() += count;
            }
        }
        Ok(funnel)
    }
}

// How far the messages of an invitation have come, the best of them.
const FAILED: i64 = 1;
const BOUNCED: i64 = 2;
const WAITING: i64 = 3;
const SENT: i64 = 4;
const DELIVERED: i64 = 5;

const FUNNEL: &str = concat!(
    "
SELECT outcome, told, opened, COUNT(*) AS people
FROM (SELECT (SELECT b.status FROM sessions AS b WHERE b.id = ",
    begun_sql!(),
    ") AS outcome, i.opened_at IS NOT NULL AS opened,
        CAST(COALESCE((SELECT MAX(CASE WHEN m.status = 'delivered' THEN 5 WHEN m.status = 'sent' THEN 4 WHEN m.status = 'pending' THEN 3
                                WHEN m.bounced_at IS NOT NULL THEN 2 ELSE 1 END)
                       FROM messages AS m WHERE m.link_id = i.id), 0) AS BIGINT) AS told
      FROM invitations AS i WHERE i.campaign_id = $1 AND ",
    seen_sql!("i.id"),
    ") AS t
GROUP BY outcome, told, opened"
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::tests::plan;

    #[tokio::test]
    async fn a_funnel_looks_at_nobody_else() {
        let plan = plan(FUNNEL).await.join("; ");
        for way in [
            "SEARCH i USING INDEX invitations_campaign (campaign_id=?)",
            "f USING PRIMARY KEY (link_id=?)",
            "INDEX messages_link (link_id=?)",
        ] {
            assert!(plan.contains(way), "{plan}");
        }
        assert!(!plan.contains("SCAN s"), "{plan}");
    }
}
