//! Settling attempts: what became of them, and what follows for the endpoint.

use std::collections::BTreeSet;

use super::bodies::erase_ended;
use super::claim::Claimed;
use super::give_up_all;
use crate::domain::audit::Action;
use crate::domain::event::EventType;
use crate::domain::id::{DeliveryId, EndpointId, EventId};
use crate::domain::timestamp::{DAY_MS, Timestamp};
use crate::store::events::{NewEvent, Subject, raise};
use crate::store::ledger::json_rows;
use crate::store::{Store, StoreError, Tx};

/// An endpoint where nothing worked for so long is switched off, in milliseconds.
pub const FAILING_MAX_MS: i64 = 5 * DAY_MS;

/// A delivery that was tried.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Which.
    pub claimed: Claimed,
    /// When.
    pub at: Timestamp,
    /// The HTTP status that was answered.
    pub status: Option<u16>,
    /// How long it took.
    pub duration_ms: i64,
    /// Why it failed, in words of ours.
    pub error: Option<&'static str>,
    /// The first 1 KiB of what was answered.
    pub response: Option<String>,
    /// What follows.
    pub outcome: Outcome,
    /// Names the event that tells that the endpoint was switched off, should it be.
    pub alarm: EventId,
}

/// What follows from an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The endpoint has it.
    Delivered,
    /// It is tried again.
    Again {
        /// When.
        at: Timestamp,
        /// Before which the endpoint asked not to be.
        not_before: Option<Timestamp>,
    },
    /// It is not tried again.
    GivenUp,
    /// The endpoint says that it is gone: it is switched off.
    Gone,
}

impl Store {
    /// Notes what became of attempts, all in one transaction. Returns the endpoints that were switched off.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn settle(
        &self,
        attempts: &[Attempt],
        now: Timestamp,
    ) -> Result<Vec<EndpointId>, StoreError> {
        let mut tx = self.engine.begin().await?;
        note(&mut tx, attempts).await?;
        let (delivered, failed): (Vec<&Attempt>, Vec<&Attempt>) = attempts
            .iter()
            .partition(|attempt| attempt.outcome == Outcome::Delivered);
        // First, so that what worked just now counts before what did not.
        deliver(&mut tx, &delivered, now).await?;
        let mut switched_off = Vec::new();
        for attempt in failed {
            fail(&mut tx, attempt, now).await?;
            if hold_against(&mut tx, attempt, now).await? {
                let id = attempt.claimed.endpoint_id;
                self.note(&mut tx, Action::EndpointDisabled, id, None)
                    .await?;
                switched_off.push(id);
            }
        }
        let ended: Vec<(EventId, i64)> = attempts
            .iter()
            .filter(|attempt| !matches!(attempt.outcome, Outcome::Again { .. }))
            .map(|attempt| (attempt.claimed.event_id, attempt.claimed.position))
            .collect();
        let bodies = erase_ended(&mut tx, &ended).await?;
        tx.commit().await?;
        if bodies > 0 {
            self.engine.cut_log_soon();
        }
        if !switched_off.is_empty() {
            self.news.tell();
        }
        Ok(switched_off)
    }
}

async fn note(tx: &mut Tx, attempts: &[Attempt]) -> Result<(), sqlx::Error> {
    let rows: Vec<_> = attempts
        .iter()
        .map(|attempt| {
            (
                attempt.claimed.id,
                attempt.claimed.attempts + 1,
                attempt.at.millis(),
                attempt.status,
                attempt.duration_ms,
                attempt.error,
                &attempt.response,
                attempt.claimed.session_id,
            )
        })
        .collect();
    within!(tx, |c| sqlx::query(NOTE)
        .bind(json_rows(&rows))
        .execute(c)
        .await?
        .rows_affected());
    Ok(())
}

async fn deliver(tx: &mut Tx, attempts: &[&Attempt], now: Timestamp) -> Result<(), sqlx::Error> {
    if attempts.is_empty() {
        return Ok(());
    }
    let ids: Vec<[DeliveryId; 1]> = attempts.iter().map(|a| [a.claimed.id]).collect();
    within!(tx, |c| sqlx::query(DELIVER)
        .bind(json_rows(&ids))
        .bind(now)
        .execute(c)
        .await?
        .rows_affected());
    for attempt in attempts.iter().filter(|a| a.claimed.attempts > 0) {
        move_followers(tx, &attempt.claimed, now).await?;
    }
    let endpoints: BTreeSet<EndpointId> = attempts.iter().map(|a| a.claimed.endpoint_id).collect();
    for endpoint in endpoints {
        let worked_again = within!(tx, |c| {
            sqlx::query(
                "UPDATE endpoints SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL",
            )
            .bind(endpoint)
            .execute(c)
            .await?
            .rows_affected()
        }) > 0;
        if worked_again {
            within!(tx, |c| sqlx::query(BRING_FORWARD)
                .bind(endpoint)
                .bind(now)
                .execute(c)
                .await?
                .rows_affected());
        }
    }
    Ok(())
}

async fn fail(tx: &mut Tx, attempt: &Attempt, now: Timestamp) -> Result<(), sqlx::Error> {
    let claimed = &attempt.claimed;
    let (again, not_before) = match attempt.outcome {
        Outcome::Again { at, not_before } => (Some(at), not_before),
        _ => (None, None),
    };
    within!(tx, |c| sqlx::query(FAIL)
        .bind(claimed.id)
        .bind(again)
        .bind(not_before)
        .bind(now)
        .execute(c)
        .await?
        .rows_affected());
    move_followers(tx, claimed, again.unwrap_or(now)).await
}

/// What waits for an earlier one of its session is due when that is, so that it is not looked at in vain all the time.
async fn move_followers(tx: &mut Tx, claimed: &Claimed, to: Timestamp) -> Result<(), sqlx::Error> {
    if claimed.session_id.is_some() {
        within!(tx, |c| sqlx::query(MOVE_FOLLOWERS)
            .bind(claimed.session_id)
            .bind(claimed.endpoint_id)
            .bind(claimed.position)
            .bind(to)
            .execute(c)
            .await?
            .rows_affected());
    }
    Ok(())
}

/// Notes that an endpoint fails; switches it off, and tells of it, when it has for too long or says that it is gone.
async fn hold_against(tx: &mut Tx, attempt: &Attempt, now: Timestamp) -> Result<bool, sqlx::Error> {
    let id = attempt.claimed.endpoint_id;
    let is_gone = attempt.outcome == Outcome::Gone;
    within!(tx, |c| {
        sqlx::query(
            "UPDATE endpoints SET failing_since = $2 WHERE id = $1 AND failing_since IS NULL",
        )
        .bind(id)
        .bind(attempt.at)
        .execute(&mut *c)
        .await?
        .rows_affected()
    });
    let switched_off = within!(tx, |c| {
        sqlx::query(
            "UPDATE endpoints SET disabled_at = $2, disabled_reason = $3
             WHERE id = $1 AND disabled_at IS NULL AND deleted_at IS NULL AND ($4 OR failing_since <= $5)",
        )
        .bind(id)
        .bind(now)
        .bind(if is_gone { "gone" } else { "failing" })
        .bind(is_gone)
        .bind(now.plus_millis(-FAILING_MAX_MS))
        .execute(c)
        .await?
        .rows_affected()
    }) > 0;
    if switched_off {
        give_up_all(tx, id, now).await?;
        let alarm = NewEvent {
            id: attempt.alarm,
            kind: EventType::EndpointDisabled,
            at: now,
            subject: Subject::Endpoint(id),
            shown: None,
        };
        raise(tx, &[alarm]).await?;
    }
    Ok(switched_off)
}

/// When the lease ended early another node may have tried it as well. An answer may repeat what it was sent, so it is not
/// kept where that was erased meanwhile.
const NOTE: &str = "
INSERT INTO delivery_attempts (delivery_id, number, at, status, duration_ms, error, response)
SELECT value ->> 0,
       COALESCE((SELECT MAX(number) + 1 FROM delivery_attempts WHERE delivery_id = value ->> 0), CAST(value ->> 1 AS BIGINT)),
       CAST(value ->> 2 AS BIGINT), CAST(value ->> 3 AS BIGINT), CAST(value ->> 4 AS BIGINT), value ->> 5,
       CASE WHEN EXISTS (SELECT 1 FROM sessions WHERE id = value ->> 7 AND erased_at IS NOT NULL) THEN NULL ELSE value ->> 6 END
FROM json_each($1) WHERE TRUE
ON CONFLICT (delivery_id, number) DO NOTHING";

const DELIVER: &str = "
UPDATE deliveries SET status = 'delivered', attempts = attempts + 1, next_attempt_at = NULL, not_before = NULL,
    leased_until = NULL, ended_at = $2
WHERE id IN (SELECT value ->> 0 FROM json_each($1))";

const FAIL: &str = "
UPDATE deliveries SET attempts = attempts + 1, pauses = pauses + 1, leased_until = NULL, next_attempt_at = $2,
    not_before = $3, status = CASE WHEN $2 IS NULL THEN 'failed' ELSE status END,
    ended_at = CASE WHEN $2 IS NULL THEN $4 ELSE NULL END
WHERE id = $1 AND status = 'pending'";

const MOVE_FOLLOWERS: &str = "
UPDATE deliveries SET next_attempt_at = $4
WHERE session_id = $1 AND endpoint_id = $2 AND position > $3 AND status = 'pending' AND attempts = 0";

/// An endpoint that was down and works again soon gets what waits in a long pause (over 10 s): the pauses are cut
/// short, spread over ten seconds, and do not count, so that the rest of the schedule is still there should it fail
/// once more. At most 20 times for each delivery, or one that an endpoint never takes would be tried again each time
/// another goes through; and not before the time the endpoint asked for.
const BRING_FORWARD: &str = "
UPDATE deliveries SET
    next_attempt_at = CASE WHEN not_before > $2 + position % 10 * 1000 THEN not_before ELSE $2 + position % 10 * 1000 END,
    pauses = CASE WHEN pauses > 0 THEN pauses - 1 ELSE 0 END, cut_short = cut_short + 1
WHERE id IN (SELECT id FROM deliveries
    WHERE endpoint_id = $1 AND status = 'pending' AND next_attempt_at > $2 + 10000 AND attempts > 0 AND cut_short < 20
      AND (leased_until IS NULL OR leased_until <= $2) AND (not_before IS NULL OR not_before < next_attempt_at)
    ORDER BY position LIMIT 500)";
