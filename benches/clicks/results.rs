//! The scenarios of results: iDenfy's webhooks in, deliveries out, events to listeners.

use std::collections::HashMap;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, timeout};

use crate::entrypass::WEBHOOK_KEY;
use crate::load::Load;
use crate::report::{Figure, Findings, Row, float};
use crate::rounds::{end, flush_ms};
use crate::scenarios::{INSTANT, start, subject};
use crate::target::{Database, Target};
use crate::upstream::{HANG_PATH, TAKE_PATH};
use crate::{Bench, Outcome, postgres};

/// A webhook so often: fifty a second.
const EVERY: Duration = Duration::from_millis(20);

/// How long wrk is given to be at full rate before the first webhook, and kept at it after the last.
const MARGIN: Duration = Duration::from_millis(250);

/// Results stored before they are let go.
const STORED: u64 = 10_000;

/// How long what must come by itself may take.
const BOUND: Duration = Duration::from_mins(2);

/// How often it is looked whether it has come.
const LOOK_EVERY: Duration = Duration::from_millis(5);

const CLICKS: Load = Load {
    connections: 64,
    links: 0,
};

/// A result as iDenfy tells it, with everything in it.
const BODY: &str = include_str!("../../src/sandbox/identification-webhook.json");

/// A webhook that was answered 200.
struct Posted {
    scan_ref: String,
    /// When it was due.
    at: Instant,
    /// From then on.
    took: Duration,
}

/// Webhooks while wrk clicks at full rate and an endpoint hangs.
pub async fn webhook(bench: &Bench) -> Outcome<Findings> {
    let mut target = subject(bench, INSTANT, 0).await?;
    let kinds = ["session.started", "session.updated", "session.finished"];
    target.endpoint(HANG_PATH, &kinds).await?;
    let mut row = Row {
        name: target.name.clone(),
        rounds: vec![],
    };
    let (mut flushes, mut middle, mut late) = (vec![], vec![], vec![]);
    if bench.settings.warmup > 0 {
        target.run(bench, CLICKS, bench.settings.warmup).await?;
    }
    for _ in 0..bench.settings.rounds {
        flushes.push(flush_ms(bench)?);
        let scans = fresh_sessions(bench, &mut target, MARGIN * 2).await?;
        let base = target.api()?.base.clone();
        let posting = async {
            sleep(MARGIN).await;
            post(&bench.client, &base, scans).await
        };
        let clicking = target.run(bench, CLICKS, bench.settings.seconds);
        let (sample, posted) = tokio::try_join!(clicking, posting)?;
        row.rounds.push(sample);
        let times = posted.iter().map(|posted| posted.took).collect();
        let (p50, p99) = percentiles(times);
        middle.push(p50);
        late.push(p99);
    }
    if target.results(bench).await? == 0 {
        return Err("nothing was sent to the endpoint that hangs".into());
    }
    target.end().await?;
    Ok(Findings {
        scenario: "webhook",
        about: "50 webhooks a second, 64 connections click on one link, an endpoint hangs"
            .to_owned(),
        rows: vec![row],
        figures: vec![
            Figure::new("one flush of this disk, ms", flushes),
            Figure::new("webhook's answer, p50, ms", middle),
            Figure::new("webhook's answer, p99, ms", late),
        ],
    })
}

/// What was stored while an endpoint was switched off, from the moment it is switched on until it has all of it.
pub async fn drain(bench: &Bench) -> Outcome<Findings> {
    let (mut flushes, mut rates) = (vec![], vec![]);
    for _ in 0..bench.settings.rounds {
        flushes.push(flush_ms(bench)?);
        let mut target = subject(bench, INSTANT, 0).await?;
        let path = format!(
            "/endpoints/{}",
            target.endpoint(TAKE_PATH, &["session.started"]).await?
        );
        let api = target.api()?;
        api.call(Method::POST, &format!("{path}/test"), None)
            .await?;
        until("the endpoint is switched off", async || {
            let endpoint = api.call(Method::GET, &path, None).await?;
            Ok(!endpoint["disabled_at"].is_null())
        })
        .await?;
        while target.answered() < STORED {
            target.run(bench, CLICKS, 1).await?;
        }
        let stored = target.api()?.used(false).await?;
        let begun = Instant::now();
        let enable = format!("{path}/enable");
        target.api()?.call(Method::POST, &enable, None).await?;
        // One more came before: the test.
        until("all that was stored has arrived", async || {
            Ok(target.results(bench).await? > stored)
        })
        .await?;
        rates.push(float(stored) / begun.elapsed().as_secs_f64());
        let arrived = target.results(bench).await? - 1;
        if arrived != stored {
            return Err(format!("{stored} results were stored and {arrived} arrived").into());
        }
        target.end().await?;
    }
    Ok(Findings {
        scenario: "drain",
        about: format!(
            "{STORED} stored results or a few more, to an endpoint that takes them at once"
        ),
        rows: vec![],
        figures: vec![
            Figure::new("one flush of this disk, ms", flushes),
            Figure::new("deliveries/s", rates),
        ],
    })
}

/// From a webhook at one node to a listener at another, which share a database on PostgreSQL.
pub async fn events(bench: &Bench, server: &str) -> Outcome<Findings> {
    let databases = postgres::Databases::create(server).await?;
    let [url, _] = databases.urls();
    let found = between_nodes(bench, url).await;
    databases.drop().await?;
    let (middle, late) = found?;
    Ok(Findings {
        scenario: "events",
        about: "50 webhooks a second at one node, a listener at another, PostgreSQL".to_owned(),
        rows: vec![],
        figures: vec![
            Figure::new("webhook to listener, p50, ms", middle),
            Figure::new("webhook to listener, p99, ms", late),
        ],
    })
}

/// The two percentiles of each round.
async fn between_nodes(bench: &Bench, url: String) -> Outcome<(Vec<f64>, Vec<f64>)> {
    let node = |name, database| start(bench, name, None, INSTANT, 0, Some(database));
    let mut told = node("told", Database::Postgres(url.clone())).await?;
    let other = node("other", Database::Shared(url)).await?;
    let (mut middle, mut late) = (vec![], vec![]);
    for _ in 0..bench.settings.rounds {
        let scans = fresh_sessions(bench, &mut told, Duration::ZERO).await?;
        let api = other.api()?;
        let request = bench
            .client
            .get(format!("{}/api/v1/events?type=session.finished", api.base));
        let mut stream = request
            .bearer_auth(&api.key)
            .send()
            .await?
            .error_for_status()?;
        // The place it begins at: whatever happens from now on is heard.
        stream.chunk().await?.ok_or("a stream that ends at once")?;
        let base = told.api()?.base.clone();
        let listening = timeout(BOUND, listen(stream, scans.len()));
        let (posted, heard) = tokio::join!(post(&bench.client, &base, scans), listening);
        let heard = heard.map_err(|_| "not every event has arrived")??;
        let times = posted?.into_iter().map(|posted| {
            let heard_at = heard.get(&posted.scan_ref).copied();
            heard_at.map(|at| at.duration_since(posted.at))
        });
        let times = times
            .collect::<Option<_>>()
            .ok_or("an event has not arrived")?;
        let (p50, p99) = percentiles(times);
        middle.push(p50);
        late.push(p99);
    }
    end(vec![told, other]).await?;
    Ok((middle, late))
}

/// When each of so many sessions was heard of.
async fn listen(mut stream: Response, count: usize) -> Outcome<HashMap<String, Instant>> {
    let (mut heard, mut text) = (HashMap::new(), Vec::new());
    while heard.len() < count {
        text.extend(stream.chunk().await?.ok_or("the stream has ended")?);
        let now = Instant::now();
        while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            if let Some(data) = line.strip_prefix(b"data: ") {
                let event: Value = serde_json::from_slice(data)?;
                let scan_ref = event["data"]["session"]["scan_ref"].as_str();
                heard.insert(scan_ref.ok_or("an event without scan_ref")?.to_owned(), now);
            }
        }
    }
    Ok(heard)
}

/// Starts a session for each webhook of a run that is shorter by `margin`; returns their scanRefs.
async fn fresh_sessions(
    bench: &Bench,
    target: &mut Target,
    margin: Duration,
) -> Outcome<Vec<String>> {
    let time = Duration::from_secs(bench.settings.seconds).saturating_sub(margin);
    let count = usize::try_from(time.as_millis() / EVERY.as_millis())?;
    target.click(bench, u64::try_from(count)?).await?;
    let (api, mut scans, mut cursor) = (target.api()?, Vec::new(), String::new());
    while scans.len() < count {
        let page = api
            .call(Method::GET, &format!("/sessions?limit=200{cursor}"), None)
            .await?;
        let items = page["items"].as_array().ok_or("a list without items")?;
        let names = items
            .iter()
            .filter_map(|session| session["scan_ref"].as_str());
        scans.extend(names.map(str::to_owned));
        cursor = format!(
            "&cursor={}",
            page["next_cursor"].as_str().unwrap_or_default()
        );
    }
    scans.truncate(count);
    Ok(scans)
}

/// Posts a final result of each session, at a steady rate however long the answers take.
async fn post(client: &Client, base: &str, scans: Vec<String>) -> Outcome<Vec<Posted>> {
    let url = format!("{base}/webhooks/idenfy");
    let mut template: Value = serde_json::from_str(BODY)?;
    template["final"] = json!(true);
    template["status"] = json!({
        "overall": "APPROVED", "fraudTags": [], "mismatchTags": [], "autoDocument": "DOC_VALIDATED",
        "autoFace": "FACE_MATCH", "manualDocument": "DOC_VALIDATED", "manualFace": "FACE_MATCH",
    });
    let (mut posts, mut pace) = (JoinSet::new(), interval(EVERY));
    for scan_ref in scans {
        template["scanRef"] = json!(scan_ref);
        let body = template.to_string();
        let mac = Hmac::<Sha256>::new_from_slice(WEBHOOK_KEY.as_bytes())?.chain_update(&body);
        let request = client
            .post(&url)
            .body(body)
            .header("Idenfy-Event-Type", "IDENTIFICATION_MANUAL_FINISHED")
            .header("Idenfy-Signature", hex::encode(mac.finalize().into_bytes()));
        let at = pace.tick().await;
        posts.spawn(async move {
            let answer = request.send().await.map_err(|error| error.to_string())?;
            match answer.status().as_u16() {
                200 => Ok(Posted {
                    scan_ref,
                    at,
                    took: at.elapsed(),
                }),
                other => Err(format!("a webhook was answered {other}")),
            }
        });
    }
    let posted: Result<Vec<_>, String> = posts.join_all().await.into_iter().collect();
    Ok(posted?)
}

/// Waits until it is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> Outcome<bool>) -> Outcome<()> {
    let deadline = Instant::now() + BOUND;
    while !is_so().await? {
        if Instant::now() > deadline {
            return Err(format!("not within {BOUND:?}: {what}").into());
        }
        sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// The median and the 99th percentile in milliseconds; there must be at least one.
fn percentiles(mut times: Vec<Duration>) -> (f64, f64) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent).div_ceil(100) - 1].as_secs_f64() * 1e3;
    (at(50), at(99))
}
