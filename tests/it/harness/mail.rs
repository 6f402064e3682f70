//! A real mail server on loopback: aiosmtpd, by a Python that `ENTRYPASS_TEST_MAIL` names, as `tests/run.sh` sets it.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::process::Stdio;
use std::sync::Mutex;

use libtest_mimic::Trial;
use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// The server; it ends with this.
pub struct MailServer {
    pub port: u16,
    taken: Mutex<Taken>,
    _child: Child,
}

/// What a server took, as far as it was read. It stands in a file before the server answers, so that whoever was
/// answered finds it.
struct Taken {
    file: NamedTempFile,
    read: u64,
    mails: Vec<Value>,
}

impl Taken {
    fn read(&mut self) -> &[Value] {
        let mut file = self.file.reopen().expect("a file");
        file.seek(SeekFrom::Start(self.read)).expect("a file");
        let mut news = String::new();
        file.read_to_string(&mut news).expect("text");
        // The last line may not be all there yet.
        let whole = news.rfind('\n').map_or(0, |end| end + 1);
        self.read += whole as u64;
        let lines = news[..whole].lines();
        let mails = lines.map(|line| serde_json::from_str(line).expect("JSON"));
        self.mails.extend(mails);
        &self.mails
    }
}

impl MailServer {
    pub async fn start(options: &[&str]) -> Self {
        let file = NamedTempFile::new().expect("a file");
        let mut child = Command::new(python().expect("checked before"))
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mail/server.py"))
            .arg("--into")
            .arg(file.path())
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Python");
        let stdout = child.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(stdout).lines();
        let port = lines.next_line().await.expect("a pipe").expect("a port");
        Self {
            port: port.parse().expect("a port"),
            taken: Mutex::new(Taken {
                file,
                read: 0,
                mails: Vec::new(),
            }),
            _child: child,
        }
    }

    /// What it took so far.
    pub fn taken(&self) -> Vec<Value> {
        self.taken.lock().expect("no panic inside").read().to_vec()
    }

    /// How much it took so far.
    pub fn count(&self) -> usize {
        self.taken.lock().expect("no panic inside").read().len()
    }

    /// What it took for an address.
    pub fn taken_for(&self, recipient: &str) -> Vec<Value> {
        let taken = self.taken().into_iter();
        taken
            .filter(|mail| mail["recipient"] == recipient)
            .collect()
    }
}

/// The trials, as ones that are left out where there is no such Python.
pub fn where_there_is_mail(trials: Vec<Trial>) -> Vec<Trial> {
    if python().is_some() {
        return trials;
    }
    let trials = trials.into_iter();
    trials.map(|trial| trial.with_ignored_flag(true)).collect()
}

pub fn explain_what_is_left_out() {
    if python().is_none() {
        eprintln!(
            "LEFT OUT: the tests with a real mail server, because ENTRYPASS_TEST_MAIL names no Python that has aiosmtpd \
             and html5lib; tests/run.sh runs everything."
        );
    }
}

fn python() -> Option<String> {
    let python = std::env::var("ENTRYPASS_TEST_MAIL").ok();
    python.filter(|path| !path.is_empty())
}
