//! The real gateway with the embedded sandbox, for browsers; time runs.

use entrypass::app::{self, Running};
use entrypass::clock::Clock;
use entrypass::config::Config;
use entrypass::domain::id::KeyId;
use entrypass::domain::scope::Scope;
use entrypass::domain::secret::Secret;
use entrypass::store::keys::ApiKey;
use reqwest::Method;
use serde_json::{Value, json};

use super::Context;
use super::engine::Database;
use super::gateway::text;
use super::process::Client;

pub struct Sandboxed {
    pub running: Running,
    pub clock: Clock,
    /// With an admin key.
    pub client: Client,
    /// That key, and its text.
    pub key: (ApiKey, Secret),
    _database: Database,
}

impl Sandboxed {
    pub async fn start(context: &Context) -> Self {
        Self::with(context, |_| {}).await
    }

    /// One whose settings are changed.
    pub async fn with(context: &Context, change: impl FnOnce(&mut Config)) -> Self {
        let database = context.engine.database().await;
        let clock = Clock::system();
        let mut config = Config::defaults();
        config.server.listen = ([127, 0, 0, 1], 0).into();
        config.server.workers = 2;
        config.database.sandbox_url = Secret::new(&*database.url);
        change(&mut config);
        let running = app::start(config, clock.clone(), true).await;
        let running = running.expect("the gateway starts");
        let id = KeyId::new(clock.uuid());
        let (key, text) =
            ApiKey::generate(id, "test".into(), vec![Scope::Admin], clock.now(), None);
        let kept = running.state.store.insert_key(&key, &text).await;
        kept.expect("a key");
        let client = Client::new(&format!("http://{}", running.address), text.expose());
        Self {
            running,
            clock,
            client,
            key: (key, text),
            _database: database,
        }
    }

    /// Where people find it.
    pub fn home(&self) -> &str {
        &self.running.state.public_url
    }

    /// Makes a link; `more` is merged into a minimal one of three uses.
    pub async fn link(&self, more: Value) -> Value {
        let mut wanted = json!({"name": "A link", "usage": {"type": "multi", "limit": 3}});
        for (name, value) in more.as_object().expect("an object") {
            wanted[name] = value.clone();
        }
        let (status, link) = self.client.api(Method::POST, "/links", Some(wanted)).await;
        assert_eq!(status, 201, "{link}");
        link
    }

    pub async fn used_is(&self, link: &Value, uses: u32) {
        let link = self
            .client
            .get(&format!("/links/{}", text(&link["id"])))
            .await;
        assert_eq!(link["usage"]["used"], uses);
    }

    /// The one session of a link.
    pub async fn session_of(&self, link: &Value) -> Value {
        let path = format!("/links/{}/sessions", text(&link["id"]));
        let sessions = self.client.all(&path).await;
        assert_eq!(sessions.len(), 1);
        sessions[0].clone()
    }
}
