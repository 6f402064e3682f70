//! What holds whatever an address, a cookie or a client looks like.

use entrypass::domain::person::Role;
use entrypass::store::audit::AuditFilter;
use entrypass::web::dashboard::LINES;
use reqwest::Method;

use crate::dashboard_kit::{Browser, PASSWORD, person, signed_in};
use crate::harness::{Context, Gateway, tests};

tests!(
    "dashboard_guard",
    [
        no_way_of_writing_an_address_gets_round_a_role,
        a_cookie_counts_by_the_name_that_the_browser_wrote,
        ones_own_password_is_not_set_without_the_old_one,
        a_refused_sign_in_and_a_proxy_that_is_not_named_are_told,
    ]
);

/// Ways of writing a path that mean the same: each segment's first letter escaped, and every letter.
fn ways_of_writing(path: &str) -> Vec<String> {
    let escaped = |letter: char| format!("%{:02x}", u32::from(letter));
    let all: String = path
        .chars()
        .map(|c| {
            if c.is_ascii_alphabetic() {
                escaped(c)
            } else {
                c.to_string()
            }
        })
        .collect();
    let mut ways = vec![path.to_owned(), all];
    for (at, _) in path.match_indices('/') {
        let (before, after) = path.split_at(at + 1);
        if let Some(first) = after.chars().next() {
            ways.push(format!("{before}{}{}", escaped(first), &after[1..]));
        }
    }
    ways
}

async fn no_way_of_writing_an_address_gets_round_a_role(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut viewer = signed_in(&gateway, "vi@example.com", Role::Viewer).await;
    viewer.open("/admin/settings/account").await;
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&viewer.fields)
        .finish();
    let mut stranger = Browser::new(&gateway);
    let mut checked = 0;
    for (method, path, need) in LINES {
        let Some(need) = need else { continue };
        let path = path.replace("{id}", "x");
        for way in ways_of_writing(&path) {
            let method: Method = method.as_str().parse().unwrap();
            let body = (method == Method::POST).then(|| body.clone());
            let refused = stranger.send(method.clone(), &way, body.clone()).await;
            assert_eq!(refused.status, 303, "{method} {way}");
            assert!(
                refused.location.starts_with("/admin/login"),
                "{method} {way}"
            );
            if *need > Role::Viewer {
                let refused = viewer.send(method.clone(), &way, body).await;
                assert_eq!(refused.status, 403, "{method} {way}");
                assert!(
                    refused.html.contains("You may not do this"),
                    "{method} {way}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 20, "{checked}");
    assert_eq!(gateway.state.store.people(None, 9).await.unwrap().len(), 1);
}

async fn a_cookie_counts_by_the_name_that_the_browser_wrote(context: Context) {
    let gateway = Gateway::with(&context, |config| {
        config.server.public_url = Some("https://go.example.com".parse().unwrap());
    })
    .await;
    let mut browser = signed_in(&gateway, "ana@example.com", Role::Viewer).await;
    let token = browser.cookies["__Host-entrypass"].clone();
    assert!(browser.is_in().await);
    browser.cookies.clear();
    browser.cookies.insert("%5F%5FHost-entrypass".into(), token);
    assert!(!browser.is_in().await);
}

async fn ones_own_password_is_not_set_without_the_old_one(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut ana = signed_in(&gateway, "ana@example.com", Role::Administrator).await;
    let id = gateway.state.store.people(None, 1).await.unwrap()[0].id;
    let path = format!("/admin/settings/people/{id}/password");
    ana.open("/admin/settings/account").await;
    let typed = [
        ("password", "seldom a plum tractor"),
        ("drop_second_factor", "yes"),
    ];
    assert_eq!(ana.get(&path).await.location, "/admin/settings/account");
    ana.open("/admin/settings/account").await;
    assert_eq!(
        ana.post(&path, &typed).await.location,
        "/admin/settings/account"
    );
    assert!(ana.is_in().await);
    let mut other = Browser::new(&gateway);
    assert_eq!(other.login("ana@example.com", PASSWORD).await.status, 303);
}

async fn a_refused_sign_in_and_a_proxy_that_is_not_named_are_told(context: Context) {
    context.expect_log("server.trusted_proxies does not name");
    let gateway = Gateway::start(&context).await;
    let ana = person(&gateway, "ana@example.com", Role::Viewer).await;
    for _ in 0..2 {
        let asked = gateway.request(Method::GET, "/admin/login");
        let answer = asked.header("X-Forwarded-For", "192.0.2.9").send().await;
        assert_eq!(answer.unwrap().status(), 200);
    }
    let mut browser = Browser::new(&gateway);
    for email in ["ana@example.com", "ana@example.com", "nobody@example.com"] {
        assert_eq!(browser.login(email, "wrong").await.status, 401);
    }
    let filter = AuditFilter {
        action: Some("person.sign_in_refused".into()),
        limit: 9,
        ..AuditFilter::default()
    };
    // It is noted once the answer is on its way.
    let store = &gateway.state.store;
    crate::api_support::until(async || !store.audit_log(&filter).await.unwrap().is_empty()).await;
    let lines = store.audit_log(&filter).await.unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].object_id, Some(ana.id.to_string()));
    assert_eq!(lines[0].address.as_deref(), Some("127.0.0.1"));
}
