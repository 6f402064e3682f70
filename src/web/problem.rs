//! Every failure as it is told: status, stable code, title; RFC 9457 for programs, a page for visitors.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};

pub use self::document::{FieldErrorDocument, ProblemDocument};
use crate::domain::field_error::{FieldError, FieldErrors};
use crate::domain::signed::Unsigned;
use crate::redeem::{NotStarted, RETRY_SECONDS};
use crate::store::{Store, StoreError};

mod document;

/// Content type of RFC 9457 documents.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Suggested pause while the database is down, in seconds.
const DATABASE_RETRY_SECONDS: u32 = 5;

/// Suggested pause for a visitor whose earlier session is not over, in seconds.
const EARLIER_RETRY_SECONDS: u32 = 60;

/// Suggested pause while too many listen to events, in seconds.
const LISTENERS_RETRY_SECONDS: u32 = 30;

/// What went wrong with a request.
#[derive(Debug, Clone)]
pub enum Problem {
    /// No link has that slug.
    LinkNotFound,
    /// The link's time is over.
    LinkExpired,
    /// The link's uses are spent.
    LinkExhausted,
    /// The link was switched off or deleted.
    LinkDeactivated,
    /// A signed link was opened without a signature that holds.
    SignatureInvalid,
    /// The time of a signed link's address is over.
    SignatureExpired,
    /// iDenfy cannot start a session now.
    VerificationUnavailable(u32),
    /// Too many clicks from one address.
    RateLimited(u32),
    /// Nothing is here.
    NotFound,
    /// The path is known, the method is not; names those that are, as in the header `Allow`.
    MethodNotAllowed(&'static str),
    /// No key, or not a valid one.
    Unauthorized,
    /// The key may not do this; names the scope it would need.
    Forbidden(&'static str),
    /// The request cannot be read; says why.
    BadRequest(String),
    /// The body is not of a type that is understood.
    UnsupportedMediaType(&'static str),
    /// The body is too large.
    TooLarge,
    /// Fields are wrong, all of them named.
    Invalid(Vec<FieldError>),
    /// Another link has or had the slug.
    SlugTaken(String),
    /// An expired or exhausted link cannot be switched on.
    LinkOver,
    /// The customer has an open session; names it.
    SessionOpen(String),
    /// iDenfy cannot be asked about the session, or does not know it.
    NothingToAsk,
    /// iDenfy does not tell; come back after so many seconds.
    IdenfyUnavailable(u32),
    /// The endpoint is switched off: nothing is sent to it.
    EndpointDisabled,
    /// Sending by this channel, or by any, is not set up.
    SendingOff,
    /// The message was sent, or nobody knows any more to whom it was to go.
    MessageOver,
    /// The idempotency key was used for another request.
    IdempotencyMismatch,
    /// The first request with the idempotency key is still running.
    IdempotencyInProgress,
    /// As many listen to events as one node serves.
    TooManyListeners,
    /// The server cannot draw it; most likely it has no font for its letters.
    NotDrawn,
    /// The database does not answer, or work ended early, which is in the log already; why, for the log alone.
    Database(Option<StoreError>),
}

impl Problem {
    /// Fields that are wrong.
    #[must_use]
    pub fn invalid(errors: FieldErrors) -> Self {
        Self::Invalid(errors.into_vec())
    }

    /// One field that is wrong.
    #[must_use]
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        let mut errors = FieldErrors::default();
        errors.push(field, message);
        Self::invalid(errors)
    }

    /// Status, code and detail: the one place where failures are given words.
    #[expect(clippy::too_many_lines, reason = "an arm for each problem")]
    fn parts(&self) -> (StatusCode, &'static str, String) {
        let (status, code, detail) = match self {
            Self::LinkNotFound => (404, "link_not_found", "No link has this address."),
            Self::LinkExpired => (410, "link_expired", "The link's time is over."),
            Self::LinkExhausted => (410, "link_exhausted", "All uses of the link are spent."),
            Self::LinkDeactivated => (410, "link_deactivated", "The link was switched off."),
            Self::SignatureInvalid => (
                403,
                "signature_invalid",
                "The address is not signed as this link asks for, or was changed.",
            ),
            Self::SignatureExpired => (
                403,
                "signature_expired",
                "The time of the signed address is over.",
            ),
            Self::VerificationUnavailable(_) => (
                503,
                "verification_unavailable",
                "No verification can be started now. Nothing was used up; try again in a moment.",
            ),
            Self::RateLimited(_) => (
                429,
                "rate_limited",
                "Too many requests. Try again in a moment.",
            ),
            Self::NotFound => (404, "not_found", "There is nothing here."),
            Self::MethodNotAllowed(_) => (
                405,
                "method_not_allowed",
                "This method is not allowed here.",
            ),
            Self::Unauthorized => (
                401,
                "unauthorized",
                "Send a valid API key as Authorization: Bearer <key>.",
            ),
            Self::Forbidden(scope) => {
                return (
                    StatusCode::FORBIDDEN,
                    "forbidden",
                    format!("The key lacks the scope {scope}."),
                );
            }
            Self::BadRequest(why) => return (StatusCode::BAD_REQUEST, "bad_request", why.clone()),
            Self::UnsupportedMediaType(wanted) => {
                let detail = format!("Send the body as {wanted}.");
                return (
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "unsupported_media_type",
                    detail,
                );
            }
            Self::TooLarge => (413, "too_large", "The body is too large."),
            Self::Invalid(errors) => {
                return (StatusCode::UNPROCESSABLE_ENTITY, "invalid", summary(errors));
            }
            Self::SlugTaken(field) => {
                let detail = format!("{field}: another link has or had this slug.");
                return (StatusCode::CONFLICT, "slug_taken", detail);
            }
            Self::LinkOver => (
                409,
                "link_over",
                "The link is expired or exhausted. Links cannot be extended or refreshed; make a new one.",
            ),
            Self::SessionOpen(_) => (
                409,
                "session_open",
                "This clientId has an open session. Use it, or wait for its end.",
            ),
            Self::NothingToAsk => (
                409,
                "nothing_to_ask",
                "There is nothing iDenfy could be asked about this session.",
            ),
            Self::IdenfyUnavailable(_) => (
                503,
                "idenfy_unavailable",
                "iDenfy does not answer now. Try again in a moment.",
            ),
            Self::EndpointDisabled => (
                409,
                "endpoint_disabled",
                "The endpoint is switched off. Switch it on first.",
            ),
            Self::SendingOff => (
                409,
                "sending_off",
                "Sending is not set up: by email it takes the settings email.smtp_url and email.from, by SMS those of [sms].",
            ),
            Self::MessageOver => (
                409,
                "message_over",
                "The message was sent, or nobody knows any more to whom it was to go. Send the link again.",
            ),
            Self::IdempotencyMismatch => (
                409,
                "idempotency_mismatch",
                "The Idempotency-Key was used for another request.",
            ),
            Self::IdempotencyInProgress => (
                409,
                "idempotency_in_progress",
                "The first request with this Idempotency-Key still runs.",
            ),
            Self::TooManyListeners => (
                503,
                "too_many_listeners",
                "Too many listen to events on this server.",
            ),
            Self::NotDrawn => (
                503,
                "not_drawn",
                "The server cannot draw this. Most likely it lacks fonts for these letters: install Noto's, on Debian fonts-noto-core and fonts-noto-cjk.",
            ),
            Self::Database(_) => (
                503,
                "database_unavailable",
                "The service cannot reach its data now.",
            ),
        };
        (
            StatusCode::from_u16(status).unwrap_or_default(),
            code,
            detail.to_owned(),
        )
    }

    /// Seconds after which to try again, where that helps.
    #[must_use]
    pub const fn retry_after(&self) -> Option<u32> {
        match self {
            Self::VerificationUnavailable(seconds)
            | Self::IdenfyUnavailable(seconds)
            | Self::RateLimited(seconds) => Some(*seconds),
            Self::TooManyListeners => Some(LISTENERS_RETRY_SECONDS),
            Self::Database(_) => Some(DATABASE_RETRY_SECONDS),
            _ => None,
        }
    }

    /// Tells the log why the database failed: once a request, where its answer is made.
    pub fn tell(&self, store: &Store) {
        if let Self::Database(Some(error)) = self {
            store.outage.met("a request failed", error);
        }
    }

    /// The problem as a document.
    #[must_use]
    pub fn document(&self) -> ProblemDocument {
        let (status, code, detail) = self.parts();
        let errors = if let Self::Invalid(errors) = self {
            errors.as_slice()
        } else {
            &[]
        };
        ProblemDocument {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail,
            code,
            errors: errors
                .iter()
                .map(|e| FieldErrorDocument {
                    field: e.field.clone(),
                    message: e.message.clone(),
                })
                .collect(),
            session_id: if let Self::SessionOpen(id) = self {
                Some(id.clone())
            } else {
                None
            },
        }
    }
}

fn summary(errors: &[FieldError]) -> String {
    match errors {
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
        [] => "The request does not make sense.".to_owned(),
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.parts().1)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.parts().0
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(seconds) = self.retry_after() {
            response.insert_header((header::RETRY_AFTER, HeaderValue::from(seconds)));
        }
        if matches!(self, Self::Unauthorized) {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if let Self::MethodNotAllowed(allow) = self {
            response.insert_header((header::ALLOW, *allow));
        }
        let body = serde_json::to_string(&self.document()).unwrap_or_default();
        response.content_type(PROBLEM_JSON).body(body)
    }
}

/// The cause goes to the log by [`Problem::tell`]; the answer does not show it.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::Database(Some(error))
    }
}

impl From<Unsigned> for Problem {
    fn from(why: Unsigned) -> Self {
        match why {
            Unsigned::Invalid => Self::SignatureInvalid,
            Unsigned::Expired(_) => Self::SignatureExpired,
        }
    }
}

impl From<NotStarted> for Problem {
    fn from(why: NotStarted) -> Self {
        match why {
            NotStarted::Over => Self::LinkDeactivated,
            NotStarted::Busy => Self::VerificationUnavailable(RETRY_SECONDS),
            NotStarted::Earlier(_) => Self::VerificationUnavailable(EARLIER_RETRY_SECONDS),
            NotStarted::Unavailable { retry_after } => Self::VerificationUnavailable(retry_after),
        }
    }
}
