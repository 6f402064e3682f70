//! Requests that spent nothing: counted in memory and written now and then, so that whoever sends many of them slows no
//! click down. A process that is killed loses the last second of them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::batch::json_rows;
use crate::domain::id::LinkId;
use crate::store::{Engine, Store, StoreError};

/// How long counts wait to be written together.
const WRITTEN_WITHIN: Duration = Duration::from_secs(1);

/// A request that spent nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ignored {
    /// The link.
    pub link_id: LinkId,
    /// The UTC day.
    pub day: i64,
    /// Why it was ignored.
    pub reason: &'static str,
}

/// Counts that are not written yet.
#[derive(Default)]
pub(super) struct Counts {
    counts: BTreeMap<Ignored, i64>,
    due: Option<Instant>,
}

impl Counts {
    pub(super) fn add(&mut self, ignored: Ignored) {
        *self.counts.entry(ignored).or_default() += 1;
        self.due
            .get_or_insert_with(|| Instant::now() + WRITTEN_WITHIN);
    }

    /// Waits until they should be written; for ever while there are none.
    pub(super) async fn due(&self) {
        match self.due {
            Some(due) => tokio::time::sleep_until(due).await,
            None => std::future::pending().await,
        }
    }

    /// Writes them; where that fails they stay, to be written with the next.
    pub(super) async fn write(&mut self, engine: &Engine) {
        self.due = None;
        if self.counts.is_empty() {
            return;
        }
        let rows: Vec<Value> = self
            .counts
            .iter()
            .map(|(i, n)| json!({"link_id": i.link_id, "day": i.day, "reason": i.reason, "n": n}))
            .collect();
        let rows = json_rows(&rows);
        match engine.write(COUNT, &rows).await {
            Ok(()) => self.counts.clear(),
            Err(error) => tracing::warn!("ignored requests are not counted yet: {error}"),
        }
    }
}

impl Store {
    /// How often requests for a link were ignored: UTC day, reason, count.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn ignored(&self, id: LinkId) -> Result<Vec<(i64, String, i64)>, StoreError> {
        Ok(each!(self, |db| {
            sqlx::query_as(
                "SELECT day, reason, requests FROM ignored_requests WHERE link_id = $1 ORDER BY day, reason",
            )
            .bind(id)
            .fetch_all(db.read())
            .await?
        }))
    }
}

const COUNT: &str = "
INSERT INTO ignored_requests (link_id, day, reason, requests)
SELECT value ->> 'link_id', CAST(value ->> 'day' AS BIGINT), value ->> 'reason', CAST(value ->> 'n' AS BIGINT)
FROM json_each($1) WHERE TRUE
ON CONFLICT (link_id, day, reason) DO UPDATE SET requests = ignored_requests.requests + EXCLUDED.requests";
