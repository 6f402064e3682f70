//! iDenfy's webhook: what each kind of body does, to the session and to those who are told of it.

use entrypass::domain::secret::Secret;
use entrypass::store::events::{EventFilter, Told};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api_support::{metric, over, send_webhook};
use crate::harness::gateway::text;
use crate::harness::{BOUND, Context, Gateway, eventually, tests};
use crate::visitor_kit::{called, hold_back};
use crate::webhook_in::{AUTO, CANCELLED, EXPIRED, MANUAL, result, send, session, shown};

tests!(
    "webhook_in_table",
    [
        each_body_does_what_the_table_says,
        the_signature_of_a_whole_body_is_believed_byte_for_byte,
        the_same_verdict_in_another_body_is_told_once,
        fifty_copies_at_once_raise_one_event,
        different_results_at_once_leave_the_session_as_it_was_told_last,
        a_click_whose_process_died_is_healed_and_told_of_from_its_start,
        a_result_that_comes_before_the_answer_is_told_in_order,
    ]
);

/// All events so far.
pub async fn told(gateway: &Gateway) -> Vec<Told> {
    let store = &gateway.state.store;
    store.publish().await.expect("a database");
    let filter = EventFilter {
        limit: 1000,
        ..EventFilter::default()
    };
    store.events(&filter).await.expect("a database")
}

/// All events so far: their kind and the state the session showed then.
pub async fn events(gateway: &Gateway) -> Vec<String> {
    let all = told(gateway).await;
    let said = all.iter().map(|told| {
        let status = told.session.as_ref().map_or("", |s| s.status.as_str());
        format!("{} {status}", told.event.kind.as_str())
    });
    said.collect()
}

/// Event, body (`S` stands for the session's scanRef, `C` for its clientId), and what comes of it: the status of the
/// answer, the metric's label, status and provisional of the session (`!` after a final one), how many events.
type Row = (
    &'static str,
    &'static str,
    u16,
    &'static str,
    &'static str,
    usize,
);

const RESUBMITTED: &str = "IDENTIFICATION_RESUBMITTED";
const AGE: &str = "AGE_ESTIMATION";

/// Of a session that is active.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Each event.
    (AUTO, r#"{"scanRef":"S","final":true,"status":{"overall":"APPROVED"}}"#, 200, "applied", "approved!", 1),
    (AUTO, r#"{"scanRef":"S","final":false,"status":{"overall":"APPROVED"}}"#, 200, "applied", "reviewing approved", 1),
    (MANUAL, r#"{"scanRef":"S","final":true,"status":{"overall":"DENIED"}}"#, 200, "applied", "denied!", 1),
    (MANUAL, r#"{"scanRef":"S","status":{"overall":"DENIED"}}"#, 200, "applied", "denied!", 1),
    (RESUBMITTED, r#"{"scanRef":"S","final":false,"status":{"overall":"DENIED"}}"#, 200, "applied", "reviewing denied", 1),
    (RESUBMITTED, r#"{"scanRef":"S","final":true,"status":{"overall":"DENIED"}}"#, 200, "applied", "denied!", 1),
    (CANCELLED, r#"{"scanRef":"S"}"#, 200, "applied", "cancelled!", 1),
    (CANCELLED, r#"{"scanRef":"S","final":false,"status":{"overall":"ACTIVE"}}"#, 200, "applied", "cancelled!", 1),
    (EXPIRED, r#"{"scanRef":"S","final":null,"status":null}"#, 200, "applied", "expired!", 1),
    (EXPIRED, r#"{"scanRef":"S","status":{"overall":"EXPIRED-DELETED"}}"#, 200, "applied", "deleted!", 1),
    ("IDENTIFICATION", r#"{"scanRef":"S","final":true,"status":{"overall":"SUSPECTED"}}"#, 200, "applied", "suspected!", 1),
    ("identification_auto_finished", r#"{"scanRef":"S","final":true,"status":{"overall":"APPROVED"}}"#, 200, "applied", "approved!", 1),
    ("DOCUMENT_EXPIRATION", r#"{"scanRef":"S","clientId":"C","expirationThreshold":"DOCUMENT_EXPIRED","documentExpiration":"2027-01-01"}"#, 200, "unchanged", "active", 0),
    ("VIDEO_CALL_FINISHED", r#"{"scanRef":"S","clientId":"C","status":"APPROVED","date":"2020"}"#, 200, "unchanged", "active", 0),
    ("FACIAL_AUTHENTICATION", r#"{"scanRef":"S","clientId":"C","status":"SUCCESS"}"#, 200, "unchanged", "active", 0),
    ("A_FUTURE_EVENT", r#"{"scanRef":"S","final":true,"status":{"overall":"APPROVED"}}"#, 200, "applied", "approved!", 1),
    ("", r#"{"scanRef":"S","final":true,"status":{"overall":"APPROVED"}}"#, 200, "applied", "approved!", 1),
    ("", r#"{"scanRef":"S","status":{"overall":"APPROVED"}}"#, 200, "unchanged", "active", 0),
    // Age estimation.
    (AGE, r#"{"scanRef":"S","status":"COMPLETED","outcome":"SUCCESS","clientId":null,"estimatedAge":27.5,"confidence":97}"#, 200, "applied", "approved!", 1),
    (AGE, r#"{"scanRef":"S","status":"COMPLETED","outcome":"UNDERAGE"}"#, 200, "applied", "denied!", 1),
    (AGE, r#"{"scanRef":"S","status":"COMPLETED","outcome":"FACE_MISMATCH"}"#, 200, "applied", "denied!", 1),
    (AGE, r#"{"scanRef":"S","status":"FAILED","outcome":"ATTEMPTS_EXCEEDED"}"#, 200, "applied", "denied!", 1),
    (AGE, r#"{"scanRef":"S","status":"COMPLETED","outcome":"UNCERTAIN"}"#, 200, "applied", "suspected!", 1),
    (AGE, r#"{"scanRef":"S","status":"FAILED","outcome":null}"#, 200, "applied", "denied!", 1),
    (AGE, r#"{"scanRef":"S","status":"COMPLETED","outcome":null}"#, 200, "applied", "reviewing", 1),
    (AGE, r#"{"scanRef":"S","status":"PROCESSING","outcome":null}"#, 200, "applied", "reviewing", 1),
    (AGE, r#"{"scanRef":"S","status":"EXPIRED"}"#, 200, "applied", "expired!", 1),
    (AGE, r#"{"scanRef":"S","status":"PENDING"}"#, 200, "unchanged", "active", 0),
    (AGE, r#"{"scanRef":"S","status":null,"outcome":null}"#, 200, "unchanged", "active", 0),
    (AGE, r#"{"scanRef":"S","status":{},"outcome":"ELSE"}"#, 200, "applied", "else!", 1),
    // Each status.
    (AUTO, r#"{"scanRef":"S","final":true,"status":{"overall":"DENIED"}}"#, 200, "applied", "denied!", 1),
    (AUTO, r#"{"scanRef":"S","final":true,"status":{"overall":"SUSPECTED"}}"#, 200, "applied", "suspected!", 1),
    (AUTO, r#"{"scanRef":"S","final":true,"status":{"overall":"REVIEWING"}}"#, 200, "applied", "reviewing", 1),
    (AUTO, r#"{"scanRef":"S","final":true,"status":{"overall":"ACTIVE"}}"#, 200, "unchanged", "active", 0),
    (AUTO, r#"{"scanRef":"S","final":false,"status":{"overall":"EXPIRED"}}"#, 200, "applied", "expired!", 1),
    (AUTO, r#"{"scanRef":"S","final":false,"status":{"overall":"DELETED"}}"#, 200, "applied", "deleted!", 1),
    (AUTO, r#"{"scanRef":"S","final":false,"status":{"overall":"ARCHIVED"}}"#, 200, "applied", "archived!", 1),
    (AUTO, r#"{"scanRef":"S","final":true,"status":{"overall":"Brand_New"}}"#, 200, "applied", "brand_new!", 1),
    (AUTO, r#"{"scanRef":"S","final":false,"status":{"overall":"Brand_New"}}"#, 200, "applied", "reviewing brand_new", 1),
    (AUTO, r#"{"scanRef":"S","final":true,"status":{"overall":"FAILED"}}"#, 200, "applied", "denied!", 1),
    (AUTO, r#"{"scanRef":"S","final":true,"status":{"overall":"STARTING"}}"#, 200, "unchanged", "active", 0),
    // Nulls everywhere, missing parts, extra parts.
    (AUTO, r#"{"final":null,"platform":null,"status":{"overall":null,"suspicionReasons":null,"denyReasons":null,"fraudTags":null,"mismatchTags":null,"autoFace":null,"manualFace":null,"autoDocument":null,"manualDocument":null,"additionalSteps":null},"data":null,"fileUrls":null,"scanRef":"S","clientId":null,"startTime":null}"#, 200, "unchanged", "active", 0),
    (AUTO, r#"{"final":true,"platform":null,"status":{"overall":"APPROVED","suspicionReasons":null,"fraudTags":null,"mismatchTags":null,"autoFace":null},"data":{"docFirstName":null},"fileUrls":null,"scanRef":"S","clientId":null}"#, 200, "applied", "approved!", 1),
    (AUTO, r#"{"scanRef":"S"}"#, 200, "unchanged", "active", 0),
    (AUTO, r#"{"scanRef":"S","final":true}"#, 200, "unchanged", "active", 0),
    (AUTO, r#"{"scanRef":"S","status":{"overall":"APPROVED"}}"#, 200, "applied", "reviewing approved", 1),
    (AUTO, r#"{"scanRef":"S","final":true,"status":{"overall":"APPROVED","novel":{"a":[1]}},"novel":[[]],"":0}"#, 200, "applied", "approved!", 1),
    (AUTO, "\n\t {\"scanRef\":\"S\",\"final\":true,\"status\":{\"overall\":\"APPROVED\"}} \r\n", 200, "applied", "approved!", 1),
    (AUTO, r#"{"scanRef":" S ","final":true,"status":{"overall":" APPROVED "}}"#, 200, "applied", "approved!", 1),
    // Wrong types, numbers for text.
    (AUTO, r#"{"scanRef":"S","final":"true","status":{"overall":"APPROVED"}}"#, 200, "applied", "reviewing approved", 1),
    (AUTO, r#"{"scanRef":"S","final":1,"status":{"overall":"APPROVED"}}"#, 200, "applied", "reviewing approved", 1),
    (AUTO, r#"{"scanRef":"S","final":true,"status":"APPROVED"}"#, 200, "unchanged", "active", 0),
    (AUTO, r#"{"scanRef":"S","final":true,"status":["APPROVED"]}"#, 200, "unchanged", "active", 0),
    (AUTO, r#"{"scanRef":"S","final":true,"status":{"overall":1}}"#, 200, "unchanged", "active", 0),
    (AUTO, r#"{"scanRef":"S","final":true,"status":{"overall":["APPROVED"]}}"#, 200, "unchanged", "active", 0),
    (AUTO, r#"{"scanRef":"S","final":true,"status":{"overall":"APPROVED","fraudTags":"X","mismatchTags":[1,null,{},"NAME"],"autoFace":5}}"#, 200, "applied", "approved!", 1),
    (AUTO, r#"{"scanRef":"S","final":true,"clientId":17,"status":{"overall":"APPROVED"}}"#, 200, "applied", "approved!", 1),
    (AUTO, r#"{"scanRef":17,"clientId":"C","final":true,"status":{"overall":"APPROVED"}}"#, 400, "malformed", "active", 0),
    (AUTO, r#"{"scanRef":null,"clientId":"C","final":true,"status":{"overall":"APPROVED"}}"#, 400, "malformed", "active", 0),
    (AUTO, r#"{"scanRef":"","clientId":"C","final":true,"status":{"overall":"APPROVED"}}"#, 400, "malformed", "active", 0),
    (AUTO, r#"{"scanRef":{"a":"S"},"final":true,"status":{"overall":"APPROVED"}}"#, 400, "malformed", "active", 0),
    (AUTO, r#"{"clientId":"C","final":true,"status":{"overall":"APPROVED"}}"#, 400, "malformed", "active", 0),
    // Duplicate keys: the last one counts.
    (AUTO, r#"{"scanRef":"other","scanRef":"S","final":true,"status":{"overall":"DENIED"},"status":{"overall":"APPROVED"}}"#, 200, "applied", "approved!", 1),
    // Escapes, lone surrogates, control characters.
    (AUTO, r#"{"scanRef":"S","final":true,"status":{"overall":"\u0041PPROVED"}}"#, 200, "applied", "approved!", 1),
    (AUTO, r#"{"scanRef":"S","final":true,"status":{"overall":"APPROVED\u0000"}}"#, 200, "unchanged", "active", 0),
    (AUTO, r#"{"scanRef":"S","final":true,"status":{"overall":"\ud800"}}"#, 400, "malformed", "active", 0),
    (AUTO, r#"{"scanRef":"S\u0000","final":true,"status":{"overall":"APPROVED"}}"#, 400, "malformed", "active", 0),
    // Not ours.
    (AUTO, r#"{"scanRef":"elsewhere","clientId":"nobody","final":true,"status":{"overall":"APPROVED"}}"#, 200, "not_ours", "active", 0),
    (AUTO, r#"{"scanRef":"elsewhere","clientId":"C","final":true,"status":{"overall":"APPROVED"}}"#, 200, "not_ours", "active", 0),
    (AUTO, r#"{"scanRef":"elsewhere","final":true,"status":{"overall":"DENIED"}}"#, 200, "not_ours", "active", 0),
    // Not JSON.
    (AUTO, "", 400, "malformed", "active", 0),
    (AUTO, "null", 400, "malformed", "active", 0),
    (AUTO, r#"["S"]"#, 400, "malformed", "active", 0),
    (AUTO, r#"{"scanRef":"S","final":true,"status":{"overall":"APPROVED"}"#, 400, "malformed", "active", 0),
    (AUTO, r#"{"scanRef":"S","final":true,"status":{"overall":"APPROVED"}} x"#, 400, "malformed", "active", 0),
    (AUTO, "scanRef=S&final=true", 400, "malformed", "active", 0),
    (AUTO, "<scanRef>S</scanRef>", 400, "malformed", "active", 0),
];

async fn each_body_does_what_the_table_says(context: Context) {
    let gateway = Gateway::start(&context).await;
    for (event, body, answered, label, status, raised) in ROWS {
        // So that no body comes twice.
        let session = session(&gateway).await;
        let body = body
            .replace("\"S\"", &session["scan_ref"].to_string())
            .replace("\" S \"", &format!("\" {} \"", text(&session["scan_ref"])))
            .replace("\"C\"", &session["client_id"].to_string())
            .replace("elsewhere", &format!("elsewhere-{}", text(&session["id"])));
        check(
            &gateway,
            &session,
            event,
            body.as_bytes(),
            *answered,
            label,
            status,
            *raised,
        )
        .await;
    }
    // What cannot be written above.
    let scan = async |session: &Value| text(&session["scan_ref"]).to_owned();
    let approved = r#""final":true,"status":{"overall":"APPROVED"}"#;
    let sized = |scan: &str, size: usize| {
        let start = format!(r#"{{"scanRef":"{scan}",{approved},"x":""#);
        let filler = "a".repeat(size - start.len() - 2);
        format!("{start}{filler}\"}}").into_bytes()
    };
    let own = session(&gateway).await;
    let mut broken =
        format!(r#"{{"scanRef":"{}",{approved},"x":"?"}}"#, scan(&own).await).into_bytes();
    let at = broken.iter().position(|byte| *byte == b'?').unwrap();
    broken[at] = 0xff;
    check(&gateway, &own, AUTO, &broken, 400, "malformed", "active", 0).await;
    let marked = [
        b"\xef\xbb\xbf",
        format!(r#"{{"scanRef":"{}",{approved}}}"#, scan(&own).await).as_bytes(),
    ]
    .concat();
    check(&gateway, &own, AUTO, &marked, 400, "malformed", "active", 0).await;
    let deep = format!(
        r#"{{"scanRef":"{}",{approved},"x":{}1{}}}"#,
        scan(&own).await,
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    check(
        &gateway,
        &own,
        AUTO,
        deep.as_bytes(),
        400,
        "malformed",
        "active",
        0,
    )
    .await;
    let over = sized(&scan(&own).await, 1024 * 1024 + 1);
    check(&gateway, &own, AUTO, &over, 413, "malformed", "active", 0).await;
    let fits = sized(&scan(&own).await, 1024 * 1024);
    check(&gateway, &own, AUTO, &fits, 200, "applied", "approved!", 1).await;
    let nested = format!(
        r#"{{"scanRef":"{}",{approved},"x":{}1{}}}"#,
        scan(&own).await,
        "[".repeat(100),
        "]".repeat(100)
    );
    check(
        &gateway,
        &own,
        AUTO,
        nested.as_bytes(),
        200,
        "unchanged",
        "approved!",
        0,
    )
    .await;
    assert!(ROWS.len() + 6 >= 40);
}

#[expect(clippy::too_many_arguments, reason = "a row of the table")]
async fn check(
    gateway: &Gateway,
    session: &Value,
    event: &str,
    body: &[u8],
    answered: u16,
    label: &str,
    status: &str,
    raised: usize,
) {
    let name = format!(
        "{event} {}",
        String::from_utf8_lossy(&body[..body.len().min(300)])
    );
    let sample = format!("entrypass_webhooks_total{{result=\"{label}\"}}");
    let (counted, before) = (metric(gateway, &sample).await, told(gateway).await.len());
    let answer = send_webhook(gateway, event, body).await;
    assert_eq!(answer.status(), answered, "{name}");
    assert_eq!(
        metric(gateway, &sample).await,
        counted + 1,
        "{label}: {name}"
    );
    let now = shown(gateway, session).await;
    let mut is = text(&now["status"]).to_owned();
    if now["final"] == true {
        is.push('!');
    }
    if let Some(provisional) = now["provisional"].as_str() {
        is = format!("{is} {provisional}");
    }
    assert_eq!(is, status, "{name}");
    assert_eq!(told(gateway).await.len() - before, raised, "{name}");
}

/// A body of the shape and size of iDenfy's own, and its HMAC-SHA256 with the key `TestingKey`, made with OpenSSL.
const SIGNED: &[u8] = include_bytes!("../data/signed-webhook.json");
const SIGNATURE: &str = "30601ec6d87390d8bd1b704377a7407c617e07a78d3ee406c197585d5f1de53c";
/// The same without the newline at the end.
const SIGNATURE_WITHOUT_NEWLINE: &str =
    "617072af9cb5743a32faaefe67ec8f0e0fbc751eed2b9a9ebcc0f5122043a097";

async fn the_signature_of_a_whole_body_is_believed_byte_for_byte(context: Context) {
    let gateway = Gateway::with(&context, |config| {
        config.idenfy.webhook_key = Some(Secret::new("TestingKey"));
    })
    .await;
    assert_eq!((SIGNED.len(), SIGNED.last()), (3269, Some(&b'\n')));
    let bare = &SIGNED[..SIGNED.len() - 1];
    for (body, signature, answered) in [
        (SIGNED, SIGNATURE, 200),
        (bare, SIGNATURE_WITHOUT_NEWLINE, 200),
        (SIGNED, SIGNATURE_WITHOUT_NEWLINE, 401),
        (bare, SIGNATURE, 401),
    ] {
        let request = gateway.request(Method::POST, "/webhooks/idenfy");
        let answer = request
            .header("Idenfy-Event-Type", MANUAL)
            .header("Idenfy-Signature", signature)
            .body(body);
        assert_eq!(answer.send().await.unwrap().status(), answered);
    }
}

async fn the_same_verdict_in_another_body_is_told_once(context: Context) {
    let gateway = Gateway::start(&context).await;
    let session = session(&gateway).await;
    let tagged = |tag: &str, n: u32| {
        let status = json!({"overall": "DENIED", "fraudTags": [tag], "autoFace": "FACE_MATCH"});
        json!({"scanRef": session["scan_ref"], "final": true, "status": status, "n": n})
    };
    for (event, body) in [
        (AUTO, tagged("DUPLICATE_FACE", 0)),
        (AUTO, tagged("DUPLICATE_FACE", 1)),
        (MANUAL, tagged("DUPLICATE_FACE", 0)),
        (MANUAL, tagged("FAKE_PHOTO", 0)),
        (MANUAL, tagged("FAKE_PHOTO", 2)),
    ] {
        gateway.clock.advance(1000);
        send(&gateway, event, &body).await;
    }
    assert_eq!(
        events(&gateway).await,
        [
            "session.started active",
            "session.finished denied",
            "session.finished denied"
        ]
    );
    // The time at which it came to what it is.
    assert_eq!(
        shown(&gateway, &session).await["finished_at"],
        "2027-01-15T12:00:04Z"
    );
}

async fn fifty_copies_at_once_raise_one_event(context: Context) {
    let gateway = Gateway::start(&context).await;
    let other = gateway.another_node(|_| {}).await;
    let session = session(&gateway).await;
    let body = result(&session["scan_ref"], "APPROVED", true).to_string();
    let copies = (0..50).map(|n| {
        let node = if n % 2 == 0 { &gateway } else { &other };
        send_webhook(node, MANUAL, body.as_bytes())
    });
    let answers = join_all(copies).await;
    assert!(answers.iter().all(|answer| answer.status() == 200));
    assert_eq!(
        events(&gateway).await,
        ["session.started active", "session.finished approved"]
    );
}

async fn different_results_at_once_leave_the_session_as_it_was_told_last(context: Context) {
    let gateway = Gateway::start(&context).await;
    let other = gateway.another_node(|_| {}).await;
    let session = session(&gateway).await;
    let bodies: Vec<String> = (0..40)
        .map(|n| {
            let overall = ["APPROVED", "DENIED", "SUSPECTED", "EXPIRED"][n % 4];
            let body = result(&session["scan_ref"], overall, n % 3 > 0);
            over(body, &json!({"n": n})).to_string()
        })
        .collect();
    let sent = bodies.iter().enumerate().map(|(n, body)| {
        let node = if n % 2 == 0 { &gateway } else { &other };
        send_webhook(node, AUTO, body.as_bytes())
    });
    assert!(
        join_all(sent)
            .await
            .iter()
            .all(|answer| answer.status() == 200)
    );
    let now = shown(&gateway, &session).await;
    let last = told(&gateway).await.pop().unwrap();
    let mut said = serde_json::to_value(last.session.unwrap()).unwrap();
    assert_eq!(now["final"], true);
    for erased in ["auth_token", "redirect_url"] {
        said.as_object_mut().unwrap().remove(erased);
    }
    assert_eq!(said, now);
}

async fn a_click_whose_process_died_is_healed_and_told_of_from_its_start(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway
        .link(json!({"usage": {"type": "multi", "limit": 9}}))
        .await;
    // As a process leaves it that dies after iDenfy answered.
    let died = "UPDATE sessions SET status = 'starting', scan_ref = NULL, token_expires_at = NULL,
        lease_until = created_at + 20000";
    for (overall, is_final, events_then) in [
        (
            "APPROVED",
            true,
            vec!["session.started active", "session.finished approved"],
        ),
        (
            "APPROVED",
            false,
            vec!["session.started active", "session.updated reviewing"],
        ),
        ("ACTIVE", false, vec!["session.started active"]),
    ] {
        assert_eq!(gateway.click(&link).await.status(), 302);
        let session = gateway.sessions(&link).await.remove(0);
        let id = text(&session["id"]);
        let one = format!("{died} WHERE id = '{id}'");
        assert_eq!(gateway.database.execute(&one).await.unwrap(), 1);
        let begun = events(&gateway).await.len();
        let body = over(
            result(&json!(format!("scan-of-{id}")), overall, is_final),
            &json!({"clientId": session["client_id"]}),
        );
        send(&gateway, AUTO, &body).await;
        assert_eq!(events(&gateway).await[begun..], events_then);
        gateway.clock.advance(60_000);
        assert_eq!(gateway.sweep().await, 0);
        let now = shown(&gateway, &session).await;
        assert_eq!(now["scan_ref"], format!("scan-of-{id}"));
        assert_eq!(now["final"], is_final);
    }
    assert_eq!(gateway.used(&link).await, 3);
}

async fn a_result_that_comes_before_the_answer_is_told_in_order(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    let gate = hold_back(&gateway);
    let (answer, ()) = tokio::join!(gateway.click(&link), async {
        called(&gateway, 1).await;
        let client = &gateway.idenfy.calls()[0].body["clientId"];
        let body = over(
            result(&json!("scan-0"), "DENIED", true),
            &json!({"clientId": client}),
        );
        send(&gateway, AUTO, &body).await;
        gate.add_permits(1);
    });
    assert_eq!(answer.status(), 302);
    assert_eq!(gateway.sessions(&link).await[0]["status"], "denied");
    eventually(BOUND, "both events", async || {
        events(&gateway).await.len() == 2
    })
    .await;
    assert_eq!(
        events(&gateway).await,
        ["session.started active", "session.finished denied"]
    );
}
