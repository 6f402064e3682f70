//! Answers kept for requests that may be sent again.

use super::ledger::json_rows;
use super::{Store, StoreError, Tx};
use crate::domain::id::{KeyId, LinkId};
use crate::domain::timestamp::{DAY_MS, Timestamp};

/// After so long a request that gave no answer is taken to have died with its process.
const ABANDONED_MS: i64 = 120_000;

/// How a request with an idempotency key begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is the first; what it makes shall have this id. A process may have died after making it.
    First(String),
    /// The first is still running.
    InProgress,
    /// It was answered; the answer, sealed.
    Answered(String),
    /// The key was used for another request.
    Mismatch,
}

impl Store {
    /// Begins a request under an idempotency key; `resource_id` is proposed for what it makes.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_idempotent(
        &self,
        key_id: KeyId,
        key: &str,
        fingerprint: &str,
        resource_id: &str,
        now: Timestamp,
    ) -> Result<Begun, StoreError> {
        let first: Option<(String,)> = each!(self, |db| {
            sqlx::query_as(BEGIN)
                .bind(key_id)
                .bind(key)
                .bind(fingerprint)
                .bind(resource_id)
                .bind(now)
                .bind(now.plus_millis(-DAY_MS))
                .bind(now.plus_millis(-ABANDONED_MS))
                .fetch_optional(db.write())
                .await?
        });
        if let Some((resource_id,)) = first {
            return Ok(Begun::First(resource_id));
        }
        let row: Option<(String, Option<String>)> = each!(self, |db| {
            sqlx::query_as(
                "SELECT fingerprint, answer FROM idempotency WHERE key_id = $1 AND idempotency_key = $2",
            )
            .bind(key_id)
            .bind(key)
            .fetch_optional(db.write())
            .await?
        });
        Ok(match row {
            Some((theirs, _)) if theirs != fingerprint => Begun::Mismatch,
            Some((_, Some(answer))) => Begun::Answered(answer),
            // It has just been given up by whoever ran it: the caller may try again in a moment.
            Some((_, None)) | None => Begun::InProgress,
        })
    }

    /// Says that the request that makes `resource_id` still runs.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn renew_idempotent(
        &self,
        key_id: KeyId,
        key: &str,
        resource_id: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        each!(self, |db| {
            sqlx::query(RENEW)
                .bind(key_id)
                .bind(key)
                .bind(resource_id)
                .bind(now)
                .execute(db.write())
                .await?
                .rows_affected()
        });
        Ok(())
    }

    /// Keeps the sealed answer of a request, and whose link it tells of. `None`: it failed at `now`, and may have been done
    /// all the same, for a commit whose end is unknown may have held; so whoever sends the like again goes on in its place,
    /// with the same resource id.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_idempotent(
        &self,
        key_id: KeyId,
        key: &str,
        answer: Option<&str>,
        link: Option<LinkId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        each!(self, |db| {
            sqlx::query(END)
                .bind(key_id)
                .bind(key)
                .bind(answer)
                .bind(link.filter(|_| answer.is_some()))
                .bind(now.plus_millis(-ABANDONED_MS))
                .execute(db.write())
                .await?
                .rows_affected()
        });
        Ok(())
    }

    /// Gives a key free again: the request was refused, and nothing came of it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn free_idempotent(&self, key_id: KeyId, key: &str) -> Result<(), StoreError> {
        each!(self, |db| {
            sqlx::query("DELETE FROM idempotency WHERE key_id = $1 AND idempotency_key = $2")
                .bind(key_id)
                .bind(key)
                .execute(db.write())
                .await?
                .rows_affected()
        });
        Ok(())
    }

    /// Forgets answers older than a day.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_answers(&self, now: Timestamp) -> Result<(), StoreError> {
        each!(self, |db| {
            sqlx::query("DELETE FROM idempotency WHERE created_at <= $1")
                .bind(now.plus_millis(-DAY_MS))
                .execute(db.write())
                .await?
                .rows_affected()
        });
        Ok(())
    }
}

/// Forgets the answers that tell of the people whose links these are. Who asks again with such a key is answered anew,
/// from what is left: what the request made is not made again.
pub(super) async fn forget_answers_of(
    tx: &mut Tx,
    links: &[LinkId],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let rows = json_rows(&links.iter().map(|id| [id]).collect::<Vec<_>>());
    within!(tx, |c| sqlx::query(FORGET)
        .bind(&rows)
        .bind(now.plus_millis(-ABANDONED_MS))
        .execute(c)
        .await?
        .rows_affected());
    Ok(())
}

const FORGET: &str = "
UPDATE idempotency SET answer = NULL, created_at = CASE WHEN created_at < $2 THEN created_at ELSE $2 END
WHERE answer IS NOT NULL AND link_id IN (SELECT value ->> 0 FROM json_each($1))";

const END: &str = "
UPDATE idempotency SET answer = $3, link_id = $4, created_at = CASE WHEN $3 IS NULL THEN $5 ELSE created_at END
WHERE key_id = $1 AND idempotency_key = $2";

const RENEW: &str = "
UPDATE idempotency SET created_at = $4
WHERE key_id = $1 AND idempotency_key = $2 AND resource_id = $3 AND answer IS NULL";

/// Takes over what is older than a day, and a like request whose process died; its resource id is kept then.
const BEGIN: &str = "
INSERT INTO idempotency (key_id, idempotency_key, fingerprint, resource_id, created_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (key_id, idempotency_key) DO UPDATE SET
    resource_id = CASE WHEN idempotency.created_at <= $6 THEN EXCLUDED.resource_id ELSE idempotency.resource_id END,
    fingerprint = EXCLUDED.fingerprint, answer = NULL, created_at = EXCLUDED.created_at
WHERE idempotency.created_at <= $6
   OR (idempotency.answer IS NULL AND idempotency.created_at <= $7 AND idempotency.fingerprint = EXCLUDED.fingerprint)
RETURNING resource_id";
