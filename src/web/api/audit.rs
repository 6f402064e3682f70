//! `/api/v1/audit`

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Answer;
use super::caller::Caller;
use super::csv::{self, Row, cell};
use super::paging::{Page, PageQuery, Query};
use crate::domain::id::AuditId;
use crate::domain::scope::Scope;
use crate::domain::timestamp::Timestamp;
use crate::store::audit::{AuditFilter, AuditLine};
use crate::web::State;
use crate::web::problem::Problem;

/// Who acted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Actor)]
pub struct ActorDocument {
    /// `key` (a program), `person`, `command` (the command line) or `system` (the gateway by itself).
    #[schema(examples("key"))]
    kind: String,
    /// The id of the key or the person; null for the others.
    #[schema(required)]
    id: Option<String>,
    /// What the key or the person was called then.
    #[schema(required)]
    name: Option<String>,
}

/// What was acted on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ActedOn)]
pub struct ObjectDocument {
    /// `link`, `session`, `key` or `endpoint`.
    #[schema(examples("link"))]
    kind: String,
    /// Its id.
    #[schema(required)]
    id: Option<String>,
}

/// Something that was done. Lines are only ever added; nothing personal of customers is in them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditLine, examples(json!({
    "id": "01977d1a-0c2b-7a3d-8e4f-5a6b7c8d9e0f",
    "at": "2027-01-15T12:00:00Z",
    "actor": {"kind": "key", "id": "01977d14-3b6c-7d18-a2f4-9e8d7c6b5a40", "name": "shop backend"},
    "action": "link.created",
    "object": {"kind": "link", "id": "01977d0e-5d3a-7c42-9f0b-6c1a2b3d4e5f"},
    "address": "192.0.2.7",
    "detail": "Berlin fair 2027"
})))]
pub struct AuditDocument {
    /// Names the line.
    #[schema(value_type = String, format = "uuid")]
    id: AuditId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    actor: ActorDocument,
    /// The kind of object and what became of it, such as `link.created`, `link.deleted` or `key.revoked`.
    #[schema(examples("link.created"))]
    action: String,
    object: ObjectDocument,
    /// The address it was done from; null where it was done on the server.
    #[schema(required)]
    address: Option<String>,
    /// What more there is to tell: the name of what was made, or which fields were changed.
    #[schema(required)]
    detail: Option<String>,
}

impl From<AuditLine> for AuditDocument {
    fn from(line: AuditLine) -> Self {
        Self {
            id: line.id,
            at: line.at,
            actor: ActorDocument {
                kind: line.actor_kind,
                id: line.actor_id,
                name: line.actor_name,
            },
            action: line.action,
            object: ObjectDocument {
                kind: line.object_kind,
                id: line.object_id,
            },
            address: line.address,
            detail: line.detail,
        }
    }
}

const FILTERS: [&str; 5] = ["actor", "action", "object_id", "from", "to"];

const COLUMNS: [&str; 10] = [
    "id",
    "at",
    "actor_kind",
    "actor_id",
    "actor_name",
    "action",
    "object_kind",
    "object_id",
    "address",
    "detail",
];

fn filter(query: &mut Query) -> AuditFilter {
    AuditFilter {
        actor: query.take("actor"),
        action: query.take("action"),
        object_id: query.take("object_id"),
        from: query.take_as("from", Timestamp::parse),
        to: query.take_as("to", Timestamp::parse),
        ..AuditFilter::default()
    }
}

/// Lists who did what.
///
/// Newest first: every call that changed something, every command that did, and what the gateway did by itself.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/audit", operation_id = "listAudit", tag = "Audit",
    security(("bearer" = ["admin"])),
    params(
        ("actor" = Option<String>, Query, description = "Only what this key or person did, by id, or this kind of actor.", example = "command"),
        ("action" = Option<String>, Query, description = "Only this action.", example = "link.deleted"),
        ("object_id" = Option<String>, Query, description = "Only what was done to this object.", format = "uuid"),
        ("from" = Option<String>, Query, description = "Only from this time on.", format = DateTime),
        ("to" = Option<String>, Query, description = "Only before this time.", format = DateTime),
        PageQuery),
    responses((status = 200, description = "A page of lines.", body = Page<AuditDocument>)))]
pub async fn list(
    caller: Caller,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Admin)?;
    let mut query = Query::read(&request, &FILTERS);
    let filter = filter(&mut query);
    let (limit, before) = query.page(AuditId::parse)?;
    let filter = AuditFilter {
        before,
        limit: limit + 1,
        ..filter
    };
    let lines = state.store.audit_log(&filter).await?;
    let page: Page<AuditDocument> = Page::new(lines, limit, |line| line.id.to_string());
    Ok(Answer::ok(&page).respond())
}

/// Exports who did what, as CSV.
///
/// Newest first, of any number; the filters are those of the list. The form is that of the other exports.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/audit.csv", operation_id = "exportAudit", tag = "Audit",
    security(("bearer" = ["admin"])),
    params(
        ("actor" = Option<String>, Query, description = "Only what this key or person did, by id, or this kind of actor.", example = "command"),
        ("action" = Option<String>, Query, description = "Only this action.", example = "link.deleted"),
        ("object_id" = Option<String>, Query, description = "Only what was done to this object.", format = "uuid"),
        ("from" = Option<String>, Query, description = "Only from this time on.", format = DateTime),
        ("to" = Option<String>, Query, description = "Only before this time.", format = DateTime)),
    responses((status = 200, description = "The table.", body = String, content_type = "text/csv")))]
pub async fn export(
    caller: Caller,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Admin)?;
    let mut query = Query::read_only(&request, &FILTERS);
    let filter = filter(&mut query);
    query.end()?;
    export_lines(&request, &state, filter).await
}

/// The lines of that filter, as CSV.
///
/// # Errors
/// When the first ones cannot be read.
pub async fn export_lines(
    request: &HttpRequest,
    state: &web::Data<State>,
    filter: AuditFilter,
) -> Result<HttpResponse, Problem> {
    let state = state.clone();
    csv::answer(request, "audit.csv", &COLUMNS, move |before| {
        let (state, mut filter) = (state.clone(), filter.clone());
        async move {
            (filter.before, filter.limit) = (before, csv::PAGE);
            let lines = state.store.audit_log(&filter).await?;
            let last = lines.last().map(|line| line.id);
            Ok((lines.into_iter().map(row).collect(), last))
        }
    })
    .await
}

fn row(line: AuditLine) -> Row {
    vec![
        line.id.to_string(),
        line.at.to_string(),
        line.actor_kind,
        cell(line.actor_id),
        cell(line.actor_name),
        line.action,
        line.object_kind,
        cell(line.object_id),
        cell(line.address),
        cell(line.detail),
    ]
}
