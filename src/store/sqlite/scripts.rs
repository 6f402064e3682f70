//! What one commit of the ledger runs: several statements as one message to the thread SQLite runs on.

use crate::store::ledger::settle::{record_sql, started_sql};
use crate::store::ledger::wanted::insert_sql;

/// Records, names those whose use was given back before, and tells of the others. Whom a statement left out is looked
/// up only where it changed fewer rows than it was asked to. `jsonb_each` spares each value the way through text.
macro_rules! record_and_check_sql {
    ($update:literal, $insert:literal) => {
        concat!(
            record_sql!($update, "jsonb_each"),
            ";
SELECT value ->> 0 FROM jsonb_each(CASE WHEN changes() = $5 THEN '[]' ELSE $1 END) WHERE NOT EXISTS
    (SELECT 1 FROM sessions WHERE id = value ->> 0 AND status <> 'failed' AND erased_at IS NULL);
",
            started_sql!($insert, "jsonb_each"),
            "WHERE EXISTS (SELECT 1 FROM sessions WHERE id = value ->> 0 AND status = 'active')"
        )
    };
}

/// The first statement is the one that spends uses: the predicate that grants them is its WHERE clause.
macro_rules! spend_and_insert_sql {
    ($update:literal, $insert:literal) => {
        concat!(
            $update,
            " links SET
    granted = MIN(wanted.n, COALESCE(usage_limit - used, wanted.n)),
    used = used + MIN(wanted.n, COALESCE(usage_limit - used, wanted.n)),
    exhausted_at = CASE WHEN usage_limit - used <= wanted.n THEN wanted.at ELSE exhausted_at END,
    last_used_at = wanted.at, granted_in = $4
FROM (SELECT value ->> 0 AS id, value ->> 1 AS n, value ->> 2 AS at FROM jsonb_each($2)) AS wanted
WHERE links.id = wanted.id
  AND deactivated_at IS NULL AND deleted_at IS NULL
  AND (expires_at IS NULL OR expires_at > wanted.at)
  AND (usage_limit IS NULL OR used < usage_limit);
",
            insert_sql!($insert, "jsonb_each"),
            "
WHERE asked.value ->> 1 IS NULL OR asked.value ->> 10 <=
    (SELECT granted FROM links WHERE links.id = asked.value ->> 1 AND granted_in = $4);
SELECT value ->> 0 FROM jsonb_each(CASE WHEN changes() = $6 THEN '[]' ELSE $3 END)
    WHERE NOT EXISTS (SELECT 1 FROM sessions WHERE id = value ->> 0)"
        )
    };
}

pub(super) const RECORD: &str = record_and_check_sql!("UPDATE", "INSERT");
pub(super) const SPEND_AND_INSERT: &str = spend_and_insert_sql!("UPDATE", "INSERT");

// `OR ROLLBACK` spares SQLite the copies of pages it would need to undo one statement alone: a script that fails is
// undone as a whole.
pub(super) const RECORD_SCRIPT: &str = concat!(
    "BEGIN IMMEDIATE; ",
    record_and_check_sql!("UPDATE OR ROLLBACK", "INSERT OR ROLLBACK"),
    "; COMMIT"
);
pub(super) const RESERVE_SCRIPT: &str = concat!(
    "BEGIN IMMEDIATE; ",
    spend_and_insert_sql!("UPDATE OR ROLLBACK", "INSERT OR ROLLBACK"),
    "; COMMIT"
);
pub(super) const BOTH_SCRIPT: &str = concat!(
    "BEGIN IMMEDIATE; ",
    record_and_check_sql!("UPDATE OR ROLLBACK", "INSERT OR ROLLBACK"),
    "; ",
    spend_and_insert_sql!("UPDATE OR ROLLBACK", "INSERT OR ROLLBACK"),
    "; COMMIT"
);
