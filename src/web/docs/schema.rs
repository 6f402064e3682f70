//! Schemas as people read them: types, limits, fields, and samples.

use serde_json::{Map, Value, json};

use super::text::markdown;

/// The most words of a closed list that are all shown.
const WORDS_SHOWN: usize = 60;

/// A piece of a type's name, with the schema it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub text: String,
    pub anchor: Option<String>,
}

/// A field or a parameter.
#[derive(Debug)]
pub(super) struct Row {
    pub name: String,
    /// Where a parameter goes: `query`, `header` or `path`.
    pub place: Option<String>,
    pub kind: Vec<Piece>,
    pub is_required: bool,
    /// HTML.
    pub about: String,
    pub limits: Vec<String>,
}

/// The document's schemas.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schemas<'a> {
    pub all: &'a Value,
}

impl<'a> Schemas<'a> {
    /// The schema itself where `schema` refers to one.
    pub fn resolve<'s>(self, schema: &'s Value) -> &'s Value
    where
        'a: 's,
    {
        referred(schema).map_or(schema, |name| &self.all[name])
    }

    /// The fields of an object, also of one put together of several.
    pub fn rows(self, schema: &Value) -> Vec<Row> {
        let mut rows = Vec::new();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            rows.extend(self.rows(self.resolve(part)));
        }
        let required = schema["required"].as_array();
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let is_required =
                required.is_some_and(|names| names.iter().any(|n| n == name.as_str()));
            rows.push(self.row(name, field, is_required));
        }
        rows
    }

    /// One field.
    pub fn row(self, name: &str, schema: &Value, is_required: bool) -> Row {
        let own = description(schema);
        let inherited = || referred(schema).map(|name| description(&self.all[name]));
        let about = own.or_else(|| inherited().flatten()).unwrap_or_default();
        Row {
            name: name.to_owned(),
            place: None,
            kind: kind(schema),
            is_required,
            about: markdown(about).0,
            limits: limits(schema),
        }
    }

    /// A value that fits, from the examples of the document.
    pub fn sample(self, schema: &Value) -> Value {
        let example = schema["examples"].get(0).or_else(|| schema.get("example"));
        if let Some(example) = example.or_else(|| schema.get("default")) {
            return example.clone();
        }
        if let Some(name) = referred(schema) {
            return self.sample(&self.all[name]);
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let samples = parts.iter().map(|part| self.sample(part));
            let fields = samples.filter_map(|sample| match sample {
                Value::Object(map) => Some(map),
                _ => None,
            });
            return Value::Object(fields.flatten().collect());
        }
        if let Some(first) = alternatives(schema).and_then(|any| any.first()) {
            return self.sample(first);
        }
        match &schema["type"] {
            Value::String(kind) if kind == "object" => {
                let fields = schema["properties"].as_object().into_iter().flatten();
                let fields: Map<_, _> = fields
                    .map(|(name, field)| (name.clone(), self.sample(field)))
                    .collect();
                Value::Object(fields)
            }
            Value::String(kind) if kind == "array" => json!([self.sample(&schema["items"])]),
            Value::String(kind) if kind == "string" => schema["enum"]
                .get(0)
                .cloned()
                .unwrap_or_else(|| json!("...")),
            _ => Value::Null,
        }
    }
}

/// The name of a type, with links to the schemas it is made of.
pub(super) fn kind(schema: &Value) -> Vec<Piece> {
    if let Some(name) = referred(schema) {
        if let Some(item) = name.strip_prefix("Page_") {
            return vec![plain("page of "), link(item)];
        }
        return vec![link(name)];
    }
    if let Some(any) = alternatives(schema) {
        let mut pieces = Vec::new();
        for alternative in any.iter().map(kind) {
            if pieces.ends_with(&alternative) {
                continue;
            }
            if !pieces.is_empty() {
                pieces.push(plain(" or "));
            }
            pieces.extend(alternative);
        }
        return pieces;
    }
    match &schema["type"] {
        Value::String(word) if word == "array" => {
            let mut pieces = vec![plain("array of ")];
            pieces.extend(kind(&schema["items"]));
            pieces
        }
        Value::String(word) => vec![plain(&named(word, schema))],
        Value::Array(kinds) => {
            let kinds = kinds
                .iter()
                .filter_map(Value::as_str)
                .map(|kind| named(kind, schema));
            vec![plain(&kinds.collect::<Vec<_>>().join(" or "))]
        }
        _ => vec![plain("anything")],
    }
}

/// The name of the schema that is referred to.
pub(super) fn referred(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

/// Where a schema is shown.
pub(super) fn anchor(name: &str) -> String {
    format!("schema-{name}")
}

/// What a closed list has, for people.
pub(super) fn words(schema: &Value) -> Option<String> {
    let words = schema["enum"].as_array()?;
    let shown: Vec<_> = words
        .iter()
        .map(|word| word.as_str().unwrap_or_default())
        .collect();
    Some(match &shown[..] {
        [one] => one.to_string(),
        few if few.len() <= WORDS_SHOWN => few.join(", "),
        [a, b, c, ..] => format!("{} words, such as {a}, {b}, {c}", shown.len()),
        _ => return None,
    })
}

fn description(schema: &Value) -> Option<&str> {
    let within = |one: &'_ Value| one["description"].as_str().is_some();
    let own = schema["description"].as_str();
    own.or_else(|| alternatives(schema)?.iter().find(|one| within(one))?["description"].as_str())
}

fn alternatives(schema: &Value) -> Option<&Vec<Value>> {
    schema["oneOf"]
        .as_array()
        .or_else(|| schema["anyOf"].as_array())
}

fn named(kind: &str, schema: &Value) -> String {
    match (kind, schema["format"].as_str()) {
        ("string", Some("date-time")) => "time".to_owned(),
        ("string", Some("date")) => "date".to_owned(),
        ("string", Some("uuid")) => "UUID".to_owned(),
        ("string", Some("uri")) => "URL".to_owned(),
        _ => kind.to_owned(),
    }
}

/// What a value must keep to, each a phrase.
fn limits(schema: &Value) -> Vec<String> {
    let mut limits = Vec::new();
    if let Some(any) = alternatives(schema) {
        let each: Vec<_> = any.iter().map(|one| self::limits(one).join(", ")).collect();
        let told: Vec<_> = each
            .into_iter()
            .filter(|limits| !limits.is_empty())
            .collect();
        return if told.is_empty() {
            limits
        } else {
            vec![told.join("; or ")]
        };
    }
    limits.extend(words(schema));
    limits.extend(range(schema, "minLength", "maxLength", " characters"));
    limits.extend(range(schema, "minimum", "maximum", ""));
    limits.extend(range(schema, "minItems", "maxItems", " items"));
    if schema["uniqueItems"] == true {
        limits.push("none twice".to_owned());
    }
    if let Some(items) = schema.get("items") {
        let each = self::limits(items).join(", ");
        if !each.is_empty() {
            limits.push(format!("each: {each}"));
        }
    }
    if let Some(default) = schema.get("default") {
        limits.push(format!("left out: {default}"));
    }
    limits
}

fn range(schema: &Value, least: &str, most: &str, unit: &str) -> Option<String> {
    match (schema.get(least), schema.get(most)) {
        (Some(least), Some(most)) => Some(format!("{least} to {most}{unit}")),
        (Some(least), None) => Some(format!("at least {least}{unit}")),
        (None, Some(most)) => Some(format!("at most {most}{unit}")),
        (None, None) => None,
    }
}

fn plain(text: &str) -> Piece {
    Piece {
        text: text.to_owned(),
        anchor: None,
    }
}

fn link(name: &str) -> Piece {
    Piece {
        text: name.to_owned(),
        anchor: Some(anchor(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(schema: &Value) -> (String, Vec<String>) {
        let kind = kind(schema);
        (
            kind.into_iter().map(|piece| piece.text).collect(),
            limits(schema),
        )
    }

    #[test]
    fn types_and_limits_are_told_in_words() {
        let link = json!({"$ref": "#/components/schemas/Link"});
        for (schema, kind, limits) in [
            (
                json!({"type": "string", "minLength": 1, "maxLength": 200}),
                "string",
                vec!["1 to 200 characters"],
            ),
            (
                json!({"type": ["string", "null"], "format": "date-time"}),
                "time or null",
                vec![],
            ),
            (
                json!({"type": "integer", "minimum": 1, "default": 50}),
                "integer",
                vec!["at least 1", "left out: 50"],
            ),
            (
                json!({"oneOf": [link, {"type": "null"}]}),
                "Link or null",
                vec![],
            ),
            (
                json!({"$ref": "#/components/schemas/Page_Link"}),
                "page of Link",
                vec![],
            ),
            (
                json!({"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "uniqueItems": true}),
                "array of string",
                vec!["none twice", "each: a, b"],
            ),
            (
                json!({"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["ALL"]}]}),
                "string",
                vec!["a; or ALL"],
            ),
            (json!({}), "anything", vec![]),
        ] {
            let limits = limits.into_iter().map(str::to_owned).collect();
            assert_eq!(told(&schema), (kind.to_owned(), limits));
        }
    }
}
