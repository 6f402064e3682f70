//! One who listens: first told what was missed, then what is new.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Interval, MissedTickBehavior};

use super::{Batch, Feed, Item, PAGE};
use crate::domain::event::EventType;
use crate::domain::id::{BrowserSessionId, KeyId, LinkId};
use crate::store::StoreError;
use crate::store::events::EventFilter;

/// After how many milliseconds a client shall come back when its connection has ended.
const RETRY_MS: u32 = 2000;

/// What somebody wants to hear.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The last place that was heard; none: only what is new from now on.
    pub last: Option<i64>,
    /// Events of these kinds; none named: all.
    pub kinds: Vec<EventType>,
    /// Events of this link and its sessions alone.
    pub link_id: Option<LinkId>,
    /// By what right; once it is over, listening ends.
    pub by: By,
}

/// What gives the right to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// An API key.
    Key(KeyId),
    /// A browser that a person is signed in with.
    Browser(BrowserSessionId),
}

/// A stream of server-sent events. Its place is given back when it is dropped.
#[derive(Debug)]
pub struct Listener {
    feed: Feed,
    wanted: Wanted,
    batches: Receiver<Arc<Batch>>,
    /// Everything up to this place was told.
    at: i64,
    /// What was missed has to be read up to this place at least.
    missed_to: Option<i64>,
    /// What is written first.
    opening: Option<String>,
    heartbeat: Interval,
    _place: OwnedSemaphorePermit,
}

impl Feed {
    /// Begins to listen. `None`: as many as allowed listen already.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn listen(&self, wanted: Wanted) -> Result<Option<Listener>, StoreError> {
        let inner = &self.inner;
        let Ok(place) = Arc::clone(&inner.places).try_acquire_owned() else {
            return Ok(None);
        };
        // Before the newest place is asked for, so that nothing comes in between.
        let batches = inner.batches.subscribe();
        inner.begun.notify_one();
        let newest = inner.store.newest_event().await?;
        let (mut at, mut notice) = (newest, String::new());
        if let Some(last) = wanted.last {
            let oldest = inner.store.oldest_event().await?;
            at = last.clamp((oldest - 1).clamp(0, newest), newest);
            if at != last {
                notice = self.gap(last, oldest);
            }
        }
        let mut heartbeat = tokio::time::interval(inner.pace.heartbeat);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick is due at once.
        heartbeat.reset();
        Ok(Some(Listener {
            feed: self.clone(),
            batches,
            at,
            missed_to: (at < newest).then_some(newest),
            // With the place, so that a client that loses its connection before the first event misses none.
            opening: Some(format!("retry: {RETRY_MS}\nid: {at}\n\n{notice}")),
            heartbeat,
            wanted,
            _place: place,
        }))
    }

    /// Says that what came after `last` is not kept any more, or never was here. As places have gaps it may be told in vain.
    fn gap(&self, last: i64, oldest: i64) -> String {
        let told = json!({
            "type": "stream.gap", "timestamp": self.inner.clock.now(),
            "data": {"last_event_id": last.to_string(), "oldest_event_id": oldest.to_string()},
        });
        format!("event: stream.gap\ndata: {told}\n\n")
    }
}

impl Listener {
    /// What is to be written next; `None`: the stream has ended.
    pub async fn next(&mut self) -> Option<String> {
        if let Some(opening) = self.opening.take() {
            return Some(opening);
        }
        let ended = self.feed.inner.ended.clone();
        loop {
            if ended.is_cancelled() {
                return None;
            }
            if let Some(up_to) = self.missed_to {
                match self.read_missed(up_to).await {
                    Ok(text) if text.is_empty() => continue,
                    Ok(text) => return Some(text),
                    Err(error) => {
                        // It comes back, and is told what is missing then.
                        let outage = &self.feed.inner.store.outage;
                        outage.met("a listener's events could not be read", &error);
                        return None;
                    }
                }
            }
            tokio::select! {
                () = ended.cancelled() => return None,
                _ = self.heartbeat.tick() => return self.beat().await,
                received = self.batches.recv() => match received {
                    Ok(batch) => {
                        let text = self.take(&batch);
                        if !text.is_empty() {
                            return Some(text);
                        }
                    }
                    // Too slow for the feed: what it dropped is read from what is kept.
                    Err(RecvError::Lagged(_)) => self.missed_to = Some(self.at),
                    Err(RecvError::Closed) => return None,
                },
            }
        }
    }

    /// The next events among those that were missed. Once there are no more, the feed goes on.
    async fn read_missed(&mut self, up_to: i64) -> Result<String, StoreError> {
        let filter = EventFilter {
            after: self.at,
            kinds: self.wanted.kinds.clone(),
            link_id: self.wanted.link_id,
            limit: PAGE,
        };
        let told = self.feed.inner.store.events(&filter).await?;
        if let Some(last) = told.last() {
            self.at = last.event.position;
        }
        if told.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
            // Those in between are not wanted.
            self.at = self.at.max(up_to);
            self.missed_to = None;
        }
        Ok(told.iter().map(|told| Item::from(told).text).collect())
    }

    /// What is wanted of a batch and was not told yet.
    fn take(&mut self, batch: &Batch) -> String {
        if batch.after > self.at {
            self.missed_to = Some(batch.up_to);
            return String::new();
        }
        let new = batch.events.iter().filter(|item| item.position > self.at);
        let text = new
            .filter(|item| self.wanted.wants(item))
            .map(|item| item.text.as_str())
            .collect();
        self.at = self.at.max(batch.up_to);
        text
    }

    /// Keeps the connection alive, and the place up to date where nothing was wanted for long; ends it when the right to
    /// listen is over.
    async fn beat(&self) -> Option<String> {
        match self.may_listen().await {
            Ok(true) => {}
            Ok(false) => return None,
            // Whether it is still so cannot be told now, and is asked again.
            Err(error) => {
                let outage = &self.feed.inner.store.outage;
                outage.met("a listener's right could not be looked at", &error);
            }
        }
        Some(format!(": heartbeat\nid: {}\n\n", self.at))
    }

    async fn may_listen(&self) -> Result<bool, StoreError> {
        let inner = &self.feed.inner;
        let now = inner.clock.now();
        match self.wanted.by {
            By::Key(id) => {
                let key = inner.store.key(id).await?;
                Ok(key.is_some_and(|key| key.expires_at.is_none_or(|end| end > now)))
            }
            By::Browser(id) => inner.store.is_signed_in(id, now).await,
        }
    }
}

impl Wanted {
    fn wants(&self, item: &Item) -> bool {
        let is_of_link = self.link_id.is_none() || self.link_id == item.link_id;
        is_of_link && (self.kinds.is_empty() || self.kinds.contains(&item.kind))
    }
}
