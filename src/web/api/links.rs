//! `/api/v1/links`

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::{Map, Value};

use super::answer::Answer;
use super::caller::Caller;
use super::fields::{self, Body, Fields};
use super::paging::{Page, Query};
use super::sessions::SessionDocument;
use super::{idempotent, link_input};
use crate::domain::id::{LinkId, SessionId};
use crate::domain::link::{Link, LinkStatus, parse_inactive_message, parse_name};
use crate::domain::scope::Scope;
use crate::domain::slug::Slug;
use crate::domain::timestamp::Timestamp;
use crate::store::links::{Activated, LinkFilter};
use crate::store::sessions::SessionFilter;
use crate::web::State;
use crate::web::problem::Problem;

/// How often a link may be used, and was.
#[derive(Debug, Serialize)]
pub struct UsageDocument {
    #[serde(rename = "type")]
    kind: &'static str,
    limit: Option<i64>,
    used: i64,
    remaining: Option<i64>,
}

/// A link.
#[derive(Debug, Serialize)]
pub struct LinkDocument {
    id: LinkId,
    slug: String,
    url: String,
    name: String,
    usage: UsageDocument,
    expires_at: Option<Timestamp>,
    language: Option<&'static str>,
    flow: &'static str,
    confirm: bool,
    resume: bool,
    accept_ref: bool,
    inactive_message: Option<String>,
    token: Map<String, Value>,
    status: LinkStatus,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
}

impl LinkDocument {
    /// A link as it stands at `now`, with its `url`.
    #[must_use]
    pub fn new(link: &Link, url: String, now: Timestamp) -> Self {
        let terms = &link.terms;
        Self {
            id: terms.id,
            slug: terms.slug.as_str().to_owned(),
            url,
            name: link.name.clone(),
            usage: UsageDocument {
                kind: terms.usage.kind(),
                limit: terms.usage.limit(),
                used: link.used,
                remaining: link.remaining(),
            },
            expires_at: terms.expires_at,
            language: terms.language.map(crate::domain::locale::Locale::as_str),
            flow: terms.flow.as_str(),
            confirm: terms.confirm,
            resume: terms.resume,
            accept_ref: terms.accept_ref,
            inactive_message: link.inactive_message.clone(),
            token: terms.token.as_map().clone(),
            status: link.status(now),
            created_at: terms.created_at,
            last_used_at: link.last_used_at,
        }
    }

    fn of(state: &State, link: &Link) -> Self {
        Self::new(link, state.url_of(&link.terms.slug), state.clock.now())
    }
}

/// Makes a link.
///
/// # Errors
/// As the contract has it.
pub async fn create(
    caller: Caller,
    request: HttpRequest,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    let body = fields::bytes(body)?;
    let (map, own) = (fields::object(&request, &body, false), state.clone());
    idempotent::answer(&state, &caller, &request, &body, move |id| async move {
        let state = own;
        let link = link_input::parse(LinkId::new(id), map?, state.clock.now())
            .map_err(Problem::invalid)?;
        // Only after a process died between making the link and keeping its answer is there one already.
        let link = match state.store.link(link.terms.id).await? {
            Some(made) => made,
            None => insert(&state, link).await?,
        };
        let location = format!("{}/api/v1/links/{}", state.public_url, link.terms.id);
        Ok(Answer::created(location, &LinkDocument::of(&state, &link)))
    })
    .await
}

async fn insert(state: &State, link: Link) -> Result<Link, Problem> {
    match state
        .store
        .insert_links(std::slice::from_ref(&link))
        .await?
    {
        Ok(()) => Ok(link),
        Err(_) => Err(Problem::SlugTaken("slug".to_owned())),
    }
}

/// Lists links.
///
/// # Errors
/// As the contract has it.
pub async fn list(
    caller: Caller,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let mut query = Query::read(&request, &["status", "q", "slug"]);
    let (status, text, slug) = (query.take("status"), query.take("q"), query.take("slug"));
    let (limit, before) = query.page(LinkId::parse)?;
    let wanted = status
        .as_deref()
        .map(|name| LinkStatus::ALL.into_iter().find(|s| s.as_str() == name));
    let nobody_has_it =
        wanted == Some(None) || slug.as_deref().is_some_and(|s| Slug::lookup(s).is_none());
    let links = if nobody_has_it {
        Vec::new()
    } else {
        let filter = LinkFilter {
            status: wanted.flatten(),
            text,
            slug,
            before,
            limit: limit + 1,
        };
        state.store.links(&filter, state.clock.now()).await?
    };
    let documents: Vec<LinkDocument> = links.iter().map(|l| LinkDocument::of(&state, l)).collect();
    let page: Page<LinkDocument> = Page::new(documents, limit, |link| link.id.to_string());
    Ok(Answer::ok(&page).respond())
}

/// Shows a link.
///
/// # Errors
/// As the contract has it.
pub async fn get(
    caller: Caller,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    Ok(show(&state, link_id(&id)?).await?.respond())
}

/// Changes name and message of a link; nothing else can be changed.
///
/// # Errors
/// As the contract has it.
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
            "slug" | "language" | "flow" | "confirm" | "resume" | "accept_ref" | "token" => {
                "is fixed when the link is made"
            }
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
    if !state
        .store
        .update_link(id, name.as_deref(), message)
        .await?
    {
        return Err(Problem::NotFound);
    }
    Ok(show(&state, id).await?.respond())
}

/// Switches a link off.
///
/// # Errors
/// As the contract has it.
pub async fn deactivate(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    let (id, body, own) = (link_id(&id)?, fields::bytes(body)?, state.clone());
    idempotent::answer(&state, &caller, &request, &body, move |_| async move {
        if !own.store.deactivate_link(id, own.clock.now()).await? {
            return Err(Problem::NotFound);
        }
        show(&own, id).await
    })
    .await
}

/// Switches a link on.
///
/// # Errors
/// As the contract has it.
pub async fn activate(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    let (id, body, own) = (link_id(&id)?, fields::bytes(body)?, state.clone());
    idempotent::answer(&state, &caller, &request, &body, move |_| async move {
        match own.store.activate_link(id, own.clock.now()).await? {
            Activated::Done => show(&own, id).await,
            Activated::Over => Err(Problem::LinkOver),
            Activated::NotFound => Err(Problem::NotFound),
        }
    })
    .await
}

/// Deletes a link.
///
/// # Errors
/// As the contract has it.
pub async fn delete(
    caller: Caller,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    if !state
        .store
        .delete_link(link_id(&id)?, state.clock.now())
        .await?
    {
        return Err(Problem::NotFound);
    }
    Ok(Answer::done().respond())
}

/// Lists a link's sessions.
///
/// # Errors
/// As the contract has it.
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
        client_id: None,
        before,
        limit: limit + 1,
    };
    let sessions = state.store.sessions(&filter).await?;
    let page: Page<SessionDocument> = Page::new(sessions, limit, |session| session.id.to_string());
    Ok(Answer::ok(&page).respond())
}

async fn show(state: &State, id: LinkId) -> Result<Answer, Problem> {
    let link = state.store.link(id).await?.ok_or(Problem::NotFound)?;
    Ok(Answer::ok(&LinkDocument::of(state, &link)))
}

fn link_id(text: &str) -> Result<LinkId, Problem> {
    LinkId::parse(text).ok_or(Problem::NotFound)
}
