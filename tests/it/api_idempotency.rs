//! `Idempotency-Key`: the same request sent again makes nothing twice.

use entrypass::idenfy::health::PROBE_EVERY_MS;
use std::sync::Arc;

use futures_util::future::join_all;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::api_support::{fields, key_with, post_once, problem, until};
use crate::harness::gateway::text;
use crate::harness::{Answer, Context, Gateway, tests};
use crate::visitor_kit::HOUR_MS;

tests!(
    "api_idempotency",
    [
        the_same_request_again_gets_the_first_answer_to_the_byte,
        another_request_under_a_used_key_is_refused,
        a_request_still_running_is_said_to_run,
        many_at_once_make_one,
        each_api_key_has_its_own_idempotency_keys,
        after_a_day_a_key_is_free_again,
        a_fault_is_not_kept,
        after_a_crash_a_repeat_starts_no_second_session,
        after_a_crash_a_repeat_makes_the_key_anew,
        a_bad_key_is_named,
        a_kept_answer_is_sealed,
        an_answer_is_kept_for_a_client_that_hung_up,
        an_answer_is_kept_for_a_client_whose_connection_was_reset,
    ]
);

/// Everything of an answer that a client can see, but the date.
async fn whole(answer: Response) -> (u16, Vec<(String, String)>, String) {
    let status = answer.status().as_u16();
    let mut headers: Vec<(String, String)> = answer
        .headers()
        .iter()
        .filter(|(name, _)| *name != "date")
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (status, headers, answer.text().await.unwrap())
}

fn a_link() -> Value {
    json!({"name": "A", "usage": {"type": "single"}})
}

async fn count(gateway: &Gateway, list: &str) -> usize {
    let (status, list) = gateway
        .get(&format!(
            "/{list}{}limit=200",
            if list.contains('?') { "&" } else { "?" }
        ))
        .await;
    assert_eq!(status, 200);
    list["items"].as_array().unwrap().len()
}

async fn the_same_request_again_gets_the_first_answer_to_the_byte(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"slug": "taken"})).await;
    let activate = format!("/links/{}/activate", text(&link["id"]));
    for (n, (path, body, status)) in [
        ("/links", a_link(), 201),
        ("/links", json!({"name": "", "bogus": 1}), 422),
        (
            "/links",
            json!({"name": "A", "usage": {"type": "single"}, "slug": "taken"}),
            409,
        ),
        ("/keys", json!({"name": "K", "scopes": ["read"]}), 201),
        ("/keys", json!({}), 422),
        ("/sessions", json!({}), 201),
        ("/sessions", json!({"token": {"clientId": "c"}}), 201),
        ("/sessions", json!({"flow": "x"}), 422),
        (&activate, json!({}), 200),
    ]
    .into_iter()
    .enumerate()
    {
        let key = format!("request {n}");
        let before = (
            count(&gateway, "links").await,
            count(&gateway, "keys").await,
            count(&gateway, "sessions").await,
        );
        let first = whole(post_once(&gateway, &gateway.key, &key, path, &body).await).await;
        assert_eq!(first.0, status, "{first:?}");
        assert_eq!(
            first.1.iter().any(|(name, _)| name == "location"),
            status == 201
        );
        let after = (
            count(&gateway, "links").await,
            count(&gateway, "keys").await,
            count(&gateway, "sessions").await,
        );
        assert_eq!(
            after.0 + after.1 + after.2 - before.0 - before.1 - before.2,
            usize::from(status == 201)
        );
        for _ in 0..2 {
            gateway.clock.advance(1000);
            let again = whole(post_once(&gateway, &gateway.key, &key, path, &body).await).await;
            assert_eq!(again, first);
        }
        let at_last = (
            count(&gateway, "links").await,
            count(&gateway, "keys").await,
            count(&gateway, "sessions").await,
        );
        assert_eq!(at_last, after);
    }
    assert_eq!(gateway.idenfy.minted(), 2);
}

async fn another_request_under_a_used_key_is_refused(context: Context) {
    let gateway = Gateway::start(&context).await;
    assert_eq!(
        post_once(&gateway, &gateway.key, "k", "/links", &a_link())
            .await
            .status(),
        201
    );
    let mut other = a_link();
    other["name"] = json!("B");
    for (path, body) in [
        ("/links", &other),
        ("/links", &json!({})),
        ("/keys", &a_link()),
        ("/sessions", &a_link()),
    ] {
        let answer = post_once(&gateway, &gateway.key, "k", path, body).await;
        problem(answer, 409, "idempotency_mismatch").await;
    }
    // A refused body does not free the key either.
    let bad = json!({"name": ""});
    assert_eq!(
        post_once(&gateway, &gateway.key, "l", "/links", &bad)
            .await
            .status(),
        422
    );
    assert_eq!(
        post_once(&gateway, &gateway.key, "l", "/links", &a_link())
            .await
            .status(),
        409
    );
    assert_eq!(count(&gateway, "links").await, 1);
}

async fn a_request_still_running_is_said_to_run(context: Context) {
    let gateway = Gateway::start(&context).await;
    let gate = Arc::new(Semaphore::new(0));
    gateway.idenfy.answer(Answer::When(gate.clone()));
    let body = json!({"token": {"clientId": "c"}});
    let first = post_once(&gateway, &gateway.key, "k", "/sessions", &body);
    let second = async {
        until(async || !gateway.idenfy.calls().is_empty()).await;
        let answer = post_once(&gateway, &gateway.key, "k", "/sessions", &body).await;
        problem(answer, 409, "idempotency_in_progress").await;
        let other = post_once(&gateway, &gateway.key, "k", "/sessions", &json!({})).await;
        assert_eq!(other.status(), 409);
        gate.add_permits(1);
    };
    let (first, ()) = tokio::join!(first, second);
    let first = whole(first).await;
    assert_eq!(first.0, 201);
    let again = whole(post_once(&gateway, &gateway.key, "k", "/sessions", &body).await).await;
    assert_eq!(again, first);
    assert_eq!(gateway.idenfy.calls().len(), 1);
}

async fn many_at_once_make_one(context: Context) {
    let gateway = Gateway::start(&context).await;
    let bodies = [
        ("/links", a_link()),
        ("/keys", json!({"name": "K", "scopes": ["read"]})),
        ("/sessions", json!({})),
    ];
    for (path, body) in bodies {
        let before = count(&gateway, &path[1..]).await;
        let all =
            join_all((0..12).map(|_| post_once(&gateway, &gateway.key, path, path, &body))).await;
        let mut made = Vec::new();
        for answer in all {
            if answer.status() == 201 {
                made.push(answer.text().await.unwrap());
            } else {
                problem(answer, 409, "idempotency_in_progress").await;
            }
        }
        assert!(!made.is_empty());
        assert!(made.iter().all(|body| *body == made[0]));
        assert_eq!(count(&gateway, &path[1..]).await, before + 1, "{path}");
    }
}

async fn each_api_key_has_its_own_idempotency_keys(context: Context) {
    let gateway = Gateway::start(&context).await;
    let other = key_with(&gateway, &["links"]).await;
    let first = post_once(&gateway, &gateway.key, "k", "/links", &a_link())
        .await
        .text()
        .await
        .unwrap();
    let second = post_once(&gateway, &other, "k", "/links", &a_link()).await;
    assert_eq!(second.status(), 201);
    assert_ne!(second.text().await.unwrap(), first);
    assert_eq!(count(&gateway, "links").await, 2);
}

async fn after_a_day_a_key_is_free_again(context: Context) {
    let gateway = Gateway::start(&context).await;
    let send = async || {
        post_once(&gateway, &gateway.key, "k", "/links", &a_link())
            .await
            .text()
            .await
            .unwrap()
    };
    let first = send().await;
    gateway.clock.advance(86_400_000 - 1);
    assert_eq!(send().await, first);
    gateway.sweep().await;
    assert_eq!(send().await, first);
    gateway.clock.advance(1);
    let second = send().await;
    assert_ne!(second, first);
    assert_eq!(send().await, second);
    gateway.clock.advance(86_400_000);
    gateway.sweep().await;
    assert_eq!(
        post_once(&gateway, &gateway.key, "k", "/sessions", &json!({}))
            .await
            .status(),
        201
    );
    assert_eq!(count(&gateway, "links").await, 2);
}

async fn a_fault_is_not_kept(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    gateway.idenfy.answer(Answer::Raw(402, "", "{}".to_owned()));
    for _ in 0..2 {
        let answer = post_once(&gateway, &gateway.key, "k", "/sessions", &json!({})).await;
        assert!(answer.headers().contains_key("retry-after"));
        problem(answer, 503, "verification_unavailable").await;
        gateway.clock.advance(PROBE_EVERY_MS);
    }
    assert_eq!(gateway.idenfy.calls().len(), 2);
    gateway.idenfy.answer(Answer::Token);
    let first = post_once(&gateway, &gateway.key, "k", "/sessions", &json!({})).await;
    assert_eq!(first.status(), 201);
    let first = first.text().await.unwrap();
    let again = post_once(&gateway, &gateway.key, "k", "/sessions", &json!({})).await;
    assert_eq!(again.text().await.unwrap(), first);
    assert_eq!(gateway.idenfy.minted(), 1);
}

/// Leaves things as if the process had died before it kept any answer, and long enough ago.
async fn crash(gateway: &Gateway) {
    let forgotten = "UPDATE idempotency SET answer = NULL";
    gateway.database.execute(forgotten).await.unwrap();
    gateway.clock.advance(120_000);
}

async fn after_a_crash_a_repeat_starts_no_second_session(context: Context) {
    let gateway = Gateway::start(&context).await;
    let start = async || post_once(&gateway, &gateway.key, "k", "/sessions", &json!({})).await;
    let first = start().await;
    assert_eq!(first.status(), 201);
    let first: Value = first.json().await.unwrap();
    crash(&gateway).await;
    for _ in 0..2 {
        let told = problem(start().await, 409, "session_open").await;
        assert_eq!(told["session_id"], first["id"]);
    }
    assert_eq!(gateway.idenfy.calls().len(), 1);
    // Dead before iDenfy's answer was recorded: the use is given back, and the repeat is a new try.
    // (Not yet by the sweep that runs by itself.)
    let lease = gateway.clock.now().plus_millis(HOUR_MS).millis();
    let open = format!("UPDATE sessions SET status = 'starting', lease_until = {lease}");
    gateway.database.execute(&open).await.unwrap();
    crash(&gateway).await;
    problem(start().await, 503, "verification_unavailable").await;
    assert_eq!(gateway.idenfy.calls().len(), 1);
    gateway.clock.advance(HOUR_MS);
    gateway.sweep().await;
    assert_eq!(start().await.status(), 201);
    // The same, but settled by the sweep before the repeat comes.
    let undone = "UPDATE sessions SET status = 'starting', lease_until = 1";
    gateway.database.execute(undone).await.unwrap();
    crash(&gateway).await;
    gateway.sweep().await;
    assert_eq!(start().await.status(), 201);
    assert_eq!(gateway.idenfy.calls().len(), 3);
    assert_eq!(count(&gateway, "sessions").await, 3);
}

async fn after_a_crash_a_repeat_makes_the_key_anew(context: Context) {
    let gateway = Gateway::start(&context).await;
    let body = json!({"name": "K", "scopes": ["read"]});
    let ask = async || {
        let answer = post_once(&gateway, &gateway.key, "k", "/keys", &body).await;
        assert_eq!(answer.status(), 201);
        answer.json::<Value>().await.unwrap()
    };
    let lost = ask().await;
    crash(&gateway).await;
    let made = ask().await;
    assert_eq!(made["id"], lost["id"]);
    assert_ne!(made["key"], lost["key"]);
    // The one whose text nobody was told opens nothing.
    for (key, status) in [(&lost, 401), (&made, 200)] {
        let request = gateway.request(Method::GET, "/api/v1/links");
        let answer = request.bearer_auth(text(&key["key"])).send().await.unwrap();
        assert_eq!(answer.status(), status);
    }
    // The admin key, and this one.
    assert_eq!(count(&gateway, "keys?").await, 2);
}

async fn a_bad_key_is_named(context: Context) {
    let gateway = Gateway::start(&context).await;
    let long = "k".repeat(256);
    for bad in ["", &long, "é", "a\tb", "😀"] {
        let request = gateway
            .request(Method::POST, "/api/v1/links")
            .bearer_auth(&gateway.key);
        let answer = request
            .header("Idempotency-Key", bad)
            .json(&a_link())
            .send()
            .await
            .unwrap();
        let told = problem(answer, 422, "invalid").await;
        assert_eq!(fields(&told), ["Idempotency-Key"]);
    }
    assert_eq!(count(&gateway, "links").await, 0);
    for good in [
        "k",
        &long[..255],
        "~!@#$%^&*() {}",
        "8e03978e-40d5-43e8-bc93-6894a57f9324",
    ] {
        assert_eq!(
            post_once(&gateway, &gateway.key, good, "/links", &a_link())
                .await
                .status(),
            201
        );
    }
}

async fn a_kept_answer_is_sealed(context: Context) {
    let gateway = Gateway::start(&context).await;
    let body = json!({"name": "K", "scopes": ["read"]});
    let made = post_once(&gateway, &gateway.key, "k", "/keys", &body).await;
    let made: Value = made.json().await.unwrap();
    let started = post_once(&gateway, &gateway.key, "s", "/sessions", &json!({})).await;
    let started: Value = started.json().await.unwrap();
    assert!(gateway.database.holds(text(&started["scan_ref"])).await);
    for secret in [
        text(&made["key"]),
        text(&started["auth_token"]),
        text(&started["redirect_url"]),
    ] {
        assert!(!gateway.database.holds(secret).await);
    }
}

/// Sends a request with an idempotency key by hand and leaves while iDenfy is being asked.
async fn leave_early(gateway: &Gateway, gate: &Semaphore, reset: bool) {
    let address = gateway.base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /api/v1/sessions HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nIdempotency-Key: k\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}",
        gateway.key
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    until(async || !gateway.idenfy.calls().is_empty()).await;
    if reset {
        stream.set_zero_linger().unwrap();
    }
    drop(stream);
    // A round trip on another connection: by then the gateway has seen that this one is gone.
    for _ in 0..20 {
        assert_eq!(gateway.get("/links").await.0, 200);
    }
    gate.add_permits(1);
    until(async || count(gateway, "sessions?status=active").await == 1).await;
}

async fn an_answer_is_kept_for_a_client_that_hung_up(context: Context) {
    left_early_and_asked_again(&context, false).await;
}

async fn an_answer_is_kept_for_a_client_whose_connection_was_reset(context: Context) {
    left_early_and_asked_again(&context, true).await;
}

async fn left_early_and_asked_again(context: &Context, reset: bool) {
    let gateway = Gateway::start(context).await;
    let gate = Arc::new(Semaphore::new(0));
    gateway.idenfy.answer(Answer::When(gate.clone()));
    leave_early(&gateway, &gate, reset).await;
    let mut answered = json!(null);
    until(async || {
        let answer = post_once(&gateway, &gateway.key, "k", "/sessions", &json!({})).await;
        let done = answer.status() == 201;
        if done {
            answered = answer.json().await.unwrap();
        }
        done
    })
    .await;
    assert_eq!(answered["auth_token"], "token-0");
    assert_eq!(
        (
            gateway.idenfy.calls().len(),
            count(&gateway, "sessions").await
        ),
        (1, 1)
    );
}
