//! Sessions are filed under their links many at a time: in an index of their table each click on another link writes a page
//! of its own, and a few more where that is full. What is inserted is noted, in the order it comes, by a trigger or by who
//! inserts it; whoever looks by link looks at what is filed and at what is noted.

use std::time::Duration;

use rusqlite::{Connection, params};

use super::rows::{insert, text};

/// How long they wait: the more are filed together, the fewer pages each takes.
pub(in crate::store) const FILED_AFTER: Duration = Duration::from_secs(2);

/// The most that are filed together. To read them takes some milliseconds, and so it does to forget them.
const TOGETHER_MAX: i64 = 32_768;

/// So many are filed in one transaction, for which clicks wait.
const AT_ONCE: usize = 512;

/// Those that the ledger is filing, between its commits.
#[derive(Debug, Default)]
pub(super) struct Filing {
    /// Link, session and channel of what is left of them: sorted, the next one last.
    rows: Vec<(String, String, Option<String>)>,
    /// The first session that was noted of them, and the place of the last.
    span: Option<(String, i64)>,
}

impl Filing {
    /// Files some; returns when to go on, unless there are none.
    pub(super) fn step(&mut self, connection: &Connection) -> rusqlite::Result<Option<Duration>> {
        let Some((first, last)) = &self.span else {
            self.read(connection)?;
            return Ok(self.span.is_some().then_some(Duration::ZERO));
        };
        let some = self.rows.split_off(self.rows.len().saturating_sub(AT_ONCE));
        let rows: Vec<_> = some
            .iter()
            .rev()
            .map(|(link, session, via)| {
                [text(Some(link)), text(Some(session)), text(via.as_deref())]
            })
            .collect();
        insert(connection, FILED, &rows)?;
        if !self.rows.is_empty() {
            return Ok(Some(Duration::ZERO));
        }
        let mut forget = connection.prepare_cached(FORGET)?;
        forget.execute(params![last, first])?;
        self.span = None;
        let mut is_any = connection.prepare_cached(IS_ANY_NEW)?;
        let is_any: bool = is_any.query_row([], |row| row.get(0))?;
        Ok(is_any.then_some(FILED_AFTER))
    }

    fn read(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut noted = connection.prepare_cached(NOTED)?;
        let mut noted = noted.query([TOGETHER_MAX])?;
        while let Some(row) = noted.next()? {
            let (place, session): (i64, String) = (row.get(0)?, row.get(2)?);
            self.span = match self.span.take() {
                Some((first, _)) => Some((first, place)),
                None => Some((session.clone(), place)),
            };
            self.rows.push((row.get(1)?, session, row.get(3)?));
        }
        self.rows.sort_unstable_by(|one, other| other.cmp(one));
        Ok(())
    }
}

const IS_ANY_NEW: &str = "SELECT EXISTS (SELECT 1 FROM link_sessions_new)";

const NOTED: &str =
    "SELECT place, link_id, session_id, via FROM link_sessions_new ORDER BY place LIMIT ?1";

/// Files sessions, and the values of one. Some may be filed already, by another process.
const FILED: (&str, &str) = (
    "INSERT OR IGNORE INTO link_sessions (link_id, session_id, via) ",
    "(?, ?, ?)",
);

/// Forgets those up to `?1`, if the first that is noted is still `?2`. It is another one where another process has filed them
/// meanwhile: then places may have begun anew.
const FORGET: &str = "
DELETE FROM link_sessions_new
WHERE place <= ?1 AND ?2 = (SELECT session_id FROM link_sessions_new ORDER BY place LIMIT 1)";

#[cfg(test)]
mod tests {
    use sqlx::migrate::Migrator;
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

    use super::super::writer::tests::opened;
    use super::super::{MIGRATIONS, SqliteEngine, Writer};
    use super::*;
    use crate::store::steps;

    /// Sessions `$1` to `$2` of two links in turn, every third by a channel, and one that is no link's.
    const SESSIONS: &str = "
WITH RECURSIVE n (i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
INSERT INTO sessions (id, link_id, via, flow, language, status, created_at)
SELECT printf('%06d', i), iif(i = 1, NULL, 'link-' || (i % 2)), iif(i % 3, NULL, 'qr'), 'document', 'en', 'active', 1
FROM n";

    /// What is not filed as it should be.
    const AMISS: &str = "
SELECT COUNT(*) FROM sessions FULL JOIN link_sessions AS f
    ON f.link_id = sessions.link_id AND f.session_id = id AND f.via IS sessions.via
WHERE (id IS NULL OR f.session_id IS NULL) AND (id IS NULL OR sessions.link_id IS NOT NULL)";

    const NOTED_YET: &str = "SELECT COUNT(*) FROM link_sessions_new";

    async fn number(engine: &SqliteEngine, sql: &'static str) -> i64 {
        let read = sqlx::query_scalar(sql).fetch_one(engine.read());
        read.await.unwrap()
    }

    async fn insert(to: &mut SqliteConnection, first: i64, last: i64) {
        let insert = sqlx::query(SESSIONS).bind(first).bind(last);
        insert.execute(to).await.unwrap();
    }

    async fn insert_into(engine: &SqliteEngine, first: i64, last: i64) {
        let mut write = engine.write().acquire().await.unwrap();
        insert(&mut write, first, last).await;
    }

    #[tokio::test]
    async fn the_ledger_files_all_some_at_a_time() {
        let (_folder, engine, mut writer) = opened().await;
        assert_eq!(writer.file_some(), Ok(None));
        insert_into(&engine, 1, TOGETHER_MAX + 1001).await;
        for (together, then) in [(TOGETHER_MAX, Some(FILED_AFTER)), (1000, None)] {
            let before = number(&engine, AMISS).await;
            assert_eq!(writer.file_some(), Ok(Some(Duration::ZERO)));
            let mut left = before;
            while left > before - together {
                assert_eq!(number(&engine, AMISS).await, left);
                let at_once = i64::try_from(AT_ONCE)
                    .unwrap()
                    .min(left - before + together);
                left -= at_once;
                let is_last = left == before - together;
                let then = if is_last { then } else { Some(Duration::ZERO) };
                assert_eq!(writer.file_some(), Ok(then));
            }
            assert_eq!(number(&engine, AMISS).await, left);
        }
        assert_eq!(number(&engine, NOTED_YET).await, 0);
        engine.close().await;
    }

    #[tokio::test]
    async fn none_is_forgotten_where_another_process_files_meanwhile() {
        let (folder, engine, mut writer) = opened().await;
        let mut other = Writer::open(&folder.path().join("e.db")).unwrap();
        insert_into(&engine, 1, 1000).await;
        for _ in 0..2 {
            assert_eq!(writer.file_some(), Ok(Some(Duration::ZERO)));
        }
        while other.file_some() != Ok(None) {}
        // Their places begin anew.
        insert_into(&engine, 1001, 1010).await;
        assert_eq!(writer.file_some(), Ok(Some(FILED_AFTER)));
        assert_eq!(number(&engine, AMISS).await, 10);
        for then in [Some(Duration::ZERO), None, None] {
            assert_eq!(writer.file_some(), Ok(then));
        }
        assert_eq!(number(&engine, AMISS).await, 0);
        engine.close().await;
    }

    #[tokio::test]
    async fn those_of_a_version_that_did_not_file_are_filed_by_the_upgrade() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/e.db", folder.path().display());
        let older = MIGRATIONS.iter().filter(|step| step.version < 19).cloned();
        let older = Migrator::with_migrations(older.collect());
        let options: SqliteConnectOptions = url.parse().unwrap();
        let mut connection = options.create_if_missing(true).connect().await.unwrap();
        older.run(&mut connection).await.unwrap();
        insert(&mut connection, 1, 1000).await;
        connection.close().await.unwrap();
        let engine = SqliteEngine::open(&url, Some(&steps::log)).await.unwrap();
        assert_eq!(number(&engine, AMISS).await, 0);
        assert_eq!(
            number(&engine, "SELECT COUNT(*) FROM link_sessions").await,
            999
        );
        engine.close().await;
    }
}
