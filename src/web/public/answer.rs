//! What a visitor is answered: off to iDenfy, the page with the button, or why not.

use std::sync::Arc;

use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};

use super::Visit;
use super::request::{NONCE, accepted_language, cookie_name, header_text, wants_json};
use crate::domain::link::LinkTerms;
use crate::domain::locale::Locale;
use crate::redeem::Started;
use crate::web::in_app;
use crate::web::pages::{self, Confirm, Notice};
use crate::web::problem::Problem;

/// What is answered to a visitor.
pub(super) enum Answer {
    /// Off to iDenfy; counted already.
    Go(Arc<LinkTerms>, Started),
    /// The page with the button, and what it counts as.
    Page(Arc<LinkTerms>, &'static str),
    /// A page that says why not, in that language, perhaps with the operator's words.
    No(Problem, Locale, Option<String>),
}

/// A page for everything that is not a link's URL and not a program's.
pub fn not_found(request: &HttpRequest) -> HttpResponse {
    refuse(
        request,
        &Problem::LinkNotFound,
        accepted_language(request),
        None,
    )
}

impl Visit<'_> {
    pub(super) fn respond(&self, answer: Answer) -> HttpResponse {
        match answer {
            Answer::Go(terms, started) => self.redirect(&terms, &started),
            Answer::Page(terms, counted) => {
                self.state.metrics.click(counted);
                let customer = terms.token.client_id();
                let nonce = self.state.signer.nonce(terms.id, customer, self.now);
                let agent = header_text(self.request.headers(), header::USER_AGENT.as_str());
                let page = Confirm {
                    locale: self.language(&terms),
                    flow: terms.flow,
                    in_app: agent.is_some_and(in_app::is_in_app),
                    fields: &[(NONCE, &nonce)],
                };
                let mut response = visitor_headers(html(StatusCode::OK, pages::confirm(&page)));
                // Kept by this browser alone, so that "back" shows the same form, which starts nothing twice.
                let kept = HeaderValue::from_static("private, no-cache");
                response.headers_mut().insert(header::CACHE_CONTROL, kept);
                response
            }
            Answer::No(problem, language, message) => {
                problem.tell(&self.state.store);
                self.state.metrics.click(match problem {
                    Problem::RateLimited(_) => "rate_limited",
                    Problem::LinkNotFound => "unknown",
                    Problem::SignatureInvalid | Problem::SignatureExpired => "unsigned",
                    ref problem if is_over(problem) => "over",
                    _ => "failed",
                });
                refuse(self.request, &problem, language, message.as_deref())
            }
        }
    }

    fn redirect(&self, terms: &LinkTerms, started: &Started) -> HttpResponse {
        let posted = self.request.method() == Method::POST;
        let status = if posted {
            StatusCode::SEE_OTHER
        } else {
            StatusCode::FOUND
        };
        let mut response = HttpResponse::build(status);
        response.insert_header((header::LOCATION, started.redirect_url.as_str()));
        if terms.resume {
            let left = (started.valid_until.millis() - self.now.millis()) / 1000;
            let value = self
                .state
                .signer
                .session_cookie(terms.id, started.session_id);
            response.cookie(
                Cookie::build(cookie_name(terms), value)
                    .path("/")
                    .http_only(true)
                    .secure(self.state.public_url.starts_with("https:"))
                    .same_site(SameSite::Lax)
                    .max_age(CookieDuration::seconds(left))
                    .finish(),
            );
        }
        visitor_headers(response.finish())
    }
}

pub(super) fn no(problem: Problem, language: Locale) -> Answer {
    Answer::No(problem, language, None)
}

pub(super) fn is_over(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::LinkExpired | Problem::LinkExhausted | Problem::LinkDeactivated
    )
}

/// Says no: a problem document to programs that ask for JSON, a page to everyone else.
fn refuse(
    request: &HttpRequest,
    problem: &Problem,
    language: Locale,
    message: Option<&str>,
) -> HttpResponse {
    use actix_web::ResponseError as _;
    // To a visitor it is the same whose fault it is.
    let unavailable;
    let problem = match (problem, problem.retry_after()) {
        (Problem::Database(_), Some(seconds)) => {
            unavailable = Problem::VerificationUnavailable(seconds);
            &unavailable
        }
        _ => problem,
    };
    let mut response = if wants_json(request.headers()) {
        problem.error_response()
    } else {
        let notice = match problem {
            Problem::LinkNotFound => Notice::NotFound,
            Problem::LinkExpired => Notice::Expired,
            Problem::LinkExhausted => Notice::Exhausted,
            Problem::LinkDeactivated => Notice::Deactivated,
            Problem::SignatureInvalid => Notice::Unsigned,
            Problem::SignatureExpired => Notice::SignatureExpired,
            Problem::RateLimited(_) => Notice::RateLimited,
            _ => Notice::Unavailable,
        };
        html(
            problem.status_code(),
            pages::notice(notice, language, message),
        )
    };
    if let Some(seconds) = problem.retry_after() {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    visitor_headers(response)
}

fn html(status: StatusCode, body: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(body)
}

/// Never kept by a cache, never found by a search engine, never told to the next site.
fn visitor_headers(mut response: HttpResponse) -> HttpResponse {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    headers.insert(
        header::HeaderName::from_static("x-robots-tag"),
        HeaderValue::from_static("noindex"),
    );
    response
}
