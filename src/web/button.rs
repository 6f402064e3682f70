//! A link's "Verify now" button.

use crate::domain::link::Link;
use crate::domain::locale::Locale;
use crate::i18n::Texts;
use crate::share::button::Button;

/// The button of a link whose address is `url`, in the link's language, else English.
#[must_use]
pub fn of_link(link: &Link, url: String) -> Button {
    let language = link.terms.language.unwrap_or(Locale::EN);
    Button {
        url,
        label: Texts::of(language).get("button").into_owned(),
        language,
    }
}
