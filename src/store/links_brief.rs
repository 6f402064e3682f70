//! Links as other pages mention them: by name, and those that are about to end.

use sqlx::FromRow;

use super::imports::seen_sql;
use super::ledger::json_rows;
use super::{Store, StoreError};
use crate::domain::id::LinkId;
use crate::domain::timestamp::Timestamp;

/// What is mentioned of a link.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LinkBrief {
    /// Its name in the API.
    pub id: LinkId,
    /// What people call it.
    pub name: String,
    /// How many uses it has; none: any number.
    pub usage_limit: Option<i64>,
    /// How many are spent.
    pub used: i64,
    /// When its time is over.
    pub expires_at: Option<Timestamp>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
}

impl LinkBrief {
    /// Uses that are left; none: any number.
    #[must_use]
    pub fn remaining(&self) -> Option<i64> {
        self.usage_limit.map(|limit| limit - self.used)
    }
}

impl Store {
    /// The links of these ids, deleted ones too, in no order.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn links_brief(&self, ids: &[LinkId]) -> Result<Vec<LinkBrief>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<[LinkId; 1]> = ids.iter().map(|id| [*id]).collect();
        Ok(each!(self, |db| {
            sqlx::query_as(BY_ID)
                .bind(json_rows(&ids))
                .fetch_all(db.read())
                .await?
        }))
    }

    /// Links that can be used and whose time is over before `until`, the soonest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn links_expiring(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: i64,
    ) -> Result<Vec<LinkBrief>, StoreError> {
        Ok(each!(self, |db| {
            sqlx::query_as(EXPIRING)
                .bind(now)
                .bind(until)
                .bind(limit)
                .fetch_all(db.list())
                .await?
        }))
    }

    /// Links that can be used more than once and have at most a tenth of their uses left, the latest first. It looks at
    /// every link with uses to count: not for every request.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn links_running_short(
        &self,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<LinkBrief>, StoreError> {
        Ok(each!(self, |db| {
            sqlx::query_as(RUNNING_SHORT)
                .bind(now)
                .bind(limit)
                .fetch_all(db.list())
                .await?
        }))
    }
}

macro_rules! brief_sql {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, usage_limit, used, expires_at, deleted_at FROM links WHERE ",
            seen_sql!("links.id"),
            " AND ",
            $rest
        )
    };
}

const BY_ID: &str = brief_sql!("id IN (SELECT value ->> 0 FROM json_each($1))");

/// In the words of the index of links to be told of.
const EXPIRING: &str = brief_sql!(
    "expires_at IS NOT NULL AND expired_told_at IS NULL AND deactivated_at IS NULL AND deleted_at IS NULL
   AND expires_at > $1 AND expires_at <= $2 AND exhausted_at IS NULL
ORDER BY expires_at LIMIT $3"
);

/// In the words of the index.
const RUNNING_SHORT: &str = brief_sql!(
    "usage_limit > 1 AND exhausted_at IS NULL AND deactivated_at IS NULL AND deleted_at IS NULL
   AND (expires_at IS NULL OR expires_at > $1)
   AND used < usage_limit AND (usage_limit - used) * 10 <= usage_limit
ORDER BY id DESC LIMIT $2"
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::tests::plan;

    #[tokio::test]
    async fn links_are_found_by_indexes() {
        for (sql, way) in [
            (BY_ID, "SEARCH links USING INDEX"),
            (
                EXPIRING,
                "SEARCH links USING INDEX links_to_tell_expired (expires_at>? AND expires_at<?)",
            ),
            (RUNNING_SHORT, "SCAN links USING INDEX links_many_uses"),
        ] {
            let plan = plan(sql).await.join("; ");
            assert!(plan.contains(way), "{plan}");
        }
    }
}
