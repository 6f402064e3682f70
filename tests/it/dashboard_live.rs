//! Pages that keep themselves up to date: who hears what, and until when.

use std::time::Duration;

use entrypass::domain::person::Role;
use entrypass::webhooks::feed::{By, Feed, Pace, Reader, Wanted};
use reqwest::{Method, Response};
use serde_json::json;

use crate::dashboard_kit::{Browser, signed_in};
use crate::harness::gateway::text;
use crate::harness::{BOUND, Context, Gateway, tests};
use crate::webhook_in::{MANUAL, result, send};

tests!(
    "dashboard_live",
    [
        a_page_hears_of_the_sessions_it_shows_from_where_it_stands,
        the_stream_ends_with_the_browsers_session,
    ]
);

async fn listen(browser: &Browser<'_>, path: &str) -> Response {
    let cookies = browser
        .cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    let cookies: Vec<String> = cookies.collect();
    let request = browser.gateway.request(Method::GET, path);
    request
        .header("Cookie", cookies.join("; "))
        .send()
        .await
        .unwrap()
}

/// Reads on until something is told.
async fn hear(stream: &mut Response, heard: &mut String, what: &str) {
    while !heard.contains(what) {
        let chunk = tokio::time::timeout(BOUND, stream.chunk()).await;
        let chunk = chunk.expect("in time").unwrap().expect("no end");
        heard.push_str(std::str::from_utf8(&chunk).unwrap());
    }
}

async fn a_page_hears_of_the_sessions_it_shows_from_where_it_stands(context: Context) {
    let gateway = Gateway::start(&context).await;
    let stranger = Browser::new(&gateway);
    let refused = listen(&stranger, "/admin/events").await;
    assert_eq!(refused.status(), 303);
    let mut browser = signed_in(&gateway, "vera@example.com", Role::Viewer).await;
    let (one, other) = (gateway.link(json!({})).await, gateway.link(json!({})).await);
    let page = browser
        .open(&format!("/admin/sessions?link={}", text(&one["slug"])))
        .await;
    let address = page
        .split("data-live=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let address = address.replace("&#38;", "&");
    // Before it listens, and after.
    assert_eq!(gateway.click(&other).await.status(), 302);
    assert_eq!(gateway.click(&one).await.status(), 302);
    let session = gateway.sessions(&one).await.remove(0);
    let foreign = gateway.sessions(&other).await.remove(0);
    let mut stream = listen(&browser, &address).await;
    assert_eq!(stream.status(), 200);
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    assert_eq!(stream.headers()["cache-control"], "no-store");
    let mut heard = String::new();
    hear(&mut stream, &mut heard, "event: session.started").await;
    send(
        &gateway,
        MANUAL,
        &result(&foreign["scan_ref"], "DENIED", true),
    )
    .await;
    send(
        &gateway,
        MANUAL,
        &result(&session["scan_ref"], "APPROVED", true),
    )
    .await;
    hear(&mut stream, &mut heard, "event: session.finished").await;
    assert!(heard.contains(text(&session["id"])));
    assert!(!heard.contains(text(&foreign["id"])), "{heard}");
    let row = browser
        .open(&format!("/admin/sessions/{}/row", text(&session["id"])))
        .await;
    assert!(row.contains("Approved"), "{row}");
    assert_eq!(
        listen(&browser, "/admin/events?link_id=x").await.status(),
        404
    );
    let answer = browser.send(Method::HEAD, "/admin/events", None).await;
    assert_eq!(answer.status, 200);
}

async fn the_stream_ends_with_the_browsers_session(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut browser = signed_in(&gateway, "vera@example.com", Role::Viewer).await;
    let store = &gateway.state.store;
    let people = store.people(None, 10).await.unwrap();
    let now = gateway.clock.now();
    let session = store
        .browser_sessions(people[0].id, now)
        .await
        .unwrap()
        .remove(0);
    let pace = Pace {
        listeners: 1,
        heartbeat: Duration::from_millis(20),
    };
    let feed = Feed::new(store.clone(), gateway.clock.clone(), pace);
    let wanted = Wanted {
        last: None,
        kinds: Vec::new(),
        link_id: None,
        by: By::Browser(session.id),
    };
    let mut reader = Reader::new(&feed);
    let mut listener = feed.listen(wanted).await.unwrap().unwrap();
    reader.step().await.unwrap();
    for what in ["retry: ", ": heartbeat", ": heartbeat"] {
        assert!(listener.next().await.unwrap().starts_with(what));
    }
    browser.open("/admin").await;
    assert_eq!(browser.post("/admin/logout", &[]).await.status, 303);
    let ended = tokio::time::timeout(BOUND, async { while listener.next().await.is_some() {} });
    ended.await.expect("the stream ends");
}
