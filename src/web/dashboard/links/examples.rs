//! Programs of a few lines that send a customer to a link, in the words of that link. Each is run by the tests.

use askama::Template;
use serde_json::{Map, Value, json};

use crate::domain::link::Link;
use crate::domain::locale::Locale;
use crate::domain::preset::OF_ONE_CUSTOMER;
use crate::web::State;
use crate::web::docs::text;

/// A program.
pub(super) struct Example {
    /// Its language.
    pub name: &'static str,
    /// What runs it, once it is in this file.
    pub command: &'static str,
    pub code: String,
}

/// What programs are made of.
struct Values {
    /// The base of every address here.
    base: String,
    slug: String,
    url: String,
    /// A link for one person, as JSON, with no letter that means something in any of the languages' quotes.
    body: String,
    /// The same with the shell's own variables.
    shell_body: String,
}

/// Renders each template under its name and command.
macro_rules! examples {
    ($values:expr, $($name:literal $command:literal $path:tt),+ $(,)?) => {
        vec![$({
            #[derive(Template)]
            #[template(path = $path, escape = "none")]
            struct Code<'a> {
                v: &'a Values,
            }
            let code = Code { v: $values }.render();
            Example {
                name: $name,
                command: $command,
                code: code.expect("writing to a String cannot fail, and nothing else in it can"),
            }
        }),+]
    };
}

/// Programs that sign an address of a signed link.
pub(super) fn signing(state: &State, link: &Link) -> Vec<Example> {
    let values = Values::of(state, link);
    examples!(
        &values,
        "Shell, with curl" "bash sign.sh" "dashboard/examples/sign.sh",
        "Python" "python3 sign.py" "dashboard/examples/sign.py",
        "JavaScript (Node)" "node sign.mjs" "dashboard/examples/sign.mjs",
        "PHP" "php sign.php" "dashboard/examples/sign.php",
        "Go" "go run sign.go" "dashboard/examples/sign.go",
    )
}

/// Programs that make a link like this one for one customer, by API.
pub(super) fn personal(state: &State, link: &Link) -> Vec<Example> {
    let values = Values::of(state, link);
    examples!(
        &values,
        "Shell, with curl" "bash personal.sh" "dashboard/examples/personal.sh",
        "Python" "python3 personal.py" "dashboard/examples/personal.py",
        "JavaScript (Node)" "node personal.mjs" "dashboard/examples/personal.mjs",
        "PHP" "php personal.php" "dashboard/examples/personal.php",
        "Go" "go run personal.go" "dashboard/examples/personal.go",
    )
}

impl Values {
    fn of(state: &State, link: &Link) -> Self {
        let mut token = link.terms.token.as_map().clone();
        // Whoever this link is for, others are not compared with.
        token.retain(|name, _| !OF_ONE_CUSTOMER.contains(&name.as_str()));
        let body = quotable(&text::json(&wanted(link, token.clone())));
        token.insert("clientId".to_owned(), "$client_id".into());
        token.insert("externalRef".to_owned(), "$ref".into());
        let shell_body = quotable(&text::json(&wanted(link, token)));
        // The variables alone stay as they are.
        let shell_body = ["clientId\": \"$client_id", "externalRef\": \"$ref"]
            .iter()
            .fold(shell_body, |body, is_so| {
                body.replace(&is_so.replace('$', "\\u0024"), is_so)
            });
        Self {
            base: state.public_url.clone(),
            slug: link.terms.slug.as_str().to_owned(),
            url: state.url_of(&link.terms.slug),
            body,
            shell_body,
        }
    }
}

/// A link for one person that is like `link`.
fn wanted(link: &Link, token: Map<String, Value>) -> Value {
    let mut wanted = json!({
        "name": link.name,
        "usage": {"type": "single"},
        "flow": link.terms.flow.as_str(),
    });
    let terms = &link.terms;
    for (name, is_on) in [
        ("confirm", terms.confirm),
        ("resume", terms.resume),
        ("accept_ref", terms.accept_ref),
    ] {
        if is_on {
            wanted[name] = true.into();
        }
    }
    if let Some(message) = &link.inactive_message {
        wanted["inactive_message"] = message.as_str().into();
    }
    if let Some(language) = link.terms.language.map(Locale::as_str) {
        wanted["language"] = language.into();
    }
    wanted["token"] = token.into();
    wanted
}

/// The same JSON, with every letter that ends a text or begins something else in one of the languages written as its number:
/// nothing of a link's may run.
fn quotable(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut letters = json.chars();
    let number = |letter: char| format!("\\u{:04x}", u32::from(letter));
    while let Some(letter) = letters.next() {
        match letter {
            '\'' | '`' | '$' => text.push_str(&number(letter)),
            '\\' => match letters.next() {
                Some('u') => text.push_str("\\u"),
                Some('n') => text.push_str(&number('\n')),
                Some('r') => text.push_str(&number('\r')),
                Some('t') => text.push_str(&number('\t')),
                Some('b') => text.push_str(&number('\u{8}')),
                Some('f') => text.push_str(&number('\u{c}')),
                Some(escaped) => text.push_str(&number(escaped)),
                None => {}
            },
            _ => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_link_ends_a_text_of_any_language_and_it_says_the_same() {
        let odd =
            "it's `$(id)` ${x} \"\"\" ''' \\ \\u0041 \n\r\t\u{8}\u{c}\u{1} ä名 EOF\nEND\nJSON";
        let value = json!({odd: [odd, 1, true, null], "a": {}});
        let text = quotable(&text::json(&value));
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        for banned in ["'", "`", "$", "\"\"\"", "\\\\", "\\\"", "\\n", "\nEND"] {
            assert!(!text.contains(banned), "{banned}: {text}");
        }
    }
}
