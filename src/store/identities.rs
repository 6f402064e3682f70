//! People who sign in by an identity provider. They have no password here.
//!
//! Whoever is removed stays known by issuer and subject alone, and so is kept out: the next sign-in would add this person
//! anew.

use super::people::{PeopleRefusal, insert, take_turns};
use super::{Store, StoreError};
use crate::domain::audit::Action;
use crate::domain::id::PersonId;
use crate::domain::person::Person;

/// Somebody who was removed and whom the provider would let in.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Removed {
    /// The person that there was.
    pub id: PersonId,
    /// What the provider calls this person.
    pub subject: String,
    /// Under which name this person acted last, as the audit log has it.
    pub name: Option<String>,
}

impl Store {
    /// The person that a provider names by its issuer and a subject, with the role of `person`, who is added at the first
    /// sign-in. Whoever has lost the role loses it here at once, were it the last administrator: the provider decides.
    ///
    /// # Errors
    /// When the database does not answer; inside, when somebody else has this email already, or this person was removed.
    pub async fn person_of_identity(
        &self,
        issuer: &str,
        subject: &str,
        person: &Person,
    ) -> Result<Result<PersonId, PeopleRefusal>, StoreError> {
        let mut tx = self.engine.begin().await?;
        take_turns(&mut tx).await?;
        let known: Option<(PersonId, Option<String>)> = within!(&mut tx, |c| {
            sqlx::query_as(
                "SELECT person_id, role FROM identities LEFT JOIN people ON people.id = person_id
                 WHERE issuer = $1 AND subject = $2",
            )
            .bind(issuer)
            .bind(subject)
            .fetch_optional(c)
            .await?
        });
        if let Some((id, before)) = known {
            let Some(before) = before else {
                return Ok(Err(PeopleRefusal::Removed));
            };
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

    /// Those who were removed and are kept out, the latest to come here first; at most 100.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn removed_identities(&self) -> Result<Vec<Removed>, StoreError> {
        Ok(each!(self, |db| {
            sqlx::query_as(
                "SELECT person_id AS id, subject,
                     (SELECT actor_name FROM audit_log WHERE actor_id = person_id
                      ORDER BY id DESC LIMIT 1) AS name
                 FROM identities WHERE NOT EXISTS (SELECT 1 FROM people WHERE id = person_id)
                 ORDER BY person_id DESC LIMIT 100",
            )
            .fetch_all(db.read())
            .await?
        }))
    }

    /// Lets somebody who was removed sign in again, as somebody new. False: nobody like that is kept out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn let_in_again(&self, id: PersonId) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        let changed = within!(&mut tx, |c| {
            sqlx::query(
                "DELETE FROM identities
                 WHERE person_id = $1 AND NOT EXISTS (SELECT 1 FROM people WHERE id = $1)",
            )
            .bind(id)
            .execute(c)
            .await?
            .rows_affected()
        });
        let detail = Some("may sign in again");
        self.end_noted(tx, changed, Action::PersonUpdated, id, detail)
            .await
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
