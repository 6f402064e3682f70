//! Small things the program keeps for itself.

use super::events::{NewEvent, raise};
use super::{Engine, Store, StoreError, postgres};
use crate::domain::secret::Secret;
use crate::domain::timestamp::Timestamp;

impl Store {
    /// The secret that signs nonces and cookies: made at the first start, the same on all nodes ever after.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn signing_secret(&self, fresh: &Secret) -> Result<Secret, StoreError> {
        let kept = self.first_value("signing_secret", fresh.expose()).await?;
        Ok(Secret::new(kept))
    }

    /// The time by the database's clock, where several machines share it; none on SQLite.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        let Engine::Postgres(db) = &self.engine else {
            return Ok(None);
        };
        let now = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
        let (now,) = postgres::in_time(sqlx::query_as(now).fetch_one(db.read())).await?;
        Ok(Some(now))
    }

    /// Marks the database at its first start as the sandbox's, or as that of a real account. False: it is marked as the
    /// other, and stays so.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn claim(&self, sandbox: bool) -> Result<bool, StoreError> {
        let user = if sandbox { "sandbox" } else { "account" };
        Ok(self.first_value("used_by", user).await? == user)
    }

    /// Keeps a value under `name` unless there is one already; returns the one that is kept.
    pub(super) async fn first_value(&self, name: &str, fresh: &str) -> Result<String, StoreError> {
        each!(self, |db| {
            sqlx::query(
                "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
            )
            .bind(name)
            .bind(fresh)
            .execute(db.write())
            .await?
            .rows_affected()
        });
        let (kept,): (String,) = each!(self, |db| {
            sqlx::query_as("SELECT value FROM settings WHERE name = $1")
                .bind(name)
                .fetch_one(db.write())
                .await?
        });
        Ok(kept)
    }

    /// The faults of iDenfy that the nodes told each other of, parted by spaces.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn idenfy_faults(&self) -> Result<String, StoreError> {
        let row: Option<(String,)> = each!(self, |db| {
            sqlx::query_as("SELECT value FROM settings WHERE name = 'idenfy_faults'")
                .fetch_optional(db.read())
                .await?
        });
        Ok(row.map(|(faults,)| faults).unwrap_or_default())
    }

    /// Changes them, and raises the event that tells of it. False: they are not what they were `before`, and nothing was
    /// changed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn change_idenfy_faults(
        &self,
        before: &str,
        faults: &str,
        event: Option<NewEvent>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        let changed = within!(&mut tx, |c| {
            sqlx::query(
                "INSERT INTO settings (name, value) VALUES ('idenfy_faults', '')
                 ON CONFLICT (name) DO NOTHING",
            )
            .execute(&mut *c)
            .await?;
            sqlx::query(
                "UPDATE settings SET value = $2 WHERE name = 'idenfy_faults' AND value = $1",
            )
            .bind(before)
            .bind(faults)
            .execute(c)
            .await?
            .rows_affected()
        });
        if changed == 0 {
            return Ok(false);
        }
        raise(&mut tx, event.as_slice()).await?;
        tx.commit().await?;
        self.news.tell();
        Ok(true)
    }
}
