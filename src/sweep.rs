//! Settles what a dead process left behind, tells of links that are over, and forgets what has ended.

use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::domain::event::EventType;
use crate::domain::id::EventId;
use crate::idenfy::health::{Fault, Health};
use crate::store::events::{NewEvent, Subject};
use crate::store::{Store, StoreError};

/// Pause between two sweeps: with the lease of a default mint budget, an abandoned use is back within 25 s.
pub const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// How long the database may take to tell the time.
const CLOCK_ANSWER: Duration = Duration::from_millis(500);

/// The most steps of telling that links are over, of a hundred links each, so that a sweep comes to its end when very many
/// end at once.
const TELLING_MAX: usize = 200;

/// The most steps in which one sweep forgets events that are old, a thousand of them a step.
const FORGETTING_MAX: usize = 100;

/// The sweeper. Any number of nodes may run it at once.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// What is swept.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// What is known of iDenfy.
    pub health: Health,
}

impl Sweep {
    /// Sweeps once; returns how many uses were given back.
    ///
    /// # Errors
    /// When the database does not answer; the next sweep does what is left.
    pub async fn step(&self) -> Result<usize, StoreError> {
        self.set_clock().await?;
        let now = self.clock.now();
        self.tell_of_idenfy().await?;
        let refunded = self.store.refund_abandoned(now).await?;
        if refunded > 0 {
            tracing::info!(refunded, "gave back uses that a dead process had spent");
        }
        for _ in 0..TELLING_MAX {
            if !self.store.tell_of_links(&self.clock).await? {
                break;
            }
        }
        if self.store.mend_places().await? {
            tracing::warn!(
                "the sequence of the events' places was behind them, and was brought there"
            );
        }
        // What a node wrote that died before it published it.
        self.store.publish().await?;
        self.store.forget_ended(now).await?;
        self.store.forget_answers(now).await?;
        if self.store.drop_dead_imports(&self.clock).await? > 0 {
            tracing::info!("deleted what a dead process had made of an import");
        }
        for _ in 0..FORGETTING_MAX {
            if self.store.forget_events(now).await? == 0 {
                break;
            }
        }
        Ok(refunded)
    }

    /// Sets the clock by the database's: nodes that share one must agree on when a lease has ended.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_clock(&self) -> Result<(), StoreError> {
        let asked = Instant::now();
        let theirs = self.store.time().await?;
        // What took long to come is not the time any more.
        if let Some(theirs) = theirs.filter(|_| asked.elapsed() < CLOCK_ANSWER)
            && let Some(off) = self.clock.follow(theirs)
        {
            tracing::warn!(
                off_ms = off,
                "the clock was off the database's, and follows it now"
            );
        }
        Ok(())
    }

    /// Tells the other nodes and everyone who listens what was noticed of iDenfy, and learns what they have.
    ///
    /// The nodes share one row, which is changed together with raising the event: so each fault is told of once, however
    /// many nodes notice it.
    async fn tell_of_idenfy(&self) -> Result<(), StoreError> {
        let told_up_to = self.health.told_up_to();
        let shared = self.store.idenfy_faults().await?;
        let before: Vec<Fault> = shared.split(' ').filter_map(Fault::parse).collect();
        let Some((faults, version)) = self.health.untold() else {
            self.health.learn(&before, told_up_to);
            return Ok(());
        };
        let names: Vec<&str> = faults.iter().map(|fault| fault.as_str()).collect();
        let kind = headline(&faults);
        let event = (kind != headline(&before)).then(|| NewEvent {
            id: EventId::new(self.clock.uuid()),
            kind: kind.unwrap_or(EventType::IdenfyRecovered),
            at: self.clock.now(),
            subject: Subject::Idenfy,
            shown: None,
        });
        let names = names.join(" ");
        let change = self.store.change_idenfy_faults(&shared, &names, event);
        // Where another node was faster, the next sweep sees what it told.
        if change.await? {
            self.health.told(version);
        }
        Ok(())
    }

    /// Sweeps for ever.
    pub async fn run(self) {
        loop {
            match self.step().await {
                Ok(_) => self.store.outage.over(),
                Err(error) => {
                    tracing::error!("the sweep failed and will be tried again: {error}");
                }
            }
            // A change at iDenfy is told of at once.
            let _ = tokio::time::timeout(SWEEP_EVERY, self.health.changed()).await;
        }
    }
}

/// Which event tells of these faults; none where all is well.
fn headline(faults: &[Fault]) -> Option<EventType> {
    let is_unavailable = |fault: &Fault| matches!(fault, Fault::Credentials | Fault::Down);
    match faults {
        [] => None,
        some if some.iter().any(is_unavailable) => Some(EventType::IdenfyUnavailable),
        _ => Some(EventType::IdenfyOutOfCredits),
    }
}
