//! `/api/v1/sessions`

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::answer::Answer;
use super::caller::Caller;
use super::fields::{self, Body, Fields};
use super::paging::{Page, Query};
use super::{idempotent, link_input};
use crate::domain::id::{LinkId, SessionId};
use crate::domain::locale::Locale;
use crate::domain::scope::Scope;
use crate::domain::session::{Checks, Session, Status};
use crate::domain::timestamp::Timestamp;
use crate::redeem::{Redeemer, Start, Started};
use crate::store::sessions::SessionFilter;
use crate::web::State;
use crate::web::problem::Problem;

/// A session.
#[derive(Debug, Serialize)]
pub struct SessionDocument {
    id: SessionId,
    link_id: Option<LinkId>,
    client_id: Option<String>,
    scan_ref: Option<String>,
    external_ref: Option<String>,
    flow: &'static str,
    language: &'static str,
    via: Option<String>,
    status: Status,
    #[serde(rename = "final")]
    is_final: bool,
    provisional: Option<Status>,
    fraud_tags: Vec<String>,
    mismatch_tags: Vec<String>,
    checks: Checks,
    created_at: Timestamp,
    finished_at: Option<Timestamp>,
    erased_at: Option<Timestamp>,
}

impl From<Session> for SessionDocument {
    fn from(session: Session) -> Self {
        Self {
            id: session.id,
            link_id: session.link_id,
            client_id: session.client_id,
            scan_ref: session.scan_ref,
            external_ref: session.external_ref.map(|text| text.as_str().to_owned()),
            flow: session.flow.as_str(),
            language: session.language.as_str(),
            via: session.via.map(|text| text.as_str().to_owned()),
            status: session.status,
            is_final: session.is_final,
            provisional: session.provisional,
            fraud_tags: session.fraud_tags,
            mismatch_tags: session.mismatch_tags,
            checks: session.checks,
            created_at: session.created_at,
            finished_at: session.finished_at,
            erased_at: session.erased_at,
        }
    }
}

/// A session that was just started, with what is shown only now.
#[derive(Debug, Serialize)]
pub struct StartedDocument {
    #[serde(flatten)]
    session: SessionDocument,
    auth_token: String,
    redirect_url: String,
}

/// Starts a session without a link.
///
/// # Errors
/// As the contract has it.
pub async fn create(
    caller: Caller,
    request: HttpRequest,
    body: Body,
    state: web::Data<State>,
    redeemer: web::Data<Redeemer>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Sessions)?;
    let body = fields::bytes(body)?;
    let (map, own) = (fields::object(&request, &body, true), state.clone());
    idempotent::answer(&state, &caller, &request, &body, move |_| async move {
        let state = own;
        let mut fields = Fields::new(map?);
        let language = fields.text("language", Locale::parse).unwrap_or(Locale::EN);
        let (flow, token) = link_input::flow_and_token(&mut fields);
        let errors = fields.end();
        let (Some(flow), Some(token), true) = (flow, token, errors.is_empty()) else {
            return Err(Problem::invalid(errors));
        };
        let redeemer = redeemer.clone();
        let task = state.spawn(async move {
            let start = Start {
                link_id: None,
                flow,
                language,
                token: &token,
                via: None,
                external_ref: None,
                nonce: None,
                resume: false,
            };
            redeemer.start(&start).await
        });
        let started = task.await.map_err(|_| Problem::Database)??;
        answer_started(&state, started).await
    })
    .await
}

async fn answer_started(state: &State, started: Started) -> Result<Answer, Problem> {
    let Some(auth_token) = started.auth_token else {
        return Err(Problem::SessionOpen(started.session_id.to_string()));
    };
    let session = find(state, started.session_id).await?;
    let location = format!("{}/api/v1/sessions/{}", state.public_url, session.id);
    let document = StartedDocument {
        session: session.into(),
        auth_token: auth_token.expose().to_owned(),
        redirect_url: started.redirect_url,
    };
    Ok(Answer::created(location, &document))
}

/// Lists sessions.
///
/// # Errors
/// As the contract has it.
pub async fn list(
    caller: Caller,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let mut query = Query::read(&request, &["status", "link_id", "client_id"]);
    let (status, client_id) = (query.take("status"), query.take("client_id"));
    let link_id = query.take_id("link_id", LinkId::parse);
    let (limit, before) = query.page(SessionId::parse)?;
    let filter = SessionFilter {
        status,
        link_id,
        client_id,
        before,
        limit: limit + 1,
    };
    let sessions = state.store.sessions(&filter).await?;
    let page: Page<SessionDocument> = Page::new(sessions, limit, |session| session.id.to_string());
    Ok(Answer::ok(&page).respond())
}

/// Shows a session.
///
/// # Errors
/// As the contract has it.
pub async fn get(
    caller: Caller,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let document: SessionDocument = find(&state, session_id(&id)?).await?.into();
    Ok(Answer::ok(&document).respond())
}

/// Erases the personal data of a session.
///
/// # Errors
/// As the contract has it.
pub async fn delete(
    caller: Caller,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Sessions)?;
    if !state
        .store
        .erase_session(session_id(&id)?, state.clock.now())
        .await?
    {
        return Err(Problem::NotFound);
    }
    Ok(Answer::done().respond())
}

async fn find(state: &State, id: SessionId) -> Result<Session, Problem> {
    state.store.session(id).await?.ok_or(Problem::NotFound)
}

fn session_id(text: &str) -> Result<SessionId, Problem> {
    SessionId::parse(text).ok_or(Problem::NotFound)
}
