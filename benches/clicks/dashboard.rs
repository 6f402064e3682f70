//! The dashboard's pages, one request after the other: with many links and sessions, and with next to none.

use std::time::Instant;

use reqwest::{Method, RequestBuilder, StatusCode, header};
use serde_json::Value;

use crate::crowd::{self, EMAIL, PASSWORD};
use crate::report::{Figure, Findings, float};
use crate::rounds::end;
use crate::scenarios::{INSTANT, start};
use crate::target::{Database, SLUG, Target};
use crate::{Bench, Outcome};

/// What every page must keep to, in milliseconds, in 95 of 100 requests.
const MUST_MS: f64 = 50.0;

/// Requests for a page before those that count.
const WARM_UP: u64 = 3;

/// A page that is asked for.
struct Asked {
    name: String,
    path: String,
    /// Whether it lists something with many links and sessions; where it is no list, none.
    has_rows: Option<bool>,
}

/// A signed-in browser.
struct Browser<'a> {
    bench: &'a Bench,
    base: String,
    cookie: String,
}

/// The pages with many links and sessions against those with next to none.
pub async fn run(bench: &Bench) -> Outcome<Findings> {
    let (links, sessions) = (
        bench.settings.dashboard_links,
        bench.settings.dashboard_sessions,
    );
    let mut targets = Vec::new();
    for (name, links, sessions) in [("empty", 0, 0), ("crowd", links, sessions)] {
        let database = Database::Copy(crowd::database(bench, links, sessions).await?);
        targets.push(start(bench, name, None, INSTANT, 0, Some(database)).await?);
    }
    targets[0].click(bench, 1).await?;
    let pages = [
        pages(&targets[0], SLUG, SLUG).await?,
        pages(&targets[1], "past-0", &format!("past-{}", links / 2)).await?,
    ];
    let browsers = [
        Browser::sign_in(bench, &targets[0]).await?,
        Browser::sign_in(bench, &targets[1]).await?,
    ];
    let first = browsers[1].time("/admin").await?;
    // Of each page, round and target: all times.
    let mut times = vec![[const { Vec::new() }; 2]; pages[0].len()];
    for round in 0..usize::from(bench.settings.rounds) {
        for (page, times) in times.iter_mut().enumerate() {
            for turn in 0..2 {
                let at = (round + turn) % 2;
                let Asked { path, has_rows, .. } = &pages[at][page];
                let has_rows = has_rows.filter(|_| at == 1);
                for _ in 0..WARM_UP {
                    browsers[at].look(path, has_rows).await?;
                }
                let mut of_round = Vec::new();
                for _ in 0..bench.settings.requests {
                    of_round.push(browsers[at].time(path).await?);
                }
                times[at].push(of_round);
            }
        }
    }
    end(targets).await?;
    let figures = std::iter::once(Figure::new("overview, the first time, ms", vec![first]))
        .chain(table(&pages[1], &times))
        .collect();
    Ok(Findings {
        scenario: "dashboard",
        about: format!(
            "pages with {links} links and {sessions} sessions, each over the same page with one of each"
        ),
        rows: vec![],
        figures,
    })
}

/// Prints a line for each page, and tells its figures.
fn table(pages: &[Asked], times: &[[Vec<Vec<f64>>; 2]]) -> Vec<Figure> {
    println!(
        "\n  {:<44} {:>8} {:>8} {:>8} {:>8} {:>7}",
        "page, ms", "p50", "p95", "max", "empty", "ratio"
    );
    let mut figures = Vec::new();
    for (Asked { name, .. }, [empty, crowd]) in pages.iter().zip(times) {
        let all: Vec<f64> = crowd.iter().flatten().copied().collect();
        let (p50, p95, max) = (
            percentile(&all, 50),
            percentile(&all, 95),
            percentile(&all, 100),
        );
        let ratios: Vec<f64> = crowd
            .iter()
            .zip(empty)
            .map(|(crowd, empty)| percentile(crowd, 50) / percentile(empty, 50))
            .collect();
        let of_empty: Vec<f64> = empty.iter().flatten().copied().collect();
        let ratio = Figure::new(format!("{name}, p50 over empty"), ratios);
        println!(
            "  {name:<44} {p50:>8.1} {p95:>8.1} {max:>8.1} {:>8.1} {:>7.1}{}",
            percentile(&of_empty, 50),
            ratio.median,
            if p95 > MUST_MS { "  too slow" } else { "" }
        );
        let each = crowd.iter().map(|round| percentile(round, 95)).collect();
        figures.push(Figure::new(format!("{name}, p95, ms"), each));
        figures.push(ratio);
    }
    figures
}

/// The smallest of `times` that so many in a hundred do not exceed.
fn percentile(times: &[f64], hundredths: usize) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(sorted.len() * hundredths).div_ceil(100) - 1]
}

/// The pages that are measured, as a gateway's own ids and addresses name them.
async fn pages(target: &Target, hot: &str, deep: &str) -> Outcome<Vec<Asked>> {
    let api = target.api()?;
    let items = async |path: &str| -> Outcome<Vec<Value>> {
        let list = api.call(Method::GET, path, None).await?;
        Ok(list["items"].as_array().cloned().unwrap_or_default())
    };
    let first = |items: &[Value], field: &str| -> Outcome<String> {
        let value = items.first().and_then(|item| item[field].as_str());
        Ok(value.ok_or("nothing to look at")?.to_owned())
    };
    let link = first(&items(&format!("/links?slug={hot}")).await?, "id")?;
    let deep = first(&items(&format!("/links?slug={deep}")).await?, "id")?;
    let sessions = items(&format!("/links/{link}/sessions?status=approved&limit=200")).await?;
    let sessions = if sessions.is_empty() {
        items("/sessions").await?
    } else {
        sessions
    };
    let session = first(&sessions, "id")?;
    let oldest = first(&sessions[sessions.len() - 1..], "id")?;
    let own = first(&sessions, "client_id")?;
    let scan = first(&sessions, "scan_ref")?;
    let mut pages = vec![
        asked("overview", "", None),
        asked("a hot link", &format!("/links/{link}"), SOME),
        asked("a session", &format!("/sessions/{session}"), None),
    ];
    pages.extend(link_lists(&deep));
    pages.extend(session_lists(&link, &oldest, &own, &scan));
    Ok(pages)
}

const SOME: Option<bool> = Some(true);
const NONE: Option<bool> = Some(false);

fn asked(name: &str, path: &str, has_rows: Option<bool>) -> Asked {
    Asked {
        name: name.to_owned(),
        path: format!("/admin{path}"),
        has_rows,
    }
}

fn link_lists(deep: &str) -> Vec<Asked> {
    let mut pages = Vec::new();
    for (order, sort) in [("newest first", ""), ("by name", "sort=name")] {
        for (what, query, has_rows) in [
            ("first page", "", SOME),
            ("deep page", &*format!("cursor={deep}"), SOME),
            ("search: many", "q=fair", SOME),
            ("search: one", "q=past-77777", SOME),
            ("search: none", "q=zzzz", NONE),
            ("active", "status=active", SOME),
            ("off", "status=deactivated", SOME),
            ("expired", "status=expired", SOME),
            ("used up", "status=exhausted", SOME),
            ("used up, search: none", "status=exhausted&q=zzzz", NONE),
        ] {
            pages.push(asked(
                &format!("links {order}, {what}"),
                &format!("/links?{sort}&{query}"),
                has_rows,
            ));
        }
    }
    pages
}

fn session_lists(link: &str, deep: &str, own: &str, scan: &str) -> Vec<Asked> {
    let of_link = format!("link={link}");
    let lists = [
        ("first page", String::new(), SOME),
        ("deep page", format!("cursor={deep}"), SOME),
        ("approved", "status=approved".to_owned(), SOME),
        ("under way", "status=active".to_owned(), SOME),
        ("being started", "status=starting".to_owned(), NONE),
        ("no such state", "status=archived".to_owned(), NONE),
        ("of a customer", "q=customer-17".to_owned(), SOME),
        ("of an own clientId", format!("q={own}"), SOME),
        ("of a scan", format!("q={scan}"), SOME),
        ("of a reference", "q=order-50000".to_owned(), SOME),
        ("of no such word", "q=zzzz".to_owned(), NONE),
        ("of a hot link", of_link.clone(), SOME),
        (
            "of it, suspected",
            format!("{of_link}&status=suspected"),
            SOME,
        ),
        ("of it, under way", format!("{of_link}&status=active"), SOME),
        (
            "of it, no such state",
            format!("{of_link}&status=archived"),
            NONE,
        ),
        (
            "of no such time",
            "from=2020-01-01T00:00&to=2020-02-01T00:00".to_owned(),
            NONE,
        ),
        (
            "since long ago, denied",
            "from=2020-01-01T00:00&status=denied".to_owned(),
            SOME,
        ),
    ];
    let lists = lists.into_iter();
    lists
        .map(|(what, query, has_rows)| {
            asked(
                &format!("sessions, {what}"),
                &format!("/sessions?{query}"),
                has_rows,
            )
        })
        .collect()
}

impl<'a> Browser<'a> {
    /// Signs in by the form.
    async fn sign_in(bench: &'a Bench, target: &Target) -> Outcome<Self> {
        let base = target.api()?.base.clone();
        let address = format!("{base}/admin/login");
        let page = bench.client.get(&address).send().await?;
        let binding = cookie(page.headers());
        let page = page.text().await?;
        let hidden = |name: &str| -> Outcome<String> {
            let rest = page.split_once(&format!("name=\"{name}\" value=\""));
            let value = rest.and_then(|(_, rest)| rest.split('"').next());
            Ok(value.ok_or("a form without its token")?.to_owned())
        };
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("csrf", &hidden("csrf")?)
            .append_pair("zone", &hidden("zone")?)
            .append_pair("email", EMAIL)
            .append_pair("password", PASSWORD)
            .finish();
        let answer = bench
            .client
            .post(&address)
            .header(header::COOKIE, binding)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await?;
        if answer.status() != StatusCode::SEE_OTHER {
            return Err(format!("signing in was answered {}", answer.status()).into());
        }
        Ok(Self {
            bench,
            base,
            cookie: cookie(answer.headers()),
        })
    }

    /// How long a page took until all of it was there, packed as browsers take it, in milliseconds.
    async fn time(&self, path: &str) -> Outcome<f64> {
        let begun = Instant::now();
        let request = self
            .get(path)
            .header(header::ACCEPT_ENCODING, "gzip")
            .header("Sec-Fetch-Site", "same-origin");
        let answer = request.send().await?;
        let status = answer.status();
        answer.bytes().await?;
        let took = begun.elapsed();
        check(path, status)?;
        Ok(float(u64::try_from(took.as_micros())?) / 1e3)
    }

    /// Whether a page lists something where it should, and nothing where it should not.
    async fn look(&self, path: &str, has_rows: Option<bool>) -> Outcome<()> {
        let answer = self.get(path).send().await?;
        check(path, answer.status())?;
        let html = answer.text().await?;
        if has_rows.is_some_and(|wanted| html.contains("<tbody>") != wanted) {
            return Err(format!("{path} lists something, or nothing, as it should not").into());
        }
        Ok(())
    }

    fn get(&self, path: &str) -> RequestBuilder {
        let request = self.bench.client.get(format!("{}{path}", self.base));
        request.header(header::COOKIE, &self.cookie)
    }
}

fn check(path: &str, status: StatusCode) -> Outcome<()> {
    if status == StatusCode::OK {
        Ok(())
    } else {
        Err(format!("{path} was answered {status}").into())
    }
}

/// What a browser sends back of the cookies it was given.
fn cookie(headers: &header::HeaderMap) -> String {
    let given = headers.get_all(header::SET_COOKIE).iter();
    let pairs = given.filter_map(|value| value.to_str().ok()?.split(';').next());
    pairs.collect::<Vec<_>>().join("; ")
}
