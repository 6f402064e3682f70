//! What waits for the disk, and what does not: the real binary, whose flushes are held up by a library preloaded into it.

use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::engine::Database;
use crate::harness::gateway::text;
use crate::harness::idenfy::ScriptedIdenfy;
use crate::harness::process::{Binary, Client, Process};
use crate::harness::{BOUND, Context, eventually, tests};

tests!(
    "stuck_disk",
    [],
    Sqlite: [
        a_use_of_a_limited_link_is_on_disk_before_idenfy_is_asked,
        of_a_link_without_limit_it_is_on_disk_with_its_session_before_the_visitor_is_answered,
    ]
);

/// The file that stops the disk.
const STUCK: &str = "stuck";

/// A gateway on a disk that can be stopped.
struct Stuck {
    idenfy: ScriptedIdenfy,
    process: Process,
    client: Client,
    slug: String,
    kept: (tempfile::TempDir, Database),
}

impl Stuck {
    /// With one link.
    async fn start(context: &Context, usage: Value) -> Self {
        let database = context.engine.database().await;
        let idenfy = ScriptedIdenfy::start().await;
        let binary = Binary::new(&database, &idenfy);
        let library = compiled(binary.folder.path());
        let file = binary.folder.path().join(STUCK);
        let binary = binary
            .variable("LD_PRELOAD", &library.display().to_string())
            .variable("STUCK_DISK", &file.display().to_string());
        let process = binary.serve(&[]).await;
        let client = binary.client(&process).await;
        let link = json!({"name": "A link", "usage": usage});
        let (status, link) = client.api(Method::POST, "/links", Some(link)).await;
        assert_eq!(status, 201, "{link}");
        Self {
            idenfy,
            process,
            client,
            slug: text(&link["slug"]).to_owned(),
            kept: (binary.folder, database),
        }
    }

    /// Stops the disk and clicks; runs `then` while the flush is under way that keeps the visitor waiting.
    async fn click(&self, then: impl AsyncFnOnce()) {
        let file = self.kept.0.path().join(STUCK);
        std::fs::write(&file, "").expect("a file");
        let (client, slug) = (self.client.clone(), self.slug.clone());
        let click = tokio::spawn(async move { client.click(&slug).await });
        eventually(BOUND, "the ledger waits for the disk", async || {
            file.with_extension("waits").exists()
        })
        .await;
        then().await;
        assert!(!click.is_finished(), "nobody is answered before the flush");
        std::fs::remove_file(&file).expect("it was there");
        let answer = click.await.expect("a click").expect("an answer");
        assert_eq!(answer.status(), 302);
    }
}

fn compiled(folder: &Path) -> PathBuf {
    let library = folder.join("stuck_disk.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/stuck_disk.c");
    let status = Command::new("cc")
        .args(["-shared", "-fPIC", "-Wall", "-Werror", "-o"])
        .arg(&library)
        .arg(source)
        .status();
    assert!(status.expect("a C compiler").success());
    library
}

async fn a_use_of_a_limited_link_is_on_disk_before_idenfy_is_asked(context: Context) {
    let mut stuck = Stuck::start(&context, json!({"type": "multi", "limit": 3})).await;
    stuck
        .click(async || assert_eq!(stuck.idenfy.calls().len(), 0))
        .await;
    assert_eq!(stuck.idenfy.calls().len(), 1);
    stuck.process.terminate().await;
    assert_eq!(stuck.process.ended().await, Some(0));
}

async fn of_a_link_without_limit_it_is_on_disk_with_its_session_before_the_visitor_is_answered(
    context: Context,
) {
    let mut stuck = Stuck::start(&context, json!({"type": "unlimited"})).await;
    stuck
        .click(async || assert_eq!(stuck.idenfy.calls().len(), 1))
        .await;
    stuck.process.terminate().await;
    assert_eq!(stuck.process.ended().await, Some(0));
}
