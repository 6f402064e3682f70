//! `/admin/links`

use askama::Template;

use super::operator::Operator;
use super::page::{Page, Section, show};
use super::refused::Answer;

#[derive(Template)]
#[template(path = "dashboard/links.html")]
struct LinksPage {
    page: Page,
}

pub(super) async fn list(operator: Operator) -> Answer {
    let page = operator.page("Links", Section::Links);
    Ok(show(&LinksPage { page }))
}
