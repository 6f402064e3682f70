//! `/admin/links/{id}`: one link, and what came of it.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::{address, link_of, options, words};
use crate::domain::day::Day;
use crate::domain::link::Link;
use crate::domain::locale::Locale;
use crate::domain::person::Role;
use crate::domain::session::Session;
use crate::store::sessions::SessionFilter;
use crate::web::api::exports;
use crate::web::api::stats::{self, NumbersDocument, StatsDocument};
use crate::web::button;
use crate::web::dashboard::chart::{Chart, Series, Tone, grouped};
use crate::web::dashboard::operator::Operator;
use crate::web::dashboard::page::{Page, Section, show as show_page};
use crate::web::dashboard::refused::{Answer, Refused};

/// Sessions shown.
const SESSIONS: i64 = 25;

/// Days told.
const DAYS: i64 = 30;

/// Why requests spent nothing: a name of ours, what it means.
const IGNORED: [(&str, &str); 3] = [
    (
        "Looks without opening",
        "Programs asked whether the address is there (HEAD).",
    ),
    (
        "Prefetches",
        "Browsers loaded it ahead, without anybody opening it.",
    ),
    (
        "Previews and scanners",
        "Messengers, mail scanners and crawlers looked at it.",
    ),
];

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
    given_back: Vec<(&'static str, String)>,
    /// Sessions that were started.
    started: String,
    sessions: Vec<Session>,
    may_edit: bool,
}

pub(in crate::web::dashboard) async fn show(operator: Operator, id: web::Path<String>) -> Answer {
    let link = link_of(&operator, &id).await?;
    let id = link.terms.id;
    let store = &operator.state.store;
    let last = Day::new(operator.now.day());
    let first = last.plus(1 - DAYS);
    let stats = stats::document(first, last, &store.stats(id, first, last).await?);
    let given_back = store.given_back(id).await?;
    let filter = SessionFilter {
        link_id: Some(id),
        limit: SESSIONS,
        ..SessionFilter::default()
    };
    let sessions = store.sessions(&filter).await?;
    let url = operator.state.url_of(&link.terms.slug);
    let told = &stats.total.ignored;
    let ignored = IGNORED
        .into_iter()
        .zip([told.head, told.prefetch, told.preview]);
    let ignored = ignored.filter(|(_, n)| *n > 0);
    let status = link.status(operator.now);
    Ok(show_page(&LinkPage {
        here: address(id),
        page: operator
            .page(&*link.name, Section::Links)
            .below("Links", super::LIST),
        state: (
            words::status_tone(status),
            words::status_word(status),
            words::status_text(status),
        ),
        snippet: button::of_link(&link, url.clone()).plain(),
        settings: settings(&link),
        ignored: ignored
            .map(|((name, about), n)| (name, about, grouped(n)))
            .collect(),
        given_back: given_back
            .iter()
            .map(|(code, n)| (words::failure(code), grouped(*n)))
            .collect(),
        chart: chart(first, &stats),
        started: grouped(stats.total.started),
        total: stats.total,
        sessions,
        url,
        link,
        may_edit: operator.may(Role::Editor),
    }))
}

/// The link's sessions as a table, all of them.
pub(in crate::web::dashboard) async fn sessions_csv(
    operator: Operator,
    request: HttpRequest,
    id: web::Path<String>,
) -> Answer {
    let link = link_of(&operator, &id).await?;
    let filter = SessionFilter {
        link_id: Some(link.terms.id),
        ..SessionFilter::default()
    };
    let table = exports::sessions_csv(&request, &operator.state, filter).await;
    table.map_err(|_| Refused::Database)
}

/// What came of the clicks of each day.
fn chart(first: Day, stats: &StatsDocument) -> Chart {
    const RESULTS: [(&str, &str, Tone); 3] = [
        ("Denied", "denied", Tone::Bad),
        ("Suspected", "suspected", Tone::Warn),
        ("Approved", "approved", Tone::Good),
    ];
    let values = |of: &dyn Fn(&NumbersDocument) -> i64| {
        let days = stats.days.iter();
        days.map(|day| of(&day.numbers)).collect()
    };
    let result = |day: &NumbersDocument, name| day.outcomes.get(name).copied().unwrap_or(0);
    let results = RESULTS.map(|(label, name, tone)| Series {
        label,
        tone,
        values: values(&|day| result(day, name)),
    });
    let others = |day: &NumbersDocument| {
        let told = RESULTS.iter().map(|(_, name, _)| result(day, name));
        day.started - told.sum::<i64>()
    };
    let more = [
        ("Without a result", Tone::Busy, values(&others)),
        ("Given back", Tone::Calm, values(&|day| day.failed)),
    ];
    let more = more.map(|(label, tone, values)| Series {
        label,
        tone,
        values,
    });
    Chart {
        title: "What came of the link's clicks, by day in UTC",
        whole: format!("The last {DAYS} days"),
        first,
        series: more.into_iter().rev().chain(results).collect(),
    }
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
    let rows = rows.into_iter();
    rows.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .chain(options::in_words(&terms.token))
        .collect()
}
