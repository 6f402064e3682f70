//! What a visitor's request says, read.

use std::time::Duration;

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, web};

use crate::domain::link::LinkTerms;
use crate::domain::locale::Locale;
use crate::web::FORM_MAX;
use crate::web::problem::PROBLEM_JSON;

/// The hidden field of the confirm page's form.
pub(super) const NONCE: &str = "nonce";

/// How long a form may take to come in: nobody holds a connection open for nothing.
const FORM_WITHIN: Duration = Duration::from_secs(10);

/// The language of answers before the link is known.
pub(in crate::web) fn accepted_language(request: &HttpRequest) -> Locale {
    let accepted = header_text(request.headers(), header::ACCEPT_LANGUAGE.as_str());
    Locale::negotiate(accepted)
}

/// What stands in the place of a slug: taken from the path as it is where the route needed no pattern to find it.
pub(super) fn named(request: &HttpRequest) -> &str {
    let found = request.match_info().get("slug");
    found.unwrap_or_else(|| request.path().trim_start_matches('/'))
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

/// The posted form's nonce. A body that cannot be read, takes its time, or is far too large for the form, has none.
pub(super) async fn posted_nonce(body: web::Payload) -> Option<String> {
    let body = tokio::time::timeout(FORM_WITHIN, body.to_bytes_limited(FORM_MAX));
    let body = body.await.ok()?.ok()?.ok()?;
    url::form_urlencoded::parse(&body)
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
