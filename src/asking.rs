//! Asks iDenfy about sessions that should have ended and of which it told no final result: it repeats a webhook for
//! seconds only. Gently: long after the end, few calls a minute, with growing pauses.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::config;
use crate::domain::flow::Flow;
use crate::domain::session::{Session, Status};
use crate::domain::timestamp::{DAY_MS, Timestamp};
use crate::domain::verdict::Verdict;
use crate::lookup::{AskError, BACKGROUND_CALLS, Lookup, Seen, later};
use crate::store::StoreError;
use crate::store::questions::Question;

/// Pause between two rounds. The first comes after it, too.
pub const ASK_EVERY: Duration = Duration::from_secs(30);

const MINUTE_MS: i64 = 60_000;

/// The longest that a token counts when it is decided how far behind sessions are walked.
const TOKEN_MAX_MS: i64 = 60 * MINUTE_MS;

/// How long a question is another node's: longer than all calls it takes.
const LEASE_MS: i64 = 5 * MINUTE_MS;

/// Pauses between two times a session is asked about.
const PAUSES_MS: [i64; 7] = [
    5 * MINUTE_MS,
    15 * MINUTE_MS,
    60 * MINUTE_MS,
    3 * 60 * MINUTE_MS,
    6 * 60 * MINUTE_MS,
    12 * 60 * MINUTE_MS,
    DAY_MS,
];

/// No time comes after it.
const NEVER: Timestamp = Timestamp::from_millis(i64::MAX);

/// The longest pause where iDenfy did not answer, which says nothing of the session.
const FAULT_PAUSE_MS: i64 = 30 * MINUTE_MS;

/// How often iDenfy must not know a session before it counts as deleted there.
const UNKNOWN_TIMES: i64 = 3;

/// After so long without a final result nobody asks any more.
const GIVEN_UP_AFTER_MS: i64 = 60 * DAY_MS;

/// The asker. Any number of nodes may run it at once: each session is asked about by one of them.
#[derive(Debug)]
pub struct Asking {
    lookup: Lookup,
    /// How old a session is when it is looked at.
    distance_ms: i64,
    /// Until when iDenfy is left alone after it did not answer.
    resting_until: AtomicI64,
}

impl Asking {
    /// With the lengths that `config` gives sessions; a link that gives its own a longer token is asked about later,
    /// one with a shorter token when all others are.
    #[must_use]
    pub fn new(lookup: Lookup, config: &config::Idenfy) -> Self {
        let token_ms = i64::from(config.token_expiry_seconds) * 1000;
        Self {
            distance_ms: token_ms.min(TOKEN_MAX_MS) + lookup.slack_ms,
            lookup,
            resting_until: AtomicI64::new(0),
        }
    }

    /// Notes which sessions are to be asked about, and asks about those whose time has come. Returns how many.
    ///
    /// # Errors
    /// When the database does not answer; the next round does what is left.
    pub async fn step(&self) -> Result<usize, StoreError> {
        let store = &self.lookup.store;
        let before = self.now().plus_millis(-self.distance_ms);
        while store.note_unfinished(before, self.lookup.slack_ms).await? {}
        let mut asked = 0;
        while self.lookup.has_room(BACKGROUND_CALLS) && !self.is_resting() {
            let leased_until = self.now().plus_millis(LEASE_MS);
            let Some(question) = store.claim_question(self.now(), leased_until).await? else {
                break;
            };
            self.answer(question).await?;
            asked += 1;
        }
        Ok(asked)
    }

    /// Asks for ever.
    pub async fn run(self) {
        loop {
            tokio::time::sleep(ASK_EVERY).await;
            if let Err(error) = self.step().await {
                tracing::error!("asking for results failed and will be tried again: {error}");
            }
        }
    }

    async fn answer(&self, question: Question) -> Result<(), StoreError> {
        let store = &self.lookup.store;
        let id = question.session_id;
        let session = store.session(id).await?;
        let Some(session) = session.filter(|session| !session.is_final) else {
            return store.forget_question(id).await;
        };
        let next = later(self.now(), &PAUSES_MS, question.asked);
        match self.lookup.ask(&session).await {
            Ok(Seen::Over) => {}
            // The sweep settles it, and then there may be something to ask.
            Ok(Seen::NothingToAsk) if session.status == Status::Starting => {
                return store.put_off_question(id, next).await;
            }
            Ok(Seen::NothingToAsk) => self.settle(&session, Status::Expired).await?,
            Ok(Seen::Gone) if question.asked >= UNKNOWN_TIMES => {
                self.settle(&session, Status::Deleted).await?;
            }
            Ok(_) if self.is_given_up(&session) => {
                tracing::warn!(session = %id, "iDenfy told no final result for so long that it is not asked any more");
                // It stays among the questions: that is where open sessions are found.
                return store.put_off_question(id, NEVER).await;
            }
            Ok(Seen::Open | Seen::Gone) => return store.put_off_question(id, next).await,
            Err(AskError::Store(error)) => return Err(error),
            Err(AskError::Idenfy(error)) => {
                tracing::warn!(session = %id, "iDenfy does not tell what became of a session: {error}");
                let rest = self.now().plus_millis(MINUTE_MS);
                self.resting_until.store(rest.millis(), Ordering::Relaxed);
                let next = next.min(self.now().plus_millis(FAULT_PAUSE_MS));
                return store.put_off_question(id, next).await;
            }
        }
        store.forget_question(id).await
    }

    /// Ends a session of which nothing more will be told; should a result come all the same, it replaces that.
    async fn settle(&self, session: &Session, end: Status) -> Result<(), StoreError> {
        let end = match session.flow {
            // Its call takes no reference that the other calls know, so it was never known there.
            Flow::Selfie => Status::Expired,
            _ => end,
        };
        let is_open = session.erased_at.is_none()
            && !matches!(session.status, Status::Starting | Status::Failed);
        if is_open {
            let verdict = Verdict::end(end);
            self.lookup.learn(session, None, Some(verdict)).await?;
        }
        Ok(())
    }

    fn is_given_up(&self, session: &Session) -> bool {
        let from = session.token_expires_at.unwrap_or(session.created_at);
        from.plus_millis(GIVEN_UP_AFTER_MS) <= self.now()
    }

    fn is_resting(&self) -> bool {
        self.now().millis() < self.resting_until.load(Ordering::Relaxed)
    }

    fn now(&self) -> Timestamp {
        self.lookup.clock.now()
    }
}
