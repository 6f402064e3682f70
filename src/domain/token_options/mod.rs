//! What is sent along to iDenfy with each mint of a link: its `token`.

#[cfg(test)]
mod cases;
mod cell;
mod check;
mod schema;
mod spec;
#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::{Map, Value};

pub use self::cell::{flag, whole};
pub use self::spec::{Field, Kind};

use super::field_error::FieldErrors;
use super::flow::Flow;

/// Checked parameters of iDenfy's call: exactly what was given, without the nulls.
#[derive(Clone, PartialEq, Default)]
pub struct TokenOptions(Map<String, Value>);

impl TokenOptions {
    /// The parameters that links of `flow` take, in the order they are shown to people.
    #[must_use]
    pub const fn fields(flow: Flow) -> &'static [Field] {
        match flow {
            Flow::DocumentAndSelfie | Flow::Document => spec::TOKEN,
            Flow::Selfie => spec::AGE_ESTIMATION,
        }
    }

    /// Checks what was sent; fields of errors are relative to `token` (`country[0]`), and empty
    /// for `token` itself. Messages never repeat a value, which may be personal data.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn parse(flow: Flow, given: Option<&Value>) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let mut kept = Map::new();
        match given {
            None | Some(Value::Null) => {}
            Some(Value::Object(given)) => kept = check_each(flow, given, &mut errors),
            Some(_) => {
                errors.push("", "must be an object");
                return Err(errors);
            }
        }
        for field in Self::fields(flow) {
            if field.required && !kept.contains_key(field.name) {
                errors.push(
                    field.name,
                    format!("is required for the flow {}", flow.as_str()),
                );
            }
        }
        check_together(&kept, &mut errors);
        if errors.is_empty() {
            Ok(Self(kept))
        } else {
            Err(errors)
        }
    }

    /// Takes back what [`Self::as_map`] gave and the database kept.
    #[must_use]
    pub const fn from_stored(map: Map<String, Value>) -> Self {
        Self(map)
    }

    /// The parameters as iDenfy names them.
    #[must_use]
    pub const fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The fixed customer, where there is one.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.text("clientId")
    }

    /// The same, for this customer.
    #[must_use]
    pub fn with_client_id(&self, client_id: String) -> Self {
        let mut map = self.0.clone();
        map.insert("clientId".to_owned(), client_id.into());
        Self(map)
    }

    /// The integrator's own reference, which iDenfy repeats in its webhooks.
    #[must_use]
    pub fn external_ref(&self) -> Option<&str> {
        self.text("externalRef")
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }
}

/// Names alone: the values are personal data.
impl fmt::Debug for TokenOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenOptions")?;
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Checks each parameter by itself and keeps all that are known and not null.
fn check_each(
    flow: Flow,
    given: &Map<String, Value>,
    errors: &mut FieldErrors,
) -> Map<String, Value> {
    let mut kept = Map::new();
    for (name, value) in given {
        if let Some(field) = find(flow, name) {
            if !value.is_null() {
                check::check(field, value, errors);
                kept.insert(name.clone(), value.clone());
            }
        } else if let Some(reason) = decided_elsewhere(flow, name) {
            if !value.is_null() {
                errors.push(name, reason);
            }
        } else if Flow::ALL
            .into_iter()
            .any(|other| find(other, name).is_some())
        {
            errors.push(
                name,
                format!("unknown field for the flow {}", flow.as_str()),
            );
        } else {
            errors.push(name, "unknown field");
        }
    }
    kept
}

fn find(flow: Flow, name: &str) -> Option<&'static Field> {
    TokenOptions::fields(flow)
        .iter()
        .find(|field| field.name == name)
}

/// Why a parameter that iDenfy knows is not taken here.
fn decided_elsewhere(flow: Flow, name: &str) -> Option<&'static str> {
    Some(match (name, flow) {
        ("tokenType", _) => "is decided by flow: leave it out",
        ("locale", _) => "is decided by language: leave it out",
        ("callbackUrl" | "webhook_url", _) => {
            "is decided by the settings (idenfy.send_callback_url): leave it out"
        }
        ("clientId" | "personScanRef", Flow::Selfie) => "the flow selfie takes no clientId",
        ("personScanRef", _) => "use clientId",
        _ => return None,
    })
}

/// Checks what is wrong only in company. Values of a wrong kind have been reported already.
fn check_together(kept: &Map<String, Value>, errors: &mut FieldErrors) {
    let integer = |name: &str| kept.get(name).and_then(Value::as_i64);
    if kept.contains_key("utilityBill") && kept.contains_key("additionalSteps") {
        errors.push(
            "utilityBill",
            "must not be given together with additionalSteps",
        );
    }
    if integer("ageLimit")
        .zip(integer("ageMax"))
        .is_some_and(|(limit, max)| limit > max)
    {
        errors.push("ageMax", "must not be below ageLimit");
    }
    if integer("buffer")
        .zip(integer("min_age"))
        .is_some_and(|(buffer, age)| buffer > age)
    {
        errors.push("buffer", "must not be above min_age");
    }
}
