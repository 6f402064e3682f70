//! API keys: who may do what, for how long, and what is kept of them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api_endpoints::endpoint;
use crate::api_support::{check_problem, fields, key_with, problem};
use crate::harness::gateway::{START, location, text};
use crate::harness::{Context, Gateway, tests};

tests!(
    "api_keys",
    [
        each_route_wants_its_own_scope,
        scopes_add_up_and_nothing_more,
        a_request_without_a_valid_key_is_refused,
        a_key_ends_by_time_or_by_hand,
        a_key_is_shown_once_and_its_text_is_kept_nowhere,
        each_bad_field_of_a_key_is_named_alone,
        keys_are_listed_newest_first,
    ]
);

/// Every route, an example body and the one scope below `admin` that opens it; none: `admin` alone.
const ROUTES: [(&str, &str, &str, Option<&str>); 25] = [
    ("GET", "/links", "", Some("read")),
    (
        "POST",
        "/links",
        r#"{"name": "A", "usage": {"type": "single"}}"#,
        Some("links"),
    ),
    ("GET", "/links/LINK", "", Some("read")),
    ("PATCH", "/links/LINK", r#"{"name": "B"}"#, Some("links")),
    ("DELETE", "/links/LINK", "", Some("links")),
    ("POST", "/links/LINK/deactivate", "", Some("links")),
    ("POST", "/links/LINK/activate", "", Some("links")),
    ("GET", "/links/LINK/sessions", "", Some("read")),
    ("GET", "/links/LINK/qr.svg", "", Some("read")),
    ("GET", "/links/LINK/qr.png", "", Some("read")),
    ("GET", "/links/LINK/poster.pdf", "", Some("read")),
    ("GET", "/links/LINK/poster.png", "", Some("read")),
    ("GET", "/sessions", "", Some("read")),
    ("POST", "/sessions", "{}", Some("sessions")),
    ("GET", "/sessions/SESSION", "", Some("read")),
    ("DELETE", "/sessions/SESSION", "", Some("sessions")),
    ("GET", "/keys", "", None),
    (
        "POST",
        "/keys",
        r#"{"name": "K", "scopes": ["read"]}"#,
        None,
    ),
    ("GET", "/keys/KEY", "", None),
    ("DELETE", "/keys/KEY", "", None),
    ("GET", "/endpoints", "", None),
    ("GET", "/endpoints/ENDPOINT", "", None),
    ("GET", "/endpoints/ENDPOINT/deliveries", "", None),
    ("POST", "/endpoints/ENDPOINT/test", "", None),
    ("DELETE", "/endpoints/ENDPOINT", "", None),
];

async fn call(
    gateway: &Gateway,
    key: &str,
    method: &str,
    path: &str,
    body: &'static str,
) -> reqwest::Response {
    let link = gateway.link(json!({})).await;
    let session = gateway.post("/sessions", json!({})).await.1;
    let another = gateway
        .post("/keys", json!({"name": "K", "scopes": ["read"]}))
        .await
        .1;
    let path = path
        .replace("LINK", text(&link["id"]))
        .replace("SESSION", text(&session["id"]));
    let path = path.replace("KEY", text(&another["id"]));
    let path = if path.contains("ENDPOINT") {
        let made = endpoint(gateway, "https://example.invalid/", &json!({})).await;
        path.replace("ENDPOINT", text(&made["id"]))
    } else {
        path
    };
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = gateway
        .request(method, &format!("/api/v1{path}"))
        .bearer_auth(key);
    if !body.is_empty() {
        request = request
            .header("Content-Type", "application/json")
            .body(body);
    }
    request.send().await.unwrap()
}

async fn each_route_wants_its_own_scope(context: Context) {
    let gateway = Gateway::start(&context).await;
    for scope in ["read", "links", "sessions", "admin"] {
        let key = key_with(&gateway, &[scope]).await;
        for (method, path, body, wanted) in ROUTES {
            let answer = call(&gateway, &key, method, path, body).await;
            if scope == "admin" || wanted == Some(scope) {
                assert!(
                    answer.status().is_success(),
                    "{scope}: {method} {path}: {}",
                    answer.status()
                );
            } else {
                problem(answer, 403, "forbidden").await;
            }
        }
    }
}

async fn scopes_add_up_and_nothing_more(context: Context) {
    let gateway = Gateway::start(&context).await;
    let key = key_with(&gateway, &["read", "links", "sessions"]).await;
    for (method, path, body, wanted) in ROUTES {
        let answer = call(&gateway, &key, method, path, body).await;
        assert_eq!(
            answer.status().is_success(),
            wanted.is_some(),
            "{method} {path}"
        );
        assert!(wanted.is_some() || answer.status() == 403);
    }
}

async fn a_request_without_a_valid_key_is_refused(context: Context) {
    let gateway = Gateway::start(&context).await;
    let key = &gateway.key;
    let shorter = &key[..key.len() - 1];
    for header in [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer epk_wrong".to_owned(),
        key.clone(),
        format!("Basic {key}"),
        format!("Bearer {shorter}"),
        format!("Bearer {key}x"),
        format!("Bearer {key} {key}"),
        format!("Bearer \"{key}\""),
        format!("Bearer {}", key.to_uppercase()),
        format!("Bearer {}", "x".repeat(10_000)),
        "Bearer ' OR 1=1 --".to_owned(),
        "Bearer \u{fc}".to_owned(),
    ] {
        for (method, path, _, _) in ROUTES {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let mut request = gateway.request(method, &format!("/api/v1{path}"));
            if !header.is_empty() {
                request = request.header("Authorization", &header);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(
                answer.headers()["www-authenticate"],
                "Bearer",
                "{header}: {path}"
            );
            problem(answer, 401, "unauthorized").await;
        }
    }
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let request = gateway.request(Method::GET, "/api/v1/links");
        let answer = request
            .header("Authorization", format!("{scheme} {key}"))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
    }
    let in_query = gateway.request(Method::GET, &format!("/api/v1/links?access_token={key}"));
    assert_eq!(in_query.send().await.unwrap().status(), 401);
}

async fn a_key_ends_by_time_or_by_hand(context: Context) {
    let gateway = Gateway::start(&context).await;
    let wanted = json!({"name": "Short", "scopes": ["read"], "expires_at": "2027-01-15T12:01:00Z"});
    let short = gateway.post("/keys", wanted).await.1;
    let long = gateway
        .post("/keys", json!({"name": "Long", "scopes": ["read"]}))
        .await
        .1;
    assert_eq!(
        (&short["expires_at"], &long["expires_at"]),
        (&json!("2027-01-15T12:01:00Z"), &json!(null))
    );
    let works = async |key: &Value| {
        let request = gateway.request(Method::GET, "/api/v1/links");
        request
            .bearer_auth(text(&key["key"]))
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    gateway.clock.advance(59_999);
    assert_eq!((works(&short).await, works(&long).await), (200, 200));
    gateway.clock.advance(1);
    assert_eq!((works(&short).await, works(&long).await), (401, 200));
    let path = format!("/keys/{}", text(&long["id"]));
    assert_eq!(
        gateway.api(Method::DELETE, &path, None).await,
        (204, json!(null))
    );
    assert_eq!(works(&long).await, 401);
    assert_eq!(gateway.api(Method::DELETE, &path, None).await.0, 404);
    assert_eq!(gateway.get(&path).await.0, 404);
    let (_, list) = gateway.get("/keys").await;
    assert!(!list.to_string().contains(text(&long["id"])));
}

async fn a_key_is_shown_once_and_its_text_is_kept_nowhere(context: Context) {
    let gateway = Gateway::start(&context).await;
    gateway.clock.advance(1);
    let answer = gateway
        .request(Method::POST, "/api/v1/keys")
        .bearer_auth(&gateway.key)
        .json(&json!({"name": "Ops 🔑", "scopes": ["read", "sessions"]}))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            &answer.headers()["cache-control"].clone()
        ),
        (201, &"no-store".parse().unwrap())
    );
    let place = location(&answer);
    let mut made: Value = answer.json().await.unwrap();
    let path = format!("/keys/{}", text(&made["id"]));
    assert!(place.ends_with(&format!("/api/v1{path}")));
    assert_eq!(
        (&made["name"], &made["scopes"]),
        (&json!("Ops 🔑"), &json!(["read", "sessions"]))
    );
    assert_eq!(
        (&made["created_at"], &made["last_used_at"]),
        (&json!("2027-01-15T12:00:00.001Z"), &json!(null))
    );
    let key = made.as_object_mut().unwrap().remove("key").unwrap();
    assert!(text(&key).len() >= 40);
    assert_eq!(gateway.get(&path).await, (200, made.clone()));
    assert_eq!(gateway.get("/keys?limit=1").await.1["items"], json!([made]));
    gateway.clock.advance(120_000);
    let request = gateway
        .request(Method::GET, "/api/v1/sessions")
        .bearer_auth(text(&key));
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(
        gateway.get(&path).await.1["last_used_at"],
        "2027-01-15T12:02:00.001Z"
    );
    assert!(gateway.database.holds(text(&made["id"])).await);
    assert!(!gateway.database.holds(text(&key)).await);
    assert!(!gateway.database.holds(&gateway.key).await);
}

async fn each_bad_field_of_a_key_is_named_alone(context: Context) {
    let gateway = Gateway::start(&context).await;
    let good = json!({"name": "K", "scopes": ["read"]});
    for (field, value, wanted) in [
        ("name", json!(null), "name"),
        ("name", json!(""), "name"),
        ("name", json!("a".repeat(201)), "name"),
        ("name", json!("a\u{0}"), "name"),
        ("name", json!(5), "name"),
        ("scopes", json!(null), "scopes"),
        ("scopes", json!([]), "scopes"),
        ("scopes", json!("read"), "scopes"),
        ("scopes", json!({"0": "read"}), "scopes"),
        ("scopes", json!(["Read"]), "scopes[0]"),
        ("scopes", json!(["read", "root"]), "scopes[1]"),
        ("scopes", json!(["read", null]), "scopes[1]"),
        ("scopes", json!([["read"]]), "scopes[0]"),
        ("scopes", json!(["read", "read"]), "scopes[1]"),
        ("expires_at", json!(START), "expires_at"),
        ("expires_at", json!("2020-01-01T00:00:00Z"), "expires_at"),
        ("expires_at", json!("soon"), "expires_at"),
        ("expires_at", json!(5), "expires_at"),
        ("key", json!("epk-own"), "key"),
        ("id", json!("x"), "id"),
        ("scope", json!("read"), "scope"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let (status, told) = gateway.post("/keys", body.clone()).await;
        assert_eq!(
            (status, fields(&told)),
            (422, vec![wanted]),
            "{body} -> {told}"
        );
        check_problem(&told, 422);
    }
    let bad = json!({"scopes": ["x", "read", "y"], "expires_at": "x", "b": 1});
    let (_, told) = gateway.post("/keys", bad).await;
    assert_eq!(
        fields(&told),
        ["b", "expires_at", "name", "scopes[0]", "scopes[2]"]
    );
    assert_eq!(
        gateway.get("/keys").await.1["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

async fn keys_are_listed_newest_first(context: Context) {
    let gateway = Gateway::start(&context).await;
    gateway.clock.advance(1);
    for _ in 0..4 {
        key_with(&gateway, &["read"]).await;
    }
    let all = gateway.get("/keys").await.1;
    let all = all["items"].as_array().unwrap();
    assert_eq!(all.len(), 5);
    let first = gateway.get("/keys?limit=3").await.1;
    let rest = gateway
        .get(&format!(
            "/keys?limit=3&cursor={}",
            text(&first["next_cursor"])
        ))
        .await
        .1;
    assert_eq!(
        (&first["items"], &rest["items"]),
        (&json!(all[..3]), &json!(all[3..]))
    );
    assert_eq!(
        (&rest["next_cursor"], &all[4]["name"]),
        (&json!(null), &json!("test"))
    );
}
