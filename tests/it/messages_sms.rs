//! Links by text message, to a scripted Twilio-compatible API; and what the API answers of messages.

use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use entrypass::config::{Config, Email, Sms};
use entrypass::domain::secret::Secret;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha1::Sha1;

use crate::harness::gateway::text;
use crate::harness::receiver::{Delivered, Reply};
use crate::harness::{Context, Gateway, Receiver, eventually, tests};

tests!(
    "messages_sms",
    [
        a_link_goes_out_as_a_text_message_and_its_segments_are_told,
        what_the_provider_refuses_is_told_and_what_it_cannot_do_now_is_tried_again,
        the_provider_s_reports_are_believed_if_they_are_signed,
        what_cannot_be_sent_is_refused_with_every_field_named,
        what_is_over_or_deleted_is_not_sent_and_addresses_are_erased,
    ]
);

const TOKEN: &str = "TWILIO-TOKEN-MARKER";
const BOUND: Duration = Duration::from_secs(30);
const DAY_MS: i64 = 86_400_000;

/// The settings of a provider that is this.
pub fn by(provider: &Receiver) -> impl FnOnce(&mut Config) {
    let base_url = provider.base.parse().unwrap();
    move |config| {
        config.server.public_url = Some("https://go.example.com".parse().unwrap());
        config.sms = Some(Sms {
            account_sid: Secret::new("AC42"),
            auth_token: Secret::new(TOKEN),
            from: "+4930901820".to_owned(),
            base_url,
            per_minute: 1000,
        });
    }
}

/// A mail server that is not there.
fn by_nobody(config: &mut Config) {
    config.email = Some(Email {
        smtp_url: Secret::new("smtp://127.0.0.1:1"),
        from: "verify@example.com".to_owned(),
        per_minute: 100,
    });
}

fn created(n: usize) -> Reply {
    (
        201,
        String::new(),
        json!({"sid": format!("SM{n}"), "status": "queued"}).to_string(),
    )
}

fn refused(status: u16, code: i64) -> Reply {
    let text = "The number +37060000042 is marked";
    (
        status,
        String::new(),
        json!({"code": code, "message": text, "status": status}).to_string(),
    )
}

fn field(one: &Delivered, name: &str) -> String {
    let found = url::form_urlencoded::parse(one.body.as_bytes()).find(|(known, _)| known == name);
    found
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

async fn send(gateway: &Gateway, link: &Value, body: Value) -> Value {
    let path = format!("/links/{}/send", text(&link["id"]));
    let (status, message) = gateway.post(&path, body).await;
    assert_eq!(status, 202, "{message}");
    message
}

async fn read(gateway: &Gateway, message: &Value) -> Value {
    gateway
        .get(&format!("/messages/{}", text(&message["id"])))
        .await
        .1
}

async fn stands(gateway: &Gateway, message: &Value, status: &str, attempts: i64) -> Value {
    eventually(BOUND, status, async || {
        let now = read(gateway, message).await;
        now["status"] == status && now["attempts"] == attempts
    })
    .await;
    read(gateway, message).await
}

async fn a_link_goes_out_as_a_text_message_and_its_segments_are_told(context: Context) {
    let provider = Receiver::start().await;
    provider.answer(|n, _| Some(created(n)));
    let gateway = Gateway::with(&context, by(&provider)).await;
    let link = gateway.link(json!({"slug": "text-marker"})).await;
    let german = send(
        &gateway,
        &link,
        json!({"phone": "0049 30 901820", "language": "de"}),
    )
    .await;
    let wanted = "go.example.com: Identität bestätigen https://go.example.com/text-marker?via=sms";
    let segments = json!({"encoding": "GSM-7", "count": 1, "units": wanted.chars().count()});
    assert_eq!(
        (&german["segments"], &german["to"]),
        (&segments, &json!("+4930901820"))
    );
    stands(&gateway, &german, "sent", 1).await;
    let [one] = &provider.all()[..] else {
        panic!("one message")
    };
    assert!(
        one.head
            .starts_with("POST /2010-04-01/Accounts/AC42/Messages.json "),
        "{}",
        one.head
    );
    let basic = BASE64_STANDARD.encode(format!("AC42:{TOKEN}"));
    assert_eq!(one.header("authorization"), format!("Basic {basic}"));
    assert_eq!(
        ["To", "From", "Body"].map(|name| field(one, name)),
        ["+4930901820", "+4930901820", wanted]
    );
    let reports = format!(
        "https://go.example.com/webhooks/sms?message={}",
        text(&german["id"])
    );
    assert_eq!(field(one, "StatusCallback"), reports);

    let russian = send(
        &gateway,
        &link,
        json!({"phone": "+7 912 345-67-89", "language": "ru"}),
    )
    .await;
    let told = stands(&gateway, &russian, "sent", 1).await;
    let body = field(&provider.all()[1], "Body");
    let units = body.encode_utf16().count();
    let segments = json!({"encoding": "UCS-2", "count": units.div_ceil(67), "units": units});
    assert_eq!(told["segments"], segments, "{body}");

    // The same request again sends nothing more, and it is noted who sent.
    let path = format!("/api/v1/links/{}/send", text(&link["id"]));
    for _ in 0..2 {
        let again = gateway
            .request(Method::POST, &path)
            .bearer_auth(&gateway.key)
            .header("Idempotency-Key", "once")
            .json(&json!({"phone": "+37060000042"}));
        assert_eq!(again.send().await.unwrap().status(), 202);
    }
    let (_, list) = gateway
        .get(&format!("/links/{}/messages?limit=2", text(&link["id"])))
        .await;
    assert_eq!(list["items"][0]["to"], "+37060000042");
    assert_eq!(list["items"][1]["id"], russian["id"]);
    let (_, rest) = gateway
        .get(&format!(
            "/links/{}/messages?cursor={}",
            text(&link["id"]),
            text(&list["next_cursor"])
        ))
        .await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    let (_, audit) = gateway.get("/audit?action=link.sent").await;
    let lines = audit["items"].as_array().unwrap();
    assert_eq!(
        (lines.len(), &lines[0]["object"]["id"]),
        (3, &link["id"]),
        "{audit}"
    );
    let log = context.log.text();
    for private in ["37060000042", "text-marker?via", TOKEN] {
        assert!(!log.contains(private), "{private} in the log");
    }
}

async fn what_the_provider_refuses_is_told_and_what_it_cannot_do_now_is_tried_again(
    context: Context,
) {
    context.expect_log("messages cannot be sent now and will be later");
    let provider = Receiver::start().await;
    provider.answer(|n, one| {
        Some(match &*field(one, "To") {
            "+37060000042" => refused(400, 21211),
            "+37060000043" => refused(400, 21610),
            _ if n < 3 => refused(503, 20500),
            _ => created(n),
        })
    });
    let gateway = Gateway::with(&context, by(&provider)).await;
    let link = gateway.link(json!({})).await;
    for (phone, error) in [
        (
            "+37060000042",
            "21211: the number cannot receive text messages",
        ),
        (
            "+37060000043",
            "21610: the person has unsubscribed from this sender",
        ),
    ] {
        let message = send(&gateway, &link, json!({"phone": phone})).await;
        let told = stands(&gateway, &message, "failed", 1).await;
        assert_eq!(told["error"], error);
    }
    let message = send(&gateway, &link, json!({"phone": "+37060000044"})).await;
    let told = stands(&gateway, &message, "pending", 1).await;
    assert!(text(&told["error"]).contains("provider"), "{told}");
    gateway.clock.advance(35_000);
    stands(&gateway, &message, "sent", 2).await;
    assert!(!context.log.text().contains("3706000004"));
}

fn signed(url: &str, fields: &[(&str, &str)]) -> String {
    let mut sorted = fields.to_vec();
    sorted.sort_unstable();
    let mut mac = Hmac::<Sha1>::new_from_slice(TOKEN.as_bytes()).unwrap();
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

async fn report(
    gateway: &Gateway,
    query: &str,
    fields: &[(&str, &str)],
    signature: Option<&str>,
) -> u16 {
    let path = format!("/webhooks/sms{query}");
    let own = signed(&format!("https://go.example.com{path}"), fields);
    let body: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let request = gateway
        .request(Method::POST, &path)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("X-Twilio-Signature", signature.unwrap_or(&own))
        .body(body);
    request.send().await.unwrap().status().as_u16()
}

async fn the_provider_s_reports_are_believed_if_they_are_signed(context: Context) {
    let provider = Receiver::start().await;
    provider.answer(|n, _| Some(created(n)));
    let gateway = Gateway::with(&context, by(&provider)).await;
    let link = gateway.link(json!({})).await;
    let mut messages = Vec::new();
    for n in 0..3 {
        let message = send(&gateway, &link, json!({"phone": format!("+3706000004{n}")})).await;
        messages.push(stands(&gateway, &message, "sent", 1).await);
    }
    let query = |n: usize| format!("?message={}", text(&messages[n]["id"]));
    let of = |sid: &'static str, status: &'static str| {
        [
            ("MessageSid", sid),
            ("MessageStatus", status),
            ("To", "+37060000040"),
        ]
    };
    let status = async |n: usize| read(&gateway, &messages[n]).await["status"].clone();

    let forged = signed(
        "https://elsewhere.example.com/webhooks/sms",
        &of("SM0", "delivered"),
    );
    for forged in [forged.as_str(), "", "AAAA"] {
        assert_eq!(
            report(&gateway, &query(0), &of("SM0", "delivered"), Some(forged)).await,
            401
        );
    }
    assert_eq!(status(0).await, "sent");
    // In any order, and repeated: what has arrived has arrived.
    for told in ["sent", "delivered", "sent", "undelivered", "delivered"] {
        assert_eq!(
            report(&gateway, &query(0), &of("SM0", told), None).await,
            200
        );
    }
    assert_eq!(status(0).await, "delivered");
    let mut failed = of("SM1", "undelivered").to_vec();
    failed.push(("ErrorCode", "30006"));
    assert_eq!(report(&gateway, "", &failed, None).await, 200);
    let told = read(&gateway, &messages[1]).await;
    assert_eq!(
        (&told["status"], text(&told["error"])),
        (
            &json!("failed"),
            "30006: the number cannot receive text messages, as landlines"
        )
    );
    // Another's name, and a message that is not known.
    assert_eq!(
        report(&gateway, &query(2), &of("SM9", "delivered"), None).await,
        200
    );
    assert_eq!(
        report(&gateway, "", &of("SM77", "delivered"), None).await,
        200
    );
    assert_eq!(status(2).await, "sent");
    let metrics = gateway
        .request(Method::GET, "/metrics")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        metrics.contains("entrypass_messages_total{channel=\"sms\",result=\"delivered\"} 1"),
        "{metrics}"
    );
    assert!(!context.log.text().contains("3706000004"));
}

async fn what_cannot_be_sent_is_refused_with_every_field_named(context: Context) {
    let off = Gateway::start(&context).await;
    let link = off.link(json!({})).await;
    for path in [
        format!("/links/{}/send", text(&link["id"])),
        "/links/nothing/send".to_owned(),
    ] {
        for body in [
            json!({"email": "ana@example.com"}),
            json!({"phone": "no"}),
            json!([]),
        ] {
            let (status, problem) = off.post(&path, body).await;
            assert_eq!((status, &problem["code"]), (409, &json!("sending_off")));
        }
    }

    let provider = Receiver::start().await;
    provider.answer(|n, _| Some(created(n)));
    let gateway = Gateway::with(&context, by(&provider)).await;
    let link = gateway.link(json!({})).await;
    let path = format!("/links/{}/send", text(&link["id"]));
    let (status, problem) = gateway.post(&path, json!({"email": "no", "more": 1})).await;
    assert_eq!((status, &problem["code"]), (409, &json!("sending_off")));
    for (body, wrong) in [
        (json!({}), vec![""]),
        (
            json!({"email": "ana@example.com", "phone": "+37060000042"}),
            vec![""],
        ),
        (
            json!({"phone": "12", "name": "a\nb", "language": "xx", "more": 1}),
            vec!["phone", "name", "language", "more"],
        ),
        (json!({"phone": 37_060_000_042_i64}), vec!["phone"]),
    ] {
        let (status, problem) = gateway.post(&path, body).await;
        let errors = problem["errors"]
            .as_array()
            .unwrap_or_else(|| panic!("{problem}"));
        let fields: Vec<&str> = errors.iter().map(|error| text(&error["field"])).collect();
        assert_eq!((status, fields), (422, wrong));
    }
    let phone = json!({"phone": "+37060000042"});
    assert_eq!(
        gateway.post("/links/nothing/send", phone.clone()).await.0,
        404
    );
    assert_eq!(gateway.get("/links/nothing/messages").await.0, 404);
    assert_eq!(gateway.get("/messages/nothing").await.0, 404);
    assert_eq!(
        gateway.post("/messages/nothing/retry", json!({})).await.0,
        404
    );
    let single = gateway.link(json!({"usage": {"type": "single"}})).await;
    assert_eq!(gateway.click(&single).await.status(), 302);
    let (status, problem) = gateway
        .post(&format!("/links/{}/send", text(&single["id"])), phone)
        .await;
    assert_eq!((status, &problem["code"]), (409, &json!("link_over")));
    assert_eq!(provider.count(), 0);
}

async fn what_is_over_or_deleted_is_not_sent_and_addresses_are_erased(context: Context) {
    context.expect_log("messages cannot be sent now and will be later");
    let gateway = Gateway::with(&context, by_nobody).await;
    let to = json!({"email": "ana@example.com", "name": "Ana"});
    let [switched_off, deleted] = [gateway.link(json!({})).await, gateway.link(json!({})).await];
    let id = |link: &Value| text(&link["id"]).to_owned();
    assert_eq!(
        gateway
            .post(
                &format!("/links/{}/deactivate", id(&switched_off)),
                json!({})
            )
            .await
            .0,
        200
    );
    let message = send(&gateway, &switched_off, to.clone()).await;
    let told = stands(&gateway, &message, "stopped", 0).await;
    assert_eq!(
        (&told["error"], &told["name"]),
        (&json!("the link was switched off"), &json!("Ana"))
    );
    let waits = send(&gateway, &deleted, to.clone()).await;
    assert_eq!(
        gateway
            .api(Method::DELETE, &format!("/links/{}", id(&deleted)), None)
            .await
            .0,
        204
    );
    let told = read(&gateway, &waits).await;
    assert_eq!(
        (&told["status"], &told["to"], &told["name"]),
        (&json!("stopped"), &Value::Null, &Value::Null)
    );
    let (status, problem) = gateway
        .post(&format!("/messages/{}/retry", id(&waits)), json!({}))
        .await;
    assert_eq!((status, &problem["code"]), (409, &json!("message_over")));

    gateway.clock.advance(31 * DAY_MS);
    gateway.erasing(30).step().await.unwrap();
    let told = read(&gateway, &message).await;
    assert_eq!(
        (&told["status"], &told["to"], &told["name"]),
        (&json!("stopped"), &Value::Null, &Value::Null)
    );
}
