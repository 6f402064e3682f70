//! Erasing personal data: here at once, at iDenfy until it is accepted.

use sqlx::FromRow;

use super::invitations::erase::forget_invitations;
use super::ledger::json_rows;
use super::{Store, StoreError, Tx};
use crate::domain::audit::Action;
use crate::domain::id::{LinkId, SessionId};
use crate::domain::timestamp::Timestamp;

/// The most sessions that are erased in one transaction.
const BATCH: i64 = 100;

/// A scan that iDenfy is to delete.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Erasure {
    /// iDenfy's name of it; kept nowhere else any more.
    pub scan_ref: String,
    /// The session that was erased here.
    pub session_id: SessionId,
    /// How often iDenfy was asked, this time counted.
    pub asked: i64,
    /// Since when it is wanted.
    pub created_at: Timestamp,
}

impl Store {
    /// Erases the personal data of a session here, and notes that iDenfy is to delete it there, in one transaction.
    /// False: there is no such session.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn erase_session(&self, id: SessionId, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        // The session first, as those who record and apply take it: else they could wait for each other. The touch
        // keeps its scanRef from changing meanwhile.
        let known = within!(&mut tx, |c| {
            sqlx::query("UPDATE sessions SET erased_at = COALESCE(erased_at, $2) WHERE id = $1")
                .bind(id)
                .bind(now)
                .execute(c)
                .await?
                .rows_affected()
        });
        within!(&mut tx, |c| {
            sqlx::query(
                "INSERT INTO erasures (scan_ref, session_id, ask_at, created_at)
                 SELECT scan_ref, id, $2, $2 FROM sessions WHERE id = $1 AND scan_ref IS NOT NULL
                 ON CONFLICT (scan_ref) DO NOTHING",
            )
            .bind(id)
            .bind(now)
            .execute(c)
            .await?
            .rows_affected()
        });
        erase(&mut tx, &[id], now).await?;
        let done = self.end_noted(tx, known, Action::SessionErased, id, None);
        let done = done.await?;
        self.engine.cut_log_soon();
        Ok(done)
    }

    /// Erases the personal data of sessions that ended before `before`, some at a time, here only. Returns how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn erase_old(&self, before: Timestamp, now: Timestamp) -> Result<usize, StoreError> {
        let old: Vec<(SessionId,)> = each!(self, |db| {
            sqlx::query_as(OLD)
                .bind(before)
                .bind(before.id_prefix())
                .bind(BATCH)
                .fetch_all(db.read())
                .await?
        });
        if old.is_empty() {
            return Ok(0);
        }
        let old: Vec<SessionId> = old.into_iter().map(|(id,)| id).collect();
        let mut tx = self.engine.begin().await?;
        if let Tx::Postgres(tx) = &mut tx {
            // In one order, so that two nodes never wait for each other in a ring.
            sqlx::query(LOCK)
                .bind(rows(&old))
                .execute(&mut **tx)
                .await?;
        }
        erase(&mut tx, &old, now).await?;
        for id in &old {
            self.note(&mut tx, Action::SessionErased, id, Some("retention"))
                .await?;
        }
        tx.commit().await?;
        self.engine.cut_log_soon();
        Ok(old.len())
    }

    /// Notes on a session that failed which scan iDenfy started for it all the same, so that it can be erased there;
    /// where the session was erased meanwhile, or is lost, iDenfy is to delete the scan.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note_orphan(
        &self,
        id: SessionId,
        scan_ref: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        for sql in [NOTE_ORPHAN, ERASE_ORPHAN] {
            each!(self, |db| sqlx::query(sql)
                .bind(id)
                .bind(scan_ref)
                .execute(db.write())
                .await?
                .rows_affected());
        }
        each!(self, |db| sqlx::query(ERASE_LOST)
            .bind(id)
            .bind(scan_ref)
            .bind(at)
            .execute(db.write())
            .await?
            .rows_affected());
        Ok(())
    }

    /// Takes the scan that has waited longest for its turn, until `leased_until`; whoever dies with it loses only time.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn claim_erasure(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
    ) -> Result<Option<Erasure>, StoreError> {
        // Read first: most often there is none, and that costs no turn at the writer's.
        loop {
            let due: Option<Erasure> = each!(self, |db| {
                sqlx::query_as(
                    "SELECT scan_ref, session_id, asked + 1 AS asked, created_at FROM erasures
                     WHERE ask_at <= $1 ORDER BY ask_at LIMIT 1",
                )
                .bind(now)
                .fetch_optional(db.read())
                .await?
            });
            let Some(due) = due else {
                return Ok(None);
            };
            let claimed = each!(self, |db| {
                sqlx::query(
                    "UPDATE erasures SET ask_at = $3, asked = $2 WHERE scan_ref = $1 AND asked = $2 - 1",
                )
                .bind(&due.scan_ref)
                .bind(due.asked)
                .bind(leased_until)
                .execute(db.write())
                .await?
                .rows_affected()
            });
            if claimed > 0 {
                return Ok(Some(due));
            }
        }
    }

    /// iDenfy is to be asked again to delete a scan.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn put_off_erasure(&self, scan_ref: &str, at: Timestamp) -> Result<(), StoreError> {
        each!(self, |db| {
            sqlx::query("UPDATE erasures SET ask_at = $2 WHERE scan_ref = $1")
                .bind(scan_ref)
                .bind(at)
                .execute(db.write())
                .await?
                .rows_affected()
        });
        Ok(())
    }

    /// A scan is deleted at iDenfy, or given up: its name is forgotten.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_erasure(&self, scan_ref: &str) -> Result<(), StoreError> {
        each!(self, |db| {
            sqlx::query("DELETE FROM erasures WHERE scan_ref = $1")
                .bind(scan_ref)
                .execute(db.write())
                .await?
                .rows_affected()
        });
        self.engine.cut_log_soon();
        Ok(())
    }
}

/// Erases what is kept of sessions anywhere.
async fn erase(tx: &mut Tx, ids: &[SessionId], now: Timestamp) -> Result<(), sqlx::Error> {
    within!(&mut *tx, |c| sqlx::query(ERASE)
        .bind(rows(ids))
        .bind(now)
        .execute(c)
        .await?
        .rows_affected());
    // After the sessions, as those who record take them: else the two could wait for each other.
    let invited: Vec<(LinkId,)> = within!(&mut *tx, |c| sqlx::query_as(INVITED)
        .bind(rows(ids))
        .fetch_all(c)
        .await?);
    let invited: Vec<LinkId> = invited.into_iter().map(|(link,)| link).collect();
    forget_invitations(tx, &invited, now).await?;
    for sql in [
        FORGET_HOLDS,
        FORGET_QUESTIONS,
        FORGET_BODIES,
        FORGET_ANSWERS,
    ] {
        within!(&mut *tx, |c| sqlx::query(sql)
            .bind(rows(ids))
            .execute(c)
            .await?
            .rows_affected());
    }
    Ok(())
}

fn rows(ids: &[SessionId]) -> String {
    json_rows(&ids.iter().map(|id| [id]).collect::<Vec<_>>())
}

const OLD: &str = "
SELECT id FROM (SELECT id FROM sessions WHERE finished_at < $1 AND finished_at IS NOT NULL AND erased_at IS NULL
                ORDER BY finished_at LIMIT $3) AS finished
UNION ALL
SELECT id FROM (SELECT id FROM sessions WHERE id < $2 AND status = 'failed' AND erased_at IS NULL
                ORDER BY id LIMIT $3) AS failed";

const LOCK: &str = "
SELECT id FROM sessions WHERE id IN (SELECT value ->> 0 FROM json_each($1)) ORDER BY id FOR NO KEY UPDATE OF sessions";

const ERASE: &str = "
UPDATE sessions SET client_id = NULL, own_client_id = NULL, scan_ref = NULL, external_ref = NULL, redirect_url = NULL,
    erased_at = COALESCE(erased_at, $2)
WHERE id IN (SELECT value ->> 0 FROM json_each($1))";

/// Who was invited and was in one of the sessions; of a session that could not be started the invitation still stands.
const INVITED: &str = "
SELECT id FROM invitations
WHERE id IN (SELECT link_id FROM sessions
             WHERE id IN (SELECT value ->> 0 FROM json_each($1)) AND link_id IS NOT NULL AND status <> 'failed')
ORDER BY id";

const FORGET_HOLDS: &str =
    "DELETE FROM holds WHERE session_id IN (SELECT value ->> 0 FROM json_each($1))";

const FORGET_QUESTIONS: &str =
    "DELETE FROM questions WHERE session_id IN (SELECT value ->> 0 FROM json_each($1))";

const FORGET_BODIES: &str = "
DELETE FROM idenfy_bodies WHERE event_id IN
    (SELECT id FROM idenfy_events WHERE session_id IN (SELECT value ->> 0 FROM json_each($1)))";

/// An endpoint may have answered with what it was sent.
const FORGET_ANSWERS: &str = "
UPDATE delivery_attempts SET response = NULL
WHERE response IS NOT NULL AND delivery_id IN
    (SELECT id FROM deliveries WHERE session_id IN (SELECT value ->> 0 FROM json_each($1)))";

const NOTE_ORPHAN: &str = "
UPDATE sessions SET scan_ref = COALESCE(scan_ref, $2) WHERE id = $1 AND status = 'failed' AND erased_at IS NULL";

const ERASE_ORPHAN: &str = "
INSERT INTO erasures (scan_ref, session_id, ask_at, created_at)
SELECT $2, id, erased_at, erased_at FROM sessions WHERE id = $1 AND erased_at IS NOT NULL
ON CONFLICT (scan_ref) DO NOTHING";

const ERASE_LOST: &str = "
INSERT INTO erasures (scan_ref, session_id, ask_at, created_at)
SELECT $2, $1, $3, $3 WHERE NOT EXISTS (SELECT 1 FROM sessions WHERE id = $1)
ON CONFLICT (scan_ref) DO NOTHING";
