//! The audit log by API: every call that changes something leaves one line.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api_support::{fields, key_with, post_once, problem};
use crate::harness::gateway::text;
use crate::harness::{Context, Gateway, tests};

tests!(
    "audit",
    [
        every_call_that_changes_something_leaves_one_line,
        the_log_is_paged_and_narrowed,
        only_admins_read_it,
        it_is_exported_as_csv,
    ]
);

/// Lines newer than the newest there was before, oldest first.
async fn lines(gateway: &Gateway, query: &str) -> Vec<Value> {
    let (status, page) = gateway.get(&format!("/audit?limit=200{query}")).await;
    assert_eq!(status, 200, "{page}");
    let mut items = page["items"].as_array().unwrap().clone();
    items.reverse();
    items
}

async fn every_call_that_changes_something_leaves_one_line(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"name": "Fair"})).await;
    let id = text(&link["id"]).to_owned();
    let path = format!("/links/{id}");
    let call = async |method, path: &str, body: Value| gateway.api(method, path, Some(body)).await;
    call(Method::PATCH, &path, json!({"name": "Fairer"})).await;
    call(Method::POST, &format!("{path}/deactivate"), json!({})).await;
    call(Method::POST, &format!("{path}/activate"), json!({})).await;
    let body = json!({"token": {"clientId": "customer-7"}});
    let (_, session) = call(Method::POST, "/sessions", body.clone()).await;
    // It is open: nothing is started, so nothing is noted.
    assert_eq!(call(Method::POST, "/sessions", body).await.0, 409);
    let session_id = text(&session["id"]).to_owned();
    call(
        Method::DELETE,
        &format!("/sessions/{session_id}"),
        json!({}),
    )
    .await;
    let (_, key) = call(
        Method::POST,
        "/keys",
        json!({"name": "k", "scopes": ["read"]}),
    )
    .await;
    let key_id = text(&key["id"]).to_owned();
    call(Method::DELETE, &format!("/keys/{key_id}"), json!({})).await;
    call(Method::DELETE, &path, json!({})).await;
    let wanted = json!({"name": "Twice", "usage": {"type": "single"}});
    for _ in 0..2 {
        let answer = post_once(&gateway, &gateway.key, "again", "/links", &wanted).await;
        assert_eq!(answer.status(), 201);
    }
    // Refused, so nothing is noted.
    assert_eq!(call(Method::DELETE, &path, json!({})).await.0, 404);
    assert_eq!(gateway.post("/links", json!({})).await.0, 422);
    // A visitor is nobody who acts.
    assert_eq!(
        gateway.click(&gateway.link(json!({})).await).await.status(),
        302
    );
    let lines = lines(&gateway, "").await;
    let told: Vec<(&str, &str)> = lines
        .iter()
        .map(|line| (text(&line["action"]), text(&line["object"]["id"])))
        .collect();
    assert_eq!(told[0].0, "key.created");
    assert_eq!(
        told[1..10],
        [
            ("link.created", &*id),
            ("link.updated", &id),
            ("link.deactivated", &id),
            ("link.activated", &id),
            ("session.started", &session_id),
            ("session.erased", &session_id),
            ("key.created", &key_id),
            ("key.revoked", &key_id),
            ("link.deleted", &id),
        ]
    );
    let rest: Vec<&str> = told[10..].iter().map(|(action, _)| *action).collect();
    assert_eq!(rest, ["link.created", "link.created"]);
    // The harness made its key by itself, all else was done with it.
    assert_eq!(
        lines[0]["actor"],
        json!({"kind": "system", "id": null, "name": null})
    );
    assert_eq!(lines[0]["address"], Value::Null);
    for line in &lines[1..] {
        let actor = json!({"kind": "key", "id": lines[0]["object"]["id"], "name": "test"});
        assert_eq!(line["actor"], actor);
        assert_eq!(line["address"], "127.0.0.1");
    }
    assert_eq!(lines[1]["detail"], "Fair");
    assert!(!json!(lines).to_string().contains("customer-7"));
}

async fn the_log_is_paged_and_narrowed(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut links = Vec::new();
    for _ in 0..5 {
        gateway.clock.advance(1000);
        links.push(gateway.link(json!({})).await);
    }
    let mut cursor = String::new();
    let mut seen = Vec::new();
    loop {
        let (_, page) = gateway.get(&format!("/audit?limit=4{cursor}")).await;
        seen.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    seen.reverse();
    assert_eq!(seen, lines(&gateway, "").await);
    assert_eq!(seen.len(), 6);
    let of_link = format!("&object_id={}", text(&links[2]["id"]));
    let actor = format!("&actor={}", text(&seen[1]["actor"]["id"]));
    for (query, found) in [
        (of_link.as_str(), 1),
        (&actor, 5),
        ("&actor=system", 1),
        ("&actor=nobody", 0),
        ("&action=key.created", 1),
        ("&action=nonsense", 0),
        ("&from=2027-01-15T12:00:04Z", 2),
        ("&from=2027-01-15T12:00:01Z&to=2027-01-15T12:00:03Z", 2),
    ] {
        assert_eq!(lines(&gateway, query).await.len(), found, "{query}");
    }
    let (status, told) = gateway.get("/audit?from=today&to=1&zz=1&cursor=x").await;
    assert_eq!(status, 422);
    assert_eq!(fields(&told), ["cursor", "from", "to", "zz"]);
}

async fn only_admins_read_it(context: Context) {
    let gateway = Gateway::start(&context).await;
    let key = key_with(&gateway, &["read", "links", "sessions"]).await;
    for path in ["/api/v1/audit", "/api/v1/audit.csv"] {
        let request = gateway.request(Method::GET, path).bearer_auth(&key);
        problem(request.send().await.unwrap(), 403, "forbidden").await;
    }
}

async fn it_is_exported_as_csv(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"name": "=cmd, \"x\""})).await;
    let path = "/api/v1/audit.csv?action=link.created";
    let request = gateway.request(Method::GET, path).bearer_auth(&gateway.key);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let text_of = answer.text().await.unwrap();
    let rows: Vec<&str> = text_of.split_terminator("\r\n").collect();
    assert_eq!(
        rows[0],
        "id,at,actor_kind,actor_id,actor_name,action,object_kind,object_id,address,detail"
    );
    let id = text(&link["id"]);
    let end = format!(",test,link.created,link,{id},127.0.0.1,\"'=cmd, \"\"x\"\"\"");
    assert_eq!(rows.len(), 2);
    assert!(rows[1].ends_with(&end), "{}", rows[1]);
}
