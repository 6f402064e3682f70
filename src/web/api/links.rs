//! `/api/v1/links`

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::answer::Answer;
use super::caller::Caller;
use super::fields::{self, Body, Fields};
pub use super::link_document::{LinkDocument, MadeLink};
use super::link_input::NewLink;
use super::paging::{Page, PageQuery, Query};
use super::presets_known::Presets;
use super::schemas::{LinkStatusSchema, SessionStatusSchema};
use super::session_document::SessionDocument;
use super::{idempotent, link_input};
use crate::domain::id::{LinkId, SessionId};
use crate::domain::link::{Link, LinkStatus, parse_inactive_message, parse_name};
use crate::domain::scope::Scope;
use crate::domain::session::Session;
use crate::domain::slug::Slug;
use crate::store::Store;
use crate::store::links::{Activated, LinkFilter};
use crate::store::sessions::SessionFilter;
use crate::web::State;
use crate::web::problem::Problem;

/// What a link can be changed in; a field left out stays as it is.
#[derive(Debug, ToSchema)]
#[schema(examples(json!({"name": "Berlin fair 2027, hall 4", "inactive_message": "The fair is over."})))]
#[serde(deny_unknown_fields)]
pub struct LinkPatch {
    /// What your people call it.
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    pub name: Option<String>,
    /// Words for visitors who come when the link is over, in plain text with new lines; null takes them away.
    #[schema(min_length = 1, max_length = 500)]
    pub inactive_message: Option<String>,
}

/// Makes a link.
///
/// Usage limit, expiry, slug, language, flow and `token` are fixed from then on: a link cannot be extended or
/// refreshed, so make a new one instead. Share the `url` of the answer; every click on it starts a session until the
/// uses are spent, and a click that could not start one gives its use back.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/links", operation_id = "createLink", tag = "Links",
    request_body = NewLink, security(("bearer" = ["links"])),
    responses((status = 201, description = "The link; a signed one with its secret, which is shown only now.", body = MadeLink), (status = 409, description = "slug_taken")))]
pub async fn create(
    caller: Caller,
    request: HttpRequest,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    let body = fields::bytes(body)?;
    let (map, own) = (fields::object(&request, &body, false), state.clone());
    let store = caller.store(&state);
    idempotent::answer(&state, &caller, &request, &body, move |id| async move {
        let state = own;
        let map = map?;
        let presets = Presets::named_in(&state.store, &map).await?;
        let link = link_input::parse(LinkId::new(id), map, &presets, state.clock.now())
            .map_err(Problem::invalid)?;
        // Only after a process died between making the link and keeping its answer is there one already.
        let link = match state.store.link(link.terms.id).await? {
            Some(made) => made,
            None => insert(&store, link).await?,
        };
        let location = format!("{}/api/v1/links/{}", state.public_url, link.terms.id);
        let made = document(&state, &link).made(&link);
        Ok(Answer::created(location, &made))
    })
    .await
}

async fn insert(store: &Store, link: Link) -> Result<Link, Problem> {
    match store.insert_links(std::slice::from_ref(&link)).await? {
        Ok(()) => Ok(link),
        Err(_) => Err(Problem::SlugTaken("slug".to_owned())),
    }
}

/// What a list of links can be narrowed by.
pub(super) const FILTERS: [&str; 3] = ["status", "q", "slug"];

/// Reads it; `None`: no link can be what is wanted.
pub(super) fn filter(query: &mut Query) -> Option<LinkFilter> {
    let (status, text, slug) = (query.take("status"), query.take("q"), query.take("slug"));
    let status = match status {
        Some(name) => Some(LinkStatus::ALL.into_iter().find(|s| s.as_str() == name)?),
        None => None,
    };
    if let Some(slug) = &slug {
        Slug::lookup(slug)?;
    }
    Some(LinkFilter {
        status,
        text,
        slug,
        ..LinkFilter::default()
    })
}

/// Lists links.
///
/// Newest first, deleted ones left out.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/links", operation_id = "listLinks", tag = "Links",
    security(("bearer" = ["read"])),
    params(
        ("status" = Option<LinkStatusSchema>, Query, description = "Only links of this status. A status that no link can have gives an empty list."),
        ("q" = Option<String>, Query, description = "Only links with this text in name or slug, in any case.", max_length = 200, example = "berlin"),
        ("slug" = Option<String>, Query, description = "Only the link with this slug, in any case.", max_length = 200),
        PageQuery),
    responses((status = 200, description = "A page of links.", body = Page<LinkDocument>)))]
pub async fn list(
    caller: Caller,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let mut query = Query::read(&request, &FILTERS);
    let filter = filter(&mut query);
    let (limit, before) = query.page(LinkId::parse)?;
    let links = if let Some(mut filter) = filter {
        (filter.before, filter.limit) = (before, limit + 1);
        state.store.links(&filter, state.clock.now()).await?
    } else {
        Vec::new()
    };
    let documents: Vec<LinkDocument> = links.iter().map(|l| document(&state, l)).collect();
    let page: Page<LinkDocument> = Page::new(documents, limit, |link| link.id().to_string());
    Ok(Answer::ok(&page).respond())
}

/// Shows a link.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/links/{id}", operation_id = "getLink", tag = "Links",
    security(("bearer" = ["read"])), responses((status = 200, description = "The link.", body = LinkDocument)))]
pub async fn get(
    caller: Caller,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    Ok(show(&state, link_id(&id)?).await?.respond())
}

/// Changes a link's name and message.
///
/// Nothing else can be changed: any other field is refused, and for `usage` and `expires_at` the answer says that links
/// cannot be extended or refreshed.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(patch, path = "/api/v1/links/{id}", operation_id = "updateLink", tag = "Links",
    request_body = LinkPatch, security(("bearer" = ["links"])),
    responses((status = 200, description = "The link as it is now.", body = LinkDocument)))]
pub async fn patch(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    let body = fields::bytes(body)?;
    let map = fields::object(&request, &body, false)?;
    let id = link_id(&id)?;
    let clears_message = map.get("inactive_message").is_some_and(Value::is_null);
    let mut fixed = Vec::new();
    let mut changes = Map::new();
    for (name, value) in map {
        match name.as_str() {
            "inactive_message" => drop(changes.insert(name, value)),
            "name" if !value.is_null() => drop(changes.insert(name, value)),
            _ => fixed.push(name),
        }
    }
    let mut fields = Fields::new(changes);
    for name in fixed {
        let why = match name.as_str() {
            "name" => "must be a string",
            "usage" | "expires_at" => "cannot be changed: links cannot be extended or refreshed",
            "slug" | "language" | "flow" | "confirm" | "resume" | "accept_ref" | "signed"
            | "token" => "is fixed when the link is made",
            _ => "unknown field",
        };
        fields.errors.push(name, why);
    }
    let name = fields.text("name", parse_name);
    let message = fields.text("inactive_message", parse_inactive_message);
    let errors = fields.end();
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let message = if clears_message {
        Some(None)
    } else {
        message.as_deref().map(Some)
    };
    if !caller
        .store(&state)
        .update_link(id, name.as_deref(), message)
        .await?
    {
        return Err(Problem::NotFound);
    }
    Ok(show(&state, id).await?.respond())
}

/// Switches a link off.
///
/// Its URL answers 410 until it is switched on again; sessions that were started go on.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/links/{id}/deactivate", operation_id = "deactivateLink", tag = "Links",
    security(("bearer" = ["links"])), responses((status = 200, description = "The link as it is now.", body = LinkDocument)))]
pub async fn deactivate(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    let (id, body, own) = (link_id(&id)?, fields::bytes(body)?, state.clone());
    let store = caller.store(&state);
    idempotent::answer(&state, &caller, &request, &body, move |_| async move {
        if !store.deactivate_link(id, own.clock.now()).await? {
            return Err(Problem::NotFound);
        }
        show(&own, id).await
    })
    .await
}

/// Switches a link on.
///
/// What was used stays used. A link that is expired or exhausted stays so.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/links/{id}/activate", operation_id = "activateLink", tag = "Links",
    security(("bearer" = ["links"])),
    responses((status = 200, description = "The link as it is now.", body = LinkDocument), (status = 409, description = "link_over")))]
pub async fn activate(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    let (id, body, own) = (link_id(&id)?, fields::bytes(body)?, state.clone());
    let store = caller.store(&state);
    idempotent::answer(&state, &caller, &request, &body, move |_| async move {
        match store.activate_link(id, own.clock.now()).await? {
            Activated::Done => show(&own, id).await,
            Activated::Over => Err(Problem::LinkOver),
            Activated::NotFound => Err(Problem::NotFound),
        }
    })
    .await
}

/// Deletes a link.
///
/// Its URL answers 410 from then on, and its slug is never given out again. Its sessions stay.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(delete, path = "/api/v1/links/{id}", operation_id = "deleteLink", tag = "Links",
    security(("bearer" = ["links"])), responses((status = 204, description = "It is gone.")))]
pub async fn delete(
    caller: Caller,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    if !caller
        .store(&state)
        .delete_link(link_id(&id)?, state.clock.now())
        .await?
    {
        return Err(Problem::NotFound);
    }
    Ok(Answer::done().respond())
}

/// Lists a link's sessions.
///
/// Newest first: one for every click for which iDenfy was asked for a session, also where it could start none (`failed`).
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/links/{id}/sessions", operation_id = "listLinkSessions", tag = "Links",
    security(("bearer" = ["read"])),
    params(("status" = Option<SessionStatusSchema>, Query, description = "Only sessions of this status."), PageQuery),
    responses((status = 200, description = "A page of sessions.", body = Page<SessionDocument>)))]
pub async fn sessions(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let id = link_id(&id)?;
    let mut query = Query::read(&request, &["status"]);
    let status = query.take("status");
    let (limit, before) = query.page(SessionId::parse)?;
    if state.store.link(id).await?.is_none() {
        return Err(Problem::NotFound);
    }
    let filter = SessionFilter {
        status,
        link_id: Some(id),
        before,
        limit: limit + 1,
        ..SessionFilter::default()
    };
    let sessions = state.store.sessions(&filter).await?;
    let page: Page<Session> = Page::new(sessions, limit, |session| session.id.to_string());
    Ok(Answer::ok(&page).respond())
}

async fn show(state: &State, id: LinkId) -> Result<Answer, Problem> {
    let link = state.store.link(id).await?.ok_or(Problem::NotFound)?;
    Ok(Answer::ok(&document(state, &link)))
}

pub(super) fn document(state: &State, link: &Link) -> LinkDocument {
    LinkDocument::new(link, state.url_of(&link.terms.slug), state.clock.now())
}

pub(super) fn link_id(text: &str) -> Result<LinkId, Problem> {
    LinkId::parse(text).ok_or(Problem::NotFound)
}
