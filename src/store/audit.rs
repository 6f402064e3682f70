//! The audit log: who did what to which object, when and from where. Only ever added to.
//!
//! A [`Store`] knows who acts through it. What it changes is noted in the transaction of the change, so that the one is
//! never there without the other.

use std::fmt::Display;
use std::net::IpAddr;
use std::sync::Arc;

use sqlx::FromRow;

use super::{Store, StoreError, Tx};
use crate::clock::Clock;
use crate::domain::audit::{Action, Actor};
use crate::domain::id::AuditId;
use crate::domain::timestamp::Timestamp;

/// Who acts through a store, and from where.
#[derive(Debug)]
pub(super) struct Acting {
    clock: Clock,
    actor: Actor,
    address: Option<IpAddr>,
}

impl Default for Acting {
    /// Whoever does not say who he is, is the gateway itself.
    fn default() -> Self {
        Self {
            clock: Clock::system(),
            actor: Actor::System,
            address: None,
        }
    }
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct AuditLine {
    /// Its name; the order of these is the order of time.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// `key`, `person`, `command` or `system`.
    pub actor_kind: String,
    /// Which key or person.
    pub actor_id: Option<String>,
    /// What people called it then.
    pub actor_name: Option<String>,
    /// What was done.
    pub action: String,
    /// The kind of object it was done to.
    pub object_kind: String,
    /// Which object.
    pub object_id: Option<String>,
    /// From which address.
    pub address: Option<String>,
    /// What more there is to tell; nothing personal.
    pub detail: Option<String>,
}

/// What the log is narrowed by.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Only lines of this actor: an id, or a kind.
    pub actor: Option<String>,
    /// Only lines of this action.
    pub action: Option<String>,
    /// Only lines about this object.
    pub object_id: Option<String>,
    /// Only lines from this time on.
    pub from: Option<Timestamp>,
    /// Only lines before this time.
    pub to: Option<Timestamp>,
    /// Only lines before this one.
    pub before: Option<AuditId>,
    /// At most so many.
    pub limit: i64,
}

impl Store {
    /// The same store, in the hands of somebody: what is changed through it is noted as his.
    #[must_use]
    pub fn acting(&self, clock: &Clock, actor: Actor, address: Option<IpAddr>) -> Self {
        let acting = Acting {
            clock: clock.clone(),
            actor,
            address,
        };
        Self {
            acting: Arc::new(acting),
            ..self.clone()
        }
    }

    /// Notes what was done elsewhere than in this store.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note_act(&self, action: Action, id: impl Display) -> Result<(), StoreError> {
        let mut tx = self.engine.begin().await?;
        self.note(&mut tx, action, id, None).await?;
        Ok(tx.commit().await?)
    }

    /// Notes a change in its own transaction. `detail` holds nothing personal.
    pub(super) async fn note(
        &self,
        tx: &mut Tx,
        action: Action,
        id: impl Display,
        detail: Option<&str>,
    ) -> Result<(), sqlx::Error> {
        let Acting {
            clock,
            actor,
            address,
        } = &*self.acting;
        let (actor_id, actor_name) = match actor {
            Actor::Key { id, name } => (Some(id.to_string()), Some(name)),
            Actor::Person { id, name } => (Some(id.to_string()), Some(name)),
            Actor::Command | Actor::System => (None, None),
        };
        within!(tx, |c| sqlx::query(NOTE)
            .bind(AuditId::new(clock.uuid()))
            .bind(clock.now())
            .bind(actor.kind())
            .bind(actor_id)
            .bind(actor_name)
            .bind(action.as_str())
            .bind(action.object_kind())
            .bind(id.to_string())
            .bind(address.map(|address| address.to_string()))
            .bind(detail)
            .execute(c)
            .await?
            .rows_affected());
        Ok(())
    }

    /// Ends the transaction of a change, noting it where one was made; tells whether.
    pub(super) async fn end_noted(
        &self,
        mut tx: Tx,
        changed: u64,
        action: Action,
        id: impl Display,
        detail: Option<&str>,
    ) -> Result<bool, StoreError> {
        if changed > 0 {
            self.note(&mut tx, action, id, detail).await?;
        }
        tx.commit().await?;
        Ok(changed > 0)
    }

    /// Lines of the log, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn audit_log(&self, filter: &AuditFilter) -> Result<Vec<AuditLine>, StoreError> {
        // Ids begin with the time: so the times are found by the primary key.
        let before = filter.before.map(|id| id.to_string());
        let until = before
            .into_iter()
            .chain(filter.to.map(Timestamp::id_prefix))
            .min();
        // One statement for each way in, so that each uses its index.
        let sql = match filter {
            AuditFilter {
                object_id: Some(_), ..
            } => LOG_OF_OBJECT,
            AuditFilter {
                action: Some(_), ..
            } => LOG_OF_ACTION,
            AuditFilter {
                actor: Some(actor), ..
            } if Actor::KINDS.contains(&actor.as_str()) => LOG_OF_KIND,
            AuditFilter { actor: Some(_), .. } => LOG_OF_ACTOR,
            _ => LOG,
        };
        Ok(each!(self, |db| {
            sqlx::query_as(sql)
                .bind(until)
                .bind(filter.from.map(Timestamp::id_prefix))
                .bind(&filter.actor)
                .bind(&filter.action)
                .bind(&filter.object_id)
                .bind(filter.limit)
                .fetch_all(db.read())
                .await?
        }))
    }
}

const NOTE: &str = "
INSERT INTO audit_log (id, at, actor_kind, actor_id, actor_name, action, object_kind, object_id, address, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// `$narrowed` is what its index is for; the rest is looked at line by line.
macro_rules! log_sql {
    ($narrowed:literal) => {
        concat!(
            "
SELECT * FROM audit_log
WHERE id < COALESCE($1, '~') AND id >= COALESCE($2, '') AND ",
            $narrowed,
            "
ORDER BY id DESC LIMIT $6"
        )
    };
}

const LOG: &str = log_sql!("$3 IS NULL AND $4 IS NULL AND $5 IS NULL");
const LOG_OF_OBJECT: &str = log_sql!(
    "object_id = $5 AND ($3 IS NULL OR actor_id = $3 OR actor_kind = $3) AND ($4 IS NULL OR action = $4)"
);
const LOG_OF_ACTION: &str =
    log_sql!("action = $4 AND ($3 IS NULL OR actor_id = $3 OR actor_kind = $3) AND $5 IS NULL");
const LOG_OF_KIND: &str = log_sql!("actor_kind = $3 AND $4 IS NULL AND $5 IS NULL");
const LOG_OF_ACTOR: &str = log_sql!("actor_id = $3 AND $4 IS NULL AND $5 IS NULL");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::tests::plan;

    #[tokio::test]
    async fn each_way_into_the_log_has_its_index() {
        for (sql, way) in [
            (LOG, "PRIMARY KEY (id>? AND id<?)"),
            (
                LOG_OF_OBJECT,
                "INDEX audit_log_object (object_id=? AND id>? AND id<?)",
            ),
            (
                LOG_OF_ACTION,
                "INDEX audit_log_action (action=? AND id>? AND id<?)",
            ),
            (
                LOG_OF_KIND,
                "INDEX audit_log_kind (actor_kind=? AND id>? AND id<?)",
            ),
            (
                LOG_OF_ACTOR,
                "INDEX audit_log_actor (actor_id=? AND id>? AND id<?)",
            ),
        ] {
            assert_eq!(plan(sql).await, [format!("SEARCH audit_log USING {way}")]);
        }
    }
}
