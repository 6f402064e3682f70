//! `POST /age-estimation/token/`: makes the session of an age estimation, iDenfy's selfie flow.

use std::time::Duration;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};
use url::Url;
use uuid::Uuid;

use super::session::{Kind, Session};
use super::token::{new_session, object};
use super::{Refusal, Sandbox};

/// The call.
pub(super) async fn create(
    sandbox: Data<Sandbox>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Refusal> {
    let fault = sandbox.0.faults.take();
    if let Some(refused) = fault.refusal(true) {
        return Ok(refused);
    }
    sandbox.authorize(&request)?;
    let given = object(&request, &body)?;
    let answer = mint(&sandbox, &given)?;
    Ok(fault.spoil(answer).await)
}

fn mint(sandbox: &Sandbox, given: &Map<String, Value>) -> Result<Value, Refusal> {
    let min_age = integer(given, "min_age", 1, 120)?.ok_or_else(|| Refusal::missing("min_age"))?;
    let confidence = given
        .get("confidence_threshold")
        .ok_or_else(|| Refusal::missing("confidence_threshold"))?;
    if !confidence
        .as_f64()
        .is_some_and(|percent| (0.0..=100.0).contains(&percent))
    {
        return Err(bad("confidence_threshold", "a number from 0 to 100"));
    }
    if integer(given, "buffer", 0, 20)?.is_some_and(|buffer| buffer > min_age) {
        return Err(Refusal::validation(
            "Field 'buffer' must not be above 'min_age'.",
        ));
    }
    if given
        .get("escalation")
        .is_some_and(|step| step != "DOC" && step != "NONE")
    {
        return Err(bad("escalation", "one of DOC, NONE"));
    }
    integer(given, "retry_limit", 1, 3)?;
    if given
        .get("save_photo")
        .is_some_and(|save| !save.is_boolean())
    {
        return Err(bad("save_photo", "true or false"));
    }
    let minutes = integer(given, "expiry_minutes", 5, 1440)?.unwrap_or(60);
    let success_url = address(given, "success_redirect")?;
    let error_url = address(given, "underage_redirect")?;
    let callback = address(given, "webhook_url")?;

    let token = Uuid::now_v7().to_string();
    let expiry = Duration::from_mins(minutes.unsigned_abs());
    let known = [
        "min_age",
        "confidence_threshold",
        "buffer",
        "escalation",
        "retry_limit",
        "save_photo",
        "expiry_minutes",
        "success_redirect",
        "underage_redirect",
        "webhook_url",
    ];
    let session = Session {
        kind: Kind::AgeEstimation,
        min_age,
        success_url,
        error_url,
        callback,
        unknown: given
            .keys()
            .filter(|name| !known.contains(&name.as_str()))
            .cloned()
            .collect(),
        session_length: expiry,
        ..new_session(token.clone(), token.clone(), expiry)
    };
    let answer = json!({
        "token": token,
        "session_url": sandbox.public(&format!("/verify?authToken={token}")),
        "expires_at": (session.created + expiry).to_rfc3339(),
    });
    sandbox.0.sessions.add(session);
    Ok(answer)
}

fn integer(
    given: &Map<String, Value>,
    name: &str,
    min: i64,
    max: i64,
) -> Result<Option<i64>, Refusal> {
    let Some(value) = given.get(name) else {
        return Ok(None);
    };
    match value.as_i64() {
        Some(number) if (min..=max).contains(&number) => Ok(Some(number)),
        _ => Err(bad(name, &format!("an integer from {min} to {max}"))),
    }
}

/// An address of at most 2048 characters; an empty one is none.
fn address(given: &Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match given.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) if text.chars().count() <= 2048 && is_web(text) => {
            Ok(Some(text.clone()))
        }
        Some(_) => Err(bad(name, "a URL of at most 2048 characters")),
    }
}

fn is_web(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

fn bad(name: &str, demand: &str) -> Refusal {
    Refusal::bad_value(format!("Field '{name}' must be {demand}."))
}
