//! The words of messages: which there are, what may be put into them, and putting it in.

use super::message::Channel;

/// A text that operators can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WordField {
    /// Its name in forms and in what is kept.
    pub name: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// The message in `message.ftl` that it is by default.
    pub default: &'static str,
    /// What may be put in.
    pub placeholders: &'static [&'static str],
    /// Whether it may have several lines.
    pub is_long: bool,
}

const PLAIN: &[&str] = &["organisation", "title"];
const NAMED: &[&str] = &["name", "organisation", "title"];
const LINKED: &[&str] = &["link", "organisation", "title"];

const fn field(
    name: &'static str,
    label: &'static str,
    default: &'static str,
    placeholders: &'static [&'static str],
    is_long: bool,
) -> WordField {
    WordField {
        name,
        label,
        default,
        placeholders,
        is_long,
    }
}

const EMAIL: [WordField; 9] = [
    field("subject", "Subject", "subject", PLAIN, false),
    field(
        "subject_reminder",
        "Subject of a reminder",
        "subject-reminder",
        PLAIN,
        false,
    ),
    field("greeting", "Greeting by name", "greeting", NAMED, false),
    field(
        "greeting_nameless",
        "Greeting without a name",
        "greeting-nameless",
        PLAIN,
        false,
    ),
    field("text", "Text with a link", "text", PLAIN, true),
    field(
        "text_invitation",
        "Text of an invitation",
        "text-invitation",
        PLAIN,
        true,
    ),
    field(
        "text_reminder",
        "Text of a reminder",
        "text-reminder",
        PLAIN,
        true,
    ),
    field("button", "Button", "button", &[], false),
    field("footer", "Footer", "footer", PLAIN, true),
];

const SMS: [WordField; 2] = [
    field("text", "Text", "sms", LINKED, true),
    field(
        "text_reminder",
        "Text of a reminder",
        "sms-reminder",
        LINKED,
        true,
    ),
];

/// Most characters of a text of one line, and of several.
const LINE_MAX: usize = 150;
const LONG_MAX: usize = 2000;
/// Most characters of a text message: four to five segments.
const SMS_MAX: usize = 640;

impl WordField {
    /// The texts of a channel's messages.
    #[must_use]
    pub const fn of(channel: Channel) -> &'static [Self] {
        match channel {
            Channel::Email => &EMAIL,
            Channel::Sms => &SMS,
        }
    }

    /// Checks words for it: what is put in must be known, and a text message must carry its link.
    ///
    /// # Errors
    /// A message for the sender.
    pub fn check(&self, text: &str) -> Result<String, String> {
        let text = text.replace("\r\n", "\n").trim().to_owned();
        let must_link = self.placeholders.contains(&"link");
        let most = match (must_link, self.is_long) {
            (true, _) => SMS_MAX,
            (false, true) => LONG_MAX,
            (false, false) => LINE_MAX,
        };
        if text.is_empty() || text.chars().count() > most {
            return Err(format!("must have 1 to {most} characters"));
        }
        if text
            .chars()
            .any(|c| c.is_control() && !(c == '\n' && self.is_long))
        {
            return Err("must not contain control characters".to_owned());
        }
        for part in parts(&text) {
            let known = self.known();
            match part {
                Part::Text(text) if text.contains(['{', '}']) => {
                    return Err(format!("has a brace of its own; {known}"));
                }
                Part::Placeholder(name) if !self.placeholders.contains(&name) => {
                    return Err(format!("has {{{name}}}, which is not known here; {known}"));
                }
                _ => {}
            }
        }
        if must_link && !text.contains("{link}") {
            return Err("must contain {link}, or nobody could follow it".to_owned());
        }
        Ok(text)
    }

    /// What may be put in, in words.
    #[must_use]
    pub fn known(&self) -> String {
        if self.placeholders.is_empty() {
            return "nothing can be put in".to_owned();
        }
        let names: Vec<String> = self
            .placeholders
            .iter()
            .map(|name| format!("{{{name}}}"))
            .collect();
        format!("what can be put in is {}", names.join(", "))
    }
}

/// A piece of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

/// Words in pieces. Braces that enclose no name are text.
fn parts(text: &str) -> Vec<Part<'_>> {
    let (mut found, mut rest) = (Vec::new(), text);
    let mut plain = 0;
    while let Some(open) = rest[plain..].find('{').map(|at| at + plain) {
        let name = rest[open + 1..]
            .find('}')
            .map(|len| &rest[open + 1..][..len]);
        match name.filter(|name| is_name(name)) {
            Some(name) => {
                found.extend([Part::Text(&rest[..open]), Part::Placeholder(name)]);
                rest = &rest[open + name.len() + 2..];
                plain = 0;
            }
            None => plain = open + 1,
        }
    }
    found.push(Part::Text(rest));
    found
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Puts values in, by name. What is not given is left as it is, and nothing is put into a value.
#[must_use]
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let value = |name: &str| {
        values
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| *value)
    };
    let filled = parts(text).into_iter().map(|part| match part {
        Part::Text(text) => text.to_owned(),
        Part::Placeholder(name) => value(name).map_or_else(|| format!("{{{name}}}"), str::to_owned),
    });
    filled.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_in_once() {
        let values = [("name", "{link}"), ("link", "https://x")];
        assert_eq!(
            fill("{name}: {link} {other} { } {", &values),
            "{link}: https://x {other} { } {"
        );
    }

    #[test]
    fn words_are_refused_that_could_not_be_filled() {
        let sms = WordField::of(Channel::Sms)[0];
        assert_eq!(sms.check(" Go: {link}\r\n "), Ok("Go: {link}".to_owned()));
        for (text, part) in [
            ("", "1 to"),
            ("Hello", "must contain {link}"),
            ("{link} {nam}", "{nam}, which is not known"),
            ("{link} {name}", "{name}, which is not known"),
            ("{link} {", "brace"),
            ("{link} }", "brace"),
            ("{link}\u{7}", "control"),
        ] {
            let error = sms.check(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        let subject = WordField::of(Channel::Email)[0];
        assert!(subject.check("a\nb").is_err() && subject.check(&"a".repeat(151)).is_err());
        assert!(subject.check("{organisation}: {title}").is_ok());
    }
}
