//! The real binary, configured by its environment, in a folder of its own.

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::engine::Database;
use super::eventually;
use super::gateway::{PHONE, Told, told};
use super::idenfy::ScriptedIdenfy;
use super::log::SECRETS;

/// How long a process may take to start or to end.
const PATIENCE: Duration = Duration::from_mins(1);

/// How the binary is started.
pub struct Binary {
    pub folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

/// What a command that ended left behind.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// A gateway in a process of its own.
pub struct Process {
    child: Child,
    pub base: String,
    out: Arc<Mutex<String>>,
    err: Arc<Mutex<String>>,
    /// Read what it says.
    readers: Vec<JoinHandle<()>>,
    expected: Mutex<Vec<String>>,
}

/// Talks to a gateway, as the API's user and as a visitor.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    key: String,
}

impl Binary {
    /// With nothing configured.
    pub fn bare() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            environment: Vec::new(),
        }
    }

    /// Configured for this database and this iDenfy.
    pub fn new(database: &Database, idenfy: &ScriptedIdenfy) -> Self {
        let [api_key, api_secret, webhook_key, _] = SECRETS;
        Self::bare()
            .set("SERVER__LISTEN", "127.0.0.1:0")
            .set("SERVER__WORKERS", "2")
            .set("DATABASE__URL", &database.url)
            .set("IDENFY__BASE_URL", &idenfy.base)
            .set("IDENFY__API_KEY", api_key)
            .set("IDENFY__API_SECRET", api_secret)
            .set("IDENFY__WEBHOOK_KEY", webhook_key)
            .set("IDENFY__MAX_IN_FLIGHT", "2000")
            .set("LIMITS__CLICKS_PER_MINUTE_PER_IP", "0")
    }

    /// With a setting more, or another value of it.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        let name = format!("ENTRYPASS_{name}");
        self.environment.retain(|(other, _)| *other != name);
        self.environment.push((name, value.to_owned()));
        self
    }

    /// Without a setting.
    pub fn unset(mut self, name: &str) -> Self {
        let name = format!("ENTRYPASS_{name}");
        self.environment.retain(|(other, _)| *other != name);
        self
    }

    /// With a variable that is no setting.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a log that leaves nothing out.
    pub fn log_everything(self) -> Self {
        self.variable("RUST_LOG", "trace")
    }

    /// Writes a file into the working folder; returns its path.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with_input(arguments, "").await
    }

    /// Runs a command to its end, with something to read.
    pub async fn run_with_input(&self, arguments: &[&str], input: &str) -> Ended {
        finish(self.spawn(arguments), input).await
    }

    /// Runs a command to its end on a terminal of its own, with something typed.
    pub async fn run_in_terminal(&self, arguments: &[&str], typed: &str) -> Ended {
        let command = format!(
            "{} {}",
            env!("CARGO_BIN_EXE_entrypass"),
            arguments.join(" ")
        );
        let script = ["--quiet", "--return", "--command", &command, "/dev/null"];
        finish(self.spawn_program("script", &script), typed).await
    }

    /// Runs a command that must succeed; returns what it printed.
    pub async fn done(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments).await;
        assert_eq!((ended.code, &*ended.err), (Some(0), ""), "{arguments:?}");
        ended.out
    }

    /// Runs a command that must be refused; returns the one line it told on stderr.
    pub async fn refused(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments).await;
        assert_eq!(
            (ended.code, &*ended.out),
            (Some(1), ""),
            "{arguments:?} {}",
            ended.err
        );
        assert_eq!(ended.err.lines().count(), 1, "{arguments:?} {}", ended.err);
        ended.err
    }

    /// Starts the gateway and waits until it listens.
    pub async fn serve(&self, arguments: &[&str]) -> Process {
        let mut all = vec!["serve"];
        all.extend(arguments);
        let mut child = self.spawn(&all);
        let (out, of_out) = collect(child.stdout.take().expect("a pipe"));
        let (err, of_err) = collect(child.stderr.take().expect("a pipe"));
        let mut process = Process {
            child,
            base: String::new(),
            out,
            err,
            readers: vec![of_out, of_err],
            expected: Mutex::default(),
        };
        eventually(PATIENCE, "the gateway listens", async || {
            let ended = process.child.try_wait().expect("a child");
            assert!(ended.is_none(), "{ended:?} {}", process.log());
            process.address().is_some()
        })
        .await;
        process.base = format!("http://{}", process.address().expect("just seen"));
        process
    }

    /// An admin key's client for `process`.
    pub async fn client(&self, process: &Process) -> Client {
        let key = self.done(&["key", "create", "--name", "test"]).await;
        Client::new(&process.base, key.trim())
    }

    fn spawn(&self, arguments: &[&str]) -> Child {
        self.spawn_program(env!("CARGO_BIN_EXE_entrypass"), arguments)
    }

    fn spawn_program(&self, program: &str, arguments: &[&str]) -> Child {
        Command::new(program)
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the gateway's log:\n{}", self.log());
        } else {
            assert_eq!(self.trouble(), "", "in the log of the gateway's process");
        }
    }
}

impl Process {
    /// What it logged so far.
    pub fn log(&self) -> String {
        self.err.lock().expect("no panic inside").clone()
    }

    /// Warnings and errors with that in it are none that fail the test.
    pub fn expect_log(&self, text: &str) {
        let mut expected = self.expected.lock().expect("no panic inside");
        expected.push(text.to_owned());
    }

    /// The warnings and errors that nobody expected.
    fn trouble(&self) -> String {
        let log = self.log();
        let expected = self.expected.lock().expect("no panic inside").clone();
        let loud = log
            .lines()
            .filter(|line| line.contains("\"WARN\"") || line.contains("\"ERROR\""))
            // A connection to PostgreSQL that is given back while its worker ends.
            .filter(|line| !line.contains("it is being shutdown"))
            // That a connection or a statement took long says something of the machine alone.
            .filter(|line| !line.contains("sqlx::pool::acquire") && !line.contains("sqlx::query"))
            .filter(|line| {
                !line.contains("sqlx_core::pool::connection") || !line.contains("timed out")
            })
            .filter(|line| !expected.iter().any(|text| line.contains(text.as_str())));
        loud.collect::<Vec<_>>().join("\n")
    }

    /// What it printed so far.
    pub fn printed(&self) -> String {
        self.out.lock().expect("no panic inside").clone()
    }

    /// Ends it without a word of warning.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("a child");
    }

    /// Orders it to stop.
    pub async fn terminate(&self) {
        let id = self.child.id().expect("a child that runs");
        let done = Command::new("sh")
            .args(["-c", &format!("kill -TERM {id}")])
            .status()
            .await;
        assert!(done.expect("a shell").success());
    }

    /// Waits until it has ended; its exit code.
    pub async fn ended(&mut self) -> Option<i32> {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = status.expect("it ends").expect("a child");
        for reader in self.readers.drain(..) {
            let all = tokio::time::timeout(PATIENCE, reader).await;
            all.expect("all it said").expect("no panic inside");
        }
        status.code()
    }

    fn address(&self) -> Option<String> {
        let log = self.log();
        let line = log
            .lines()
            .find(|line| line.contains("\"address\"") && line.ends_with('}'))?;
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        Some(line["address"].as_str()?.to_owned())
    }
}

impl Client {
    pub fn new(base: &str, key: &str) -> Self {
        let address = base.parse().expect("an address");
        let http = entrypass::http::client_builder(&address)
            .user_agent(PHONE)
            // Each request on a connection of its own: an idle one may be closed just when it is used.
            .pool_max_idle_per_host(0)
            .build();
        Self {
            http: http.expect("a client"),
            base: base.to_owned(),
            key: key.to_owned(),
        }
    }

    /// The same for another process on the same database.
    pub fn at(&self, process: &Process) -> Self {
        Self::new(&process.base, &self.key)
    }

    pub fn key(&self) -> &str {
        &self.key
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.open(method, &format!("{}{path}", self.base))
    }

    /// A request to any address.
    pub fn open(&self, method: Method, address: &str) -> RequestBuilder {
        self.http.request(method, address)
    }

    pub async fn api(&self, method: Method, path: &str, body: Option<Value>) -> Told {
        let mut request = self
            .request(method, &format!("/api/v1{path}"))
            .bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        told(request.send().await.expect("an answer")).await
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, value) = self.api(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path} {value}");
        value
    }

    /// Every item of a list, page by page.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}?limit=200{cursor}")).await;
            items.extend(page["items"].as_array().expect("a list").clone());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }

    /// A visitor's click; an error where the connection broke.
    pub async fn click(&self, slug: &str) -> Result<Response, reqwest::Error> {
        self.request(Method::GET, &format!("/{slug}")).send().await
    }
}

async fn finish(mut child: Child, input: &str) -> Ended {
    let mut stdin = child.stdin.take().expect("a pipe");
    // A command that does not read ends first.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output())
        .await
        .expect("the command ends")
        .expect("its output");
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

fn collect(
    mut pipe: impl AsyncRead + Unpin + Send + 'static,
) -> (Arc<Mutex<String>>, JoinHandle<()>) {
    let text = Arc::new(Mutex::new(String::new()));
    let all = text.clone();
    let reader = tokio::spawn(async move {
        let mut buffer = vec![0; 8192];
        while let Ok(read @ 1..) = pipe.read(&mut buffer).await {
            let part = String::from_utf8_lossy(&buffer[..read]);
            all.lock().expect("no panic inside").push_str(&part);
        }
    });
    (text, reader)
}
