//! The statements that list sessions: one for each way in, so that each uses its index.

/// From a cursor on, or from the newest: an id that no other comes after; back to a time, or to the first. Said so,
/// SQLite finds both ends by the index.
macro_rules! between_sql {
    ($id:literal) => {
        concat!(
            $id,
            " < COALESCE($1, '~') AND ",
            $id,
            " >= COALESCE($6, '')"
        )
    };
}

/// A customer's sessions: of a clientId made for one session the first 48 bits are the id's.
macro_rules! own_sql {
    () => {
        "own_client_id = $4 AND id >= substr($4, 1, 13) AND id < substr($4, 1, 13) || '~'"
    };
}

pub(super) const LIST: &str = concat!(
    "
SELECT * FROM sessions
WHERE ",
    between_sql!("id"),
    " AND ($2 IS NULL OR status = $2)
  AND ($3 IS NULL OR link_id = $3) AND ($4 IS NULL OR client_id = $4)
ORDER BY id DESC LIMIT $5"
);

/// In the words of the index, which clicks do not pay for: it leaves out the states they pass through.
pub(super) const LIST_OF_STATUS: &str = concat!(
    "
SELECT * FROM sessions
WHERE status = $2 AND status NOT IN ('starting', 'active') AND ",
    between_sql!("id"),
    " AND ($3 IS NULL OR link_id = $3) AND ($4 IS NULL OR client_id = $4)
ORDER BY id DESC LIMIT $5"
);

/// What `$of` has of the link: `link_sessions`, or `link_sessions_new` with those that are not in it yet, which are few.
macro_rules! of_link_sql {
    ($of:literal) => {
        concat!(
            $of,
            " AS f CROSS JOIN sessions WHERE f.link_id = $3 AND sessions.id = f.session_id"
        )
    };
}

/// A page of what is `$found`, by its `$id`, in a state or in any.
macro_rules! found_sql {
    ($found:expr, $id:literal, $status:literal) => {
        concat!(
            "SELECT id FROM (SELECT id FROM ",
            $found,
            " AND ",
            $status,
            " AND ",
            between_sql!($id),
            "
        AND ($3 IS NULL OR sessions.link_id = $3) AND ($4 IS NULL OR client_id = $4 OR (",
            own_sql!(),
            "))
      ORDER BY ",
            $id,
            " DESC LIMIT $5) AS found"
        )
    };
}

/// The same of sessions under way.
macro_rules! open_sql {
    ($found:expr, $id:literal) => {
        found_sql!($found, $id, "status = $2")
    };
}

pub(super) const LIST_OF_LINK: &str = concat!(
    "
SELECT * FROM sessions WHERE id IN (
    ",
    found_sql!(
        of_link_sql!("link_sessions"),
        "f.session_id",
        "($2 IS NULL OR status = $2)"
    ),
    "
    UNION ",
    found_sql!(
        of_link_sql!("link_sessions_new"),
        "f.session_id",
        "($2 IS NULL OR status = $2)"
    ),
    ")
ORDER BY id DESC LIMIT $5"
);

/// Later than the last one about which iDenfy is asked.
macro_rules! latest_sql {
    () => {
        " > COALESCE((SELECT value FROM settings WHERE name = 'asked_up_to'), '')"
    };
}

/// Those that were erased while they were under way.
macro_rules! erased_open_sql {
    () => {
        open_sql!(
            "sessions WHERE erased_at IS NOT NULL AND status IN ('starting', 'active')",
            "id"
        )
    };
}

/// Those under way, which no index has: the latest ones, those older ones about which iDenfy is asked, and those about which
/// it is not as they were erased. See [`crate::store::Store::note_unfinished`].
pub(super) const LIST_OF_OPEN: &str = concat!(
    "
SELECT * FROM sessions WHERE id IN (
    ",
    open_sql!(concat!("sessions WHERE id", latest_sql!()), "id"),
    "
    UNION ",
    open_sql!(
        "sessions WHERE id IN (SELECT session_id FROM questions)",
        "id"
    ),
    "
    UNION ",
    erased_open_sql!(),
    ")
ORDER BY id DESC LIMIT $5"
);

/// A link's own among those. Erased ones are few, and those that are not filed yet.
pub(super) const LIST_OF_LINK_AND_OPEN: &str = concat!(
    "
SELECT * FROM sessions WHERE id IN (
    ",
    open_sql!(
        concat!(
            of_link_sql!("link_sessions"),
            " AND f.session_id",
            latest_sql!()
        ),
        "f.session_id"
    ),
    "
    UNION ",
    open_sql!(
        concat!(
            of_link_sql!("link_sessions"),
            " AND f.session_id IN (SELECT session_id FROM questions)"
        ),
        "f.session_id"
    ),
    "
    UNION ",
    open_sql!(of_link_sql!("link_sessions_new"), "f.session_id"),
    "
    UNION ",
    erased_open_sql!(),
    ")
ORDER BY id DESC LIMIT $5"
);

/// As the index of states leaves some out, so does that of a link's.
pub(super) const LIST_OF_LINK_AND_STATUS: &str = concat!(
    "
SELECT * FROM sessions
WHERE link_id = $3 AND status = $2 AND status NOT IN ('starting', 'active') AND ",
    between_sql!("id"),
    " AND ($4 IS NULL OR client_id = $4 OR (",
    own_sql!(),
    "))
ORDER BY id DESC LIMIT $5"
);

/// One customer has few.
pub(super) const LIST_OF_CLIENT: &str = concat!(
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
pub(super) const LIST_OF_WORD: &str = concat!(
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
                LIST_OF_LINK_AND_STATUS,
                "SEARCH sessions USING INDEX sessions_link_status (link_id=? AND status=? AND id>? AND id<?)",
            ),
        ] {
            assert_eq!(plan(sql).await, [way], "{sql}");
        }
        let of_link = plan(LIST_OF_LINK).await.join("; ");
        let filed = "CO-ROUTINE found; SEARCH f USING PRIMARY KEY (link_id=? AND session_id>? AND session_id<?); \
                     SEARCH sessions USING PRIMARY KEY (id=?); SCAN found";
        assert!(of_link.contains(filed), "{of_link}");
        assert!(!of_link.contains("SCAN sessions"), "{of_link}");
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
            "f USING PRIMARY KEY (link_id=? AND session_id>? AND session_id<?)",
            "f USING PRIMARY KEY (link_id=? AND session_id=?)",
            "sessions_erased_open (id>? AND id<?)",
        ] {
            assert!(of_link.contains(way), "{of_link}");
        }
        assert!(!of_link.contains("SCAN sessions"), "{of_link}");
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
