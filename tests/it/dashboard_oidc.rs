//! Signing in by OpenID Connect, against a real provider: `oidc-provider` of npm, run by node. It is installed where
//! `ENTRYPASS_TEST_OIDC_PROVIDER` says, as `tests/run.sh` does; without it these tests are listed as ignored, never as
//! passed.

use std::collections::BTreeMap;
use std::process::Stdio;

use entrypass::config::{GroupRole, Oidc};
use entrypass::domain::person::Role;
use entrypass::domain::secret::Secret;
use entrypass::domain::timestamp::Timestamp;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::dashboard_kit::{Browser, PASSWORD, Shown, signed_in};
use crate::harness::gateway::{START, location};
use crate::harness::{Context, Gateway, free_port, on_each_engine};

/// Never in a log.
const CLIENT_SECRET: &str = "PROVIDER-SECRET-MARKER";

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    let mut trials = Vec::new();
    on_each_engine(
        &mut trials,
        "dashboard_oidc",
        "a_provider_that_is_down_leaves_the_password",
        |context| Box::pin(a_provider_that_is_down_leaves_the_password(context)),
    );
    let mut with_provider = Vec::new();
    on_each_engine(
        &mut with_provider,
        "dashboard_oidc",
        "the_groups_of_a_person_decide_at_each_sign_in",
        |context| Box::pin(the_groups_of_a_person_decide_at_each_sign_in(context)),
    );
    on_each_engine(
        &mut with_provider,
        "dashboard_oidc",
        "only_what_was_begun_here_is_finished_and_once",
        |context| Box::pin(only_what_was_begun_here_is_finished_and_once(context)),
    );
    on_each_engine(
        &mut with_provider,
        "dashboard_oidc",
        "whoever_cannot_be_let_in_is_told_why",
        |context| Box::pin(whoever_cannot_be_let_in_is_told_why(context)),
    );
    trials.extend(with_a_provider(with_provider));
    trials
}

/// The trials that need a provider: ignored where there is none.
pub fn with_a_provider(trials: Vec<Trial>) -> Vec<Trial> {
    let left_out = folder().is_none();
    let trials = trials.into_iter().map(|trial| {
        let ignored = left_out || trial.has_ignored_flag();
        trial.with_ignored_flag(ignored)
    });
    trials.collect()
}

pub fn explain_what_is_left_out() {
    if folder().is_none() {
        eprintln!(
            "LEFT OUT: signing in by OpenID Connect, because ENTRYPASS_TEST_OIDC_PROVIDER names no folder with \
             oidc-provider; tests/run.sh runs everything."
        );
    }
}

fn folder() -> Option<String> {
    let folder = std::env::var("ENTRYPASS_TEST_OIDC_PROVIDER").ok();
    folder.filter(|folder| !folder.is_empty())
}

/// A provider, which ends with the test.
pub struct Provider {
    pub issuer: String,
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Provider {
    /// One at which it is that time.
    pub async fn start(now: Timestamp) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oidc/provider.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .env("NOW", now.millis().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("node starts");
        let input = child.stdin.take().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = output.next_line().await.unwrap().expect("a port");
        Self {
            issuer: format!("http://127.0.0.1:{port}"),
            _child: child,
            input,
            output,
        }
    }

    pub async fn tell(&mut self, told: Value) {
        let line = format!("{told}\n");
        self.input.write_all(line.as_bytes()).await.unwrap();
        let answer = self.output.next_line().await.unwrap();
        assert_eq!(answer.as_deref(), Some("done"));
    }

    /// From now on these people are there, and no others.
    pub async fn people(&mut self, people: Value) {
        self.tell(json!({"people": people})).await;
    }

    /// A person signs in at the provider's own pages, in a fresh browser; where the provider sends that browser then.
    async fn sign_in(&self, gateway: &Gateway, begin: &str, id: &str) -> String {
        assert!(begin.starts_with(&self.issuer), "{begin}");
        let home = gateway.state.public_url.clone();
        let mut cookies: BTreeMap<String, String> = BTreeMap::new();
        let (mut at, mut form) = (begin.to_owned(), None);
        for _ in 0..10 {
            let jar: Vec<String> = cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
            let request = match form.take() {
                None => gateway.http.get(&at),
                Some(form) => gateway
                    .http
                    .post(&at)
                    .header("Content-Type", "application/x-www-form-urlencoded")
                    .body::<String>(form),
            };
            let answer = request
                .header("Cookie", jar.join("; "))
                .send()
                .await
                .unwrap();
            for cookie in answer.headers().get_all("set-cookie") {
                let pair = cookie.to_str().unwrap().split(';').next().unwrap();
                let (name, value) = pair.split_once('=').unwrap();
                cookies.insert(name.to_owned(), value.to_owned());
            }
            if answer.status().is_redirection() {
                at = url::Url::parse(&at)
                    .unwrap()
                    .join(&location(&answer))
                    .unwrap()
                    .into();
                if at.starts_with(&home) {
                    return at[home.len()..].to_owned();
                }
            } else {
                assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
                form = Some(format!("prompt=login&login={id}&password=any"));
            }
        }
        panic!("the provider goes round in circles");
    }
}

/// How a gateway knows the provider.
pub fn known(issuer: &str) -> Oidc {
    let roles = [("staff", Role::Viewer), ("owners", Role::Administrator)];
    let roles = roles.map(|(group, role)| GroupRole {
        group: group.to_owned(),
        role,
    });
    Oidc {
        issuer: issuer.to_owned(),
        client_id: "entrypass".to_owned(),
        client_secret: Secret::new(CLIENT_SECRET),
        roles: roles.to_vec(),
    }
}

async fn gateway(context: &Context, issuer: &str) -> Gateway {
    Gateway::with(context, |config| config.oidc = Some(known(issuer))).await
}

/// A provider and a gateway that knows it.
async fn both(context: &Context) -> (Provider, Gateway) {
    let mut provider = Provider::start(Timestamp::parse(START).unwrap()).await;
    let gateway = gateway(context, &provider.issuer).await;
    let redirect = format!("{}/admin/login/oidc/callback", gateway.state.public_url);
    provider.tell(json!({"redirect": redirect})).await;
    (provider, gateway)
}

/// Goes the whole way in a browser; what the gateway answers at its end.
async fn enter(provider: &Provider, browser: &mut Browser<'_>, id: &str) -> Shown {
    let begun = browser
        .get("/admin/login/oidc?next=/admin/settings/account")
        .await;
    assert_eq!(begun.status, 303, "{}", begun.html);
    let back = provider.sign_in(browser.gateway, &begun.location, id).await;
    browser.get(&back).await
}

fn claims(email: &str, groups: &Value) -> Value {
    json!({"email": email, "name": "<i>Eve", "groups": groups})
}

async fn the_groups_of_a_person_decide_at_each_sign_in(context: Context) {
    let (mut provider, gateway) = both(&context).await;
    let store = &gateway.state.store;
    provider
        .people(json!({"eve": claims("Eve@example.com", &json!(["staff"]))}))
        .await;
    let mut eve = Browser::new(&gateway);
    let login = eve.open("/admin/login").await;
    assert!(login.contains("Sign in with 127.0.0.1"), "{login}");
    let shown = enter(&provider, &mut eve, "eve").await;
    assert_eq!(
        (shown.status, &*shown.location),
        (303, "/admin/settings/account")
    );
    let account = eve.open("/admin/settings/account").await;
    assert!(account.contains("You sign in with 127.0.0.1") && account.contains("&#60;i&#62;Eve"));
    assert!(!account.contains("New password"));
    assert_eq!(eve.get("/admin/settings/people").await.status, 403);
    let person = store
        .person_of_email("eve@example.com")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(person.role, Role::Viewer);

    // Her groups change there; the same person comes back, in another browser.
    provider
        .people(json!({"eve": claims("new@example.com", &json!(["staff", "owners"]))}))
        .await;
    let mut again = Browser::new(&gateway);
    enter(&provider, &mut again, "eve").await;
    let same = store.person(person.id).await.unwrap().unwrap();
    assert_eq!(
        (same.role, same.email.as_str()),
        (Role::Administrator, "Eve@example.com")
    );
    assert_eq!(store.people(None, 10).await.unwrap().len(), 1);
    // The audit log tells of it.
    let log = again
        .open("/admin/settings/audit?action=person.updated")
        .await;
    assert!(
        log.contains("viewer → admin") && log.contains("Entrypass itself"),
        "{log}"
    );

    // There is no password, and none can be set.
    let mut other = Browser::new(&gateway);
    assert_eq!(other.login("eve@example.com", PASSWORD).await.status, 401);
    let page = again
        .open(&format!("/admin/settings/people/{}", person.id))
        .await;
    assert!(page.contains("has no password here"));
    let reset = format!("/admin/settings/people/{}/password", person.id);
    assert_eq!(
        again.post(&reset, &[("password", PASSWORD)]).await.location,
        "/admin/settings/account"
    );
    assert_eq!(other.login("eve@example.com", PASSWORD).await.status, 401);

    // Whoever is in no group any more is let in no more, and is out everywhere, were it the last administrator.
    provider
        .people(json!({"eve": claims("eve@example.com", &json!(["guests"]))}))
        .await;
    let refused = enter(&provider, &mut other, "eve").await;
    assert_eq!(refused.status, 403);
    assert!(
        refused
            .html
            .contains("none of your groups there opens this dashboard")
    );
    assert!(!again.is_in().await && !eve.is_in().await && !other.is_in().await);

    // Whoever is removed here is kept out until somebody lets her in again, whatever the provider says.
    let mut ana = signed_in(&gateway, "ana@example.com", Role::Administrator).await;
    provider
        .people(json!({"eve": claims("eve@example.com", &json!(["staff"]))}))
        .await;
    let remove = format!("/admin/settings/people/{}/remove", person.id);
    let asked = ana.open(&remove).await;
    assert!(asked.contains("until you let this person in again"));
    assert_eq!(ana.post(&remove, &[]).await.status, 303);
    let refused = enter(&provider, &mut eve, "eve").await;
    assert_eq!(refused.status, 403);
    assert!(refused.html.contains("calls you eve"), "{}", refused.html);
    let list = ana.open("/admin/settings/people").await;
    assert!(list.contains("&#60;i&#62;Eve <span class=\"hint\">(eve at the provider)"));
    let let_in = format!("/admin/settings/people/removed/{}", person.id);
    assert_eq!(ana.post(&let_in, &[]).await.status, 303);
    assert_eq!(enter(&provider, &mut eve, "eve").await.status, 303);
    // A group that was taken away takes effect after 12 hours at the latest.
    let hour = 3_600_000;
    gateway.clock.advance(11 * hour);
    assert!(eve.is_in().await);
    gateway.clock.advance(hour - 1);
    assert!(eve.is_in().await);
    gateway.clock.advance(1);
    assert!(!eve.is_in().await);
    assert!(!context.log.text().contains(CLIENT_SECRET));
}

async fn only_what_was_begun_here_is_finished_and_once(context: Context) {
    let (mut provider, gateway) = both(&context).await;
    provider
        .people(json!({"eve": claims("eve@example.com", &json!("owners"))}))
        .await;
    let mut eve = Browser::new(&gateway);
    let begun = eve
        .get("/admin/login/oidc?next=https://evil.example/")
        .await;
    for part in [
        "code_challenge_method=S256",
        "&nonce=",
        "&state=",
        "scope=openid+email+profile+groups",
    ] {
        assert!(begun.location.contains(part), "{part} {}", begun.location);
    }
    let back = provider.sign_in(&gateway, &begun.location, "eve").await;
    // What another browser began, or nobody.
    let mut mallory = Browser::new(&gateway);
    let to_login =
        |shown: Shown| assert_eq!((shown.status, &*shown.location), (303, "/admin/login"));
    to_login(mallory.get(&back).await);
    mallory.get("/admin/login/oidc").await;
    to_login(mallory.get(&back).await);
    assert!(
        mallory
            .open("/admin/login")
            .await
            .contains("was begun in another browser")
    );
    // She herself, once: what was begun is forgotten then.
    let kept = eve.cookies.clone();
    let shown = eve.get(&back).await;
    assert_eq!(
        (shown.status, &*shown.location),
        (303, "/admin"),
        "{}",
        shown.html
    );
    assert!(eve.is_in().await);
    to_login(eve.get(&back).await);
    // The provider takes a code once.
    context.expect_log("the code is over, used, or for another address");
    let mut thief = Browser::new(&gateway);
    thief.cookies = kept;
    let shown = thief.get(&back).await;
    assert_eq!(shown.status, 503);
    assert!(!thief.is_in().await);
    let code = back
        .split("code=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    assert!(!shown.html.contains(code) && !context.log.text().contains(code));

    // After ten minutes it is over; and whoever turns back at the provider is told.
    let late = mallory.get("/admin/login/oidc").await;
    let state = url::Url::parse(&late.location).unwrap();
    let state = state
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap()
        .1
        .into_owned();
    let refusal = format!("/admin/login/oidc/callback?error=access_denied&state={state}");
    to_login(mallory.get(&refusal).await);
    assert!(mallory.open("/admin/login").await.contains("sent you back"));
    let late = mallory.get("/admin/login/oidc").await;
    let back = provider.sign_in(&gateway, &late.location, "eve").await;
    gateway.clock.advance(10 * 60_000);
    to_login(mallory.get(&back).await);
    assert!(!mallory.is_in().await);
}

async fn whoever_cannot_be_let_in_is_told_why(context: Context) {
    let (mut provider, gateway) = both(&context).await;
    signed_in(&gateway, "ana@example.com", Role::Administrator).await;
    provider
        .people(json!({
            "ana": claims("ANA@example.com", &json!(["owners"])),
            "nobody": {"name": "No mail", "groups": ["owners"]},
        }))
        .await;
    let mut browser = Browser::new(&gateway);
    let taken = enter(&provider, &mut browser, "ana").await;
    assert_eq!(taken.status, 409);
    assert!(taken.html.contains("signs in here in another way already"));
    let silent = enter(&provider, &mut browser, "nobody").await;
    assert_eq!(silent.status, 403);
    assert!(silent.html.contains("does not tell your email address"));
    assert!(!browser.is_in().await);
    assert_eq!(gateway.state.store.people(None, 10).await.unwrap().len(), 1);
}

async fn a_provider_that_is_down_leaves_the_password(context: Context) {
    context.expect_log("nobody could be signed in by OpenID Connect: the provider does not answer");
    let issuer = format!("http://127.0.0.1:{}", free_port());
    let gateway = gateway(&context, &issuer).await;
    let mut browser = Browser::new(&gateway);
    let down = browser.get("/admin/login/oidc").await;
    assert_eq!(down.status, 503);
    assert!(down.html.contains("does not work right now") && down.html.contains("/admin/login\""));
    let mut ana = signed_in(&gateway, "ana@example.com", Role::Administrator).await;
    assert!(ana.is_in().await);
    // Where no provider is set there is no way to one.
    let plain = Gateway::start(&context).await;
    let mut browser = Browser::new(&plain);
    assert!(!browser.open("/admin/login").await.contains("Sign in with"));
    for path in [
        "/admin/login/oidc",
        "/admin/login/oidc/callback?code=a&state=b",
    ] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
}
