//! `/api/v1/links.csv` and `/api/v1/sessions.csv`

use actix_web::{HttpRequest, HttpResponse, web};

use super::caller::Caller;
use super::csv::{self, Row, cell};
use super::paging::Query;
use super::schemas::{LinkStatusSchema, SessionStatusSchema};
use super::{links, sessions};
use crate::domain::channel::{ExternalRef, Via};
use crate::domain::link::Link;
use crate::domain::locale::Locale;
use crate::domain::scope::Scope;
use crate::domain::session::{Session, Status};
use crate::store::sessions::SessionFilter;
use crate::web::State;
use crate::web::problem::Problem;

const LINK_COLUMNS: [&str; 19] = [
    "id",
    "slug",
    "url",
    "name",
    "usage",
    "limit",
    "used",
    "remaining",
    "expires_at",
    "language",
    "flow",
    "confirm",
    "resume",
    "accept_ref",
    "signed",
    "inactive_message",
    "status",
    "created_at",
    "last_used_at",
];

const SESSION_COLUMNS: [&str; 20] = [
    "id",
    "link_id",
    "client_id",
    "scan_ref",
    "external_ref",
    "flow",
    "language",
    "via",
    "status",
    "final",
    "provisional",
    "fraud_tags",
    "mismatch_tags",
    "auto_document",
    "auto_face",
    "manual_document",
    "manual_face",
    "created_at",
    "finished_at",
    "erased_at",
];

/// Exports links as CSV.
///
/// A row a link, newest first, of any number; the filters are those of the list. RFC 4180 in UTF-8 with a header. An empty cell
/// is null. A cell that a spreadsheet would take for a formula, as it begins with one of `=`, `+`, `-`, `@`, a tab or a carriage
/// return, gets an apostrophe before it. Should the gateway fail in the middle, the answer breaks off without its end.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/links.csv", operation_id = "exportLinks", tag = "Links",
    security(("bearer" = ["read"])),
    params(
        ("status" = Option<LinkStatusSchema>, Query, description = "Only links of this status."),
        ("q" = Option<String>, Query, description = "Only links with this text in name or slug, in any case.", max_length = 200, example = "berlin"),
        ("slug" = Option<String>, Query, description = "Only the link with this slug, in any case.", max_length = 200)),
    responses((status = 200, description = "The table.", body = String, content_type = "text/csv")))]
pub async fn export_links(
    caller: Caller,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let mut query = Query::read_only(&request, &links::FILTERS);
    let filter = links::filter(&mut query);
    query.end()?;
    csv::answer(&request, "links.csv", &LINK_COLUMNS, move |before| {
        let (state, filter) = (state.clone(), filter.clone());
        async move {
            let Some(mut filter) = filter else {
                return Ok((Vec::new(), None));
            };
            (filter.before, filter.limit) = (before, csv::PAGE);
            let links = state.store.links(&filter, state.clock.now()).await?;
            let last = links.last().map(|link| link.terms.id);
            let rows = links.iter().map(|link| link_row(&state, link)).collect();
            Ok((rows, last))
        }
    })
    .await
}

/// Exports sessions as CSV.
///
/// A row a session, newest first, of any number; the filters are those of the list. Several tags in one cell are parted by `|`.
/// For the rest it is as with links.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/sessions.csv", operation_id = "exportSessions", tag = "Sessions",
    security(("bearer" = ["read"])),
    params(
        ("status" = Option<SessionStatusSchema>, Query, description = "Only sessions of this status."),
        ("link_id" = Option<String>, Query, description = "Only sessions of this link.", format = "uuid"),
        ("client_id" = Option<String>, Query, description = "Only sessions of this customer.", max_length = 200, example = "customer-17")),
    responses((status = 200, description = "The table.", body = String, content_type = "text/csv")))]
pub async fn export_sessions(
    caller: Caller,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let mut query = Query::read_only(&request, &sessions::FILTERS);
    let filter = sessions::filter(&mut query);
    query.end()?;
    sessions_csv(&request, &state, filter).await
}

/// Sessions as CSV, as many as pass the filter.
///
/// # Errors
/// When the database does not answer.
pub async fn sessions_csv(
    request: &HttpRequest,
    state: &web::Data<State>,
    filter: SessionFilter,
) -> Result<HttpResponse, Problem> {
    let state = state.clone();
    csv::answer(request, "sessions.csv", &SESSION_COLUMNS, move |before| {
        let (state, mut filter) = (state.clone(), filter.clone());
        async move {
            (filter.before, filter.limit) = (before, csv::PAGE);
            let sessions = state.store.sessions(&filter).await?;
            let last = sessions.last().map(|session| session.id);
            Ok((sessions.iter().map(session_row).collect(), last))
        }
    })
    .await
}

fn link_row(state: &State, link: &Link) -> Row {
    let terms = &link.terms;
    vec![
        terms.id.to_string(),
        terms.slug.as_str().to_owned(),
        state.url_of(&terms.slug),
        link.name.clone(),
        terms.usage.kind().to_owned(),
        cell(terms.usage.limit()),
        link.used.to_string(),
        cell(link.remaining()),
        cell(terms.expires_at),
        cell(terms.language.map(Locale::as_str)),
        terms.flow.as_str().to_owned(),
        terms.confirm.to_string(),
        terms.resume.to_string(),
        terms.accept_ref.to_string(),
        terms.signed.to_string(),
        cell(link.inactive_message.as_ref()),
        link.status(state.clock.now()).as_str().to_owned(),
        terms.created_at.to_string(),
        cell(link.last_used_at),
    ]
}

fn session_row(session: &Session) -> Row {
    let checks = &session.checks;
    vec![
        session.id.to_string(),
        cell(session.link_id),
        cell(session.client_id.as_ref()),
        cell(session.scan_ref.as_ref()),
        cell(session.external_ref.as_ref().map(ExternalRef::as_str)),
        session.flow.as_str().to_owned(),
        session.language.as_str().to_owned(),
        cell(session.via.as_ref().map(Via::as_str)),
        session.status.as_str().to_owned(),
        session.is_final.to_string(),
        cell(session.provisional.as_ref().map(Status::as_str)),
        session.fraud_tags.join("|"),
        session.mismatch_tags.join("|"),
        cell(checks.auto_document.as_ref()),
        cell(checks.auto_face.as_ref()),
        cell(checks.manual_document.as_ref()),
        cell(checks.manual_face.as_ref()),
        session.created_at.to_string(),
        cell(session.finished_at),
        cell(session.erased_at),
    ]
}
