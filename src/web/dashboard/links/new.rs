//! `/admin/links/new`: making a link.

use askama::Template;

use super::options::{Group, InputKind};
use super::{LIST, address, input, link_of, options, words};
use crate::domain::flow::Flow;
use crate::domain::id::LinkId;
use crate::domain::locale::Locale;
use crate::web::dashboard::flash::Flash;
use crate::web::dashboard::form::Form;
use crate::web::dashboard::operator::Operator;
use crate::web::dashboard::page::{Page, Section, show, show_wrong};
use crate::web::dashboard::refused::Answer;

#[derive(Template)]
#[template(path = "dashboard/link_new.html")]
struct NewPage {
    page: Page,
    form: Form,
    /// Every flow: its name, its words, and what it asks for.
    flows: [(&'static str, &'static str, &'static str); 3],
    languages: [Locale; 35],
    /// The options of documents, and those of age estimation.
    groups: [(&'static str, Vec<Group>); 2],
    /// Whether what is under "More" is in use, or wrong.
    is_more_open: bool,
}

pub(in crate::web::dashboard) async fn ask(operator: Operator) -> Answer {
    let form = match operator.asked("like") {
        Some(id) => input::like(&link_of(&operator, id).await?, &operator),
        None => input::blank(),
    };
    Ok(show(&new_page(&operator, form)))
}

pub(in crate::web::dashboard) async fn create(operator: Operator, mut form: Form) -> Answer {
    let id = LinkId::new(operator.state.clock.uuid());
    let Some(link) = input::read(&mut form, id, &operator) else {
        return Ok(show_wrong(&new_page(&operator, form)));
    };
    let store = operator.store();
    let made = store.insert_links(std::slice::from_ref(&link)).await?;
    if made.is_err() {
        form.wrong(
            "slug",
            "is taken, or was once: addresses are never given out twice",
        );
        return Ok(show_wrong(&new_page(&operator, form)));
    }
    let flash = Flash::done("The link is ready. Copy its address, or hand out its code.");
    Ok(operator.redirect_with(&flash, &address(link.terms.id)))
}

fn new_page(operator: &Operator, form: Form) -> NewPage {
    let document = options::groups(Flow::DocumentAndSelfie, &form);
    let selfie = options::groups(Flow::Selfie, &form);
    let groups = document.iter().chain(&selfie);
    let is_wrong = |name: &str| form.error(name).is_some();
    let is_more_open = ["slug", "inactive_message", "signed"]
        .into_iter()
        .any(is_wrong)
        || groups
            .flat_map(|group| &group.fields)
            .any(|field| is_wrong(&field.name));
    NewPage {
        page: operator
            .page("New link", Section::Links)
            .below("Links", LIST),
        is_more_open,
        groups: [("of-documents", document), ("of-age", selfie)],
        form,
        flows: Flow::ALL.map(|flow| (flow.as_str(), words::flow(flow), words::flow_about(flow))),
        languages: Locale::ALL,
    }
}
