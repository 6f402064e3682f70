//! What the API answers, in a form that can be kept and given again.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpResponse, ResponseError as _};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::domain::id::LinkId;
use crate::web::problem::{PROBLEM_JSON, Problem};

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    status: u16,
    location: Option<String>,
    retry_after: Option<u32>,
    body: String,
    /// The link of the person whom it tells of: it is not kept longer than what is known of that person.
    #[serde(skip)]
    about: Option<LinkId>,
}

impl Answer {
    /// `200` with `document`.
    #[must_use]
    pub fn ok(document: &impl Serialize) -> Self {
        Self::json(200, document)
    }

    /// `201` with what was made and where it is.
    #[must_use]
    pub fn created(location: String, document: &impl Serialize) -> Self {
        Self {
            location: Some(location),
            ..Self::json(201, document)
        }
    }

    /// `202`: it will be done, with what there is to tell of it.
    #[must_use]
    pub fn accepted(document: &impl Serialize) -> Self {
        Self::json(202, document)
    }

    /// `204`.
    #[must_use]
    pub const fn done() -> Self {
        Self {
            status: 204,
            location: None,
            retry_after: None,
            body: String::new(),
            about: None,
        }
    }

    /// The same, telling of the person whose link this is.
    #[must_use]
    pub fn about(self, link: LinkId) -> Self {
        Self {
            about: Some(link),
            ..self
        }
    }

    /// The link of the person whom it tells of.
    #[must_use]
    pub const fn link(&self) -> Option<LinkId> {
        self.about
    }

    /// What is kept of an answer that is too long to be kept: from what it is told again.
    #[must_use]
    pub fn receipt(from: &impl Serialize) -> Self {
        Self::json(201, from)
    }

    /// From what the answer is told again.
    ///
    /// # Errors
    /// The answer itself, where it is no receipt.
    pub fn into_receipt<T: DeserializeOwned>(self) -> Result<T, Self> {
        serde_json::from_str(&self.body).map_err(|_| self)
    }

    fn json(status: u16, document: &impl Serialize) -> Self {
        let body = serde_json::to_string(document).expect("documents have text keys only");
        Self {
            status,
            location: None,
            retry_after: None,
            body,
            about: None,
        }
    }

    /// Whether it tells of a fault of ours or that it is too early, so that the request is to be sent again.
    #[must_use]
    pub const fn is_fault(&self) -> bool {
        self.status >= 500 || self.status == 429
    }

    /// The answer as a response.
    #[must_use]
    pub fn respond(self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status);
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(location) = self.location {
            response.insert_header((header::LOCATION, location));
        }
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        match self.status {
            204 => response.finish(),
            400.. => response.content_type(PROBLEM_JSON).body(self.body),
            _ => response.content_type("application/json").body(self.body),
        }
    }
}

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Self {
        Self {
            retry_after: problem.retry_after(),
            ..Self::json(problem.status_code().as_u16(), &problem.document())
        }
    }
}
