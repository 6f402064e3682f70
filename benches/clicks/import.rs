//! A hundred thousand people invited at once, again and again, while wrk clicks at full rate.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::load::Load;
use crate::report::{Figure, Findings, Row};
use crate::rounds::flush_ms;
use crate::scenarios::{INSTANT, subject};
use crate::{Bench, Outcome};

/// Rows of one file: the most there may be.
const ROWS: usize = 100_000;

const CLICKS: Load = Load {
    connections: 64,
    links: 0,
};

/// What the clicks of one link are while nobody imports, and while somebody does; how long an import takes, with and
/// without clicks; and what it weighs.
pub async fn import(bench: &Bench) -> Outcome<Findings> {
    let rows = ["without an import", "during imports"].map(|name| Row {
        name: name.to_owned(),
        rounds: vec![],
    });
    let [mut without, mut during] = rows;
    let (mut flushes, mut alone, mut beside, mut weights) = (vec![], vec![], vec![], vec![]);
    for round in 0..usize::from(bench.settings.rounds) {
        flushes.push(flush_ms(bench)?);
        let mut target = subject(bench, INSTANT, 0).await?;
        without.rounds.push(target.measure(bench, CLICKS).await?);
        let (base, key) = {
            let api = target.api()?;
            (api.base.clone(), api.key.clone())
        };
        let send = async |n: usize| {
            let file = people(round * 100 + n);
            let begun = Instant::now();
            let request = bench
                .client
                .post(format!("{base}/api/v1/invitations/bulk?campaign=Bench"))
                .bearer_auth(&key)
                .header("Content-Type", "text/csv")
                .header("Accept", "text/csv");
            let answer = request.body(file).send().await?.error_for_status()?;
            let table = answer.text().await?;
            if table.lines().count() != ROWS + 1 {
                return Err("an import was not answered whole".into());
            }
            Outcome::Ok(begun.elapsed().as_secs_f64())
        };
        alone.push(send(0).await?);
        let is_over = AtomicBool::new(false);
        let importing = async {
            let mut taken = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                taken.push(send(taken.len() + 1).await?);
            }
            Outcome::Ok(taken)
        };
        let clicking = async {
            let sample = target.run(bench, CLICKS, bench.settings.seconds).await;
            is_over.store(true, Ordering::Relaxed);
            sample
        };
        let (sample, taken) = tokio::try_join!(clicking, importing)?;
        weights.push(sample.resident_mib);
        during.rounds.push(sample);
        beside.extend(taken);
        target.end().await?;
    }
    let mut findings = Findings {
        scenario: "import",
        about: format!("{ROWS} people as CSV by API, 64 connections click on one link"),
        rows: vec![without, during],
        figures: vec![
            Figure::new("one flush of this disk, ms", flushes),
            Figure::new("an import, nobody clicks, s", alone),
            Figure::new("an import while wrk clicks, s", beside),
            Figure::new("largest RSS during imports, MiB", weights),
        ],
    };
    findings.ratio("during imports", "without an import");
    Ok(findings)
}

/// A file of people; no two files have one in common.
fn people(n: usize) -> String {
    let mut csv = "client_id,first_name,last_name,email,date_of_birth,language\n".to_owned();
    for row in 0..ROWS {
        writeln!(
            csv,
            "bench-{n}-{row},Ana,Petrauskaitė,person{row}@example.com,1990-05-17,lt"
        )
        .expect("memory takes what is written");
    }
    csv
}
