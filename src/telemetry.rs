//! The log: one line an event on stderr.

use std::io::{IsTerminal, stderr};

use tracing::Dispatch;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::LogFormat;

/// What is logged unless `RUST_LOG` says otherwise: our own doings, and of libraries that tell of every
/// start, statement or connection only what is wrong. PostgreSQL remarks on a rollback that comes after its commit, which
/// is what a task that is ended in between leaves behind.
const FILTER: &str = "info,actix_http=off,actix_server=warn,hyper=warn,hyper_util=warn,reqwest=warn,rustls=warn,sqlx=warn,sqlx::postgres::notice=error";

/// Starts logging for the process; none: pretty on a terminal, JSON elsewhere. `RUST_LOG` replaces what is
/// logged by default. Does nothing where a log is set already.
pub fn init(format: Option<LogFormat>) {
    let terminal = stderr().is_terminal();
    let format = format.unwrap_or(if terminal {
        LogFormat::Pretty
    } else {
        LogFormat::Json
    });
    let colors = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let directives = std::env::var("RUST_LOG")
        .ok()
        .filter(|text| !text.trim().is_empty());
    let log = dispatch(
        format,
        colors,
        directives.as_deref().unwrap_or(FILTER),
        stderr,
    );
    // Fails only where a log is set already, as by an earlier test of the same process.
    let _ = log.try_init();
}

fn dispatch<W>(format: LogFormat, colors: bool, directives: &str, writer: W) -> Dispatch
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder().parse_lossy(directives);
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(colors);
    match format {
        LogFormat::Pretty => log.into(),
        LogFormat::Json => log
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek};

    use serde_json::Value;

    use super::*;

    /// What two events, one of them of a noisy library, leave in the log.
    fn logged(format: LogFormat, directives: &str) -> String {
        let mut file = tempfile::tempfile().expect("a temporary file");
        let writer = std::sync::Mutex::new(file.try_clone().expect("a second handle"));
        tracing::dispatcher::with_default(&dispatch(format, false, directives, writer), || {
            let _span = tracing::info_span!("click", inside = 1).entered();
            tracing::info!(target: "entrypass::redeem", link = "0197", uses = 3, "started\nsession");
            tracing::debug!(target: "entrypass::redeem", "detail");
            tracing::info!(target: "sqlx::query", "statement");
        });
        file.rewind().expect("a file can be rewound");
        let mut text = String::new();
        file.read_to_string(&mut text).expect("the log is text");
        text
    }

    #[test]
    fn json_is_one_flat_object_a_line_with_utc_time() {
        let text = logged(LogFormat::Json, FILTER);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 1, "{text}");
        let mut event: serde_json::Map<String, Value> =
            serde_json::from_str(lines[0]).expect("one JSON object");
        let time = event.remove("timestamp").expect("a time");
        let time = time.as_str().expect("a text");
        assert!(time.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(time).is_ok());
        let expected = serde_json::json!({
            "level": "INFO", "target": "entrypass::redeem", "message": "started\nsession",
            "link": "0197", "uses": 3,
        });
        assert_eq!(Value::Object(event), expected);
    }

    #[test]
    fn pretty_tells_the_same_without_colors_where_there_is_no_terminal() {
        let text = logged(LogFormat::Pretty, FILTER);
        for part in ["INFO", "entrypass::redeem", "link=\"0197\"", "uses=3"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(
            !text.contains('\u{1b}') && !text.contains("statement"),
            "{text}"
        );
    }

    #[test]
    fn directives_choose_what_is_logged() {
        for (directives, expected) in [
            (FILTER, [true, false, false]),
            ("debug", [true, true, true]),
            ("entrypass=debug", [true, true, false]),
            ("off", [false, false, false]),
        ] {
            let text = logged(LogFormat::Json, directives);
            let found = ["session", "detail", "statement"].map(|word| text.contains(word));
            assert_eq!(found, expected, "{directives}: {text}");
        }
    }

    #[test]
    fn a_second_start_is_harmless() {
        init(Some(LogFormat::Json));
        init(None);
        assert!(tracing::dispatcher::has_been_set());
    }
}
