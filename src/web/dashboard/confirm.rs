//! Asking a second time, by name, before something is lost.

use actix_web::HttpResponse;
use askama::Template;

use super::page::{Page, show};

#[derive(Template)]
#[template(path = "dashboard/confirm.html")]
struct ConfirmPage {
    page: Page,
    consequences: Vec<String>,
    button: String,
    back: String,
    /// Whether nothing is lost by it.
    is_harmless: bool,
}

/// A page whose form is posted to its own address: `consequences` says what will be so afterwards, a
/// sentence each, `button` names what is done, `back` is where to go instead.
pub(super) fn ask(
    page: Page,
    consequences: Vec<String>,
    button: impl Into<String>,
    back: impl Into<String>,
) -> HttpResponse {
    show(&page_of(
        page,
        consequences,
        button.into(),
        back.into(),
        false,
    ))
}

/// The same for what loses nothing, and still is not to be done by mistake.
pub(super) fn ask_harmless(
    page: Page,
    consequences: Vec<String>,
    button: impl Into<String>,
    back: impl Into<String>,
) -> HttpResponse {
    show(&page_of(
        page,
        consequences,
        button.into(),
        back.into(),
        true,
    ))
}

fn page_of(
    page: Page,
    consequences: Vec<String>,
    button: String,
    back: String,
    is_harmless: bool,
) -> ConfirmPage {
    ConfirmPage {
        page,
        consequences,
        button,
        back,
        is_harmless,
    }
}
