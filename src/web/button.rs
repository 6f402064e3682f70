//! A link's "Verify now" button.

use super::State;
use crate::domain::link::Link;
use crate::domain::locale::Locale;
use crate::i18n::Texts;
use crate::share::button::Button;

/// The button of a link, in the link's language, else English.
#[must_use]
pub fn of_link(state: &State, link: &Link) -> Button {
    let language = link.terms.language.unwrap_or(Locale::EN);
    Button {
        url: state.url_of(&link.terms.slug),
        label: Texts::of(language).get("button").into_owned(),
        language,
        // Without its hash: it stands in pages that nobody here changes.
        script: format!("{}/static/button.js", state.public_url),
        takes_ref: link.terms.accept_ref,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = include_str!("../../static/button.js");

    #[test]
    fn the_script_is_small_keeps_nothing_and_asks_nobody() {
        assert!(SCRIPT.len() < 2000, "{} bytes", SCRIPT.len());
        for banned in ["cookie", "Storage", "fetch", "XMLHttp", "//", "innerHTML"] {
            let code = SCRIPT.lines().filter(|line| !line.trim().starts_with("//"));
            let code: String = code.collect();
            assert!(!code.replace("^https?:/i", "").contains(banned), "{banned}");
        }
    }

    #[test]
    fn the_script_says_in_each_language_what_the_button_without_it_says() {
        for language in Locale::ALL {
            let key = match language.html_lang() {
                "zh-Hans" => "zh",
                "zh-Hant-TW" => "tw",
                tag => tag,
            };
            let label = Texts::of(language).get("button");
            let words = format!("{key}:\"{label}\"");
            let begins = [format!("\n{words}"), format!(",{words}")];
            assert!(begins.iter().any(|words| SCRIPT.contains(words)), "{words}");
        }
    }
}
