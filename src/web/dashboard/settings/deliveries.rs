//! `/admin/settings/endpoints/{id}/deliveries/{id}`: each time a delivery was tried, and trying it again.

use actix_web::web;
use askama::Template;

use super::super::flash::Flash;
use super::super::operator::Operator;
use super::super::page::{Page, show as show_page};
use super::super::refused::{Answer, Refused};
use super::endpoint::{address, below_one, endpoint_of};
use super::setting;
use crate::domain::id::DeliveryId;
use crate::store::deliveries::{Delivery, DeliveryStatus};
use crate::store::endpoints::Endpoint;

/// Where a delivery stands, for people.
#[derive(Debug, Clone, Copy)]
pub(super) struct Badge {
    /// How it is coloured.
    pub(super) tone: &'static str,
    /// What it says.
    pub(super) word: &'static str,
}

impl Badge {
    pub(super) fn of(delivery: &Delivery) -> Self {
        let (tone, word) = match delivery.status {
            DeliveryStatus::Delivered => ("good", "Delivered"),
            DeliveryStatus::Failed => ("bad", "Given up"),
            DeliveryStatus::Pending if delivery.attempts.is_empty() => ("busy", "On its way"),
            DeliveryStatus::Pending => ("warn", "Tried again"),
        };
        Self { tone, word }
    }
}

#[derive(Template)]
#[template(path = "dashboard/delivery.html")]
struct DeliveryPage {
    page: Page,
    delivery: Delivery,
    badge: Badge,
    is_off: bool,
}

pub(in crate::web::dashboard) async fn show(
    operator: Operator,
    path: web::Path<(String, String)>,
) -> Answer {
    let (endpoint, delivery) = delivery_of(&operator, &path).await?;
    Ok(show_page(&DeliveryPage {
        page: below_one(setting(&operator, "A delivery"), &endpoint),
        badge: Badge::of(&delivery),
        is_off: endpoint.disabled.is_some(),
        delivery,
    }))
}

pub(in crate::web::dashboard) async fn retry(
    operator: Operator,
    path: web::Path<(String, String)>,
) -> Answer {
    let (endpoint, delivery) = delivery_of(&operator, &path).await?;
    let store = &operator.state.store;
    let flash = if store.retry_delivery(delivery.id, operator.now).await? {
        Flash::done("It is tried again now. Reload this page in a moment to see what came of it.")
    } else {
        Flash::trouble("The endpoint is switched off, so nothing was sent. Switch it on first.")
    };
    let to = format!("{}/deliveries/{}", address(&endpoint), delivery.id);
    Ok(operator.redirect_with(&flash, &to))
}

async fn delivery_of(
    operator: &Operator,
    (endpoint, id): &(String, String),
) -> Result<(Endpoint, Delivery), Refused> {
    let endpoint = endpoint_of(operator, endpoint).await?;
    let id = DeliveryId::parse(id).ok_or(Refused::NotFound)?;
    let found = operator.state.store.delivery(id).await?;
    let found = found.filter(|(of, _)| *of == endpoint.id);
    let (_, delivery) = found.ok_or(Refused::NotFound)?;
    Ok((endpoint, delivery))
}
