//! iDenfy's events: kept once, and what they say of a session.

use sqlx::FromRow;

use super::events::{NewEvent, Shown, Subject, raise};
use super::sessions::{Findings, RELEASE_CLIENT};
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
        let news = within!(&mut tx, |c| {
            sqlx::query(
                "INSERT INTO idenfy_events (id, scan_ref, event_type, body_digest, session_id, received_at)
                 VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (body_digest, event_type) DO NOTHING",
            )
            .bind(id.to_string())
            .bind(found.is_none().then_some(&event.scan_ref))
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
        let applied = match found {
            None => Applied::NotOurs,
            Some(found) if update(&mut tx, &found, id, event).await? => Applied::Changed(found.id),
            Some(found) => Applied::Unchanged(found.id),
        };
        tx.commit().await?;
        self.news.tell();
        Ok(applied)
    }
}

/// A session is found by scanRef, else by clientId: then it is one whose mint answer was lost, or an age estimation,
/// whose step-up scan has a reference of its own. Another scan of the same customer is not ours.
async fn find(tx: &mut Tx, event: &Inbound) -> Result<Option<Found>, sqlx::Error> {
    let by_scan: Option<Found> = within!(tx, |c| {
        sqlx::query_as(
            "SELECT id, status FROM sessions WHERE scan_ref = $1 ORDER BY id DESC LIMIT 1",
        )
        .bind(&event.scan_ref)
        .fetch_optional(&mut *c)
        .await?
    });
    match (by_scan, &event.client_id) {
        (None, Some(client_id)) => within!(tx, |c| {
            sqlx::query_as(
                "SELECT id, status FROM sessions
                 WHERE (client_id = $1 OR (own_client_id = $1 AND id >= substr($1, 1, 13) AND id < substr($1, 1, 13) || '~'))
                   AND (scan_ref IS NULL OR flow = 'selfie') ORDER BY id DESC LIMIT 1",
            )
            .bind(client_id)
            .fetch_optional(c)
            .await
        }),
        (found, _) => Ok(found),
    }
}

async fn update(
    tx: &mut Tx,
    found: &Found,
    id: EventId,
    event: &Inbound,
) -> Result<bool, sqlx::Error> {
    let failed = Status::from_name(&found.status) == Status::Failed;
    let Some(verdict) = event.verdict.as_ref().filter(|_| !failed) else {
        // Of a session that failed here, only which scan it was is of use: to erase it there.
        within!(tx, |c| {
            sqlx::query("UPDATE sessions SET scan_ref = COALESCE(scan_ref, $2) WHERE id = $1")
                .bind(found.id)
                .bind(&event.scan_ref)
                .execute(c)
                .await?
                .rows_affected()
        });
        return Ok(false);
    };
    let findings = Findings::from(verdict);
    let changed = within!(tx, |c| {
        sqlx::query(APPLY)
            .bind(found.id)
            .bind(verdict.shown().as_str())
            .bind(verdict.is_final)
            .bind(verdict.provisional().as_ref().map(Status::as_str))
            .bind(serde_json::to_string(&findings).unwrap_or_default())
            .bind(event.received_at)
            .bind(&event.scan_ref)
            .bind(verdict.may_replace(true))
            .execute(c)
            .await?
            .rows_affected()
    });
    if verdict.is_final && changed > 0 {
        within!(tx, |c| sqlx::query(RELEASE_CLIENT)
            .bind(found.id)
            .execute(c)
            .await?
            .rows_affected());
    }
    if changed > 0 {
        let (status, provisional) = (verdict.shown(), verdict.provisional());
        let finished_at = verdict.is_final.then_some(event.received_at);
        let told = NewEvent {
            id,
            kind: if verdict.is_final {
                EventType::SessionFinished
            } else {
                EventType::SessionUpdated
            },
            at: event.received_at,
            subject: Subject::Session(found.id),
            shown: Some(Shown::new(
                &status,
                provisional.as_ref(),
                findings,
                finished_at,
            )),
        };
        raise(tx, &[told]).await?;
    }
    Ok(changed > 0)
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

/// Which move is legal is asked where it is made, so that two events at once cannot undo each other. A session that
/// was still `starting` has its use spent for good: the sweep does not find it any more.
const APPLY: &str = "
UPDATE sessions SET status = $2, is_final = $3, provisional = $4, result = $5, scan_ref = $7, lease_until = NULL, room = NULL,
    finished_at = CASE WHEN $3 THEN $6 ELSE finished_at END
WHERE id = $1 AND status <> 'failed' AND (NOT is_final OR $8)";
