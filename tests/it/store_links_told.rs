//! Links that are over are told of once.

use entrypass::domain::event::EventType::{self, LinkExhausted, LinkExpired};
use entrypass::domain::id::LinkId;
use entrypass::domain::link::{Link, LinkStatus};
use entrypass::domain::usage::Usage;
use entrypass::store::events::EventFilter;
use entrypass::store::ledger::NewSession;
use entrypass::store::links::LinkFilter;
use serde_json::json;

use crate::harness::{Context, Engine, Gateway, tests};
use crate::store_kit::{Kit, back};

tests!(
    "store_links_told",
    [
        a_link_that_ends_is_told_of_once_though_nobody_clicks,
        a_link_is_exhausted_once_its_last_use_cannot_be_given_back,
        a_link_that_was_switched_off_or_deleted_before_is_not_told_of,
        many_links_that_end_at_once_are_told_of_in_steps,
        two_nodes_that_sweep_at_once_tell_once,
    ]
);

/// What was told of links, in its order.
async fn told(kit: &Kit) -> Vec<(EventType, LinkId)> {
    kit.store.publish().await.unwrap();
    let filter = EventFilter {
        kinds: vec![LinkExhausted, LinkExpired],
        limit: 1000,
        ..EventFilter::default()
    };
    let told = kit.store.events(&filter).await.unwrap();
    told.iter()
        .map(|told| (told.event.kind, told.link.as_ref().unwrap().id))
        .collect()
}

async fn sweep(kit: &Kit) {
    while kit.store.tell_of_links(&kit.clock).await.unwrap() {}
}

async fn ending(kit: &Kit, in_ms: i64) -> Link {
    let mut link = kit.new_link(Usage::Unlimited);
    link.terms.expires_at = Some(kit.now().plus_millis(in_ms));
    kit.keep(link).await
}

async fn record(kit: &Kit, session: &NewSession) {
    let record = kit.answer_for(session, &[]);
    assert!(kit.store.record(record).await.unwrap());
}

async fn a_link_that_ends_is_told_of_once_though_nobody_clicks(context: Context) {
    let kit = Kit::open(&context).await;
    let link = ending(&kit, 60_000).await;
    kit.clock.advance(59_999);
    sweep(&kit).await;
    assert_eq!(told(&kit).await, []);
    kit.clock.advance(1);
    for _ in 0..2 {
        sweep(&kit).await;
        assert_eq!(told(&kit).await, [(LinkExpired, link.terms.id)]);
    }
}

async fn a_link_is_exhausted_once_its_last_use_cannot_be_given_back(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit
        .keep_new(Usage::from_parts("multi", Some(2)).unwrap())
        .await;
    let (first, second) = (kit.spend(&link).await, kit.spend(&link).await);
    record(&kit, &first).await;
    sweep(&kit).await;
    assert_eq!(told(&kit).await, [], "one is still being started");
    kit.store.refund(back(&second, &[])).await.unwrap();
    sweep(&kit).await;
    assert_eq!(told(&kit).await, [], "one use is left");
    let third = kit.spend(&link).await;
    record(&kit, &third).await;
    for _ in 0..2 {
        // Listed as such before it is told and afterwards.
        for (status, count) in [(LinkStatus::Exhausted, 1), (LinkStatus::Active, 0)] {
            let filter = LinkFilter {
                status: Some(status),
                limit: 9,
                ..LinkFilter::default()
            };
            let listed = kit.store.links(&filter, kit.now()).await.unwrap();
            assert_eq!(listed.len(), count, "{status:?}");
        }
        sweep(&kit).await;
        assert_eq!(told(&kit).await, [(LinkExhausted, link.terms.id)]);
    }
}

async fn a_link_that_was_switched_off_or_deleted_before_is_not_told_of(context: Context) {
    let kit = Kit::open(&context).await;
    for delete in [false, true] {
        let (ending, single) = (ending(&kit, 1000).await, kit.keep_new(Usage::Single).await);
        let session = kit.spend(&single).await;
        record(&kit, &session).await;
        for id in [ending.terms.id, single.terms.id] {
            assert!(if delete {
                kit.store.delete_link(id, kit.now()).await.unwrap()
            } else {
                kit.store.deactivate_link(id, kit.now()).await.unwrap()
            });
        }
    }
    kit.clock.advance(1000);
    sweep(&kit).await;
    assert_eq!(told(&kit).await, []);
}

async fn many_links_that_end_at_once_are_told_of_in_steps(context: Context) {
    let kit = Kit::open(&context).await;
    for _ in 0..250 {
        ending(&kit, 1000).await;
    }
    kit.clock.advance(1000);
    assert!(kit.store.tell_of_links(&kit.clock).await.unwrap());
    assert_eq!(told(&kit).await.len(), 100);
    sweep(&kit).await;
    let mut ids: Vec<LinkId> = told(&kit).await.into_iter().map(|(_, id)| id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 250);
}

async fn two_nodes_that_sweep_at_once_tell_once(context: Context) {
    let a = Gateway::start(&context).await;
    // On SQLite a second node is not a thing: there the sweep of the background is the other.
    let other = match context.engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(a.another_node(|_| {}).await),
    };
    let b = other.as_ref().unwrap_or(&a);
    for _ in 0..20 {
        let link = a.link(json!({"usage": {"type": "single"}})).await;
        assert_eq!(a.click(&link).await.status(), 302);
    }
    tokio::join!(a.sweep(), b.sweep(), a.sweep(), b.sweep());
    let count = "SELECT COUNT(*) FROM events WHERE type = 'link.exhausted'";
    assert_eq!(a.database.numbers(count).await, [20]);
}
