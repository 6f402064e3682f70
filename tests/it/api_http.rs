//! The API as HTTP: methods, paths, content types, sizes, and JSON that is none.

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::api_support::{check_problem, fields, problem};
use crate::harness::gateway::text;
use crate::harness::{Context, Gateway, tests};

tests!(
    "api_http",
    [
        unknown_paths_and_methods_get_a_problem_and_never_a_page,
        a_body_of_another_type_is_refused,
        broken_json_is_refused_as_unreadable,
        json_that_is_no_object_is_refused_as_wrong,
        a_body_over_a_mebibyte_is_refused,
        odd_numbers_and_texts_in_json_never_fail_the_gateway,
        a_database_that_is_down_is_told_with_a_pause,
    ]
);

/// The calls that take a body.
async fn taking_a_body(gateway: &Gateway) -> [(Method, String); 5] {
    let link = gateway.link(json!({})).await;
    [
        (Method::POST, "/links".to_owned()),
        (Method::PATCH, format!("/links/{}", text(&link["id"]))),
        (Method::POST, "/presets".to_owned()),
        (Method::POST, "/sessions".to_owned()),
        (Method::POST, "/keys".to_owned()),
    ]
}

async fn send(
    gateway: &Gateway,
    call: &(Method, String),
    content_type: &str,
    body: impl Into<reqwest::Body>,
) -> Response {
    let mut request = gateway
        .request(call.0.clone(), &format!("/api/v1{}", call.1))
        .bearer_auth(&gateway.key);
    if !content_type.is_empty() {
        request = request.header("Content-Type", content_type);
    }
    request.body(body).send().await.unwrap()
}

async fn unknown_paths_and_methods_get_a_problem_and_never_a_page(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    let id = text(&link["id"]);
    let methods = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW",
    ];
    let ask = async |method: &str, path: &str, wanted: u16, code: &str| {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = gateway
            .request(method.clone(), path)
            .bearer_auth(&gateway.key)
            .header("Accept", "text/html");
        let answer = request.send().await.unwrap();
        let headers = answer.headers().clone();
        if method == Method::HEAD {
            assert_eq!(
                answer.headers()["content-type"],
                "application/problem+json",
                "{path}"
            );
            assert_eq!(answer.status(), wanted, "HEAD {path}");
        } else {
            assert_eq!(answer.status(), wanted, "{method} {path}");
            problem(answer, wanted, code).await;
        }
        headers
    };
    for path in [
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v2/links",
        "/api/v1/nothing",
        "/api/v1/links/a/b/c",
        "/api/v1/links/",
        "/api//v1/links",
        "/api/v1/LINKS",
        "/api/%00",
        "/api/v1/%FF",
        "/api/v1/keys/a/b",
        "/api/links",
    ] {
        for method in methods {
            ask(method, path, 404, "not_found").await;
        }
    }
    for (path, allow) in [
        ("/api/v1/links".to_owned(), "GET, HEAD, POST"),
        (format!("/api/v1/links/{id}"), "GET, HEAD, PATCH, DELETE"),
        (format!("/api/v1/links/{id}/activate"), "POST"),
        (format!("/api/v1/links/{id}/deactivate"), "POST"),
        (format!("/api/v1/links/{id}/sessions"), "GET, HEAD"),
        ("/api/v1/sessions".to_owned(), "GET, HEAD, POST"),
        (format!("/api/v1/sessions/{id}"), "GET, HEAD, DELETE"),
        ("/api/v1/keys".to_owned(), "GET, HEAD, POST"),
        (format!("/api/v1/keys/{id}"), "GET, HEAD, DELETE"),
    ] {
        let known: Vec<&str> = allow.split(", ").collect();
        for method in methods.iter().filter(|method| !known.contains(method)) {
            let headers = ask(method, &path, 405, "method_not_allowed").await;
            assert_eq!(headers["allow"], allow, "{method} {path}");
        }
        if known.contains(&"HEAD") {
            let request = gateway
                .request(Method::HEAD, &path)
                .bearer_auth(&gateway.key);
            let head = request.send().await.unwrap();
            let (status, _) = gateway.get(path.trim_start_matches("/api/v1")).await;
            assert_eq!(head.status(), status, "{path}");
            assert_eq!(head.text().await.unwrap(), "");
        }
    }
}

async fn a_body_of_another_type_is_refused(context: Context) {
    let gateway = Gateway::start(&context).await;
    for call in &taking_a_body(&gateway).await {
        for other in [
            "",
            "text/plain",
            "text/html",
            "application/x-www-form-urlencoded",
            "application/jsonx",
            "json",
            "*/*",
            "application/xml; application/json",
            "multipart/form-data; boundary=x",
        ] {
            problem(
                send(&gateway, call, other, r#"{"name": ""}"#).await,
                415,
                "unsupported_media_type",
            )
            .await;
        }
        for json in [
            "application/json",
            "application/json; charset=utf-8",
            "APPLICATION/JSON ; charset=UTF-8",
        ] {
            problem(
                send(&gateway, call, json, r#"{"name": ""}"#).await,
                422,
                "invalid",
            )
            .await;
        }
    }
}

async fn broken_json_is_refused_as_unreadable(context: Context) {
    let gateway = Gateway::start(&context).await;
    let deep = "[".repeat(100_000);
    let deep_object = r#"{"token":"#.repeat(50_000);
    for call in &taking_a_body(&gateway).await {
        for broken in [
            &b"{"[..],
            b"}",
            b"{]",
            b"{\"name\": }",
            b"{\"name\": \"a\",}",
            b"{'name': 'a'}",
            b"{name: 1}",
            b"{} {}",
            b"{}x",
            b"nul",
            b"\"",
            b"\"a",
            b"{\"name\": \"a\nb\"}",
            b"{\"name\": \"\x00\"}",
            b"\xff\xfe{\x00}\x00",
            b"\xef\xbb\xbf{}",
            b"{\"name\": \"\xff\"}",
            b"{\"name\": \"\\x\"}",
            b"{\"name\": \"\\u12\"}",
            b"{\"a\": 01}",
            b"{\"a\": NaN}",
            b"{\"a\": +1}",
            b"{\"a\": .5}",
            b"{\"a\": 1.}",
            b" ",
            b"\x00",
            deep.as_bytes(),
            deep_object.as_bytes(),
        ] {
            let answer = send(&gateway, call, "application/json", broken.to_vec()).await;
            problem(answer, 400, "bad_request").await;
        }
        if !call.1.starts_with("/sessions") {
            problem(
                send(&gateway, call, "application/json", "").await,
                400,
                "bad_request",
            )
            .await;
        }
    }
}

async fn json_that_is_no_object_is_refused_as_wrong(context: Context) {
    let gateway = Gateway::start(&context).await;
    for call in &taking_a_body(&gateway).await {
        for body in ["null", "true", "1", "-0", "\"name\"", "[]", "[{}]", " [ ] "] {
            let answer = send(&gateway, call, "application/json", body).await;
            let told = problem(answer, 422, "invalid").await;
            assert_eq!(fields(&told), [""], "{body}");
            assert_eq!(told["detail"], "must be a JSON object", "{body}");
        }
    }
}

async fn a_body_over_a_mebibyte_is_refused(context: Context) {
    let gateway = Gateway::start(&context).await;
    let sized = |size: usize| format!("{{\"bogus\": \"{}\"}}", "a".repeat(size - 13));
    assert_eq!(sized(100).len(), 100);
    for call in &taking_a_body(&gateway).await {
        let fits = send(&gateway, call, "application/json", sized(1024 * 1024)).await;
        assert_eq!(fields(&problem(fits, 422, "invalid").await)[0], "bogus");
        let answer = send(&gateway, call, "application/json", sized(1024 * 1024 + 1)).await;
        problem(answer, 413, "too_large").await;
    }
}

async fn odd_numbers_and_texts_in_json_never_fail_the_gateway(context: Context) {
    let gateway = Gateway::start(&context).await;
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let (fair, deeper) = (deep(60), deep(120));
    let odd = [
        "1e400",
        "-1e400",
        "1e-400",
        "-0",
        "0.0",
        "1E+2",
        "123456789012345678901234567890",
        "-9223372036854775809",
        "0.1e1",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\"\\ud83d\\ude00\"",
        "\"\\uffff\"",
        "\"\\u202e\"",
        "\"\u{202e}\u{feff}\"",
        "\"\\u0085\"",
        "\"\u{7f}\"",
        "{\"\\u0000\": 1}",
        "{\"a\": {\"b\": [null]}}",
        "[1e400]",
        &fair,
        &deeper,
    ];
    let names = [
        "name",
        "usage",
        "expires_at",
        "language",
        "flow",
        "slug",
        "confirm",
        "resume",
        "accept_ref",
        "signed",
        "inactive_message",
        "token",
        "scopes",
        "unknown",
        "\\u0000",
        "\\ud83d\\ude00",
    ];
    for call in &taking_a_body(&gateway).await {
        for value in odd {
            for name in names {
                let body = format!("{{\"{name}\": {value}}}");
                told(
                    send(&gateway, call, "application/json", body.clone()).await,
                    &body,
                )
                .await;
            }
            let body = format!(
                "{{\"name\": \"A\", \"usage\": {{\"type\": \"multi\", \"limit\": {value}}}, \"token\": {{\"ageLimit\": {value}, \
                 \"clientId\": {value}, \"country\": [{value}], \"additionalSteps\": {{\"a\": {value}}}}}}}"
            );
            told(
                send(&gateway, call, "application/json", body.clone()).await,
                &body,
            )
            .await;
        }
    }
    let twice = r#"{"name": "A", "name": "B", "usage": {"type": "single"}}"#;
    let answer = send(
        &gateway,
        &(Method::POST, "/links".to_owned()),
        "application/json",
        twice,
    )
    .await;
    assert!(answer.status() == 201 || answer.status() == 422);
}

/// Made, or refused with a problem document: never anything else.
async fn told(answer: Response, what: &str) {
    let status = answer.status().as_u16();
    assert!([200, 201, 400, 422].contains(&status), "{what}: {status}");
    let told: Value = answer.json().await.unwrap();
    if status >= 400 {
        check_problem(&told, status);
    }
}

async fn a_database_that_is_down_is_told_with_a_pause(context: Context) {
    for text in [
        "a request failed",
        "the sweep failed",
        "results cannot be sent",
    ] {
        context.expect_log(text);
    }
    let gateway = Gateway::start(&context).await;
    gateway.state.store.close().await;
    for (method, path, body) in [
        (Method::GET, "/links", None),
        (
            Method::POST,
            "/links",
            Some(json!({"name": "A", "usage": {"type": "single"}})),
        ),
        (Method::POST, "/sessions", Some(json!({}))),
        (Method::GET, "/keys", None),
    ] {
        let mut request = gateway
            .request(method, &format!("/api/v1{path}"))
            .bearer_auth(&gateway.key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        assert!(answer.headers().contains_key("retry-after"));
        let told = problem(answer, 503, "database_unavailable").await;
        let said = told.to_string().to_lowercase();
        assert!(!said.contains("pool") && !said.contains("sql"), "{said}");
    }
    assert_eq!(gateway.idenfy.calls().len(), 0);
}
