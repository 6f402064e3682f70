//! Erasing personal data: on request, by age, and at iDenfy.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api_support::over;
use crate::harness::gateway::text;
use crate::harness::{Answer, Context, Gateway, tests};
use crate::visitor_kit::HOUR_MS;
use crate::webhook_in::{AUTO, MANUAL, result, send, session, shown};
use crate::webhook_in_table::events;

tests!(
    "erasure",
    [
        an_erased_session_is_erased_at_idenfy_once_that_accepts_it,
        while_idenfy_does_not_answer_it_is_asked_later,
        what_idenfy_does_not_know_is_not_asked_for_again,
        after_half_a_year_idenfy_is_not_asked_any_more,
        a_webhook_brings_nothing_back_of_an_erased_session,
        old_sessions_are_erased_by_age_and_the_others_kept,
        without_an_age_nothing_is_erased,
        nothing_of_an_erased_session_is_left_in_any_table,
    ]
);

const DAY_MS: i64 = 24 * HOUR_MS;

async fn erase(gateway: &Gateway, session: &Value) {
    let path = format!("/sessions/{}", text(&session["id"]));
    assert_eq!(gateway.api(Method::DELETE, &path, None).await.0, 204);
}

async fn waiting(gateway: &Gateway) -> i64 {
    let sql = "SELECT COUNT(*) FROM erasures";
    gateway.database.numbers(sql).await[0]
}

async fn an_erased_session_is_erased_at_idenfy_once_that_accepts_it(context: Context) {
    let gateway = Gateway::start(&context).await;
    let erasing = gateway.erasing(0);
    let session = session(&gateway).await;
    let scan = text(&session["scan_ref"]);
    erase(&gateway, &session).await;
    let now = shown(&gateway, &session).await;
    assert_eq!(
        (&now["client_id"], &now["scan_ref"]),
        (&Value::Null, &Value::Null)
    );
    for (message, pause) in [
        ("Token has not expired yet.", 60_000),
        ("Token has not expired yet.", 300_000),
        ("Verification is in processing state.", 30 * 60_000),
        ("Verification is in processing state.", 2 * HOUR_MS),
    ] {
        let refused = json!({"message": message, "identifier": "PARTNER_ERROR", "documentation": "", "severity": "NOT_SEVERE"});
        gateway.idenfy.deletes(scan, 400, refused);
        let calls = gateway.idenfy.lookups().len();
        erasing.step().await.unwrap();
        assert_eq!(gateway.idenfy.lookups().len(), calls + 1, "{message}");
        gateway.clock.advance(pause - 1);
        erasing.step().await.unwrap();
        assert_eq!(gateway.idenfy.lookups().len(), calls + 1, "{message}");
        gateway.clock.advance(1);
    }
    assert_eq!(waiting(&gateway).await, 1);
    gateway.idenfy.deletes(scan, 200, Value::Null);
    erasing.step().await.unwrap();
    assert_eq!(waiting(&gateway).await, 0);
    let last = gateway.idenfy.lookups().pop().unwrap();
    assert_eq!(
        (&*last.path, &last.body),
        ("/api/v2/delete", &json!({"scanRef": scan}))
    );
    assert!(last.head.contains("authorization: Basic "), "{}", last.head);
    assert!(!gateway.database.holds(&format!("\"{scan}\"")).await);
    assert!(!context.log.text().contains(&format!("{scan}\"")));
}

async fn while_idenfy_does_not_answer_it_is_asked_later(context: Context) {
    let gateway = Gateway::start(&context).await;
    let erasing = gateway.erasing(0);
    let (one, two) = (session(&gateway).await, session(&gateway).await);
    for session in [&one, &two] {
        gateway
            .idenfy
            .deletes(text(&session["scan_ref"]), 503, json!({}));
        erase(&gateway, session).await;
    }
    erasing.step().await.unwrap();
    assert_eq!(gateway.idenfy.lookups().len(), 1);
    for session in [&one, &two] {
        gateway
            .idenfy
            .deletes(text(&session["scan_ref"]), 200, Value::Null);
    }
    gateway.clock.advance(60_000);
    erasing.step().await.unwrap();
    assert_eq!(
        (gateway.idenfy.lookups().len(), waiting(&gateway).await),
        (3, 0)
    );
}

async fn what_idenfy_does_not_know_is_not_asked_for_again(context: Context) {
    let gateway = Gateway::start(&context).await;
    let gone = json!({"identifier": "BAD_VALUE", "message": "x"});
    for (status, body) in [(400, gone), (404, json!({}))] {
        let session = session(&gateway).await;
        gateway
            .idenfy
            .deletes(text(&session["scan_ref"]), status, body);
        erase(&gateway, &session).await;
        gateway.erasing(0).step().await.unwrap();
        assert_eq!(waiting(&gateway).await, 0);
    }
}

async fn after_half_a_year_idenfy_is_not_asked_any_more(context: Context) {
    context.expect_log("could not be erased at iDenfy and is given up");
    let gateway = Gateway::start(&context).await;
    let session = session(&gateway).await;
    let refused = json!({"identifier": "PARTNER_ERROR", "message": "x"});
    gateway
        .idenfy
        .deletes(text(&session["scan_ref"]), 400, refused);
    erase(&gateway, &session).await;
    let erasing = gateway.erasing(0);
    for _ in 0..6 {
        gateway.clock.advance(30 * DAY_MS);
        assert_eq!(waiting(&gateway).await, 1);
        erasing.step().await.unwrap();
    }
    assert_eq!(waiting(&gateway).await, 0);
}

async fn a_webhook_brings_nothing_back_of_an_erased_session(context: Context) {
    let gateway = Gateway::start(&context).await;
    let wanted = json!({"token": {"clientId": "CUSTOMER-MARKER"}});
    let (_, erased) = gateway.post("/sessions", wanted.clone()).await;
    send(
        &gateway,
        AUTO,
        &result(&erased["scan_ref"], "APPROVED", false),
    )
    .await;
    erase(&gateway, &erased).await;
    // Another of the same customer's, of which iDenfy told no scanRef: not to be taken for it.
    let nameless = Answer::Document(json!({"authToken": "t"}));
    gateway.idenfy.answer(nameless);
    let (_, other) = gateway.post("/sessions", wanted).await;
    let before = events(&gateway).await.len();
    for (event, overall) in [(AUTO, "REVIEWING"), (MANUAL, "DENIED")] {
        let body = over(
            result(&erased["scan_ref"], overall, true),
            &json!({"clientId": "CUSTOMER-MARKER", "externalRef": "REF-MARKER"}),
        );
        send(&gateway, event, &body).await;
    }
    for session in [&erased, &other] {
        let now = shown(&gateway, session).await;
        assert_eq!(now["scan_ref"], Value::Null);
        assert_eq!(now["final"], false);
    }
    let now = shown(&gateway, &erased).await;
    assert_eq!(
        (&now["client_id"], &now["status"]),
        (&Value::Null, &json!("reviewing"))
    );
    assert_eq!(events(&gateway).await.len(), before);
    gateway.erasing(0).step().await.unwrap();
    assert_eq!(waiting(&gateway).await, 0);
    let left = "SELECT COUNT(*) FROM sessions WHERE scan_ref IS NOT NULL";
    assert_eq!(gateway.database.numbers(left).await, [0]);
    assert!(!gateway.database.holds("REF-MARKER").await);
    assert!(!context.log.text().contains("CUSTOMER-MARKER"));
}

async fn old_sessions_are_erased_by_age_and_the_others_kept(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let erasing = gateway.erasing(30);
    let link = gateway.link(json!({"accept_ref": true})).await;
    let path = format!("/{}?ref=order-17", text(&link["slug"]));
    gateway.request(Method::GET, &path).send().await.unwrap();
    gateway.idenfy.answer(Answer::Raw(400, "", "{}".into()));
    gateway.request(Method::GET, &path).send().await.unwrap();
    gateway.idenfy.answer(Answer::Token);
    let old = gateway.sessions(&link).await;
    let open = session(&gateway).await;
    send(
        &gateway,
        MANUAL,
        &result(&old[1]["scan_ref"], "APPROVED", true),
    )
    .await;
    gateway.clock.advance(10 * DAY_MS);
    let young = session(&gateway).await;
    send(
        &gateway,
        MANUAL,
        &result(&young["scan_ref"], "DENIED", true),
    )
    .await;
    gateway.clock.advance(20 * DAY_MS);
    assert_eq!(erasing.step().await.unwrap(), 0);
    gateway.clock.advance(1);
    assert_eq!(erasing.step().await.unwrap(), 2);
    for session in &old {
        let now = shown(&gateway, session).await;
        for erased in ["client_id", "scan_ref", "external_ref"] {
            assert_eq!(now[erased], Value::Null);
        }
        assert_eq!(now["status"], session_status(session));
        assert_eq!(now["erased_at"], "2027-02-14T12:00:00.001Z");
    }
    for session in [&open, &young] {
        assert_eq!(shown(&gateway, session).await["erased_at"], Value::Null);
    }
    // By age it is erased here; how long iDenfy keeps it is set there.
    assert_eq!(
        (waiting(&gateway).await, gateway.idenfy.lookups().len()),
        (0, 0)
    );
}

fn session_status(session: &Value) -> &'static str {
    if session["status"] == "failed" {
        "failed"
    } else {
        "approved"
    }
}

async fn without_an_age_nothing_is_erased(context: Context) {
    let gateway = Gateway::start(&context).await;
    let session = session(&gateway).await;
    send(
        &gateway,
        MANUAL,
        &result(&session["scan_ref"], "APPROVED", true),
    )
    .await;
    gateway.clock.advance(36_500 * DAY_MS);
    assert_eq!(gateway.erasing(0).step().await.unwrap(), 0);
    assert_eq!(shown(&gateway, &session).await["erased_at"], Value::Null);
}

async fn nothing_of_an_erased_session_is_left_in_any_table(context: Context) {
    let gateway = Gateway::start(&context).await;
    let answer = json!({"authToken": "t", "scanRef": "SCAN-MARKER", "redirectUrl": format!("{}/x", gateway.idenfy.base)});
    gateway.idenfy.answer(Answer::Document(answer));
    let wanted = json!({"token": {"clientId": "CLIENT-MARKER", "externalRef": "REF-MARKER"}});
    let (code, session) = gateway.post("/sessions", wanted).await;
    assert_eq!(code, 201);
    send(
        &gateway,
        AUTO,
        &result(&json!("SCAN-MARKER"), "APPROVED", false),
    )
    .await;
    let body = format!(
        "INSERT INTO idenfy_bodies (event_id, body, created_at)
         SELECT id, 'BODY-MARKER', received_at FROM idenfy_events WHERE session_id = '{}'",
        text(&session["id"])
    );
    assert_eq!(gateway.database.execute(&body).await.unwrap(), 1);
    gateway.clock.advance(2 * HOUR_MS);
    let before = gateway.clock.now();
    gateway
        .state
        .store
        .note_unfinished(before, 0)
        .await
        .unwrap();
    erase(&gateway, &session).await;
    gateway.erasing(0).step().await.unwrap();
    for (table, about) in [
        ("holds", "1 = 1"),
        ("questions", "1 = 1"),
        ("erasures", "1 = 1"),
        ("idenfy_bodies", "1 = 1"),
        (
            "sessions",
            "client_id IS NOT NULL OR scan_ref IS NOT NULL OR external_ref IS NOT NULL OR redirect_url IS NOT NULL",
        ),
    ] {
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE {about}");
        assert_eq!(gateway.database.numbers(&sql).await, [0], "{table}");
    }
    // SQLite's files lose it some seconds later: see `no_trace`.
    if gateway.state.store.engine_name() == "postgres" {
        assert!(!gateway.database.holds("-MARKER").await);
    }
}
