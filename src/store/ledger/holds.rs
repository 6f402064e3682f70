//! Holds: at most one session at a time under one key.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::batch::{Batch, Outcome, json_rows};
use super::{Hold, NewSession};
use crate::domain::id::SessionId;
use crate::store::Tx;

impl Batch {
    /// Takes all holds that are free; whoever finds one of its holds taken is told by whom.
    pub(super) async fn take_holds(
        &self,
        tx: &mut Tx,
        outcome: &mut Outcome,
    ) -> Result<(), sqlx::Error> {
        // The first one in this batch to ask for a hold gets it if anyone does.
        let mut first: BTreeMap<&Hold, &NewSession> = BTreeMap::new();
        let mut now = i64::MAX;
        for (reserve, _) in &self.reserves {
            for hold in &reserve.holds {
                now = now.min(reserve.session.created_at.millis());
                first.entry(hold).or_insert(&reserve.session);
            }
        }
        if first.is_empty() {
            return Ok(());
        }
        let rows: Vec<Value> = first
            .iter()
            .map(|(hold, s)| json!({"key": hold, "session": s.id, "until": s.lease_until.millis()}))
            .collect();
        let rows = json_rows(&rows);
        within!(tx, |c| sqlx::query(TAKE_HOLDS)
            .bind(&rows)
            .bind(now)
            .execute(c)
            .await?
            .rows_affected());
        let holders: Vec<(String, SessionId)> = within!(tx, |c| sqlx::query_as(HOLDERS)
            .bind(&rows)
            .fetch_all(c)
            .await?);
        let holders: HashMap<String, SessionId> = holders.into_iter().collect();
        for (reserve, _) in &self.reserves {
            let mut by = reserve
                .holds
                .iter()
                .map(|hold| holders.get(hold.as_str()).copied());
            if let Some(by) = by.find(|by| *by != Some(reserve.session.id)) {
                outcome.held.insert(reserve.session.id, by);
            }
        }
        Ok(())
    }

    /// Lets go of what was taken for sessions that were not granted after all.
    pub(super) async fn drop_unused_holds(
        &self,
        tx: &mut Tx,
        outcome: &Outcome,
    ) -> Result<(), sqlx::Error> {
        let unused: Vec<Value> = self
            .reserves
            .iter()
            .filter(|(reserve, _)| {
                let id = &reserve.session.id;
                outcome.refused.contains(id) || outcome.held.contains_key(id)
            })
            .flat_map(|(reserve, _)| hold_rows(reserve.session.id, 0, &reserve.holds))
            .collect();
        drop_holds(tx, &unused).await
    }
}

/// Keeps holds for as long as the token can be opened.
pub(super) async fn keep_holds(tx: &mut Tx, rows: &[Value]) -> Result<(), sqlx::Error> {
    if !rows.is_empty() {
        within!(tx, |c| sqlx::query(KEEP_HOLDS)
            .bind(json_rows(rows))
            .execute(c)
            .await?
            .rows_affected());
    }
    Ok(())
}

/// Lets go of holds.
pub(super) async fn drop_holds(tx: &mut Tx, rows: &[Value]) -> Result<(), sqlx::Error> {
    if !rows.is_empty() {
        within!(tx, |c| sqlx::query(DROP_HOLDS)
            .bind(json_rows(rows))
            .execute(c)
            .await?
            .rows_affected());
    }
    Ok(())
}

/// The rows of the statements below.
pub(super) fn hold_rows(
    session: SessionId,
    until: i64,
    holds: &[Hold],
) -> impl Iterator<Item = Value> {
    holds
        .iter()
        .map(move |hold| json!({"key": hold, "session": session, "until": until}))
}

const TAKE_HOLDS: &str = "
INSERT INTO holds (hold_key, session_id, held_until)
SELECT value ->> 'key', value ->> 'session', CAST(value ->> 'until' AS BIGINT) FROM json_each($1) WHERE TRUE
ON CONFLICT (hold_key) DO UPDATE SET session_id = EXCLUDED.session_id, held_until = EXCLUDED.held_until
WHERE holds.held_until <= $2";

const HOLDERS: &str = "
SELECT hold_key, session_id FROM holds WHERE hold_key IN (SELECT value ->> 'key' FROM json_each($1))";

const KEEP_HOLDS: &str = "
UPDATE holds SET held_until = told.held_until
FROM (SELECT value ->> 'key' AS hold_key, value ->> 'session' AS session_id,
             CAST(value ->> 'until' AS BIGINT) AS held_until FROM json_each($1)) AS told
WHERE holds.hold_key = told.hold_key AND holds.session_id = told.session_id";

const DROP_HOLDS: &str = "
DELETE FROM holds WHERE (hold_key, session_id) IN
    (SELECT value ->> 'key', value ->> 'session' FROM json_each($1))";

/// Before a statement that would lock them as it comes upon them.
pub(super) const LOCK_HOLDS: &str = "
SELECT hold_key FROM holds
WHERE (hold_key, session_id) IN (SELECT value ->> 'key', value ->> 'session' FROM json_each($1))
ORDER BY hold_key COLLATE \"C\" FOR UPDATE OF holds";
