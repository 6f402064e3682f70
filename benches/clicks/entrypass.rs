//! Entrypass as its operator would run it: the release binary, configured by environment alone, its links and
//! keys made on the command line, its books read over its API.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::proc::{Process, Shim, command};
use crate::target::{Database, SLUG};
use crate::{Bench, Outcome};

/// What webhooks are signed with.
pub const WEBHOOK_KEY: &str = "bench";

const BINARY: &str = env!("CARGO_BIN_EXE_entrypass");

/// Where the server's output goes, in its folder.
const LOG: &str = "entrypass.log";

/// A long time for a server to start, even on a slow disk.
const READY_WITHIN: Duration = Duration::from_mins(2);

/// A running Entrypass, seen by its integrator.
pub struct Entrypass {
    /// Its address.
    pub base: String,
    client: reqwest::Client,
    /// An admin key of its API.
    pub key: String,
}

impl Entrypass {
    /// Prepares the database, starts the server, and waits for its first `200` on `/health/ready`; tells how
    /// long that took from the start of the process.
    pub async fn start(
        bench: &Bench,
        folder: &Path,
        upstream: &str,
        database: Option<Database>,
        shim: Option<(&Shim, std::path::PathBuf)>,
    ) -> Outcome<(Self, Process, Duration)> {
        let file = folder.join("bench.db");
        let has_link = matches!(database, Some(Database::Shared(_)));
        let url = match database {
            Some(Database::Postgres(url) | Database::Shared(url)) => url,
            Some(Database::Copy(from)) => {
                std::fs::copy(from, &file)?;
                // Else the first syncs of the server would wait for the copy.
                std::fs::File::open(&file)?.sync_all()?;
                sqlite_url(&file)
            }
            None => sqlite_url(&file),
        };
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let environment = [
            ("SERVER__LISTEN", format!("127.0.0.1:{port}")),
            ("SERVER__PUBLIC_URL", format!("http://127.0.0.1:{port}")),
            ("SERVER__WORKERS", bench.settings.workers.to_string()),
            ("DATABASE__URL", url),
            ("IDENFY__BASE_URL", upstream.to_owned()),
            ("IDENFY__API_KEY", "bench".to_owned()),
            ("IDENFY__API_SECRET", "bench".to_owned()),
            ("IDENFY__MAX_IN_FLIGHT", "4096".to_owned()),
            ("IDENFY__WEBHOOK_KEY", WEBHOOK_KEY.to_owned()),
            ("WEBHOOKS__ALLOW_PRIVATE", "true".to_owned()),
            ("LIMITS__CLICKS_PER_MINUTE_PER_IP", "0".to_owned()),
            ("LOG__FORMAT", "json".to_owned()),
        ];
        let prepare = |command| clean(command, folder, &environment);

        say(prepare(Command::new(BINARY)).arg("migrate")).await?;
        let key =
            say(prepare(Command::new(BINARY)).args(["key", "create", "--name", "bench"])).await?;
        let arguments = [
            "link",
            "create",
            "--name",
            "bench",
            "--unlimited",
            "--slug",
            SLUG,
        ];
        let base = format!("http://127.0.0.1:{port}");
        if !has_link {
            let link = say(prepare(Command::new(BINARY)).args(arguments)).await?;
            if link != format!("{base}/{SLUG}") {
                return Err(format!("`entrypass link create` printed {link:?}").into());
            }
        }

        let output = std::fs::File::create(folder.join(LOG))?;
        let mut serve = prepare(command(BINARY));
        serve
            .arg("serve")
            .stdout(output.try_clone()?)
            .stderr(output);
        let begun = Instant::now();
        let mut process = Process::start(serve, shim)?;
        while !ready(&bench.client, &base).await {
            let alive = process.check_alive();
            if alive.is_err() || begun.elapsed() > READY_WITHIN {
                let log = last_words(folder);
                return Err(format!("entrypass did not become ready{log}").into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let took = begun.elapsed();
        Ok((
            Self {
                base,
                client: bench.client.clone(),
                key,
            },
            process,
            took,
        ))
    }

    /// Makes `bench-1` to `bench-<count>`, unlimited.
    pub async fn create_links(&self, count: u32) -> Outcome<()> {
        for index in 1..=count {
            let slug = format!("{SLUG}-{index}");
            let link = json!({"name": slug, "slug": slug, "usage": {"type": "unlimited"}});
            self.call(Method::POST, "/links", Some(link)).await?;
        }
        Ok(())
    }

    /// Calls the API; what it answers must be good.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Outcome<Value> {
        let url = format!("{}/api/v1{path}", self.base);
        let mut request = self.client.request(method, url).bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            return Err(format!("{path}: {status} {text}").into());
        }
        Ok(serde_json::from_str(&text)?)
    }

    /// Uses stored: of the hot link, or of `all` links.
    pub async fn used(&self, all: bool) -> Outcome<u64> {
        let filter = if all {
            "limit=200".to_owned()
        } else {
            format!("slug={SLUG}")
        };
        let (mut used, mut cursor) = (0, None);
        loop {
            let next = cursor
                .map(|cursor: String| format!("&cursor={cursor}"))
                .unwrap_or_default();
            let path = format!("/links?{filter}{next}");
            let page = self.call(Method::GET, &path, None).await?;
            for item in page["items"].as_array().ok_or("a list without items")? {
                used += item["usage"]["used"]
                    .as_u64()
                    .ok_or("a link without usage.used")?;
            }
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                return Ok(used);
            }
        }
    }
}

/// Brings the SQLite database `file` to the current schema.
pub async fn migrate(file: &Path) -> Outcome<()> {
    let folder = file.parent().ok_or("a database without a folder")?;
    let url = [("DATABASE__URL", sqlite_url(file))];
    say(clean(Command::new(BINARY), folder, &url).arg("migrate"))
        .await
        .map(drop)
}

/// The end of the log that a server left in `folder`, each line on a line of its own; empty when there is none.
pub fn last_words(folder: &Path) -> String {
    let log = std::fs::read_to_string(folder.join(LOG)).unwrap_or_default();
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(5)..]
        .iter()
        .flat_map(|line| ["\n", line])
        .collect()
}

fn sqlite_url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

/// Neither the shell's settings nor a config.toml of the working folder has a say.
fn clean(mut command: Command, folder: &Path, settings: &[(&str, String)]) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ENTRYPASS_") {
            command.env_remove(name);
        }
    }
    for (name, value) in settings {
        command.env(format!("ENTRYPASS_{name}"), value);
    }
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Runs a command to its end; what it printed on standard output, trimmed.
async fn say(command: &mut Command) -> Outcome<String> {
    let output = command.output().await?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "entrypass {:?} failed: {errors}",
            command.as_std().get_args()
        )
        .into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

async fn ready(client: &reqwest::Client, base: &str) -> bool {
    let answer = client.get(format!("{base}/health/ready")).send().await;
    answer.is_ok_and(|answer| answer.status() == 200)
}
