//! `/admin/links/new`: making a link.

use actix_web::HttpResponse;
use askama::Template;

use super::options::{Group, InputKind};
use super::presets::{preset_of, presets_to_choose};
use super::{LIST, address, input, link_of, options, words};
use crate::domain::flow::Flow;
use crate::domain::id::LinkId;
use crate::domain::locale::Locale;
use crate::domain::preset::PresetOptions;
use crate::web::dashboard::flash::Flash;
use crate::web::dashboard::form::Form;
use crate::web::dashboard::once;
use crate::web::dashboard::operator::Operator;
use crate::web::dashboard::page::{Page, Section, show, show_wrong};
use crate::web::dashboard::refused::{Answer, Refused};

/// The fields under "More" that are not options of the token.
const MORE: [&str; 6] = [
    "slug",
    "inactive_message",
    "confirm",
    "resume",
    "accept_ref",
    "signed",
];

#[derive(Template)]
#[template(path = "dashboard/link_new.html")]
struct NewPage {
    page: Page,
    form: Form,
    choices: Choices,
    /// What the form can be filled from: id, name, and whether it was.
    presets: Vec<(String, String, bool)>,
    /// Whether what is under "More" is in use, or wrong: it is not folded away then.
    is_more_open: bool,
}

/// What there is to choose from for links and presets.
pub(super) struct Choices {
    /// Every flow: its name, its words, and what it asks for.
    pub flows: [(&'static str, &'static str, &'static str); 3],
    pub languages: [Locale; 35],
    /// The options of documents, and those of age estimation.
    pub groups: [(&'static str, Vec<Group>); 2],
}

pub(super) fn choices(form: &Form) -> Choices {
    Choices {
        flows: Flow::ALL.map(|flow| (flow.as_str(), words::flow(flow), words::flow_about(flow))),
        languages: Locale::ALL,
        groups: [
            ("of-documents", Flow::DocumentAndSelfie),
            ("of-age", Flow::Selfie),
        ]
        .map(|(class, flow)| (class, options::groups(flow, form))),
    }
}

pub(in crate::web::dashboard) async fn ask(operator: Operator) -> Answer {
    let form = match (operator.asked("like"), operator.asked("preset")) {
        (Some(id), _) => input::like(&link_of(&operator, id).await?, &operator),
        (None, Some(id)) => input::of_options(&preset_of(&operator, id).await?.options),
        (None, None) => input::of_options(&PresetOptions::default()),
    };
    Ok(show(&new_page(&operator, form).await?))
}

pub(in crate::web::dashboard) async fn create(operator: Operator, mut form: Form) -> Answer {
    let id = LinkId::new(once::id(&operator, &form));
    if operator.state.store.link(id).await?.is_some() {
        return Ok(ready(&operator, id));
    }
    let Some(link) = input::read(&mut form, id, &operator) else {
        return Ok(show_wrong(&new_page(&operator, form).await?));
    };
    let store = operator.store();
    let made = store.insert_links(std::slice::from_ref(&link)).await?;
    if made.is_err() {
        if operator.state.store.link(id).await?.is_some() {
            return Ok(ready(&operator, id));
        }
        form.wrong(
            "slug",
            "is taken, or was once: addresses are never given out twice",
        );
        return Ok(show_wrong(&new_page(&operator, form).await?));
    }
    Ok(ready(&operator, id))
}

fn ready(operator: &Operator, id: LinkId) -> HttpResponse {
    let flash = Flash::done("The link is ready. Copy its address, or hand out its code.");
    operator.redirect_with(&flash, &address(id))
}

async fn new_page(operator: &Operator, form: Form) -> Result<NewPage, Refused> {
    let choices = choices(&form);
    let is_more_open = is_more_open(&form, &choices);
    let presets = presets_to_choose(operator, operator.asked("preset")).await?;
    Ok(NewPage {
        page: operator
            .page("New link", Section::Links)
            .below("Links", LIST),
        is_more_open,
        presets,
        choices,
        form,
    })
}

/// Whether something under "More" is not as it is on an empty form, or is wrong.
fn is_more_open(form: &Form, choices: &Choices) -> bool {
    let empty = input::of_options(&PresetOptions::default());
    let groups = choices.groups.iter().flat_map(|(_, groups)| groups);
    let options = groups.flat_map(|group| &group.fields);
    let options = options.map(|field| &*field.name);
    let mut names = MORE.into_iter().chain(options);
    names.any(|name| form.error(name).is_some() || !form.holds_as(name, &empty))
}
