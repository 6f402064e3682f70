//! The gateway under test.

use std::sync::Arc;

use entrypass::app::{self, Running};
use entrypass::asking::Asking;
use entrypass::clock::Clock;
use entrypass::config::Config;
use entrypass::domain::id::KeyId;
use entrypass::domain::scope::Scope;
use entrypass::domain::secret::Secret;
use entrypass::domain::timestamp::Timestamp;
use entrypass::erasing::Erasing;
use entrypass::idenfy::Client;
use entrypass::lookup::Lookup;
use entrypass::store::keys::ApiKey;
use entrypass::sweep::Sweep;
use entrypass::web::State;
use entrypass::webhooks::courier::Courier;
use entrypass::webhooks::outbound::Outbound;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::engine::Database;
use super::idenfy::ScriptedIdenfy;
use super::{Context, log};

/// The time at which every test begins.
pub const START: &str = "2027-01-15T12:00:00Z";

/// An agent of a real phone.
pub const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 \
    (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1";

/// How long a mint may take, in milliseconds.
pub const MINT_MS: u64 = 60_000;

pub struct Gateway {
    _running: Running,
    pub state: Arc<State>,
    pub base: String,
    pub http: reqwest::Client,
    pub clock: Clock,
    pub idenfy: ScriptedIdenfy,
    /// An admin key.
    pub key: String,
    pub database: Arc<Database>,
    settings: entrypass::config::Idenfy,
}

/// A status and the JSON that came with it (null where there was none).
pub type Told = (u16, Value);

impl Gateway {
    /// A gateway with the default settings but for where things are.
    pub async fn start(context: &Context) -> Self {
        Self::with(context, |_| {}).await
    }

    /// A gateway whose settings are changed.
    pub async fn with(context: &Context, change: impl FnOnce(&mut Config)) -> Self {
        let database = Arc::new(context.engine.database().await);
        let clock = Clock::fixed(Timestamp::parse(START).expect("a time"));
        Self::node(database, clock, ScriptedIdenfy::start().await, change).await
    }

    /// Another node on the same database, with the same clock and iDenfy.
    pub async fn another_node(&self, change: impl FnOnce(&mut Config)) -> Self {
        Self::node(
            self.database.clone(),
            self.clock.clone(),
            self.idenfy.clone(),
            change,
        )
        .await
    }

    async fn node(
        database: Arc<Database>,
        clock: Clock,
        idenfy: ScriptedIdenfy,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let [api_key, api_secret, webhook_key, server_secret] =
            log::SECRETS.map(|s| Some(Secret::new(s)));
        let mut config = Config::defaults();
        config.server.listen = ([127, 0, 0, 1], 0).into();
        config.server.workers = 2;
        config.server.secret = server_secret;
        config.database.url = Secret::new(&*database.url);
        config.idenfy.base_url = idenfy.base.parse().expect("an address");
        config.idenfy.api_key = api_key;
        config.idenfy.api_secret = api_secret;
        config.idenfy.webhook_key = webhook_key;
        // In real time: so long may a test hold iDenfy's answer back.
        config.idenfy.timeout_ms = MINT_MS;
        config.limits.clicks_per_minute_per_ip = 0;
        change(&mut config);
        let settings = config.idenfy.clone();
        let running = app::start(config, clock.clone(), false)
            .await
            .expect("the gateway starts");
        let state = running.state.clone();
        let id = KeyId::new(clock.uuid());
        let (key, text) =
            ApiKey::generate(id, "test".into(), vec![Scope::Admin], clock.now(), None);
        state.store.insert_key(&key, &text).await.expect("a key");
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .tls_certs_only([])
            .user_agent(PHONE)
            // Each request on a connection of its own: an idle one may be closed just when it is used.
            .pool_max_idle_per_host(0)
            .build()
            .expect("a client");
        Self {
            base: format!("http://{}", running.address),
            _running: running,
            state,
            http,
            clock,
            idenfy,
            key: text.expose().to_owned(),
            database,
            settings,
        }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// A call of the API with the admin key.
    pub async fn api(&self, method: Method, path: &str, body: Option<Value>) -> Told {
        let mut request = self
            .request(method, &format!("/api/v1{path}"))
            .bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        told(request.send().await.expect("an answer")).await
    }

    pub async fn get(&self, path: &str) -> Told {
        self.api(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Told {
        self.api(Method::POST, path, Some(body)).await
    }

    /// Makes a link; `more` is merged into a minimal unlimited one.
    pub async fn link(&self, more: Value) -> Value {
        let mut wanted = json!({"name": "A link", "usage": {"type": "unlimited"}});
        for (name, value) in more.as_object().expect("an object") {
            wanted[name] = value.clone();
        }
        let (status, link) = self.post("/links", wanted).await;
        assert_eq!(status, 201, "{link}");
        link
    }

    /// A visitor's GET of a link.
    pub async fn click(&self, link: &Value) -> Response {
        self.request(Method::GET, &path_of(link))
            .send()
            .await
            .expect("an answer")
    }

    /// Opens a link's page and reads the hidden fields of its form.
    pub async fn page(&self, link: &Value) -> Vec<(String, String)> {
        let answer = self.click(link).await;
        assert_eq!(answer.status(), 200);
        hidden_fields(&answer.text().await.expect("a page"))
    }

    /// Posts a link's form.
    pub async fn submit(&self, link: &Value, fields: &[(String, String)]) -> Response {
        let body: String = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.request(Method::POST, &path_of(link))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .expect("an answer")
    }

    /// The uses a link has spent.
    pub async fn used(&self, link: &Value) -> i64 {
        let (status, link) = self.get(&format!("/links/{}", text(&link["id"]))).await;
        assert_eq!(status, 200);
        link["usage"]["used"].as_i64().expect("a number")
    }

    /// The sessions of a link, newest first.
    pub async fn sessions(&self, link: &Value) -> Vec<Value> {
        let (status, list) = self
            .get(&format!("/links/{}/sessions?limit=200", text(&link["id"])))
            .await;
        assert_eq!(status, 200);
        list["items"].as_array().expect("a list").clone()
    }

    /// Asks iDenfy about sessions without a result, as the background does.
    pub fn asking(&self) -> Asking {
        Asking::new(self.lookup(), &self.settings)
    }

    /// Erases, as the background does.
    pub fn erasing(&self, retention_days: u32) -> Erasing {
        let lookup = self.lookup();
        Erasing {
            lookup,
            retention_days,
        }
    }

    /// A lookup that has made no calls yet.
    fn lookup(&self) -> Lookup {
        let (store, clock) = (self.state.store.clone(), self.clock.clone());
        let client = Client::new(&self.settings, clock.clone()).expect("a client");
        Lookup::new(store, client, clock, &self.settings)
    }

    /// What sends results out as the background does, to be stepped by hand.
    pub fn outbound(&self) -> Outbound {
        let courier = Courier::new(self.state.allow_private, self.clock.clone());
        Outbound::new(
            self.state.store.clone(),
            self.clock.clone(),
            self.state.metrics.clone(),
            courier.expect("a client"),
        )
    }

    /// One sweep, as the background does them.
    pub async fn sweep(&self) -> usize {
        let sweep = Sweep {
            store: self.state.store.clone(),
            clock: self.clock.clone(),
            health: self.state.health.clone(),
        };
        sweep.step().await.expect("a sweep")
    }
}

/// Status and JSON of an answer.
pub async fn told(answer: Response) -> Told {
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

pub fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

pub fn path_of(link: &Value) -> String {
    format!("/{}", text(&link["slug"]))
}

pub fn location(answer: &Response) -> String {
    answer.headers()["location"]
        .to_str()
        .expect("a location")
        .to_owned()
}

/// Names and values of the hidden fields of a page's form.
pub fn hidden_fields(page: &str) -> Vec<(String, String)> {
    let attribute = |tag: &str, name: &str| {
        let from = tag.find(&format!("{name}=\""))? + name.len() + 2;
        let written = tag[from..].split('"').next()?;
        let signs = [
            ("&#38;", "&"),
            ("&#34;", "\""),
            ("&#39;", "'"),
            ("&#60;", "<"),
            ("&#62;", ">"),
        ];
        let read = |text: String, (sign, char): &(&str, &str)| text.replace(sign, char);
        Some(signs.iter().rev().fold(written.to_owned(), read))
    };
    page.split("<input")
        .skip(1)
        .filter(|tag| attribute(tag, "type").as_deref() == Some("hidden"))
        .filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?)))
        .collect()
}
