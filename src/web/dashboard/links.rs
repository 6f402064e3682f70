//! `/admin/links`: finding links.

use askama::Template;

use super::operator::Operator;
use super::page::{Page, Section, show};
use super::paging::{Paging, ROWS};
use super::refused::{Answer, Refused};
use crate::domain::id::LinkId;
use crate::domain::link::{Link, LinkStatus};
use crate::domain::person::Role;
use crate::store::links::{LinkFilter, LinkSort};

pub(super) mod bulk;
pub(super) mod change;
mod examples;
mod input;
pub(super) mod integrate;
pub(super) mod link;
pub(super) mod new;
mod options;
pub(super) mod presets;
pub(super) mod preview;
pub(super) mod send;
pub(super) mod share;
mod terms;
pub(super) mod words;

/// Where the list is.
const LIST: &str = "/admin/links";

/// Longest text that is searched for, in characters.
const TEXT_MAX: usize = 200;

#[derive(Template)]
#[template(path = "dashboard/links.html")]
struct LinksPage {
    page: Page,
    links: Paging<Link>,
    text: String,
    /// Every state: its name, its word, and whether links of it are shown.
    states: [(&'static str, &'static str, bool); 4],
    by_name: bool,
    is_narrowed: bool,
    may_edit: bool,
    /// What is asked for, to come back to.
    back: String,
}

impl LinksPage {
    /// Tone and word of the link's badge.
    fn badge(&self, link: &Link) -> (&'static str, &'static str) {
        let status = link.status(self.page.visit.now);
        (words::status_tone(status), words::status_word(status))
    }

    /// Whether the link was ticked before, and nothing was done with it.
    fn is_ticked(&self, link: &Link) -> bool {
        let id = link.terms.id.to_string();
        let mut asked = self.page.visit.query.iter();
        asked.any(|(name, value)| name == "id" && *value == id)
    }

    /// The link's address without its scheme, as people write it.
    fn short_url(&self, link: &Link) -> String {
        let url = self.page.visit.state.url_of(&link.terms.slug);
        url.split_once("://")
            .map_or(url.clone(), |(_, rest)| rest.to_owned())
    }
}

pub(super) async fn list(operator: Operator) -> Answer {
    let text: String = operator.asked("q").unwrap_or_default().trim().to_owned();
    let text: String = text.chars().take(TEXT_MAX).collect();
    let wanted = operator.asked("status");
    let status = LinkStatus::ALL
        .into_iter()
        .find(|status| Some(status.as_str()) == wanted);
    let by_name = operator.asked("sort") == Some("name");
    let filter = LinkFilter {
        status,
        text: (!text.is_empty()).then(|| text.clone()),
        before: Paging::<Link>::cursor(&operator, LinkId::parse),
        sort: if by_name {
            LinkSort::Name
        } else {
            LinkSort::Newest
        },
        limit: ROWS + 1,
        ..LinkFilter::default()
    };
    let links = operator.state.store.links(&filter, operator.now).await?;
    // Other pages have other rows to tick.
    let mut visit = operator.visit.clone();
    visit.query.retain(|(name, _)| name != "id");
    Ok(show(&LinksPage {
        page: operator.page("Links", Section::Links),
        links: Paging::new(&visit, links, |link| link.terms.id.to_string()),
        back: query(&visit.query),
        is_narrowed: status.is_some() || !text.is_empty() || operator.asked("cursor").is_some(),
        text,
        states: LinkStatus::ALL.map(|known| {
            let word = words::status_word(known);
            (known.as_str(), word, status == Some(known))
        }),
        by_name,
        may_edit: operator.may(Role::Editor),
    }))
}

/// The query of an address.
fn query(pairs: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// The list as that query narrows it, with these links ticked.
fn list_with(back: &str, ticked: &[Link]) -> String {
    let pairs = url::form_urlencoded::parse(back.as_bytes()).into_owned();
    let ticked = ticked.iter();
    let ticked = ticked.map(|link| ("id".to_owned(), link.terms.id.to_string()));
    let pairs: Vec<_> = pairs.chain(ticked).collect();
    format!("{LIST}?{}", query(&pairs))
        .trim_end_matches('?')
        .to_owned()
}

/// The link that an address names.
async fn link_of(operator: &Operator, id: &str) -> Result<Link, Refused> {
    let id = LinkId::parse(id).ok_or(Refused::NotFound)?;
    let link = operator.state.store.link(id).await?;
    link.ok_or(Refused::NotFound)
}

/// The address of a link's page.
fn address(id: LinkId) -> String {
    format!("{LIST}/{id}")
}

/// A page below a link's own.
fn below(operator: &Operator, link: &Link, title: impl Into<String>) -> Page {
    operator
        .page(title, Section::Links)
        .below("Links", LIST)
        .below(&*link.name, address(link.terms.id))
}
