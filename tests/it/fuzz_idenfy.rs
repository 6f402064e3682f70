//! Whatever comes from iDenfy, as a webhook or as an answer: no 5xx of our own making, no panic, no lost count.

use entrypass::idenfy::health::PROBE_EVERY_MS;
use std::cell::Cell;
use std::collections::BTreeSet;

use futures_util::future::join_all;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use crate::api_support::signature;
use crate::fuzz::still_works;
use crate::fuzz_inputs::{changed, changes, check, documents, raw, texts};
use crate::harness::gateway::{location, text};
use crate::harness::{Answer, Context, Gateway, tests};

tests!(
    "fuzz_idenfy",
    [
        any_signed_webhook_is_taken_or_refused,
        any_answer_of_idenfys_starts_a_session_or_gives_the_use_back,
        nonsense_of_idenfys_spoils_no_other_click,
    ]
);

async fn any_signed_webhook_is_taken_or_refused(context: Context) {
    context.expect_log("request parse error");
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    for _ in 0..8 {
        assert_eq!(gateway.click(&link).await.status(), 302);
    }
    let good = json!({
        "final": true, "platform": "MOBILE", "scanRef": "scan-0", "clientId": "c", "startTime": 1_554_726_960,
        "status": {"overall": "APPROVED", "suspicionReasons": [], "fraudTags": ["FAKE_PHOTO"], "mismatchTags": ["NAME"],
            "autoFace": "FACE_MATCH", "manualFace": null, "autoDocument": "DOC_VALIDATED", "manualDocument": null},
        "data": {"docFirstName": "JOHN"}, "outcome": "SUCCESS", "personScanRef": "c",
    });
    let near = (0..8_usize, changes()).prop_map(move |(n, changes)| {
        let mut good = good.clone();
        good["scanRef"] = json!(format!("scan-{n}"));
        changed(good, &changes).to_string().into_bytes()
    });
    let bodies = prop_oneof![
        4 => near,
        1 => documents().prop_map(|document| document.to_string().into_bytes()),
        1 => vec(any::<u8>(), 0..200),
    ];
    let events = prop_oneof![
        select(vec![
            "IDENTIFICATION",
            "IDENTIFICATION_AUTO_FINISHED",
            "IDENTIFICATION_MANUAL_FINISHED",
            "IDENTIFICATION_EXPIRED",
            "IDENTIFICATION_CANCELLED",
            "AGE_ESTIMATION",
            "DOCUMENT_EXPIRATION",
            "VIDEO_CALL_FINISHED",
            "",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        vec(
            prop_oneof![0x20..=0x7e_u8, 0x80..=0xff_u8, Just(b'\t')],
            0..4000
        ),
    ];
    check((events, bodies), |(event, body)| {
        let gateway = &gateway;
        async move {
            let head = "POST /webhooks/idenfy HTTP/1.1\r\nHost: h\r\nConnection: close\r\nIdenfy-Event-Type: ";
            let signed = format!(
                "\r\nIdenfy-Signature: {}\r\nContent-Length: {}\r\n\r\n",
                signature(&body),
                body.len()
            );
            let request = [head.as_bytes(), &event, signed.as_bytes(), &body].concat();
            let (status, told) = raw(gateway, &request).await?;
            let fits = [200, 400].contains(&status);
            if fits {
                Ok(())
            } else {
                Err(format!("{status} {}", String::from_utf8_lossy(&told)))
            }
        }
    });
    assert_eq!(gateway.sessions(&link).await.len(), 8);
    still_works(&gateway).await;
}

async fn any_answer_of_idenfys_starts_a_session_or_gives_the_use_back(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let links = [
        gateway.link(json!({})).await,
        gateway.link(json!({"resume": true})).await,
        gateway
            .link(json!({"flow": "selfie", "token": {"min_age": 18, "confidence_threshold": 85}}))
            .await,
    ];
    let good = json!({
        "message": "Token created successfully", "authToken": "t", "scanRef": "s", "clientId": "c", "expiryTime": 3600,
        "redirectUrl": format!("{}/api/v2/redirect?authToken=t", gateway.idenfy.base), "tokenString": "t",
        "token": "t", "session_url": format!("{}/age/1", gateway.idenfy.base), "expires_at": "2027-01-15T13:00:00Z",
    });
    let answers = prop_oneof![
        6 => changes().prop_map(move |changes| (201, changed(good.clone(), &changes).to_string())),
        1 => documents().prop_map(|document| (201, document.to_string())),
        1 => (select(vec![200, 204, 302, 400, 401, 402, 403, 404, 409, 500]), documents())
            .prop_map(|(status, document)| (status, document.to_string())),
        1 => texts().prop_map(|text| (201, text)),
    ];
    let started = [const { Cell::new(0_i64) }; 3];
    check((0..3_usize, answers), |(n, (status, body))| {
        let (gateway, link, started) = (&gateway, &links[n], &started[n]);
        async move {
            gateway.idenfy.answer(Answer::Raw(status, "", body));
            gateway.clock.advance(PROBE_EVERY_MS);
            let answer = gateway.click(link).await;
            match answer.status().as_u16() {
                302 if is_agreed(gateway, &location(&answer)) => started.set(started.get() + 1),
                302 => return Err(format!("sent to {}", location(&answer))),
                503 if answer.headers().contains_key("retry-after") => {}
                other => return Err(format!("{other}")),
            }
            let used = gateway.used(link).await;
            if used == started.get() {
                Ok(())
            } else {
                Err(format!("{used} used, {} started", started.get()))
            }
        }
    });
    gateway.clock.advance(PROBE_EVERY_MS);
    still_works(&gateway).await;
}

async fn nonsense_of_idenfys_spoils_no_other_click(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let long = "x".repeat(100_000);
    let redirect = format!("{}/r?t=", gateway.idenfy.base);
    let nonsense = [
        json!({"authToken": "t", "scanRef": "a\u{0}b"}).to_string(),
        json!({"authToken": "t\u{0}", "scanRef": "s"}).to_string(),
        json!({"authToken": "t\r\nX: y", "scanRef": "s\r\n"}).to_string(),
        json!({"authToken": long, "scanRef": "s"}).to_string(),
        json!({"authToken": "t", "scanRef": long}).to_string(),
        json!({"authToken": "t", "scanRef": "s", "redirectUrl": format!("{redirect}\u{0}\r\n\u{202e}😀")}).to_string(),
        json!({"authToken": "t", "scanRef": "s", "redirectUrl": format!("{redirect}{long}")}).to_string(),
        json!({"authToken": "t", "scanRef": "s", "redirectUrl": "\u{0}"}).to_string(),
        json!({"authToken": "t", "scanRef": "s", "expiryTime": i64::MAX}).to_string(),
        json!({"authToken": "t", "scanRef": "s", "expiryTime": -1}).to_string(),
        r#"{"authToken": "t", "scanRef": "\ud800"}"#.to_owned(),
        r#"{"authToken": "\udc00", "scanRef": "s"}"#.to_owned(),
        r#"{"authToken": "t", "scanRef": "s", "redirectUrl": "\ud83d"}"#.to_owned(),
        r#"{"authToken": "t", "scanRef": "s", "expiryTime": 1e400}"#.to_owned(),
        r#"{"authToken": 5, "scanRef": ["s"]}"#.to_owned(),
        String::from_utf8_lossy(&[0xff, 0xfe, 0x00]).into_owned(),
        "[".repeat(10_000),
        "\0".repeat(100),
        String::new(),
    ];
    let mut answers = Vec::new();
    for text in nonsense {
        answers.push(Answer::Raw(201, "", text));
        answers.push(Answer::Token);
    }
    let good = answers.len() / 2;
    gateway.idenfy.answer(Answer::EachOf(answers.clone()));
    let link = gateway.link(json!({"resume": true})).await;
    let all = join_all(answers.iter().map(|_| gateway.click(&link))).await;
    let sent: Vec<_> = all.iter().filter(|answer| answer.status() == 302).collect();
    assert!(
        all.iter()
            .all(|answer| [302, 503].contains(&answer.status().as_u16()))
    );
    let told: BTreeSet<String> = sent.iter().map(|answer| location(answer)).collect();
    let started = told
        .iter()
        .filter(|address| address.contains("authToken=token-"))
        .count();
    assert_eq!(started, good, "every good answer starts its session");
    assert!(told.iter().all(|address| is_agreed(&gateway, address)));
    assert_eq!(
        gateway.used(&link).await,
        i64::try_from(sent.len()).expect("few")
    );
    let sessions = gateway.sessions(&link).await;
    assert!(
        sessions
            .iter()
            .all(|session| ["active", "failed"].contains(&text(&session["status"])))
    );
    // And by API, where the token itself is answered.
    for answer in answers {
        gateway.idenfy.answer(answer);
        let (status, told) = gateway.post("/sessions", json!({})).await;
        assert!([201, 503].contains(&status), "{status} {told}");
    }
    still_works(&gateway).await;
}

/// Where a redirect leads: only to hosts that were agreed on.
fn is_agreed(gateway: &Gateway, address: &str) -> bool {
    address.starts_with(&format!("{}/", gateway.idenfy.base))
        || address.starts_with("https://ui.idenfy.com/")
        || address.starts_with("https://127.0.0.1")
}
