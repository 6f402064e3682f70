//! Links by email, to a real mail server on loopback that is as difficult as real ones are.

use std::process::Command;
use std::time::Duration;

use entrypass::config::{Config, Email};
use entrypass::domain::id::{CampaignId, LinkId, MessageId};
use entrypass::domain::locale::Locale;
use entrypass::domain::message::{Channel, MessageKind, NewMessage};
use entrypass::domain::secret::Secret;
use entrypass::messages::outbox::LEASE_MS;
use libtest_mimic::Trial;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api_support::metric;
use crate::harness::gateway::{location, text};
use crate::harness::mail::{MailServer, where_there_is_mail};
use crate::harness::{Context, Gateway, eventually, free_port, on_each_engine};

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    let mut trials = Vec::new();
    let mut add = |name, test| on_each_engine(&mut trials, "messages_email", name, test);
    add(
        "every_language_arrives_as_a_mail_that_reads_well",
        |context| Box::pin(every_language_arrives_as_a_mail_that_reads_well(context)),
    );
    add(
        "a_mail_is_tried_again_where_that_helps_and_nowhere_else",
        |context| {
            Box::pin(a_mail_is_tried_again_where_that_helps_and_nowhere_else(
                context,
            ))
        },
    );
    add("no_more_than_so_many_go_out_in_a_minute", |context| {
        Box::pin(no_more_than_so_many_go_out_in_a_minute(context))
    });
    add("what_a_node_died_with_is_sent_by_another", |context| {
        Box::pin(what_a_node_died_with_is_sent_by_another(context))
    });
    add(
        "a_server_that_is_down_or_wants_a_password_delays",
        |context| Box::pin(a_server_that_is_down_or_wants_a_password_delays(context)),
    );
    add("who_unsubscribes_gets_no_more_of_a_campaign", |context| {
        Box::pin(who_unsubscribes_gets_no_more_of_a_campaign(context))
    });
    where_there_is_mail(trials)
}

/// How long what goes on in the background may take.
const BOUND: Duration = Duration::from_secs(30);

/// The settings of a mail server.
fn by(url: String, per_minute: u32) -> impl FnOnce(&mut Config) {
    move |config| {
        config.server.public_url = Some("https://go.example.com".parse().unwrap());
        config.email = Some(Email {
            smtp_url: Secret::new(url),
            from: "Example & Söhne <verify@example.com>".to_owned(),
            per_minute,
        });
    }
}

fn at(server: &MailServer) -> String {
    format!("smtp://127.0.0.1:{}", server.port)
}

async fn send(gateway: &Gateway, link: &Value, body: Value) -> Value {
    let path = format!("/links/{}/send", text(&link["id"]));
    let (status, message) = gateway.post(&path, body).await;
    assert_eq!(status, 202, "{message}");
    message
}

async fn read(gateway: &Gateway, message: &Value) -> Value {
    let (status, message) = gateway
        .get(&format!("/messages/{}", text(&message["id"])))
        .await;
    assert_eq!(status, 200, "{message}");
    message
}

/// Waits until a message stands so.
async fn stands(gateway: &Gateway, message: &Value, status: &str, attempts: i64) -> Value {
    eventually(BOUND, status, async || {
        let now = read(gateway, message).await;
        now["status"] == status && now["attempts"] == attempts
    })
    .await;
    read(gateway, message).await
}

async fn every_language_arrives_as_a_mail_that_reads_well(context: Context) {
    let server = MailServer::start(&[]).await;
    let gateway = Gateway::with(&context, by(at(&server), 1000)).await;
    let link = gateway
        .link(json!({"usage": {"type": "single"}, "expires_at": "2027-03-01T10:00:00Z"}))
        .await;
    for language in Locale::ALL {
        let to = json!({
            "email": format!("ana.{language}@bücher.example"), "name": "Ana Žukauskaitė",
            "language": language.as_str(),
        });
        send(&gateway, &link, to).await;
    }
    eventually(BOUND, "a mail in each language", async || {
        server.taken().len() == 35
    })
    .await;
    let mut subjects = Vec::new();
    for mail in server.taken() {
        let (headers, about) = (&mail["headers"], &mail["recipient"]);
        assert_eq!(mail["errors"], json!([]), "{about}");
        assert_eq!(mail["type"], "multipart/alternative");
        assert_eq!(mail["parts"], json!(["text/plain", "text/html"]));
        assert_eq!(mail["ascii"], true);
        assert!(mail["longest"].as_u64().unwrap() <= 998, "{about}");
        let to = format!("Ana Žukauskaitė <{}>", text(about));
        assert_eq!(headers["to"], to);
        assert_eq!(headers["from"], "Example & Söhne <verify@example.com>");
        assert_eq!(headers["date"], "Fri, 15 Jan 2027 12:00:00 +0000");
        assert!(
            text(&headers["message-id"]).ends_with("@go.example.com>"),
            "{headers}"
        );
        assert_eq!(headers["auto-submitted"], "auto-generated");
        assert!(headers["list-unsubscribe"].is_null(), "{headers}");
        let url = format!("{}?via=email", text(&link["url"]));
        assert_eq!(mail["links"], json!([url, url]), "{about}");
        let plain = text(&mail["text"]);
        assert!(plain.contains(&format!("\n\n{url}\n\n")), "{plain}");
        for part in ["Ana Žukauskaitė", "Example & Söhne", "2027-03-01 10:00 UTC"] {
            assert!(plain.contains(part), "{part}: {plain}");
        }
        assert!(!plain.contains(['{', '}', '\u{2068}']), "{plain}");
        subjects.push(text(&headers["subject"]).to_owned());
    }
    assert!(
        subjects.contains(&"Verify your identity".to_owned()),
        "{subjects:?}"
    );
    subjects.sort();
    subjects.dedup();
    assert!(subjects.len() > 30, "{subjects:?}");

    // The mail's link starts a session that knows the way it came.
    let path = format!("/{}?via=email", text(&link["slug"]));
    let click = gateway.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(click.status(), 302);
    assert!(location(&click).contains("authToken"));
    assert_eq!(gateway.sessions(&link).await[0]["via"], "email");
    let log = context.log.text();
    for private in ["bücher", "xn--bcher", "Žukauskait", "go.example.com/"] {
        assert!(!log.contains(private), "{private} in the log");
    }
}

async fn a_mail_is_tried_again_where_that_helps_and_nowhere_else(context: Context) {
    let server = MailServer::start(&[]).await;
    let gateway = Gateway::with(&context, by(at(&server), 1000)).await;
    let link = gateway.link(json!({})).await;
    let to = |name: &str| json!({"email": format!("{name}.marker@example.com")});
    let [grey, refused, dropped, full] = ["grey", "refused", "drop", "full"].map(to);
    let grey = send(&gateway, &link, grey).await;
    let refused = send(&gateway, &link, refused).await;
    let dropped = send(&gateway, &link, dropped).await;
    let full = send(&gateway, &link, full).await;

    let told = stands(&gateway, &refused, "failed", 1).await;
    assert_eq!(told["error"], "550 5.1.1: there is no such address");
    assert!(
        told["next_attempt_at"].is_null() && !told["ended_at"].is_null(),
        "{told}"
    );
    let told = stands(&gateway, &full, "failed", 1).await;
    assert_eq!(told["error"], "552 5.2.2: the mailbox is full");
    let told = stands(&gateway, &grey, "pending", 1).await;
    assert_eq!(
        told["error"],
        "451 4.7.1: the mail server asks to try again later"
    );
    let told = stands(&gateway, &dropped, "pending", 1).await;
    assert!(text(&told["error"]).contains("broke"), "{told}");
    let next = text(&told["next_attempt_at"]);
    assert!(
        ("2027-01-15T12:00:30".."2027-01-15T12:00:34").contains(&next),
        "{next}"
    );

    gateway.clock.advance(35_000);
    for (message, name) in [(&grey, "grey"), (&dropped, "drop")] {
        let told = stands(&gateway, message, "sent", 2).await;
        assert!(
            told["error"].is_null() && told["sent_at"] == "2027-01-15T12:00:35Z",
            "{told}"
        );
        assert_eq!(
            server
                .taken_for(&format!("{name}.marker@example.com"))
                .len(),
            1
        );
    }
    let retry = |message: &Value| format!("/messages/{}/retry", text(&message["id"]));
    let (status, problem) = gateway.post(&retry(&grey), json!({})).await;
    assert_eq!((status, &problem["code"]), (409, &json!("message_over")));
    let (status, again) = gateway.post(&retry(&refused), json!({})).await;
    assert_eq!((status, &again["status"]), (202, &json!("pending")));
    stands(&gateway, &refused, "failed", 1).await;
    for (result, messages) in [("sent", 2), ("delayed", 2), ("failed", 3)] {
        let sample = format!("entrypass_messages_total{{channel=\"email\",result=\"{result}\"}}");
        // Counted once it is noted.
        eventually(BOUND, &sample, async || {
            metric(&gateway, &sample).await == messages
        })
        .await;
    }
    assert!(
        !context.log.text().contains("marker@"),
        "an address in the log"
    );
}

async fn no_more_than_so_many_go_out_in_a_minute(context: Context) {
    let server = MailServer::start(&[]).await;
    let gateway = Gateway::with(&context, by(at(&server), 5)).await;
    let other = gateway.another_node(by(at(&server), 5)).await;
    let link = gateway.link(json!({})).await;
    for n in 0..12 {
        send(
            &other,
            &link,
            json!({"email": format!("ana{n}@example.com")}),
        )
        .await;
    }
    for (minute, so_far) in [5, 10, 12].into_iter().enumerate() {
        let list = format!("/links/{}/messages", text(&link["id"]));
        eventually(BOUND, "the minute's share", async || {
            let (_, list) = gateway.get(&list).await;
            let sent = list["items"].as_array().unwrap().iter();
            sent.filter(|message| message["status"] == "sent").count() >= so_far
        })
        .await;
        // The clock stands still: whatever was sent until now was sent in the minutes until now.
        let (_, list) = gateway.get(&list).await;
        let at = format!("2027-01-15T12:0{minute}:00Z");
        let items = list["items"].as_array().unwrap().iter();
        let share = items.filter(|message| message["sent_at"] == at).count();
        assert_eq!(share, so_far - minute * 5, "{list}");
        gateway.clock.advance(60_000);
    }
    assert_eq!(server.taken().len(), 12);
}

fn message(
    gateway: &Gateway,
    link: &Value,
    email: &str,
    campaign: Option<CampaignId>,
) -> NewMessage {
    NewMessage {
        id: MessageId::new(gateway.clock.uuid()),
        kind: MessageKind::Invitation,
        link: LinkId::parse(text(&link["id"])).unwrap(),
        campaign,
        channel: Channel::Email,
        recipient: email.to_owned(),
        recipient_name: None,
        language: None,
        created_at: gateway.clock.now(),
    }
}

async fn what_a_node_died_with_is_sent_by_another(context: Context) {
    let server = MailServer::start(&[]).await;
    // This one sends nothing by itself: what it claims is as if it had died with it.
    let dead = Gateway::start(&context).await;
    let link = dead.link(json!({})).await;
    let lost = message(&dead, &link, "lost@example.com", None);
    let store = &dead.state.store;
    store
        .queue_messages(std::slice::from_ref(&lost))
        .await
        .unwrap();
    let now = dead.clock.now();
    let until = now.plus_millis(LEASE_MS);
    let claimed = store
        .claim_messages(Channel::Email, (10, 100), now, until)
        .await
        .unwrap();
    assert_eq!(claimed.len(), 1);

    let alive = dead.another_node(by(at(&server), 100)).await;
    let first = send(&alive, &link, json!({"email": "first@example.com"})).await;
    stands(&alive, &first, "sent", 1).await;
    assert_eq!(server.taken_for("lost@example.com").len(), 0);
    alive.clock.advance(LEASE_MS);
    stands(&alive, &json!({"id": lost.id.to_string()}), "sent", 1).await;
    let taken = server.taken_for("lost@example.com");
    assert_eq!(taken.len(), 1);
    // Sent twice it would have the same name, by which a mail program shows it once.
    let name = format!("<{}@go.example.com>", lost.id);
    assert_eq!(taken[0]["headers"]["message-id"], name);
}

async fn a_server_that_is_down_or_wants_a_password_delays(context: Context) {
    context.expect_log(
        "messages cannot be sent now and will be later: the mail server cannot be reached",
    );
    context.expect_log("messages cannot be sent now and will be later: 535");
    let folder = tempfile::tempdir().unwrap();
    let [cert, key] =
        ["cert.pem", "key.pem"].map(|name| folder.path().join(name).display().to_string());
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ])
        .args([
            "-subj",
            "/CN=localhost",
            "-days",
            "2",
            "-keyout",
            &key,
            "-out",
            &cert,
        ])
        .output()
        .expect("openssl");
    assert!(made.status.success(), "{made:?}");
    let port = free_port();
    let url = |password: &str| format!("smtp://user%40a:{password}@127.0.0.1:{port}");

    let gateway = Gateway::with(&context, by(url("right"), 100)).await;
    let link = gateway.link(json!({})).await;
    let waits = send(&gateway, &link, json!({"email": "ana@example.com"})).await;
    let told = stands(&gateway, &waits, "pending", 1).await;
    assert_eq!(told["error"], "the mail server cannot be reached");

    let (port, tls) = (port.to_string(), format!("{cert}:{key}"));
    let server =
        MailServer::start(&["--port", &port, "--auth", "user@a:right", "--tls", &tls]).await;
    let wrong = Gateway::with(&context, by(url("WRONG-MARKER"), 100)).await;
    let link = wrong.link(json!({})).await;
    let refused = send(&wrong, &link, json!({"email": "bea@example.com"})).await;
    let told = stands(&wrong, &refused, "pending", 1).await;
    assert!(
        text(&told["error"]).ends_with("the mail server refuses to be signed in to"),
        "{told}"
    );
    assert!(!context.log.text().contains("WRONG-MARKER"));
    assert_eq!(server.taken().len(), 0);

    // STARTTLS and the right password.
    gateway.clock.advance(40_000);
    stands(&gateway, &waits, "sent", 2).await;
    assert_eq!(server.taken_for("ana@example.com").len(), 1);
}

async fn who_unsubscribes_gets_no_more_of_a_campaign(context: Context) {
    let server = MailServer::start(&[]).await;
    let gateway = Gateway::with(&context, by(at(&server), 100)).await;
    let link = gateway.link(json!({})).await;
    let campaign = Some(CampaignId::new(gateway.clock.uuid()));
    let queue = async |email: &str| {
        let message = message(&gateway, &link, email, campaign);
        gateway
            .state
            .store
            .queue_messages(std::slice::from_ref(&message))
            .await
            .unwrap();
        json!({"id": message.id.to_string()})
    };
    let first = queue("ana@example.com").await;
    stands(&gateway, &first, "sent", 1).await;
    let mail = server.taken_for("ana@example.com").pop().unwrap();
    let headers = &mail["headers"];
    assert_eq!(
        headers["list-unsubscribe-post"],
        "List-Unsubscribe=One-Click"
    );
    let url = text(&headers["list-unsubscribe"])
        .trim_matches(['<', '>'])
        .to_owned();
    assert!(
        text(&mail["text"]).contains(&url) && mail["links"][2] == url,
        "{mail}"
    );
    let path = url.strip_prefix("https://go.example.com").unwrap();

    // Who looks at it, or forges it, takes nobody off.
    let page = gateway
        .request(Method::GET, path)
        .header("Accept-Language", "de")
        .send()
        .await
        .unwrap();
    assert_eq!(page.status(), 200);
    let page = page.text().await.unwrap();
    assert!(
        page.contains("<h1>Abmelden</h1>") && page.contains("von Example &#38; Söhne"),
        "{page}"
    );
    let forged = format!("{}AA", &path[..path.len() - 2]);
    for method in [Method::GET, Method::POST] {
        let answer = gateway.request(method, &forged).send().await.unwrap();
        assert_eq!(answer.status(), 404);
    }
    let second = queue("ana@example.com").await;
    stands(&gateway, &second, "sent", 1).await;

    let body = "List-Unsubscribe=One-Click";
    for _ in 0..2 {
        let posted = gateway
            .request(Method::POST, path)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body);
        let done = posted.send().await.unwrap();
        assert_eq!(done.status(), 200);
        assert!(done.text().await.unwrap().contains("Done."));
    }
    let third = queue("Ana@EXAMPLE.com").await;
    let told = stands(&gateway, &third, "stopped", 0).await;
    assert!(text(&told["error"]).contains("wants no more"), "{told}");
    let other = queue("bea@example.com").await;
    stands(&gateway, &other, "sent", 1).await;
    // What somebody sends to that person alone is no campaign.
    let own = send(&gateway, &link, json!({"email": "ana@example.com"})).await;
    stands(&gateway, &own, "sent", 1).await;
    assert_eq!(server.taken_for("ana@example.com").len(), 3);
}
