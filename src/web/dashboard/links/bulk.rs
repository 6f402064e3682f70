//! `/admin/links/switch`: many links on or off at once.

use askama::Template;

use super::{LIST, list_with};
use crate::domain::id::LinkId;
use crate::domain::link::Link;
use crate::store::links::Activated;
use crate::web::dashboard::flash::Flash;
use crate::web::dashboard::form::Form;
use crate::web::dashboard::operator::{Operator, Visit};
use crate::web::dashboard::page::{Page, Section, show};
use crate::web::dashboard::paging::ROWS;
use crate::web::dashboard::refused::{Answer, Refused};

#[derive(Template)]
#[template(path = "dashboard/links_switch.html")]
struct SwitchPage {
    page: Page,
    links: Vec<Link>,
    on: bool,
    /// What the list was narrowed by, and where it is with these links ticked.
    back: String,
    cancel: String,
}

pub(in crate::web::dashboard) async fn ask(operator: Operator) -> Answer {
    let ids = operator.query.iter().filter(|(name, _)| name == "id");
    let ids = ids.map(|(_, id)| id.as_str());
    let links = links(&operator, ids).await?;
    let back = operator.asked("back").unwrap_or_default().to_owned();
    if links.is_empty() {
        let flash = Flash::trouble("Choose links first: tick the boxes before their names.");
        return Ok(operator.redirect_with(&flash, &list_with(&back, &[])));
    }
    let on = operator.asked("to") == Some("on");
    let title = format!(
        "{} {}?",
        if on { "Activate" } else { "Deactivate" },
        counted(links.len())
    );
    let page = operator.page(title, Section::Links).below("Links", LIST);
    Ok(show(&SwitchPage {
        page,
        cancel: list_with(&back, &links),
        back,
        links,
        on,
    }))
}

pub(in crate::web::dashboard) async fn apply(operator: Operator, form: Form) -> Answer {
    let links = links(&operator, form.values("id")).await?;
    let on = form.value("to") == "on";
    let store = operator.store();
    let (mut done, mut over) = (0, 0);
    for link in links {
        let id = link.terms.id;
        if !on {
            done += usize::from(store.deactivate_link(id, operator.now).await?);
            continue;
        }
        match store.activate_link(id, operator.now).await? {
            Activated::Done => done += 1,
            Activated::Over => over += 1,
            Activated::NotFound => {}
        }
    }
    let told = match (on, over) {
        (false, _) => format!("{} off now.", are(done)),
        (true, 0) => format!("{} active now.", are(done)),
        (true, _) => format!(
            "{} active now. {} expired or used up and stayed so.",
            are(done),
            are(over)
        ),
    };
    let back = list_with(form.value("back"), &[]);
    Ok(operator.redirect_with(&Flash::done(told), &back))
}

/// The links of those ids that there are, at most a page of them.
async fn links<'a>(
    visit: &Visit,
    ids: impl Iterator<Item = &'a str>,
) -> Result<Vec<Link>, Refused> {
    let most = usize::try_from(ROWS).unwrap_or(usize::MAX);
    let mut links = Vec::new();
    for id in ids.filter_map(LinkId::parse).take(most) {
        links.extend(visit.state.store.link(id).await?);
    }
    Ok(links)
}

fn counted(links: usize) -> String {
    match links {
        1 => "1 link".to_owned(),
        many => format!("{many} links"),
    }
}

fn are(links: usize) -> String {
    let verb = if links == 1 { "is" } else { "are" };
    format!("{} {verb}", counted(links))
}
