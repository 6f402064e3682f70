//! The second factor of people: the secret of their app, and codes for when that is lost.

use super::browser_sessions::end_sessions;
use super::keys::digest;
use super::{Store, StoreError, Tx};
use crate::domain::audit::Action;
use crate::domain::id::PersonId;
use crate::domain::secret::Secret;

impl Store {
    /// Asks a person for a code from now on, and signs all of this person's browsers out; `step` is the one whose code was just shown, `codes` open the door once each.
    /// Those of before open nothing any more. False: this secret is asked for already, and the code is not newer than
    /// the one taken last.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_second_factor(
        &self,
        id: PersonId,
        totp_secret: &Secret,
        step: i64,
        codes: &[Secret],
    ) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        let changed = within!(&mut tx, |c| {
            sqlx::query(
                "UPDATE people SET totp_secret = $2, totp_step = $3 WHERE id = $1
                 AND (totp_secret IS NULL OR totp_secret <> $2 OR totp_step < $3)",
            )
            .bind(id)
            .bind(totp_secret.expose())
            .bind(step)
            .execute(c)
            .await?
            .rows_affected()
        });
        if changed == 0 {
            return Ok(false);
        }
        replace_codes(&mut tx, id, codes).await?;
        end_sessions(&mut tx, id).await?;
        self.end_noted(tx, changed, Action::PersonSecondFactorOn, id, None)
            .await
    }

    /// Gives a person other recovery codes in the place of those of before, which are told by their mark. False: there are
    /// others already, or no code is asked for, so that none is needed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn renew_recovery_codes(
        &self,
        id: PersonId,
        mark_before: &str,
        codes: &[Secret],
    ) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        // Written, so that the second factor is not turned off meanwhile.
        let asked = within!(&mut tx, |c| {
            sqlx::query(
                "UPDATE people SET totp_secret = totp_secret WHERE id = $1 AND totp_secret IS NOT NULL",
            )
            .bind(id)
            .execute(c)
            .await?
            .rows_affected()
        });
        if asked == 0 {
            return Ok(false);
        }
        let before = within!(&mut tx, |c| {
            sqlx::query_as(DIGESTS).bind(id).fetch_all(c).await?
        });
        if mark(before) != mark_before {
            return Ok(false);
        }
        replace_codes(&mut tx, id, codes).await?;
        self.end_noted(tx, asked, Action::PersonRecoveryCodesMade, id, None)
            .await
    }

    /// What tells a person's recovery codes of now from those before and after, and opens nothing.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn mark_of_recovery_codes(&self, id: PersonId) -> Result<String, StoreError> {
        let digests = each!(self, |db| {
            sqlx::query_as(DIGESTS)
                .bind(id)
                .fetch_all(db.read())
                .await?
        });
        Ok(mark(digests))
    }

    /// Asks a person for no code any more. False: none was asked for.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn drop_second_factor(&self, id: PersonId) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        let changed = take_second_factor(&mut tx, id).await?;
        self.end_noted(tx, changed, Action::PersonSecondFactorOff, id, None)
            .await
    }

    /// Takes the code of a step, which must be later than the one whose code was taken last: a code is good once. False:
    /// it was taken already.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_totp_step(&self, id: PersonId, step: i64) -> Result<bool, StoreError> {
        let taken = each!(self, |db| {
            sqlx::query(
                "UPDATE people SET totp_step = $2 WHERE id = $1 AND (totp_step IS NULL OR totp_step < $2)",
            )
            .bind(id)
            .bind(step)
            .execute(db.write())
            .await?
            .rows_affected()
        });
        Ok(taken > 0)
    }

    /// Takes a recovery code, which is good once. False: it is none of this person's.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_recovery_code(
        &self,
        id: PersonId,
        code: &Secret,
    ) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        let taken = within!(&mut tx, |c| {
            sqlx::query("DELETE FROM recovery_codes WHERE person_id = $1 AND digest = $2")
                .bind(id)
                .bind(digest(code))
                .execute(c)
                .await?
                .rows_affected()
        });
        self.end_noted(tx, taken, Action::PersonRecoveryCodeUsed, id, None)
            .await
    }

    /// How many recovery codes a person has left.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn recovery_codes_left(&self, id: PersonId) -> Result<i64, StoreError> {
        let (left,): (i64,) = each!(self, |db| {
            sqlx::query_as("SELECT COUNT(*) FROM recovery_codes WHERE person_id = $1")
                .bind(id)
                .fetch_one(db.read())
                .await?
        });
        Ok(left)
    }
}

const DIGESTS: &str = "SELECT digest FROM recovery_codes WHERE person_id = $1";

/// Of codes' digests, in whatever order.
fn mark(mut digests: Vec<(String,)>) -> String {
    digests.sort_unstable();
    let all: String = digests.into_iter().map(|(digest,)| digest).collect();
    digest(&Secret::new(all))
}

async fn replace_codes(tx: &mut Tx, id: PersonId, codes: &[Secret]) -> Result<(), StoreError> {
    within!(tx, |c| {
        sqlx::query("DELETE FROM recovery_codes WHERE person_id = $1")
            .bind(id)
            .execute(c)
            .await?
            .rows_affected()
    });
    for code in codes {
        within!(tx, |c| {
            sqlx::query("INSERT INTO recovery_codes (person_id, digest) VALUES ($1, $2)")
                .bind(id)
                .bind(digest(code))
                .execute(c)
                .await?
                .rows_affected()
        });
    }
    Ok(())
}

/// Asks a person for no code any more; how many people that changed.
pub(super) async fn take_second_factor(tx: &mut Tx, id: PersonId) -> Result<u64, sqlx::Error> {
    within!(tx, |c| {
        sqlx::query("DELETE FROM recovery_codes WHERE person_id = $1")
            .bind(id)
            .execute(c)
            .await?
            .rows_affected()
    });
    Ok(within!(tx, |c| {
        sqlx::query(
            "UPDATE people SET totp_secret = NULL, totp_step = NULL
             WHERE id = $1 AND totp_secret IS NOT NULL",
        )
        .bind(id)
        .execute(c)
        .await?
        .rows_affected()
    }))
}
