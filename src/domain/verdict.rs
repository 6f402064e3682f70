//! What one of iDenfy's events or answers says about a session.

use super::session::{Checks, Status};

/// A result, final or not, as iDenfy told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The result it names.
    pub status: Status,
    /// Whether it is final.
    pub is_final: bool,
    /// Whether it only says that nothing more will come (cancelled, expired): it never undoes a final result.
    pub is_ending: bool,
    /// iDenfy's fraud tags, old suspicion reasons among them.
    pub fraud_tags: Vec<String>,
    /// iDenfy's mismatch tags.
    pub mismatch_tags: Vec<String>,
    /// iDenfy's words for each check.
    pub checks: Checks,
}

impl Verdict {
    /// That nothing more will come of a session.
    #[must_use]
    pub fn end(status: Status) -> Self {
        Self {
            status,
            is_final: true,
            is_ending: true,
            fraud_tags: Vec::new(),
            mismatch_tags: Vec::new(),
            checks: Checks::default(),
        }
    }

    /// Whether it may change a session whose result is final (`already_final`) or not.
    #[must_use]
    pub const fn may_replace(&self, already_final: bool) -> bool {
        !already_final || (self.is_final && !self.is_ending)
    }

    /// The state the session shows: what is not final shows as reviewing.
    #[must_use]
    pub fn shown(&self) -> Status {
        match &self.status {
            status if self.is_final => status.clone(),
            Status::Active => Status::Active,
            _ => Status::Reviewing,
        }
    }

    /// The result so far, told beside `reviewing`.
    #[must_use]
    pub fn provisional(&self) -> Option<Status> {
        let told = !self.is_final && !matches!(self.status, Status::Active | Status::Reviewing);
        told.then(|| self.status.clone())
    }
}
