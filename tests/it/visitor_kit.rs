//! What the tests of a visitor's way have in common.

use std::sync::Arc;

use entrypass::domain::id::LinkId;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::Semaphore;

use crate::harness::gateway::{hidden_fields, path_of, text};
use crate::harness::log::SECRETS;
use crate::harness::{Answer, BOUND, Gateway, eventually};

pub const HOUR_MS: i64 = 3_600_000;

pub type Headers<'a> = &'a [(&'a str, &'a str)];

pub async fn send(gateway: &Gateway, method: Method, path: &str, headers: Headers<'_>) -> Response {
    let mut request = gateway.request(method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    tokio::time::timeout(BOUND, request.send())
        .await
        .expect("an answer in time")
        .expect("an answer")
}

pub async fn get(gateway: &Gateway, path: &str, headers: Headers<'_>) -> Response {
    send(gateway, Method::GET, path, headers).await
}

/// Posts a form to any path.
pub async fn post_form(
    gateway: &Gateway,
    path: &str,
    fields: &[(String, String)],
    headers: Headers<'_>,
) -> Response {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let mut request = gateway
        .request(Method::POST, path)
        .header("Content-Type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).send().await.expect("an answer")
}

/// What a program is told at a link's address: the status and the problem's code.
pub async fn code(gateway: &Gateway, method: Method, path: &str) -> (u16, String) {
    let answer = send(gateway, method, path, &[("Accept", "application/json")]).await;
    let status = answer.status().as_u16();
    let kind = answer.headers()["content-type"].clone();
    assert_eq!(kind, "application/problem+json", "{status}");
    let problem: Value = answer.json().await.expect("JSON");
    assert_eq!(problem["status"], json!(status));
    for name in ["type", "title", "detail", "code"] {
        assert!(problem[name].is_string(), "{name}: {problem}");
    }
    (status, text(&problem["code"]).to_owned())
}

/// The code that a program's GET of a link is told.
pub async fn code_of(gateway: &Gateway, link: &Value) -> (u16, String) {
    code(gateway, Method::GET, &path_of(link)).await
}

/// The language of a page, which must be one as every page has to be.
pub fn language_of(page: &str) -> &str {
    assert!(page.starts_with("<!DOCTYPE html>"), "{page}");
    assert!(page.len() < 20_000, "{} bytes", page.len());
    assert!(!page.contains("<script"), "{page}");
    let (_, rest) = page.split_once("<html lang=\"").expect("a language");
    rest.split('"').next().expect("a language")
}

/// The hidden fields of a page that must be the one with the form.
pub fn form_of(page: &str) -> Vec<(String, String)> {
    language_of(page);
    assert_eq!(page.matches("<form").count(), 1, "{page}");
    assert_eq!(page.matches("<button").count(), 1, "{page}");
    let (_, form) = page.split_once("<form").expect("a form");
    let tag = form.split('>').next().expect("its end");
    assert!(tag.contains("method=\"post\""), "{tag}");
    assert!(!page.contains("action="), "{page}");
    for property in ["og:title", "og:description"] {
        assert!(page.contains(&format!("property=\"{property}\"")), "{page}");
    }
    let fields = hidden_fields(page);
    assert!(!fields.is_empty());
    fields
}

/// Asserts that no session could be started, and that the visitor is told when to try again; gives the page.
pub async fn unavailable(answer: Response) -> String {
    assert_eq!(answer.status(), 503);
    let wait = answer.headers()["retry-after"].to_str().expect("text");
    let seconds: u32 = wait.parse().expect("seconds");
    assert!((1..=3600).contains(&seconds), "{seconds}");
    assert!(!answer.headers().contains_key("location"));
    answer.text().await.expect("a body")
}

/// How many requests for a link were ignored for a reason, once there are as many as expected.
pub async fn expect_ignored(gateway: &Gateway, link: &Value, reason: &str, expected: usize) {
    let id = LinkId::parse(text(&link["id"])).expect("an id");
    let what = format!("{expected} ignored for {reason}");
    eventually(BOUND, &what, async || {
        let rows = gateway.state.store.ignored(id).await.expect("the counts");
        let found = rows.iter().filter(|(_, why, _)| why == reason);
        usize::try_from(found.map(|(_, _, n)| n).sum::<i64>()) == Ok(expected)
    })
    .await;
}

/// From now on iDenfy answers as often as the test lets it.
pub fn hold_back(gateway: &Gateway) -> Arc<Semaphore> {
    let gate = Arc::new(Semaphore::new(0));
    gateway.idenfy.answer(Answer::When(gate.clone()));
    gate
}

/// Requests under way; the sending of results and that of messages are tasks, too.
pub fn under_way(gateway: &Gateway) -> usize {
    gateway.state.tasks.len() - 2
}

/// Waits until iDenfy was called so often.
pub async fn called(gateway: &Gateway, times: usize) {
    eventually(BOUND, &format!("{times} calls"), async || {
        gateway.idenfy.calls().len() == times
    })
    .await;
}

/// A signed webhook of iDenfy's.
pub async fn webhook(gateway: &Gateway, event: &str, body: &Value) {
    let body = body.to_string();
    let mac = Hmac::<Sha256>::new_from_slice(SECRETS[2].as_bytes()).expect("any key will do");
    let signature = mac.chain_update(&body).finalize().into_bytes();
    let request = gateway.request(Method::POST, "/webhooks/idenfy");
    let answer = request
        .header("Idenfy-Event-Type", event)
        .header("Idenfy-Signature", hex::encode(signature))
        .body(body)
        .send();
    assert_eq!(answer.await.expect("an answer").status(), 200);
}

/// iDenfy's final result of a session.
pub async fn final_result(gateway: &Gateway, session: &Value, overall: &str) {
    let body = json!({
        "final": true, "scanRef": session["scan_ref"], "clientId": session["client_id"],
        "status": {"overall": overall},
    });
    webhook(gateway, "IDENTIFICATION_AUTO_FINISHED", &body).await;
}

/// The states of a link's sessions, newest first.
pub async fn states(gateway: &Gateway, link: &Value) -> Vec<String> {
    let sessions = gateway.sessions(link).await;
    sessions
        .iter()
        .map(|session| text(&session["status"]).to_owned())
        .collect()
}
