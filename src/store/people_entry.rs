//! What opens the dashboard: passwords, second factors, recovery codes, and the address at which the first
//! administrator is made.

use sqlx::FromRow;

use super::keys::digest;
use super::people::{PeopleRefusal, insert, take_turns};
use super::{Store, StoreError, Tx};
use crate::domain::audit::Action;
use crate::domain::id::PersonId;
use crate::domain::person::{Person, fold_email};
use crate::domain::secret::Secret;
use crate::domain::timestamp::Timestamp;

/// What a person's sign-in is held against.
#[derive(Debug, Clone, FromRow)]
pub struct Lock {
    /// Whose it is.
    pub id: PersonId,
    /// Argon2id in PHC form; none where no password was ever set.
    pub password_hash: Option<String>,
    /// The secret of the second factor in base 32, where there is one.
    pub totp_secret: Option<String>,
    /// Wrong codes since the last right one.
    pub wrong_codes: i64,
}

impl Store {
    /// What the sign-in of the person of that email is held against.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn lock_of_email(&self, email: &str) -> Result<Option<Lock>, StoreError> {
        Ok(each!(self, |db| {
            sqlx::query_as(
                "SELECT id, password_hash, totp_secret, wrong_codes FROM people
                 WHERE email_folded = $1",
            )
            .bind(fold_email(email))
            .fetch_optional(db.read())
            .await?
        }))
    }

    /// What that person's sign-in is held against.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn lock_of(&self, id: PersonId) -> Result<Option<Lock>, StoreError> {
        Ok(each!(self, |db| {
            sqlx::query_as(
                "SELECT id, password_hash, totp_secret, wrong_codes FROM people WHERE id = $1",
            )
            .bind(id)
            .fetch_optional(db.read())
            .await?
        }))
    }

    /// Gives a person another password and signs all of this person's browsers out. With `drop_second_factor` none is
    /// asked for any more. False: there is no such person, or it is one that signs in by an identity provider.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_password(
        &self,
        id: PersonId,
        password_hash: &str,
        drop_second_factor: bool,
    ) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        let changed = within!(&mut tx, |c| {
            sqlx::query(
                "UPDATE people SET password_hash = $2, wrong_codes = 0 WHERE id = $1
                 AND NOT EXISTS (SELECT 1 FROM identities WHERE person_id = people.id)",
            )
            .bind(id)
            .bind(password_hash)
            .execute(c)
            .await?
            .rows_affected()
        });
        if changed == 0 {
            return Ok(false);
        }
        within!(&mut tx, |c| {
            sqlx::query("DELETE FROM browser_sessions WHERE person_id = $1")
                .bind(id)
                .execute(c)
                .await?
                .rows_affected()
        });
        if drop_second_factor && take_second_factor(&mut tx, id).await? > 0 {
            self.note(&mut tx, Action::PersonSecondFactorOff, id, None)
                .await?;
        }
        self.end_noted(tx, changed, Action::PersonPasswordSet, id, None)
            .await
    }

    /// Asks a person for a code from now on; `step` is the one whose code was just shown, `codes` open the door once each.
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
        within!(&mut tx, |c| {
            sqlx::query("DELETE FROM recovery_codes WHERE person_id = $1")
                .bind(id)
                .execute(c)
                .await?
                .rows_affected()
        });
        for code in codes {
            within!(&mut tx, |c| {
                sqlx::query("INSERT INTO recovery_codes (person_id, digest) VALUES ($1, $2)")
                    .bind(id)
                    .bind(digest(code))
                    .execute(c)
                    .await?
                    .rows_affected()
            });
        }
        self.end_noted(tx, changed, Action::PersonSecondFactorOn, id, None)
            .await
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

    /// Keeps an address at which the first administrator can be made, and forgets those that are over. False: there is an
    /// administrator already.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn offer_setup(
        &self,
        token: &Secret,
        now: Timestamp,
        ends_at: Timestamp,
    ) -> Result<bool, StoreError> {
        each!(self, |db| {
            sqlx::query("DELETE FROM setup_tokens WHERE ends_at <= $1")
                .bind(now)
                .execute(db.write())
                .await?
                .rows_affected()
        });
        let kept = each!(self, |db| {
            sqlx::query(
                "INSERT INTO setup_tokens (digest, ends_at)
                 SELECT $1, $2 WHERE NOT EXISTS (SELECT 1 FROM people WHERE role = 'admin')",
            )
            .bind(digest(token))
            .bind(ends_at)
            .execute(db.write())
            .await?
            .rows_affected()
        });
        Ok(kept > 0)
    }

    /// Whether that address still leads somewhere.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn setup_is_open(&self, token: &Secret, now: Timestamp) -> Result<bool, StoreError> {
        let (open,): (i64,) = each!(self, |db| {
            sqlx::query_as(
                "SELECT COUNT(*) FROM setup_tokens
                 WHERE digest = $1 AND ends_at > $2 AND NOT EXISTS (SELECT 1 FROM people WHERE role = 'admin')",
            )
            .bind(digest(token))
            .bind(now)
            .fetch_one(db.read())
            .await?
        });
        Ok(open > 0)
    }

    /// Makes the first administrator, and closes all addresses at which one can be made. False: this one was closed before.
    ///
    /// # Errors
    /// When the database does not answer; inside, when the email is taken: nothing was changed.
    pub async fn set_up(
        &self,
        token: &Secret,
        person: &Person,
        password_hash: &str,
    ) -> Result<Result<bool, PeopleRefusal>, StoreError> {
        let mut tx = self.engine.begin().await?;
        take_turns(&mut tx).await?;
        let open = within!(&mut tx, |c| {
            sqlx::query(
                "DELETE FROM setup_tokens
                 WHERE digest = $1 AND ends_at > $2 AND NOT EXISTS (SELECT 1 FROM people WHERE role = 'admin')",
            )
            .bind(digest(token))
            .bind(person.created_at)
            .execute(c)
            .await?
            .rows_affected()
        });
        if open == 0 {
            return Ok(Ok(false));
        }
        within!(&mut tx, |c| sqlx::query("DELETE FROM setup_tokens")
            .execute(c)
            .await?
            .rows_affected());
        if insert(&mut tx, person, Some(password_hash)).await? == 0 {
            return Ok(Err(PeopleRefusal::EmailTaken));
        }
        self.note_added(&mut tx, person).await?;
        tx.commit().await?;
        Ok(Ok(true))
    }
}

async fn take_second_factor(tx: &mut Tx, id: PersonId) -> Result<u64, sqlx::Error> {
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
