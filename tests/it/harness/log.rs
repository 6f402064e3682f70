//! The log of one test.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tracing::Dispatch;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// What must never be seen in any log; the harness's settings are made of them.
pub const SECRETS: [&str; 4] = [
    "API-KEY-MARKER",
    "API-SECRET-MARKER",
    "WEBHOOK-KEY-MARKER",
    "SERVER-SECRET-MARKER",
];

#[derive(Clone, Default)]
pub struct Log {
    text: Arc<Mutex<Vec<u8>>>,
    expected: Arc<Mutex<Vec<String>>>,
}

impl Log {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn dispatch(&self) -> Dispatch {
        // That a connection or a statement took long says something of the machine alone.
        let filter = EnvFilter::new(
            "debug,hyper=info,hyper_util=info,reqwest=info,sqlx=info,sqlx::pool::acquire=error,sqlx::query=error,mio=info,thirtyfour=info",
        );
        let log = tracing_subscriber::fmt()
            .json()
            .with_env_filter(filter)
            .with_writer(self.clone());
        Dispatch::new(log.finish())
    }

    pub fn expect(&self, text: &str) {
        self.expected
            .lock()
            .expect("no panic inside")
            .push(text.to_owned());
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().expect("no panic inside")).into_owned()
    }

    /// Warnings and errors nobody expected, and lines that show a secret.
    pub fn unexpected(&self) -> Vec<String> {
        let expected = self.expected.lock().expect("no panic inside").clone();
        let trouble = |line: &&str| {
            let loud = line.contains("\"level\":\"WARN\"") || line.contains("\"level\":\"ERROR\"");
            let leaks = SECRETS.iter().any(|secret| line.contains(secret)) || line.contains("epk_");
            // A connection that is given back while the test's runtime ends.
            let is_end = line.contains("it is being shutdown");
            // A connection whose server took too long over its state.
            let is_late =
                line.contains("sqlx_core::pool::connection") && line.contains("timed out");
            leaks
                || (loud
                    && !is_end
                    && !is_late
                    && !expected.iter().any(|text| line.contains(text.as_str())))
        };
        self.text()
            .lines()
            .filter(trouble)
            .map(str::to_owned)
            .collect()
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.text
            .lock()
            .expect("no panic inside")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
