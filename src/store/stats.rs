//! What came of a link's clicks, day by day.
//!
//! A session's id begins with the time of its click, so a day is a range of ids; everything is counted in indexes alone.

use super::ledger::json_rows;
use super::{Store, StoreError};
use crate::domain::day::Day;
use crate::domain::id::LinkId;

/// What a number counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// Sessions that were begun.
    Clicks,
    /// Those that stand at this status now: any but `starting` and `active`.
    Status(String),
    /// Those that came by this channel.
    Via(String),
    /// Requests that spent nothing for this reason.
    Ignored(String),
}

impl Store {
    /// The numbers of a link for each day from `first` to `last`, both included; those that are 0 are left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn stats(
        &self,
        link: LinkId,
        first: Day,
        last: Day,
    ) -> Result<Vec<(Day, Counted, i64)>, StoreError> {
        let days: Vec<_> = (first.number()..=last.number())
            .map(|n| {
                (
                    n,
                    Day::new(n).start().id_prefix(),
                    Day::new(n + 1).start().id_prefix(),
                )
            })
            .collect();
        let rows: Vec<(i64, String, String, i64)> = each!(self, |db| {
            sqlx::query_as(STATS)
                .bind(link)
                .bind(json_rows(&days))
                .bind(first.number())
                .bind(last.number())
                .fetch_all(db.list())
                .await?
        });
        // Asked for in the statement, each number would be counted twice.
        rows.into_iter()
            .filter(|(.., n)| *n > 0)
            .map(|(day, kind, name, n)| {
                let counted = match kind.as_str() {
                    "clicks" => Counted::Clicks,
                    "status" => Counted::Status(name),
                    "via" => Counted::Via(name),
                    _ => Counted::Ignored(name),
                };
                Ok((Day::new(day), counted, n))
            })
            .collect()
    }
}

impl Store {
    /// Why clicks on a link gave their use back from a day on, and how many of its latest 1,000 such clicks, the most frequent
    /// first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn given_back(
        &self,
        link: LinkId,
        first: Day,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        Ok(each!(self, |db| {
            sqlx::query_as(GIVEN_BACK)
                .bind(link)
                .bind(first.start().id_prefix())
                .fetch_all(db.list())
                .await?
        }))
    }
}

/// In the words of the index. Without the bound, a link that failed a million times would be read for seconds.
const GIVEN_BACK: &str = "
SELECT why, COUNT(*) AS n FROM (
    SELECT COALESCE(failure, '') AS why FROM sessions
    WHERE link_id = $1 AND status = 'failed' AND status NOT IN ('starting', 'active') AND id >= $2
    ORDER BY id DESC LIMIT 1000
) AS latest
GROUP BY why ORDER BY n DESC, why";

/// The values a column of a link's sessions has, each found by one step in its index, and their number on each day.
macro_rules! each_value_sql {
    ($table:literal, $id:literal, $column:literal, $indexed:literal) => {
        concat!(
            "SELECT CAST(d.value ->> 0 AS BIGINT) AS day, '",
            $column,
            "' AS kind, v.word AS word, (
    SELECT COUNT(*) FROM ",
            $table,
            " WHERE link_id = $1 AND ",
            $column,
            " = v.word AND ",
            $indexed,
            " AND ",
            $id,
            " >= d.value ->> 1 AND ",
            $id,
            " < d.value ->> 2
) AS n
FROM (
    WITH RECURSIVE words (word) AS (
        SELECT MIN(",
            $column,
            ") FROM ",
            $table,
            " WHERE link_id = $1 AND ",
            $indexed,
            "
        UNION ALL
        SELECT (SELECT MIN(",
            $column,
            ") FROM ",
            $table,
            "
                WHERE link_id = $1 AND ",
            $indexed,
            " AND ",
            $column,
            " > words.word)
        FROM words WHERE word IS NOT NULL
    )
    SELECT word FROM words WHERE word IS NOT NULL
) AS v CROSS JOIN json_each($2) AS d"
        )
    };
}

/// What is not filed under the link yet, by the millisecond and channel, on the day `d` that it is of. While some are filed they
/// are in both.
macro_rules! noted_sql {
    () => {
        "(
    SELECT substr(n.session_id, 1, 13) AS at, n.via AS via, COUNT(*) AS n FROM link_sessions_new AS n
    WHERE n.link_id = $1
      AND NOT EXISTS (SELECT 1 FROM link_sessions AS l WHERE l.link_id = n.link_id AND l.session_id = n.session_id)
    GROUP BY substr(n.session_id, 1, 13), n.via
) AS f WHERE f.at >= d.value ->> 1 AND f.at < d.value ->> 2"
    };
}

/// In one statement, so that all numbers are of one moment.
#[rustfmt::skip]
const STATS: &str = concat!(
    "SELECT day, kind, word, CAST(SUM(n) AS BIGINT) AS n FROM (
SELECT CAST(d.value ->> 0 AS BIGINT) AS day, 'clicks' AS kind, '' AS word, (
    SELECT COUNT(*) FROM link_sessions
    WHERE link_id = $1 AND session_id >= d.value ->> 1 AND session_id < d.value ->> 2
) AS n FROM json_each($2) AS d
UNION ALL
", each_value_sql!("sessions", "id", "status", "status NOT IN ('starting', 'active')"), "
UNION ALL
", each_value_sql!("link_sessions", "session_id", "via", "via IS NOT NULL"), "
UNION ALL
SELECT CAST(d.value ->> 0 AS BIGINT) AS day, 'clicks' AS kind, '' AS word, f.n FROM json_each($2) AS d CROSS JOIN ", noted_sql!(), "
UNION ALL
SELECT CAST(d.value ->> 0 AS BIGINT) AS day, 'via' AS kind, f.via AS word, f.n FROM json_each($2) AS d CROSS JOIN ", noted_sql!(), "
  AND f.via IS NOT NULL
UNION ALL
SELECT day, 'ignored' AS kind, reason AS word, requests AS n FROM ignored_requests
WHERE link_id = $1 AND day >= $3 AND day <= $4
) AS counted GROUP BY day, kind, word"
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::tests::plan;
    use crate::store::{Engine, Held};

    #[tokio::test]
    async fn reasons_are_found_by_the_index_without_sorting_sessions() {
        let plan = plan(GIVEN_BACK).await.join("; ");
        assert!(
            plan.contains("INDEX sessions_link_status (link_id=? AND status=? AND id>?)"),
            "{plan}"
        );
    }

    #[tokio::test]
    async fn everything_is_counted_in_indexes_alone() {
        let plan = plan(STATS).await;
        let sessions: Vec<_> = plan
            .iter()
            .filter(|step| step.contains("sessions "))
            .collect();
        assert_eq!(sessions.len(), 7, "{plan:#?}");
        for step in sessions {
            assert!(
                step.starts_with("SEARCH sessions USING COVERING INDEX sessions_link_status")
                    || step
                        .starts_with("SEARCH link_sessions USING COVERING INDEX link_sessions_via")
                    || step.starts_with("SEARCH link_sessions USING PRIMARY KEY"),
                "{plan:#?}"
            );
        }
        assert!(
            !plan.iter().any(|step| step.contains("SCAN ignored")),
            "{plan:#?}"
        );
    }

    #[tokio::test]
    async fn a_session_is_counted_once_before_while_and_after_it_is_filed() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/e.db", folder.path().display());
        let store = Store::open(&url).await.unwrap();
        let Engine::Sqlite(db) = &store.engine else {
            panic!("{url}")
        };
        let (link, day) = (LinkId::new(uuid::Uuid::from_u128(7)), Day::new(20_000));
        let insert = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
            INSERT INTO sessions (id, link_id, via, flow, language, status, created_at)
            SELECT $1 || printf('-%04d', i), $2, iif(i % 3, NULL, 'qr'), 'document', 'en', 'active', 1 FROM n";
        let insert = sqlx::query(insert).bind(day.start().id_prefix()).bind(link);
        insert.execute(db.write()).await.unwrap();
        let mut held = Held::default();
        let mut steps = 0;
        loop {
            let mut stats = store.stats(link, day, day).await.unwrap();
            stats.sort();
            let qr = Counted::Via("qr".into());
            assert_eq!(
                stats,
                [(day, Counted::Clicks, 3000), (day, qr, 1000)],
                "{steps}"
            );
            let then = db.file_some(&mut held).await.unwrap();
            held.let_go();
            if then.is_none() {
                break;
            }
            steps += 1;
        }
        assert!(steps > 2, "{steps}");
        store.close().await;
    }
}
