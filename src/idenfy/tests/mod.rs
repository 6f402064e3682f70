//! The client against an iDenfy on loopback that follows a script.

mod answers;
mod callback;
mod calls;
mod failures;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use url::Url;

use super::{Client, MintError, MintRequest, Minted};
use crate::clock::Clock;
use crate::config;
use crate::domain::flow::Flow;
use crate::domain::locale::Locale;
use crate::domain::secret::Secret;
use crate::domain::timestamp::Timestamp;
use crate::domain::token_options::TokenOptions;

/// What the server does with one request; after the last one it goes on doing that.
#[derive(Debug, Clone)]
enum Step {
    /// Writes this and keeps the connection.
    Write(Vec<u8>),
    /// Writes this and closes the connection.
    WriteAndClose(Vec<u8>),
    /// Writes this and resets the connection.
    WriteAndReset(Vec<u8>),
    /// Writes this, then nothing more.
    WriteAndHang(Vec<u8>),
}

/// A request as it arrived.
#[derive(Debug, Clone)]
struct Seen {
    /// The request line and the headers, names in lower case.
    head: String,
    /// The body, where it is JSON.
    body: Value,
    /// The number of the connection it came by.
    connection: usize,
}

/// The scripted server; lives as long as the test's runtime.
struct Server {
    port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    async fn start(script: impl IntoIterator<Item = Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Mutex::new(script.into_iter().collect::<VecDeque<_>>()));
        let noted = Arc::clone(&seen);
        tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(
                    stream,
                    connection,
                    Arc::clone(&script),
                    Arc::clone(&noted),
                ));
            }
        });
        Self { port, seen }
    }

    fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn config(&self) -> config::Idenfy {
        config(&self.base())
    }

    fn client(&self) -> Client {
        client(&self.config())
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    connection: usize,
    script: Arc<Mutex<VecDeque<Step>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
) {
    while let Some((head, body)) = receive(&mut stream).await {
        seen.lock().unwrap().push(Seen {
            head,
            body,
            connection,
        });
        let step = {
            let mut script = script.lock().unwrap();
            if script.len() > 1 {
                script.pop_front()
            } else {
                script.front().cloned()
            }
        };
        match step.expect("a script has a step") {
            Step::Write(bytes) => stream.write_all(&bytes).await.unwrap(),
            Step::WriteAndClose(bytes) => {
                // A client that has read enough may be gone.
                let _ = stream.write_all(&bytes).await;
                return;
            }
            Step::WriteAndReset(bytes) => {
                stream.write_all(&bytes).await.unwrap();
                return stream.set_zero_linger().unwrap();
            }
            Step::WriteAndHang(bytes) => {
                stream.write_all(&bytes).await.unwrap();
                std::future::pending::<()>().await;
            }
        }
    }
}

/// One request's head and body; `None` when the client hung up.
async fn receive(stream: &mut TcpStream) -> Option<(String, Value)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |length| length.parse().unwrap());
    while bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some((
        head,
        serde_json::from_slice(&bytes[end..]).unwrap_or_default(),
    ))
}

/// An answer with its length told.
fn answer(status: u16, headers: &str, body: &str) -> Step {
    Step::Write(raw(status, headers, body, body.len()))
}

fn raw(status: u16, headers: &str, body: &str, length: usize) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into_bytes()
}

/// A session that was started; the visitor's address is left to us.
fn started() -> Step {
    let body = json!({"authToken": "tok-1", "scanRef": "scan-1", "expiryTime": 3600});
    answer(201, "", &body.to_string())
}

fn now() -> Timestamp {
    Timestamp::parse("2027-03-01T12:00:00Z").unwrap()
}

fn config(base_url: &str) -> config::Idenfy {
    config::Idenfy {
        base_url: Url::parse(base_url).unwrap(),
        api_key: Some(Secret::new("the-key")),
        api_secret: Some(Secret::new("the-secret")),
        webhook_key: None,
        send_callback_url: false,
        timeout_ms: 10_000,
        token_expiry_seconds: 3600,
        session_length_seconds: 1800,
        max_in_flight: 4,
        redirect_hosts: Vec::new(),
    }
}

fn client(config: &config::Idenfy) -> Client {
    Client::new(config, Clock::fixed(now())).unwrap()
}

fn options(token: &Value) -> TokenOptions {
    TokenOptions::from_stored(token.as_object().unwrap().clone())
}

async fn mint_flow(client: &Client, flow: Flow, token: Value) -> Result<Minted, MintError> {
    let token = options(&token);
    let request = MintRequest {
        flow,
        client_id: "customer-1",
        locale: Locale::EN,
        external_ref: None,
        token: &token,
    };
    client.mint(&request, None).await
}

async fn mint(client: &Client) -> Result<Minted, MintError> {
    mint_flow(client, Flow::DocumentAndSelfie, json!({})).await
}

/// Short enough for tests of answers that never come.
const SOON: Duration = Duration::from_secs(2);

fn impatient(server: &Server) -> Client {
    let timeout_ms = u64::try_from(SOON.as_millis()).unwrap();
    client(&config::Idenfy {
        timeout_ms,
        ..server.config()
    })
}
