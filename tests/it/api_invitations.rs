//! `/api/v1/invitations` and `/api/v1/campaigns`

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use entrypass::config::{Config, Email};
use entrypass::domain::secret::Secret;
use entrypass::domain::timestamp::DAY_MS;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::api_bulk::SCRIPTS;
use crate::api_support::{fields, problem, until};
use crate::harness::gateway::{text, told};
use crate::harness::{Context, Gateway, tests};

tests!(
    "api_invitations",
    [
        ten_thousand_people_are_refused_whole_until_every_row_is_right,
        an_invitation_tells_how_far_it_has_come,
        a_campaign_is_told_as_a_funnel_and_reminds_those_who_have_not_acted,
        nothing_is_sent_where_sending_is_off,
        whoever_is_erased_leaves_no_trace,
    ]
);

/// Email can be asked for, and one is on its way for ever; what goes out is tried where it is sent.
pub fn with_email(config: &mut Config) {
    let port = falls_silent();
    config.email = Some(Email {
        smtp_url: Secret::new(format!("smtp://127.0.0.1:{port}")),
        from: "Entrypass <noreply@example.com>".to_owned(),
        per_minute: 1,
    });
}

/// The port of a mail server that says nothing more once it was told the recipient: before that it would soon count as
/// one that cannot be reached.
fn falls_silent() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || -> std::io::Result<()> {
                let mut lines = BufReader::new(stream.try_clone()?);
                let mut line = String::new();
                stream.write_all(b"220 ready\r\n")?;
                while lines.read_line(&mut line)? > 0 {
                    if !line.starts_with("RCPT") {
                        stream.write_all(b"250 go on\r\n")?;
                    }
                    line.clear();
                }
                Ok(())
            });
        }
    });
    port
}

async fn csv(gateway: &Gateway, query: &str, key: Option<&str>, csv: &str) -> Response {
    let path = format!("/api/v1/invitations/bulk?{query}");
    let mut request = gateway
        .request(Method::POST, &path)
        .bearer_auth(&gateway.key);
    if let Some(key) = key {
        request = request
            .header("Idempotency-Key", key)
            .header("Accept", "text/csv");
    }
    let request = request.header("Content-Type", "text/csv");
    request.body(csv.to_owned()).send().await.unwrap()
}

/// Ten thousand rows in ten scripts; of `bad` each is wrong in one of several ways.
fn people(bad: &[usize]) -> (String, Vec<String>) {
    let mut csv =
        "\u{feff}client_id;first_name;last_name;email;date_of_birth;language\r\n".to_owned();
    let mut wanted = Vec::new();
    for n in 0..10_000 {
        let (first, last) = SCRIPTS[n % 10]
            .split_once(' ')
            .unwrap_or((SCRIPTS[n % 10], ""));
        let mut cells = [
            format!("customer-{n}"),
            first.to_owned(),
            last.to_owned(),
            format!("person{n}@example.com"),
            "1990-05-17".to_owned(),
            "lt".to_owned(),
        ];
        if let Some(place) = bad.iter().position(|at| *at == n) {
            let (column, name, wrong) = [
                (0, "client_id", ""),
                (0, "client_id", "kundė"),
                (3, "email", ""),
                (3, "email", "person@"),
                (4, "date_of_birth", "17.05.1990"),
                (1, "first_name", "4na"),
                (5, "language", "xx"),
                (0, "client_id", "customer-0"),
            ][place % 8];
            wrong.clone_into(&mut cells[column]);
            wanted.push(format!("invitations[{n}].{name}"));
        }
        writeln!(csv, "{}\r", cells.join(";")).unwrap();
    }
    (csv, wanted)
}

async fn ten_thousand_people_are_refused_whole_until_every_row_is_right(context: Context) {
    let gateway = Gateway::with(&context, with_email).await;
    let count = async |table: &str| {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        gateway.database.numbers(&sql).await[0]
    };
    let bad: Vec<usize> = (0..37).map(|n| 11 + n * 270).collect();
    let (rows, mut wanted) = people(&bad);
    let query = "campaign=Spring%20review&send=email";
    let refused = problem(
        csv(&gateway, query, Some("once"), &rows).await,
        422,
        "invalid",
    )
    .await;
    wanted.sort();
    assert_eq!(fields(&refused), wanted);
    assert_eq!(wanted.len(), 37);
    for table in ["links", "invitations", "messages", "campaigns"] {
        assert_eq!(count(table).await, 0, "{table}");
    }
    let (rows, _) = people(&[]);
    let dry = csv(&gateway, &format!("{query}&dry_run=true"), None, &rows).await;
    assert_eq!(told(dry).await, (200, json!({"checked": 10_000})));
    assert_eq!(count("links").await, 0);
    let made = csv(&gateway, query, Some("twice"), &rows).await;
    assert_eq!(made.status(), 201);
    let table = made.text().await.unwrap();
    let again = csv(&gateway, query, Some("twice"), &rows).await;
    assert_eq!(
        again.text().await.unwrap(),
        table,
        "the same request makes nothing again"
    );
    let other = csv(&gateway, "campaign=Other&send=email", Some("twice"), &rows).await;
    problem(other, 409, "idempotency_mismatch").await;
    for (table, wanted) in [
        ("links", 10_000),
        ("invitations", 10_000),
        ("messages", 10_000),
        ("campaigns", 1),
    ] {
        assert_eq!(count(table).await, wanted, "{table}");
    }
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 10_001);
    assert!(lines[0].ends_with("language;id;url"), "{}", lines[0]);
    // Each link works once.
    for (n, line) in lines.iter().enumerate().skip(1).step_by(1111) {
        let (row, url) = line.rsplit_once(';').unwrap();
        assert!(row.starts_with(&format!("customer-{};", n - 1)), "{row}");
        let link = json!({"slug": url.rsplit('/').next().unwrap()});
        let page = gateway.page(&link).await;
        assert_eq!(gateway.submit(&link, &page).await.status(), 303, "{row}");
        let (_, list) = gateway
            .get(&format!("/invitations?client_id=customer-{}", n - 1))
            .await;
        let one = &list["items"][0];
        assert_eq!(one["link"]["usage"]["remaining"], 0, "{one}");
        assert_eq!(one["status"], "started");
        let script = SCRIPTS[(n - 1) % 10];
        assert_eq!(text(&one["person"]), script);
    }
    let sent = gateway.idenfy.minted();
    assert_eq!(sent, 10);
    let campaign = &gateway.get("/campaigns").await.1["items"][0];
    assert_eq!(
        (text(&campaign["name"]), &campaign["invited"]),
        ("Spring review", &json!(10_000))
    );
}

#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn an_invitation_tells_how_far_it_has_come(context: Context) {
    let gateway = Gateway::with(&context, with_email).await;
    let wanted = json!({"client_id": "c-1", "first_name": "Ana", "last_name": "Ūsaitė", "email": "ana@example.com",
                        "phone": "+370 600 00042", "date_of_birth": "1990-05-17", "language": "lt", "send": "email",
                        "campaign": "Spring", "token": {"checkAml": true}});
    let (status, made) = gateway.post("/invitations", wanted).await;
    assert_eq!(status, 201, "{made}");
    let path = format!("/invitations/{}", text(&made["id"]));
    assert_eq!(made["link"]["id"], made["id"]);
    assert_eq!(made["link"]["confirm"], true);
    assert_eq!(
        (text(&made["link"]["name"]), text(&made["person"])),
        ("Spring", "Ana Ūsaitė")
    );
    assert_eq!(
        (text(&made["phone"]), text(&made["channel"])),
        ("+37060000042", "email")
    );
    assert_eq!(
        (text(&made["status"]), text(&made["message"]["kind"])),
        ("pending", "invitation")
    );
    let (_, alone) = gateway
        .post("/invitations", json!({"client_id": "c-2"}))
        .await;
    assert_eq!(
        (
            text(&alone["status"]),
            &alone["campaign"],
            &alone["message"]
        ),
        ("created", &Value::Null, &Value::Null)
    );
    // A preview opens nothing, a person does.
    let url = format!("/{}", text(&made["link"]["slug"]));
    let look = gateway
        .request(Method::GET, &url)
        .header("User-Agent", "WhatsApp/2.24");
    assert_eq!(look.send().await.unwrap().status(), 200);
    gateway.state.openings.step().await.unwrap();
    assert_eq!(gateway.get(&path).await.1["opened_at"], Value::Null);
    let page = gateway.page(&made["link"]).await;
    until(async || {
        gateway.state.openings.step().await.unwrap();
        gateway.get(&path).await.1["status"] == "opened"
    })
    .await;
    assert_eq!(gateway.submit(&made["link"], &page).await.status(), 303);
    let (_, begun) = gateway.get(&path).await;
    assert_eq!(
        (text(&begun["status"]), text(&begun["session"]["status"])),
        ("started", "active")
    );
    let sessions = gateway.sessions(&made["link"]).await;
    assert_eq!(begun["session"]["id"], sessions[0]["id"]);
    for (query, wanted) in [
        ("", 2),
        ("campaign=SPRING", 1),
        ("campaign=Nobody", 0),
        ("status=started", 1),
        ("status=not_acted", 1),
        ("status=nonsense", 0),
        ("q=%C5%AASAIT", 1),
        ("client_id=c-2", 1),
    ] {
        let (status, list) = gateway.get(&format!("/invitations?{query}")).await;
        assert_eq!(
            (status, list["items"].as_array().unwrap().len()),
            (200, wanted),
            "{query}"
        );
    }
    let table = gateway.request(Method::GET, "/api/v1/invitations.csv?status=not_acted");
    let table = table
        .bearer_auth(&gateway.key)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        table.starts_with("id,url,client_id,") && table.contains(text(&alone["link"]["url"])),
        "{table}"
    );
    assert_eq!(table.lines().count(), 2, "{table}");
    // Once more, and to nowhere.
    let again = format!("/invitations/{}/send", text(&alone["id"]));
    let (status, refused) = gateway.post(&again, json!({})).await;
    assert_eq!((status, fields(&refused)), (422, vec!["channel"]));
    let (status, refused) = gateway.post(&again, json!({"channel": "email"})).await;
    assert_eq!((status, fields(&refused)), (422, vec!["channel"]));
    let (status, over) = gateway.post(&format!("{path}/send"), json!({})).await;
    assert_eq!((status, text(&over["code"])), (409, "link_over"));
    let (status, third) = gateway
        .post(
            "/invitations",
            json!({"client_id": "c-3", "email": "c3@example.com"}),
        )
        .await;
    assert_eq!(status, 201);
    let again = format!("/invitations/{}/send", text(&third["id"]));
    let (status, sent) = gateway.post(&again, json!({"channel": "email"})).await;
    assert_eq!((status, text(&sent["status"])), (202, "pending"), "{sent}");
    let (status, refused) = gateway
        .post(
            "/invitations",
            json!({"send": "letter", "email": "x", "usage": 1}),
        )
        .await;
    assert_eq!(
        (status, fields(&refused)),
        (422, vec!["client_id", "email", "send", "usage"])
    );
    let (status, _) = gateway
        .get("/invitations/01977d0e-5d3a-7c42-9f0b-6c1a2b3d4e5f")
        .await;
    assert_eq!(status, 404);
}

async fn a_campaign_is_told_as_a_funnel_and_reminds_those_who_have_not_acted(context: Context) {
    let gateway = Gateway::with(&context, with_email).await;
    let one = |n| json!({"client_id": format!("c-{n}"), "email": format!("p{n}@example.com")});
    let body = json!({"campaign": "Spring", "send": "email", "invitations": (0..5).map(one).collect::<Vec<_>>()});
    let (status, made) = gateway.post("/invitations/bulk", body.clone()).await;
    assert_eq!(status, 201, "{made}");
    let made = made["items"].as_array().unwrap();
    let campaign = format!("/campaigns/{}", text(&made[0]["campaign"]["id"]));
    let remind = async || {
        let (status, told) = gateway.post(&format!("{campaign}/remind"), json!({})).await;
        assert_eq!(status, 202, "{told}");
        told["reminded"].as_u64().unwrap()
    };
    // What the sending would note, as it is tried elsewhere.
    let now = gateway.clock.now().millis();
    let sent =
        format!("UPDATE messages SET status = 'sent', sent_at = {now}, next_attempt_at = NULL");
    gateway.database.execute(&sent).await.unwrap();
    let failed = format!(
        "UPDATE messages SET status = 'failed' WHERE link_id = '{}'",
        text(&made[4]["id"])
    );
    gateway.database.execute(&failed).await.unwrap();
    let page = gateway.page(&made[0]["link"]).await;
    gateway.submit(&made[0]["link"], &page).await;
    gateway.page(&made[1]["link"]).await;
    until(async || {
        gateway.state.openings.step().await.unwrap();
        gateway.get(&campaign).await.1["funnel"]["opened"] == 2
    })
    .await;
    let (_, told) = gateway.get(&campaign).await;
    let wanted = json!({"invited": 5, "waiting": 0, "sent": 4, "delivered": 0, "failed": 1, "bounced": 0, "opened": 2,
                        "started": 1, "not_acted": 4, "outcomes": {"active": 1}});
    assert_eq!(told["funnel"], wanted);
    assert_eq!(remind().await, 0, "not within a day");
    gateway.clock.advance(DAY_MS);
    assert_eq!(remind().await, 3);
    assert_eq!(remind().await, 0, "they wait");
    let (_, list) = gateway.get("/invitations?status=pending").await;
    assert_eq!(
        list["items"].as_array().unwrap().len(),
        2,
        "the one who looked is told apart"
    );
    let (status, _) = gateway
        .post(
            "/campaigns/01977d0e-5d3a-7c42-9f0b-6c1a2b3d4e5f/remind",
            json!({}),
        )
        .await;
    assert_eq!(status, 404);
    let twice =
        json!({"invitations": [one(1), one(1), {"client_id": "x", "send": "email"}], "campain": 1});
    let (status, refused) = gateway.post("/invitations/bulk", twice).await;
    assert_eq!(status, 422);
    assert_eq!(
        fields(&refused),
        ["campain", "invitations[1].client_id", "invitations[2].send"]
    );
}

async fn nothing_is_sent_where_sending_is_off(context: Context) {
    let gateway = Gateway::start(&context).await;
    let (status, made) = gateway
        .post(
            "/invitations",
            json!({"client_id": "c", "email": "a@example.com"}),
        )
        .await;
    assert_eq!(status, 201);
    let sent = json!({"client_id": "c", "email": "nonsense", "send": "email"});
    let many = json!({"send": "sms", "invitations": [{"client_id": "c", "phone": "+37060000042"}]});
    let nobody = "/campaigns/01977d0e-5d3a-7c42-9f0b-6c1a2b3d4e5f/remind";
    for (path, body) in [
        ("/invitations", sent),
        ("/invitations/bulk", many),
        (
            &*format!("/invitations/{}/send", text(&made["id"])),
            json!({"channel": "email"}),
        ),
        (nobody, json!({})),
    ] {
        let (status, told) = gateway.post(path, body).await;
        assert_eq!(
            (status, text(&told["code"])),
            (409, "sending_off"),
            "{path}"
        );
    }
    let table = csv(
        &gateway,
        "send=email",
        None,
        "client_id,email\nc,a@example.com\n",
    )
    .await;
    problem(table, 409, "sending_off").await;
}

async fn whoever_is_erased_leaves_no_trace(context: Context) {
    let gateway = Gateway::with(&context, with_email).await;
    let wanted = json!({"client_id": "CLIENT-MARKER", "first_name": "Firstmarker", "last_name": "Lastmarker", "name": "Namemarker",
                        "email": "mailmarker@example.com", "phone": "+37060000042", "address": "Streetmarker 1",
                        "send": "email", "campaign": "Spring"});
    let mut paths = Vec::new();
    for _ in 0..3 {
        let (status, made) = gateway.post("/invitations", wanted.clone()).await;
        assert_eq!(status, 201, "{made}");
        paths.push((format!("/invitations/{}", text(&made["id"])), made));
    }
    let (withdrawn, made) = &paths[0];
    assert_eq!(gateway.api(Method::DELETE, withdrawn, None).await.0, 204);
    assert_eq!(gateway.click(&made["link"]).await.status(), 410);
    let link = format!("/links/{}", text(&made["id"]));
    let (status, over) = gateway.post(&format!("{link}/activate"), json!({})).await;
    assert_eq!(
        (status, text(&over["code"])),
        (409, "link_over"),
        "whom it was for is not known any more"
    );
    let (_, made) = &paths[1];
    let page = gateway.page(&made["link"]).await;
    assert_eq!(gateway.submit(&made["link"], &page).await.status(), 303);
    let session = gateway.sessions(&made["link"]).await.remove(0);
    let session = format!("/sessions/{}", text(&session["id"]));
    assert_eq!(gateway.api(Method::DELETE, &session, None).await.0, 204);
    let link = format!("/links/{}", text(&paths[2].1["id"]));
    assert_eq!(gateway.api(Method::DELETE, &link, None).await.0, 204);
    for (path, _) in &paths {
        let (status, left) = gateway.get(path).await;
        assert_eq!(
            (status, &left["client_id"], &left["person"]),
            (200, &Value::Null, &Value::Null)
        );
        assert!(
            left["erased_at"].is_string() && left["link"]["token"] == json!({}),
            "{left}"
        );
    }
    let (_, campaigns) = gateway.get("/campaigns").await;
    assert_eq!(campaigns["items"][0]["invited"], 3, "they still count");
    let marks = [
        "CLIENT-MARKER",
        "irstmarker",
        "astmarker",
        "amemarker",
        "mailmarker",
        "60000042",
        "treetmarker",
    ];
    until(async || {
        let mut left = false;
        for mark in marks {
            left |= gateway.database.holds(mark).await;
        }
        !left
    })
    .await;
    let log = context.log.text();
    for mark in marks {
        assert!(!log.contains(mark), "{mark} in the log");
    }
}
