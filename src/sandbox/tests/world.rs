//! A stand-in that runs, with a gateway that notes what arrives.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::super::{Sandbox, Settings, routes, webhooks};

/// A webhook that arrived: path, event type, signature, body.
type Received = (String, String, String, web::Bytes);

pub(super) struct World {
    pub(super) base: String,
    pub(super) http: Client,
    pub(super) sandbox: Sandbox,
    pub(super) received: mpsc::UnboundedReceiver<Received>,
    server: ServerHandle,
}

impl World {
    pub(super) fn start() -> Self {
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

    pub(super) fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        let url = format!("{}/sandbox{path}", self.base);
        self.http
            .post(url)
            .basic_auth("key", Some("secret"))
            .json(body)
    }

    pub(super) async fn mint(&self, body: Value) -> Value {
        let answer = self.post("/api/v2/token", &body).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        answer.json().await.unwrap()
    }

    pub(super) async fn press(&self, token: &Value, outcome: &str) -> Response {
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
    pub(super) async fn webhook(&mut self) -> (String, String, Value) {
        let (path, event, signature, body) = self.received.recv().await.unwrap();
        assert_eq!(signature, webhooks::sign("signing", &body));
        (path, event, serde_json::from_slice(&body).unwrap())
    }

    pub(super) async fn fault(&self, fault: &str) {
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

pub(super) fn location(answer: &Response) -> &str {
    answer.headers()["Location"].to_str().unwrap()
}
