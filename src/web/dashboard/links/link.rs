//! `/admin/links/{id}`: one link, and what came of it.

use actix_web::web;
use askama::Template;

use super::{address, link_of, options, words};
use crate::domain::day::Day;
use crate::domain::link::Link;
use crate::domain::locale::Locale;
use crate::domain::person::Role;
use crate::store::sessions::SessionFilter;
use crate::web::agents::Ignored;
use crate::web::api::stats::{self, DayDocument, NumbersDocument, StatsDocument};
use crate::web::button;
use crate::web::dashboard::chart::{Chart, grouped};
use crate::web::dashboard::operator::Operator;
use crate::web::dashboard::page::{Page, Section, show as show_page};
use crate::web::dashboard::refused::Answer;
use crate::web::dashboard::session_rows::{Line, lines};
use crate::web::dashboard::totals::{DAYS, OfDay};
use crate::web::dashboard::{live, overview, tags};

/// Sessions shown.
const SESSIONS: i64 = 25;

#[derive(Template)]
#[template(path = "dashboard/link.html")]
struct LinkPage {
    page: Page,
    link: Link,
    /// The page's own address.
    here: String,
    /// Tone and word of its state, and what that means.
    state: (&'static str, &'static str, &'static str),
    url: String,
    snippet: String,
    settings: Vec<(String, String)>,
    total: NumbersDocument,
    chart: Chart,
    /// Requests that spent nothing: a name of the reason, what it means, how many.
    ignored: Vec<(&'static str, &'static str, String)>,
    /// Clicks that gave their use back: why, and how many.
    given_back: Vec<(String, String)>,
    /// Sessions that were started.
    started: String,
    sessions: Vec<Line>,
    /// Where news of them is heard.
    live: String,
    may_edit: bool,
}

pub(in crate::web::dashboard) async fn show(operator: Operator, id: web::Path<String>) -> Answer {
    let link = link_of(&operator, &id).await?;
    let id = link.terms.id;
    let store = &operator.state.store;
    let live = live::address(&operator, Some(id)).await?;
    let last = Day::new(operator.now.day());
    let first = last.plus(1 - DAYS);
    let stats = stats::document(first, last, &store.stats(id, first, last).await?);
    let given_back = store.given_back(id, first).await?;
    let filter = SessionFilter {
        link_id: Some(id),
        limit: SESSIONS,
        ..SessionFilter::default()
    };
    let sessions = store.sessions(&filter).await?;
    let sessions = lines(&operator, sessions, true).await?;
    let url = operator.state.url_of(&link.terms.slug);
    let told = &stats.total.ignored;
    let count = |reason| match reason {
        Ignored::Head => told.head,
        Ignored::Prefetch => told.prefetch,
        Ignored::Preview => told.preview,
    };
    let ignored = tags::IGNORED.map(|(reason, name, about)| (name, about, count(reason)));
    let ignored = ignored.into_iter().filter(|(.., n)| *n > 0);
    let now = link.status(operator.now);
    Ok(show_page(&LinkPage {
        here: address(id),
        page: operator
            .page(&*link.name, Section::Links)
            .below("Links", super::LIST),
        state: (
            words::status_tone(now),
            words::status_word(now),
            words::status_text(now),
        ),
        snippet: button::of_link(&operator.state, &link).plain(),
        settings: settings(&link),
        ignored: ignored
            .map(|(name, about, n)| (name, about, grouped(n)))
            .collect(),
        given_back: given_back
            .iter()
            .map(|(code, n)| (tags::failure(code).to_owned(), grouped(*n)))
            .collect(),
        chart: overview::chart(&days(&stats)),
        started: grouped(stats.total.started),
        total: stats.total,
        sessions,
        live,
        url,
        link,
        may_edit: operator.may(Role::Editor),
    }))
}

/// What came of the clicks of each day, as it is told of all links.
fn days(stats: &StatsDocument) -> Vec<(Day, OfDay)> {
    let days = stats.days.iter();
    days.map(|DayDocument { date, numbers }| {
        let mut day = OfDay::default();
        day.begun = numbers.clicks;
        day.statuses = numbers.outcomes.clone();
        day.statuses.insert("failed".to_owned(), numbers.failed);
        (*date, day)
    })
    .collect()
}

/// What was settled when the link was made, in words; what says the least is left out.
fn settings(link: &Link) -> Vec<(String, String)> {
    let terms = &link.terms;
    let language = terms
        .language
        .map_or("The visitor's own", Locale::native_name);
    let confirm = if terms.confirm {
        "A page with a button comes first, and only a press of it spends a use"
    } else {
        "Opening the link starts the verification"
    };
    let usage = words::usage(terms.usage);
    let mut rows = vec![
        ("May be used", &*usage),
        ("Verification", words::flow(terms.flow)),
        ("Language", language),
        ("When it is opened", confirm),
    ];
    if terms.resume {
        rows.push((
            "Coming back",
            "Whoever comes back in the same browser goes on with the open session, with no further use spent",
        ));
    }
    if terms.accept_ref {
        rows.push((
            "Reference",
            "What stands after ?ref= in the address becomes the session's reference",
        ));
    }
    if terms.signed {
        rows.push((
            "Signed",
            "Visitors come from a site of yours alone, which says, with its signature, who they are",
        ));
    }
    let rows = rows.into_iter();
    rows.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .chain(options::in_words(&terms.token))
        .collect()
}
