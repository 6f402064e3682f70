//! Asking iDenfy what became of a session, where its webhook may have been lost. What is learnt is applied by the rules by
//! which webhooks are, and raises the same events.

use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::Clock;
use crate::config;
use crate::domain::flow::Flow;
use crate::domain::id::EventId;
use crate::domain::session::{Session, Status};
use crate::domain::timestamp::Timestamp;
use crate::domain::verdict::Verdict;
use crate::idenfy::{Client, LookupError};
use crate::store::inbound::Learnt;
use crate::store::{Store, StoreError};

/// The most calls a minute that one node makes about sessions that exist; iDenfy allows 10,000 an hour of any kind, and
/// asks not to be polled.
pub const CALLS_A_MINUTE: u32 = 60;

/// How many of them the background may make: the others are left to those who wait for an answer.
pub const BACKGROUND_CALLS: u32 = 40;

const MINUTE_MS: i64 = 60_000;

/// How long after its last moment a session's own webhook is waited for.
const MARGIN_MS: i64 = MINUTE_MS;

/// What iDenfy says of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It is over, or all that can be known is known; the session shows it.
    Over,
    /// It is not over there.
    Open,
    /// iDenfy does not know it.
    Gone,
    /// There is no call that would tell.
    NothingToAsk,
}

/// Why it is not known.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// iDenfy did not tell.
    #[error(transparent)]
    Idenfy(#[from] LookupError),
    /// What it told could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Asks about sessions. Cheap to clone; clones share the count of calls.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// Where sessions are.
    pub store: Store,
    /// Who is asked.
    pub idenfy: Client,
    /// The time.
    pub clock: Clock,
    /// How long after its token's end a session is certainly over, in milliseconds.
    pub slack_ms: i64,
    calls: Arc<Mutex<Calls>>,
}

/// How many calls were made in a minute.
#[derive(Debug, Default)]
struct Calls {
    minute: i64,
    made: u32,
}

impl Lookup {
    /// One that has made no calls yet, for sessions of the lengths that `config` gives them.
    #[must_use]
    pub fn new(store: Store, idenfy: Client, clock: Clock, config: &config::Idenfy) -> Self {
        Self {
            slack_ms: i64::from(config.session_length_seconds) * 1000 + MARGIN_MS,
            store,
            idenfy,
            clock,
            calls: Arc::default(),
        }
    }

    /// Whether fewer than `limit` calls were made in this minute.
    #[must_use]
    pub fn has_room(&self, limit: u32) -> bool {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.minute != self.minute() || calls.made < limit
    }

    /// Counts a call that is about to be made.
    pub fn count(&self) {
        let minute = self.minute();
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.minute != minute {
            *calls = Calls { minute, made: 0 };
        }
        calls.made += 1;
    }

    /// Seconds until calls are counted anew.
    #[must_use]
    pub fn seconds_left(&self) -> u32 {
        let left = MINUTE_MS - self.clock.now().millis().rem_euclid(MINUTE_MS);
        u32::try_from((left + 999) / 1000).unwrap_or(1)
    }

    /// Whether a session is certainly over, whatever came of it; a review may take longer.
    #[must_use]
    pub fn is_past(&self, session: &Session) -> bool {
        let from = session.token_expires_at.unwrap_or(session.created_at);
        from.plus_millis(self.slack_ms) <= self.clock.now()
    }

    fn minute(&self) -> i64 {
        self.clock.now().millis().div_euclid(MINUTE_MS)
    }

    /// Asks iDenfy about a session and applies what it says.
    ///
    /// Of an age estimation there is no call to ask about: only once a webhook told of a review, it named the scan of
    /// the document that was asked for on top.
    ///
    /// # Errors
    /// When iDenfy does not tell, or the database does not answer.
    pub async fn ask(&self, session: &Session) -> Result<Seen, AskError> {
        match (&session.status, session.flow) {
            _ if session.erased_at.is_some() => return Ok(Seen::NothingToAsk),
            (Status::Starting, _) | (Status::Active | Status::Failed, Flow::Selfie) => {
                return Ok(Seen::NothingToAsk);
            }
            _ => {}
        }
        let known = session.scan_ref.clone();
        let scan_ref = match known {
            Some(scan_ref) if session.status != Status::Failed => scan_ref,
            Some(_) => return Ok(Seen::NothingToAsk),
            None => match &self.scans_not_known_yet(session).await?[..] {
                [] => return Ok(Seen::Gone),
                [only] => only.clone(),
                // A fixed customer whom others verify too: none of them can be told to be this one.
                _ => return Ok(Seen::Open),
            },
        };
        if session.status == Status::Failed {
            let now = self.clock.now();
            self.store.note_orphan(session.id, &scan_ref, now).await?;
            return Ok(Seen::Over);
        }
        self.count();
        let verdict = match self.idenfy.status(&scan_ref).await {
            Ok(verdict) => verdict,
            Err(LookupError::Unknown) => return Ok(Seen::Gone),
            Err(error) => return Err(error.into()),
        };
        let seen = if verdict.is_final {
            Seen::Over
        } else {
            Seen::Open
        };
        // A webhook told more of a review: what came of it so far.
        let is_news = session.status != Status::Reviewing
            || !matches!(verdict.status, Status::Active | Status::Reviewing);
        self.learn(session, Some(scan_ref), is_news.then_some(verdict))
            .await?;
        Ok(seen)
    }

    /// Applies what is known of a session now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn learn(
        &self,
        session: &Session,
        scan_ref: Option<String>,
        verdict: Option<Verdict>,
    ) -> Result<(), StoreError> {
        let learnt = Learnt {
            id: EventId::new(self.clock.uuid()),
            at: self.clock.now(),
            scan_ref,
            verdict,
        };
        if self.store.learn(session.id, &learnt).await? {
            tracing::info!(session = %session.id, "a result was learnt by asking");
        }
        Ok(())
    }

    /// The customer's sessions at iDenfy that none here is known to be.
    async fn scans_not_known_yet(&self, session: &Session) -> Result<Vec<String>, AskError> {
        let Some(client_id) = &session.client_id else {
            return Ok(Vec::new());
        };
        self.count();
        let listed = self.idenfy.scans_of(client_id).await?;
        Ok(self.store.unknown_scans(&listed).await?)
    }
}

/// `at`, moved on by a pause that grows with how often it was tried: the `asked`th of `pauses_ms`, at most the last.
#[must_use]
pub fn later(at: Timestamp, pauses_ms: &[i64], asked: i64) -> Timestamp {
    let nth = usize::try_from(asked - 1).unwrap_or_default();
    let pause = pauses_ms.get(nth).or(pauses_ms.last());
    at.plus_millis(pause.copied().unwrap_or_default())
}
