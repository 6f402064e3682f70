//! The scenarios: which targets meet under which load, and what is made of the samples.

use std::time::Duration;

use crate::load::{Load, Sample};
use crate::references::Kind;
use crate::report::{Figure, Findings, float};
use crate::rounds::{Entrant, all, end, rounds};
use crate::target::{Database, Plan, Target};
use crate::{Bench, Outcome, postgres, seed};

/// An upstream that answers at once.
pub const INSTANT: Duration = Duration::ZERO;
const SLOW: Duration = Duration::from_millis(100);

/// A figure of a run.
type Of = fn(&Sample) -> f64;

/// The latencies that are told.
const PERCENTILES: [(&str, Of); 2] = [
    ("p50", |sample| sample.p50_ms),
    ("p99", |sample| sample.p99_ms),
];

/// The subject, with an empty database.
pub async fn subject(bench: &Bench, delay: Duration, links: u32) -> Outcome<Target> {
    start(
        bench,
        bench.subject(),
        bench.settings.subject,
        delay,
        links,
        None,
    )
    .await
}

/// Any target.
pub async fn start(
    bench: &Bench,
    name: &str,
    reference: Option<Kind>,
    upstream_delay: Duration,
    links: u32,
    database: Option<Database>,
) -> Outcome<Target> {
    Target::start(
        bench,
        Plan {
            name,
            reference,
            upstream_delay,
            links,
            database,
        },
    )
    .await
}

/// An upstream that answers at once, one hot link.
pub async fn hot(bench: &Bench) -> Outcome<Findings> {
    let mut targets = Vec::new();
    for (name, kind) in [
        ("constant", Kind::Constant),
        ("bare", Kind::Bare),
        ("naive", Kind::Naive),
    ] {
        targets.push(start(bench, name, Some(kind), INSTANT, 0, None).await?);
    }
    targets.push(subject(bench, INSTANT, 0).await?);
    let connections = bench.settings.connections;
    let entrants = all(
        &targets,
        Load {
            connections,
            links: 0,
        },
    );
    let (rows, flush) = rounds(bench, &mut targets, &entrants).await?;
    end(targets).await?;
    let about = format!("one hot link, {connections} connections, iDenfy answers at once");
    let mut findings = Findings {
        scenario: "hot",
        about,
        rows,
        figures: vec![flush],
    };
    for reference in ["constant", "bare", "naive"] {
        findings.ratio(bench.subject(), reference);
    }
    Ok(findings)
}

/// An upstream that takes 100 ms: what the gateway adds, and what its clicks in flight weigh.
pub async fn latency(bench: &Bench, scenario: &'static str, connections: u32) -> Outcome<Findings> {
    let mut targets = vec![
        start(bench, "iDenfy alone", Some(Kind::Upstream), SLOW, 0, None).await?,
        start(bench, "bare", Some(Kind::Bare), SLOW, 0, None).await?,
        start(bench, "naive", Some(Kind::Naive), SLOW, 0, None).await?,
        subject(bench, SLOW, 0).await?,
    ];
    let idle = targets[3].resident_kib()?;
    let entrants = all(
        &targets,
        Load {
            connections,
            links: 0,
        },
    );
    let (rows, flush) = rounds(bench, &mut targets, &entrants).await?;
    end(targets).await?;
    let mut figures = vec![flush];
    // Its timers and its way to a client and back are in what iDenfy takes by itself.
    for row in &rows[1..] {
        for (name, percentile) in PERCENTILES {
            let alone = rows[0].each(percentile);
            let added = row.each(percentile).into_iter().zip(alone);
            figures.push(Figure::new(
                format!("{name} added to iDenfy's 100 ms, {}, ms", row.name),
                added.map(|(with, alone)| with - alone).collect(),
            ));
        }
    }
    let in_flight = |mib: f64| (mib * 1024.0 - float(idle)) / f64::from(connections);
    let weights = rows[3].each(|sample| in_flight(sample.resident_mib));
    let name = format!("memory a click in flight, {}, KiB", rows[3].name);
    figures.push(Figure::new(name, weights));
    let about = format!("one hot link, {connections} connections, iDenfy takes 100 ms");
    let mut findings = Findings {
        scenario,
        about,
        rows,
        figures,
    };
    for reference in ["bare", "naive"] {
        findings.ratio(bench.subject(), reference);
    }
    Ok(findings)
}

/// A thousand links instead of one.
pub async fn links1000(bench: &Bench) -> Outcome<Findings> {
    const LINKS: u32 = 1000;
    let mut targets = vec![subject(bench, INSTANT, LINKS).await?];
    let entrants = [("one link", 0), ("1,000 links", LINKS)].map(|(row, links)| Entrant {
        row: row.to_owned(),
        target: 0,
        load: Load {
            connections: 64,
            links,
        },
    });
    let (rows, flush) = rounds(bench, &mut targets, &entrants).await?;
    end(targets).await?;
    let about = "64 connections, each click on one of 1,000 links at random".to_owned();
    let mut findings = Findings {
        scenario: "links1000",
        about,
        rows,
        figures: vec![flush],
    };
    findings.ratio("1,000 links", "one link");
    Ok(findings)
}

/// A database with a long past instead of an empty one.
pub async fn stored(bench: &Bench) -> Outcome<Findings> {
    let past = seed::database(bench).await?;
    let mut starts = [Vec::new(), Vec::new()];
    let mut targets = Vec::new();
    for round in 0..usize::from(bench.settings.rounds) {
        for (index, name) in ["empty", "stored"].into_iter().enumerate() {
            let database = (index == 1).then(|| Database::Copy(past.clone()));
            let target = start(bench, name, bench.settings.subject, INSTANT, 0, database).await?;
            starts[index].push(target.started_in.as_secs_f64() * 1e3);
            // Those of the last round stay, to be clicked.
            if round + 1 < usize::from(bench.settings.rounds) {
                target.end().await?;
            } else {
                targets.push(target);
            }
        }
    }
    let entrants = all(
        &targets,
        Load {
            connections: 64,
            links: 0,
        },
    );
    let (rows, flush) = rounds(bench, &mut targets, &entrants).await?;
    end(targets).await?;
    let [empty, full] = starts;
    let figures = vec![
        flush,
        Figure::new("start to first answer, empty, ms", empty),
        Figure::new("start to first answer, stored, ms", full),
    ];
    let about = format!(
        "a database with {} links and {} sessions against an empty one, 64 connections",
        bench.settings.stored_links, bench.settings.stored_sessions
    );
    let mut findings = Findings {
        scenario: "stored",
        about,
        rows,
        figures,
    };
    findings.ratio("stored", "empty");
    Ok(findings)
}

/// What a gateway weighs that nobody clicks.
pub async fn idle(bench: &Bench) -> Outcome<Findings> {
    let (mut resident, mut starts) = (Vec::new(), Vec::new());
    for _ in 0..bench.settings.rounds {
        let target = subject(bench, INSTANT, 0).await?;
        starts.push(target.started_in.as_secs_f64() * 1e3);
        tokio::time::sleep(Duration::from_secs(2)).await;
        resident.push(float(target.resident_kib()?) / 1024.0);
        target.end().await?;
    }
    let name = bench.subject();
    let figures = vec![
        Figure::new(format!("RSS idle, {name}, MiB"), resident),
        Figure::new(format!("start to first answer, {name}, ms"), starts),
    ];
    let about = "two seconds after the start, before any click".to_owned();
    Ok(Findings {
        scenario: "idle",
        about,
        rows: vec![],
        figures,
    })
}

/// One hot link on PostgreSQL, whose syncs are not ours to count or to slow down.
pub async fn postgres(bench: &Bench, server: &str) -> Outcome<Findings> {
    let databases = postgres::Databases::create(server).await?;
    let [ours, naive] = databases.urls().map(|url| Some(Database::Postgres(url)));
    let found = async {
        let reference = Some(Kind::NaivePostgres);
        let stand_in = bench.settings.subject.and(reference);
        let mut targets = vec![
            start(bench, "naive", reference, INSTANT, 0, naive).await?,
            start(bench, bench.subject(), stand_in, INSTANT, 0, ours).await?,
        ];
        let entrants = all(
            &targets,
            Load {
                connections: 64,
                links: 0,
            },
        );
        let rows = rounds(bench, &mut targets, &entrants).await?;
        end(targets).await?;
        Outcome::Ok(rows)
    };
    let found = found.await;
    databases.drop().await?;
    let (rows, flush) = found?;
    let about = "PostgreSQL, one hot link, 64 connections; naive: a statement a click".to_owned();
    let mut findings = Findings {
        scenario: "postgres",
        about,
        rows,
        figures: vec![flush],
    };
    findings.ratio(bench.subject(), "naive");
    Ok(findings)
}
