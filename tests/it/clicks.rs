//! What a click does.

use reqwest::Method;
use serde_json::json;

use crate::harness::gateway::{location, told};
use crate::harness::{Context, Gateway, tests};

tests!(
    "clicks",
    [
        a_link_with_three_uses_opens_three_times,
        a_confirm_page_consumes_nothing_until_it_is_posted,
    ]
);

async fn a_link_with_three_uses_opens_three_times(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway
        .link(json!({"usage": {"type": "multi", "limit": 3}}))
        .await;
    for used in 1..=3 {
        let answer = gateway.click(&link).await;
        assert_eq!(answer.status(), 302);
        assert!(location(&answer).starts_with(&gateway.idenfy.base));
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
        assert_eq!(answer.headers()["x-robots-tag"], "noindex");
        assert_eq!(gateway.used(&link).await, used);
    }
    assert_eq!(gateway.click(&link).await.status(), 410);
    let json = gateway.request(Method::GET, &format!("/{}", link["slug"].as_str().unwrap()));
    let (status, problem) = told(
        json.header("Accept", "application/json")
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!((status, &problem["code"]), (410, &json!("link_exhausted")));
    assert_eq!(gateway.idenfy.minted(), 3);
    assert_eq!(gateway.sessions(&link).await.len(), 3);
}

async fn a_confirm_page_consumes_nothing_until_it_is_posted(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway
        .link(json!({"usage": {"type": "single"}, "confirm": true}))
        .await;
    let fields = gateway.page(&link).await;
    assert_eq!(gateway.page(&link).await.len(), fields.len());
    assert_eq!(gateway.used(&link).await, 0);
    let first = gateway.submit(&link, &fields).await;
    assert_eq!(first.status(), 303);
    let again = gateway.submit(&link, &fields).await;
    assert_eq!(
        (again.status().as_u16(), location(&again)),
        (303, location(&first))
    );
    assert_eq!(gateway.used(&link).await, 1);
    assert_eq!(gateway.idenfy.minted(), 1);
}
