//! Hearing of new events, whichever node wrote them.

use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::sync::watch;

use super::CHANNEL;
use crate::store::{Engine, Store};

/// How often is looked without having heard anything: what another process wrote into a SQLite file, and what
/// PostgreSQL told while the connection was lost, is found so.
const TICK: Duration = Duration::from_secs(1);

/// Hears of new events.
#[derive(Debug)]
pub struct Signals {
    store: Store,
    news: watch::Receiver<()>,
    /// PostgreSQL's word, while there is a connection.
    listener: Option<PgListener>,
    was_warned: bool,
}

impl Store {
    /// Hears of new events that are to be seen, on PostgreSQL those of every node. It takes a connection of its own there.
    pub async fn signals(&self) -> Signals {
        let mut signals = Signals {
            store: self.clone(),
            news: self.news(),
            listener: None,
            was_warned: false,
        };
        signals.listen().await;
        signals
    }
}

impl Signals {
    /// Waits until there may be new events, and a second at most.
    pub async fn heard(&mut self) {
        if let Engine::Sqlite(_) = self.store.engine {
            // Whatever way it ends, it is time to look.
            let _ = tokio::time::timeout(TICK, self.news.changed()).await;
            return;
        }
        if self.listener.is_none() {
            self.listen().await;
        }
        match &mut self.listener {
            None => tokio::time::sleep(TICK).await,
            Some(listener) => {
                let heard = tokio::time::timeout(TICK, listener.try_recv()).await;
                if let Ok(Err(_)) = heard {
                    self.listener = None;
                }
            }
        }
    }

    async fn listen(&mut self) {
        let Engine::Postgres(db) = &self.store.engine else {
            return;
        };
        match db.listen(CHANNEL).await {
            Ok(listener) => {
                self.listener = Some(listener);
                self.was_warned = false;
            }
            Err(error) if !self.was_warned => {
                tracing::warn!(
                    "PostgreSQL does not tell of new events, so they are looked for every second: {error}"
                );
                self.was_warned = true;
            }
            Err(_) => {}
        }
    }
}
