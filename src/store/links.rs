//! Links as they are kept.

use sqlx::FromRow;

use super::imports::seen_sql;
use super::invitations::erase::forget_invitations;
use super::searched::contains_pattern;
pub use super::searched::folded;
use super::{Store, StoreError};
use crate::domain::audit::Action;
use crate::domain::flow::Flow;
use crate::domain::id::LinkId;
use crate::domain::link::{Link, LinkStatus, LinkTerms};
use crate::domain::locale::Locale;
use crate::domain::secret::Secret;
use crate::domain::slug::Slug;
use crate::domain::timestamp::Timestamp;
use crate::domain::token_options::TokenOptions;
use crate::domain::usage::Usage;

/// What a list of links is narrowed by.
#[derive(Debug, Clone, Default)]
pub struct LinkFilter {
    /// Only links of this status.
    pub status: Option<LinkStatus>,
    /// Only links with this text in name or slug.
    pub text: Option<String>,
    /// Only the link with this slug.
    pub slug: Option<String>,
    /// Only links that come after this one in the list.
    pub before: Option<LinkId>,
    /// In which order.
    pub sort: LinkSort,
    /// At most so many.
    pub limit: i64,
}

/// The orders that an index supports. One by the last use is not among them: each click would pay for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkSort {
    /// The newest first.
    #[default]
    Newest,
    /// By name, without regard to case.
    Name,
}

/// What became of switching a link on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activated {
    /// It is on.
    Done,
    /// It is expired or exhausted and stays so.
    Over,
    /// There is no such link.
    NotFound,
}

#[derive(FromRow)]
pub(super) struct LinkRow {
    id: LinkId,
    slug: Slug,
    name: String,
    usage_kind: String,
    usage_limit: Option<i64>,
    used: i64,
    expires_at: Option<Timestamp>,
    language: Option<String>,
    flow: String,
    confirm: bool,
    resume: bool,
    accept_ref: bool,
    inactive_message: Option<String>,
    signing_secret: Option<String>,
    token: String,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
    deactivated_at: Option<Timestamp>,
    deleted_at: Option<Timestamp>,
}

impl TryFrom<LinkRow> for Link {
    type Error = StoreError;

    fn try_from(row: LinkRow) -> Result<Self, StoreError> {
        let language = row.language.as_deref().map(Locale::parse).transpose();
        let token = serde_json::from_str(&row.token);
        Ok(Self {
            terms: LinkTerms {
                id: row.id,
                slug: row.slug,
                usage: Usage::from_parts(&row.usage_kind, row.usage_limit)
                    .ok_or(StoreError::Corrupt("links.usage_kind"))?,
                expires_at: row.expires_at,
                language: language.map_err(|_| StoreError::Corrupt("links.language"))?,
                flow: Flow::parse(&row.flow).map_err(|_| StoreError::Corrupt("links.flow"))?,
                confirm: row.confirm,
                resume: row.resume,
                accept_ref: row.accept_ref,
                signed: row.signing_secret.is_some(),
                token: TokenOptions::from_stored(
                    token.map_err(|_| StoreError::Corrupt("links.token"))?,
                ),
                created_at: row.created_at,
            },
            name: row.name,
            inactive_message: row.inactive_message,
            signing_secret: row.signing_secret.map(Secret::new),
            used: row.used,
            last_used_at: row.last_used_at,
            deactivated_at: row.deactivated_at,
            deleted_at: row.deleted_at,
        })
    }
}

impl Store {
    /// The link of that id, unless it was deleted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn link(&self, id: LinkId) -> Result<Option<Link>, StoreError> {
        let row: Option<LinkRow> = each!(self, |db| {
            sqlx::query_as(concat!(
                "SELECT * FROM links WHERE id = $1 AND deleted_at IS NULL AND ",
                seen_sql!("links.id")
            ))
            .bind(id)
            .fetch_optional(db.read())
            .await?
        });
        row.map(Link::try_from).transpose()
    }

    /// The link of that slug, deleted ones too.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn link_by_slug(&self, slug: &Slug) -> Result<Option<Link>, StoreError> {
        let row: Option<LinkRow> = each!(self, |db| {
            sqlx::query_as(concat!(
                "SELECT * FROM links WHERE slug = $1 AND ",
                seen_sql!("links.id")
            ))
            .bind(slug)
            .fetch_optional(db.read())
            .await?
        });
        row.map(Link::try_from).transpose()
    }

    /// Links that are not deleted, in the order of the filter.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn links(
        &self,
        filter: &LinkFilter,
        now: Timestamp,
    ) -> Result<Vec<Link>, StoreError> {
        let pattern = filter.text.as_deref().map(contains_pattern);
        let sql = match (&filter.slug, filter.sort) {
            (Some(_), _) => LIST_OF_SLUG,
            (None, LinkSort::Newest) => LIST,
            (None, LinkSort::Name) => LIST_BY_NAME,
        };
        let rows: Vec<LinkRow> = each!(self, |db| {
            sqlx::query_as(sql)
                .bind(filter.before)
                .bind(&filter.slug)
                .bind(pattern)
                .bind(filter.status.map(LinkStatus::as_str))
                .bind(now)
                .bind(filter.limit)
                .fetch_all(db.list())
                .await?
        });
        rows.into_iter().map(Link::try_from).collect()
    }

    /// Changes name and message where given; `Some(None)` clears the message. False: there is no such link.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn update_link(
        &self,
        id: LinkId,
        name: Option<&str>,
        message: Option<Option<&str>>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        let done = within!(&mut tx, |c| {
            sqlx::query(
                "UPDATE links SET name = COALESCE($2, name), name_folded = COALESCE($5, name_folded),
                        inactive_message = CASE WHEN $3 THEN $4 ELSE inactive_message END
                 WHERE id = $1 AND deleted_at IS NULL",
            )
            .bind(id)
            .bind(name)
            .bind(message.is_some())
            .bind(message.flatten())
            .bind(name.map(folded))
            .execute(c)
            .await?
            .rows_affected()
        });
        let changed = match (name, message) {
            (Some(_), Some(_)) => Some("name, inactive_message"),
            (Some(_), None) => Some("name"),
            (None, Some(_)) => Some("inactive_message"),
            (None, None) => None,
        };
        self.end_noted(tx, done, Action::LinkUpdated, id, changed)
            .await
    }

    /// Switches a link off. False: there is no such link.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn deactivate_link(&self, id: LinkId, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE links SET deactivated_at = COALESCE(deactivated_at, $2)
                 WHERE id = $1 AND deleted_at IS NULL";
        self.switch(sql, Action::LinkDeactivated, id, now).await
    }

    /// Switches a link on, unless its time is over, its uses are spent or whom it invited was erased.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn activate_link(&self, id: LinkId, now: Timestamp) -> Result<Activated, StoreError> {
        let sql = "UPDATE links SET deactivated_at = NULL
                 WHERE id = $1 AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > $2)
                   AND (usage_limit IS NULL OR used < usage_limit)
                   AND NOT EXISTS (SELECT 1 FROM invitations AS i WHERE i.id = links.id AND i.erased_at IS NOT NULL)";
        let done = self.switch(sql, Action::LinkActivated, id, now).await?;
        let is_known = done || self.link(id).await?.is_some();
        Ok(match (done, is_known) {
            (true, _) => Activated::Done,
            (_, true) => Activated::Over,
            _ => Activated::NotFound,
        })
    }

    /// Deletes a link: its URL is gone for good and its slug is never given out again; what went along to iDenfy, to whom
    /// it was sent, both of which may name a person, and what was signed with are forgotten. False: there is none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn delete_link(&self, id: LinkId, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE links SET deleted_at = $2, token = '{}', signing_secret = CASE WHEN signing_secret IS NOT NULL THEN '' END
                 WHERE id = $1 AND deleted_at IS NULL";
        let done = self.switch(sql, Action::LinkDeleted, id, now).await?;
        self.engine.cut_log_soon();
        Ok(done)
    }

    /// Changes one link and notes it. False: there is none that can be changed so.
    async fn switch(
        &self,
        sql: &'static str,
        action: Action,
        id: LinkId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        let done = within!(&mut tx, |c| sqlx::query(sql)
            .bind(id)
            .bind(now)
            .execute(c)
            .await?
            .rows_affected());
        if action == Action::LinkDeleted {
            super::messages::forget_link(&mut tx, id, now).await?;
            forget_invitations(&mut tx, &[id], now).await?;
        }
        self.end_noted(tx, done, action, id, None).await
    }
}

/// What links are listed by: first what finds them by an index, then what narrows them. The same order of reasons as
/// [`Link::status`]. Every column of it is in the index that finds them, so that only those that are listed are read whole;
/// for a link is used up for good once that was told, and those of which it is yet to be told are few.
macro_rules! list_sql {
    ($found:literal, $order:literal) => {
        concat!(
            "
SELECT * FROM links
WHERE ",
            $found,
            " AND deleted_at IS NULL AND ",
            seen_sql!("links.id"),
            "
  AND ($3 IS NULL OR name_folded LIKE $3 ESCAPE '!' OR slug LIKE $3 ESCAPE '!')
  AND ($4 IS NULL OR $4 = CASE
        WHEN deactivated_at IS NOT NULL THEN 'deactivated'
        WHEN expires_at <= $5 THEN 'expired'
        WHEN exhausted_told_at IS NOT NULL THEN 'exhausted'
        WHEN id IN (SELECT id FROM links
            WHERE exhausted_at IS NOT NULL AND exhausted_told_at IS NULL AND deactivated_at IS NULL AND deleted_at IS NULL
              AND used >= usage_limit) THEN 'exhausted'
        ELSE 'active' END)
ORDER BY ",
            $order,
            " LIMIT $6"
        )
    };
}

/// From a cursor on, or from the newest: an id that no other comes after.
const LIST: &str = list_sql!("id < COALESCE($1, '~') AND $2 IS NULL", "id DESC");
const LIST_OF_SLUG: &str = list_sql!("slug = lower($2) AND ($1 IS NULL OR id < $1)", "id DESC");
/// No name is empty.
const LIST_BY_NAME: &str = list_sql!(
    "(name_folded, id) > (COALESCE((SELECT name_folded FROM links WHERE id = $1), ''), COALESCE($1, ''))
  AND $2 IS NULL",
    "name_folded, id"
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::tests::plan;

    #[tokio::test]
    async fn every_list_finds_its_page_by_an_index() {
        let newest = plan(LIST).await.join("; ");
        assert!(newest.contains("INDEX links_found (id<?)"), "{newest}");
        assert!(
            !newest.contains("SCAN") && !newest.contains("B-TREE"),
            "{newest}"
        );
        let by_name = plan(LIST_BY_NAME).await.join("; ");
        assert!(
            by_name.contains("INDEX links_name ((name_folded,id)>"),
            "{by_name}"
        );
        assert!(
            !by_name.contains("SCAN") && !by_name.contains("B-TREE"),
            "{by_name}"
        );
        let of_slug = plan(LIST_OF_SLUG).await.join("; ");
        assert!(of_slug.contains("(slug=?)"), "{of_slug}");
    }
}
