//! Asking again: what becomes of sessions whose webhook was lost.

use std::time::Duration;

use actix_web::{App, HttpServer};
use entrypass::sandbox::{self, Sandbox, Settings};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api_support::{check_problem, key_with, over, post_once};
use crate::harness::gateway::{location, text};
use crate::harness::log::SECRETS;
use crate::harness::{Answer, BOUND, Context, Gateway, eventually, tests};
use crate::visitor_kit::HOUR_MS;
use crate::webhook_in::{AUTO, MANUAL, result, send, session, shown};
use crate::webhook_in_table::events;

tests!(
    "asking",
    [
        a_session_without_a_result_is_asked_about_after_its_end_and_told_of_as_by_webhook,
        one_with_a_result_is_never_asked_about,
        pauses_grow_until_the_result_is_final,
        many_are_asked_about_gently_and_each_by_one_node,
        while_idenfy_does_not_answer_it_is_left_alone,
        what_idenfy_does_not_know_any_more_counts_as_deleted_the_third_time,
        a_scan_that_was_never_told_is_found_by_its_customer,
        the_scan_of_a_session_that_failed_is_found_and_its_use_stays_back,
        an_age_estimation_that_nobody_told_of_expires,
        a_refresh_asks_now,
        a_refresh_sent_again_asks_once_and_one_that_came_too_early_is_not_kept,
        a_refresh_that_cannot_be_answered_says_why,
        refreshes_are_bounded,
        a_fixed_customer_is_not_minted_again_while_the_earlier_session_is_open_there,
        a_fixed_customer_is_minted_again_once_the_earlier_session_is_over_there,
        a_fixed_customer_is_not_locked_out_where_idenfy_cannot_be_asked,
        with_the_webhook_blocked_every_sandbox_session_reaches_its_final_state,
    ]
);

/// After this, sessions with the default lengths are asked about.
const OVER_MS: i64 = 2 * HOUR_MS;

fn status_of(session: &Value) -> (&Value, &Value) {
    (&session["status"], &session["final"])
}

fn says(status: &str) -> Value {
    json!({
        "status": status, "fraudTags": ["FAKE_PHOTO"], "mismatchTags": ["NAME"], "autoDocument": "DOC_VALIDATED",
        "autoFace": null, "manualDocument": null, "manualFace": "FACE_MATCH", "scanRef": "x", "clientId": "x",
    })
}

async fn a_session_without_a_result_is_asked_about_after_its_end_and_told_of_as_by_webhook(
    context: Context,
) {
    let gateway = Gateway::start(&context).await;
    let asking = gateway.asking();
    let session = session(&gateway).await;
    let scan = text(&session["scan_ref"]);
    gateway.idenfy.knows(scan, 200, says("APPROVED"));
    // Token, time to finish and a margin: before that its webhook is waited for.
    gateway.clock.advance(HOUR_MS + HOUR_MS / 2);
    assert_eq!(asking.step().await.unwrap(), 0);
    gateway.clock.advance(60_001);
    assert_eq!(asking.step().await.unwrap(), 1);
    let now = shown(&gateway, &session).await;
    assert_eq!(status_of(&now), (&json!("approved"), &json!(true)));
    assert_eq!(now["fraud_tags"], json!(["FAKE_PHOTO"]));
    assert_eq!(now["mismatch_tags"], json!(["NAME"]));
    assert_eq!(now["checks"]["manual_face"], "FACE_MATCH");
    assert_eq!(now["finished_at"], "2027-01-15T13:31:00.001Z");
    assert_eq!(
        events(&gateway).await,
        ["session.started active", "session.finished approved"]
    );
    let calls = gateway.idenfy.lookups();
    assert_eq!(calls.len(), 1);
    assert_eq!(
        (&*calls[0].path, &calls[0].body),
        ("/api/v2/status", &json!({"scanRef": scan}))
    );
    gateway.clock.advance(100 * HOUR_MS);
    assert_eq!(asking.step().await.unwrap(), 0);
    // The webhook that comes late tells nothing new; one that tells otherwise is taken.
    send(
        &gateway,
        AUTO,
        &result(&session["scan_ref"], "REVIEWING", false),
    )
    .await;
    assert_eq!(events(&gateway).await.len(), 2);
    send(
        &gateway,
        MANUAL,
        &result(&session["scan_ref"], "DENIED", true),
    )
    .await;
    assert_eq!(events(&gateway).await[2..], ["session.finished denied"]);
    assert!(!context.log.text().contains(text(&session["client_id"])));
}

async fn one_with_a_result_is_never_asked_about(context: Context) {
    let gateway = Gateway::start(&context).await;
    let done = session(&gateway).await;
    send(
        &gateway,
        MANUAL,
        &result(&done["scan_ref"], "APPROVED", true),
    )
    .await;
    let late = session(&gateway).await;
    let erased = session(&gateway).await;
    let path = format!("/sessions/{}", text(&erased["id"]));
    assert_eq!(gateway.api(Method::DELETE, &path, None).await.0, 204);
    gateway.clock.advance(OVER_MS);
    // Noted, but its result comes before anyone asks.
    let store = &gateway.state.store;
    let before = gateway.clock.now().plus_millis(-HOUR_MS);
    assert!(!store.note_unfinished(before, 0).await.unwrap());
    send(&gateway, MANUAL, &result(&late["scan_ref"], "DENIED", true)).await;
    gateway.asking().step().await.unwrap();
    assert_eq!(gateway.idenfy.lookups().len(), 0);
    let left = "SELECT COUNT(*) FROM questions";
    assert_eq!(gateway.database.numbers(left).await, [0]);
}

async fn pauses_grow_until_the_result_is_final(context: Context) {
    let gateway = Gateway::start(&context).await;
    let asking = gateway.asking();
    let session = session(&gateway).await;
    let scan = text(&session["scan_ref"]);
    gateway.idenfy.knows(scan, 200, says("REVIEWING"));
    gateway.clock.advance(OVER_MS);
    for pause in [5, 15, 60, 180, 360, 720, 1440, 1440] {
        assert_eq!(asking.step().await.unwrap(), 1);
        gateway.clock.advance(pause * 60_000 - 1);
        assert_eq!(asking.step().await.unwrap(), 0, "{pause}");
        gateway.clock.advance(1);
    }
    assert_eq!(shown(&gateway, &session).await["status"], "reviewing");
    gateway.idenfy.knows(scan, 200, says("NOVEL"));
    assert_eq!(asking.step().await.unwrap(), 1);
    assert_eq!(shown(&gateway, &session).await["provisional"], "novel");
    gateway.idenfy.knows(scan, 200, says("SUSPECTED"));
    gateway.clock.advance(24 * HOUR_MS);
    assert_eq!(asking.step().await.unwrap(), 1);
    assert_eq!(
        events(&gateway).await,
        [
            "session.started active",
            "session.updated reviewing",
            "session.updated reviewing",
            "session.finished suspected"
        ]
    );
    gateway.clock.advance(48 * HOUR_MS);
    assert_eq!(asking.step().await.unwrap(), 0);
}

async fn many_are_asked_about_gently_and_each_by_one_node(context: Context) {
    let gateway = Gateway::start(&context).await;
    // Soon done, as the gateway asks by itself half a minute after its start.
    for _ in 0..3 {
        join_all((0..30).map(|_| session(&gateway))).await;
    }
    gateway.clock.advance(OVER_MS);
    let (one, two) = (gateway.asking(), gateway.asking());
    let asked = tokio::join!(one.step(), two.step());
    assert_eq!((asked.0.unwrap(), asked.1.unwrap()), (40, 40));
    assert_eq!(one.step().await.unwrap(), 0);
    gateway.clock.advance(60_000);
    let asked = tokio::join!(one.step(), two.step());
    assert_eq!(asked.0.unwrap() + asked.1.unwrap(), 10);
    let calls = gateway.idenfy.lookups();
    let mut scans: Vec<&str> = calls
        .iter()
        .map(|call| text(&call.body["scanRef"]))
        .collect();
    scans.sort_unstable();
    scans.dedup();
    assert_eq!((scans.len(), calls.len()), (90, 90));
    let (_, list) = gateway.get("/sessions?status=expired&limit=200").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 90);
}

async fn while_idenfy_does_not_answer_it_is_left_alone(context: Context) {
    context.expect_log("iDenfy does not tell what became of a session");
    let gateway = Gateway::start(&context).await;
    let asking = gateway.asking();
    let (one, two) = (session(&gateway).await, session(&gateway).await);
    for session in [&one, &two] {
        gateway
            .idenfy
            .knows(text(&session["scan_ref"]), 500, json!({}));
    }
    gateway.clock.advance(OVER_MS);
    assert_eq!(asking.step().await.unwrap(), 1);
    assert_eq!(asking.step().await.unwrap(), 0);
    gateway.clock.advance(60_000);
    assert_eq!(asking.step().await.unwrap(), 1);
    assert_eq!(gateway.idenfy.lookups().len(), 2);
    for session in [&one, &two] {
        let scan = text(&session["scan_ref"]);
        gateway.idenfy.knows(scan, 200, says("DENIED"));
    }
    gateway.clock.advance(30 * 60_000);
    assert_eq!(asking.step().await.unwrap(), 2);
    for session in [&one, &two] {
        assert_eq!(shown(&gateway, session).await["status"], "denied");
    }
}

async fn what_idenfy_does_not_know_any_more_counts_as_deleted_the_third_time(context: Context) {
    let gateway = Gateway::start(&context).await;
    let asking = gateway.asking();
    let session = session(&gateway).await;
    let unknown = json!({"identifier": "BAD_VALUE", "message": "No such verification."});
    gateway
        .idenfy
        .knows(text(&session["scan_ref"]), 400, unknown);
    gateway.clock.advance(OVER_MS);
    for _ in 0..2 {
        assert_eq!(asking.step().await.unwrap(), 1);
        assert_eq!(shown(&gateway, &session).await["status"], "active");
        gateway.clock.advance(HOUR_MS);
    }
    assert_eq!(asking.step().await.unwrap(), 1);
    let now = shown(&gateway, &session).await;
    assert_eq!(status_of(&now), (&json!("deleted"), &json!(true)));
    // A result that comes all the same is worth more.
    send(
        &gateway,
        MANUAL,
        &result(&session["scan_ref"], "APPROVED", true),
    )
    .await;
    assert_eq!(shown(&gateway, &session).await["status"], "approved");
}

async fn a_scan_that_was_never_told_is_found_by_its_customer(context: Context) {
    let gateway = Gateway::start(&context).await;
    let asking = gateway.asking();
    let wanted = json!({"token": {"clientId": "customer-7"}});
    let (_, first) = gateway.post("/sessions", wanted.clone()).await;
    send(
        &gateway,
        MANUAL,
        &over(result(&first["scan_ref"], "DENIED", true), &json!({})),
    )
    .await;
    gateway
        .idenfy
        .answer(Answer::Document(json!({"authToken": "t"})));
    let (_, nameless) = gateway.post("/sessions", wanted).await;
    let (_, unseen) = gateway
        .post("/sessions", json!({"token": {"clientId": "customer-8"}}))
        .await;
    assert_eq!(nameless["scan_ref"], Value::Null);
    // One of his scans is known to be another session's.
    gateway
        .idenfy
        .lists("customer-7", &["scan-new", text(&first["scan_ref"])]);
    // None of these can be told to be this one.
    gateway.idenfy.lists("customer-8", &["scan-a", "scan-b"]);
    gateway.idenfy.knows("scan-new", 200, says("APPROVED"));
    gateway.clock.advance(OVER_MS);
    assert_eq!(asking.step().await.unwrap(), 2);
    let now = shown(&gateway, &nameless).await;
    assert_eq!(status_of(&now), (&json!("approved"), &json!(true)));
    assert_eq!(now["scan_ref"], "scan-new");
    assert_eq!(shown(&gateway, &unseen).await["status"], "active");
    assert!(!context.log.text().contains("customer-7"));
    assert!(!context.log.text().contains("scan-new"));
}

async fn the_scan_of_a_session_that_failed_is_found_and_its_use_stays_back(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let asking = gateway.asking();
    let link = gateway
        .link(json!({"usage": {"type": "multi", "limit": 9}}))
        .await;
    gateway.idenfy.answer(Answer::Reset);
    gateway.click(&link).await;
    let refused = json!({"message": "Invalid authorization credentials"}).to_string();
    gateway.idenfy.answer(Answer::Raw(401, "", refused));
    gateway.click(&link).await;
    let sessions = gateway.sessions(&link).await;
    gateway
        .idenfy
        .lists(text(&sessions[1]["client_id"]), &["scan-lost"]);
    gateway.clock.advance(OVER_MS);
    // What was refused was certainly not started.
    assert_eq!(asking.step().await.unwrap(), 1);
    let sessions = gateway.sessions(&link).await;
    let found: Vec<_> = sessions
        .iter()
        .map(|s| (&s["status"], &s["scan_ref"]))
        .collect();
    let failed = json!("failed");
    assert_eq!(
        found,
        [(&failed, &Value::Null), (&failed, &json!("scan-lost"))]
    );
    assert_eq!(gateway.used(&link).await, 0);
    gateway.clock.advance(100 * HOUR_MS);
    assert_eq!(asking.step().await.unwrap(), 0);
    assert_eq!(gateway.idenfy.lookups().len(), 1);
}

async fn an_age_estimation_that_nobody_told_of_expires(context: Context) {
    let gateway = Gateway::start(&context).await;
    let wanted = json!({"flow": "selfie", "token": {"min_age": 18, "confidence_threshold": 85}});
    let (_, plain) = gateway.post("/sessions", wanted.clone()).await;
    let (_, reviewed) = gateway.post("/sessions", wanted).await;
    let body = json!({"scanRef": reviewed["scan_ref"], "status": "PROCESSING", "outcome": null});
    send(&gateway, "AGE_ESTIMATION", &body).await;
    gateway
        .idenfy
        .knows(text(&reviewed["scan_ref"]), 200, says("APPROVED"));
    gateway.clock.advance(OVER_MS);
    assert_eq!(gateway.asking().step().await.unwrap(), 2);
    let now = shown(&gateway, &plain).await;
    assert_eq!(status_of(&now), (&json!("expired"), &json!(true)));
    // Of a review the scan is known, and can be asked about.
    assert_eq!(shown(&gateway, &reviewed).await["status"], "approved");
    assert_eq!(gateway.idenfy.lookups().len(), 1);
    let late = json!({"scanRef": plain["scan_ref"], "status": "COMPLETED", "outcome": "SUCCESS"});
    send(&gateway, "AGE_ESTIMATION", &late).await;
    assert_eq!(shown(&gateway, &plain).await["status"], "approved");
}

async fn refresh(gateway: &Gateway, session: &Value) -> (u16, Value) {
    let path = format!("/sessions/{}/refresh", text(&session["id"]));
    gateway.api(Method::POST, &path, None).await
}

async fn a_refresh_asks_now(context: Context) {
    let gateway = Gateway::start(&context).await;
    let session = session(&gateway).await;
    let scan = text(&session["scan_ref"]);
    for (says_now, status, is_final) in [
        ("ACTIVE", "active", false),
        ("REVIEWING", "reviewing", false),
        ("ACTIVE", "reviewing", false),
        ("REVIEWING", "reviewing", false),
        ("APPROVED", "approved", true),
        ("EXPIRED-DELETED", "approved", true),
        ("DENIED", "denied", true),
    ] {
        gateway.idenfy.knows(scan, 200, says(says_now));
        let (code, now) = refresh(&gateway, &session).await;
        assert_eq!(
            (code, status_of(&now)),
            (200, (&json!(status), &json!(is_final)))
        );
        assert_eq!(now, shown(&gateway, &session).await);
    }
    // ACTIVE brought tags along, so that was news.
    assert_eq!(events(&gateway).await.len(), 5);
}

async fn a_refresh_sent_again_asks_once_and_one_that_came_too_early_is_not_kept(context: Context) {
    let gateway = Gateway::start(&context).await;
    let session = session(&gateway).await;
    let scan = text(&session["scan_ref"]);
    let path = format!("/sessions/{}/refresh", text(&session["id"]));
    let again = async |key: &str| {
        let answer = post_once(&gateway, &gateway.key, key, &path, &json!({})).await;
        (answer.status().as_u16(), answer.text().await.expect("text"))
    };
    gateway.idenfy.knows(scan, 200, says("ACTIVE"));
    let first = again("a").await;
    assert_eq!(first.0, 200);
    gateway.idenfy.knows(scan, 200, says("REVIEWING"));
    assert_eq!(again("a").await, first);
    assert_eq!(gateway.idenfy.lookups().len(), 1);
    while refresh(&gateway, &session).await.0 == 200 {}
    assert_eq!(again("b").await.0, 429);
    gateway.clock.advance(60_000);
    assert_eq!(again("b").await.0, 200);
}

async fn a_refresh_that_cannot_be_answered_says_why(context: Context) {
    context.expect_log("iDenfy started no session");
    context.expect_log("iDenfy does not tell what became of a session");
    let gateway = Gateway::start(&context).await;
    let unknown = json!({"id": "01977d12-8a41-7b05-8c3e-0f9e8d7c6b5a"});
    assert_eq!(refresh(&gateway, &unknown).await.0, 404);
    assert_eq!(refresh(&gateway, &json!({"id": "x"})).await.0, 404);

    let refused = session(&gateway).await;
    gateway
        .idenfy
        .knows(text(&refused["scan_ref"]), 404, json!({}));
    let erased = session(&gateway).await;
    let path = format!("/sessions/{}", text(&erased["id"]));
    assert_eq!(gateway.api(Method::DELETE, &path, None).await.0, 204);
    let wanted = json!({"flow": "selfie", "token": {"min_age": 18, "confidence_threshold": 85}});
    let (_, age) = gateway.post("/sessions", wanted).await;
    let link = gateway.link(json!({})).await;
    gateway.idenfy.answer(Answer::Raw(400, "", "{}".into()));
    gateway.click(&link).await;
    let failed = gateway.sessions(&link).await.remove(0);
    for session in [&refused, &erased, &age, &failed] {
        let (status, problem) = refresh(&gateway, session).await;
        check_problem(&problem, 409);
        assert_eq!((status, &problem["code"]), (409, &json!("nothing_to_ask")));
    }
    gateway.idenfy.answer(Answer::Token);
    let silent = session(&gateway).await;
    for (answered, body) in [
        (500, json!({})),
        (429, json!({})),
        (401, json!({})),
        (200, json!([])),
    ] {
        gateway
            .idenfy
            .knows(text(&silent["scan_ref"]), answered, body);
        let path = format!("/api/v1/sessions/{}/refresh", text(&silent["id"]));
        let answer = gateway
            .request(Method::POST, &path)
            .bearer_auth(&gateway.key);
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["retry-after"], "10");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "idenfy_unavailable");
    }
    let reader = key_with(&gateway, &["read"]).await;
    let path = format!("/api/v1/sessions/{}/refresh", text(&silent["id"]));
    let answer = gateway.request(Method::POST, &path).bearer_auth(reader);
    assert_eq!(answer.send().await.unwrap().status(), 403);
}

async fn refreshes_are_bounded(context: Context) {
    let gateway = Gateway::start(&context).await;
    let session = session(&gateway).await;
    gateway
        .idenfy
        .knows(text(&session["scan_ref"]), 200, says("ACTIVE"));
    let mut answered = 0;
    loop {
        let (status, problem) = refresh(&gateway, &session).await;
        if status != 200 {
            assert_eq!((status, &problem["code"]), (429, &json!("rate_limited")));
            break;
        }
        answered += 1;
    }
    assert_eq!((answered, gateway.idenfy.lookups().len()), (60, 60));
    gateway.clock.advance(60_000);
    assert_eq!(refresh(&gateway, &session).await.0, 200);
}

async fn invite(gateway: &Gateway, limit: u32) -> Value {
    let usage = json!({"type": "multi", "limit": limit});
    let link = json!({"usage": usage, "token": {"clientId": "customer-7"}});
    gateway.link(link).await
}

async fn a_fixed_customer_is_not_minted_again_while_the_earlier_session_is_open_there(
    context: Context,
) {
    let gateway = Gateway::start(&context).await;
    let link = invite(&gateway, 2).await;
    assert_eq!(gateway.click(&link).await.status(), 302);
    gateway.clock.advance(HOUR_MS);
    for (says_now, status) in [("ACTIVE", "active"), ("REVIEWING", "reviewing")] {
        gateway.idenfy.knows("scan-0", 200, says(says_now));
        let answer = gateway.click(&link).await;
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["retry-after"], "60");
        assert_eq!((gateway.used(&link).await, gateway.idenfy.minted()), (1, 1));
        assert_eq!(
            gateway.sessions(&link).await.last().unwrap()["status"],
            status
        );
        let wanted = json!({"token": {"clientId": "customer-7"}});
        let (code, problem) = gateway.post("/sessions", wanted).await;
        assert_eq!((code, &problem["code"]), (409, &json!("session_open")));
        let open = gateway.sessions(&link).await.pop().unwrap();
        assert_eq!(problem["session_id"], open["id"]);
        gateway.clock.advance(24 * HOUR_MS);
    }
    // What is decided here comes first: a link that is over asks nobody.
    let over = invite(&gateway, 1).await;
    let off = format!("/links/{}/deactivate", text(&over["id"]));
    assert_eq!(gateway.post(&off, json!({})).await.0, 200);
    let asked = gateway.idenfy.lookups().len();
    assert_eq!(gateway.click(&over).await.status(), 410);
    assert_eq!(gateway.idenfy.lookups().len(), asked);
}

async fn a_fixed_customer_is_minted_again_once_the_earlier_session_is_over_there(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = invite(&gateway, 9).await;
    let answers = [
        (200, says("APPROVED"), "approved"),
        (200, says("EXPIRED"), "expired"),
        (200, says("EXPIRED-DELETED"), "deleted"),
        (404, json!({}), "active"),
    ];
    for (n, (code, body, status)) in answers.into_iter().enumerate() {
        let first = gateway.click(&link).await;
        assert_eq!(first.status(), 302);
        gateway.idenfy.knows(&format!("scan-{}", 2 * n), code, body);
        gateway.clock.advance(HOUR_MS);
        let second = gateway.click(&link).await;
        assert_eq!(second.status(), 302);
        assert_ne!(location(&second), location(&first));
        let sessions = gateway.sessions(&link).await;
        assert_eq!(sessions[1]["status"], status);
        send(
            &gateway,
            MANUAL,
            &result(&sessions[0]["scan_ref"], "DENIED", true),
        )
        .await;
    }
    assert_eq!((gateway.used(&link).await, gateway.idenfy.minted()), (8, 8));
}

async fn a_fixed_customer_is_not_locked_out_where_idenfy_cannot_be_asked(context: Context) {
    context.expect_log("iDenfy does not tell whether a session is over");
    let gateway = Gateway::start(&context).await;
    let link = invite(&gateway, 9).await;
    gateway.click(&link).await;
    gateway
        .idenfy
        .knows("scan-0", 403, json!({"identifier": "PERMISSIONS_ERROR"}));
    gateway.clock.advance(HOUR_MS);
    assert_eq!(gateway.click(&link).await.status(), 503);
    // By now it is over in any case.
    gateway.clock.advance(HOUR_MS);
    assert_eq!(gateway.click(&link).await.status(), 302);
    assert_eq!(gateway.used(&link).await, 2);
}

/// A sandbox on a port of its own, whose webhooks go nowhere.
fn mute_sandbox() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let base = format!(
        "http://{}/sandbox",
        listener.local_addr().expect("an address")
    );
    let settings = Settings {
        api_key: SECRETS[0].to_owned(),
        api_secret: SECRETS[1].to_owned(),
        signing_key: SECRETS[2].to_owned(),
        public_base: base.clone(),
        webhook_url: "http://127.0.0.1:1/webhooks/idenfy".to_owned(),
        review_delay: Duration::from_millis(1),
    };
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    let sandbox = Sandbox::new(settings, client.build().expect("a client"));
    let server = HttpServer::new(move || App::new().configure(sandbox::routes(sandbox.clone())))
        .workers(1)
        // The gateway keeps its connections: none is to end just when it is used.
        .keep_alive(BOUND)
        .disable_signals()
        .listen(listener)
        .expect("a server");
    tokio::spawn(server.run());
    base
}

async fn with_the_webhook_blocked_every_sandbox_session_reaches_its_final_state(context: Context) {
    context.expect_log("sandbox");
    let base = mute_sandbox();
    let gateway = Gateway::with(&context, |config| {
        config.idenfy.base_url = base.parse().expect("an address");
    })
    .await;
    let mut wanted = Vec::new();
    for flow in ["document_and_selfie", "document"] {
        for (press, status) in [
            ("approve", "approved"),
            ("deny", "denied"),
            ("suspect", "suspected"),
            ("expire", "expired"),
        ] {
            let (code, session) = gateway.post("/sessions", json!({"flow": flow})).await;
            assert_eq!(code, 201, "{session}");
            let page = format!("{base}/verify?authToken={}", text(&session["auth_token"]));
            let pressed = gateway
                .http
                .post(page)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(format!("outcome={press}"));
            assert_eq!(pressed.send().await.unwrap().status(), 303);
            wanted.push((session, status));
        }
    }
    let age = json!({"flow": "selfie", "token": {"min_age": 18, "confidence_threshold": 85}});
    wanted.push((gateway.post("/sessions", age).await.1, "expired"));
    let asking = gateway.asking();
    gateway.clock.advance(OVER_MS);
    for (session, status) in &wanted {
        eventually(BOUND, status, async || {
            asking.step().await.unwrap();
            gateway.clock.advance(HOUR_MS);
            let now = shown(&gateway, session).await;
            status_of(&now) == (&json!(status), &json!(true))
        })
        .await;
    }
}
