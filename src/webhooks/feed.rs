//! New events as they come, for any number of listeners: each is read once a node, and handed to all.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, broadcast};
use tokio_util::sync::CancellationToken;

use super::payload::Payload;
use crate::clock::Clock;
use crate::domain::event::EventType;
use crate::domain::id::LinkId;
use crate::store::events::{EventFilter, Told};
use crate::store::{Store, StoreError};

mod listener;

pub use listener::{By, Listener, Wanted};

/// The most events read at a time.
const PAGE: i64 = 200;

/// How many batches a listener may be behind before it has to read what it missed by itself.
const BATCHES: usize = 32;

/// The bounds of listening.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The most listeners on one node.
    pub listeners: usize,
    /// How often a listener is told that the connection stands, and its right to listen is looked at.
    pub heartbeat: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            listeners: 1024,
            heartbeat: Duration::from_secs(15),
        }
    }
}

/// The feed of one node. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Feed {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    clock: Clock,
    pace: Pace,
    batches: broadcast::Sender<Arc<Batch>>,
    /// Somebody began to listen.
    begun: Notify,
    places: Arc<Semaphore>,
    ended: CancellationToken,
}

/// All events after one place and up to another.
#[derive(Debug)]
struct Batch {
    after: i64,
    up_to: i64,
    events: Vec<Item>,
}

/// An event as it is written to listeners.
#[derive(Debug)]
struct Item {
    position: i64,
    kind: EventType,
    link_id: Option<LinkId>,
    text: String,
}

impl Feed {
    /// A feed that nobody listens to yet; [`run`](Self::run) reads for it.
    #[must_use]
    pub fn new(store: Store, clock: Clock, pace: Pace) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                clock,
                pace,
                batches: broadcast::Sender::new(BATCHES),
                begun: Notify::new(),
                places: Arc::new(Semaphore::new(pace.listeners)),
                ended: CancellationToken::new(),
            }),
        }
    }

    /// How many listen now.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.inner.pace.listeners - self.inner.places.available_permits()
    }

    /// Ends all listening at once, for good: listeners go to another node, or come back to this one.
    pub fn end(&self) {
        self.inner.ended.cancel();
    }

    /// Reads for as long as anyone listens; while nobody does, nothing is read.
    pub async fn run(self) {
        loop {
            self.inner.begun.notified().await;
            let mut signals = self.inner.store.signals().await;
            let mut reader = Reader::new(&self);
            let mut is_down = false;
            while self.inner.batches.receiver_count() > 0 {
                match reader.step().await {
                    Ok(()) => is_down = false,
                    Err(error) if !is_down => {
                        tracing::error!("new events could not be read and will be later: {error}");
                        is_down = true;
                    }
                    Err(_) => {}
                }
                signals.heard().await;
            }
        }
    }
}

/// Reads new events and hands them to the listeners.
#[derive(Debug)]
pub struct Reader {
    feed: Feed,
    /// Up to which place has been read; not known before the first step.
    at: Option<i64>,
}

impl Reader {
    /// Begins with what comes after its first step.
    #[must_use]
    pub fn new(feed: &Feed) -> Self {
        Self {
            feed: feed.clone(),
            at: None,
        }
    }

    /// Reads what is new.
    ///
    /// # Errors
    /// When the database does not answer; the next step reads it then.
    pub async fn step(&mut self) -> Result<(), StoreError> {
        let inner = Arc::clone(&self.feed.inner);
        let Some(mut at) = self.at else {
            let newest = inner.store.newest_event().await?;
            // Whoever began to listen at an earlier place learns from it that something is missing.
            self.hand_out(newest, newest, Vec::new());
            return Ok(());
        };
        loop {
            let filter = EventFilter {
                after: at,
                limit: PAGE,
                ..EventFilter::default()
            };
            let told = inner.store.events(&filter).await?;
            let Some(last) = told.last() else {
                return Ok(());
            };
            let (after, up_to) = (at, last.event.position);
            let is_last = told.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            at = up_to;
            self.hand_out(after, up_to, told.iter().map(Item::from).collect());
            if is_last {
                return Ok(());
            }
        }
    }

    fn hand_out(&mut self, after: i64, up_to: i64, events: Vec<Item>) {
        let batch = Batch {
            after,
            up_to,
            events,
        };
        // Nobody may be left to listen.
        let _ = self.feed.inner.batches.send(Arc::new(batch));
        self.at = Some(up_to);
    }
}

impl From<&Told> for Item {
    fn from(told: &Told) -> Self {
        let (position, kind) = (told.event.position, told.event.kind);
        let payload = serde_json::to_string(&Payload::from(told));
        let payload = payload.expect("documents have text keys only");
        Self {
            position,
            kind,
            link_id: told.event.link_id,
            text: format!(
                "id: {position}\nevent: {}\ndata: {payload}\n\n",
                kind.as_str()
            ),
        }
    }
}
