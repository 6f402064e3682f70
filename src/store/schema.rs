//! The schema: which one is there, and what it has.

use super::{Engine, Store, StoreError, postgres, sqlite};

impl Store {
    /// Whether the schema is the one this version works with.
    ///
    /// # Errors
    /// [`StoreError::Outdated`] or [`StoreError::Newer`] when it is not; or the database does not answer.
    pub async fn check_schema(&self) -> Result<(), StoreError> {
        let versions =
            "SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version";
        let applied = each!(self, |db| sqlx::query_as(versions)
            .fetch_all(db.read())
            .await);
        let applied: Vec<(i64, Vec<u8>)> = match applied {
            // Not even the table of versions is there.
            Err(error) if error.as_database_error().is_some() => Vec::new(),
            applied => applied?,
        };
        let migrator = match &self.engine {
            Engine::Sqlite(_) => &sqlite::MIGRATIONS,
            Engine::Postgres(_) => &postgres::MIGRATIONS,
        };
        let known: Vec<(i64, Vec<u8>)> = migrator
            .iter()
            .map(|step| (step.version, step.checksum.to_vec()))
            .collect();
        if applied == known {
            Ok(())
        } else if known.starts_with(&applied) {
            Err(StoreError::Outdated)
        } else {
            Err(StoreError::Newer)
        }
    }

    /// Names and columns of all tables, for the test that holds both schemas equal: what is a table on one engine may be a view
    /// on the other.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn columns(&self) -> Result<Vec<(String, String)>, StoreError> {
        Ok(match &self.engine {
            Engine::Sqlite(db) => {
                sqlx::query_as(
                    "SELECT m.name, p.name FROM sqlite_schema m, pragma_table_xinfo(m.name) p
                     WHERE m.type IN ('table', 'view') AND m.name NOT LIKE '!_sqlx%' ESCAPE '!' ORDER BY 1, 2",
                )
                .fetch_all(db.read())
                .await?
            }
            Engine::Postgres(db) => {
                sqlx::query_as(
                    "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT)
                     FROM information_schema.columns
                     WHERE table_schema = current_schema() AND table_name NOT LIKE '!_sqlx%' ESCAPE '!'
                     ORDER BY table_name COLLATE \"C\", column_name COLLATE \"C\"",
                )
                .fetch_all(db.read())
                .await?
            }
        })
    }
}
