//! `/api/v1/links/{id}/stats`

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Answer;
use super::caller::Caller;
use super::paging::Query;
use crate::domain::day::Day;
use crate::domain::id::LinkId;
use crate::domain::scope::Scope;
use crate::store::stats::Counted;
use crate::web::State;
use crate::web::problem::Problem;

/// Days told when none are asked for.
const DAYS_DEFAULT: i64 = 30;
/// Most days told at once: a year, also a leap year.
const DAYS_MAX: i64 = 366;

/// What came of a link, day by day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LinkStats)]
pub struct StatsDocument {
    /// A row for every day, the oldest first, also for those on which nothing happened.
    pub days: Vec<DayDocument>,
    /// All of them together.
    pub total: NumbersDocument,
}

/// One day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LinkDay)]
pub struct DayDocument {
    /// The day, in UTC.
    #[schema(value_type = String, format = Date, examples("2026-11-21"))]
    pub date: Day,
    // Words of its own would stand between it and what it is flattened to.
    #[serde(flatten)]
    #[schema(inline)]
    pub(crate) numbers: NumbersDocument,
}

/// Numbers of a day, or of several.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[schema(as = LinkNumbers)]
pub struct NumbersDocument {
    /// Clicks for which iDenfy was asked for a session: `started` and `failed` together.
    pub clicks: i64,
    /// Sessions that were started.
    pub started: i64,
    /// Clicks that could not start one and gave their use back.
    pub failed: i64,
    /// Requests that spent nothing.
    pub ignored: IgnoredDocument,
    /// What came of the sessions that were started on that day, whenever it came: how many stand at which status now. Those
    /// still under way (`starting`, `active`) are left out.
    #[schema(examples(json!({"approved": 3})))]
    pub outcomes: BTreeMap<String, i64>,
    /// How many of the clicks named which channel (`?via=`).
    #[schema(examples(json!({"qr": 2})))]
    pub via: BTreeMap<String, i64>,
}

/// Requests that spent nothing, by reason.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[schema(as = LinkIgnored)]
pub struct IgnoredDocument {
    /// `HEAD` requests.
    pub head: i64,
    /// Prefetches by browsers.
    pub prefetch: i64,
    /// Previews by messengers and other agents that are no people.
    pub preview: i64,
}

impl NumbersDocument {
    fn add(&mut self, counted: &Counted, n: i64) {
        match counted {
            Counted::Clicks => {
                self.clicks += n;
                self.started += n;
            }
            Counted::Status(status) if status == "failed" => {
                self.failed += n;
                self.started -= n;
            }
            Counted::Status(status) => *self.outcomes.entry(status.clone()).or_default() += n,
            Counted::Via(via) => *self.via.entry(via.clone()).or_default() += n,
            Counted::Ignored(reason) => match reason.as_str() {
                "head" => self.ignored.head += n,
                "prefetch" => self.ignored.prefetch += n,
                _ => self.ignored.preview += n,
            },
        }
    }
}

/// Shows what came of a link, day by day.
///
/// Days are in UTC. A click counts on the day it was made, and so does whatever came of it later.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/links/{id}/stats", operation_id = "getLinkStats", tag = "Links",
    security(("bearer" = ["read"])),
    params(
        ("from" = Option<String>, Query, description = "The first day. Left out: so that there are 30 days.", format = Date, example = "2026-11-01"),
        ("to" = Option<String>, Query, description = "The last day, at most 366 from the first. Left out: today.", format = Date, example = "2026-11-30")),
    responses((status = 200, description = "The numbers.", body = StatsDocument)))]
pub async fn get(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let id = LinkId::parse(&id).ok_or(Problem::NotFound)?;
    let (first, last) = range(&request, Day::new(state.clock.now().day()))?;
    if state.store.link(id).await?.is_none() {
        return Err(Problem::NotFound);
    }
    let counted = state.store.stats(id, first, last).await?;
    Ok(Answer::ok(&document(first, last, &counted)).respond())
}

/// The first and the last day that are asked for.
fn range(request: &HttpRequest, today: Day) -> Result<(Day, Day), Problem> {
    let mut query = Query::read_only(request, &["from", "to"]);
    let from = query.take_as("from", Day::parse);
    let to = query.take_as("to", Day::parse);
    let last = to.unwrap_or(today);
    let first = from.unwrap_or(last.plus(1 - DAYS_DEFAULT));
    if first > last {
        query.wrong("from", "must not lie after to");
    } else if last.number() - first.number() >= DAYS_MAX {
        let message = format!("must lie at most {DAYS_MAX} days back from to, which counts too");
        query.wrong("from", &message);
    }
    query.end()?;
    Ok((first, last))
}

/// Puts together what was counted from `first` to `last`.
#[must_use]
pub fn document(first: Day, last: Day, counted: &[(Day, Counted, i64)]) -> StatsDocument {
    let days = (first.number()..=last.number())
        .map(|number| DayDocument {
            date: Day::new(number),
            numbers: NumbersDocument::default(),
        })
        .collect();
    let mut document = StatsDocument {
        days,
        total: NumbersDocument::default(),
    };
    for (day, what, n) in counted {
        let row = usize::try_from(day.number() - first.number());
        if let Some(row) = row.ok().and_then(|row| document.days.get_mut(row)) {
            row.numbers.add(what, *n);
            document.total.add(what, *n);
        }
    }
    document
}
