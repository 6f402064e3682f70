//! `/admin`

use askama::Template;

use super::operator::Operator;
use super::page::{Page, Section, show as show_page};
use super::refused::Answer;

#[derive(Template)]
#[template(path = "dashboard/overview.html")]
struct OverviewPage {
    page: Page,
}

pub(super) async fn show(operator: Operator) -> Answer {
    let page = operator.page("Overview", Section::Overview);
    Ok(show_page(&OverviewPage { page }))
}
