//! iDenfy's webhook: kept before it is answered.

use actix_web::http::header::HeaderValue;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt as _;
use sha2::{Digest, Sha256};

use super::State;
use super::problem::Problem;
use crate::idenfy::callback;
use crate::store::inbound::{Applied, Inbound};

/// Largest body of a webhook, in bytes.
const BODY_MAX: usize = 1024 * 1024;

/// The longest event type that is kept, in bytes: iDenfy's have half of it, and indices take no endless keys.
const EVENT_TYPE_MAX: usize = 64;

/// `POST /webhooks/idenfy`. Refused in this order: too large, not signed, not readable.
///
/// # Errors
/// Why the webhook was refused.
pub async fn receive(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let refuse = |result, problem| {
        state.metrics.webhook(result);
        problem
    };
    let body = read(payload)
        .await
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
    };
    // In a task of its own: iDenfy hanging up early must not undo what it told.
    let (store, id) = (state.store.clone(), state.clock.uuid());
    let applied = state
        .spawn(async move { store.apply(id, &event).await })
        .await;
    let applied = applied.map_err(|_| Problem::Database)??;
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
