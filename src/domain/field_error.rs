//! Bad input, told field by field so that everything wrong is reported at once.

use serde::Serialize;

/// One thing wrong with one field of what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Path of the field in the request, such as `usage.limit` or `token.country[0]`.
    pub field: String,
    /// What is wrong, as a sentence a person can act on.
    pub message: String,
}

/// The field and what is wrong with it; what is wrong with the whole has no field.
impl std::fmt::Display for FieldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.message)
    }
}

/// Collects everything wrong with a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Notes that `field` is wrong.
    pub fn push(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldError {
            field: field.into(),
            message: message.into(),
        });
    }

    /// Takes the value of `result`, or notes its message at `field`.
    pub fn check<T>(&mut self, field: &str, result: Result<T, impl Into<String>>) -> Option<T> {
        result.map_err(|message| self.push(field, message)).ok()
    }

    /// Adds all of `others`, their fields put below `prefix` (`links[3]` makes `links[3].name`).
    pub fn extend_below(&mut self, prefix: &str, others: FieldErrors) {
        for FieldError { field, message } in others.0 {
            let field = if prefix.is_empty() {
                field
            } else if field.is_empty() || field.starts_with('[') {
                format!("{prefix}{field}")
            } else {
                format!("{prefix}.{field}")
            };
            self.0.push(FieldError { field, message });
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The errors in the order they were found.
    #[must_use]
    pub fn into_vec(self) -> Vec<FieldError> {
        self.0
    }

    /// The errors in the order they were found.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &FieldError> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_below_a_prefix_are_named_by_their_whole_path() {
        for (prefix, field, whole) in [
            ("token", "", "token"),
            ("token", "country[0]", "token.country[0]"),
            ("scopes", "[1]", "scopes[1]"),
            ("", "name", "name"),
            ("links[3]", "name", "links[3].name"),
        ] {
            let (mut inner, mut outer) = (FieldErrors::default(), FieldErrors::default());
            inner.push(field, "wrong");
            outer.extend_below(prefix, inner);
            assert_eq!(outer.into_vec()[0].field, whole);
        }
    }
}
