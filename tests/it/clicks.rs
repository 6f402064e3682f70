//! What a click does.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::gateway::{location, path_of, text};
use crate::harness::{Context, Gateway, tests};
use crate::visitor_kit::{HOUR_MS, code, code_of, get, language_of, send};

tests!(
    "clicks",
    [
        a_link_opens_as_often_as_its_usage_says,
        a_redirect_leaves_no_trace_behind,
        clicks_at_once_open_no_more_than_the_limit,
        a_link_is_over_the_moment_it_expires,
        a_link_that_is_over_says_why_and_what_weighs_most_first,
        a_page_of_a_link_that_is_over_shows_the_operators_words_as_plain_text,
        a_link_that_was_switched_on_again_opens,
        an_address_that_no_link_has_is_not_found,
        slugs_match_in_any_case_and_with_a_slash_behind,
    ]
);

async fn a_link_opens_as_often_as_its_usage_says(context: Context) {
    let gateway = Gateway::start(&context).await;
    for (usage, opens, over) in [
        (json!({"type": "single"}), 1, true),
        (json!({"type": "multi", "limit": 3}), 3, true),
        (json!({"type": "unlimited"}), 5, false),
    ] {
        let before = gateway.idenfy.minted();
        let link = gateway.link(json!({"usage": usage})).await;
        let mut seen = Vec::new();
        for used in 1..=opens {
            let answer = gateway.click(&link).await;
            assert_eq!(answer.status(), 302, "{usage}");
            seen.push(location(&answer));
            assert_eq!(gateway.used(&link).await, used);
        }
        seen.dedup();
        assert_eq!(
            i64::try_from(seen.len()).unwrap(),
            opens,
            "each click has a session of its own"
        );
        if over {
            assert_eq!(
                code_of(&gateway, &link).await,
                (410, "link_exhausted".into())
            );
        }
        assert_eq!(gateway.used(&link).await, opens);
        assert_eq!(i64::try_from(gateway.idenfy.minted() - before), Ok(opens));
        let sessions = gateway.sessions(&link).await;
        assert_eq!(i64::try_from(sessions.len()), Ok(opens));
        assert!(sessions.iter().all(|s| s["status"] == "active"));
    }
}

async fn a_redirect_leaves_no_trace_behind(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    let answer = gateway.click(&link).await;
    assert_eq!(answer.status(), 302);
    let wanted = format!("{}/api/v2/redirect?authToken=token-0", gateway.idenfy.base);
    assert_eq!(location(&answer), wanted);
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex"),
    ] {
        assert_eq!(answer.headers()[name], value);
    }
    assert!(!answer.headers().contains_key("set-cookie"));
    assert!(
        !context.log.text().contains(text(&link["slug"])),
        "slugs are secrets"
    );
    assert!(!context.log.text().contains("token-0"));
}

async fn clicks_at_once_open_no_more_than_the_limit(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway
        .link(json!({"usage": {"type": "multi", "limit": 5}}))
        .await;
    let answers = join_all((0..20).map(|_| gateway.click(&link))).await;
    let with = |status: u16| answers.iter().filter(|a| a.status() == status).count();
    assert_eq!((with(302), with(410)), (5, 15));
    assert_eq!(
        (gateway.idenfy.calls().len(), gateway.used(&link).await),
        (5, 5)
    );
}

async fn a_link_is_over_the_moment_it_expires(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway
        .link(json!({"expires_at": "2027-01-15T13:00:00Z"}))
        .await;
    gateway.clock.advance(HOUR_MS - 1);
    assert_eq!(gateway.click(&link).await.status(), 302);
    gateway.clock.advance(1);
    assert_eq!(code_of(&gateway, &link).await, (410, "link_expired".into()));
    assert_eq!(gateway.used(&link).await, 1);
    assert_eq!(gateway.idenfy.calls().len(), 1);
}

/// A single-use link that expires in an hour, made to be over in these ways.
async fn link_over(gateway: &Gateway, ways: &[&str]) -> Value {
    let mut link = json!({"usage": {"type": "single"}});
    if ways.contains(&"expired") {
        link["expires_at"] = json!("2027-01-15T13:00:00Z");
    }
    let link = gateway.link(link).await;
    let id = text(&link["id"]);
    if ways.contains(&"exhausted") {
        assert_eq!(gateway.click(&link).await.status(), 302);
    }
    if ways.contains(&"deactivated") {
        let path = format!("/links/{id}/deactivate");
        assert_eq!(gateway.api(Method::POST, &path, None).await.0, 200);
    }
    if ways.contains(&"deleted") {
        let path = format!("/links/{id}");
        assert_eq!(gateway.api(Method::DELETE, &path, None).await.0, 204);
    }
    link
}

async fn a_link_that_is_over_says_why_and_what_weighs_most_first(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut links = Vec::new();
    for (ways, wanted) in [
        (&["exhausted"] as &[&str], "link_exhausted"),
        (&["expired"], "link_expired"),
        (&["deactivated"], "link_deactivated"),
        (&["deleted"], "link_deactivated"),
        (&["exhausted", "expired"], "link_expired"),
        (&["exhausted", "deactivated"], "link_deactivated"),
        (&["expired", "deactivated"], "link_deactivated"),
        (&["exhausted", "expired", "deleted"], "link_deactivated"),
        (
            &["exhausted", "expired", "deactivated", "deleted"],
            "link_deactivated",
        ),
    ] {
        links.push((link_over(&gateway, ways).await, ways, wanted));
    }
    gateway.clock.advance(HOUR_MS);
    let minted = gateway.idenfy.minted();
    let mut titles = Vec::new();
    for (link, ways, wanted) in &links {
        let wanted = (410, (*wanted).to_owned());
        for method in [Method::GET, Method::POST] {
            assert_eq!(
                code(&gateway, method, &path_of(link)).await,
                wanted,
                "{ways:?}"
            );
        }
        let answer = gateway.click(link).await;
        assert_eq!(answer.status(), 410);
        assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
        let page = answer.text().await.unwrap();
        assert_eq!(language_of(&page), "en");
        assert!(!page.contains("<form"), "{page}");
        let (_, title) = page.split_once("<h1>").unwrap();
        titles.push((wanted.1, title.split_once("</h1>").unwrap().0.to_owned()));
        let head = send(&gateway, Method::HEAD, &path_of(link), &[]).await;
        assert_eq!(head.status(), 410);
    }
    titles.sort();
    titles.dedup();
    assert_eq!(titles.len(), 3, "a page for each reason: {titles:?}");
    assert_eq!(gateway.idenfy.minted(), minted);
}

async fn a_page_of_a_link_that_is_over_shows_the_operators_words_as_plain_text(context: Context) {
    let gateway = Gateway::start(&context).await;
    let message = "Over <script>alert(1)</script> & \"done\".\nWrite to us.";
    let link = gateway
        .link(
            json!({"usage": {"type": "single"}, "inactive_message": message, "language": "zh_tw"}),
        )
        .await;
    assert_eq!(gateway.click(&link).await.status(), 302);
    let answer = get(&gateway, &path_of(&link), &[("Accept-Language", "de")]).await;
    assert_eq!(answer.status(), 410);
    let page = answer.text().await.unwrap();
    assert_eq!(language_of(&page), "zh-Hant-TW");
    assert!(
        page.contains("&#60;script&#62;alert(1)&#60;/script&#62; &#38;"),
        "{page}"
    );
    assert!(page.contains("Write to us."));
    let (status, _) = gateway
        .api(
            Method::PATCH,
            &format!("/links/{}", text(&link["id"])),
            Some(json!({"inactive_message": "New words"})),
        )
        .await;
    assert_eq!(status, 200);
    assert!(
        gateway
            .click(&link)
            .await
            .text()
            .await
            .unwrap()
            .contains("New words")
    );
}

async fn a_link_that_was_switched_on_again_opens(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    let id = text(&link["id"]);
    assert_eq!(gateway.click(&link).await.status(), 302);
    for (order, status) in [("deactivate", 410), ("activate", 302)] {
        let path = format!("/links/{id}/{order}");
        assert_eq!(gateway.api(Method::POST, &path, None).await.0, 200);
        assert_eq!(gateway.click(&link).await.status(), status, "{order}");
    }
    assert_eq!(gateway.used(&link).await, 2);
}

async fn an_address_that_no_link_has_is_not_found(context: Context) {
    let gateway = Gateway::start(&context).await;
    let long = "a".repeat(65);
    for slug in [
        "nosuchlink",
        "ab",
        "a_b_c",
        "%C3%BCmlaut",
        "..%2f..%2fetc",
        "a%00b",
        &long,
        "nosuchlink/",
        "no/such/link",
    ] {
        let path = format!("/{slug}");
        let answer = get(&gateway, &path, &[("Accept-Language", "lt")]).await;
        assert_eq!(answer.status(), 404, "{slug}");
        assert_eq!(language_of(&answer.text().await.unwrap()), "lt");
        assert_eq!(
            code(&gateway, Method::GET, &path).await,
            (404, "link_not_found".into()),
            "{slug}"
        );
        assert_eq!(
            send(&gateway, Method::HEAD, &path, &[]).await.status(),
            404,
            "{slug}"
        );
        assert_eq!(
            send(&gateway, Method::POST, &path, &[]).await.status(),
            404,
            "{slug}"
        );
    }
}

async fn slugs_match_in_any_case_and_with_a_slash_behind(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"slug": "Berlin-Fair"})).await;
    assert_eq!(link["slug"], "berlin-fair");
    for (used, path) in (1..).zip([
        "/berlin-fair",
        "/BERLIN-FAIR",
        "/Berlin-fair/",
        "/berlin-fair/?via=qr",
        "/%62erlin-fair",
        "/berlin%2Dfair/",
    ]) {
        assert_eq!(get(&gateway, path, &[]).await.status(), 302, "{path}");
        assert_eq!(gateway.used(&link).await, used);
    }
    let random = gateway.link(json!({})).await;
    assert_eq!(text(&random["slug"]).len(), 10);
    let upper = text(&random["slug"]).to_uppercase();
    assert_eq!(get(&gateway, &format!("/{upper}"), &[]).await.status(), 302);
}
