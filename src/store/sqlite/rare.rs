//! What a commit of the ledger runs where there are not only ordinary clicks in it: as JSON, of any length.

use std::collections::HashSet;

use sqlx::SqliteConnection;

use crate::domain::id::SessionId;
use crate::store::ledger::json_rows;
use crate::store::ledger::settle::{Records, record_sql, told_sql};
use crate::store::ledger::wanted::{Wanted, asked_sql, insert_asked_sql};

/// Records sessions and tells of it; returns those that were refunded before.
pub(in crate::store) async fn record(
    tx: &mut SqliteConnection,
    records: &Records<'_>,
) -> Result<HashSet<SessionId>, sqlx::Error> {
    sqlx::query(RECORD)
        .bind(records.rows())
        .execute(&mut *tx)
        .await?;
    missing(tx, UNRECORDED, records.ids()).await
}

/// Spends what `wanted` asks for and inserts the sessions that were granted; returns the others.
pub(in crate::store) async fn reserve(
    tx: &mut SqliteConnection,
    wanted: &Wanted<'_>,
) -> Result<HashSet<SessionId>, sqlx::Error> {
    sqlx::query(SPEND_AND_INSERT)
        .bind(wanted.link_rows())
        .bind(wanted.session_rows())
        .bind(commit_tag())
        .execute(&mut *tx)
        .await?;
    missing(tx, REFUSED, wanted.ids()).await
}

/// Those of `ids` that `sql` names.
async fn missing(
    connection: &mut SqliteConnection,
    sql: &'static str,
    ids: impl Iterator<Item = SessionId>,
) -> Result<HashSet<SessionId>, sqlx::Error> {
    let ids: Vec<[SessionId; 1]> = ids.map(|id| [id]).collect();
    let missing: Vec<(SessionId,)> = sqlx::query_as(sql)
        .bind(json_rows(&ids))
        .fetch_all(connection)
        .await?;
    Ok(missing.into_iter().map(|(id,)| id).collect())
}

/// Names a commit, so that it does not take what an earlier one was granted for its own.
fn commit_tag() -> i64 {
    let mut random = [0; 8];
    getrandom::fill(&mut random).expect("the operating system gives random bytes");
    i64::from_le_bytes(random)
}

/// Records what `$1` tells and tells of it.
const RECORD: &str = concat!(
    record_sql!(told_sql!("jsonb_each")),
    ";
INSERT INTO events (id, type, at, session_id)
SELECT value ->> 4, 'session.started', CAST(value ->> 5 AS BIGINT), value ->> 0 FROM jsonb_each($1)
WHERE EXISTS (SELECT 1 FROM sessions WHERE id = value ->> 0 AND status = 'active')"
);

/// Spends what `$1` wants of links and inserts the sessions of `$2` that were granted. `$3` names it.
const SPEND_AND_INSERT: &str = concat!(
    "UPDATE links SET
    granted = MIN(wanted.n, COALESCE(usage_limit - used, wanted.n)),
    used = used + MIN(wanted.n, COALESCE(usage_limit - used, wanted.n)),
    exhausted_at = CASE WHEN usage_limit - used <= wanted.n THEN wanted.at ELSE exhausted_at END,
    last_used_at = wanted.at, granted_in = $3
FROM (SELECT value ->> 0 AS id, value ->> 1 AS n, value ->> 2 AS at FROM jsonb_each($1)) AS wanted
WHERE links.id = wanted.id
  AND deactivated_at IS NULL AND deleted_at IS NULL
  AND (expires_at IS NULL OR expires_at > wanted.at)
  AND (usage_limit IS NULL OR used < usage_limit);
",
    insert_asked_sql!(asked_sql!("jsonb_each", "$2")),
    "WHERE asked.link_id IS NULL OR asked.place <=
    (SELECT granted FROM links WHERE links.id = asked.link_id AND granted_in = $3)"
);

/// Those of the ids in `$1` that are not recorded.
const UNRECORDED: &str = "
SELECT value ->> 0 FROM jsonb_each($1) WHERE NOT EXISTS
    (SELECT 1 FROM sessions WHERE id = value ->> 0 AND status <> 'failed' AND erased_at IS NULL)";

/// Those of the ids in `$1` that no session has.
const REFUSED: &str = "
SELECT value ->> 0 FROM jsonb_each($1) WHERE NOT EXISTS (SELECT 1 FROM sessions WHERE id = value ->> 0)";
