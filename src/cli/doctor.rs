//! `entrypass doctor`: is everything as it must be?

use std::error::Error;
use std::io::ErrorKind;
use std::process::ExitCode;
use std::time::Duration;

use url::Url;

use crate::clock::Clock;
use crate::config::Config;
use crate::domain::timestamp::Timestamp;
use crate::http;
use crate::idenfy::Client;
use crate::store::{Store, StoreError};
use crate::web::ops;

/// How far this machine's clock may be off iDenfy's, in milliseconds.
const CLOCK_MAX_MS: i64 = 30_000;

/// How long the public URL may take to answer.
const URL_BUDGET: Duration = Duration::from_secs(5);

/// How a check went, and what to say of it.
enum Finding {
    Ok(String),
    /// Works, but is not what one wants in production.
    Warn(String),
    Fail(String),
}

use Finding::{Fail, Ok as Good, Warn};

/// Prints a line a check; fails when any of them does.
pub async fn run(config: Result<Config, String>) -> ExitCode {
    let mut failed = false;
    let mut tell = |check: &str, finding: Finding| {
        let (word, text) = match finding {
            Good(text) => ("ok", text),
            Warn(text) => ("warn", text),
            Fail(text) => ("fail", text),
        };
        failed |= word == "fail";
        println!("{word:<5} {check:<11} {}", text.replace('\n', " "));
    };
    match config {
        Err(message) => tell("settings", Fail(message)),
        Ok(config) => {
            tell("settings", settings(&config));
            tell("database", database(&config).await);
            let (credentials, clock) = idenfy(&config).await;
            tell("idenfy", credentials);
            tell("public_url", public_url(&config).await);
            tell("clock", clock);
        }
    }
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn settings(config: &Config) -> Finding {
    if config.idenfy.webhook_key.is_none() {
        return Warn("idenfy.webhook_key is not set: results of iDenfy will be refused".into());
    }
    Good("all keys are known and in range".into())
}

async fn database(config: &Config) -> Finding {
    let schema = async {
        let store = Store::open_existing(super::database(config)).await?;
        let schema = store.check_schema().await.map(|()| store.engine_name());
        store.close().await;
        schema
    };
    match schema.await {
        Ok(engine) => Good(format!("{engine} answers, its schema is up to date")),
        // A start makes up for it.
        Err(error @ (StoreError::Missing(_) | StoreError::Outdated)) => Warn(error.to_string()),
        Err(error) => Fail(error.to_string()),
    }
}

/// Asks iDenfy for a list: it needs the credentials and starts nothing. Its answer also tells the time.
async fn idenfy(config: &Config) -> (Finding, Finding) {
    let clock = Clock::system();
    let no_time = || Warn("iDenfy told no time to compare with".into());
    let client = match Client::new(&config.idenfy, clock.clone()) {
        Ok(client) => client,
        Err(error) => return (Fail(error.to_string()), no_time()),
    };
    match client.check_credentials().await {
        Err(error) => (Fail(error.to_string()), no_time()),
        Ok(date) => {
            let credentials = Good(format!("{} takes the credentials", config.idenfy.base_url));
            (
                credentials,
                date.map_or_else(no_time, |theirs| compare(clock.now(), theirs)),
            )
        }
    }
}

fn compare(ours: Timestamp, theirs: Timestamp) -> Finding {
    let off = ours.millis() - theirs.millis();
    let text = format!(
        "{:.1} s off iDenfy's",
        f64::from(i32::try_from(off).unwrap_or(i32::MAX)) / 1000.0
    );
    if off.abs() <= CLOCK_MAX_MS {
        Good(text)
    } else {
        Fail(text)
    }
}

async fn public_url(config: &Config) -> Finding {
    let base = config.server.public_base(config.server.listen.port());
    let Ok(url) = Url::parse(&base) else {
        return Fail(format!("{base} is no address"));
    };
    let client = http::client_builder(&url).timeout(URL_BUDGET).build();
    let client = match client {
        Ok(client) => client,
        Err(error) => return Fail(error.to_string()),
    };
    let answer = match client.get(format!("{base}/health/live")).send().await {
        Ok(answer) if answer.status().is_success() => answer,
        Ok(answer) => {
            let status = answer.status();
            return Fail(format!("{base} answers {status} instead of the gateway"));
        }
        Err(error) if is_refused(&error) => {
            let told = "takes no connections; that is well while the gateway is not running";
            return Warn(format!("{base} {told}"));
        }
        Err(error) => {
            return Fail(format!("{base} cannot be reached: {}", root_of(&error)));
        }
    };
    if answer.bytes().await.unwrap_or_default() != ops::live_text() {
        Fail(format!("{base} answers, but it is not the gateway"))
    } else if url.scheme() == "https" || http::is_loopback(&url) {
        Good(format!("{base} answers"))
    } else {
        Warn(format!(
            "{base} answers, but over plain http; use https in production"
        ))
    }
}

/// Whether the machine is there, and nobody listens.
fn is_refused(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        let cause = cause.downcast_ref::<std::io::Error>();
        cause.is_some_and(|cause| cause.kind() == ErrorKind::ConnectionRefused)
    })
}

/// What it is about in the end: no name, no certificate that counts, no answer in time.
fn root_of(error: &reqwest::Error) -> String {
    let root = causes(error).last();
    root.map(ToString::to_string).unwrap_or_default()
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let first: &(dyn Error + 'static) = error;
    std::iter::successors(Some(first), |cause: &&(dyn Error + 'static)| {
        (*cause).source()
    })
}
