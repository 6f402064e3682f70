//! What a person reads: a message's subject, its plain text and its page.

use askama::Template;

use super::words::Words;
use crate::domain::flow::Flow;
use crate::domain::link::Link;
use crate::domain::locale::Locale;
use crate::domain::message::{Channel, MessageKind};
use crate::domain::message_words::fill;
use crate::domain::timestamp::Timestamp;
use crate::i18n::Texts;

/// What a message is about.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// Why it is sent.
    pub kind: MessageKind,
    /// The words' language.
    pub language: Locale,
    /// What the person is called.
    pub name: Option<&'a str>,
    /// Who asks for the verification.
    pub organisation: &'a str,
    /// The link, with how the message travels.
    pub url: String,
    /// What the link starts.
    pub flow: Flow,
    /// Whether it works only once.
    pub is_single: bool,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// Where the person says that no more are wanted.
    pub unsubscribe: Option<String>,
}

/// A message by email as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The subject, in one line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The page.
    pub html: String,
}

#[derive(Template)]
#[template(path = "message/email.html")]
struct Page<'a> {
    lang: &'static str,
    subject: &'a str,
    greeting: String,
    paragraphs: Vec<&'a str>,
    button: String,
    address_hint: String,
    url: &'a str,
    notes: &'a [String],
    footer: &'a str,
    unsubscribe: Option<(&'a str, String)>,
}

impl<'a> Subject<'a> {
    /// The message that carries a link.
    #[must_use]
    pub fn of_link(
        link: &Link,
        (kind, channel, language): (MessageKind, Channel, Locale),
        url: &str,
        organisation: &'a str,
    ) -> Self {
        Self {
            kind,
            language,
            name: None,
            organisation,
            url: format!("{url}?via={}", channel.as_str()),
            flow: link.terms.flow,
            is_single: link.terms.usage.limit() == Some(1),
            expires_at: link.terms.expires_at,
            unsubscribe: None,
        }
    }

    fn texts(&self) -> Texts {
        Texts::of(self.language)
    }

    fn fill(&self, words: &str) -> String {
        let title = match self.flow {
            Flow::Selfie => "confirm-title-selfie",
            Flow::DocumentAndSelfie | Flow::Document => "confirm-title",
        };
        let title = self.texts().get(title);
        let values = [
            ("name", self.name.unwrap_or_default()),
            ("organisation", self.organisation),
            ("title", &title),
            ("link", &self.url),
        ];
        fill(words, &values)
    }

    /// The text message.
    #[must_use]
    pub fn text_message(&self, words: &Words) -> String {
        let field = match self.kind {
            MessageKind::Link | MessageKind::Invitation => "text",
            MessageKind::Reminder => "text_reminder",
        };
        self.fill(words.get(field))
    }

    /// The email.
    ///
    /// # Panics
    /// Never: writing to a String cannot fail, and nothing else in the page can.
    #[must_use]
    pub fn letter(&self, words: &Words) -> Letter {
        let (subject, text) = match self.kind {
            MessageKind::Link => ("subject", "text"),
            MessageKind::Invitation => ("subject", "text_invitation"),
            MessageKind::Reminder => ("subject_reminder", "text_reminder"),
        };
        let greeting = match self.name {
            Some(_) => "greeting",
            None => "greeting_nameless",
        };
        let [subject, text, greeting, button, footer] =
            [subject, text, greeting, "button", "footer"].map(|name| self.fill(words.get(name)));
        let texts = self.texts();
        let notes = self.notes();
        let unsubscribe = self.unsubscribe.as_deref();
        let unsubscribe = unsubscribe.map(|url| (url, texts.get("unsubscribe").into_owned()));
        let page = Page {
            lang: texts.lang(),
            subject: &subject,
            greeting: greeting.clone(),
            paragraphs: paragraphs(&text),
            button,
            address_hint: texts.get("poster-address").into_owned(),
            url: &self.url,
            notes: &notes,
            footer: &footer,
            unsubscribe: unsubscribe.clone(),
        };
        let html = page
            .render()
            .expect("writing to a String cannot fail, and nothing else in the page can");
        let mut plain = vec![greeting];
        plain.extend(paragraphs(&text).into_iter().map(str::to_owned));
        plain.push(self.url.clone());
        if !notes.is_empty() {
            plain.push(notes.join("\n"));
        }
        // The two dashes that mail programs know a footer by.
        plain.push(format!("-- \n{footer}"));
        if let Some((url, words)) = unsubscribe {
            plain.push(format!("{words}:\n{url}"));
        }
        let text = plain.join("\n\n") + "\n";
        Letter {
            subject,
            text,
            html,
        }
    }

    /// What the person should know of the link.
    fn notes(&self) -> Vec<String> {
        let texts = self.texts();
        let once = self.is_single.then(|| texts.get("once").into_owned());
        let until = self.expires_at.map(|at| {
            let at = at.to_rfc3339();
            // To the minute, in a notation that is read alike everywhere.
            let date = format!("{} {} UTC", &at[..10], &at[11..16]);
            fill(&texts.template("until"), &[("date", &date)])
        });
        once.into_iter().chain(until).collect()
    }
}

/// Parted by empty lines.
fn paragraphs(text: &str) -> Vec<&str> {
    let parts = text.split("\n\n").map(str::trim);
    parts.filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::segments::Segments;

    fn subject(kind: MessageKind, language: Locale) -> Subject<'static> {
        Subject {
            kind,
            language,
            name: Some("Ana <b>"),
            organisation: "Example & Sons",
            url: "https://go.example.com/abc?via=email".to_owned(),
            flow: Flow::Document,
            is_single: true,
            expires_at: Some(Timestamp::from_millis(1_800_000_000_000)),
            unsubscribe: Some("https://go.example.com/unsubscribe/x".to_owned()),
        }
    }

    #[test]
    fn every_language_has_its_letters_and_nothing_is_left_to_be_put_in() {
        for language in Locale::ALL {
            let words = Words::default_of(Channel::Email, language);
            for kind in [
                MessageKind::Link,
                MessageKind::Invitation,
                MessageKind::Reminder,
            ] {
                let letter = subject(kind, language).letter(&words);
                let whole = format!("{letter:?}");
                assert!(!whole.contains(['{', '}']) || letter.html.contains("<style>"));
                for text in [&letter.subject, &letter.text] {
                    assert!(
                        !text.contains(['{', '}']) && !text.is_empty(),
                        "{language}: {text}"
                    );
                }
                assert!(!letter.subject.contains('\n'), "{language}");
                assert!(
                    letter
                        .text
                        .contains("\nhttps://go.example.com/abc?via=email\n")
                );
                assert!(letter.text.contains("2027-01-15 08:00 UTC"), "{language}");
                assert!(letter.text.contains("Example & Sons"), "{language}");
                assert!(
                    letter.html.contains("Example &#38; Sons")
                        && letter.html.contains("Ana &#60;b&#62;")
                );
                assert_eq!(
                    letter
                        .html
                        .matches("https://go.example.com/abc?via=email")
                        .count(),
                    3
                );
                let page = format!("<html lang=\"{}\" dir=\"ltr\">", language.html_lang());
                assert!(letter.html.contains(&page), "{language}");
            }
        }
    }

    #[test]
    fn a_text_message_in_any_language_is_at_most_two_segments() {
        for language in Locale::ALL {
            let words = Words::default_of(Channel::Sms, language);
            for kind in MessageKind::ALL {
                let text = subject(kind, language).text_message(&words);
                assert!(text.contains("https://go.example.com/abc"), "{language}");
                assert!(Segments::of(&text).count <= 2, "{language}: {text}");
            }
        }
    }

    #[test]
    fn an_estimate_of_age_is_called_by_its_name() {
        let words = Words::default_of(Channel::Email, Locale::EN);
        let mut age = subject(MessageKind::Link, Locale::EN);
        (age.flow, age.name, age.expires_at) = (Flow::Selfie, None, None);
        (age.is_single, age.unsubscribe) = (false, None);
        let letter = age.letter(&words);
        assert_eq!(letter.subject, "Verify your age");
        assert!(letter.text.starts_with("Hello,\n\n"), "{}", letter.text);
        assert!(!letter.text.contains("UTC") && !letter.text.contains("Unsubscribe"));
    }
}
