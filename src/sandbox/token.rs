//! `POST /api/v2/token`: makes the token of an identification.

use std::time::{Duration, Instant};

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::session::{Kind, Outcome, Phase, Session};
use super::{Refusal, Sandbox, checks, wall_clock, webhooks};

/// The documented answer with the documented defaults.
const ANSWER: &str = include_str!("token-answer.json");

/// The call.
pub(super) async fn create(
    sandbox: Data<Sandbox>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Refusal> {
    let fault = sandbox.0.faults.take();
    if let Some(refused) = fault.refusal(false) {
        return Ok(refused);
    }
    sandbox.authorize(&request)?;
    let given = object(&request, &body)?;
    checks::check(&given)?;
    let answer = mint(&sandbox, &given);
    Ok(fault.spoil(answer).await)
}

/// A call's body: a JSON object, without the fields that are null.
pub(super) fn object(request: &HttpRequest, body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if !content_type.is_some_and(|kind| kind.starts_with("application/json")) {
        return Err(Refusal::json());
    }
    let body = std::str::from_utf8(body).map_err(|_| Refusal::encoding())?;
    let mut given: Map<String, Value> = serde_json::from_str(body).map_err(|_| Refusal::json())?;
    given.retain(|_, value| !value.is_null());
    Ok(given)
}

/// Makes the session of a checked call and its answer.
fn mint(sandbox: &Sandbox, given: &Map<String, Value>) -> Value {
    let mut answer: Map<String, Value> =
        serde_json::from_str(ANSWER).expect("the answer is valid JSON");
    for (name, value) in given {
        if let Some(field) = answer.get_mut(name) {
            *field = value.clone();
        }
    }
    for name in ["firstName", "lastName"] {
        if let Some(Value::String(text)) = answer.get_mut(name) {
            *text = text.to_uppercase();
        }
    }
    if given.get("generateDigitString") == Some(&Value::Bool(true)) {
        answer["digitString"] = json!(nanoid::nanoid!(8, &DIGITS));
    }
    let client = given.get("clientId").or(given.get("personScanRef"));
    let (token, scan_ref) = (new_token(), Uuid::now_v7().to_string());
    let countries: Vec<String> = match &answer["country"] {
        Value::String(one) => vec![one.clone()],
        several => texts(several),
    };
    answer["clientId"] = json!(client);
    answer["personScanRef"] = json!(client);
    answer["authToken"] = json!(token);
    answer["scanRef"] = json!(scan_ref);
    answer["redirectUrl"] = json!(sandbox.public(&format!("/api/v2/redirect?authToken={token}")));
    answer["allowedDocuments"] = countries
        .iter()
        .map(|country| (country.clone(), answer["documents"].clone()))
        .collect::<Map<_, _>>()
        .into();

    let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
    let seconds = |name: &str| Duration::from_secs(answer[name].as_u64().unwrap_or_default());
    sandbox.0.sessions.add(Session {
        kind: match text("tokenType").as_deref() {
            Some("DOCUMENT") => Kind::Document,
            _ => Kind::Identification,
        },
        client_id: text("clientId"),
        external_ref: text("externalRef"),
        locale: text("locale"),
        countries,
        documents: texts(&answer["documents"]),
        first_name: text("firstName"),
        last_name: text("lastName"),
        review: (
            answer["reviewSuccessful"] != false,
            answer["reviewFailed"] != false,
        ),
        success_url: text("successUrl"),
        error_url: text("errorUrl"),
        unverified_url: text("unverifiedUrl"),
        callback: text("callbackUrl"),
        unknown: checks::unknown(given),
        session_length: seconds("sessionLength"),
        ..new_session(token.clone(), scan_ref, seconds("expiryTime"))
    });

    if let Some(dummy) = given.get("dummyStatus").and_then(Value::as_str) {
        answer["message"] = json!("Dummy token and verification created successfully");
        let outcomes = [
            Outcome::Approve,
            Outcome::Deny,
            Outcome::Suspect,
            Outcome::Expire,
        ];
        if let Some(outcome) = outcomes
            .into_iter()
            .find(|outcome| outcome.overall() == dummy)
            && let Ok(session) = sandbox.0.sessions.finish(&token, outcome, wall_clock())
        {
            webhooks::announce(sandbox.clone(), session, outcome);
        }
    }
    Value::Object(answer)
}

const DIGITS: [char; 10] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/// A token as iDenfy makes them: 40 letters and digits.
fn new_token() -> String {
    let alphabet: Vec<char> = ('0'..='9').chain('A'..='Z').chain('a'..='z').collect();
    nanoid::format(nanoid::rngs::default, &alphabet, 40)
}

/// A session of now that can be opened for so long, with nothing in it yet.
pub(super) fn new_session(token: String, scan_ref: String, expiry: Duration) -> Session {
    Session {
        token,
        scan_ref,
        kind: Kind::Identification,
        client_id: None,
        external_ref: None,
        locale: None,
        countries: Vec::new(),
        documents: Vec::new(),
        first_name: None,
        last_name: None,
        min_age: 0,
        review: (true, true),
        success_url: None,
        error_url: None,
        unverified_url: None,
        callback: None,
        unknown: Vec::new(),
        deadline: Instant::now() + expiry,
        session_length: Duration::from_mins(30),
        created: wall_clock(),
        opened: None,
        finished: None,
        phase: Phase::Active,
        outcome: None,
        events: Vec::new(),
    }
}

fn texts(list: &Value) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}
