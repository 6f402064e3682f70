//! Links on their way to people.

use super::id::{CampaignId, LinkId, MessageId};
use super::locale::Locale;
use super::timestamp::Timestamp;

/// How a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// By email.
    Email,
    /// By text message.
    Sms,
}

impl Channel {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Email, Self::Sms];

    /// The name in the API, the database and a link's `?via=`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }

    /// Reads a name.
    ///
    /// # Errors
    /// A message for the sender.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|channel| channel.as_str() == text)
            .ok_or_else(|| "must be email or sms".to_owned())
    }
}

/// Why a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// Somebody sent a link.
    Link,
    /// A person is invited.
    Invitation,
    /// A person who was invited has not acted.
    Reminder,
}

impl MessageKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Link, Self::Invitation, Self::Reminder];

    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Invitation => "invitation",
            Self::Reminder => "reminder",
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageStatus {
    /// It will be sent, for the first time or again.
    Pending,
    /// The mail server or the SMS provider has taken it.
    Sent,
    /// The provider says that it has arrived; of an email nobody does.
    Delivered,
    /// It was refused, or given up.
    Failed,
    /// It was taken back: its link is over, or the person wants no more.
    Stopped,
}

impl MessageStatus {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Sent,
        Self::Delivered,
        Self::Failed,
        Self::Stopped,
    ];

    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether it can be asked for once more.
    #[must_use]
    pub const fn can_be_retried(self) -> bool {
        matches!(self, Self::Pending | Self::Failed | Self::Stopped)
    }
}

/// A message as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Names it.
    pub id: MessageId,
    /// Why it is sent.
    pub kind: MessageKind,
    /// The link it carries.
    pub link: LinkId,
    /// The campaign it belongs to.
    pub campaign: Option<CampaignId>,
    /// How it travels.
    pub channel: Channel,
    /// An email address or a phone number in E.164; none once erased.
    pub recipient: Option<String>,
    /// What the person is called.
    pub recipient_name: Option<String>,
    /// The words' language.
    pub language: Option<Locale>,
    /// Where it stands.
    pub status: MessageStatus,
    /// How often it was tried.
    pub attempts: i64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Since when it is tried: then, or when it was asked for again.
    pub queued_at: Timestamp,
    /// When it is tried next.
    pub next_attempt_at: Option<Timestamp>,
    /// When it was taken by the server or provider.
    pub sent_at: Option<Timestamp>,
    /// When it was sent, refused, given up or taken back.
    pub ended_at: Option<Timestamp>,
    /// When it came back, after its server had taken it; it counts as failed then.
    pub bounced_at: Option<Timestamp>,
    /// Why it was not sent, in words without the recipient.
    pub error: Option<String>,
}

/// A message that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// Names it.
    pub id: MessageId,
    /// Why it is sent.
    pub kind: MessageKind,
    /// The link it carries.
    pub link: LinkId,
    /// The campaign it belongs to: such a mail can be unsubscribed from.
    pub campaign: Option<CampaignId>,
    /// How it travels.
    pub channel: Channel,
    /// An email address or a phone number in E.164, checked.
    pub recipient: String,
    /// What the person is called, if known.
    pub recipient_name: Option<String>,
    /// The words' language, if known.
    pub language: Option<Locale>,
    /// When it was asked for; it is due at once.
    pub created_at: Timestamp,
}
