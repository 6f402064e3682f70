//! Endpoints by API: made, shown without their secret, rotated, tried, switched on, deleted.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api_support::{check_problem, fields, over, post_once};
use crate::harness::gateway::{location, text};
use crate::harness::{Context, Gateway, Receiver, tests};

tests!(
    "api_endpoints",
    [
        an_endpoint_is_made_and_its_secret_is_shown_once,
        each_bad_field_of_an_endpoint_is_named_alone,
        an_endpoint_that_is_unknown_or_deleted_is_not_found,
        private_addresses_are_taken_only_where_the_settings_allow_them,
        deliveries_are_listed_by_page_and_by_status,
        a_delivery_is_retried_by_either_path,
        a_bad_retry_is_named,
    ]
);

/// Settings that allow a receiver on loopback.
pub async fn private(context: &Context) -> Gateway {
    Gateway::with(context, |config| config.webhooks.allow_private = true).await
}

/// Makes an endpoint; `more` is merged into one for final results.
pub async fn endpoint(gateway: &Gateway, url: &str, more: &Value) -> Value {
    let wanted = json!({"url": url, "events": ["session.finished"]});
    let (status, made) = gateway.post("/endpoints", over(wanted, more)).await;
    assert_eq!(status, 201, "{made}");
    made
}

/// The path of an endpoint.
pub fn path_of(endpoint: &Value) -> String {
    format!("/endpoints/{}", text(&endpoint["id"]))
}

/// The deliveries of an endpoint, newest first.
pub async fn deliveries(gateway: &Gateway, endpoint: &Value) -> Vec<Value> {
    let path = format!("{}/deliveries?limit=200", path_of(endpoint));
    let (status, page) = gateway.get(&path).await;
    assert_eq!(status, 200, "{page}");
    page["items"].as_array().unwrap().clone()
}

/// Has everything sent that is due, and waits until all of it is settled.
pub async fn deliver(gateway: &Gateway) {
    let mut outbound = gateway.outbound();
    crate::api_support::until(async || {
        outbound.step().await.unwrap();
        let now = gateway.clock.now().millis();
        let sql = format!(
            "SELECT COUNT(*) FROM deliveries WHERE status = 'pending' AND (next_attempt_at <= {now} OR leased_until > {now})"
        );
        gateway.database.numbers(&sql).await == [0]
    })
    .await;
}

async fn an_endpoint_is_made_and_its_secret_is_shown_once(context: Context) {
    let gateway = Gateway::start(&context).await;
    let wanted = json!({
        "url": "https://example.com/hook?token=URL-MARKER",
        "events": ["session.finished", "link.expired", "endpoint.disabled"],
        "payload": "full",
    });
    let answer = post_once(&gateway, &gateway.key, "once", "/endpoints", &wanted).await;
    assert_eq!(answer.status(), 201);
    let place = location(&answer);
    let mut made: Value = answer.json().await.unwrap();
    let again = post_once(&gateway, &gateway.key, "once", "/endpoints", &wanted).await;
    assert_eq!(again.json::<Value>().await.unwrap(), made);
    let path = path_of(&made);
    assert!(place.ends_with(&format!("/api/v1{path}")));
    let secret = made.as_object_mut().unwrap().remove("secret").unwrap();
    assert!(text(&secret).starts_with("whsec_") && text(&secret).len() == 50);
    let shown = over(
        wanted,
        &json!({
            "id": made["id"], "created_at": "2027-01-15T12:00:00Z", "failing_since": null,
            "disabled_at": null, "disabled_reason": null,
        }),
    );
    assert_eq!(made, shown);
    assert_eq!(gateway.get(&path).await, (200, made.clone()));
    gateway.clock.advance(1);
    let none = json!({"payload": null});
    let other = endpoint(&gateway, "https://example.com/", &none).await;
    assert_eq!(other["payload"], "verdict");
    let (_, page) = gateway.get("/endpoints?limit=1").await;
    assert_eq!(page["items"][0]["id"], other["id"]);
    let (_, rest) = gateway
        .get(&format!("/endpoints?cursor={}", text(&page["next_cursor"])))
        .await;
    assert_eq!(rest, json!({"items": [made], "next_cursor": null}));

    let (status, mut rotated) = gateway.post(&format!("{path}/rotate"), json!({})).await;
    assert_eq!(status, 200);
    let new = rotated.as_object_mut().unwrap().remove("secret").unwrap();
    assert_eq!(rotated, made);
    assert_ne!(new, secret);
    let (status, on) = gateway.post(&format!("{path}/enable"), json!({})).await;
    assert_eq!((status, on), (200, made));
    assert_eq!(gateway.api(Method::DELETE, &path, None).await.0, 204);
    let (_, audit) = gateway
        .get(&format!("/audit?object_id={}", text(&rotated["id"])))
        .await;
    let done = audit["items"].as_array().unwrap().iter();
    let done: Vec<&str> = done.map(|line| text(&line["action"])).collect();
    let updated = "endpoint.updated";
    assert_eq!(
        done,
        ["endpoint.deleted", updated, updated, "endpoint.created"]
    );
    assert!(!audit.to_string().contains("URL-MARKER"));
    let log = context.log.text();
    for hidden in ["URL-MARKER", text(&secret), text(&new)] {
        assert!(!log.contains(hidden));
    }
}

async fn each_bad_field_of_an_endpoint_is_named_alone(context: Context) {
    let gateway = Gateway::start(&context).await;
    let good = json!({"url": "https://example.com/", "events": ["session.finished"], "payload": "verdict"});
    for (field, value, wanted) in [
        ("url", json!(null), "url"),
        ("url", json!(""), "url"),
        ("url", json!(5), "url"),
        ("url", json!(["https://example.com/"]), "url"),
        ("url", json!("example.com"), "url"),
        ("url", json!("http://example.com/"), "url"),
        ("url", json!("ftp://example.com/"), "url"),
        ("url", json!("https://user:word@example.com/"), "url"),
        ("url", json!("https://example.com/#x"), "url"),
        ("url", json!("https://localhost/"), "url"),
        ("url", json!("https://127.0.0.1/"), "url"),
        ("url", json!("https://[::1]/"), "url"),
        ("url", json!("https://169.254.169.254/"), "url"),
        ("url", json!("https://[::ffff:10.0.0.1]/"), "url"),
        (
            "url",
            json!(format!("https://example.com/{}", "a".repeat(2048))),
            "url",
        ),
        ("url", json!("https://example.com/\u{0}"), "url"),
        ("events", json!(null), "events"),
        ("events", json!([]), "events"),
        ("events", json!("session.finished"), "events"),
        ("events", json!({"0": "session.finished"}), "events"),
        ("events", json!(["session"]), "events[0]"),
        ("events", json!(["Session.Finished"]), "events[0]"),
        ("events", json!(["endpoint.test"]), "events[0]"),
        ("events", json!(["session.finished", null]), "events[1]"),
        (
            "events",
            json!(["session.finished", "session.finished"]),
            "events[1]",
        ),
        ("events", json!([["session.finished"]]), "events[0]"),
        ("payload", json!("Full"), "payload"),
        ("payload", json!(""), "payload"),
        ("payload", json!(true), "payload"),
        ("secret", json!("whsec_own"), "secret"),
        ("id", json!("x"), "id"),
        ("event", json!("x"), "event"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let (status, told) = gateway.post("/endpoints", body.clone()).await;
        assert_eq!(
            (status, fields(&told)),
            (422, vec![wanted]),
            "{body} -> {told}"
        );
        check_problem(&told, 422);
    }
    let bad = json!({"url": "x", "events": ["a", "session.started", "b"], "payload": "c", "d": 1});
    let (_, told) = gateway.post("/endpoints", bad).await;
    assert_eq!(
        fields(&told),
        ["d", "events[0]", "events[2]", "payload", "url"]
    );
    assert_eq!(gateway.get("/endpoints").await.1["items"], json!([]));
}

async fn an_endpoint_that_is_unknown_or_deleted_is_not_found(context: Context) {
    let gateway = Gateway::start(&context).await;
    let made = endpoint(&gateway, "https://example.com/", &json!({})).await;
    let path = path_of(&made);
    assert_eq!(
        gateway.api(Method::DELETE, &path, None).await,
        (204, json!(null))
    );
    for path in [
        path.as_str(),
        "/endpoints/01977d0e-5d3a-7c42-9f0b-6c1a2b3d4e5f",
        "/endpoints/x",
    ] {
        let since = Some(json!({"since": "2027-01-01T00:00:00Z"}));
        let delivery = "01977d0e-5d3a-7c42-9f0b-6c1a2b3d4e5f";
        for (method, path, body) in [
            (Method::GET, path.to_owned(), None),
            (Method::DELETE, path.to_owned(), None),
            (Method::GET, format!("{path}/deliveries"), None),
            (Method::POST, format!("{path}/rotate"), None),
            (Method::POST, format!("{path}/enable"), None),
            (Method::POST, format!("{path}/test"), None),
            (Method::POST, format!("{path}/retry"), since),
            (
                Method::POST,
                format!("{path}/deliveries/{delivery}/retry"),
                None,
            ),
            (Method::POST, format!("/deliveries/{delivery}/retry"), None),
            (Method::POST, "/deliveries/x/retry".to_owned(), None),
        ] {
            let (status, told) = gateway.api(method, &path, body).await;
            assert_eq!(
                (status, &told["code"]),
                (404, &json!("not_found")),
                "{path}"
            );
        }
    }
}

async fn private_addresses_are_taken_only_where_the_settings_allow_them(context: Context) {
    let gateway = private(&context).await;
    for url in [
        "http://127.0.0.1:1/",
        "http://localhost:3000/x?y=z",
        "https://10.0.0.1/",
    ] {
        assert_eq!(endpoint(&gateway, url, &json!({})).await["url"], url);
    }
}

async fn deliveries_are_listed_by_page_and_by_status(context: Context) {
    let gateway = private(&context).await;
    let receiver = Receiver::start().await;
    let made = endpoint(&gateway, &receiver.base, &json!({})).await;
    let path = path_of(&made);
    let mut events = Vec::new();
    for status in [204, 500, 200] {
        receiver.status(status);
        let (accepted, told) = gateway.post(&format!("{path}/test"), json!({})).await;
        assert_eq!(accepted, 202);
        events.push(told["event_id"].clone());
        deliver(&gateway).await;
    }
    let all = deliveries(&gateway, &made).await;
    let told: Vec<_> = all
        .iter()
        .rev()
        .map(|one| one["event_id"].clone())
        .collect();
    assert_eq!(told, events);
    let one = &all[1];
    assert_eq!(
        (&one["type"], &one["status"]),
        (&json!("endpoint.test"), &json!("pending"))
    );
    let attempt = &one["attempts"][0];
    assert_eq!(attempt["at"], "2027-01-15T12:00:00Z");
    assert!(attempt["duration_ms"].is_u64());
    assert_eq!(
        (&attempt["status"], &attempt["error"], &attempt["response"]),
        (&json!(500), &json!("the status is not 2xx"), &json!(""))
    );
    assert!(all[0]["attempts"][0]["error"].is_null() && all[0]["next_attempt_at"].is_null());
    let first = gateway.get(&format!("{path}/deliveries?limit=2")).await.1;
    let cursor = text(&first["next_cursor"]);
    let rest = gateway
        .get(&format!("{path}/deliveries?limit=2&cursor={cursor}"))
        .await
        .1;
    assert_eq!(
        (&first["items"], &rest["items"]),
        (&json!(all[..2]), &json!(all[2..]))
    );
    for (status, count) in [
        ("pending", 1),
        ("delivered", 2),
        ("failed", 0),
        ("nonsense", 0),
    ] {
        let page = gateway
            .get(&format!("{path}/deliveries?status={status}"))
            .await
            .1;
        assert_eq!(page["items"].as_array().unwrap().len(), count, "{status}");
    }
    for query in ["limit=0", "limit=201", "cursor=x", "state=pending"] {
        assert_eq!(
            gateway.get(&format!("{path}/deliveries?{query}")).await.0,
            422
        );
    }
}

async fn a_delivery_is_retried_by_either_path(context: Context) {
    let gateway = private(&context).await;
    let receiver = Receiver::start().await;
    let made = endpoint(&gateway, &receiver.base, &json!({})).await;
    let other = endpoint(&gateway, &receiver.base, &json!({})).await;
    receiver.status(500);
    gateway
        .post(&format!("{}/test", path_of(&made)), json!({}))
        .await;
    deliver(&gateway).await;
    let id = deliveries(&gateway, &made).await[0]["id"].clone();
    for (n, path) in [
        format!("{}/deliveries/{}/retry", path_of(&made), text(&id)),
        format!("/deliveries/{}/retry", text(&id)),
    ]
    .iter()
    .enumerate()
    {
        let (status, told) = gateway.api(Method::POST, path, None).await;
        assert_eq!((status, &told["id"]), (202, &id));
        deliver(&gateway).await;
        let attempts = &deliveries(&gateway, &made).await[0]["attempts"];
        assert_eq!(attempts.as_array().unwrap().len(), n + 2);
    }
    let wrong = format!("{}/deliveries/{}/retry", path_of(&other), text(&id));
    assert_eq!(gateway.api(Method::POST, &wrong, None).await.0, 404);
    // It is delivered, and can be sent once more.
    receiver.status(200);
    let path = format!("/deliveries/{}/retry", text(&id));
    for _ in 0..2 {
        gateway.api(Method::POST, &path, None).await;
        deliver(&gateway).await;
        assert_eq!(deliveries(&gateway, &made).await[0]["status"], "delivered");
    }
    assert_eq!(receiver.taken().len(), 2);
}

async fn a_bad_retry_is_named(context: Context) {
    let gateway = Gateway::start(&context).await;
    let made = endpoint(&gateway, "https://example.com/", &json!({})).await;
    let path = format!("{}/retry", path_of(&made));
    for (body, wanted) in [
        (json!({}), vec!["since"]),
        (json!({"since": null}), vec!["since"]),
        (json!({"since": "yesterday"}), vec!["since"]),
        (json!({"since": 5}), vec!["since"]),
        (
            json!({"since": "2027-01-01T00:00:00Z", "until": "x"}),
            vec!["until"],
        ),
        (json!([]), vec![""]),
    ] {
        let (status, told) = gateway.post(&path, body).await;
        assert_eq!((status, fields(&told)), (422, wanted));
    }
    let since = json!({"since": "2027-01-01T00:00:00Z"});
    assert_eq!(
        gateway.post(&path, since).await,
        (202, json!({"retried": 0}))
    );
}
