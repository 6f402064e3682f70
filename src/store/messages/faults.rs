//! Channels by which nothing can be sent now: known to all nodes, and after a start.

use sqlx::FromRow;

use crate::domain::message::Channel;
use crate::domain::timestamp::Timestamp;
use crate::store::{Store, StoreError};

/// A channel that rests, as its server or account takes nothing, whoever it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelFault {
    /// Which.
    pub channel: Channel,
    /// Why, in words.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// How many pauses it has had, this one included.
    pub pauses: i64,
    /// When one message finds out whether it is over.
    pub until: Timestamp,
}

#[derive(FromRow)]
struct Row {
    channel: String,
    reason: String,
    since: Timestamp,
    pauses: i64,
    until: Timestamp,
}

impl Store {
    /// The channels by which nothing can be sent now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn channel_faults(&self) -> Result<Vec<ChannelFault>, StoreError> {
        let rows: Vec<Row> = each!(self, |db| {
            sqlx::query_as("SELECT * FROM channel_faults ORDER BY channel")
                .fetch_all(db.read())
                .await?
        });
        let fault = |row: Row| {
            let corrupt = StoreError::Corrupt("channel_faults.channel");
            Ok(ChannelFault {
                channel: Channel::parse(&row.channel).map_err(|_| corrupt)?,
                reason: row.reason,
                since: row.since,
                pauses: row.pauses,
                until: row.until,
            })
        };
        rows.into_iter().map(fault).collect()
    }

    /// Notes that nothing can be sent by a channel; since when it is so stays what it was.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note_channel_fault(&self, fault: &ChannelFault) -> Result<(), StoreError> {
        each!(self, |db| {
            sqlx::query(NOTE)
                .bind(fault.channel.as_str())
                .bind(&fault.reason)
                .bind(fault.since)
                .bind(fault.pauses)
                .bind(fault.until)
                .execute(db.write())
                .await?
                .rows_affected()
        });
        Ok(())
    }

    /// Notes that a channel takes messages again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn clear_channel_fault(&self, channel: Channel) -> Result<(), StoreError> {
        each!(self, |db| {
            sqlx::query("DELETE FROM channel_faults WHERE channel = $1")
                .bind(channel.as_str())
                .execute(db.write())
                .await?
                .rows_affected()
        });
        Ok(())
    }
}

const NOTE: &str = "
INSERT INTO channel_faults (channel, reason, since, pauses, until) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (channel) DO UPDATE SET reason = EXCLUDED.reason, pauses = EXCLUDED.pauses, until = EXCLUDED.until";
