//! What is kept beside messages: words that were changed here, and who wants no more.

use std::collections::HashSet;

use crate::domain::audit::Action;
use crate::domain::locale::Locale;
use crate::domain::message::Channel;
use crate::domain::secret::Secret;
use crate::domain::timestamp::Timestamp;
use crate::store::ledger::json_rows;
use crate::store::{Store, StoreError};

impl Store {
    /// The words that were changed here: channel, language, and a JSON object of texts by field.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn message_words(&self) -> Result<Vec<(String, String, String)>, StoreError> {
        Ok(each!(self, |db| {
            sqlx::query_as("SELECT channel, language, words FROM message_words")
                .fetch_all(db.read())
                .await?
        }))
    }

    /// Changes the words of a channel's messages in a language; none: they are the default again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_message_words(
        &self,
        (channel, language): (Channel, Locale),
        words: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.engine.begin().await?;
        match words {
            Some(words) => within!(&mut tx, |c| sqlx::query(SET_WORDS)
                .bind(channel.as_str())
                .bind(language.as_str())
                .bind(words)
                .bind(now)
                .execute(c)
                .await?
                .rows_affected()),
            None => within!(&mut tx, |c| {
                sqlx::query("DELETE FROM message_words WHERE channel = $1 AND language = $2")
                    .bind(channel.as_str())
                    .bind(language.as_str())
                    .execute(c)
                    .await?
                    .rows_affected()
            }),
        };
        let id = format!("{}.{language}", channel.as_str());
        let detail = words.is_none().then_some("default");
        self.note(&mut tx, Action::MessageWordsSet, id, detail)
            .await?;
        Ok(tx.commit().await?)
    }

    /// What addresses of people who want no more are digested with: made at the first start, and the same ever after, or
    /// they would be forgotten.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn unsubscribe_key(&self, fresh: &Secret) -> Result<Secret, StoreError> {
        let kept = self.first_value("unsubscribe_key", fresh.expose()).await?;
        Ok(Secret::new(kept))
    }

    /// Keeps the digest of an address that wants no more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn unsubscribe(&self, digest: &str, now: Timestamp) -> Result<(), StoreError> {
        each!(self, |db| {
            sqlx::query(
                "INSERT INTO unsubscribed (digest, at) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING",
            )
            .bind(digest)
            .bind(now)
            .execute(db.write())
            .await?
            .rows_affected()
        });
        Ok(())
    }

    /// Those of these digests whose addresses want no more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn unsubscribed(&self, digests: &[String]) -> Result<HashSet<String>, StoreError> {
        let rows: Vec<[&String; 1]> = digests.iter().map(|digest| [digest]).collect();
        let found: Vec<(String,)> = each!(self, |db| {
            sqlx::query_as(
                "SELECT digest FROM unsubscribed WHERE digest IN (SELECT value ->> 0 FROM json_each($1))",
            )
            .bind(json_rows(&rows))
            .fetch_all(db.read())
            .await?
        });
        Ok(found.into_iter().map(|(digest,)| digest).collect())
    }
}

const SET_WORDS: &str = "
INSERT INTO message_words (channel, language, words, updated_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (channel, language) DO UPDATE SET words = EXCLUDED.words, updated_at = EXCLUDED.updated_at";
