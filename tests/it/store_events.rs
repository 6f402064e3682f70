//! Events: kept with the change they tell of, seen by all in one order.

use std::cell::Cell;

use entrypass::domain::event::EventType;
use entrypass::domain::id::{EndpointId, EventId};
use entrypass::domain::session::Status;
use entrypass::domain::usage::Usage;
use entrypass::store::events::{EventFilter, KEPT_MS, NewEvent, Subject, Told};
use futures_util::future::{join, join_all};
use sqlx::postgres::PgListener;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::harness::{BOUND, Context, Engine, eventually, tests};
use crate::store_kit::Kit;

tests!(
    "store_events",
    [
        a_session_that_is_recorded_is_told_of,
        events_are_seen_in_one_order_by_place_kind_and_link,
        an_erased_session_is_told_of_without_what_was_erased,
        old_events_are_forgotten_but_the_newest,
        whoever_reads_on_misses_nothing_while_many_write,
        a_sequence_of_places_that_was_left_behind_is_brought_to_them,
        whoever_listens_hears_of_news,
        what_nodes_know_of_idenfy_is_changed_by_one_of_them,
    ],
    Postgres: [
        a_click_waits_for_whoever_gives_places_at_that_time,
        all_nodes_hear_of_news_that_is_announced,
        new_events_are_found_by_their_index_though_there_were_none_at_first,
    ]
);

/// The lock under which places are given.
const PLACING: i64 = 0x656e_7472_7970;

async fn told(kit: &Kit, filter: EventFilter) -> Vec<Told> {
    kit.store.publish().await.unwrap();
    let filter = EventFilter {
        limit: 100,
        ..filter
    };
    kit.store.events(&filter).await.unwrap()
}

async fn all(kit: &Kit) -> Vec<Told> {
    told(kit, EventFilter::default()).await
}

fn new(kit: &Kit, kind: EventType, subject: Subject) -> NewEvent {
    NewEvent {
        id: EventId::new(kit.clock.uuid()),
        kind,
        at: kit.now(),
        subject,
        shown: None,
    }
}

async fn a_session_that_is_recorded_is_told_of(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Unlimited).await;
    let session = kit.spend(&link).await;
    assert_eq!(all(&kit).await.len(), 0);
    let answer = kit.answer_for(&session, &[]);
    assert!(kit.store.record(answer.clone()).await.unwrap());
    let refunded = kit.spend(&link).await;
    kit.store
        .refund(crate::store_kit::back(&refunded, &[]))
        .await
        .unwrap();
    assert!(
        !kit.store
            .record(kit.answer_for(&refunded, &[]))
            .await
            .unwrap()
    );

    let events = all(&kit).await;
    let [first] = &events[..] else {
        panic!("one event, not {events:?}");
    };
    assert_eq!(first.event.id, answer.event_id);
    assert_eq!(first.event.session_id, Some(session.id));
    assert_eq!(
        (first.event.kind, first.event.at),
        (EventType::SessionStarted, kit.now())
    );
    let shown = first.session.as_ref().unwrap();
    assert_eq!((&shown.status, shown.is_final), (&Status::Active, false));
    assert_eq!(first.link.as_ref().unwrap().name, "A link");
}

async fn events_are_seen_in_one_order_by_place_kind_and_link(context: Context) {
    let kit = Kit::open(&context).await;
    let (one, other) = (
        kit.keep_new(Usage::Single).await,
        kit.keep_new(Usage::Single).await,
    );
    let session = kit.spend(&one).await;
    kit.store
        .record(kit.answer_for(&session, &[]))
        .await
        .unwrap();
    let endpoint = EndpointId::new(kit.clock.uuid());
    kit.store
        .raise(&[
            new(&kit, EventType::LinkExhausted, Subject::Link(one.terms.id)),
            new(&kit, EventType::LinkExpired, Subject::Link(other.terms.id)),
            new(&kit, EventType::IdenfyUnavailable, Subject::Idenfy),
            new(&kit, EventType::EndpointTest, Subject::Endpoint(endpoint)),
        ])
        .await
        .unwrap();
    let events = all(&kit).await;
    let kinds: Vec<&str> = events.iter().map(|told| told.event.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "session.started",
            "link.exhausted",
            "link.expired",
            "idenfy.unavailable"
        ]
    );
    assert!(events.is_sorted_by_key(|told| told.event.position));
    let newest = kit.store.newest_event().await.unwrap();
    let test = kit.store.event_at(newest).await.unwrap().unwrap();
    assert_eq!(test.event.endpoint_id, Some(endpoint));

    let after = events[1].event.position;
    let later = told(
        &kit,
        EventFilter {
            after,
            ..EventFilter::default()
        },
    );
    assert_eq!(later.await.len(), 2);
    let of_link = EventFilter {
        link_id: Some(one.terms.id),
        ..EventFilter::default()
    };
    let of_link: Vec<EventType> = told(&kit, of_link)
        .await
        .iter()
        .map(|told| told.event.kind)
        .collect();
    assert_eq!(
        of_link,
        [EventType::SessionStarted, EventType::LinkExhausted]
    );
    let of_kinds = EventFilter {
        kinds: vec![EventType::LinkExpired, EventType::EndpointTest],
        ..EventFilter::default()
    };
    assert_eq!(told(&kit, of_kinds).await.len(), 2);
    assert!(kit.store.event_at(newest + 1).await.unwrap().is_none());
}

async fn an_erased_session_is_told_of_without_what_was_erased(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Unlimited).await;
    let session = kit.spend(&link).await;
    kit.store
        .record(kit.answer_for(&session, &[]))
        .await
        .unwrap();
    kit.store
        .erase_session(session.id, kit.now())
        .await
        .unwrap();
    let events = all(&kit).await;
    let shown = events[0].session.as_ref().unwrap();
    assert_eq!((&shown.client_id, &shown.scan_ref), (&None, &None));
    assert_eq!(shown.id, session.id);
}

async fn old_events_are_forgotten_but_the_newest(context: Context) {
    let kit = Kit::open(&context).await;
    for _ in 0..3 {
        let event = new(&kit, EventType::IdenfyUnavailable, Subject::Idenfy);
        kit.store.raise(&[event]).await.unwrap();
    }
    kit.store.publish().await.unwrap();
    assert_eq!(kit.store.forget_events(kit.now()).await.unwrap(), 0);
    kit.clock.advance(KEPT_MS + 1);
    assert_eq!(kit.store.forget_events(kit.now()).await.unwrap(), 2);
    assert_eq!(all(&kit).await.len(), 1);
    assert_eq!(
        kit.store.oldest_event().await.unwrap(),
        kit.store.newest_event().await.unwrap()
    );
}

/// However clicks, whose events get their places with them, and other events mix.
async fn whoever_reads_on_misses_nothing_while_many_write(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Unlimited).await;
    let writes = (0..8).map(async |_| {
        for _ in 0..15 {
            let session = kit.spend(&link).await;
            let answer = kit.answer_for(&session, &[]);
            assert!(kit.store.record(answer).await.unwrap());
            let event = new(&kit, EventType::IdenfyUnavailable, Subject::Idenfy);
            kit.store.raise(&[event]).await.unwrap();
            kit.store.publish().await.unwrap();
        }
    });
    let is_over = Cell::new(false);
    let writing = async {
        join_all(writes).await;
        is_over.set(true);
    };
    let reading = async {
        let mut seen: Vec<i64> = Vec::new();
        loop {
            let is_last = is_over.get();
            let filter = EventFilter {
                after: seen.last().copied().unwrap_or_default(),
                limit: 100,
                ..EventFilter::default()
            };
            let page = kit.store.events(&filter).await.unwrap();
            if is_last && page.is_empty() {
                return seen;
            }
            seen.extend(page.iter().map(|told| told.event.position));
        }
    };
    let ((), seen) = join(writing, reading).await;
    assert_eq!(seen.len(), 8 * 15 * 2);
}

/// Who sees a place sees all before it: no click gives a later one while an earlier one is not to be seen yet.
async fn a_click_waits_for_whoever_gives_places_at_that_time(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Unlimited).await;
    let session = kit.spend(&link).await;
    let slow_id = EventId::new(kit.clock.uuid());
    let begin = format!(
        "BEGIN; SELECT pg_advisory_xact_lock({PLACING});
         INSERT INTO events (position, id, type, at) VALUES (nextval('event_places'), '{slow_id}', 'idenfy.unavailable', 0)"
    );
    let mut slow = PgConnection::connect(&kit.database.url).await.unwrap();
    slow.execute(AssertSqlSafe(begin)).await.unwrap();

    let answer = kit.answer_for(&session, &[]);
    let click_id = answer.event_id;
    let store = kit.store.clone();
    let click = tokio::spawn(async move { store.record(answer).await });
    let waiting = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    eventually(BOUND, "the click waits", async || {
        kit.database.numbers(waiting).await == [1]
    })
    .await;
    assert_eq!(kit.store.newest_event().await.unwrap(), 0);
    slow.execute("COMMIT").await.unwrap();
    assert!(click.await.unwrap().unwrap());
    let told = all(&kit).await;
    let ids: Vec<EventId> = told.iter().map(|told| told.event.id).collect();
    assert_eq!(ids, [slow_id, click_id]);
}

async fn a_sequence_of_places_that_was_left_behind_is_brought_to_them(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Unlimited).await;
    for _ in 0..3 {
        let session = kit.spend(&link).await;
        kit.store
            .record(kit.answer_for(&session, &[]))
            .await
            .unwrap();
    }
    assert!(!kit.store.mend_places().await.unwrap());
    if context.engine == Engine::Postgres {
        let behind = "SELECT setval('event_places', 1, FALSE)";
        kit.database.execute(behind).await.unwrap();
        let session = kit.spend(&link).await;
        let answer = kit.answer_for(&session, &[]);
        kit.store.record(answer.clone()).await.unwrap_err();
        assert!(kit.store.mend_places().await.unwrap());
        assert!(kit.store.record(answer).await.unwrap());
        assert_eq!(all(&kit).await.len(), 4);
    }
    assert!(!kit.store.mend_places().await.unwrap());
}

async fn all_nodes_hear_of_news_that_is_announced(context: Context) {
    let kit = Kit::open(&context).await;
    let mut listener = PgListener::connect(&kit.database.url).await.unwrap();
    listener.listen("entrypass_events").await.unwrap();
    kit.store.announce().await.unwrap();
    let heard = tokio::time::timeout(BOUND, listener.recv()).await;
    assert_eq!(heard.unwrap().unwrap().channel(), "entrypass_events");
}

/// A statement is planned the first times it is asked, and that plan is kept while the table grows.
async fn new_events_are_found_by_their_index_though_there_were_none_at_first(context: Context) {
    let kit = Kit::open(&context).await;
    let one_comes = async || {
        assert!(!kit.store.publish().await.unwrap());
        let event = new(&kit, EventType::IdenfyUnavailable, Subject::Idenfy);
        kit.store.raise(&[event]).await.unwrap();
        assert!(kit.store.publish().await.unwrap());
    };
    for _ in 0..7 {
        one_comes().await;
    }
    let seen = "INSERT INTO events (position, id, type, at)
                SELECT nextval('event_places'), n, 'idenfy.unavailable', 0 FROM generate_series(1, 500) AS n";
    kit.database.execute(seen).await.unwrap();
    for _ in 0..3 {
        one_comes().await;
    }
    kit.close_and_count().await;
    let walked = "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'events'";
    assert_eq!(kit.database.numbers(walked).await, [0]);
}

async fn whoever_listens_hears_of_news(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Unlimited).await;
    let mut news = kit.store.news();
    let session = kit.spend(&link).await;
    assert!(!news.has_changed().unwrap());
    let mut signals = kit.store.signals().await;
    kit.store
        .record(kit.answer_for(&session, &[]))
        .await
        .unwrap();
    news.changed().await.unwrap();
    kit.store.announce().await.unwrap();
    signals.heard().await;
}

async fn what_nodes_know_of_idenfy_is_changed_by_one_of_them(context: Context) {
    let kit = Kit::open(&context).await;
    let store = &kit.store;
    assert_eq!(store.idenfy_faults().await.unwrap(), "");
    assert!(
        store
            .change_idenfy_faults("", "credentials", None)
            .await
            .unwrap()
    );
    assert!(
        !store
            .change_idenfy_faults("", "unavailable", None)
            .await
            .unwrap()
    );
    assert_eq!(store.idenfy_faults().await.unwrap(), "credentials");
}
