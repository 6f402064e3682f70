//! What comes of sessions, and how it is told.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::session::Outcome;
use super::super::webhooks;
use super::world::{World, location};

#[actix_web::test]
async fn an_approval_sends_an_automatic_and_a_manual_result_once() {
    let mut world = World::start();
    let minted = world
        .mint(
            json!({"clientId": "user-1", "externalRef": "r", "successUrl": "https://e.example/ok"}),
        )
        .await;
    let page = world
        .http
        .get(minted["redirectUrl"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(page.status(), 302);
    let page = world.http.get(location(&page)).send().await.unwrap();
    let page = page.text().await.unwrap();
    for word in [
        "SANDBOX",
        "user-1",
        ">Approve<",
        ">Deny<",
        ">Suspect<",
        ">Expire<",
    ] {
        assert!(page.contains(word), "the page lacks {word}");
    }

    let pressed = world.press(&minted["authToken"], "approve").await;
    assert_eq!(
        (pressed.status().as_u16(), location(&pressed)),
        (303, "https://e.example/ok")
    );
    let (_, event, auto) = world.webhook().await;
    assert_eq!(
        (event.as_str(), &auto["final"]),
        ("IDENTIFICATION_AUTO_FINISHED", &json!(false))
    );
    let (_, event, manual) = world.webhook().await;
    assert_eq!(
        (event.as_str(), &manual["final"]),
        ("IDENTIFICATION_MANUAL_FINISHED", &json!(true))
    );
    for body in [auto, manual] {
        assert_eq!(body["scanRef"], minted["scanRef"]);
        assert_eq!(
            (&body["clientId"], &body["externalRef"]),
            (&json!("user-1"), &json!("r"))
        );
        assert_eq!(body["status"]["overall"], "APPROVED");
    }

    let again = world.press(&minted["authToken"], "deny").await;
    assert_eq!(again.status(), 409);
    assert!(again.text().await.unwrap().contains("already ended"));
    let reopened = world
        .http
        .get(minted["redirectUrl"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(reopened.status(), 410);
    let kept = world
        .sandbox
        .0
        .sessions
        .by_token(minted["authToken"].as_str().unwrap())
        .unwrap();
    assert_eq!(
        (kept.outcome, kept.events.len()),
        (Some(Outcome::Approve), 2)
    );
}

#[actix_web::test]
async fn a_token_s_own_callback_gets_the_results() {
    let mut world = World::start();
    let own = format!("{}/hook/own", world.base);
    let minted = world
        .mint(json!({"clientId": "c", "callbackUrl": own, "reviewFailed": false}))
        .await;
    let pressed = world.press(&minted["authToken"], "deny").await;
    assert!(location(&pressed).contains("/sandbox/verify?authToken="));
    let (path, event, body) = world.webhook().await;
    assert_eq!(
        (path.as_str(), event.as_str()),
        ("/hook/own", "IDENTIFICATION_AUTO_FINISHED")
    );
    assert_eq!(
        body["final"], true,
        "without a review the automatic result is the last"
    );
}

#[actix_web::test]
async fn an_age_estimation_runs_from_its_call_to_its_webhook() {
    let mut world = World::start();
    let body = json!({"min_age": 18, "confidence_threshold": 80, "underage_redirect": ""});
    let answer = world
        .post("/age-estimation/token/", &body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 201);
    let minted: Value = answer.json().await.unwrap();
    assert!(minted["expires_at"].is_string());
    let page = world
        .http
        .get(minted["session_url"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert!(page.text().await.unwrap().contains("Selfie"));
    world.press(&minted["token"], "deny").await;
    let (_, event, body) = world.webhook().await;
    assert_eq!(
        (event.as_str(), &body["outcome"]),
        ("AGE_ESTIMATION", &json!("UNDERAGE"))
    );
    assert_eq!(body["scanRef"], minted["token"]);
}

#[actix_web::test]
async fn what_nobody_finishes_in_time_expires_by_itself() {
    let mut world = World::start();
    let minted = world
        .mint(json!({"clientId": "c", "expiryTime": 100}))
        .await;
    world
        .sandbox
        .expire_due(Instant::now() + Duration::from_secs(101));
    let (_, event, body) = world.webhook().await;
    assert_eq!(event, "IDENTIFICATION_EXPIRED");
    assert_eq!(body["status"]["overall"], "EXPIRED");
    let late = world
        .http
        .get(minted["redirectUrl"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(late.status(), 410);
    let unknown = format!("{}/sandbox/api/v2/redirect?authToken=x", world.base);
    assert_eq!(world.http.get(unknown).send().await.unwrap().status(), 404);
}

#[actix_web::test]
async fn a_dummy_token_is_finished_at_once() {
    let mut world = World::start();
    world
        .mint(json!({"clientId": "c", "dummyStatus": "SUSPECTED"}))
        .await;
    let (_, event, body) = world.webhook().await;
    assert_eq!(event, "IDENTIFICATION_AUTO_FINISHED");
    assert_eq!(body["status"]["overall"], "SUSPECTED");
}

#[actix_web::test]
async fn a_webhook_is_tried_again_three_times() {
    let mut world = World::start();
    let failing = format!("{}/hook/failing", world.base);
    let sent = webhooks::deliver(&world.sandbox, &failing, "E", "{}", Duration::ZERO).await;
    assert_eq!(sent, Err("502 Bad Gateway".into()));
    let tries = std::iter::from_fn(|| world.received.try_recv().ok()).count();
    assert_eq!(tries, 4);
}
