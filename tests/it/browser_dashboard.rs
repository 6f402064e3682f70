//! A new operator's walk through the dashboard in a real browser, from the one-time address to results, with the
//! mistakes that people make, and again in a browser that runs no scripts.

use entrypass::web::dashboard::setup;
use libtest_mimic::Trial;
use serde_json::json;
use thirtyfour::Key;

use crate::browser_kit::{Tab, code_of_app, downloaded_pdf};
use crate::dashboard_kit::PASSWORD;
use crate::harness::browser::{Driver, Kind, PATIENCE, in_a_browser};
use crate::harness::sandboxed::Sandboxed;
use crate::harness::{Context, eventually, on_each_engine};

/// How many times somebody clicks, types or chooses from the sign-in page to a plain link's copied address, at most.
const MOST_ACTIONS: u32 = 8;

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    let mut trials = Vec::new();
    on_each_engine(
        &mut trials,
        "browser_dashboard",
        "a_new_operator_is_led_from_the_first_page_to_results",
        |context| Box::pin(walk(context, Kind::Laptop)),
    );
    on_each_engine(
        &mut trials,
        "browser_dashboard",
        "without_scripts_all_but_the_live_rows_is_the_same",
        |context| Box::pin(walk(context, Kind::WithoutScripts)),
    );
    in_a_browser(trials)
}

async fn walk(context: Context, kind: Kind) {
    let gateway = Sandboxed::start(&context).await;
    let mut driver = Driver::start().await;
    let walk = Walk {
        operator: Tab::open_at(&driver, kind, gateway.home()).await,
        visitor: Tab::open_at(&driver, Kind::Phone, gateway.home()).await,
        gateway: &gateway,
        driver: &driver,
    };
    walk.set_up().await;
    walk.sign_in_with_mistakes().await;
    walk.a_plain_link().await;
    walk.a_link_for_several().await;
    walk.a_link_without_limit().await;
    walk.results_arrive().await;
    walk.the_poster().await;
    walk.a_link_is_switched_off().await;
    walk.a_key_and_an_endpoint().await;
    if kind == Kind::Laptop {
        walk.a_link_by_keyboard_alone().await;
        walk.what_scripts_add().await;
        walk.operator.open("/admin/settings/endpoints").await;
    }
    walk.a_viewer_only_looks().await;
    walk.a_second_factor().await;
    walk.operator.has_no_complaints().await;
    walk.operator.close().await;
    walk.visitor.close().await;
    driver.stop().await;
    gateway.running.stop().await;
}

struct Walk<'a> {
    operator: Tab,
    visitor: Tab,
    gateway: &'a Sandboxed,
    driver: &'a Driver,
}

impl Walk<'_> {
    async fn set_up(&self) {
        let tab = &self.operator;
        let offered = setup::offer(&self.gateway.running.state).await;
        let address = offered.expect("a database").expect("nobody is there yet");
        tab.open(&address).await;
        tab.fill("name", "Ana").await;
        tab.fill("email", "ana@example.com").await;
        tab.fill("password", "short").await;
        tab.press("Make my account").await;
        tab.is_wrong("password", "Password").await;
        assert_eq!(tab.value("name").await, "Ana");
        assert_eq!(tab.value("password").await, "");
        tab.fill("password", PASSWORD).await;
        tab.press("Make my account").await;
        tab.sees("Welcome, Ana.").await;
        tab.sign_out().await;
        tab.open(&address).await;
        tab.sees("This set-up address is used or too old.").await;
    }

    async fn sign_in_with_mistakes(&self) {
        let tab = &self.operator;
        tab.sign_in("ana@example.com", "plum tractor always").await;
        tab.sees("Email or password is not right.").await;
        assert_eq!(tab.value("email").await, "ana@example.com");
        tab.fill("password", PASSWORD).await;
        tab.press("Sign in").await;
        tab.sees("Welcome to Entrypass").await;
    }

    /// As few steps as a person needs, from the sign-in page on.
    async fn a_plain_link(&self) {
        let tab = &self.operator;
        tab.sign_out().await;
        let before = tab.actions.get();
        tab.fill("email", "ana@example.com").await;
        tab.fill("password", PASSWORD).await;
        tab.press("Sign in").await;
        tab.press("Make a link").await;
        tab.fill("name", "For Bo").await;
        tab.press("Create the link").await;
        tab.sees("The link is ready.").await;
        tab.sees("1 left").await;
        let address = self.address().await;
        if tab.has_scripts {
            // The word stays, however long the machine takes to look.
            let keep = "const later = setTimeout; window.setTimeout = (what, ms) => ms === 2000 ? 0 : later(what, ms)";
            tab.run(keep).await;
            tab.press("Copy").await;
            tab.control("Copied").await;
            let actions = tab.actions.get() - before;
            assert!(actions <= MOST_ACTIONS, "{actions} actions");
            tab.open("/admin/links").await;
            tab.find("#q").await.click().await.expect("a field");
            tab.key(Key::Control + "v").await;
            assert_eq!(tab.value("q").await, address);
        }
    }

    /// The short address that the page shows.
    async fn address(&self) -> String {
        let address = self.operator.find(".big code").await;
        let address = address.text().await.expect("a text");
        assert!(address.starts_with(self.gateway.home()), "{address}");
        address
    }

    async fn a_link_for_several(&self) {
        let tab = &self.operator;
        tab.open("/admin/links").await;
        tab.press("New link").await;
        tab.fill("name", "Berlin fair").await;
        tab.choose("usage", "multi").await;
        tab.fill("usage.limit", "0").await;
        tab.fill("expires_at", &day("02012020", "0900A")).await;
        assert_eq!(tab.value("expires_at").await, "2020-02-01T09:00");
        tab.press("Create the link").await;
        tab.is_wrong("usage.limit", "Number of uses").await;
        tab.is_wrong("expires_at", "The end").await;
        tab.sees("2 fields need another look.").await;
        assert_eq!(tab.value("name").await, "Berlin fair");
        assert_eq!(tab.value("expires_at").await, "2020-02-01T09:00");
        tab.fill("usage.limit", "20").await;
        tab.fill("expires_at", &day("02012040", "0900A")).await;
        tab.press("Create the link").await;
        tab.sees("20 of 20 left").await;
        tab.sees("1 Feb 2040, 09:00").await;
    }

    async fn a_link_without_limit(&self) {
        let tab = &self.operator;
        tab.open("/admin/links/new").await;
        tab.fill("name", "Always <open>").await;
        tab.choose("usage", "unlimited").await;
        tab.choose("language", "de").await;
        tab.press_summary("More").await;
        tab.fill("slug", "admin").await;
        tab.press_summary("Who may pass").await;
        tab.choose("token.country", "DE").await;
        tab.choose("token.documents", "PASSPORT").await;
        tab.fill("token.ageLimit", "800").await;
        tab.press("Create the link").await;
        tab.is_wrong("slug", "Own address").await;
        tab.is_wrong("token.ageLimit", "Youngest age").await;
        assert_eq!(tab.value("language").await, "de");
        for (name, value) in [("token.country", "DE"), ("token.documents", "PASSPORT")] {
            let ticked = format!("[name='{name}'][value='{value}']:checked");
            tab.find(&ticked).await;
        }
        tab.fill("slug", "open-day").await;
        tab.fill("token.ageLimit", "18").await;
        tab.press("Create the link").await;
        tab.sees("no limit, 0 used").await;
        for told in [
            "Always <open>",
            "/open-day",
            "Germany",
            "Passport",
            "Deutsch",
        ] {
            tab.sees(told).await;
        }
    }

    async fn results_arrive(&self) {
        let (tab, visitor) = (&self.operator, &self.visitor);
        tab.open("/admin/links").await;
        tab.press("Berlin fair").await;
        tab.sees("No sessions yet").await;
        let address = self.address().await;
        visitor.open(&address).await;
        visitor.click("button").await;
        visitor.find("button[value=approve]").await;
        if tab.has_scripts {
            tab.sees("1 new session").await;
            tab.press("show").await;
            tab.sees("Under way").await;
            tab.run("window.isTheSamePage = true").await;
        }
        visitor.click("button[value=approve]").await;
        if tab.has_scripts {
            tab.find("tr[data-session] .badge.good").await;
            assert_eq!(tab.run("return window.isTheSamePage").await, true);
        }
        eventually(PATIENCE, "the page shows what came of it", async || {
            tab.open(&tab.path().await).await;
            tab.has("tr[data-session] .badge.good").await
        })
        .await;
        tab.sees("19 of 20 left").await;
        tab.click("tr[data-session] a").await;
        tab.sees("What happened").await;
        tab.sees("The identity is verified.").await;
        tab.press("Berlin fair").await;
    }

    async fn the_poster(&self) {
        let tab = &self.operator;
        tab.press("Poster (PDF)").await;
        assert!(downloaded_pdf(self.driver).await.starts_with(b"%PDF"));
    }

    async fn a_link_is_switched_off(&self) {
        let tab = &self.operator;
        let address = self.address().await;
        tab.press("Deactivate").await;
        tab.sees("Deactivate Berlin fair?").await;
        tab.press("Deactivate Berlin fair").await;
        tab.sees("Berlin fair is off now.").await;
        self.visitor.open(&address).await;
        self.visitor.sees("This link is no longer active").await;
    }

    async fn a_key_and_an_endpoint(&self) {
        let tab = &self.operator;
        for step in ["Settings", "API keys", "Make an API key", "Make the key"] {
            tab.press(step).await;
        }
        tab.is_wrong("name", "Name").await;
        tab.sees("What it may do is not chosen yet: tick at least one.")
            .await;
        tab.fill("name", "Shop").await;
        tab.choose("scopes", "read").await;
        tab.press("Make the key").await;
        tab.sees("it is not shown again").await;
        tab.press("I have kept it").await;
        tab.sees("Shop").await;

        tab.press("Result endpoints").await;
        tab.press("Add an endpoint").await;
        tab.fill("url", "shop.example.com").await;
        tab.press("Add").await;
        tab.is_wrong("url", "Address").await;
        assert_eq!(tab.value("url").await, "shop.example.com");
        tab.fill("url", "https://shop.example.com/hook").await;
        tab.choose("events", "link.expired").await;
        tab.press("Add").await;
        tab.sees("whsec_").await;
        tab.press("I have kept it").await;
        tab.sees("https://shop.example.com/hook").await;
    }

    async fn a_viewer_only_looks(&self) {
        let tab = &self.operator;
        tab.press("People and roles").await;
        tab.press("Add a person").await;
        tab.fill("name", "Vera").await;
        tab.fill("email", "vera@example.com").await;
        tab.choose("role", "viewer").await;
        tab.fill("password", PASSWORD).await;
        tab.press("Add").await;
        tab.sees("Vera").await;
        tab.sign_out().await;
        tab.sign_in("vera@example.com", PASSWORD).await;
        tab.press("Links").await;
        assert!(!tab.has_control("New link").await);
        tab.press("Berlin fair").await;
        tab.sees("QR code, poster, button").await;
        for forbidden in ["Create another like this", "Edit", "Activate", "Delete"] {
            assert!(!tab.has_control(forbidden).await, "{forbidden}");
        }
        let link = tab.path().await;
        for path in [
            "/admin/links/new",
            &format!("{link}/delete"),
            "/admin/settings/keys",
        ] {
            tab.open(path).await;
            tab.sees("You may not do this").await;
        }
        tab.press("To the dashboard").await;
        tab.press("Settings").await;
        tab.sees("Your account").await;
        assert!(!tab.has_control("API keys").await);
    }

    async fn a_second_factor(&self) {
        let tab = &self.operator;
        tab.press("Turn on").await;
        let key = tab.find(".copy code").await.text().await.expect("a text");
        tab.fill("code", "000000").await;
        tab.fill("current", PASSWORD).await;
        tab.press("Turn on").await;
        tab.is_wrong("code", "Code").await;
        let same = tab.find(".copy code").await.text().await.expect("a text");
        assert_eq!(same, key);
        tab.fill("code", &code_of_app(&key, self.gateway.clock.now()))
            .await;
        tab.fill("current", PASSWORD).await;
        tab.press("Turn on").await;
        tab.sees("The second factor is on.").await;
        let spare = tab.find(".codes code").await.text().await.expect("a text");
        tab.press("I have kept them").await;
        // That code is spent; the next one is taken half a minute early. And when the phone is lost, a code kept.
        let next = code_of_app(&key, self.gateway.clock.now().plus_millis(30_000));
        for right in [next, spare] {
            tab.sign_out().await;
            tab.sign_in("vera@example.com", PASSWORD).await;
            tab.fill("code", "000000").await;
            tab.press("Continue").await;
            tab.sees("not right").await;
            tab.fill("code", &right).await;
            tab.press("Continue").await;
            tab.sees("Today, and the last 30 days").await;
        }
    }

    /// Without a mouse: tabulator, arrows, letters and Enter.
    async fn a_link_by_keyboard_alone(&self) {
        let tab = &self.operator;
        tab.open("/admin/links").await;
        tab.tab_to("a[href='/admin/links/new']").await;
        tab.key(Key::Enter).await;
        tab.find("[name=name]:focus").await;
        tab.key("Made by hand").await;
        tab.tab_to("[name=usage]").await;
        tab.key(Key::Down).await;
        tab.tab_to("[name='usage.limit']").await;
        tab.key("5").await;
        tab.tab_to("details.more > summary").await;
        tab.key(Key::Enter).await;
        tab.tab_to("[name=slug]").await;
        tab.key("by-hand").await;
        tab.key(Key::Enter).await;
        tab.sees("5 of 5 left").await;
        tab.sees("/by-hand").await;
    }

    /// A choice found by typing, all rows ticked at once, and an address that the browser does not copy.
    async fn what_scripts_add(&self) {
        let tab = &self.operator;
        tab.open("/admin/links/new").await;
        tab.press_summary("More").await;
        tab.press_summary("Who may pass").await;
        tab.choose("token.country", "FR").await;
        let field = tab.find("[data-find]").await;
        field.send_keys("GÉRM" + Key::Enter).await.expect("a field");
        let shown = "return [...document.getElementsByName('token.country')].filter(box => box.checkVisibility()).map(box => box.value)";
        assert_eq!(tab.run(shown).await, json!(["FR", "DE"]));
        let told = "return document.querySelector('[data-told]').textContent";
        let told = tab.run(told).await;
        assert!(told.as_str().unwrap().starts_with("2 of "), "{told}");

        tab.open("/admin/links").await;
        let ticks = "const boxes = [...document.getElementsByName('id')], all = document.querySelector('[data-tick-all]');
                     return [boxes.length - boxes.filter(box => box.checked).length, all.checked, all.indeterminate]";
        assert_eq!(tab.run(ticks).await, json!([4, false, false]));
        tab.click("[data-tick-all]").await;
        assert_eq!(tab.run(ticks).await, json!([0, true, false]));
        tab.click("input[name=id]").await;
        assert_eq!(tab.run(ticks).await, json!([1, false, true]));

        tab.press("For Bo").await;
        tab.run("navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed'))")
            .await;
        tab.press("Copy").await;
        let address = self.address().await;
        eventually(PATIENCE, "the address is selected", async || {
            tab.run("return getSelection().toString()").await == address
        })
        .await;
    }
}

/// A day and a time as they are typed into a field for both: an American browser's, as the tests have them.
fn day(day: &str, time: &str) -> String {
    format!("{day}{}{time}", Key::Tab.value())
}
