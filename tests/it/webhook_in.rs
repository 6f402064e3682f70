//! iDenfy's webhook: who is believed, and what is kept.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::api_support::{metric, over, problem, send_webhook, signature};
use crate::harness::gateway::text;
use crate::harness::{Context, Gateway, tests};

tests!(
    "webhook_in",
    [
        only_a_good_signature_is_believed,
        without_a_key_nothing_is_believed,
        refusals_come_in_the_order_of_size_signature_form,
        a_body_that_does_not_come_is_not_waited_for,
        other_methods_are_not_allowed,
        odd_leaves_are_passed_over,
        personal_data_is_not_kept,
    ]
);

/// The event after the automatic check.
pub const AUTO: &str = "IDENTIFICATION_AUTO_FINISHED";
/// The event after the manual check.
pub const MANUAL: &str = "IDENTIFICATION_MANUAL_FINISHED";
/// The event when somebody gave up.
pub const CANCELLED: &str = "IDENTIFICATION_CANCELLED";
/// The event when the time ran out.
pub const EXPIRED: &str = "IDENTIFICATION_EXPIRED";

/// A result as iDenfy tells it.
pub fn result(scan_ref: &Value, overall: &str, is_final: bool) -> Value {
    json!({"scanRef": scan_ref, "clientId": "c", "final": is_final, "status": {"overall": overall}})
}

/// Sends a webhook that must be taken.
pub async fn send(gateway: &Gateway, event: &str, body: &Value) {
    let answer = send_webhook(gateway, event, body.to_string().as_bytes()).await;
    assert_eq!(answer.status(), 200, "{body}");
}

/// Starts a session.
pub async fn session(gateway: &Gateway) -> Value {
    let (status, session) = gateway.post("/sessions", json!({})).await;
    assert_eq!(status, 201);
    session
}

/// The session as it is shown now.
pub async fn shown(gateway: &Gateway, session: &Value) -> Value {
    gateway
        .get(&format!("/sessions/{}", text(&session["id"])))
        .await
        .1
}

async fn post(gateway: &Gateway, signed: Option<&str>, body: &[u8]) -> Response {
    let mut request = gateway
        .request(Method::POST, "/webhooks/idenfy")
        .header("Idenfy-Event-Type", MANUAL);
    if let Some(signed) = signed {
        request = request.header("Idenfy-Signature", signed);
    }
    request.body(body.to_vec()).send().await.unwrap()
}

async fn only_a_good_signature_is_believed(context: Context) {
    let gateway = Gateway::start(&context).await;
    let session = session(&gateway).await;
    let body = result(&session["scan_ref"], "APPROVED", true).to_string();
    let good = signature(body.as_bytes());
    let other_key = {
        use hmac::{Hmac, KeyInit as _, Mac as _};
        let mac = Hmac::<sha2::Sha256>::new_from_slice(b"another key").unwrap();
        hex::encode(mac.chain_update(&body).finalize().into_bytes())
    };
    let flipped = format!(
        "{}{}",
        &good[..63],
        if good.ends_with('0') { '1' } else { '0' }
    );
    for bad in [
        None,
        Some(""),
        Some("x"),
        Some(&*other_key),
        Some(&*flipped),
        Some(&good[..62]),
        Some(&*format!("{good}00")),
        Some(&*format!("sha256={good}")),
        Some(&*format!("{good},{good}")),
        Some(&*"0".repeat(64)),
        Some("é"),
        Some(&*signature(b"")),
        Some(&*"g".repeat(64)),
        Some(&*"f".repeat(20_000)),
    ] {
        problem(
            post(&gateway, bad, body.as_bytes()).await,
            401,
            "unauthorized",
        )
        .await;
    }
    for changed in [
        format!("{body}\n"),
        format!(" {body}"),
        body.replace("APPROVED", "APPROVEd"),
        String::new(),
    ] {
        problem(
            post(&gateway, Some(&good), changed.as_bytes()).await,
            401,
            "unauthorized",
        )
        .await;
    }
    assert_eq!(shown(&gateway, &session).await["status"], "active");
    assert!(metric(&gateway, "entrypass_webhooks_total{result=\"refused\"}").await >= 18);
    assert_eq!(
        post(&gateway, Some(&good.to_uppercase()), body.as_bytes())
            .await
            .status(),
        200
    );
    assert_eq!(shown(&gateway, &session).await["status"], "approved");
    assert_eq!(
        post(&gateway, Some(&good), body.as_bytes()).await.status(),
        200
    );
    let pretty = format!("{body}\r\n\t ");
    assert_eq!(
        send_webhook(&gateway, MANUAL, pretty.as_bytes())
            .await
            .status(),
        200
    );
}

async fn without_a_key_nothing_is_believed(context: Context) {
    for key in [None, Some("")] {
        let gateway = Gateway::with(&context, |config| {
            config.idenfy.webhook_key = key.map(entrypass::domain::secret::Secret::new);
        })
        .await;
        let body = b"{\"scanRef\": \"s\"}";
        let empty_key = {
            use hmac::{Hmac, KeyInit as _, Mac as _};
            let mac = Hmac::<sha2::Sha256>::new_from_slice(b"").unwrap();
            hex::encode(mac.chain_update(body).finalize().into_bytes())
        };
        for signed in [None, Some(signature(body)), Some(empty_key)] {
            problem(
                post(&gateway, signed.as_deref(), body).await,
                401,
                "unauthorized",
            )
            .await;
        }
    }
}

async fn refusals_come_in_the_order_of_size_signature_form(context: Context) {
    let gateway = Gateway::start(&context).await;
    let sized = |size: usize| {
        format!(
            "{{\"scanRef\": \"big\", \"x\": \"{}\"}}",
            "a".repeat(size - 27)
        )
        .into_bytes()
    };
    assert_eq!(sized(100).len(), 100);
    let limit = 1024 * 1024;
    let (fits, large) = (sized(limit), sized(limit + 1));
    assert_eq!(
        post(&gateway, Some(&signature(&fits)), &fits)
            .await
            .status(),
        200
    );
    problem(post(&gateway, None, &fits).await, 401, "unauthorized").await;
    for signed in [None, Some(signature(&large))] {
        problem(
            post(&gateway, signed.as_deref(), &large).await,
            413,
            "too_large",
        )
        .await;
    }
    let not_json = vec![b'x'; limit + 1];
    problem(post(&gateway, None, &not_json).await, 413, "too_large").await;
    for bad in [
        "",
        "x",
        "{",
        "null",
        "true",
        "1",
        "\"scanRef\"",
        "[]",
        "[{\"scanRef\": \"s\"}]",
        "{}",
        "{\"scanRef\": null}",
        "{\"scanRef\": \"\"}",
        "{\"scanRef\": \" \"}",
        "{\"scanRef\": 5}",
        "{\"scanRef\": [\"s\"]}",
        "{\"scanref\": \"s\"}",
        "{\"scanRef\": \"a\\u0000\"}",
        "{\"scanRef\": \"a\\nb\"}",
        "{\"clientId\": \"c\"}",
        "{\"data\": {\"scanRef\": \"s\"}}",
    ] {
        problem(
            post(&gateway, None, bad.as_bytes()).await,
            401,
            "unauthorized",
        )
        .await;
        let signed = signature(bad.as_bytes());
        problem(
            post(&gateway, Some(&signed), bad.as_bytes()).await,
            400,
            "bad_request",
        )
        .await;
    }
    let deep = format!("{{\"scanRef\": \"s\", \"a\": {}", "[".repeat(100_000));
    let signed = signature(deep.as_bytes());
    problem(
        post(&gateway, Some(&signed), deep.as_bytes()).await,
        400,
        "bad_request",
    )
    .await;
}

async fn a_body_that_does_not_come_is_not_waited_for(context: Context) {
    let gateway = Gateway::start(&context).await;
    let address = gateway.base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head =
        format!("POST /webhooks/idenfy HTTP/1.1\r\nHost: {address}\r\nContent-Length: 9\r\n\r\n{{");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    let read = tokio::time::timeout(Duration::from_secs(30), stream.read_exact(&mut answer));
    read.await.expect("an answer within the bound").unwrap();
    assert_eq!(&answer, b"HTTP/1.1 400");
}

async fn other_methods_are_not_allowed(context: Context) {
    let gateway = Gateway::start(&context).await;
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let answer = gateway
            .request(method, "/webhooks/idenfy")
            .send()
            .await
            .unwrap();
        problem(answer, 405, "method_not_allowed").await;
    }
}

async fn odd_leaves_are_passed_over(context: Context) {
    let gateway = Gateway::start(&context).await;
    let long = "x".repeat(100_000);
    for odd in [
        json!({"status": null}),
        json!({"status": []}),
        json!({"status": "APPROVED"}),
        json!({"status": {}}),
        json!({"status": {"overall": null}}),
        json!({"status": {"overall": 5}}),
        json!({"status": {"overall": "\u{0}"}}),
        json!({"status": {"overall": long}}),
        json!({"final": null}),
        json!({"final": "true"}),
        json!({"clientId": "\u{0}"}),
        json!({"clientId": long}),
        json!({"clientId": {}}),
        json!({"clientId": "\u{202e}"}),
        json!({"status": {"overall": "APPROVED", "fraudTags": "x", "mismatchTags": [1, null, "\u{0}", long, "NAME"]}}),
        json!({"status": {"overall": "APPROVED", "fraudTags": vec!["T"; 10_000], "autoFace": "\u{0}", "manualFace": {}}}),
        json!({"\u{0}": "\u{0}"}),
    ] {
        for event in [
            AUTO,
            EXPIRED,
            "AGE_ESTIMATION",
            "",
            "a future event",
            &"E".repeat(60),
            &long[..9000],
        ] {
            let session = session(&gateway).await;
            send(
                &gateway,
                event,
                &over(result(&session["scan_ref"], "APPROVED", true), &odd),
            )
            .await;
            assert!(shown(&gateway, &session).await["status"].is_string());
        }
    }
    // An event type in letters that do not compress, longer than an index of PostgreSQL's can hold.
    let noise: String = (0..9000_u32)
        .map(|n| char::from(b'!' + (n.wrapping_mul(2_654_435_761) >> 13 & 0x3f) as u8))
        .collect();
    let session = session(&gateway).await;
    send(
        &gateway,
        &noise,
        &result(&session["scan_ref"], "APPROVED", true),
    )
    .await;
}

async fn personal_data_is_not_kept(context: Context) {
    let gateway = Gateway::start(&context).await;
    let session = session(&gateway).await;
    let body = over(
        result(&session["scan_ref"], "APPROVED", true),
        &json!({
            "data": {"docFirstName": "MARKER-FIRST", "docPersonalCode": "MARKER-CODE"}, "clientIp": "203.0.113.77",
            "fileUrls": {"FRONT": "https://files.example/MARKER-FILE"}, "clientLocation": "MARKER-TOWN",
        }),
    );
    send(&gateway, MANUAL, &body).await;
    assert_eq!(shown(&gateway, &session).await["status"], "approved");
    let log = context.log.text();
    for marker in ["MARKER-", "203.0.113.77"] {
        assert!(!gateway.database.holds(marker).await, "{marker}");
        assert!(!log.contains(marker), "{marker}");
    }
    assert!(!log.contains(text(&session["client_id"])));
}
