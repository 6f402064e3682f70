//! The benchmark of clicks: `cargo bench --bench clicks -- --help`; docs/benchmarks.md tells what each figure means.
//!
//! It starts the release binary, a scripted iDenfy and three references on the same stack, each in a process of
//! its own (this very program with `role` as its first argument), lets wrk click, and prints figures and ratios.

mod crowd;
mod dashboard;
mod entrypass;
mod group_commit;
mod import;
mod load;
mod postgres;
mod proc;
mod references;
mod report;
mod results;
mod rounds;
mod scenarios;
mod seed;
mod target;
mod upstream;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use crate::proc::Shim;
use crate::references::Kind;

/// Any failure, in words for the person at the terminal.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Where the PostgreSQL server is told that `postgres` may use.
const POSTGRES: &str = "ENTRYPASS_BENCH_POSTGRES";

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// hot, latency64 and idle
    Quick,
    /// Everything; postgres and events where a server is given
    All,
    /// One hot link, 64 connections, an instant upstream, against all three references
    Hot,
    /// What is added to an upstream of 100 ms at 64 connections
    Latency64,
    /// The same at 1,024 connections, and the memory it takes
    Latency1024,
    /// A thousand links instead of one
    Links1000,
    /// A database with a million links and ten million sessions against an empty one
    Stored,
    /// The dashboard's pages with a hundred thousand links and a million sessions, and with none
    Dashboard,
    /// Resident memory before any click
    Idle,
    /// One hot link on PostgreSQL; needs `ENTRYPASS_BENCH_POSTGRES`, the URL of a database whose user may create others
    Postgres,
    /// iDenfy's webhooks at a steady rate while an endpoint hangs and wrk clicks at full rate
    Webhook,
    /// Stored results to an endpoint that takes them at once
    Drain,
    /// A hundred thousand people invited at once while wrk clicks at full rate
    Import,
    /// From a webhook at one node to a listener at another; needs `ENTRYPASS_BENCH_POSTGRES`
    Events,
}

/// Measures clicks.
#[derive(Debug, Parser, Serialize)]
#[command(name = "cargo bench --bench clicks --", disable_version_flag = true)]
struct Settings {
    /// What to measure
    #[arg(value_enum, default_value = "quick")]
    #[serde(skip)]
    scenarios: Vec<Scenario>,
    /// Rounds: every target takes its turn in each
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
    rounds: u8,
    /// Seconds of one measured run
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Seconds of the run before it, which is not measured
    #[arg(long, default_value_t = 1)]
    warmup: u64,
    /// Worker threads of every server; by default the number of cores
    #[arg(long, default_value_t = std::thread::available_parallelism().map_or(1, usize::from))]
    workers: usize,
    /// Folder for databases; choose one on the disk that is meant
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench-data"))]
    data: PathBuf,
    /// Milliseconds added to every sync to disk of the servers
    #[arg(long, default_value_t = 0)]
    sync_delay_ms: u64,
    /// Connections of `hot`
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    connections: u32,
    /// Links in the database of `stored`
    #[arg(long, default_value_t = 1_000_000)]
    stored_links: u64,
    /// Sessions in the database of `stored`
    #[arg(long, default_value_t = 10_000_000)]
    stored_sessions: u64,
    /// Links in the database of `dashboard`
    #[arg(long, default_value_t = 100_000)]
    dashboard_links: u64,
    /// Sessions in the database of `dashboard`
    #[arg(long, default_value_t = 1_000_000)]
    dashboard_sessions: u64,
    /// Requests for each page in a round of `dashboard`
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u64).range(1..))]
    requests: u64,
    /// Put a reference in Entrypass's place, to try the benchmark itself
    #[arg(long, value_enum)]
    #[serde(skip)]
    subject: Option<Kind>,
    /// cargo says so when it runs benchmarks
    #[arg(long, hide = true)]
    #[serde(skip)]
    bench: bool,
}

/// The parts this program plays for itself.
#[derive(Debug, Parser)]
enum Role {
    Upstream {
        delay_ms: u64,
    },
    Reference {
        kind: Kind,
        workers: usize,
        database: String,
        upstream: String,
    },
}

/// What every scenario needs.
pub struct Bench {
    settings: Settings,
    folder: PathBuf,
    shim: Shim,
    client: reqwest::Client,
}

impl Bench {
    /// The name of what is measured.
    fn subject(&self) -> &'static str {
        if self.settings.subject.is_some() {
            "stand-in"
        } else {
            "entrypass"
        }
    }
}

/// A click makes and frees several pieces of some KiB, which this allocator keeps for the thread at hand.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let outcome = match std::env::args().nth(1).as_deref() {
        Some("role") => match Role::parse_from(std::env::args().skip(1)) {
            Role::Upstream { delay_ms } => upstream::serve(Duration::from_millis(delay_ms)),
            Role::Reference {
                kind,
                workers,
                database,
                upstream,
            } => references::serve(kind, workers, &database, &upstream),
        },
        _ => measure(Settings::parse()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("clicks: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs what is asked for; whatever ends this, a signal too, ends the processes it started.
fn measure(settings: Settings) -> Outcome<()> {
    if !settings.bench {
        println!("clicks: nothing measured; run it as `cargo bench --bench clicks`");
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            outcome = run(settings) => outcome,
            _ = interrupt.recv() => Err("interrupted".into()),
            _ = terminate.recv() => Err("terminated".into()),
        }
    })
}

async fn run(settings: Settings) -> Outcome<()> {
    let wrk = load::wrk_version().await?;
    std::fs::create_dir_all(&settings.data)?;
    let folder = settings.data.canonicalize()?;
    let shim = Shim::compile(&folder, settings.sync_delay_ms).await?;
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "a second TLS provider")?;
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()?;
    let bench = Bench {
        settings,
        folder,
        shim,
        client,
    };

    println!("{}", report::machine(&wrk));
    println!("{}", serde_json::to_string(&bench.settings)?);
    let mut findings = Vec::new();
    for scenario in asked(&bench.settings.scenarios) {
        let found = match scenario {
            Scenario::Hot => scenarios::hot(&bench).await?,
            Scenario::Latency64 => scenarios::latency(&bench, "latency64", 64).await?,
            Scenario::Latency1024 => scenarios::latency(&bench, "latency1024", 1024).await?,
            Scenario::Links1000 => scenarios::links1000(&bench).await?,
            Scenario::Stored => scenarios::stored(&bench).await?,
            Scenario::Dashboard => dashboard::run(&bench).await?,
            Scenario::Idle => scenarios::idle(&bench).await?,
            Scenario::Postgres => scenarios::postgres(&bench, &server()?).await?,
            Scenario::Webhook => results::webhook(&bench).await?,
            Scenario::Drain => results::drain(&bench).await?,
            Scenario::Import => import::import(&bench).await?,
            Scenario::Events => results::events(&bench, &server()?).await?,
            Scenario::Quick | Scenario::All => continue,
        };
        found.print();
        findings.push(found);
        // Written after each scenario: a failure of a later one does not lose the earlier ones.
        report::write(&bench, &wrk, &findings)?;
    }
    println!(
        "\nwritten to {}",
        report::write(&bench, &wrk, &findings)?.display()
    );
    Ok(())
}

/// The scenarios that the words stand for, each once.
fn asked(words: &[Scenario]) -> Vec<Scenario> {
    let quick = [Scenario::Hot, Scenario::Latency64, Scenario::Idle];
    let mut asked = Vec::new();
    for word in words {
        let meant = match word {
            Scenario::Quick => quick.to_vec(),
            Scenario::All => Scenario::value_variants().to_vec(),
            one => vec![*one],
        };
        for scenario in meant {
            let left_out = *word == Scenario::All
                && matches!(scenario, Scenario::Postgres | Scenario::Events)
                && std::env::var_os(POSTGRES).is_none();
            if left_out {
                println!("{scenario:?} is left out: {POSTGRES} is not set");
            } else if !asked.contains(&scenario) {
                asked.push(scenario);
            }
        }
    }
    asked
}

/// The PostgreSQL server that is lent.
fn server() -> Outcome<String> {
    std::env::var(POSTGRES).map_err(|_| format!("this scenario needs {POSTGRES}").into())
}

/// A path of this repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
