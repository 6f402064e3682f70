//! What those who run the gateway look at, and the headers of every kind of answer.

use entrypass::idenfy::health::PROBE_EVERY_MS;
use futures_util::future::join_all;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::api_support::{healthy, metric, send_webhook};
use crate::harness::gateway::{path_of, text};
use crate::harness::{Answer, BOUND, Context, Gateway, eventually, free_port, tests};
use crate::visitor_kit::{called, hold_back, under_way};

tests!(
    "ops",
    [
        a_gateway_that_runs_is_live_and_ready,
        without_its_database_it_is_live_and_not_ready,
        it_is_ready_only_while_it_can_write,
        metrics_move_with_clicks_and_webhooks_and_name_nobody,
        each_request_for_a_link_is_counted_once_by_its_answer,
        metrics_are_served_apart_where_wanted,
        robots_and_browsers_find_their_files,
        a_method_that_a_path_does_not_know_is_told_those_it_does,
        every_kind_of_answer_has_its_safety_headers,
        an_idle_connection_of_a_proxy_outlives_one_of_a_visitor,
    ]
);

async fn get(gateway: &Gateway, path: &str) -> Response {
    gateway.request(Method::GET, path).send().await.unwrap()
}

/// Status and the JSON lines of a health check.
async fn health(gateway: &Gateway, path: &str) -> (u16, Vec<Value>) {
    let answer = get(gateway, path).await;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (
        status,
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    )
}

async fn a_gateway_that_runs_is_live_and_ready(context: Context) {
    let gateway = Gateway::start(&context).await;
    for path in ["/health/live", "/health/ready"] {
        let lines = healthy(&gateway, path).await;
        assert!(
            !lines.is_empty() && lines.iter().all(Value::is_object),
            "{lines:?}"
        );
        let head = gateway.request(Method::HEAD, path).send().await.unwrap();
        assert_eq!(head.status(), 200);
    }
}

async fn without_its_database_it_is_live_and_not_ready(context: Context) {
    for text in [
        "not ready",
        "the sweep failed",
        "results cannot be sent",
        "a request failed",
    ] {
        context.expect_log(text);
    }
    let gateway = Gateway::start(&context).await;
    let body =
        json!({"scanRef": "s", "final": true, "status": {"overall": "APPROVED"}}).to_string();
    gateway.state.store.close().await;
    assert_eq!(health(&gateway, "/health/live").await.0, 200);
    let (status, lines) = health(&gateway, "/health/ready").await;
    assert_eq!(status, 503);
    assert!(lines.iter().any(|line| line["status"] != "ok"), "{lines:?}");
    assert_eq!(get(&gateway, "/metrics").await.status(), 200);
    // What cannot be stored is not acknowledged: iDenfy shall send it again.
    assert_eq!(
        send_webhook(&gateway, "IDENTIFICATION", body.as_bytes())
            .await
            .status(),
        503
    );
    let click = get(&gateway, "/some-link").await;
    assert_eq!(click.status(), 503);
    assert!(click.headers().contains_key("retry-after"));
}

async fn it_is_ready_only_while_it_can_write(context: Context) {
    for text in ["not ready", "the sweep failed"] {
        context.expect_log(text);
    }
    let gateway = Gateway::start(&context).await;
    let lock = gateway.database.lock_writers().await;
    assert_eq!(health(&gateway, "/health/ready").await.0, 503);
    assert_eq!(health(&gateway, "/health/live").await.0, 200);
    drop(lock);
    let ready = async || health(&gateway, "/health/ready").await.0 == 200;
    eventually(BOUND, "it is ready again", ready).await;
    if let Some(file) = gateway.database.url.strip_prefix("sqlite://") {
        std::fs::remove_file(file).unwrap();
        eventually(BOUND, "the file is missed", async || !ready().await).await;
    }
}

async fn metrics_move_with_clicks_and_webhooks_and_name_nobody(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let clicks = |outcome: &str| format!("entrypass_clicks_total{{outcome=\"{outcome}\"}}");
    let hooks = |result: &str| format!("entrypass_webhooks_total{{result=\"{result}\"}}");
    let first = get(&gateway, "/metrics").await;
    assert!(
        first.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain")
    );
    let first = first.text().await.unwrap();
    for name in [
        "entrypass_clicks_total",
        "entrypass_mint_duration_seconds",
        "entrypass_mints_in_flight",
        "entrypass_webhooks_total",
        "entrypass_deliveries_total",
    ] {
        assert!(
            first.contains(&format!("# TYPE {name} ")),
            "{name} in {first}"
        );
    }
    let link = gateway
        .link(json!({"slug": "secret-slug", "usage": {"type": "multi", "limit": 2}, "token": {"clientId": "secret-client"}}))
        .await;
    assert_eq!(gateway.click(&link).await.status(), 302);
    let session = gateway.sessions(&link).await.remove(0);
    let body =
        json!({"scanRef": session["scan_ref"], "final": true, "status": {"overall": "APPROVED"}})
            .to_string();
    for _ in 0..2 {
        assert_eq!(
            send_webhook(&gateway, "IDENTIFICATION", body.as_bytes())
                .await
                .status(),
            200
        );
    }
    gateway.idenfy.answer(Answer::Raw(402, "", "{}".to_owned()));
    assert_eq!(gateway.click(&link).await.status(), 503);
    gateway.clock.advance(PROBE_EVERY_MS);
    gateway.idenfy.answer(Answer::Token);
    assert_eq!(gateway.click(&link).await.status(), 302);
    let session = gateway.sessions(&link).await.remove(0);
    let done =
        json!({"scanRef": session["scan_ref"], "final": true, "status": {"overall": "DENIED"}})
            .to_string();
    assert_eq!(
        send_webhook(&gateway, "IDENTIFICATION", done.as_bytes())
            .await
            .status(),
        200
    );
    assert_eq!(gateway.click(&link).await.status(), 410);
    assert_eq!(get(&gateway, "/unknown-slug").await.status(), 404);
    for (sample, value) in [
        (clicks("started"), 2),
        (clicks("failed"), 1),
        (clicks("over"), 1),
        (clicks("unknown"), 1),
        (hooks("applied"), 2),
        (hooks("repeat"), 1),
        (hooks("refused"), 0),
        ("entrypass_mint_duration_seconds_count".to_owned(), 3),
        ("entrypass_mints_in_flight".to_owned(), 0),
    ] {
        assert_eq!(metric(&gateway, &sample).await, value, "{sample}");
    }
    let page = get(&gateway, "/metrics").await.text().await.unwrap();
    for secret in [
        "secret-slug",
        "secret-client",
        "unknown-slug",
        "127.0.0.1",
        text(&link["id"]),
        text(&session["scan_ref"]),
    ] {
        assert!(!page.contains(secret), "{secret}");
    }
}

async fn each_request_for_a_link_is_counted_once_by_its_answer(context: Context) {
    for text in [
        "iDenfy started no session",
        "a request failed",
        "results cannot be sent now",
        "the sweep failed",
    ] {
        context.expect_log(text);
    }
    let gateway = Gateway::start(&context).await;
    let invite = async |client: &str| {
        let wanted = json!({"usage": {"type": "single"}, "token": {"clientId": client}});
        gateway.link(wanted).await
    };
    let counted = async |outcome: &str| {
        metric(
            &gateway,
            &format!("entrypass_clicks_total{{outcome=\"{outcome}\"}}"),
        )
        .await
    };
    // Four wait for one mint, which succeeds; four for one that fails.
    for (client, outcomes) in [("a", [1, 3, 0]), ("b", [1, 3, 4])] {
        let link = invite(client).await;
        let calls = gateway.idenfy.calls().len();
        let gate = hold_back(&gateway);
        let clicks = join_all((0..4).map(|_| gateway.click(&link)));
        tokio::join!(clicks, async {
            called(&gateway, calls + 1).await;
            let all_under_way = async || under_way(&gateway) == 4;
            eventually(BOUND, "four clicks under way", all_under_way).await;
            if client == "a" {
                gate.add_permits(1);
            } else {
                gate.close();
            }
        });
        let [started, resumed, failed] = outcomes;
        assert_eq!(counted("started").await, started, "{client}");
        assert_eq!(counted("resumed").await, resumed, "{client}");
        assert_eq!(counted("failed").await, failed, "{client}");
    }
    // No link, no click.
    gateway.idenfy.answer(Answer::Token);
    assert_eq!(gateway.post("/sessions", json!({})).await.0, 201);
    gateway.idenfy.answer(Answer::Raw(402, "", "{}".to_owned()));
    assert_eq!(gateway.post("/sessions", json!({})).await.0, 503);
    assert_eq!((counted("started").await, counted("failed").await), (1, 4));
    let link = invite("c").await;
    gateway.state.store.close().await;
    assert_eq!(gateway.click(&link).await.status(), 503);
    assert_eq!(counted("failed").await, 5);
}

async fn metrics_are_served_apart_where_wanted(context: Context) {
    let free = ([127, 0, 0, 1], free_port()).into();
    let gateway = Gateway::with(&context, |config| config.server.metrics_listen = Some(free)).await;
    let apart = async |path: &str| {
        gateway
            .http
            .get(format!("http://{free}{path}"))
            .send()
            .await
            .unwrap()
    };
    assert_eq!(get(&gateway, "/metrics").await.status(), 404);
    let metrics = apart("/metrics").await;
    assert_eq!(
        (
            metrics.status().as_u16(),
            &metrics.headers()["x-content-type-options"].clone()
        ),
        (200, &"nosniff".parse().unwrap())
    );
    assert!(
        metrics
            .text()
            .await
            .unwrap()
            .contains("entrypass_clicks_total")
    );
    for path in ["/", "/api/v1/links", "/health/live", "/some-link"] {
        assert_eq!(apart(path).await.status(), 404, "{path}");
    }
}

async fn robots_and_browsers_find_their_files(context: Context) {
    let gateway = Gateway::start(&context).await;
    let robots = get(&gateway, "/robots.txt").await;
    assert_eq!(robots.status(), 200);
    let robots = robots.text().await.unwrap();
    assert!(robots.lines().any(|line| line == "Disallow: /"), "{robots}");
    let icon = get(&gateway, "/favicon.ico").await;
    assert_eq!(icon.status(), 200);
    assert!(
        icon.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("image/")
    );
    let link = gateway.link(json!({"confirm": true})).await;
    let page = gateway.click(&link).await.text().await.unwrap();
    let styles = page
        .split("href=\"")
        .filter_map(|part| part.split('"').next())
        .find(|href| href.starts_with("/static/") && href.contains(".css"));
    let style = get(&gateway, styles.expect("a style sheet")).await;
    assert_eq!(style.status(), 200);
    assert!(
        style.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/css")
    );
    assert_eq!(get(&gateway, "/static/nothing.css").await.status(), 404);
    assert_eq!(get(&gateway, "/static/..%2FCargo.toml").await.status(), 404);
}

async fn a_method_that_a_path_does_not_know_is_told_those_it_does(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"slug": "some-link"})).await;
    for (path, allow) in [
        ("/some-link", "GET, HEAD, POST"),
        ("/SOME-link", "GET, HEAD, POST"),
        ("/some-link/", "GET, HEAD, POST"),
        ("/health/live", "GET, HEAD"),
        ("/health/ready", "GET, HEAD"),
        ("/metrics", "GET, HEAD"),
        ("/robots.txt", "GET, HEAD"),
        ("/docs", "GET, HEAD"),
        ("/webhooks/idenfy", "POST"),
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
            let known = allow.split(", ").any(|known| known == method);
            let asked = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = gateway.request(asked, path).send().await.unwrap();
            assert_eq!(answer.status() != 405, known, "{method} {path}");
            assert_ne!(answer.status(), 404, "{method} {path}");
            if !known {
                assert_eq!(answer.headers()["allow"], allow, "{method} {path}");
            }
        }
    }
    assert_eq!(gateway.used(&link).await, 3);
}

async fn every_kind_of_answer_has_its_safety_headers(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    let asking = gateway.link(json!({"confirm": true})).await;
    let (link, asking) = (path_of(&link), path_of(&asking));
    for (method, path, status) in [
        ("GET", link.as_str(), 302),
        ("GET", &asking, 200),
        ("HEAD", &asking, 200),
        ("POST", &asking, 200),
        ("DELETE", &link, 405),
        ("GET", "/unknown-slug", 404),
        ("GET", "/", 404),
        ("GET", "/a/b/c", 404),
        ("GET", "/%FF%00", 404),
        ("GET", "/api/v1/links", 401),
        ("GET", "/api/v1/nothing", 404),
        ("PUT", "/api/v1/links", 405),
        ("GET", "/health/live", 200),
        ("GET", "/health/ready", 200),
        ("GET", "/metrics", 200),
        ("GET", "/robots.txt", 200),
        ("GET", "/favicon.ico", 200),
        ("GET", "/static/nothing", 404),
        ("GET", "/webhooks/idenfy", 405),
        ("POST", "/webhooks/idenfy", 401),
        ("OPTIONS", "/api/v1/links", 405),
        ("GET", "/static/visitor.css", 200),
    ] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut answer = gateway.request(method.clone(), path).send().await.unwrap();
        // On a busy machine the database may not answer as soon as a load balancer wants to know.
        while path == "/health/ready" && answer.status() == 503 {
            answer = get(&gateway, path).await;
        }
        assert_eq!(answer.status(), status, "{method} {path}");
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(
            header("x-content-type-options").as_deref(),
            Some("nosniff"),
            "{method} {path}"
        );
        let policy = header("content-security-policy").expect("a policy");
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe-"),
            "{policy}"
        );
        assert_eq!(header("server"), None);
        assert_eq!(header("x-powered-by"), None);
        assert_eq!(header("access-control-allow-origin"), None);
    }
}

async fn an_idle_connection_of_a_proxy_outlives_one_of_a_visitor(context: Context) {
    const REQUEST: &[u8] = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let asked = async |connection: &mut TcpStream| {
        connection.write_all(REQUEST).await.unwrap();
        let mut answer = [0; 1024];
        let read = connection.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..read]).into_owned()
    };
    let for_visitors = Gateway::start(&context).await;
    let for_proxies = Gateway::with(&context, |config| {
        config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    })
    .await;
    let opened = async |gateway: &Gateway| {
        let address = gateway.base.trim_start_matches("http://");
        let mut connection = TcpStream::connect(address).await.unwrap();
        assert!(asked(&mut connection).await.starts_with("HTTP/1.1 200"));
        connection
    };
    let mut of_proxy = opened(&for_proxies).await;
    // As long as two visitors' one after the other, so that none is taken for longer that only ends a moment later.
    for _ in 0..2 {
        let mut of_visitor = opened(&for_visitors).await;
        let ended = tokio::time::timeout(BOUND, of_visitor.read(&mut [0; 16])).await;
        assert_eq!(ended.expect("it ends").unwrap(), 0);
    }
    assert!(asked(&mut of_proxy).await.starts_with("HTTP/1.1 200"));
}
