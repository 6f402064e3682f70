//! How often a link may be used.

/// The usage limit of a link, fixed when it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// One session.
    Single,
    /// So many sessions: 1 to [`Usage::MAX_LIMIT`].
    Multi(i64),
    /// No limit.
    Unlimited,
}

impl Usage {
    /// The largest limit of a multi-use link.
    pub const MAX_LIMIT: i64 = 1_000_000_000;

    /// A usage of `limit` sessions.
    ///
    /// # Errors
    /// A message for the sender when the limit is out of range.
    pub fn multi(limit: i64) -> Result<Self, String> {
        if (1..=Self::MAX_LIMIT).contains(&limit) {
            Ok(Self::Multi(limit))
        } else {
            Err("must be a whole number from 1 to 1000000000".to_owned())
        }
    }

    /// How many sessions it allows; `None` is without limit.
    #[must_use]
    pub const fn limit(self) -> Option<i64> {
        match self {
            Self::Single => Some(1),
            Self::Multi(limit) => Some(limit),
            Self::Unlimited => None,
        }
    }

    /// The name of its kind in the API and the database.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Multi(_) => "multi",
            Self::Unlimited => "unlimited",
        }
    }

    /// Puts together again what the database keeps apart.
    #[must_use]
    pub fn from_parts(kind: &str, limit: Option<i64>) -> Option<Self> {
        match (kind, limit) {
            ("single", _) => Some(Self::Single),
            ("multi", Some(limit)) => Self::multi(limit).ok(),
            ("unlimited", None) => Some(Self::Unlimited),
            _ => None,
        }
    }
}
