//! Endpoints and deliveries: handed out once, leased to one, in order for each session, kept as long as needed.

use entrypass::domain::event::EventType;
use entrypass::domain::id::{DeliveryId, EndpointId, EventId, SessionId};
use entrypass::domain::secret::Secret;
use entrypass::domain::session::{Checks, Status};
use entrypass::domain::usage::Usage;
use entrypass::domain::verdict::Verdict;
use entrypass::store::Store;
use entrypass::store::deliveries::{
    Attempt, Claimed, Delivery, DeliveryFilter, DeliveryStatus, KEPT_MS, Outcome, Wanted,
};
use entrypass::store::endpoints::{Endpoint, OVERLAP_MS, PayloadKind};
use entrypass::store::events::{NewEvent, Subject};
use entrypass::store::inbound::{Applied, Inbound};

use crate::harness::{Context, tests};
use crate::store_kit::Kit;

tests!(
    "store_deliveries",
    [
        an_endpoint_is_kept_as_it_was_made_until_it_is_deleted,
        events_are_handed_out_once_to_those_who_asked_for_them,
        events_of_no_interest_cost_no_write_each,
        what_one_has_leased_nobody_else_sends_until_the_lease_ends,
        of_a_session_the_earliest_goes_first_and_the_others_wait_with_it,
        what_failed_waits_and_is_brought_forward_when_the_endpoint_works_again,
        one_that_nothing_helps_is_brought_forward_only_so_often,
        what_failed_since_is_tried_again_but_for_what_was_overtaken,
        what_one_on_its_way_overtakes_just_now_is_not_tried_again,
        an_endpoint_that_is_gone_or_fails_for_days_is_switched_off_and_told_of,
        bodies_of_idenfy_are_kept_for_those_who_ask_and_no_longer,
        deliveries_are_forgotten_and_their_events_after_them,
    ]
);

/// How long the tests lease for, in milliseconds.
const LEASE_MS: i64 = 60_000;

fn new(kit: &Kit, payload: PayloadKind, events: &[EventType]) -> Endpoint {
    Endpoint {
        id: EndpointId::new(kit.clock.uuid()),
        url: Secret::new("https://example.com/hook?token=x"),
        events: events.to_vec(),
        payload,
        secret: Secret::new("whsec_one"),
        previous: None,
        handed_to: 0,
        created_at: kit.now(),
        failing_since: None,
        disabled: None,
    }
}

async fn keep(kit: &Kit, payload: PayloadKind, events: &[EventType]) -> EndpointId {
    let endpoint = new(kit, payload, events);
    kit.store.insert_endpoint(&endpoint).await.unwrap();
    endpoint.id
}

async fn read(kit: &Kit, id: EndpointId) -> Endpoint {
    kit.store.endpoint(id).await.unwrap().unwrap()
}

async fn raise(kit: &Kit, kind: EventType, subject: Subject) -> EventId {
    let event = NewEvent {
        id: EventId::new(kit.clock.uuid()),
        kind,
        at: kit.now(),
        subject,
        shown: None,
    };
    kit.store.raise(std::slice::from_ref(&event)).await.unwrap();
    event.id
}

/// Hands out what there is, and tells how much was still to do.
async fn hand_out(kit: &Kit) -> usize {
    kit.store.publish().await.unwrap();
    let mut turns = 0;
    loop {
        let at_work = kit.store.endpoints_at_work(kit.now()).await.unwrap();
        let endpoints: Vec<&Endpoint> = at_work.iter().map(|one| &one.endpoint).collect();
        if !kit.store.hand_out(&endpoints, &kit.clock).await.unwrap() {
            return turns;
        }
        turns += 1;
    }
}

async fn claim(kit: &Kit, endpoint: EndpointId) -> Vec<Claimed> {
    let wanted = [Wanted {
        endpoint,
        limit: 100,
    }];
    let until = kit.now().plus_millis(LEASE_MS);
    let claimed = kit.store.claim_deliveries(&wanted, kit.now(), until);
    let mut claimed = claimed.await.unwrap();
    claimed.sort_by_key(|one| one.position);
    claimed
}

fn attempt(kit: &Kit, claimed: &Claimed, outcome: Outcome) -> Attempt {
    let is_delivered = outcome == Outcome::Delivered;
    Attempt {
        claimed: claimed.clone(),
        at: kit.now(),
        status: Some(if is_delivered { 204 } else { 500 }),
        duration_ms: 7,
        error: (!is_delivered).then_some("the status is not 2xx"),
        response: Some("thanks".into()),
        outcome,
        alarm: EventId::new(kit.clock.uuid()),
    }
}

async fn settle(kit: &Kit, claimed: &[Claimed], outcome: Outcome) -> Vec<EndpointId> {
    let attempts: Vec<Attempt> = claimed.iter().map(|c| attempt(kit, c, outcome)).collect();
    kit.store.settle(&attempts, kit.now()).await.unwrap()
}

fn again(kit: &Kit, ms: i64) -> Outcome {
    Outcome::Again {
        at: kit.now().plus_millis(ms),
        not_before: None,
    }
}

async fn all(kit: &Kit, endpoint: EndpointId) -> Vec<Delivery> {
    let filter = DeliveryFilter {
        limit: 1000,
        ..DeliveryFilter::default()
    };
    kit.store.deliveries(endpoint, &filter).await.unwrap()
}

async fn one(kit: &Kit, id: DeliveryId) -> Delivery {
    kit.store.delivery(id).await.unwrap().unwrap().1
}

async fn session(kit: &Kit) -> SessionId {
    let link = kit.keep_new(Usage::Unlimited).await;
    let session = kit.spend(&link).await;
    let record = kit.answer_for(&session, &[]);
    assert!(kit.store.record(record).await.unwrap());
    session.id
}

/// A result of a session, with iDenfy's body.
async fn apply(kit: &Kit, session: SessionId, is_final: bool) -> EventId {
    let id = EventId::new(kit.clock.uuid());
    let inbound = Inbound {
        scan_ref: format!("scan-{session}"),
        client_id: None,
        event_type: "VERIFICATION".into(),
        body_digest: id.to_string(),
        received_at: kit.now(),
        verdict: Some(Verdict {
            status: Status::Approved,
            is_final,
            is_ending: false,
            fraud_tags: Vec::new(),
            mismatch_tags: Vec::new(),
            checks: Checks::default(),
        }),
        body: Some("{\"data\": \"PERSONAL\"}".into()),
    };
    let applied = kit.store.apply(id, &inbound).await.unwrap();
    assert_eq!(applied, Applied::Changed(session));
    id
}

async fn an_endpoint_is_kept_as_it_was_made_until_it_is_deleted(context: Context) {
    let kit = Kit::open(&context).await;
    let endpoint = new(
        &kit,
        PayloadKind::Full,
        &[EventType::SessionFinished, EventType::LinkExpired],
    );
    kit.store.insert_endpoint(&endpoint).await.unwrap();
    assert_eq!(read(&kit, endpoint.id).await, endpoint);
    let other = keep(&kit, PayloadKind::Verdict, &[EventType::LinkExpired]).await;
    let ids = async |before, limit| {
        let page = kit.store.endpoints(before, limit).await.unwrap();
        page.iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(None, 10).await, [other, endpoint.id]);
    assert_eq!(ids(None, 1).await, [other]);
    assert_eq!(ids(Some(other), 10).await, [endpoint.id]);

    let two = Secret::new("whsec_two");
    let rotated = kit.store.rotate_endpoint(endpoint.id, &two, kit.now());
    assert!(rotated.await.unwrap());
    let after = read(&kit, endpoint.id).await;
    let secrets = |ms| {
        let secrets = after.secrets(kit.now().plus_millis(ms));
        secrets.map(Secret::expose).collect::<Vec<_>>()
    };
    assert_eq!(secrets(OVERLAP_MS - 1), ["whsec_two", "whsec_one"]);
    assert_eq!(secrets(OVERLAP_MS), ["whsec_two"]);

    assert!(
        kit.store
            .delete_endpoint(endpoint.id, kit.now())
            .await
            .unwrap()
    );
    assert!(
        !kit.store
            .delete_endpoint(endpoint.id, kit.now())
            .await
            .unwrap()
    );
    assert_eq!(kit.store.endpoint(endpoint.id).await.unwrap(), None);
    assert_eq!(ids(None, 10).await, [other]);
    let gone = endpoint.id;
    assert!(!kit.store.enable_endpoint(gone).await.unwrap());
    let rotated = kit.store.rotate_endpoint(gone, &endpoint.secret, kit.now());
    assert!(!rotated.await.unwrap());
}

async fn events_are_handed_out_once_to_those_who_asked_for_them(context: Context) {
    let kit = Kit::open(&context).await;
    raise(&kit, EventType::LinkExpired, Subject::Idenfy).await;
    let links = keep(
        &kit,
        PayloadKind::Verdict,
        &[EventType::LinkExpired, EventType::LinkExhausted],
    )
    .await;
    let idenfy = keep(&kit, PayloadKind::Verdict, &[EventType::IdenfyUnavailable]).await;
    assert_eq!(hand_out(&kit).await, 0, "nothing happened since");
    let expired = raise(&kit, EventType::LinkExpired, Subject::Idenfy).await;
    let down = raise(&kit, EventType::IdenfyUnavailable, Subject::Idenfy).await;
    let test = raise(&kit, EventType::EndpointTest, Subject::Endpoint(idenfy)).await;
    raise(&kit, EventType::IdenfyRecovered, Subject::Idenfy).await;
    kit.store.publish().await.unwrap();

    // Two nodes see the same, and only one hands it out.
    let at_work = kit.store.endpoints_at_work(kit.now()).await.unwrap();
    let endpoints: Vec<&Endpoint> = at_work.iter().map(|one| &one.endpoint).collect();
    let both = futures_util::future::join(
        kit.store.hand_out(&endpoints, &kit.clock),
        kit.store.hand_out(&endpoints, &kit.clock),
    );
    let (a, b) = both.await;
    assert!(a.unwrap() || b.unwrap());
    assert_eq!(hand_out(&kit).await, 0);
    let told = async |endpoint| {
        let deliveries = all(&kit, endpoint).await;
        let mut told: Vec<_> = deliveries.iter().map(|one| one.event_id).collect();
        told.reverse();
        told
    };
    assert_eq!(told(links).await, [expired]);
    assert_eq!(told(idenfy).await, [down, test]);
    let delivery = &all(&kit, links).await[0];
    assert_eq!(
        (delivery.kind, delivery.status, delivery.next_attempt_at),
        (
            EventType::LinkExpired,
            DeliveryStatus::Pending,
            Some(kit.now())
        )
    );
    let positions: Vec<i64> = claim(&kit, idenfy)
        .await
        .iter()
        .map(|one| one.position)
        .collect();
    let told = kit.store.events_at(&positions).await.unwrap();
    let kinds: Vec<EventType> = told.iter().map(|told| told.event.kind).collect();
    assert_eq!(kinds.len(), 2);
    assert!(
        kinds.contains(&EventType::IdenfyUnavailable) && kinds.contains(&EventType::EndpointTest)
    );
}

async fn events_of_no_interest_cost_no_write_each(context: Context) {
    let kit = Kit::open(&context).await;
    let endpoint = keep(&kit, PayloadKind::Verdict, &[EventType::LinkExpired]).await;
    for _ in 0..499 {
        raise(&kit, EventType::IdenfyRecovered, Subject::Idenfy).await;
    }
    assert_eq!(hand_out(&kit).await, 0);
    assert_eq!(read(&kit, endpoint).await.handed_to, 0);
    raise(&kit, EventType::IdenfyRecovered, Subject::Idenfy).await;
    assert_eq!(hand_out(&kit).await, 1);
    assert_eq!(read(&kit, endpoint).await.handed_to, 500);
    raise(&kit, EventType::LinkExpired, Subject::Idenfy).await;
    assert_eq!(hand_out(&kit).await, 1);
    assert_eq!(read(&kit, endpoint).await.handed_to, 501);
    // More than fits into one go, for one endpoint that is far behind.
    for _ in 0..1100 {
        raise(&kit, EventType::LinkExpired, Subject::Idenfy).await;
    }
    assert_eq!(hand_out(&kit).await, 11);
    let count = "SELECT COUNT(*) FROM deliveries";
    assert_eq!(kit.database.numbers(count).await, [1101]);
}

async fn what_one_has_leased_nobody_else_sends_until_the_lease_ends(context: Context) {
    let kit = Kit::open(&context).await;
    let other = Store::open(&kit.database.url).await.unwrap();
    let endpoint = keep(&kit, PayloadKind::Verdict, &[EventType::LinkExpired]).await;
    for _ in 0..50 {
        raise(&kit, EventType::LinkExpired, Subject::Idenfy).await;
    }
    hand_out(&kit).await;
    let wanted = [Wanted {
        endpoint,
        limit: 30,
    }];
    let (now, until) = (kit.now(), kit.now().plus_millis(LEASE_MS));
    let both = futures_util::future::join(
        kit.store.claim_deliveries(&wanted, now, until),
        other.claim_deliveries(&wanted, now, until),
    );
    let (a, b) = both.await;
    let (a, b) = (a.unwrap(), b.unwrap());
    assert!(a.len() <= 30 && b.len() <= 30);
    let mut ids: Vec<DeliveryId> = a.iter().chain(&b).map(|one| one.id).collect();
    let rest = claim(&kit, endpoint).await;
    ids.extend(rest.iter().map(|one| one.id));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), a.len() + b.len() + rest.len()), (50, 50));
    // The others' process dies. What is ours is settled, what was theirs is due again when the lease ends.
    settle(&kit, &a, Outcome::Delivered).await;
    settle(&kit, &rest, Outcome::Delivered).await;
    kit.clock.advance(LEASE_MS - 1);
    assert_eq!(claim(&kit, endpoint).await.len(), 0);
    kit.clock.advance(1);
    assert_eq!(claim(&kit, endpoint).await.len(), b.len());
    // The one who was thought dead comes back with an answer after all.
    let late: Vec<Attempt> = b
        .iter()
        .map(|c| attempt(&kit, c, Outcome::Delivered))
        .collect();
    let switched_off = other.settle(&late, kit.now());
    assert_eq!(switched_off.await.unwrap(), []);
    settle(&kit, &b, again(&kit, 5000)).await;
    let deliveries = all(&kit, endpoint).await;
    assert!(
        deliveries
            .iter()
            .all(|one| one.status == DeliveryStatus::Delivered)
    );
    other.close().await;
}

async fn of_a_session_the_earliest_goes_first_and_the_others_wait_with_it(context: Context) {
    let kit = Kit::open(&context).await;
    let endpoint = keep(
        &kit,
        PayloadKind::Verdict,
        &[
            EventType::SessionStarted,
            EventType::SessionUpdated,
            EventType::SessionFinished,
        ],
    )
    .await;
    let (a, b) = (session(&kit).await, session(&kit).await);
    apply(&kit, a, false).await;
    hand_out(&kit).await;
    let first = claim(&kit, endpoint).await;
    let of: Vec<_> = first.iter().map(|one| one.session_id.unwrap()).collect();
    assert_eq!(of, [a, b]);
    settle(&kit, &first[..1], again(&kit, 9000)).await;
    settle(&kit, &first[1..], Outcome::Delivered).await;
    // What is handed out later waits as well.
    apply(&kit, a, true).await;
    hand_out(&kit).await;
    assert_eq!(claim(&kit, endpoint).await.len(), 0);
    let waiting = all(&kit, endpoint).await;
    let at = Some(kit.now().plus_millis(9000));
    let pending = waiting
        .iter()
        .filter(|one| one.status == DeliveryStatus::Pending);
    assert!(pending.clone().all(|one| one.next_attempt_at == at));
    assert_eq!(pending.count(), 3);
    kit.clock.advance(9000);
    for _ in 0..3 {
        let next = claim(&kit, endpoint).await;
        assert_eq!(next.len(), 1);
        assert_eq!(claim(&kit, endpoint).await.len(), 0);
        settle(&kit, &next, Outcome::Delivered).await;
    }
    // Given up is over, too.
    let c = session(&kit).await;
    apply(&kit, c, true).await;
    hand_out(&kit).await;
    let first = claim(&kit, endpoint).await;
    settle(&kit, &first, Outcome::GivenUp).await;
    let next = claim(&kit, endpoint).await;
    assert_eq!((first.len(), next.len()), (1, 1));
}

async fn what_failed_waits_and_is_brought_forward_when_the_endpoint_works_again(context: Context) {
    let kit = Kit::open(&context).await;
    let endpoint = keep(&kit, PayloadKind::Verdict, &[EventType::LinkExpired]).await;
    for _ in 0..5 {
        raise(&kit, EventType::LinkExpired, Subject::Idenfy).await;
    }
    hand_out(&kit).await;
    let claimed = claim(&kit, endpoint).await;
    settle(&kit, &claimed[..3], again(&kit, 3_600_000)).await;
    let asked = Outcome::Again {
        at: kit.now().plus_millis(3_600_000),
        not_before: Some(kit.now().plus_millis(1_800_000)),
    };
    settle(&kit, &claimed[3..4], asked).await;
    assert_eq!(read(&kit, endpoint).await.failing_since, Some(kit.now()));
    let tried = one(&kit, claimed[0].id).await;
    assert_eq!(
        tried.next_attempt_at,
        Some(kit.now().plus_millis(3_600_000))
    );
    let [told] = &tried.attempts[..] else {
        panic!("{tried:?}");
    };
    assert_eq!(
        (
            told.at,
            told.status,
            told.duration_ms,
            told.error.as_deref(),
            told.response.as_deref()
        ),
        (
            kit.now(),
            Some(500),
            7,
            Some("the status is not 2xx"),
            Some("thanks")
        )
    );

    kit.clock.advance(20_000);
    settle(&kit, &claimed[4..], Outcome::Delivered).await;
    assert_eq!(read(&kit, endpoint).await.failing_since, None);
    kit.clock.advance(9999);
    let forward = claim(&kit, endpoint).await;
    let ids: Vec<_> = forward.iter().map(|one| (one.id, one.pauses)).collect();
    let expected: Vec<_> = claimed[..3].iter().map(|one| (one.id, 0)).collect();
    assert_eq!(
        ids, expected,
        "and the pause that was cut short does not count"
    );
    let asked = one(&kit, claimed[3].id).await.next_attempt_at;
    assert_eq!(asked, Some(kit.now().plus_millis(1_800_000 - 29_999)));
}

async fn one_that_nothing_helps_is_brought_forward_only_so_often(context: Context) {
    let kit = Kit::open(&context).await;
    let endpoint = keep(&kit, PayloadKind::Verdict, &[EventType::LinkExpired]).await;
    raise(&kit, EventType::LinkExpired, Subject::Idenfy).await;
    hand_out(&kit).await;
    let mut never = claim(&kit, endpoint).await;
    let mut times = 0;
    while !never.is_empty() {
        settle(&kit, &never, again(&kit, 3_600_000)).await;
        raise(&kit, EventType::LinkExpired, Subject::Idenfy).await;
        hand_out(&kit).await;
        let other = claim(&kit, endpoint).await;
        settle(&kit, &other, Outcome::Delivered).await;
        kit.clock.advance(10_000);
        never = claim(&kit, endpoint).await;
        times += 1;
        assert!(times < 50);
    }
    assert_eq!(times, 21);
}

async fn what_failed_since_is_tried_again_but_for_what_was_overtaken(context: Context) {
    let kit = Kit::open(&context).await;
    let kinds = [
        EventType::SessionUpdated,
        EventType::SessionFinished,
        EventType::LinkExpired,
    ];
    let endpoint = keep(&kit, PayloadKind::Verdict, &kinds).await;
    raise(&kit, EventType::LinkExpired, Subject::Idenfy).await;
    hand_out(&kit).await;
    settle(&kit, &claim(&kit, endpoint).await, Outcome::GivenUp).await;
    kit.clock.advance(1000);
    let since = kit.now();
    raise(&kit, EventType::LinkExpired, Subject::Idenfy).await;
    let session = session(&kit).await;
    apply(&kit, session, false).await;
    apply(&kit, session, true).await;
    hand_out(&kit).await;
    settle(&kit, &claim(&kit, endpoint).await, Outcome::GivenUp).await;
    settle(&kit, &claim(&kit, endpoint).await, Outcome::Delivered).await;
    let statuses = async |wanted: &str| {
        let filter = DeliveryFilter {
            status: Some(wanted.into()),
            limit: 10,
            ..DeliveryFilter::default()
        };
        kit.store.deliveries(endpoint, &filter).await.unwrap()
    };
    assert_eq!(statuses("failed").await.len(), 3);
    assert_eq!(statuses("delivered").await.len(), 1);
    assert_eq!(statuses("nonsense").await.len(), 0);
    let retry = kit.store.retry_failed(endpoint, since, kit.now());
    assert_eq!(retry.await.unwrap(), 1);
    assert_eq!(claim(&kit, endpoint).await.len(), 1);
    // By hand, anything goes, delivered or not; what waits for it waits.
    for one in statuses("failed").await {
        assert!(kit.store.retry_delivery(one.id, kit.now()).await.unwrap());
    }
    assert_eq!(claim(&kit, endpoint).await.len(), 2);
    let nobody = DeliveryId::new(kit.clock.uuid());
    assert!(!kit.store.retry_delivery(nobody, kit.now()).await.unwrap());
    assert_eq!(kit.store.delivery(nobody).await.unwrap(), None);
}

async fn what_one_on_its_way_overtakes_just_now_is_not_tried_again(context: Context) {
    let kit = Kit::open(&context).await;
    let kinds = [EventType::SessionUpdated, EventType::SessionFinished];
    let endpoint = keep(&kit, PayloadKind::Verdict, &kinds).await;
    let session = session(&kit).await;
    apply(&kit, session, false).await;
    hand_out(&kit).await;
    settle(&kit, &claim(&kit, endpoint).await, Outcome::GivenUp).await;
    apply(&kit, session, true).await;
    hand_out(&kit).await;
    let since = kit.now();
    let on_its_way = claim(&kit, endpoint).await;
    assert_eq!(on_its_way.len(), 1);
    let retry = async || {
        let retried = kit.store.retry_failed(endpoint, since, kit.now());
        retried.await.unwrap()
    };
    assert_eq!(retry().await, 0);
    settle(&kit, &on_its_way, again(&kit, 0)).await;
    assert_eq!(retry().await, 1);
    let next = claim(&kit, endpoint).await;
    assert!(next.len() == 1 && next[0].position < on_its_way[0].position);
}

async fn an_endpoint_that_is_gone_or_fails_for_days_is_switched_off_and_told_of(context: Context) {
    let kit = Kit::open(&context).await;
    let kinds = [EventType::LinkExpired, EventType::EndpointDisabled];
    let gone = keep(&kit, PayloadKind::Verdict, &kinds).await;
    let failing = keep(&kit, PayloadKind::Verdict, &kinds).await;
    for _ in 0..3 {
        raise(&kit, EventType::LinkExpired, Subject::Idenfy).await;
    }
    hand_out(&kit).await;
    let claimed = claim(&kit, gone).await;
    assert_eq!(settle(&kit, &claimed[..1], Outcome::Gone).await, [gone]);
    let off = read(&kit, gone).await;
    assert_eq!(off.disabled, Some((kit.now(), "gone".into())));
    let deliveries = all(&kit, gone).await;
    assert!(
        deliveries
            .iter()
            .all(|one| one.status == DeliveryStatus::Failed)
    );
    assert!(
        !kit.store
            .retry_delivery(claimed[0].id, kit.now())
            .await
            .unwrap()
    );
    // Those on their way may still arrive.
    assert_eq!(settle(&kit, &claimed[1..2], Outcome::Delivered).await, []);
    assert_eq!(settle(&kit, &claimed[2..], again(&kit, 1)).await, []);
    assert_eq!(
        one(&kit, claimed[1].id).await.status,
        DeliveryStatus::Delivered
    );
    assert_eq!(
        one(&kit, claimed[2].id).await.status,
        DeliveryStatus::Failed
    );

    let claimed = claim(&kit, failing).await;
    let day_ms = 24 * 3600 * 1000;
    assert_eq!(settle(&kit, &claimed[..1], again(&kit, 1)).await, []);
    kit.clock.advance(5 * day_ms - 1);
    assert_eq!(settle(&kit, &claimed[1..2], again(&kit, 1)).await, []);
    kit.clock.advance(1);
    assert_eq!(settle(&kit, &claimed[2..], again(&kit, 1)).await, [failing]);
    let off = read(&kit, failing).await;
    assert_eq!(off.disabled, Some((kit.now(), "failing".into())));
    assert!(
        kit.store
            .endpoints_at_work(kit.now())
            .await
            .unwrap()
            .is_empty()
    );

    // Switched on again, it is told of what happened meanwhile.
    assert!(kit.store.enable_endpoint(failing).await.unwrap());
    let on = read(&kit, failing).await;
    assert_eq!((on.disabled, on.failing_since), (None, None));
    hand_out(&kit).await;
    let claimed = claim(&kit, failing).await;
    let positions: Vec<i64> = claimed.iter().map(|c| c.position).collect();
    let told = kit.store.events_at(&positions).await.unwrap();
    let about: Vec<_> = told
        .iter()
        .map(|told| (told.event.kind, told.event.endpoint_id))
        .collect();
    assert!(
        about.contains(&(EventType::EndpointDisabled, Some(gone))),
        "{about:?}"
    );
    assert!(
        about.contains(&(EventType::EndpointDisabled, Some(failing))),
        "{about:?}"
    );
}

async fn bodies_of_idenfy_are_kept_for_those_who_ask_and_no_longer(context: Context) {
    let kit = Kit::open(&context).await;
    let (updated, finished) = (EventType::SessionUpdated, EventType::SessionFinished);
    let kept = async || {
        kit.database
            .numbers("SELECT COUNT(*) FROM idenfy_bodies")
            .await[0]
    };
    let verdict = keep(&kit, PayloadKind::Verdict, &[updated, finished]).await;
    let first = session(&kit).await;
    apply(&kit, first, true).await;
    assert_eq!(kept().await, 0, "nobody asks for it");
    let one = keep(&kit, PayloadKind::Full, &[finished]).await;
    let other = keep(&kit, PayloadKind::Full, &[finished, EventType::LinkExpired]).await;
    let second = session(&kit).await;
    apply(&kit, second, false).await;
    assert_eq!(kept().await, 0, "nobody asks for it of such events");
    let event = apply(&kit, second, true).await;
    assert_eq!(kept().await, 1);
    let bodies = kit.store.idenfy_bodies(&[event]).await.unwrap();
    assert_eq!(bodies, [(event, "{\"data\": \"PERSONAL\"}".to_owned())]);
    kit.clock.advance(LEASE_MS);
    hand_out(&kit).await;
    for endpoint in [verdict, one] {
        settle(&kit, &claim(&kit, endpoint).await, Outcome::Delivered).await;
    }
    assert_eq!(kept().await, 1, "another waits for it");
    let claimed = claim(&kit, other).await;
    settle(&kit, &claimed, again(&kit, 1)).await;
    assert_eq!(kept().await, 1, "it is tried again");
    kit.clock.advance(1);
    settle(&kit, &claim(&kit, other).await, Outcome::GivenUp).await;
    assert_eq!(kept().await, 0, "all have it, or were given up");

    // Whoever is deleted or switched off gets nothing any more.
    let third = session(&kit).await;
    apply(&kit, third, true).await;
    assert_eq!(kit.store.erase_bodies(kit.now()).await.unwrap(), 0);
    hand_out(&kit).await;
    kit.clock.advance(3_600_000);
    assert_eq!(kit.store.erase_bodies(kit.now()).await.unwrap(), 0);
    assert!(kit.store.delete_endpoint(one, kit.now()).await.unwrap());
    assert_eq!(kit.store.erase_bodies(kit.now()).await.unwrap(), 0);
    settle(&kit, &claim(&kit, other).await, Outcome::Gone).await;
    assert_eq!(kept().await, 0);

    // Erasing a session erases it at once.
    keep(&kit, PayloadKind::Full, &[finished]).await;
    let fourth = session(&kit).await;
    apply(&kit, fourth, true).await;
    assert_eq!(kept().await, 1);
    assert!(kit.store.erase_session(fourth, kit.now()).await.unwrap());
    assert_eq!(kept().await, 0);

    // One that is deleted before anything was handed out to it.
    let last = keep(&kit, PayloadKind::Full, &[finished]).await;
    let fifth = session(&kit).await;
    apply(&kit, fifth, true).await;
    hand_out(&kit).await;
    for endpoint in kit.store.endpoints(None, 10).await.unwrap() {
        assert!(
            kit.store
                .delete_endpoint(endpoint.id, kit.now())
                .await
                .unwrap()
        );
    }
    assert_eq!(kit.store.endpoint(last).await.unwrap(), None);
    assert_eq!(kept().await, 1);
    kit.clock.advance(600_001);
    assert_eq!(kit.store.erase_bodies(kit.now()).await.unwrap(), 1);
    assert_eq!(kept().await, 0);
}

async fn deliveries_are_forgotten_and_their_events_after_them(context: Context) {
    let kit = Kit::open(&context).await;
    let endpoint = keep(&kit, PayloadKind::Verdict, &[EventType::LinkExpired]).await;
    for _ in 0..3 {
        raise(&kit, EventType::LinkExpired, Subject::Idenfy).await;
    }
    hand_out(&kit).await;
    let claimed = claim(&kit, endpoint).await;
    settle(&kit, &claimed[..1], Outcome::Delivered).await;
    settle(&kit, &claimed[1..2], Outcome::GivenUp).await;
    kit.clock.advance(KEPT_MS);
    assert_eq!(kit.store.forget_events(kit.now()).await.unwrap(), 0);
    assert_eq!(kit.store.forget_deliveries(kit.now()).await.unwrap(), 0);
    kit.clock.advance(1);
    assert_eq!(kit.store.forget_deliveries(kit.now()).await.unwrap(), 2);
    let left: Vec<DeliveryId> = all(&kit, endpoint).await.iter().map(|one| one.id).collect();
    assert_eq!(left, [claimed[2].id]);
    let attempts = "SELECT COUNT(*) FROM delivery_attempts";
    assert_eq!(kit.database.numbers(attempts).await, [0]);
    assert_eq!(kit.store.forget_events(kit.now()).await.unwrap(), 2);
}
