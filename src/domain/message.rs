//! Links on their way to people.

use super::id::{CampaignId, LinkId, MessageId};
use super::locale::Locale;
use super::timestamp::Timestamp;

/// How a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
