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
}

/// A page of the settings whose form is posted to its own address: `consequences` says what will be so afterwards, a
/// sentence each, `button` names what is done, `back` is where to go instead.
pub(super) fn ask(
    page: Page,
    consequences: Vec<String>,
    button: impl Into<String>,
    back: impl Into<String>,
) -> HttpResponse {
    show(&ConfirmPage {
        page,
        consequences,
        button: button.into(),
        back: back.into(),
    })
}
