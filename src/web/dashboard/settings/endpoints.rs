//! `/admin/settings/endpoints`: addresses that results are sent to.

use askama::Template;

use super::super::flash::Flash;
use super::super::form::Form;
use super::super::once::{self, SAME_PRESS_MS};
use super::super::operator::Operator;
use super::super::page::{Page, show, show_wrong};
use super::super::paging::{Paging, ROWS};
use super::super::refused::Answer;
use super::endpoint_form::{self, Wanted};
use super::setting;
use crate::domain::event::EventType;
use crate::domain::id::EndpointId;
use crate::domain::secret::Secret;
use crate::store::endpoints::{Endpoint, PayloadKind};
use crate::webhooks::signature;

/// Where the list is.
pub(super) const ADDRESS: &str = "/admin/settings/endpoints";

#[derive(Template)]
#[template(path = "dashboard/endpoints.html")]
struct EndpointsPage {
    page: Page,
    endpoints: Paging<Endpoint>,
}

#[derive(Template)]
#[template(path = "dashboard/endpoint_secret.html")]
struct SecretPage {
    page: Page,
    endpoint: Endpoint,
    secret: Secret,
    /// Whether the one before it signs too for a while.
    is_rotated: bool,
}

pub(in crate::web::dashboard) async fn list(operator: Operator) -> Answer {
    let before = Paging::<Endpoint>::cursor(&operator, EndpointId::parse);
    let endpoints = operator.state.store.endpoints(before, ROWS + 1).await?;
    Ok(show(&EndpointsPage {
        page: setting(&operator, "Result endpoints"),
        endpoints: Paging::new(&operator, endpoints, |one| one.id.to_string()),
    }))
}

pub(in crate::web::dashboard) async fn ask_new(operator: Operator) -> Answer {
    let form = Form::of(&[
        ("events", EventType::SessionFinished.as_str()),
        ("payload", PayloadKind::Verdict.as_str()),
    ]);
    let page = below_endpoints(setting(&operator, "Add an endpoint"));
    Ok(show(&endpoint_form::page(page, form, ADDRESS, "Add")))
}

pub(in crate::web::dashboard) async fn add(operator: Operator, mut form: Form) -> Answer {
    let Some(wanted) = endpoint_form::read(&operator, &mut form) else {
        let page = below_endpoints(setting(&operator, "Add an endpoint"));
        return Ok(show_wrong(&endpoint_form::page(page, form, ADDRESS, "Add")));
    };
    let Wanted {
        url,
        events,
        payload,
    } = wanted;
    let endpoint = Endpoint {
        id: EndpointId::new(once::id(&operator, &form)),
        url,
        events,
        payload,
        secret: signature::new_secret(),
        previous: None,
        handed_to: 0,
        created_at: operator.now,
        failing_since: None,
        disabled: None,
    };
    if operator.store().insert_endpoint(&endpoint).await? {
        return Ok(secret_page(&operator, endpoint, false));
    }
    // Of a double click the second answer alone is seen.
    match operator.state.store.endpoint(endpoint.id).await? {
        Some(made) if operator.now < made.created_at.plus_millis(SAME_PRESS_MS) => {
            Ok(secret_page(&operator, made, false))
        }
        _ => {
            let told = "The endpoint was added already, and its secret is not shown again. If you have not kept it, open the endpoint and give it another.";
            Ok(operator.redirect_with(&Flash::trouble(told), ADDRESS))
        }
    }
}

/// Shows an endpoint's secret, once.
pub(super) fn secret_page(
    operator: &Operator,
    endpoint: Endpoint,
    is_rotated: bool,
) -> actix_web::HttpResponse {
    show(&SecretPage {
        page: below_endpoints(setting(operator, "The endpoint's secret")),
        secret: endpoint.secret.clone(),
        endpoint,
        is_rotated,
    })
}

pub(super) fn below_endpoints(page: Page) -> Page {
    page.below("Result endpoints", ADDRESS)
}

/// What an endpoint is called: its address without what may be a token of the customer's.
pub(super) fn name(endpoint: &Endpoint) -> String {
    let whole = endpoint.url.expose();
    let short = whole.split(['?', '#']).next().unwrap_or_default();
    short
        .trim_start_matches("https://")
        .trim_end_matches('/')
        .to_owned()
}

/// What its health is, in a tone and a word.
pub(super) fn health(endpoint: &Endpoint) -> (&'static str, &'static str) {
    match (&endpoint.disabled, endpoint.failing_since) {
        (Some(_), _) => ("calm", "Off"),
        (None, Some(_)) => ("bad", "Failing"),
        (None, None) => ("good", "Working"),
    }
}

/// Why it was switched off.
pub(super) fn why_off(reason: &str) -> &'static str {
    match reason {
        "gone" => "It answered that it is gone for good (410).",
        "failing" => "Nothing could be delivered for five days.",
        _ => "Somebody switched it off here.",
    }
}
