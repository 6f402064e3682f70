//! In the sandbox every page says that it is one.

use actix_web::body::{BoxBody, MessageBody, to_bytes};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;

use super::assets;

/// What a page has of it; pages of the sandbox's own say it themselves.
const BANNER: &str = "<aside class=\"sandbox-banner\" lang=\"en\" dir=\"ltr\" aria-label=\"Sandbox\">\
    <strong>SANDBOX</strong> – no real verification</aside>";

/// Puts the banner on each page that comes by. For an App that is a sandbox's.
///
/// # Errors
/// What the service answers.
pub async fn mark_pages(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let answer = next.call(request).await?.map_into_boxed_body();
    if answer.request().path().starts_with("/sandbox") {
        return Ok(answer);
    }
    Ok(mark(answer).await)
}

/// The answer with the banner, where it is a page that is not packed yet.
pub(super) async fn mark(answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let headers = answer.headers();
    let kind = headers.get(header::CONTENT_TYPE);
    let is_page = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if !is_page || headers.contains_key(header::CONTENT_ENCODING) {
        return answer;
    }
    let (request, response) = answer.into_parts();
    let (head, body) = response.into_parts();
    // Pages are made in memory: there is nothing to wait for, and nothing that could fail.
    let page = to_bytes(body).await.unwrap_or_default();
    let page = match std::str::from_utf8(&page) {
        Ok(text) => BoxBody::new(marked(text)),
        Err(_) => BoxBody::new(page),
    };
    ServiceResponse::new(request, head.set_body(page))
}

/// The page with the banner at its top; parts of pages stay as they are.
pub(super) fn marked(page: &str) -> String {
    let body = page.split_once("</head>").and_then(|(head, rest)| {
        let (opening, rest) = rest.split_once('>')?;
        opening
            .trim_start()
            .starts_with("<body")
            .then_some((head, opening, rest))
    });
    match body {
        Some((head, opening, rest)) if !rest.contains(BANNER) => {
            let style = assets::url("banner.css");
            format!(
                "{head}<link rel=\"stylesheet\" href=\"{style}\">\n</head>{opening}>\n{BANNER}{rest}"
            )
        }
        _ => page.to_owned(),
    }
}
