//! The ledger: the only place that changes how many uses of a link are spent.
//!
//! Clicks that arrive while a commit is under way wait for the next one and share it, so that many clicks cost
//! one flush to disk. Nothing is answered before it is on disk, but for what [`Reserved::Granted`] tells.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

pub use ignored::Ignored;
pub use lane::COMMIT_WITHIN;
use lane::spawn_lane;
use mail::{Courier, Reply};

use super::events::News;
use super::{Engine, StoreError};
use crate::domain::channel::{ExternalRef, Via};
use crate::domain::flow::Flow;
use crate::domain::id::{EventId, LinkId, SessionId};
use crate::domain::locale::Locale;
use crate::domain::timestamp::Timestamp;
pub(super) use batch::json_rows;

mod batch;
mod gathering;
mod holds;
mod ignored;
mod lane;
mod mail;
pub(super) mod settle;
pub(super) mod wanted;

/// Operations that may wait; beyond it callers wait to be let in.
const QUEUE_MAX: usize = 8192;

/// A session about to be started.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its name.
    pub id: SessionId,
    /// The link that is clicked, if any.
    pub link_id: Option<LinkId>,
    /// Whether that has no limit of uses: then, where it stands under no hold, a crash may undo it as long as its visitor
    /// has not been answered.
    pub unlimited: bool,
    /// The customer at iDenfy.
    pub client: Client,
    /// The customer's own reference.
    pub external_ref: Option<ExternalRef>,
    /// Which verification it is.
    pub flow: Flow,
    /// The language sent to iDenfy.
    pub language: Locale,
    /// The channel of the click.
    pub via: Option<Via>,
    /// When the use is spent.
    pub created_at: Timestamp,
    /// When this process has certainly given up; from then on the sweep may give the use back.
    pub lease_until: Timestamp,
}

/// Whom a session is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Client {
    /// A clientId that the link or the call fixes.
    Fixed(String),
    /// One made for this session alone.
    Own(String),
}

impl Client {
    /// The clientId.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Fixed(id) | Self::Own(id) => id,
        }
    }
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
    /// The use is spent and the session is `starting`, on disk. That of a link without limit, and under no hold, may be on its way
    /// there, and is there once it is recorded; a crash, or a disk that fails, may undo it until then.
    Granted,
    /// The link is over.
    Refused,
    /// Another session stands under one of the holds; nothing was spent. None: it let go just now, try again.
    Held(Option<SessionId>),
}

/// What iDenfy answered for a session.
#[derive(Debug, Clone)]
pub struct Record {
    /// The session.
    pub id: SessionId,
    /// Names the event that tells of it.
    pub event_id: EventId,
    /// When iDenfy answered.
    pub at: Timestamp,
    /// iDenfy's name of it.
    pub scan_ref: Option<String>,
    /// Where its visitor goes; only where it may be needed again.
    pub redirect_url: Option<String>,
    /// Until when iDenfy's token can be opened.
    pub token_expires_at: Timestamp,
    /// What it stands under.
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

/// A session that wants a use.
#[derive(Debug)]
struct Wanting {
    session: NewSession,
    holds: Vec<Hold>,
}

impl Wanting {
    /// Whether nothing that was promised is broken should a crash undo it before its visitor is answered.
    fn needs_no_flush(&self) -> bool {
        self.session.unlimited && self.holds.is_empty()
    }
}

#[derive(Debug)]
enum Op {
    Reserve(Box<Wanting>, Reply<Reserved>),
    Record(Box<Record>, Reply<bool>),
    Refund(Refund, Reply<bool>),
    /// Counted in memory first, so that what spends nothing costs no click anything.
    Ignore(Ignored),
    /// Nothing to write: answered once everything queued before it is.
    Flush(Reply<()>),
    /// The same, and nothing is written after it: the ledger's connections are closed.
    Close(Reply<()>),
}

impl Op {
    /// Whether it is a use that may be on disk later.
    fn needs_no_flush(&self) -> bool {
        matches!(self, Self::Reserve(wanting, _) if wanting.needs_no_flush())
    }

    /// Whether it is written otherwise than ordinary clicks, begun or answered.
    fn is_rare(&self) -> bool {
        match self {
            Self::Reserve(wanting, _) => !wanting.holds.is_empty(),
            Self::Record(record, _) => !record.holds.is_empty(),
            Self::Refund(..) => true,
            Self::Ignore(_) | Self::Flush(_) | Self::Close(_) => false,
        }
    }
}

/// The way into the ledger's writer tasks. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    reserve: mpsc::Sender<Op>,
    settle: mpsc::Sender<Op>,
    courier: Option<Courier>,
    clicks: Arc<AtomicU64>,
}

impl Ledger {
    /// Starts the writer tasks: one on SQLite, where there is one writer, on a thread of its own; two on PostgreSQL, so that
    /// spending and settling do not wait for each other's round trips.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn start(engine: Engine, news: News) -> Result<Self, StoreError> {
        let spawn = |engine, news| spawn_lane(engine, news).map_err(sqlx::Error::Io);
        let settle = spawn(engine.clone(), news.clone())?;
        let reserve = match engine {
            Engine::Sqlite(_) => settle.clone(),
            Engine::Postgres(_) => spawn(engine, news)?,
        };
        Ok(Self {
            reserve,
            settle,
            courier: None,
            clicks: Arc::default(),
        })
    }

    /// The same ledger, its answers carried together to the calling thread.
    pub(super) fn for_thread(&self) -> Self {
        Self {
            courier: Some(Courier::to_this_thread()),
            ..self.clone()
        }
    }

    /// Waits until everything queued so far is written.
    pub(super) async fn flush(&self) -> Result<(), StoreError> {
        self.drain(Op::Flush).await
    }

    /// The same before the database is closed.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        self.drain(Op::Close).await
    }

    async fn drain(&self, op: fn(Reply<()>) -> Op) -> Result<(), StoreError> {
        let reserved = self.ask(&self.reserve, op).await;
        let settled = self.ask(&self.settle, op).await;
        reserved.and(settled)
    }

    /// Waits until a writer task has ended, which none does by itself.
    pub(super) async fn ended(&self) {
        tokio::select! {
            () = self.reserve.closed() => {}
            () = self.settle.closed() => {}
        }
    }

    async fn ask<T>(
        &self,
        lane: &mpsc::Sender<Op>,
        op: impl FnOnce(Reply<T>) -> Op,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        lane.send(op(Reply::new(reply, self.courier.clone())))
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
        self.ledger.clicks.fetch_add(1, Ordering::Relaxed);
        self.ledger
            .ask(&self.ledger.reserve, |reply| {
                Op::Reserve(Box::new(Wanting { session, holds }), reply)
            })
            .await
    }

    /// How often a use was asked for since the start: whoever works beside clicks can tell whether there are any.
    #[must_use]
    pub fn clicks(&self) -> u64 {
        self.ledger.clicks.load(Ordering::Relaxed)
    }

    /// Makes a `starting` session `active`. False when it is `failed` or erased by now, or was not written after all: its use
    /// is not spent, and its visitor must not be sent on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn record(&self, record: Record) -> Result<bool, StoreError> {
        self.ledger
            .ask(&self.ledger.settle, |reply| {
                Op::Record(Box::new(record), reply)
            })
            .await
    }

    /// Makes a `starting` session `failed` and gives its use back. False when it was not `starting` any more.
    ///
    /// # Errors
    /// When the database does not answer; the sweep does it then.
    pub async fn refund(&self, refund: Refund) -> Result<bool, StoreError> {
        self.ledger
            .ask(&self.ledger.settle, |reply| Op::Refund(refund, reply))
            .await
    }

    /// Counts a request that spent nothing; written within a second or so, and when the store is closed. While the
    /// database keeps everyone waiting it is not counted.
    pub fn count_ignored(&self, ignored: Ignored) {
        let _ = self.ledger.settle.try_send(Op::Ignore(ignored));
    }

    /// Waits until everything queued so far is written.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn flush(&self) -> Result<(), StoreError> {
        self.ledger.flush().await
    }
}
