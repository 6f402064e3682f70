//! `{"links": […]}` or `{"invitations": […]}`, each row left as text, so that only one at a time is taken apart: as values they would need many
//! times the memory.

use std::fmt;

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::domain::field_error::FieldErrors;

/// The most unknown fields that are told.
const UNKNOWN_MAX: usize = 20;

/// What a body holds.
#[derive(Default)]
pub(super) struct Body<'a> {
    /// The rows; one more than are allowed stands for all that are too many.
    pub(super) rows: Vec<&'a RawValue>,
    /// What is said of all of them.
    pub(super) common: Map<String, Value>,
    /// What is wrong with the body itself.
    pub(super) mistakes: FieldErrors,
}

/// Reads a body of at most `most` rows, which are its field `list`; `common` may be said of all of them.
pub(super) fn read<'a>(
    text: &'a str,
    list: &'static str,
    common: &'static [&'static str],
    most: usize,
) -> Result<Body<'a>, serde_json::Error> {
    let whole: &RawValue = serde_json::from_str(text)?;
    let mut body = Body::default();
    if !whole.get().starts_with('{') {
        body.mistakes.push("", "must be a JSON object");
        return Ok(body);
    }
    let top = Top {
        list,
        known: common,
        mistakes: &mut body.mistakes,
        common: &mut body.common,
    };
    let rows = serde_json::Deserializer::from_str(whole.get()).deserialize_map(top)?;
    match rows.map(RawValue::get) {
        None | Some("null") => body.mistakes.push(list, "is required"),
        Some(rows) if rows.starts_with('[') => {
            body.rows = serde_json::Deserializer::from_str(rows).deserialize_seq(List(most))?;
        }
        Some(_) => body.mistakes.push(list, "must be an array"),
    }
    Ok(body)
}

/// The body's own fields: yields the list.
struct Top<'m> {
    list: &'static str,
    known: &'static [&'static str],
    mistakes: &'m mut FieldErrors,
    common: &'m mut Map<String, Value>,
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut rows = None;
        while let Some(name) = map.next_key::<String>()? {
            if name == self.list {
                rows = Some(map.next_value()?);
            } else if self.known.contains(&&*name) {
                self.common.insert(name, map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
                if self.mistakes.iter().len() < UNKNOWN_MAX {
                    self.mistakes.push(name, "unknown field");
                }
            }
        }
        Ok(rows)
    }
}

/// A list, of which at most so many and one are kept.
struct List(usize);

impl<'de> Visitor<'de> for List {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut rows = Vec::new();
        while let Some(row) = list.next_element()? {
            if rows.len() <= self.0 {
                rows.push(row);
            }
        }
        Ok(rows)
    }
}
