//! People who sign in by an identity provider. They have no password here.

use super::people::{PeopleRefusal, insert, take_turns};
use super::{Store, StoreError};
use crate::domain::audit::Action;
use crate::domain::id::PersonId;
use crate::domain::person::Person;

impl Store {
    /// The person that a provider names by its issuer and a subject, with the role of `person`, who is added at the first
    /// sign-in. Whoever has lost the role loses it here at once, were it the last administrator: the provider decides.
    ///
    /// # Errors
    /// When the database does not answer; inside, when somebody else has this email already.
    pub async fn person_of_identity(
        &self,
        issuer: &str,
        subject: &str,
        person: &Person,
    ) -> Result<Result<PersonId, PeopleRefusal>, StoreError> {
        let mut tx = self.engine.begin().await?;
        take_turns(&mut tx).await?;
        let known: Option<(PersonId, String)> = within!(&mut tx, |c| {
            sqlx::query_as(
                "SELECT people.id, role FROM identities JOIN people ON people.id = person_id
                 WHERE issuer = $1 AND subject = $2",
            )
            .bind(issuer)
            .bind(subject)
            .fetch_optional(c)
            .await?
        });
        if let Some((id, before)) = known {
            let changed = within!(&mut tx, |c| {
                sqlx::query("UPDATE people SET role = $2 WHERE id = $1 AND role <> $2")
                    .bind(id)
                    .bind(person.role.as_str())
                    .execute(c)
                    .await?
                    .rows_affected()
            });
            let detail = format!("{before} → {}", person.role.as_str());
            self.end_noted(tx, changed, Action::PersonUpdated, id, Some(&detail))
                .await?;
            return Ok(Ok(id));
        }
        if insert(&mut tx, person, None).await? == 0 {
            return Ok(Err(PeopleRefusal::EmailTaken));
        }
        within!(&mut tx, |c| {
            sqlx::query("INSERT INTO identities (issuer, subject, person_id) VALUES ($1, $2, $3)")
                .bind(issuer)
                .bind(subject)
                .bind(person.id)
                .execute(c)
                .await?
                .rows_affected()
        });
        self.note_added(&mut tx, person).await?;
        tx.commit().await?;
        Ok(Ok(person.id))
    }

    /// Whether a person signs in by a provider, and so has no password.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn has_identity(&self, id: PersonId) -> Result<bool, StoreError> {
        let (found,): (i64,) = each!(self, |db| {
            sqlx::query_as("SELECT COUNT(*) FROM identities WHERE person_id = $1")
                .bind(id)
                .fetch_one(db.read())
                .await?
        });
        Ok(found > 0)
    }

    /// Signs a person that a provider names out everywhere: the provider lets this person in no more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_sessions_of_identity(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Result<(), StoreError> {
        each!(self, |db| {
            sqlx::query(
                "DELETE FROM browser_sessions WHERE person_id =
                     (SELECT person_id FROM identities WHERE issuer = $1 AND subject = $2)",
            )
            .bind(issuer)
            .bind(subject)
            .execute(db.write())
            .await?
            .rows_affected()
        });
        Ok(())
    }
}
