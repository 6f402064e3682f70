//! Whatever is sent: no 5xx, no panic.
//!
//! Each property runs `PROPTEST_CASES` cases (256 by default); `PROPTEST_RNG_SEED` repeats a run.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use reqwest::Method;
use serde_json::{Value, json};

use crate::api_support::check_problem;
use crate::fuzz_inputs::{changed, changes, check, documents, raw, texts};
use crate::harness::gateway::{hidden_fields, path_of, text};
use crate::harness::{Answer, Context, Gateway, tests};

tests!(
    "fuzz",
    [
        any_body_of_the_api_is_made_or_refused,
        any_change_of_a_good_body_is_made_or_refused,
        any_path_is_answered,
        any_header_is_answered,
        any_query_is_answered,
        any_form_is_answered,
    ]
);

fn not_a_fault(status: u16, what: &str) -> Result<(), String> {
    if status < 500 {
        Ok(())
    } else {
        Err(format!("{status} for {what}"))
    }
}

async fn api(gateway: &Gateway, method: Method, path: &str, body: &[u8]) -> Result<(), String> {
    let request = gateway
        .request(method, &format!("/api/v1{path}"))
        .bearer_auth(&gateway.key);
    let request = request
        .header("Content-Type", "application/json")
        .body(body.to_vec());
    let answer = request.send().await.map_err(|error| error.to_string())?;
    let status = answer.status().as_u16();
    let told = answer.text().await.map_err(|error| error.to_string())?;
    not_a_fault(status, &told)?;
    let told: Value =
        serde_json::from_str(&told).map_err(|error| format!("{status}, not JSON: {error}"))?;
    match status {
        200 | 201 => Ok(()),
        400 | 409 | 422 => {
            check_problem(&told, status);
            let named = told["errors"]
                .as_array()
                .is_some_and(|errors| !errors.is_empty());
            if named == (status == 422) {
                Ok(())
            } else {
                Err(format!("{told}"))
            }
        }
        _ => Err(format!("{status} {told}")),
    }
}

/// The calls of the API that take a body, and a good one for each.
async fn calls(gateway: &Gateway) -> Vec<(Method, String, Value)> {
    let link = gateway.link(json!({})).await;
    let token = json!({
        "clientId": "c", "externalRef": "r", "firstName": "A", "dateOfBirth": "2000-01-01", "nationality": "LT", "sex": "F",
        "personalNumber": "1", "address": "a", "country": ["DE", "AT"], "documents": ["PASSPORT"], "expiryTime": 60,
        "sessionLength": 60, "successUrl": "https://example.com/", "checkAml": true, "ageLimit": 18, "ageMax": 60,
        "riskAssessmentProfile": 5, "additionalSteps": {"a": [{"b": null}]}, "faceMatchingThresholdModifier": 0.5,
    });
    let whole = json!({
        "name": "A link", "usage": {"type": "multi", "limit": 5}, "expires_at": "2030-01-01T00:00:00Z", "language": "de",
        "flow": "document", "confirm": false, "resume": true, "accept_ref": true, "signed": false, "inactive_message": "m", "token": token,
    });
    let selfie = json!({"flow": "selfie", "language": "de", "token": {"min_age": 18, "confidence_threshold": 85.5, "buffer": 1}});
    let mut started = token;
    started
        .as_object_mut()
        .expect("an object")
        .remove("clientId");
    vec![
        (Method::POST, "/links".to_owned(), whole),
        (
            Method::PATCH,
            format!("/links/{}", text(&link["id"])),
            json!({"name": "B", "inactive_message": "m"}),
        ),
        (
            Method::POST,
            "/sessions".to_owned(),
            json!({"flow": "document", "language": "de", "token": started}),
        ),
        (Method::POST, "/sessions".to_owned(), selfie),
        (
            Method::POST,
            "/keys".to_owned(),
            json!({"name": "K", "scopes": ["read"], "expires_at": "2030-01-01T00:00:00Z"}),
        ),
    ]
}

/// After all that the gateway must still do its work.
pub async fn still_works(gateway: &Gateway) {
    assert_eq!(gateway.get("/links?limit=200").await.0, 200);
    assert_eq!(gateway.get("/sessions?limit=200").await.0, 200);
    assert_eq!(gateway.get("/keys?limit=200").await.0, 200);
    let link = gateway.link(json!({})).await;
    gateway.idenfy.answer(Answer::Token);
    assert_eq!(gateway.click(&link).await.status(), 302);
}

async fn any_body_of_the_api_is_made_or_refused(context: Context) {
    let gateway = Gateway::start(&context).await;
    let calls = calls(&gateway).await;
    let bodies = prop_oneof![
        3 => documents().prop_map(|document| document.to_string().into_bytes()),
        1 => vec(any::<u8>(), 0..200),
        1 => texts().prop_map(String::into_bytes),
    ];
    check((select(calls), bodies), |((method, path, _), body)| {
        let gateway = &gateway;
        async move { api(gateway, method, &path, &body).await }
    });
    still_works(&gateway).await;
}

async fn any_change_of_a_good_body_is_made_or_refused(context: Context) {
    let gateway = Gateway::start(&context).await;
    let calls = calls(&gateway).await;
    for (method, path, good) in &calls {
        api(&gateway, method.clone(), path, good.to_string().as_bytes())
            .await
            .expect("good");
    }
    check(
        (select(calls), changes()),
        |((method, path, good), changes)| {
            let gateway = &gateway;
            async move {
                api(
                    gateway,
                    method,
                    &path,
                    changed(good, &changes).to_string().as_bytes(),
                )
                .await
            }
        },
    );
    still_works(&gateway).await;
}

async fn any_path_is_answered(context: Context) {
    // The server's own word for a request that is no HTTP.
    context.expect_log("request parse error");
    let gateway = Gateway::start(&context).await;
    let before = select(vec![
        "/",
        "/api/",
        "/api/v1/",
        "/api/v1/links/",
        "/api/v1/sessions/",
        "/api/v1/keys/",
        "/static/",
        "/health/",
        "/webhooks/",
        "",
        "//",
        "/.",
        "http://other.example/",
    ]);
    let encoded = vec(any::<u8>(), 0..40).prop_map(|bytes| {
        bytes
            .iter()
            .flat_map(|b| format!("%{b:02X}").into_bytes())
            .collect()
    });
    let plain = vec(prop_oneof![0x21..=0x7e_u8, 0x80..=0xff_u8], 0..60);
    let paths = (
        before,
        prop_oneof![encoded, plain],
        select(vec!["GET", "HEAD", "POST", "DELETE", "OPTIONS"]),
    );
    check(paths, |(before, rest, method)| {
        let gateway = &gateway;
        async move {
            let mut request = format!("{method} {before}").into_bytes();
            request.extend(rest);
            let head = " HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n";
            request.extend(
                format!("{head}Authorization: Bearer {}\r\n\r\n", gateway.key).into_bytes(),
            );
            let (status, body) = raw(gateway, &request).await?;
            not_a_fault(status, &String::from_utf8_lossy(&body))
        }
    });
    still_works(&gateway).await;
}

async fn any_header_is_answered(context: Context) {
    // The server's own word for a request that is no HTTP.
    context.expect_log("request parse error");
    let gateway = Gateway::with(&context, |config| {
        config.server.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    })
    .await;
    let plain = gateway
        .link(json!({"resume": true, "accept_ref": true}))
        .await;
    let asking = gateway.link(json!({"confirm": true})).await;
    let names = select(vec![
        "Accept",
        "Accept-Language",
        "User-Agent",
        "Cookie",
        "X-Forwarded-For",
        "Forwarded",
        "Idempotency-Key",
        "Authorization",
        "Content-Type",
        "Idenfy-Signature",
        "Idenfy-Event-Type",
        "Sec-Purpose",
        "If-None-Match",
        "Accept-Encoding",
        "Content-Encoding",
        "Range",
        "X-Forwarded-Proto",
        "Origin",
        "Referer",
        "X-Moz",
    ]);
    let bytes = prop_oneof![
        vec(
            prop_oneof![0x20..=0x7e_u8, 0x80..=0xff_u8, Just(b'\t')],
            0..80
        ),
        select(vec![
            "*/*;q=9",
            "de;q=x,,;",
            "zh-TW,zh;q=0.5",
            "gzip;q=0",
            "Bearer",
            "Bearer \t",
            "a=b; entrypass_x=1",
            "1.2.3.4, ::1, x",
            "[::1]:80",
            "256.1.1.1",
            "\"",
            "W/\"\"",
            "bytes=0-",
            "application/json;;;",
            "deflate, br, gzip",
            "text/html,application/json",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        (0x21..=0x7e_u8, 0..5000_usize).prop_map(|(byte, n)| vec![byte; n]),
    ];
    let targets = vec![
        ("GET", path_of(&plain)),
        ("GET", path_of(&asking)),
        ("POST", path_of(&asking)),
        ("HEAD", path_of(&asking)),
        ("GET", "/nobody-knows".to_owned()),
        ("GET", "/api/v1/links".to_owned()),
        ("POST", "/api/v1/links".to_owned()),
        ("POST", "/webhooks/idenfy".to_owned()),
        ("GET", "/static/visitor.css".to_owned()),
        ("GET", "/favicon.ico".to_owned()),
        ("GET", "/health/ready".to_owned()),
        ("GET", "/metrics".to_owned()),
    ];
    check(
        (select(targets), vec((names, bytes), 1..4)),
        |((method, path), headers)| {
            let gateway = &gateway;
            async move {
                let body = "{\"name\":\"A\",\"usage\":{\"type\":\"single\"}}";
                let mut request =
                    format!("{method} {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n")
                        .into_bytes();
                if !headers.iter().any(|(name, _)| *name == "Authorization") {
                    request
                        .extend(format!("Authorization: Bearer {}\r\n", gateway.key).into_bytes());
                }
                for (name, value) in &headers {
                    request.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
                }
                request
                    .extend(format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes());
                let (status, body) = raw(gateway, &request).await?;
                // On a busy machine the database may not answer as soon as a load balancer wants to know.
                if path == "/health/ready" && status == 503 {
                    return Ok(());
                }
                not_a_fault(status, &String::from_utf8_lossy(&body))
            }
        },
    );
    still_works(&gateway).await;
}

async fn any_query_is_answered(context: Context) {
    // The server's own word for a request that is no HTTP.
    context.expect_log("request parse error");
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"accept_ref": true})).await;
    let names = select(vec![
        "limit",
        "cursor",
        "status",
        "q",
        "slug",
        "link_id",
        "client_id",
        "via",
        "ref",
        "x",
    ]);
    let pairs = vec(
        (prop_oneof![names.prop_map(str::to_owned), texts()], texts()),
        0..5,
    )
    .prop_map(|pairs| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs).finish()
    });
    let noise = vec(select(b"%&=+;?/:@!$'()*,-._~[]{}|^`abc019".to_vec()), 0..60)
        .prop_map(|bytes| String::from_utf8(bytes).expect("ASCII"));
    let bytes = vec(any::<u8>(), 0..40).prop_map(|bytes| {
        bytes
            .iter()
            .fold("q=".to_owned(), |q, b| format!("{q}%{b:02x}"))
    });
    let of_link = format!("/api/v1/links/{}/sessions", text(&link["id"]));
    let paths = select(vec![
        path_of(&link),
        "/api/v1/links".to_owned(),
        "/api/v1/sessions".to_owned(),
        "/api/v1/keys".to_owned(),
        of_link,
    ]);
    check(
        (paths, prop_oneof![pairs, noise, bytes]),
        |(path, query)| {
            let gateway = &gateway;
            async move {
                let head = "HTTP/1.1\r\nHost: h\r\nConnection: close\r\nUser-Agent: Mozilla/5.0 (X11; Linux)";
                let request = format!(
                    "GET {path}?{query} {head}\r\nAuthorization: Bearer {}\r\n\r\n",
                    gateway.key
                );
                let (status, body) = raw(gateway, request.as_bytes()).await?;
                not_a_fault(status, &String::from_utf8_lossy(&body))
            }
        },
    );
    still_works(&gateway).await;
}

async fn any_form_is_answered(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"confirm": true})).await;
    let (name, good) = gateway.page(&link).await.remove(0);
    let near = (any::<Index>(), any::<u8>()).prop_map(move |(at, byte)| {
        let mut bytes = format!("{name}={good}").into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = if bytes[at] == byte { !byte } else { byte };
        bytes
    });
    let pairs = vec((texts(), texts()), 0..5).prop_map(|pairs| {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(pairs).finish().into_bytes()
    });
    let bodies = prop_oneof![
        near,
        pairs,
        vec(any::<u8>(), 0..300),
        (any::<u8>(), 0..40_000_usize).prop_map(|(b, n)| vec![b; n])
    ];
    let types = select(vec![
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/json",
    ]);
    check((bodies, types), |(body, content_type)| {
        let (gateway, link) = (&gateway, &link);
        async move {
            let request = gateway
                .request(Method::POST, &path_of(link))
                .header("Content-Type", content_type);
            let answer = request
                .body(body)
                .send()
                .await
                .map_err(|error| error.to_string())?;
            let status = answer.status().as_u16();
            let page = answer.text().await.map_err(|error| error.to_string())?;
            let is_page = status == 200 && hidden_fields(&page).len() == 1;
            if is_page {
                Ok(())
            } else {
                Err(format!("{status} {page}"))
            }
        }
    });
    assert_eq!(
        (gateway.used(&link).await, gateway.idenfy.calls().len()),
        (0, 0)
    );
    still_works(&gateway).await;
}
