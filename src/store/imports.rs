//! Many links or invitations made at once: in steps so short that clicks go on between them, and none of it to be seen
//! before all of it is there.

use super::invitations::{self, invited_messages};
use super::ledger::json_rows;
use super::links_made::{self, in_chunks, insert};
use super::messages::queue;
use super::{Store, StoreError, Tx};
use crate::clock::Clock;
use crate::domain::audit::Action;
use crate::domain::id::{LinkId, MessageId};
use crate::domain::invitation::{Campaign, Invited};
use crate::domain::link::Link;
use crate::domain::slug::Slug;

/// An import of which nothing was heard for so long is taken to have died with its process, in milliseconds.
const LEASE_MS: i64 = 60_000;

/// Links deleted in one transaction.
const DROP_AT_ONCE: i64 = 500;

/// Links or invitations that are being made. What is dropped without an end is deleted by the sweep.
#[derive(Debug)]
pub struct Import {
    store: Store,
    clock: Clock,
    first: LinkId,
    last: LinkId,
    owner: String,
}

/// What was made, as the audit log and its campaign have it.
#[derive(Debug, Clone, Copy)]
pub enum Imported<'a> {
    /// So many links.
    Links(usize),
    /// So many invitations, and the campaign that they are in.
    Invitations(usize, Option<&'a Campaign>),
}

impl Store {
    /// Begins to make links whose ids lie between `first` and `last`. What a process that died had made of them is deleted
    /// first. `None`: another is at it, or they are there.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_import(
        &self,
        clock: &Clock,
        first: LinkId,
        last: LinkId,
    ) -> Result<Option<Import>, StoreError> {
        if let Some(left) = self.take_over_import(clock, first).await? {
            left.clear().await?;
            return Ok(Some(left));
        }
        let owner = clock.uuid().to_string();
        let begun = each!(self, |db| {
            sqlx::query(BEGIN)
                .bind(first)
                .bind(last)
                .bind(&owner)
                .bind(clock.now().plus_millis(LEASE_MS))
                .execute(db.write())
                .await?
                .rows_affected()
        });
        Ok((begun > 0).then(|| Import {
            store: self.clone(),
            clock: clock.clone(),
            first,
            last,
            owner,
        }))
    }

    /// Deletes what is left of imports whose process died. Returns how many there were.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn drop_dead_imports(&self, clock: &Clock) -> Result<usize, StoreError> {
        let dead: Vec<(LinkId,)> = each!(self, |db| {
            sqlx::query_as("SELECT first_id FROM imports WHERE leased_until <= $1")
                .bind(clock.now())
                .fetch_all(db.read())
                .await?
        });
        let mut dropped = 0;
        for (first,) in dead {
            if let Some(left) = self.take_over_import(clock, first).await? {
                left.cancel().await?;
                dropped += 1;
            }
        }
        Ok(dropped)
    }

    async fn take_over_import(
        &self,
        clock: &Clock,
        first: LinkId,
    ) -> Result<Option<Import>, StoreError> {
        let (owner, now) = (clock.uuid().to_string(), clock.now());
        let left: Option<(LinkId,)> = each!(self, |db| {
            sqlx::query_as(TAKE_OVER)
                .bind(first)
                .bind(&owner)
                .bind(now.plus_millis(LEASE_MS))
                .bind(now)
                .fetch_optional(db.write())
                .await?
        });
        Ok(left.map(|(last,)| Import {
            store: self.clone(),
            clock: clock.clone(),
            first,
            last,
            owner,
        }))
    }
}

impl Import {
    /// Keeps some of the links, all or none; within it the places of those whose slug is or was taken.
    ///
    /// # Errors
    /// When the database does not answer, or another process has taken the import over.
    pub async fn add_links(&self, links: &[Link]) -> Result<Result<(), Vec<usize>>, StoreError> {
        let rows = in_chunks(links, |link| link, links_made::rows).await;
        let mut tx = self.step().await?;
        if !insert(&mut tx, links_made::INSERT, rows).await? {
            drop(tx);
            return self.taken(links.iter()).await.map(Err);
        }
        tx.commit().await?;
        Ok(Ok(()))
    }

    /// Keeps some of the invitations, which bear the id of their campaign; otherwise the same.
    ///
    /// # Errors
    /// When the database does not answer, or another process has taken the import over.
    pub async fn add_invited(
        &self,
        people: &[Invited],
        message_id: impl Fn() -> MessageId + Send + Sync,
    ) -> Result<Result<(), Vec<usize>>, StoreError> {
        let links = in_chunks(people, |one| &one.link, links_made::rows).await;
        let rows = in_chunks(people, |one| &one.invitation, invitations::rows).await;
        let messages = invited_messages(people, message_id);
        let mut tx = self.step().await?;
        if !insert(&mut tx, links_made::INSERT, links).await?
            || !insert(&mut tx, invitations::INSERT, rows).await?
        {
            drop(tx);
            return self
                .taken(people.iter().map(|one| &one.link))
                .await
                .map(Err);
        }
        queue(&mut tx, &messages).await?;
        tx.commit().await?;
        Ok(Ok(()))
    }

    /// Lets all of it be seen, at once.
    ///
    /// # Errors
    /// When the database does not answer, or another process has taken the import over.
    pub async fn publish(self, what: Imported<'_>) -> Result<(), StoreError> {
        let mut tx = self.store.engine.begin().await?;
        let mine = within!(&mut tx, |c| sqlx::query(END)
            .bind(self.first)
            .bind(&self.owner)
            .execute(c)
            .await?
            .rows_affected());
        if mine == 0 {
            return Err(StoreError::Unavailable);
        }
        self.store.end_import(tx, self.first, what).await
    }

    /// Makes nothing after all.
    ///
    /// # Errors
    /// When the database does not answer: then the sweep does it.
    pub async fn cancel(self) -> Result<(), StoreError> {
        self.clear().await?;
        each!(self.store, |db| sqlx::query(END)
            .bind(self.first)
            .bind(&self.owner)
            .execute(db.write())
            .await?
            .rows_affected());
        Ok(())
    }

    /// Deletes what is there of it.
    async fn clear(&self) -> Result<(), StoreError> {
        loop {
            let mut tx = self.step().await?;
            let some: Vec<(LinkId,)> = within!(&mut tx, |c| sqlx::query_as(SOME)
                .bind(self.first)
                .bind(self.last)
                .bind(DROP_AT_ONCE)
                .fetch_all(c)
                .await?);
            if some.is_empty() {
                return Ok(());
            }
            let rows = json_rows(&some);
            for sql in DROP {
                within!(&mut tx, |c| sqlx::query(sql)
                    .bind(&rows)
                    .execute(c)
                    .await?
                    .rows_affected());
            }
            tx.commit().await?;
            self.store.engine.cut_log_soon();
        }
    }

    /// A transaction of it, which no other process has taken over.
    async fn step(&self) -> Result<Tx, StoreError> {
        let mut tx = self.store.engine.begin().await?;
        let mine = within!(&mut tx, |c| sqlx::query(GO_ON)
            .bind(self.first)
            .bind(&self.owner)
            .bind(self.clock.now().plus_millis(LEASE_MS))
            .execute(c)
            .await?
            .rows_affected());
        if mine == 0 {
            return Err(StoreError::Unavailable);
        }
        Ok(tx)
    }

    async fn taken(&self, links: impl Iterator<Item = &Link>) -> Result<Vec<usize>, StoreError> {
        let slugs: Vec<&Slug> = links.map(|link| &link.terms.slug).collect();
        let taken = self.store.taken_slugs(&slugs).await?.all();
        let taken: Vec<usize> = taken.collect();
        if taken.is_empty() {
            // It is the ids then: nobody else makes them.
            return Err(StoreError::Unavailable);
        }
        Ok(taken)
    }
}

impl Store {
    /// Ends the transaction in which the last of what was made at once is there.
    pub(super) async fn end_import(
        &self,
        mut tx: Tx,
        first: LinkId,
        what: Imported<'_>,
    ) -> Result<(), StoreError> {
        let (action, detail) = match what {
            Imported::Links(many) => (Action::LinksImported, format!("{many} links")),
            Imported::Invitations(many, _) => {
                (Action::InvitationsImported, format!("{many} invitations"))
            }
        };
        self.note(&mut tx, action, first, Some(&detail)).await?;
        // Last, as everyone who invites in the same campaign waits for it.
        if let Imported::Invitations(many, Some(campaign)) = what {
            invitations::count(&mut tx, campaign, many).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// Whether a link or an invitation is there for all to see: it is none of many that are still being made.
macro_rules! seen_sql {
    ($id:literal) => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM imports WHERE imports.first_id <= ",
            $id,
            " AND imports.last_id >= ",
            $id,
            ")"
        )
    };
}
pub(super) use seen_sql;

/// What is there without this row was published.
const BEGIN: &str = "
INSERT INTO imports (first_id, last_id, owner, leased_until)
SELECT $1, $2, $3, CAST($4 AS BIGINT) WHERE NOT EXISTS (SELECT 1 FROM links WHERE id >= $1 AND id <= $2)
ON CONFLICT DO NOTHING";

const TAKE_OVER: &str = "
UPDATE imports SET owner = $2, leased_until = $3 WHERE first_id = $1 AND leased_until <= $4 RETURNING last_id";

const GO_ON: &str = "UPDATE imports SET leased_until = $3 WHERE first_id = $1 AND owner = $2";

const END: &str = "DELETE FROM imports WHERE first_id = $1 AND owner = $2";

const SOME: &str = "SELECT id FROM links WHERE id >= $1 AND id <= $2 ORDER BY id LIMIT $3";

const DROP: [&str; 3] = [
    "DELETE FROM messages WHERE link_id IN (SELECT value ->> 0 FROM json_each($1))",
    "DELETE FROM invitations WHERE id IN (SELECT value ->> 0 FROM json_each($1))",
    "DELETE FROM links WHERE id IN (SELECT value ->> 0 FROM json_each($1))",
];
