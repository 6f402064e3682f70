//! Links being made, one or a hundred thousand.

use std::collections::{HashMap, HashSet};

use super::imports::{Imported, seen_sql};
use super::ledger::json_rows;
use super::links::folded;
use super::{Store, StoreError, Tx};
use crate::domain::audit::Action;
use crate::domain::id::LinkId;
use crate::domain::link::Link;
use crate::domain::locale::Locale;
use crate::domain::secret::Secret;
use crate::domain::slug::Slug;

/// Rows in one statement.
const CHUNK: usize = 500;

/// Slugs that cannot be had, by their positions among those that were asked about.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// A link has or had it.
    pub for_good: Vec<usize>,
    /// What is still being made at once, or being cleared away, holds it.
    pub for_now: Vec<usize>,
}

impl Taken {
    pub(super) fn all(self) -> impl Iterator<Item = usize> {
        self.for_good.into_iter().chain(self.for_now)
    }
}

impl Store {
    /// Keeps new links, all or none, in one transaction. When a slug is or was taken, also by an earlier one of `links`, tells
    /// the position of the first such link. Of several links made at once the audit log has one line.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn insert_links(&self, links: &[Link]) -> Result<Result<(), usize>, StoreError> {
        let Some(first) = links.first() else {
            return Ok(Ok(()));
        };
        // On SQLite clicks wait from here to the end, so what can be done before is.
        let chunks = in_chunks(links, |link| link, rows).await;
        let mut tx = self.engine.begin().await?;
        if !insert(&mut tx, INSERT, chunks).await? {
            drop(tx);
            let links: Vec<&Link> = links.iter().collect();
            return Ok(Err(self.first_taken(&links).await?));
        }
        let id = first.terms.id;
        if links.len() > 1 {
            let what = Imported::Links(links.len());
            self.end_import(tx, id, what).await?;
            return Ok(Ok(()));
        }
        self.note(&mut tx, Action::LinkCreated, id, Some(&first.name))
            .await?;
        tx.commit().await?;
        Ok(Ok(()))
    }

    pub(super) async fn first_taken(&self, links: &[&Link]) -> Result<usize, StoreError> {
        let mut seen = HashSet::new();
        let twice = links.iter().position(|link| !seen.insert(&link.terms.slug));
        let slugs: Vec<_> = links.iter().map(|link| &link.terms.slug).collect();
        let taken = self.taken_slugs(&slugs).await?.all();
        Ok(taken.chain(twice).min().unwrap_or_default())
    }

    /// Those slugs that cannot be had now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn taken_slugs(&self, slugs: &[&Slug]) -> Result<Taken, StoreError> {
        let mut all = Taken::default();
        for (n, chunk) in slugs.chunks(CHUNK).enumerate() {
            let asked = json_rows(&chunk.iter().map(|slug| [slug.as_str()]).collect::<Vec<_>>());
            let taken: Vec<(Slug, bool)> = each!(self, |db| {
                sqlx::query_as(TAKEN)
                    .bind(&asked)
                    .fetch_all(db.list())
                    .await?
            });
            let taken: HashMap<_, _> = taken.into_iter().collect();
            for (position, slug) in chunk.iter().enumerate() {
                match taken.get(slug) {
                    Some(true) => all.for_good.push(n * CHUNK + position),
                    Some(false) => all.for_now.push(n * CHUNK + position),
                    None => {}
                }
            }
        }
        Ok(all)
    }

    /// What was drawn for the links whose ids are from `first` to `last`, deleted ones too, in the order of the ids: the slug,
    /// and what the site of a signed one signs with.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn drawn_between(
        &self,
        first: LinkId,
        last: LinkId,
    ) -> Result<Vec<(Slug, Option<Secret>)>, StoreError> {
        let rows: Vec<(Slug, Option<String>)> = each!(self, |db| {
            sqlx::query_as(DRAWN)
                .bind(first)
                .bind(last)
                .fetch_all(db.list())
                .await?
        });
        let rows = rows.into_iter();
        Ok(rows
            .map(|(slug, secret)| (slug, secret.map(Secret::new)))
            .collect())
    }
}

/// Rows for one statement, and how many they are.
pub(super) type Chunk = (usize, String);

/// Rows as statements take them, written while others have their turns.
pub(super) async fn in_chunks<T, R>(
    all: &[T],
    of: impl Fn(&T) -> &R,
    rows: impl Fn(&[&R]) -> String,
) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    for chunk in all.chunks(CHUNK) {
        let chunk: Vec<&R> = chunk.iter().map(&of).collect();
        chunks.push((chunk.len(), rows(&chunk)));
        tokio::task::yield_now().await;
    }
    chunks
}

/// Inserts rows. False: some were there already.
pub(super) async fn insert(
    tx: &mut Tx,
    [sqlite, postgres]: Sql,
    chunks: Vec<Chunk>,
) -> Result<bool, sqlx::Error> {
    let sql = match tx {
        Tx::Sqlite(_) => sqlite,
        Tx::Postgres(_) => postgres,
    };
    for (count, rows) in chunks {
        let made = within!(&mut *tx, |c| sqlx::query(sql)
            .bind(rows)
            .execute(c)
            .await?
            .rows_affected());
        if usize::try_from(made) != Ok(count) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Rows of what the statement below inserts.
pub(super) fn rows(links: &[&Link]) -> String {
    let rows: Vec<_> = links
        .iter()
        .map(|link| {
            let terms = &link.terms;
            (
                terms.id,
                terms.slug.as_str(),
                &link.name,
                folded(&link.name),
                terms.usage.kind(),
                terms.usage.limit(),
                terms
                    .expires_at
                    .map(crate::domain::timestamp::Timestamp::millis),
                terms.language.map(Locale::as_str),
                terms.flow.as_str(),
                terms.confirm,
                terms.resume,
                terms.accept_ref,
                &link.inactive_message,
                serde_json::to_string(terms.token.as_map()).unwrap_or_default(),
                terms.created_at.millis(),
                link.signing_secret.as_ref().map(Secret::expose),
            )
        })
        .collect();
    json_rows(&rows)
}

/// A statement of SQLite's and of PostgreSQL's.
pub(super) type Sql = [&'static str; 2];

macro_rules! insert_sql {
    ($each:literal) => {
        concat!(
            "
INSERT INTO links (id, slug, name, name_folded, usage_kind, usage_limit, expires_at, language, flow, confirm, resume,
                   accept_ref, inactive_message, token, created_at, signing_secret)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, CAST(value ->> 5 AS BIGINT),
       CAST(value ->> 6 AS BIGINT), value ->> 7, value ->> 8, CAST(value ->> 9 AS BOOLEAN),
       CAST(value ->> 10 AS BOOLEAN), CAST(value ->> 11 AS BOOLEAN), value ->> 12, value ->> 13,
       CAST(value ->> 14 AS BIGINT), value ->> 15
FROM ",
            $each,
            "($1) WHERE TRUE ON CONFLICT DO NOTHING"
        )
    };
}

/// SQLite takes rows apart in less than half the time where they need not become text again.
pub(super) const INSERT: Sql = [insert_sql!("jsonb_each"), insert_sql!("json_each")];

const DRAWN: &str = concat!(
    "SELECT slug, signing_secret FROM links WHERE id >= $1 AND id <= $2 AND ",
    seen_sql!("links.id"),
    " ORDER BY id"
);

const TAKEN: &str = concat!(
    "SELECT slug, ",
    seen_sql!("links.id"),
    " FROM links WHERE slug IN (SELECT value ->> 0 FROM json_each($1))"
);
