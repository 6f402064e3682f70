//! What opens the dashboard: passwords, and the address at which the first administrator is made.

use sqlx::FromRow;

use super::browser_sessions::end_sessions;
use super::keys::digest;
use super::people::{PeopleRefusal, insert, take_turns};
use super::second_factors::take_second_factor;
use super::{Store, StoreError};
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
        end_sessions(&mut tx, id).await?;
        if drop_second_factor && take_second_factor(&mut tx, id).await? > 0 {
            self.note(&mut tx, Action::PersonSecondFactorOff, id, None)
                .await?;
        }
        self.end_noted(tx, changed, Action::PersonPasswordSet, id, None)
            .await
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
