//! How the calls say no: iDenfy's error bodies.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Map, Value, json};

/// An answer other than success. Source of the words: iDenfy's error page.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct Refusal {
    status: StatusCode,
    /// Errors of the authorization and of funds carry none.
    identifier: Option<&'static str>,
    message: String,
    more: &'static [(&'static str, &'static str)],
}

impl Refusal {
    fn new(status: StatusCode, identifier: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            identifier: Some(identifier),
            message: message.into(),
            more: &[],
        }
    }

    /// A field's value is not one that iDenfy takes.
    pub(super) fn bad_value(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_VALUE", message)
    }

    /// A needed field was not given.
    pub(super) fn missing(field: &str) -> Self {
        let message = format!("Field '{field}' is required.");
        Self::new(StatusCode::BAD_REQUEST, "MISSING_VALUE", message)
    }

    /// Fields that are good each, but not together.
    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", message)
    }

    /// The body is not a JSON object.
    pub(super) fn json() -> Self {
        let message = "An error occurred while parsing the JSON body.";
        Self::new(StatusCode::BAD_REQUEST, "JSON_ERROR", message)
    }

    /// The body is not UTF-8.
    pub(super) fn encoding() -> Self {
        let message = "An error occurred while decoding the body.";
        Self::new(StatusCode::BAD_REQUEST, "ENCODING_ERROR", message)
    }

    /// Wrong verb.
    pub(super) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            "Method not allowed.",
        )
    }

    /// The session's state forbids it.
    pub(super) fn partner(message: &str) -> Self {
        Self {
            more: &[("documentation", ""), ("severity", "NOT_SEVERE")],
            ..Self::new(StatusCode::BAD_REQUEST, "PARTNER_ERROR", message)
        }
    }

    /// No or wrong credentials.
    pub(super) fn credentials() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            identifier: None,
            message: "Invalid authorization credentials".into(),
            more: &[],
        }
    }

    /// No balance; `age`: with the code that age estimation adds.
    pub(super) fn out_of_credits(age: bool) -> Self {
        Self {
            status: StatusCode::PAYMENT_REQUIRED,
            identifier: None,
            message: "Action not allowed due to lack of funds or exceeded limit.".into(),
            more: if age {
                &[("code", "insufficient_finances")]
            } else {
                &[]
            },
        }
    }

    /// The form of [`Self::out_of_credits`] that older contracts get.
    pub(super) fn out_of_tokens() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "PERMISSIONS_ERROR",
            "Partner reached token limit.",
        )
    }

    /// Too many calls.
    pub(super) fn rate_limit() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "TOO_MANY_REQUESTS",
            "Too many requests.",
        )
    }

    /// A failure on iDenfy's side.
    pub(super) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL_ERROR",
            "Internal error.",
        )
    }

    /// A page of a list beyond its end.
    pub(super) fn no_such_page() -> Self {
        Self::new(StatusCode::NOT_FOUND, "BAD_VALUE", "Invalid page.")
    }

    /// The answer.
    pub(super) fn response(&self) -> HttpResponse {
        let mut body = Map::new();
        body.insert("message".into(), json!(self.message));
        if let Some(identifier) = self.identifier {
            body.insert("identifier".into(), json!(identifier));
        }
        body.extend(
            self.more
                .iter()
                .map(|(name, value)| ((*name).to_owned(), json!(value))),
        );
        HttpResponse::build(self.status).json(Value::Object(body))
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        self.response()
    }
}
