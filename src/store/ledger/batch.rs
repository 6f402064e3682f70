//! One commit of the ledger.

use std::collections::{HashMap, HashSet};

use super::ignored::Counts;
use super::mail::{Reply, Sacks};
use super::wanted::Wanted;
use super::{Op, Record, Refund, Reserved, Wanting};
use crate::domain::id::SessionId;
use crate::store::{Engine, Held, StoreError, Tx, postgres, sqlite};

/// How often a commit is tried again when PostgreSQL broke a deadlock with another node.
const DEADLOCK_RETRIES: usize = 3;

/// The operations of one commit by kind, each with the one who waits for it.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) reserves: Vec<(Box<Wanting>, Reply<Reserved>)>,
    pub(super) records: Vec<(Box<Record>, Reply<bool>)>,
    pub(super) refunds: Vec<(Refund, Reply<bool>)>,
    flushes: Vec<Reply<()>>,
    closes: bool,
    /// Whether there are others than ordinary clicks in it, begun or answered: few batches have any.
    is_rare: bool,
}

/// What the commit did: the few sessions that did not become what was asked for.
#[derive(Default)]
pub(super) struct Outcome {
    /// Those whose link was over.
    pub(super) refused: HashSet<SessionId>,
    /// Those whose hold another session stands under.
    pub(super) held: HashMap<SessionId, Option<SessionId>>,
    /// Those whose use was given back before they could be recorded.
    pub(super) unrecorded: HashSet<SessionId>,
    /// Refunds, which are rare, by those that were made.
    pub(super) refunded: HashSet<SessionId>,
}

impl Outcome {
    fn reserved(&self, id: SessionId) -> Reserved {
        match (self.held.get(&id), self.refused.contains(&id)) {
            (Some(by), _) => Reserved::Held(*by),
            (None, true) => Reserved::Refused,
            (None, false) => Reserved::Granted,
        }
    }
}

fn is_deadlock(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|c| c == "40P01")
}

impl Batch {
    /// Sorts operations by kind; requests that spent nothing are counted apart.
    pub(super) fn sort(ops: impl Iterator<Item = Op>, ignored: &mut Counts) -> Self {
        let mut batch = Self::default();
        for op in ops {
            batch.is_rare |= op.is_rare();
            match op {
                // Who has given up waiting must not be granted a use that nobody would settle, nor be recorded as sent
                // on to where he never came: the sweep gives that use back.
                Op::Reserve(_, reply) if reply.is_closed() => {}
                Op::Record(_, reply) if reply.is_closed() => {}
                Op::Reserve(wanted, reply) => batch.reserves.push((wanted, reply)),
                Op::Record(record, reply) => batch.records.push((record, reply)),
                Op::Refund(refund, reply) => batch.refunds.push((refund, reply)),
                Op::Ignore(request) => ignored.add(request),
                Op::Flush(reply) => batch.flushes.push(reply),
                Op::Close(reply) => {
                    batch.flushes.push(reply);
                    batch.closes = true;
                }
            }
        }
        batch
    }

    /// How many wait for an answer.
    pub(super) const fn len(&self) -> usize {
        self.reserves.len() + self.records.len() + self.refunds.len() + self.flushes.len()
    }

    /// Whether there is nothing to write and nobody to answer.
    pub(super) const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether something is written that someone waits to be on disk.
    pub(super) fn needs_flush(&self) -> bool {
        let waits = |(wanting, _): &(Box<Wanting>, _)| !wanting.needs_no_flush();
        !self.records.is_empty() || !self.refunds.is_empty() || self.reserves.iter().any(waits)
    }

    /// Whether someone waits for everything to be written.
    pub(super) fn wants_flush(&self) -> bool {
        !self.flushes.is_empty()
    }

    /// Whether nothing is written after it.
    pub(super) const fn closes(&self) -> bool {
        self.closes
    }

    /// Whether there is news to tell once it is written.
    pub(super) fn tells(&self) -> bool {
        !self.records.is_empty()
    }

    /// Writes it all in one transaction; what needs a flush is on disk then. On SQLite those of ordinary clicks who need none
    /// are answered before a commit that is flushed, unless the last one failed.
    pub(super) async fn commit(
        &mut self,
        engine: &Engine,
        held: &mut Held,
    ) -> Result<Outcome, sqlx::Error> {
        let mut tries = 0;
        loop {
            match self.write(engine, held).await {
                Err(error) if tries < DEADLOCK_RETRIES && is_deadlock(&error) => tries += 1,
                outcome => return outcome,
            }
        }
    }

    async fn write(&mut self, engine: &Engine, held: &mut Held) -> Result<Outcome, sqlx::Error> {
        if !self.is_rare
            && let Some(outcome) = self.write_plain(engine, held).await?
        {
            return Ok(outcome);
        }
        held.let_go();
        let mut outcome = Outcome::default();
        let mut tx = engine.begin_spending().await?;
        self.settle(&mut tx, &mut outcome).await?;
        if !self.reserves.is_empty() {
            self.take_holds(&mut tx, &mut outcome).await?;
            let wanted = self.wanted(&outcome);
            outcome.refused = match &mut tx {
                Tx::Sqlite(tx) => sqlite::rare::reserve(tx, &wanted).await?,
                Tx::Postgres(tx) => postgres::reserve(tx, &wanted, true).await?,
            };
            self.drop_unused_holds(&mut tx, &outcome).await?;
        }
        tx.commit().await?;
        Ok(outcome)
    }

    /// The same in as few steps as the engine allows; none where it does not.
    async fn write_plain(
        &mut self,
        engine: &Engine,
        held: &mut Held,
    ) -> Result<Option<Outcome>, sqlx::Error> {
        let mut outcome = Outcome::default();
        let wanted = self.wanted(&outcome);
        let records = self.records();
        if records.is_empty() && wanted.is_empty() {
            return Ok(Some(outcome));
        }
        match engine {
            Engine::Sqlite(db) => {
                let flush = self.needs_flush();
                match db.write_plain(held, &records, &wanted, flush).await? {
                    Some(refused) => outcome.refused = refused,
                    None => return Ok(None),
                }
                if flush && held.has_flushed() {
                    self.answer_early(&outcome);
                }
                db.commit_plain(held).await?;
            }
            Engine::Postgres(db) => {
                let written = db.write_plain(&mut held.postgres, &records, &wanted);
                (outcome.unrecorded, outcome.refused) = written.await?;
            }
        }
        Ok(Some(outcome))
    }

    fn wanted(&self, outcome: &Outcome) -> Wanted<'_> {
        let mut wanted = Wanted::default();
        for (wanting, _) in &self.reserves {
            if !outcome.held.contains_key(&wanting.session.id) {
                wanted.add(&wanting.session);
            }
        }
        wanted
    }

    /// Tells those who need no flush what becomes of it. Should the commit fail all the same, nothing is written of them, and they
    /// cannot be recorded.
    fn answer_early(&mut self, outcome: &Outcome) {
        let mut sacks = Sacks::default();
        let needs_no_flush = |(wanting, _): &mut (Box<Wanting>, _)| wanting.needs_no_flush();
        for (wanting, reply) in self.reserves.extract_if(.., needs_no_flush) {
            sacks.reserved(reply, Ok(outcome.reserved(wanting.session.id)));
        }
        sacks.send();
    }

    /// Tells everyone who waits what became of it.
    pub(super) fn answer(self, outcome: &Result<Outcome, StoreError>) {
        let mut sacks = Sacks::default();
        for (wanting, reply) in self.reserves {
            let reserved = outcome.as_ref().map(|o| o.reserved(wanting.session.id));
            sacks.reserved(reply, reserved.map_err(Clone::clone));
        }
        for (record, reply) in self.records {
            let done = outcome.as_ref().map(|o| !o.unrecorded.contains(&record.id));
            sacks.settled(reply, done.map_err(Clone::clone));
        }
        for (refund, reply) in self.refunds {
            let done = outcome.as_ref().map(|o| o.refunded.contains(&refund.id));
            sacks.settled(reply, done.map_err(Clone::clone));
        }
        for reply in self.flushes {
            sacks.done(reply, outcome.as_ref().map(|_| ()).map_err(Clone::clone));
        }
        sacks.send();
    }
}

impl Engine {
    /// A transaction of the ledger's.
    async fn begin_spending(&self) -> Result<Tx, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(db) => Tx::Sqlite(db.begin().await?),
            Self::Postgres(db) => {
                Tx::Postgres(postgres::in_time(Box::pin(db.begin_spending())).await?)
            }
        })
    }
}

/// Rows for `json_each`.
pub(in crate::store) fn json_rows<T: serde::Serialize>(rows: &[T]) -> String {
    serde_json::to_string(rows).expect("plain structs of text and numbers always serialise")
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;
    use uuid::Uuid;

    use super::*;
    use crate::domain::flow::Flow;
    use crate::domain::locale::Locale;
    use crate::domain::timestamp::Timestamp;
    use crate::store::ledger::{Client, NewSession};

    type Answer = oneshot::Receiver<Result<Reserved, StoreError>>;

    fn reserve(id: u128, unlimited: bool) -> (Op, Answer) {
        let now = Timestamp::from_millis(0);
        let session = NewSession {
            id: SessionId::new(Uuid::from_u128(id)),
            link_id: None,
            unlimited,
            client: Client::Own(id.to_string()),
            external_ref: None,
            flow: Flow::default(),
            language: Locale::parse("en").unwrap(),
            via: None,
            created_at: now,
            lease_until: now,
        };
        let holds = Vec::new();
        let (reply, answer) = oneshot::channel();
        let wanting = Box::new(Wanting { session, holds });
        (Op::Reserve(wanting, Reply::new(reply, None)), answer)
    }

    #[test]
    fn only_who_needs_no_flush_is_answered_before_it() {
        let (ops, mut answers): (Vec<_>, Vec<_>) =
            [reserve(1, true), reserve(2, false), reserve(3, true)]
                .into_iter()
                .unzip();
        let mut batch = Batch::sort(ops.into_iter(), &mut Counts::default());
        assert!(batch.needs_flush());
        let refused = HashSet::from([SessionId::new(Uuid::from_u128(3))]);
        let outcome = Outcome {
            refused,
            ..Outcome::default()
        };
        batch.answer_early(&outcome);
        assert_eq!(batch.len(), 1);
        assert_eq!(answers[0].try_recv().unwrap().unwrap(), Reserved::Granted);
        assert!(answers[1].try_recv().is_err());
        assert_eq!(answers[2].try_recv().unwrap().unwrap(), Reserved::Refused);
        batch.answer(&Err(StoreError::Unavailable));
        assert!(answers[1].try_recv().unwrap().is_err());
    }
}
