//! Erases what is not to be kept: personal data of old sessions and messages here, and at iDenfy what was erased here on request.

use std::time::Duration;

use crate::domain::timestamp::{DAY_MS, Timestamp};
use crate::idenfy::LookupError;
use crate::lookup::{BACKGROUND_CALLS, Lookup, later};
use crate::store::StoreError;
use crate::store::erasures::Erasure;

/// Pause between two rounds. The first comes after it, too.
pub const ERASE_EVERY: Duration = Duration::from_secs(30);

const MINUTE_MS: i64 = 60_000;

/// How long a scan is another node's: longer than the call it takes.
const LEASE_MS: i64 = 5 * MINUTE_MS;

/// Pauses between two times iDenfy is asked to delete a scan: right after its end it is still worked on there, and one
/// that was never opened is not deleted before its token ends, which may be a month.
const PAUSES_MS: [i64; 7] = [
    MINUTE_MS,
    5 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * 60 * MINUTE_MS,
    6 * 60 * MINUTE_MS,
    12 * 60 * MINUTE_MS,
    DAY_MS,
];

/// After so long iDenfy is not asked any more.
const GIVEN_UP_AFTER_MS: i64 = 180 * DAY_MS;

/// Transactions of one round in which old sessions are erased.
const BATCHES: usize = 20;

/// The eraser. Any number of nodes may run it at once.
#[derive(Debug, Clone)]
pub struct Erasing {
    /// Who asks iDenfy.
    pub lookup: Lookup,
    /// Days after which personal data of finished sessions is erased; 0 keeps it.
    pub retention_days: u32,
}

impl Erasing {
    /// Erases once: here what is old, there what waits for it. Returns how many sessions were erased here.
    ///
    /// # Errors
    /// When the database does not answer; the next round does what is left.
    pub async fn step(&self) -> Result<usize, StoreError> {
        let erased = self.erase_old().await?;
        if erased > 0 {
            tracing::info!(erased, "erased personal data of old sessions");
        }
        while self.lookup.has_room(BACKGROUND_CALLS) {
            let leased_until = self.now().plus_millis(LEASE_MS);
            let claimed = self.lookup.store.claim_erasure(self.now(), leased_until);
            let Some(erasure) = claimed.await? else {
                break;
            };
            if !self.erase_there(&erasure).await? {
                break;
            }
        }
        Ok(erased)
    }

    /// Erases for ever.
    pub async fn run(self) {
        loop {
            tokio::time::sleep(ERASE_EVERY).await;
            if let Err(error) = self.step().await {
                tracing::error!("erasing failed and will be tried again: {error}");
            }
        }
    }

    async fn erase_old(&self) -> Result<usize, StoreError> {
        if self.retention_days == 0 {
            return Ok(0);
        }
        let now = self.now();
        let before = now.plus_millis(-i64::from(self.retention_days) * DAY_MS);
        let mut erased = 0;
        for _ in 0..BATCHES {
            match self.lookup.store.erase_old(before, now).await? {
                0 => break,
                some => erased += some,
            }
        }
        for _ in 0..BATCHES {
            if self.lookup.store.erase_messages(before).await? == 0 {
                break;
            }
        }
        // After the sessions: one whose sessions are still to be erased waits for them.
        for _ in 0..BATCHES {
            if self.lookup.store.erase_old_invitations(before, now).await? == 0 {
                break;
            }
        }
        Ok(erased)
    }

    /// Returns whether iDenfy answered.
    async fn erase_there(&self, erasure: &Erasure) -> Result<bool, StoreError> {
        let (store, session) = (&self.lookup.store, erasure.session_id);
        self.lookup.count();
        let deleted = self.lookup.idenfy.delete(&erasure.scan_ref).await;
        let answered = !matches!(deleted, Err(LookupError::Unanswered(_)));
        let now = self.now();
        match deleted {
            Ok(()) | Err(LookupError::Unknown) => {
                tracing::info!(%session, "erased at iDenfy");
                store.forget_erasure(&erasure.scan_ref).await?;
            }
            Err(error) if erasure.created_at.plus_millis(GIVEN_UP_AFTER_MS) <= now => {
                tracing::warn!(%session, "could not be erased at iDenfy and is given up: {error}");
                store.forget_erasure(&erasure.scan_ref).await?;
            }
            Err(error) => {
                tracing::info!(%session, "iDenfy will be asked again to erase a session: {error}");
                let next = later(now, &PAUSES_MS, erasure.asked);
                store.put_off_erasure(&erasure.scan_ref, next).await?;
            }
        }
        Ok(answered)
    }

    fn now(&self) -> Timestamp {
        self.lookup.clock.now()
    }
}
