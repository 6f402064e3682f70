//! The ledger: the only place that changes how many uses of a link are spent.
//!
//! Clicks that arrive while a commit is under way wait for the next one and share it, so that many clicks cost
//! one flush to disk. Nothing is answered before it is on disk.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use super::{Engine, StoreError};
use crate::domain::channel::{ExternalRef, Via};
use crate::domain::flow::Flow;
use crate::domain::id::{LinkId, SessionId};
use crate::domain::locale::Locale;
use crate::domain::timestamp::Timestamp;

pub(super) mod batch;

/// The most operations in one commit.
const BATCH_MAX: usize = 512;

/// Operations that may wait; beyond it callers wait to be let in.
const QUEUE_MAX: usize = 8192;

/// A session about to be started.
#[derive(Debug, Clone, Serialize)]
pub struct NewSession {
    /// Its name.
    pub id: SessionId,
    /// The link that is clicked, if any.
    pub link_id: Option<LinkId>,
    /// The customer at iDenfy.
    pub client_id: String,
    /// The customer's own reference.
    pub external_ref: Option<ExternalRef>,
    /// Which verification it is.
    pub flow: Flow,
    /// The language sent to iDenfy.
    pub language: Locale,
    /// The channel of the click.
    pub via: Option<Via>,
    /// When the use is spent.
    #[serde(serialize_with = "as_millis")]
    pub created_at: Timestamp,
    /// When this process has certainly given up; from then on the sweep may give the use back.
    #[serde(serialize_with = "as_millis")]
    pub lease_until: Timestamp,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde asks for"
)]
fn as_millis<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(at.millis())
}

/// What only one session at a time may stand under.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Hold(String);

impl Hold {
    /// A fixed customer: never minted twice while an earlier session is open.
    #[must_use]
    pub fn client(client_id: &str) -> Self {
        Self(format!("client:{client_id}"))
    }

    /// One rendering of a confirm page: posted twice, it starts one session.
    #[must_use]
    pub fn form(nonce: &str) -> Self {
        Self(format!("form:{nonce}"))
    }

    /// The key in the database.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What became of an attempt to spend a use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// The use is spent and the session is `starting`, on disk.
    Granted,
    /// The link is over.
    Refused,
    /// Another session stands under one of the holds; nothing was spent. None: it let go just now, try again.
    Held(Option<SessionId>),
}

/// What iDenfy answered for a session.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    /// The session.
    pub id: SessionId,
    /// iDenfy's name of it.
    pub scan_ref: Option<String>,
    /// Where its visitor goes; only where it may be needed again.
    pub redirect_url: Option<String>,
    /// Until when iDenfy's token can be opened.
    #[serde(serialize_with = "as_millis")]
    pub token_expires_at: Timestamp,
    /// What it stands under.
    #[serde(skip)]
    pub holds: Vec<Hold>,
}

/// A use given back.
#[derive(Debug, Clone, Serialize)]
pub struct Refund {
    /// The session that was not started.
    pub id: SessionId,
    /// Why: a stable word for operators.
    pub failure: &'static str,
    /// What it stood under.
    #[serde(skip)]
    pub holds: Vec<Hold>,
}

/// A request that spent nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Ignored {
    /// The link.
    pub link_id: LinkId,
    /// The UTC day.
    pub day: i64,
    /// Why it was ignored.
    pub reason: &'static str,
}

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// A session that wants a use.
#[derive(Debug)]
struct Wanting {
    session: NewSession,
    holds: Vec<Hold>,
}

#[derive(Debug)]
enum Op {
    Reserve(Box<Wanting>, Reply<Reserved>),
    Record(Box<Record>, Reply<bool>),
    Refund(Refund, Reply<bool>),
    Ignore(Ignored, Reply<()>),
    /// Nothing to write: answered once everything queued before it is.
    Flush(Reply<()>),
}

/// The way into the ledger's writer tasks. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    reserve: mpsc::Sender<Op>,
    settle: mpsc::Sender<Op>,
}

impl Ledger {
    /// Starts the writer tasks: one on SQLite, where there is one writer; two on PostgreSQL, so that spending
    /// and settling do not wait for each other's round trips.
    pub(super) fn start(engine: Engine) -> Self {
        let settle = spawn_lane(engine.clone());
        let reserve = match engine {
            Engine::Sqlite(_) => settle.clone(),
            Engine::Postgres(_) => spawn_lane(engine),
        };
        Self { reserve, settle }
    }

    /// Waits until everything queued so far is written.
    pub(super) async fn close(&self) {
        for lane in [&self.reserve, &self.settle] {
            // A lane that is gone has nothing left to write.
            let _ = Self::ask(lane, Op::Flush).await;
        }
    }

    async fn ask<T>(
        lane: &mpsc::Sender<Op>,
        op: impl FnOnce(Reply<T>) -> Op,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        lane.send(op(reply))
            .await
            .map_err(|_| StoreError::Unavailable)?;
        answer.await.map_err(|_| StoreError::Unavailable)?
    }
}

impl super::Store {
    /// Spends a use of the session's link and inserts the session as `starting`, both or neither.
    ///
    /// # Errors
    /// When the database does not answer; should the use have been spent all the same, the sweep gives it back.
    pub async fn reserve(
        &self,
        session: NewSession,
        holds: Vec<Hold>,
    ) -> Result<Reserved, StoreError> {
        Ledger::ask(&self.ledger.reserve, |reply| {
            Op::Reserve(Box::new(Wanting { session, holds }), reply)
        })
        .await
    }

    /// Makes a `starting` session `active`. False when it is `failed` or erased by now: its use was given back, and
    /// its visitor must not be sent on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn record(&self, record: Record) -> Result<bool, StoreError> {
        Ledger::ask(&self.ledger.settle, |reply| {
            Op::Record(Box::new(record), reply)
        })
        .await
    }

    /// Makes a `starting` session `failed` and gives its use back. False when it was not `starting` any more.
    ///
    /// # Errors
    /// When the database does not answer; the sweep does it then.
    pub async fn refund(&self, refund: Refund) -> Result<bool, StoreError> {
        Ledger::ask(&self.ledger.settle, |reply| Op::Refund(refund, reply)).await
    }

    /// Counts a request that spent nothing.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_ignored(&self, ignored: Ignored) -> Result<(), StoreError> {
        Ledger::ask(&self.ledger.settle, |reply| Op::Ignore(ignored, reply)).await
    }
}

fn spawn_lane(engine: Engine) -> mpsc::Sender<Op> {
    let (sender, mut queue) = mpsc::channel(QUEUE_MAX);
    tokio::spawn(async move {
        let mut ops = Vec::with_capacity(BATCH_MAX);
        while queue.recv_many(&mut ops, BATCH_MAX).await > 0 {
            batch::commit(&engine, std::mem::take(&mut ops)).await;
        }
    });
    sender
}

/// What a batch asks for: so many uses of each link, and the sessions they are for, in the order they came.
#[derive(Debug, Default)]
pub(super) struct Wanted<'a> {
    pub(super) links: BTreeMap<LinkId, (i64, Timestamp)>,
    pub(super) sessions: Vec<&'a NewSession>,
}

impl<'a> Wanted<'a> {
    fn add(&mut self, session: &'a NewSession) {
        if let Some(link) = session.link_id {
            let (n, at) = self.links.entry(link).or_insert((0, session.created_at));
            *n += 1;
            *at = (*at).max(session.created_at);
        }
        self.sessions.push(session);
    }

    pub(super) fn links_json(&self) -> String {
        let rows: Vec<_> = self
            .links
            .iter()
            .map(|(id, (n, at))| serde_json::json!({"id": id, "n": n, "at": at.millis()}))
            .collect();
        serde_json::Value::Array(rows).to_string()
    }
}

/// Which of the wanted sessions were granted.
#[derive(Debug, Default)]
pub(super) struct Grants {
    links: HashMap<LinkId, i64>,
    sessions: HashSet<SessionId>,
}

impl Grants {
    pub(super) fn by_link(&mut self, link: LinkId, granted: i64) {
        self.links.insert(link, granted);
    }

    pub(super) fn add(&mut self, session: SessionId) {
        self.sessions.insert(session);
    }

    /// Hands each link's grants to its sessions in the order they came.
    pub(super) fn take<'a>(&mut self, sessions: &[&'a NewSession]) -> Vec<&'a NewSession> {
        let mut granted = Vec::with_capacity(sessions.len());
        for session in sessions {
            let left = session
                .link_id
                .map(|link| self.links.entry(link).or_insert(0));
            if left.as_ref().is_none_or(|left| **left > 0) {
                if let Some(left) = left {
                    *left -= 1;
                }
                self.sessions.insert(session.id);
                granted.push(*session);
            }
        }
        granted
    }

    fn has(&self, session: SessionId) -> bool {
        self.sessions.contains(&session)
    }
}
