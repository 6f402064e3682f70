//! What a commit asks for: so many uses of each link, and the sessions they are for.

use std::collections::BTreeMap;

use super::batch::json_rows;
use super::{Client, NewSession};
use crate::domain::id::{LinkId, SessionId};
use crate::domain::timestamp::Timestamp;

/// Uses wanted, and by whom.
#[derive(Debug, Default)]
pub(in crate::store) struct Wanted<'a> {
    links: BTreeMap<LinkId, (i64, Timestamp)>,
    /// Each with its place among those of the same link, from 1.
    sessions: Vec<(&'a NewSession, i64)>,
}

impl<'a> Wanted<'a> {
    pub(super) fn add(&mut self, session: &'a NewSession) {
        let mut place = 0;
        if let Some(link) = session.link_id {
            let (wanted, at) = self.links.entry(link).or_insert((0, session.created_at));
            *wanted += 1;
            *at = (*at).max(session.created_at);
            place = *wanted;
        }
        self.sessions.push((session, place));
    }

    /// Whether nothing is wanted.
    pub(in crate::store) const fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Whether nothing that was promised is broken should a power cut undo it before a visitor is answered.
    pub(in crate::store) fn needs_no_flush(&self) -> bool {
        self.sessions.iter().all(|(session, _)| session.unlimited)
    }

    /// The links, in the order of their ids: how many uses are wanted of each, and when.
    pub(in crate::store) fn links(&self) -> impl Iterator<Item = (LinkId, i64, Timestamp)> {
        self.links.iter().map(|(id, (n, at))| (*id, *n, *at))
    }

    /// The sessions, each with its place among those of the same link, from 1.
    pub(in crate::store) fn iter(&self) -> impl Iterator<Item = (&NewSession, i64)> {
        self.sessions.iter().copied()
    }

    pub(in crate::store) fn ids(&self) -> impl Iterator<Item = SessionId> {
        self.sessions.iter().map(|(session, _)| session.id)
    }

    /// Rows of link, number of uses, time; in the order of the links' ids.
    pub(in crate::store) fn link_rows(&self) -> String {
        let rows: Vec<_> = self
            .links
            .iter()
            .map(|(id, (n, at))| (id, n, at.millis()))
            .collect();
        json_rows(&rows)
    }

    /// Rows of what the statement below inserts, and the place.
    pub(in crate::store) fn session_rows(&self) -> String {
        let rows: Vec<_> = self
            .sessions
            .iter()
            .map(|(s, place)| {
                (
                    s.id,
                    s.link_id,
                    s.client.fixed(),
                    s.client.own(),
                    &s.external_ref,
                    s.flow,
                    s.language,
                    &s.via,
                    s.created_at.millis(),
                    s.lease_until.millis(),
                    place,
                )
            })
            .collect();
        json_rows(&rows)
    }
}

impl Client {
    pub(in crate::store) fn fixed(&self) -> Option<&str> {
        matches!(self, Self::Fixed(_)).then(|| self.id())
    }

    pub(in crate::store) fn own(&self) -> Option<&str> {
        matches!(self, Self::Own(_)).then(|| self.id())
    }
}

/// What is wanted, out of the array `$rows` that `$each` makes rows of.
macro_rules! asked_sql {
    ($each:literal, $rows:literal) => {
        concat!(
            "(SELECT value ->> 0 AS id, value ->> 1 AS link_id, value ->> 2 AS client_id, value ->> 3 AS own_client_id,
             value ->> 4 AS external_ref, value ->> 5 AS flow, value ->> 6 AS language, value ->> 7 AS via,
             CAST(value ->> 8 AS BIGINT) AS created_at, CAST(value ->> 9 AS BIGINT) AS lease_until,
             CAST(value ->> 10 AS BIGINT) AS place FROM ",
            $each,
            "(",
            $rows,
            "))"
        )
    };
}
pub(in crate::store) use asked_sql;

/// What of a session is inserted by a statement that begins with `$insert`.
macro_rules! insert_sql {
    ($insert:literal) => {
        concat!(
            $insert,
            " INTO sessions
    (id, link_id, client_id, own_client_id, external_ref, flow, language, via, status, created_at, lease_until, room) "
        )
    };
}
pub(in crate::store) use insert_sql;

/// What keeps room for that which is recorded later.
macro_rules! room_sql {
    () => {
        "'....................................'"
    };
}
pub(in crate::store) use room_sql;

/// The statement that inserts what was granted, up to its SELECT's condition. Of each link come as many as it was
/// granted, the first first.
macro_rules! insert_asked_sql {
    ($($asked:tt)+) => {
        concat!($crate::store::ledger::wanted::insert_sql!("INSERT"), "SELECT asked.id, asked.link_id, asked.client_id, asked.own_client_id, asked.external_ref, asked.flow, asked.language,
       asked.via, 'starting', asked.created_at, asked.lease_until, ", $crate::store::ledger::wanted::room_sql!(), "
FROM ", $($asked)+, " AS asked ")
    };
}
pub(in crate::store) use insert_asked_sql;
