//! The house rules that a compiler does not keep: imports point one way, files stay readable.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use crate::harness::plain;

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    vec![
        plain("imports", "imports_point_one_way", imports_point_one_way),
        plain("imports", "a_violation_is_found", a_violation_is_found),
        plain(
            "imports",
            "no_source_file_is_too_long",
            no_source_file_is_too_long,
        ),
    ]
}

/// The most lines of a source file.
const LINES_MAX: usize = 350;

/// The parts of the crate, and which other parts each may import. Layers point downwards:
/// `cli -> app -> web -> {redeem, sweep, asking, erasing, openings, webhooks, share, messages} -> lookup -> {idenfy, store} -> domain`.
const ALLOWED: [(&str, &[&str]); 23] = [
    (
        "cli",
        &[
            "app", "web", "redeem", "sweep", "asking", "erasing", "openings", "webhooks", "share",
            "messages", "lookup", "idenfy", "store", "domain", LEAVES,
        ],
    ),
    (
        "app",
        &[
            "web", "redeem", "sweep", "asking", "erasing", "openings", "webhooks", "share",
            "messages", "lookup", "idenfy", "store", "oidc", "sandbox", "domain", LEAVES,
        ],
    ),
    (
        "web",
        &[
            "redeem", "sweep", "openings", "webhooks", "share", "messages", "lookup", "idenfy",
            "store", "oidc", "sandbox", "domain", LEAVES,
        ],
    ),
    ("redeem", &["lookup", "idenfy", "store", "domain", LEAVES]),
    ("asking", &["lookup", "idenfy", "store", "domain", LEAVES]),
    ("erasing", &["lookup", "idenfy", "store", "domain", LEAVES]),
    ("openings", &["store", "domain", LEAVES]),
    ("lookup", &["idenfy", "store", "domain", LEAVES]),
    ("sweep", &["idenfy", "store", "domain", LEAVES]),
    ("webhooks", &["idenfy", "store", "domain", LEAVES]),
    ("messages", &["store", "domain", LEAVES]),
    ("share", &["domain"]),
    ("idenfy", &["domain", LEAVES]),
    ("store", &["domain", LEAVES]),
    ("oidc", &["domain", LEAVES]),
    ("config", &["domain", "http"]),
    ("clock", &["domain", "http"]),
    ("i18n", &["domain"]),
    ("jitter", &[]),
    ("metrics", &["domain", "http"]),
    // The log's format is a setting; the settings do not know who logs.
    ("telemetry", &["config", "domain", "http"]),
    ("http", &["domain"]),
    ("domain", &[]),
    // `sandbox` is not here: it may import nothing of the crate.
];

/// Stands for `config`, `clock`, `http`, `i18n`, `jitter`, `metrics` and `telemetry`.
const LEAVES: &str = "leaves";

fn imports_point_one_way() {
    let source = root().join("src");
    let mut wrong = Vec::new();
    for file in rust_files(&source) {
        let path = file.strip_prefix(&source).expect("below src");
        let text = std::fs::read_to_string(&file).expect("text");
        for target in forbidden(part_of(path), &text) {
            wrong.push(format!("src/{} imports {target}", path.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "against the one-way rule:\n{}",
        wrong.join("\n")
    );
}

fn a_violation_is_found() {
    for (part, text, expected) in [
        ("store", "use crate::idenfy::Client;", "idenfy"),
        ("domain", "fn f() -> crate::store::Store {}", "store"),
        (
            "sandbox",
            "use crate::{\n    domain::id::LinkId,\n    http,\n};",
            "domain http",
        ),
        (
            "redeem",
            "use crate::{store::{Store, StoreError}, web};",
            "web",
        ),
        ("config", "pub(in crate::config) fn f() {}", ""),
        ("web", "pub(crate) use crate::store::{self, Store};\n", ""),
        (
            "store",
            "$crate::store::Engine::Sqlite; // the [sweep](crate::sweep)",
            "",
        ),
        ("novelty", "use crate::domain::id::LinkId;", "domain"),
    ] {
        let found: Vec<String> = forbidden(part, text).into_iter().collect();
        assert_eq!(found.join(" "), expected, "{part}: {text}");
    }
}

fn no_source_file_is_too_long() {
    let source = root().join("src");
    let mut long = Vec::new();
    for file in rust_files(&source) {
        let lines = std::fs::read_to_string(&file)
            .expect("text")
            .lines()
            .count();
        if lines > LINES_MAX {
            long.push(format!("{lines} {}", file.display()));
        }
    }
    assert!(
        long.is_empty(),
        "over {LINES_MAX} lines:\n{}",
        long.join("\n")
    );
}

/// The part of the crate that a file below src belongs to.
fn part_of(path: &Path) -> &str {
    let first = path.components().next().expect("a file").as_os_str();
    let first = first.to_str().expect("text");
    first.strip_suffix(".rs").unwrap_or(first)
}

/// What `text`, a file of `part`, names of the crate that it must not.
fn forbidden(part: &str, text: &str) -> BTreeSet<String> {
    let allowed = ALLOWED.iter().find(|(name, _)| *name == part);
    let allowed = allowed.map_or(&[][..], |(_, allowed)| allowed);
    let leaves = [
        "config",
        "clock",
        "http",
        "i18n",
        "jitter",
        "metrics",
        "telemetry",
    ];
    let is_leaf = |name: &str| leaves.contains(&name);
    named(text)
        .into_iter()
        .filter(|name| {
            name != part
                && !allowed.contains(&name.as_str())
                && !(is_leaf(name) && allowed.contains(&LEAVES))
        })
        .collect()
}

/// The parts of the crate that a file names, in `use` and in place, comments left out.
fn named(text: &str) -> BTreeSet<String> {
    let code: Vec<&str> = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect();
    let code = code.join("\n");
    let mut names = BTreeSet::new();
    for (at, start) in code.match_indices("crate::") {
        let rest = &code[at + start.len()..];
        match rest.strip_prefix('{') {
            Some(group) => names.extend(first_names(group)),
            None => names.extend(word(rest)),
        }
    }
    names
}

/// The first name of each entry of `{a::b, c::{d, e}}`, given what follows the first brace.
fn first_names(group: &str) -> Vec<String> {
    let (mut names, mut depth, mut entry) = (Vec::new(), 0_i32, String::new());
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.extend(word(std::mem::take(&mut entry).trim())),
            _ if depth == 0 => entry.push(letter),
            _ => {}
        }
    }
    names.extend(word(entry.trim()));
    names
}

fn word(text: &str) -> Option<String> {
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
