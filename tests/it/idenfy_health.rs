//! While iDenfy is known to start no sessions, visitors do not wait for it; everyone is told once.

use entrypass::idenfy::health::{FAILURES_MAX, PROBE_EVERY_MS};
use serde_json::{Value, json};

use crate::api_support::{healthy, metric, until};
use crate::harness::{Answer, Context, Gateway, tests};
use crate::visitor_kit::{code_of, unavailable};

tests!(
    "idenfy_health",
    [
        without_credits_one_click_in_five_seconds_asks_idenfy,
        a_refused_key_is_told_of_and_so_is_the_recovery,
        an_idenfy_that_does_not_answer_is_told_of_and_still_asked,
        one_failure_among_sessions_is_no_fault,
        a_dead_link_and_an_open_session_are_answered_all_the_same,
        credits_for_age_estimation_are_apart,
        a_fault_is_known_after_a_restart_and_its_end_is_told,
    ],
    Postgres: [two_nodes_tell_of_a_fault_once]
);

fn no_credits() -> Answer {
    Answer::Raw(402, "", r#"{"message": "lack of funds"}"#.into())
}

/// What was told of iDenfy, after a sweep.
async fn told(gateway: &Gateway) -> Vec<String> {
    gateway.sweep().await;
    let filter = entrypass::store::events::EventFilter {
        limit: 100,
        ..Default::default()
    };
    let events = gateway.state.store.events(&filter).await.unwrap();
    let kinds = events.iter().map(|told| told.event.kind.as_str());
    kinds
        .filter_map(|kind| kind.strip_prefix("idenfy."))
        .map(str::to_owned)
        .collect()
}

/// The detail of readiness, which stays 200.
async fn detail(gateway: &Gateway) -> Value {
    let lines = healthy(gateway, "/health/ready").await;
    assert_eq!(lines[0], json!({"check": "database", "status": "ok"}));
    assert_eq!(lines[1]["check"], "idenfy");
    assert_eq!(lines[1]["status"] == "ok", lines[1]["detail"].is_null());
    lines[1]["detail"].clone()
}

async fn without_credits_one_click_in_five_seconds_asks_idenfy(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"usage": {"type": "single"}})).await;
    gateway.idenfy.answer(no_credits());
    assert_eq!(detail(&gateway).await, Value::Null);
    for calls in 1..4 {
        for _ in 0..3 {
            let told = code_of(&gateway, &link).await;
            assert_eq!(told, (503, "verification_unavailable".into()));
            assert_eq!(gateway.idenfy.calls().len(), calls);
        }
        unavailable(gateway.click(&link).await).await;
        let (status, problem) = gateway.post("/sessions", json!({})).await;
        assert_eq!(
            (status, &problem["code"]),
            (503, &json!("verification_unavailable"))
        );
        assert_eq!(told(&gateway).await, ["out_of_credits"]);
        assert_eq!(detail(&gateway).await, "out_of_credits");
        let gauge = "entrypass_idenfy_fault{fault=\"out_of_credits\"}";
        assert_eq!(metric(&gateway, gauge).await, 1);
        gateway.clock.advance(PROBE_EVERY_MS);
    }
    gateway.idenfy.answer(Answer::Token);
    assert_eq!(gateway.used(&link).await, 0);
    assert_eq!(gateway.click(&link).await.status(), 302);
    assert_eq!(told(&gateway).await, ["out_of_credits", "recovered"]);
    assert_eq!(detail(&gateway).await, Value::Null);
    // Everyone is let through again.
    assert_eq!(gateway.post("/sessions", json!({})).await.0, 201);
}

async fn a_refused_key_is_told_of_and_so_is_the_recovery(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    let refused = Answer::Raw(401, "", "{}".into());
    gateway.idenfy.answer(refused.clone());
    gateway.click(&link).await;
    assert_eq!(told(&gateway).await, ["unavailable"]);
    assert_eq!(detail(&gateway).await, "credentials");
    gateway.clock.advance(PROBE_EVERY_MS);
    // The key is good again, and then the credits are missed: another fault, told of by its own name.
    gateway.idenfy.answer(no_credits());
    gateway.click(&link).await;
    assert_eq!(detail(&gateway).await, "out_of_credits");
    assert_eq!(told(&gateway).await, ["unavailable", "out_of_credits"]);
    gateway.clock.advance(PROBE_EVERY_MS);
    gateway.idenfy.answer(Answer::Token);
    assert_eq!(gateway.click(&link).await.status(), 302);
    let all = ["unavailable", "out_of_credits", "recovered"];
    assert_eq!(told(&gateway).await, all);
    // Once over, it may come again.
    gateway.idenfy.answer(refused);
    gateway.click(&link).await;
    assert_eq!(told(&gateway).await.len(), 4);
}

async fn an_idenfy_that_does_not_answer_is_told_of_and_still_asked(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    gateway.idenfy.answer(Answer::EachOf(vec![
        Answer::Raw(500, "", "{}".into()),
        Answer::HangUp,
    ]));
    let max = usize::try_from(FAILURES_MAX).unwrap();
    for n in 1..max + 4 {
        unavailable(gateway.click(&link).await).await;
        assert_eq!(gateway.idenfy.calls().len(), n);
        let expected: &[&str] = if n < max { &[] } else { &["unavailable"] };
        assert_eq!(told(&gateway).await, expected, "{n}");
    }
    assert_eq!(detail(&gateway).await, "unavailable");
    gateway.idenfy.answer(Answer::Token);
    assert_eq!(gateway.click(&link).await.status(), 302);
    assert_eq!(told(&gateway).await, ["unavailable", "recovered"]);
}

async fn one_failure_among_sessions_is_no_fault(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    gateway.idenfy.answer(Answer::FailEvery(3));
    for _ in 0..3 * FAILURES_MAX {
        gateway.click(&link).await;
    }
    // What iDenfy says of one link's parameters is no word on all others.
    gateway.idenfy.answer(Answer::Raw(400, "", "{}".into()));
    for _ in 0..=FAILURES_MAX {
        gateway.click(&link).await;
    }
    assert!(told(&gateway).await.is_empty());
    assert_eq!(detail(&gateway).await, Value::Null);
}

async fn a_dead_link_and_an_open_session_are_answered_all_the_same(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let single = json!({"usage": {"type": "single"}});
    let (dead, link) = (
        gateway.link(single.clone()).await,
        gateway.link(single).await,
    );
    let token = json!({"clientId": "customer-7"});
    let customer = gateway.link(json!({"token": token})).await;
    assert_eq!(gateway.click(&dead).await.status(), 302);
    assert_eq!(gateway.click(&customer).await.status(), 302);
    gateway.idenfy.answer(no_credits());
    gateway.click(&link).await;
    gateway.clock.advance(PROBE_EVERY_MS);
    gateway.idenfy.answer(Answer::Token);
    // They take nobody's turn to find out.
    for _ in 0..3 {
        assert_eq!(code_of(&gateway, &dead).await.0, 410);
        assert_eq!(gateway.click(&customer).await.status(), 302);
    }
    assert_eq!(gateway.idenfy.calls().len(), 3);
    assert_eq!(gateway.click(&link).await.status(), 302);
}

async fn credits_for_age_estimation_are_apart(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let token = json!({"min_age": 18, "confidence_threshold": 90});
    let selfie = gateway
        .link(json!({"flow": "selfie", "token": token}))
        .await;
    let document = gateway.link(json!({})).await;
    gateway.idenfy.answer(no_credits());
    gateway.click(&selfie).await;
    gateway.idenfy.answer(Answer::Token);
    assert_eq!(gateway.click(&document).await.status(), 302);
    unavailable(gateway.click(&selfie).await).await;
    assert_eq!(told(&gateway).await, ["out_of_credits"]);
    let shown = "out_of_credits_for_age_estimation";
    assert_eq!(detail(&gateway).await, shown);
}

async fn a_fault_is_known_after_a_restart_and_its_end_is_told(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    gateway.idenfy.answer(no_credits());
    gateway.click(&link).await;
    assert_eq!(told(&gateway).await, ["out_of_credits"]);
    let restarted = gateway.another_node(|_| {}).await;
    assert_eq!(told(&restarted).await, ["out_of_credits"]);
    assert_eq!(detail(&restarted).await, "out_of_credits");
    // The first click finds out, whenever it comes.
    restarted.idenfy.answer(Answer::Token);
    assert_eq!(restarted.click(&link).await.status(), 302);
    assert_eq!(told(&restarted).await, ["out_of_credits", "recovered"]);
}

async fn two_nodes_tell_of_a_fault_once(context: Context) {
    context.expect_log("iDenfy started no session");
    let a = Gateway::start(&context).await;
    let b = a.another_node(|_| {}).await;
    let link = a.link(json!({})).await;
    a.idenfy.answer(no_credits());
    tokio::join!(a.click(&link), b.click(&link));
    tokio::join!(a.sweep(), b.sweep());
    assert_eq!(told(&a).await, ["out_of_credits"]);
    assert_eq!(told(&b).await, ["out_of_credits"]);
    a.idenfy.answer(Answer::Token);
    until(async || {
        a.clock.advance(PROBE_EVERY_MS);
        a.click(&link).await.status() == 302 && b.click(&link).await.status() == 302
    })
    .await;
    tokio::join!(a.sweep(), b.sweep());
    assert_eq!(told(&b).await, ["out_of_credits", "recovered"]);
    assert_eq!(told(&a).await, ["out_of_credits", "recovered"]);
}
