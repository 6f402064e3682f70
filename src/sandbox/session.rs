//! One session of the stand-in's.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde::Deserialize;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Identification,
    Document,
    AgeEstimation,
}

/// What a visitor's button, or time, makes of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    Approve,
    Deny,
    Suspect,
    Expire,
}

impl Outcome {
    /// iDenfy's word for it, as in `status.overall`.
    pub(super) fn overall(self) -> &'static str {
        match self {
            Self::Approve => "APPROVED",
            Self::Deny => "DENIED",
            Self::Suspect => "SUSPECTED",
            Self::Expire => "EXPIRED",
        }
    }
}

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The token can be used.
    Active,
    /// The automatic result is out, the manual one is to come.
    Reviewing,
    Ended(Outcome),
    Deleted(Outcome),
}

impl Phase {
    /// iDenfy's word for it, as its status call says it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Reviewing => "REVIEWING",
            Self::Ended(outcome) => outcome.overall(),
            Self::Deleted(Outcome::Expire) => "EXPIRED-DELETED",
            Self::Deleted(_) => "DELETED",
        }
    }
}

/// A webhook and what became of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event {
    /// As in the header `Idenfy-Event-Type`.
    pub(super) name: &'static str,
    /// The result it tells.
    pub(super) result: &'static str,
    /// Whether it arrived; none: under way.
    pub(super) arrived: Option<bool>,
}

/// One token and all that came of it.
#[expect(
    clippy::struct_field_names,
    reason = "`session_length` is iDenfy's name"
)]
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) token: String,
    pub(super) scan_ref: String,
    pub(super) kind: Kind,
    pub(super) client_id: Option<String>,
    pub(super) external_ref: Option<String>,
    /// As given: iDenfy's language code.
    pub(super) locale: Option<String>,
    /// None: any country.
    pub(super) countries: Vec<String>,
    pub(super) documents: Vec<String>,
    /// Names for the result's data.
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    /// Age asked for, of age estimation.
    pub(super) min_age: i64,
    /// Whether a manual result follows an automatic one that is good, and one that is bad.
    pub(super) review: (bool, bool),
    pub(super) success_url: Option<String>,
    pub(super) error_url: Option<String>,
    pub(super) unverified_url: Option<String>,
    /// The token's own address for webhooks.
    pub(super) callback: Option<String>,
    /// Parameters that iDenfy does not know.
    pub(super) unknown: Vec<String>,
    /// Until when the token can be opened, then until when the session can be finished.
    pub(super) deadline: Instant,
    pub(super) session_length: Duration,
    pub(super) created: DateTime<Utc>,
    pub(super) opened: Option<DateTime<Utc>>,
    pub(super) finished: Option<DateTime<Utc>>,
    pub(super) phase: Phase,
    pub(super) outcome: Option<Outcome>,
    pub(super) events: Vec<Event>,
}

impl Session {
    /// What the visitor shows, in words.
    pub(super) fn flow(&self) -> &'static str {
        match self.kind {
            Kind::Identification => "Document and selfie",
            Kind::Document => "Document",
            Kind::AgeEstimation => "Selfie (age estimation)",
        }
    }

    /// Where the visitor goes after a result.
    pub(super) fn landing(&self) -> Option<&str> {
        match self.outcome? {
            Outcome::Approve => self.success_url.as_deref(),
            Outcome::Deny => self.error_url.as_deref(),
            Outcome::Suspect | Outcome::Expire => self.unverified_url.as_deref(),
        }
    }

    /// Whether a manual result follows `outcome`.
    pub(super) fn is_reviewed(&self, outcome: Outcome) -> bool {
        match outcome {
            Outcome::Expire => false,
            _ if self.kind == Kind::AgeEstimation => false,
            Outcome::Deny => self.review.1,
            Outcome::Approve | Outcome::Suspect => self.review.0,
        }
    }
}
