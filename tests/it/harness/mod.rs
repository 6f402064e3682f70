//! Runs each test against a gateway of its own: real HTTP, a database of its own, a scripted iDenfy, a clock that
//! stands still, and a log in which every unexpected WARN or ERROR fails the test.

pub mod browser;
pub mod engine;
pub mod gateway;
pub mod idenfy;
pub mod log;
pub mod mail;
pub mod process;
pub mod receiver;
pub mod sandboxed;

use std::future::Future;
use std::hash::{BuildHasher as _, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};

pub use engine::Engine;
pub use gateway::Gateway;
pub use idenfy::Answer;
pub use log::Log;
pub use receiver::Receiver;

/// What a test is given.
#[derive(Clone)]
pub struct Context {
    pub engine: Engine,
    pub log: Log,
}

impl Context {
    /// Expects a WARN or ERROR with this text in it.
    pub fn expect_log(&self, text: &str) {
        self.log.expect(text);
    }
}

/// The trials of one area: every test on every engine. `tests!("area", [name, …])`.
macro_rules! tests {
    ($area:literal, [$($test:ident),* $(,)?]) => {
        /// The tests of this area.
        pub fn tests() -> Vec<libtest_mimic::Trial> {
            let mut trials = Vec::new();
            $($crate::harness::on_each_engine(&mut trials, $area, stringify!($test), |context| Box::pin($test(context)));)*
            trials
        }
    };
    // Some make sense on one engine only.
    ($area:literal, [$($test:ident),* $(,)?], $engine:ident: [$($alone:ident),* $(,)?]) => {
        /// The tests of this area.
        pub fn tests() -> Vec<libtest_mimic::Trial> {
            let mut trials = Vec::new();
            $($crate::harness::on_each_engine(&mut trials, $area, stringify!($test), |context| Box::pin($test(context)));)*
            $($crate::harness::on_engine(
                &mut trials, $crate::harness::Engine::$engine, $area, stringify!($alone), |context| Box::pin($alone(context)),
            );)*
            trials
        }
    };
}
pub(crate) use tests;

type Test = fn(Context) -> std::pin::Pin<Box<dyn Future<Output = ()>>>;

pub fn on_each_engine(trials: &mut Vec<Trial>, area: &str, name: &str, test: Test) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        on_engine(trials, engine, area, name, test);
    }
}

pub fn on_engine(trials: &mut Vec<Trial>, engine: Engine, area: &str, name: &str, test: Test) {
    let trial = Trial::test(format!("{}::{area}::{name}", engine.name()), move || {
        run(engine, test)
    });
    trials.push(trial.with_ignored_flag(!engine.is_there()));
}

/// A test that needs neither a gateway nor an engine.
pub fn plain(area: &str, name: &str, test: fn()) -> Trial {
    Trial::test(format!("{area}::{name}"), move || {
        catch_unwind(test).map_err(|panic| {
            let told = panic.downcast_ref::<String>().cloned();
            told.unwrap_or_default().into()
        })
    })
}

/// How long a test waits for what must come: long, as a machine may be busy with much else.
pub const BOUND: Duration = Duration::from_mins(1);

/// Looks again and again until what is awaited is so; fails after `bound`.
pub async fn eventually(bound: Duration, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + bound;
    while !is_so().await {
        assert!(Instant::now() < end, "not within {bound:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A port for somebody who is told it before he listens: of those that nobody gets who does not ask for them.
pub fn free_port() -> u16 {
    let taken = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_err();
    let random = || 20_000 + RandomState::new().hash_one(0) % 12_000;
    let ports = std::iter::repeat_with(|| u16::try_from(random()).expect("a port"));
    ports.into_iter().find(|port| !taken(port)).expect("a port")
}

fn run(engine: Engine, test: Test) -> Result<(), Failed> {
    let log = Log::new();
    let context = Context {
        engine,
        log: log.clone(),
    };
    let (outcome, unexpected) = tracing::dispatcher::with_default(&log.dispatch(), || {
        let dispatch = log.dispatch();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .on_thread_start(move || std::mem::forget(tracing::dispatcher::set_default(&dispatch)))
            .build()
            .expect("a runtime");
        let outcome = catch_unwind(AssertUnwindSafe(|| runtime.block_on(test(context))));
        // Before the runtime ends: what a gateway says that is torn off in the middle is not looked at.
        (outcome, log.unexpected())
    });
    match outcome {
        Err(panic) => {
            let message = panic.downcast_ref::<String>().cloned();
            let message = message.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
            Err(format!("{}\nlog:\n{}", message.unwrap_or_default(), log.text()).into())
        }
        Ok(()) if !unexpected.is_empty() => {
            Err(format!("unexpected in the log:\n{}", unexpected.join("\n")).into())
        }
        Ok(()) => Ok(()),
    }
}

/// A thousand visitors need a few thousand open files, on many machines more than a program starts with.
pub fn allow_open_files() {
    let id = std::process::id().to_string();
    for limit in ["16384", "4096"] {
        let raised = std::process::Command::new("prlimit")
            .args(["--pid", &id, &format!("--nofile={limit}:")])
            .status();
        if raised.is_ok_and(|status| status.success()) {
            return;
        }
    }
}

pub fn explain_what_is_left_out() {
    if !Engine::Postgres.is_there() {
        eprintln!(
            "LEFT OUT: all tests on PostgreSQL, because ENTRYPASS_TEST_POSTGRES names no server; \
             tests/run.sh runs everything."
        );
    }
}
