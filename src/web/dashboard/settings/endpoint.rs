//! `/admin/settings/endpoints/{id}`: one endpoint, its health and what it was sent.

use actix_web::web;
use askama::Template;

use super::super::confirm;
use super::super::flash::Flash;
use super::super::form::Form;
use super::super::operator::Operator;
use super::super::page::{Page, show as show_page, show_wrong};
use super::super::paging::{Paging, ROWS};
use super::super::refused::{Answer, Refused};
use super::deliveries::Badge;
use super::endpoints::{below_endpoints, health, name, secret_page, why_off};
use super::{endpoint_form, endpoints, setting};
use crate::domain::id::{DeliveryId, EndpointId, EventId};
use crate::domain::timestamp::{DAY_MS, Timestamp};
use crate::store::deliveries::{Delivery, DeliveryFilter, DeliveryStatus};
use crate::store::endpoints::{Endpoint, PayloadKind};
use crate::web::api::endpoints::test_event;
use crate::webhooks::signature;

#[derive(Template)]
#[template(path = "dashboard/endpoint.html")]
struct EndpointPage {
    page: Page,
    endpoint: Endpoint,
    deliveries: Paging<Delivery>,
    /// Only those that were given up.
    only_failed: bool,
    /// For what is tried again.
    retry: Form,
}

impl EndpointPage {
    fn at(&self) -> String {
        address(&self.endpoint)
    }

    fn zone_hint(&self) -> String {
        format!("In {}.", self.page.visit.zone.name())
    }

    fn health(&self) -> (&'static str, &'static str) {
        health(&self.endpoint)
    }

    fn why_off(reason: &str) -> &'static str {
        why_off(reason)
    }

    fn badge(delivery: &Delivery) -> Badge {
        Badge::of(delivery)
    }

    fn is_full(&self) -> bool {
        self.endpoint.payload == PayloadKind::Full
    }

    /// Until when the secret before signs too, where it does.
    fn overlap(&self) -> Option<Timestamp> {
        let (_, until) = self.endpoint.previous.as_ref()?;
        (*until > self.page.visit.now).then_some(*until)
    }
}

pub(in crate::web::dashboard) async fn show(operator: Operator, id: web::Path<String>) -> Answer {
    let endpoint = endpoint_of(&operator, &id).await?;
    let since = operator.zone.field(operator.now.plus_millis(-DAY_MS));
    let retry = Form::of(&[("since", &since)]);
    Ok(show_page(&endpoint_page(&operator, endpoint, retry).await?))
}

/// The page, with the form for what is tried again as it was typed.
async fn endpoint_page(
    operator: &Operator,
    endpoint: Endpoint,
    retry: Form,
) -> Result<EndpointPage, Refused> {
    let only_failed = operator.asked("status") == Some(DeliveryStatus::Failed.as_str());
    let filter = DeliveryFilter {
        status: only_failed.then(|| DeliveryStatus::Failed.as_str().to_owned()),
        before: Paging::<Delivery>::cursor(operator, DeliveryId::parse),
        limit: ROWS + 1,
    };
    let store = &operator.state.store;
    let deliveries = store.deliveries(endpoint.id, &filter).await?;
    Ok(EndpointPage {
        page: below_endpoints(setting(operator, name(&endpoint))),
        deliveries: Paging::new(operator, deliveries, |one| one.id.to_string()),
        endpoint,
        only_failed,
        retry,
    })
}

pub(in crate::web::dashboard) async fn ask_change(
    operator: Operator,
    id: web::Path<String>,
) -> Answer {
    let endpoint = endpoint_of(&operator, &id).await?;
    let form = endpoint_form::filled(&endpoint);
    Ok(show_page(&change_page(&operator, &endpoint, form)))
}

pub(in crate::web::dashboard) async fn change(
    operator: Operator,
    mut form: Form,
    id: web::Path<String>,
) -> Answer {
    let endpoint = endpoint_of(&operator, &id).await?;
    let Some(wanted) = endpoint_form::read(&operator, &mut form) else {
        return Ok(show_wrong(&change_page(&operator, &endpoint, form)));
    };
    let store = operator.store();
    store
        .update_endpoint(endpoint.id, &wanted.url, &wanted.events, wanted.payload)
        .await?;
    let flash = Flash::done("The endpoint was changed.");
    Ok(operator.redirect_with(&flash, &address(&endpoint)))
}

pub(in crate::web::dashboard) async fn test(operator: Operator, id: web::Path<String>) -> Answer {
    let endpoint = endpoint_of(&operator, &id).await?;
    let flash = if endpoint.disabled.is_some() {
        Flash::trouble("The endpoint is switched off, so nothing was sent. Switch it on first.")
    } else {
        let clock = &operator.state.clock;
        let event = test_event(endpoint.id, EventId::new(clock.uuid()), clock.now());
        let store = &operator.state.store;
        store.raise(std::slice::from_ref(&event)).await?;
        Flash::done("A test is on its way. Reload this page in a moment to see what came of it.")
    };
    Ok(operator.redirect_with(&flash, &address(&endpoint)))
}

pub(in crate::web::dashboard) async fn enable(operator: Operator, id: web::Path<String>) -> Answer {
    let endpoint = endpoint_of(&operator, &id).await?;
    operator.store().enable_endpoint(endpoint.id).await?;
    let told = "The endpoint is on. What happened meanwhile is sent now, up to a week back; what was given up can be retried below.";
    Ok(operator.redirect_with(&Flash::done(told), &address(&endpoint)))
}

pub(in crate::web::dashboard) async fn ask_disable(
    operator: Operator,
    id: web::Path<String>,
) -> Answer {
    let endpoint = endpoint_of(&operator, &id).await?;
    let consequences = vec![
        "Nothing is sent there until somebody switches it on again. What is waiting now is given up, and can be retried then.".to_owned(),
        "What happens meanwhile is sent afterwards, up to a week back.".to_owned(),
    ];
    Ok(ask(&operator, &endpoint, "Switch off", consequences))
}

pub(in crate::web::dashboard) async fn disable(
    operator: Operator,
    id: web::Path<String>,
) -> Answer {
    let endpoint = endpoint_of(&operator, &id).await?;
    let store = operator.store();
    store.disable_endpoint(endpoint.id, operator.now).await?;
    let flash = Flash::done("The endpoint is off.");
    Ok(operator.redirect_with(&flash, &address(&endpoint)))
}

pub(in crate::web::dashboard) async fn ask_rotate(
    operator: Operator,
    id: web::Path<String>,
) -> Answer {
    let endpoint = endpoint_of(&operator, &id).await?;
    let consequences = vec![
        "The endpoint gets a new secret, which is shown once.".to_owned(),
        "For 24 hours everything is signed with both, the new one and the one before. So your program goes on working: put the new secret into it within that time.".to_owned(),
        "If the secret may have fallen into wrong hands, put the new one in at once and let your program take that alone.".to_owned(),
    ];
    Ok(ask(
        &operator,
        &endpoint,
        "Make a new secret for",
        consequences,
    ))
}

pub(in crate::web::dashboard) async fn rotate(operator: Operator, id: web::Path<String>) -> Answer {
    let endpoint = Endpoint {
        secret: signature::new_secret(),
        ..endpoint_of(&operator, &id).await?
    };
    let store = operator.store();
    let is_done = store
        .rotate_endpoint(endpoint.id, &endpoint.secret, operator.now)
        .await?;
    if !is_done {
        return Err(Refused::NotFound);
    }
    Ok(secret_page(&operator, endpoint, true))
}

pub(in crate::web::dashboard) async fn ask_delete(
    operator: Operator,
    id: web::Path<String>,
) -> Answer {
    let endpoint = endpoint_of(&operator, &id).await?;
    let consequences = vec![
        "Nothing is sent there any more, and what was not delivered yet is given up. Its address, its secret and its list of deliveries are gone.".to_owned(),
        "This cannot be undone. To pause it, switch it off instead.".to_owned(),
    ];
    Ok(ask(&operator, &endpoint, "Delete", consequences))
}

pub(in crate::web::dashboard) async fn delete(operator: Operator, id: web::Path<String>) -> Answer {
    let endpoint = endpoint_of(&operator, &id).await?;
    let store = operator.store();
    store.delete_endpoint(endpoint.id, operator.now).await?;
    let flash = Flash::done(format!("The endpoint {} was deleted.", name(&endpoint)));
    Ok(operator.redirect_with(&flash, endpoints::ADDRESS))
}

/// Has everything tried again that was given up since a time.
pub(in crate::web::dashboard) async fn retry_failed(
    operator: Operator,
    mut form: Form,
    id: web::Path<String>,
) -> Answer {
    let endpoint = endpoint_of(&operator, &id).await?;
    if endpoint.disabled.is_some() {
        form.wrong("since", "cannot be used while the endpoint is off");
    }
    let since = form.parse("since", |text| operator.zone.parse(text));
    let Some(since) = since.filter(|_| !form.is_wrong()) else {
        return Ok(show_wrong(&endpoint_page(&operator, endpoint, form).await?));
    };
    let store = &operator.state.store;
    let retried = store.retry_failed(endpoint.id, since, operator.now).await?;
    let flash = match retried {
        0 => Flash::done("Nothing was given up since then that would still be news."),
        n => {
            let what = super::counted(n, "delivery is", "deliveries are");
            Flash::done(format!("{what} tried again now."))
        }
    };
    Ok(operator.redirect_with(&flash, &address(&endpoint)))
}

/// The endpoint that an address names.
pub(super) async fn endpoint_of(operator: &Operator, id: &str) -> Result<Endpoint, Refused> {
    let id = EndpointId::parse(id).ok_or(Refused::NotFound)?;
    let endpoint = operator.state.store.endpoint(id).await?;
    endpoint.ok_or(Refused::NotFound)
}

/// Where an endpoint's page is.
pub(super) fn address(endpoint: &Endpoint) -> String {
    format!("{}/{}", endpoints::ADDRESS, endpoint.id)
}

fn change_page(operator: &Operator, endpoint: &Endpoint, form: Form) -> endpoint_form::FormPage {
    let page = below_one(setting(operator, "Change"), endpoint);
    endpoint_form::page(page, form, address(endpoint), "Save")
}

fn ask(
    operator: &Operator,
    endpoint: &Endpoint,
    what: &str,
    consequences: Vec<String>,
) -> actix_web::HttpResponse {
    let question = format!("{what} {}", name(endpoint));
    let page = below_one(setting(operator, format!("{question}?")), endpoint);
    confirm::ask(page, consequences, question, address(endpoint))
}

pub(super) fn below_one(page: Page, endpoint: &Endpoint) -> Page {
    below_endpoints(page).below(name(endpoint), address(endpoint))
}
