//! `/admin`: what came of everything, today and lately, and what wants a look.

use askama::Template;

use super::chart::{Chart, Series, Tone, grouped};
use super::operator::Operator;
use super::page::{Page, Section, show as show_page};
use super::refused::Answer;
use super::totals::{DAYS, OfDay};
use crate::domain::day::Day;
use crate::domain::person::Role;
use crate::domain::timestamp::DAY_MS;
use crate::idenfy::health::Fault;
use crate::store::links_brief::LinkBrief;
use crate::store::messages::ChannelFault;

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
    href: Option<&'static str>,
}

/// What is wrong, and what to do.
struct Trouble {
    title: &'static str,
    text: &'static str,
}

pub(super) async fn show(operator: Operator) -> Answer {
    let (state, now) = (&operator.state, operator.now);
    let days = state.totals.days(&state.store, now).await?;
    let until = now.plus_millis(SOON_MS);
    let expiring = state.store.links_expiring(now, until, ENDING_MAX).await?;
    let short = state.totals.running_short(&state.store, now).await?;
    let mut troubles: Vec<Trouble> = state.health.faults().into_iter().map(trouble).collect();
    if state.webhook_key.is_none() {
        troubles.push(NO_WEBHOOK_KEY);
    }
    let channels = state.store.channel_faults().await?;
    Ok(show_page(&OverviewPage {
        page: operator.page("Overview", Section::Overview),
        is_sandbox: state.sandbox.is_some(),
        troubles,
        channels,
        figures: figures(&days),
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

fn figures(days: &[(Day, OfDay)]) -> Vec<Figure> {
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
            "/admin/sessions?status=approved",
        ),
        of_status(
            days,
            "Denied",
            "Not passed.",
            "denied",
            "/admin/sessions?status=denied",
        ),
        of_status(
            days,
            "Suspected",
            "Passed with doubts: you decide.",
            "suspected",
            "/admin/sessions?status=suspected",
        ),
        of_status(
            days,
            "Given back",
            "iDenfy could not start; the use came back.",
            "failed",
            "/admin/sessions?status=failed",
        ),
    ]
}

fn of_status(
    days: &[(Day, OfDay)],
    label: &'static str,
    hint: &'static str,
    status: &'static str,
    href: &'static str,
) -> Figure {
    figure(days, label, hint, Some(href), |day| day.of(status))
}

fn figure(
    days: &[(Day, OfDay)],
    label: &'static str,
    hint: &'static str,
    href: Option<&'static str>,
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

/// Requests that spent nothing, by the reason.
fn ignored(days: &[(Day, OfDay)]) -> Vec<Figure> {
    let reasons = [
        (
            "preview",
            "Previews",
            "Messengers, mail scanners and search engines that looked at a link.",
        ),
        (
            "prefetch",
            "Fetched in advance",
            "Browsers that loaded a link before anybody clicked it.",
        ),
        (
            "head",
            "Only asked",
            "Programs that asked whether a link is there.",
        ),
    ];
    let figures = reasons.map(|(reason, label, hint)| {
        figure(days, label, hint, None, |day| {
            day.ignored.get(reason).copied().unwrap_or_default()
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

const fn trouble(fault: Fault) -> Trouble {
    match fault {
        Fault::Credentials => Trouble {
            title: "iDenfy refuses this gateway",
            text: "The API key and secret are wrong, or the account is inactive. Visitors are asked to come back later and their uses are given back. Compare idenfy.api_key and idenfy.api_secret with iDenfy's dashboard; `entrypass doctor` tells whether they work.",
        },
        Fault::Credits => Trouble {
            title: "The iDenfy account is out of credits",
            text: "No verification can start. Visitors are asked to come back later and their uses are given back. Add credits in iDenfy's dashboard under Finance: links work again within half a minute.",
        },
        Fault::AgeCredits => Trouble {
            title: "The iDenfy account is out of credits for age estimation",
            text: "Links with a selfie only cannot start. Visitors are asked to come back later and their uses are given back. Ask iDenfy for more: links work again within half a minute.",
        },
        Fault::Down => Trouble {
            title: "iDenfy does not answer",
            text: "Visitors are asked to come back later and their uses are given back. There is nothing to do here: see status.idenfy.com, and whether this server may reach ivs.idenfy.com.",
        },
    }
}

const NO_WEBHOOK_KEY: Trouble = Trouble {
    title: "Results cannot arrive",
    text: "The signing key of iDenfy's webhooks is not set, so what iDenfy tells is refused. Copy it from iDenfy's dashboard into idenfy.webhook_key and start the gateway again.",
};
