//! The words of messages: the default ones in iDenfy's languages, and those that an operator has put in their place.

use std::collections::{BTreeMap, HashMap};

use crate::domain::locale::Locale;
use crate::domain::message::Channel;
use crate::domain::message_words::WordField;
use crate::i18n::Texts;
use crate::store::{Store, StoreError};

/// The words of one channel's messages in one language, by field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    texts: HashMap<&'static str, String>,
}

impl Words {
    /// The words as they are without changes.
    #[must_use]
    pub fn default_of(channel: Channel, language: Locale) -> Self {
        let texts = Texts::of(language);
        let fields = WordField::of(channel).iter();
        let default = |field: &WordField| (field.name, default_text(texts, field.default));
        Self {
            texts: fields.map(default).collect(),
        }
    }

    /// The same, changed where other words are given.
    #[must_use]
    pub fn changed(mut self, own: &BTreeMap<String, String>) -> Self {
        for (name, text) in &mut self.texts {
            if let Some(own) = own.get(*name) {
                text.clone_from(own);
            }
        }
        self
    }

    /// The words of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.texts.get(name).map_or("", String::as_str)
    }
}

/// A text by its name in `message.ftl`, or put together of such: text messages are short.
fn default_text(texts: Texts, name: &str) -> String {
    match name {
        "subject" => "{title}".to_owned(),
        "sms" => "{organisation}: {title} {link}".to_owned(),
        "sms-reminder" => {
            let reminder = texts.template("subject-reminder");
            format!("{{organisation}}: {reminder} {{link}}")
        }
        name => texts.template(name),
    }
}

/// All words that were changed.
#[derive(Debug, Clone, Default)]
pub struct OwnWords(HashMap<(String, String), BTreeMap<String, String>>);

impl OwnWords {
    /// Reads them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn read(store: &Store) -> Result<Self, StoreError> {
        let rows = store.message_words().await?.into_iter();
        let rows = rows.map(|(channel, language, words)| {
            // What cannot be read is as if it were not there: the default words are right, too.
            let words = serde_json::from_str(&words).unwrap_or_default();
            ((channel, language), words)
        });
        Ok(Self(rows.collect()))
    }

    /// The words of a channel's messages in a language.
    #[must_use]
    pub fn words(&self, channel: Channel, language: Locale) -> Words {
        let default = Words::default_of(channel, language);
        match self.of(channel, language) {
            Some(own) => default.changed(own),
            None => default,
        }
    }

    /// What was changed of them.
    #[must_use]
    pub fn of(&self, channel: Channel, language: Locale) -> Option<&BTreeMap<String, String>> {
        let key = (channel.as_str().to_owned(), language.as_str().to_owned());
        self.0.get(&key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_words_of_every_language_are_such_as_an_operator_may_write() {
        for language in Locale::ALL {
            for channel in Channel::ALL {
                let words = Words::default_of(channel, language);
                for field in WordField::of(channel) {
                    let text = words.get(field.name);
                    assert_eq!(
                        field.check(text).as_deref(),
                        Ok(text),
                        "{language} {}",
                        field.name
                    );
                }
            }
        }
    }

    #[test]
    fn only_what_was_changed_is_changed() {
        let own = [
            ("text".to_owned(), "Go: {link}".to_owned()),
            ("novel".to_owned(), String::new()),
        ];
        let words = Words::default_of(Channel::Sms, Locale::EN).changed(&own.into());
        assert_eq!(words.get("text"), "Go: {link}");
        assert!(words.get("text_reminder").contains("{link}"));
        assert_eq!(words.get("novel"), "");
    }
}
