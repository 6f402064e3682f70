//! The event stream: what was missed comes first, then what is new, on every node.

use std::time::Duration;

use entrypass::clock::Clock;
use entrypass::domain::event::EventType;
use entrypass::domain::id::{EventId, KeyId, LinkId};
use entrypass::domain::scope::Scope;
use entrypass::idenfy::health::Health;
use entrypass::metrics::Metrics;
use entrypass::store::events::{KEPT_MS, NewEvent, Subject};
use entrypass::store::keys::ApiKey;
use entrypass::webhooks::feed::{By, Feed, Listener, Pace, Reader, Wanted};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::api_support::{fields, key_with, problem, until};
use crate::harness::gateway::text;
use crate::harness::{BOUND, Context, Gateway, tests};
use crate::store_kit::Kit;

tests!(
    "events_stream",
    [
        a_listener_hears_what_happens_from_now_on,
        who_comes_back_hears_first_what_was_missed,
        events_are_narrowed_by_type_and_link,
        what_makes_no_sense_is_refused_by_name,
        a_place_that_is_not_kept_is_said_to_be_missing,
        a_listener_that_lags_is_told_everything_once,
        beyond_the_bound_nobody_can_listen_until_somebody_leaves,
        a_revoked_or_expired_key_ends_its_stream,
        streams_end_when_the_gateway_does,
        who_hangs_up_leaves_a_place,
    ],
    Postgres: [
        a_node_hears_what_happens_on_another,
        a_node_that_comes_up_publishes_what_another_left_behind,
    ]
);

/// A block of the stream: its lines by name.
#[derive(Debug, Clone, Default)]
struct Block {
    id: Option<i64>,
    event: Option<String>,
    data: Value,
}

fn blocks(text: &str) -> Vec<Block> {
    let block = |text: &str| {
        let mut block = Block::default();
        for line in text.lines() {
            match line.split_once(": ").unwrap() {
                ("id", id) => block.id = Some(id.parse().unwrap()),
                ("event", name) => block.event = Some(name.to_owned()),
                ("data", data) => block.data = serde_json::from_str(data).unwrap(),
                ("retry" | "", _) => {}
                other => panic!("{other:?}"),
            }
        }
        block
    };
    text.split_terminator("\n\n").map(block).collect()
}

/// A connection to the stream.
struct Stream {
    answer: Response,
    text: String,
}

impl Stream {
    /// Listens, and waits for the opening.
    async fn open(gateway: &Gateway, query: &str, last: Option<i64>) -> Self {
        let mut request = gateway
            .request(Method::GET, &format!("/api/v1/events{query}"))
            .bearer_auth(&gateway.key);
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last.to_string());
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert_eq!(answer.headers()["x-accel-buffering"], "no");
        let mut stream = Self {
            answer,
            text: String::new(),
        };
        stream.until(|blocks| !blocks.is_empty()).await;
        assert!(stream.text.starts_with("retry: "), "{}", stream.text);
        stream
    }

    /// Reads on until the blocks are what is awaited.
    async fn until(&mut self, is_so: impl Fn(&[Block]) -> bool) -> Vec<Block> {
        loop {
            let whole = self.text.rfind("\n\n").map_or(0, |end| end + 2);
            let blocks = blocks(&self.text[..whole]);
            if is_so(&blocks) {
                return blocks;
            }
            let chunk = tokio::time::timeout(BOUND, self.answer.chunk()).await;
            let chunk = chunk.expect("in time").unwrap().expect("no end");
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The first `n` events.
    async fn events(&mut self, n: usize) -> Vec<Block> {
        let named = |blocks: &[Block]| blocks.iter().filter(|b| b.event.is_some()).count();
        let blocks = self.until(|blocks| named(blocks) >= n).await;
        let events: Vec<Block> = blocks.into_iter().filter(|b| b.event.is_some()).collect();
        assert_eq!(events.len(), n, "{events:?}");
        events
    }
}

fn kinds(blocks: &[Block]) -> Vec<&str> {
    blocks.iter().filter_map(|b| b.event.as_deref()).collect()
}

async fn a_listener_hears_what_happens_from_now_on(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"usage": {"type": "single"}})).await;
    let before = gateway.link(json!({})).await;
    gateway.click(&before).await;
    // On PostgreSQL it is seen only when it has its place.
    until(async || gateway.state.store.newest_event().await.unwrap() == 1).await;
    let mut stream = Stream::open(&gateway, "", None).await;
    assert_eq!(gateway.click(&link).await.status(), 302);
    gateway.sweep().await;
    let events = stream.events(2).await;
    assert_eq!(kinds(&events), ["session.started", "link.exhausted"]);
    assert!(events[0].id < events[1].id);
    let session = &gateway.sessions(&link).await[0];
    let named = json!({"id": link["id"], "name": link["name"]});
    assert_eq!(
        events[0].data,
        json!({"type": "session.started", "timestamp": crate::harness::gateway::START,
               "data": {"session": session, "link": named}})
    );
    assert_eq!(events[1].data["data"], json!({"link": named}));
}

async fn who_comes_back_hears_first_what_was_missed(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    let mut stream = Stream::open(&gateway, "", None).await;
    gateway.click(&link).await;
    let heard = stream.events(1).await[0].id;
    drop(stream);
    for _ in 0..3 {
        gateway.click(&link).await;
    }
    // Another process on the same database: nothing is known but what is kept.
    let restarted = gateway.another_node(|_| {}).await;
    let query = format!("?last_event_id={}", heard.unwrap());
    for (query, last) in [
        ("", heard),
        (query.as_str(), None),
        ("?last_event_id=0", heard),
    ] {
        let mut again = Stream::open(&restarted, query, last).await;
        assert_eq!(again.events(3).await.len(), 3);
    }
    let mut again = Stream::open(&restarted, "", heard).await;
    restarted.click(&link).await;
    let events = again.events(4).await;
    assert!(events.is_sorted_by_key(|event| event.id));
    assert!(events.iter().all(|event| event.id > heard));
}

async fn events_are_narrowed_by_type_and_link(context: Context) {
    let gateway = Gateway::start(&context).await;
    let single = json!({"usage": {"type": "single"}});
    let (one, other) = (
        gateway.link(single.clone()).await,
        gateway.link(single).await,
    );
    let id = text(&one["id"]);
    let both = "?type=link.exhausted,session.started";
    let mut of_both = Stream::open(&gateway, both, None).await;
    let mut of_link = Stream::open(&gateway, &format!("?link_id={id}"), None).await;
    let repeated = "?type=link.expired&type=link.exhausted";
    let mut of_links = Stream::open(&gateway, repeated, None).await;
    for link in [&other, &one] {
        assert_eq!(gateway.click(link).await.status(), 302);
    }
    gateway.sweep().await;
    assert_eq!(of_both.events(4).await.len(), 4);
    for stream in [
        &mut of_link,
        &mut Stream::open(&gateway, &format!("?link_id={id}"), Some(0)).await,
    ] {
        let events = stream.events(2).await;
        assert_eq!(kinds(&events), ["session.started", "link.exhausted"]);
        assert!(
            events
                .iter()
                .all(|event| event.data["data"]["link"]["id"] == id)
        );
    }
    assert_eq!(kinds(&of_links.events(2).await), ["link.exhausted"; 2]);
}

async fn what_makes_no_sense_is_refused_by_name(context: Context) {
    let gateway = Gateway::start(&context).await;
    let ask = async |query: &str, last: &str, key: &str| {
        let path = format!("/api/v1/events{query}");
        let request = gateway.request(Method::GET, &path).bearer_auth(key);
        request.header("Last-Event-ID", last).send().await.unwrap()
    };
    let query = "?type=session.started,nonsense&link_id=7&last_event_id=x&limit=5";
    let answer = ask(query, "-1", &gateway.key).await;
    let told = problem(answer, 422, "invalid").await;
    let wrong = ["Last-Event-ID", "last_event_id", "limit", "link_id", "type"];
    assert_eq!(fields(&told), wrong);
    let answer = ask("?type=endpoint.test", "", &gateway.key).await;
    assert_eq!(fields(&problem(answer, 422, "invalid").await), ["type"]);
    let links = key_with(&gateway, &["links", "sessions"]).await;
    problem(ask("", "", &links).await, 403, "forbidden").await;
    problem(ask("", "", "epk").await, 401, "unauthorized").await;
    let head = gateway.request(Method::HEAD, "/api/v1/events");
    let head = head.bearer_auth(&gateway.key).send().await.unwrap();
    assert_eq!(head.headers()["content-type"], "text/event-stream");
    assert_eq!(gateway.state.feed.listeners(), 0);
}

/// A feed with bounds of its own, and a key to listen with.
struct Heard {
    kit: Kit,
    feed: Feed,
    reader: Reader,
    key: ApiKey,
}

impl Heard {
    async fn new(context: &Context, pace: Pace) -> Self {
        let kit = Kit::open(context).await;
        let end = kit.now().plus_millis(KEY_MS);
        let id = KeyId::new(kit.clock.uuid());
        let scopes = vec![Scope::Read];
        let (key, secret) = ApiKey::generate(id, "k".into(), scopes, kit.now(), Some(end));
        kit.store.insert_key(&key, &secret).await.unwrap();
        let feed = Feed::new(kit.store.clone(), kit.clock.clone(), pace);
        let reader = Reader::new(&feed);
        Self {
            kit,
            feed,
            reader,
            key,
        }
    }

    async fn listen(&self, last: Option<i64>) -> Option<Listener> {
        let wanted = Wanted {
            last,
            kinds: Vec::new(),
            link_id: None,
            by: By::Key(self.key.id),
        };
        self.feed.listen(wanted).await.unwrap()
    }

    async fn raise(&self, n: usize) {
        let event = || NewEvent {
            id: EventId::new(self.kit.clock.uuid()),
            kind: EventType::LinkExpired,
            at: self.kit.now(),
            subject: Subject::Link(LinkId::new(Clock::system().uuid())),
            shown: None,
        };
        let events: Vec<NewEvent> = std::iter::repeat_with(event).take(n).collect();
        self.kit.store.raise(&events).await.unwrap();
        self.kit.store.publish().await.unwrap();
    }
}

/// How long the key opens, in milliseconds.
const KEY_MS: i64 = 2 * KEPT_MS;

const PACE: Pace = Pace {
    listeners: 2,
    heartbeat: Duration::from_millis(20),
};

async fn a_place_that_is_not_kept_is_said_to_be_missing(context: Context) {
    let heard = Heard::new(&context, PACE).await;
    heard.raise(3).await;
    heard.kit.clock.advance(KEPT_MS + 1);
    heard.raise(2).await;
    assert_eq!(heard.kit.store.oldest_event().await.unwrap(), 1);
    heard
        .kit
        .store
        .forget_events(heard.kit.now())
        .await
        .unwrap();
    assert_eq!(heard.kit.store.oldest_event().await.unwrap(), 4);
    for (last, gap, at) in [
        (3, false, 3),
        (2, true, 3),
        (0, true, 3),
        (5, false, 5),
        (900, true, 5),
    ] {
        let mut listener = heard.listen(Some(last)).await.unwrap();
        let opening = blocks(&listener.next().await.unwrap());
        assert_eq!(opening[0].id, Some(at), "{last}");
        assert_eq!(opening.len() == 2, gap, "{last}: {opening:?}");
        if gap {
            assert_eq!(opening[1].event.as_deref(), Some("stream.gap"));
            assert_eq!(opening[1].id, None);
            let told = json!({"last_event_id": last.to_string(), "oldest_event_id": "4"});
            assert_eq!(opening[1].data["data"], told);
        }
        let next = blocks(&listener.next().await.unwrap());
        let missed: Vec<i64> = next
            .iter()
            .filter(|b| b.event.is_some())
            .filter_map(|b| b.id)
            .collect();
        assert_eq!(missed, (at + 1..=5).collect::<Vec<i64>>());
    }
}

async fn a_listener_that_lags_is_told_everything_once(context: Context) {
    let pace = Pace {
        heartbeat: BOUND,
        ..PACE
    };
    let mut heard = Heard::new(&context, pace).await;
    heard.reader.step().await.unwrap();
    let mut slow = heard.listen(None).await.unwrap();
    // It began after the feed did, and misses nothing of what comes in between.
    heard.raise(2).await;
    for _ in 0..60 {
        heard.reader.step().await.unwrap();
        heard.raise(5).await;
    }
    heard.raise(400).await;
    heard.reader.step().await.unwrap();
    let mut told = Vec::new();
    while told.len() < 702 {
        let text = tokio::time::timeout(BOUND, slow.next()).await.unwrap();
        told.extend(
            blocks(&text.unwrap())
                .into_iter()
                .filter(|b| b.event.is_some()),
        );
    }
    let places: Vec<i64> = told.iter().filter_map(|b| b.id).collect();
    assert_eq!(places, (1..=702).collect::<Vec<i64>>());
}

async fn beyond_the_bound_nobody_can_listen_until_somebody_leaves(context: Context) {
    let heard = Heard::new(&context, PACE).await;
    let (first, second) = (heard.listen(None).await, heard.listen(None).await);
    assert!(first.is_some() && second.is_some());
    assert!(heard.listen(None).await.is_none());
    assert_eq!(heard.feed.listeners(), 2);
    drop(first);
    assert!(heard.listen(None).await.is_some());
}

async fn a_revoked_or_expired_key_ends_its_stream(context: Context) {
    for revoked in [true, false] {
        let heard = Heard::new(&context, PACE).await;
        heard.raise(1).await;
        let mut listener = heard.listen(None).await.unwrap();
        listener.next().await.unwrap();
        let beat = listener.next().await.unwrap();
        assert_eq!(beat, ": heartbeat\nid: 1\n\n");
        if revoked {
            let now = heard.kit.now();
            heard.kit.store.revoke_key(heard.key.id, now).await.unwrap();
        } else {
            heard.kit.clock.advance(KEY_MS);
        }
        assert_eq!(listener.next().await, None);
    }
}

async fn streams_end_when_the_gateway_does(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut stream = Stream::open(&gateway, "", None).await;
    gateway.state.feed.end();
    let end = tokio::time::timeout(BOUND, stream.answer.chunk()).await;
    assert_eq!(end.expect("in time").unwrap(), None);
}

async fn who_hangs_up_leaves_a_place(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    let stream = Stream::open(&gateway, "", None).await;
    assert_eq!(gateway.state.feed.listeners(), 1);
    drop(stream);
    until(async || {
        // What is written to nobody shows that nobody is there.
        gateway.click(&link).await;
        gateway.state.feed.listeners() == 0
    })
    .await;
}

async fn a_node_hears_what_happens_on_another(context: Context) {
    let a = Gateway::start(&context).await;
    let b = a.another_node(|_| {}).await;
    let link = a.link(json!({})).await;
    let (mut at_a, mut at_b) = (
        Stream::open(&a, "", None).await,
        Stream::open(&b, "", None).await,
    );
    for n in 0..20 {
        assert_eq!([&a, &b][n % 2].click(&link).await.status(), 302);
    }
    let (heard_at_a, heard_at_b) = (at_a.events(20).await, at_b.events(20).await);
    let ids = |blocks: &[Block]| blocks.iter().map(|b| b.id).collect::<Vec<_>>();
    assert_eq!(ids(&heard_at_a), ids(&heard_at_b));
}

async fn a_node_that_comes_up_publishes_what_another_left_behind(context: Context) {
    let heard = Heard::new(&context, PACE).await;
    let event = NewEvent {
        id: EventId::new(heard.kit.clock.uuid()),
        kind: EventType::IdenfyUnavailable,
        at: heard.kit.now(),
        subject: Subject::Idenfy,
        shown: None,
    };
    // Whoever wrote it did not come to publish it.
    heard.kit.store.raise(&[event]).await.unwrap();
    assert_eq!(heard.kit.store.newest_event().await.unwrap(), 0);
    let mut signals = heard.kit.store.signals().await;
    let other = entrypass::store::Store::open(&heard.kit.database.url)
        .await
        .unwrap();
    entrypass::sweep::Sweep {
        store: other,
        health: Health::new(heard.kit.clock.clone(), Metrics::new()),
        clock: heard.kit.clock.clone(),
    }
    .step()
    .await
    .unwrap();
    signals.heard().await;
    assert_eq!(heard.kit.store.newest_event().await.unwrap(), 1);
}
