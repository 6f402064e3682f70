//! The texts of the visitor's pages and of messages in iDenfy's languages, embedded in the binary.
//!
//! Two Fluent files a language: `locales/<iDenfy's code>/visitor.ftl` and `message.ftl`.

use std::{borrow::Cow, sync::OnceLock};

use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};

use crate::domain::locale::Locale;

/// What messages refer to, each as the placeholder that an operator writes in words of his own.
const PLACEHOLDERS: [(&str, &str); 4] = [
    ("name", "{name}"),
    ("organisation", "{organisation}"),
    ("title", "{title}"),
    ("date", "{date}"),
];

type Bundle = FluentBundle<FluentResource>;

/// Pairs iDenfy's codes with the files in their folders.
macro_rules! embedded {
    ($($code:literal)+) => {
        [$(($code, [
            include_str!(concat!("../locales/", $code, "/visitor.ftl")),
            include_str!(concat!("../locales/", $code, "/message.ftl")),
        ])),+]
    };
}

/// iDenfy's code of a language and the Fluent sources of its texts.
const SOURCES: &[(&str, [&str; 2])] = &embedded!(
    "bg" "cs" "da" "de" "el" "en" "es" "et" "fi" "fr" "hi" "hr" "hu" "id" "it" "ja" "ko" "lt" "lv"
    "nl" "no" "pl" "pt" "ro" "ru" "si" "sk" "sr" "sv" "th" "tr" "uk" "vi" "zh" "zh_tw"
);

/// In the order of the sources. Constant text that is parsed when it is first wanted, as most servers need few of the
/// languages; it is no state, so it is not carried in `App`.
static BUNDLES: [OnceLock<Bundle>; SOURCES.len()] = [const { OnceLock::new() }; SOURCES.len()];

/// The texts of one language.
#[derive(Clone, Copy)]
pub struct Texts {
    lang: &'static str,
    bundle: &'static Bundle,
}

impl Texts {
    /// The texts in a language, in English where there are none.
    #[must_use]
    pub fn of(locale: Locale) -> Self {
        bundle(locale.as_str()).map_or_else(Self::english, |bundle| Self {
            lang: locale.html_lang(),
            bundle,
        })
    }

    /// The BCP 47 tag of the language these texts are in.
    #[must_use]
    pub const fn lang(&self) -> &'static str {
        self.lang
    }

    /// The text of a message that refers to nothing, as plain text.
    ///
    /// # Panics
    /// When there is no such message: the ids in the pages are fixed, and the tests render them all.
    #[must_use]
    pub fn get(&self, id: &str) -> Cow<'static, str> {
        let pattern = self
            .bundle
            .get_message(id)
            .and_then(|message| message.value())
            .expect("every language has every message of the pages");
        // Fluent reports references it could not resolve; these messages refer to nothing.
        self.bundle.format_pattern(pattern, None, &mut Vec::new())
    }

    /// A message of `message.ftl` with what is to be put in as `{name}`, as an operator writes it.
    #[must_use]
    pub fn template(&self, id: &str) -> String {
        let message = self.bundle.get_message(id);
        let Some(pattern) = message.and_then(|message| message.value()) else {
            return String::new();
        };
        let args: FluentArgs = PLACEHOLDERS.into_iter().collect();
        let text = self
            .bundle
            .format_pattern(pattern, Some(&args), &mut Vec::new());
        text.into_owned()
    }

    fn english() -> Self {
        let bundle = bundle("en").expect("English is among the sources");
        Self { lang: "en", bundle }
    }
}

/// The texts in the language of this code, if there are any.
fn bundle(code: &str) -> Option<&'static Bundle> {
    let place = SOURCES.iter().position(|(of, _)| *of == code)?;
    let (_, sources) = &SOURCES[place];
    Some(BUNDLES[place].get_or_init(|| parse(code, sources)))
}

fn parse(code: &str, sources: &[&str]) -> Bundle {
    // Fluent only uses the language to write numbers and plurals: an unknown one does no harm.
    let language = Locale::parse(code)
        .ok()
        .and_then(|locale| locale.html_lang().parse().ok());
    let mut bundle = Bundle::new_concurrent(vec![language.unwrap_or_default()]);
    // What is put in is plain text, and no mark is to stand around it.
    bundle.set_use_isolating(false);
    for source in sources {
        // A part that does not parse is left out; the tests hold that there is none.
        let resource = FluentResource::try_new((*source).to_owned());
        bundle.add_resource_overriding(resource.unwrap_or_else(|(partial, _)| partial));
    }
    bundle
}

#[cfg(test)]
impl Texts {
    /// The texts by iDenfy's code, with the code for a tag.
    pub(crate) fn of_code(code: &'static str) -> Self {
        Self {
            lang: code,
            bundle: bundle(code).unwrap(),
        }
    }

    /// Every language there is.
    pub(crate) fn all() -> impl Iterator<Item = (&'static str, Self)> {
        SOURCES.iter().map(|&(code, _)| (code, Self::of_code(code)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// iDenfy's list of languages, in its order.
    const IDENFY: &str = "en es fr ru de it pl lt lv et sv cs ro hu ja bg nl pt uk sk si vi th hi \
                          id hr da fi el no tr sr zh zh_tw ko";

    /// Every message of a file by id, read strictly.
    fn messages(code: &str, source: &str) -> BTreeMap<String, String> {
        let resource = FluentResource::try_new(source.to_owned())
            .unwrap_or_else(|(_, errors)| panic!("{code}: {errors:?}"));
        let mut bundle = Bundle::new_concurrent(Vec::new());
        bundle
            .add_resource(resource)
            .unwrap_or_else(|errors| panic!("{code}: {errors:?}"));
        let ids = source
            .lines()
            .filter_map(|line| Some(line.split_once(" = ")?.0));
        ids.filter(|id| !id.starts_with(['#', ' ']))
            .map(|id| {
                let message = bundle
                    .get_message(id)
                    .unwrap_or_else(|| panic!("{code}: no {id}"));
                let mut errors = Vec::new();
                let args: FluentArgs = PLACEHOLDERS.into_iter().collect();
                let text =
                    bundle.format_pattern(message.value().unwrap(), Some(&args), &mut errors);
                assert!(errors.is_empty(), "{code} {id}: {errors:?}");
                (id.to_owned(), text.into_owned())
            })
            .collect()
    }

    #[test]
    fn every_language_of_idenfys_has_its_folder_and_is_embedded() {
        let wanted: BTreeSet<String> = IDENFY.split_whitespace().map(str::to_owned).collect();
        let folders: BTreeSet<String> =
            std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/locales"))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
        let embedded: BTreeSet<String> = Texts::all().map(|(code, _)| code.to_owned()).collect();
        assert_eq!(wanted.len(), 35);
        assert_eq!(folders, wanted);
        assert_eq!(embedded, wanted);
    }

    #[test]
    fn every_language_has_exactly_the_messages_of_english_in_its_own_words() {
        let (_, english) = SOURCES.iter().find(|(code, _)| *code == "en").unwrap();
        for (file, least) in [(0, 20), (1, 10)] {
            let english = messages("en", english[file]);
            assert!(english.len() > least);
            for (code, sources) in SOURCES.iter().filter(|(code, _)| *code != "en") {
                let own = messages(code, sources[file]);
                assert!(own.keys().eq(english.keys()), "{code}: {:?}", own.keys());
                for (id, text) in &own {
                    assert_ne!(text, &english[id], "{code}: {id} is left in English");
                    for (_, placeholder) in PLACEHOLDERS {
                        let has = |text: &str| text.contains(placeholder);
                        assert_eq!(has(text), has(&english[id]), "{code}: {id}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_locale_gets_its_own_texts_under_its_own_tag() {
        for (code, own) in Texts::all() {
            let Ok(locale) = Locale::parse(code) else {
                continue;
            };
            let texts = Texts::of(locale);
            assert_eq!(texts.lang(), locale.html_lang());
            assert_eq!(texts.get("start"), own.get("start"), "{code}");
        }
        assert_eq!(Texts::of(Locale::EN).get("try-again"), "Try again");
    }
}
