//! A customer's backend on loopback that takes results as the test wants, and remembers each.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::idenfy::{read_body, read_head};

/// A result as it arrived.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// The head as it was sent.
    pub head: String,
    /// The body as it was sent.
    pub body: String,
    /// The status it was answered with; 0: it was not.
    pub status: u16,
}

/// What a result is answered with: the status, header lines more, and the body.
pub type Reply = (u16, String, String);

/// Decides on an answer, given how many came before; none: it hangs until the connection is closed.
type Decide = dyn Fn(usize, &Delivered) -> Option<Reply> + Send + Sync;

/// The backend. Clones are the same one.
#[derive(Clone)]
pub struct Receiver {
    pub base: String,
    decide: Arc<Mutex<Arc<Decide>>>,
    all: Arc<Mutex<Vec<Delivered>>>,
    is_down: Arc<AtomicBool>,
}

impl Delivered {
    /// The value of a header.
    pub fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value)
        });
        line.unwrap_or_default().trim()
    }

    /// The body's JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

impl Receiver {
    /// One that takes everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let receiver = Self {
            base: format!("http://{address}"),
            decide: Arc::new(Mutex::new(Arc::new(|_, _| Some(reply(204))))),
            all: Arc::default(),
            is_down: Arc::default(),
        };
        let server = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = server.clone();
                tokio::spawn(async move { server.serve(stream).await });
            }
        });
        receiver
    }

    /// From now on results are answered so.
    pub fn answer(
        &self,
        decide: impl Fn(usize, &Delivered) -> Option<Reply> + Send + Sync + 'static,
    ) {
        *self.decide.lock().expect("no panic inside") = Arc::new(decide);
    }

    /// From now on results are answered with this status and nothing else.
    pub fn status(&self, status: u16) {
        self.answer(move |_, _| Some(reply(status)));
    }

    /// While it is down, every connection is closed at once.
    pub fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    /// Everything that came so far, taken or not.
    pub fn all(&self) -> Vec<Delivered> {
        self.all.lock().expect("no panic inside").clone()
    }

    /// How many came so far.
    pub fn count(&self) -> usize {
        self.all.lock().expect("no panic inside").len()
    }

    /// What was taken: answered 2xx.
    pub fn taken(&self) -> Vec<Delivered> {
        let all = self.all().into_iter();
        all.filter(|one| (200..300).contains(&one.status)).collect()
    }

    async fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut buffer = Vec::new();
        loop {
            if self.is_down.load(Ordering::SeqCst) {
                return None;
            }
            let (head, length) = read_head(&mut stream, &mut buffer).await?;
            let body = read_body(&mut stream, &mut buffer, length).await?;
            if self.is_down.load(Ordering::SeqCst) {
                return None;
            }
            let mut one = Delivered {
                head,
                body: String::from_utf8(body).expect("text"),
                status: 0,
            };
            let decide = self.decide.lock().expect("no panic inside").clone();
            let reply = {
                let mut all = self.all.lock().expect("no panic inside");
                let reply = decide(all.len(), &one);
                one.status = reply.as_ref().map_or(0, |(status, _, _)| *status);
                all.push(one);
                reply
            };
            let Some((status, headers, text)) = reply else {
                std::future::pending().await
            };
            let length = text.len();
            let answer =
                format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{headers}\r\n{text}");
            stream.write_all(answer.as_bytes()).await.ok()?;
        }
    }
}

/// An answer with nothing but a status.
pub fn reply(status: u16) -> Reply {
    (status, String::new(), String::new())
}
