//! Links: stored, shareable entry passes with a short URL.

use serde::Serialize;

use super::flow::Flow;
use super::id::LinkId;
use super::locale::Locale;
use super::secret::Secret;
use super::slug::Slug;
use super::timestamp::Timestamp;
use super::token_options::TokenOptions;
use super::usage::Usage;

/// Whether a link can be clicked, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkStatus {
    /// It can be clicked.
    Active,
    /// Switched off by an operator; can be switched on again.
    Deactivated,
    /// Its time is over, for good.
    Expired,
    /// Its uses are spent.
    Exhausted,
}

impl LinkStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [
        Self::Active,
        Self::Deactivated,
        Self::Expired,
        Self::Exhausted,
    ];

    /// The name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deactivated => "deactivated",
            Self::Expired => "expired",
            Self::Exhausted => "exhausted",
        }
    }
}

/// What is fixed when a link is made; it can be kept in memory for as long as one likes.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "they are a link's options")]
pub struct LinkTerms {
    /// Its name inside the program.
    pub id: LinkId,
    /// The last part of its URL.
    pub slug: Slug,
    /// How often it may be used.
    pub usage: Usage,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// The language sent to iDenfy and of the visitor's pages; none: the visitor's own.
    pub language: Option<Locale>,
    /// Which verification it starts.
    pub flow: Flow,
    /// Whether a page with a button comes first.
    pub confirm: bool,
    /// Whether a browser that comes back gets its open session again.
    pub resume: bool,
    /// Whether `?ref=` becomes the session's reference.
    pub accept_ref: bool,
    /// Whether visitors are sent on by a site that says, with its signature, who they are.
    pub signed: bool,
    /// What is sent along to iDenfy.
    pub token: TokenOptions,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A link as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// What never changes.
    pub terms: LinkTerms,
    /// What operators call it.
    pub name: String,
    /// Words for visitors who come when it is over.
    pub inactive_message: Option<String>,
    /// What such a site signs with; can be replaced. Empty once deleted.
    pub signing_secret: Option<Secret>,
    /// Uses spent.
    pub used: i64,
    /// When the last use was spent.
    pub last_used_at: Option<Timestamp>,
    /// When it was switched off.
    pub deactivated_at: Option<Timestamp>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
}

impl Link {
    /// Its status at `now`. Over for several reasons, it says deactivated, else expired, else exhausted.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> LinkStatus {
        if self.deactivated_at.is_some() || self.deleted_at.is_some() {
            LinkStatus::Deactivated
        } else if self.terms.expires_at.is_some_and(|end| end <= now) {
            LinkStatus::Expired
        } else if self.remaining() == Some(0) {
            LinkStatus::Exhausted
        } else {
            LinkStatus::Active
        }
    }

    /// Uses left; `None` is without limit.
    #[must_use]
    pub fn remaining(&self) -> Option<i64> {
        self.terms
            .usage
            .limit()
            .map(|limit| (limit - self.used).max(0))
    }
}

/// The longest name of a link, in characters.
const NAME_MAX: usize = 200;
/// The longest message of a link that is over, in characters.
const MESSAGE_MAX: usize = 500;

/// Checks the name of a link (or a key): 1 to 200 characters, no control characters.
///
/// # Errors
/// A message for the sender.
pub fn parse_name(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > NAME_MAX {
        Err(format!("must have 1 to {NAME_MAX} characters"))
    } else if text.chars().any(char::is_control) {
        Err("must not contain control characters".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

/// Checks the message of a link that is over: at most 500 characters; new lines are the only control characters.
///
/// # Errors
/// A message for the sender.
pub fn parse_inactive_message(text: &str) -> Result<String, String> {
    let text = text.replace("\r\n", "\n");
    if text.trim().is_empty() || text.chars().count() > MESSAGE_MAX {
        Err(format!("must have 1 to {MESSAGE_MAX} characters"))
    } else if text.chars().any(|c| c.is_control() && c != '\n') {
        Err("must not contain control characters other than new lines".to_owned())
    } else {
        Ok(text)
    }
}
