//! Verification sessions: their states and the legal moves between them.

use serde::Serialize;

use super::channel::{ExternalRef, Via};
use super::flow::Flow;
use super::id::{LinkId, SessionId};
use super::locale::Locale;
use super::timestamp::Timestamp;

/// The state of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// The use is spent and iDenfy is being asked.
    Starting,
    /// No session was started; the use was given back.
    Failed,
    /// The visitor was sent to iDenfy.
    Active,
    /// Submitted; the result is not final.
    Reviewing,
    /// Passed.
    Approved,
    /// Not passed.
    Denied,
    /// Passed with doubts; the customer decides.
    Suspected,
    /// Ran out before it was finished.
    Expired,
    /// Ended by the visitor or by iDenfy.
    Cancelled,
    /// Deleted at iDenfy.
    Deleted,
    /// Archived at iDenfy.
    Archived,
    /// A value of iDenfy's that nobody knows yet, in lower case.
    Other(String),
}

impl Status {
    const NAMED: [(Self, &'static str); 11] = [
        (Self::Starting, "starting"),
        (Self::Failed, "failed"),
        (Self::Active, "active"),
        (Self::Reviewing, "reviewing"),
        (Self::Approved, "approved"),
        (Self::Denied, "denied"),
        (Self::Suspected, "suspected"),
        (Self::Expired, "expired"),
        (Self::Cancelled, "cancelled"),
        (Self::Deleted, "deleted"),
        (Self::Archived, "archived"),
    ];

    /// The name in the API and the database.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(name) => name,
            named => Self::NAMED
                .iter()
                .find(|(s, _)| s == named)
                .map_or("", |(_, name)| name),
        }
    }

    /// Reads a state's name; unknown ones are kept in lower case.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        Self::NAMED
            .into_iter()
            .find(|(_, known)| *known == name)
            .map_or(Self::Other(name), |(status, _)| status)
    }

    /// Whether iDenfy may still be working on it, so that its clientId must not be minted again.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Starting | Self::Active | Self::Reviewing)
    }
}

impl Serialize for Status {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// iDenfy's own words for each check; null where it did not happen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checks {
    /// The automatic look at the document.
    pub auto_document: Option<String>,
    /// The automatic comparison of the face.
    pub auto_face: Option<String>,
    /// The manual look at the document.
    pub manual_document: Option<String>,
    /// The manual comparison of the face.
    pub manual_face: Option<String>,
}

/// One iDenfy verification session, started by a click or by an API call. Serialised, it is the session of the API and
/// of events: what is a secret is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Session {
    /// Its name here.
    pub id: SessionId,
    /// The link that was clicked; none for a session that the API started.
    pub link_id: Option<LinkId>,
    /// The customer at iDenfy; none once erased.
    pub client_id: Option<String>,
    /// iDenfy's name of it.
    pub scan_ref: Option<String>,
    /// The customer's own reference.
    pub external_ref: Option<ExternalRef>,
    /// Which verification it is.
    pub flow: Flow,
    /// The language sent to iDenfy.
    pub language: Locale,
    /// The channel of the click.
    pub via: Option<Via>,
    /// Where it stands.
    pub status: Status,
    /// Whether the result is final.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// The result so far while it is not final.
    pub provisional: Option<Status>,
    /// iDenfy's fraud tags.
    pub fraud_tags: Vec<String>,
    /// iDenfy's mismatch tags.
    pub mismatch_tags: Vec<String>,
    /// iDenfy's words for each check.
    pub checks: Checks,
    /// When the use was spent.
    pub created_at: Timestamp,
    /// When the final result came.
    pub finished_at: Option<Timestamp>,
    /// When its personal data was erased.
    pub erased_at: Option<Timestamp>,
    /// Where the visitor was sent; a bearer secret, kept only while the token is valid.
    #[serde(skip)]
    pub redirect_url: Option<String>,
    /// Until when iDenfy's token can be opened.
    #[serde(skip)]
    pub token_expires_at: Option<Timestamp>,
}

impl Session {
    /// Where to send its visitor again: only while iDenfy's token is valid.
    #[must_use]
    pub fn redirect_at(&self, now: Timestamp) -> Option<&str> {
        let valid = self.token_expires_at.is_some_and(|until| now < until);
        self.redirect_url
            .as_deref()
            .filter(|_| valid && self.status != Status::Failed)
    }

    /// Whether its visitor may still be in it: open here, and its token valid at iDenfy.
    #[must_use]
    pub fn is_open_at(&self, now: Timestamp) -> bool {
        self.status.is_open() && self.redirect_at(now).is_some()
    }
}
