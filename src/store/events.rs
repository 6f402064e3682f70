//! What happened, kept in the transaction of the change it tells of, and told in one order that everyone sees alike.

use serde::Serialize;
use sqlx::FromRow;
use tokio::sync::watch;

use super::sessions::{Findings, SessionRow};
use super::{Store, StoreError};
use crate::domain::event::{Event, EventType};
use crate::domain::id::{EndpointId, EventId, LinkId, SessionId};
use crate::domain::session::{Session, Status};
use crate::domain::timestamp::Timestamp;

mod places;
mod raise;
mod signals;

pub use raise::{NewEvent, Shown, Subject};
pub(super) use raise::{News, raise};
pub use signals::Signals;

/// The channel on which PostgreSQL tells every node that there are new events.
pub(crate) const CHANNEL: &str = "entrypass_events";

/// How long events are kept at least, in milliseconds: a listener may come back so late and miss nothing.
pub const KEPT_MS: i64 = 7 * 24 * 3600 * 1000;

/// An event with what it is about, as it was then.
#[derive(Debug, Clone)]
pub struct Told {
    /// The event.
    pub event: Event,
    /// The session; erased data is missing from it however old the event is.
    pub session: Option<Session>,
    /// The link.
    pub link: Option<LinkName>,
}

/// What is told of a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkName {
    /// Its name in the API.
    pub id: LinkId,
    /// What people call it.
    pub name: String,
}

/// Which events are wanted.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Those after this place.
    pub after: i64,
    /// Those of these kinds; none: all but tests of endpoints.
    pub kinds: Vec<EventType>,
    /// Those of this link and its sessions.
    pub link_id: Option<LinkId>,
    /// At most so many.
    pub limit: i64,
}

/// A row of [`events_sql`]; the place is 0 while it has none.
#[derive(FromRow)]
pub(super) struct EventRow {
    position: i64,
    id: EventId,
    r#type: String,
    at: Timestamp,
    session_id: Option<SessionId>,
    link_id: Option<LinkId>,
    link_name: Option<String>,
    endpoint_id: Option<EndpointId>,
    detail: Option<String>,
}

impl Store {
    /// Hears whenever this process may have written new events. On PostgreSQL they have a place, and are seen, only
    /// after the next [`publish`](Self::publish).
    #[must_use]
    pub fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// Keeps events that come with no other change.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn raise(&self, events: &[NewEvent]) -> Result<(), StoreError> {
        let mut tx = self.engine.begin().await?;
        raise(&mut tx, events).await?;
        tx.commit().await?;
        self.news.tell();
        Ok(())
    }

    /// The place of the newest event that is seen; 0 before the first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn newest_event(&self) -> Result<i64, StoreError> {
        let (newest,): (i64,) = each!(self, |db| {
            sqlx::query_as("SELECT COALESCE(MAX(position), 0) FROM events")
                .fetch_one(db.read())
                .await?
        });
        Ok(newest)
    }

    /// The place of the oldest event that is still kept; 0 where there is none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn oldest_event(&self) -> Result<i64, StoreError> {
        let (oldest,): (i64,) = each!(self, |db| {
            sqlx::query_as("SELECT COALESCE(MIN(position), 0) FROM events")
                .fetch_one(db.read())
                .await?
        });
        Ok(oldest)
    }

    /// Events in their order, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn events(&self, filter: &EventFilter) -> Result<Vec<Told>, StoreError> {
        let kinds: Vec<[&str; 1]> = filter.kinds.iter().map(|kind| [kind.as_str()]).collect();
        let kinds = (!kinds.is_empty()).then(|| super::ledger::json_rows(&kinds));
        let rows: Vec<EventRow> = each!(self, |db| {
            sqlx::query_as(EVENTS)
                .bind(filter.after)
                .bind(&kinds)
                .bind(filter.link_id)
                .bind(filter.limit)
                .fetch_all(db.read())
                .await?
        });
        self.tell_of(rows).await
    }

    /// The event at a place, if it is still kept.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn event_at(&self, position: i64) -> Result<Option<Told>, StoreError> {
        let rows: Vec<EventRow> = each!(self, |db| {
            sqlx::query_as(EVENT_AT)
                .bind(position)
                .fetch_all(db.read())
                .await?
        });
        Ok(self.tell_of(rows).await?.pop())
    }

    /// The events at these places, as far as they are still kept.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn events_at(&self, positions: &[i64]) -> Result<Vec<Told>, StoreError> {
        let positions: Vec<[i64; 1]> = positions.iter().map(|position| [*position]).collect();
        let rows: Vec<EventRow> = each!(self, |db| {
            sqlx::query_as(EVENTS_AT)
                .bind(super::ledger::json_rows(&positions))
                .fetch_all(db.read())
                .await?
        });
        self.tell_of(rows).await
    }

    pub(super) async fn tell_of(&self, rows: Vec<EventRow>) -> Result<Vec<Told>, StoreError> {
        let ids: Vec<SessionId> = rows.iter().filter_map(|row| row.session_id).collect();
        let sessions = self.sessions_by_id(&ids).await?;
        rows.into_iter()
            .map(|row| {
                let session = row
                    .session_id
                    .and_then(|id| sessions.iter().find(|session| session.id == id));
                row.tell(session.cloned())
            })
            .collect()
    }

    async fn sessions_by_id(&self, ids: &[SessionId]) -> Result<Vec<Session>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<SessionRow> = each!(self, |db| {
            sqlx::query_as(
                "SELECT * FROM sessions WHERE id IN (SELECT value ->> 0 FROM json_each($1))",
            )
            .bind(super::ledger::json_rows(
                &ids.iter().map(|id| [id]).collect::<Vec<_>>(),
            ))
            .fetch_all(db.read())
            .await?
        });
        rows.into_iter().map(Session::try_from).collect()
    }

    /// Forgets events that are old and that no delivery tells of; the newest stays, as it holds the place of the next.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_events(&self, now: Timestamp) -> Result<u64, StoreError> {
        let forgotten = each!(self, |db| {
            sqlx::query(FORGET)
                .bind(now.plus_millis(-KEPT_MS))
                .execute(db.write())
                .await?
                .rows_affected()
        });
        Ok(forgotten)
    }
}

impl EventRow {
    fn tell(self, session: Option<Session>) -> Result<Told, StoreError> {
        let kind = EventType::parse(&self.r#type).ok_or(StoreError::Corrupt("events.type"))?;
        let shown = match &self.detail {
            Some(text) => {
                serde_json::from_str(text).map_err(|_| StoreError::Corrupt("events.detail"))?
            }
            None => Shown::new(&Status::Active, None, Findings::default(), None),
        };
        let event = Event {
            position: self.position,
            id: self.id,
            kind,
            at: self.at,
            session_id: self.session_id,
            link_id: self.link_id,
            endpoint_id: self.endpoint_id,
        };
        let link = self.link_id.zip(self.link_name);
        Ok(Told {
            event,
            session: session.map(|session| shown.on(session)),
            link: link.map(|(id, name)| LinkName { id, name }),
        })
    }
}

macro_rules! events_sql {
    ($rest:literal) => {
        concat!(
            "
SELECT COALESCE(events.position, 0) AS position, events.id, events.type, events.at, events.session_id,
       COALESCE(events.link_id, sessions.link_id) AS link_id, links.name AS link_name, events.endpoint_id, events.detail
FROM events LEFT JOIN sessions ON sessions.id = events.session_id
     LEFT JOIN links ON links.id = COALESCE(events.link_id, sessions.link_id) ",
            $rest
        )
    };
}
pub(super) use events_sql;

const EVENTS: &str = events_sql!(
    "WHERE events.position > $1
  AND CASE WHEN $2 IS NULL THEN events.type <> 'endpoint.test'
           ELSE events.type IN (SELECT value ->> 0 FROM json_each($2)) END
  AND ($3 IS NULL OR COALESCE(events.link_id, sessions.link_id) = $3)
ORDER BY events.position LIMIT $4"
);

const EVENT_AT: &str = events_sql!("WHERE events.position = $1");

const EVENTS_AT: &str =
    events_sql!("WHERE events.position IN (SELECT CAST(value ->> 0 AS BIGINT) FROM json_each($1))");

const FORGET: &str = "
DELETE FROM events WHERE position IN
    (SELECT position FROM (SELECT position, id, at FROM events ORDER BY position LIMIT 1000) AS oldest
     WHERE at < $1 AND position < (SELECT MAX(position) FROM events)
       AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.event_id = oldest.id))";
