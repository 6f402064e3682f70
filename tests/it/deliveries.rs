//! Results on their way to a customer's backend, by the real gateway: signed, in order, tried again, not lost.

use std::collections::{BTreeMap, BTreeSet};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use entrypass::domain::event::EventType;
use entrypass::domain::id::{EndpointId, EventId};
use entrypass::domain::secret::Secret;
use entrypass::store::deliveries::KEPT_MS;
use entrypass::store::endpoints::{Endpoint, PayloadKind};
use entrypass::store::events::{NewEvent, Subject};
use entrypass::webhooks::schedule::PAUSES_MS;
use futures_util::stream::{self, StreamExt as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::api_endpoints::{deliver, deliveries, endpoint, path_of, private};
use crate::api_support::{metric, over, until};
use crate::harness::gateway::text;
use crate::harness::receiver::Delivered;
use crate::harness::{BOUND, Context, Gateway, Receiver, eventually, tests};
use crate::webhook_in::{AUTO, MANUAL, result, send, session, shown};

tests!(
    "deliveries",
    [
        a_result_is_sent_signed_in_the_form_of_standard_webhooks,
        results_of_a_session_arrive_in_their_order,
        a_failed_delivery_is_tried_again_by_the_schedule_until_it_is_given_up,
        an_endpoint_may_ask_to_be_left_alone_for_a_while,
        one_that_says_it_is_gone_is_switched_off_and_others_are_told,
        one_that_fails_for_five_days_is_switched_off,
        a_slow_endpoint_does_not_hold_up_another,
        no_redirect_is_followed,
        private_targets_are_refused_at_each_delivery,
        after_a_rotation_both_secrets_sign_for_a_day,
        idenfys_own_body_goes_to_those_who_ask_for_it_and_is_then_erased,
        an_endpoint_that_was_down_gets_its_results_soon_after_it_is_back,
        an_answer_is_kept_up_to_a_kibibyte,
        a_broken_connection_and_an_endless_answer_do_no_harm,
        however_many_deliveries_grow_old_they_are_forgotten,
    ],
    Postgres: [two_nodes_share_the_work_and_send_nothing_twice]
);

/// The signature that a secret gives what arrived.
pub fn signature(secret: &Value, one: &Delivered) -> String {
    let key = text(secret).strip_prefix("whsec_").unwrap();
    let key = BASE64_STANDARD.decode(key).unwrap();
    let signed = format!(
        "{}.{}.{}",
        one.header("webhook-id"),
        one.header("webhook-timestamp"),
        one.body
    );
    let mac = Hmac::<Sha256>::new_from_slice(&key)
        .unwrap()
        .chain_update(signed);
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

/// Starts a session that is approved at once.
async fn finished(gateway: &Gateway) -> Value {
    let session = session(gateway).await;
    send(
        gateway,
        MANUAL,
        &result(&session["scan_ref"], "APPROVED", true),
    )
    .await;
    session
}

fn all_events() -> Value {
    let names: Vec<&str> = EventType::subscribable().map(EventType::as_str).collect();
    json!({"events": names})
}

async fn a_result_is_sent_signed_in_the_form_of_standard_webhooks(context: Context) {
    let gateway = private(&context).await;
    let receiver = Receiver::start().await;
    let url = format!("{}/hook/PATH-MARKER?token=QUERY-MARKER", receiver.base);
    let made = endpoint(&gateway, &url, &json!({})).await;
    let link = gateway.link(json!({})).await;
    gateway.click(&link).await;
    let session = gateway.sessions(&link).await[0].clone();
    gateway.clock.advance(1500);
    send(
        &gateway,
        MANUAL,
        &result(&session["scan_ref"], "APPROVED", true),
    )
    .await;
    deliver(&gateway).await;

    let [one] = &receiver.taken()[..] else {
        panic!("one result, not {:?}", receiver.all());
    };
    assert!(
        one.head
            .starts_with("POST /hook/PATH-MARKER?token=QUERY-MARKER HTTP/1.1\r\n")
    );
    assert_eq!(one.header("content-type"), "application/json");
    assert!(one.header("user-agent").starts_with("entrypass/"));
    let delivery = &deliveries(&gateway, &made).await[0];
    assert_eq!(one.header("webhook-id"), text(&delivery["event_id"]));
    let now = gateway.clock.now().seconds().to_string();
    assert_eq!(one.header("webhook-timestamp"), now);
    assert_eq!(
        one.header("webhook-signature"),
        signature(&made["secret"], one)
    );
    let told = shown(&gateway, &session).await;
    assert_eq!(told["status"], "approved");
    let expected = json!({
        "type": "session.finished", "timestamp": "2027-01-15T12:00:01.500Z",
        "data": {"session": told, "link": {"id": link["id"], "name": "A link"}},
    });
    assert_eq!(one.json(), expected);
    assert_eq!(
        (
            &delivery["status"],
            delivery["attempts"].as_array().unwrap().len()
        ),
        (&json!("delivered"), 1)
    );
    assert_eq!(
        metric(&gateway, "entrypass_deliveries_total{result=\"delivered\"}").await,
        1
    );

    // What fails is logged by the names of the endpoint and the delivery alone.
    receiver.status(500);
    finished(&gateway).await;
    deliver(&gateway).await;
    assert_eq!(
        metric(&gateway, "entrypass_deliveries_total{result=\"failed\"}").await,
        1
    );
    let log = context.log.text();
    assert!(log.contains("a delivery failed") && log.contains(text(&made["id"])));
    for hidden in [
        "PATH-MARKER",
        "QUERY-MARKER",
        "whsec_",
        text(&session["client_id"]),
    ] {
        assert!(!log.contains(hidden), "{hidden}");
    }
}

async fn results_of_a_session_arrive_in_their_order(context: Context) {
    let gateway = private(&context).await;
    let receiver = Receiver::start().await;
    let made = endpoint(&gateway, &receiver.base, &all_events()).await;
    receiver.status(500);
    let first = session(&gateway).await;
    deliver(&gateway).await;
    send(
        &gateway,
        AUTO,
        &result(&first["scan_ref"], "APPROVED", false),
    )
    .await;
    send(
        &gateway,
        MANUAL,
        &result(&first["scan_ref"], "DENIED", true),
    )
    .await;
    receiver.status(200);
    let other = session(&gateway).await;
    deliver(&gateway).await;
    let [only] = &receiver.taken()[..] else {
        panic!("another session does not wait: {:?}", receiver.taken());
    };
    assert_eq!(only.json()["data"]["session"]["id"], other["id"]);
    gateway.clock.advance(10_000);
    deliver(&gateway).await;
    let taken = receiver.taken();
    let statuses: Vec<String> = taken[1..]
        .iter()
        .map(|one| {
            let told = one.json();
            assert_eq!(told["data"]["session"]["id"], first["id"]);
            format!(
                "{} {}",
                text(&told["type"]),
                text(&told["data"]["session"]["status"])
            )
        })
        .collect();
    assert_eq!(
        statuses,
        [
            "session.started active",
            "session.updated reviewing",
            "session.finished denied"
        ]
    );
    // Tried twice, it was the same both times.
    let tried: Vec<Delivered> = receiver.all();
    let again = tried
        .iter()
        .filter(|one| one.header("webhook-id") == tried[0].header("webhook-id"));
    let bodies: BTreeSet<&str> = again.clone().map(|one| one.body.as_str()).collect();
    assert_eq!((again.count(), bodies.len()), (2, 1));
    assert_eq!(deliveries(&gateway, &made).await.len(), 4);
}

async fn a_failed_delivery_is_tried_again_by_the_schedule_until_it_is_given_up(context: Context) {
    let gateway = private(&context).await;
    let receiver = Receiver::start().await;
    let made = endpoint(&gateway, &receiver.base, &json!({})).await;
    receiver.status(500);
    let session = finished(&gateway).await;
    deliver(&gateway).await;
    for (n, pause) in PAUSES_MS.into_iter().enumerate() {
        assert_eq!(receiver.count(), n + 1);
        let due = &deliveries(&gateway, &made).await[0]["next_attempt_at"];
        let due = entrypass::domain::timestamp::Timestamp::parse(text(due)).unwrap();
        let left = due.millis() - gateway.clock.now().millis();
        assert!(
            (pause..=pause + pause / 10).contains(&left),
            "{pause}: {left}"
        );
        gateway.clock.advance(left - 1);
        deliver(&gateway).await;
        assert_eq!(receiver.count(), n + 1, "not before its time");
        gateway.clock.advance(1);
        deliver(&gateway).await;
    }
    let delivery = &deliveries(&gateway, &made).await[0];
    assert_eq!(
        (&delivery["status"], &delivery["next_attempt_at"]),
        (&json!("failed"), &json!(null))
    );
    assert_eq!(delivery["attempts"].as_array().unwrap().len(), 10);
    gateway.clock.advance(48 * 3_600_000);
    deliver(&gateway).await;
    assert_eq!(receiver.count(), 10);
    receiver.status(200);
    let path = format!("{}/retry", path_of(&made));
    let told = gateway
        .post(&path, json!({"since": "2027-01-15T00:00:00Z"}))
        .await;
    assert_eq!(told, (202, json!({"retried": 1})));
    deliver(&gateway).await;
    assert_eq!(
        receiver.taken()[0].json()["data"]["session"]["id"],
        session["id"]
    );
    assert_eq!(
        gateway.get(&path_of(&made)).await.1["failing_since"],
        json!(null)
    );
}

async fn an_endpoint_may_ask_to_be_left_alone_for_a_while(context: Context) {
    let gateway = private(&context).await;
    let receiver = Receiver::start().await;
    let made = endpoint(&gateway, &receiver.base, &json!({})).await;
    for (status, asked, from, to) in [
        (503, "120", 120_000, 120_000),
        (429, "Fri, 15 Jan 2027 12:03:00 GMT", 180_000, 180_000),
        (503, "1", 5000, 5500),
        (500, "30", 30_000, 30_000),
        (503, "soon", 5000, 5500),
        (429, "99999999", 86_400_000, 86_400_000),
    ] {
        let asked = format!("Retry-After: {asked}\r\n");
        receiver.answer(move |_, _| Some((status, asked.clone(), String::new())));
        gateway
            .post(&format!("{}/test", path_of(&made)), json!({}))
            .await;
        deliver(&gateway).await;
        let due = &deliveries(&gateway, &made).await[0]["next_attempt_at"];
        let due = entrypass::domain::timestamp::Timestamp::parse(text(due)).unwrap();
        let left = due.millis() - gateway.clock.now().millis();
        assert!((from..=to).contains(&left), "{status} {left}");
    }
}

async fn one_that_says_it_is_gone_is_switched_off_and_others_are_told(context: Context) {
    context.expect_log("was switched off");
    let gateway = private(&context).await;
    let (gone, watcher) = (Receiver::start().await, Receiver::start().await);
    let made = endpoint(&gateway, &gone.base, &json!({})).await;
    endpoint(
        &gateway,
        &watcher.base,
        &json!({"events": ["endpoint.disabled"]}),
    )
    .await;
    gone.status(410);
    finished(&gateway).await;
    deliver(&gateway).await;
    deliver(&gateway).await;
    let path = path_of(&made);
    let off = gateway.get(&path).await.1;
    assert_eq!(
        (&off["disabled_at"], &off["disabled_reason"]),
        (&json!("2027-01-15T12:00:00Z"), &json!("gone"))
    );
    let told = watcher.taken()[0].json();
    assert_eq!(told["type"], "endpoint.disabled");
    assert_eq!(told["data"], json!({"endpoint": {"id": made["id"]}}));
    assert_eq!(deliveries(&gateway, &made).await[0]["status"], "failed");
    finished(&gateway).await;
    deliver(&gateway).await;
    assert_eq!(gone.count(), 1, "nothing is sent to it");
    let since = json!({"since": "2027-01-15T00:00:00Z"});
    let delivery = deliveries(&gateway, &made).await[0]["id"].clone();
    for (path, body) in [
        (format!("{path}/test"), json!({})),
        (format!("{path}/retry"), since.clone()),
        (format!("/deliveries/{}/retry", text(&delivery)), json!({})),
    ] {
        let (status, told) = gateway.post(&path, body).await;
        assert_eq!((status, &told["code"]), (409, &json!("endpoint_disabled")));
    }
    gone.status(200);
    let on = gateway.post(&format!("{path}/enable"), json!({})).await.1;
    assert_eq!(
        (&on["disabled_at"], &on["disabled_reason"]),
        (&json!(null), &json!(null))
    );
    deliver(&gateway).await;
    assert_eq!(
        gone.taken().len(),
        1,
        "what happened while it was off is sent then"
    );
    let told = gateway.post(&format!("{path}/retry"), since).await;
    assert_eq!(told, (202, json!({"retried": 1})));
    deliver(&gateway).await;
    assert_eq!(gone.taken().len(), 2);
}

async fn one_that_fails_for_five_days_is_switched_off(context: Context) {
    context.expect_log("was switched off");
    let gateway = private(&context).await;
    let receiver = Receiver::start().await;
    let made = endpoint(&gateway, &receiver.base, &json!({})).await;
    receiver.status(500);
    let day_ms = 86_400_000;
    for day in 0..5 {
        finished(&gateway).await;
        deliver(&gateway).await;
        let shown = gateway.get(&path_of(&made)).await.1;
        assert_eq!(shown["disabled_at"], json!(null), "{day}");
        // What failed is now due again, and the background may be the first to see.
        gateway.clock.advance(day_ms);
    }
    deliver(&gateway).await;
    let shown = gateway.get(&path_of(&made)).await.1;
    assert_eq!(
        (
            &shown["failing_since"],
            &shown["disabled_at"],
            &shown["disabled_reason"]
        ),
        (
            &json!("2027-01-15T12:00:00Z"),
            &json!("2027-01-20T12:00:00Z"),
            &json!("failing")
        )
    );
}

async fn a_slow_endpoint_does_not_hold_up_another(context: Context) {
    let gateway = private(&context).await;
    let (slow, fast) = (Receiver::start().await, Receiver::start().await);
    slow.answer(|_, _| None);
    let made = endpoint(&gateway, &slow.base, &json!({})).await;
    endpoint(&gateway, &fast.base, &json!({})).await;
    for _ in 0..40 {
        finished(&gateway).await;
    }
    eventually(BOUND, "the fast one has all", async || {
        fast.taken().len() == 40
    })
    .await;
    eventually(BOUND, "the slow one has what fits", async || {
        slow.count() >= 16
    })
    .await;
    // More only as others are given up.
    let sent = slow.count();
    let deliveries = deliveries(&gateway, &made).await;
    let attempts = deliveries.iter().map(|one| one["attempts"].as_array());
    let given_up: usize = attempts.map(|attempts| attempts.unwrap().len()).sum();
    assert!(sent <= 16 + given_up, "{sent}, {given_up}");
    assert!(deliveries.iter().all(|one| one["status"] == "pending"));
}

async fn no_redirect_is_followed(context: Context) {
    let gateway = private(&context).await;
    let (first, second) = (Receiver::start().await, Receiver::start().await);
    let made = endpoint(&gateway, &first.base, &json!({})).await;
    for status in [301, 302, 303, 307, 308] {
        let to = format!("Location: {}/elsewhere\r\n", second.base);
        first.answer(move |_, _| Some((status, to.clone(), String::new())));
        finished(&gateway).await;
        deliver(&gateway).await;
        let attempt = &deliveries(&gateway, &made).await[0]["attempts"][0];
        assert_eq!(attempt["status"], status);
        assert_eq!(attempt["error"], "redirects are not followed");
    }
    assert_eq!((first.count(), second.count()), (5, 0));
}

async fn private_targets_are_refused_at_each_delivery(context: Context) {
    // As if they had been made while the settings allowed them.
    let gateway = Gateway::start(&context).await;
    let receiver = Receiver::start().await;
    let port = receiver.base.rsplit_once(':').unwrap().1;
    for url in [
        receiver.base.clone(),
        format!("http://localhost:{port}"),
        format!("https://127.0.0.1:{port}"),
        format!("https://localhost:{port}"),
        format!("https://[::ffff:127.0.0.1]:{port}"),
    ] {
        let id = EndpointId::new(gateway.clock.uuid());
        let made = Endpoint {
            id,
            url: Secret::new(url),
            events: vec![EventType::SessionFinished],
            payload: PayloadKind::Verdict,
            secret: Secret::new("whsec_AAAA"),
            previous: None,
            handed_to: 0,
            created_at: gateway.clock.now(),
            failing_since: None,
            disabled: None,
        };
        gateway.state.store.insert_endpoint(&made).await.unwrap();
        let test = NewEvent {
            id: EventId::new(gateway.clock.uuid()),
            kind: EventType::EndpointTest,
            at: gateway.clock.now(),
            subject: Subject::Endpoint(id),
            shown: None,
        };
        gateway.state.store.raise(&[test]).await.unwrap();
        deliver(&gateway).await;
        let told = &deliveries(&gateway, &json!({"id": id})).await[0];
        let attempt = &told["attempts"][0];
        assert_eq!(attempt["status"], json!(null));
        assert!(text(&attempt["error"]).starts_with("refused"), "{attempt}");
        assert_eq!(told["status"], "pending", "the settings may change");
    }
    assert_eq!(receiver.count(), 0);
}

async fn after_a_rotation_both_secrets_sign_for_a_day(context: Context) {
    let gateway = private(&context).await;
    let receiver = Receiver::start().await;
    let made = endpoint(&gateway, &receiver.base, &json!({})).await;
    let path = path_of(&made);
    let rotated = gateway.post(&format!("{path}/rotate"), json!({})).await.1;
    for (advance, both) in [(0, true), (86_399_999, true), (1, false)] {
        gateway.clock.advance(advance);
        gateway.post(&format!("{path}/test"), json!({})).await;
        deliver(&gateway).await;
        let taken = receiver.taken();
        let one = taken.last().unwrap();
        let new = signature(&rotated["secret"], one);
        let old = signature(&made["secret"], one);
        let expected = if both { format!("{new} {old}") } else { new };
        assert_eq!(one.header("webhook-signature"), expected);
    }
}

async fn idenfys_own_body_goes_to_those_who_ask_for_it_and_is_then_erased(context: Context) {
    let gateway = private(&context).await;
    let (full, verdict) = (Receiver::start().await, Receiver::start().await);
    let kinds = json!({"events": ["session.started", "session.updated", "session.finished"]});
    endpoint(
        &gateway,
        &full.base,
        &over(kinds.clone(), &json!({"payload": "full"})),
    )
    .await;
    let made = endpoint(&gateway, &verdict.base, &kinds).await;
    full.status(500);
    let session = session(&gateway).await;
    deliver(&gateway).await;
    let personal =
        json!({"data": {"docFirstName": "MARKER-FIRST"}, "clientIp": "203.0.113.77", "n": 1.5e10});
    let auto = over(result(&session["scan_ref"], "APPROVED", false), &personal);
    let manual = over(result(&session["scan_ref"], "APPROVED", true), &personal);
    send(&gateway, AUTO, &auto).await;
    send(&gateway, MANUAL, &manual).await;
    deliver(&gateway).await;
    let kept = async || {
        gateway
            .database
            .numbers("SELECT COUNT(*) FROM idenfy_bodies")
            .await[0]
    };
    assert_eq!(kept().await, 2);
    full.status(200);
    gateway.clock.advance(10_000);
    deliver(&gateway).await;
    let idenfy: Vec<Option<Value>> = full
        .taken()
        .iter()
        .map(|one| one.json()["data"].get("idenfy").cloned())
        .collect();
    assert_eq!(idenfy, [None, Some(auto), Some(manual)]);
    assert_eq!(kept().await, 0);
    for one in verdict.taken() {
        assert!(one.json()["data"].get("idenfy").is_none() && !one.body.contains("MARKER"));
    }
    assert_eq!(verdict.taken().len(), 3);
    assert!(!context.log.text().contains("MARKER-FIRST"));
    let log = serde_json::to_string(&deliveries(&gateway, &made).await).unwrap();
    assert!(!log.contains("MARKER"));
    // Sent once more, it is not there any more.
    let path = format!(
        "/deliveries/{}/retry",
        text(&deliveries(&gateway, &made).await[0]["id"])
    );
    assert_eq!(gateway.post(&path, json!({})).await.0, 202);
}

async fn an_endpoint_that_was_down_gets_its_results_soon_after_it_is_back(context: Context) {
    let gateway = private(&context).await;
    let receiver = Receiver::start().await;
    let made = endpoint(&gateway, &receiver.base, &json!({})).await;
    receiver.set_down(true);
    for _ in 0..20 {
        finished(&gateway).await;
    }
    for ms in [0, 6000, 600_000] {
        gateway.clock.advance(ms);
        deliver(&gateway).await;
    }
    assert_eq!(receiver.taken().len(), 0);
    assert_eq!(
        deliveries(&gateway, &made).await[0]["attempts"][0]["error"],
        "the connection broke before the answer"
    );
    receiver.set_down(false);
    finished(&gateway).await;
    deliver(&gateway).await;
    let at_once = receiver.taken().len();
    assert!(at_once < 21, "spread out, not all at once");
    gateway.clock.advance(9000);
    deliver(&gateway).await;
    assert_eq!(receiver.taken().len(), 21);
}

async fn an_answer_is_kept_up_to_a_kibibyte(context: Context) {
    let gateway = private(&context).await;
    let receiver = Receiver::start().await;
    let made = endpoint(&gateway, &receiver.base, &json!({})).await;
    for (text_of, kept) in [
        ("short".to_owned(), "short".to_owned()),
        ("ab\u{0}c".to_owned(), "ab\u{fffd}c".to_owned()),
        ("x".repeat(200_000), "x".repeat(1024)),
        (
            format!("{}é", "x".repeat(1023)),
            format!("{}\u{fffd}", "x".repeat(1023)),
        ),
    ] {
        receiver.answer(move |_, _| Some((200, String::new(), text_of.clone())));
        gateway
            .post(&format!("{}/test", path_of(&made)), json!({}))
            .await;
        deliver(&gateway).await;
        let delivery = &deliveries(&gateway, &made).await[0];
        assert_eq!(delivery["status"], "delivered");
        assert_eq!(text(&delivery["attempts"][0]["response"]), kept);
    }
}

async fn a_broken_connection_and_an_endless_answer_do_no_harm(context: Context) {
    let gateway = private(&context).await;
    let receiver = Receiver::start().await;
    let made = endpoint(&gateway, &receiver.base, &json!({})).await;
    let nobody = endpoint(&gateway, "http://127.0.0.1:1/", &json!({})).await;
    let no_name = endpoint(&gateway, "http://no-such-name.invalid/", &json!({})).await;
    // It promises more than it sends, and then nothing: the status counts.
    let more = "Transfer-Encoding: chunked\r\n";
    receiver.answer(move |_, _| Some((200, more.to_owned(), "not a chunk\r\n".to_owned())));
    finished(&gateway).await;
    deliver(&gateway).await;
    for (endpoint, status, error) in [
        (&made, "delivered", json!(null)),
        (&nobody, "pending", json!("no connection")),
        (&no_name, "pending", json!("no connection")),
    ] {
        let delivery = &deliveries(&gateway, endpoint).await[0];
        assert_eq!(
            (&delivery["status"], &delivery["attempts"][0]["error"]),
            (&json!(status), &error)
        );
    }
}

async fn two_nodes_share_the_work_and_send_nothing_twice(context: Context) {
    let one = private(&context).await;
    let two = one
        .another_node(|config| config.webhooks.allow_private = true)
        .await;
    let receiver = Receiver::start().await;
    endpoint(&one, &receiver.base, &all_events()).await;
    let starts = (0..100).map(|n| {
        let node = if n % 2 == 0 { &one } else { &two };
        async move {
            let session = session(node).await;
            send(node, AUTO, &result(&session["scan_ref"], "APPROVED", false)).await;
            send(
                node,
                MANUAL,
                &result(&session["scan_ref"], "APPROVED", true),
            )
            .await;
        }
    });
    // A few at once: how many a node can take is another question.
    stream::iter(starts)
        .buffer_unordered(8)
        .collect::<()>()
        .await;
    eventually(BOUND, "all arrive", async || receiver.taken().len() >= 300).await;
    until(async || {
        let pending = "SELECT COUNT(*) FROM deliveries WHERE status = 'pending'";
        one.database.numbers(pending).await == [0]
    })
    .await;
    let taken = receiver.taken();
    let ids: BTreeSet<&str> = taken.iter().map(|one| one.header("webhook-id")).collect();
    assert_eq!((taken.len(), ids.len()), (300, 300));
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in taken.iter().map(Delivered::json) {
        let session = text(&one["data"]["session"]["id"]).to_owned();
        let kinds = told.entry(session).or_default();
        kinds.push(text(&one["type"]).to_owned());
    }
    assert_eq!(told.len(), 100);
    for kinds in told.values() {
        assert_eq!(
            kinds,
            &["session.started", "session.updated", "session.finished"]
        );
    }
}

async fn however_many_deliveries_grow_old_they_are_forgotten(context: Context) {
    let gateway = private(&context).await;
    let receiver = Receiver::start().await;
    endpoint(&gateway, &receiver.base, &json!({})).await;
    let old = gateway.clock.now().plus_millis(-KEPT_MS - 1).millis();
    let many = format!(
        "INSERT INTO deliveries (id, endpoint_id, position, event_id, type, status, created_at, ended_at)
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
         SELECT '01977d1a-0c4d-7b12-8e5f-' || substr(CAST(1000000000000 + i AS TEXT), 2), 'nobody', i, 'none', 'x',
                'delivered', {old}, {old} FROM n"
    );
    assert_eq!(gateway.database.execute(&many).await.unwrap(), 2500);
    gateway.outbound().step().await.unwrap();
    let left = "SELECT COUNT(*) FROM deliveries";
    assert_eq!(gateway.database.numbers(left).await, [0]);
}
