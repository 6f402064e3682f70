//! Whether iDenfy starts sessions: what its last answers say, so that visitors need not wait for one that is known.
//!
//! While the account has no credits or its credentials are refused, nobody is sent to iDenfy but one click every few
//! seconds, which finds out whether that is still so. An iDenfy that does not answer is only told of: whether the next
//! call gets through is not known.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::MintError;
use crate::clock::Clock;
use crate::domain::flow::Flow;
use crate::domain::timestamp::Timestamp;
use crate::metrics::Metrics;

/// How often a click is let through to find out whether a fault has cleared, in milliseconds.
pub const PROBE_EVERY_MS: i64 = 5_000;

/// So many calls in a row without an answer, and iDenfy counts as down.
pub const FAILURES_MAX: u32 = 5;

/// Why iDenfy starts no sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It refuses the API key and secret, or the account is inactive.
    Credentials,
    /// The account is out of credits for the flows with a document.
    Credits,
    /// The account is out of credits for age estimation, which is paid for apart.
    AgeCredits,
    /// It does not answer, or fails.
    Down,
}

impl Fault {
    /// Every fault, the gravest first.
    pub const ALL: [Self; 4] = [
        Self::Credentials,
        Self::Credits,
        Self::AgeCredits,
        Self::Down,
    ];

    /// The name in readiness, metrics and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Credits => "out_of_credits",
            Self::AgeCredits => "out_of_credits_for_age_estimation",
            Self::Down => "unavailable",
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.as_str() == text)
    }

    const fn of_credits(flow: Flow) -> Self {
        match flow {
            Flow::Selfie => Self::AgeCredits,
            Flow::Document | Flow::DocumentAndSelfie => Self::Credits,
        }
    }
}

/// What is known of iDenfy. Cheap to clone; clones share it.
#[derive(Debug, Clone)]
pub struct Health {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    metrics: Metrics,
    /// No fault and no failure: nearly always, and then no click takes the lock.
    is_clear: AtomicBool,
    /// Counts faults as they begin, so that an answer to a call made before one does not end it.
    begun: AtomicU64,
    known: Mutex<Known>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Known {
    faults: BTreeMap<Fault, Since>,
    /// Calls without an answer since the last session that was started.
    failures: u32,
    /// Changes that were noticed here, and up to which of them it was told.
    version: u64,
    told: u64,
}

#[derive(Debug, Clone, Copy)]
struct Since {
    /// When the next click may find out whether it has cleared.
    probe_at: Timestamp,
    /// Whether it was noticed here, or another node told of it.
    is_own: bool,
}

/// The leave to call iDenfy. Dropped without a word on what came of the call, it is the next click's.
#[derive(Debug)]
pub struct Leave {
    health: Health,
    flow: Flow,
    begun: u64,
    is_noted: bool,
}

impl Health {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(clock: Clock, metrics: Metrics) -> Self {
        Self {
            inner: Arc::new(Inner {
                clock,
                metrics,
                is_clear: AtomicBool::new(true),
                begun: AtomicU64::new(0),
                known: Mutex::default(),
                changed: Notify::new(),
            }),
        }
    }

    /// Asks for leave to call iDenfy, before a use is spent. `None`: it would be refused, as the last call was.
    #[must_use]
    pub fn leave(&self, flow: Flow) -> Option<Leave> {
        let inner = &self.inner;
        let begun = inner.begun.load(Ordering::Acquire);
        if !inner.is_clear.load(Ordering::Acquire) && !self.may_probe(flow) {
            return None;
        }
        Some(Leave {
            health: self.clone(),
            flow,
            begun,
            is_noted: false,
        })
    }

    /// Whether no fault is in the way; where one is, whether it is time to find out, which is this click's then.
    fn may_probe(&self, flow: Flow) -> bool {
        let now = self.inner.clock.now();
        let mut known = self.known();
        let in_the_way = [Fault::Credentials, Fault::of_credits(flow)];
        let is_known = |fault: &Fault| known.faults.get(fault).is_some_and(|f| f.probe_at > now);
        if in_the_way.iter().any(is_known) {
            return false;
        }
        for fault in in_the_way {
            if let Some(since) = known.faults.get_mut(&fault) {
                since.probe_at = now.plus_millis(PROBE_EVERY_MS);
            }
        }
        true
    }

    fn begin(&self, known: &mut Known, fault: Fault) {
        let since = Since {
            probe_at: self.inner.clock.now().plus_millis(PROBE_EVERY_MS),
            is_own: true,
        };
        if known.faults.insert(fault, since).is_none() {
            tracing::info!(fault = fault.as_str(), "iDenfy starts no sessions");
            self.inner.begun.fetch_add(1, Ordering::AcqRel);
            self.change(known);
        }
    }

    fn end(&self, known: &mut Known, faults: &[Fault]) {
        for fault in faults {
            if known.faults.remove(fault).is_some() {
                tracing::info!(fault = fault.as_str(), "iDenfy is over a fault");
                self.change(known);
            }
        }
    }

    fn change(&self, known: &mut Known) {
        known.version += 1;
        self.inner.changed.notify_one();
    }

    /// The faults that last, the gravest first.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        self.known().faults.keys().copied().collect()
    }

    /// Waits until something was noticed that others should be told of.
    pub async fn changed(&self) {
        self.inner.changed.notified().await;
    }

    /// What was noticed here and not told yet: the faults that last, and up to which change.
    #[must_use]
    pub fn untold(&self) -> Option<(Vec<Fault>, u64)> {
        let known = self.known();
        let faults = || known.faults.keys().copied().collect();
        (known.told < known.version).then(|| (faults(), known.version))
    }

    /// Everything up to a change was told.
    pub fn told(&self, version: u64) {
        let mut known = self.known();
        known.told = known.told.max(version);
    }

    /// Up to which change it was told. To be asked before what other nodes told is read, see [`Self::learn`].
    #[must_use]
    pub fn told_up_to(&self) -> u64 {
        self.known().told
    }

    /// Learns what other nodes told. What was noticed here stays until a call of our own shows that it is over: it may be
    /// this node alone that cannot reach iDenfy. What was read before the last change here was told, at `told_up_to`, is
    /// older than that change and nothing to learn from.
    pub fn learn(&self, told: &[Fault], told_up_to: u64) {
        let now = self.inner.clock.now();
        let mut known = self.known();
        if known.version != told_up_to {
            return;
        }
        known
            .faults
            .retain(|fault, since| since.is_own || told.contains(fault));
        for fault in told {
            known.faults.entry(*fault).or_insert_with(|| {
                self.inner.begun.fetch_add(1, Ordering::AcqRel);
                // The next click here finds out.
                Since {
                    probe_at: now,
                    is_own: false,
                }
            });
        }
        self.show(&known);
    }

    fn show(&self, known: &Known) {
        let is_clear = known.faults.is_empty() && known.failures == 0;
        self.inner.is_clear.store(is_clear, Ordering::Release);
        for fault in Fault::ALL {
            let lasts = known.faults.contains_key(&fault);
            self.inner.metrics.idenfy_fault(fault.as_str(), lasts);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.inner
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leave {
    /// Notes what came of the call: a session, or why none.
    pub fn note(mut self, failed: Option<&MintError>) {
        self.is_noted = true;
        let (health, inner) = (&self.health, &self.health.inner);
        if failed.is_none() && inner.is_clear.load(Ordering::Acquire) {
            return;
        }
        let mut known = health.known();
        let credits = Fault::of_credits(self.flow);
        match failed {
            // It was on its way when the fault began.
            None if self.begun < inner.begun.load(Ordering::Acquire) => {}
            None => {
                known.failures = 0;
                health.end(&mut known, &[Fault::Credentials, credits, Fault::Down]);
            }
            Some(MintError::OutOfCredits) => {
                health.end(&mut known, &[Fault::Credentials, Fault::Down]);
                health.begin(&mut known, credits);
            }
            Some(MintError::Credentials) => {
                health.end(&mut known, &[Fault::Down]);
                health.begin(&mut known, Fault::Credentials);
            }
            Some(
                MintError::Unreachable
                | MintError::Timeout
                | MintError::BrokenOff
                | MintError::IdenfyFault { .. },
            ) => {
                known.failures = known.failures.saturating_add(1);
                if known.failures >= FAILURES_MAX {
                    health.begin(&mut known, Fault::Down);
                }
            }
            // They say something of this call, or of nothing.
            Some(_) => {}
        }
        health.show(&known);
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        if self.is_noted || self.health.inner.is_clear.load(Ordering::Acquire) {
            return;
        }
        let now = self.health.inner.clock.now();
        let mut known = self.health.known();
        for fault in [Fault::Credentials, Fault::of_credits(self.flow)] {
            if let Some(since) = known.faults.get_mut(&fault) {
                since.probe_at = since.probe_at.min(now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_fault_ended_does_not_bring_it_back() {
        let clock = Clock::fixed(Timestamp::from_millis(0));
        let health = Health::new(clock.clone(), Metrics::new());
        let call = |failed: Option<&MintError>| {
            let leave = health.leave(Flow::Document).expect("leave to call");
            leave.note(failed);
            health.told(health.untold().expect("a change").1);
        };
        call(Some(&MintError::OutOfCredits));
        let (read, told_up_to) = (health.faults(), health.told_up_to());
        clock.advance(PROBE_EVERY_MS);
        call(None);
        health.learn(&read, told_up_to);
        assert_eq!(health.faults(), []);
        health.learn(&read, health.told_up_to());
        assert_eq!(health.faults(), [Fault::Credits], "another node's");
    }
}
