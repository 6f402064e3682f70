//! Reads what makes a preset: the one parser behind the API and the dashboard.

use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::fields::Fields;
use super::link_input::flow_and_token;
use super::schemas::{FlowSchema, LanguageSchema, TokenSchema};
use crate::domain::field_error::FieldErrors;
use crate::domain::flow::Flow;
use crate::domain::link::{parse_inactive_message, parse_name};
use crate::domain::locale::Locale;
use crate::domain::preset::PresetOptions;

/// What a preset is made of. All but `name` may be left out, and is then not set: links made from it take the default.
#[derive(Debug, ToSchema)]
#[schema(examples(json!({
    "name": "Adults with AML",
    "flow": "document_and_selfie",
    "language": "de",
    "confirm": true,
    "inactive_message": "This invitation is over. Write to us at help@example.com",
    "token": {"documents": ["PASSPORT", "ID_CARD"], "checkAml": true, "ageLimit": 18}
})))]
#[serde(deny_unknown_fields)]
pub struct NewPreset {
    /// What your people call it. No two presets have the same name, in any case.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Which verification its links start.
    pub flow: Option<FlowSchema>,
    /// The language of the visitor's pages and of iDenfy's.
    pub language: Option<LanguageSchema>,
    /// Whether a page with a button comes first.
    pub confirm: Option<bool>,
    /// Whether a browser that comes back gets its open session again.
    pub resume: Option<bool>,
    /// Whether `?ref=` of a click becomes its session's `external_ref`.
    pub accept_ref: Option<bool>,
    /// Words for visitors who come when a link is over, in plain text with new lines.
    #[schema(min_length = 1, max_length = 500)]
    pub inactive_message: Option<String>,
    /// What is sent along to iDenfy; checked for the flow, as a link's is.
    pub token: Option<TokenSchema>,
}

/// Reads a preset's name and options of the fields of a request.
///
/// # Errors
/// Every field that is wrong.
pub fn parse(map: Map<String, Value>) -> Result<(String, PresetOptions), FieldErrors> {
    let mut fields = Fields::new(map);
    let name = if fields.has("name") {
        fields.text("name", parse_name)
    } else {
        fields.missing("name")
    };
    let mut set = Map::new();
    let mut keep = |name: &str, value: Option<Value>| {
        set.extend(value.map(|value| (name.to_owned(), value)));
    };
    let language = fields.text("language", Locale::parse);
    keep("language", language.map(|known| known.as_str().into()));
    for name in ["confirm", "resume", "accept_ref"] {
        let is_given = fields.has(name);
        let flag = fields.flag(name);
        keep(name, is_given.then(|| flag.into()));
    }
    let message = fields.text("inactive_message", parse_inactive_message);
    keep("inactive_message", message.map(Value::from));
    let has_flow = fields.has("flow");
    let (flow, token) = flow_and_token(&mut fields);
    let flow = flow.filter(|_| has_flow).map(Flow::as_str);
    keep("flow", flow.map(Value::from));
    keep("token", token.map(|token| token.as_map().clone().into()));
    let errors = fields.end();
    match name {
        Some(name) if errors.is_empty() => Ok((name, PresetOptions::from_checked(set))),
        _ => Err(errors),
    }
}
