//! A database that goes silent: connections stay open, and nothing comes through them ever again.

use std::sync::Arc;
use std::time::Duration;

use entrypass::domain::secret::Secret;
use reqwest::Method;
use serde_json::json;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::harness::gateway::{path_of, text};
use crate::harness::{Context, Gateway, eventually, tests};

tests!("silence", [], Postgres: [a_server_that_goes_silent_is_given_up_and_found_again]);

/// How long is waited for an answer where the database gives none.
const GIVEN_UP: Duration = Duration::from_mins(1);

/// How long is waited until links work again.
const WORKS_AGAIN: Duration = Duration::from_mins(2);

/// A way to a server that can be cut as a firewall does it that forgets connections.
struct Way {
    port: u16,
    is_open: Arc<watch::Sender<bool>>,
}

impl Way {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let is_open = Arc::new(watch::Sender::new(true));
        let open = is_open.clone();
        tokio::spawn(async move {
            while let Ok((inner, _)) = listener.accept().await {
                tokio::spawn(carry(inner, server.clone(), open.subscribe()));
            }
        });
        Self { port, is_open }
    }
}

/// Carries bytes until the way is cut, then none ever more.
async fn carry(mut inner: TcpStream, server: String, mut open: watch::Receiver<bool>) {
    let mut outer = TcpStream::connect(server).await.unwrap();
    let cut = async { drop(open.wait_for(|open| !open).await) };
    tokio::select! {
        () = cut => {}
        _ = tokio::io::copy_bidirectional(&mut inner, &mut outer) => return,
    }
    std::future::pending::<()>().await;
}

async fn a_server_that_goes_silent_is_given_up_and_found_again(context: Context) {
    for text in [
        "a request failed",
        "could not be written",
        "the sweep failed",
        "results cannot be sent",
        "not ready",
        "noting what was opened failed",
        "asking for results failed",
        "erasing failed",
        "new events could not be told of",
        "after_release",
        "testing the connection",
    ] {
        context.expect_log(text);
    }
    let server = std::env::var("ENTRYPASS_TEST_POSTGRES").unwrap();
    let server: url::Url = server.parse().unwrap();
    let host = server.host_str().unwrap();
    let host = format!("{host}:{}", server.port().unwrap_or(5432));
    let way = Way::to(host).await;
    let gateway = Gateway::with(&context, |config| {
        let mut url: url::Url = config.database.url.expose().parse().unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(way.port)).unwrap();
        config.database.url = Secret::new(url);
    })
    .await;
    let link = gateway.link(json!({})).await;
    let confirm = gateway.link(json!({"confirm": true})).await;
    gateway.page(&confirm).await;

    // The way is cut while statements are under way: their answers are lost.
    let mut lock = PgConnection::connect(&gateway.database.url).await.unwrap();
    lock.execute("BEGIN; LOCK TABLE links").await.unwrap();
    let cut = async {
        let waiting = "SELECT COUNT(*) FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        eventually(GIVEN_UP, "statements are under way", async || {
            gateway.database.numbers(waiting).await[0] >= 2
        })
        .await;
        way.is_open.send_replace(false);
        lock.close().await.unwrap();
        gateway.request(Method::GET, "/health/ready").send().await
    };
    let all = async { tokio::join!(gateway.click(&confirm), gateway.get("/links"), cut) };
    let (visit, list, ready) = tokio::time::timeout(GIVEN_UP, all)
        .await
        .expect("nobody waits for ever");
    assert_eq!(visit.status(), 503);
    assert!(visit.headers().contains_key("retry-after"));
    assert_eq!((list.0, ready.unwrap().status().as_u16()), (503, 503));

    // Connections of before stay as dead as they are.
    way.is_open.send_replace(true);
    eventually(WORKS_AGAIN, "links work again", async || {
        let click = gateway.request(Method::GET, &path_of(&link)).send();
        click.await.unwrap().status() == 302
    })
    .await;
    // Some connections may be found dead only now.
    let path = format!("/links/{}", text(&link["id"]));
    eventually(WORKS_AGAIN, "the API works again", async || {
        gateway.get(&path).await.0 == 200
    })
    .await;
    assert_eq!(gateway.used(&link).await, 1);
}
