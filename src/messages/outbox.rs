//! The outbox: sends what is due, until each message is sent, refused or given up.
//!
//! Any number of nodes do this on one database: who leases a message sends it. A process that dies in the middle leaves a
//! lease that ends, and the message is sent again: at least once, and twice only what was on its way then.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::dispatch::Dispatch;
use super::mail::Envelope;
use super::reasons::Refusal;
use super::resting::Resting;
use super::schedule;
use super::words::OwnWords;
use crate::clock::Clock;
use crate::domain::id::{LinkId, MessageId};
use crate::domain::link::{Link, LinkStatus};
use crate::domain::message::{Channel, Message};
use crate::domain::timestamp::Timestamp;
use crate::jitter::chance;
use crate::metrics::Metrics;
use crate::store::messages::Sending;
use crate::store::{Store, StoreError};

/// Messages of a channel on their way at the same time: so many may be sent twice when a process dies.
const IN_FLIGHT: usize = 4;

/// How long a message is leased for, in milliseconds: a server's patience, and time to note what came of it.
pub const LEASE_MS: i64 = 300_000;

/// How often it is looked for what has become due.
const TICK: Duration = Duration::from_millis(500);

/// Pause when the database does not answer.
const AFTER_ERROR: Duration = Duration::from_secs(5);

/// A message and what was answered: what the provider calls it, or why it was not taken.
type Flight = (Message, Result<Option<String>, Refusal>);

/// Sends messages out.
#[derive(Debug)]
pub struct Outbox {
    store: Store,
    clock: Clock,
    metrics: Metrics,
    dispatch: Arc<Dispatch>,
    flights: JoinSet<Flight>,
    /// By which channel each flight goes.
    channels: HashMap<Id, Channel>,
    /// What came back and is not noted yet.
    landed: Vec<(Message, Sending)>,
    resting: Resting,
}

impl Outbox {
    /// One with nothing on its way.
    #[must_use]
    pub fn new(store: Store, clock: Clock, metrics: Metrics, dispatch: Arc<Dispatch>) -> Self {
        Self {
            store,
            clock,
            metrics,
            dispatch,
            flights: JoinSet::new(),
            channels: HashMap::new(),
            landed: Vec::new(),
            resting: Resting::default(),
        }
    }

    /// Sends some of what is due, waits for all answers and notes them; returns how many there were.
    ///
    /// # Errors
    /// When the database does not answer; what was not noted is noted the next time, or sent again.
    pub async fn step(&mut self) -> Result<usize, StoreError> {
        self.launch().await?;
        while let Some(flight) = self.flights.join_next_with_id().await {
            self.land(flight);
        }
        self.settle().await
    }

    /// Sends messages until it is told to stop; then waits for what is on its way.
    pub async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match self.turn().await {
                Ok(()) => TICK,
                Err(error) => {
                    tracing::error!("messages cannot be sent now and will be later: {error}");
                    AFTER_ERROR
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                Some(flight) = self.flights.join_next_with_id(), if pause == TICK => self.land(flight),
                () = tokio::time::sleep(pause) => {}
            }
        }
        while let Some(flight) = self.flights.join_next_with_id().await {
            self.land(flight);
            if let Err(error) = self.settle().await {
                tracing::error!("what was sent last could not be noted yet: {error}");
            }
        }
        if let Err(error) = self.settle().await {
            tracing::error!(
                "what was sent last could not be noted and will be sent again: {error}"
            );
        }
    }

    /// Notes first, at once: what was taken and not noted would be sent again.
    async fn turn(&mut self) -> Result<(), StoreError> {
        while let Some(flight) = self.flights.try_join_next_with_id() {
            self.land(flight);
        }
        self.settle().await?;
        self.launch().await?;
        self.settle().await.map(drop)
    }

    /// Sends what is due on each channel that is set up.
    async fn launch(&mut self) -> Result<(), StoreError> {
        if Channel::ALL.into_iter().all(|by| !self.dispatch.is_on(by)) {
            return Ok(());
        }
        let now = self.clock.now();
        self.resting.share(&self.store, &self.metrics, now).await?;
        for channel in Channel::ALL {
            let now = self.clock.now();
            let in_flight = self.channels.values().filter(|other| **other == channel);
            let most = self.resting.most(channel, IN_FLIGHT, now);
            let free = most.saturating_sub(in_flight.count());
            if free == 0 || !self.dispatch.is_on(channel) {
                continue;
            }
            if !self.store.is_message_due(channel, now).await? {
                continue;
            }
            let most = (
                i64::try_from(free).unwrap_or(1),
                self.dispatch.per_minute(channel),
            );
            let until = now.plus_millis(LEASE_MS);
            let claimed = self.store.claim_messages(channel, most, now, until).await?;
            self.send(claimed, now).await?;
        }
        Ok(())
    }

    async fn send(&mut self, claimed: Vec<Message>, now: Timestamp) -> Result<(), StoreError> {
        if claimed.is_empty() {
            return Ok(());
        }
        let ids: Vec<LinkId> = claimed.iter().map(|message| message.link).collect();
        let links = self.store.links_of_ids(&ids).await?;
        let digests: Vec<String> = claimed
            .iter()
            .filter_map(|message| self.digest(message))
            .collect();
        let unwanted = self.store.unsubscribed(&digests).await?;
        let own = Arc::new(OwnWords::read(&self.store).await?);
        for message in claimed {
            let link = links.iter().find(|link| link.terms.id == message.link);
            let is_unwanted = self
                .digest(&message)
                .is_some_and(|digest| unwanted.contains(&digest));
            let stopped = if is_unwanted {
                Some("the person wants no more of these emails")
            } else {
                over(link, now)
            };
            match (stopped, link, &message.recipient) {
                (None, Some(link), Some(_)) => self.fly(message, link.clone(), own.clone()),
                (why, _, _) => {
                    let why = why.unwrap_or("nobody knows any more to whom it was to go");
                    self.landed
                        .push((message, Sending::Stopped(why.to_owned())));
                }
            }
        }
        Ok(())
    }

    /// What is kept of an address that may want no more: of campaigns' mails alone.
    fn digest(&self, message: &Message) -> Option<String> {
        let is_campaigns = message.campaign.is_some() && message.channel == Channel::Email;
        let recipient = message.recipient.as_deref().filter(|_| is_campaigns)?;
        Some(self.dispatch.unsubscribing.digest(recipient))
    }

    fn fly(&mut self, message: Message, link: Link, own: Arc<OwnWords>) {
        let (dispatch, channel) = (self.dispatch.clone(), message.channel);
        let flight = self.flights.spawn(async move {
            let answer = hand_over(&dispatch, &message, &link, &own).await;
            (message, answer)
        });
        self.channels.insert(flight.id(), channel);
    }

    fn land(&mut self, flight: Result<(Id, Flight), JoinError>) {
        match flight {
            Ok((id, (message, answer))) => {
                self.channels.remove(&id);
                let sending = self.judge(&message, answer);
                self.landed.push((message, sending));
            }
            Err(error) => {
                self.channels.remove(&error.id());
                tracing::error!("a message's task ended early; it will be sent again");
            }
        }
    }

    /// What is made of an answer.
    fn judge(&mut self, message: &Message, answer: Result<Option<String>, Refusal>) -> Sending {
        let now = self.clock.now();
        let (is_servers, why) = match answer {
            Ok(provider_id) => {
                self.resting.took(message.channel);
                return Sending::Sent { provider_id };
            }
            Err(Refusal::Refused(why)) => return Sending::Failed(why),
            Err(Refusal::Later(why)) => (false, why),
            Err(Refusal::Server(why)) => {
                self.resting.refused(message.channel, &why, now);
                (true, why)
            }
        };
        let next = schedule::next(
            (message.attempts, is_servers),
            message.queued_at,
            now,
            chance(),
        );
        match next {
            Some(at) => Sending::Again { at, error: why },
            None => Sending::Failed(format!("given up: {why}")),
        }
    }

    async fn settle(&mut self) -> Result<usize, StoreError> {
        if self.landed.is_empty() {
            return Ok(0);
        }
        // In one order on all nodes, so that two never wait for each other in a ring.
        self.landed.sort_by_key(|(message, _)| message.id);
        let sendings: Vec<(MessageId, Sending)> = self
            .landed
            .iter()
            .map(|(message, sending)| (message.id, sending.clone()))
            .collect();
        self.store
            .settle_messages(&sendings, self.clock.now())
            .await?;
        for (message, sending) in &self.landed {
            let (id, channel) = (message.id, message.channel.as_str());
            let result = match sending {
                Sending::Sent { .. } => "sent",
                Sending::Again { .. } => "delayed",
                Sending::Failed(_) => "failed",
                Sending::Stopped(_) => "stopped",
            };
            self.metrics.message(channel, result);
            match sending {
                Sending::Sent { .. } => {
                    tracing::info!(%id, channel, "a message was sent");
                }
                Sending::Again { error, .. } | Sending::Failed(error) | Sending::Stopped(error) => {
                    tracing::info!(%id, channel, result, "a message was not sent: {error}");
                }
            }
        }
        Ok(std::mem::take(&mut self.landed).len())
    }
}

/// Why a link is not worth sending.
fn over(link: Option<&Link>, now: Timestamp) -> Option<&'static str> {
    match link {
        None => Some("the link is gone"),
        Some(link) if link.deleted_at.is_some() => Some("the link was deleted"),
        Some(link) if link.terms.signed => {
            Some("the link is signed: its address alone leads nowhere")
        }
        Some(link) => match link.status(now) {
            LinkStatus::Active => None,
            LinkStatus::Deactivated => Some("the link was switched off"),
            LinkStatus::Expired => Some("the link has expired"),
            LinkStatus::Exhausted => Some("the link has been used up"),
        },
    }
}

async fn hand_over(
    dispatch: &Dispatch,
    message: &Message,
    link: &Link,
    own: &OwnWords,
) -> Result<Option<String>, Refusal> {
    let off = || Refusal::Server("sending is switched off".to_owned());
    let subject = dispatch.subject(message, link);
    let to = message.recipient.as_deref().unwrap_or_default();
    match message.channel {
        Channel::Email => {
            let mailer = dispatch.mailer.as_ref().ok_or_else(off)?;
            let envelope = Envelope {
                id: message.id,
                to,
                name: message.recipient_name.as_deref(),
                at: message.queued_at,
                unsubscribe: subject.unsubscribe.as_deref(),
            };
            mailer
                .send(dispatch.letter(&subject, own), &envelope)
                .await?;
            Ok(None)
        }
        Channel::Sms => {
            let texter = dispatch.texter.as_ref().ok_or_else(off)?;
            let words = own.words(Channel::Sms, subject.language);
            texter
                .send(message.id, to, &subject.text_message(&words))
                .await
        }
    }
}
