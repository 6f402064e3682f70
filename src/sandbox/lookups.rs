//! The calls about sessions that exist: status, delete, list.

use actix_web::web::{Bytes, Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::session::{Kind, Outcome, Phase};
use super::sessions::NotDeleted;
use super::{Refusal, Sandbox, token, webhooks};

/// `POST /api/v2/status`.
pub(super) async fn status(
    sandbox: Data<Sandbox>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Refusal> {
    sandbox.authorize(&request)?;
    let scan_ref = scan_ref(&request, &body)?;
    let session = sandbox
        .0
        .sessions
        .by_scan_ref(&scan_ref)
        .filter(|session| session.kind != Kind::AgeEstimation)
        .ok_or_else(unknown)?;
    let is_final = matches!(session.phase, Phase::Ended(_));
    let checks = match (session.phase, session.outcome) {
        (Phase::Reviewing | Phase::Ended(_), Some(outcome)) => {
            webhooks::status(&session, outcome, is_final)
        }
        _ => webhooks::status(&session, Outcome::Expire, false),
    };
    Ok(HttpResponse::Ok().json(json!({
        "fraudTags": checks["fraudTags"],
        "mismatchTags": checks["mismatchTags"],
        "autoDocument": checks["autoDocument"],
        "autoFace": checks["autoFace"],
        "manualDocument": checks["manualDocument"],
        "manualFace": checks["manualFace"],
        "scanRef": session.scan_ref,
        "clientId": session.client_id,
        "status": session.phase.word(),
    })))
}

/// `POST /api/v2/delete`: an empty answer when done.
pub(super) async fn delete(
    sandbox: Data<Sandbox>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Refusal> {
    sandbox.authorize(&request)?;
    match sandbox.0.sessions.delete(&scan_ref(&request, &body)?) {
        Ok(()) => Ok(HttpResponse::Ok().finish()),
        Err(NotDeleted::Unknown) => Err(unknown()),
        Err(NotDeleted::Active) => Err(Refusal::partner("Token has not expired yet.")),
        Err(NotDeleted::Reviewing) => Err(Refusal::partner("Verification is in processing state.")),
    }
}

/// What `GET /kyc/identifications/` is asked for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part {
    client_id: Option<String>,
    page: Option<usize>,
    per_page: Option<usize>,
}

/// `GET /kyc/identifications/`. Page sizes are not documented: 10, at most 100.
pub(super) async fn list(
    sandbox: Data<Sandbox>,
    request: HttpRequest,
    part: Query<Part>,
) -> Result<HttpResponse, Refusal> {
    sandbox.authorize(&request)?;
    let page = part.page.unwrap_or(1);
    let size = part.per_page.unwrap_or(10).clamp(1, 100);
    let skip = page
        .checked_sub(1)
        .and_then(|before| before.checked_mul(size));
    let skip = skip.ok_or_else(Refusal::no_such_page)?;
    let (count, found) = sandbox
        .0
        .sessions
        .list(part.client_id.as_deref(), skip, size);
    if page > 1 && found.is_empty() {
        return Err(Refusal::no_such_page());
    }
    let address = |page: usize| {
        let mut query = Serializer::new(String::new());
        if let Some(client_id) = &part.client_id {
            query.append_pair("clientId", client_id);
        }
        query
            .append_pair("page", &page.to_string())
            .append_pair("perPage", &size.to_string());
        let server = request.connection_info();
        format!(
            "{}://{}{}?{}",
            server.scheme(),
            server.host(),
            request.path(),
            query.finish()
        )
    };
    let results: Vec<Value> = found
        .iter()
        .map(|(scan_ref, phase)| {
            let suspected = matches!(phase, Phase::Ended(Outcome::Suspect));
            json!({ "scanRef": scan_ref, "status": phase.word(), "suspected": suspected })
        })
        .collect();
    Ok(HttpResponse::Ok().json(json!({
        "count": count,
        "next": (skip + results.len() < count).then(|| address(page + 1)),
        "previous": (page > 1).then(|| address(page - 1)),
        "results": results,
    })))
}

fn scan_ref(request: &HttpRequest, body: &[u8]) -> Result<String, Refusal> {
    let given = token::object(request, body)?;
    match given.get("scanRef") {
        Some(Value::String(scan_ref)) => Ok(scan_ref.clone()),
        Some(_) => Err(Refusal::bad_value("Field 'scanRef' must be text.")),
        None => Err(Refusal::missing("scanRef")),
    }
}

fn unknown() -> Refusal {
    Refusal::bad_value("No verification with this 'scanRef' was found.")
}
