//! What a visitor's request says, read.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};

use crate::domain::link::LinkTerms;
use crate::domain::locale::Locale;
use crate::web::problem::PROBLEM_JSON;

/// The hidden field of the confirm page's form.
pub(super) const NONCE: &str = "nonce";

/// The language of answers before the link is known.
pub(in crate::web) fn accepted_language(request: &HttpRequest) -> Locale {
    let accepted = header_text(request.headers(), header::ACCEPT_LANGUAGE.as_str());
    Locale::negotiate(accepted)
}

/// One cookie a link, so that several links can be open in one browser.
pub(super) fn cookie_name(terms: &LinkTerms) -> String {
    format!("entrypass_{}", terms.slug.as_str())
}

pub(super) fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

pub(super) fn query_value(query: &str, name: &str) -> Option<String> {
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

pub(super) fn posted_nonce(body: &[u8]) -> Option<String> {
    url::form_urlencoded::parse(body)
        .find(|(key, _)| key == NONCE)
        .map(|(_, value)| value.into_owned())
}

/// Whether JSON is asked for, and no page.
pub(super) fn wants_json(headers: &HeaderMap) -> bool {
    header_text(headers, "accept").is_some_and(|accept| {
        (accept.contains("application/json") || accept.contains(PROBLEM_JSON))
            && !accept.contains("text/html")
    })
}
