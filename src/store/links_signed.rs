//! What the sites of signed links sign with.

use super::{Store, StoreError};
use crate::domain::audit::Action;
use crate::domain::id::LinkId;
use crate::domain::secret::Secret;

impl Store {
    /// Gives a signed link another secret: from now on nothing that was signed with the one before is taken. False: there is
    /// no such link, or it is not signed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn replace_signing_secret(
        &self,
        id: LinkId,
        secret: &Secret,
    ) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        let done = within!(&mut tx, |c| {
            sqlx::query(
                "UPDATE links SET signing_secret = $2
                 WHERE id = $1 AND signing_secret IS NOT NULL AND deleted_at IS NULL",
            )
            .bind(id)
            .bind(secret.expose())
            .execute(c)
            .await?
            .rows_affected()
        });
        let detail = Some("another signing secret");
        self.end_noted(tx, done, Action::LinkUpdated, id, detail)
            .await
    }
}
