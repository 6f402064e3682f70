//! Links that let a browser come back to its session.

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::harness::gateway::{location, path_of, text};
use crate::harness::{Context, Gateway, tests};
use crate::visitor_kit::{HOUR_MS, final_result, form_of, get, post_form, webhook};

tests!(
    "resume",
    [
        the_same_browser_gets_the_same_session_and_another_one_its_own,
        the_cookie_is_out_of_reach_of_scripts_and_other_sites_forms,
        an_open_session_outlives_the_links_last_use_and_its_end,
        after_the_token_ran_out_the_same_browser_clicks_anew,
        after_a_final_result_the_same_browser_clicks_anew,
        a_forged_cookie_or_one_of_another_link_is_worth_nothing,
        a_link_that_is_switched_off_takes_nobody_back,
        a_confirm_page_is_skipped_on_the_way_back,
        a_link_without_resume_gives_no_cookie_and_takes_none,
    ]
);

fn cookie_of(answer: &Response) -> String {
    let cookie = answer.headers()["set-cookie"].to_str().expect("text");
    cookie.split(';').next().expect("a pair").to_owned()
}

async fn with_cookie(gateway: &Gateway, link: &Value, cookie: &str) -> Response {
    get(gateway, &path_of(link), &[("Cookie", cookie)]).await
}

async fn the_same_browser_gets_the_same_session_and_another_one_its_own(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"resume": true})).await;
    let first = gateway.click(&link).await;
    assert_eq!(first.status(), 302);
    let cookie = cookie_of(&first);
    for _ in 0..2 {
        let again = with_cookie(&gateway, &link, &format!("theme=dark; {cookie}; x=y")).await;
        assert_eq!(
            (again.status().as_u16(), location(&again)),
            (302, location(&first))
        );
        assert_eq!(again.headers()["cache-control"], "no-store");
    }
    assert_eq!(
        (gateway.used(&link).await, gateway.idenfy.calls().len()),
        (1, 1)
    );
    let other = gateway.click(&link).await;
    assert_ne!(location(&other), location(&first));
    assert_ne!(cookie_of(&other), cookie);
    assert_eq!(gateway.used(&link).await, 2);
    assert_eq!(
        location(&with_cookie(&gateway, &link, &cookie).await),
        location(&first)
    );
}

async fn the_cookie_is_out_of_reach_of_scripts_and_other_sites_forms(context: Context) {
    for (base, secure) in [
        ("http://localhost:8080", false),
        ("https://go.example.com", true),
    ] {
        let gateway = Gateway::with(&context, |config| {
            config.server.public_url = Some(base.parse().unwrap());
        })
        .await;
        let link = gateway.link(json!({"resume": true})).await;
        let answer = gateway.click(&link).await;
        let cookie = answer.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .to_lowercase();
        let has = |name: &str| cookie.split("; ").any(|part| part == name);
        assert!(has("httponly"), "{cookie}");
        assert!(has("samesite=lax"), "{cookie}");
        assert_eq!(has("secure"), secure, "{cookie}");
        assert!(
            !cookie.contains("token-0") && !cookie.contains("scan-0"),
            "{cookie}"
        );
    }
}

async fn an_open_session_outlives_the_links_last_use_and_its_end(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway
        .link(json!({"resume": true, "usage": {"type": "single"}, "expires_at": "2027-01-15T12:30:00Z"}))
        .await;
    let first = gateway.click(&link).await;
    for _ in 0..2 {
        let again = with_cookie(&gateway, &link, &cookie_of(&first)).await;
        assert_eq!(
            (again.status().as_u16(), location(&again)),
            (302, location(&first))
        );
        assert_eq!(gateway.click(&link).await.status(), 410);
        gateway.clock.advance(HOUR_MS / 2);
    }
    assert_eq!(
        with_cookie(&gateway, &link, &cookie_of(&first))
            .await
            .status(),
        410
    );
}

async fn after_the_token_ran_out_the_same_browser_clicks_anew(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway
        .link(json!({"resume": true, "token": {"expiryTime": 600}}))
        .await;
    let first = gateway.click(&link).await;
    gateway.clock.advance(599_999);
    assert_eq!(
        location(&with_cookie(&gateway, &link, &cookie_of(&first)).await),
        location(&first)
    );
    gateway.clock.advance(1);
    let anew = with_cookie(&gateway, &link, &cookie_of(&first)).await;
    assert_eq!(anew.status(), 302);
    assert_ne!(location(&anew), location(&first));
    assert_eq!(gateway.used(&link).await, 2);
    let back = with_cookie(&gateway, &link, &cookie_of(&anew)).await;
    assert_eq!(location(&back), location(&anew));
    assert_eq!(gateway.used(&link).await, 2);
}

async fn after_a_final_result_the_same_browser_clicks_anew(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"resume": true})).await;
    let first = gateway.click(&link).await;
    let session = gateway.sessions(&link).await.remove(0);
    let reviewing = json!({
        "final": false, "scanRef": session["scan_ref"], "clientId": session["client_id"],
        "status": {"overall": "APPROVED"},
    });
    webhook(&gateway, "IDENTIFICATION_AUTO_FINISHED", &reviewing).await;
    assert_eq!(
        location(&with_cookie(&gateway, &link, &cookie_of(&first)).await),
        location(&first)
    );
    final_result(&gateway, &session, "DENIED").await;
    let anew = with_cookie(&gateway, &link, &cookie_of(&first)).await;
    assert_eq!(anew.status(), 302);
    assert_ne!(location(&anew), location(&first));
    assert_eq!(gateway.used(&link).await, 2);
}

async fn a_forged_cookie_or_one_of_another_link_is_worth_nothing(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"resume": true})).await;
    let other = gateway.link(json!({"resume": true})).await;
    let good = cookie_of(&gateway.click(&link).await);
    let (name, value) = good.split_once('=').unwrap();
    let session = text(&gateway.sessions(&link).await[0]["id"]).to_owned();
    let others = cookie_of(&gateway.click(&other).await);
    let others = others.split_once('=').unwrap().1;
    let mut used = 1;
    for forged in [
        "",
        "x",
        &session,
        &format!("{session}."),
        &value[..value.len() - 2],
        others,
    ] {
        let answer = with_cookie(&gateway, &link, &format!("{name}={forged}")).await;
        assert_eq!(answer.status(), 302, "{forged}");
        used += 1;
        assert_eq!(gateway.used(&link).await, used, "{forged}");
    }
    assert_eq!(with_cookie(&gateway, &link, &good).await.status(), 302);
    assert_eq!(gateway.used(&link).await, used);
}

async fn a_link_that_is_switched_off_takes_nobody_back(context: Context) {
    let gateway = Gateway::start(&context).await;
    for confirm in [false, true] {
        let link = gateway
            .link(json!({"resume": true, "confirm": confirm}))
            .await;
        let fields = form_of(&gateway.submit(&link, &[]).await.text().await.unwrap());
        let cookie = cookie_of(&gateway.submit(&link, &fields).await);
        assert_eq!(with_cookie(&gateway, &link, &cookie).await.status(), 302);
        let path = format!("/links/{}/deactivate", text(&link["id"]));
        assert_eq!(gateway.api(Method::POST, &path, None).await.0, 200);
        assert_eq!(with_cookie(&gateway, &link, &cookie).await.status(), 410);
        let answer = post_form(&gateway, &path_of(&link), &fields, &[("Cookie", &cookie)]).await;
        assert_eq!(answer.status(), 410);
    }
}

async fn a_confirm_page_is_skipped_on_the_way_back(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"resume": true, "confirm": true})).await;
    let fields = gateway.page(&link).await;
    let first = gateway.submit(&link, &fields).await;
    assert_eq!(first.status(), 303);
    let again = with_cookie(&gateway, &link, &cookie_of(&first)).await;
    assert_eq!(
        (again.status().as_u16(), location(&again)),
        (302, location(&first))
    );
    let headers = [("Cookie", &*cookie_of(&first))];
    let fresh = gateway.page(&link).await;
    let posted = post_form(&gateway, &path_of(&link), &fresh, &headers).await;
    assert_eq!(
        (posted.status().as_u16(), location(&posted)),
        (303, location(&first))
    );
    assert_eq!(gateway.used(&link).await, 1);
}

async fn a_link_without_resume_gives_no_cookie_and_takes_none(context: Context) {
    let gateway = Gateway::start(&context).await;
    let with = gateway.link(json!({"resume": true})).await;
    let without = gateway.link(json!({})).await;
    let cookie = cookie_of(&gateway.click(&with).await);
    let (_, value) = cookie.split_once('=').unwrap();
    let renamed = cookie.replace(text(&with["slug"]), text(&without["slug"]));
    for cookie in [&cookie, &renamed, &format!("entrypass={value}")] {
        let answer = with_cookie(&gateway, &without, cookie).await;
        assert_eq!(answer.status(), 302);
        assert!(!answer.headers().contains_key("set-cookie"));
    }
    assert_eq!(gateway.used(&without).await, 3);
}
