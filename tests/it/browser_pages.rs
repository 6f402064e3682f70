//! What is so of every page: axe-core finds no barrier, nothing is to be scrolled sideways to, and it is light. And
//! pictures of all of them, for eyes to judge: `tests/screenshots.sh`.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::browser_kit::Tab;
use crate::browser_tour::{Eyes, tour};
use crate::harness::browser::in_a_browser;
use crate::harness::{Context, Engine, on_engine};

/// The widths a page is looked at in, in CSS pixels: a laptop's, a tablet's, a phone's.
const WIDTHS: [u32; 3] = [1440, 768, 390];

/// How much of a long page is on its picture, in CSS pixels from the top.
const HIGHEST: u64 = 4000;

/// What a page may weigh with all that it loads before it is shown, compressed, in bytes. Pictures do not count.
const MOST_BYTES: i64 = 60_000;

/// Names the folder in which npm installed axe-core.
const AXE: &str = "ENTRYPASS_TEST_AXE";

/// Names the folder that pictures are put into.
const PICTURES: &str = "ENTRYPASS_SCREENSHOTS";

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    let mut trials = Vec::new();
    // Pages are the same whichever engine is behind them.
    let mut add = |name, test, needs| {
        let mut own = Vec::new();
        on_engine(&mut own, Engine::Sqlite, "browser_pages", name, test);
        let own = own.into_iter();
        trials.extend(own.map(|trial| trial.with_ignored_flag(folder(needs).is_none())));
    };
    add(
        "no_page_has_a_barrier_or_is_heavy",
        |context| Box::pin(no_page_has_a_barrier_or_is_heavy(context)),
        AXE,
    );
    add(
        "pictures_of_every_page",
        |context| Box::pin(pictures_of_every_page(context)),
        PICTURES,
    );
    in_a_browser(trials)
}

pub fn explain_what_is_left_out() {
    if folder(AXE).is_none() {
        eprintln!(
            "LEFT OUT: axe-core on every page, because {AXE} names no folder with it; tests/run.sh runs everything."
        );
    }
}

fn folder(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(name).filter(|folder| !folder.is_empty());
    folder.map(PathBuf::from)
}

async fn no_page_has_a_barrier_or_is_heavy(context: Context) {
    let script = folder(AXE).expect("ignored without it");
    let script = script.join("node_modules/axe-core/axe.min.js");
    let mut judge = Judge {
        axe: std::fs::read_to_string(script).expect("axe-core"),
        found: Vec::new(),
        heaviest: (0, String::new()),
    };
    tour(context, &mut judge).await;
    let (bytes, page) = judge.heaviest;
    eprintln!("the heaviest page is “{page}” with {bytes} bytes");
    assert!(judge.found.is_empty(), "{}", judge.found.join("\n"));
}

struct Judge {
    axe: String,
    /// What is wrong, a line each.
    found: Vec<String>,
    heaviest: (i64, String),
}

impl Eyes for Judge {
    async fn look(&mut self, tab: &Tab, name: &str) {
        let bytes = tab.run(WEIGHT).await.as_i64().expect("a number");
        self.heaviest = self.heaviest.clone().max((bytes, name.to_owned()));
        if bytes > MOST_BYTES {
            self.found.push(format!("{name}: {bytes} bytes"));
        }
        tab.run(&self.axe).await;
        for width in WIDTHS {
            set_width(tab, width).await;
            let beyond = tab.run(BEYOND).await;
            if beyond != json!([]) {
                self.found
                    .push(format!("{name}, {width}: beyond the edge {beyond}"));
            }
            // What is between a laptop and a phone is made of the parts of both.
            let schemes: &[&str] = match width {
                1440 | 390 => &["light", "dark"],
                _ => &[],
            };
            for scheme in schemes {
                set_scheme(tab, scheme).await;
                let run = tab.driver.execute_async(RUN_AXE, Vec::new()).await;
                let run = run.expect("axe-core runs").json().clone();
                for violation in run.as_array().expect("a list") {
                    self.found
                        .push(format!("{name}, {width}, {scheme}: {violation}"));
                }
            }
        }
        set_width(tab, WIDTHS[0]).await;
        set_scheme(tab, "light").await;
    }
}

async fn pictures_of_every_page(context: Context) {
    let folder = folder(PICTURES).expect("ignored without it");
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut camera = Camera { folder };
    tour(context, &mut camera).await;
}

struct Camera {
    folder: PathBuf,
}

impl Eyes for Camera {
    async fn look(&mut self, tab: &Tab, name: &str) {
        let hidden = json!({"hidden": true});
        tab.tell("Emulation.setScrollbarsHidden", hidden).await;
        for width in WIDTHS {
            set_width(tab, width).await;
            for scheme in ["light", "dark"] {
                set_scheme(tab, scheme).await;
                let name = format!("{}-{width}-{scheme}.png", name.replace([' ', ','], "-"));
                picture(tab, &self.folder.join(name)).await;
            }
        }
        set_width(tab, WIDTHS[0]).await;
        set_scheme(tab, "light").await;
    }
}

async fn picture(tab: &Tab, file: &Path) {
    // With its pictures, and twice drawn, so that what is drawn anew in another size or colour is there.
    let wait = "const done = arguments[0]; Promise.all([...document.images].map(image => image.decode().catch(() => {}))) \
        .then(() => requestAnimationFrame(() => requestAnimationFrame(() => done())));";
    let waited = tab.driver.execute_async(wait, Vec::new()).await;
    waited.expect("a page");
    let size = tab
        .run("const page = document.documentElement; return [page.clientWidth, page.scrollHeight]")
        .await;
    let height = size[1].as_u64().expect("a number").min(HIGHEST);
    let clip = json!({"x": 0, "y": 0, "width": size[0], "height": height, "scale": 1});
    let taken = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
    let taken = tab.tell("Page.captureScreenshot", taken).await;
    let bytes = STANDARD.decode(taken["data"].as_str().expect("a picture"));
    std::fs::write(file, bytes.expect("base 64")).expect("a file");
}

async fn set_width(tab: &Tab, width: u32) {
    let height = if width < 500 { 844 } else { 900 };
    let screen =
        json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
    tab.tell("Emulation.setDeviceMetricsOverride", screen).await;
}

async fn set_scheme(tab: &Tab, scheme: &str) {
    let features: Value = json!([{"name": "prefers-color-scheme", "value": scheme}]);
    tab.tell("Emulation.setEmulatedMedia", json!({"features": features}))
        .await;
}

/// The compressed bytes of the page, its styles and its scripts.
const WEIGHT: &str = "return performance.getEntries().filter(entry => entry.entryType === 'navigation' \
    || ['link', 'script', 'css'].includes(entry.initiatorType) && !entry.name.endsWith('.svg')) \
    .reduce((sum, entry) => sum + entry.encodedBodySize, 0)";

/// Whatever makes the page wider than its window.
const BEYOND: &str = "const edge = document.documentElement.clientWidth; \
    return document.documentElement.scrollWidth <= edge ? [] : [...document.querySelectorAll('body *')] \
    .filter(element => element.getBoundingClientRect().right > edge + 1).slice(0, 5).map(element => element.outerHTML.slice(0, 120))";

/// Runs axe-core with all its rules for WCAG 2.2 AA and good practice; answers what is wrong, in short.
const RUN_AXE: &str = "const done = arguments[0]; axe.run(document, {resultTypes: ['violations'], rules: {'target-size': {enabled: true}}}) \
    .then(({ violations }) => done(violations.map(({ id, help, nodes }) => \
      `${id} (${help}): ${nodes.slice(0, 3).map(node => node.target.join(' ') + ' ' + node.html.slice(0, 150) + ' ' + (node.any[0]?.message ?? '')).join(' | ')}`)))";
