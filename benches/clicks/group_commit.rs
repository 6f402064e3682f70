//! Group commit at its barest: one task owns the one connection, takes all clicks that wait, spends their uses
//! in one statement (one transaction, one flush) and tells each whether it was granted one.

use std::collections::HashMap;

use entrypass::clock::Clock;
use sqlx::SqliteConnection;
use tokio::sync::{mpsc, oneshot};

/// More clicks than this wait for the next batch.
const BATCH: usize = 4096;

/// `$1` is `{"slug": wanted, …}`. A link grants what it has left; RETURNING sees new values alone, so the row
/// remembers the grant.
const TAKE_MANY: &str = "UPDATE links SET last_grant = min(w.value, coalesce(max_uses - used, w.value)), \
     used = used + min(w.value, coalesce(max_uses - used, w.value)) \
     FROM json_each($1) AS w WHERE slug = w.key AND active = 1 \
     AND (expires_at IS NULL OR expires_at > $2) AND (max_uses IS NULL OR used < max_uses) \
     RETURNING slug, last_grant";

enum Order {
    Take(String, oneshot::Sender<bool>),
    Used(oneshot::Sender<i64>),
}

/// The way to the writer task.
#[derive(Clone)]
pub struct GroupCommit {
    orders: mpsc::Sender<Order>,
}

impl GroupCommit {
    /// Starts the writer on the running actix system.
    pub fn start(connection: SqliteConnection) -> Self {
        let (orders, waiting) = mpsc::channel(BATCH);
        actix_web::rt::spawn(write(connection, waiting));
        Self { orders }
    }

    /// Whether the link granted a use; it is on disk then.
    pub async fn take(&self, slug: String) -> bool {
        let (answer, granted) = oneshot::channel();
        self.orders.send(Order::Take(slug, answer)).await.is_ok() && granted.await.unwrap_or(false)
    }

    /// All uses stored; -1 when the database did not answer.
    pub async fn used(&self) -> i64 {
        let (answer, used) = oneshot::channel();
        let sent = self.orders.send(Order::Used(answer)).await;
        if sent.is_ok() {
            used.await.unwrap_or(-1)
        } else {
            -1
        }
    }
}

async fn write(mut connection: SqliteConnection, mut waiting: mpsc::Receiver<Order>) {
    let clock = Clock::system();
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        let mut takers: HashMap<String, Vec<oneshot::Sender<bool>>> = HashMap::new();
        for order in batch.drain(..) {
            match order {
                Order::Take(slug, answer) => takers.entry(slug).or_default().push(answer),
                Order::Used(answer) => {
                    let sum = sqlx::query_scalar("SELECT coalesce(sum(used), 0) FROM links");
                    let _ = answer.send(sum.fetch_one(&mut connection).await.unwrap_or(-1));
                }
            }
        }
        if takers.is_empty() {
            continue;
        }
        let wanted: HashMap<_, _> = takers.iter().map(|(slug, all)| (slug, all.len())).collect();
        let wanted = serde_json::to_string(&wanted).expect("slugs and numbers are JSON");
        let query = sqlx::query_as::<_, (String, i64)>(TAKE_MANY).bind(wanted);
        // A statement that failed granted nothing: its takers' senders are dropped below.
        let grants = query
            .bind(clock.now().millis())
            .fetch_all(&mut connection)
            .await;
        for (slug, granted) in grants.unwrap_or_default() {
            let granted = usize::try_from(granted).unwrap_or(0);
            for answer in takers
                .remove(&slug)
                .unwrap_or_default()
                .into_iter()
                .take(granted)
            {
                let _ = answer.send(true);
            }
        }
    }
}
