//! People who use the dashboard.

use sqlx::FromRow;

use super::{Store, StoreError, Tx};
use crate::domain::audit::Action;
use crate::domain::id::PersonId;
use crate::domain::person::{Person, Role, fold_email};
use crate::domain::timestamp::Timestamp;

/// Why people stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeopleRefusal {
    /// Somebody has this email already.
    EmailTaken,
    /// There is no such person.
    Unknown,
    /// Nobody could look after people any more.
    LastAdministrator,
    /// Somebody removed this person, whom an identity provider would let in.
    Removed,
    /// What is to be changed is not what it was shown as: somebody else changed it.
    ChangedMeanwhile,
}

#[derive(FromRow)]
struct PersonRow {
    id: PersonId,
    email: String,
    name: String,
    role: String,
    has_second_factor: i64,
    created_at: Timestamp,
    last_login_at: Option<Timestamp>,
}

impl TryFrom<PersonRow> for Person {
    type Error = StoreError;

    fn try_from(row: PersonRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            email: row.email,
            name: row.name,
            role: Role::parse(&row.role).map_err(|_| StoreError::Corrupt("people.role"))?,
            has_second_factor: row.has_second_factor != 0,
            created_at: row.created_at,
            last_login_at: row.last_login_at,
        })
    }
}

macro_rules! select_people {
    ($rest:literal) => {
        concat!(
            "SELECT id, email, name, role, CAST(CASE WHEN totp_secret IS NULL THEN 0 ELSE 1 END AS BIGINT)
                 AS has_second_factor, created_at, last_login_at FROM people ",
            $rest
        )
    };
}

impl Store {
    /// Adds a person.
    ///
    /// # Errors
    /// When the database does not answer; inside, when the email is taken.
    pub async fn insert_person(
        &self,
        person: &Person,
        password_hash: Option<&str>,
    ) -> Result<Result<(), PeopleRefusal>, StoreError> {
        let mut tx = self.engine.begin().await?;
        if insert(&mut tx, person, password_hash).await? == 0 {
            return Ok(Err(PeopleRefusal::EmailTaken));
        }
        self.note_added(&mut tx, person).await?;
        tx.commit().await?;
        Ok(Ok(()))
    }

    /// People, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn people(
        &self,
        before: Option<PersonId>,
        limit: i64,
    ) -> Result<Vec<Person>, StoreError> {
        let rows: Vec<PersonRow> = each!(self, |db| {
            sqlx::query_as(select_people!(
                "WHERE id < COALESCE($1, '~') ORDER BY id DESC LIMIT $2"
            ))
            .bind(before)
            .bind(limit)
            .fetch_all(db.read())
            .await?
        });
        rows.into_iter().map(Person::try_from).collect()
    }

    /// The person of that id.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn person(&self, id: PersonId) -> Result<Option<Person>, StoreError> {
        let row: Option<PersonRow> = each!(self, |db| {
            sqlx::query_as(select_people!("WHERE id = $1"))
                .bind(id)
                .fetch_optional(db.read())
                .await?
        });
        row.map(Person::try_from).transpose()
    }

    /// The person of that email, in any case.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn person_of_email(&self, email: &str) -> Result<Option<Person>, StoreError> {
        let row: Option<PersonRow> = each!(self, |db| {
            sqlx::query_as(select_people!("WHERE email_folded = $1"))
                .bind(fold_email(email))
                .fetch_optional(db.read())
                .await?
        });
        row.map(Person::try_from).transpose()
    }

    /// Gives a person another name and role. What is the same as it was shown stays as it is by now; what is not must be as
    /// it was shown.
    ///
    /// # Errors
    /// When the database does not answer; inside, when the person is unknown or the last administrator, or somebody else
    /// has changed the same meanwhile.
    pub async fn update_person(
        &self,
        id: PersonId,
        shown: (&str, Role),
        wanted: (&str, Role),
    ) -> Result<Result<(), PeopleRefusal>, StoreError> {
        let mut tx = self.engine.begin().await?;
        take_turns(&mut tx).await?;
        let found: Option<(String, String)> = within!(&mut tx, |c| {
            sqlx::query_as("SELECT name, role FROM people WHERE id = $1")
                .bind(id)
                .fetch_optional(c)
                .await?
        });
        let Some((own_name, own_role)) = found else {
            return Ok(Err(PeopleRefusal::Unknown));
        };
        let own_role = Role::parse(&own_role).map_err(|_| StoreError::Corrupt("people.role"))?;
        let name = changed(&*own_name, shown.0, wanted.0);
        let role = changed(own_role, shown.1, wanted.1);
        let (Some(name), Some(role)) = (name, role) else {
            return Ok(Err(PeopleRefusal::ChangedMeanwhile));
        };
        let before = match may_lose(&mut tx, id, role).await? {
            Ok(before) => before,
            Err(refused) => return Ok(Err(refused)),
        };
        let changed = within!(&mut tx, |c| {
            sqlx::query("UPDATE people SET name = $2, role = $3 WHERE id = $1 AND (name <> $2 OR role <> $3)")
                .bind(id)
                .bind(name)
                .bind(role.as_str())
                .execute(c)
                .await?
                .rows_affected()
        });
        let detail = (before != role.as_str()).then(|| format!("{before} → {}", role.as_str()));
        self.end_noted(tx, changed, Action::PersonUpdated, id, detail.as_deref())
            .await?;
        Ok(Ok(()))
    }

    /// Gives a person another name. False: there is no such person, or the name was this one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn rename_person(&self, id: PersonId, name: &str) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        let changed = within!(&mut tx, |c| {
            sqlx::query("UPDATE people SET name = $2 WHERE id = $1 AND name <> $2")
                .bind(id)
                .bind(name)
                .execute(c)
                .await?
                .rows_affected()
        });
        self.end_noted(tx, changed, Action::PersonUpdated, id, None)
            .await
    }

    /// Removes a person, and signs all of this person's browsers out. Whom an identity provider names is kept out from now on
    /// ([`Store::let_in_again`]).
    ///
    /// # Errors
    /// When the database does not answer; inside, when the person is unknown or the last administrator.
    pub async fn delete_person(
        &self,
        id: PersonId,
    ) -> Result<Result<(), PeopleRefusal>, StoreError> {
        let mut tx = self.engine.begin().await?;
        let role = match may_lose(&mut tx, id, Role::Viewer).await? {
            Ok(role) => role,
            Err(refused) => return Ok(Err(refused)),
        };
        // The person first, as everywhere: so no two of these wait for each other.
        for sql in [
            "DELETE FROM people WHERE id = $1",
            "DELETE FROM browser_sessions WHERE person_id = $1",
            "DELETE FROM begun_sign_ins WHERE person_id = $1",
            "DELETE FROM recovery_codes WHERE person_id = $1",
        ] {
            within!(&mut tx, |c| sqlx::query(sql)
                .bind(id)
                .execute(c)
                .await?
                .rows_affected());
        }
        self.note(&mut tx, Action::PersonDeleted, id, Some(&role))
            .await?;
        tx.commit().await?;
        Ok(Ok(()))
    }

    /// Notes that a person was added.
    pub(super) async fn note_added(&self, tx: &mut Tx, person: &Person) -> Result<(), sqlx::Error> {
        let role = person.role.as_str();
        self.note(tx, Action::PersonCreated, person.id, Some(role))
            .await
    }
}

/// What becomes of a value that was shown as `shown` and wanted as `wanted`; none: somebody else has changed it, too.
fn changed<T: PartialEq + Copy>(own: T, shown: T, wanted: T) -> Option<T> {
    if wanted == shown || wanted == own {
        Some(own)
    } else if own == shown {
        Some(wanted)
    } else {
        None
    }
}

/// Keeps a person unless the email is taken; tells how many were kept.
pub(super) async fn insert(
    tx: &mut Tx,
    person: &Person,
    password_hash: Option<&str>,
) -> Result<u64, sqlx::Error> {
    Ok(within!(tx, |c| {
        sqlx::query(
            "INSERT INTO people (id, email, email_folded, name, role, password_hash, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (email_folded) DO NOTHING",
        )
        .bind(person.id)
        .bind(&person.email)
        .bind(fold_email(&person.email))
        .bind(&person.name)
        .bind(person.role.as_str())
        .bind(password_hash)
        .bind(person.created_at)
        .execute(c)
        .await?
        .rows_affected()
    }))
}

/// Lets one transaction at a time decide by who is there.
pub(super) async fn take_turns(tx: &mut Tx) -> Result<(), sqlx::Error> {
    within!(tx, |c| {
        sqlx::query(
            "INSERT INTO settings (name, value) VALUES ('people', '')
             ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value",
        )
        .execute(c)
        .await?
        .rows_affected()
    });
    Ok(())
}

/// The person's role, if there is another administrator where this one would become something else.
async fn may_lose(
    tx: &mut Tx,
    id: PersonId,
    role: Role,
) -> Result<Result<String, PeopleRefusal>, sqlx::Error> {
    take_turns(tx).await?;
    let found: Option<(String, i64)> = within!(tx, |c| {
        sqlx::query_as(
            "SELECT role, (SELECT COUNT(*) FROM people WHERE role = 'admin' AND id <> $1)
             FROM people WHERE id = $1",
        )
        .bind(id)
        .fetch_optional(c)
        .await?
    });
    let admin = Role::Administrator;
    Ok(match found {
        None => Err(PeopleRefusal::Unknown),
        Some((own, 0)) if own == admin.as_str() && role != admin => {
            Err(PeopleRefusal::LastAdministrator)
        }
        Some((own, _)) => Ok(own),
    })
}
