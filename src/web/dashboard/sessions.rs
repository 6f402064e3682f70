//! `/admin/sessions`

use askama::Template;

use super::operator::Operator;
use super::page::{Page, Section, show};
use super::refused::Answer;

#[derive(Template)]
#[template(path = "dashboard/sessions.html")]
struct SessionsPage {
    page: Page,
}

pub(super) async fn list(operator: Operator) -> Answer {
    let page = operator.page("Sessions", Section::Sessions);
    Ok(show(&SessionsPage { page }))
}
