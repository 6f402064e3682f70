//! What the tests of the API share.

use std::collections::BTreeSet;

use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::harness::gateway::text;
use crate::harness::log::SECRETS;
use crate::harness::{BOUND, Gateway, eventually};

/// Puts `more` over `base`, field by field.
pub fn over(mut base: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().expect("an object") {
        base[name] = value.clone();
    }
    base
}

/// Reads an answer that must be an RFC 9457 document of this status and code, in exactly its form.
pub async fn problem(answer: Response, status: u16, code: &str) -> Value {
    let told = answer.status();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let problem: Value = answer.json().await.expect("JSON");
    assert_eq!(told, status, "{problem}");
    check_problem(&problem, status);
    assert_eq!(problem["code"], code, "{problem}");
    problem
}

/// Checks the form of a problem document.
pub fn check_problem(problem: &Value, status: u16) {
    let mut wanted = BTreeSet::from(["type", "title", "status", "detail", "code"]);
    if status == 422 {
        wanted.insert("errors");
    }
    if problem["code"] == "session_open" {
        wanted.insert("session_id");
    }
    let members = problem.as_object().expect("an object");
    let named: BTreeSet<&str> = members.keys().map(String::as_str).collect();
    assert_eq!(named, wanted, "{problem}");
    assert_eq!(problem["status"], status, "{problem}");
    for name in ["type", "title", "detail", "code"] {
        assert!(!text(&problem[name]).is_empty(), "{name} in {problem}");
    }
    for error in problem["errors"].as_array().into_iter().flatten() {
        assert_eq!(error.as_object().expect("an object").len(), 2, "{problem}");
        assert!(error["field"].is_string(), "{problem}");
        assert!(!text(&error["message"]).is_empty(), "{problem}");
    }
}

/// The fields a problem names, sorted, each once.
pub fn fields(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().into_iter().flatten();
    let names: BTreeSet<&str> = errors.map(|error| text(&error["field"])).collect();
    names.into_iter().collect()
}

/// Makes a key and tells its text.
pub async fn key_with(gateway: &Gateway, scopes: &[&str]) -> String {
    let wanted = json!({"name": "A key", "scopes": scopes});
    let (status, key) = gateway.post("/keys", wanted).await;
    assert_eq!(status, 201, "{key}");
    text(&key["key"]).to_owned()
}

/// A call of the API with any key, an idempotency key and a body.
pub async fn post_once(
    gateway: &Gateway,
    key: &str,
    idempotency_key: &str,
    path: &str,
    body: &Value,
) -> Response {
    gateway
        .request(Method::POST, &format!("/api/v1{path}"))
        .bearer_auth(key)
        .header("Idempotency-Key", idempotency_key)
        .json(body)
        .send()
        .await
        .expect("an answer")
}

/// iDenfy's signature of a webhook.
pub fn signature(body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(SECRETS[2].as_bytes()).expect("any key");
    hex::encode(mac.chain_update(body).finalize().into_bytes())
}

/// Sends a webhook as iDenfy does.
pub async fn send_webhook(gateway: &Gateway, event: &str, body: &[u8]) -> Response {
    gateway
        .request(Method::POST, "/webhooks/idenfy")
        .header("Content-Type", "application/json")
        .header("Idenfy-Event-Type", event)
        .header("Idenfy-Signature", signature(body))
        .body(body.to_vec())
        .send()
        .await
        .expect("an answer")
}

/// The value of a metric that counts; `sample` with its labels.
pub async fn metric(gateway: &Gateway, sample: &str) -> u64 {
    let page = gateway.request(Method::GET, "/metrics").send().await;
    let page = page.expect("an answer").text().await.expect("a text");
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {sample} in {page}"))
        .parse()
        .expect("a number")
}

/// The JSON lines of a health check once it says yes: a busy machine may need longer than the check waits.
pub async fn healthy(gateway: &Gateway, path: &str) -> Vec<Value> {
    let mut lines = Vec::new();
    until(async || {
        let answer = gateway.request(Method::GET, path).send().await;
        let answer = answer.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a text");
        let each = text.lines().map(serde_json::from_str);
        lines = each.collect::<Result<_, _>>().expect("JSON");
        status == 200
    })
    .await;
    lines
}

/// Waits for what must come.
pub async fn until(is_so: impl AsyncFnMut() -> bool) {
    eventually(BOUND, "what is awaited", is_so).await;
}
