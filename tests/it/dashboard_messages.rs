//! The dashboard's pages about messages: sending a link, what became of it, and the words.

use std::time::Duration;

use entrypass::config::Email;
use entrypass::domain::person::Role;
use entrypass::domain::secret::Secret;
use serde_json::{Value, json};

use crate::dashboard_kit::{Browser, PASSWORD, person};
use crate::harness::gateway::text;
use crate::harness::{Context, Gateway, Receiver, eventually, tests};
use crate::messages_sms::by;

tests!(
    "dashboard_messages",
    [
        a_link_is_sent_and_what_became_of_it_is_shown,
        words_are_changed_shown_and_brought_back,
    ]
);

const BOUND: Duration = Duration::from_secs(30);

async fn signed_in<'a>(gateway: &'a Gateway, email: &str, role: Role) -> Browser<'a> {
    person(gateway, email, role).await;
    let mut browser = Browser::new(gateway);
    assert_eq!(browser.login(email, PASSWORD).await.status, 303);
    browser
}

async fn messages(gateway: &Gateway, link: &Value) -> Vec<Value> {
    let (_, list) = gateway
        .get(&format!("/links/{}/messages", text(&link["id"])))
        .await;
    list["items"].as_array().unwrap().clone()
}

#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn a_link_is_sent_and_what_became_of_it_is_shown(context: Context) {
    let off = Gateway::start(&context).await;
    let link = off.link(json!({})).await;
    let mut ana = signed_in(&off, "ana@example.com", Role::Editor).await;
    let page = ana
        .open(&format!("/admin/links/{}/send", text(&link["id"])))
        .await;
    assert!(
        page.contains("Sending is not set up") && page.contains("email.smtp_url"),
        "{page}"
    );
    assert!(!page.contains("name=\"to\""));

    let provider = Receiver::start().await;
    let refusal = json!({"code": 21211, "message": "+37060000042 is wrong"}).to_string();
    provider.answer(move |_, _| Some((400, String::new(), refusal.clone())));
    let gateway = Gateway::with(&context, by(&provider)).await;
    let link = gateway
        .link(json!({"name": "<script>x", "language": "de"}))
        .await;
    let here = format!("/admin/links/{}/send", text(&link["id"]));
    let mut bea = signed_in(&gateway, "bea@example.com", Role::Editor).await;
    let page = bea.open(&here).await;
    assert!(page.contains("Nothing sent yet") && !page.contains("<script>x"));
    assert!(
        page.contains("Identität bestätigen") && page.contains("One segment (GSM-7,"),
        "{page}"
    );

    // What is wrong is named, and what was typed stays.
    let typed = [("to", "030 1234"), ("name", "a{b"), ("language", "xx")];
    let shown = bea.post(&here, &typed).await;
    assert_eq!(shown.status, 422);
    for told in [
        "value=\"030 1234\"",
        "id=\"to-wrong\"",
        "id=\"name-wrong\"",
        "id=\"language-wrong\"",
        "3 fields",
    ] {
        assert!(shown.html.contains(told), "{told}");
    }
    let shown = bea
        .post(&here, &[("to", "ana@example.com"), ("language", "de")])
        .await;
    assert!(
        shown
            .html
            .contains("Phone number needs sending by email, which is not set up."),
        "{}",
        shown.html
    );
    let shown = bea
        .post(&here, &[("to", ""), ("language", "ru"), ("as", "preview")])
        .await;
    assert_eq!(shown.status, 200);
    assert!(shown.html.contains("(UCS-2,") && messages(&gateway, &link).await.is_empty());

    let sent = bea
        .post(
            &here,
            &[
                ("to", "+370 600 00042"),
                ("name", "Ana <b>"),
                ("language", "de"),
            ],
        )
        .await;
    assert_eq!(sent.status, 422, "a name is no place for tags");
    let sent = bea
        .post(
            &here,
            &[
                ("to", "+370 600 00042"),
                ("name", "Ana & Co"),
                ("language", "de"),
            ],
        )
        .await;
    assert_eq!((sent.status, &*sent.location), (303, &*here));
    eventually(BOUND, "the refusal", async || {
        messages(&gateway, &link).await[0]["status"] == "failed"
    })
    .await;
    let page = bea.open(&here).await;
    for told in [
        "Ana &#38; Co",
        "+37060000042",
        "Not sent",
        "21211: the number cannot receive text messages",
        "Try again",
    ] {
        assert!(page.contains(told), "{told} in {page}");
    }
    let id = text(&messages(&gateway, &link).await[0]["id"]).to_owned();
    let retry = format!("/admin/links/{}/messages/{id}/retry", text(&link["id"]));
    let again = bea.post(&retry, &[]).await;
    assert_eq!((again.status, &*again.location), (303, &*here));
    eventually(BOUND, "another try", async || provider.count() == 2).await;
    let (_, audit) = gateway.get("/audit?action=link.sent").await;
    let noted = &audit["items"][0];
    assert_eq!(
        (&noted["actor"]["name"], &noted["detail"]),
        (&json!("bea"), &json!("sms")),
        "{audit}"
    );

    // Who only looks sees what was sent, and sends nothing.
    let mut cyd = signed_in(&gateway, "cyd@example.com", Role::Viewer).await;
    let page = cyd.open(&here).await;
    assert!(
        page.contains("Not sent") && !page.contains("name=\"to\"") && !page.contains("Try again")
    );
    assert_eq!(cyd.post(&here, &[("to", "+37060000042")]).await.status, 403);
    assert_eq!(cyd.post(&retry, &[]).await.status, 403);
    assert_eq!(cyd.get("/admin/settings/messages").await.status, 403);
}

#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn words_are_changed_shown_and_brought_back(context: Context) {
    let gateway = Gateway::with(&context, |config| {
        config.email = Some(Email {
            smtp_url: Secret::new("smtp://127.0.0.1:1"),
            from: "Example <verify@example.com>".to_owned(),
            per_minute: 1,
        });
    })
    .await;
    let mut ana = signed_in(&gateway, "ana@example.com", Role::Administrator).await;
    let page = ana.open("/admin/settings/messages").await;
    assert!(
        page.contains("<strong>Example</strong>") && page.contains("Slovenščina"),
        "{page}"
    );
    assert!(!page.contains("Your words"));

    let sms = "/admin/settings/messages/sms/en";
    let page = ana.open(sms).await;
    assert!(
        page.contains("Example: Verify your identity http"),
        "{page}"
    );
    let shown = ana
        .post(
            sms,
            &[("text", "No way on {nam}"), ("text_reminder", "Go {link}")],
        )
        .await;
    assert_eq!(shown.status, 422);
    assert!(shown.html.contains("id=\"text-wrong\"") && shown.html.contains("No way on {nam}"));
    assert!(!shown.html.contains("id=\"text_reminder-wrong\""));
    let shown = ana
        .post(
            sms,
            &[("text", "No way on"), ("text_reminder", "Go {link}")],
        )
        .await;
    assert!(shown.html.contains("must contain {link}"), "{}", shown.html);

    let email = "/admin/settings/messages/email/en";
    ana.open(email).await;
    let default = [
        ("subject", "{title}"),
        ("subject_reminder", "Reminder: {title}"),
        ("greeting", "Dear {name},"),
        ("greeting_nameless", "Hello,"),
        ("text", "First <b>.\n\nSecond."),
        ("text_invitation", "Come."),
        ("text_reminder", "Come at last."),
        ("button", "Go"),
        ("footer", "Bye from {organisation}."),
    ];
    let with = |more: &[(&'static str, &'static str)]| [&default[..], more].concat();
    let shown = ana
        .post(email, &with(&[("as", "preview"), ("kind", "reminder")]))
        .await;
    assert_eq!(shown.status, 200);
    for told in [
        "Reminder: Verify your identity",
        "Dear Ana Jensen,",
        "Come at last.",
        "Bye from Example.",
    ] {
        assert!(shown.html.contains(told), "{told} in {}", shown.html);
    }
    let shown = ana
        .post(email, &with(&[("as", "page"), ("kind", "link")]))
        .await;
    assert!(
        shown
            .html
            .contains("<p dir=\"auto\">First &#60;b&#62;.</p>")
            && shown.html.contains(">Go</a>")
    );
    assert!(
        shown.policy.contains("style-src 'sha256-") && shown.policy.ends_with("sandbox"),
        "{}",
        shown.policy
    );
    ana.open(email).await;
    assert_eq!(ana.post(email, &with(&[])).await.location, email);
    let page = ana.open(email).await;
    assert!(page.contains("value=\"Dear {name},\"") && page.contains("Use the default words"));
    assert!(
        ana.open("/admin/settings/messages")
            .await
            .contains("Your words")
    );
    // Only what differs is kept: what is not changed follows the default of later versions.
    let kept = gateway.state.store.message_words().await.unwrap();
    let kept: Value = serde_json::from_str(&kept[0].2).unwrap();
    assert!(
        kept["subject"].is_null() && kept["button"] == "Go",
        "{kept}"
    );

    ana.open(&format!("{email}/default")).await;
    assert_eq!(
        ana.post(&format!("{email}/default"), &[]).await.location,
        email
    );
    let page = ana.open(email).await;
    assert!(page.contains("value=\"Hello {name},\"") && !page.contains("Use the default words"));
    let (_, audit) = gateway.get("/audit?action=message.words_set").await;
    assert_eq!(audit["items"].as_array().unwrap().len(), 2, "{audit}");
    for wrong in [
        "/admin/settings/messages/post/en",
        "/admin/settings/messages/sms/xx",
    ] {
        assert_eq!(ana.get(wrong).await.status, 404);
    }
}
