//! Who has given the password and owes a code; and what is known of tries that failed.

use super::keys::digest;
use super::people_entry::Lock;
use super::{Store, StoreError};
use crate::domain::audit::Action;
use crate::domain::id::PersonId;
use crate::domain::secret::Secret;
use crate::domain::timestamp::Timestamp;

/// So many wrong codes, and the password must be given anew.
const WRONG_CODES_MAX: i64 = 10;

/// Refused sign-ins of a person are noted so far apart at least, in milliseconds.
const NOTED_EVERY_MS: i64 = 60_000;

impl Store {
    /// Keeps that somebody has given the password that `lock` is for; a cookie holds `token`. Forgets those that are over.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_sign_in(
        &self,
        lock: &Lock,
        token: &Secret,
        now: Timestamp,
        ends_at: Timestamp,
    ) -> Result<(), StoreError> {
        each!(self, |db| {
            sqlx::query("DELETE FROM begun_sign_ins WHERE ends_at <= $1")
                .bind(now)
                .execute(db.write())
                .await?
                .rows_affected()
        });
        each!(self, |db| {
            sqlx::query(
                "INSERT INTO begun_sign_ins (digest, person_id, password_hash, ends_at)
                 SELECT $1, id, password_hash, $4 FROM people WHERE id = $2 AND password_hash = $3",
            )
            .bind(digest(token))
            .bind(lock.id)
            .bind(&lock.password_hash)
            .bind(ends_at)
            .execute(db.write())
            .await?
            .rows_affected()
        });
        Ok(())
    }

    /// What the code of a sign-in is held against that is under way; none when it is over, or the password is another now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begun_sign_in(
        &self,
        token: &Secret,
        now: Timestamp,
    ) -> Result<Option<Lock>, StoreError> {
        Ok(each!(self, |db| {
            sqlx::query_as(
                "SELECT p.id, p.password_hash, p.totp_secret, p.wrong_codes
                 FROM begun_sign_ins b
                 JOIN people p ON p.id = b.person_id AND p.password_hash = b.password_hash
                 WHERE b.digest = $1 AND b.ends_at > $2",
            )
            .bind(digest(token))
            .bind(now)
            .fetch_optional(db.read())
            .await?
        }))
    }

    /// Ends a sign-in that was under way. False: it was over.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_begun_sign_in(&self, token: &Secret) -> Result<bool, StoreError> {
        let ended = each!(self, |db| {
            sqlx::query("DELETE FROM begun_sign_ins WHERE digest = $1")
                .bind(digest(token))
                .execute(db.write())
                .await?
                .rows_affected()
        });
        Ok(ended > 0)
    }

    /// Counts a wrong code; the tenth of a sign-in ends it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_wrong_code(&self, id: PersonId, token: &Secret) -> Result<(), StoreError> {
        let mut tx = self.engine.begin().await?;
        within!(&mut tx, |c| {
            sqlx::query("UPDATE people SET wrong_codes = wrong_codes + 1 WHERE id = $1")
                .bind(id)
                .execute(&mut *c)
                .await?;
            sqlx::query(
                "UPDATE begun_sign_ins SET wrong_codes = wrong_codes + 1 WHERE digest = $1",
            )
            .bind(digest(token))
            .execute(&mut *c)
            .await?;
            sqlx::query("DELETE FROM begun_sign_ins WHERE digest = $1 AND wrong_codes >= $2")
                .bind(digest(token))
                .bind(WRONG_CODES_MAX)
                .execute(c)
                .await?
                .rows_affected()
        });
        Ok(tx.commit().await?)
    }

    /// Notes that a sign-in of that person was refused, once a minute at most.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note_refused(&self, id: PersonId, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        let is_due = within!(&mut tx, |c| {
            sqlx::query(
                "UPDATE people SET refused_at = $2
                 WHERE id = $1 AND (refused_at IS NULL OR refused_at <= $3 OR refused_at > $2)",
            )
            .bind(id)
            .bind(now)
            .bind(now.plus_millis(-NOTED_EVERY_MS))
            .execute(c)
            .await?
            .rows_affected()
        });
        self.end_noted(tx, is_due, Action::PersonSignInRefused, id, None)
            .await
    }
}
