//! What is left after the process was killed, and what an order to stop does: the real binary, the real clock.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::harness::gateway::{location, text};
use crate::harness::idenfy::ScriptedIdenfy;
use crate::harness::process::{Binary, Client};
use crate::harness::{Answer, BOUND, Context, eventually, tests};

tests!(
    "crash",
    [
        killed_among_a_thousand_clicks_it_loses_no_session_and_gives_back_what_never_began,
        killed_among_clicks_on_a_link_without_limit_it_loses_no_session_either,
        told_to_stop_it_answers_the_clicks_in_flight_and_leaves_nothing_half_done,
        told_to_stop_it_ends_connections_that_a_proxy_keeps_open,
        told_twice_to_stop_it_waits_for_nobody,
    ],
    Postgres: [another_node_settles_what_a_killed_one_left]
);

/// How long is waited until sessions of a dead process are settled.
const SETTLED: Duration = Duration::from_mins(2);

/// Mints that are answered before the process is killed.
const ANSWERED: usize = 40;

async fn killed_among_a_thousand_clicks_it_loses_no_session_and_gives_back_what_never_began(
    context: Context,
) {
    let usage = json!({"type": "multi", "limit": 100});
    kill_among_clicks(&context, usage, 1000, async |client, link, spent| {
        // What is left of the link is exactly what was given back.
        let (id, slug) = (text(&link["id"]), text(&link["slug"]));
        let clicks = join_all((0..150).map(|_| client.click(slug))).await;
        let again = clicks
            .into_iter()
            .map(|answer| answer.expect("an answer").status().as_u16());
        let again: Vec<u16> = again.collect();
        assert!(
            again.iter().all(|status| [302, 410].contains(status)),
            "{again:?}"
        );
        assert_eq!(
            again.iter().filter(|status| **status == 302).count(),
            100 - spent
        );
        assert_eq!(used(client, id).await, 100);
    })
    .await;
}

async fn killed_among_clicks_on_a_link_without_limit_it_loses_no_session_either(context: Context) {
    let usage = json!({"type": "unlimited"});
    kill_among_clicks(&context, usage, 200, async |_, _, _| {}).await;
}

/// Kills the process while so many visitors click, and starts another: nothing that was answered is lost, and what never
/// began is given back. `then` is told how many uses are spent in the end.
async fn kill_among_clicks(
    context: &Context,
    usage: Value,
    visitors: usize,
    then: impl AsyncFnOnce(&Client, &Value, usize),
) {
    let database = context.engine.database().await;
    let idenfy = ScriptedIdenfy::start().await;
    let binary = Binary::new(&database, &idenfy).set("IDENFY__TIMEOUT_MS", "10000");
    let mut process = binary.serve(&[]).await;
    let client = binary.client(&process).await;
    let link = make_link(&client, usage).await;
    let (id, slug) = (text(&link["id"]), text(&link["slug"]));

    // Some are answered, the others wait for iDenfy when it is killed.
    idenfy.answer(Answer::When(Arc::new(Semaphore::new(ANSWERED))));
    let sent_on = AtomicUsize::new(0);
    let clicks = (0..visitors).map(|_| async {
        let answer = client.click(slug).await.ok()?;
        let to = (answer.status() == 302).then(|| location(&answer));
        sent_on.fetch_add(usize::from(to.is_some()), Ordering::SeqCst);
        to
    });
    let kill = async {
        eventually(BOUND, "visitors are sent on, and some wait", async || {
            sent_on.load(Ordering::SeqCst) >= ANSWERED / 2 && idenfy.calls().len() > ANSWERED
        })
        .await;
        process.kill().await;
    };
    let (answers, ()) = join(join_all(clicks), kill).await;
    let redirects: BTreeSet<String> = answers.into_iter().flatten().collect();
    assert_eq!(redirects.len(), sent_on.load(Ordering::SeqCst));

    // Everyone who was sent on has his session on disk, before anything else is done.
    idenfy.answer(Answer::Token);
    let process = binary.serve(&[]).await;
    let client = client.at(&process);
    let sessions = sessions_of(&client, id).await;
    let active: BTreeSet<&str> = sessions
        .iter()
        .filter(|session| session["status"] == "active")
        .map(|session| text(&session["scan_ref"]))
        .collect();
    for redirect in &redirects {
        let scan = redirect.rsplit_once("token-").expect("a token").1;
        assert!(active.contains(&*format!("scan-{scan}")), "{redirect}");
    }
    let starting = count(&sessions, "starting");
    assert!(starting > 0, "the process died while iDenfy was asked");
    let spent = sessions.len() - count(&sessions, "failed");
    assert_eq!(used(&client, id).await, spent);

    eventually(
        SETTLED,
        "what the dead process left is settled",
        async || count(&sessions_of(&client, id).await, "starting") == 0,
    )
    .await;
    let sessions = sessions_of(&client, id).await;
    let spent = sessions.len() - count(&sessions, "failed");
    assert_eq!(spent, active.len());
    assert_eq!(used(&client, id).await, spent);

    then(&client, &link, spent).await;
}

async fn another_node_settles_what_a_killed_one_left(context: Context) {
    let database = context.engine.database().await;
    let idenfy = ScriptedIdenfy::start().await;
    let binary = Binary::new(&database, &idenfy).set("IDENFY__TIMEOUT_MS", "10000");
    let mut one = binary.serve(&[]).await;
    let two = binary.serve(&[]).await;
    let client = binary.client(&two).await;
    let link = make_link(&client, json!({"type": "multi", "limit": 10})).await;
    let (id, slug) = (text(&link["id"]), text(&link["slug"]));
    idenfy.answer(Answer::Hang);
    let visitor = client.at(&one);
    let clicks = join_all((0..10).map(|_| visitor.click(slug)));
    let kill = async {
        eventually(BOUND, "iDenfy is asked", async || {
            idenfy.calls().len() == 10
        })
        .await;
        one.kill().await;
    };
    let (answers, ()) = join(clicks, kill).await;
    assert!(answers.iter().all(Result::is_err));
    assert_eq!(used(&client, id).await, 10);
    eventually(SETTLED, "the other node settles them", async || {
        used(&client, id).await == 0
    })
    .await;
    assert_eq!(count(&sessions_of(&client, id).await, "failed"), 10);
}

async fn told_to_stop_it_answers_the_clicks_in_flight_and_leaves_nothing_half_done(
    context: Context,
) {
    let database = context.engine.database().await;
    let idenfy = ScriptedIdenfy::start().await;
    let binary = Binary::new(&database, &idenfy).set("IDENFY__TIMEOUT_MS", "25000");
    let mut process = binary.serve(&[]).await;
    let client = binary.client(&process).await;
    let link = make_link(&client, json!({"type": "multi", "limit": 30})).await;
    let gate = Arc::new(Semaphore::new(0));
    idenfy.answer(Answer::When(gate.clone()));
    let clicks = join_all((0..20).map(|_| client.click(text(&link["slug"]))));
    let address = process.base.strip_prefix("http://").expect("an address");
    let stop = async {
        eventually(BOUND, "iDenfy is asked", async || {
            idenfy.calls().len() == 20
        })
        .await;
        process.terminate().await;
        eventually(BOUND, "nobody new is let in", async || {
            let knock = TcpStream::connect(address);
            matches!(
                tokio::time::timeout(Duration::from_secs(1), knock).await,
                Ok(Err(_))
            )
        })
        .await;
        gate.add_permits(20);
    };
    let (answers, ()) = join(clicks, stop).await;
    let mut redirects = BTreeSet::new();
    for answer in answers {
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 302);
        redirects.insert(location(&answer));
    }
    assert_eq!(redirects.len(), 20);
    assert_eq!(process.ended().await, Some(0), "{}", process.log());
    let count = async |sql| database.numbers(sql).await;
    assert_eq!(count("SELECT used FROM links").await, [20]);
    let active = "SELECT COUNT(*) FROM sessions WHERE status = 'active'";
    assert_eq!(count(active).await, [20]);
    assert_eq!(count("SELECT COUNT(*) FROM sessions").await, [20]);
}

async fn make_link(client: &Client, usage: Value) -> Value {
    let link = json!({"name": "A link", "usage": usage});
    let (status, link) = client
        .api(reqwest::Method::POST, "/links", Some(link))
        .await;
    assert_eq!(status, 201, "{link}");
    link
}

async fn sessions_of(client: &Client, link: &str) -> Vec<Value> {
    client.all(&format!("/links/{link}/sessions")).await
}

fn count(sessions: &[Value], status: &str) -> usize {
    let those = sessions
        .iter()
        .filter(|session| session["status"] == status);
    those.count()
}

async fn used(client: &Client, link: &str) -> usize {
    let link = client.get(&format!("/links/{link}")).await;
    let used = link["usage"]["used"].as_u64().expect("a number");
    usize::try_from(used).expect("a small number")
}

/// A request on a connection that stays open; the head of its answer.
async fn ask_again(connection: &mut TcpStream, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    connection
        .write_all(request.as_bytes())
        .await
        .expect("open still");
    let mut answer = vec![0; 8192];
    let read = tokio::time::timeout(BOUND, connection.read(&mut answer)).await;
    let read = read.expect("in time").expect("an answer");
    String::from_utf8_lossy(&answer[..read]).to_ascii_lowercase()
}

async fn told_to_stop_it_ends_connections_that_a_proxy_keeps_open(context: Context) {
    let database = context.engine.database().await;
    let idenfy = ScriptedIdenfy::start().await;
    let binary = Binary::new(&database, &idenfy)
        .set("IDENFY__TIMEOUT_MS", "25000")
        .set("SERVER__TRUSTED_PROXIES", "127.0.0.1");
    let mut process = binary.serve(&[]).await;
    let client = binary.client(&process).await;
    let link = make_link(&client, json!({"type": "multi", "limit": 30})).await;
    let slug = text(&link["slug"]);
    let address = process.base.strip_prefix("http://").expect("an address");
    let path = format!("/{slug}");
    let mut kept = Vec::new();
    for path in ["/health/ready", &path] {
        let mut connection = TcpStream::connect(address).await.expect("open");
        let answer = ask_again(&mut connection, path).await;
        assert!(!answer.contains("connection: close"), "{answer}");
        kept.push(connection);
    }
    let gate = Arc::new(Semaphore::new(0));
    idenfy.answer(Answer::When(gate.clone()));
    let stop = async {
        eventually(BOUND, "iDenfy is asked", async || idenfy.calls().len() == 2).await;
        idenfy.answer(Answer::Token);
        process.terminate().await;
        eventually(BOUND, "nobody new is let in", async || {
            TcpStream::connect(address).await.is_err()
        })
        .await;
        for (connection, (path, status)) in kept
            .iter_mut()
            .zip([("/health/ready", "503"), (&path, "302")])
        {
            let answer = ask_again(connection, path).await;
            assert!(
                answer.starts_with(&format!("http/1.1 {status}")),
                "{answer}"
            );
            assert!(answer.contains("connection: close"), "{answer}");
        }
        gate.add_permits(1);
    };
    let (answer, ()) = join(client.click(slug), stop).await;
    assert_eq!(answer.expect("an answer").status(), 302);
    assert_eq!(process.ended().await, Some(0), "{}", process.log());
}

async fn told_twice_to_stop_it_waits_for_nobody(context: Context) {
    let database = context.engine.database().await;
    let idenfy = ScriptedIdenfy::start().await;
    let binary = Binary::new(&database, &idenfy).set("IDENFY__TIMEOUT_MS", "25000");
    let mut process = binary.serve(&[]).await;
    let client = binary.client(&process).await;
    let link = make_link(&client, json!({"type": "multi", "limit": 30})).await;
    idenfy.answer(Answer::When(Arc::new(Semaphore::new(0))));
    let stop = async {
        eventually(BOUND, "iDenfy is asked", async || idenfy.calls().len() == 1).await;
        process.terminate().await;
        eventually(BOUND, "the order is heard", async || {
            process.log().contains("stopping")
        })
        .await;
        process.terminate().await;
        assert_eq!(process.ended().await, Some(1), "{}", process.log());
    };
    let (answer, ()) = join(client.click(text(&link["slug"])), stop).await;
    assert!(answer.is_err(), "it was cut off");
    assert!(process.log().contains("second time"), "{}", process.log());
}
