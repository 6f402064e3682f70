//! Channels that rest: their server or account takes nothing, whoever it is for.
//!
//! Nothing is sent by such a channel until its pause is over; then one message finds out whether it takes any again. The
//! pauses grow, and are kept in the database: for all nodes, for the dashboard, and over a start.

use std::collections::{BTreeMap, BTreeSet};

use super::schedule::channel_until;
use crate::domain::message::Channel;
use crate::domain::timestamp::Timestamp;
use crate::metrics::Metrics;
use crate::store::messages::ChannelFault;
use crate::store::{Store, StoreError};

/// What is known of the channels.
#[derive(Debug, Default)]
pub struct Resting {
    faults: BTreeMap<Channel, ChannelFault>,
    /// What was noticed here and is not kept yet.
    untold: BTreeSet<Channel>,
    /// Whether this process has asked before.
    has_asked: bool,
}

impl Resting {
    /// Keeps what was noticed here, and learns what other nodes have noticed.
    ///
    /// # Errors
    /// When the database does not answer; it is kept the next time.
    pub async fn share(
        &mut self,
        store: &Store,
        metrics: &Metrics,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        while let Some(channel) = self.untold.first().copied() {
            match self.faults.get(&channel) {
                Some(fault) => store.note_channel_fault(fault).await?,
                None => store.clear_channel_fault(channel).await?,
            }
            self.untold.remove(&channel);
        }
        let faults = store.channel_faults().await?.into_iter();
        self.faults = faults.map(|fault| (fault.channel, fault)).collect();
        if !self.has_asked {
            // The settings may have been mended before this start: nobody waits to see that.
            for fault in self.faults.values_mut() {
                fault.until = fault.until.min(now);
                self.untold.insert(fault.channel);
            }
            self.has_asked = true;
        }
        for channel in Channel::ALL {
            metrics.channel_fault(channel.as_str(), self.faults.contains_key(&channel));
        }
        Ok(())
    }

    /// How many messages may be on their way by a channel now, `most` where it is well.
    #[must_use]
    pub fn most(&self, channel: Channel, most: usize, now: Timestamp) -> usize {
        match self.faults.get(&channel) {
            None => most,
            Some(fault) if now < fault.until => 0,
            Some(_) => 1,
        }
    }

    /// A channel took a message.
    pub fn took(&mut self, channel: Channel) {
        if self.faults.remove(&channel).is_some() {
            self.untold.insert(channel);
            let channel = channel.as_str();
            tracing::info!(channel, "messages can be sent again");
        }
    }

    /// A channel refused a message, and would refuse all: why.
    pub fn refused(&mut self, channel: Channel, why: &str, now: Timestamp) {
        let before = self.faults.get(&channel);
        // Others were on their way when it was noticed.
        if before.is_some_and(|fault| now < fault.until) {
            return;
        }
        if before.is_none() {
            let channel = channel.as_str();
            tracing::warn!(
                channel,
                "messages cannot be sent now and will be later: {why}"
            );
        }
        let pauses = before.map_or(0, |fault| fault.pauses);
        let fault = ChannelFault {
            channel,
            reason: why.to_owned(),
            since: before.map_or(now, |fault| fault.since),
            pauses: pauses + 1,
            until: channel_until(pauses, now),
        };
        self.faults.insert(channel, fault);
        self.untold.insert(channel);
    }
}
