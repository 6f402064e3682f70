//! Results out: hands events out to the endpoints that asked for them and sends them, until each endpoint has its own.
//!
//! Any number of nodes do this on one database: who leases a delivery sends it. A process that dies in the middle leaves
//! a lease that ends, and it is sent again: at least once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::courier::{Courier, Letter};
use super::payload::Payload;
use crate::clock::Clock;
use crate::domain::event::EventType;
use crate::domain::id::{EndpointId, EventId};
use crate::domain::timestamp::Timestamp;
use crate::metrics::Metrics;
use crate::store::deliveries::{AtWork, Attempt, Claimed, Outcome, Wanted};
use crate::store::endpoints::{Endpoint, PayloadKind};
use crate::store::events::Told;
use crate::store::{Store, StoreError};

/// Deliveries on their way to one endpoint at the same time: a slow one keeps no more than these waiting.
const IN_FLIGHT_EACH: usize = 16;

/// Deliveries on their way at the same time.
const IN_FLIGHT: usize = 512;

/// How long a delivery is leased for, in milliseconds: an endpoint's patience, and time to note what came of it.
pub const LEASE_MS: i64 = 30_000;

/// How often it is looked for what has become due.
const TICK: Duration = Duration::from_millis(500);

/// What happens within so long is handed out together.
const TOGETHER: Duration = Duration::from_millis(20);

/// Pause when the database does not answer.
const AFTER_ERROR: Duration = Duration::from_secs(5);

/// So many batches of what is over are forgotten each time: more than one endpoint takes until the next.
const TIDY_MAX: usize = 50;

/// How often what is over is forgotten, in milliseconds.
const TIDY_MS: i64 = 60_000;

/// Sends results out.
#[derive(Debug)]
pub struct Outbound {
    store: Store,
    clock: Clock,
    metrics: Metrics,
    courier: Courier,
    flights: JoinSet<Attempt>,
    /// Whither each flight goes.
    bound_for: HashMap<Id, EndpointId>,
    /// What came back and is not noted yet.
    landed: Vec<Attempt>,
    tidied_at: Option<Timestamp>,
}

impl Outbound {
    /// One with nothing on its way.
    #[must_use]
    pub fn new(store: Store, clock: Clock, metrics: Metrics, courier: Courier) -> Self {
        Self {
            store,
            clock,
            metrics,
            courier,
            flights: JoinSet::new(),
            bound_for: HashMap::new(),
            landed: Vec::new(),
            tidied_at: None,
        }
    }

    /// Sends what is due, waits for all answers and notes them; returns how many there were.
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

    /// Sends results until it is told to stop; then waits for what is on its way.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut news = self.store.news();
        while !stop.is_cancelled() {
            let pause = match self.turn().await {
                Ok(()) => TICK,
                Err(error) => {
                    tracing::error!("results cannot be sent now and will be later: {error}");
                    AFTER_ERROR
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                Some(flight) = self.flights.join_next_with_id(), if pause == TICK => self.land(flight),
                Ok(()) = news.changed(), if pause == TICK => tokio::time::sleep(TOGETHER).await,
                () = tokio::time::sleep(pause) => {}
            }
        }
        while let Some(flight) = self.flights.join_next_with_id().await {
            self.land(flight);
        }
        if let Err(error) = self.settle().await {
            tracing::error!(
                "what was sent last could not be noted and will be sent again: {error}"
            );
        }
    }

    async fn turn(&mut self) -> Result<(), StoreError> {
        while let Some(flight) = self.flights.try_join_next_with_id() {
            self.land(flight);
        }
        self.settle().await?;
        self.launch().await
    }

    /// Hands out what happened and sends what is due.
    async fn launch(&mut self) -> Result<(), StoreError> {
        self.store.publish().await?;
        let at_work = self.hand_out().await?;
        self.tidy().await?;
        let wanted = self.wanted(&at_work);
        if wanted.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let until = now.plus_millis(LEASE_MS);
        let claimed = self.store.claim_deliveries(&wanted, now, until).await?;
        for letter in self.letters(claimed, at_work).await? {
            let (courier, endpoint) = (self.courier.clone(), letter.endpoint.id);
            let flight = self
                .flights
                .spawn(async move { courier.deliver(letter).await });
            self.bound_for.insert(flight.id(), endpoint);
        }
        Ok(())
    }

    async fn hand_out(&self) -> Result<Vec<AtWork>, StoreError> {
        loop {
            let at_work = self.store.endpoints_at_work(self.clock.now()).await?;
            let endpoints: Vec<&Endpoint> = at_work.iter().map(|one| &one.endpoint).collect();
            if !self.store.hand_out(&endpoints, &self.clock).await? {
                return Ok(at_work);
            }
        }
    }

    /// How many of each endpoint there is room for.
    fn wanted(&self, at_work: &[AtWork]) -> Vec<Wanted> {
        let mut room = IN_FLIGHT.saturating_sub(self.flights.len());
        let mut wanted = Vec::new();
        for AtWork { endpoint, .. } in at_work.iter().filter(|one| one.is_due) {
            let to_it = self.bound_for.values().filter(|id| **id == endpoint.id);
            let limit = IN_FLIGHT_EACH.saturating_sub(to_it.count()).min(room);
            if limit > 0 {
                room -= limit;
                wanted.push(Wanted {
                    endpoint: endpoint.id,
                    limit: i64::try_from(limit).unwrap_or(i64::MAX),
                });
            }
        }
        wanted
    }

    async fn letters(
        &self,
        claimed: Vec<Claimed>,
        at_work: Vec<AtWork>,
    ) -> Result<Vec<Letter>, StoreError> {
        let endpoints: HashMap<EndpointId, Arc<Endpoint>> = at_work
            .into_iter()
            .map(|one| (one.endpoint.id, Arc::new(one.endpoint)))
            .collect();
        let wants_full = |claimed: &Claimed| {
            let endpoint = endpoints.get(&claimed.endpoint_id);
            endpoint.is_some_and(|endpoint| endpoint.payload == PayloadKind::Full)
        };
        let positions: Vec<i64> = claimed.iter().map(|one| one.position).collect();
        let told = self.store.events_at(&positions).await?;
        let full = claimed.iter().filter(|one| wants_full(one));
        let full: Vec<EventId> = full.map(|one| one.event_id).collect();
        let bodies = if full.is_empty() {
            HashMap::new()
        } else {
            let bodies = self.store.idenfy_bodies(&full).await?;
            bodies.into_iter().collect()
        };
        let letters = claimed.into_iter().filter_map(|claimed| {
            let is_full = wants_full(&claimed);
            let told = told.iter().find(|told| told.event.id == claimed.event_id);
            Some(Letter {
                endpoint: endpoints.get(&claimed.endpoint_id)?.clone(),
                body: told.map(|told| body(told, is_full, &bodies)),
                claimed,
            })
        });
        Ok(letters.collect())
    }

    fn land(&mut self, flight: Result<(Id, Attempt), JoinError>) {
        match flight {
            Ok((id, attempt)) => {
                self.bound_for.remove(&id);
                let is_delivered = attempt.outcome == Outcome::Delivered;
                self.metrics
                    .delivery(if is_delivered { "delivered" } else { "failed" });
                self.landed.push(attempt);
            }
            Err(error) => {
                self.bound_for.remove(&error.id());
                tracing::error!("a delivery's task ended early; it will be sent again");
            }
        }
    }

    async fn settle(&mut self) -> Result<usize, StoreError> {
        if self.landed.is_empty() {
            return Ok(0);
        }
        // In one order on all nodes, so that two never wait for each other in a ring.
        self.landed
            .sort_by_key(|attempt| (attempt.claimed.endpoint_id, attempt.claimed.id));
        let now = self.clock.now();
        let switched_off = self.store.settle(&self.landed, now).await?;
        for endpoint in switched_off {
            tracing::warn!(%endpoint, "an endpoint fails or says that it is gone, and was switched off");
        }
        for Attempt { claimed, error, .. } in &self.landed {
            if let Some(error) = error {
                let (endpoint, delivery) = (claimed.endpoint_id, claimed.id);
                tracing::info!(%endpoint, %delivery, "a delivery failed: {error}");
            }
        }
        Ok(std::mem::take(&mut self.landed).len())
    }

    /// Forgets what is over: only after all was handed out.
    async fn tidy(&mut self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let due = |last: Timestamp| last.plus_millis(TIDY_MS) <= now;
        if self.tidied_at.is_none_or(due) {
            for _ in 0..TIDY_MAX {
                let erased = self.store.erase_bodies(now).await?;
                if erased + self.store.forget_deliveries(now).await? == 0 {
                    break;
                }
            }
            self.tidied_at = Some(now);
        }
        Ok(())
    }
}

/// What is sent of an event. `data.idenfy` is null where iDenfy's body is not kept any more, or there was none.
fn body(told: &Told, is_full: bool, bodies: &HashMap<EventId, String>) -> String {
    let mut payload = Payload::from(told);
    let of_result = matches!(
        told.event.kind,
        EventType::SessionUpdated | EventType::SessionFinished
    );
    if is_full && of_result {
        let body = bodies.get(&told.event.id);
        let body = body.and_then(|body| serde_json::from_str(body).ok());
        payload.data["idenfy"] = body.unwrap_or(Value::Null);
    }
    serde_json::to_string(&payload).expect("payloads have text keys only")
}
