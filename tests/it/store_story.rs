//! What the store tells of one session, and of all links together.

use std::collections::BTreeSet;

use entrypass::domain::channel::ExternalRef;
use entrypass::domain::day::Day;
use entrypass::domain::event::EventType;
use entrypass::domain::id::{BrowserSessionId, EndpointId, EventId};
use entrypass::domain::secret::Secret;
use entrypass::domain::session::{Checks, Status};
use entrypass::domain::timestamp::DAY_MS;
use entrypass::domain::usage::Usage;
use entrypass::domain::verdict::Verdict;
use entrypass::store::endpoints::{Endpoint, PayloadKind};
use entrypass::store::inbound::{Applied, Inbound};
use entrypass::store::sessions::SessionFilter;

use crate::harness::{Context, tests};
use crate::store_kit::{Kit, back};

tests!(
    "store_story",
    [
        a_session_and_its_day_are_told,
        links_about_to_end_are_found,
        sessions_are_found_by_word_and_time,
    ]
);

async fn a_session_and_its_day_are_told(context: Context) {
    let kit = Kit::open(&context).await;
    let endpoint = Endpoint {
        id: EndpointId::new(kit.clock.uuid()),
        url: Secret::new("https://example.com/hook"),
        events: vec![EventType::SessionFinished],
        payload: PayloadKind::Verdict,
        secret: Secret::new("whsec_x"),
        previous: None,
        handed_to: 0,
        created_at: kit.now(),
        failing_since: None,
        disabled: None,
    };
    kit.store.insert_endpoint(&endpoint).await.unwrap();
    let link = kit.keep_new(Usage::Unlimited).await;
    let (one, two) = (kit.spend(&link).await, kit.spend(&link).await);
    kit.store.record(kit.answer_for(&one, &[])).await.unwrap();
    kit.store.refund(back(&two, &[])).await.unwrap();
    kit.store.publish().await.unwrap();
    let place = kit.store.newest_event().await.unwrap();
    let id = EventId::new(kit.clock.uuid());
    let told = Inbound {
        scan_ref: format!("scan-{}", one.id),
        client_id: None,
        event_type: "IDENTIFICATION".into(),
        body_digest: "d".into(),
        received_at: kit.now(),
        verdict: Some(Verdict {
            status: Status::Denied,
            is_final: true,
            is_ending: false,
            fraud_tags: Vec::new(),
            mismatch_tags: vec!["NAME".into()],
            checks: Checks::default(),
        }),
        body: None,
    };
    assert_eq!(
        kit.store.apply(id, &told).await.unwrap(),
        Applied::Changed(one.id)
    );
    // Whoever looks sees it at once, whenever it gets its place.
    assert_eq!(kit.store.results_of(one.id).await.unwrap().len(), 1);
    kit.store.publish().await.unwrap();
    let handed = kit.store.hand_out(&[&endpoint], &kit.clock).await;
    handed.unwrap();

    assert_eq!(
        kit.store.failure_of(two.id).await.unwrap().as_deref(),
        Some("timeout")
    );
    assert_eq!(kit.store.failure_of(one.id).await.unwrap(), None);
    let reports = kit.store.reports_of(one.id).await.unwrap();
    assert_eq!(
        (reports.len(), reports[0].id, &*reports[0].event_type),
        (1, id, "IDENTIFICATION")
    );
    let results = kit.store.results_of(one.id).await.unwrap();
    assert_eq!((results.len(), results[0].event.id), (1, id));
    assert_eq!(results[0].session.as_ref().unwrap().status, Status::Denied);
    assert!(kit.store.results_of(two.id).await.unwrap().is_empty());
    let sent = kit.store.deliveries_of(one.id).await.unwrap();
    assert_eq!(
        (sent.len(), sent[0].0.expose(), sent[0].1.event_id),
        (1, "https://example.com/hook", id)
    );
    assert!(kit.store.deliveries_of(two.id).await.unwrap().is_empty());

    let today = Day::new(kit.now().day());
    let (start, end) = (today.start(), today.plus(1).start());
    let times = [
        (start, kit.now()),
        (start, end),
        (end, end),
        (start.plus_millis(-DAY_MS), end),
    ];
    assert_eq!(
        kit.store.sessions_begun(&times).await.unwrap(),
        [0, 2, 0, 2]
    );
    let days = BTreeSet::from([today.plus(-1), today]);
    let mut statuses = kit.store.statuses_of_days(&days).await.unwrap();
    statuses.sort();
    assert_eq!(
        statuses,
        [(today, "denied".into(), 1), (today, "failed".into(), 1)]
    );
    assert_eq!(kit.store.ignored_on(&days).await.unwrap(), []);
    assert_eq!(
        kit.store.days_changed_since(place).await.unwrap(),
        BTreeSet::from([today])
    );
    let newest = kit.store.newest_event().await.unwrap();
    assert_eq!(
        kit.store.days_changed_since(newest).await.unwrap(),
        BTreeSet::new()
    );
    let nobody = BrowserSessionId::new(kit.clock.uuid());
    assert!(!kit.store.is_signed_in(nobody, kit.now()).await.unwrap());
}

async fn links_about_to_end_are_found(context: Context) {
    let kit = Kit::open(&context).await;
    let mut soon = kit.new_link(Usage::Single);
    soon.terms.expires_at = Some(kit.now().plus_millis(DAY_MS));
    let soon = kit.keep(soon).await;
    let few = kit.keep_new(Usage::Multi(10)).await;
    let none = kit.keep_new(Usage::Multi(2)).await;
    for _ in 0..9 {
        kit.spend(&few).await;
    }
    for _ in 0..2 {
        kit.spend(&none).await;
    }
    let until = |days| kit.now().plus_millis(days * DAY_MS);
    let expiring = kit
        .store
        .links_expiring(kit.now(), until(2), 5)
        .await
        .unwrap();
    assert_eq!((expiring.len(), expiring[0].id), (1, soon.terms.id));
    for (from, to) in [(kit.now(), kit.now()), (until(1), until(2))] {
        assert!(
            kit.store
                .links_expiring(from, to, 5)
                .await
                .unwrap()
                .is_empty()
        );
    }
    let short = kit.store.links_running_short(kit.now(), 5).await.unwrap();
    assert_eq!(
        (short.len(), short[0].id, short[0].remaining()),
        (1, few.terms.id, Some(1))
    );
    kit.store
        .delete_link(few.terms.id, kit.now())
        .await
        .unwrap();
    assert!(
        kit.store
            .links_running_short(kit.now(), 5)
            .await
            .unwrap()
            .is_empty()
    );
    let named = kit.store.links_brief(&[few.terms.id]).await.unwrap();
    assert_eq!(
        (&*named[0].name, named[0].deleted_at),
        ("A link", Some(kit.now()))
    );
    assert!(kit.store.links_brief(&[]).await.unwrap().is_empty());
}

async fn sessions_are_found_by_word_and_time(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Unlimited).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let mut session = kit.session_of(Some(&link));
        session.external_ref = ExternalRef::parse("spring");
        kit.try_reserve(&session, &[]).await;
        kit.store
            .record(kit.answer_for(&session, &[]))
            .await
            .unwrap();
        ids.push(session.id);
        kit.clock.advance(1000);
    }
    let found = async |change: &dyn Fn(&mut SessionFilter)| {
        let mut filter = SessionFilter {
            limit: 2,
            ..SessionFilter::default()
        };
        change(&mut filter);
        let found = kit.store.sessions(&filter).await.unwrap();
        let places = found
            .iter()
            .map(|s| ids.iter().position(|id| *id == s.id).unwrap());
        places.collect::<Vec<_>>()
    };
    let word = |word: String| move |filter: &mut SessionFilter| filter.word = Some(word.clone());
    assert_eq!(found(&word("spring".into())).await, [2, 1]);
    assert_eq!(found(&word(ids[0].to_string())).await, [0]);
    assert_eq!(found(&word(format!("scan-{}", ids[1]))).await, [1]);
    let own = kit.read(ids[1]).await.client_id.unwrap();
    assert_eq!(found(&word(own)).await, [1]);
    assert_eq!(found(&word("sprin".into())).await, [0_usize; 0]);
    let from = kit.now().plus_millis(-2000);
    for has_word in [false, true] {
        let word = || has_word.then(|| "spring".to_owned());
        assert_eq!(
            found(&|f| (f.word, f.before) = (word(), Some(ids[2]))).await,
            [1, 0]
        );
        assert_eq!(found(&|f| (f.word, f.to) = (word(), Some(from))).await, [0]);
        assert_eq!(
            found(&|f| (f.word, f.from) = (word(), Some(from))).await,
            [2, 1]
        );
        let of_link = |f: &mut SessionFilter| {
            (f.word, f.link_id, f.from, f.before) =
                (word(), Some(link.terms.id), Some(from), Some(ids[2]));
        };
        assert_eq!(found(&of_link).await, [1]);
    }
}
