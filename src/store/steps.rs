//! The way to the schema of today, step by step, with a word on each.

use std::time::{Duration, Instant};

use sqlx::migrate::{Migrate, MigrateError, Migrator};

use super::{Store, StoreError};

/// Where sqlx keeps what was done.
const TABLE: &str = "_sqlx_migrations";

/// How far the way to the schema of today is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// So many steps are to be taken; not told where there is none.
    Ahead(usize),
    /// A step is taken.
    Taken {
        /// Its number, from 1.
        number: i64,
        /// What it is called.
        name: &'static str,
        /// How long it took.
        took: Duration,
    },
}

/// Hears of it.
pub type Tell<'a> = &'a (dyn Fn(Progress) + Sync);

impl Store {
    /// As [`Store::open`], with somebody who hears how far it is.
    ///
    /// # Errors
    /// When the address cannot be used, the database does not answer or a migration fails.
    pub async fn open_telling(url: &str, tell: Tell<'_>) -> Result<Self, StoreError> {
        Self::connect(url, Some(tell)).await
    }
}

/// Tells the log.
pub(super) fn log(progress: Progress) {
    match progress {
        Progress::Ahead(steps) => {
            tracing::info!(steps, "the database is brought up to date");
        }
        Progress::Taken { number, name, took } => {
            let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            tracing::info!(number, name, ms, "a step of the database's is taken");
        }
    }
}

/// Takes the steps that are not yet taken.
pub(super) async fn take<C: Migrate>(
    migrator: &'static Migrator,
    connection: &mut C,
    tell: Tell<'_>,
) -> Result<(), MigrateError> {
    // None of them, but sees whether what is there is ours, and makes the table where it is kept.
    migrator.run_direct(Some(0), connection, false).await?;
    let taken = connection.list_applied_migrations(TABLE).await?;
    let is_ahead = |version| taken.iter().all(|step| step.version != version);
    let ahead: Vec<_> = migrator.iter().filter(|s| is_ahead(s.version)).collect();
    if !ahead.is_empty() {
        tell(Progress::Ahead(ahead.len()));
    }
    for step in ahead {
        let begun = Instant::now();
        let (number, name) = (step.version, &*step.description);
        migrator.run_direct(Some(number), connection, false).await?;
        let took = begun.elapsed();
        tell(Progress::Taken { number, name, took });
    }
    // Another process may have come before; and all that is there is as it should be.
    migrator.run_direct(None, connection, false).await
}
