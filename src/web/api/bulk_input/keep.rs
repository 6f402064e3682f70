//! Rows that were read are kept: few in one transaction, many in steps.

use super::pace::Pace;
use super::source::Again;
use super::{Batch, Rows, id_at};
use crate::clock::Clock;
use crate::domain::slug::Slug;
use crate::store::imports::Import;
use crate::store::{Store, StoreError};

/// How often slugs that are taken are drawn again.
const DRAWS_MAX: usize = 10;

/// Rows of one step, and the most that are kept in one transaction. Clicks wait for no longer than for these.
const STEP: usize = 500;

impl<R: Rows> Batch<R> {
    /// Keeps the rows, all or none; whether it did: it does not where a slug that was chosen is taken. One that was drawn and
    /// is taken is drawn again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn keep(
        &mut self,
        store: &Store,
        clock: &Clock,
        pace: Pace,
    ) -> Result<bool, StoreError> {
        self.draw().await?;
        if self.len() <= STEP {
            return self.keep_few(store, clock).await;
        }
        self.kind.prepare(store, clock).await?;
        let (first, last) = (id_at(self.seed, 0), id_at(self.seed, self.len() - 1));
        let import = store.begin_import(clock, first, last).await?;
        // Another process makes the same rows, or has just made them. Asked again, they are found.
        let import = import.ok_or(StoreError::Unavailable)?;
        if !self.add_all(&import, clock, pace).await? {
            import.cancel().await?;
            return Ok(false);
        }
        import.publish(self.kind.imported(self.len())).await?;
        Ok(true)
    }

    async fn keep_few(&mut self, store: &Store, clock: &Clock) -> Result<bool, StoreError> {
        let mut rows: Vec<R::Row> = self.again().collect();
        self.give_slugs(&mut rows, 0);
        for _ in 0..DRAWS_MAX {
            let Err(place) = self.kind.keep(store, clock, &mut rows).await? else {
                self.kind.recall(store).await?;
                return Ok(true);
            };
            if self.is_chosen(place) {
                return Ok(false);
            }
            // So it goes once in ten thousand times, with a million links there.
            self.drawn[place].0 = Slug::generate();
            R::link_mut(&mut rows[place]).terms.slug = self.drawn[place].0.clone();
        }
        // It is not the slugs: another process has kept the same rows meanwhile. Asked again, they are found.
        Err(StoreError::Unavailable)
    }

    /// Draws a slug for each row. They are given out in order, so that a step finds its places in the index of slugs side
    /// by side; which of them are drawn is as random as ever.
    async fn draw(&mut self) -> Result<(), StoreError> {
        let count = self.len();
        let slugs = beside(move || {
            let mut slugs = Slug::generate_many(count);
            slugs.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
            slugs
        });
        self.drawn = slugs.await?.into_iter().map(|slug| (slug, None)).collect();
        for (place, slug) in &self.chosen {
            self.drawn[*place].0 = slug.clone();
        }
        Ok(())
    }

    async fn add_all(
        &mut self,
        import: &Import,
        clock: &Clock,
        mut pace: Pace,
    ) -> Result<bool, StoreError> {
        let (mut again, mut from) = (self.again(), 0);
        loop {
            let mut rows;
            (again, rows) = beside(move || some(again)).await?;
            if rows.is_empty() {
                break;
            }
            self.give_slugs(&mut rows, from);
            if !self.add(import, clock, &mut rows, from).await? {
                return Ok(false);
            }
            from += rows.len();
            pace.rest().await;
        }
        if from < self.len() {
            return Err(StoreError::Corrupt("a file that was right before"));
        }
        Ok(true)
    }

    /// Gives the rows from `place` on the slugs that were drawn for them, and notes their secrets.
    fn give_slugs(&mut self, rows: &mut [R::Row], place: usize) {
        for (row, drawn) in rows.iter_mut().zip(&mut self.drawn[place..]) {
            let link = R::link_mut(row);
            link.terms.slug = drawn.0.clone();
            drawn.1.clone_from(&link.signing_secret);
        }
    }

    /// Keeps the rows from `place` on.
    async fn add(
        &mut self,
        import: &Import,
        clock: &Clock,
        rows: &mut [R::Row],
        place: usize,
    ) -> Result<bool, StoreError> {
        for _ in 0..DRAWS_MAX {
            let Err(taken) = self.kind.add(import, clock, rows).await? else {
                return Ok(true);
            };
            for at in taken {
                if self.is_chosen(place + at) {
                    return Ok(false);
                }
                let slug = Slug::generate();
                R::link_mut(&mut rows[at]).terms.slug = slug.clone();
                self.drawn[place + at].0 = slug;
            }
        }
        Err(StoreError::Unavailable)
    }
}

/// The next rows of a step.
fn some<R: Rows>(mut again: Again<R>) -> (Again<R>, Vec<R::Row>) {
    let rows = again.by_ref().take(STEP).collect();
    (again, rows)
}

/// Work for the processor, beside the threads that answer clicks.
async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| StoreError::Unavailable)
}
