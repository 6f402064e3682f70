//! Real browsers. `ENTRYPASS_TEST_CHROMEDRIVER` and `ENTRYPASS_TEST_CHROMIUM` name the programs, as `tests/run.sh` sets
//! them; without them the tests that need one are listed as ignored, never as passed.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::json;
use thirtyfour::LoggingPrefsLogLevel;
use thirtyfour::prelude::*;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

use super::gateway::PHONE;

/// How long anything in a browser may take: one on a busy machine is slow.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// The width of a phone's screen, in CSS pixels.
pub const PHONE_WIDTH: u64 = 390;

/// Whose browser it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A visitor's, on a phone.
    Phone,
    /// An operator's, on a laptop.
    Laptop,
    /// An operator's who runs no scripts.
    WithoutScripts,
}

/// A driver in a process of its own, with a folder for its browsers.
pub struct Driver {
    child: Child,
    /// Held open: what it prints later must find a reader.
    _out: BufReader<ChildStdout>,
    address: String,
    chromium: String,
    folder: tempfile::TempDir,
    started: AtomicU32,
}

impl Driver {
    pub async fn start() -> Self {
        let (driver, chromium) = programs().expect("ignored without them");
        let mut child = Command::new(driver)
            .arg("--port=0")
            // Whose browsers are American, wherever it runs: in what order a day is typed depends on it.
            .env("LANGUAGE", "en_US")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the driver starts");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let port = tokio::time::timeout(PATIENCE, port_told(&mut out));
        let port = port.await.expect("the driver tells its port");
        Self {
            child,
            _out: out,
            address: format!("http://127.0.0.1:{port}"),
            chromium,
            folder: tempfile::tempdir().expect("a folder"),
            started: AtomicU32::new(0),
        }
    }

    /// A fresh browser, which shares nothing with the others.
    pub async fn browser(&self, kind: Kind) -> WebDriver {
        let mut wanted = DesiredCapabilities::chrome();
        self.describe(&mut wanted, kind).expect("plain values");
        let address = self.address.parse().expect("an address");
        let client = entrypass::http::client_builder(&address)
            .timeout(PATIENCE)
            .build();
        WebDriver::builder(&self.address, wanted)
            .client(client.expect("a client"))
            .await
            .expect("a browser")
    }

    /// Where its browsers put what they download.
    pub fn downloads(&self) -> PathBuf {
        self.folder.path().join("downloads")
    }

    fn describe(
        &self,
        wanted: &mut thirtyfour::ChromeCapabilities,
        kind: Kind,
    ) -> WebDriverResult<()> {
        let n = self.started.fetch_add(1, Ordering::Relaxed);
        let own = self.folder.path().join(n.to_string());
        wanted.set_binary(&self.chromium)?;
        for argument in [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1440,900",
            &format!("--user-data-dir={}", own.display()),
        ] {
            wanted.add_arg(argument)?;
        }
        if kind == Kind::Phone {
            // A window cannot be made that small, a screen can.
            let screen =
                json!({"width": PHONE_WIDTH, "height": 844, "pixelRatio": 3.0, "touch": true});
            wanted.add_experimental_option(
                "mobileEmulation",
                json!({"deviceMetrics": screen, "userAgent": PHONE}),
            )?;
        }
        let mut preferences = json!({
            "download.default_directory": self.downloads(),
            "download.prompt_for_download": false,
            // Otherwise it asks over the page whether to keep what was typed.
            "credentials_enable_service": false,
        });
        if kind == Kind::WithoutScripts {
            preferences["profile.managed_default_content_settings.javascript"] = json!(2);
        }
        wanted.add_experimental_option("prefs", preferences)?;
        wanted.set_browser_log_level(LoggingPrefsLogLevel::Warning)
    }

    pub async fn stop(&mut self) {
        self.child.kill().await.expect("a child");
    }
}

/// The trials of an area that needs a browser: ignored where there is none.
pub fn in_a_browser(trials: Vec<Trial>) -> Vec<Trial> {
    let left_out = programs().is_none();
    let trials = trials.into_iter().map(|trial| {
        let ignored = left_out || trial.has_ignored_flag();
        trial.with_ignored_flag(ignored)
    });
    trials.collect()
}

pub fn explain_what_is_left_out() {
    if programs().is_none() {
        eprintln!(
            "LEFT OUT: all tests in a browser, because ENTRYPASS_TEST_CHROMEDRIVER and \
             ENTRYPASS_TEST_CHROMIUM do not name its programs; tests/run.sh runs everything."
        );
    }
}

/// The driver and the browser, where both are named.
fn programs() -> Option<(String, String)> {
    let named = |name| std::env::var(name).ok().filter(|path| !path.is_empty());
    let driver = named("ENTRYPASS_TEST_CHROMEDRIVER")?;
    Some((driver, named("ENTRYPASS_TEST_CHROMIUM")?))
}

/// Reads what a driver prints until it tells the port it was given.
async fn port_told(out: &mut (impl AsyncBufReadExt + Unpin)) -> u16 {
    let mut line = String::new();
    loop {
        line.clear();
        let read = out.read_line(&mut line).await.expect("a pipe");
        assert!(read > 0, "the driver ended");
        let told = line.split_once("on port ").map(|(_, port)| port);
        let port = told.and_then(|port| port.trim().trim_end_matches('.').parse().ok());
        if let Some(port @ 1..) = port {
            return port;
        }
    }
}
