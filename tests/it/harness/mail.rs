//! A real mail server on loopback: aiosmtpd, by a Python that `ENTRYPASS_TEST_MAIL` names, as `tests/run.sh` sets it.

use std::process::Stdio;
use std::sync::{Arc, Mutex};

use libtest_mimic::Trial;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// The server; it ends with this.
pub struct MailServer {
    pub port: u16,
    taken: Arc<Mutex<Vec<Value>>>,
    _child: Child,
}

impl MailServer {
    pub async fn start(options: &[&str]) -> Self {
        let mut child = Command::new(python().expect("checked before"))
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mail/server.py"))
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Python");
        let stdout = child.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(stdout).lines();
        let port = lines.next_line().await.expect("a pipe").expect("a port");
        let taken = Arc::<Mutex<Vec<Value>>>::default();
        let keep = taken.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let mail = serde_json::from_str(&line).expect("JSON");
                keep.lock().expect("no panic inside").push(mail);
            }
        });
        Self {
            port: port.parse().expect("a port"),
            taken,
            _child: child,
        }
    }

    /// What it took so far.
    pub fn taken(&self) -> Vec<Value> {
        self.taken.lock().expect("no panic inside").clone()
    }

    /// How much it took so far.
    pub fn count(&self) -> usize {
        self.taken.lock().expect("no panic inside").len()
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
