//! `/api/v1/endpoints/{id}/deliveries` and `/api/v1/deliveries`

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Answer;
use super::caller::Caller;
use super::endpoints::{find, find_enabled};
use super::fields::{self, Body, Fields};
use super::idempotent;
use super::paging::{Page, PageQuery, Query};
use super::schemas::DeliveryStatusSchema;
use crate::domain::event::EventType;
use crate::domain::id::{DeliveryId, EventId};
use crate::domain::scope::Scope;
use crate::domain::timestamp::Timestamp;
use crate::store::deliveries::{Delivery, DeliveryFilter, Tried};
use crate::web::State;
use crate::web::problem::Problem;

/// One event on its way to one endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery, examples(json!({
    "id": "01977d1a-0c4d-7b12-8e5f-3d4e5f607182",
    "event_id": "01977d12-9f00-7c33-8a44-4e5f60718293",
    "type": "session.finished",
    "status": "delivered",
    "attempts": [
        {"at": "2027-01-15T12:04:31Z", "status": null, "duration_ms": 15000, "error": "no answer within 15 seconds", "response": null},
        {"at": "2027-01-15T12:04:51Z", "status": 204, "duration_ms": 38, "error": null, "response": ""}
    ],
    "next_attempt_at": null
})))]
pub struct DeliveryDocument {
    /// Names the delivery in the API.
    #[schema(value_type = String, format = "uuid")]
    id: DeliveryId,
    /// The event, which is its `webhook-id`: the same each time it is tried.
    #[schema(value_type = String, format = "uuid")]
    event_id: EventId,
    /// What happened: one of the events that can be asked for, or `endpoint.test`.
    #[schema(value_type = String, examples("session.finished"))]
    r#type: EventType,
    /// Where it stands.
    #[schema(value_type = DeliveryStatusSchema)]
    status: &'static str,
    /// Each time it was tried, oldest first.
    attempts: Vec<AttemptDocument>,
    /// When it is tried next; null once it is delivered or given up.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    next_attempt_at: Option<Timestamp>,
}

/// One time a delivery was tried.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryAttempt)]
pub struct AttemptDocument {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The HTTP status that was answered; null where none was.
    #[schema(required)]
    status: Option<i64>,
    /// How long it took, in milliseconds.
    duration_ms: i64,
    /// Why it failed; null where it did not.
    #[schema(required)]
    error: Option<String>,
    /// The first 1 KiB of what was answered; null where nothing was.
    #[schema(required)]
    response: Option<String>,
}

impl From<Delivery> for DeliveryDocument {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            event_id: delivery.event_id,
            r#type: delivery.kind,
            status: delivery.status.as_str(),
            attempts: delivery.attempts.into_iter().map(Into::into).collect(),
            next_attempt_at: delivery.next_attempt_at,
        }
    }
}

impl From<Tried> for AttemptDocument {
    fn from(tried: Tried) -> Self {
        Self {
            at: tried.at,
            status: tried.status,
            duration_ms: tried.duration_ms,
            error: tried.error,
            response: tried.response,
        }
    }
}

/// Since when what failed is tried again.
#[derive(Debug, ToSchema)]
#[schema(examples(json!({"since": "2027-01-15T08:00:00Z"})))]
#[serde(deny_unknown_fields)]
pub struct NewRetry {
    /// What was given up at this time or later is tried again.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
}

/// How much is tried again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Retried, examples(json!({"retried": 17})))]
pub struct RetriedDocument {
    /// How many deliveries.
    retried: u64,
}

/// Lists an endpoint's deliveries.
///
/// Newest first. Those that ended are shown for 30 days.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/endpoints/{id}/deliveries", operation_id = "listDeliveries", tag = "Endpoints",
    security(("bearer" = ["admin"])),
    params(("status" = Option<DeliveryStatusSchema>, Query, description = "Only deliveries of this status."), PageQuery),
    responses((status = 200, description = "A page of deliveries.", body = Page<DeliveryDocument>)))]
pub async fn list(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Admin)?;
    let mut query = Query::read(&request, &["status"]);
    let status = query.take("status");
    let (limit, before) = query.page(DeliveryId::parse)?;
    let endpoint = find(&state, &id).await?;
    let filter = DeliveryFilter {
        status,
        before,
        limit: limit + 1,
    };
    let deliveries = state.store.deliveries(endpoint.id, &filter).await?;
    let page: Page<DeliveryDocument> = Page::new(deliveries, limit, |one| one.id.to_string());
    Ok(Answer::ok(&page).respond())
}

/// Retries all that failed.
///
/// Has everything tried again at once that was given up since a time, but for what a later event of the same session,
/// already delivered, has overtaken.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/endpoints/{id}/retry", operation_id = "retryFailed", tag = "Endpoints",
    request_body = NewRetry, security(("bearer" = ["admin"])),
    responses((status = 202, description = "They are on their way.", body = RetriedDocument), (status = 409, description = "endpoint_disabled")))]
pub async fn retry_failed(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Admin)?;
    let body = fields::bytes(body)?;
    let (map, own) = (fields::object(&request, &body, false), state.clone());
    idempotent::answer(&state, &caller, &request, &body, move |_| async move {
        let mut fields = Fields::new(map?);
        let since = if fields.has("since") {
            fields.text("since", Timestamp::parse)
        } else {
            fields.missing("since")
        };
        let errors = fields.end();
        let (Some(since), true) = (since, errors.is_empty()) else {
            return Err(Problem::invalid(errors));
        };
        let endpoint = find_enabled(&own, &id).await?;
        let (store, now) = (&own.store, own.clock.now());
        let retried = store.retry_failed(endpoint.id, since, now).await?;
        Ok(Answer::accepted(&RetriedDocument { retried }))
    })
    .await
}

/// Retries a delivery of an endpoint.
///
/// Has it tried again at once, whatever became of it.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/endpoints/{id}/deliveries/{delivery_id}/retry", operation_id = "retryDeliveryOfEndpoint",
    tag = "Endpoints", security(("bearer" = ["admin"])),
    params(("delivery_id" = String, Path, description = "The `id` of the delivery.", format = "uuid", example = "01977d1a-0c4d-7b12-8e5f-3d4e5f607182")),
    responses((status = 202, description = "The delivery, which is on its way.", body = DeliveryDocument), (status = 409, description = "endpoint_disabled")))]
pub async fn retry_of_endpoint(
    caller: Caller,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Admin)?;
    let (endpoint, delivery) = path.into_inner();
    answer_retry(caller, request, Some(endpoint), delivery, body, state).await
}

/// Retries a delivery.
///
/// Has it tried again at once, whatever became of it.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/retry", operation_id = "retryDelivery", tag = "Endpoints",
    security(("bearer" = ["admin"])),
    responses((status = 202, description = "The delivery, which is on its way.", body = DeliveryDocument), (status = 409, description = "endpoint_disabled")))]
pub async fn retry(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Admin)?;
    answer_retry(caller, request, None, id.into_inner(), body, state).await
}

/// Retries a delivery, which must be of that endpoint where one is named.
async fn answer_retry(
    caller: Caller,
    request: HttpRequest,
    endpoint: Option<String>,
    delivery: String,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let (body, own) = (fields::bytes(body)?, state.clone());
    idempotent::answer(&state, &caller, &request, &body, move |_| async move {
        let id = DeliveryId::parse(&delivery).ok_or(Problem::NotFound)?;
        let found = own.store.delivery(id).await?;
        let of = found.map(|(of, _)| of.to_string());
        let is_it = |of: &String| endpoint.as_ref().is_none_or(|named| named == of);
        let of = of.filter(is_it).ok_or(Problem::NotFound)?;
        find_enabled(&own, &of).await?;
        let (store, now) = (&own.store, own.clock.now());
        if !store.retry_delivery(id, now).await? {
            return Err(Problem::EndpointDisabled);
        }
        let delivery = store.delivery(id).await?.ok_or(Problem::NotFound)?.1;
        Ok(Answer::accepted(&DeliveryDocument::from(delivery)))
    })
    .await
}
