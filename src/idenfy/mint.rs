//! A session to start, and one that was started.

use crate::domain::flow::Flow;
use crate::domain::locale::Locale;
use crate::domain::secret::Secret;
use crate::domain::token_options::TokenOptions;

/// One session to start.
#[derive(Debug, Clone, Copy)]
pub struct MintRequest<'a> {
    /// Which verification.
    pub flow: Flow,
    /// The customer; ASCII, at most 100 characters. Age estimation takes none.
    pub client_id: &'a str,
    /// The language of iDenfy's pages.
    pub locale: Locale,
    /// The customer's own reference; beats one among `token`.
    pub external_ref: Option<&'a str>,
    /// What the link sends along.
    pub token: &'a TokenOptions,
}

/// A session that iDenfy started. Its `Debug` says nothing that would open it.
#[derive(Clone, PartialEq, Eq)]
pub struct Minted {
    /// iDenfy's name of the session; of age estimation its token.
    pub scan_ref: Option<String>,
    /// iDenfy's token: who has it can open the session.
    pub auth_token: Secret,
    /// Where the visitor goes, checked; as secret as the token, which it holds.
    pub redirect_url: String,
    /// For how many seconds from now the token can be opened: what was asked for, or less where
    /// iDenfy says so.
    pub valid_seconds: i64,
}

impl std::fmt::Debug for Minted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Minted")
            .field("valid_seconds", &self.valid_seconds)
            .finish_non_exhaustive()
    }
}
