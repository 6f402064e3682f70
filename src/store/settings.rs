//! Small things the program keeps for itself.

use super::{Store, StoreError};
use crate::domain::secret::Secret;

impl Store {
    /// The secret that signs nonces and cookies: made at the first start, the same on all nodes ever after.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn signing_secret(&self, fresh: &Secret) -> Result<Secret, StoreError> {
        let kept = self.first_value("signing_secret", fresh.expose()).await?;
        Ok(Secret::new(kept))
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
    async fn first_value(&self, name: &str, fresh: &str) -> Result<String, StoreError> {
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
}
