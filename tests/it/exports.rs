//! Exports as CSV: everything that the lists hold, in one piece.

use std::collections::BTreeMap;

use entrypass::domain::usage::Usage;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::api_support::{fields, key_with, problem};
use crate::harness::gateway::text;
use crate::harness::{Context, Gateway, tests};
use crate::store_kit::Kit;

tests!(
    "exports",
    [
        links_are_exported_with_all_that_the_list_shows,
        sessions_are_exported_with_all_that_the_list_shows,
        exports_are_narrowed_as_the_lists_are,
        more_rows_than_a_page_come_each_once,
        an_export_that_is_not_read_harms_nothing,
        a_database_that_fails_at_first_is_a_problem_not_a_table,
    ]
);

async fn ask(gateway: &Gateway, path: &str) -> Response {
    let request = gateway.request(Method::GET, &format!("/api/v1{path}"));
    request.bearer_auth(&gateway.key).send().await.unwrap()
}

/// The rows of an export, each by the names of its columns.
async fn export(gateway: &Gateway, path: &str) -> Vec<BTreeMap<String, String>> {
    let answer = ask(gateway, path).await;
    assert_eq!(answer.status(), 200);
    let kind = "text/csv; charset=utf-8; header=present";
    assert_eq!(answer.headers()["content-type"], kind);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let (file, _) = path[1..].split_once(".csv").unwrap();
    let disposition = format!("attachment; filename=\"{file}.csv\"");
    assert_eq!(answer.headers()["content-disposition"], *disposition);
    let text = answer.text().await.unwrap();
    assert!(text.ends_with("\r\n"));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

/// A value of the list as it stands in a cell.
fn as_cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(tags) => tags.iter().map(text).collect::<Vec<_>>().join("|"),
        other => other.to_string(),
    }
}

/// Compares a row with the item of the list: what the item holds deeper is `inner`, under its own names.
fn is_row(row: &BTreeMap<String, String>, item: &Value, inner: &str, renamed: &[(&str, &str)]) {
    let mut cells = BTreeMap::new();
    for (name, value) in item.as_object().unwrap() {
        if name == inner {
            for (name, value) in value.as_object().unwrap() {
                let name = renamed.iter().find(|(from, _)| from == name);
                let own = name.map_or(name_of(item, inner, value), |(_, to)| (*to).to_owned());
                cells.insert(own, as_cell(value));
            }
        } else if name != "token" {
            cells.insert(name.clone(), as_cell(value));
        }
    }
    assert_eq!(*row, cells);
}

fn name_of(item: &Value, inner: &str, wanted: &Value) -> String {
    let inner = item[inner].as_object().unwrap();
    let found = inner.iter().find(|(_, value)| std::ptr::eq(*value, wanted));
    found.unwrap().0.clone()
}

async fn links_are_exported_with_all_that_the_list_shows(context: Context) {
    let gateway = Gateway::start(&context).await;
    gateway.link(json!({"name": "plain"})).await;
    let full = json!({
        "name": "Fair, \"hall 4\"", "usage": {"type": "multi", "limit": 3}, "expires_at": "2027-03-01T00:00:00Z",
        "language": "de", "inactive_message": "Over.\nWrite to us.", "resume": true,
    });
    let link = gateway.link(full).await;
    gateway.click(&link).await;
    let (_, list) = gateway.get("/links").await;
    let rows = export(&gateway, "/links.csv").await;
    assert_eq!(rows.len(), 2);
    for (row, item) in rows.iter().zip(list["items"].as_array().unwrap()) {
        is_row(row, item, "usage", &[("type", "usage")]);
    }
    // What a spreadsheet would take for a formula is none.
    gateway
        .link(json!({"name": "=HYPERLINK(\"https://evil.example\")"}))
        .await;
    let named = &export(&gateway, "/links.csv").await[0]["name"];
    assert_eq!(named, "'=HYPERLINK(\"https://evil.example\")");
}

async fn sessions_are_exported_with_all_that_the_list_shows(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"accept_ref": true})).await;
    let path = format!(
        "{}?via=qr&ref=order-7",
        crate::harness::gateway::path_of(&link)
    );
    gateway.request(Method::GET, &path).send().await.unwrap();
    let scan = text(&gateway.sessions(&link).await[0]["scan_ref"]).to_owned();
    let result = json!({
        "scanRef": scan, "final": true,
        "status": {"overall": "SUSPECTED", "fraudTags": ["A", "B"], "mismatchTags": ["C"], "autoFace": "FACE_MATCH"},
    });
    let body = result.to_string();
    let answer =
        crate::api_support::send_webhook(&gateway, "IDENTIFICATION", body.as_bytes()).await;
    assert_eq!(answer.status(), 200);
    gateway
        .post("/sessions", json!({"token": {"clientId": "c"}}))
        .await;
    let (_, list) = gateway.get("/sessions").await;
    let rows = export(&gateway, "/sessions.csv").await;
    assert_eq!(rows.len(), 2);
    for (row, item) in rows.iter().zip(list["items"].as_array().unwrap()) {
        is_row(row, item, "checks", &[]);
    }
    assert_eq!(rows[1]["fraud_tags"], "A|B");
}

async fn exports_are_narrowed_as_the_lists_are(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway
        .link(json!({"slug": "one-link", "usage": {"type": "single"}}))
        .await;
    let other = gateway.link(json!({"name": "Other"})).await;
    for link in [&link, &other] {
        gateway.click(link).await;
    }
    let of_link = format!("/sessions.csv?link_id={}", text(&link["id"]));
    for (path, rows) in [
        ("/links.csv?status=exhausted", 1),
        ("/links.csv?status=nonsense", 0),
        ("/links.csv?q=other", 1),
        ("/links.csv?slug=ONE-LINK", 1),
        ("/links.csv?slug=%21", 0),
        ("/sessions.csv?status=active", 2),
        ("/sessions.csv?client_id=nobody", 0),
        (&of_link, 1),
    ] {
        assert_eq!(export(&gateway, path).await.len(), rows, "{path}");
    }
    let refused = ask(&gateway, "/sessions.csv?limit=5&link_id=7&zz=1").await;
    let told = problem(refused, 422, "invalid").await;
    assert_eq!(fields(&told), ["limit", "link_id", "zz"]);
    let key = key_with(&gateway, &["links", "sessions"]).await;
    for path in ["/api/v1/links.csv", "/api/v1/sessions.csv"] {
        let request = gateway.request(Method::GET, path).bearer_auth(&key);
        problem(request.send().await.unwrap(), 403, "forbidden").await;
    }
}

/// A gateway with so many links.
async fn with_links(context: &Context, n: usize) -> Gateway {
    let gateway = Gateway::start(context).await;
    let kit = Kit::open(context).await;
    let links: Vec<_> = std::iter::repeat_with(|| kit.new_link(Usage::Unlimited))
        .take(n)
        .collect();
    let kept = gateway.state.store.insert_links(&links).await;
    assert_eq!(kept.unwrap(), Ok(()));
    gateway
}

async fn more_rows_than_a_page_come_each_once(context: Context) {
    // Two whole pages and one row of a third, and two pages without any third.
    for n in [1001, 1000] {
        let gateway = with_links(&context, n).await;
        let mut rows = export(&gateway, "/links.csv").await;
        assert_eq!(rows.len(), n);
        assert!(rows.is_sorted_by(|a, b| a["id"] > b["id"]));
        rows.dedup();
        assert_eq!(rows.len(), n);
    }
}

async fn an_export_that_is_not_read_harms_nothing(context: Context) {
    let gateway = with_links(&context, 3000).await;
    // More than there are connections to the database, each stopped after its first bytes.
    let mut stopped = Vec::new();
    for _ in 0..15 {
        let mut answer = ask(&gateway, "/links.csv").await;
        assert!(answer.chunk().await.unwrap().is_some());
        stopped.push(answer);
    }
    assert_eq!(gateway.get("/links").await.0, 200);
    stopped.truncate(1);
    assert_eq!(gateway.link(json!({})).await["status"], "active");
    // The one that goes on gets the rest.
    let mut length = 0;
    while let Some(chunk) = stopped[0].chunk().await.unwrap() {
        length += chunk.len();
    }
    assert!(length > 300_000, "{length}");
    let head = gateway.request(Method::HEAD, "/api/v1/links.csv");
    let head = head.bearer_auth(&gateway.key).send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(head.text().await.unwrap(), "");
}

async fn a_database_that_fails_at_first_is_a_problem_not_a_table(context: Context) {
    for text in ["a request failed", "the sweep failed"] {
        context.expect_log(text);
    }
    let gateway = Gateway::start(&context).await;
    let away = "ALTER TABLE sessions RENAME TO elsewhere";
    gateway.database.execute(away).await.unwrap();
    let answer = ask(&gateway, "/sessions.csv").await;
    problem(answer, 503, "database_unavailable").await;
}
