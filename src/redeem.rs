//! The use case everything is built around: spend a use, have iDenfy start a session, send the visitor there.
//!
//! What was spent is settled whatever happens: recorded when iDenfy answered, given back when it did not, and given
//! back by the [sweep](crate::sweep) when the process died in between.

use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::domain::channel::{ExternalRef, Via};
use crate::domain::flow::Flow;
use crate::domain::id::{EventId, LinkId, SessionId};
use crate::domain::locale::Locale;
use crate::domain::secret::Secret;
use crate::domain::session::Session;
use crate::domain::timestamp::Timestamp;
use crate::domain::token_options::TokenOptions;
use crate::idenfy::{Client, MintError, MintRequest, Minted, Permit, health};
use crate::lookup::Lookup;
use crate::metrics::Metrics;
use crate::store::ledger::{COMMIT_WITHIN, Client as ClientOf, Hold, NewSession, Record, Reserved};
use crate::store::{Store, StoreError};

mod earlier;
mod holder;

/// How much longer than a mint's budget a session may stay `starting` before the sweep gives its use back: time to
/// write the reservation before and the outcome after.
const LEASE_MARGIN_MS: i64 = 10_000;

/// How long a click may wait for the database before the visitor is told to try again: longer than a commit may take where
/// that is bounded, so that nothing is written for a visitor who was turned away.
const STORE_BUDGET: Duration = Duration::from_secs(10);

/// How long an answer of iDenfy's may wait to be recorded: longer than the commit under way and the one after it, where
/// they are bounded, so that no visitor is turned away from a session that counts.
const RECORD_BUDGET: Duration = Duration::from_secs(2 * COMMIT_WITHIN.as_secs() + 1);

/// Suggested pause for a visitor while the gateway itself is short of something, in seconds.
pub const RETRY_SECONDS: u32 = 5;

/// The session that is wanted.
#[derive(Debug)]
pub struct Start<'a> {
    /// Its name; none: any.
    pub id: Option<SessionId>,
    /// The link that is clicked; none for a session started by API.
    pub link_id: Option<LinkId>,
    /// Whether that has no limit of uses.
    pub unlimited: bool,
    /// Which verification.
    pub flow: Flow,
    /// The language sent to iDenfy.
    pub language: Locale,
    /// What is sent along.
    pub token: &'a TokenOptions,
    /// The channel of the click.
    pub via: Option<Via>,
    /// The customer's own reference.
    pub external_ref: Option<ExternalRef>,
    /// The confirm page that was posted.
    pub nonce: Option<String>,
    /// Whether the visitor's browser may come back to the session.
    pub resume: bool,
}

/// A session that was started, or was open already.
#[derive(Debug)]
pub struct Started {
    /// Its name.
    pub session_id: SessionId,
    /// Where its visitor goes.
    pub redirect_url: String,
    /// Until when.
    pub valid_until: Timestamp,
    /// iDenfy's token; none when the session was open already.
    pub auth_token: Option<Secret>,
}

/// Why no session was started. Nothing was spent, or it was given back.
#[derive(Debug, PartialEq, Eq)]
pub enum NotStarted {
    /// The link is expired, used up or switched off.
    Over,
    /// As many sessions as allowed are being started, or iDenfy starts none; whether the link is over was not asked.
    Busy,
    /// The customer's earlier session is not over at iDenfy, and there is no way back into it.
    Earlier(SessionId),
    /// Cannot be done now; come back after so many seconds.
    Unavailable {
        /// Suggested pause in seconds.
        retry_after: u32,
    },
}

const SHORT_PAUSE: NotStarted = NotStarted::Unavailable {
    retry_after: RETRY_SECONDS,
};

/// Starts sessions. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Redeemer {
    /// Where uses are spent.
    pub store: Store,
    /// Who starts sessions.
    pub idenfy: Client,
    /// Whether they do.
    pub health: health::Health,
    /// The time.
    pub clock: Clock,
    /// What is counted.
    pub metrics: Metrics,
    /// Budget of one mint.
    pub budget: Duration,
    /// Asks about a customer's earlier session.
    pub lookup: Lookup,
    /// Where iDenfy shall send results, if it is told with each mint.
    pub callback_url: Option<String>,
}

impl Redeemer {
    /// The same, with connections to iDenfy of its own, for one worker.
    #[must_use]
    pub fn for_thread(&self) -> Self {
        Self {
            idenfy: self.idenfy.for_thread(),
            store: self.store.for_thread(),
            ..self.clone()
        }
    }

    /// Starts the wanted session, or finds the one that is open under the same hold.
    ///
    /// # Errors
    /// Why there is none; no use is spent then.
    pub async fn start(&self, start: &Start<'_>) -> Result<Started, NotStarted> {
        let holds = start.holds();
        let deadline = Instant::now() + self.budget;
        loop {
            let turn = self.idenfy.try_permit().zip(self.health.leave(start.flow));
            let by = if let Some((permit, leave)) = turn {
                let session = self.new_session(start);
                match self
                    .in_time(self.store.reserve(session.clone(), holds.clone()))
                    .await?
                {
                    Reserved::Granted => {
                        return self.mint(start, session, holds, (permit, leave)).await;
                    }
                    Reserved::Refused => return Err(NotStarted::Over),
                    Reserved::Held(by) => by,
                }
            } else {
                // Who shares a session that is being started needs no mint of his own.
                let by = self.in_time(self.holder(start)).await?;
                Some(by.ok_or(NotStarted::Busy)?)
            };
            if let Some(started) = self.await_holder(by, deadline).await? {
                return Ok(started);
            }
        }
    }

    fn new_session(&self, start: &Start<'_>) -> NewSession {
        let now = self.clock.now();
        let budget = i64::try_from(self.budget.as_millis()).unwrap_or(i64::MAX);
        let id = start.id;
        let id = id.unwrap_or_else(|| SessionId::new(self.clock.uuid()));
        let own_ref = || start.token.external_ref().and_then(ExternalRef::parse);
        NewSession {
            id,
            link_id: start.link_id,
            unlimited: start.unlimited,
            client: start.token.client_id().map_or_else(
                || ClientOf::Own(id.fresh_client_id()),
                |fixed| ClientOf::Fixed(fixed.to_owned()),
            ),
            external_ref: start.external_ref.clone().or_else(own_ref),
            flow: start.flow,
            language: start.language,
            via: start.via.clone(),
            created_at: now,
            lease_until: now.plus_millis(budget.saturating_add(LEASE_MARGIN_MS)),
        }
    }

    async fn mint(
        &self,
        start: &Start<'_>,
        session: NewSession,
        holds: Vec<Hold>,
        (permit, leave): (Permit, health::Leave),
    ) -> Result<Started, NotStarted> {
        self.settle_earlier(start, &session, &holds).await?;
        let budget = i64::try_from(self.budget.as_millis()).unwrap_or(i64::MAX);
        if self.clock.now().plus_millis(budget) > session.lease_until {
            // The sweep could give the use back while iDenfy is still starting the session.
            tracing::warn!(session = %session.id, "no session was started: it took too long until iDenfy could be asked");
            self.give_back(session.id, "too_late", holds).await;
            return Err(SHORT_PAUSE);
        }
        let request = MintRequest {
            flow: start.flow,
            client_id: session.client.id(),
            locale: start.language,
            external_ref: session.external_ref.as_ref().map(ExternalRef::as_str),
            token: start.token,
        };
        self.metrics.mints_in_flight.inc();
        let timer = Instant::now();
        let minted = self
            .idenfy
            .mint(&request, self.callback_url.as_deref())
            .await;
        self.metrics
            .mint_duration
            .observe(timer.elapsed().as_secs_f64());
        self.metrics.mints_in_flight.dec();
        drop(permit);
        leave.note(minted.as_ref().err());
        match minted {
            Ok(minted) => self.record(start, &session, minted, holds).await,
            Err(error) => Err(self.refund(&session, &error, holds).await),
        }
    }

    async fn record(
        &self,
        start: &Start<'_>,
        session: &NewSession,
        minted: Minted,
        holds: Vec<Hold>,
    ) -> Result<Started, NotStarted> {
        let now = self.clock.now();
        let valid_until = now.plus_millis(minted.valid_seconds.saturating_mul(1000));
        let again = start.resume || !holds.is_empty();
        let recorded = self.store.record(Record {
            id: session.id,
            event_id: EventId::new(self.clock.uuid()),
            at: now,
            scan_ref: minted.scan_ref.clone(),
            redirect_url: again.then(|| minted.redirect_url.clone()),
            token_expires_at: valid_until,
            holds,
        });
        if self.within(RECORD_BUDGET, recorded).await? {
            return Ok(Started {
                session_id: session.id,
                redirect_url: minted.redirect_url,
                valid_until,
                auth_token: Some(minted.auth_token),
            });
        }
        tracing::warn!(session = %session.id, "iDenfy began a session whose use is not spent any more");
        if let Some(scan_ref) = minted.scan_ref {
            self.in_time(self.store.note_orphan(session.id, &scan_ref, now))
                .await?;
        }
        Err(SHORT_PAUSE)
    }

    async fn refund(
        &self,
        session: &NewSession,
        error: &MintError,
        holds: Vec<Hold>,
    ) -> NotStarted {
        tracing::warn!(
            session = %session.id, link = session.link_id.map(tracing::field::display), code = error.code(),
            "iDenfy started no session: {error}"
        );
        self.give_back(session.id, error.code(), holds).await;
        NotStarted::Unavailable {
            retry_after: error.retry_after_seconds(),
        }
    }

    /// What the store answers within the time a visitor can be kept waiting.
    async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, NotStarted> {
        self.within(STORE_BUDGET, answer).await
    }

    async fn within<T>(
        &self,
        budget: Duration,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, NotStarted> {
        let answer = tokio::time::timeout(budget, answer).await;
        let answer = answer.unwrap_or(Err(StoreError::Unavailable));
        answer.map_err(|error| {
            let outage = &self.store.outage;
            outage.met("a click could not be written", &error);
            SHORT_PAUSE
        })
    }
}

impl Start<'_> {
    fn holds(&self) -> Vec<Hold> {
        let client = self.token.client_id().map(Hold::client);
        client
            .into_iter()
            .chain(self.nonce.as_deref().map(Hold::form))
            .collect()
    }
}

impl Started {
    /// The way back into a session whose token is still valid.
    #[must_use]
    pub fn again(session: &Session, now: Timestamp) -> Option<Self> {
        Some(Self {
            session_id: session.id,
            redirect_url: session.redirect_at(now)?.to_owned(),
            valid_until: session.token_expires_at?,
            auth_token: None,
        })
    }
}
