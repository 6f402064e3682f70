//! iDenfy's interface languages.

/// One of iDenfy's languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Locale(&'static str);

impl Locale {
    /// English.
    pub const EN: Self = Self("en");
    /// Reads a code of iDenfy's in any case.
    ///
    /// # Errors
    /// A message for the sender.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("en") {
            Ok(Self::EN)
        } else {
            Err("unknown".into())
        }
    }
    /// iDenfy's code in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
    /// BCP 47 tag for `<html lang>`.
    #[must_use]
    pub const fn html_lang(self) -> &'static str {
        self.0
    }
    /// Best match of an Accept-Language header, else English.
    #[must_use]
    pub fn negotiate(_accept_language: Option<&str>) -> Self {
        Self::EN
    }
}
