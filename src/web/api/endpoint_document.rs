//! Endpoints as they are shown and given.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::fields::Fields;
use super::schemas::{EventTypeSchema, PayloadSchema};
use crate::domain::event::EventType;
use crate::domain::field_error::FieldErrors;
use crate::domain::id::{EndpointId, EventId};
use crate::domain::secret::Secret;
use crate::domain::timestamp::Timestamp;
use crate::store::endpoints::{Endpoint, PayloadKind};
use crate::web::State;
use crate::webhooks::{signature, target};

/// An address of yours that results are sent to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Endpoint, examples(json!({
    "id": "01977d18-2f10-7a55-9d1e-1b2c3d4e5f60",
    "url": "https://shop.example.com/entrypass",
    "events": ["session.finished"],
    "payload": "verdict",
    "created_at": "2027-01-15T12:00:00Z",
    "failing_since": null,
    "disabled_at": null,
    "disabled_reason": null
})))]
pub struct EndpointDocument {
    /// Names the endpoint in the API.
    #[schema(value_type = String, format = "uuid")]
    id: EndpointId,
    /// Where results are sent.
    #[schema(format = "uri")]
    url: String,
    /// The events it is told of.
    #[schema(value_type = Vec<EventTypeSchema>)]
    events: Vec<EventType>,
    /// What is sent of a result.
    #[schema(value_type = PayloadSchema)]
    payload: &'static str,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Since when every attempt failed; null while it works.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    failing_since: Option<Timestamp>,
    /// When it was switched off; null: it is on.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    disabled_at: Option<Timestamp>,
    /// Why it was switched off: `gone` (it answered 410), `failing` (nothing worked for five days) or `manual`
    /// (somebody switched it off in the dashboard).
    #[schema(required)]
    disabled_reason: Option<String>,
}

impl From<Endpoint> for EndpointDocument {
    fn from(endpoint: Endpoint) -> Self {
        let (disabled_at, disabled_reason) = endpoint.disabled.unzip();
        Self {
            id: endpoint.id,
            url: endpoint.url.expose().to_owned(),
            events: endpoint.events,
            payload: endpoint.payload.as_str(),
            created_at: endpoint.created_at,
            failing_since: endpoint.failing_since,
            disabled_at,
            disabled_reason,
        }
    }
}

/// An endpoint with its secret, which is shown only now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MadeEndpoint, examples(json!({
    "id": "01977d18-2f10-7a55-9d1e-1b2c3d4e5f60",
    "url": "https://shop.example.com/entrypass",
    "events": ["session.finished"],
    "payload": "verdict",
    "created_at": "2027-01-15T12:00:00Z",
    "failing_since": null,
    "disabled_at": null,
    "disabled_reason": null,
    "secret": "whsec_..."
})))]
pub struct MadeDocument {
    #[serde(flatten)]
    about: EndpointDocument,
    /// Signs what is sent: verify `webhook-signature` with it, as Standard Webhooks has it. Shown only here.
    secret: String,
}

impl From<Endpoint> for MadeDocument {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            secret: endpoint.secret.expose().to_owned(),
            about: endpoint.into(),
        }
    }
}

/// What an endpoint is made of.
#[derive(Debug, ToSchema)]
#[schema(examples(json!({"url": "https://shop.example.com/entrypass", "events": ["session.finished"], "payload": "verdict"})))]
#[serde(deny_unknown_fields)]
pub struct NewEndpoint {
    /// Where results are sent: https, of the internet, without a name, password or fragment. The settings may allow
    /// plain http and private networks.
    #[schema(format = "uri", max_length = 2048)]
    pub url: String,
    /// The events it is told of: at least one, none twice.
    #[schema(min_items = 1)]
    pub events: Vec<EventTypeSchema>,
    /// Left out: `verdict`.
    pub payload: Option<PayloadSchema>,
}

/// A test that is on its way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SentTest, examples(json!({"event_id": "01977d19-6b2c-7e01-8f3a-2c3d4e5f6071"})))]
pub struct TestDocument {
    /// The `webhook-id` it has, and the `event_id` of its delivery.
    #[schema(value_type = String, format = "uuid")]
    pub event_id: EventId,
}

/// Reads what an endpoint is to be made of, and makes a secret for it.
///
/// # Errors
/// Every field that is wrong.
pub(super) fn read(
    state: &State,
    id: EndpointId,
    mut fields: Fields,
) -> Result<Endpoint, FieldErrors> {
    let url = if fields.has("url") {
        fields.text("url", |text| {
            target::parse(text, state.allow_private).map(Secret::new)
        })
    } else {
        fields.missing("url")
    };
    let events = match fields.take("events") {
        None => fields.missing("events"),
        Some(value) => events(&value)
            .map_err(|errors| fields.errors.extend_below("events", errors))
            .ok(),
    };
    let payload = fields.text("payload", |text| {
        PayloadKind::parse(text).ok_or_else(|| "must be verdict or full".to_owned())
    });
    let errors = fields.end();
    let (Some(url), Some(events), true) = (url, events, errors.is_empty()) else {
        return Err(errors);
    };
    Ok(Endpoint {
        id,
        url,
        events,
        payload: payload.unwrap_or(PayloadKind::Verdict),
        secret: signature::new_secret(),
        previous: None,
        handed_to: 0,
        created_at: state.clock.now(),
        failing_since: None,
        disabled: None,
    })
}

fn events(value: &Value) -> Result<Vec<EventType>, FieldErrors> {
    let mut errors = FieldErrors::default();
    let mut events = Vec::new();
    match value.as_array() {
        Some(items) if !items.is_empty() => {
            for (i, item) in items.iter().enumerate() {
                let kind = EventType::parse(item.as_str().unwrap_or_default());
                match kind.filter(|kind| *kind != EventType::EndpointTest) {
                    None => errors.push(format!("[{i}]"), "must be the name of an event"),
                    Some(kind) if events.contains(&kind) => {
                        errors.push(format!("[{i}]"), "is there twice");
                    }
                    Some(kind) => events.push(kind),
                }
            }
        }
        _ => errors.push("", "must be an array of at least one event"),
    }
    if errors.is_empty() {
        Ok(events)
    } else {
        Err(errors)
    }
}
