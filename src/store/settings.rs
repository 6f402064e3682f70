//! Small things the program keeps for itself.

use super::{Store, StoreError};
use crate::domain::secret::Secret;

impl Store {
    /// The secret that signs nonces and cookies: made at the first start, the same on all nodes ever after.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn signing_secret(&self, fresh: &Secret) -> Result<Secret, StoreError> {
        each!(self, |db| {
            sqlx::query(
                "INSERT INTO settings (name, value) VALUES ('signing_secret', $1)
                 ON CONFLICT (name) DO NOTHING",
            )
            .bind(fresh.expose())
            .execute(db.write())
            .await?
            .rows_affected()
        });
        let (text,): (String,) = each!(self, |db| {
            sqlx::query_as("SELECT value FROM settings WHERE name = 'signing_secret'")
                .fetch_one(db.write())
                .await?
        });
        Ok(Secret::new(text))
    }
}
