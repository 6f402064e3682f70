//! Many clicks at once, on one node and on several: a link never starts more sessions than its limit.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::harness::gateway::{location, path_of};
use crate::harness::{Answer, BOUND, Context, Engine, Gateway, eventually, tests};

tests!(
    "nodes",
    [
        a_thousand_clicks_at_once_on_a_link_with_a_hundred_uses_open_it_a_hundred_times,
        a_use_in_flight_is_kept_until_its_lease_ends_and_then_given_back_once,
    ],
    Postgres: [
        a_thousand_clicks_on_three_nodes_open_the_link_a_hundred_times,
        clicks_failures_and_sweeps_on_three_nodes_never_lock_each_other_out,
        a_customer_is_minted_once_however_many_nodes_he_clicks_on,
    ]
);

/// Clicks on `link`, in turn on each of `nodes`, all at once; how often each status was answered, and the
/// addresses that visitors were sent to.
async fn click_at_once(
    nodes: &[&Gateway],
    link: &Value,
    clicks: usize,
) -> (BTreeMap<u16, usize>, Vec<String>) {
    let clicks = (0..clicks).map(|n| nodes[n % nodes.len()].click(link));
    let (mut statuses, mut locations) = (BTreeMap::new(), Vec::new());
    for answer in join_all(clicks).await {
        *statuses.entry(answer.status().as_u16()).or_default() += 1;
        if answer.status() == 302 {
            locations.push(location(&answer));
        }
    }
    locations.sort();
    locations.dedup();
    (statuses, locations)
}

async fn a_thousand_clicks_on(nodes: &[&Gateway]) {
    let link = nodes[0]
        .link(json!({"usage": {"type": "multi", "limit": 100}}))
        .await;
    let (statuses, locations) = click_at_once(nodes, &link, 1000).await;
    assert_eq!(statuses, BTreeMap::from([(302, 100), (410, 900)]));
    assert_eq!(locations.len(), 100);
    assert_eq!(nodes[0].idenfy.minted(), 100);
    assert_eq!(nodes[0].used(&link).await, 100);
    let sessions = nodes[0].sessions(&link).await;
    assert_eq!(sessions.len(), 100);
    assert!(sessions.iter().all(|s| s["status"] == "active"));
}

async fn a_thousand_clicks_at_once_on_a_link_with_a_hundred_uses_open_it_a_hundred_times(
    context: Context,
) {
    let gateway = Gateway::with(&context, |config| config.idenfy.max_in_flight = 2000).await;
    a_thousand_clicks_on(&[&gateway]).await;
}

async fn a_thousand_clicks_on_three_nodes_open_the_link_a_hundred_times(context: Context) {
    let a = Gateway::with(&context, |config| config.idenfy.max_in_flight = 2000).await;
    let b = a
        .another_node(|config| config.idenfy.max_in_flight = 2000)
        .await;
    let c = a
        .another_node(|config| config.idenfy.max_in_flight = 2000)
        .await;
    a_thousand_clicks_on(&[&a, &b, &c]).await;
}

async fn a_use_in_flight_is_kept_until_its_lease_ends_and_then_given_back_once(context: Context) {
    context.expect_log("iDenfy began a session whose use is not spent any more");
    // The mint's budget in real time is far more than this test takes.
    let a = Gateway::with(&context, |config| config.idenfy.timeout_ms = 60_000).await;
    // On SQLite a second node is not a thing: there the node that minted sweeps itself.
    let other = match context.engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(a.another_node(|_| {}).await),
    };
    let b = other.as_ref().unwrap_or(&a);
    let gate = Arc::new(Semaphore::new(0));
    a.idenfy.answer(Answer::When(gate.clone()));
    let link = a.link(json!({"usage": {"type": "single"}})).await;
    let look = async || {
        eventually(BOUND, "iDenfy is called", async || {
            a.idenfy.calls().len() == 1
        })
        .await;
        // The budget, and the margin to write before and after it.
        a.clock.advance(60_000 + 9_999);
        assert_eq!(b.sweep().await, 0);
        assert_eq!(b.used(&link).await, 1);
        assert_eq!(b.sessions(&link).await[0]["status"], "starting");
        a.clock.advance(1);
        let (one, two) = tokio::join!(a.sweep(), b.sweep());
        // One of the sweeps in the background may have been first.
        assert!(one + two <= 1, "{one} {two}");
        assert_eq!(b.used(&link).await, 0);
        assert_eq!(b.sessions(&link).await[0]["status"], "failed");
        assert_eq!(a.sweep().await + b.sweep().await, 0);
        gate.add_permits(1);
    };
    let (answer, ()) = tokio::join!(a.click(&link), look());
    // Its use was given back, so its visitor is not sent on; which scan it was is noted.
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(b.used(&link).await, 0);
    let session = &b.sessions(&link).await[0];
    assert_eq!(
        (&session["status"], &session["scan_ref"]),
        (&json!("failed"), &json!("scan-0"))
    );
    // The use can be spent again, on either node.
    a.idenfy.answer(Answer::Token);
    assert_eq!(b.click(&link).await.status(), 302);
    assert_eq!(a.click(&link).await.status(), 410);
}

async fn clicks_failures_and_sweeps_on_three_nodes_never_lock_each_other_out(context: Context) {
    context.expect_log("iDenfy started no session");
    let a = Gateway::with(&context, |_| {}).await;
    let (b, c) = (a.another_node(|_| {}).await, a.another_node(|_| {}).await);
    let nodes = [&a, &b, &c];
    a.idenfy.answer(Answer::FailEvery(3));
    let mut links = Vec::new();
    for n in 0..20_i64 {
        // Some are used up on the way, some have a fixed customer and so a hold.
        let mut link = json!({"usage": {"type": "multi", "limit": 5 + n}});
        if n % 4 == 0 {
            link["token"] = json!({"clientId": format!("customer-{}", n % 8)});
        }
        links.push(a.link(link).await);
    }
    // A walk over nodes and links in no order that any of them shares: multiples of a generator of 3 * 20.
    let clicks = (0..600_usize).map(|n| {
        let place = (n * 37 + n / 60 * 11) % 60;
        let (node, link) = (nodes[place % 3], &links[place / 3]);
        async move {
            if n % 10 == 0 {
                node.sweep().await;
            }
            let method = if n % 7 == 0 {
                Method::HEAD
            } else {
                Method::GET
            };
            let answer = node.request(method, &path_of(link)).send().await;
            answer.expect("an answer").status().as_u16()
        }
    });
    let statuses = join_all(clicks).await;
    assert!(
        statuses.iter().all(|s| [200, 302, 410, 503].contains(s)),
        "{statuses:?}"
    );
    assert!(statuses.contains(&302) && statuses.contains(&503));
    for link in &links {
        let (used, sessions) = (a.used(link).await, a.sessions(link).await);
        let not_failed = sessions.iter().filter(|s| s["status"] != "failed").count();
        assert_eq!(usize::try_from(used), Ok(not_failed), "{link}");
        assert!(sessions.iter().all(|s| s["status"] != "starting"));
        assert!(used <= link["usage"]["limit"].as_i64().expect("a limit"));
    }
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(a.database.numbers(deadlocks).await, [0]);
    let redirects = statuses.iter().filter(|status| **status == 302).count();
    assert!(a.idenfy.minted() <= redirects);
}

async fn a_customer_is_minted_once_however_many_nodes_he_clicks_on(context: Context) {
    let a = Gateway::with(&context, |_| {}).await;
    let b = a.another_node(|_| {}).await;
    // Two links of one customer.
    let mut links = Vec::new();
    for _ in 0..2 {
        let token = json!({"clientId": "jane-doe"});
        links.push(a.link(json!({"token": token})).await);
    }
    let clicks = (0..40).map(|n| [&a, &b][n % 2].click(&links[n / 2 % 2]));
    let answers = join_all(clicks).await;
    let mut locations: Vec<String> = answers.iter().map(location).collect();
    locations.dedup();
    assert_eq!(locations.len(), 1, "{locations:?}");
    assert_eq!(a.idenfy.minted(), 1);
    assert_eq!(a.used(&links[0]).await + a.used(&links[1]).await, 1);
}
