//! What must never be seen where it does not belong: a whole life with marked secrets and personal data, and a search for
//! the marks in everything the gateway tells and keeps.

use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::api_endpoints::{deliver, deliveries, endpoint, path_of};
use crate::api_support::{over, send_webhook, signature};
use crate::harness::gateway::{location, text};
use crate::harness::log::SECRETS;
use crate::harness::{Answer, Context, Gateway, Receiver, tests};
use crate::visitor_kit::HOUR_MS;
use crate::webhook_in::MANUAL;

tests!(
    "no_trace",
    [nothing_secret_or_personal_is_told_or_kept_where_it_does_not_belong]
);

/// What iDenfy, the integrator and visitors tell of a person.
const PERSONAL: [&str; 10] = [
    "Firstmarker",
    "Lastmarker",
    "FIRSTMARKER",
    "LASTMARKER",
    "1971-03-17",
    "mail-marker@example.com",
    "+37060000042",
    "DOCUMENT-MARKER",
    "PICTURE-MARKER",
    "198.51.100.78",
];

/// What names a session, as the API and results do.
const NAMES: [&str; 3] = ["CLIENT-MARKER", "REF-MARKER", "SCAN-MARKER"];

/// What opens a link or a session, and whence visitors come.
const PRIVATE: [&str; 4] = [
    "AUTHTOKEN-MARKER",
    "slug-marker",
    "AGENT-MARKER",
    "198.51.100.77",
];

/// A token in the address of an endpoint.
const URL_TOKEN: &str = "URLTOKEN-MARKER";

/// Longer than files keep what was erased.
const BOUND: Duration = Duration::from_mins(2);

/// The texts that somebody was told, and where.
#[derive(Default)]
struct Told(Vec<(&'static str, String)>);

impl Told {
    async fn hear(&mut self, place: &'static str, answer: Response) -> (u16, String) {
        let (status, headers) = (answer.status().as_u16(), format!("{:?}", answer.headers()));
        let body = answer.text().await.unwrap();
        self.0.push((place, format!("{headers}\n{body}")));
        (status, body)
    }

    /// None of `marks` is in any of these texts.
    fn shows_none(&self, marks: &[&str]) {
        for (place, text) in &self.0 {
            none_in(place, text, marks);
        }
    }
}

fn none_in(place: &str, text: &str, marks: &[&str]) {
    for mark in marks {
        let line = text.lines().find(|line| line.contains(mark));
        assert!(line.is_none(), "{mark} in {place}: {line:?}");
    }
}

/// iDenfy's whole body.
fn whole(scan_ref: &str, client_id: &str) -> Value {
    json!({
        "final": true, "scanRef": scan_ref, "clientId": client_id, "externalRef": "REF-MARKER",
        "status": {"overall": "APPROVED", "fraudTags": [], "mismatchTags": [], "autoDocument": "DOC_VALIDATED",
                   "autoFace": "FACE_MATCH", "manualDocument": "DOC_VALIDATED", "manualFace": "FACE_MATCH"},
        "data": {"docFirstName": "FIRSTMARKER", "docLastName": "LASTMARKER", "docNumber": "DOCUMENT-MARKER",
                 "docDob": "1971-03-17", "fullName": "FIRSTMARKER LASTMARKER"},
        "fileUrls": {"FRONT": "https://files.example/PICTURE-MARKER"},
        "emailVerification": {"email": "mail-marker@example.com"},
        "phoneVerification": {"phone": "+37060000042"}, "clientIp": "198.51.100.78",
    })
}

fn visitor(gateway: &Gateway, method: Method, path: &str) -> RequestBuilder {
    gateway
        .request(method, path)
        .header("User-Agent", "Mozilla/5.0 (iPhone) AGENT-MARKER")
        .header("X-Forwarded-For", "198.51.100.77")
}

fn call(gateway: &Gateway, method: Method, path: &str) -> RequestBuilder {
    let request = gateway.request(method, &format!("/api/v1{path}"));
    request.bearer_auth(&gateway.key)
}

/// What iDenfy answers when it refuses and repeats what it was sent.
fn repeats(status: u16) -> Answer {
    let told = whole("SCAN-MARKER-2", "CLIENT-MARKER");
    let body = json!({"message": told.to_string(), "identifier": "Firstmarker", "errors": {"firstName": told}});
    Answer::Raw(status, "X-Mark: Firstmarker\r\n", body.to_string())
}

async fn nothing_secret_or_personal_is_told_or_kept_where_it_does_not_belong(context: Context) {
    for text in [
        "iDenfy started no session",
        "iDenfy does not tell what became",
    ] {
        context.expect_log(text);
    }
    let gateway = Gateway::with(&context, |config| {
        config.webhooks.allow_private = true;
        config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let mut told = Told::default();

    let [plain, echo, full] = [
        Receiver::start().await,
        Receiver::start().await,
        Receiver::start().await,
    ];
    echo.answer(|_, one| Some((500, String::new(), one.body.clone())));
    full.answer(|_, one| Some((200, String::new(), one.body.clone())));
    let kinds = json!({"events": ["session.started", "session.updated", "session.finished"]});
    let mut endpoints = Vec::new();
    for (base, payload) in [
        (&*plain.base, "verdict"),
        (&*echo.base, "verdict"),
        ("http://127.0.0.1:1", "verdict"),
        (&*full.base, "full"),
    ] {
        let url = format!("{base}/{URL_TOKEN}?token={URL_TOKEN}");
        let more = over(kinds.clone(), &json!({"payload": payload}));
        endpoints.push(endpoint(&gateway, &url, &more).await);
    }

    let sessions = [
        visit(&gateway, &mut told).await,
        start(&gateway, &mut told).await,
    ];
    refuse(&gateway, &mut told).await;
    finish(&gateway, &mut told, &sessions).await;
    deliver(&gateway).await;
    look(&gateway, &mut told, &endpoints).await;

    let secrets: Vec<&str> = SECRETS.into_iter().chain([&*gateway.key]).collect();
    let signing: Vec<&str> = endpoints.iter().map(|made| text(&made["secret"])).collect();
    told.shows_none(&[&secrets[..], &signing, &PERSONAL, &PRIVATE, &[URL_TOKEN]].concat());
    let of_full = deliveries(&gateway, &endpoints[3]).await;
    assert!(
        json!(of_full).to_string().contains("FIRSTMARKER"),
        "it repeats what it was sent"
    );
    for (receiver, least) in [(&plain, 4), (&echo, 2)] {
        assert!(receiver.count() >= least);
        for one in receiver.all() {
            none_in(
                "a result",
                &one.body,
                &[&secrets[..], &signing, &PERSONAL, &PRIVATE, &[URL_TOKEN]].concat(),
            );
        }
    }
    assert!(
        full.all()
            .iter()
            .any(|one| one.body.contains("FIRSTMARKER"))
    );

    erase(&gateway, &mut told, &sessions, &endpoints).await;
    told.shows_none(&[&secrets[..], &signing, &PERSONAL, &PRIVATE, &[URL_TOKEN]].concat());
    let all = [
        &secrets[..],
        &signing,
        &PERSONAL,
        &PRIVATE,
        &NAMES,
        &[URL_TOKEN],
    ]
    .concat();
    none_in("the log", &context.log.text(), &all);

    // The link stays, and so does its address.
    let kept: Vec<&str> = all
        .into_iter()
        .filter(|mark| *mark != "slug-marker")
        .collect();
    let end = Instant::now() + BOUND;
    while let Some(found) = left_of(&gateway, &kept).await {
        assert!(Instant::now() < end, "still kept: {found}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// What is still kept of these marks, and what stands around it.
async fn left_of(gateway: &Gateway, marks: &[&str]) -> Option<String> {
    let everything = gateway.database.everything().await;
    marks.iter().find_map(|mark| {
        let mut parts = everything.windows(mark.len());
        let at = parts.position(|part| part == mark.as_bytes())?;
        let around = at.saturating_sub(200)..(at + 200).min(everything.len());
        Some(String::from_utf8_lossy(&everything[around]).into_owned())
    })
}

/// A visitor's session.
async fn visit(gateway: &Gateway, told: &mut Told) -> Value {
    let link = gateway
        .link(json!({"slug": "slug-marker", "accept_ref": true, "resume": true}))
        .await;
    gateway.idenfy.answer(minted(gateway, 1));
    let path = "/slug-marker?ref=REF-MARKER&via=qr";
    let answer = visitor(gateway, Method::GET, path).send().await.unwrap();
    assert!(location(&answer).contains("AUTHTOKEN-MARKER"));
    for (method, path) in [
        (Method::HEAD, path),
        (Method::PUT, path),
        (Method::GET, "/unknown-slug-marker"),
        (Method::GET, "/api/v1/links/slug-marker"),
    ] {
        let answer = visitor(gateway, method, path).send().await.unwrap();
        told.hear("a visitor's page", answer).await;
    }
    gateway.sessions(&link).await.remove(0)
}

/// A session of the API, whose first answer alone opens it.
async fn start(gateway: &Gateway, told: &mut Told) -> Value {
    gateway.idenfy.answer(minted(gateway, 2));
    let token = json!({"clientId": "CLIENT-MARKER", "externalRef": "REF-MARKER", "firstName": "Firstmarker",
                       "lastName": "Lastmarker", "dateOfBirth": "1971-03-17"});
    let once = call(gateway, Method::POST, "/sessions").header("Idempotency-Key", "once");
    let answer = once.json(&json!({"token": token})).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let session: Value = answer.json().await.unwrap();
    for body in [
        json!({"token": token}),
        json!({"token": over(token.clone(), &json!({"firstName": "Firstmarker1", "sex": "Lastmarker"}))}),
        json!({"token": token, "unknown": "AUTHTOKEN-MARKER"}),
    ] {
        let answer = call(gateway, Method::POST, "/sessions")
            .json(&body)
            .send()
            .await
            .unwrap();
        let (status, body) = told.hear("a refusal", answer).await;
        assert!(status >= 400, "{body}");
    }
    session
}

fn minted(gateway: &Gateway, n: u8) -> Answer {
    let url = format!(
        "{}/api/v2/redirect?authToken=AUTHTOKEN-MARKER-{n}",
        gateway.idenfy.base
    );
    Answer::Document(json!({
        "authToken": format!("AUTHTOKEN-MARKER-{n}"), "scanRef": format!("SCAN-MARKER-{n}"), "redirectUrl": url,
        "firstName": "FIRSTMARKER", "lastName": "LASTMARKER", "dateOfBirth": "1971-03-17",
    }))
}

/// iDenfy refuses and fails in its ways, and repeats what it was sent.
async fn refuse(gateway: &Gateway, told: &mut Told) {
    let foreign = json!({"authToken": "AUTHTOKEN-MARKER", "scanRef": "SCAN-MARKER-3",
                         "redirectUrl": "https://AUTHTOKEN-MARKER.example/?t=AUTHTOKEN-MARKER"});
    for answer in [
        repeats(400),
        repeats(409),
        repeats(422),
        repeats(500),
        Answer::Raw(201, "", "Firstmarker, not JSON: AUTHTOKEN-MARKER".into()),
        Answer::Document(foreign),
        Answer::Truncated,
    ] {
        gateway.idenfy.answer(answer);
        let body = json!({"token": {"firstName": "Firstmarker", "externalRef": "REF-MARKER"}});
        let answer = call(gateway, Method::POST, "/sessions")
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(told.hear("a failed start", answer).await.0, 503);
        let click = visitor(gateway, Method::GET, "/slug-marker")
            .send()
            .await
            .unwrap();
        assert_eq!(told.hear("a failed click", click).await.0, 503);
    }
}

/// Both sessions end, by webhooks good and bad.
async fn finish(gateway: &Gateway, told: &mut Told, sessions: &[Value; 2]) {
    gateway.idenfy.knows(
        "SCAN-MARKER-1",
        400,
        whole("SCAN-MARKER-1", "CLIENT-MARKER"),
    );
    let path = format!("/sessions/{}/refresh", text(&sessions[0]["id"]));
    let answer = call(gateway, Method::POST, &path).send().await.unwrap();
    told.hear("a refresh", answer).await;
    for (n, session) in sessions.iter().enumerate() {
        let body = whole(
            &format!("SCAN-MARKER-{}", n + 1),
            text(&session["client_id"]),
        );
        for _ in 0..2 {
            let answer = send_webhook(gateway, MANUAL, body.to_string().as_bytes()).await;
            assert_eq!(told.hear("a webhook's answer", answer).await.0, 200);
        }
    }
    let foreign = whole("SCAN-MARKER-9", "CLIENT-MARKER-9").to_string();
    let answer = send_webhook(gateway, "SOMETHING_NEW", foreign.as_bytes()).await;
    assert_eq!(told.hear("a webhook's answer", answer).await.0, 200);
    for (body, signed) in [(&foreign[1..], true), (&*foreign, false)] {
        let mark = if signed {
            signature(body.as_bytes())
        } else {
            "AUTHTOKEN-MARKER".into()
        };
        let request = gateway
            .request(Method::POST, "/webhooks/idenfy")
            .body(body.to_owned());
        let answer = request
            .header("Idenfy-Signature", mark)
            .send()
            .await
            .unwrap();
        assert_eq!(
            told.hear("a webhook's answer", answer).await.0,
            if signed { 400 } else { 401 }
        );
    }
    let bad = json!({"url": format!("ftp://x/{URL_TOKEN}"), "events": [], "payload": URL_TOKEN});
    let answer = call(gateway, Method::POST, "/endpoints")
        .json(&bad)
        .send()
        .await
        .unwrap();
    assert_eq!(told.hear("a refusal", answer).await.0, 422);
    let bad = gateway
        .request(Method::GET, "/api/v1/links")
        .bearer_auth("epk-AUTHTOKEN-MARKER");
    assert_eq!(
        told.hear("a refusal", bad.send().await.unwrap()).await.0,
        401
    );
}

/// What those who run the gateway and the integrator see.
async fn look(gateway: &Gateway, told: &mut Told, endpoints: &[Value]) {
    let metrics = gateway
        .request(Method::GET, "/metrics")
        .send()
        .await
        .unwrap();
    told.hear("the metrics", metrics).await;
    none_in("the metrics", &told.0.last().unwrap().1, &NAMES);
    let ready = gateway
        .request(Method::GET, "/health/ready")
        .send()
        .await
        .unwrap();
    told.hear("the health", ready).await;
    for path in ["/audit", "/audit.csv", "/keys"] {
        let answer = call(gateway, Method::GET, path).send().await.unwrap();
        let (status, body) = told.hear("the audit log and keys", answer).await;
        assert_eq!(status, 200);
        none_in(path, &body, &NAMES);
    }
    for path in ["/sessions", "/sessions.csv"] {
        let answer = call(gateway, Method::GET, path).send().await.unwrap();
        assert_eq!(told.hear("the sessions", answer).await.0, 200);
    }
    for made in &endpoints[..3] {
        let path = format!("{}/deliveries", path_of(made));
        let answer = call(gateway, Method::GET, &path).send().await.unwrap();
        let (_, body) = told.hear("the delivery log", answer).await;
        assert!(body.contains("\"attempts\":[{"), "{body}");
    }
}

/// All that was made is erased, at iDenfy only after it refused.
async fn erase(gateway: &Gateway, told: &mut Told, sessions: &[Value; 2], endpoints: &[Value]) {
    gateway.idenfy.deletes(
        "SCAN-MARKER-1",
        400,
        whole("SCAN-MARKER-1", "CLIENT-MARKER"),
    );
    for session in sessions {
        let path = format!("/sessions/{}", text(&session["id"]));
        let answer = call(gateway, Method::DELETE, &path).send().await.unwrap();
        assert_eq!(told.hear("an erasure", answer).await.0, 204);
    }
    gateway.erasing(0).step().await.unwrap();
    gateway.idenfy.deletes("SCAN-MARKER-1", 200, Value::Null);
    gateway.clock.advance(HOUR_MS);
    gateway.erasing(0).step().await.unwrap();
    let token = json!({"clientId": "CLIENT-MARKER", "firstName": "Firstmarker", "dateOfBirth": "1971-03-17"});
    let link = gateway.link(json!({"token": token})).await;
    let path = format!("/links/{}", text(&link["id"]));
    assert_eq!(gateway.api(Method::DELETE, &path, None).await.0, 204);
    // Whatever iDenfy started all the same is erased with the session that failed.
    let (_, failed) = gateway.get("/sessions?status=failed&limit=200").await;
    for session in failed["items"].as_array().unwrap() {
        let path = format!("/sessions/{}", text(&session["id"]));
        assert_eq!(gateway.api(Method::DELETE, &path, None).await.0, 204);
    }
    gateway.erasing(0).step().await.unwrap();
    deliver(gateway).await;
    let log = deliveries(gateway, &endpoints[3]).await;
    none_in(
        "the delivery log",
        &json!(log).to_string(),
        &[&PERSONAL[..], &NAMES].concat(),
    );
    for made in endpoints {
        assert_eq!(
            gateway.api(Method::DELETE, &path_of(made), None).await.0,
            204
        );
    }
}
