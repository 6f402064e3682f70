//! One commit of the ledger.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Value, json};

use super::{
    Grants, Hold, Ignored, NewSession, Op, Record, Refund, Reply, Reserved, Wanted, Wanting,
};
use crate::domain::id::{LinkId, SessionId};
use crate::store::{Engine, StoreError, Tx};

/// How often a commit is tried again when PostgreSQL broke a deadlock with another node.
const DEADLOCK_RETRIES: usize = 3;

/// The operations of one commit by kind, each with the one who waits for it.
#[derive(Default)]
struct Batch {
    reserves: Vec<(Box<Wanting>, Reply<Reserved>)>,
    records: Vec<(Box<Record>, Reply<bool>)>,
    refunds: Vec<(Refund, Reply<bool>)>,
    ignored: Vec<(Ignored, Reply<()>)>,
    flushes: Vec<Reply<()>>,
}

/// What the commit did; sessions that are not named were refused, or not `starting` any more.
#[derive(Default)]
struct Outcome {
    granted: Grants,
    held: HashMap<SessionId, Option<SessionId>>,
    recorded: HashSet<SessionId>,
    refunded: HashSet<SessionId>,
}

/// Writes `ops` in one transaction and answers everyone who waits; a fault is answered to all of them.
pub(super) async fn commit(engine: &Engine, ops: Vec<Op>) {
    let batch = Batch::sort(ops);
    let mut tries = 0;
    let outcome = loop {
        match batch.write(engine).await {
            Err(error) if tries < DEADLOCK_RETRIES && is_deadlock(&error) => tries += 1,
            outcome => break outcome,
        }
    };
    batch.answer(&outcome.map_err(StoreError::from));
}

fn is_deadlock(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|c| c == "40P01")
}

impl Batch {
    fn sort(ops: Vec<Op>) -> Self {
        let mut batch = Self::default();
        for op in ops {
            match op {
                // Who has given up waiting must not be granted a use that nobody would settle.
                Op::Reserve(_, reply) if reply.is_closed() => {}
                Op::Reserve(wanted, reply) => batch.reserves.push((wanted, reply)),
                Op::Record(record, reply) => batch.records.push((record, reply)),
                Op::Refund(refund, reply) => batch.refunds.push((refund, reply)),
                Op::Ignore(ignored, reply) => batch.ignored.push((ignored, reply)),
                Op::Flush(reply) => batch.flushes.push(reply),
            }
        }
        batch
    }

    async fn write(&self, engine: &Engine) -> Result<Outcome, sqlx::Error> {
        let mut outcome = Outcome::default();
        let settles = self.records.len() + self.refunds.len() + self.ignored.len();
        if settles + self.reserves.len() == 0 {
            return Ok(outcome);
        }
        let plain = settles == 0
            && self
                .reserves
                .iter()
                .all(|(wanted, _)| wanted.holds.is_empty());
        if let (true, Engine::Postgres(db)) = (plain, engine) {
            // One statement is a transaction by itself: one round trip.
            let mut connection = db.read().acquire().await?;
            outcome.granted = db.reserve(&mut connection, &self.wanted(&outcome)).await?;
            return Ok(outcome);
        }
        let mut tx = engine.begin().await?;
        self.settle(&mut tx, &mut outcome).await?;
        self.count_ignored(&mut tx).await?;
        if !self.reserves.is_empty() {
            self.take_holds(&mut tx, &mut outcome).await?;
            let wanted = self.wanted(&outcome);
            outcome.granted = match (engine, &mut tx) {
                (Engine::Sqlite(db), Tx::Sqlite(tx)) => db.reserve(tx, &wanted).await?,
                (Engine::Postgres(db), Tx::Postgres(tx)) => db.reserve(tx, &wanted).await?,
                _ => Grants::default(),
            };
            self.drop_unused_holds(&mut tx, &outcome).await?;
        }
        tx.commit().await?;
        Ok(outcome)
    }

    fn wanted(&self, outcome: &Outcome) -> Wanted<'_> {
        let mut wanted = Wanted::default();
        for (reserve, _) in &self.reserves {
            if !outcome.held.contains_key(&reserve.session.id) {
                wanted.add(&reserve.session);
            }
        }
        wanted
    }

    /// Writes what became of sessions: all rows of sessions first, then of holds, then of links, as everyone
    /// else does, so that no two commits wait for each other in a ring.
    async fn settle(&self, tx: &mut Tx, outcome: &mut Outcome) -> Result<(), sqlx::Error> {
        let kept = self.record(tx, outcome).await?;
        let (dropped, links) = self.refund(tx, outcome).await?;
        lock_in_order(tx, LOCK_HOLDS, &[&*kept, &*dropped].concat()).await?;
        if !kept.is_empty() {
            within!(tx, |c| sqlx::query(KEEP_HOLDS)
                .bind(json_rows(&kept))
                .execute(c)
                .await?
                .rows_affected());
        }
        drop_holds(tx, &dropped).await?;
        give_back(tx, links.into_iter()).await
    }

    /// Returns the holds that stay, for as long as the token can be opened.
    async fn record(&self, tx: &mut Tx, outcome: &mut Outcome) -> Result<Vec<Value>, sqlx::Error> {
        if self.records.is_empty() {
            return Ok(Vec::new());
        }
        let records: Vec<&Record> = self.records.iter().map(|(record, _)| &**record).collect();
        let rows = json_rows(&records);
        let ids: Vec<(SessionId,)> = within!(tx, |c| sqlx::query_as(RECORD)
            .bind(rows)
            .fetch_all(c)
            .await?);
        outcome.recorded.extend(ids.into_iter().map(|(id,)| id));
        Ok(records
            .iter()
            .filter(|record| outcome.recorded.contains(&record.id))
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

    async fn count_ignored(&self, tx: &mut Tx) -> Result<(), sqlx::Error> {
        let mut counts: BTreeMap<&Ignored, i64> = BTreeMap::new();
        for (ignored, _) in &self.ignored {
            *counts.entry(ignored).or_default() += 1;
        }
        if counts.is_empty() {
            return Ok(());
        }
        let rows: Vec<Value> = counts
            .iter()
            .map(|(i, n)| json!({"link_id": i.link_id, "day": i.day, "reason": i.reason, "n": n}))
            .collect();
        within!(tx, |c| sqlx::query(COUNT_IGNORED)
            .bind(json_rows(&rows))
            .execute(c)
            .await?
            .rows_affected());
        Ok(())
    }

    /// Takes all holds that are free; whoever finds one of its holds taken is told by whom.
    async fn take_holds(&self, tx: &mut Tx, outcome: &mut Outcome) -> Result<(), sqlx::Error> {
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
    async fn drop_unused_holds(&self, tx: &mut Tx, outcome: &Outcome) -> Result<(), sqlx::Error> {
        let unused: Vec<Value> = self
            .reserves
            .iter()
            .filter(|(reserve, _)| !outcome.granted.has(reserve.session.id))
            .flat_map(|(reserve, _)| hold_rows(reserve.session.id, 0, &reserve.holds))
            .collect();
        drop_holds(tx, &unused).await
    }

    fn answer(self, outcome: &Result<Outcome, StoreError>) {
        // Nobody waits any more where a send fails; what was written is settled by the sweep.
        for (reserve, reply) in self.reserves {
            let id = reserve.session.id;
            let _ = reply.send(outcome.as_ref().map_err(Clone::clone).map(|o| {
                match (o.held.get(&id), o.granted.has(id)) {
                    (Some(by), _) => Reserved::Held(*by),
                    (None, true) => Reserved::Granted,
                    (None, false) => Reserved::Refused,
                }
            }));
        }
        let done = |ids: fn(&Outcome) -> &HashSet<SessionId>, id: SessionId| {
            outcome
                .as_ref()
                .map_err(Clone::clone)
                .map(|o| ids(o).contains(&id))
        };
        for (record, reply) in self.records {
            let _ = reply.send(done(|o| &o.recorded, record.id));
        }
        for (refund, reply) in self.refunds {
            let _ = reply.send(done(|o| &o.refunded, refund.id));
        }
        for reply in self
            .ignored
            .into_iter()
            .map(|(_, reply)| reply)
            .chain(self.flushes)
        {
            let _ = reply.send(outcome.as_ref().map_err(Clone::clone).map(|_| ()));
        }
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

async fn drop_holds(tx: &mut Tx, rows: &[Value]) -> Result<(), sqlx::Error> {
    if !rows.is_empty() {
        within!(tx, |c| sqlx::query(DROP_HOLDS)
            .bind(json_rows(rows))
            .execute(c)
            .await?
            .rows_affected());
    }
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

fn hold_rows(session: SessionId, until: i64, holds: &[Hold]) -> impl Iterator<Item = Value> {
    holds
        .iter()
        .map(move |hold| json!({"key": hold, "session": session, "until": until}))
}

fn json_rows<T: serde::Serialize>(rows: &[T]) -> String {
    serde_json::to_string(rows).expect("plain structs of text and numbers always serialise")
}

/// A webhook may have come first and moved the session on: then only what is missing is filled in.
const RECORD: &str = "
UPDATE sessions SET
    status = CASE WHEN sessions.status = 'starting' THEN 'active' ELSE sessions.status END,
    scan_ref = COALESCE(sessions.scan_ref, told.scan_ref),
    redirect_url = told.redirect_url, token_expires_at = told.token_expires_at, lease_until = NULL
FROM (SELECT value ->> 'id' AS id, value ->> 'scan_ref' AS scan_ref, value ->> 'redirect_url' AS redirect_url,
             CAST(value ->> 'token_expires_at' AS BIGINT) AS token_expires_at FROM json_each($1)) AS told
WHERE sessions.id = told.id AND sessions.status <> 'failed' AND sessions.erased_at IS NULL
RETURNING sessions.id";

const REFUND: &str = "
UPDATE sessions SET status = 'failed', failure = told.failure, lease_until = NULL
FROM (SELECT value ->> 'id' AS id, value ->> 'failure' AS failure FROM json_each($1)) AS told
WHERE sessions.id = told.id AND sessions.status = 'starting'
RETURNING sessions.id, sessions.link_id";

const LOCK_LINKS: &str = "
SELECT links.id FROM links WHERE id IN (SELECT value ->> 'id' FROM json_each($1))
ORDER BY id FOR NO KEY UPDATE OF links";

const LOCK_HOLDS: &str = "
SELECT hold_key FROM holds
WHERE (hold_key, session_id) IN (SELECT value ->> 'key', value ->> 'session' FROM json_each($1))
ORDER BY hold_key COLLATE \"C\" FOR UPDATE OF holds";

const GIVE_BACK: &str = "
UPDATE links SET used = used - told.n
FROM (SELECT value ->> 'id' AS id, CAST(value ->> 'n' AS BIGINT) AS n FROM json_each($1)) AS told
WHERE links.id = told.id";

const COUNT_IGNORED: &str = "
INSERT INTO ignored_requests (link_id, day, reason, requests)
SELECT value ->> 'link_id', CAST(value ->> 'day' AS BIGINT), value ->> 'reason', CAST(value ->> 'n' AS BIGINT)
FROM json_each($1) WHERE TRUE
ON CONFLICT (link_id, day, reason) DO UPDATE SET requests = ignored_requests.requests + EXCLUDED.requests";

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
