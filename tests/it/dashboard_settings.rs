//! The settings but for people and endpoints: API keys, the audit log, what is in force, the sandbox.

use entrypass::domain::person::Role;
use entrypass::domain::secret::Secret;
use entrypass::domain::timestamp::DAY_MS;
use reqwest::Method;
use serde_json::json;

use crate::dashboard_kit::{Browser, signed_in};
use crate::harness::gateway::text;
use crate::harness::{Context, Gateway, tests};

tests!(
    "dashboard_settings",
    [
        a_key_is_made_used_and_revoked,
        mistakes_in_a_key_are_named_and_what_was_typed_stays,
        a_form_that_is_sent_twice_makes_one_key_and_one_endpoint,
        the_time_zone_is_chosen_without_scripts,
        the_audit_log_tells_who_did_what_and_is_narrowed,
        settings_are_shown_without_secrets,
        others_than_administrators_see_none_of_it,
    ]
);

const KEYS: &str = "/admin/settings/keys";
const AUDIT: &str = "/admin/settings/audit";

async fn admin(gateway: &Gateway) -> Browser<'_> {
    signed_in(gateway, "ana@example.com", Role::Administrator).await
}

/// What follows `before` up to `end`.
pub fn between<'a>(page: &'a str, before: &str, end: &str) -> &'a str {
    let from = page
        .find(before)
        .unwrap_or_else(|| panic!("{before} in {page}"));
    page[from + before.len()..].split(end).next().unwrap()
}

async fn a_key_is_made_used_and_revoked(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut ana = admin(&gateway).await;
    let new = format!("{KEYS}/new");
    ana.open(&new).await;
    let typed = [
        ("name", "<script>shop"),
        ("scopes", "read"),
        ("scopes", "links"),
        ("expires_at", "2027-02-01T09:00"),
    ];
    let made = ana.post(&new, &typed).await;
    assert_eq!(made.status, 200);
    assert!(!made.html.contains("<script>shop"));
    let key = between(&made.html, "data-copy=\"", "\"").to_owned();
    assert!(key.starts_with("epk_") && key.len() == 44, "{key}");
    assert!(made.html.contains("curl -H"), "{}", made.html);
    let call = |key: String| {
        gateway
            .request(Method::GET, "/api/v1/links")
            .bearer_auth(key)
            .send()
    };
    assert_eq!(call(key.clone()).await.unwrap().status(), 200);

    // The list has it, made by her, used just now; its text is nowhere.
    let list = ana.open(KEYS).await;
    for told in [
        "&#60;script&#62;shop",
        "by ana",
        "Write links",
        "in 16 days",
        "just now",
        &key[..8],
    ] {
        assert!(list.contains(told), "{told}");
    }
    assert!(!list.contains(&key));
    let kept = gateway.state.store.keys(None, 10).await.unwrap();
    assert_eq!(kept.len(), 2);
    let path = format!("{KEYS}/{}/revoke", kept[0].id);
    let asked = ana.open(&path).await;
    assert!(
        asked.contains("Revoke &#60;script&#62;shop</button>"),
        "{asked}"
    );
    assert_eq!(
        call(key.clone()).await.unwrap().status(),
        200,
        "asking does nothing"
    );
    assert_eq!(ana.post(&path, &[]).await.location, KEYS);
    assert_eq!(call(key).await.unwrap().status(), 401);
    assert_eq!(ana.get(&path).await.status, 404);

    // Without the form's token nothing is done.
    let path = format!("{KEYS}/{}/revoke", kept[1].id);
    let refused = ana.send(Method::POST, &path, Some(String::new())).await;
    assert_eq!(refused.status, 403);
    assert_eq!(gateway.state.store.keys(None, 10).await.unwrap().len(), 1);
    // One that is over says so; without any, the page tells what keys are for.
    gateway.clock.advance(DAY_MS / 4);
    ana.open(&path).await;
    ana.post(&path, &[]).await;
    assert!(ana.open(KEYS).await.contains("No API keys yet"));
}

async fn a_form_that_is_sent_twice_makes_one_key_and_one_endpoint(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut ana = admin(&gateway).await;
    let before = gateway.state.store.keys(None, 10).await.unwrap().len();
    let new = format!("{KEYS}/new");
    let typed = [("name", "shop"), ("scopes", "links")];
    ana.open(&new).await;
    let form = ana.fields.clone();
    let texts: Vec<String> = [ana.post(&new, &typed).await, {
        ana.fields.clone_from(&form);
        ana.post(&new, &typed).await
    }]
    .into_iter()
    .map(|shown| shown.html.split("data-copy=\"").nth(1).unwrap()[..44].to_owned())
    .collect();
    // Of a double click the second answer is seen: its text is the key.
    let use_key = async |text: &str| {
        let (store, now) = (&gateway.state.store, gateway.clock.now());
        store.use_key(&Secret::new(text), now).await.unwrap()
    };
    assert!(use_key(&texts[0]).await.is_none());
    let key = use_key(&texts[1]).await.unwrap();
    // Later it is a page that was loaded again, which makes none, nor undoes that it was revoked.
    for _ in 0..2 {
        gateway.clock.advance(5000);
        ana.fields.clone_from(&form);
        assert_eq!(ana.post(&new, &typed).await.location, KEYS);
        assert!(ana.open(KEYS).await.contains("The key was made already"));
        let path = format!("{KEYS}/{}/revoke", key.id);
        ana.get(&path).await;
        ana.post(&path, &[]).await;
    }
    assert!(use_key(&texts[1]).await.is_none());
    let keys = gateway.state.store.keys(None, 10).await.unwrap();
    assert_eq!(keys.len(), before);

    let new = "/admin/settings/endpoints/new";
    let typed = [
        ("url", "https://example.com/hook"),
        ("events", "session.finished"),
        ("payload", "verdict"),
    ];
    ana.open(new).await;
    let form = ana.fields.clone();
    assert_eq!(ana.post(new, &typed).await.status, 200);
    for (after_ms, status) in [(0, 200), (5000, 303)] {
        gateway.clock.advance(after_ms);
        ana.fields.clone_from(&form);
        let shown = ana.post(new, &typed).await;
        assert_eq!(shown.status, status, "{}", shown.html);
    }
    let endpoints = gateway.state.store.endpoints(None, 10).await.unwrap();
    assert_eq!(endpoints.len(), 1);
}

async fn the_time_zone_is_chosen_without_scripts(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut ana = admin(&gateway).await;
    let account = "/admin/settings/account";
    let page = ana.open(account).await;
    assert!(page.contains("Times are in UTC."));
    let zone = "/admin/settings/account/zone";
    for (chosen, shown) in [("Europe/Vilnius", "Europe/Vilnius"), ("Mars", "Asia/Tokyo")] {
        ana.open(account).await;
        let done = ana.post(zone, &[("time_zone", chosen)]).await;
        assert_eq!(done.location, account);
        // What the script tells counts where nothing was chosen.
        ana.cookies
            .insert("entrypass-zone".into(), "Asia/Tokyo".into());
        let page = ana.open(account).await;
        assert!(page.contains(&format!("Times are in {shown}.")), "{page}");
    }
    // Times that narrow a list were typed in the zone of its form.
    let asked = "/admin/sessions?from=2027-01-15T00%3A00&zone=Europe%2FVilnius";
    let page = ana.open(asked).await;
    assert!(page.contains("value=\"2027-01-15T07:00\""), "{page}");
}

async fn mistakes_in_a_key_are_named_and_what_was_typed_stays(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut ana = admin(&gateway).await;
    let new = format!("{KEYS}/new");
    ana.open(&new).await;
    let typed = [("name", " "), ("expires_at", "2027-01-15T11:59")];
    let wrong = ana.post(&new, &typed).await;
    assert_eq!(wrong.status, 422);
    for told in [
        "3 fields need another look.",
        "Name must",
        "What it may do is not chosen yet: tick at least one.",
        "Ends on must lie ahead.",
        "value=\"2027-01-15T11:59\"",
    ] {
        assert!(wrong.html.contains(told), "{told} {}", wrong.html);
    }
    let typed = [
        ("name", "shop"),
        ("scopes", "links"),
        ("expires_at", "soon"),
    ];
    let wrong = ana.post(&new, &typed).await;
    assert!(wrong.html.contains("Ends on must be a date and a time."));
    assert!(wrong.html.contains("value=\"links\" checked"));
    assert_eq!(gateway.state.store.keys(None, 10).await.unwrap().len(), 1);
}

async fn the_audit_log_tells_who_did_what_and_is_narrowed(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut ana = admin(&gateway).await;
    let link = gateway.link(json!({"name": "<script>fair"})).await;
    for n in 0..51 {
        gateway.link(json!({"name": format!("link {n}")})).await;
    }
    let first = ana.open(AUDIT).await;
    assert!(first.contains("made a link") && first.contains("127.0.0.1"));
    assert!(first.contains("link 50") && !first.contains("ana@example.com (admin)"));
    let next = between(
        &first,
        "class=\"button\" href=\"/admin/settings/audit?cursor=",
        "\"",
    );
    let second = ana.open(&format!("{AUDIT}?cursor={next}")).await;
    assert!(second.contains("&#60;script&#62;fair") && !second.contains("<script>fair"));
    assert!(second.contains("signed in") && second.contains("First page"));

    // By what, by whom, by which object; the CSV is of the same lines.
    let object = text(&link["id"]);
    for (query, there, not_there) in [
        (
            "action=person.signed_in",
            "\"What\">signed in",
            "\"What\">made a link",
        ),
        (
            "actor=system",
            "Entrypass itself</td>",
            "\"What\">signed in",
        ),
        (
            &format!("object={object}"),
            "&#60;script&#62;fair",
            "link 50",
        ),
        ("action=link.deleted", "Nothing found", "<td>"),
    ] {
        let page = ana.open(&format!("{AUDIT}?{query}")).await;
        assert!(
            page.contains(there) && !page.contains(not_there),
            "{query} {page}"
        );
        assert!(
            page.contains(&format!("/admin/settings/audit.csv?{query}")),
            "{query}"
        );
    }
    let person = gateway
        .state
        .store
        .people(None, 1)
        .await
        .unwrap()
        .remove(0)
        .id;
    let hers = ana.open(&format!("{AUDIT}?actor={person}")).await;
    assert!(hers.contains(&format!("<option value=\"{person}\" selected>ana</option>")));
    let csv = ana.open(&format!("{AUDIT}.csv?object={object}")).await;
    assert_eq!(csv.lines().count(), 2, "{csv}");
    let all = ana.open(&format!("{AUDIT}.csv")).await;
    assert!(all.starts_with("id,at,actor_kind") && all.lines().count() > 53);
}

async fn settings_are_shown_without_secrets(context: Context) {
    let gateway = Gateway::with(&context, |config| {
        config.retention.days = 41;
        config.email = Some(entrypass::config::Email {
            smtp_url: Secret::new("smtp://user:MAIL-MARKER@localhost"),
            from: "<script>@example.com".into(),
            per_minute: 300,
        });
    })
    .await;
    let mut ana = admin(&gateway).await;
    let page = ana.open("/admin/settings/in-force").await;
    for told in [
        "retention.days",
        "<code class=\"long\">41</code>",
        "Days after which personal data",
        "Set, not shown",
        "&#60;script&#62;@example.com",
        "oidc.roles",
    ] {
        assert!(page.contains(told), "{told}");
    }
    assert!(!page.contains("MARKER") && !page.contains("<script>@"));
    assert!(!page.contains(&*gateway.database.url));
    // No sandbox, no page of it.
    assert!(!page.contains("/admin/settings/sandbox"));
    assert_eq!(ana.get("/admin/settings/sandbox").await.status, 404);
}

async fn others_than_administrators_see_none_of_it(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut bo = signed_in(&gateway, "bo@example.com", Role::Editor).await;
    let account = bo.open("/admin/settings/account").await;
    for path in [
        "keys",
        "keys/new",
        "endpoints",
        "endpoints/new",
        "audit",
        "audit.csv",
        "in-force",
        "sandbox",
    ] {
        let path = format!("/admin/settings/{path}");
        assert!(!account.contains(&format!("href=\"{path}\"")), "{path}");
        assert_eq!(bo.get(&path).await.status, 403, "{path}");
    }
    let typed = [("name", "shop"), ("scopes", "admin")];
    bo.open("/admin/settings/account").await;
    assert_eq!(bo.post(&format!("{KEYS}/new"), &typed).await.status, 403);
    assert_eq!(gateway.state.store.keys(None, 10).await.unwrap().len(), 1);
    let mut nobody = Browser::new(&gateway);
    assert_eq!(nobody.get(AUDIT).await.status, 303);
}
