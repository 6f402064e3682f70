//! Sessions about which iDenfy is to be asked, as nothing final was told of them in time.
//!
//! A click pays nothing for it: sessions are walked in the order of their ids, long after they began, and only the few
//! that have no final result by then are noted.

use sqlx::FromRow;

use super::sessions::{SessionRow, may_be_orphan_sql};
use super::{Store, StoreError};
use crate::domain::id::SessionId;
use crate::domain::session::Session;
use crate::domain::timestamp::Timestamp;

/// Sessions that are walked past in one step.
const STRIDE: i64 = 1000;

/// The most open sessions of a customer that are looked at.
const EARLIER_MAX: i64 = 3;

/// A session to ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Question {
    /// The session.
    pub session_id: SessionId,
    /// How often it was asked about, this time counted.
    pub asked: i64,
}

impl Store {
    /// Walks on through the sessions begun before `before` and notes those without a final result, to be asked about
    /// `slack_ms` after their token ends, and those that failed and may have been started all the same. Returns
    /// whether there are more to walk past.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note_unfinished(
        &self,
        before: Timestamp,
        slack_ms: i64,
    ) -> Result<bool, StoreError> {
        let mark: Option<(String,)> = each!(self, |db| {
            sqlx::query_as("SELECT value FROM settings WHERE name = 'asked_up_to'")
                .fetch_optional(db.read())
                .await?
        });
        let from = mark.map_or(String::new(), |(id,)| id);
        let (to, walked): (Option<SessionId>, i64) = each!(self, |db| {
            sqlx::query_as(STRETCH)
                .bind(&from)
                .bind(before.id_prefix())
                .bind(STRIDE)
                .fetch_one(db.read())
                .await?
        });
        let Some(to) = to else {
            return Ok(false);
        };
        let mut tx = self.engine.begin().await?;
        within!(&mut tx, |c| sqlx::query(NOTE)
            .bind(&from)
            .bind(to)
            .bind(slack_ms)
            .execute(c)
            .await?
            .rows_affected());
        within!(&mut tx, |c| {
            sqlx::query(
                "INSERT INTO settings (name, value) VALUES ('asked_up_to', $1)
                 ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value",
            )
            .bind(to)
            .execute(c)
            .await?
            .rows_affected()
        });
        tx.commit().await?;
        Ok(walked == STRIDE)
    }

    /// Takes the session that has waited longest to be asked about, until `leased_until`; those that failed come last.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn claim_question(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
    ) -> Result<Option<Question>, StoreError> {
        let mut is_orphan = false;
        // Read first: most often there is none, and that costs no turn at the writer's.
        loop {
            let due: Option<Question> = each!(self, |db| {
                sqlx::query_as(
                    "SELECT session_id, asked + 1 AS asked FROM questions
                     WHERE is_orphan = $2 AND ask_at <= $1 ORDER BY ask_at LIMIT 1",
                )
                .bind(now)
                .bind(is_orphan)
                .fetch_optional(db.read())
                .await?
            });
            match due {
                Some(due) if self.take(due, leased_until).await? => return Ok(Some(due)),
                // Another node was faster.
                Some(_) => {}
                None if is_orphan => return Ok(None),
                None => is_orphan = true,
            }
        }
    }

    async fn take(&self, due: Question, leased_until: Timestamp) -> Result<bool, StoreError> {
        let taken = each!(self, |db| {
            sqlx::query(
                "UPDATE questions SET ask_at = $3, asked = $2 WHERE session_id = $1 AND asked = $2 - 1",
            )
            .bind(due.session_id)
            .bind(due.asked)
            .bind(leased_until)
            .execute(db.write())
            .await?
            .rows_affected()
        });
        Ok(taken > 0)
    }

    /// A session is to be asked about again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn put_off_question(
        &self,
        session: SessionId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        each!(self, |db| {
            sqlx::query("UPDATE questions SET ask_at = $2 WHERE session_id = $1")
                .bind(session)
                .bind(at)
                .execute(db.write())
                .await?
                .rows_affected()
        });
        Ok(())
    }

    /// A session is not to be asked about any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_question(&self, session: SessionId) -> Result<(), StoreError> {
        each!(self, |db| {
            sqlx::query("DELETE FROM questions WHERE session_id = $1")
                .bind(session)
                .execute(db.write())
                .await?
                .rows_affected()
        });
        Ok(())
    }

    /// Those of iDenfy's names of sessions that no session here has, and that are not being erased.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn unknown_scans(&self, scan_refs: &[String]) -> Result<Vec<String>, StoreError> {
        let rows =
            super::ledger::json_rows(&scan_refs.iter().map(|name| [name]).collect::<Vec<_>>());
        let known: Vec<(String,)> = each!(self, |db| {
            sqlx::query_as(KNOWN_SCANS)
                .bind(&rows)
                .fetch_all(db.read())
                .await?
        });
        let is_known = |name: &String| known.iter().any(|(known,)| known == name);
        let unknown = scan_refs.iter().filter(|name| !is_known(name));
        Ok(unknown.cloned().collect())
    }

    /// Sessions of a fixed customer that have no final result although their token's time is over, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn unfinished_of(
        &self,
        client_id: &str,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError> {
        let rows: Vec<SessionRow> = each!(self, |db| {
            sqlx::query_as(UNFINISHED_OF)
                .bind(client_id)
                .bind(now)
                .bind(EARLIER_MAX)
                .fetch_all(db.read())
                .await?
        });
        rows.into_iter().map(Session::try_from).collect()
    }
}

const STRETCH: &str = "
SELECT MAX(id), COUNT(*) FROM
    (SELECT id FROM sessions WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3) AS stretch";

const NOTE: &str = concat!(
    "INSERT INTO questions (session_id, ask_at, is_orphan)
SELECT id, COALESCE(token_expires_at, created_at) + $3, status = 'failed' FROM sessions
WHERE id > $1 AND id <= $2 AND erased_at IS NULL AND NOT is_final
  AND (status <> 'failed' OR scan_ref IS NULL AND flow <> 'selfie' AND ",
    may_be_orphan_sql!(),
    ")
ON CONFLICT (session_id) DO NOTHING"
);

const KNOWN_SCANS: &str = "
SELECT scan_ref FROM sessions WHERE scan_ref IN (SELECT value ->> 0 FROM json_each($1))
UNION ALL SELECT scan_ref FROM erasures WHERE scan_ref IN (SELECT value ->> 0 FROM json_each($1))";

const UNFINISHED_OF: &str = "
SELECT * FROM sessions
WHERE client_id = $1 AND status IN ('active', 'reviewing') AND NOT is_final AND erased_at IS NULL
  AND (token_expires_at IS NULL OR token_expires_at <= $2)
ORDER BY id DESC LIMIT $3";
