//! Reads a JSON object field by field, noting everything that is wrong with it.

use actix_web::http::header;
use actix_web::{HttpRequest, web};
use serde_json::{Map, Value};

use crate::domain::field_error::FieldErrors;
use crate::domain::timestamp::Timestamp;
use crate::web::problem::Problem;

/// The body of a request, or why it cannot be had.
pub type Body = Result<web::Bytes, actix_web::Error>;

/// The bytes of a body.
///
/// # Errors
/// When it is too large or broke off.
pub fn bytes(body: Body) -> Result<web::Bytes, Problem> {
    body.map_err(
        |error| match error.as_response_error().status_code().as_u16() {
            413 => Problem::TooLarge,
            _ => Problem::BadRequest("The body broke off.".to_owned()),
        },
    )
}

/// The JSON object of a body. No body at all is an empty object where `may_be_empty`.
///
/// # Errors
/// When it is not declared as JSON or is none; a JSON value that is no object is a wrong field with no name.
pub fn object(
    request: &HttpRequest,
    body: &[u8],
    may_be_empty: bool,
) -> Result<Map<String, Value>, Problem> {
    if body.is_empty() && may_be_empty {
        return Ok(Map::new());
    }
    let content_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok());
    let essence = content_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Problem::UnsupportedMediaType("application/json"));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Problem::field("", "must be a JSON object")),
        Err(error) => Err(Problem::BadRequest(format!(
            "The body is not JSON: line {}, column {}.",
            error.line(),
            error.column()
        ))),
    }
}

/// An object being read: each field is taken once, what is left at the end is unknown. Null means not given.
#[derive(Debug)]
pub struct Fields {
    map: Map<String, Value>,
    /// Everything wrong so far.
    pub errors: FieldErrors,
}

impl Fields {
    /// Starts to read `map`.
    #[must_use]
    pub fn new(map: Map<String, Value>) -> Self {
        Self {
            map,
            errors: FieldErrors::default(),
        }
    }

    /// Takes a field as it is.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    /// Takes a text and what `parse` makes of it.
    pub fn text<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        match self.take(name)? {
            Value::String(text) => self.errors.check(name, parse(&text)),
            _ => self.wrong(name, "must be a string"),
        }
    }

    /// Takes a truth value; false when not given.
    pub fn flag(&mut self, name: &str) -> bool {
        match self.take(name) {
            None => false,
            Some(Value::Bool(flag)) => flag,
            Some(_) => self
                .wrong(name, "must be true or false")
                .unwrap_or_default(),
        }
    }

    /// Takes a whole number.
    pub fn whole(&mut self, name: &str) -> Option<i64> {
        let value = self.take(name)?;
        value
            .as_i64()
            .or_else(|| self.wrong(name, "must be a whole number"))
    }

    /// Takes a time that lies ahead of `now`.
    pub fn time_ahead(&mut self, name: &str, now: Timestamp) -> Option<Timestamp> {
        self.text(name, |text| {
            let at = Timestamp::parse(text)?;
            if at > now {
                Ok(at)
            } else {
                Err("must lie ahead".to_owned())
            }
        })
    }

    /// Takes an object.
    pub fn object(&mut self, name: &str) -> Option<Map<String, Value>> {
        match self.take(name)? {
            Value::Object(map) => Some(map),
            _ => self.wrong(name, "must be an object"),
        }
    }

    /// Notes that a field is missing; one that is there as null is not unknown as well.
    pub fn missing<T>(&mut self, name: &str) -> Option<T> {
        self.map.remove(name);
        self.wrong(name, "is required")
    }

    /// Whether a field is there, and not null.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(|value| !value.is_null())
    }

    /// Notes that a field is wrong.
    pub fn wrong<T>(&mut self, name: &str, message: &str) -> Option<T> {
        self.errors.push(name, message);
        None
    }

    /// Ends the reading: whatever was not taken is unknown.
    #[must_use]
    pub fn end(mut self) -> FieldErrors {
        for name in self.map.keys() {
            self.errors.push(name, "unknown field");
        }
        self.errors
    }
}
