//! `/admin`: what came of everything, today and lately, and what wants a look.

use askama::Template;
use url::Url;

use super::chart::{Chart, Series, Tone, grouped};
use super::operator::Operator;
use super::page::{Page, Section, show as show_page};
use super::refused::Answer;
use super::tags;
use super::totals::{DAYS, OfDay};
use super::zone::Zone;
use crate::domain::day::Day;
use crate::domain::person::Role;
use crate::domain::timestamp::DAY_MS;
use crate::idenfy::health::Fault;
use crate::store::links_brief::LinkBrief;
use crate::store::messages::ChannelFault;
use crate::web::State;

/// How long before its end a link counts as about to end, in milliseconds.
const SOON_MS: i64 = 7 * DAY_MS;

/// Links that are named as about to end.
const ENDING_MAX: i64 = 6;

/// States that came to nothing.
const UNFINISHED: [&str; 4] = ["expired", "cancelled", "deleted", "archived"];

#[derive(Template)]
#[template(path = "dashboard/overview.html")]
struct OverviewPage {
    page: Page,
    is_sandbox: bool,
    troubles: Vec<Trouble>,
    channels: Vec<ChannelFault>,
    figures: Vec<Figure>,
    ignored: Vec<Figure>,
    chart: Chart,
    /// Whether anybody ever clicked, in these days.
    is_empty: bool,
    may_edit: bool,
    expiring: Vec<LinkBrief>,
    short: Vec<LinkBrief>,
}

/// A number of today, and of all days.
struct Figure {
    label: &'static str,
    /// What it means.
    hint: &'static str,
    today: String,
    all: String,
    /// Where the sessions are listed that it counts.
    href: Option<String>,
}

/// What is wrong, and what to do.
struct Trouble {
    title: &'static str,
    text: String,
}

pub(super) async fn show(operator: Operator) -> Answer {
    let (state, now) = (&operator.state, operator.now);
    let days = state.totals.days(&state.store, now).await?;
    let until = now.plus_millis(SOON_MS);
    let expiring = state.store.links_expiring(now, until, ENDING_MAX).await?;
    let short = state.totals.running_short(&state.store, now).await?;
    let faults = state.health.faults().into_iter();
    let mut troubles: Vec<Trouble> = faults.map(|fault| trouble(fault, state)).collect();
    if state.webhook_key.is_none() {
        troubles.push(no_webhook_key());
    }
    let channels = state.store.channel_faults().await?;
    Ok(show_page(&OverviewPage {
        page: operator.page("Overview", Section::Overview),
        is_sandbox: state.sandbox.is_some(),
        troubles,
        channels,
        figures: figures(&days, &from_first(&days)),
        ignored: ignored(&days),
        may_edit: operator.may(Role::Editor),
        is_empty: days
            .iter()
            .all(|(_, day)| day.begun == 0 && day.ignored.is_empty()),
        chart: chart(&days),
        expiring,
        short,
    }))
}

/// `from` is the beginning of the first day, as the list of sessions takes it.
fn figures(days: &[(Day, OfDay)], from: &str) -> Vec<Figure> {
    let started = |day: &OfDay| day.begun - day.of("failed");
    vec![
        figure(
            days,
            "Clicks",
            "Each one spends a use of its link.",
            None,
            |day| day.begun,
        ),
        figure(
            days,
            "Started",
            "iDenfy began a verification.",
            None,
            started,
        ),
        of_status(
            days,
            "Approved",
            "The identity is verified.",
            "approved",
            from,
        ),
        of_status(days, "Denied", "Not passed.", "denied", from),
        of_status(
            days,
            "Suspected",
            "Passed with doubts: you decide.",
            "suspected",
            from,
        ),
        of_status(
            days,
            "Given back",
            "iDenfy could not start; the use came back.",
            "failed",
            from,
        ),
    ]
}

fn of_status(
    days: &[(Day, OfDay)],
    label: &'static str,
    hint: &'static str,
    status: &'static str,
    from: &str,
) -> Figure {
    let href = format!("/admin/sessions?status={status}&{from}");
    figure(days, label, hint, Some(href), |day| day.of(status))
}

fn figure(
    days: &[(Day, OfDay)],
    label: &'static str,
    hint: &'static str,
    href: Option<String>,
    count: impl Fn(&OfDay) -> i64,
) -> Figure {
    Figure {
        label,
        hint,
        href,
        today: grouped(days.last().map_or(0, |(_, day)| count(day))),
        all: grouped(days.iter().map(|(_, day)| count(day)).sum()),
    }
}

/// What narrows a list of sessions to these days.
fn from_first(days: &[(Day, OfDay)]) -> String {
    let utc = Zone::named(None);
    let first = days.first().map(|(day, _)| utc.field(day.start()));
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("from", &first.unwrap_or_default())
        .append_pair("zone", utc.name())
        .finish()
}

/// Requests that spent nothing, by the reason.
fn ignored(days: &[(Day, OfDay)]) -> Vec<Figure> {
    let figures = tags::IGNORED.map(|(reason, label, hint)| {
        figure(days, label, hint, None, |day| {
            day.ignored
                .get(reason.as_str())
                .copied()
                .unwrap_or_default()
        })
    });
    figures.into()
}

/// What came of the clicks of each day.
pub(super) fn chart(days: &[(Day, OfDay)]) -> Chart {
    let series = |label, tone, count: &dyn Fn(&OfDay) -> i64| Series {
        label,
        tone,
        values: days.iter().map(|(_, day)| count(day)).collect(),
    };
    let unfinished = |day: &OfDay| UNFINISHED.iter().map(|status| day.of(status)).sum();
    let settled = |day: &OfDay| -> i64 {
        ["failed", "denied", "suspected", "approved"]
            .iter()
            .map(|status| day.of(status))
            .sum()
    };
    Chart {
        title: "Clicks of the last 30 days, by what came of them",
        whole: format!("The last {DAYS} days"),
        first: days.first().map_or(Day::new(0), |(day, _)| *day),
        series: vec![
            series("Given back", Tone::Calm, &|day| day.of("failed")),
            series("Not finished", Tone::Muted, &unfinished),
            series("Denied", Tone::Bad, &|day| day.of("denied")),
            series("Suspected", Tone::Warn, &|day| day.of("suspected")),
            series("Under way", Tone::Busy, &|day| {
                (day.begun - settled(day) - unfinished(day)).max(0)
            }),
            series("Approved", Tone::Good, &|day| day.of("approved")),
        ],
    }
}

fn trouble(fault: Fault, state: &State) -> Trouble {
    let (title, text) = match fault {
        Fault::Credentials => (
            "iDenfy refuses this gateway",
            "The API key and secret are wrong, or the account is inactive. Visitors are asked to come back later and their uses are given back. Ask whoever runs this server to compare the API key and secret in its settings with those in iDenfy's dashboard; the command “entrypass doctor” tells whether they work.".to_owned(),
        ),
        Fault::Credits => (
            "The iDenfy account is out of credits",
            "No verification can start. Visitors are asked to come back later and their uses are given back. Add credits in iDenfy's dashboard under Finance: links work again within half a minute.".to_owned(),
        ),
        Fault::AgeCredits => (
            "The iDenfy account is out of credits for age estimation",
            "Links with a selfie only cannot start. Visitors are asked to come back later and their uses are given back. Ask iDenfy for more: links work again within half a minute.".to_owned(),
        ),
        Fault::Down => (
            "iDenfy does not answer",
            format!(
                "Visitors are asked to come back later and their uses are given back. There is nothing to do here: see status.idenfy.com, and whether this server may reach {}.",
                idenfy_host(state)
            ),
        ),
    };
    Trouble { title, text }
}

/// The host at which iDenfy is asked.
fn idenfy_host(state: &State) -> String {
    let mut settings = state.settings.iter();
    let set = settings.find(|setting| setting.path == "idenfy.base_url");
    let url = set.and_then(|set| Url::parse(&set.value).ok());
    let host = url.and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_else(|| "iDenfy".to_owned())
}

fn no_webhook_key() -> Trouble {
    Trouble {
        title: "Results cannot arrive",
        text: "The signing key of iDenfy's webhooks is not set, so what iDenfy tells is refused. Ask whoever runs this server to copy it from iDenfy's dashboard into the settings (idenfy.webhook_key) and to start the gateway again.".to_owned(),
    }
}
