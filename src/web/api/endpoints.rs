//! `/api/v1/endpoints`

use actix_web::{HttpRequest, HttpResponse, web};

use super::answer::Answer;
use super::caller::Caller;
use super::endpoint_document::{self, EndpointDocument, MadeDocument, NewEndpoint, TestDocument};
use super::fields::{self, Body, Fields};
use super::idempotent;
use super::paging::{Page, PageQuery, Query};
use crate::domain::event::EventType;
use crate::domain::id::{EndpointId, EventId};
use crate::domain::scope::Scope;
use crate::domain::timestamp::Timestamp;
use crate::store::endpoints::Endpoint;
use crate::store::events::{NewEvent, Subject};
use crate::web::State;
use crate::web::problem::Problem;
use crate::webhooks::signature;

/// Makes an endpoint.
///
/// Each event it asked for is sent to it by POST, signed as the Standard Webhooks convention has it, and
/// tried again with growing pauses for three days until it answers 2xx. The secret is in this answer alone.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/endpoints", operation_id = "createEndpoint", tag = "Endpoints",
    request_body = NewEndpoint, security(("bearer" = ["admin"])),
    responses((status = 201, description = "The endpoint, with its secret, which is shown only now.", body = MadeDocument)))]
pub async fn create(
    caller: Caller,
    request: HttpRequest,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Admin)?;
    let body = fields::bytes(body)?;
    let (map, own) = (fields::object(&request, &body, false), state.clone());
    let store = caller.store(&state);
    idempotent::answer(&state, &caller, &request, &body, move |id| async move {
        let (state, id) = (own, EndpointId::new(id));
        let endpoint =
            endpoint_document::read(&state, id, Fields::new(map?)).map_err(Problem::invalid)?;
        // Only after a process died between making it and keeping the answer is there one already, whose secret nobody
        // has seen.
        if store.endpoint(id).await?.is_some() {
            let now = state.clock.now();
            store.rotate_endpoint(id, &endpoint.secret, now).await?;
        } else {
            store.insert_endpoint(&endpoint).await?;
        }
        let location = format!("{}/api/v1/endpoints/{id}", state.public_url);
        Ok(Answer::created(location, &MadeDocument::from(endpoint)))
    })
    .await
}

/// Lists endpoints.
///
/// Newest first, deleted ones left out.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/endpoints", operation_id = "listEndpoints", tag = "Endpoints",
    security(("bearer" = ["admin"])), params(PageQuery),
    responses((status = 200, description = "A page of endpoints.", body = Page<EndpointDocument>)))]
pub async fn list(
    caller: Caller,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Admin)?;
    let (limit, before) = Query::read(&request, &[]).page(EndpointId::parse)?;
    let endpoints = state.store.endpoints(before, limit + 1).await?;
    let page: Page<EndpointDocument> = Page::new(endpoints, limit, |one| one.id.to_string());
    Ok(Answer::ok(&page).respond())
}

/// Shows an endpoint.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/endpoints/{id}", operation_id = "getEndpoint", tag = "Endpoints",
    security(("bearer" = ["admin"])),
    responses((status = 200, description = "The endpoint, without its secret.", body = EndpointDocument)))]
pub async fn get(
    caller: Caller,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Admin)?;
    let endpoint = find(&state, &id).await?;
    Ok(Answer::ok(&EndpointDocument::from(endpoint)).respond())
}

/// Deletes an endpoint.
///
/// Nothing is sent to it from then on; what was not delivered is given up.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(delete, path = "/api/v1/endpoints/{id}", operation_id = "deleteEndpoint", tag = "Endpoints",
    security(("bearer" = ["admin"])), responses((status = 204, description = "It is deleted.")))]
pub async fn delete(
    caller: Caller,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Admin)?;
    let (id, now) = (endpoint_id(&id)?, state.clock.now());
    if !caller.store(&state).delete_endpoint(id, now).await? {
        return Err(Problem::NotFound);
    }
    Ok(Answer::done().respond())
}

/// Gives an endpoint a new secret.
///
/// For 24 hours what is sent is signed with the one before too: `webhook-signature` then has two signatures, parted by a
/// space.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/endpoints/{id}/rotate", operation_id = "rotateEndpoint", tag = "Endpoints",
    security(("bearer" = ["admin"])),
    responses((status = 200, description = "The endpoint, with its new secret, which is shown only now.", body = MadeDocument)))]
pub async fn rotate(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Admin)?;
    let (body, own) = (fields::bytes(body)?, state.clone());
    let store = caller.store(&state);
    idempotent::answer(&state, &caller, &request, &body, move |_| async move {
        let endpoint = Endpoint {
            secret: signature::new_secret(),
            ..find(&own, &id).await?
        };
        let now = own.clock.now();
        let rotated = store.rotate_endpoint(endpoint.id, &endpoint.secret, now);
        if !rotated.await? {
            return Err(Problem::NotFound);
        }
        Ok(Answer::ok(&MadeDocument::from(endpoint)))
    })
    .await
}

/// Switches an endpoint on again.
///
/// What happened while it was off is sent then, up to a week back. What was given up stays so: see `…/retry`.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/endpoints/{id}/enable", operation_id = "enableEndpoint", tag = "Endpoints",
    security(("bearer" = ["admin"])),
    responses((status = 200, description = "The endpoint as it is now.", body = EndpointDocument)))]
pub async fn enable(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Admin)?;
    let (body, own) = (fields::bytes(body)?, state.clone());
    let store = caller.store(&state);
    idempotent::answer(&state, &caller, &request, &body, move |_| async move {
        store.enable_endpoint(endpoint_id(&id)?).await?;
        let endpoint = find(&own, &id).await?;
        Ok(Answer::ok(&EndpointDocument::from(endpoint)))
    })
    .await
}

/// Sends a test.
///
/// An event of the type `endpoint.test` is sent to this endpoint alone, whatever it asked for.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/endpoints/{id}/test", operation_id = "testEndpoint", tag = "Endpoints",
    security(("bearer" = ["admin"])),
    responses((status = 202, description = "It is on its way.", body = TestDocument), (status = 409, description = "endpoint_disabled")))]
pub async fn test(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Admin)?;
    let (body, own) = (fields::bytes(body)?, state.clone());
    idempotent::answer(&state, &caller, &request, &body, move |fresh| async move {
        let endpoint = find_enabled(&own, &id).await?;
        let event = test_event(endpoint.id, EventId::new(fresh), own.clock.now());
        own.store.raise(std::slice::from_ref(&event)).await?;
        Ok(Answer::accepted(&TestDocument { event_id: event.id }))
    })
    .await
}

/// What tries an endpoint.
#[must_use]
pub fn test_event(endpoint: EndpointId, id: EventId, at: Timestamp) -> NewEvent {
    NewEvent {
        id,
        kind: EventType::EndpointTest,
        at,
        subject: Subject::Endpoint(endpoint),
        shown: None,
    }
}

pub(super) async fn find(state: &State, id: &str) -> Result<Endpoint, Problem> {
    let endpoint = state.store.endpoint(endpoint_id(id)?).await?;
    endpoint.ok_or(Problem::NotFound)
}

pub(super) async fn find_enabled(state: &State, id: &str) -> Result<Endpoint, Problem> {
    let endpoint = find(state, id).await?;
    if endpoint.disabled.is_some() {
        return Err(Problem::EndpointDisabled);
    }
    Ok(endpoint)
}

fn endpoint_id(text: &str) -> Result<EndpointId, Problem> {
    EndpointId::parse(text).ok_or(Problem::NotFound)
}
