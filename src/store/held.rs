//! What the ledger keeps between two commits.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Postgres, Sqlite};

use super::sqlite::Writer;

/// The connections of one writer task.
#[derive(Default)]
pub(super) struct Held {
    /// The one that whoever writes must have.
    pub(super) sqlite: Option<PoolConnection<Sqlite>>,
    /// The one that ordinary clicks are written on.
    pub(super) writer: Option<Writer>,
    pub(super) postgres: Option<PoolConnection<Postgres>>,
}

impl Held {
    /// Others may write now.
    pub(super) fn let_go(&mut self) {
        self.sqlite = None;
        self.postgres = None;
    }

    /// How long the disk took for the last commit on SQLite, where that was one of ordinary clicks alone.
    pub(super) fn flush_took(&mut self) -> Option<Duration> {
        self.writer.as_mut().and_then(Writer::flush_took)
    }

    /// Closes the file of whoever writes by itself.
    pub(super) fn close(&mut self) {
        self.let_go();
        self.writer = None;
    }

    /// Ends the connections: one that did not answer would only make the next one wait.
    pub(super) fn abandon(&mut self) {
        self.writer = None;
        // What is detached does not go back to its pool.
        drop(self.sqlite.take().map(PoolConnection::detach));
        drop(self.postgres.take().map(PoolConnection::detach));
    }
}
