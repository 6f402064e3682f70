//! The files of `static/`, embedded in the binary, and `robots.txt`.
//!
//! Pages name a file with its hash (`url`), so that browsers may keep it for good; without the
//! hash, or with another version's, it is kept for minutes only.

use std::sync::LazyLock;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{
        CONTENT_ENCODING, CacheControl, CacheDirective, ContentType, ETag, EntityTag, Header,
        IfNoneMatch, VARY,
    },
    web::{self, Bytes},
};
use sha2::{Digest, Sha256};

use super::get_or_head;
use super::packing::Packed;

/// The name of a file under `/static/`, its content type and its bytes.
type Source = (&'static str, &'static str, &'static [u8]);

/// A line a file.
const SOURCES: &[Source] = &[
    ("banner.css", CSS, include_bytes!("../../static/banner.css")),
    ("button.js", JS, include_bytes!("../../static/button.js")),
    ("chart.js", JS, include_bytes!("../../static/chart.js")),
    (
        "dashboard.css",
        CSS,
        include_bytes!("../../static/dashboard.css"),
    ),
    (
        "dashboard.js",
        JS,
        include_bytes!("../../static/dashboard.js"),
    ),
    ("docs.css", CSS, include_bytes!("../../static/docs.css")),
    (
        "favicon.svg",
        SVG,
        include_bytes!("../../static/favicon.svg"),
    ),
    ("live.js", JS, include_bytes!("../../static/live.js")),
    (
        "sandbox.css",
        CSS,
        include_bytes!("../../static/sandbox.css"),
    ),
    (
        "uplot.css",
        CSS,
        include_bytes!("../../static/vendor/uplot.min.css"),
    ),
    (
        "uplot.js",
        JS,
        include_bytes!("../../static/vendor/uplot.min.js"),
    ),
    (
        "visitor.css",
        CSS,
        include_bytes!("../../static/visitor.css"),
    ),
];

const JS: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Slugs are bearer secrets: nothing here is for search engines.
const ROBOTS: &str = "User-agent: *\nDisallow: /\n";

/// Seconds a browser may keep a file asked for by its hash: a year.
const FOR_GOOD: u32 = 31_536_000;
/// Seconds a browser may keep a file asked for by its name alone.
const FOR_NOW: u32 = 300;

/// The files with their hashes, reckoned once; constant, so it is not carried in `App`.
static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let asset = |&(name, content_type, bytes): &Source| Asset {
        name,
        content_type,
        body: Packed::new(Bytes::from_static(bytes)),
        hash: hash(bytes),
    };
    SOURCES.iter().map(asset).collect()
});

struct Asset {
    name: &'static str,
    content_type: &'static str,
    body: Packed,
    hash: String,
}

/// Something made once and served under a fixed address, to be kept for minutes.
#[derive(Debug)]
pub(super) struct Kept {
    content_type: &'static str,
    body: Packed,
    hash: String,
}

impl Kept {
    /// Keeps `body`.
    pub fn new(content_type: &'static str, body: Bytes) -> Self {
        let hash = hash(&body);
        Self {
            content_type,
            body: Packed::new(body),
            hash,
        }
    }

    /// Answers with it.
    pub fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let kept = CacheControl(vec![
            CacheDirective::Public,
            CacheDirective::MaxAge(FOR_NOW),
        ]);
        conditional(request, &self.hash, kept, self.content_type, &self.body)
    }
}

/// The path under which a page asks for an embedded file, hash included.
///
/// # Panics
/// When there is no such file: the names in the pages are fixed, and the tests render them all.
#[must_use]
pub fn url(name: &str) -> String {
    let asset = find(name).expect("pages name embedded files only");
    format!("/static/{name}?v={}", asset.hash)
}

/// Serves `/static/{name}`, `/favicon.ico` and `/robots.txt`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(get_or_head("/static/{name}", named))
        .service(get_or_head("/favicon.ico", favicon))
        .service(get_or_head("/robots.txt", robots));
}

async fn named(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    find(&name).map_or_else(
        || HttpResponse::NotFound().finish(),
        |asset| answer(asset, &request),
    )
}

async fn favicon(request: HttpRequest) -> HttpResponse {
    answer(find("favicon.svg").expect("the icon is embedded"), &request)
}

async fn robots() -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::plaintext())
        .body(ROBOTS)
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(&Sha256::digest(bytes)[..8])
}

fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

fn answer(asset: &Asset, request: &HttpRequest) -> HttpResponse {
    let kept = kept(asset, request.query_string());
    conditional(request, &asset.hash, kept, asset.content_type, &asset.body)
}

/// The body, or `304` to who has it already.
fn conditional(
    request: &HttpRequest,
    hash: &str,
    kept: CacheControl,
    content_type: &'static str,
    body: &Packed,
) -> HttpResponse {
    let (body, is_packed) = body.of(request);
    let end = if is_packed { "-gzip" } else { "" };
    let tag = EntityTag::new_strong(format!("{hash}{end}"));
    let known = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|other| other.weak_eq(&tag)),
        Err(_) => false,
    };
    let mut response = if known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header(ETag(tag))
        .insert_header(kept)
        .insert_header((VARY, "accept-encoding"));
    if known {
        response.finish()
    } else {
        if is_packed {
            response.insert_header((CONTENT_ENCODING, "gzip"));
        }
        response.content_type(content_type).body(body)
    }
}

fn kept(asset: &Asset, query: &str) -> CacheControl {
    let mut directives = vec![CacheDirective::Public];
    if query.strip_prefix("v=") == Some(asset.hash.as_str()) {
        directives.push(CacheDirective::MaxAge(FOR_GOOD));
        directives.push(CacheDirective::Extension("immutable".to_owned(), None));
    } else {
        directives.push(CacheDirective::MaxAge(FOR_NOW));
    }
    CacheControl(directives)
}

#[cfg(test)]
mod tests {
    use actix_web::{
        App,
        body::{BoxBody, MessageBody},
        dev::ServiceResponse,
        http::{Method, StatusCode},
        test::{TestRequest, call_service, init_service},
    };

    use super::*;

    async fn ask(request: TestRequest) -> ServiceResponse<BoxBody> {
        let app = init_service(App::new().configure(routes)).await;
        call_service(&app, request.to_request())
            .await
            .map_into_boxed_body()
    }

    fn header<'a>(response: &'a ServiceResponse, name: &str) -> &'a str {
        response
            .headers()
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    #[actix_web::test]
    async fn a_file_asked_for_by_its_hash_is_kept_for_good() {
        let response = ask(TestRequest::get().uri(&url("visitor.css"))).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(header(&response, "content-type"), CSS);
        assert_eq!(
            header(&response, "cache-control"),
            "public, max-age=31536000, immutable"
        );
        let body = response.into_body().try_into_bytes().unwrap();
        assert_eq!(body, &include_bytes!("../../static/visitor.css")[..]);
    }

    #[actix_web::test]
    async fn a_file_asked_for_without_its_hash_or_with_another_is_kept_for_minutes() {
        for path in [
            "/static/visitor.css",
            "/static/visitor.css?v=0000000000000000",
        ] {
            let response = ask(TestRequest::get().uri(path)).await;
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(header(&response, "cache-control"), "public, max-age=300");
        }
    }

    #[actix_web::test]
    async fn a_file_the_browser_has_is_not_sent_again() {
        let first = ask(TestRequest::get().uri("/static/visitor.css")).await;
        let tag = header(&first, "etag").to_owned();
        assert!(tag.starts_with('"'), "{tag} is not strong");
        for (known, status) in [
            (tag.clone(), 304),
            (format!("\"other\", W/{tag}"), 304),
            ("*".to_owned(), 304),
            ("\"other\"".to_owned(), 200),
        ] {
            let request = TestRequest::get().uri("/static/visitor.css");
            let response = ask(request.insert_header(("if-none-match", known.as_str()))).await;
            assert_eq!(response.status().as_u16(), status, "{known}");
            assert_eq!(header(&response, "etag"), tag);
        }
    }

    #[actix_web::test]
    async fn head_is_answered_and_other_methods_are_not() {
        for path in ["/static/visitor.css", "/favicon.ico", "/robots.txt"] {
            let head = ask(TestRequest::with_uri(path).method(Method::HEAD)).await;
            assert_eq!(head.status(), StatusCode::OK, "{path}");
            let post = ask(TestRequest::post().uri(path)).await;
            assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
            assert_eq!(header(&post, "allow"), "GET, HEAD", "{path}");
        }
    }

    #[actix_web::test]
    async fn unknown_files_are_not_found() {
        for path in ["/static/other.css", "/static/..%2Fconfig.toml", "/static/"] {
            let response = ask(TestRequest::get().uri(path)).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[actix_web::test]
    async fn the_icon_answers_where_browsers_look_for_it() {
        let response = ask(TestRequest::get().uri("/favicon.ico")).await;
        assert_eq!(header(&response, "content-type"), SVG);
    }

    #[actix_web::test]
    async fn search_engines_are_kept_out_of_everything() {
        let response = ask(TestRequest::get().uri("/robots.txt")).await;
        assert_eq!(
            header(&response, "content-type"),
            "text/plain; charset=utf-8"
        );
        let body = response.into_body().try_into_bytes().unwrap();
        assert_eq!(body, "User-agent: *\nDisallow: /\n");
    }
}
