//! Faults on purpose.

use serde_json::{Value, json};

use super::super::faults;
use super::world::{World, location};

#[actix_web::test]
async fn a_fault_that_refuses_makes_no_session() {
    let world = World::start();
    let cases = [
        ("error", 500, "INTERNAL_ERROR"),
        ("rate_limit", 429, "TOO_MANY_REQUESTS"),
        ("unavailable", 503, "<html>"),
        ("out_of_credits", 402, "lack of funds"),
        ("out_of_tokens", 400, "Partner reached token limit."),
        ("credentials", 401, "Invalid authorization credentials"),
    ];
    for (fault, status, word) in cases {
        world.fault(fault).await;
        let answer = world
            .post("/api/v2/token", &json!({"clientId": "c"}))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), status, "{fault}");
        assert!(answer.text().await.unwrap().contains(word), "{fault}");
    }
    world.fault("out_of_credits").await;
    let age = world
        .post("/age-estimation/token/", &json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(
        age.json::<Value>().await.unwrap()["code"],
        "insufficient_finances"
    );
    assert!(world.sandbox.0.sessions.newest(1).is_empty());
}

#[actix_web::test]
async fn a_fault_that_spoils_the_answer_leaves_a_session_behind() {
    let world = World::start();
    let mint = |n: usize| {
        world
            .post("/api/v2/token", &json!({"clientId": format!("c{n}")}))
            .send()
    };
    world.fault("malformed").await;
    let malformed = mint(0).await.unwrap();
    assert_eq!(malformed.status(), 201);
    assert!(malformed.json::<Value>().await.is_err());
    world.fault("truncated").await;
    let truncated = mint(1).await.unwrap();
    assert_eq!(truncated.status(), 201);
    assert!(
        truncated.bytes().await.is_err(),
        "the connection ends within the body"
    );
    world.fault("hang_up").await;
    assert!(mint(2).await.is_err(), "not even a head");
    world.fault("huge").await;
    assert!(mint(3).await.unwrap().bytes().await.unwrap().len() > 8_000_000);
    world.fault("foreign_host").await;
    let foreign: Value = mint(4).await.unwrap().json().await.unwrap();
    assert!(
        foreign["redirectUrl"]
            .as_str()
            .unwrap()
            .contains("attacker.invalid")
    );
    assert_eq!(world.sandbox.0.sessions.newest(9).len(), 5);
}

#[actix_web::test]
async fn the_switchboard_sets_faults_by_form_and_lists_sessions() {
    let world = World::start();
    let minted = world.mint(json!({"clientId": "listed"})).await;
    let send = |body: &'static str| {
        let request = world.http.post(format!("{}/sandbox/faults", world.base));
        request
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
    };
    let set = send("fault=error&times=2").await.unwrap();
    assert_eq!(set.status(), 303);
    let page = world
        .http
        .get(location(&set))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.contains("value=\"error\" checked") && page.contains("2 left"));
    assert!(page.contains(minted["scanRef"].as_str().unwrap()) && page.contains("listed"));
    assert_eq!(send("fault=nonsense").await.unwrap().status(), 400);
    assert_eq!(send("fault=slow&times=").await.unwrap().status(), 303);
    assert_eq!(
        world.sandbox.0.faults.current(),
        (faults::Fault::Slow, None)
    );
}
