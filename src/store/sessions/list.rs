//! Lists of sessions, newest first: each way in by its index.

use super::SessionRow;
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

/// From a cursor on, or from the newest: an id that no other comes after; back to a time, or to the first. Said so,
/// SQLite finds both ends by the index.
macro_rules! between_sql {
    () => {
        "id < COALESCE($1, '~') AND id >= COALESCE($6, '')"
    };
}

/// A customer's sessions: of a clientId made for one session the first 48 bits are the id's.
macro_rules! own_sql {
    () => {
        "own_client_id = $4 AND id >= substr($4, 1, 13) AND id < substr($4, 1, 13) || '~'"
    };
}

const LIST: &str = concat!(
    "
SELECT * FROM sessions
WHERE ",
    between_sql!(),
    " AND ($2 IS NULL OR status = $2)
  AND ($3 IS NULL OR link_id = $3) AND ($4 IS NULL OR client_id = $4)
ORDER BY id DESC LIMIT $5"
);

/// In the words of the index, which clicks do not pay for: it leaves out the states they pass through.
const LIST_OF_STATUS: &str = concat!(
    "
SELECT * FROM sessions
WHERE status = $2 AND status NOT IN ('starting', 'active') AND ",
    between_sql!(),
    " AND ($3 IS NULL OR link_id = $3) AND ($4 IS NULL OR client_id = $4)
ORDER BY id DESC LIMIT $5"
);

const LIST_OF_LINK: &str = concat!(
    "
SELECT * FROM sessions
WHERE link_id = $3 AND ",
    between_sql!(),
    " AND ($2 IS NULL OR status = $2) AND ($4 IS NULL OR client_id = $4 OR (",
    own_sql!(),
    "))
ORDER BY id DESC LIMIT $5"
);

/// What narrows the sessions under way.
macro_rules! open_sql {
    ($found:expr) => {
        concat!(
            "SELECT id FROM (SELECT id FROM sessions WHERE ",
            $found,
            " AND status = $2 AND ",
            between_sql!(),
            "
        AND ($3 IS NULL OR link_id = $3) AND ($4 IS NULL OR client_id = $4 OR (",
            own_sql!(),
            "))
      ORDER BY id DESC LIMIT $5) AS found"
        )
    };
}

/// Later than the last one about which iDenfy is asked.
macro_rules! latest_sql {
    () => {
        "id > COALESCE((SELECT value FROM settings WHERE name = 'asked_up_to'), '')"
    };
}

/// Those under way, which no index has: the latest ones, those older ones about which iDenfy is asked, and those about which
/// it is not as they were erased. See [`Store::note_unfinished`].
const LIST_OF_OPEN: &str = concat!(
    "
SELECT * FROM sessions WHERE id IN (
    ",
    open_sql!(latest_sql!()),
    "
    UNION ",
    open_sql!("id IN (SELECT session_id FROM questions)"),
    "
    UNION ",
    open_sql!("erased_at IS NOT NULL AND status IN ('starting', 'active')"),
    ")
ORDER BY id DESC LIMIT $5"
);

/// A link's own among those, by the index of links. Erased ones are few.
const LIST_OF_LINK_AND_OPEN: &str = concat!(
    "
SELECT * FROM sessions WHERE id IN (
    ",
    open_sql!(concat!("link_id = $3 AND ", latest_sql!())),
    "
    UNION ",
    open_sql!("link_id = $3 AND id IN (SELECT session_id FROM questions)"),
    "
    UNION ",
    open_sql!("erased_at IS NOT NULL AND status IN ('starting', 'active')"),
    ")
ORDER BY id DESC LIMIT $5"
);

/// As the index of states leaves some out, so does that of a link's.
const LIST_OF_LINK_AND_STATUS: &str = concat!(
    "
SELECT * FROM sessions
WHERE link_id = $3 AND status = $2 AND status NOT IN ('starting', 'active') AND ",
    between_sql!(),
    " AND ($4 IS NULL OR client_id = $4 OR (",
    own_sql!(),
    "))
ORDER BY id DESC LIMIT $5"
);

/// One customer has few.
const LIST_OF_CLIENT: &str = concat!(
    "
SELECT * FROM sessions
WHERE (client_id = $4 OR (",
    own_sql!(),
    "))
  AND ($1 IS NULL OR id < $1) AND ($2 IS NULL OR status = $2) AND ($3 IS NULL OR link_id = $3)
  AND ($6 IS NULL OR id >= $6)
ORDER BY id DESC LIMIT $5"
);

/// The ids that one of the words of a session finds.
macro_rules! of_word_sql {
    ($found:expr) => {
        concat!(
            "SELECT id FROM (SELECT id FROM sessions WHERE ",
            $found,
            " AND id < COALESCE($1, '~')
        AND ($2 IS NULL OR status = $2) AND ($3 IS NULL OR link_id = $3) AND ($6 IS NULL OR id >= $6)
      ORDER BY id DESC LIMIT $5) AS found"
        )
    };
}

/// Many may have come with one reference, so each way in ends after a page.
const LIST_OF_WORD: &str = concat!(
    "
SELECT * FROM sessions WHERE id IN (
    ",
    of_word_sql!("id = $4"),
    "
    UNION ",
    of_word_sql!("client_id = $4"),
    "
    UNION ",
    of_word_sql!(own_sql!()),
    "
    UNION ",
    of_word_sql!("scan_ref = $4"),
    "
    UNION ",
    of_word_sql!("external_ref = $4"),
    ")
ORDER BY id DESC LIMIT $5"
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::tests::plan;

    #[tokio::test]
    async fn every_list_finds_its_page_by_an_index() {
        for (sql, way) in [
            (LIST, "SEARCH sessions USING PRIMARY KEY (id>? AND id<?)"),
            (
                LIST_OF_STATUS,
                "SEARCH sessions USING INDEX sessions_status (status=? AND id>? AND id<?)",
            ),
            (
                LIST_OF_LINK,
                "SEARCH sessions USING INDEX sessions_link (link_id=? AND id>? AND id<?)",
            ),
            (
                LIST_OF_LINK_AND_STATUS,
                "SEARCH sessions USING INDEX sessions_link_status (link_id=? AND status=? AND id>? AND id<?)",
            ),
        ] {
            assert_eq!(plan(sql).await, [way], "{sql}");
        }
        let open = plan(LIST_OF_OPEN).await.join("; ");
        for way in [
            "sessions USING PRIMARY KEY (id>? AND id<?)",
            "sqlite_autoindex_questions_1 FOR IN-OPERATOR",
            "sessions_erased_open (id>? AND id<?)",
        ] {
            assert!(open.contains(way), "{open}");
        }
        let of_link = plan(LIST_OF_LINK_AND_OPEN).await.join("; ");
        for way in [
            "sessions USING INDEX sessions_link (link_id=? AND id>? AND id<?)",
            "sessions USING INDEX sessions_link (link_id=? AND id=?)",
            "sessions_erased_open (id>? AND id<?)",
        ] {
            assert!(of_link.contains(way), "{of_link}");
        }
        for sql in [LIST_OF_CLIENT, LIST_OF_WORD] {
            let way = plan(sql).await.join("; ");
            assert!(way.contains("INDEX sessions_client (client_id=?"), "{way}");
            assert!(!way.contains("SCAN sessions"), "{way}");
        }
        let of_word = plan(LIST_OF_WORD).await.join("; ");
        for index in [
            "sessions_scan_ref (scan_ref=?",
            "sessions_reference (external_ref=?",
        ] {
            assert!(of_word.contains(index), "{of_word}");
        }
    }
}
