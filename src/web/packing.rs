//! Answers packed by gzip, for who takes it.

use std::io::Write as _;

use actix_web::HttpRequest;
use actix_web::body::{BoxBody, to_bytes};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{self, AcceptEncoding, Encoding, Header as _, HeaderValue};
use actix_web::web::{self, Bytes};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{State, banner};

/// Below, packing is not worth it, in bytes.
const LEAST: usize = 1024;

/// Bytes that do not change, and the same packed.
#[derive(Debug)]
pub(super) struct Packed {
    plain: Bytes,
    packed: Bytes,
}

impl Packed {
    /// Packs `plain` once, as well as can be.
    pub fn new(plain: Bytes) -> Self {
        let packed = pack(&plain, Compression::best());
        Self { plain, packed }
    }

    /// The bytes for that request, and whether they are packed.
    pub fn of(&self, request: &HttpRequest) -> (Bytes, bool) {
        if takes_packed(request) {
            (self.packed.clone(), true)
        } else {
            (self.plain.clone(), false)
        }
    }
}

/// Packs a page for who takes it. Not where another site led here: one that could have its own words shown on a page,
/// again and again, and saw how long the answers are, would learn what else is on it (BREACH).
pub(super) async fn pack_page(answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let state = answer.request().app_data::<web::Data<State>>();
    let answer = if state.is_some_and(|state| state.sandbox.is_some()) {
        banner::mark(answer).await
    } else {
        answer
    };
    let is_page = content_type(&answer).is_some_and(|kind| kind.starts_with("text/html"));
    if !is_page || comes_from_elsewhere(answer.request()) || !takes_packed(answer.request()) {
        return answer;
    }
    let (request, response) = answer.into_parts();
    let (mut head, body) = response.into_parts();
    // Pages are made in memory: there is nothing to wait for, and nothing that could fail.
    let body = to_bytes(body).await.unwrap_or_default();
    if body.len() < LEAST {
        return ServiceResponse::new(request, head.set_body(BoxBody::new(body)));
    }
    let headers = head.headers_mut();
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    let packed = pack(&body, Compression::fast());
    ServiceResponse::new(request, head.set_body(BoxBody::new(packed)))
}

fn takes_packed(request: &HttpRequest) -> bool {
    let supported = [Encoding::gzip(), Encoding::identity()];
    AcceptEncoding::parse(request)
        .is_ok_and(|accepted| accepted.negotiate(supported.iter()) == Some(Encoding::gzip()))
}

fn comes_from_elsewhere(request: &HttpRequest) -> bool {
    let site = request.headers().get("sec-fetch-site");
    // Older browsers do not say.
    site.is_none_or(|site| site != "same-origin" && site != "none")
}

fn content_type(answer: &ServiceResponse<BoxBody>) -> Option<&str> {
    let value = answer.headers().get(header::CONTENT_TYPE)?;
    value.to_str().ok()
}

fn pack(bytes: &[u8], level: Compression) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), level);
    let packed = encoder.write_all(bytes).and_then(|()| encoder.finish());
    packed.expect("a vector takes everything").into()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use actix_web::{HttpResponse, http::header::ContentType};

    use super::*;

    async fn length_for(headers: &[(&str, &str)], body: &str) -> (usize, bool) {
        let mut request = TestRequest::get();
        for (name, value) in headers {
            request = request.insert_header((*name, *value));
        }
        let response = HttpResponse::Ok()
            .content_type(ContentType::html())
            .body(body.to_owned());
        let answer = ServiceResponse::new(request.to_http_request(), response);
        let answer = pack_page(answer).await;
        let is_packed = answer.headers().contains_key("content-encoding");
        assert_eq!(is_packed, answer.headers().contains_key("vary"));
        let body = to_bytes(answer.into_body()).await.unwrap();
        (body.len(), is_packed)
    }

    #[actix_web::test]
    async fn a_page_is_packed_for_who_takes_it_and_was_not_led_here_by_others() {
        let page = "<p>words</p>".repeat(1000);
        let takes = ("accept-encoding", "gzip, deflate, br, zstd");
        for (headers, is_packed) in [
            (&[][..], false),
            (
                &[("accept-encoding", "br"), ("sec-fetch-site", "none")][..],
                false,
            ),
            (
                &[("accept-encoding", "gzip;q=0"), ("sec-fetch-site", "none")][..],
                false,
            ),
            (&[takes][..], false),
            (&[takes, ("sec-fetch-site", "none")][..], true),
            (&[takes, ("sec-fetch-site", "same-origin")][..], true),
            (&[takes, ("sec-fetch-site", "same-site")][..], false),
            (&[takes, ("sec-fetch-site", "cross-site")][..], false),
        ] {
            let (length, packed) = length_for(headers, &page).await;
            assert_eq!(packed, is_packed, "{headers:?}");
            assert_eq!(length < page.len(), is_packed, "{headers:?}");
        }
        assert_eq!(
            length_for(&[takes, ("sec-fetch-site", "none")], "<p>words</p>").await,
            (12, false)
        );
    }
}
