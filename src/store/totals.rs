//! What came of the clicks on all links together, day by day. Ids of sessions begin with their time, so a day is a range.

use std::collections::BTreeSet;

use super::ledger::json_rows;
use super::{Store, StoreError};
use crate::domain::day::Day;
use crate::domain::timestamp::Timestamp;

/// A UTC day, a word, and how often.
pub type OfDay = (Day, String, i64);

impl Store {
    /// How many sessions were begun in each of these times, from the first until before the second.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sessions_begun(
        &self,
        times: &[(Timestamp, Timestamp)],
    ) -> Result<Vec<i64>, StoreError> {
        let times = times.iter().enumerate();
        let times: Vec<_> = times
            .map(|(n, (from, to))| (n, from.id_prefix(), to.id_prefix()))
            .collect();
        let mut rows: Vec<(i64, i64)> = each!(self, |db| {
            sqlx::query_as(BEGUN)
                .bind(json_rows(&times))
                .fetch_all(db.list())
                .await?
        });
        rows.sort_unstable();
        Ok(rows.into_iter().map(|(_, count)| count).collect())
    }

    /// The sessions that were begun on these days, by where they stand now; those on their way are left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn statuses_of_days(&self, days: &BTreeSet<Day>) -> Result<Vec<OfDay>, StoreError> {
        let days: Vec<_> = days
            .iter()
            .map(|day| {
                let (from, to) = (day.start(), day.plus(1).start());
                (day.number(), from.id_prefix(), to.id_prefix())
            })
            .collect();
        let rows: Vec<(i64, String, i64)> = each!(self, |db| {
            sqlx::query_as(STATUSES)
                .bind(json_rows(&days))
                .fetch_all(db.list())
                .await?
        });
        Ok(of_days(rows))
    }

    /// The requests of these days that spent nothing, by the reason.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn ignored_on(&self, days: &BTreeSet<Day>) -> Result<Vec<OfDay>, StoreError> {
        let days: Vec<_> = days.iter().map(|day| [day.number()]).collect();
        let rows: Vec<(i64, String, i64)> = each!(self, |db| {
            sqlx::query_as(IGNORED)
                .bind(json_rows(&days))
                .fetch_all(db.list())
                .await?
        });
        Ok(of_days(rows))
    }

    /// The days on which those sessions began that have shown something else since a place in the order of events.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn days_changed_since(&self, position: i64) -> Result<BTreeSet<Day>, StoreError> {
        let rows: Vec<(i64,)> = each!(self, |db| {
            sqlx::query_as(CHANGED)
                .bind(position)
                .fetch_all(db.list())
                .await?
        });
        let days = rows.into_iter();
        Ok(days
            .map(|(at,)| Day::new(Timestamp::from_millis(at).day()))
            .collect())
    }
}

fn of_days(rows: Vec<(i64, String, i64)>) -> Vec<OfDay> {
    let rows = rows.into_iter().filter(|(.., n)| *n > 0);
    rows.map(|(day, word, n)| (Day::new(day), word, n))
        .collect()
}

const BEGUN: &str = "
SELECT CAST(t.value ->> 0 AS BIGINT) AS n, (
    SELECT COUNT(*) FROM sessions WHERE id >= t.value ->> 1 AND id < t.value ->> 2
) AS begun FROM json_each($1) AS t";

/// The states there are, each found by one step in the index, and their number on each day.
const STATUSES: &str = "
SELECT CAST(d.value ->> 0 AS BIGINT) AS day, v.word AS word, (
    SELECT COUNT(*) FROM sessions
    WHERE status = v.word AND status NOT IN ('starting', 'active') AND id >= d.value ->> 1 AND id < d.value ->> 2
) AS n
FROM (
    WITH RECURSIVE words (word) AS (
        SELECT MIN(status) FROM sessions WHERE status NOT IN ('starting', 'active')
        UNION ALL
        SELECT (SELECT MIN(status) FROM sessions
                WHERE status NOT IN ('starting', 'active') AND status > words.word)
        FROM words WHERE word IS NOT NULL
    )
    SELECT word FROM words WHERE word IS NOT NULL
) AS v CROSS JOIN json_each($1) AS d";

const IGNORED: &str = "
SELECT day, reason, CAST(SUM(requests) AS BIGINT) FROM ignored_requests
WHERE day IN (SELECT CAST(value ->> 0 AS BIGINT) FROM json_each($1)) GROUP BY day, reason";

const CHANGED: &str = "
SELECT DISTINCT sessions.created_at / 86400000 * 86400000
FROM events JOIN sessions ON sessions.id = events.session_id
WHERE events.position > $1 AND events.type IN ('session.updated', 'session.finished')";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::tests::plan;

    #[tokio::test]
    async fn everything_is_counted_in_ranges_of_indexes() {
        for (sql, way) in [
            (BEGUN, "SEARCH sessions USING PRIMARY KEY (id>? AND id<?)"),
            (
                STATUSES,
                "SEARCH sessions USING COVERING INDEX sessions_status (status=? AND id>? AND id<?)",
            ),
            (
                IGNORED,
                "SEARCH ignored_requests USING COVERING INDEX ignored_requests_day (day=?)",
            ),
            (CHANGED, "SEARCH events USING INTEGER PRIMARY KEY (rowid>?)"),
        ] {
            let plan = plan(sql).await.join("; ");
            assert!(plan.contains(way), "{plan}");
            assert!(!plan.contains("SCAN sessions"), "{plan}");
        }
    }
}
