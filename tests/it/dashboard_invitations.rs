//! Inviting people in the dashboard, one by one, by a file and on the spot.

use std::fmt::Write as _;

use entrypass::domain::person::Role;
use entrypass::domain::timestamp::DAY_MS;
use entrypass::store::audit::AuditFilter;
use reqwest::Method;
use serde_json::json;

use crate::api_invitations::with_email;
use crate::api_support::until;
use crate::dashboard_kit::{Browser, Shown, signed_in};
use crate::harness::gateway::text;
use crate::harness::{Context, Gateway, tests};

tests!(
    "dashboard_invitations",
    [
        one_customer_is_invited_and_the_page_tells_how_far_it_has_come,
        a_file_is_checked_whole_then_confirmed_then_made,
        a_campaign_is_shown_and_its_people_are_reminded,
        a_session_begins_on_the_spot_and_its_address_is_shown_once,
    ]
);

const LIST: &str = "/admin/invitations";
const NEW: &str = "/admin/invitations/new";
const IMPORT: &str = "/admin/invitations/import";
const START: &str = "/admin/invitations/start";

fn has(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "{part} in {page}");
    }
}

async fn actions(gateway: &Gateway) -> Vec<String> {
    let filter = AuditFilter {
        limit: 50,
        ..AuditFilter::default()
    };
    let log = gateway.state.store.audit_log(&filter).await.unwrap();
    let lines = log.into_iter().filter(|line| line.actor_kind == "person");
    lines.map(|line| line.action).collect()
}

#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn one_customer_is_invited_and_the_page_tells_how_far_it_has_come(context: Context) {
    let gateway = Gateway::with(&context, with_email).await;
    let ed = &mut signed_in(&gateway, "ed@example.com", Role::Editor).await;
    has(
        &ed.open(LIST).await,
        &["An invitation is a link for one person", NEW, IMPORT],
    );
    ed.open(NEW).await;
    let wrong = ed
        .post(
            NEW,
            &[
                ("first_name", "<script>1"),
                ("date_of_birth", "17.5."),
                ("phone", "030"),
                ("flow", "document"),
                ("send", "email"),
            ],
        )
        .await;
    assert_eq!(wrong.status, 422);
    has(
        &wrong.html,
        &[
            "5 fields need another look",
            "Customer number is required.",
            "Email is required.",
            "value=\"&#60;script&#62;1\"",
            "id=\"phone-wrong\"",
            "id=\"date_of_birth-wrong\"",
        ],
    );
    assert!(!wrong.html.contains("<script>1"));
    let typed = [
        ("client_id", "<b>17"),
        ("first_name", "Anastazija"),
        ("last_name", "Ūsaitė"),
        ("email", "ana@example.com"),
        ("language", "lt"),
        ("campaign", "<i>Spring"),
        ("flow", "document"),
    ];
    let made = ed.post(NEW, &typed).await;
    assert_eq!(made.status, 303, "{}", made.html);
    let page = ed.open(&made.location).await;
    let (_, list) = gateway.get("/invitations").await;
    let one = &list["items"][0];
    let id = text(&one["id"]);
    assert_eq!(made.location, format!("{LIST}/{id}"));
    assert_eq!(
        one["link"]["token"],
        json!({"clientId": "<b>17", "firstName": "Anastazija", "lastName": "Ūsaitė"})
    );
    has(
        &page,
        &[
            "The link is ready",
            text(&one["link"]["url"]),
            &format!("/admin/links/{id}/qr.svg"),
            "Send by email",
            "&#60;b&#62;17",
            "&#60;i&#62;Spring",
        ],
    );
    let sent = ed
        .post(&format!("{LIST}/{id}/send"), &[("by", "email")])
        .await;
    assert_eq!(sent.status, 303);
    has(
        &ed.open(&made.location).await,
        &["It is on its way", "Waiting"],
    );
    assert_eq!(
        ed.post(&format!("{LIST}/{id}/send"), &[("by", "sms")])
            .await
            .status,
        404,
        "it is not set up"
    );
    for query in ["?q=%C5%AASAIT", "?status=pending", "?status=not_acted"] {
        has(
            &ed.open(&format!("{LIST}{query}")).await,
            &["Anastazija Ūsaitė"],
        );
    }
    has(
        &ed.open(&format!("{LIST}?status=approved")).await,
        &["No invitation is like that"],
    );
    let form = gateway.page(&one["link"]).await;
    assert_eq!(gateway.submit(&one["link"], &form).await.status(), 303);
    has(
        &ed.open(&made.location).await,
        &["Begun", "/admin/sessions/"],
    );
    // A viewer sees it all, and changes nothing.
    let vi = &mut signed_in(&gateway, "vi@example.com", Role::Viewer).await;
    let seen = vi.open(&made.location).await;
    assert!(!seen.contains("Withdraw") && !vi.open(LIST).await.contains(NEW));
    assert_eq!(
        vi.post(&format!("{LIST}/{id}/withdraw"), &[]).await.status,
        403
    );
    let withdraw = format!("{LIST}/{id}/withdraw");
    has(
        &ed.open(&withdraw).await,
        &[
            "Withdraw the invitation of Anastazija Ūsaitė?",
            "Withdraw and erase",
        ],
    );
    let without_token = ed.send(Method::POST, &withdraw, Some(String::new())).await;
    assert_eq!(without_token.status, 403);
    ed.open(&withdraw).await;
    assert_eq!(ed.post(&withdraw, &[]).await.location, LIST);
    let page = ed.open(&made.location).await;
    has(&page, &["What was known of the person is erased."]);
    assert!(
        !page.contains("Anastazija") && !page.contains("Ūsaitė"),
        "{page}"
    );
    assert_eq!(
        actions(&gateway).await[..3],
        ["invitation.erased", "person.signed_in", "invitation.sent"]
    );
}

/// Sends the upload's form.
async fn upload(browser: &mut Browser<'_>, typed: &[(&str, &str)], file: &str) -> Shown {
    const BOUNDARY: &str = "boundary-of-parts";
    let mut body = String::new();
    let own = browser.fields.clone();
    let own = own.iter().map(|(name, value)| (&**name, &**value));
    for (name, value) in own.chain(typed.iter().copied()) {
        write!(
            body,
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )
        .unwrap();
    }
    write!(
        body,
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"people.csv\"\r\n\r\n{file}\r\n--{BOUNDARY}--\r\n"
    )
    .unwrap();
    let cookies = browser.cookies.iter();
    let cookies: Vec<_> = cookies
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let request = browser.gateway.request(Method::POST, IMPORT);
    let request = request.header("Cookie", cookies.join("; "));
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let answer = request
        .header("Content-Type", kind)
        .body(body)
        .send()
        .await
        .unwrap();
    let location = answer
        .headers()
        .get("location")
        .map(|to| to.to_str().unwrap().to_owned());
    Shown {
        status: answer.status().as_u16(),
        location: location.unwrap_or_default(),
        retry_after: None,
        set_cookies: Vec::new(),
        policy: String::new(),
        html: answer.text().await.unwrap(),
    }
}

async fn a_file_is_checked_whole_then_confirmed_then_made(context: Context) {
    let gateway = Gateway::with(&context, with_email).await;
    let ed = &mut signed_in(&gateway, "ed@example.com", Role::Editor).await;
    has(
        &ed.open(IMPORT).await,
        &["multipart/form-data", "client_id, first_name", "By email"],
    );
    let none = upload(ed, &[("campaign", "Spring")], "").await;
    assert_eq!(none.status, 422);
    has(&none.html, &["A file must be chosen.", "value=\"Spring\""]);
    let typed = [("campaign", "Spring"), ("send", "email")];
    let bad =
        "client_id;first_name;email\na;4na;a@example.com\n\nb;<script>;b@example.com\nc;Cé;\n";
    let refused = upload(ed, &typed, bad).await;
    assert_eq!(refused.status, 422);
    has(
        &refused.html,
        &[
            "Nobody was invited: 3 things need another look",
            "<th scope=\"row\" data-label=\"Row\">1</th><td data-label=\"Column\"><code>first_name</code>",
            "<th scope=\"row\" data-label=\"Row\">3</th><td data-label=\"Column\"><code>email</code>",
            "value=\"Spring\"",
        ],
    );
    assert!(!refused.html.contains("<script>;"));
    has(
        &upload(ed, &typed, "name\nx\n").await.html,
        &["the file", "<code>client_id</code>"],
    );
    let mut good = "client_id;first_name;email\n".to_owned();
    for n in 0..1500 {
        writeln!(good, "c-{n};Ana;a{n}@example.com").unwrap();
    }
    let checked = upload(ed, &typed, &good).await;
    assert_eq!(checked.status, 303, "{}", checked.html);
    let state = checked.location;
    has(
        &ed.open(&state).await,
        &["people?</h1>", "in the campaign “Spring”", "by an email"],
    );
    assert_eq!(gateway.get("/invitations").await.1["items"], json!([]));
    // It is this person's alone.
    let ann = &mut signed_in(&gateway, "ann@example.com", Role::Administrator).await;
    assert_eq!(ann.get(&state).await.status, 404);
    assert_eq!(
        ed.get(&format!("{state}/invitations.csv")).await.status,
        404,
        "not made yet"
    );
    ed.open(&state).await;
    assert_eq!(ed.post(&state, &[]).await.location, state);
    assert_eq!(
        ed.post(&state, &[]).await.location,
        state,
        "once more does nothing more"
    );
    until(async || ed.open(&state).await.contains("invitations were made")).await;
    let table = ed.open(&format!("{state}/invitations.csv")).await;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(
        (lines.len(), lines[0]),
        (1501, "client_id;first_name;email;id;url")
    );
    let slug = lines[1].rsplit('/').next().unwrap();
    assert_eq!(gateway.click(&json!({"slug": slug})).await.status(), 200);
    let campaign = &gateway.get("/campaigns").await.1["items"][0];
    assert_eq!(
        (text(&campaign["name"]), &campaign["invited"]),
        ("Spring", &json!(1500))
    );
    assert_eq!(actions(&gateway).await[0], "invitation.imported");
}

async fn a_campaign_is_shown_and_its_people_are_reminded(context: Context) {
    let gateway = Gateway::with(&context, with_email).await;
    let ed = &mut signed_in(&gateway, "ed@example.com", Role::Editor).await;
    has(
        &ed.open("/admin/campaigns").await,
        &["A campaign keeps invitations together"],
    );
    let one = |n| json!({"client_id": format!("c-{n}"), "first_name": "Ana", "email": format!("p{n}@example.com")});
    let body = json!({"campaign": "<b>Spring", "send": "email", "invitations": (0..3).map(one).collect::<Vec<_>>()});
    let (_, made) = gateway.post("/invitations/bulk", body).await;
    let made = made["items"].as_array().unwrap();
    let here = format!("/admin/campaigns/{}", text(&made[0]["campaign"]["id"]));
    has(
        &ed.open("/admin/campaigns").await,
        &["&#60;b&#62;Spring", &here],
    );
    let now = gateway.clock.now().millis();
    let sent =
        format!("UPDATE messages SET status = 'sent', sent_at = {now}, next_attempt_at = NULL");
    gateway.database.execute(&sent).await.unwrap();
    let page = gateway.page(&made[0]["link"]).await;
    gateway.submit(&made[0]["link"], &page).await;
    has(
        &ed.open(&here).await,
        &["Not acted: 2", "There is nobody to remind now", "Under way"],
    );
    assert_eq!(ed.get(&format!("{here}/remind")).await.location, here);
    gateway.clock.advance(DAY_MS);
    let ed = &mut signed_in(&gateway, "eva@example.com", Role::Editor).await;
    has(
        &ed.open(&here).await,
        &[
            "Remind 2 of them",
            "max=\"3\" value=\"1\" aria-label=\"Begun\"",
        ],
    );
    has(
        &ed.open(&format!("{here}/remind")).await,
        &[
            "Remind 2 people of &#60;b&#62;Spring?",
            "Left out is everybody who has begun",
        ],
    );
    assert_eq!(ed.post(&format!("{here}/remind"), &[]).await.location, here);
    has(
        &ed.open(&here).await,
        &["2 reminders are on their way.", "Last reminded"],
    );
    let table = ed
        .open(&format!("{here}/invitations.csv?status=not_acted"))
        .await;
    assert_eq!(table.lines().count(), 3, "{table}");
    let vi = &mut signed_in(&gateway, "vi@example.com", Role::Viewer).await;
    assert!(!vi.open(&here).await.contains("/remind"));
    assert_eq!(actions(&gateway).await[1], "campaign.reminded");
}

async fn a_session_begins_on_the_spot_and_its_address_is_shown_once(context: Context) {
    let gateway = Gateway::start(&context).await;
    let ed = &mut signed_in(&gateway, "ed@example.com", Role::Editor).await;
    has(
        &ed.open(START).await,
        &["within 60 minutes", "invite the customer"],
    );
    let wrong = ed
        .post(
            START,
            &[
                ("flow", "document"),
                ("language", "lt"),
                ("first_name", "4"),
                ("client_id", "<b>"),
            ],
        )
        .await;
    assert_eq!(wrong.status, 422);
    has(
        &wrong.html,
        &["id=\"first_name-wrong\"", "value=\"&#60;b&#62;\""],
    );
    assert_eq!(gateway.idenfy.minted(), 0);
    let typed = [
        ("flow", "document"),
        ("language", "lt"),
        ("client_id", "c-1"),
    ];
    let begun = ed.post(START, &typed).await;
    assert_eq!(begun.status, 200, "{}", begun.html);
    has(
        &begun.html,
        &[
            "It is shown this once",
            "<svg class=\"qr\"",
            &gateway.idenfy.base,
        ],
    );
    let (_, sessions) = gateway.get("/sessions?client_id=c-1").await;
    let session = &sessions["items"][0];
    assert_eq!(
        (text(&session["language"]), text(&session["flow"])),
        ("lt", "document")
    );
    has(&begun.html, &[text(&session["id"])]);
    ed.open(START).await;
    let again = ed.post(START, &typed).await;
    assert_eq!(again.status, 422);
    has(&again.html, &["has a verification that is under way"]);
    assert_eq!(actions(&gateway).await[0], "session.started");
}
