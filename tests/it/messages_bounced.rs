//! What is nobody's fault to whom it goes: a mail server that takes nothing from us, mails that come back later, and sending
//! again what failed. And what keys without `read`, and kept answers, do not tell.

use std::time::Duration;

use entrypass::config::{Config, Email};
use entrypass::domain::secret::Secret;
use entrypass::store::events::EventFilter;
use libtest_mimic::Trial;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::gateway::text;
use crate::harness::mail::{MailServer, where_there_is_mail};
use crate::harness::{Context, Gateway, eventually, on_each_engine};

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    let mut trials = Vec::new();
    let mut add = |name, test| on_each_engine(&mut trials, "messages_bounced", name, test);
    add(
        "what_a_server_takes_from_nobody_waits_and_fails_no_message",
        |context| {
            Box::pin(what_a_server_takes_from_nobody_waits_and_fails_no_message(
                context,
            ))
        },
    );
    add(
        "a_mail_that_comes_back_is_shown_and_sent_again_once_it_is_asked_for",
        |context| {
            Box::pin(a_mail_that_comes_back_is_shown_and_sent_again_once_it_is_asked_for(context))
        },
    );
    add("what_is_sent_is_told_to_none_who_may_not_read", |context| {
        Box::pin(what_is_sent_is_told_to_none_who_may_not_read(context))
    });
    where_there_is_mail(trials)
}

const BOUND: Duration = Duration::from_secs(30);

fn by(server: &MailServer) -> impl FnOnce(&mut Config) + use<> {
    let url = format!("smtp://127.0.0.1:{}", server.port);
    move |config| {
        config.server.public_url = Some("https://go.example.com".parse().unwrap());
        config.email = Some(Email {
            smtp_url: Secret::new(url),
            from: "Example <verify@example.com>".to_owned(),
            per_minute: 1000,
        });
    }
}

async fn invite(gateway: &Gateway, email: &str) -> Value {
    let body = json!({
        "client_id": format!("c-{email}"), "first_name": "Ana", "email": email, "campaign": "Spring", "send": "email",
    });
    let (status, made) = gateway.post("/invitations", body).await;
    assert_eq!(status, 201, "{made}");
    made
}

/// Waits until an invitation has come so far.
async fn comes_to(gateway: &Gateway, invitation: &Value, status: &str) -> Value {
    let path = format!("/invitations/{}", text(&invitation["id"]));
    eventually(BOUND, status, async || {
        gateway.get(&path).await.1["status"] == status
    })
    .await;
    gateway.get(&path).await.1
}

/// The last message of an invitation.
async fn message_of(gateway: &Gateway, invitation: &Value) -> Value {
    let path = format!("/links/{}/messages", text(&invitation["id"]));
    gateway.get(&path).await.1["items"][0].clone()
}

async fn funnel(gateway: &Gateway, invitation: &Value) -> Value {
    let id = text(&invitation["campaign"]["id"]);
    gateway.get(&format!("/campaigns/{id}")).await.1["funnel"].clone()
}

async fn metric(gateway: &Gateway, line: &str) -> bool {
    let page = gateway.request(Method::GET, "/metrics").send().await;
    let page = page.unwrap().text().await.unwrap();
    page.lines().any(|one| one == line)
}

async fn what_a_server_takes_from_nobody_waits_and_fails_no_message(context: Context) {
    context.expect_log(
        "messages cannot be sent now and will be later: 554 5.7.1: the mail server does not pass mail on for us",
    );
    let server = MailServer::start(&[]).await;
    let gateway = Gateway::with(&context, by(&server)).await;
    let first = invite(&gateway, "relay@example.com").await;
    let fault = || async { gateway.state.store.channel_faults().await.unwrap().pop() };
    eventually(BOUND, "a fault", async || fault().await.is_some()).await;
    let told = fault().await.unwrap();
    assert!(told.reason.contains("does not pass mail on"), "{told:?}");
    assert!(!told.reason.contains("relay@"), "{told:?}");
    let waits = comes_to(&gateway, &first, "pending").await;
    assert_eq!(waits["message"]["error"], told.reason, "{waits}");
    let line = "entrypass_channel_fault{channel=\"email\"} 1";
    eventually(BOUND, "the metric", async || metric(&gateway, line).await).await;

    // While it rests nothing is sent; then one finds out that it is over, and all go out.
    let second = invite(&gateway, "bea@example.com").await;
    assert_eq!(funnel(&gateway, &second).await["waiting"], 2);
    gateway.clock.advance(40_000);
    for invitation in [&first, &second] {
        comes_to(&gateway, invitation, "sent").await;
    }
    eventually(BOUND, "its end", async || fault().await.is_none()).await;
    let line = "entrypass_channel_fault{channel=\"email\"} 0";
    eventually(BOUND, "the metric", async || metric(&gateway, line).await).await;
    assert_eq!(server.count(), 2);
}

fn report(message_id: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example.net\r\nSubject: Undelivered Mail\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n\
         Final-Recipient: rfc822; MARKER@example.com\r\nAction: failed\r\nStatus: 5.2.2\r\n\
         Diagnostic-Code: smtp; 552 5.2.2 <MARKER@example.com> is full\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {message_id}\r\n\r\n--b--\r\n"
    )
}

async fn post_mail(gateway: &Gateway, mail: String) -> Value {
    let posted = gateway
        .request(Method::POST, "/api/v1/bounces")
        .bearer_auth(&gateway.key)
        .header("Content-Type", "message/rfc822")
        .body(mail);
    let answer = posted.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

async fn a_mail_that_comes_back_is_shown_and_sent_again_once_it_is_asked_for(context: Context) {
    let server = MailServer::start(&[]).await;
    let gateway = Gateway::with(&context, by(&server)).await;
    let [back, arrived] = [
        invite(&gateway, "back@example.com").await,
        invite(&gateway, "arrived@example.com").await,
    ];
    let refused = invite(&gateway, "refused@example.com").await;
    comes_to(&gateway, &arrived, "sent").await;
    comes_to(&gateway, &refused, "failed").await;
    comes_to(&gateway, &back, "sent").await;
    let sent = message_of(&gateway, &back).await;
    let mail = server.taken_for("back@example.com").pop().unwrap();
    let message_id = text(&mail["headers"]["message-id"]);

    let odd = [
        String::new(),
        "Subject: Out of office\r\n\r\nBack on Monday".to_owned(),
        report("<other@example.com>"),
        report("<01977d1c-5b2a-7e10-9c3d-4e5f60718293@go.example.com>"),
    ];
    for mail in odd {
        let answer = post_mail(&gateway, mail).await;
        assert!(
            answer["bounced"] == false && answer["ignored"].is_string(),
            "{answer}"
        );
    }
    for _ in 0..2 {
        let answer = post_mail(&gateway, report(message_id)).await;
        let wanted = json!({"bounced": true, "message_id": sent["id"], "ignored": null});
        assert_eq!(answer, wanted);
    }
    let shown = comes_to(&gateway, &back, "failed").await;
    let why = "it came back, 552 5.2.2: the mailbox is full";
    assert_eq!(shown["message"]["error"], why, "{shown}");
    let path = format!("/messages/{}", text(&sent["id"]));
    let (_, message) = gateway.get(&path).await;
    assert_eq!(message["bounced_at"], "2027-01-15T12:00:00Z", "{message}");
    let counted = funnel(&gateway, &back).await;
    assert_eq!(
        [&counted["failed"], &counted["bounced"], &counted["sent"]],
        [2, 1, 1]
    );
    assert!(
        metric(
            &gateway,
            "entrypass_messages_total{channel=\"email\",result=\"bounced\"} 1"
        )
        .await
    );
    eventually(BOUND, "the event", async || {
        gateway.state.store.publish().await.unwrap();
        let filter = EventFilter {
            limit: 100,
            ..EventFilter::default()
        };
        let events = gateway.state.store.events(&filter).await.unwrap();
        events
            .iter()
            .any(|told| told.event.kind.as_str() == "message.bounced")
    })
    .await;

    // What JSON tells is read as well; what was not sent did not come back.
    for (body, status) in [
        (json!({"message_id": message["id"], "status": "5.1.1"}), 200),
        (
            json!({"message_id": message_of(&gateway, &refused).await["id"]}),
            200,
        ),
        (json!({"message_id": "?", "status": "5.1"}), 422),
        (json!({"status": "5.1.1", "novel": 1}), 422),
    ] {
        let (answered, answer) = gateway.post("/bounces", body).await;
        assert_eq!(answered, status, "{answer}");
    }

    // Those two are sent to again, once; the third is left alone.
    let path = format!("/campaigns/{}/retry", text(&back["campaign"]["id"]));
    let (status, answer) = gateway.post(&path, json!({})).await;
    assert_eq!((status, answer), (202, json!({"retried": 2})));
    comes_to(&gateway, &back, "sent").await;
    comes_to(&gateway, &refused, "failed").await;
    let (_, answer) = gateway.post(&path, json!({})).await;
    assert_eq!(
        answer,
        json!({"retried": 1}),
        "the one that is refused again"
    );
    comes_to(&gateway, &refused, "failed").await;
    assert_eq!(server.taken_for("back@example.com").len(), 2);
    assert_eq!(server.taken_for("arrived@example.com").len(), 1);
    assert!(!context.log.text().contains("MARKER"));
}

async fn what_is_sent_is_told_to_none_who_may_not_read(context: Context) {
    let server = MailServer::start(&[]).await;
    let gateway = Gateway::with(&context, by(&server)).await;
    let (status, key) = gateway
        .post("/keys", json!({"name": "sender", "scopes": ["links"]}))
        .await;
    assert_eq!(status, 201, "{key}");
    let key = text(&key["key"]).to_owned();
    let post = async |path: &str, idempotency: &str, body: Value| {
        let posted = gateway
            .request(Method::POST, &format!("/api/v1{path}"))
            .bearer_auth(&key)
            .header("Idempotency-Key", idempotency)
            .json(&body);
        let answer = posted.send().await.unwrap();
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.unwrap(),
        )
    };
    let body = json!({"client_id": "c-1", "first_name": "Nele", "email": "refused@example.com"});
    let (status, made) = post("/invitations", "a", body.clone()).await;
    assert_eq!(
        (status, &made["email"]),
        (201, &json!("refused@example.com"))
    );
    let id = text(&made["id"]).to_owned();
    let (status, sent) = post(
        &format!("/invitations/{id}/send"),
        "b",
        json!({"channel": "email"}),
    )
    .await;
    let only =
        |answer: &Value| -> Vec<String> { answer.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(
        (status, only(&sent)),
        (202, vec!["id".to_owned(), "status".to_owned()])
    );
    comes_to(&gateway, &made, "failed").await;
    let message = message_of(&gateway, &made).await;
    let message = text(&message["id"]);
    let (status, again) = post(&format!("/messages/{message}/retry"), "c", json!({})).await;
    assert_eq!(
        (status, only(&again)),
        (202, vec!["id".to_owned(), "status".to_owned()])
    );
    let (status, again) = post("/invitations", "a", body.clone()).await;
    assert_eq!(
        (status, &again["email"]),
        (201, &json!("refused@example.com"))
    );

    // What was answered is not told again once the person is erased, nor is anybody made anew.
    let path = format!("/api/v1/invitations/{id}");
    let erased = gateway.request(Method::DELETE, &path).bearer_auth(&key);
    assert_eq!(erased.send().await.unwrap().status(), 204);
    let (status, again) = post("/invitations", "a", body).await;
    assert_eq!((status, text(&again["id"])), (201, &*id));
    assert!(
        again["email"].is_null() && !again.to_string().contains("Nele"),
        "{again}"
    );
}
