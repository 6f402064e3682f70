//! Sessions as they are kept.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::ledger::Hold;
use super::ledger::settle::give_back;
use super::{Store, StoreError};
use crate::domain::channel::{ExternalRef, Via};
use crate::domain::flow::Flow;
use crate::domain::id::{LinkId, SessionId};
use crate::domain::locale::Locale;
use crate::domain::session::{Checks, Session, Status};
use crate::domain::timestamp::Timestamp;

mod list;
mod list_sql;

pub use list::SessionFilter;

/// iDenfy's tags and checks as they are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Findings {
    #[serde(default)]
    pub(super) fraud: Vec<String>,
    #[serde(default)]
    pub(super) mismatch: Vec<String>,
    pub(super) auto_document: Option<String>,
    pub(super) auto_face: Option<String>,
    pub(super) manual_document: Option<String>,
    pub(super) manual_face: Option<String>,
}

impl Findings {
    /// As they are kept: null where there are none.
    pub(super) fn to_json(&self) -> Option<String> {
        let json = || serde_json::to_string(self).expect("plain structs of text always serialise");
        (*self != Self::default()).then(json)
    }

    /// The session with these tags and checks.
    pub(super) fn on(self, session: Session) -> Session {
        Session {
            fraud_tags: self.fraud,
            mismatch_tags: self.mismatch,
            checks: Checks {
                auto_document: self.auto_document,
                auto_face: self.auto_face,
                manual_document: self.manual_document,
                manual_face: self.manual_face,
            },
            ..session
        }
    }
}

#[derive(FromRow)]
pub(super) struct SessionRow {
    id: SessionId,
    link_id: Option<LinkId>,
    client_id: Option<String>,
    own_client_id: Option<String>,
    scan_ref: Option<String>,
    external_ref: Option<ExternalRef>,
    flow: String,
    language: String,
    via: Option<Via>,
    status: String,
    is_final: bool,
    provisional: Option<String>,
    result: Option<String>,
    created_at: Timestamp,
    finished_at: Option<Timestamp>,
    erased_at: Option<Timestamp>,
    redirect_url: Option<String>,
    token_expires_at: Option<Timestamp>,
}

impl TryFrom<SessionRow> for Session {
    type Error = StoreError;

    fn try_from(row: SessionRow) -> Result<Self, StoreError> {
        let result: Option<Findings> = row
            .result
            .as_deref()
            .map(serde_json::from_str)
            .transpose()
            .map_err(|_| StoreError::Corrupt("sessions.result"))?;
        Ok(result.unwrap_or_default().on(Self {
            id: row.id,
            link_id: row.link_id,
            client_id: row.client_id.or(row.own_client_id),
            scan_ref: row.scan_ref,
            external_ref: row.external_ref,
            flow: Flow::parse(&row.flow).map_err(|_| StoreError::Corrupt("sessions.flow"))?,
            language: Locale::parse(&row.language)
                .map_err(|_| StoreError::Corrupt("sessions.language"))?,
            via: row.via,
            status: Status::from_name(&row.status),
            is_final: row.is_final,
            provisional: row.provisional.as_deref().map(Status::from_name),
            fraud_tags: Vec::new(),
            mismatch_tags: Vec::new(),
            checks: Checks::default(),
            created_at: row.created_at,
            finished_at: row.finished_at,
            erased_at: row.erased_at,
            redirect_url: row.redirect_url,
            token_expires_at: row.token_expires_at,
        }))
    }
}

impl Store {
    /// The session of that id.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let row: Option<SessionRow> = each!(self, |db| {
            sqlx::query_as("SELECT * FROM sessions WHERE id = $1")
                .bind(id)
                .fetch_optional(db.read())
                .await?
        });
        row.map(Session::try_from).transpose()
    }

    /// Gives back the uses of sessions left in `starting` past their lease: whoever spent them died in between.
    /// Returns how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn refund_abandoned(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut tx = self.engine.begin().await?;
        let refunded: Vec<(SessionId, Option<LinkId>)> = within!(&mut tx, |c| {
            sqlx::query_as(
                "UPDATE sessions SET status = 'failed', failure = 'abandoned', lease_until = NULL, room = NULL
                 WHERE lease_until <= $1 AND status = 'starting' RETURNING id, link_id",
            )
            .bind(now)
            .fetch_all(c)
            .await?
        });
        give_back(&mut tx, refunded.iter().filter_map(|(_, link)| *link)).await?;
        tx.commit().await?;
        Ok(refunded.len())
    }

    /// The session that stands under `hold` now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn holder(
        &self,
        hold: &Hold,
        now: Timestamp,
    ) -> Result<Option<SessionId>, StoreError> {
        let row: Option<(SessionId,)> = each!(self, |db| {
            sqlx::query_as("SELECT session_id FROM holds WHERE hold_key = $1 AND held_until > $2")
                .bind(hold.as_str())
                .bind(now)
                .fetch_optional(db.read())
                .await?
        });
        Ok(row.map(|(id,)| id))
    }

    /// Forgets what is over: holds that ended, redirect addresses whose token is not valid any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_ended(&self, now: Timestamp) -> Result<(), StoreError> {
        each!(self, |db| {
            sqlx::query("DELETE FROM holds WHERE held_until <= $1")
                .bind(now)
                .execute(db.write())
                .await?
                .rows_affected()
        });
        // In parts, so that clicks come in between.
        loop {
            let forgotten = each!(self, |db| {
                sqlx::query(FORGET_ADDRESSES)
                    .bind(now)
                    .bind(FORGET_MAX)
                    .execute(db.write())
                    .await?
                    .rows_affected()
            });
            if forgotten < FORGET_MAX.unsigned_abs() {
                return Ok(());
            }
        }
    }
}

/// Addresses forgotten at once.
const FORGET_MAX: i64 = 1000;

const FORGET_ADDRESSES: &str = "
UPDATE sessions SET redirect_url = NULL WHERE id IN
    (SELECT id FROM sessions WHERE redirect_url IS NOT NULL AND token_expires_at <= $1 LIMIT $2)";

/// Whether iDenfy may have started a session although it failed here: all but the refusals.
macro_rules! may_be_orphan_sql {
    () => {
        "failure IN ('abandoned', 'broken_off', 'foreign_redirect', 'idenfy_fault', 'nonsense', 'timeout')"
    };
}
pub(super) use may_be_orphan_sql;

/// Lets go of a session's fixed customer, so that he may be verified anew.
pub(super) const RELEASE_CLIENT: &str = "
DELETE FROM holds WHERE session_id = $1
    AND hold_key = (SELECT 'client:' || client_id FROM sessions WHERE id = $1)";
