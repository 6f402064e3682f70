//! `/api/v1/sessions`

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Answer;
use super::caller::Caller;
use super::fields::{self, Body, Fields};
use super::paging::{Page, PageQuery, Query};
use super::schemas::{FlowSchema, LanguageSchema, SessionStatusSchema, TokenSchema};
use super::session_document::SessionDocument;
use super::{idempotent, link_input};
use crate::domain::audit::Action;
use crate::domain::flow::Flow;
use crate::domain::id::{LinkId, SessionId};
use crate::domain::locale::Locale;
use crate::domain::scope::Scope;
use crate::domain::session::{Session, Status};
use crate::domain::token_options::TokenOptions;
use crate::lookup::{AskError, CALLS_A_MINUTE, Lookup, Seen};
use crate::redeem::{NotStarted, RETRY_SECONDS, Redeemer, Start, Started};
use crate::store::Store;
use crate::store::sessions::SessionFilter;
use crate::web::State;
use crate::web::problem::Problem;

/// Suggested pause while iDenfy does not answer, in seconds.
const IDENFY_RETRY_SECONDS: u32 = 10;

/// A session that was just started, with what is shown only now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StartedSession, examples(json!({
    "id": "01977d12-8a41-7b05-8c3e-0f9e8d7c6b5a",
    "link_id": null,
    "client_id": "customer-17",
    "scan_ref": "5f4dcc3b-5aa7-11f1-9a3c-0242ac120002",
    "external_ref": null,
    "flow": "document",
    "language": "de",
    "via": null,
    "status": "active",
    "final": false,
    "provisional": null,
    "fraud_tags": [],
    "mismatch_tags": [],
    "checks": {"auto_document": null, "auto_face": null, "manual_document": null, "manual_face": null},
    "created_at": "2027-01-15T12:00:00Z",
    "finished_at": null,
    "erased_at": null,
    "auth_token": "Wf9bXqT2JmZk7sR1",
    "redirect_url": "https://ui.idenfy.com/?authToken=Wf9bXqT2JmZk7sR1"
})))]
pub struct StartedDocument {
    #[serde(flatten)]
    #[schema(value_type = SessionDocument)]
    session: Session,
    /// iDenfy's token of the session, for its SDKs; shown only here.
    auth_token: String,
    /// Where to send the customer; shown only here.
    #[schema(format = "uri")]
    redirect_url: String,
}

/// What a session is made of; every field may be left out.
#[derive(Debug, ToSchema)]
#[schema(examples(json!({
    "flow": "document", "language": "de", "token": {"clientId": "customer-17", "documents": ["PASSPORT"]}
})))]
#[serde(deny_unknown_fields)]
pub struct NewSession {
    /// Left out: `document_and_selfie`.
    pub flow: Option<FlowSchema>,
    /// The language of iDenfy's pages. Left out: `en`.
    pub language: Option<LanguageSchema>,
    /// Left out, iDenfy's defaults hold and the session gets a random `clientId`. For the flow `selfie` it is required.
    pub token: Option<TokenSchema>,
}

/// Starts a session without a link.
///
/// iDenfy is asked at once. Send the customer to `redirect_url`, or hand `auth_token` to one of iDenfy's SDKs; both are
/// shown only in this answer.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/sessions", operation_id = "createSession", tag = "Sessions",
    request_body = Option<NewSession>, security(("bearer" = ["sessions"])),
    responses(
        (status = 201, description = "The session, with what is shown only now.", body = StartedDocument),
        (status = 409, description = "session_open"), (status = 503, description = "verification_unavailable")))]
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
    let store = caller.store(&state);
    idempotent::answer(&state, &caller, &request, &body, move |id| async move {
        let state = own;
        let mut fields = Fields::new(map?);
        let language = fields.text("language", Locale::parse).unwrap_or(Locale::EN);
        let (flow, token) = link_input::flow_and_token(&mut fields);
        let errors = fields.end();
        let (Some(flow), Some(token), true) = (flow, token, errors.is_empty()) else {
            return Err(Problem::invalid(errors));
        };
        let id = unused(&state, SessionId::new(id)).await?;
        let wanted = (flow, language, token);
        let started = begin(&state, &redeemer, &store, id, wanted).await?;
        answer_started(&state, started).await
    })
    .await
}

/// Starts a session without a link, in a task of its own, and notes who did.
///
/// # Errors
/// When the customer has one that is open, or iDenfy starts none.
pub async fn begin(
    state: &State,
    redeemer: &web::Data<Redeemer>,
    store: &Store,
    id: SessionId,
    (flow, language, token): (Flow, Locale, TokenOptions),
) -> Result<Started, Problem> {
    let redeemer = redeemer.clone();
    let task = state.spawn(async move {
        let start = Start {
            id: Some(id),
            link_id: None,
            unlimited: false,
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
    let started = match task.await.map_err(|_| Problem::Database(None))? {
        Err(NotStarted::Earlier(session)) => {
            return Err(Problem::SessionOpen(session.to_string()));
        }
        started => started?,
    };
    let (is_new, id) = (started.auth_token.is_some(), started.session_id);
    if is_new && let Err(error) = store.note_act(Action::SessionStarted, id).await {
        // It is started all the same, and its token is shown only now.
        tracing::error!(session = %id, "a session's start could not be noted: {error}");
    }
    Ok(started)
}

/// The name of the session to start: `id`, unless a request that died with its process started one of that name.
async fn unused(state: &State, id: SessionId) -> Result<SessionId, Problem> {
    let session = state.store.session(id).await?;
    match session.map(|session| session.status) {
        None => Ok(id),
        Some(Status::Failed) => Ok(SessionId::new(state.clock.uuid())),
        // Soon the sweep says what became of it.
        Some(Status::Starting) => Err(Problem::VerificationUnavailable(RETRY_SECONDS)),
        Some(_) => Err(Problem::SessionOpen(id.to_string())),
    }
}

async fn answer_started(state: &State, started: Started) -> Result<Answer, Problem> {
    let Some(auth_token) = started.auth_token else {
        return Err(Problem::SessionOpen(started.session_id.to_string()));
    };
    let session = find(state, started.session_id).await?;
    let location = format!("{}/api/v1/sessions/{}", state.public_url, session.id);
    let document = StartedDocument {
        session,
        auth_token: auth_token.expose().to_owned(),
        redirect_url: started.redirect_url,
    };
    Ok(Answer::created(location, &document))
}

/// What a list of sessions can be narrowed by.
pub(super) const FILTERS: [&str; 3] = ["status", "link_id", "client_id"];

/// Reads it.
pub(super) fn filter(query: &mut Query) -> SessionFilter {
    SessionFilter {
        status: query.take("status"),
        link_id: query.take_id("link_id", LinkId::parse),
        client_id: query.take("client_id"),
        ..SessionFilter::default()
    }
}

/// Lists sessions.
///
/// Newest first.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/sessions", operation_id = "listSessions", tag = "Sessions",
    security(("bearer" = ["read"])),
    params(
        ("status" = Option<SessionStatusSchema>, Query, description = "Only sessions of this status."),
        ("link_id" = Option<String>, Query, description = "Only sessions of this link.", format = "uuid"),
        ("client_id" = Option<String>, Query, description = "Only sessions of this customer.", max_length = 200, example = "customer-17"),
        PageQuery),
    responses((status = 200, description = "A page of sessions.", body = Page<SessionDocument>)))]
pub async fn list(
    caller: Caller,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let mut query = Query::read(&request, &FILTERS);
    let filter = filter(&mut query);
    let (limit, before) = query.page(SessionId::parse)?;
    let filter = SessionFilter {
        before,
        limit: limit + 1,
        ..filter
    };
    let sessions = state.store.sessions(&filter).await?;
    let page: Page<Session> = Page::new(sessions, limit, |session| session.id.to_string());
    Ok(Answer::ok(&page).respond())
}

/// Shows a session.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/sessions/{id}", operation_id = "getSession", tag = "Sessions",
    security(("bearer" = ["read"])), responses((status = 200, description = "The session.", body = SessionDocument)))]
pub async fn get(
    caller: Caller,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let session = find(&state, session_id(&id)?).await?;
    Ok(Answer::ok(&session).respond())
}

/// Asks iDenfy about a session now.
///
/// What it tells is applied as a webhook's result is, and raises the same events. Not needed as a rule: results come by
/// webhook, and where one was lost iDenfy is asked some time after the session must have ended.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/refresh", operation_id = "refreshSession", tag = "Sessions",
    security(("bearer" = ["sessions"])),
    responses(
        (status = 200, description = "The session as it is now.", body = SessionDocument),
        (status = 409, description = "nothing_to_ask"), (status = 429, description = "rate_limited"),
        (status = 503, description = "idenfy_unavailable")))]
pub async fn refresh(
    caller: Caller,
    id: web::Path<String>,
    request: HttpRequest,
    body: web::Bytes,
    state: web::Data<State>,
    redeemer: web::Data<Redeemer>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Sessions)?;
    let id = session_id(&id)?;
    let (shared, lookup) = (state.clone(), redeemer.lookup.clone());
    let make = move |_| async move { ask(&shared, &lookup, id).await };
    idempotent::answer(&state, &caller, &request, &body, make).await
}

async fn ask(state: &State, lookup: &Lookup, id: SessionId) -> Result<Answer, Problem> {
    let session = find(state, id).await?;
    if !lookup.has_room(CALLS_A_MINUTE) {
        return Err(Problem::RateLimited(lookup.seconds_left()));
    }
    match lookup.ask(&session).await {
        Ok(Seen::Over | Seen::Open) => {}
        Ok(Seen::Gone | Seen::NothingToAsk) => return Err(Problem::NothingToAsk),
        Err(AskError::Store(error)) => return Err(error.into()),
        Err(AskError::Idenfy(error)) => {
            tracing::warn!(session = %session.id, "iDenfy does not tell what became of a session: {error}");
            return Err(Problem::IdenfyUnavailable(IDENFY_RETRY_SECONDS));
        }
    }
    Ok(Answer::ok(&find(state, id).await?))
}

/// Erases a session's personal data.
///
/// The session and its verdict stay; `client_id`, `scan_ref` and `external_ref` become null and `erased_at` is set. iDenfy
/// is asked to delete what it holds of the session until it has; it refuses while the session's token can be opened and
/// while it works on it. A result that comes later is not taken any more.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}", operation_id = "eraseSession", tag = "Sessions",
    security(("bearer" = ["sessions"])), responses((status = 204, description = "Its personal data is erased.")))]
pub async fn delete(
    caller: Caller,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Sessions)?;
    if !caller
        .store(&state)
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
