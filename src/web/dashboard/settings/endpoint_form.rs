//! The form of an endpoint: its address, the events it is told of, and how much.

use askama::Template;

use super::super::form::Form;
use super::super::operator::Operator;
use super::super::page::Page;
use crate::domain::event::EventType;
use crate::domain::secret::Secret;
use crate::store::endpoints::{Endpoint, PayloadKind};
use crate::webhooks::target;

#[derive(Template)]
#[template(path = "dashboard/endpoint_form.html")]
pub(super) struct FormPage {
    page: Page,
    form: Form,
    events: Vec<EventType>,
    back: String,
    button: &'static str,
    verdict: PayloadKind,
    full: PayloadKind,
}

/// What was asked for.
pub(super) struct Wanted {
    pub(super) url: Secret,
    pub(super) events: Vec<EventType>,
    pub(super) payload: PayloadKind,
}

pub(super) fn page(
    page: Page,
    form: Form,
    back: impl Into<String>,
    button: &'static str,
) -> FormPage {
    FormPage {
        page,
        form,
        events: EventType::subscribable().collect(),
        back: back.into(),
        button,
        verdict: PayloadKind::Verdict,
        full: PayloadKind::Full,
    }
}

/// The form of an endpoint as it is.
pub(super) fn filled(endpoint: &Endpoint) -> Form {
    let events = endpoint.events.iter().map(|kind| ("events", kind.as_str()));
    let others = [
        ("url", endpoint.url.expose()),
        ("payload", endpoint.payload.as_str()),
    ];
    Form::of(&events.chain(others).collect::<Vec<_>>())
}

/// Reads it, or notes what is wrong.
pub(super) fn read(operator: &Operator, form: &mut Form) -> Option<Wanted> {
    let allow_private = operator.state.allow_private;
    let url = form.parse("url", |text| target::parse(text.trim(), allow_private));
    let events: Vec<EventType> = EventType::subscribable()
        .filter(|kind| form.chose("events", kind.as_str()))
        .collect();
    if events.is_empty() {
        form.wrong("events", "is not chosen yet: tick at least one event");
    }
    let payload = form.parse("payload", |text| {
        PayloadKind::parse(text).ok_or_else(|| "must be one of these".to_owned())
    });
    let (Some(url), Some(payload), false) = (url, payload, form.is_wrong()) else {
        return None;
    };
    Some(Wanted {
        url: Secret::new(url),
        events,
        payload,
    })
}
