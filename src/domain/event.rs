//! What happened: told to listeners and to the customer's endpoints.

use serde::{Serialize, Serializer};

use super::id::{EndpointId, EventId, LinkId, SessionId};
use super::timestamp::Timestamp;

/// The kinds of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventType {
    /// iDenfy started a session.
    SessionStarted,
    /// What a session shows changed, and is not final.
    SessionUpdated,
    /// A session has a final result, or another one.
    SessionFinished,
    /// A link's last use is spent.
    LinkExhausted,
    /// A link's time is over.
    LinkExpired,
    /// A mail to a person came back.
    MessageBounced,
    /// iDenfy starts no sessions: it is down, or refuses our credentials.
    IdenfyUnavailable,
    /// iDenfy starts no sessions for lack of credits.
    IdenfyOutOfCredits,
    /// iDenfy starts sessions again.
    IdenfyRecovered,
    /// An endpoint was switched off, as it fails or says it is gone.
    EndpointDisabled,
    /// Sent on request, to try an endpoint.
    EndpointTest,
}

impl EventType {
    const NAMED: [(Self, &'static str); 11] = [
        (Self::SessionStarted, "session.started"),
        (Self::SessionUpdated, "session.updated"),
        (Self::SessionFinished, "session.finished"),
        (Self::LinkExhausted, "link.exhausted"),
        (Self::LinkExpired, "link.expired"),
        (Self::MessageBounced, "message.bounced"),
        (Self::IdenfyUnavailable, "idenfy.unavailable"),
        (Self::IdenfyOutOfCredits, "idenfy.out_of_credits"),
        (Self::IdenfyRecovered, "idenfy.recovered"),
        (Self::EndpointDisabled, "endpoint.disabled"),
        (Self::EndpointTest, "endpoint.test"),
    ];

    /// Those an endpoint or a listener may ask for: all but the test.
    pub fn subscribable() -> impl Iterator<Item = Self> {
        Self::NAMED
            .into_iter()
            .map(|(kind, _)| kind)
            .filter(|kind| *kind != Self::EndpointTest)
    }

    /// What a result of a session raises.
    #[must_use]
    pub const fn of_result(is_final: bool) -> Self {
        if is_final {
            Self::SessionFinished
        } else {
            Self::SessionUpdated
        }
    }

    /// The name in the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::NAMED
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, name)| name)
    }

    /// What happened, for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::SessionStarted => "A verification was started",
            Self::SessionUpdated => "A verification has news that are not final",
            Self::SessionFinished => "A verification has a final result",
            Self::LinkExhausted => "A link has no uses left",
            Self::LinkExpired => "A link's time is over",
            Self::MessageBounced => "A mail to a person came back",
            Self::IdenfyUnavailable => "iDenfy starts no verifications",
            Self::IdenfyOutOfCredits => "iDenfy is out of credits",
            Self::IdenfyRecovered => "iDenfy starts verifications again",
            Self::EndpointDisabled => "An endpoint was switched off",
            Self::EndpointTest => "A test",
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::NAMED
            .into_iter()
            .find(|(_, name)| *name == text)
            .map(|(kind, _)| kind)
    }
}

impl Serialize for EventType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Something that happened, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The place in the order in which everyone is told; grows without end, with gaps.
    pub position: i64,
    /// Its name, which endpoints know a repeat by.
    pub id: EventId,
    /// What happened.
    pub kind: EventType,
    /// When.
    pub at: Timestamp,
    /// To which session.
    pub session_id: Option<SessionId>,
    /// To which link, or to a session of which link.
    pub link_id: Option<LinkId>,
    /// To which endpoint; of a test, the only one it goes to.
    pub endpoint_id: Option<EndpointId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_by_its_name_and_all_but_the_test_can_be_asked_for() {
        for (kind, name) in EventType::NAMED {
            assert_eq!(EventType::parse(name), Some(kind));
            assert_eq!(kind.as_str(), name);
        }
        assert_eq!(EventType::parse("session"), None);
        assert_eq!(EventType::subscribable().count(), 10);
    }
}
