//! What a visitor is told when iDenfy or the database fails: 503, with the use given back.

use std::sync::Arc;

use entrypass::idenfy::health::PROBE_EVERY_MS;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::api_support::healthy;
use crate::harness::gateway::{path_of, text};
use crate::harness::log::SECRETS;
use crate::harness::{Answer, BOUND, Context, Gateway, tests};
use crate::visitor_kit::{called, code, code_of, get, hold_back, language_of, states, unavailable};

tests!(
    "faults",
    [
        every_refusal_gives_the_use_back_and_shows_nothing_of_it,
        every_broken_answer_gives_the_use_back_after_one_call,
        every_answer_that_never_comes_gives_the_use_back_after_one_call,
        an_idenfy_that_is_not_there_gives_the_use_back,
        without_credentials_nothing_is_started,
        a_selfie_that_cannot_start_gives_the_use_back,
        beyond_the_mints_in_flight_visitors_are_refused_at_once,
        while_mints_hang_everything_else_answers,
        a_database_that_is_down_starts_nothing,
        links_work_again_once_the_database_is_back,
    ]
);

const MARKER: &str = "UPSTREAM-MARKER";

/// Clicks a single-use link through a fault, then through none.
pub async fn survive(context: &Context, gateway: &Gateway, wanted: Value, fault: &Answer) {
    let mut link = json!({"usage": {"type": "single"}, "language": "de"});
    for (name, value) in wanted.as_object().expect("an object") {
        link[name] = value.clone();
    }
    let link = gateway.link(link).await;
    gateway.idenfy.answer(fault.clone());
    let page = unavailable(get(gateway, &path_of(&link), &[]).await).await;
    assert_eq!(language_of(&page), "de", "{fault:?}");
    for secret in SECRETS.iter().chain([&MARKER]) {
        assert!(!page.contains(secret), "{fault:?}: {page}");
        assert!(!context.log.text().contains(secret), "{fault:?}");
    }
    assert_eq!(gateway.used(&link).await, 0, "{fault:?}");
    assert_eq!(states(gateway, &link).await, ["failed"], "{fault:?}");
    let told = code_of(gateway, &link).await;
    assert_eq!(told, (503, "verification_unavailable".into()), "{fault:?}");
    assert_eq!(gateway.used(&link).await, 0, "{fault:?}");
    gateway.idenfy.answer(Answer::Token);
    // After some refusals only one click now and then is let through.
    gateway.clock.advance(PROBE_EVERY_MS);
    assert_eq!(gateway.click(&link).await.status(), 302, "{fault:?}");
    assert_eq!(gateway.used(&link).await, 1, "{fault:?}");
}

async fn every_refusal_gives_the_use_back_and_shows_nothing_of_it(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let error = |identifier: &str| {
        json!({"identifier": identifier, "message": format!("{MARKER} {}", SECRETS[1])}).to_string()
    };
    let plain = |message: &str| json!({"message": message, "note": MARKER}).to_string();
    for (status, headers, body) in [
        (400, "", error("BAD_VALUE")),
        (400, "", error(MARKER)),
        (400, "", plain("Partner reached token limit.")),
        (401, "", plain("Invalid authorization credentials")),
        (
            402,
            "",
            plain("Action not allowed due to lack of funds or exceeded limit."),
        ),
        (403, "", plain("Partner inactive")),
        (404, "", MARKER.to_owned()),
        (409, "", plain("Conflict")),
        (422, "", error("VALIDATION_ERROR")),
        (429, "Retry-After: 3000\r\n", error("TOO_MANY_REQUESTS")),
        (500, "", error("INTERNAL_ERROR")),
        (502, "", format!("<html>{MARKER}</html>")),
        (503, "Retry-After: 86400\r\n", MARKER.to_owned()),
        (504, "", String::new()),
        (204, "", String::new()),
    ] {
        survive(
            &context,
            &gateway,
            json!({}),
            &Answer::Raw(status, headers, body),
        )
        .await;
    }
}

async fn every_broken_answer_gives_the_use_back_after_one_call(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let raw = |body: String| Answer::Raw(201, "", body);
    let huge = json!({"authToken": "a", "scanRef": "s", "padding": MARKER.repeat(100_000)});
    for fault in [
        Answer::HangUp,
        Answer::ResetEarly,
        Answer::Reset,
        Answer::Truncated,
        raw(MARKER.to_owned()),
        raw(format!("{{\"authToken\": \"{MARKER}")),
        raw("[]".to_owned()),
        raw("null".to_owned()),
        raw(String::new()),
        raw(json!({"message": MARKER}).to_string()),
        raw(json!({"authToken": "", "scanRef": MARKER}).to_string()),
        raw(json!({"authToken": 5, "scanRef": MARKER}).to_string()),
        raw(huge.to_string()),
    ] {
        let before = gateway.idenfy.calls().len();
        survive(&context, &gateway, json!({}), &fault).await;
        // Two clicks met the fault, one did not: no answer that was lost is asked for again.
        assert_eq!(gateway.idenfy.calls().len() - before, 3, "{fault:?}");
    }
}

async fn every_answer_that_never_comes_gives_the_use_back_after_one_call(context: Context) {
    context.expect_log("iDenfy started no session");
    // Long enough for the answer after the fault on a machine that is busy with much else.
    let gateway = Gateway::with(&context, |config| config.idenfy.timeout_ms = 5_000).await;
    for fault in [Answer::Hang, Answer::HangAfterHead] {
        let before = gateway.idenfy.calls().len();
        survive(&context, &gateway, json!({}), &fault).await;
        assert_eq!(gateway.idenfy.calls().len() - before, 3, "{fault:?}");
    }
}

async fn an_idenfy_that_is_not_there_gives_the_use_back(context: Context) {
    context.expect_log("iDenfy started no session");
    // Bound, so that nobody else gets the port, and nobody listens there.
    let closed = tokio::net::TcpSocket::new_v4().unwrap();
    closed.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = closed.local_addr().unwrap();
    let gateway = Gateway::with(&context, |config| {
        config.idenfy.base_url = format!("http://{address}").parse().unwrap();
    })
    .await;
    let link = gateway.link(json!({"usage": {"type": "single"}})).await;
    let page = unavailable(get(&gateway, &path_of(&link), &[]).await).await;
    assert!(!page.contains(&address.port().to_string()));
    assert_eq!(gateway.used(&link).await, 0);
}

async fn without_credentials_nothing_is_started(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::with(&context, |config| config.idenfy.api_key = None).await;
    let link = gateway.link(json!({"usage": {"type": "single"}})).await;
    unavailable(get(&gateway, &path_of(&link), &[]).await).await;
    assert_eq!(
        (gateway.used(&link).await, gateway.idenfy.calls().len()),
        (0, 0)
    );
}

async fn a_selfie_that_cannot_start_gives_the_use_back(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let link = json!({"flow": "selfie", "token": {"min_age": 18, "confidence_threshold": 90}});
    let broke = json!({"message": MARKER, "code": "insufficient_finances"}).to_string();
    for fault in [
        Answer::Raw(402, "", broke),
        Answer::Document(json!({"token": MARKER})),
        Answer::Document(json!({"token": MARKER, "session_url": "https://evil.example/"})),
    ] {
        survive(&context, &gateway, link.clone(), &fault).await;
    }
}

async fn beyond_the_mints_in_flight_visitors_are_refused_at_once(context: Context) {
    let gateway = Gateway::with(&context, |config| config.idenfy.max_in_flight = 2).await;
    let link = gateway
        .link(json!({"usage": {"type": "multi", "limit": 3}}))
        .await;
    let gate = hold_back(&gateway);
    let clicks = join_all((0..2).map(|_| gateway.click(&link)));
    let (answers, ()) = tokio::join!(clicks, async {
        called(&gateway, 2).await;
        for _ in 0..3 {
            unavailable(gateway.click(&link).await).await;
        }
        let told = code_of(&gateway, &link).await;
        assert_eq!(told, (503, "verification_unavailable".into()));
        assert_eq!(
            (gateway.used(&link).await, gateway.idenfy.calls().len()),
            (2, 2)
        );
        gate.add_permits(3);
    });
    assert!(answers.iter().all(|answer| answer.status() == 302));
    assert_eq!(gateway.click(&link).await.status(), 302);
    assert_eq!(gateway.used(&link).await, 3);
}

async fn while_mints_hang_everything_else_answers(context: Context) {
    const MINTS: usize = 256;
    let gateway = Gateway::with(&context, |config| config.idenfy.timeout_ms = 60_000).await;
    let link = gateway.link(json!({})).await;
    let dead = gateway.link(json!({})).await;
    let confirm = gateway.link(json!({"confirm": true})).await;
    let path = format!("/links/{}/deactivate", text(&dead["id"]));
    assert_eq!(gateway.api(Method::POST, &path, None).await.0, 200);
    let gate: Arc<Semaphore> = hold_back(&gateway);
    let clicks = join_all((0..MINTS).map(|_| gateway.click(&link)));
    let (answers, ()) = tokio::join!(clicks, async {
        called(&gateway, MINTS).await;
        // The gate is shut: what answers now does not wait for any of them.
        for path in ["/health/live", "/health/ready"] {
            healthy(&gateway, path).await;
        }
        assert_eq!(get(&gateway, "/metrics", &[]).await.status(), 200);
        assert_eq!(usize::try_from(gateway.used(&link).await), Ok(MINTS));
        assert_eq!(gateway.get("/links").await.0, 200);
        assert_eq!(gateway.link(json!({})).await["status"], "active");
        assert_eq!(gateway.click(&dead).await.status(), 410);
        assert_eq!(get(&gateway, "/nosuchlink", &[]).await.status(), 404);
        gateway.page(&confirm).await;
        unavailable(gateway.click(&link).await).await;
        gate.add_permits(MINTS);
    });
    assert!(answers.iter().all(|answer| answer.status() == 302));
    assert_eq!(usize::try_from(gateway.used(&link).await), Ok(MINTS));
}

async fn a_database_that_is_down_starts_nothing(context: Context) {
    for text in [
        "a request failed",
        "could not be written",
        "the sweep failed",
        "results cannot be sent",
        "not ready",
        "could not be counted",
        "noting what was opened failed",
        "asking for results failed",
        "erasing failed",
    ] {
        context.expect_log(text);
    }
    let gateway = Gateway::start(&context).await;
    let known = gateway.link(json!({})).await;
    let unseen = gateway.link(json!({})).await;
    let resume = gateway.link(json!({"resume": true})).await;
    let confirm = gateway.link(json!({"confirm": true})).await;
    let customer = gateway
        .link(json!({"token": {"clientId": "customer-7"}}))
        .await;
    assert_eq!(gateway.click(&known).await.status(), 302);
    let fields = gateway.page(&confirm).await;
    gateway.state.store.close().await;
    for link in [&known, &unseen, &resume, &confirm, &customer] {
        let page = unavailable(get(&gateway, &path_of(link), &[]).await).await;
        assert_eq!(language_of(&page), "en");
        let told = code(&gateway, Method::GET, &path_of(link)).await;
        assert_eq!(told, (503, "verification_unavailable".into()));
    }
    unavailable(gateway.submit(&confirm, &fields).await).await;
    unavailable(get(&gateway, "/nosuchlink", &[]).await).await;
    assert_eq!(gateway.idenfy.calls().len(), 1);
    assert_eq!(get(&gateway, "/health/ready", &[]).await.status(), 503);
    assert_eq!(get(&gateway, "/health/live", &[]).await.status(), 200);
}

async fn links_work_again_once_the_database_is_back(context: Context) {
    for text in [
        "a request failed",
        "could not be written",
        "the sweep failed",
        "results cannot be sent",
    ] {
        context.expect_log(text);
    }
    let gateway = Gateway::start(&context).await;
    let link = gateway
        .link(json!({"usage": {"type": "multi", "limit": 2}}))
        .await;
    assert_eq!(gateway.click(&link).await.status(), 302);
    let move_away = "ALTER TABLE sessions RENAME TO elsewhere";
    gateway.database.execute(move_away).await.unwrap();
    unavailable(get(&gateway, &path_of(&link), &[]).await).await;
    let move_back = "ALTER TABLE elsewhere RENAME TO sessions";
    gateway.database.execute(move_back).await.unwrap();
    assert_eq!(gateway.used(&link).await, 1, "both or neither");
    let click = tokio::time::timeout(BOUND, gateway.click(&link)).await;
    assert_eq!(click.expect("an answer").status(), 302);
    assert_eq!(
        (gateway.used(&link).await, gateway.idenfy.calls().len()),
        (2, 2)
    );
}
