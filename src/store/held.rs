//! What the ledger keeps between two commits.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Postgres, Sqlite};

use super::sqlite::Writer;

/// The connections of one writer task.
#[derive(Default)]
pub(super) struct Held {
    /// The pool's one that writes, which is only held: whoever has it is the writer.
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

    /// Whether the disk takes what is flushed, as far as is known, on the connection that ordinary clicks are written on.
    pub(super) fn has_flushed(&self) -> bool {
        self.writer.as_ref().is_some_and(Writer::has_flushed)
    }

    /// Closes the files.
    pub(super) async fn close(&mut self) {
        self.writer = None;
        if let Some(connection) = self.sqlite.take() {
            // One that is dropped would go back to its pool by a task, which the end of the thread may forestall.
            let _ = connection.close().await;
        }
        self.postgres = None;
    }

    /// Ends the connections that may have failed: one that did not answer would only make the next one wait.
    pub(super) fn abandon(&mut self) {
        self.writer = None;
        self.sqlite = None;
        // What is detached does not go back to its pool.
        drop(self.postgres.take().map(PoolConnection::detach));
    }
}
