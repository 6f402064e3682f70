//! What an API key may do.

use serde::Serialize;

/// One thing a key may do. Scopes add up; `admin` holds all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All GETs but those of keys and endpoints.
    Read,
    /// Writes links.
    Links,
    /// Starts and erases sessions.
    Sessions,
    /// Everything.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 4] = [Self::Read, Self::Links, Self::Sessions, Self::Admin];

    /// The scope's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Links => "links",
            Self::Sessions => "sessions",
            Self::Admin => "admin",
        }
    }

    /// What it allows, in a few words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Links => "Write links",
            Self::Sessions => "Start and erase sessions",
            Self::Admin => "Everything",
        }
    }

    /// What it allows, in a sentence.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Read => "Sees links, sessions, statistics and events.",
            Self::Links => {
                "Makes, changes and deletes links. To see them again it needs Read, too."
            }
            Self::Sessions => "Starts sessions without a link, and erases personal data.",
            Self::Admin => "All of this, and looks after keys, endpoints and the audit log.",
        }
    }

    /// Reads a scope's name.
    ///
    /// # Errors
    /// A message for the sender when no scope has that name.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| "must be read, links, sessions or admin".to_owned())
    }
}
