//! Sessions in the dashboard: found, told as a story, asked about, erased.

use entrypass::domain::person::Role;
use entrypass::domain::timestamp::Timestamp;
use serde_json::{Value, json};

use crate::api_endpoints::{deliver, endpoint, private};
use crate::dashboard_kit::signed_in;
use crate::harness::gateway::text;
use crate::harness::{Answer, Context, Gateway, Receiver, tests};
use crate::webhook_in::{AUTO, MANUAL, result, send, session};

tests!(
    "dashboard_sessions",
    [
        sessions_are_found_by_all_that_names_them,
        fields_that_make_no_sense_are_named_and_keep_what_was_typed,
        many_sessions_have_pages,
        a_session_tells_its_whole_story,
        a_session_that_never_began_says_why,
        idenfy_is_asked_and_data_erased_by_those_who_may,
    ]
);

/// Clicks a link so; the session it began.
async fn click(gateway: &Gateway, link: &Value, query: &str) -> Value {
    let path = format!("/{}{query}", text(&link["slug"]));
    let answer = gateway.request(reqwest::Method::GET, &path).send().await;
    assert!(answer.unwrap().status().as_u16() < 504);
    gateway.sessions(link).await.remove(0)
}

/// Ids of the sessions of which a page has rows, from the top.
fn rows(page: &str) -> Vec<&str> {
    let rows = page.split("<tr data-session=\"").skip(1);
    rows.map(|row| row.split('"').next().unwrap()).collect()
}

async fn sessions_are_found_by_all_that_names_them(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut browser = signed_in(&gateway, "vera@example.com", Role::Viewer).await;
    let empty = browser.open("/admin/sessions").await;
    assert!(empty.contains("No sessions yet") && rows(&empty).is_empty());
    let fair =
        json!({"name": "Fair <script>alert(1)</script>", "slug": "fair-1", "accept_ref": true});
    let fair = gateway.link(fair).await;
    let desk = gateway
        .link(json!({"name": "Desk", "slug": "desk-1"}))
        .await;
    let one = click(&gateway, &fair, "?ref=order+7&via=qr").await;
    gateway.clock.advance(3_600_000);
    let two = click(&gateway, &desk, "").await;
    send(&gateway, MANUAL, &result(&one["scan_ref"], "DENIED", true)).await;
    let (one, two) = (
        gateway
            .get(&format!("/sessions/{}", text(&one["id"])))
            .await
            .1,
        two,
    );
    let (first, second) = (text(&one["id"]), text(&two["id"]));

    let all = browser.open("/admin/sessions").await;
    assert_eq!(rows(&all), [second, first]);
    assert!(all.contains("Fair &#60;script&#62;alert(1)") && !all.contains("<script>alert"));
    assert!(all.contains("Denied") && all.contains("Under way") && all.contains("order 7"));
    assert!(all.contains("data-live=\"/admin/events?last_event_id="));
    let fair_id = text(&fair["id"]);
    for (query, found) in [
        (format!("q={first}"), vec![first]),
        (format!("q={}", text(&one["client_id"])), vec![first]),
        (format!("q=%20{}%20", text(&two["client_id"])), vec![second]),
        (format!("q={}", text(&two["scan_ref"])), vec![second]),
        ("q=order+7".to_owned(), vec![first]),
        ("q=order".to_owned(), vec![]),
        ("q=order+7&status=approved".to_owned(), vec![]),
        ("status=denied".to_owned(), vec![first]),
        ("status=active".to_owned(), vec![second]),
        ("link=DESK-1".to_owned(), vec![second]),
        (
            "link=https%3A%2F%2Fgo.example.com%2Ffair-1&status=denied".to_owned(),
            vec![first],
        ),
        (format!("link={fair_id}&q="), vec![first]),
        ("from=2027-01-15T12:30".to_owned(), vec![second]),
        ("to=2027-01-15T12:30".to_owned(), vec![first]),
        (
            "from=2027-01-15T11:00&to=2027-01-15T12:30&link=desk-1".to_owned(),
            vec![],
        ),
    ] {
        let page = browser.open(&format!("/admin/sessions?{query}")).await;
        assert_eq!(rows(&page), found, "{query}");
        assert_eq!(page.contains("Nothing found"), found.is_empty(), "{query}");
        let export = format!("/admin/sessions.csv?{query}");
        let csv = browser.open(&export).await;
        assert_eq!(csv.lines().count(), found.len() + 1, "{query}");
        assert!(found.iter().all(|id| csv.contains(id)), "{query}");
    }
    let narrow = browser
        .open("/admin/sessions?status=denied&q=order+7")
        .await;
    assert!(
        narrow.contains("/admin/sessions.csv?q=order+7&#38;status=denied"),
        "{narrow}"
    );
    assert!(!narrow.contains("data-live-new"));
}

async fn fields_that_make_no_sense_are_named_and_keep_what_was_typed(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut browser = signed_in(&gateway, "vera@example.com", Role::Viewer).await;
    let path = "/admin/sessions?link=no-such-link&from=tomorrow&q=%22%3E%3Cb%3E";
    let shown = browser.get(path).await;
    assert_eq!(shown.status, 422);
    assert!(shown.html.contains("2 fields need another look"));
    assert!(
        shown
            .html
            .contains("Link must be the short address of a link.")
    );
    assert!(
        shown.html.contains("value=\"no-such-link\"") && shown.html.contains("value=\"tomorrow\"")
    );
    assert!(shown.html.contains("value=\"&#34;&#62;&#60;b&#62;\""));
    let export = browser
        .get(&path.replace("sessions?", "sessions.csv?"))
        .await;
    assert_eq!(export.status, 303);
    assert!(export.location.starts_with("/admin/sessions?q="));
    for path in [
        "/admin/sessions/x",
        "/admin/sessions/x/row",
        "/admin/sessions/01a1fef7-1c5d-75d4-bac4-f4d139dfdc79",
    ] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
}

async fn many_sessions_have_pages(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut browser = signed_in(&gateway, "vera@example.com", Role::Viewer).await;
    let link = gateway.link(json!({})).await;
    for _ in 0..51 {
        assert_eq!(gateway.click(&link).await.status(), 302);
    }
    let all: Vec<Value> = gateway.sessions(&link).await;
    let path = format!("/admin/sessions?link={}", text(&link["slug"]));
    let page = browser.open(&path).await;
    assert_eq!(rows(&page).len(), 50);
    let next = page.split("rel=\"next\"").next().unwrap();
    let next = next
        .rsplit("href=\"")
        .next()
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let last = browser.open(&next.replace("&#38;", "&")).await;
    assert_eq!(rows(&last), [text(&all[50]["id"])]);
    assert!(last.contains("First page") && !last.contains("Next page"));
}

async fn a_session_tells_its_whole_story(context: Context) {
    let gateway = private(&context).await;
    let mut browser = signed_in(&gateway, "vera@example.com", Role::Viewer).await;
    let receiver = Receiver::start().await;
    let url = format!("{}/secret-path", receiver.base);
    endpoint(&gateway, &url, &json!({})).await;
    let link = gateway
        .link(json!({"name": "Fair", "accept_ref": true}))
        .await;
    let one = click(&gateway, &link, "?via=qr&ref=r1").await;
    let mut first = result(&one["scan_ref"], "REVIEWING", false);
    first["status"]["autoFace"] = json!("FACE_MATCH");
    gateway.clock.advance(60_000);
    send(&gateway, AUTO, &first).await;
    let mut last = result(&one["scan_ref"], "SUSPECTED", true);
    last["status"]["fraudTags"] = json!(["DUPLICATE_FACE", "NEW_TAG_<b>"]);
    last["status"]["mismatchTags"] = json!(["SURNAME"]);
    last["status"]["manualDocument"] = json!("DOC_VALIDATED");
    gateway.clock.advance(60_000);
    receiver.status(500);
    send(&gateway, MANUAL, &last).await;
    deliver(&gateway).await;
    receiver.status(204);
    gateway.clock.advance(60_000);
    deliver(&gateway).await;

    let path = format!("/admin/sessions/{}", text(&one["id"]));
    let page = browser.open(&path).await;
    let story = [
        "The link “Fair” was clicked",
        "The visitor came by: qr.",
        "automatic check is done",
        "It became In review.",
        "s people have looked at it",
        "It became Suspected, final.",
        "Could not tell 127.0.0.1",
        "It answered with status 500 after ",
        "This was attempt 1 to tell it that the session",
        "Told 127.0.0.1",
        "It answered with status 204 after ",
        "This was attempt 2 to tell it that the session",
    ];
    let mut rest = page.split("What happened").nth(1).unwrap();
    for part in story {
        let at = rest.find(part);
        rest = &rest[at.unwrap_or_else(|| panic!("{part} is not in order: {page}"))..];
    }
    for part in [
        "The same face was verified before, for another customer.",
        "The last name is not the one that was expected.",
        "The document was accepted.",
        "NEW_TAG_&#60;b&#62;",
        "The decision is yours.",
        text(&one["client_id"]),
        text(&one["scan_ref"]),
        "r1",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("secret-path") && !page.contains("<b>"));
    // What is fetched when something changes is the same.
    let fragment = browser.open(&format!("{path}/story")).await;
    assert!(
        fragment
            .trim_start()
            .starts_with("<div class=\"story\" data-session=")
    );
    assert!(page.contains(fragment.trim()), "{fragment}");
    let row = browser.open(&format!("{path}/row")).await;
    assert!(row.trim_start().starts_with("<tr data-session=") && row.contains(">Fair</a>"));
    let row = browser.open(&format!("{path}/row?of=link")).await;
    assert!(!row.contains("Fair") && row.contains("Suspected"));
}

async fn a_session_that_never_began_says_why(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut browser = signed_in(&gateway, "eda@example.com", Role::Editor).await;
    let link = gateway.link(json!({"name": "Fair"})).await;
    context.expect_log("out of credits");
    gateway.idenfy.answer(Answer::Raw(402, "", "{}".into()));
    let one = click(&gateway, &link, "").await;
    let path = format!("/admin/sessions/{}", text(&one["id"]));
    let page = browser.open(&path).await;
    assert!(
        page.contains("The iDenfy account was out of credits. The use was given back"),
        "{page}"
    );
    assert!(!page.contains("Ask iDenfy now"));
}

async fn idenfy_is_asked_and_data_erased_by_those_who_may(context: Context) {
    let gateway = Gateway::start(&context).await;
    let one = session(&gateway).await;
    let (id, scan) = (text(&one["id"]), text(&one["scan_ref"]));
    let here = format!("/admin/sessions/{id}");
    let mut viewer = signed_in(&gateway, "vera@example.com", Role::Viewer).await;
    let page = viewer.open(&here).await;
    assert!(page.contains("A program started it by the API"));
    assert!(!page.contains("/ask") && !page.contains("/erase"));
    for path in ["ask", "erase"] {
        assert_eq!(
            viewer.post(&format!("{here}/{path}"), &[]).await.status,
            403,
            "{path}"
        );
    }
    assert_eq!(viewer.get(&format!("{here}/erase")).await.status, 403);

    let mut editor = signed_in(&gateway, "eda@example.com", Role::Editor).await;
    editor.open(&here).await;
    gateway
        .idenfy
        .knows(scan, 200, json!({"scanRef": scan, "status": "APPROVED"}));
    let asked = editor.post(&format!("{here}/ask"), &[]).await;
    assert_eq!((asked.status, &*asked.location), (303, &*here));
    let page = editor.open(&here).await;
    assert!(
        page.contains("iDenfy was asked. This is what it says."),
        "{page}"
    );
    assert!(page.contains("It became Approved, final"), "{page}");

    let forged = editor
        .send(
            reqwest::Method::POST,
            &format!("{here}/erase"),
            Some("csrf=x".into()),
        )
        .await;
    assert_eq!(forged.status, 403);
    let asks = editor.open(&format!("{here}/erase")).await;
    let name = format!("Erase the session of {}", text(&one["client_id"]));
    assert!(asks.contains(&name), "{asks}");
    let erased = editor.post(&format!("{here}/erase"), &[]).await;
    assert_eq!((erased.status, &*erased.location), (303, &*here));
    let kept = gateway.get(&format!("/sessions/{id}")).await.1;
    let now = gateway.clock.now();
    assert_eq!(Timestamp::parse(text(&kept["erased_at"])), Ok(now));
    assert_eq!(
        (&kept["client_id"], &kept["status"]),
        (&Value::Null, &json!("approved"))
    );
    let page = editor.open(&here).await;
    assert!(
        page.contains("Its personal data was erased") && page.contains("eda did it."),
        "{page}"
    );
    assert!(!page.contains(scan) && !page.contains("Ask iDenfy now"));
    let (_, audit) = gateway
        .get(&format!("/audit?object_id={id}&action=session.erased"))
        .await;
    assert_eq!(audit["items"][0]["actor"]["name"], "eda", "{audit}");
}
