//! RFC 9457 problem documents.

use serde::Serialize;

/// An RFC 9457 problem document.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// Names the kind of problem; always `about:blank`, as `code` tells them apart.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The status in words.
    pub title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What is wrong with this request, for a person.
    pub detail: String,
    /// What is wrong, for a program: one of the codes in the table of problems.
    #[schema(examples("slug_taken"))]
    pub code: &'static str,
    /// Each field that is wrong, with the code `invalid`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldErrorDocument>,
    /// The session that is open, with the code `session_open`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uuid")]
    pub session_id: Option<String>,
}

/// One field that is wrong.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = FieldError)]
pub struct FieldErrorDocument {
    /// Path of the field, such as `usage.limit` or `token.country[0]`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}
