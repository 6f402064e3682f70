//! People who are invited to verify who they are, one by one or in campaigns.

use super::id::{CampaignId, InvitationId};
use super::link::Link;
use super::message::Channel;
use super::timestamp::Timestamp;

/// One person's invitation. Its link, which bears the same id, says what is verified and how often.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Names it, and its link.
    pub id: InvitationId,
    /// The campaign it belongs to.
    pub campaign: Option<CampaignId>,
    /// How it is sent; none: it is handed over otherwise.
    pub channel: Option<Channel>,
    /// The customer at iDenfy; none once erased.
    pub client_id: Option<String>,
    /// What the person is called.
    pub name: Option<String>,
    /// The person's email address.
    pub email: Option<String>,
    /// The person's phone number, in E.164.
    pub phone: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a person was first shown the page with the button.
    pub opened_at: Option<Timestamp>,
    /// When its personal data was erased.
    pub erased_at: Option<Timestamp>,
}

impl Invitation {
    /// Where it can be sent by `channel`: an email address or a phone number.
    #[must_use]
    pub fn address(&self, channel: Channel) -> Option<&str> {
        match channel {
            Channel::Email => self.email.as_deref(),
            Channel::Sms => self.phone.as_deref(),
        }
    }
}

/// Nothing personal.
impl std::fmt::Debug for Invitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Invitation");
        shown.field("id", &self.id).finish_non_exhaustive()
    }
}

/// An invitation and its link, as they are made together.
#[derive(Debug, Clone, PartialEq)]
pub struct Invited {
    /// The invitation.
    pub invitation: Invitation,
    /// Its link.
    pub link: Link,
}

/// Invitations that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// Names it.
    pub id: CampaignId,
    /// What people call it; no two are called the same.
    pub name: String,
    /// How many invitations it has.
    pub invited: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its people were reminded last.
    pub reminded_at: Option<Timestamp>,
}

/// How far an invitation has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Made, and nothing of it was sent from here.
    Created,
    /// Its message waits to be sent.
    Pending,
    /// Its message was handed to the provider.
    Sent,
    /// Its message has arrived.
    Delivered,
    /// Its message could not be sent.
    Failed,
    /// Its message was taken back.
    Stopped,
    /// The person was shown the page with the button.
    Opened,
    /// The person has begun.
    Started,
    /// What became of the verification, in the words of sessions.
    Ended(String),
}

impl Progress {
    /// All that are not an outcome.
    pub const BEFORE_THE_END: [Self; 8] = [
        Self::Created,
        Self::Pending,
        Self::Sent,
        Self::Delivered,
        Self::Failed,
        Self::Stopped,
        Self::Opened,
        Self::Started,
    ];

    /// The name in the API.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Created => "created",
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Opened => "opened",
            Self::Started => "started",
            Self::Ended(status) => status,
        }
    }

    /// Reads a name; what is none of these is an outcome.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        let known = Self::BEFORE_THE_END.into_iter();
        let mut known = known.filter(|progress| progress.as_str() == name);
        known.next().unwrap_or_else(|| Self::Ended(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_progress_is_read_by_its_name() {
        for progress in Progress::BEFORE_THE_END {
            assert_eq!(Progress::from_name(progress.as_str()), progress);
        }
        let ended = Progress::from_name("approved");
        assert_eq!(ended, Progress::Ended("approved".to_owned()));
        assert_eq!(ended.as_str(), "approved");
    }
}
