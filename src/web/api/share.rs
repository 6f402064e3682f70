//! `/api/v1/links/{id}/qr.…` and `/api/v1/links/{id}/poster.…`

use std::sync::Arc;

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::IntoParams;

use super::caller::Caller;
use super::paging::Query;
use super::schemas::{LanguageSchema, PaperSchema};
use crate::domain::id::LinkId;
use crate::domain::link::Link;
use crate::domain::scope::Scope;
use crate::share::poster::{Poster, PosterError};
use crate::share::qr::{Code, QrError};
use crate::web::State;
use crate::web::poster::{Wishes, of_link};
use crate::web::problem::Problem;

/// Pixels a side of a QR code when none are asked for.
pub const SIZE_DEFAULT: u32 = 512;
/// Fewest pixels a side.
const SIZE_MIN: u32 = 64;
/// Most pixels a side.
const SIZE_MAX: u32 = 4096;

/// What can be asked of a poster.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PosterQuery {
    /// What it is printed on; `a4` when left out.
    #[param(value_type = Option<PaperSchema>)]
    pub paper: Option<String>,
    /// The line above the code; the link's name when left out.
    #[param(min_length = 1, max_length = 200)]
    pub headline: Option<String>,
    /// The language of the steps; the link's, else English, when left out.
    #[param(value_type = Option<LanguageSchema>)]
    pub language: Option<String>,
    /// Colour of the text, as hexadecimal digits with or without `#`; black when left out. Its contrast to `background`
    /// must be at least 4.5:1.
    #[param(example = "1a2b3c")]
    pub color: Option<String>,
    /// Colour of the sheet; white when left out. The code itself is always black on white.
    #[param(example = "ffffff")]
    pub background: Option<String>,
}

/// Draws a link's QR code as SVG.
///
/// The code of the link's `url` with `?via=qr`: error correction M, a quiet zone of four modules.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/links/{id}/qr.svg", operation_id = "getLinkQrSvg", tag = "Links",
    security(("bearer" = ["read"])),
    responses((status = 200, description = "The code.", content_type = "image/svg+xml", body = String)))]
pub async fn qr_svg(
    caller: Caller,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let link = link(&state, &id).await?;
    let code = Code::of_link(&state.url_of(&link.terms.slug))?;
    Ok(kept(file(
        &link,
        "qr.svg",
        "image/svg+xml",
        code.svg().into(),
    )))
}

/// Draws a link's QR code as PNG.
///
/// The code of the link's `url` with `?via=qr`: error correction M, a quiet zone of at least four modules.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/links/{id}/qr.png", operation_id = "getLinkQrPng", tag = "Links",
    security(("bearer" = ["read"])),
    params(("size" = Option<u32>, Query, description = "Width and height in pixels; 512 when left out.", minimum = 64, maximum = 4096)),
    responses((status = 200, description = "The code.", content_type = "image/png", body = Vec<u8>)))]
pub async fn qr_png(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let mut query = Query::read_only(&request, &["size"]);
    let size = query.take("size");
    let link = link(&state, &id).await?;
    let mut errors = query.into_errors();
    let size = errors.check("size", parse_size(size.as_deref()));
    let (Some(size), true) = (size, errors.is_empty()) else {
        return Err(Problem::invalid(errors));
    };
    let code = Code::of_link(&state.url_of(&link.terms.slug))?;
    let png = drawn(&state, move || code.png(size)).await??;
    Ok(kept(file(&link, "qr.png", "image/png", png)))
}

/// Reads how many pixels a side a QR code is to have.
///
/// # Errors
/// A message for the sender.
pub fn parse_size(text: Option<&str>) -> Result<u32, String> {
    let size = text.map_or(Some(SIZE_DEFAULT), |text| text.parse().ok());
    size.filter(|size| (SIZE_MIN..=SIZE_MAX).contains(size))
        .ok_or_else(|| format!("must be a whole number from {SIZE_MIN} to {SIZE_MAX}"))
}

/// Draws a link's poster as PDF.
///
/// One page to print: the link's name or a headline of your own, the QR code, the address and three steps, in the link's
/// language or another one.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/links/{id}/poster.pdf", operation_id = "getLinkPosterPdf", tag = "Links",
    security(("bearer" = ["read"])),
    params(PosterQuery),
    responses((status = 200, description = "The poster.", content_type = "application/pdf", body = Vec<u8>), (status = 503, description = "not_drawn")))]
pub async fn poster_pdf(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let (link, poster) = poster(&request, &state, &id).await?;
    let pdf = drawn(&state, move || poster.pdf()).await??;
    Ok(kept(file(&link, "poster.pdf", "application/pdf", pdf)))
}

/// Draws a link's poster as PNG.
///
/// The same as the PDF, at 150 dots an inch.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/links/{id}/poster.png", operation_id = "getLinkPosterPng", tag = "Links",
    security(("bearer" = ["read"])),
    params(PosterQuery),
    responses((status = 200, description = "The poster.", content_type = "image/png", body = Vec<u8>), (status = 503, description = "not_drawn")))]
pub async fn poster_png(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let (link, poster) = poster(&request, &state, &id).await?;
    let png = drawn(&state, move || poster.png()).await??;
    Ok(kept(file(&link, "poster.png", "image/png", png)))
}

async fn poster(request: &HttpRequest, state: &State, id: &str) -> Result<(Link, Poster), Problem> {
    const NAMES: [&str; 5] = ["paper", "headline", "language", "color", "background"];
    let mut query = Query::read_only(request, &NAMES);
    let [paper, headline, language, color, background] = NAMES.map(|name| query.take(name));
    let wishes = Wishes {
        paper,
        headline,
        language,
        color,
        background,
        logo: None,
    };
    let link = link(state, id).await?;
    let url = state.url_of(&link.terms.slug);
    let poster = of_link(&link, url, wishes, query.into_errors()).map_err(Problem::invalid)?;
    Ok((link, poster))
}

async fn link(state: &State, id: &str) -> Result<Link, Problem> {
    let id = LinkId::parse(id).ok_or(Problem::NotFound)?;
    state.store.link(id).await?.ok_or(Problem::NotFound)
}

/// Draws on a thread that serves nobody meanwhile. The leave to draw lasts as long as the drawing, also when nobody
/// waits for it any more.
///
/// # Errors
/// When the drawing panicked.
pub async fn drawn<T: Send + 'static>(
    state: &State,
    draw: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let leave = Arc::clone(&state.drawing).acquire_owned().await;
    let drawn = web::block(move || {
        let _leave = leave;
        draw()
    });
    drawn.await.map_err(|_| Problem::from(PosterError::Broken))
}

/// A file that the program that asked may keep for five minutes. In browsers it would outlast a signing out, and a new name.
fn kept(mut answer: HttpResponse) -> HttpResponse {
    let headers = answer.headers_mut();
    let minutes = HeaderValue::from_static("private, max-age=300");
    headers.insert(header::CACHE_CONTROL, minutes);
    headers.insert(header::VARY, HeaderValue::from_static("Authorization"));
    answer
}

/// A file for the one who asked, named by the link's slug, which is safe in a header. The address of a link never
/// changes, its name may.
#[must_use]
pub fn file(link: &Link, name: &str, content_type: &str, body: Vec<u8>) -> HttpResponse {
    let slug = link.terms.slug.as_str();
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("inline; filename=\"{slug}-{name}\""),
        ))
        .body(body)
}

impl From<QrError> for Problem {
    fn from(error: QrError) -> Self {
        match error {
            QrError::TooSmall(_) => Self::field("size", error.to_string()),
            QrError::TooLong => Self::field("url", error.to_string()),
            QrError::Broken => PosterError::Broken.into(),
        }
    }
}

/// What a server lacks goes to its log, once, here.
impl From<PosterError> for Problem {
    fn from(error: PosterError) -> Self {
        match error {
            PosterError::Code(error) => error.into(),
            PosterError::Fonts | PosterError::Broken => {
                tracing::error!("a poster was not drawn: {error}");
                Self::NotDrawn
            }
        }
    }
}
