//! The overview: what came of everything, what is about to end, what is wrong.

use entrypass::domain::person::Role;
use entrypass::domain::timestamp::DAY_MS;
use serde_json::json;

use crate::dashboard_kit::{Browser, signed_in};
use crate::harness::gateway::{START, text};
use crate::harness::{Answer, Context, Gateway, tests};
use crate::visitor_kit::{expect_ignored, send as visit};
use crate::webhook_in::{MANUAL, result, send};

tests!(
    "dashboard_overview",
    [
        figures_are_true_at_once_also_of_days_gone_by,
        figures_are_true_after_what_changed_them_was_forgotten,
        links_that_are_about_to_end_are_named,
        trouble_is_told_in_words_with_what_to_do,
    ]
);

/// A figure: today, and of 30 days.
fn figure(page: &str, label: &str) -> (String, String) {
    let mut from = page
        .split("<dl class=\"figures\">")
        .nth(1)
        .unwrap()
        .split("<dt>");
    let part = from
        .find(|part| part.contains(label))
        .unwrap_or_else(|| panic!("{label}: {page}"));
    let today = part
        .split("<strong>")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap();
    let all = part
        .split("today, ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    (today.to_owned(), all.to_owned())
}

async fn expect(browser: &mut Browser<'_>, expected: &[(&str, u32, u32)]) -> String {
    let page = browser.open("/admin").await;
    for (label, today, all) in expected {
        let shown = figure(&page, label);
        assert_eq!(shown, (today.to_string(), all.to_string()), "{label}");
    }
    page
}

async fn figures_are_true_after_what_changed_them_was_forgotten(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    assert_eq!(gateway.click(&link).await.status(), 302);
    let session = gateway.sessions(&link).await.remove(0);
    gateway.clock.advance(3 * DAY_MS);
    let mut browser = signed_in(&gateway, "vera@example.com", Role::Viewer).await;
    expect(&mut browser, &[("Clicks", 0, 1), ("Denied", 0, 0)]).await;
    // Nobody looks for more than a week, in which a result of that day comes.
    send(
        &gateway,
        MANUAL,
        &result(&session["scan_ref"], "DENIED", true),
    )
    .await;
    crate::api_support::until(async || gateway.sessions(&link).await[0]["status"] == "denied")
        .await;
    assert_eq!(gateway.click(&link).await.status(), 302);
    gateway.clock.advance(9 * DAY_MS);
    let store = &gateway.state.store;
    while store.forget_events(gateway.clock.now()).await.unwrap() > 0 {}
    let mut browser = signed_in(&gateway, "vic@example.com", Role::Viewer).await;
    crate::api_support::until(async || figure(&browser.open("/admin").await, "Denied").1 == "1")
        .await;
    expect(&mut browser, &[("Clicks", 0, 2), ("Denied", 0, 1)]).await;
}

async fn figures_are_true_at_once_also_of_days_gone_by(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut browser = signed_in(&gateway, "vera@example.com", Role::Viewer).await;
    let page = expect(&mut browser, &[("Clicks", 0, 0), ("Given back", 0, 0)]).await;
    assert!(page.contains("Welcome to Entrypass") && page.contains("iDenfy is well"));
    let (one, two) = (gateway.link(json!({})).await, gateway.link(json!({})).await);
    for link in [&one, &two, &two] {
        assert_eq!(gateway.click(link).await.status(), 302);
    }
    gateway.idenfy.answer(Answer::Raw(400, "", "{}".into()));
    context.expect_log("refuses the parameters");
    assert_eq!(gateway.click(&one).await.status(), 503);
    gateway.idenfy.answer(Answer::Token);
    visit(
        &gateway,
        reqwest::Method::HEAD,
        &format!("/{}", text(&one["slug"])),
        &[],
    )
    .await;
    expect_ignored(&gateway, &one, "head", 1).await;
    let page = expect(
        &mut browser,
        &[
            ("Clicks", 4, 4),
            ("Started", 3, 3),
            ("Given back", 1, 1),
            ("Approved", 0, 0),
        ],
    )
    .await;
    assert!(!page.contains("Welcome to Entrypass"));
    let asked = page.split("Only asked").nth(1).unwrap();
    assert!(
        asked.contains("<td class=\"number\">1</td><td class=\"number\">1</td>"),
        "{asked}"
    );
    // The chart's table begins with today: given back, not finished, denied, suspected, under way, approved.
    let day = &START[..10];
    let cells = ["1", "0", "0", "0", "3", "0"].map(|n| format!("<td class=\"number\">{n}</td>"));
    assert!(
        page.contains(&format!("<th scope=\"row\">{day}</th>{}", cells.concat())),
        "{page}"
    );

    // Three days later a result of that day comes, and is counted there.
    gateway.clock.advance(3 * DAY_MS);
    let mut browser = signed_in(&gateway, "vic@example.com", Role::Viewer).await;
    assert_eq!(gateway.click(&one).await.status(), 302);
    expect(&mut browser, &[("Clicks", 1, 5), ("Denied", 0, 0)]).await;
    let first = gateway.sessions(&two).await.remove(1);
    send(
        &gateway,
        MANUAL,
        &result(&first["scan_ref"], "DENIED", true),
    )
    .await;
    crate::api_support::until(async || figure(&browser.open("/admin").await, "Denied").1 == "1")
        .await;
    let page = expect(&mut browser, &[("Denied", 0, 1), ("Started", 1, 4)]).await;
    let cells = ["1", "0", "1", "0", "2", "0"].map(|n| format!("<td class=\"number\">{n}</td>"));
    assert!(
        page.contains(&format!("<th scope=\"row\">{day}</th>{}", cells.concat())),
        "{page}"
    );
    // After a month it is none of it any more.
    gateway.clock.advance(27 * DAY_MS);
    let mut browser = signed_in(&gateway, "vio@example.com", Role::Viewer).await;
    expect(&mut browser, &[("Clicks", 0, 1), ("Denied", 0, 0)]).await;
}

async fn links_that_are_about_to_end_are_named(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut browser = signed_in(&gateway, "vera@example.com", Role::Viewer).await;
    let page = browser.open("/admin").await;
    assert!(page.contains("No link ends within a week"));
    let named = |name: &str, more| crate::api_support::over(json!({"name": name}), &more);
    for (name, more) in [
        (
            "Ends soon <i>",
            json!({"expires_at": "2027-01-20T00:00:00Z"}),
        ),
        ("Ends later", json!({"expires_at": "2027-01-25T00:00:00Z"})),
        ("Single", json!({"usage": {"type": "single"}})),
    ] {
        gateway.link(named(name, more)).await;
    }
    let few = gateway
        .link(named(
            "Few left",
            json!({"usage": {"type": "multi", "limit": 10}}),
        ))
        .await;
    let off = gateway
        .link(named("Off", json!({"expires_at": "2027-01-20T00:00:00Z"})))
        .await;
    gateway
        .post(
            &format!("/links/{}/deactivate", text(&off["id"])),
            json!({}),
        )
        .await;
    for _ in 0..9 {
        assert_eq!(gateway.click(&few).await.status(), 302);
    }
    gateway.clock.advance(60_000);
    let page = browser.open("/admin").await;
    let ending = page.split("About to end").nth(1).unwrap();
    let ending = ending.split("</section>").next().unwrap();
    assert!(
        ending.contains("Ends soon &#60;i&#62;") && ending.contains("in 4 days"),
        "{ending}"
    );
    assert!(
        ending.contains("Few left") && ending.contains("1 of 10 uses left"),
        "{ending}"
    );
    for other in ["Ends later", "Single", "Off"] {
        assert!(!ending.contains(other), "{ending}");
    }
}

async fn trouble_is_told_in_words_with_what_to_do(context: Context) {
    let gateway = Gateway::with(&context, |config| config.idenfy.webhook_key = None).await;
    let mut browser = signed_in(&gateway, "vera@example.com", Role::Viewer).await;
    let page = browser.open("/admin").await;
    assert!(page.contains("Results cannot arrive") && page.contains("idenfy.webhook_key"));
    assert!(!page.contains("This is the sandbox"));
    context.expect_log("out of credits");
    context.expect_log("refuses the API key");
    let link = gateway.link(json!({})).await;
    for (status, title, advice) in [
        (402, "The iDenfy account is out of credits", "Add credits"),
        (401, "iDenfy refuses this gateway", "entrypass doctor"),
    ] {
        gateway.idenfy.answer(Answer::Raw(status, "", "{}".into()));
        assert_eq!(gateway.click(&link).await.status(), 503);
        gateway.clock.advance(10_000);
        let page = browser.open("/admin").await;
        assert!(page.contains(title) && page.contains(advice), "{page}");
        assert!(!page.contains("iDenfy is well"));
    }
}
