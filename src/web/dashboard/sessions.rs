//! `/admin/sessions`: what came of clicks, newest first.

use actix_web::HttpRequest;
use askama::Template;

use super::form::Form;
use super::operator::Operator;
use super::page::{Page, Section, show, show_wrong};
use super::paging::{Paging, ROWS};
use super::refused::{Answer, Refused};
use super::session_rows::{Line, lines};
use super::zone::Zone;
use super::{live, tags};
use crate::domain::id::{LinkId, SessionId};
use crate::domain::session::Session;
use crate::domain::slug::Slug;
use crate::domain::timestamp::Timestamp;
use crate::store::links_brief::LinkBrief;
use crate::store::sessions::SessionFilter;
use crate::web::api::exports;

/// What the list is narrowed by, as its fields are called.
const FIELDS: [&str; 5] = ["q", "status", "link", "from", "to"];

/// The field that carries the zone in which times were typed.
const ZONE: &str = "zone";

/// Longest text that is searched, in characters.
const TEXT_MAX: usize = 200;

#[derive(Template)]
#[template(path = "dashboard/sessions.html")]
struct SessionsPage {
    page: Page,
    form: Form,
    statuses: [(&'static str, &'static str); 11],
    sessions: Paging<Line>,
    /// The link that the list is narrowed to.
    link: Option<LinkBrief>,
    /// The same sessions as a table to keep.
    export: String,
    is_narrowed: bool,
    /// Where news is heard.
    live: String,
    /// Where new sessions are shown, on the first page.
    newest: Option<String>,
}

pub(super) async fn list(operator: Operator) -> Answer {
    let (form, filter, link) = wanted(&operator).await?;
    let live = live::address(&operator, filter.link_id).await?;
    let is_narrowed = FIELDS.iter().any(|name| operator.asked(name).is_some());
    let filter = SessionFilter {
        before: Paging::<Session>::cursor(&operator, SessionId::parse),
        limit: ROWS + 1,
        ..filter
    };
    let sessions = if form.is_wrong() {
        Vec::new()
    } else {
        operator.state.store.sessions(&filter).await?
    };
    let lines = lines(&operator, sessions, false).await?;
    let others = ["q", "status", "from", "to", "cursor"];
    let is_all = others.iter().all(|name| operator.asked(name).is_none());
    let page = SessionsPage {
        page: operator.page("Sessions", Section::Sessions),
        statuses: tags::SEARCHED,
        sessions: Paging::new(&operator, lines, |line| line.session.id.to_string()),
        link,
        export: address("/admin/sessions.csv", &operator),
        newest: is_all.then(|| address("/admin/sessions", &operator)),
        live,
        is_narrowed,
        form,
    };
    Ok(if page.form.is_wrong() {
        show_wrong(&page)
    } else {
        show(&page)
    })
}

pub(super) async fn export(operator: Operator, request: HttpRequest) -> Answer {
    let (form, filter, _) = wanted(&operator).await?;
    if form.is_wrong() {
        return Ok(operator.redirect(&address("/admin/sessions", &operator)));
    }
    let table = exports::sessions_csv(&request, &operator.state, filter).await;
    table.map_err(|_| Refused::Database(None))
}

/// What is asked for, and what is wrong with it.
async fn wanted(operator: &Operator) -> Result<(Form, SessionFilter, Option<LinkBrief>), Refused> {
    let typed = FIELDS.map(|name| (name, operator.asked(name).unwrap_or_default().trim()));
    let mut form = Form::of(&typed);
    let word = form.parse("q", text).flatten();
    let status = form.parse("status", text).flatten();
    let from = time(operator, &mut form, "from");
    let to = time(operator, &mut form, "to");
    let link = match form.value("link") {
        "" => None,
        text => {
            let found = link_of(operator, text).await?;
            if found.is_none() {
                form.wrong("link", "must be the short address of a link");
            }
            found
        }
    };
    let filter = SessionFilter {
        status,
        link_id: link.as_ref().map(|link| link.id),
        word,
        from,
        to,
        ..SessionFilter::default()
    };
    Ok((form, filter, link))
}

fn text(text: &str) -> Result<Option<String>, String> {
    if text.chars().count() > TEXT_MAX || text.chars().any(char::is_control) {
        return Err(format!("must have at most {TEXT_MAX} characters"));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// A time that was typed in the zone its form was shown in, and is shown in the one of now.
fn time(operator: &Operator, form: &mut Form, name: &str) -> Option<Timestamp> {
    let zone = operator.asked(ZONE);
    let zone = zone.map_or(operator.zone, |zone| Zone::named(Some(zone)));
    let at = form.parse(name, |text| match text {
        "" => Ok(None),
        text => zone.parse(text).map(Some),
    });
    let at = at.flatten();
    if let Some(at) = at.filter(|_| zone != operator.zone) {
        form.take(name);
        form.add(name, operator.zone.field(at));
    }
    at
}

/// The link of an id, a slug, or an address that ends with one.
async fn link_of(operator: &Operator, text: &str) -> Result<Option<LinkBrief>, Refused> {
    let store = &operator.state.store;
    let slug = Slug::parse(text.rsplit('/').next().unwrap_or_default());
    let id = match (LinkId::parse(text), slug) {
        (Some(id), _) => Some(id),
        (None, Ok(slug)) => store.link_by_slug(&slug).await?.map(|link| link.terms.id),
        (None, Err(_)) => None,
    };
    Ok(store
        .links_brief(Vec::from_iter(id).as_slice())
        .await?
        .pop())
}

/// An address with what the list is narrowed by.
fn address(path: &str, operator: &Operator) -> String {
    let asked = FIELDS.iter().chain([&ZONE]);
    let asked = asked.filter_map(|name| operator.asked(name).map(|value| (*name, value)));
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(asked)
        .finish();
    format!("{path}?{query}").trim_end_matches('?').to_owned()
}
