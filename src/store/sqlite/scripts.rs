//! What a commit of the ledger runs on SQLite.
//!
//! Ordinary clicks, by far the most, are one script: one message to the thread SQLite runs on, with each value bound by
//! itself. What is rare may come as JSON, of any length: to take JSON apart costs SQLite more than to write what is in it.

use std::sync::{Arc, OnceLock};

use sqlx::encode::Encode;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, AssertSqlSafe, Sqlite, Type};

use crate::domain::channel::{ExternalRef, Via};
use crate::store::ledger::settle::{Records, record_sql, told_sql};
use crate::store::ledger::wanted::{Wanted, asked_sql, insert_sql};

/// The longest script holds so many records, and so many sessions.
pub(super) const ROWS_MAX: usize = 1 << (LENGTHS - 2);

/// What a script answers when it recorded fewer sessions than it was to.
pub(super) const RECORDED_FEWER: i64 = 1;

/// What a script answers when it granted fewer uses than were wanted.
pub(super) const GRANTED_FEWER: i64 = 2;

/// Scripts are of lengths that double, so that the statements in them are few enough to be kept: nothing, 1, 2, 4 to 256.
const LENGTHS: usize = 10;

/// Spends uses: the predicate that grants them is its WHERE clause. Of them only the links' rows come as JSON: there is
/// most often one.
macro_rules! spend_sql {
    ($update:literal, $links:literal, $tag:literal) => {
        concat!(
            $update,
            " links SET
    granted = MIN(wanted.n, COALESCE(usage_limit - used, wanted.n)),
    used = used + MIN(wanted.n, COALESCE(usage_limit - used, wanted.n)),
    exhausted_at = CASE WHEN usage_limit - used <= wanted.n THEN wanted.at ELSE exhausted_at END,
    last_used_at = wanted.at, granted_in = wanted.tag
FROM (SELECT value ->> 0 AS id, value ->> 1 AS n, value ->> 2 AS at, ",
            $tag,
            " AS tag FROM jsonb_each(",
            $links,
            ")) AS wanted
WHERE links.id = wanted.id
  AND deactivated_at IS NULL AND deleted_at IS NULL
  AND (expires_at IS NULL OR expires_at > wanted.at)
  AND (usage_limit IS NULL OR used < usage_limit);
"
        )
    };
}

/// The condition under which what is asked for is granted.
macro_rules! granted_sql {
    ($tag:literal) => {
        concat!(
            "WHERE asked.id IS NOT NULL AND (asked.link_id IS NULL OR asked.place <=
    (SELECT granted FROM links WHERE links.id = asked.link_id AND granted_in = ",
            $tag,
            "));
"
        )
    };
}

/// Records what `$1` tells and tells of it.
pub(super) const RECORD: &str = concat!(
    record_sql!("UPDATE", told_sql!("jsonb_each")),
    ";
INSERT INTO events (id, type, at, session_id)
SELECT value ->> 4, 'session.started', CAST(value ->> 5 AS BIGINT), value ->> 0 FROM jsonb_each($1)
WHERE EXISTS (SELECT 1 FROM sessions WHERE id = value ->> 0 AND status = 'active')"
);

/// Spends what `$2` wants of links and inserts the sessions of `$3` that were granted. `$4` names it.
pub(super) const SPEND_AND_INSERT: &str = concat!(
    spend_sql!("UPDATE", "$2", "$4"),
    insert_sql!("INSERT", asked_sql!("jsonb_each")),
    granted_sql!("$4")
);

/// Those of the ids in `$1` that are not recorded.
pub(super) const UNRECORDED: &str = "
SELECT value ->> 0 FROM jsonb_each($1) WHERE NOT EXISTS
    (SELECT 1 FROM sessions WHERE id = value ->> 0 AND status <> 'failed' AND erased_at IS NULL)";

/// Those of the ids in `$1` that no session has.
pub(super) const REFUSED: &str = "
SELECT value ->> 0 FROM jsonb_each($1) WHERE NOT EXISTS (SELECT 1 FROM sessions WHERE id = value ->> 0)";

// `OR ROLLBACK` spares SQLite the copies of pages it would need to undo one statement alone: a script that fails is
// undone as a whole.
const RECORD_ROWS: &str = concat!(
    record_sql!(
        "UPDATE OR ROLLBACK",
        "(SELECT column1 AS id, column2 AS scan_ref, column3 AS redirect_url, column4 AS token_expires_at
      FROM (VALUES {4}))"
    ),
    ";
SELECT 1 WHERE changes() <> ?;
INSERT OR ROLLBACK INTO events (id, type, at, session_id)
SELECT column1, 'session.started', column2, column3 FROM (VALUES {3})
WHERE EXISTS (SELECT 1 FROM sessions WHERE sessions.id = column3 AND status = 'active');
"
);
const RESERVE_ROWS: &str = concat!(
    spend_sql!("UPDATE OR ROLLBACK", "?", "?"),
    insert_sql!(
        "INSERT OR ROLLBACK",
        "(SELECT column1 AS id, column2 AS link_id, column3 AS client_id, column4 AS own_client_id,
             column5 AS external_ref, column6 AS flow, column7 AS language, column8 AS via,
             column9 AS created_at, column10 AS lease_until, column11 AS place FROM (VALUES {11}))"
    ),
    granted_sql!("?"),
    "SELECT 2 WHERE changes() <> ?;
"
);

/// The text of a script; its values are bound in the order in which they stand in it.
fn text(records: usize, sessions: usize) -> String {
    let mut text = "BEGIN IMMEDIATE;".to_owned();
    if records > 0 {
        let rows = |values| rows(values, records);
        text += &RECORD_ROWS
            .replace("{4}", &rows(4))
            .replace("{3}", &rows(3));
    }
    if sessions > 0 {
        text += &RESERVE_ROWS.replace("{11}", &rows(11, sessions));
    }
    text + "COMMIT"
}

/// So many rows of so many values.
fn rows(values: usize, rows: usize) -> String {
    let row = format!("({})", vec!["?"; values].join(","));
    vec![row; rows].join(",")
}

/// The length for so many rows; the rest of them stay empty.
const fn padded(rows: usize) -> usize {
    if rows == 0 {
        0
    } else {
        rows.next_power_of_two()
    }
}

/// The place of a length among all.
const fn step(padded: usize) -> usize {
    if padded == 0 {
        0
    } else {
        padded.trailing_zeros() as usize + 1
    }
}

/// The script that records and reserves in one transaction, with its values. It answers rows only where something was
/// not done: each row wakes who waits for it.
///
/// # Errors
/// When a value cannot be bound.
pub(super) fn script(
    records: &Records<'_>,
    wanted: &Wanted<'_>,
    tag: i64,
) -> Result<(AssertSqlSafe<Arc<str>>, SqliteArguments), sqlx::Error> {
    static TEXTS: [[OnceLock<Arc<str>>; LENGTHS]; LENGTHS] =
        [const { [const { OnceLock::new() }; LENGTHS] }; LENGTHS];
    let (for_records, for_sessions) = (padded(records.len()), padded(wanted.len()));
    let script = TEXTS[step(for_records)][step(for_sessions)]
        .get_or_init(|| text(for_records, for_sessions).into());
    let mut values = Values::default();
    if for_records > 0 {
        values.records(records, for_records)?;
    }
    if for_sessions > 0 {
        values.sessions(wanted, for_sessions, tag)?;
    }
    Ok((AssertSqlSafe(script.clone()), values.0))
}

/// The values of a script, in order.
#[derive(Default)]
struct Values(SqliteArguments);

impl Values {
    fn records(&mut self, records: &Records<'_>, rows: usize) -> Result<(), sqlx::Error> {
        for record in records.iter() {
            self.add(record.id)?;
            self.add(record.scan_ref.as_deref())?;
            self.add(record.redirect_url.as_deref())?;
            self.add(record.token_expires_at)?;
        }
        self.add_nulls((rows - records.len()) * 4)?;
        self.add_count(records.len())?;
        for record in records.iter() {
            self.add(record.event_id)?;
            self.add(record.at)?;
            self.add(record.id)?;
        }
        self.add_nulls((rows - records.len()) * 3)
    }

    fn sessions(&mut self, wanted: &Wanted<'_>, rows: usize, tag: i64) -> Result<(), sqlx::Error> {
        self.add(tag)?;
        self.add(wanted.link_rows())?;
        for (session, place) in wanted.iter() {
            self.add(session.id)?;
            self.add(session.link_id)?;
            self.add(session.client.fixed())?;
            self.add(session.client.own())?;
            self.add(session.external_ref.as_ref().map(ExternalRef::as_str))?;
            self.add(session.flow.as_str())?;
            self.add(session.language.as_str())?;
            self.add(session.via.as_ref().map(Via::as_str))?;
            self.add(session.created_at)?;
            self.add(session.lease_until)?;
            self.add(place)?;
        }
        self.add_nulls((rows - wanted.len()) * 11)?;
        self.add(tag)?;
        self.add_count(wanted.len())
    }

    fn add<'v, T: Encode<'v, Sqlite> + Type<Sqlite>>(
        &mut self,
        value: T,
    ) -> Result<(), sqlx::Error> {
        self.0.add(value).map_err(sqlx::Error::Encode)
    }

    fn add_count(&mut self, count: usize) -> Result<(), sqlx::Error> {
        self.add(i64::try_from(count).unwrap_or(i64::MAX))
    }

    fn add_nulls(&mut self, count: usize) -> Result<(), sqlx::Error> {
        (0..count).try_for_each(|_| self.add(None::<i64>))
    }
}
