//! A message as the API answers it.

use serde::Serialize;
use utoipa::ToSchema;

use super::schemas::{ChannelSchema, LanguageSchema, MessageKindSchema, MessageStatusSchema};
use crate::domain::id::{LinkId, MessageId};
use crate::domain::link::Link;
use crate::domain::locale::Locale;
use crate::domain::message::Message;
use crate::domain::segments::Segments;
use crate::domain::timestamp::Timestamp;
use crate::messages::words::OwnWords;
use crate::web::State;

/// A link on its way to a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message, examples(json!({
    "id": "01977d1c-5b2a-7e10-9c3d-4e5f60718293",
    "link_id": "01977d0e-5d3a-7c42-9f0b-6c1a2b3d4e5f",
    "kind": "link",
    "channel": "sms",
    "to": "+4930901820",
    "name": "Ana",
    "language": "de",
    "segments": {"encoding": "GSM-7", "count": 1, "units": 84},
    "status": "sent",
    "error": null,
    "attempts": 1,
    "created_at": "2027-01-15T12:00:00Z",
    "next_attempt_at": null,
    "sent_at": "2027-01-15T12:00:01Z",
    "ended_at": "2027-01-15T12:00:01Z",
    "bounced_at": null
})))]
pub struct MessageDocument {
    /// Names the message in the API.
    #[schema(value_type = String, format = "uuid")]
    pub id: MessageId,
    /// The link it carries.
    #[schema(value_type = String, format = "uuid")]
    pub link_id: LinkId,
    /// Why it is sent.
    #[schema(value_type = MessageKindSchema)]
    kind: &'static str,
    /// How it travels.
    #[schema(value_type = ChannelSchema)]
    channel: &'static str,
    /// The email address, or the phone number in E.164; null once erased.
    #[schema(required)]
    to: Option<String>,
    /// What the person is called; null where that is not known, or erased.
    #[schema(required)]
    name: Option<String>,
    /// The words' language.
    #[schema(value_type = LanguageSchema)]
    language: Locale,
    /// How many text messages it takes, as they are counted and paid; null for an email.
    #[schema(required)]
    segments: Option<SegmentsDocument>,
    /// Where it stands.
    #[schema(value_type = MessageStatusSchema)]
    pub status: &'static str,
    /// Why it was not sent, or not yet; null where there is nothing to tell.
    #[schema(required)]
    error: Option<String>,
    /// How often it was tried.
    attempts: i64,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it is tried next; null once it was sent or given up.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    next_attempt_at: Option<Timestamp>,
    /// When the mail server or the SMS provider has taken it; null: not yet.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    sent_at: Option<Timestamp>,
    /// When it was sent, refused, given up or stopped; null: not yet.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    ended_at: Option<Timestamp>,
    /// When the mail came back, after its server had taken it; it is `failed` then. Null: it did not, as far as was told.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    bounced_at: Option<Timestamp>,
}

/// How many text messages a text takes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Segments)]
pub struct SegmentsDocument {
    /// `GSM-7` where all characters are of that alphabet, else `UCS-2`.
    #[schema(value_type = String, examples("GSM-7"))]
    encoding: &'static str,
    /// How many messages.
    #[schema(minimum = 1)]
    count: usize,
    /// Its length: of GSM-7 at most 160 units are one message and 153 a part of several, of UCS-2 70 and 67.
    units: usize,
}

impl MessageDocument {
    /// What is known of a message.
    #[must_use]
    pub fn new(state: &State, message: Message, link: &Link, own: &OwnWords) -> Self {
        let segments = state.dispatch.segments(&message, link, own);
        let language = message.language.or(link.terms.language);
        Self {
            id: message.id,
            link_id: message.link,
            kind: message.kind.as_str(),
            channel: message.channel.as_str(),
            to: message.recipient,
            name: message.recipient_name,
            language: language.unwrap_or(Locale::EN),
            segments: segments.map(SegmentsDocument::from),
            status: message.status.as_str(),
            error: message.error,
            attempts: message.attempts,
            created_at: message.created_at,
            next_attempt_at: message.next_attempt_at,
            sent_at: message.sent_at,
            ended_at: message.ended_at,
            bounced_at: message.bounced_at,
        }
    }
}

impl From<Segments> for SegmentsDocument {
    fn from(segments: Segments) -> Self {
        Self {
            encoding: segments.encoding.as_str(),
            count: segments.count,
            units: segments.units,
        }
    }
}

/// What a key without `read` is told of what it sends: nothing that it did not say itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct OnItsWay {
    /// Names it in the API.
    #[schema(format = "uuid")]
    id: String,
    /// Where it stands.
    status: String,
}

/// What is answered to who sends something: all that there is to tell, or to a key without `read` only where it stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Queued<T> {
    /// To a key with `read`.
    Whole(Box<T>),
    /// To any other.
    Brief(OnItsWay),
}

impl<T> Queued<T> {
    /// What a caller is told.
    #[must_use]
    pub fn to(caller_reads: bool, whole: T, id: impl std::fmt::Display, status: &str) -> Self {
        if caller_reads {
            return Self::Whole(Box::new(whole));
        }
        Self::Brief(OnItsWay {
            id: id.to_string(),
            status: status.to_owned(),
        })
    }
}
