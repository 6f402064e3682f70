//! The options of a link's token as a form and in words, for people who do not know iDenfy's API.

use serde_json::{Map, Value};

use super::terms::{OPTIONS, words_of};
use crate::domain::country;
use crate::domain::flow::Flow;
use crate::domain::token_options::{Field, Kind, TokenOptions};
use crate::web::dashboard::form::Form;

/// Options that belong together.
pub(super) struct Group {
    pub title: &'static str,
    pub fields: Vec<Input>,
}

impl Group {
    /// Whether something in it was chosen, typed or is wrong.
    pub fn is_open(&self, form: &Form) -> bool {
        let mut fields = self.fields.iter();
        fields.any(|field| !form.value(&field.name).is_empty() || form.error(&field.name).is_some())
    }
}

/// One option as a field of the form.
pub(super) struct Input {
    /// The field's name: `token.` and iDenfy's name.
    pub name: String,
    pub label: &'static str,
    pub hint: &'static str,
    pub kind: InputKind,
}

/// How it is typed or chosen.
pub(super) enum InputKind {
    /// One line, of that type of an `input`.
    Line(&'static str),
    /// Several lines.
    Lines,
    /// One of these values, each with its words; or none.
    One(Vec<(String, String)>),
    /// Any number of these.
    Any(Vec<(String, String)>),
}

/// The groups of a flow's options, those chosen in `form` first in long lists.
pub(super) fn groups(flow: Flow, form: &Form) -> Vec<Group> {
    let fields = TokenOptions::fields(flow);
    let groups = OPTIONS.iter().map(|(title, options)| {
        let inputs = options.iter().filter_map(|(name, label)| {
            let field = fields.iter().find(|field| field.name == *name)?;
            Some(input(field, label, form))
        });
        Group {
            title,
            fields: inputs.collect(),
        }
    });
    groups.filter(|group| !group.fields.is_empty()).collect()
}

fn input(field: &Field, label: &'static str, form: &Form) -> Input {
    let name = form_name(field);
    let worded = |words: &[&str]| -> Vec<(String, String)> {
        let each = words.iter();
        each.map(|word| ((*word).to_owned(), words_of(word)))
            .collect()
    };
    let kind = match field.kind {
        Kind::Flag => InputKind::One(worded(&["true", "false"])),
        Kind::OneOf(words) => InputKind::One(worded(words)),
        Kind::SomeOf(words) => InputKind::Any(worded(words)),
        Kind::CountryOrCountries => {
            let mut all = worded(&country::CODES);
            all.sort_by_key(|(code, words)| (!form.chose(&name, code), plain(words)));
            InputKind::Any(all)
        }
        Kind::Date => InputKind::Line("date"),
        Kind::Integer(..) => InputKind::Line("number"),
        Kind::Url(_) => InputKind::Line("url"),
        Kind::Object => InputKind::Lines,
        Kind::Number(_)
        | Kind::Text(_)
        | Kind::Ascii(_)
        | Kind::Name(_)
        | Kind::Nationality
        | Kind::Countries
        | Kind::Texts(..)
        | Kind::Uuid
        | Kind::UuidOrInteger => InputKind::Line("text"),
    };
    Input {
        name,
        label,
        hint: field.about,
        kind,
    }
}

/// A name to sort by: Åland stands with A.
fn plain(words: &str) -> String {
    let first = words.replace('Å', "A");
    first.to_lowercase()
}

/// What was chosen and typed, as the API takes it; what was left empty is left out.
pub(super) fn read(flow: Flow, form: &Form) -> Map<String, Value> {
    let fields = TokenOptions::fields(flow).iter();
    let given = fields.filter_map(|field| {
        let name = form_name(field);
        let is_chosen = matches!(field.kind, Kind::SomeOf(_) | Kind::CountryOrCountries);
        let value = if is_chosen {
            let chosen: Vec<_> = form.values(&name).map(Value::from).collect();
            (!chosen.is_empty()).then(|| Value::from(chosen))
        } else {
            let typed = form.value(&name).trim();
            (!typed.is_empty()).then(|| field.kind.of_cell(typed))
        };
        Some((field.name.to_owned(), value?))
    });
    given.collect()
}

/// Puts the options of a link into a form, as [`read`] reads them.
pub(super) fn fill(form: &mut Form, token: &TokenOptions) {
    for (name, value) in token.as_map() {
        let name = format!("token.{name}");
        match value {
            Value::Array(items)
                if name != "token.videoCallQuestions"
                    && name != "token.registryCentersCountries" =>
            {
                for item in items {
                    form.add(&*name, text(item));
                }
            }
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(text).collect();
                form.add(name, items.join("|"));
            }
            value => form.add(name, text(value)),
        }
    }
}

/// A link's options in words: label and value.
pub(super) fn in_words(token: &TokenOptions) -> Vec<(String, String)> {
    let each = token.as_map().iter().map(|(name, value)| {
        let value = match value {
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| words_of(&text(item))).collect();
                items.join(", ")
            }
            Value::Object(_) => value.to_string(),
            value => words_of(&text(value)),
        };
        (label(name).to_owned(), value)
    });
    each.collect()
}

/// What people call a parameter of iDenfy's.
fn label(name: &str) -> &str {
    let all = OPTIONS.iter().flat_map(|(_, options)| options.iter());
    let mut all = all.filter(|(known, _)| *known == name);
    all.next().map_or(name, |(_, label)| label)
}

fn form_name(field: &Field) -> String {
    format!("token.{}", field.name)
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_option_of_every_flow_is_on_the_form_once() {
        for flow in Flow::ALL {
            let form = Form::default();
            let groups = groups(flow, &form);
            let mut shown: Vec<_> = groups
                .iter()
                .flat_map(|group| group.fields.iter().map(|input| input.name.clone()))
                .collect();
            let mut wanted: Vec<_> = TokenOptions::fields(flow).iter().map(form_name).collect();
            shown.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(shown, wanted);
        }
    }

    #[test]
    fn options_come_out_of_the_form_as_they_were_put_in() {
        let token = json!({
            "clientId": "c", "country": ["DE", "AT"], "documents": ["PASSPORT"], "checkAml": false,
            "ageLimit": 18, "successUrl": "https://example.com/ok", "videoCallQuestions": ["Who?", "Why?"],
            "registryCentersCountries": ["LT"], "additionalData": {"a": [1]}, "riskAssessmentProfile": 7,
            "faceMatchingThresholdModifier": -0.5
        });
        let options = TokenOptions::parse(Flow::Document, Some(&token)).unwrap();
        let mut form = Form::default();
        fill(&mut form, &options);
        assert_eq!(Value::from(read(Flow::Document, &form)), reordered(&token));
        let words = in_words(&options);
        let has = |label: &str, value: &str| words.contains(&(label.to_owned(), value.to_owned()));
        assert!(has("Countries", "Germany, Austria"), "{words:?}");
        assert!(has("Documents", "Passport") && has("Sanctions and politics (AML)", "No"));
    }

    /// In the order of the table.
    fn reordered(token: &Value) -> Value {
        let fields = TokenOptions::fields(Flow::Document).iter();
        let each = fields.filter_map(|f| Some((f.name.to_owned(), token.get(f.name)?.clone())));
        Value::Object(each.collect())
    }
}
