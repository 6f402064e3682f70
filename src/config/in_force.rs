//! The settings in force as a person reads them: what each means, its value without secrets, and who set it.

use super::Config;
use super::error::Origin;
use super::schema::{DEFAULTS, SECRETS};

/// A setting in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// The key's full path.
    pub path: &'static str,
    /// What it is for, as `config.toml` has it.
    pub about: String,
    /// The value, as [`Config::redacted`] shows it; empty where nothing is set.
    pub value: String,
    /// Whether the value is never shown.
    pub is_secret: bool,
    /// Which layer set it.
    pub origin: Origin,
}

impl InForce {
    /// The section, which is the path's first part.
    #[must_use]
    pub fn section(&self) -> &'static str {
        self.path.split('.').next().unwrap_or_default()
    }

    /// The environment variable that sets it.
    #[must_use]
    pub fn variable(&self) -> String {
        let name = self.path.replacen('.', "__", 1).to_ascii_uppercase();
        format!("{}{name}", super::schema::PREFIX)
    }
}

impl Config {
    /// Every setting in force, in the order of `config.toml`.
    #[must_use]
    pub fn in_force(&self) -> Vec<InForce> {
        let about = |path: &str| {
            let found = comments().into_iter().find(|(known, _)| known == path);
            found.map(|(_, about)| about).unwrap_or_default()
        };
        let origin = |path: &str| {
            let found = self.origins.iter().find(|(known, _)| known == path);
            found.map_or(Origin::Default, |(_, origin)| origin.clone())
        };
        let settings = self.redacted().into_iter();
        let settings = settings.map(|(path, value)| InForce {
            path,
            about: about(path),
            value,
            is_secret: SECRETS.contains(&path),
            origin: origin(path),
        });
        settings.collect()
    }
}

/// The comment above each key of the shipped `config.toml`, in one line, by full path.
fn comments() -> Vec<(String, String)> {
    let (mut section, mut above) = ("", Vec::new());
    let mut found = Vec::new();
    for line in DEFAULTS.lines() {
        if let Some(comment) = line.strip_prefix('#') {
            above.push(comment.trim().trim_start_matches("(secret) "));
        } else if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
            above.clear();
        } else if let Some((key, _)) = line.split_once('=') {
            found.push((format!("{section}.{}", key.trim()), above.join(" ")));
            above.clear();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::layered;

    #[test]
    fn every_setting_says_what_it_is_for_and_who_set_it_and_no_secret_is_told() {
        let env = [("ENTRYPASS_IDENFY__API_KEY", "very-secret-key")];
        let config = layered("[retention]\ndays = 30\n", &env).unwrap();
        let settings = config.in_force();
        assert_eq!(settings.len(), comments().len());
        for setting in &settings {
            assert!(setting.about.len() > 10, "{}", setting.path);
            assert!(!setting.about.contains('#') && !setting.about.contains("(secret)"));
            assert!(!format!("{setting:?}").contains("very-secret"));
        }
        let find = |path| settings.iter().find(|s| s.path == path).unwrap();
        let days = find("retention.days");
        assert!(matches!(days.origin, Origin::File(_)));
        assert_eq!((days.value.as_str(), days.section()), ("30", "retention"));
        assert_eq!(days.variable(), "ENTRYPASS_RETENTION__DAYS");
        let key = find("idenfy.api_key");
        assert_eq!((key.value.as_str(), key.is_secret), ("***", true));
        assert_eq!(
            key.origin,
            Origin::Environment("ENTRYPASS_IDENFY__API_KEY".into())
        );
        assert_eq!(find("server.listen").origin, Origin::Default);
    }
}
