//! Keeping events, in the transaction of the change they tell of.

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::domain::event::EventType;
use crate::domain::id::{EndpointId, EventId, LinkId, SessionId};
use crate::domain::session::{Session, Status};
use crate::domain::timestamp::Timestamp;
use crate::store::Tx;
use crate::store::sessions::Findings;

/// An event about to be kept.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Its name.
    pub id: EventId,
    /// What happened.
    pub kind: EventType,
    /// When.
    pub at: Timestamp,
    /// What it happened to.
    pub subject: Subject,
    /// What a session showed then; none where it was just started.
    pub shown: Option<Shown>,
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A session.
    Session(SessionId),
    /// A link.
    Link(LinkId),
    /// An endpoint.
    Endpoint(EndpointId),
    /// iDenfy.
    Idenfy,
}

/// What a session showed when something happened to it; nothing personal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Shown {
    status: String,
    is_final: bool,
    provisional: Option<String>,
    #[serde(flatten)]
    findings: Findings,
    finished_at: Option<i64>,
}

/// Says that there may be new events. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::store) struct News(watch::Sender<()>);

impl Default for News {
    fn default() -> Self {
        Self(watch::Sender::new(()))
    }
}

impl News {
    pub(in crate::store) fn tell(&self) {
        self.0.send_replace(());
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }
}

/// Keeps events in the transaction of the change they tell of; whoever commits it calls [`News::tell`] then.
pub(in crate::store) async fn raise(tx: &mut Tx, events: &[NewEvent]) -> Result<(), sqlx::Error> {
    for event in events {
        let (mut session, mut link, mut endpoint) = (None, None, None);
        match event.subject {
            Subject::Session(id) => session = Some(id),
            Subject::Link(id) => link = Some(id),
            Subject::Endpoint(id) => endpoint = Some(id),
            Subject::Idenfy => {}
        }
        let detail = event.shown.as_ref().map(serde_json::to_string);
        let detail = detail.map(|text| text.expect("plain structs of text always serialise"));
        within!(tx, |c| sqlx::query(RAISE)
            .bind(event.id)
            .bind(event.kind.as_str())
            .bind(event.at)
            .bind(session)
            .bind(link)
            .bind(endpoint)
            .bind(detail)
            .execute(c)
            .await?
            .rows_affected());
    }
    Ok(())
}

impl Shown {
    pub(in crate::store) fn new(
        status: &Status,
        provisional: Option<&Status>,
        findings: Findings,
        finished_at: Option<Timestamp>,
    ) -> Self {
        Self {
            status: status.as_str().to_owned(),
            is_final: finished_at.is_some(),
            provisional: provisional.map(|status| status.as_str().to_owned()),
            findings,
            finished_at: finished_at.map(Timestamp::millis),
        }
    }

    /// The session as it was then.
    pub(super) fn on(self, session: Session) -> Session {
        Session {
            status: Status::from_name(&self.status),
            is_final: self.is_final,
            provisional: self.provisional.as_deref().map(Status::from_name),
            finished_at: self.finished_at.map(Timestamp::from_millis),
            ..self.findings.on(session)
        }
    }
}

const RAISE: &str = "
INSERT INTO events (id, type, at, session_id, link_id, endpoint_id, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)";
