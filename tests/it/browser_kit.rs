//! A person at a real browser, as the walks through the dashboard have it.

use std::cell::Cell;
use std::time::Duration;

use entrypass::domain::timestamp::Timestamp;
use serde_json::{Value, json};
use thirtyfour::prelude::*;

use crate::harness::browser::{Driver, Kind, PATIENCE};
use crate::harness::eventually;

/// How often it is looked whether a page is there.
const LOOK: Duration = Duration::from_millis(50);

/// A browser with one window, and the gateway it is pointed at.
pub struct Tab {
    pub driver: WebDriver,
    pub has_scripts: bool,
    /// How often something was clicked, typed or chosen.
    pub actions: Cell<u32>,
    home: String,
}

impl Tab {
    pub async fn open_at(driver: &Driver, kind: Kind, home: &str) -> Self {
        Self {
            driver: driver.browser(kind).await,
            has_scripts: kind != Kind::WithoutScripts,
            actions: Cell::new(0),
            home: home.to_owned(),
        }
    }

    pub async fn close(self) {
        self.driver.quit().await.expect("the browser ends");
    }

    /// Opens a page by its path, or another by its address.
    pub async fn open(&self, path: &str) {
        let address = if path.starts_with('/') {
            format!("{}{path}", self.home)
        } else {
            path.to_owned()
        };
        self.driver.goto(address).await.expect("the page opens");
    }

    /// Path and query of where it is.
    pub async fn path(&self) -> String {
        let at = self.driver.current_url().await.expect("an address");
        at.as_str().replace(&self.home, "")
    }

    /// What `css` selects and a person sees; waited for.
    pub async fn find(&self, css: &str) -> WebElement {
        self.wait_for(By::Css(css), css).await
    }

    /// The link or button that says this and nothing else.
    pub async fn control(&self, text: &str) -> WebElement {
        let says = format!("normalize-space()='{text}'");
        let path = format!("//a[{says}] | //button[{says}]");
        self.wait_for(By::XPath(path), text).await
    }

    pub async fn has_control(&self, text: &str) -> bool {
        let says = format!("normalize-space()='{text}'");
        let path = By::XPath(format!("//a[{says}] | //button[{says}]"));
        !self.driver.find_all(path).await.expect("a page").is_empty()
    }

    /// Whether there is now what `css` selects.
    pub async fn has(&self, css: &str) -> bool {
        let found = self.driver.find_all(By::Css(css)).await;
        !found.expect("a page").is_empty()
    }

    /// Presses the link or button that says this.
    pub async fn press(&self, text: &str) {
        let control = self.control(text).await;
        self.acts();
        control
            .click()
            .await
            .unwrap_or_else(|e| panic!("{text}: {e}"));
    }

    /// Opens or closes the part of the page whose heading says this.
    pub async fn press_summary(&self, heading: &str) {
        let path = format!("//summary[*[normalize-space()='{heading}']]");
        let summary = self.wait_for(By::XPath(path), heading).await;
        self.acts();
        summary
            .click()
            .await
            .unwrap_or_else(|e| panic!("{heading}: {e}"));
    }

    /// Presses the first that `css` selects.
    pub async fn click(&self, css: &str) {
        let found = self.find(css).await;
        self.acts();
        found.click().await.unwrap_or_else(|e| panic!("{css}: {e}"));
    }

    /// Types into the field of that name, in the place of what is there.
    pub async fn fill(&self, name: &str, text: &str) {
        let field = self.find(&format!("main [name='{name}']")).await;
        self.acts();
        field.clear().await.expect("a field");
        field.send_keys(text).await.expect("a field");
    }

    /// Chooses a value: a radio button, a box to tick, or an option of a list.
    pub async fn choose(&self, name: &str, value: &str) {
        self.click(&format!(
            "main input[name='{name}'][value='{value}'], main select[name='{name}'] option[value='{value}']"
        ))
        .await;
    }

    /// What the field of that name holds.
    pub async fn value(&self, name: &str) -> String {
        let field = self.find(&format!("main [name='{name}']")).await;
        field.value().await.expect("a field").unwrap_or_default()
    }

    /// The field of that name is marked as wrong, and this sentence is tied to it.
    pub async fn is_wrong(&self, name: &str, sentence: &str) {
        let told = self.find(&format!("main [id='{name}-wrong']")).await;
        let text = told.text().await.expect("a text");
        assert!(text.contains(sentence), "{name}: {text}");
        let field =
            format!("main [name='{name}'][aria-invalid='true'][aria-describedby~='{name}-wrong']");
        self.find(&field).await;
    }

    /// Waits until the page says this.
    pub async fn sees(&self, text: &str) {
        let mut seen = String::new();
        let end = std::time::Instant::now() + PATIENCE;
        while !seen.contains(text) {
            assert!(std::time::Instant::now() < end, "no “{text}” in: {seen}");
            tokio::time::sleep(LOOK).await;
            seen = self.text().await;
        }
    }

    /// What the page says now.
    pub async fn text(&self) -> String {
        // A page may be left between the two steps.
        let Ok(page) = self.driver.find(By::Tag("body")).await else {
            return String::new();
        };
        page.text().await.unwrap_or_default()
    }

    /// Signs in, from wherever.
    pub async fn sign_in(&self, email: &str, password: &str) {
        self.open("/admin/login").await;
        self.fill("email", email).await;
        self.fill("password", password).await;
        self.press("Sign in").await;
    }

    pub async fn sign_out(&self) {
        self.click("details.menu summary").await;
        self.press("Sign out").await;
        self.sees("Sign in").await;
    }

    /// Presses a key, where the keyboard is.
    pub async fn key(&self, keys: impl Into<TypingData>) {
        let focused = self.driver.active_element().await.expect("a page");
        focused.send_keys(keys).await.expect("a keyboard");
    }

    /// Goes on by the tabulator until what `css` selects has the keyboard.
    pub async fn tab_to(&self, css: &str) {
        for _ in 0..80 {
            self.key(Key::Tab).await;
            let focused = self.driver.active_element().await.expect("a page");
            let is_there = "return arguments[0].matches(arguments[1])";
            let is_there = self
                .driver
                .execute(is_there, vec![focused.to_json().unwrap(), json!(css)])
                .await
                .expect("a page");
            if is_there.json() == &json!(true) {
                return;
            }
        }
        panic!("the keyboard does not get to {css}");
    }

    /// Runs a script, whatever the page's policy says.
    pub async fn run(&self, script: &str) -> Value {
        let answer = self.driver.execute(script, Vec::new()).await;
        answer.expect("a page").json().clone()
    }

    /// Tells the browser what only its developers' tools can.
    pub async fn tell(&self, method: &str, parameters: Value) -> Value {
        let answer = self.driver.cdp().send_raw(method, parameters).await;
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Nothing that the browser complains of since it was last asked, but for pages that are refused on purpose.
    pub async fn has_no_complaints(&self) {
        let log = self.driver.browser_log().await.expect("a log");
        let mut complaints = log.iter().map(|entry| &entry.message);
        let is_refused = |told: &&String| told.contains("the server responded with a status of 4");
        assert!(complaints.all(|told| is_refused(&told)), "{log:?}");
    }

    async fn wait_for(&self, by: By, what: &str) -> WebElement {
        let query = self.driver.query(by).wait(PATIENCE, LOOK).and_displayed();
        let found = query.first().await;
        let Ok(element) = found else {
            let text: String = self.text().await.chars().take(1000).collect();
            panic!("no {what} at {}: {text}", self.path().await)
        };
        element
    }

    fn acts(&self) {
        self.actions.set(self.actions.get() + 1);
    }
}

/// The newest PDF that was downloaded, once it is whole.
pub async fn downloaded_pdf(driver: &Driver) -> Vec<u8> {
    let mut bytes = Vec::new();
    eventually(PATIENCE, "the poster is downloaded", async || {
        let Ok(files) = std::fs::read_dir(driver.downloads()) else {
            return false;
        };
        let mut files = files.map(|file| file.expect("a file").path());
        let pdf = files.find(|path| path.extension().is_some_and(|kind| kind == "pdf"));
        bytes = pdf.map_or_else(Vec::new, |path| std::fs::read(path).expect("a file"));
        bytes.trim_ascii_end().ends_with(b"%%EOF")
    })
    .await;
    bytes
}

/// What an app shows at that time for the key it was given.
pub fn code_of_app(key: &str, at: Timestamp) -> String {
    let secret = totp_rs::Secret::try_from_base32(key.replace(' ', "")).expect("a key");
    let totp = totp_rs::Builder::new()
        .with_secret(secret)
        .build()
        .expect("plain");
    let seconds = u64::try_from(at.seconds()).expect("after 1970");
    totp.generate(seconds).to_string()
}
