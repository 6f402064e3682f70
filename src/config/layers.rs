//! The layers merged into one table: full path to the value that won.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Value;

use super::error::{ConfigError, Origin};
use super::schema::{DEFAULTS, Kind, PREFIX, misfit, secret_of_twin};

/// Every key of the schema with the value that won.
pub(super) struct Settings(BTreeMap<String, Setting>);

struct Setting {
    given: Given,
    origin: Origin,
}

enum Given {
    /// Of the type that the schema has.
    Value(Value),
    /// Read only if no higher layer sets the secret.
    SecretFile(PathBuf),
}

/// One layer: full path to value and origin.
type Layer = BTreeMap<String, (Value, Origin)>;

impl Settings {
    pub(super) fn defaults() -> Self {
        let table: toml::Table = DEFAULTS
            .parse()
            .expect("the compiled-in config.toml is TOML");
        let mut settings = BTreeMap::new();
        for (section, keys) in table {
            let Value::Table(keys) = keys else { continue };
            for (key, value) in keys {
                let setting = Setting {
                    given: Given::Value(value),
                    origin: Origin::Default,
                };
                settings.insert(format!("{section}.{key}"), setting);
            }
        }
        Self(settings)
    }

    pub(super) fn merge_file(&mut self, file: &Path) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|reason| ConfigError::File {
            file: file.to_owned(),
            reason,
        })?;
        let table: toml::Table = text
            .parse()
            .map_err(|error| self.syntax_error(file, &text, &error))?;
        let origin = Origin::File(file.to_owned());
        let mut layer = Layer::new();
        for (section, keys) in table {
            let prefix = format!("{section}.");
            if !self.0.keys().any(|path| path.starts_with(&prefix)) {
                return Err(unknown(&section, origin));
            }
            let Value::Table(keys) = keys else {
                return Err(bad(section, "a table", origin));
            };
            for (key, value) in keys {
                let path = format!("{prefix}{key}");
                // What stands in the shipped file sets nothing: one of whose keys some were changed behaves like one
                // that has those alone.
                if !self.is_given(&path, &value) {
                    layer.insert(path, (value, origin.clone()));
                }
            }
        }
        self.merge(&layer)
    }

    /// Whether that is the value already.
    fn is_given(&self, path: &str, value: &Value) -> bool {
        let given = self.0.get(path).map(|setting| &setting.given);
        matches!(given, Some(Given::Value(given)) if given == value)
    }

    /// Names without `__` are not ours: Kubernetes makes `ENTRYPASS_PORT` and the like for a service of this name.
    pub(super) fn merge_environment(
        &mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), ConfigError> {
        let mut layer = Layer::new();
        for (name, text) in variables {
            let Some(rest) = name.strip_prefix(PREFIX).filter(|_| name.contains("__")) else {
                continue;
            };
            let path = rest.replacen("__", ".", 1).to_ascii_lowercase();
            let origin = Origin::Environment(name);
            let value = self.typed(&path, text, &origin)?;
            layer.insert(path, (value, origin));
        }
        self.merge(&layer)
    }

    pub(super) fn merge_flags(&mut self, flags: &[(&str, Value)]) -> Result<(), ConfigError> {
        let entry =
            |(path, value): &(&str, Value)| ((*path).to_owned(), (value.clone(), Origin::Flag));
        self.merge(&flags.iter().map(entry).collect())
    }

    /// A secret comes just before its twin in the layer's order, so the twin of an empty one replaces it.
    fn merge(&mut self, layer: &Layer) -> Result<(), ConfigError> {
        for (path, (value, origin)) in layer {
            let (path, origin) = (path.as_str(), origin.clone());
            if let Some(setting) = self.0.get_mut(path) {
                if let Some(expected) = misfit(setting.given.kind(), value) {
                    return Err(bad(path, expected, origin));
                }
                *setting = Setting {
                    given: Given::Value(value.clone()),
                    origin,
                };
                continue;
            }
            let Some(secret) = secret_of_twin(path) else {
                return Err(unknown(path, origin));
            };
            if let Some(expected) = misfit(Kind::Text, value) {
                return Err(bad(path, expected, origin));
            }
            let file = value.as_str().unwrap_or_default();
            if file.is_empty() {
                continue;
            }
            if layer
                .get(secret)
                .is_some_and(|(plain, _)| plain.as_str() != Some(""))
            {
                return Err(ConfigError::Twins {
                    path: secret.to_owned(),
                    origin,
                });
            }
            let given = Given::SecretFile(PathBuf::from(file));
            self.0.insert(secret.to_owned(), Setting { given, origin });
        }
        Ok(())
    }

    /// The text of a variable as the type that the schema has for its key.
    fn typed(&self, path: &str, text: String, origin: &Origin) -> Result<Value, ConfigError> {
        let kind = match self.0.get(path) {
            Some(setting) => setting.given.kind(),
            None if secret_of_twin(path).is_some() => Kind::Text,
            None => return Err(unknown(path, origin.clone())),
        };
        let trimmed = text.trim();
        let value = match kind {
            Kind::Text => Some(Value::String(text)),
            Kind::Integer => trimmed.parse().ok().map(Value::Integer),
            Kind::Boolean => trimmed.parse().ok().map(Value::Boolean),
            Kind::List => {
                let entries = text
                    .split(',')
                    .map(str::trim)
                    .filter(|entry| !entry.is_empty());
                Some(Value::Array(entries.map(Value::from).collect()))
            }
        };
        value.ok_or_else(|| bad(path, kind.expected(), origin.clone()))
    }

    /// Shows neither the line nor anything from it but the name of a key that exists.
    fn syntax_error(&self, file: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
        let start = error.span().map_or(0, |span| span.start);
        let line = text
            .bytes()
            .take(start)
            .filter(|byte| *byte == b'\n')
            .count();
        let section = text.lines().take(line).filter_map(|line| {
            line.trim()
                .strip_prefix('[')
                .and_then(|line| line.strip_suffix(']'))
        });
        let key = text.lines().nth(line).and_then(|line| line.split_once('='));
        let path = section
            .last()
            .zip(key)
            .map(|(section, (key, _))| format!("{}.{}", section.trim(), key.trim()));
        ConfigError::Syntax {
            path: path.filter(|path| self.0.contains_key(path)),
            file: file.to_owned(),
            line: line + 1,
            reason: error.message().lines().collect::<Vec<_>>().join(" "),
        }
    }

    /// Which layer set each key.
    pub(super) fn origins(&self) -> Vec<(String, Origin)> {
        let settings = self.0.iter();
        let origins = settings.map(|(path, setting)| (path.clone(), setting.origin.clone()));
        origins.collect()
    }

    /// Whether no layer sets `path`.
    pub(super) fn is_default(&self, path: &str) -> bool {
        self.setting(path).origin == Origin::Default
    }

    /// A text, from its file where it is a secret's twin that won.
    pub(super) fn text(&self, path: &str) -> Result<String, ConfigError> {
        let setting = self.setting(path);
        match &setting.given {
            Given::Value(value) => Ok(value.as_str().expect(TYPED).to_owned()),
            Given::SecretFile(file) => {
                let text = std::fs::read_to_string(file).map_err(|reason| {
                    let (path, file) = (path.to_owned(), file.clone());
                    ConfigError::SecretFile {
                        path,
                        file,
                        reason,
                        origin: setting.origin.clone(),
                    }
                })?;
                let text = text.trim_end_matches(['\r', '\n']);
                if text.contains(char::is_control) {
                    return Err(self.bad(path, "a file with one line of text"));
                }
                Ok(text.to_owned())
            }
        }
    }

    pub(super) fn integer(&self, path: &str) -> i64 {
        self.value(path).and_then(Value::as_integer).expect(TYPED)
    }

    pub(super) fn boolean(&self, path: &str) -> bool {
        self.value(path).and_then(Value::as_bool).expect(TYPED)
    }

    pub(super) fn list(&self, path: &str) -> impl Iterator<Item = &str> {
        let entries = self.value(path).and_then(Value::as_array).expect(TYPED);
        entries.iter().map(|entry| entry.as_str().expect(TYPED))
    }

    /// The error for a value of `path` that is not as `expected`.
    pub(super) fn bad(&self, path: &str, expected: impl Into<String>) -> ConfigError {
        bad(path, expected, self.setting(path).origin.clone())
    }

    fn value(&self, path: &str) -> Option<&Value> {
        match &self.setting(path).given {
            Given::Value(value) => Some(value),
            Given::SecretFile(_) => None,
        }
    }

    fn setting(&self, path: &str) -> &Setting {
        self.0.get(path).expect("config.toml lists every key")
    }
}

const TYPED: &str = "the value's type was checked when its layer was merged";

impl Given {
    fn kind(&self) -> Kind {
        match self {
            Self::Value(value) => Kind::of(value),
            Self::SecretFile(_) => Kind::Text,
        }
    }
}

fn bad(path: impl Into<String>, expected: impl Into<String>, origin: Origin) -> ConfigError {
    ConfigError::Bad {
        path: path.into(),
        expected: expected.into(),
        origin,
    }
}

/// The name is the operator's own text, so it is escaped to stay in one line.
fn unknown(path: &str, origin: Origin) -> ConfigError {
    ConfigError::Unknown {
        path: path.escape_debug().to_string(),
        origin,
    }
}
