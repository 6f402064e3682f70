//! What the dashboard refuses, and the page that says so.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpResponse, ResponseError};
use askama::Template;

use super::page::render;
use crate::domain::person::Role;
use crate::store::StoreError;
use crate::web::{State, assets};

/// Suggested pause while the database is down, in seconds.
const DATABASE_RETRY_SECONDS: u32 = 5;

/// Why there is no page.
#[derive(Debug, Clone)]
pub enum Refused {
    /// Nobody is signed in; names the page to come back to.
    SignedOut(String),
    /// The person may not do this; names the role that may.
    Forbidden(Role),
    /// There is no such page, or no such thing.
    NotFound,
    /// What was posted is not a form of this browser's.
    BadForm,
    /// The form is too large.
    TooLarge,
    /// Too many passwords are being checked.
    Busy,
    /// A code or a poster could not be drawn; the log has the cause.
    NotDrawn,
    /// The database does not answer; the guard tells the log why, unless it was told before.
    Database(Option<Arc<StoreError>>),
}

/// What a handler answers.
pub type Answer = Result<HttpResponse, Refused>;

#[derive(Template)]
#[template(path = "dashboard/refused.html")]
struct RefusedPage {
    title: &'static str,
    text: String,
    icon: String,
    stylesheet: String,
}

impl Refused {
    /// Tells the log why the database did not answer, as the rest of the gateway does.
    pub(super) fn tell(&self, state: &State) {
        if let Self::Database(Some(error)) = self {
            state.store.outage.met("a page could not be shown", error);
        }
    }

    /// The page, once the log was told.
    pub(super) fn told(&self, state: &State) -> HttpResponse {
        self.tell(state);
        self.error_response()
    }

    fn parts(&self) -> (StatusCode, &'static str, String) {
        let (status, title, text) = match self {
            Self::SignedOut(_) => (StatusCode::SEE_OTHER, "Sign in first", ""),
            Self::Forbidden(role) => {
                let text = format!(
                    "This needs the role {}. An administrator can give it to you under Settings, People and roles.",
                    role.title()
                );
                return (StatusCode::FORBIDDEN, "You may not do this", text);
            }
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "There is nothing here",
                "It may have been removed, or the address is not quite right.",
            ),
            Self::BadForm => (
                StatusCode::FORBIDDEN,
                "This form is not valid any more",
                "It was open for too long, or you have signed in or out since. Nothing was changed. Go back, reload the page and try again.",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "This is too much at once",
                "Nothing was changed. Go back and send less.",
            ),
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Many people sign in right now",
                "Nothing was changed. Go back and try again in a moment.",
            ),
            Self::NotDrawn => (
                StatusCode::SERVICE_UNAVAILABLE,
                "This could not be drawn",
                "The server lacks something for it, most likely a font with the letters of the text. Its log says what.",
            ),
            Self::Database(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The database does not answer",
                "Try again in a moment. If it stays so, look at the server's log.",
            ),
        };
        (status, title, text.to_owned())
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.parts().1)
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        self.parts().0
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::SignedOut(path) = self {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs((path != super::ROOT).then_some(("next", path)))
                .finish();
            let address = format!("{}/login?{query}", super::ROOT);
            return HttpResponse::SeeOther()
                .insert_header((header::LOCATION, address.trim_end_matches('?')))
                .finish();
        }
        let (status, title, text) = self.parts();
        let page = RefusedPage {
            title,
            text,
            icon: assets::url("favicon.svg"),
            stylesheet: assets::url("dashboard.css"),
        };
        let mut answer = render(status, &page);
        if matches!(self, Self::Busy | Self::Database(_)) {
            let seconds = header::HeaderValue::from(DATABASE_RETRY_SECONDS);
            answer.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        answer
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Database(Some(Arc::new(error)))
    }
}
