//! Sessions: started by API, listed, shown, erased.

use entrypass::idenfy::health::PROBE_EVERY_MS;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api_support::{check_problem, fields, problem, send_webhook};
use crate::harness::gateway::{START, location, text};
use crate::harness::{Answer, Context, Gateway, tests};

tests!(
    "api_sessions",
    [
        a_session_of_an_empty_body_has_every_default,
        a_session_takes_flow_language_and_token,
        a_session_of_the_selfie_flow_is_an_age_estimation,
        each_bad_field_of_a_session_is_named_alone,
        a_failing_idenfy_is_told_with_a_pause,
        a_customer_with_an_open_session_is_not_minted_again,
        an_erased_session_names_nobody_and_frees_its_customer,
        sessions_are_listed_by_status_link_and_customer,
        a_session_that_is_not_there_is_not_found,
    ]
);

async fn a_session_of_an_empty_body_has_every_default(context: Context) {
    let gateway = Gateway::start(&context).await;
    for (n, body) in [
        "",
        "{}",
        r#"{"flow": null, "language": null, "token": null}"#,
    ]
    .into_iter()
    .enumerate()
    {
        let mut request = gateway
            .request(Method::POST, "/api/v1/sessions")
            .bearer_auth(&gateway.key);
        if !body.is_empty() {
            request = request
                .header("Content-Type", "application/json")
                .body(body);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 201);
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let place = location(&answer);
        let mut session: Value = answer.json().await.unwrap();
        let client = text(&session["client_id"]).to_owned();
        assert!(
            client.is_ascii() && (16..=100).contains(&client.len()),
            "{client}"
        );
        let wanted = json!({
            "id": session["id"], "link_id": null, "client_id": client, "scan_ref": format!("scan-{n}"),
            "external_ref": null, "flow": "document_and_selfie", "language": "en", "via": null, "status": "active",
            "final": false, "provisional": null, "fraud_tags": [], "mismatch_tags": [],
            "checks": {"auto_document": null, "auto_face": null, "manual_document": null, "manual_face": null},
            "created_at": START, "finished_at": null, "erased_at": null, "auth_token": format!("token-{n}"),
            "redirect_url": format!("{}/api/v2/redirect?authToken=token-{n}", gateway.idenfy.base),
        });
        assert_eq!(session, wanted);
        let path = format!("/sessions/{}", text(&session["id"]));
        assert!(place.ends_with(&format!("/api/v1{path}")), "{place}");
        let session = session.as_object_mut().unwrap();
        session.remove("auth_token");
        session.remove("redirect_url");
        assert_eq!(gateway.get(&path).await, (200, json!(session)));
        assert_eq!(
            gateway.get("/sessions?limit=1").await.1["items"],
            json!([session])
        );
        let call = gateway.idenfy.calls().pop().unwrap();
        assert_eq!(
            (&*call.path, &call.body["clientId"]),
            ("/api/v2/token", &json!(client))
        );
    }
}

async fn a_session_takes_flow_language_and_token(context: Context) {
    let gateway = Gateway::start(&context).await;
    let body = json!({
        "flow": "document", "language": "DE",
        "token": {"clientId": "customer 1", "externalRef": "order 17", "country": ["DE"], "checkAml": true, "expiryTime": 60},
    });
    let (status, session) = gateway.post("/sessions", body).await;
    assert_eq!(status, 201, "{session}");
    assert_eq!(
        (&session["flow"], &session["language"]),
        (&json!("document"), &json!("de"))
    );
    assert_eq!(
        (&session["client_id"], &session["external_ref"]),
        (&json!("customer 1"), &json!("order 17"))
    );
    let sent = gateway.idenfy.calls().pop().unwrap().body;
    for (name, value) in [
        ("tokenType", json!("DOCUMENT")),
        ("locale", json!("de")),
        ("clientId", json!("customer 1")),
        ("externalRef", json!("order 17")),
        ("country", json!(["DE"])),
        ("checkAml", json!(true)),
        ("expiryTime", json!(60)),
    ] {
        assert_eq!(sent[name], value, "{name}");
    }
}

async fn a_session_of_the_selfie_flow_is_an_age_estimation(context: Context) {
    let gateway = Gateway::start(&context).await;
    let body = json!({"flow": "selfie", "token": {"min_age": 18, "confidence_threshold": 85}});
    let (status, session) = gateway.post("/sessions", body).await;
    assert_eq!(status, 201, "{session}");
    assert_eq!(
        (&session["auth_token"], &session["scan_ref"]),
        (&json!("age-0"), &json!("age-0"))
    );
    assert_eq!(
        session["redirect_url"],
        format!("{}/age/0", gateway.idenfy.base)
    );
    assert!(session["client_id"].is_string());
    let call = gateway.idenfy.calls().pop().unwrap();
    assert_eq!(call.path, "/age-estimation/token/");
    assert_eq!(
        call.body,
        json!({"min_age": 18, "confidence_threshold": 85, "expiry_minutes": 60})
    );
}

async fn each_bad_field_of_a_session_is_named_alone(context: Context) {
    let gateway = Gateway::start(&context).await;
    for (body, wanted) in [
        (json!({"flow": "x"}), &["flow"][..]),
        (json!({"flow": 1}), &["flow"]),
        (json!({"language": "xx"}), &["language"]),
        (json!({"language": ["de"]}), &["language"]),
        (json!({"token": []}), &["token"]),
        (json!({"token": {"clientId": ""}}), &["token.clientId"]),
        (
            json!({"token": {"clientId": "a\u{0}"}}),
            &["token.clientId"],
        ),
        (
            json!({"token": {"country": ["DE", "x"]}}),
            &["token.country[1]"],
        ),
        (json!({"token": {"locale": "de"}}), &["token.locale"]),
        (json!({"token": {"bogus": 1}}), &["token.bogus"]),
        (
            json!({"flow": "selfie"}),
            &["token.confidence_threshold", "token.min_age"],
        ),
        (
            json!({"flow": "selfie", "token": {"clientId": "c", "min_age": 18, "confidence_threshold": 1}}),
            &["token.clientId"],
        ),
        (json!({"link_id": "x"}), &["link_id"]),
        (json!({"name": "x"}), &["name"]),
        (json!({"usage": {"type": "single"}}), &["usage"]),
        (
            json!({"language": "xx", "flow": "document", "token": {"sex": "x"}, "b": 1}),
            &["b", "language", "token.sex"],
        ),
    ] {
        let (status, told) = gateway.post("/sessions", body.clone()).await;
        assert_eq!(
            (status, fields(&told)),
            (422, wanted.to_vec()),
            "{body} -> {told}"
        );
        check_problem(&told, 422);
    }
    assert_eq!(gateway.get("/sessions").await.1["items"], json!([]));
    assert_eq!(gateway.idenfy.calls().len(), 0);
}

async fn a_failing_idenfy_is_told_with_a_pause(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let body = json!({"token": {"clientId": "customer"}});
    let start = async || {
        let request = gateway
            .request(Method::POST, "/api/v1/sessions")
            .bearer_auth(&gateway.key);
        request.json(&body).send().await.unwrap()
    };
    let raw = |status, text: &str| Answer::Raw(status, "", text.to_owned());
    let failures = [
        raw(500, "{}"),
        raw(402, "{}"),
        raw(401, "{}"),
        raw(
            400,
            r#"{"identifier": "BAD_VALUE", "message": "secret detail"}"#,
        ),
        raw(409, "{}"),
        raw(201, "not JSON"),
        raw(201, "{}"),
        Answer::HangUp,
        Answer::Truncated,
        Answer::Document(json!({"authToken": "t", "redirectUrl": "https://evil.example/"})),
    ];
    for failure in &failures {
        gateway.idenfy.answer(failure.clone());
        let answer = start().await;
        let pause: u32 = answer.headers()["retry-after"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!((1..=3600).contains(&pause));
        let told = problem(answer, 503, "verification_unavailable").await;
        assert!(!told.to_string().contains("secret detail"));
        gateway.clock.advance(PROBE_EVERY_MS);
    }
    let failed = gateway.get("/sessions?status=failed").await.1;
    assert_eq!(failed["items"].as_array().unwrap().len(), failures.len());
    assert_eq!(gateway.get("/sessions").await.1, failed);
    gateway.idenfy.answer(Answer::Token);
    assert_eq!(start().await.status(), 201);
}

async fn a_customer_with_an_open_session_is_not_minted_again(context: Context) {
    let gateway = Gateway::start(&context).await;
    let body = json!({"token": {"clientId": "customer"}});
    let first = gateway.post("/sessions", body.clone()).await.1;
    let refused = async |open: &Value| {
        let request = gateway
            .request(Method::POST, "/api/v1/sessions")
            .bearer_auth(&gateway.key);
        let told = problem(
            request.json(&body).send().await.unwrap(),
            409,
            "session_open",
        )
        .await;
        assert_eq!(told["session_id"], open["id"]);
    };
    refused(&first).await;
    let (status, _) = gateway
        .post("/sessions", json!({"token": {"clientId": "another"}}))
        .await;
    assert_eq!(status, 201);
    assert_eq!(gateway.idenfy.minted(), 2);
    let done =
        json!({"scanRef": first["scan_ref"], "final": true, "status": {"overall": "DENIED"}});
    let event = "IDENTIFICATION_MANUAL_FINISHED";
    assert_eq!(
        send_webhook(&gateway, event, done.to_string().as_bytes())
            .await
            .status(),
        200
    );
    let (status, second) = gateway.post("/sessions", body.clone()).await;
    assert_eq!(status, 201);
    refused(&second).await;
    gateway.clock.advance(3_600_000);
    assert_eq!(gateway.post("/sessions", body.clone()).await.0, 201);
}

async fn an_erased_session_names_nobody_and_frees_its_customer(context: Context) {
    let gateway = Gateway::start(&context).await;
    let body = json!({"token": {"clientId": "customer-marker", "externalRef": "reference-marker"}});
    let first = gateway.post("/sessions", body.clone()).await.1;
    let path = format!("/sessions/{}", text(&first["id"]));
    let tags = json!({
        "scanRef": first["scan_ref"], "final": false, "status": {"overall": "SUSPECTED", "fraudTags": ["FAKE_PHOTO"]},
    });
    let event = "IDENTIFICATION_AUTO_FINISHED";
    assert_eq!(
        send_webhook(&gateway, event, tags.to_string().as_bytes())
            .await
            .status(),
        200
    );
    let before = gateway.get(&path).await.1;
    gateway.clock.advance(1000);
    assert_eq!(
        gateway.api(Method::DELETE, &path, None).await,
        (204, json!(null))
    );
    let (status, erased) = gateway.get(&path).await;
    assert_eq!(status, 200);
    for name in ["client_id", "scan_ref", "external_ref"] {
        assert!(
            !before[name].is_null() && erased[name].is_null(),
            "{name} in {erased}"
        );
    }
    assert_eq!(erased["erased_at"], "2027-01-15T12:00:01Z");
    for name in [
        "status",
        "final",
        "provisional",
        "created_at",
        "finished_at",
        "flow",
        "language",
    ] {
        assert_eq!(erased[name], before[name], "{name}");
    }
    gateway.clock.advance(1000);
    assert_eq!(gateway.api(Method::DELETE, &path, None).await.0, 204);
    assert_eq!(
        gateway.get(&path).await.1["erased_at"],
        "2027-01-15T12:00:01Z"
    );
    assert_eq!(
        gateway.get("/sessions?client_id=customer-marker").await.1["items"],
        json!([])
    );
    let (status, second) = gateway.post("/sessions", body).await;
    assert_eq!(status, 201, "{second}");
    assert_ne!(second["id"], first["id"]);
    // What iDenfy tells later of the erased one finds nobody.
    let done =
        json!({"scanRef": first["scan_ref"], "final": true, "status": {"overall": "APPROVED"}});
    assert_eq!(
        send_webhook(&gateway, event, done.to_string().as_bytes())
            .await
            .status(),
        200
    );
    let shown = gateway.get(&path).await.1;
    assert_eq!(
        (&shown["client_id"], &shown["scan_ref"]),
        (&json!(null), &json!(null))
    );
}

async fn sessions_are_listed_by_status_link_and_customer(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway
        .link(json!({"token": {"clientId": "Customer 1"}}))
        .await;
    let free = gateway.link(json!({})).await;
    assert_eq!(gateway.click(&link).await.status(), 302);
    assert_eq!(gateway.click(&free).await.status(), 302);
    let made = gateway
        .post("/sessions", json!({"token": {"clientId": "100%_!"}}))
        .await
        .1;
    let done =
        json!({"scanRef": made["scan_ref"], "final": true, "status": {"overall": "APPROVED"}});
    send_webhook(&gateway, "IDENTIFICATION", done.to_string().as_bytes()).await;
    let link_id = text(&link["id"]);
    for (query, clients) in [
        ("client_id=Customer+1", &["Customer 1"][..]),
        ("client_id=customer+1", &[]),
        ("client_id=Customer", &[]),
        ("client_id=100%25_!", &["100%_!"]),
        ("client_id=%25", &[]),
        ("status=approved", &["100%_!"]),
        ("status=nobody", &[]),
        (&format!("link_id={link_id}"), &["Customer 1"]),
        (
            &format!("link_id={link_id}&status=active&client_id=Customer+1"),
            &["Customer 1"],
        ),
        (&format!("link_id={link_id}&status=approved"), &[]),
        (
            &format!("link_id={}&client_id=Customer+1", text(&free["id"])),
            &[],
        ),
        ("link_id=00000000-0000-0000-0000-000000000000", &[]),
    ] {
        let (status, list) = gateway.get(&format!("/sessions?{query}")).await;
        assert_eq!(status, 200, "{list}");
        let found: Vec<&str> = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| text(&s["client_id"]))
            .collect();
        assert_eq!(found, clients, "{query}");
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let (_, page) = gateway.get(&format!("/sessions?limit=1{cursor}")).await;
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|s| s["id"].clone()),
        );
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    let all = gateway.get("/sessions").await.1;
    let all: Vec<Value> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["id"].clone())
        .collect();
    assert_eq!((seen.len(), &seen[0]), (3, &made["id"]));
    assert_eq!(seen, all);
}

async fn a_session_that_is_not_there_is_not_found(context: Context) {
    let gateway = Gateway::start(&context).await;
    for id in [
        "00000000-0000-0000-0000-000000000000",
        "x",
        "%00",
        "%FF",
        "scan-0",
    ] {
        for method in [Method::GET, Method::DELETE] {
            let (status, told) = gateway.api(method, &format!("/sessions/{id}"), None).await;
            assert_eq!(status, 404, "{id}");
            check_problem(&told, 404);
        }
    }
}
