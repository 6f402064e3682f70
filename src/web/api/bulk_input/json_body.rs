//! `{"links": […]}`, each link left as text, so that only one at a time is taken apart: as values they would need many
//! times the memory.

use std::fmt;

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::field_error::FieldErrors;

/// The most unknown fields that are told.
const UNKNOWN_MAX: usize = 20;

/// What a body holds.
#[derive(Default)]
pub(super) struct Body<'a> {
    /// The links; one more than are allowed stands for all that are too many.
    pub(super) links: Vec<&'a RawValue>,
    /// What is wrong with the body itself.
    pub(super) mistakes: FieldErrors,
}

/// Reads a body of at most `most` links.
pub(super) fn read(text: &str, most: usize) -> Result<Body<'_>, serde_json::Error> {
    let whole: &RawValue = serde_json::from_str(text)?;
    let mut body = Body::default();
    if !whole.get().starts_with('{') {
        body.mistakes.push("", "must be a JSON object");
        return Ok(body);
    }
    let links =
        serde_json::Deserializer::from_str(whole.get()).deserialize_map(Top(&mut body.mistakes))?;
    match links.map(RawValue::get) {
        None | Some("null") => body.mistakes.push("links", "is required"),
        Some(list) if list.starts_with('[') => {
            body.links = serde_json::Deserializer::from_str(list).deserialize_seq(List(most))?;
        }
        Some(_) => body.mistakes.push("links", "must be an array"),
    }
    Ok(body)
}

/// The body's own fields: yields the one that is known.
struct Top<'m>(&'m mut FieldErrors);

impl<'de> Visitor<'de> for Top<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut links = None;
        while let Some(name) = map.next_key::<String>()? {
            if name == "links" {
                links = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
                if self.0.iter().len() < UNKNOWN_MAX {
                    self.0.push(name, "unknown field");
                }
            }
        }
        Ok(links)
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
        let mut links = Vec::new();
        while let Some(link) = list.next_element()? {
            if links.len() <= self.0 {
                links.push(link);
            }
        }
        Ok(links)
    }
}
