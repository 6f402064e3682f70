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
    pub(in crate::store) fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    pub(in crate::store) fn count(&self) -> i64 {
        i64::try_from(self.sessions.len()).unwrap_or(i64::MAX)
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
                    fixed(&s.client),
                    own(&s.client),
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

fn fixed(client: &Client) -> Option<&str> {
    matches!(client, Client::Fixed(_)).then(|| client.id())
}

fn own(client: &Client) -> Option<&str> {
    matches!(client, Client::Own(_)).then(|| client.id())
}

/// The statement that inserts what was granted, up to its SELECT's source: the rows of [`Wanted::session_rows`], named
/// `asked`, which `$each` makes of a JSON array. Of each link come as many as it was granted, the first first.
macro_rules! insert_sql {
    ($insert:literal, $each:literal) => {
        concat!($insert, " INTO sessions
    (id, link_id, client_id, own_client_id, external_ref, flow, language, via, status, created_at, lease_until, room)
SELECT asked.value ->> 0, asked.value ->> 1, asked.value ->> 2, asked.value ->> 3, asked.value ->> 4,
       asked.value ->> 5, asked.value ->> 6, asked.value ->> 7, 'starting',
       CAST(asked.value ->> 8 AS BIGINT), CAST(asked.value ->> 9 AS BIGINT),
       '....................................'
FROM ", $each, "($3) AS asked ")
    };
}
pub(in crate::store) use insert_sql;
