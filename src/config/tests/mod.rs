//! The settings from outside: what a start with these files, variables and flags gets.

mod layers;
mod values;
mod whole;

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Config, ConfigError};

/// Occurs in every secret value of these tests and must occur in no message.
const CANARY: &str = "canary-0123456789-0123456789-0123456789";

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn from_environment(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::load(None, variables(pairs), &[])
}

fn written(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("a temporary folder takes files");
    path
}

pub(super) fn layered(file: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let folder = TempDir::new().expect("a temporary folder");
    let file = written(&folder, "settings.toml", file);
    Config::load(Some(&file), variables(environment), &[])
}

fn from_file(text: &str) -> Result<Config, ConfigError> {
    layered(text, &[])
}

/// The message of a refusal, which is one line without a secret.
fn refusal(result: Result<Config, ConfigError>) -> String {
    let error = result.expect_err("these settings are refused");
    let message = error.to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(!message.contains("canary"), "{message}");
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    message
}

fn shown(config: &Config, path: &str) -> String {
    let rows = config.redacted();
    let row = rows.into_iter().find(|(known, _)| *known == path);
    row.unwrap_or_else(|| panic!("{path} is shown")).1
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are text")
}
