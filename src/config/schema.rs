//! What the compiled `config.toml` lays down: it is the lowest layer, and the schema that says which keys
//! there are and of which type.

use toml::Value;

/// The shipped `config.toml`.
pub(super) const DEFAULTS: &str = include_str!("../../config.toml");

/// What starts the name of every environment variable of ours.
pub(super) const PREFIX: &str = "ENTRYPASS_";

/// The keys that are never shown and that have a `_file` twin.
pub(super) const SECRETS: [&str; 9] = [
    "server.secret",
    "database.url",
    "idenfy.api_key",
    "idenfy.api_secret",
    "idenfy.webhook_key",
    "email.smtp_url",
    "sms.account_sid",
    "sms.auth_token",
    "oidc.client_secret",
];

/// The types that settings have.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Integer,
    Boolean,
    List,
}

impl Kind {
    /// The type of a value of the schema.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Integer(_) => Self::Integer,
            Value::Boolean(_) => Self::Boolean,
            Value::Array(_) => Self::List,
            _ => Self::Text,
        }
    }

    /// In words.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Text => "a text in one line",
            Self::Integer => "a whole number",
            Self::Boolean => "true or false",
            Self::List => "a list of texts",
        }
    }
}

/// What was expected, where `value` is not of this kind.
pub(super) fn misfit(kind: Kind, value: &Value) -> Option<&'static str> {
    let text = |value: &Value| {
        value
            .as_str()
            .is_some_and(|text| !text.contains(char::is_control))
    };
    let fits = match kind {
        Kind::Text => text(value),
        Kind::Integer => value.is_integer(),
        Kind::Boolean => value.is_bool(),
        Kind::List => value
            .as_array()
            .is_some_and(|entries| entries.iter().all(text)),
    };
    (!fits).then(|| kind.expected())
}

/// The secret whose twin `path` is.
pub(super) fn secret_of_twin(path: &str) -> Option<&str> {
    path.strip_suffix("_file")
        .filter(|secret| SECRETS.contains(secret))
}
