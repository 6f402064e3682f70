//! A scripted iDenfy on loopback: says what the test wants, and remembers what it was asked.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use chrono::DateTime;
use entrypass::clock::Clock;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::log::SECRETS;

/// How a call is answered.
#[derive(Debug, Clone)]
pub enum Answer {
    /// As documented: `201` and a token.
    Token,
    /// This status, these extra header lines, this body.
    Raw(u16, &'static str, String),
    /// `201` with this document.
    Document(Value),
    /// A token, once the test has let one more call pass.
    When(Arc<Semaphore>),
    /// Every so manyth call fails; the others are given a token.
    FailEvery(usize),
    /// These in turn, over and over.
    EachOf(Vec<Answer>),
    /// Never, with nothing sent.
    Hang,
    /// The head of an answer, and then nothing.
    HangAfterHead,
    /// The connection is closed before the answer.
    HangUp,
    /// The connection is closed in the middle of the body.
    Truncated,
    /// The connection is reset once the head of the call is there, with its body unread.
    ResetEarly,
    /// The connection is reset after the whole call was read.
    Reset,
}

/// A call as it arrived.
#[derive(Debug, Clone)]
pub struct Call {
    pub path: String,
    pub head: String,
    pub body: Value,
}

/// What is answered about sessions that exist.
#[derive(Default)]
struct Known {
    /// Status and body of the status call by scanRef; without one, the session is `EXPIRED`.
    status: HashMap<String, (u16, Value)>,
    /// The same of the delete call; without one, it is done.
    delete: HashMap<String, (u16, Value)>,
    /// The names of a customer's sessions, by `clientId`.
    scans: HashMap<String, Vec<String>>,
}

#[derive(Clone)]
pub struct ScriptedIdenfy {
    pub base: String,
    known: Arc<Mutex<Known>>,
    lookups: Arc<Mutex<Vec<Call>>>,
    answer: Arc<Mutex<Answer>>,
    calls: Arc<Mutex<Vec<Call>>>,
    minted: Arc<AtomicUsize>,
    clock_off: Arc<AtomicI64>,
    /// A clock that goes on by so many milliseconds with each call about a session that exists.
    slow: Arc<Mutex<Option<(Clock, i64)>>>,
}

impl ScriptedIdenfy {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let idenfy = Self {
            base: format!("http://{address}"),
            known: Arc::default(),
            lookups: Arc::default(),
            answer: Arc::new(Mutex::new(Answer::Token)),
            calls: Arc::default(),
            minted: Arc::default(),
            clock_off: Arc::default(),
            slow: Arc::default(),
        };
        let server = idenfy.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = server.clone();
                tokio::spawn(async move { server.serve(stream).await });
            }
        });
        idenfy
    }

    /// From now on calls are answered so.
    pub fn answer(&self, answer: Answer) {
        *self.answer.lock().expect("no panic inside") = answer;
    }

    /// From now on the status call answers so for a session.
    pub fn knows(&self, scan_ref: &str, status: u16, body: Value) {
        let mut known = self.known.lock().expect("no panic inside");
        known.status.insert(scan_ref.to_owned(), (status, body));
    }

    /// From now on the delete call answers so for a session.
    pub fn deletes(&self, scan_ref: &str, status: u16, body: Value) {
        let mut known = self.known.lock().expect("no panic inside");
        known.delete.insert(scan_ref.to_owned(), (status, body));
    }

    /// From now on the list call names these sessions of a customer.
    pub fn lists(&self, client_id: &str, scan_refs: &[&str]) {
        let scans = scan_refs.iter().map(|&scan| scan.to_owned()).collect();
        let mut known = self.known.lock().expect("no panic inside");
        known.scans.insert(client_id.to_owned(), scans);
    }

    /// Every call so far about a session that exists: status, delete, list.
    pub fn lookups(&self) -> Vec<Call> {
        self.lookups.lock().expect("no panic inside").clone()
    }

    /// Every call so far, but for those about sessions that exist.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().expect("no panic inside").clone()
    }

    /// Tokens given out so far.
    pub fn minted(&self) -> usize {
        self.minted.load(Ordering::SeqCst)
    }

    /// From now on so many milliseconds go by with each call about a session that exists.
    pub fn takes_for_lookups(&self, clock: &Clock, ms: i64) {
        *self.slow.lock().expect("no panic inside") = Some((clock.clone(), ms));
    }

    /// From now on iDenfy's clock is off by so many seconds.
    pub fn set_clock_off(&self, seconds: i64) {
        self.clock_off.store(seconds, Ordering::SeqCst);
    }

    async fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut buffer = Vec::new();
        loop {
            let (head, length) = read_head(&mut stream, &mut buffer).await?;
            let early = matches!(
                *self.answer.lock().expect("no panic inside"),
                Answer::ResetEarly
            );
            let length = if early { 0 } else { length };
            let body = read_body(&mut stream, &mut buffer, length).await?;
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
            if let Some(whole) = self.lookup(&path, &head, &body) {
                stream.write_all(whole.as_bytes()).await.ok()?;
                continue;
            }
            // Chosen before the call is counted: a test that sees it among the calls may say how the next is answered.
            let chosen = self.answer.lock().expect("no panic inside").clone();
            let n = {
                let mut calls = self.calls.lock().expect("no panic inside");
                calls.push(Call {
                    path: path.clone(),
                    head: head.clone(),
                    body: body.clone(),
                });
                calls.len()
            };
            if head.starts_with("GET ") {
                stream
                    .write_all(self.listing(&path, &head).as_bytes())
                    .await
                    .ok()?;
                continue;
            }
            let answer = match chosen {
                Answer::EachOf(answers) => answers[n % answers.len()].clone(),
                answer => answer,
            };
            let whole = match answer {
                Answer::When(gate) => {
                    gate.acquire().await.ok()?.forget();
                    self.token(&path, &body)
                }
                Answer::FailEvery(each) if n % each == 0 => response(500, "", "{}"),
                Answer::Token | Answer::FailEvery(_) => self.token(&path, &body),
                Answer::EachOf(_) => response(500, "", "no turns inside turns"),
                Answer::Document(document) => response(201, "", &document.to_string()),
                Answer::Raw(status, headers, text) => response(status, headers, &text),
                Answer::Hang => std::future::pending().await,
                Answer::HangAfterHead => {
                    let head = "HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n";
                    stream.write_all(head.as_bytes()).await.ok()?;
                    std::future::pending().await
                }
                Answer::HangUp => return None,
                Answer::Reset | Answer::ResetEarly => return stream.set_zero_linger().ok(),
                Answer::Truncated => {
                    let whole = self.token(&path, &body);
                    stream
                        .write_all(&whole.as_bytes()[..whole.len() - 20])
                        .await
                        .ok()?;
                    return None;
                }
            };
            stream.write_all(whole.as_bytes()).await.ok()?;
        }
    }

    /// The answer to a call about a session that exists, if it is one.
    fn lookup(&self, path: &str, head: &str, body: &Value) -> Option<String> {
        let known = self.known.lock().expect("no panic inside");
        let (status, answer) = match (path, body["scanRef"].as_str()) {
            ("/api/v2/status", Some(scan)) => {
                let over = || (200, json!({"scanRef": scan, "status": "EXPIRED"}));
                known.status.get(scan).cloned().unwrap_or_else(over)
            }
            ("/api/v2/delete", Some(scan)) => {
                let done = (200, Value::Null);
                known.delete.get(scan).cloned().unwrap_or(done)
            }
            _ => {
                let query = path.strip_prefix("/kyc/identifications/?clientId=")?;
                let scans = known.scans.get(query.split('&').next()?);
                let scans = scans.into_iter().flatten();
                let listed: Vec<Value> = scans.map(|scan| json!({"scanRef": scan})).collect();
                (200, json!({"count": listed.len(), "results": listed}))
            }
        };
        let call = Call {
            path: path.to_owned(),
            head: head.to_owned(),
            body: body.clone(),
        };
        self.lookups.lock().expect("no panic inside").push(call);
        if let Some((clock, ms)) = &*self.slow.lock().expect("no panic inside") {
            clock.advance(*ms);
        }
        let text = if answer.is_null() {
            String::new()
        } else {
            answer.to_string()
        };
        Some(response(status, "", &text))
    }

    /// The list of sessions, which also shows whether the credentials are good and what time it is.
    fn listing(&self, path: &str, head: &str) -> String {
        let off = self.clock_off.load(Ordering::SeqCst);
        let now = DateTime::from_timestamp_secs(Clock::system().now().seconds() + off);
        let now = now.expect("a time").format("%a, %d %b %Y %H:%M:%S GMT");
        let date = format!("Date: {now}\r\n");
        let pair = BASE64_STANDARD.encode(format!("{}:{}", SECRETS[0], SECRETS[1]));
        if !path.starts_with("/kyc/identifications/") {
            response(404, &date, "{}")
        } else if head.contains(&format!("Basic {pair}\r\n")) {
            let list = json!({"count": 0, "next": null, "previous": null, "results": []});
            response(200, &date, &list.to_string())
        } else {
            response(401, &date, r#"{"message": "Unauthorized"}"#)
        }
    }

    fn token(&self, path: &str, body: &Value) -> String {
        let n = self.minted.fetch_add(1, Ordering::SeqCst);
        let document = if path.starts_with("/age-estimation/") {
            json!({"token": format!("age-{n}"), "session_url": format!("{}/age/{n}", self.base)})
        } else {
            json!({
                "message": "Token created successfully", "authToken": format!("token-{n}"),
                "redirectUrl": format!("{}/api/v2/redirect?authToken=token-{n}", self.base),
                "scanRef": format!("scan-{n}"), "clientId": body["clientId"], "tokenType": body["tokenType"],
            })
        };
        response(201, "", &document.to_string())
    }
}

fn response(status: u16, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

/// Reads the head of a request, and the length of its body; what comes after it stays in `buffer`.
pub async fn read_head(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(String, usize)> {
    let end = loop {
        if let Some(at) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            break at + 4;
        }
        read_more(stream, buffer).await?;
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    buffer.drain(..end);
    let length = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length:")
                .map(str::to_owned)
        })
        .and_then(|value| value.trim().parse::<usize>().ok())
        .unwrap_or(0);
    Some((head, length))
}

pub async fn read_body(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    length: usize,
) -> Option<Vec<u8>> {
    while buffer.len() < length {
        read_more(stream, buffer).await?;
    }
    Some(buffer.drain(..length).collect())
}

async fn read_more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    let read = stream.read_buf(buffer).await.ok()?;
    (read > 0).then_some(())
}
