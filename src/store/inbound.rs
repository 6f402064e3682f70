//! What iDenfy says of a session: its events, each kept once, and what was learnt by asking.

use sqlx::FromRow;

use super::deliveries::keep_body;
use super::events::{NewEvent, Shown, Subject, raise};
use super::sessions::{Findings, RELEASE_CLIENT, may_be_orphan_sql};
use super::{Store, StoreError, Tx};
use crate::domain::event::EventType;
use crate::domain::id::{EventId, SessionId};
use crate::domain::session::Status;
use crate::domain::timestamp::Timestamp;
use crate::domain::verdict::Verdict;

/// One event of iDenfy's, its signature checked.
#[derive(Debug, Clone)]
pub struct Inbound {
    /// iDenfy's name of the session.
    pub scan_ref: String,
    /// The customer.
    pub client_id: Option<String>,
    /// iDenfy's word for what happened.
    pub event_type: String,
    /// SHA-256 of the body in hex: with the event type, it tells a repeat.
    pub body_digest: String,
    /// When it came.
    pub received_at: Timestamp,
    /// The result it tells, if any.
    pub verdict: Option<Verdict>,
    /// The body itself, for endpoints that ask for it; none where it is not known.
    pub body: Option<String>,
}

/// What was learnt of a session by asking iDenfy.
#[derive(Debug, Clone)]
pub struct Learnt {
    /// Names the event that tells of it.
    pub id: EventId,
    /// When it was learnt.
    pub at: Timestamp,
    /// iDenfy's name of the session, where only now it is known.
    pub scan_ref: Option<String>,
    /// The result, if any was told.
    pub verdict: Option<Verdict>,
}

/// What an event changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// The session shows it now.
    Changed(SessionId),
    /// It is about a session of ours, but nothing newer than what is known.
    Unchanged(SessionId),
    /// It came before.
    Repeat,
    /// It is about a session of somebody else's.
    NotOurs,
}

macro_rules! stands_sql {
    () => {
        "SELECT id, status FROM sessions WHERE id = $1 AND erased_at IS NULL"
    };
}

#[derive(FromRow)]
struct Found {
    id: SessionId,
    status: String,
}

impl Store {
    /// Keeps the event and applies it, both in one transaction. `id` names the event.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn apply(&self, id: EventId, event: &Inbound) -> Result<Applied, StoreError> {
        let mut tx = self.engine.begin().await?;
        let found = find(&mut tx, event).await?;
        let found = match found {
            Some(id) => locked(&mut tx, id).await?,
            None => None,
        };
        let news = within!(&mut tx, |c| {
            sqlx::query(
                "INSERT INTO idenfy_events (id, event_type, body_digest, session_id, received_at)
                 VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (body_digest, event_type) DO NOTHING",
            )
            .bind(id)
            .bind(&event.event_type)
            .bind(&event.body_digest)
            .bind(found.as_ref().map(|found| found.id))
            .bind(event.received_at)
            .execute(c)
            .await?
            .rows_affected()
        });
        if news == 0 {
            return Ok(Applied::Repeat);
        }
        let Some(found) = found else {
            tx.commit().await?;
            return Ok(Applied::NotOurs);
        };
        let told = Learnt {
            id,
            at: event.received_at,
            scan_ref: Some(event.scan_ref.clone()),
            verdict: event.verdict.clone(),
        };
        let changed = take_in(&mut tx, &found, &told).await?;
        if let (true, Some(body), Some(verdict)) = (changed, &event.body, &event.verdict) {
            let kind = EventType::of_result(verdict.is_final);
            keep_body(&mut tx, (id, kind, event.received_at), body).await?;
        }
        tx.commit().await?;
        if !changed {
            return Ok(Applied::Unchanged(found.id));
        }
        self.news.tell();
        Ok(Applied::Changed(found.id))
    }

    /// Applies what was learnt of a session, by the rules by which its events are. Returns whether it shows anything
    /// else now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn learn(&self, session: SessionId, learnt: &Learnt) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        let Some(found) = locked(&mut tx, session).await? else {
            return Ok(false);
        };
        let changed = take_in(&mut tx, &found, learnt).await?;
        tx.commit().await?;
        if changed {
            self.news.tell();
        }
        Ok(changed)
    }
}

/// A session is found by scanRef, else by clientId: then it is one whose mint answer was lost, or an age estimation,
/// whose step-up scan has a reference of its own. Another scan of the same customer is not ours, nor is one that was
/// erased here and waits to be erased there.
async fn find(tx: &mut Tx, event: &Inbound) -> Result<Option<SessionId>, sqlx::Error> {
    let by_scan: Option<(SessionId,)> = within!(tx, |c| {
        sqlx::query_as("SELECT id FROM sessions WHERE scan_ref = $1 ORDER BY id DESC LIMIT 1")
            .bind(&event.scan_ref)
            .fetch_optional(&mut *c)
            .await?
    });
    let found = match (by_scan, &event.client_id) {
        (None, Some(client_id)) => within!(tx, |c| {
            sqlx::query_as(BY_CLIENT)
                .bind(client_id)
                .bind(&event.scan_ref)
                .fetch_optional(c)
                .await?
        }),
        (found, _) => found,
    };
    Ok(found.map(|(id,)| id))
}

/// The session as it stands, and stays until the transaction ends; none once it is erased.
async fn locked(tx: &mut Tx, id: SessionId) -> Result<Option<Found>, sqlx::Error> {
    match tx {
        // There is one writer, and it is this transaction.
        Tx::Sqlite(tx) => {
            sqlx::query_as(STANDS)
                .bind(id)
                .fetch_optional(&mut **tx)
                .await
        }
        Tx::Postgres(tx) => {
            let sql = concat!(stands_sql!(), " FOR NO KEY UPDATE");
            sqlx::query_as(sql).bind(id).fetch_optional(&mut **tx).await
        }
    }
}

/// Moves the session where that is legal and anything new, and tells of it.
async fn take_in(tx: &mut Tx, found: &Found, learnt: &Learnt) -> Result<bool, sqlx::Error> {
    let before = Status::from_name(&found.status);
    let verdict = learnt.verdict.as_ref();
    let Some(verdict) = verdict.filter(|_| before != Status::Failed) else {
        // Of a session that failed here, only which scan it was is of use: to erase it there.
        note_scan(tx, found.id, learnt).await?;
        return Ok(false);
    };
    let (status, provisional) = (verdict.shown(), verdict.provisional());
    let findings = Findings::from(verdict);
    let changed = within!(tx, |c| {
        sqlx::query(APPLY)
            .bind(found.id)
            .bind(status.as_str())
            .bind(verdict.is_final)
            .bind(provisional.as_ref().map(Status::as_str))
            .bind(findings.to_json())
            .bind(learnt.at)
            .bind(&learnt.scan_ref)
            .bind(verdict.may_replace(true))
            .execute(c)
            .await?
            .rows_affected()
    });
    if changed == 0 {
        note_scan(tx, found.id, learnt).await?;
        return Ok(false);
    }
    if verdict.is_final {
        within!(tx, |c| sqlx::query(RELEASE_CLIENT)
            .bind(found.id)
            .execute(c)
            .await?
            .rows_affected());
    }
    let finished_at = verdict.is_final.then_some(learnt.at);
    let shown = Shown::new(&status, provisional.as_ref(), findings, finished_at);
    raise(tx, &news_of(found.id, &before, learnt, shown, verdict)).await?;
    Ok(true)
}

/// What there is to tell. That it started too, where the process that started it died before it could say so.
fn news_of(
    session: SessionId,
    before: &Status,
    learnt: &Learnt,
    shown: Shown,
    verdict: &Verdict,
) -> Vec<NewEvent> {
    let mut news = Vec::new();
    let mut add = |id, kind, shown| {
        news.push(NewEvent {
            id,
            kind,
            at: learnt.at,
            subject: Subject::Session(session),
            shown,
        });
    };
    if *before == Status::Starting {
        add(EventId::of_start(session), EventType::SessionStarted, None);
    }
    if verdict.is_final {
        add(learnt.id, EventType::SessionFinished, Some(shown));
    } else if *before != Status::Starting || verdict.shown() != Status::Active {
        add(learnt.id, EventType::SessionUpdated, Some(shown));
    }
    news
}

async fn note_scan(tx: &mut Tx, id: SessionId, learnt: &Learnt) -> Result<(), sqlx::Error> {
    if let Some(scan_ref) = &learnt.scan_ref {
        within!(tx, |c| {
            sqlx::query("UPDATE sessions SET scan_ref = $2 WHERE id = $1 AND scan_ref IS NULL")
                .bind(id)
                .bind(scan_ref)
                .execute(c)
                .await?
                .rows_affected()
        });
    }
    Ok(())
}

impl From<&Verdict> for Findings {
    fn from(verdict: &Verdict) -> Self {
        let checks = verdict.checks.clone();
        Self {
            fraud: verdict.fraud_tags.clone(),
            mismatch: verdict.mismatch_tags.clone(),
            auto_document: checks.auto_document,
            auto_face: checks.auto_face,
            manual_document: checks.manual_document,
            manual_face: checks.manual_face,
        }
    }
}

const STANDS: &str = stands_sql!();

const BY_CLIENT: &str = concat!(
    "SELECT id FROM sessions
     WHERE (client_id = $1 OR (own_client_id = $1 AND id >= substr($1, 1, 13) AND id < substr($1, 1, 13) || '~'))
       AND (flow = 'selfie' OR scan_ref IS NULL AND (status <> 'failed' OR ",
    may_be_orphan_sql!(),
    "))
       AND NOT EXISTS (SELECT 1 FROM erasures WHERE erasures.scan_ref = $2)
     ORDER BY status = 'failed', id DESC LIMIT 1"
);

/// Which move is legal is asked where it is made, so that two events at once cannot undo each other, and so is whether
/// it shows anything new. A session that was still `starting` has its use spent for good: the sweep does not find it
/// any more.
const APPLY: &str = "
UPDATE sessions SET status = $2, is_final = $3, provisional = $4, result = $5, scan_ref = COALESCE($7, scan_ref),
    lease_until = NULL, room = NULL, finished_at = CASE WHEN $3 THEN $6 ELSE finished_at END
WHERE id = $1 AND status <> 'failed' AND (NOT is_final OR $8)
  AND (status <> $2 OR is_final <> $3 OR provisional IS DISTINCT FROM $4 OR result IS DISTINCT FROM $5)";
