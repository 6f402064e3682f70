//! A fixed customer's earlier session: it must be over before iDenfy is asked to start another.

use std::time::Duration;

use super::{NotStarted, Redeemer, Start};
use crate::domain::id::SessionId;
use crate::domain::session::{Session, Status};
use crate::lookup::{AskError, Seen};
use crate::store::ledger::{Hold, NewSession, Refund};

/// How long a click may wait for iDenfy to tell whether an earlier session is over: with the call that starts the new
/// one it stays within the lease.
const EARLIER_BUDGET: Duration = Duration::from_secs(3);

impl Redeemer {
    /// Asks about a fixed customer's earlier session that may not be over: its token's time is, but its webhook may have
    /// been lost, or it is still under review. A new one must wait for that; the use is given back then.
    ///
    /// The use is spent before, as everywhere: the hold that comes with it keeps all others from asking the same.
    pub(super) async fn settle_earlier(
        &self,
        start: &Start<'_>,
        session: &NewSession,
        holds: &[Hold],
    ) -> Result<(), NotStarted> {
        let Some(client_id) = start.token.client_id() else {
            return Ok(());
        };
        let unfinished = self.store.unfinished_of(client_id, self.clock.now());
        let unfinished = self.in_time(unfinished).await?;
        let asking = async {
            for earlier in &unfinished {
                let seen = self.lookup.ask(earlier).await;
                if self.is_open_there(earlier, &seen) {
                    return Some(earlier.id);
                }
            }
            None
        };
        let budget = EARLIER_BUDGET.min(self.budget / 2);
        let open = match tokio::time::timeout(budget, asking).await {
            Ok(open) => open,
            Err(_) => unfinished.first().map(|earlier| earlier.id),
        };
        let Some(earlier) = open else {
            return Ok(());
        };
        tracing::info!(session = %session.id, %earlier, "no session was started: the customer's earlier one is not over");
        self.give_back(session.id, "session_open", holds.to_vec())
            .await;
        Err(NotStarted::Earlier(earlier))
    }

    /// If iDenfy does not tell, only one whose time is over in any case, and that was not being reviewed, does not count.
    fn is_open_there(&self, session: &Session, seen: &Result<Seen, AskError>) -> bool {
        match seen {
            Ok(Seen::Open) => true,
            Ok(Seen::Over | Seen::Gone | Seen::NothingToAsk) => false,
            Err(error) => {
                tracing::warn!(session = %session.id, "iDenfy does not tell whether a session is over: {error}");
                session.status != Status::Active || !self.lookup.is_past(session)
            }
        }
    }

    pub(super) async fn give_back(&self, id: SessionId, failure: &'static str, holds: Vec<Hold>) {
        let refund = Refund { id, failure, holds };
        // Where this fails, the fault is logged and the sweep gives the use back.
        let _ = self.in_time(self.store.refund(refund)).await;
    }
}
