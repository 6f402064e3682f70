//! `/admin/links/{id}/share`: the link's code, poster and button.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::{address, below, link_of};
use crate::domain::field_error::FieldErrors;
use crate::domain::link::Link;
use crate::domain::locale::Locale;
use crate::share::button::Button;
use crate::share::logo::Logo;
use crate::share::paper::Paper;
use crate::share::poster::Poster;
use crate::share::qr::Code;
use crate::web::api::share::{SIZE_DEFAULT, drawn, file, parse_size};
use crate::web::dashboard::form::Form;
use crate::web::dashboard::operator::Operator;
use crate::web::dashboard::page::{Page, show as show_page, show_wrong};
use crate::web::dashboard::refused::{Answer, Refused};
use crate::web::poster::{Wishes, of_link};
use crate::web::problem::Problem;
use crate::web::{State, button};

/// Sizes of the code's picture that are offered, in pixels a side.
const SIZES: [u32; 4] = [256, SIZE_DEFAULT, 1024, 2048];

#[derive(Template)]
#[template(path = "dashboard/link_share.html")]
struct SharePage {
    page: Page,
    /// The link's page.
    here: String,
    url: String,
    is_signed: bool,
    button: Button,
    form: Form,
    sizes: [u32; 4],
    /// Every paper: its name, and what people call it.
    papers: [(&'static str, &'static str); 3],
    languages: [Locale; 35],
}

pub(in crate::web::dashboard) async fn show(operator: Operator, id: web::Path<String>) -> Answer {
    let link = link_of(&operator, &id).await?;
    let language = link.terms.language.unwrap_or(Locale::EN);
    let form = Form::of(&[
        ("headline", &link.name),
        ("paper", Paper::default().as_str()),
        ("language", language.as_str()),
        ("color", "#000000"),
        ("background", "#ffffff"),
    ]);
    Ok(show_page(&share_page(&operator, &link, form)))
}

/// Draws a poster as wished for.
pub(in crate::web::dashboard) async fn poster(
    operator: Operator,
    mut form: Form,
    id: web::Path<String>,
) -> Answer {
    let link = link_of(&operator, &id).await?;
    let state = &operator.state;
    let mut errors = FieldErrors::default();
    let logo = match form.file("logo").cloned() {
        Some(file) => {
            let read = drawn(state, move || Logo::read(&file)).await;
            errors.check("logo", read.map_err(not_drawn)?)
        }
        None => None,
    };
    let typed = |name| Some(form.value(name).trim().to_owned()).filter(|text| !text.is_empty());
    let wishes = Wishes {
        paper: typed("paper"),
        headline: typed("headline"),
        language: typed("language"),
        color: typed("color"),
        background: typed("background"),
        logo,
    };
    let as_pdf = form.value("as") == "pdf";
    match of_link(&link, state.url_of(&link.terms.slug), wishes, errors) {
        Ok(poster) if as_pdf => pdf(state, &link, poster).await.map(to_keep),
        Ok(poster) => {
            let picture = png(state, &link, poster).await?;
            Ok(if form.value("as") == "png" {
                to_keep(picture)
            } else {
                picture
            })
        }
        Err(errors) => {
            form.extend(&errors);
            Ok(show_wrong(&share_page(&operator, &link, form)))
        }
    }
}

pub(in crate::web::dashboard) async fn qr_svg(operator: Operator, id: web::Path<String>) -> Answer {
    let link = link_of(&operator, &id).await?;
    let svg = code(&operator.state, &link)?.svg();
    Ok(given(
        &operator,
        file(&link, "qr.svg", "image/svg+xml", svg.into()),
    ))
}

pub(in crate::web::dashboard) async fn qr_png(operator: Operator, id: web::Path<String>) -> Answer {
    let link = link_of(&operator, &id).await?;
    let size = parse_size(operator.asked("size")).map_err(|_| Refused::NotFound)?;
    let code = code(&operator.state, &link)?;
    let png = drawn(&operator.state, move || code.png(size)).await;
    let png = png.and_then(|png| Ok(png?)).map_err(not_drawn)?;
    Ok(given(&operator, file(&link, "qr.png", "image/png", png)))
}

pub(in crate::web::dashboard) async fn poster_pdf(
    operator: Operator,
    id: web::Path<String>,
) -> Answer {
    let (link, poster) = plain(&operator, &id).await?;
    Ok(given(&operator, pdf(&operator.state, &link, poster).await?))
}

pub(in crate::web::dashboard) async fn poster_png(
    operator: Operator,
    id: web::Path<String>,
) -> Answer {
    let (link, poster) = plain(&operator, &id).await?;
    Ok(given(&operator, png(&operator.state, &link, poster).await?))
}

/// A link's poster with nothing wished for.
async fn plain(operator: &Operator, id: &str) -> Result<(Link, Poster), Refused> {
    let link = link_of(operator, id).await?;
    let url = operator.state.url_of(&link.terms.slug);
    let poster = of_link(&link, url, Wishes::default(), FieldErrors::default());
    let poster = poster.map_err(|_| Refused::NotFound)?;
    Ok((link, poster))
}

fn code(state: &State, link: &Link) -> Result<Code, Refused> {
    let code = Code::of_link(&state.url_of(&link.terms.slug));
    code.map_err(|error| not_drawn(error.into()))
}

async fn pdf(state: &State, link: &Link, poster: Poster) -> Answer {
    let pdf = drawn(state, move || poster.pdf()).await;
    let pdf = pdf.and_then(|pdf| Ok(pdf?)).map_err(not_drawn)?;
    Ok(file(link, "poster.pdf", "application/pdf", pdf))
}

async fn png(state: &State, link: &Link, poster: Poster) -> Answer {
    let png = drawn(state, move || poster.png()).await;
    let png = png.and_then(|png| Ok(png?)).map_err(not_drawn)?;
    Ok(file(link, "poster.png", "image/png", png))
}

/// The log has the cause.
fn not_drawn(_: Problem) -> Refused {
    Refused::NotDrawn
}

/// Kept by the browser where that was asked for, else shown.
fn given(operator: &Operator, answer: HttpResponse) -> HttpResponse {
    match operator.asked("download") {
        Some(_) => to_keep(answer),
        None => answer,
    }
}

fn to_keep(mut answer: HttpResponse) -> HttpResponse {
    let headers = answer.headers_mut();
    let shown = headers.get(header::CONTENT_DISPOSITION);
    let shown = shown
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let kept = shown.replacen("inline", "attachment", 1);
    if let Ok(kept) = header::HeaderValue::from_str(&kept) {
        headers.insert(header::CONTENT_DISPOSITION, kept);
    }
    answer
}

fn share_page(operator: &Operator, link: &Link, form: Form) -> SharePage {
    let url = operator.state.url_of(&link.terms.slug);
    SharePage {
        page: below(operator, link, "Share"),
        here: address(link.terms.id),
        is_signed: link.terms.signed,
        button: button::of_link(&operator.state, link),
        form,
        sizes: SIZES,
        papers: Paper::ALL.map(|paper| (paper.as_str(), paper_word(paper))),
        languages: Locale::ALL,
        url,
    }
}

fn paper_word(paper: Paper) -> &'static str {
    match paper {
        Paper::A4 => "A4",
        Paper::A5 => "A5",
        Paper::Letter => "US Letter",
    }
}
