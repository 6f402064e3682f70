//! API keys: kept as digests, so that a copy of the database opens nothing.

use sha2::{Digest, Sha256};
use sqlx::FromRow;

use super::{Store, StoreError};
use crate::domain::audit::Action;
use crate::domain::id::KeyId;
use crate::domain::scope::Scope;
use crate::domain::secret::Secret;
use crate::domain::timestamp::Timestamp;

/// How exactly the last use of a key is known: one write a minute at most.
const LAST_USE_STEP_MS: i64 = 60_000;

/// Letters of the random part of a key.
const ALPHABET: [char; 62] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I',
    'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'a', 'b',
    'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u',
    'v', 'w', 'x', 'y', 'z',
];

/// An API key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its name inside the program.
    pub id: KeyId,
    /// What people call it.
    pub name: String,
    /// Its first characters, to recognise it by.
    pub prefix: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct KeyRow {
    id: KeyId,
    name: String,
    prefix: String,
    scopes: String,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
}

impl TryFrom<KeyRow> for ApiKey {
    type Error = StoreError;

    fn try_from(row: KeyRow) -> Result<Self, StoreError> {
        let scopes: Result<Vec<Scope>, String> = row.scopes.split(' ').map(Scope::parse).collect();
        Ok(Self {
            id: row.id,
            name: row.name,
            prefix: row.prefix,
            scopes: scopes.map_err(|_| StoreError::Corrupt("api_keys.scopes"))?,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        })
    }
}

impl ApiKey {
    /// Whether it may do what `scope` stands for.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&Scope::Admin) || self.scopes.contains(&scope)
    }

    /// A new key and its text, which is shown once: `epk_` and 40 random characters (238 bits).
    #[must_use]
    pub fn generate(
        id: KeyId,
        name: String,
        scopes: Vec<Scope>,
        created_at: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> (Self, Secret) {
        let text = format!("epk_{}", nanoid::nanoid!(40, &ALPHABET));
        let prefix = text[..8].to_owned();
        let key = Self {
            id,
            name,
            prefix,
            scopes,
            created_at,
            expires_at,
            last_used_at: None,
        };
        (key, Secret::new(text))
    }
}

impl Store {
    /// Keeps a new key, in place of one of the same id: that is one whose text was told to nobody.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn insert_key(&self, key: &ApiKey, text: &Secret) -> Result<(), StoreError> {
        let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
        let mut tx = self.engine.begin().await?;
        within!(&mut tx, |c| {
            sqlx::query(
                "INSERT INTO api_keys (id, name, digest, prefix, scopes, created_at, expires_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)
                 ON CONFLICT (id) DO UPDATE SET digest = EXCLUDED.digest, prefix = EXCLUDED.prefix,
                     created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at, revoked_at = NULL",
            )
            .bind(key.id)
            .bind(&key.name)
            .bind(digest(text))
            .bind(&key.prefix)
            .bind(scopes.join(" "))
            .bind(key.created_at)
            .bind(key.expires_at)
            .execute(c)
            .await?
            .rows_affected()
        });
        let detail = format!("{} ({})", key.name, scopes.join(" "));
        self.note(&mut tx, Action::KeyCreated, key.id, Some(&detail))
            .await?;
        Ok(tx.commit().await?)
    }

    /// The key of that text, if it is valid now; notes that it was used.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn use_key(
        &self,
        text: &Secret,
        now: Timestamp,
    ) -> Result<Option<ApiKey>, StoreError> {
        let row: Option<KeyRow> = each!(self, |db| {
            sqlx::query_as(
                "SELECT id, name, prefix, scopes, created_at, expires_at, last_used_at FROM api_keys
                 WHERE digest = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)",
            )
            .bind(digest(text))
            .bind(now)
            .fetch_optional(db.read())
            .await?
        });
        let Some(row) = row else { return Ok(None) };
        let step = now.plus_millis(-LAST_USE_STEP_MS);
        if row.last_used_at.is_none_or(|last| last <= step) {
            each!(self, |db| {
                sqlx::query("UPDATE api_keys SET last_used_at = $2 WHERE id = $1")
                    .bind(row.id)
                    .bind(now)
                    .execute(db.write())
                    .await?
                    .rows_affected()
            });
        }
        row.try_into().map(Some)
    }

    /// Keys that were not revoked, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn keys(&self, before: Option<KeyId>, limit: i64) -> Result<Vec<ApiKey>, StoreError> {
        let rows: Vec<KeyRow> = each!(self, |db| {
            sqlx::query_as(
                "SELECT id, name, prefix, scopes, created_at, expires_at, last_used_at FROM api_keys
                 WHERE revoked_at IS NULL AND ($1 IS NULL OR id < $1) ORDER BY id DESC LIMIT $2",
            )
            .bind(before)
            .bind(limit)
            .fetch_all(db.read())
            .await?
        });
        rows.into_iter().map(ApiKey::try_from).collect()
    }

    /// Who made these keys: for each that the audit log knows of, what its maker was called then, or the kind of actor.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn key_makers(&self, ids: &[KeyId]) -> Result<Vec<(KeyId, String)>, StoreError> {
        let ids: Vec<[KeyId; 1]> = ids.iter().map(|id| [*id]).collect();
        Ok(each!(self, |db| {
            sqlx::query_as(MAKERS)
                .bind(super::ledger::json_rows(&ids))
                .fetch_all(db.read())
                .await?
        }))
    }

    /// The key of that id, unless it was revoked.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn key(&self, id: KeyId) -> Result<Option<ApiKey>, StoreError> {
        let row: Option<KeyRow> = each!(self, |db| {
            sqlx::query_as(
                "SELECT id, name, prefix, scopes, created_at, expires_at, last_used_at FROM api_keys
                 WHERE id = $1 AND revoked_at IS NULL",
            )
            .bind(id)
            .fetch_optional(db.read())
            .await?
        });
        row.map(ApiKey::try_from).transpose()
    }

    /// Revokes a key. False: there is no such key.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn revoke_key(&self, id: KeyId, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        let done = within!(&mut tx, |c| {
            sqlx::query("UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
                .bind(id)
                .bind(now)
                .execute(c)
                .await?
                .rows_affected()
        });
        self.end_noted(tx, done, Action::KeyRevoked, id, None).await
    }
}

/// `LIKE`, so that the keys are looked for, and not all keys that were ever made.
const MAKERS: &str = "
SELECT object_id, COALESCE(actor_name, actor_kind) FROM audit_log
WHERE object_id IN (SELECT value ->> 0 FROM json_each($1)) AND action LIKE 'key.created' ORDER BY id";

/// What is kept of a text that is random enough to need no slow hash.
pub(super) fn digest(text: &Secret) -> String {
    hex::encode(Sha256::digest(text.expose()))
}
