//! The ledger's own connection, on the ledger's own thread: handing a commit to another thread and its answer back costs
//! about what the commit does, so ordinary clicks, by far the most, are written without.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, ToSql as _, params};

use super::filing::Filing;
use super::rows::{insert, text};
use super::{BUSY_TIMEOUT, SETTINGS};
use crate::domain::channel::{ExternalRef, Via};
use crate::domain::id::{LinkId, SessionId};
use crate::store::ledger::NewSession;
use crate::store::ledger::settle::Records;
use crate::store::ledger::wanted::{Wanted, insert_sql, room_sql};

/// What is kept of the database, a few pages of each of 1,000 links in use; SQLite takes a negative number as KiB.
const CACHE: i64 = -8000;

/// Prepared statements that are kept: all of them, with room to spare.
const STATEMENTS: usize = 48;

/// A connection that blocks the thread that calls it.
#[derive(Debug)]
pub(in crate::store) struct Writer {
    connection: Connection,
    /// Whether commits are flushed to the disk.
    flushes: bool,
    /// Whether the disk ever took one.
    has_flushed: bool,
    flush_took: Option<Duration>,
    filing: Filing,
}

impl Writer {
    /// Opens the file, whose schema is up to date.
    pub(super) fn open(file: &Path) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags)?;
        for (name, value) in SETTINGS {
            connection.pragma_update(None, name, value)?;
        }
        connection.pragma_update(None, "cache_size", CACHE)?;
        // For a table with a trigger SQLite first keeps all rows of a statement aside: what the one that matters does is done here.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.busy_timeout(BUSY_TIMEOUT)?;
        let mut writer = Self {
            connection,
            flushes: false,
            has_flushed: false,
            flush_took: None,
            filing: Filing::default(),
        };
        writer.set_flushes(true)?;
        Ok(writer)
    }

    /// Without, a commit outlasts the end of the process, and a power cut once a later one is flushed: all are in one file, in
    /// their order. The log is flushed before it is moved into the database either way.
    fn set_flushes(&mut self, flushes: bool) -> rusqlite::Result<()> {
        if flushes != self.flushes {
            // Set again where it is in doubt.
            self.flushes = false;
            let synchronous = if flushes { "FULL" } else { "NORMAL" };
            self.connection
                .pragma_update(None, "synchronous", synchronous)?;
            self.flushes = flushes;
        }
        Ok(())
    }

    /// Whether the disk took what was flushed on this connection, which ends with the first failure.
    pub(in crate::store) const fn has_flushed(&self) -> bool {
        self.has_flushed
    }

    /// How long the disk took for the last commit, unless that was asked before.
    pub(in crate::store) const fn flush_took(&mut self) -> Option<Duration> {
        self.flush_took.take()
    }

    /// Records and reserves in one transaction, which is still to be committed; returns who was not granted a use. None: a
    /// session that is to be recorded is not `starting` any more, so nothing was written. `flush`: once committed it is on
    /// disk; else once a later one is.
    ///
    /// # Errors
    /// When the database refuses. The transaction may be open then, and ends with the connection.
    pub(super) fn begin(
        &mut self,
        records: &Records<'_>,
        wanted: &Wanted<'_>,
        flush: bool,
    ) -> rusqlite::Result<Option<HashSet<SessionId>>> {
        self.set_flushes(flush)?;
        self.run("BEGIN IMMEDIATE")?;
        if !self.record(records)? {
            self.run("ROLLBACK")?;
            return Ok(None);
        }
        self.reserve(wanted).map(Some)
    }

    /// Commits what was begun.
    ///
    /// # Errors
    /// When the disk refuses. Nothing was written then, and the transaction ends with the connection.
    pub(super) fn commit(&mut self) -> rusqlite::Result<()> {
        let begun = Instant::now();
        self.run("COMMIT")?;
        self.flush_took = self.flushes.then(|| begun.elapsed());
        self.has_flushed |= self.flushes;
        Ok(())
    }

    /// Files some sessions under their links, on disk with a later flush; returns when to go on, unless there are none.
    ///
    /// # Errors
    /// When the database refuses. The transaction may be open then, and ends with the connection.
    pub(super) fn file_some(&mut self) -> rusqlite::Result<Option<Duration>> {
        self.set_flushes(false)?;
        self.run("BEGIN IMMEDIATE")?;
        let then = self.filing.step(&self.connection)?;
        self.run("COMMIT")?;
        Ok(then)
    }

    fn run(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }

    /// False when one is not `starting`.
    fn record(&self, records: &Records<'_>) -> rusqlite::Result<bool> {
        let mut record = self.connection.prepare_cached(RECORD)?;
        let mut told = Vec::new();
        for r in records.iter() {
            let id = r.id.to_string();
            let end = r.token_expires_at.millis();
            if record.execute(params![id, r.scan_ref, r.redirect_url, end])? == 0 {
                return Ok(false);
            }
            told.push([
                r.event_id.to_string().into(),
                r.at.millis().into(),
                id.into(),
            ]);
        }
        insert(&self.connection, EVENTS, &told)?;
        Ok(true)
    }

    /// Returns who was not granted a use.
    fn reserve(&self, wanted: &Wanted<'_>) -> rusqlite::Result<HashSet<SessionId>> {
        let mut spend_all = self.connection.prepare_cached(SPEND_ALL)?;
        let mut granted = BTreeMap::<LinkId, i64>::new();
        for (link, uses, at) in wanted.links() {
            let asked = params![link.to_string(), uses, at.millis()];
            if spend_all.execute(asked)? == 1 {
                granted.insert(link, uses);
            } else {
                let mut spend = self.connection.prepare_cached(SPEND)?;
                let uses = spend.query_row(asked, |row| row.get(0)).optional()?;
                granted.extend(uses.map(|uses| (link, uses)));
            }
        }
        let is_granted = |link, place| granted.get(&link).is_some_and(|granted| place <= *granted);
        let mut refused = HashSet::new();
        let mut sessions = Vec::new();
        for (session, place) in wanted.iter() {
            if session.link_id.is_none_or(|link| is_granted(link, place)) {
                sessions.push(row(session));
            } else {
                refused.insert(session.id);
            }
        }
        insert(&self.connection, SESSIONS, &sessions)?;
        let mut noted = Vec::new();
        for [id, link, .., via, _, _] in &sessions {
            let link = link.to_sql()?;
            if link != text(None) {
                noted.push([link, id.to_sql()?, via.to_sql()?]);
            }
        }
        insert(&self.connection, NOTED, &noted)?;
        Ok(refused)
    }
}

/// What is inserted of a session.
fn row(session: &NewSession) -> [ToSqlOutput<'_>; 10] {
    [
        session.id.to_string().into(),
        ToSqlOutput::Owned(session.link_id.map(|id| id.to_string()).into()),
        text(session.client.fixed()),
        text(session.client.own()),
        text(session.external_ref.as_ref().map(ExternalRef::as_str)),
        text(Some(session.flow.as_str())),
        text(Some(session.language.as_str())),
        text(session.via.as_ref().map(Via::as_str)),
        session.created_at.millis().into(),
        session.lease_until.millis().into(),
    ]
}

/// Spends `?2` uses of the link `?1`, if it has more than those left: the predicate that grants them is its WHERE clause. It
/// touches no index, and answers nothing, which would cost SQLite more than the rest.
const SPEND_ALL: &str = "
UPDATE links SET used = used + ?2, last_used_at = ?3
WHERE id = ?1
  AND deactivated_at IS NULL AND deleted_at IS NULL
  AND (expires_at IS NULL OR expires_at > ?3)
  AND (usage_limit IS NULL OR used + ?2 < usage_limit)";

/// Spends as many of `?2` uses as the link `?1` has left. It leaves `granted_in` as it is: only what is written in the general
/// way reads it, and names each of its commits at random.
const SPEND: &str = "
UPDATE links SET
    granted = MIN(?2, COALESCE(usage_limit - used, ?2)),
    used = used + MIN(?2, COALESCE(usage_limit - used, ?2)),
    exhausted_at = CASE WHEN usage_limit - used <= ?2 THEN ?3 ELSE exhausted_at END,
    last_used_at = ?3
WHERE id = ?1
  AND deactivated_at IS NULL AND deleted_at IS NULL
  AND (expires_at IS NULL OR expires_at > ?3)
  AND (usage_limit IS NULL OR used < usage_limit)
RETURNING granted";

/// Inserts sessions, and the values of one: of [`row`]. `OR ROLLBACK` spares SQLite the copies of pages it would need to
/// undo one statement alone: a commit that fails is undone as a whole.
const SESSIONS: (&str, &str) = (
    insert_sql!("INSERT OR ROLLBACK"),
    concat!(
        "(?, ?, ?, ?, ?, ?, ?, ?, 'starting', ?, ?, ",
        room_sql!(),
        ")"
    ),
);

/// Notes sessions to be filed under their links, as the trigger of their table does elsewhere, and the values of one.
const NOTED: (&str, &str) = (
    "INSERT OR ROLLBACK INTO link_sessions_new (link_id, session_id, via) ",
    "(?, ?, ?)",
);

/// Inserts events, and the values of one: its id, when, and the session's id.
const EVENTS: (&str, &str) = (
    "INSERT OR ROLLBACK INTO events (id, type, at, session_id) ",
    "(?, 'session.started', ?, ?)",
);

const RECORD: &str = "
UPDATE sessions SET status = 'active', scan_ref = COALESCE(scan_ref, ?2), redirect_url = ?3, token_expires_at = ?4,
    lease_until = NULL, room = NULL
WHERE id = ?1 AND status = 'starting' AND erased_at IS NULL";

#[cfg(test)]
pub(super) mod tests {
    use rusqlite::types::Value;
    use sqlx::{AssertSqlSafe, Row as _};

    use super::super::SqliteEngine;
    use super::*;
    use crate::store::steps;

    /// A new database, and the ledger's own connection to it.
    pub(in crate::store::sqlite) async fn opened() -> (tempfile::TempDir, SqliteEngine, Writer) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("e.db");
        let url = format!("sqlite://{}", file.display());
        let engine = SqliteEngine::open(&url, Some(&steps::log)).await.unwrap();
        let writer = Writer::open(&file).unwrap();
        (folder, engine, writer)
    }

    /// What a flushed commit promises does not depend on which of the two writes it.
    #[tokio::test]
    async fn both_who_write_are_set_to_the_same() {
        let (_folder, engine, writer) = opened().await;
        let names = SETTINGS.map(|(name, _)| name);
        for name in ["journal_mode", "synchronous", "busy_timeout"]
            .iter()
            .chain(&names)
        {
            let sql = format!("PRAGMA {name}");
            let own: Value = writer
                .connection
                .query_row(&sql, [], |row| row.get(0))
                .unwrap();
            let own = match own {
                Value::Integer(number) => number.to_string(),
                Value::Text(text) => text,
                other => panic!("{name}: {other:?}"),
            };
            let pooled = sqlx::query(AssertSqlSafe(sql))
                .fetch_one(engine.write())
                .await
                .unwrap();
            assert_eq!(
                pooled.get_unchecked::<String, _>(0),
                own,
                "{name} differs from that of the other connection"
            );
        }
        engine.close().await;
    }

    /// It runs none.
    #[tokio::test]
    async fn what_it_writes_has_no_trigger_but_the_one_it_stands_in_for() {
        let (_folder, engine, writer) = opened().await;
        let runs = DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER;
        assert!(!writer.connection.db_config(runs).unwrap());
        let triggers = "SELECT name FROM sqlite_schema
                        WHERE type = 'trigger' AND tbl_name IN ('sessions', 'links', 'events', 'link_sessions', 'link_sessions_new')";
        let triggers: Vec<String> = sqlx::query_scalar(triggers)
            .fetch_all(engine.read())
            .await
            .unwrap();
        assert_eq!(triggers, ["sessions_are_noted"]);
        engine.close().await;
    }

    #[tokio::test]
    async fn each_commit_is_set_to_flush_or_not_as_asked() {
        let (_folder, engine, mut writer) = opened().await;
        for (flush, synchronous) in [(true, 2), (false, 1), (false, 1), (true, 2)] {
            let written = writer.begin(&Records::default(), &Wanted::default(), flush);
            assert_eq!(written.unwrap(), Some(HashSet::new()));
            writer.commit().unwrap();
            let set = "PRAGMA synchronous";
            let set = writer.connection.query_row(set, [], |row| row.get(0));
            assert_eq!(set, Ok(synchronous));
        }
        engine.close().await;
    }
}
