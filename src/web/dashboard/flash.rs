//! What the page after a redirect tells: in a signed cookie, gone once told.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::web::signing::Signer;

/// Signed along.
const PURPOSE: &str = "flash";

/// A sentence for the next page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    /// Whether it tells of something done, and not of trouble.
    pub is_good: bool,
    /// The sentence.
    pub text: String,
}

impl Flash {
    /// Something was done.
    pub fn done(text: impl Into<String>) -> Self {
        Self {
            is_good: true,
            text: text.into(),
        }
    }

    /// Something could not be done.
    pub fn trouble(text: impl Into<String>) -> Self {
        Self {
            is_good: false,
            text: text.into(),
        }
    }

    /// The cookie's value.
    pub(super) fn seal(&self, signer: &Signer) -> String {
        let mark = if self.is_good { '+' } else { '-' };
        let content = URL_SAFE_NO_PAD.encode(format!("{mark}{}", self.text));
        signer.seal(&content, PURPOSE)
    }

    /// What a cookie's value says.
    pub(super) fn open(value: &str, signer: &Signer) -> Option<Self> {
        let content = URL_SAFE_NO_PAD.decode(signer.open(value, PURPOSE)?).ok()?;
        let content = String::from_utf8(content).ok()?;
        let text = content.get(1..)?.to_owned();
        Some(Self {
            is_good: content.starts_with('+'),
            text,
        })
    }
}
