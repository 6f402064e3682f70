//! Tokens, as the gateway asks for them.

use serde_json::{Value, json};

use super::world::World;

#[actix_web::test]
async fn a_token_is_answered_as_documented() {
    let world = World::start();
    let answer = world
        .mint(json!({"clientId": "user-1", "tokenType": "DOCUMENT", "firstName": "Ana", "lastName": null,
            "country": ["LT", "LV"], "documents": ["PASSPORT"], "generateDigitString": true}))
        .await;
    let documented: Value = serde_json::from_str(include_str!("../token-answer.json")).unwrap();
    for name in documented.as_object().unwrap().keys() {
        assert!(answer.get(name).is_some(), "{name} is missing");
    }
    let token = answer["authToken"].as_str().unwrap();
    assert_eq!(token.len(), 40);
    assert_eq!(answer["scanRef"].as_str().unwrap().len(), 36);
    let redirect = format!("{}/sandbox/api/v2/redirect?authToken={token}", world.base);
    assert_eq!(answer["redirectUrl"], redirect);
    assert_eq!(answer["firstName"], "ANA");
    assert_eq!(answer["personScanRef"], "user-1");
    assert_eq!(answer["digitString"].as_str().unwrap().len(), 8);
    assert_eq!(
        answer["allowedDocuments"],
        json!({"LT": ["PASSPORT"], "LV": ["PASSPORT"]})
    );
}

#[actix_web::test]
async fn a_call_without_the_right_credentials_is_refused_without_an_identifier() {
    let world = World::start();
    for path in [
        "/api/v2/token",
        "/age-estimation/token/",
        "/api/v2/status",
        "/api/v2/delete",
    ] {
        let request = world.http.post(format!("{}/sandbox{path}", world.base));
        let answer = request
            .basic_auth("key", Some("wrong"))
            .json(&json!({}))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 401, "{path}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(
            body,
            json!({"message": "Invalid authorization credentials"})
        );
    }
}

#[actix_web::test]
async fn a_bad_call_names_what_is_wrong() {
    let world = World::start();
    let age = |field: &str, value: Value| {
        let mut body = json!({"min_age": 18, "confidence_threshold": 80});
        body[field] = value;
        ("/age-estimation/token/", body)
    };
    let cases = [
        ("/api/v2/token", json!({}), "MISSING_VALUE"),
        ("/api/v2/token", json!([]), "JSON_ERROR"),
        (
            "/api/v2/token",
            json!({"clientId": "c", "country": "Germany"}),
            "BAD_VALUE",
        ),
        (
            "/age-estimation/token/",
            json!({"min_age": 18}),
            "MISSING_VALUE",
        ),
        (
            age("min_age", json!(0)).0,
            age("min_age", json!(121)).1,
            "BAD_VALUE",
        ),
        (
            age("x", json!(0)).0,
            age("confidence_threshold", json!(100.5)).1,
            "BAD_VALUE",
        ),
        (
            age("x", json!(0)).0,
            age("buffer", json!(19)).1,
            "VALIDATION_ERROR",
        ),
        (
            age("x", json!(0)).0,
            age("escalation", json!("FACE")).1,
            "BAD_VALUE",
        ),
        (
            age("x", json!(0)).0,
            age("retry_limit", json!(4)).1,
            "BAD_VALUE",
        ),
        (
            age("x", json!(0)).0,
            age("expiry_minutes", json!(4)).1,
            "BAD_VALUE",
        ),
        (
            age("x", json!(0)).0,
            age("success_redirect", json!("javascript:x")).1,
            "BAD_VALUE",
        ),
    ];
    for (path, body, identifier) in cases {
        let answer = world.post(path, &body).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{body}");
        assert_eq!(
            answer.json::<Value>().await.unwrap()["identifier"],
            identifier,
            "{body}"
        );
    }
}
