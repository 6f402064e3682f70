//! What became of sessions: recorded, refunded.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::batch::{Batch, Outcome, json_rows};
use super::holds::{LOCK_HOLDS, drop_holds, hold_rows, keep_holds};
use super::{Record, Refund};
use crate::domain::id::{LinkId, SessionId};
use crate::store::{Tx, postgres, sqlite};

impl Batch {
    /// Writes what became of sessions: all rows of sessions first, then of holds, then of links, as everyone
    /// else does, so that no two commits wait for each other in a ring.
    pub(super) async fn settle(
        &self,
        tx: &mut Tx,
        outcome: &mut Outcome,
    ) -> Result<(), sqlx::Error> {
        let kept = self.record(tx, outcome).await?;
        let (dropped, links) = self.refund(tx, outcome).await?;
        lock_in_order(tx, LOCK_HOLDS, &[&*kept, &*dropped].concat()).await?;
        keep_holds(tx, &kept).await?;
        drop_holds(tx, &dropped).await?;
        give_back(tx, links.into_iter()).await
    }

    /// Returns the holds that stay, for as long as the token can be opened.
    async fn record(&self, tx: &mut Tx, outcome: &mut Outcome) -> Result<Vec<Value>, sqlx::Error> {
        if self.records.is_empty() {
            return Ok(Vec::new());
        }
        let records = self.records();
        outcome.unrecorded = match tx {
            Tx::Sqlite(tx) => sqlite::rare::record(tx, &records).await?,
            Tx::Postgres(tx) => postgres::record(tx, &records).await?,
        };
        Ok(self
            .records
            .iter()
            .map(|(record, _)| record)
            .filter(|record| !outcome.unrecorded.contains(&record.id))
            .flat_map(|record| {
                hold_rows(record.id, record.token_expires_at.millis(), &record.holds)
            })
            .collect())
    }

    /// Returns the holds that end, and the link of each use to give back.
    async fn refund(
        &self,
        tx: &mut Tx,
        outcome: &mut Outcome,
    ) -> Result<(Vec<Value>, Vec<LinkId>), sqlx::Error> {
        if self.refunds.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let refunds: Vec<&Refund> = self.refunds.iter().map(|(refund, _)| refund).collect();
        let rows = json_rows(&refunds);
        let refunded: Vec<(SessionId, Option<LinkId>)> = within!(tx, |c| sqlx::query_as(REFUND)
            .bind(rows)
            .fetch_all(c)
            .await?);
        let dropped: Vec<Value> = refunds
            .iter()
            .flat_map(|refund| hold_rows(refund.id, 0, &refund.holds))
            .collect();
        let links = refunded.iter().filter_map(|(_, link)| *link).collect();
        outcome
            .refunded
            .extend(refunded.into_iter().map(|(id, _)| id));
        Ok((dropped, links))
    }

    /// What is to be recorded.
    pub(super) fn records(&self) -> Records<'_> {
        Records(self.records.iter().map(|(record, _)| &**record).collect())
    }
}

/// Sessions to be recorded.
#[derive(Debug, Default)]
pub(in crate::store) struct Records<'a>(Vec<&'a Record>);

impl Records<'_> {
    pub(in crate::store) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(in crate::store) fn iter(&self) -> impl Iterator<Item = &Record> {
        self.0.iter().copied()
    }

    pub(in crate::store) fn ids(&self) -> impl Iterator<Item = SessionId> {
        self.iter().map(|record| record.id)
    }

    /// Rows of id, `scanRef`, address, end of the token, event, time.
    pub(in crate::store) fn rows(&self) -> String {
        let rows: Vec<_> = self
            .iter()
            .map(|r| {
                (
                    r.id,
                    &r.scan_ref,
                    &r.redirect_url,
                    r.token_expires_at.millis(),
                    r.event_id,
                    r.at.millis(),
                )
            })
            .collect();
        json_rows(&rows)
    }
}

/// Gives one use back to each of `links`; a link may be named several times.
pub(in crate::store) async fn give_back(
    tx: &mut Tx,
    links: impl Iterator<Item = LinkId>,
) -> Result<(), sqlx::Error> {
    let mut counts: BTreeMap<LinkId, i64> = BTreeMap::new();
    for link in links {
        *counts.entry(link).or_default() += 1;
    }
    if counts.is_empty() {
        return Ok(());
    }
    let rows: Vec<Value> = counts
        .iter()
        .map(|(id, n)| json!({"id": id, "n": n}))
        .collect();
    lock_in_order(tx, LOCK_LINKS, &rows).await?;
    within!(tx, |c| sqlx::query(GIVE_BACK)
        .bind(json_rows(&rows))
        .execute(c)
        .await?
        .rows_affected());
    Ok(())
}

/// Locks rows in the order of their keys before a statement that would lock them as it comes upon them.
/// SQLite has one writer and nothing to lock.
async fn lock_in_order(tx: &mut Tx, sql: &'static str, rows: &[Value]) -> Result<(), sqlx::Error> {
    if let (Tx::Postgres(tx), false) = (tx, rows.is_empty()) {
        let rows = json_rows(rows);
        sqlx::query(sql).bind(rows).execute(&mut **tx).await?;
    }
    Ok(())
}

/// What was told of sessions, out of the array `$1` that `$each` makes rows of.
macro_rules! told_sql {
    ($each:literal) => {
        concat!(
            "(SELECT value ->> 0 AS id, value ->> 1 AS scan_ref, value ->> 2 AS redirect_url,
             CAST(value ->> 3 AS BIGINT) AS token_expires_at, value ->> 4 AS event_id,
             CAST(value ->> 5 AS BIGINT) AS told_at FROM ",
            $each,
            "($1))"
        )
    };
}
pub(in crate::store) use told_sql;

/// A webhook may have come first and moved the session on: then only what is missing is filled in.
macro_rules! record_sql {
    ($($told:tt)+) => {
        concat!("UPDATE sessions SET
    status = CASE WHEN sessions.status = 'starting' THEN 'active' ELSE sessions.status END,
    scan_ref = COALESCE(sessions.scan_ref, told.scan_ref),
    redirect_url = told.redirect_url, token_expires_at = told.token_expires_at, lease_until = NULL, room = NULL
FROM ", $($told)+, " AS told
WHERE sessions.id = told.id AND sessions.status <> 'failed' AND sessions.erased_at IS NULL")
    };
}
pub(in crate::store) use record_sql;

const REFUND: &str = "
UPDATE sessions SET status = 'failed', failure = told.failure, lease_until = NULL, room = NULL
FROM (SELECT value ->> 'id' AS id, value ->> 'failure' AS failure FROM json_each($1)) AS told
WHERE sessions.id = told.id AND sessions.status = 'starting'
RETURNING sessions.id, sessions.link_id";

const LOCK_LINKS: &str = "
SELECT links.id FROM links WHERE id IN (SELECT value ->> 'id' FROM json_each($1))
ORDER BY id FOR NO KEY UPDATE OF links";

const GIVE_BACK: &str = "
UPDATE links SET used = used - told.n
FROM (SELECT value ->> 'id' AS id, CAST(value ->> 'n' AS BIGINT) AS n FROM json_each($1)) AS told
WHERE links.id = told.id";
