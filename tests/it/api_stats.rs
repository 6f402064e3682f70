//! `GET /api/v1/links/{id}/stats`

use entrypass::domain::timestamp::DAY_MS;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api_support::{fields, key_with};
use crate::harness::gateway::text;
use crate::harness::{Answer, Context, Gateway, tests};
use crate::visitor_kit::final_result;

tests!(
    "api_stats",
    [
        a_links_days_tell_what_came_of_its_clicks,
        there_is_a_row_for_every_day_both_ends_included,
        what_cannot_be_told_is_refused_by_its_field,
    ]
);

async fn stats(gateway: &Gateway, link: &Value, query: &str) -> Value {
    let path = format!("/links/{}/stats{query}", text(&link["id"]));
    let (status, told) = gateway.get(&path).await;
    assert_eq!(status, 200, "{told}");
    told
}

async fn a_links_days_tell_what_came_of_its_clicks(context: Context) {
    let gateway = Gateway::start(&context).await;
    let (link, other) = (gateway.link(json!({})).await, gateway.link(json!({})).await);
    let click = async |query: &str| {
        let path = format!("/{}{query}", text(&link["slug"]));
        let answer = gateway.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(answer.status(), 302);
    };
    click("?via=qr").await;
    let session = gateway.sessions(&link).await[0].clone();
    click("?via=qr").await;
    click("").await;
    gateway.click(&other).await;
    gateway.clock.advance(DAY_MS);
    click("?via=email").await;
    context.expect_log("iDenfy started no session");
    gateway.idenfy.answer(Answer::Raw(500, "", "{}".to_owned()));
    assert_eq!(gateway.click(&link).await.status(), 503);
    let path = format!("/{}", text(&link["slug"]));
    gateway.request(Method::HEAD, &path).send().await.unwrap();
    gateway.state.store.flush().await.unwrap();
    // It counts on the day of its click.
    final_result(&gateway, &session, "APPROVED").await;
    let told = stats(&gateway, &link, "?from=2027-01-15&to=2027-01-16").await;
    let none = json!({"head": 0, "prefetch": 0, "preview": 0});
    let head = json!({"head": 1, "prefetch": 0, "preview": 0});
    assert_eq!(
        told,
        json!({
            "days": [
                {"date": "2027-01-15", "clicks": 3, "started": 3, "failed": 0, "ignored": none,
                 "outcomes": {"approved": 1}, "via": {"qr": 2}},
                {"date": "2027-01-16", "clicks": 2, "started": 1, "failed": 1, "ignored": head,
                 "outcomes": {}, "via": {"email": 1}},
            ],
            "total": {"clicks": 5, "started": 4, "failed": 1, "ignored": head,
                      "outcomes": {"approved": 1}, "via": {"email": 1, "qr": 2}},
        })
    );
}

async fn there_is_a_row_for_every_day_both_ends_included(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    for (query, count, first, last) in [
        ("", 30, "2026-12-17", "2027-01-15"),
        ("?from=&to=", 30, "2026-12-17", "2027-01-15"),
        ("?to=2024-03-01", 30, "2024-02-01", "2024-03-01"),
        ("?from=2027-01-15", 1, "2027-01-15", "2027-01-15"),
        (
            "?from=2028-02-28&to=2028-03-01",
            3,
            "2028-02-28",
            "2028-03-01",
        ),
        (
            "?from=2028-01-01&to=2028-12-31",
            366,
            "2028-01-01",
            "2028-12-31",
        ),
    ] {
        let told = stats(&gateway, &link, query).await;
        let days = told["days"].as_array().unwrap();
        let date = |n: usize| text(&days[n]["date"]).to_owned();
        assert_eq!((days.len(), date(0).as_str()), (count, first), "{query}");
        assert_eq!(date(count - 1), last, "{query}");
        assert_eq!(told["total"]["clicks"], 0);
    }
}

async fn what_cannot_be_told_is_refused_by_its_field(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    let path = format!("/links/{}/stats", text(&link["id"]));
    for (query, wrong) in [
        ("?from=yesterday", vec!["from"]),
        ("?to=2027-02-29", vec!["to"]),
        ("?from=1.1.2027&to=2027-13-01", vec!["from", "to"]),
        ("?from=2027-01-02&to=2027-01-01", vec!["from"]),
        ("?from=2027-01-16", vec!["from"]),
        ("?from=2027-01-01&to=2028-01-02", vec!["from"]),
        ("?limit=3", vec!["limit"]),
    ] {
        let (status, problem) = gateway.get(&format!("{path}{query}")).await;
        assert_eq!(
            (status, fields(&problem)),
            (422, wrong),
            "{query} {problem}"
        );
    }
    for unknown in ["01977d0e-5d3a-7c42-9f0b-6c1a2b3d4e5f", "x"] {
        let (status, _) = gateway.get(&format!("/links/{unknown}/stats")).await;
        assert_eq!(status, 404);
    }
    let (status, _) = gateway
        .api(Method::DELETE, &path.replace("/stats", ""), None)
        .await;
    assert_eq!((status, gateway.get(&path).await.0), (204, 404));
    let key = key_with(&gateway, &["links"]).await;
    let request = gateway.request(Method::GET, &format!("/api/v1{path}"));
    assert_eq!(request.bearer_auth(key).send().await.unwrap().status(), 403);
}
