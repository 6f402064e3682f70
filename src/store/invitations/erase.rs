//! Erasing whom was invited.

use super::super::idempotency::forget_answers_of;
use super::super::ledger::json_rows;
use super::super::{Store, StoreError, Tx};
use crate::domain::audit::Action;
use crate::domain::id::{InvitationId, LinkId};
use crate::domain::timestamp::Timestamp;

/// The most invitations that are erased in one transaction.
const BATCH: i64 = 100;

impl Store {
    /// Withdraws an invitation: its link is switched off for good, its message is not sent any more, its personal data
    /// is erased. Sessions that were begun are erased by themselves. False: there is no such invitation.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn erase_invitation(
        &self,
        id: InvitationId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        let known = forget_invitations(&mut tx, &[id.link()], now).await?;
        let done = self.end_noted(tx, known, Action::InvitationErased, id, None);
        let done = done.await?;
        self.engine.cut_log_soon();
        Ok(done)
    }

    /// Erases invitations that were made before `before` and can lead to nothing any more: their link is over and no
    /// session of theirs is left to be erased. Some at a time; returns how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn erase_old_invitations(
        &self,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let old: Vec<(LinkId,)> = each!(self, |db| {
            sqlx::query_as(OLD)
                .bind(before.id_prefix())
                .bind(now)
                .bind(BATCH)
                .fetch_all(db.list())
                .await?
        });
        if old.is_empty() {
            return Ok(0);
        }
        let old: Vec<LinkId> = old.into_iter().map(|(id,)| id).collect();
        let mut tx = self.engine.begin().await?;
        forget_invitations(&mut tx, &old, now).await?;
        for id in &old {
            self.note(&mut tx, Action::InvitationErased, id, Some("retention"))
                .await?;
        }
        tx.commit().await?;
        self.engine.cut_log_soon();
        Ok(old.len())
    }
}

/// Erases whom these links invited, of those that are invitations: the person, what the link would send along to iDenfy,
/// and where its messages went. The link leads nowhere any more. Tells how many invitations there are.
pub(in crate::store) async fn forget_invitations(
    tx: &mut Tx,
    links: &[LinkId],
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    if links.is_empty() {
        return Ok(0);
    }
    let rows = json_rows(&links.iter().map(|id| [id]).collect::<Vec<_>>());
    forget_answers_of(tx, links, now).await?;
    // The link first, as clicks take it.
    let mut known = 0;
    for sql in [FORGET_LINK, FORGET_MESSAGES, FORGET_PERSON] {
        known = within!(&mut *tx, |c| sqlx::query(sql)
            .bind(&rows)
            .bind(now)
            .execute(c)
            .await?
            .rows_affected());
    }
    Ok(known)
}

/// One that is used up or past its end says so still.
const FORGET_LINK: &str = "
UPDATE links SET token = '{}', name = 'Erased invitation', name_folded = 'erased invitation',
    deactivated_at = CASE WHEN used >= usage_limit OR expires_at <= $2 THEN deactivated_at
                          ELSE COALESCE(deactivated_at, $2) END
WHERE id IN (SELECT i.id FROM invitations AS i WHERE i.id IN (SELECT value ->> 0 FROM json_each($1)))";

const FORGET_MESSAGES: &str = "
UPDATE messages SET recipient = NULL, recipient_name = NULL,
    error = CASE WHEN status = 'pending' THEN 'the invitation was withdrawn' ELSE error END,
    status = CASE WHEN status = 'pending' THEN 'stopped' ELSE status END,
    ended_at = CASE WHEN status = 'pending' THEN $2 ELSE ended_at END,
    next_attempt_at = NULL, leased_until = NULL
WHERE link_id IN (SELECT value ->> 0 FROM json_each($1))";

const FORGET_PERSON: &str = "
UPDATE invitations SET client_id = NULL, name = NULL, email = NULL, phone = NULL, searched = NULL,
    erased_at = COALESCE(erased_at, $2)
WHERE id IN (SELECT value ->> 0 FROM json_each($1))";

const OLD: &str = "
SELECT i.id FROM invitations AS i JOIN links AS l ON l.id = i.id
WHERE i.id < $1 AND i.erased_at IS NULL
  AND (l.deactivated_at IS NOT NULL OR l.deleted_at IS NOT NULL OR l.expires_at <= $2 OR l.used >= l.usage_limit)
  AND NOT EXISTS (SELECT 1 FROM link_sessions AS f CROSS JOIN sessions AS s
                  WHERE f.link_id = i.id AND s.id = f.session_id AND s.erased_at IS NULL)
  AND NOT (i.id IN (SELECT link_id FROM link_sessions_new)
           AND EXISTS (SELECT 1 FROM link_sessions_new AS n CROSS JOIN sessions AS s
                       WHERE n.link_id = i.id AND s.id = n.session_id AND s.erased_at IS NULL))
ORDER BY i.id LIMIT $3";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::tests::plan;

    #[tokio::test]
    async fn of_the_sessions_only_those_of_an_old_invitation_are_looked_at() {
        let plan = plan(OLD).await.join("; ");
        assert!(
            plan.contains("SEARCH f USING PRIMARY KEY (link_id=?)"),
            "{plan}"
        );
        assert!(plan.contains("SEARCH s USING PRIMARY KEY (id=?)"), "{plan}");
    }
}
