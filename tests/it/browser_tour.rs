//! A tour of every page there is, in a browser: the dashboard's by its own table of routes, empty and with data, what
//! forms answer to mistakes, and the pages of visitors, of the sandbox and of the API.

use entrypass::config::Email;
use entrypass::domain::person::Role;
use entrypass::domain::secret::Secret;
use entrypass::web::dashboard::{LINES, setup};
use reqwest::Method;
use serde_json::{Value, json};

use crate::browser_kit::{Tab, code_of_app};
use crate::dashboard_kit::PASSWORD;
use crate::harness::browser::{Driver, Kind, PATIENCE};
use crate::harness::gateway::{location, text};
use crate::harness::sandboxed::Sandboxed;
use crate::harness::{Context, Receiver, eventually};

/// What answers GET and is no page of its own: streams, files, fragments of pages, and ways that lead elsewhere.
const NO_PAGES: [&str; 17] = [
    "/admin/",
    "/admin/events",
    "/admin/settings",
    "/admin/login/oidc",
    "/admin/login/oidc/callback",
    "/admin/links/{id}/qr.svg",
    "/admin/links/{id}/qr.png",
    "/admin/links/{id}/poster.pdf",
    "/admin/links/{id}/poster.png",
    "/admin/sessions.csv",
    "/admin/sessions/{id}/row",
    "/admin/sessions/{id}/story",
    // Of those who have a second factor, and opened as such.
    "/admin/settings/account/second-factor/codes",
    "/admin/settings/audit.csv",
    "/admin/campaigns/{id}/invitations.csv",
    "/admin/invitations/import/{id}/invitations.csv",
    // There only while a file that was handed in is read and made, and opened as it is.
    "/admin/invitations/import/{id}",
];

/// The pages of those who are not signed in, which are opened one by one.
const WAY_IN: [&str; 3] = ["/admin/setup/{token}", "/admin/login", "/admin/login/code"];

/// Whoever looks at the pages.
pub trait Eyes {
    /// Looks at the page that `tab` shows; `name` is short and its own.
    async fn look(&mut self, tab: &Tab, name: &str);
}

/// Leads `eyes` through all pages.
pub async fn tour(context: Context, eyes: &mut impl Eyes) {
    context.expect_log("the iDenfy account is out of credits");
    context.expect_log("messages cannot be sent now");
    let receiver = Receiver::start().await;
    let gateway = Sandboxed::with(&context, |config| {
        config.webhooks.allow_private = true;
        // Where nobody listens: a message is asked for, and waits.
        config.email = Some(Email {
            smtp_url: Secret::new("smtp://127.0.0.1:1"),
            from: "Entrypass <verify@example.com>".to_owned(),
            per_minute: 100,
        });
    })
    .await;
    let mut driver = Driver::start().await;
    let tab = Tab::open_at(&driver, Kind::Laptop, gateway.home()).await;
    let tour = Tour { tab, gateway };
    tour.way_in(eyes).await;
    tour.with_nothing(eyes).await;
    let shown = tour.fill(&receiver).await;
    tour.with_data(eyes, &shown).await;
    tour.sent_back(eyes, &shown).await;
    tour.made(eyes).await;
    tour.a_file_of_people(eyes).await;
    tour.visitors(eyes).await;
    tour.out_of_credits(eyes, &shown).await;
    tour.second_factor(eyes).await;
    tour.too_many_clicks(eyes, &shown).await;
    tour.tab.close().await;
    driver.stop().await;
    tour.gateway.running.stop().await;
}

pub struct Tour {
    pub tab: Tab,
    pub gateway: Sandboxed,
}

/// What there is to be shown, by its ids.
pub struct Shown {
    link: Value,
    pub unused: Value,
    signed: Value,
    preset: String,
    invitation: Value,
    session: String,
    person: String,
    key: String,
    endpoint: String,
    delivery: String,
}

impl Tour {
    pub async fn see(&self, eyes: &mut impl Eyes, path: &str, name: &str) {
        self.tab.open(path).await;
        eyes.look(&self.tab, name).await;
    }

    async fn way_in(&self, eyes: &mut impl Eyes) {
        let tab = &self.tab;
        self.see(eyes, "/admin/login", "login, nobody there").await;
        let offered = setup::offer(&self.gateway.running.state).await;
        let address = offered.expect("a database").expect("nobody is there yet");
        self.see(eyes, &address, "set-up").await;
        tab.press("Make my account").await;
        tab.find(".wrong").await;
        eyes.look(tab, "set-up, sent back").await;
        tab.fill("name", "Ana").await;
        tab.fill("email", "ana@example.com").await;
        tab.fill("password", PASSWORD).await;
        tab.press("Make my account").await;
        tab.sees("Welcome, Ana.").await;
        tab.sign_out().await;
        tab.sign_in("ana@example.com", "wrong").await;
        tab.sees("Email or password is not right.").await;
        eyes.look(tab, "login, wrong").await;
        tab.sign_in("ana@example.com", PASSWORD).await;
        tab.sees("Welcome to Entrypass").await;
    }

    /// Every page that needs nothing to be there.
    async fn with_nothing(&self, eyes: &mut impl Eyes) {
        let (key, text) = &self.gateway.key;
        let store = &self.gateway.running.state.store;
        let now = self.gateway.clock.now();
        assert!(store.revoke_key(key.id, now).await.expect("a database"));
        for path in pages().filter(|path| !path.contains('{')) {
            self.see(eyes, path, &format!("{} empty", name_of(path)))
                .await;
        }
        store.insert_key(key, text).await.expect("a database");
    }

    async fn with_data(&self, eyes: &mut impl Eyes, shown: &Shown) {
        for path in pages() {
            self.see(eyes, &shown.address_of(path), &name_of(path))
                .await;
        }
        let unused = text(&shown.unused["id"]);
        let signed = text(&shown.signed["id"]);
        for (path, name) in [
            (format!("/admin/links/{unused}"), "link unused"),
            (format!("/admin/links/{signed}"), "link signed"),
            (format!("/admin/links/{signed}/share"), "share signed"),
            (format!("/admin/links/{signed}/integrate"), "site signed"),
            (
                format!("/admin/links/new?like={}", text(&shown.link["id"])),
                "link like",
            ),
            ("/admin/links?q=zzz".to_owned(), "links none found"),
            ("/admin/sessions?q=zzz".to_owned(), "sessions none found"),
            ("/admin/sessions?from=x".to_owned(), "sessions sent back"),
            (
                "/admin/settings/audit?action=link.deleted".to_owned(),
                "audit none found",
            ),
            ("/admin/nothing-here".to_owned(), "refused not found"),
        ] {
            self.see(eyes, &path, name).await;
        }
    }

    async fn out_of_credits(&self, eyes: &mut impl Eyes, shown: &Shown) {
        self.tab.open("/sandbox").await;
        self.tab.click("[value=out_of_credits]").await;
        self.tab.press("Set fault").await;
        self.tab.find("[value=out_of_credits][checked]").await;
        let path = format!("/{}", text(&shown.unused["slug"]));
        self.see(eyes, &path, "visitor unavailable").await;
        self.see(eyes, "/admin", "admin out of credits").await;
    }

    async fn second_factor(&self, eyes: &mut impl Eyes) {
        let tab = &self.tab;
        let store = &self.gateway.running.state.store;
        let vera = store.person_of_email("vera@example.com").await;
        let vera = vera.expect("a database").expect("she was added");
        tab.sign_out().await;
        tab.sign_in("vera@example.com", PASSWORD).await;
        tab.sees("Today, and the last 30 days").await;
        self.see(eyes, "/admin/settings/keys", "refused forbidden")
            .await;
        tab.press("To the dashboard").await;
        tab.sees("Today, and the last 30 days").await;
        tab.sign_out().await;
        let key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        let secret = Secret::new(key);
        let kept = store.set_second_factor(vera.id, &secret, 0, &[]).await;
        assert!(kept.expect("a database"));
        let ana = store.person_of_email("ana@example.com").await;
        let ana = ana.expect("a database").expect("she was set up");
        let kept = store.set_second_factor(ana.id, &secret, 0, &[]).await;
        assert!(kept.expect("a database"));
        tab.sign_in("ana@example.com", PASSWORD).await;
        let now = self.gateway.running.state.clock.now();
        tab.fill("code", &code_of_app(key, now)).await;
        tab.press("Continue").await;
        tab.sees("Today, and the last 30 days").await;
        self.see(
            eyes,
            "/admin/settings/account",
            "account with a second factor",
        )
        .await;
        tab.press("New recovery codes").await;
        tab.find("[name=current]").await;
        eyes.look(tab, "new recovery codes").await;
        tab.press("Make new codes").await;
        tab.find(".wrong").await;
        eyes.look(tab, "new recovery codes, sent back").await;
        tab.fill("current", PASSWORD).await;
        tab.press("Make new codes").await;
        tab.sees("they are not shown again").await;
        eyes.look(tab, "new recovery codes, made").await;
        tab.sign_out().await;
        eyes.look(tab, "login").await;
        tab.sign_in("vera@example.com", PASSWORD).await;
        tab.find("[name=code]").await;
        eyes.look(tab, "login code").await;
        tab.fill("code", "000000").await;
        tab.press("Continue").await;
        tab.find(".wrong").await;
        eyes.look(tab, "login code, wrong").await;
    }

    /// Makes one of everything, by the ways that people and programs have.
    async fn fill(&self, receiver: &Receiver) -> Shown {
        let client = &self.gateway.client;
        let made = async |path: &str, wanted: Value| {
            let (status, made) = client.api(Method::POST, path, Some(wanted)).await;
            assert_eq!(status, 201, "{made}");
            made
        };
        let endpoint =
            json!({"url": format!("{}/hook", receiver.base), "events": ["session.finished"]});
        let endpoint = made("/endpoints", endpoint).await;
        let key = made(
            "/keys",
            json!({"name": "Shop", "scopes": ["read", "links"]}),
        )
        .await;
        let link = self
            .gateway
            .link(json!({
                "name": "Berlin fair 2027, visitors’ entrance of hall 4", "slug": "berlin-fair", "language": "de",
                "usage": {"type": "multi", "limit": 9}, "expires_at": "2040-02-01T09:00:00Z",
                "inactive_message": "The fair is over.\nWrite to us.", "accept_ref": true,
                "token": {"country": ["DE", "AT"], "documents": ["PASSPORT"], "checkAml": true},
            }))
            .await;
        for outcome in ["approve", "deny", "suspect", "expire"] {
            let click = client.click("berlin-fair?via=qr&ref=order-17").await;
            let address = location(&click.expect("an answer"));
            let address = address.replace("/api/v2/redirect?", "/verify?");
            let posted = client.open(Method::POST, &address);
            let posted = posted.header("Content-Type", "application/x-www-form-urlencoded");
            let answer = posted.body(format!("outcome={outcome}")).send().await;
            assert!(!answer.expect("an answer").status().is_server_error());
        }
        client.click("berlin-fair").await.expect("an answer");
        let unused = self.gateway.link(json!({"name": "Front desk"})).await;
        let signed = json!({"name": "Shop", "slug": "shop", "signed": true});
        let signed = self.gateway.link(signed).await;
        let preset = json!({"name": "Adults", "language": "de", "token": {"ageLimit": 18}});
        let preset = made("/presets", preset).await;
        let invited =
            json!({"client_id": "customer-17", "first_name": "Bo", "email": "bo@example.com"});
        let invited =
            json!({"campaign": "Spring review", "send": "email", "invitations": [invited]});
        let invitation = made("/invitations/bulk", invited).await["items"][0].clone();
        let path = format!("/links/{}/send", text(&link["id"]));
        let to = json!({"email": "cy@example.com", "name": "Cy"});
        let (status, message) = client.api(Method::POST, &path, Some(to)).await;
        assert_eq!(status, 202, "{message}");
        let off = self.gateway.link(json!({"name": "Off"})).await;
        let path = format!("/links/{}/deactivate", text(&off["id"]));
        client.api(Method::POST, &path, None).await;
        self.add_vera().await;
        let (link_id, endpoint) = (
            text(&link["id"]).to_owned(),
            text(&endpoint["id"]).to_owned(),
        );
        let sessions = format!("/links/{link_id}/sessions");
        let deliveries = format!("/endpoints/{endpoint}/deliveries");
        eventually(PATIENCE, "all is told", async || {
            let ended = client.all(&sessions).await;
            let ended = ended.iter().filter(|session| session["final"] == true);
            let told = client.all(&deliveries).await;
            let told = told
                .iter()
                .filter(|delivery| delivery["status"] == "delivered");
            ended.count() == 4 && told.count() == 4
        })
        .await;
        let denied = client.all(&sessions).await;
        let denied = denied.iter().find(|session| session["status"] == "denied");
        let delivery = client.all(&deliveries).await.swap_remove(0);
        let store = &self.gateway.running.state.store;
        let vera = store.person_of_email("vera@example.com").await;
        Shown {
            session: text(&denied.expect("one was denied")["id"]).to_owned(),
            person: vera
                .expect("a database")
                .expect("just added")
                .id
                .to_string(),
            key: text(&key["id"]).to_owned(),
            delivery: text(&delivery["id"]).to_owned(),
            endpoint,
            preset: text(&preset["id"]).to_owned(),
            invitation,
            unused,
            signed,
            link,
        }
    }

    async fn add_vera(&self) {
        let tab = &self.tab;
        tab.open("/admin/settings/people/new").await;
        tab.fill("name", "Vera").await;
        tab.fill("email", "vera@example.com").await;
        tab.choose("role", Role::Viewer.as_str()).await;
        tab.fill("password", PASSWORD).await;
        tab.press("Add").await;
        tab.sees("vera@example.com").await;
    }
}

impl Shown {
    /// An example of a page.
    pub fn address_of(&self, path: &str) -> String {
        let link = text(&self.link["id"]);
        let of = |start: &str| path.starts_with(start);
        let id = if of("/admin/links/{id}/signing-secret") {
            text(&self.signed["id"])
        } else if of("/admin/presets/{id}") {
            &self.preset
        } else if of("/admin/invitations/{id}") {
            text(&self.invitation["id"])
        } else if of("/admin/campaigns/{id}") {
            text(&self.invitation["campaign"]["id"])
        } else if of("/admin/links/{id}") {
            link
        } else if of("/admin/sessions/{id}") {
            &self.session
        } else if of("/admin/settings/people/{id}") {
            &self.person
        } else if of("/admin/settings/keys/{id}") {
            &self.key
        } else if of("/admin/settings/endpoints/{id}") {
            &self.endpoint
        } else {
            assert!(!path.contains("{id}"), "no example of {path}");
            ""
        };
        let path = path
            .replace("{id}", id)
            .replace("{channel}", "email")
            .replace("{language}", "en")
            .replace("{delivery}", &self.delivery);
        assert!(!path.contains('{'), "no example of {path}");
        match &*path {
            "/admin/links/switch" => format!("{path}?to=off&id={link}"),
            _ => path,
        }
    }
}

/// Every page of the dashboard but the way in, as the table of routes has it.
fn pages() -> impl Iterator<Item = &'static str> {
    let gets = LINES.iter().filter(|(method, ..)| method == "GET");
    let paths = gets.map(|(_, path, _)| *path);
    paths.filter(|path| !NO_PAGES.contains(path) && !WAY_IN.contains(path))
}

/// A path as a short name.
pub fn name_of(path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty());
    let parts: Vec<&str> = parts.map(|part| part.trim_matches(['{', '}'])).collect();
    parts.join(" ")
}
