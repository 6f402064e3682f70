//! The stand-in over HTTP, as the gateway and a visitor see it.

use std::net::TcpListener;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::*;

/// A webhook that arrived: path, event type, signature, body.
type Received = (String, String, String, web::Bytes);

struct World {
    base: String,
    http: Client,
    sandbox: Sandbox,
    received: mpsc::UnboundedReceiver<Received>,
    server: ServerHandle,
}

impl World {
    fn start() -> Self {
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let settings = Settings {
            api_key: "key".into(),
            api_secret: "secret".into(),
            signing_key: "signing".into(),
            public_base: format!("{base}/sandbox"),
            webhook_url: format!("{base}/hook"),
            review_delay: Duration::ZERO,
        };
        let http = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let sandbox = Sandbox::new(settings, http.clone());
        let (sender, received) = mpsc::unbounded_channel();
        let mounted = sandbox.clone();
        let server = HttpServer::new(move || {
            let sender = sender.clone();
            let hook = move |request: HttpRequest, body: web::Bytes| {
                let header = |name| {
                    request
                        .headers()
                        .get(name)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .into()
                };
                let (event, signature) = (header("Idenfy-Event-Type"), header("Idenfy-Signature"));
                sender
                    .send((request.path().into(), event, signature, body))
                    .unwrap();
                let is_failing = request.path() == "/hook/failing";
                std::future::ready(if is_failing {
                    HttpResponse::BadGateway()
                } else {
                    HttpResponse::Ok()
                })
            };
            App::new()
                .configure(routes(mounted.clone()))
                .route("/hook", web::post().to(hook.clone()))
                .route("/hook/{which}", web::post().to(hook))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self {
            base,
            http,
            sandbox,
            received,
            server: handle,
        }
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        let url = format!("{}/sandbox{path}", self.base);
        self.http
            .post(url)
            .basic_auth("key", Some("secret"))
            .json(body)
    }

    async fn mint(&self, body: Value) -> Value {
        let answer = self.post("/api/v2/token", &body).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        answer.json().await.unwrap()
    }

    async fn press(&self, token: &Value, outcome: &str) -> Response {
        let token = token.as_str().unwrap();
        let url = format!("{}/sandbox/verify?authToken={token}", self.base);
        let form = "application/x-www-form-urlencoded";
        let request = self.http.post(url).header("Content-Type", form);
        request
            .body(format!("outcome={outcome}"))
            .send()
            .await
            .unwrap()
    }

    /// The next webhook, its signature checked.
    async fn webhook(&mut self) -> (String, String, Value) {
        let (path, event, signature, body) = self.received.recv().await.unwrap();
        assert_eq!(signature, webhooks::sign("signing", &body));
        (path, event, serde_json::from_slice(&body).unwrap())
    }

    async fn fault(&self, fault: &str) {
        let answer = self
            .post("/faults", &json!({ "fault": fault }))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200, "{fault}");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

fn location(answer: &Response) -> &str {
    answer.headers()["Location"].to_str().unwrap()
}

#[actix_web::test]
async fn a_token_is_answered_as_documented() {
    let world = World::start();
    let answer = world
        .mint(json!({"clientId": "user-1", "tokenType": "DOCUMENT", "firstName": "Ana", "lastName": null,
            "country": ["LT", "LV"], "documents": ["PASSPORT"], "generateDigitString": true}))
        .await;
    let documented: Value = serde_json::from_str(include_str!("token-answer.json")).unwrap();
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

#[actix_web::test]
async fn sessions_are_looked_up_listed_and_deleted() {
    let mut world = World::start();
    let minted = [
        world.mint(json!({"clientId": "c"})).await,
        world.mint(json!({"clientId": "c"})).await,
    ];
    world.mint(json!({"clientId": "other"})).await;
    let scan_ref = json!({"scanRef": minted[1]["scanRef"]});
    let early = world
        .post("/api/v2/delete", &scan_ref)
        .send()
        .await
        .unwrap();
    assert_eq!(early.status(), 400);
    let early: Value = early.json().await.unwrap();
    assert_eq!(early["message"], "Token has not expired yet.");
    assert_eq!(
        (&early["identifier"], &early["severity"]),
        (&json!("PARTNER_ERROR"), &json!("NOT_SEVERE"))
    );

    world.press(&minted[1]["authToken"], "suspect").await;
    world.webhook().await;
    world.webhook().await;
    let found = world
        .post("/api/v2/status", &scan_ref)
        .send()
        .await
        .unwrap();
    let found: Value = found.json().await.unwrap();
    assert_eq!(
        (&found["status"], &found["manualFace"]),
        (&json!("SUSPECTED"), &json!("FACE_MATCH"))
    );
    assert_eq!(found["mismatchTags"], json!(["NAME"]));

    let url = format!(
        "{}/sandbox/kyc/identifications/?clientId=c&perPage=1",
        world.base
    );
    let list = world
        .http
        .get(&url)
        .basic_auth("key", Some("secret"))
        .send()
        .await
        .unwrap();
    let list: Value = list.json().await.unwrap();
    let newest = json!({"scanRef": minted[1]["scanRef"], "status": "SUSPECTED", "suspected": true});
    assert_eq!(
        (&list["count"], &list["results"]),
        (&json!(2), &json!([newest]))
    );
    let next = world
        .http
        .get(list["next"].as_str().unwrap())
        .basic_auth("key", Some("secret"));
    let next: Value = next.send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&next["results"][0]["status"], &next["next"]),
        (&json!("ACTIVE"), &Value::Null)
    );

    let deleted = world
        .post("/api/v2/delete", &scan_ref)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (deleted.status().as_u16(), deleted.text().await.unwrap()),
        (200, String::new())
    );
    let found = world
        .post("/api/v2/status", &scan_ref)
        .send()
        .await
        .unwrap();
    assert_eq!(found.json::<Value>().await.unwrap()["status"], "DELETED");
}

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
