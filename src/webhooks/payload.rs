//! What is told of an event: the same to endpoints and to listeners.

use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::event::EventType;
use crate::domain::timestamp::Timestamp;
use crate::store::events::Told;

/// An event as everyone is told of it.
#[derive(Debug, Serialize)]
pub struct Payload {
    /// What happened.
    pub r#type: EventType,
    /// When.
    pub timestamp: Timestamp,
    /// To what: `{"session", "link"}`, `{"link"}`, `{"endpoint"}` or nothing.
    pub data: Value,
}

impl From<&Told> for Payload {
    fn from(told: &Told) -> Self {
        let event = &told.event;
        let data = match event.kind {
            EventType::SessionStarted | EventType::SessionUpdated | EventType::SessionFinished => {
                json!({"session": told.session, "link": told.link})
            }
            EventType::LinkExhausted | EventType::LinkExpired | EventType::MessageBounced => {
                json!({"link": told.link})
            }
            EventType::EndpointDisabled | EventType::EndpointTest => {
                json!({"endpoint": {"id": event.endpoint_id}})
            }
            EventType::IdenfyUnavailable
            | EventType::IdenfyOutOfCredits
            | EventType::IdenfyRecovered => json!({}),
        };
        Self {
            r#type: event.kind,
            timestamp: event.at,
            data,
        }
    }
}
