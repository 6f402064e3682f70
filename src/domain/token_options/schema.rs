//! The parameters as JSON Schema (2020-12), for the API's description.

use serde_json::{Map, Value, json};

use super::super::country;
use super::super::flow::Flow;
use super::TokenOptions;
use super::spec::{Field, Kind, URL_MIN};

impl TokenOptions {
    /// The `token` of links of `flow` as JSON Schema, which OpenAPI 3.1 takes as it is.
    #[must_use]
    pub fn schema(flow: Flow) -> Value {
        let fields = Self::fields(flow);
        let properties: Map<_, _> = fields
            .iter()
            .map(|field| (field.name.to_owned(), field.schema()))
            .collect();
        let required: Vec<_> = fields
            .iter()
            .filter(|field| field.required)
            .map(|field| field.name)
            .collect();
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    }
}

impl Field {
    /// The parameter as JSON Schema, described by [`Field::about`].
    #[must_use]
    pub fn schema(&self) -> Value {
        let mut schema = of_kind(self.kind);
        schema["description"] = self.about.into();
        schema
    }
}

fn of_kind(kind: Kind) -> Value {
    match kind {
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Integer(min, max) => json!({"type": "integer", "minimum": min, "maximum": max}),
        Kind::Number(None) => json!({"type": "number"}),
        Kind::Number(Some((min, max))) => {
            json!({"type": "number", "minimum": min, "maximum": max})
        }
        Kind::Text(most) | Kind::Name(most) => text(most),
        Kind::Ascii(most) => {
            json!({"type": "string", "minLength": 1, "maxLength": most, "pattern": "^[ -~]+$"})
        }
        Kind::Date => json!({"type": "string", "format": "date"}),
        Kind::Nationality => json!({"anyOf": [words(&country::CODES), words(&["ALL"])]}),
        Kind::CountryOrCountries => {
            json!({"anyOf": [words(&country::CODES), of_kind(Kind::Countries)]})
        }
        Kind::Countries => list(&words(&country::CODES), country::CODES.len()),
        Kind::OneOf(options) => words(options),
        Kind::SomeOf(options) => list(&words(options), options.len()),
        Kind::Texts(items, most) => list(&text(most), items),
        Kind::Url(most) => json!({
            "type": "string", "format": "uri", "minLength": URL_MIN, "maxLength": most,
            "pattern": "^https://",
        }),
        Kind::Uuid => json!({"type": "string", "format": "uuid"}),
        Kind::UuidOrInteger => {
            json!({"anyOf": [of_kind(Kind::Uuid), {"type": "integer", "minimum": 0}]})
        }
        Kind::Object => json!({"type": "object"}),
    }
}

fn text(most: usize) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": most})
}

fn words(options: &[&str]) -> Value {
    json!({"type": "string", "enum": options})
}

fn list(items: &Value, most: usize) -> Value {
    json!({"type": "array", "items": items, "minItems": 1, "maxItems": most, "uniqueItems": true})
}
