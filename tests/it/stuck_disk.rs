//! What waits for the disk, what does not, and what a power cut leaves: the real binary, whose flushes are held up and noted by a
//! library preloaded into it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::harness::engine::Database;
use crate::harness::gateway::{location, text};
use crate::harness::idenfy::ScriptedIdenfy;
use crate::harness::process::{Binary, Client, Process};
use crate::harness::{Answer, BOUND, Context, eventually, tests};

tests!(
    "stuck_disk",
    [],
    Sqlite: [
        a_use_of_a_limited_link_is_on_disk_before_idenfy_is_asked,
        of_a_link_without_limit_it_is_on_disk_with_its_session_before_the_visitor_is_answered,
        a_power_cut_loses_nobody_who_was_sent_on,
        where_the_flush_fails_nobody_is_sent_on_and_the_use_is_given_back,
        a_use_answered_before_a_commit_that_fails_is_not_spent,
    ]
);

/// The file that stops the disk.
const STUCK: &str = "stuck";

/// The file that has flushes fail.
const FAILING: &str = "failing";

/// The log as it was flushed last.
const FLUSHED: &str = "flushed";

/// A gateway with one link, on a disk that can be stopped.
struct Stuck {
    idenfy: ScriptedIdenfy,
    database: Database,
    binary: Binary,
    process: Process,
    client: Client,
    link: Value,
}

impl Stuck {
    async fn start(context: &Context, usage: Value) -> Self {
        let database = context.engine.database().await;
        let idenfy = ScriptedIdenfy::start().await;
        let binary = Binary::new(&database, &idenfy);
        let folder = binary.folder.path();
        let library = compiled(folder).display().to_string();
        let [stuck, failing, flushed] =
            [STUCK, FAILING, FLUSHED].map(|name| folder.join(name).display().to_string());
        let binary = binary
            .variable("LD_PRELOAD", &library)
            .variable("STUCK_DISK", &stuck)
            .variable("FAILING_DISK", &failing)
            .variable("FLUSHED", &flushed);
        let process = binary.serve(&[]).await;
        let client = binary.client(&process).await;
        let link = json!({"name": "A link", "usage": usage});
        let (status, link) = client.api(Method::POST, "/links", Some(link)).await;
        assert_eq!(status, 201, "{link}");
        Self {
            idenfy,
            database,
            binary,
            process,
            client,
            link,
        }
    }

    fn slug(&self) -> &str {
        text(&self.link["slug"])
    }

    fn file(&self, name: &str) -> PathBuf {
        self.binary.folder.path().join(name)
    }

    /// Stops the disk after a first click, and clicks again; returns how often iDenfy was asked before the flush that keeps the visitor waiting.
    async fn asked_before_the_flush(&mut self) -> usize {
        // The first one of a process finds the log as the last process left it, and flushes that.
        let first = self.client.click(self.slug()).await;
        assert_eq!(first.expect("an answer").status(), 302);
        let stuck = self.file(STUCK);
        std::fs::write(&stuck, "").expect("a file");
        let (client, slug) = (self.client.clone(), self.slug().to_owned());
        let click = tokio::spawn(async move { client.click(&slug).await });
        eventually(BOUND, "the ledger waits for the disk", async || {
            stuck.with_extension("waits").exists()
        })
        .await;
        let asked = self.idenfy.calls().len() - 1;
        // Whoever was answered before has had the time to hear it.
        let other = self.client.click("nobody-has-this").await;
        assert_eq!(other.expect("an answer").status(), 404);
        assert!(!click.is_finished(), "nobody is answered before the flush");
        std::fs::remove_file(&stuck).expect("it was there");
        let answer = click.await.expect("a click").expect("an answer");
        assert_eq!(answer.status(), 302);
        self.process.terminate().await;
        assert_eq!(self.process.ended().await, Some(0));
        asked
    }

    /// Ends the process, and what was not flushed of the log.
    async fn cut_the_power(&mut self) {
        self.process.kill().await;
        let database = self.database.url.strip_prefix("sqlite://").expect("a file");
        std::fs::copy(self.file(FLUSHED), format!("{database}-wal")).expect("a flush");
        std::fs::remove_file(format!("{database}-shm")).expect("an index of the log");
    }
}

fn compiled(folder: &Path) -> PathBuf {
    let library = folder.join("stuck_disk.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/stuck_disk.c");
    let status = Command::new("cc")
        .args(["-shared", "-fPIC", "-Wall", "-o"])
        .arg(&library)
        .arg(source)
        .status();
    assert!(status.expect("a C compiler").success());
    library
}

async fn a_use_of_a_limited_link_is_on_disk_before_idenfy_is_asked(context: Context) {
    let mut stuck = Stuck::start(&context, json!({"type": "multi", "limit": 3})).await;
    assert_eq!(stuck.asked_before_the_flush().await, 0);
}

async fn of_a_link_without_limit_it_is_on_disk_with_its_session_before_the_visitor_is_answered(
    context: Context,
) {
    let mut stuck = Stuck::start(&context, json!({"type": "unlimited"})).await;
    assert_eq!(stuck.asked_before_the_flush().await, 1);
}

async fn a_power_cut_loses_nobody_who_was_sent_on(context: Context) {
    for usage in [
        json!({"type": "unlimited"}),
        json!({"type": "multi", "limit": 30}),
    ] {
        // So few that nothing of what they write is moved from the log into the database.
        let mut stuck = Stuck::start(&context, usage).await;
        let answered = Arc::new(Semaphore::new(12));
        stuck.idenfy.answer(Answer::When(answered));
        let visitors = (0..20).map(|_| stuck.client.click(stuck.slug()));
        let sent_on = visitors
            .collect::<FuturesUnordered<_>>()
            .take(12)
            .map(|answer| location(&answer.expect("an answer")))
            .collect::<Vec<_>>()
            .await;
        stuck.cut_the_power().await;

        let process = stuck.binary.serve(&[]).await;
        let client = stuck.client.at(&process);
        let id = text(&stuck.link["id"]);
        let sessions = client.all(&format!("/links/{id}/sessions")).await;
        for to in &sent_on {
            let scan = to.rsplit_once("token-").expect("a token").1;
            let is_his = |session: &&Value| session["scan_ref"] == format!("scan-{scan}");
            let session = sessions.iter().find(is_his).expect("a session");
            assert_eq!(session["status"], "active");
        }
        let link = client.get(&format!("/links/{id}")).await;
        assert_eq!(link["usage"]["used"], sessions.len());
    }
}

async fn where_the_flush_fails_nobody_is_sent_on_and_the_use_is_given_back(context: Context) {
    let mut stuck = Stuck::start(&context, json!({"type": "unlimited"})).await;
    stuck.process.expect_log("a click could not be written");
    let click = || async {
        let answer = stuck.client.click(stuck.slug()).await;
        answer.expect("an answer").status().as_u16()
    };
    assert_eq!(click().await, 302);
    std::fs::write(stuck.file(FAILING), "").expect("a file");
    assert_eq!(click().await, 503);
    std::fs::remove_file(stuck.file(FAILING)).expect("it was there");
    assert_eq!(click().await, 302);

    let id = text(&stuck.link["id"]);
    eventually(BOUND, "the use is given back", async || {
        stuck.client.get(&format!("/links/{id}")).await["usage"]["used"] == 2
    })
    .await;
    let sessions = stuck.client.all(&format!("/links/{id}/sessions")).await;
    let statuses: Vec<_> = sessions.iter().map(|s| text(&s["status"])).collect();
    assert_eq!(statuses, ["active", "failed", "active"]);
    stuck.process.terminate().await;
    assert_eq!(stuck.process.ended().await, Some(0));
}

async fn a_use_answered_before_a_commit_that_fails_is_not_spent(context: Context) {
    let stuck = Stuck::start(&context, json!({"type": "multi", "limit": 50})).await;
    for text in ["a click could not be written", "is not spent any more"] {
        stuck.process.expect_log(text);
    }
    let click = |slug: &str| {
        let (client, slug) = (stuck.client.clone(), slug.to_owned());
        tokio::spawn(async move {
            let answer = client.click(&slug).await;
            answer.expect("an answer").status().as_u16()
        })
    };
    let [is_stuck, is_failing] = [STUCK, FAILING].map(|name| stuck.file(name));
    let waits = is_stuck.with_extension("waits");
    for attempt in 0.. {
        assert!(attempt < 5, "no two share a commit");
        // The disk takes a flush, so uses without limit are answered before the next one.
        assert_eq!(click(stuck.slug()).await.expect("an answer"), 302);
        let link = json!({"name": "Another", "usage": {"type": "unlimited"}});
        let (_, unlimited) = stuck.client.api(Method::POST, "/links", Some(link)).await;
        let _ = std::fs::remove_file(&waits);
        std::fs::write(&is_stuck, "").expect("a file");
        let first = click(stuck.slug());
        eventually(BOUND, "the ledger waits for the disk", async || {
            waits.exists()
        })
        .await;
        let asked = stuck.idenfy.calls().len();
        let others = [click(text(&unlimited["slug"])), click(stuck.slug())];
        tokio::time::sleep(Duration::from_millis(300)).await;
        // The flush that is under way succeeds, the next one fails.
        std::fs::write(&is_failing, "").expect("a file");
        std::fs::remove_file(&is_stuck).expect("it was there");
        for other in others {
            assert_eq!(other.await.expect("an answer"), 503);
        }
        first.await.expect("an answer");
        std::fs::remove_file(&is_failing).expect("it was there");

        let path = format!("/links/{}", text(&unlimited["id"]));
        if !stuck
            .client
            .all(&format!("{path}/sessions"))
            .await
            .is_empty()
        {
            // It came too late to share a commit.
            continue;
        }
        assert_eq!(stuck.client.get(&path).await["usage"]["used"], 0);
        assert_eq!(stuck.idenfy.calls().len() - asked, 2);
        assert_eq!(
            click(text(&unlimited["slug"])).await.expect("an answer"),
            302
        );
        break;
    }
}
