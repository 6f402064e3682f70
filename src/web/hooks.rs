//! iDenfy's webhook: kept before it is answered.

use std::time::Duration;

use actix_web::http::header::HeaderValue;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt as _;
use sha2::{Digest, Sha256};

use super::State;
use super::problem::Problem;
use crate::domain::id::EventId;
use crate::idenfy::callback;
use crate::store::StoreError;
use crate::store::inbound::{Applied, Inbound};

/// Largest body of a webhook, in bytes.
const BODY_MAX: usize = 1024 * 1024;

/// How long the body and the database may take: iDenfy waits ten seconds, and sends again what was answered with a fault.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// The longest event type that is kept, in bytes: iDenfy's have half of it, and indices take no endless keys.
const EVENT_TYPE_MAX: usize = 64;

/// Takes a result from iDenfy.
///
/// For iDenfy alone: give iDenfy this address and the signing key of `idenfy.webhook_key`. The raw body is signed with
/// that key. It is stored before it is answered, repeats change nothing, and one about a session that is not ours is
/// answered 200 too. Refused in this order: too large, not signed, not readable.
///
/// # Errors
/// Why the webhook was refused.
#[utoipa::path(post, path = "/webhooks/idenfy", operation_id = "receiveIdenfyWebhook", tag = "iDenfy's webhook",
    params(
        ("Idenfy-Signature" = String, Header, description = "Hex HMAC-SHA256 of the raw body.", pattern = "^[0-9a-fA-F]{64}$", example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
        ("Idenfy-Event-Type" = Option<String>, Header, description = "What kind of event it is.", nullable = false, example = "IDENTIFICATION_MANUAL_FINISHED")),
    request_body(content = Object, description = "What iDenfy tells; its `scanRef` names the session.",
        example = json!({"scanRef": "5f4dcc3b-5aa7-11f1-9a3c-0242ac120002", "clientId": "customer-17", "final": true, "status": {"overall": "APPROVED"}})),
    responses(
        (status = 200, description = "Stored."), (status = 400, description = "bad_request"),
        (status = 401, description = "unauthorized"), (status = 413, description = "too_large"),
        (status = 503, description = "database_unavailable")))]
pub async fn receive(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let refuse = |result, problem| {
        state.metrics.webhook(result);
        problem
    };
    let body = tokio::time::timeout(ANSWER_WITHIN, read(payload))
        .await
        .unwrap_or_else(|_| {
            Err(Problem::BadRequest(
                "The body did not come in time.".to_owned(),
            ))
        })
        .map_err(|problem| refuse("malformed", problem))?;
    let signature = request
        .headers()
        .get("Idenfy-Signature")
        .map(HeaderValue::as_bytes);
    let signed = state
        .webhook_key
        .as_ref()
        .is_some_and(|key| callback::verify(key, &body, signature));
    if !signed {
        return Err(refuse("refused", Problem::Unauthorized));
    }
    let event_type = request
        .headers()
        .get("Idenfy-Event-Type")
        .and_then(|value| value.to_str().ok())
        .map(|text| text.get(..EVENT_TYPE_MAX).unwrap_or(text));
    let told = callback::parse(event_type, &body)
        .map_err(|error| refuse("malformed", Problem::BadRequest(error.to_string())))?;
    let event = Inbound {
        scan_ref: told.scan_ref,
        client_id: told.client_id,
        event_type: event_type.unwrap_or("").to_owned(),
        body_digest: hex::encode(Sha256::digest(&body)),
        received_at: state.clock.now(),
        verdict: told.verdict,
        body: String::from_utf8(body).ok(),
    };
    // In a task of its own: iDenfy hanging up early must not undo what it told.
    let (store, id) = (state.store.clone(), EventId::new(state.clock.uuid()));
    let applying = state.spawn(async move { store.apply(id, &event).await });
    let applied = tokio::time::timeout(ANSWER_WITHIN, applying).await;
    let applied = applied.map_err(|_| StoreError::Unavailable)?;
    let applied = applied.map_err(|_| Problem::Database(None))??;
    state.metrics.webhook(match applied {
        Applied::Changed(session) => {
            tracing::info!(%session, "a result came");
            "applied"
        }
        Applied::Unchanged(_) => "unchanged",
        Applied::Repeat => "repeat",
        Applied::NotOurs => "not_ours",
    });
    Ok(HttpResponse::Ok().finish())
}

async fn read(mut payload: web::Payload) -> Result<Vec<u8>, Problem> {
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::BadRequest("The body broke off.".to_owned()))?;
        if body.len() + chunk.len() > BODY_MAX {
            return Err(Problem::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
