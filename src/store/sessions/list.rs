//! Lists of sessions, newest first.

use super::SessionRow;
use super::list_sql::{
    LIST, LIST_OF_CLIENT, LIST_OF_LINK, LIST_OF_LINK_AND_OPEN, LIST_OF_LINK_AND_STATUS,
    LIST_OF_OPEN, LIST_OF_STATUS, LIST_OF_WORD,
};
use crate::domain::id::{LinkId, SessionId};
use crate::domain::session::Session;
use crate::domain::timestamp::Timestamp;
use crate::store::{Store, StoreError};

/// What a list of sessions is narrowed by.
#[derive(Debug, Clone, Default)]
pub struct SessionFilter {
    /// Only sessions in this state.
    pub status: Option<String>,
    /// Only sessions of this link.
    pub link_id: Option<LinkId>,
    /// Only sessions of this customer.
    pub client_id: Option<String>,
    /// Only sessions whose id, customer, scan or reference is this.
    pub word: Option<String>,
    /// Only sessions begun from this time on.
    pub from: Option<Timestamp>,
    /// Only sessions begun before this time.
    pub to: Option<Timestamp>,
    /// Only sessions started before this one.
    pub before: Option<SessionId>,
    /// At most so many.
    pub limit: i64,
}

impl SessionFilter {
    /// Below which the ids are.
    fn end(&self) -> Option<String> {
        let to = self.to.map(Timestamp::id_prefix);
        let before = self.before.map(|id| id.to_string());
        [to, before].into_iter().flatten().min()
    }

    // One statement for each way in, so that each uses its index.
    fn sql(&self) -> &'static str {
        if self.word.is_some() {
            return LIST_OF_WORD;
        }
        match (self.link_id, &self.client_id, self.status.as_deref()) {
            (Some(_), _, None) => LIST_OF_LINK,
            (None, Some(_), _) => LIST_OF_CLIENT,
            (Some(_), _, Some("starting" | "active")) => LIST_OF_LINK_AND_OPEN,
            (None, None, Some("starting" | "active")) => LIST_OF_OPEN,
            (Some(_), ..) => LIST_OF_LINK_AND_STATUS,
            (None, None, None) => LIST,
            (None, None, Some(_)) => LIST_OF_STATUS,
        }
    }
}

impl Store {
    /// Sessions, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sessions(&self, filter: &SessionFilter) -> Result<Vec<Session>, StoreError> {
        let rows: Vec<SessionRow> = each!(self, |db| {
            sqlx::query_as(filter.sql())
                .bind(filter.end())
                .bind(&filter.status)
                .bind(filter.link_id)
                .bind(filter.word.as_ref().or(filter.client_id.as_ref()))
                .bind(filter.limit)
                .bind(filter.from.map(Timestamp::id_prefix))
                .fetch_all(db.list())
                .await?
        });
        rows.into_iter().map(Session::try_from).collect()
    }
}
