//! What is measured: a server with its own scripted iDenfy and its own database, and the books it keeps.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

use crate::entrypass::{Entrypass, last_words};
use crate::load::{self, Load, Sample};
use crate::proc::{Process, Shim, command};
use crate::references::{Kind, USED_PATH};
use crate::upstream::{COUNT_PATH, RESULTS_PATH};
use crate::{Bench, Outcome};

/// The slug of the hot link, and the stem of the many links' slugs (`bench-1`, `bench-2`, …).
pub const SLUG: &str = "bench";

/// What to start, and around what.
pub struct Plan<'a> {
    /// The name in tables.
    pub name: &'a str,
    /// A reference; none: Entrypass itself.
    pub reference: Option<Kind>,
    /// Delay of every token call.
    pub upstream_delay: Duration,
    /// Links beside the hot one.
    pub links: u32,
    /// A SQLite database to begin with (it is copied), or the URL of an empty PostgreSQL one; none: empty SQLite.
    pub database: Option<Database>,
}

/// A database that is not simply an empty file.
#[derive(Clone)]
pub enum Database {
    /// A file to copy.
    Copy(PathBuf),
    /// A PostgreSQL database of the target's own.
    Postgres(String),
    /// A PostgreSQL database that another target works on already.
    Shared(String),
}

/// A running server under measurement.
pub struct Target {
    /// The name in tables.
    pub name: String,
    /// How long it took from the start of the process to the first good answer.
    pub started_in: Duration,
    server: Process,
    upstream: Process,
    base: String,
    upstream_base: String,
    entrypass: Option<Entrypass>,
    /// Whether it spends uses and starts sessions.
    keeps_books: bool,
    links: u32,
    /// Clicks that wrk saw answered, and those that may have been under way when it stopped.
    answered: u64,
    cut_off: u64,
    /// Removed, with the database in it, after the processes above have been ended.
    folder: TempDir,
}

impl Target {
    /// Starts the server and its upstream, and waits until it answers.
    pub async fn start(bench: &Bench, plan: Plan<'_>) -> Outcome<Self> {
        let delay = plan.upstream_delay.as_millis().to_string();
        let (upstream, upstream_base) = helper(&["upstream", &delay], None).await?;
        let name = plan.name.replace([' ', ','], "-");
        let folder = tempfile::Builder::new()
            .prefix(&name)
            .tempdir_in(&bench.folder)?;
        let shim = match plan.database {
            Some(Database::Postgres(_) | Database::Shared(_)) => None,
            _ => Some((&bench.shim, folder.path().join("syncs"))),
        };
        let mut entrypass = None;
        let begun = Instant::now();
        let (server, base, started_in) = if plan.reference == Some(Kind::Upstream) {
            let (server, base) = helper(&["upstream", &delay], None).await?;
            (server, base, begun.elapsed())
        } else if let Some(kind) = plan.reference {
            let database = reference_database(folder.path(), plan.database.as_ref());
            let workers = bench.settings.workers.to_string();
            let kind = clap::ValueEnum::to_possible_value(&kind).expect("no kind is hidden");
            let arguments = [
                "reference",
                kind.get_name(),
                &workers,
                &database,
                &upstream_base,
            ];
            let (server, base) = helper(&arguments, shim).await?;
            (server, base, begun.elapsed())
        } else {
            let (api, server, took) =
                Entrypass::start(bench, folder.path(), &upstream_base, plan.database, shim).await?;
            let base = api.base.clone();
            api.create_links(plan.links).await?;
            entrypass = Some(api);
            (server, base, took)
        };
        Ok(Self {
            name: plan.name.to_owned(),
            started_in,
            server,
            upstream,
            base,
            upstream_base,
            entrypass,
            keeps_books: !matches!(plan.reference, Some(Kind::Constant | Kind::Upstream)),
            links: plan.links,
            answered: 0,
            cut_off: 0,
            folder,
        })
    }

    /// One warm-up, one run, and a look into the books.
    pub async fn measure(&mut self, bench: &Bench, load: Load) -> Outcome<Sample> {
        if bench.settings.warmup > 0 {
            self.run(bench, load, bench.settings.warmup).await?;
        }
        let sample = self.run(bench, load, bench.settings.seconds).await?;
        if self.keeps_books && sample.clicks_per_sync.is_none() && self.server.syncs()?.is_some() {
            let why = "answered clicks without one sync to disk";
            return Err(format!("{}: {why} (or the shim was not preloaded)", self.name).into());
        }
        Ok(sample)
    }

    /// One run, and a look into the books.
    pub async fn run(&mut self, bench: &Bench, load: Load, seconds: u64) -> Outcome<Sample> {
        let run = load::run(&mut self.server, &self.base, load, seconds).await;
        let run = run
            .map_err(|error| format!("{}: {error}{}", self.name, last_words(self.folder.path())))?;
        self.answered += run.clicks;
        self.cut_off += u64::from(load.connections);
        self.check_books(bench).await?;
        Ok(run)
    }

    /// Clicks so often, one after the other.
    pub async fn click(&mut self, bench: &Bench, times: u64) -> Outcome<()> {
        for _ in 0..times {
            let click = bench.client.get(format!("{}/{SLUG}", self.base));
            let status = click.send().await?.status();
            if status != 302 {
                return Err(format!("{}: a click was answered {status}", self.name).into());
            }
            self.answered += 1;
        }
        Ok(())
    }

    /// Clicks answered so far.
    pub const fn answered(&self) -> u64 {
        self.answered
    }

    /// Its API; a reference has none.
    pub fn api(&self) -> Outcome<&Entrypass> {
        let api = self.entrypass.as_ref();
        api.ok_or_else(|| "a reference sends no results".into())
    }

    /// Makes an endpoint that its upstream plays at `path`; returns its id.
    pub async fn endpoint(&self, path: &str, events: &[&str]) -> Outcome<String> {
        let endpoint = json!({"url": format!("{}{path}", self.upstream_base), "events": events});
        let made = self.api()?.call(Method::POST, "/endpoints", Some(endpoint));
        Ok(made.await?["id"].as_str().unwrap_or_default().to_owned())
    }

    /// Results that came to endpoints that its upstream plays.
    pub async fn results(&self, bench: &Bench) -> Outcome<u64> {
        number(bench, &format!("{}{RESULTS_PATH}", self.upstream_base)).await
    }

    /// Resident memory now, in KiB.
    pub fn resident_kib(&self) -> Outcome<u64> {
        self.server.resident_kib()
    }

    /// Ends the server and its upstream.
    pub async fn end(self) -> Outcome<()> {
        self.server.end().await?;
        self.upstream.end().await
    }

    /// A figure counts only when what wrk saw, what iDenfy started and what is stored agree. wrk does not wait
    /// for the clicks under way when its time is over: those, one a connection, may be counted or not.
    async fn check_books(&mut self, bench: &Bench) -> Outcome<()> {
        if !self.keeps_books {
            return Ok(());
        }
        let mut books = self.books(bench).await?;
        let deadline = Instant::now() + Duration::from_secs(15);
        loop {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let again = self.books(bench).await?;
            let settled = again == books && (self.entrypass.is_none() || again.0 == again.1);
            books = again;
            if settled || Instant::now() > deadline {
                break;
            }
        }
        let (used, minted) = books;
        // A reference drops a click whose connection is cut, between its use and its token call too.
        let equal = used == minted || self.entrypass.is_none() && minted <= used;
        if equal && self.answered <= minted && used <= self.answered + self.cut_off {
            return Ok(());
        }
        let (name, answered, cut_off) = (&self.name, self.answered, self.cut_off);
        Err(format!(
            "{name}: the books do not agree: {answered} clicks answered (up to {cut_off} more cut off by \
             the end of a run), {used} uses stored, {minted} sessions started at iDenfy"
        )
        .into())
    }

    /// Uses stored, sessions minted.
    async fn books(&mut self, bench: &Bench) -> Outcome<(u64, u64)> {
        self.server.check_alive()?;
        let minted = number(bench, &format!("{}{COUNT_PATH}", self.upstream_base)).await?;
        let used = match &self.entrypass {
            Some(entrypass) => entrypass.used(self.links > 0).await?,
            None => number(bench, &format!("{}{USED_PATH}", self.base)).await?,
        };
        Ok((used, minted))
    }
}

fn reference_database(folder: &Path, database: Option<&Database>) -> String {
    match database {
        Some(Database::Postgres(url)) => url.clone(),
        _ => folder.join("bench.db").display().to_string(),
    }
}

/// Starts this very program in a role; it prints where it listens.
async fn helper(role: &[&str], shim: Option<(&Shim, PathBuf)>) -> Outcome<(Process, String)> {
    let mut command = command(std::env::current_exe()?);
    command.arg("role").args(role).stdout(Stdio::piped());
    let mut process = Process::start(command, shim)?;
    let address = process.first_line().await?;
    Ok((process, format!("http://{address}")))
}

async fn number(bench: &Bench, url: &str) -> Outcome<u64> {
    Ok(bench
        .client
        .get(url)
        .send()
        .await?
        .error_for_status()?
        .text()
        .await?
        .parse()?)
}
