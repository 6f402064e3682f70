//! What the log says of a database that fails: when it began, now and again how much, and when it was over.

use std::time::Instant;

use reqwest::Method;
use serde_json::json;

use crate::harness::gateway::path_of;
use crate::harness::{BOUND, Context, Gateway, eventually, tests};

tests!(
    "outage",
    [many_requests_without_a_database_leave_few_lines_in_the_log]
);

async fn many_requests_without_a_database_leave_few_lines_in_the_log(context: Context) {
    for text in [
        "a request failed",
        "could not be written",
        "not ready",
        "the sweep failed",
        "asking for results failed",
        "erasing failed",
    ] {
        context.expect_log(text);
    }
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    assert_eq!(gateway.click(&link).await.status(), 302);
    let begun = Instant::now();
    for sql in [
        "ALTER TABLE sessions RENAME TO sessions_elsewhere",
        "ALTER TABLE settings RENAME TO settings_elsewhere",
    ] {
        gateway.database.execute(sql).await.unwrap();
    }
    for _ in 0..20 {
        for path in [&*path_of(&link), "/health/ready", "/api/v1/sessions"] {
            let request = gateway.request(Method::GET, path).bearer_auth(&gateway.key);
            assert_eq!(request.send().await.unwrap().status(), 503, "{path}");
        }
        let key = gateway.clock.uuid().to_string();
        let once = gateway.request(Method::POST, "/api/v1/sessions");
        let once = once
            .bearer_auth(&gateway.key)
            .header("Idempotency-Key", key);
        assert_eq!(once.json(&json!({})).send().await.unwrap().status(), 503);
    }
    for sql in [
        "ALTER TABLE sessions_elsewhere RENAME TO sessions",
        "ALTER TABLE settings_elsewhere RENAME TO settings",
    ] {
        gateway.database.execute(sql).await.unwrap();
    }
    let lasted = usize::try_from(begun.elapsed().as_secs()).unwrap();
    let lines = |text: &str| context.log.text().matches(text).count();
    eventually(BOUND, "it is told that it is over", async || {
        lines("the database answers again") > 0
    })
    .await;
    let of_requests = ["a request failed", "could not be written", "not ready"];
    let told: usize = of_requests.map(lines).iter().sum();
    // A sweep that got through just before or between the two may have taken it for over.
    let most = 2 * (1 + lasted / 5) + 1;
    assert!((1..=most).contains(&told), "{told} lines in {lasted} s");
    let log = context.log.text();
    let last = log.lines().rfind(|line| line.contains("answers again"));
    assert!(last.unwrap().contains("\"more\":"), "{last:?}");
}
