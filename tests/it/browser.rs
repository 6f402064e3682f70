//! A visitor's walk in a real browser, phone-sized: what only a browser can tell. That the content security policy
//! lets the form's redirect through, that back and refresh do no harm, that no page scrolls sideways.

use entrypass::domain::id::LinkId;
use entrypass::share::button::Button;
use entrypass::web::button;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::time::Duration;
use thirtyfour::common::log::BrowserLogEntry;
use thirtyfour::prelude::*;

use crate::harness::browser::{Driver, Kind, PATIENCE, PHONE_WIDTH, in_a_browser};
use crate::harness::gateway::{path_of, text};
use crate::harness::sandboxed::Sandboxed;
use crate::harness::{Context, Engine, eventually, on_engine};
use crate::visitor_signed::address;

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    let mut trials = Vec::new();
    // What a browser makes of an answer is the same whichever engine is behind it.
    on_engine(
        &mut trials,
        Engine::Sqlite,
        "browser",
        "a_visitor_with_a_phone_is_led_through_every_page",
        |context| Box::pin(a_visitor_with_a_phone_is_led_through_every_page(context)),
    );
    in_a_browser(trials)
}

async fn a_visitor_with_a_phone_is_led_through_every_page(context: Context) {
    let gateway = Sandboxed::start(&context).await;
    let mut driver = Driver::start().await;
    let browser = driver.browser(Kind::Phone).await;
    let walked = browser
        .run_and_quit(|browser| async {
            let walk = Walk {
                browser,
                gateway: &gateway,
            };
            walk.a_direct_link().await?;
            walk.a_confirm_link().await?;
            walk.a_double_tap().await?;
            walk.a_dead_link().await?;
            walk.a_button_on_a_page().await?;
            walk.the_documentation().await
        })
        .await;
    driver.stop().await;
    gateway.running.stop().await;
    walked.expect("the browser does as it is told");
}

/// What the browser is led through.
struct Walk<'a> {
    browser: WebDriver,
    gateway: &'a Sandboxed,
}

impl Walk<'_> {
    async fn a_direct_link(&self) -> WebDriverResult<()> {
        let link = self.gateway.link(json!({"language": "lt"})).await;
        self.open(&path_of(&link)).await?;
        self.is_at_the_sandbox().await?;
        self.fits("the sandbox's page").await?;
        let there = self.browser.current_url().await?;
        self.browser.refresh().await?;
        assert_eq!(self.browser.current_url().await?, there);
        self.gateway.used_is(&link, 1).await;
        self.approve(&link).await
    }

    async fn a_confirm_link(&self) -> WebDriverResult<()> {
        let link = self.gateway.link(json!({"confirm": true})).await;
        self.open(&path_of(&link)).await?;
        self.fits("the confirm page").await?;
        self.browser.refresh().await?;
        assert_eq!(self.browser.find_all(By::Tag("button")).await?.len(), 1);
        self.gateway.used_is(&link, 0).await;
        self.press("button").await?;
        self.is_at_the_sandbox().await?;
        self.browser.refresh().await?;
        self.is_at_the_sandbox().await?;
        self.browser.back().await?;
        self.browser.refresh().await?;
        self.browser.forward().await?;
        self.is_at_the_sandbox().await?;
        self.gateway.used_is(&link, 1).await;
        self.approve(&link).await
    }

    async fn a_double_tap(&self) -> WebDriverResult<()> {
        let link = self.gateway.link(json!({"confirm": true})).await;
        self.open(&path_of(&link)).await?;
        let twice = "const form = document.forms[0]; form.submit(); form.submit();";
        self.browser.execute(twice, Vec::new()).await?;
        self.is_at_the_sandbox().await?;
        self.gateway.used_is(&link, 1).await;
        self.fits("the sandbox's page").await
    }

    async fn a_dead_link(&self) -> WebDriverResult<()> {
        let message = "Die Messe ist vorbei.\nSchreiben Sie uns: fair@example.com";
        let over =
            json!({"usage": {"type": "single"}, "language": "de", "inactive_message": message});
        let link = self.gateway.link(over).await;
        let click = self.gateway.client.click(text(&link["slug"])).await;
        assert_eq!(click.expect("an answer").status(), 302);
        self.open(&path_of(&link)).await?;
        let html = self.browser.find(By::Tag("html")).await?;
        assert_eq!(html.attr("lang").await?.as_deref(), Some("de"));
        let shown = self.browser.find(By::ClassName("message")).await?;
        assert_eq!(shown.text().await?, message);
        let log = self.log().await?;
        let told = |entry: &BrowserLogEntry| entry.message.contains("status of 410");
        assert!(log.iter().all(told), "{log:?}");
        self.fits("a dead link's page").await
    }

    async fn a_button_on_a_page(&self) -> WebDriverResult<()> {
        let link = self
            .gateway
            .link(json!({"accept_ref": true, "language": "lt"}))
            .await;
        let signed = self.gateway.link(json!({"signed": true})).await;
        let exp = self.gateway.clock.now().seconds() + 600;
        let query = format!("client_id=Jane%20Doe&ref=a%2Bb&exp={exp}");
        let state = &self.gateway.running.state;
        let id = LinkId::parse(text(&link["id"])).expect("an id");
        let kept = state.store.link(id).await.expect("a database");
        let button = button::of_link(state, &kept.expect("the link"));
        let of_signed = Button {
            url: format!("{}{}", state.public_url, address(&signed, &query)),
            takes_ref: false,
            ..button.clone()
        };
        let folder = tempfile::tempdir().expect("a folder");
        for (link, html, given) in [
            (&link, button.plain(), None),
            (&link, button.scripted(), Some("No. 4/2&c")),
            (&signed, of_signed.scripted(), Some("a+b")),
        ] {
            let page = folder.path().join("page.html");
            std::fs::write(&page, format!("<!DOCTYPE html><p>{html}</p>")).expect("a page");
            let address = format!("file://{}?ref=No.%204%2F2%26c", page.display());
            self.browser.goto(address).await?;
            let drawn = self
                .browser
                .query(By::Css("p > a"))
                .wait(PATIENCE, Duration::from_millis(50))
                .first()
                .await?;
            assert_eq!(drawn.text().await?, "Patvirtinti dabar");
            assert_eq!(drawn.attr("lang").await?.as_deref(), Some("lt"));
            let cookies = self.browser.execute("return document.cookie", Vec::new());
            assert_eq!(cookies.await?.json(), "");
            drawn.click().await?;
            self.is_at_the_sandbox().await?;
            assert_eq!(self.browser.windows().await?.len(), 1);
            let path = format!("/links/{}/sessions", text(&link["id"]));
            let session = self.gateway.client.all(&path).await.swap_remove(0);
            assert_eq!(session["via"], "button");
            assert_eq!(session["external_ref"].as_str(), given);
        }
        Ok(())
    }

    async fn the_documentation(&self) -> WebDriverResult<()> {
        self.open("/docs").await?;
        self.fits("the API's description").await
    }

    async fn open(&self, path: &str) -> WebDriverResult<()> {
        // By address, while the sandbox's pages are on `localhost`: as iDenfy, another site than the gateway's.
        let address = format!("http://{}{path}", self.gateway.running.address);
        self.browser.goto(address).await
    }

    /// Presses the first that `css` selects.
    async fn press(&self, css: &str) -> WebDriverResult<()> {
        let button = self.browser.find(By::Css(css)).await?;
        button.click().await
    }

    async fn is_at_the_sandbox(&self) -> WebDriverResult<()> {
        let approve = self.browser.query(By::Css("button[value=approve]"));
        approve
            .wait(PATIENCE, Duration::from_millis(50))
            .first()
            .await?;
        let address = self.browser.current_url().await?.to_string();
        let page = format!("{}/sandbox/", self.gateway.running.state.public_url);
        assert!(address.starts_with(&page), "{address}");
        Ok(())
    }

    /// Approves the session the browser shows; it becomes so here.
    async fn approve(&self, link: &Value) -> WebDriverResult<()> {
        self.press("button[value=approve]").await?;
        eventually(PATIENCE, "the session is approved", async || {
            let session = self.gateway.session_of(link).await;
            session["status"] == "approved" && session["final"] == true
        })
        .await;
        self.fits("the page after the verification").await
    }

    /// Nothing to scroll sideways to, and nothing that the browser complains of.
    async fn fits(&self, what: &str) -> WebDriverResult<()> {
        let script =
            "const page = document.documentElement; return [page.scrollWidth, page.clientWidth];";
        let widths = self.browser.execute(script, Vec::new()).await?;
        assert_eq!(widths.json(), &json!([PHONE_WIDTH, PHONE_WIDTH]), "{what}");
        let log = self.log().await?;
        assert!(log.is_empty(), "{what}: {log:?}");
        Ok(())
    }

    /// What the browser complained of since it was last asked.
    async fn log(&self) -> WebDriverResult<Vec<BrowserLogEntry>> {
        self.browser.browser_log().await
    }
}
