//! The browsers that people are signed in with. Of the cookie a digest is kept, so that a copy of the database opens
//! nothing.

use sqlx::FromRow;

use super::keys::digest;
use super::{Store, StoreError, Tx};
use crate::domain::audit::Action;
use crate::domain::id::{BrowserSessionId, PersonId};
use crate::domain::secret::Secret;
use crate::domain::timestamp::{DAY_MS, Timestamp};

/// After so long without a request a session is over, in milliseconds: 12 hours.
pub const IDLE_MS: i64 = DAY_MS / 2;

/// After so long it is over however much it is used, in milliseconds: 7 days.
pub const LIFE_MS: i64 = 7 * DAY_MS;

/// The same where an identity provider let the person in, in milliseconds: 12 hours. Only at the next sign-in does the
/// provider tell what the person may do by then.
pub const PROVIDED_LIFE_MS: i64 = DAY_MS / 2;

/// How exactly the last use is known: one write a minute at most.
const SEEN_STEP_MS: i64 = 60_000;

/// A browser that a person is signed in with.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct BrowserSession {
    /// Names it.
    pub id: BrowserSessionId,
    /// Who is signed in.
    pub person_id: PersonId,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends however much it is used.
    pub ends_at: Timestamp,
    /// From which address the person signed in.
    pub address: String,
    /// What the browser calls itself.
    pub user_agent: String,
}

impl Store {
    /// Signs a browser in, whose cookie holds `token`; notes it as a sign-in, and forgets sessions that are over.
    /// `password_hash` is what the password was held against, where one was given. False: there is no such person any
    /// more, or it has another password by now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sign_in(
        &self,
        session: &BrowserSession,
        token: &Secret,
        password_hash: Option<&str>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        let at = Some(session.created_at);
        let kept = keep(&mut tx, session, token, password_hash, at).await?;
        let person = session.person_id;
        let is_kept = self
            .end_noted(tx, kept, Action::PersonSignedIn, person, None)
            .await?;
        each!(self, |db| {
            sqlx::query("DELETE FROM browser_sessions WHERE ends_at <= $1 OR last_seen_at <= $2")
                .bind(session.created_at)
                .bind(session.created_at.plus_millis(-IDLE_MS))
                .execute(db.write())
                .await?
                .rows_affected()
        });
        Ok(is_kept)
    }

    /// Gives a browser whose person has just set that password another session: nobody signed in.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn stay_signed_in(
        &self,
        session: &BrowserSession,
        token: &Secret,
        password_hash: &str,
    ) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        let kept = keep(&mut tx, session, token, Some(password_hash), None).await?;
        tx.commit().await?;
        Ok(kept > 0)
    }

    /// The session of a cookie, if it is not over; notes that it is used.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn use_browser_session(
        &self,
        token: &Secret,
        now: Timestamp,
    ) -> Result<Option<BrowserSession>, StoreError> {
        let found: Option<BrowserSession> = each!(self, |db| {
            sqlx::query_as(
                "SELECT id, person_id, created_at, last_seen_at, ends_at, address, user_agent
                 FROM browser_sessions WHERE digest = $1 AND ends_at > $2 AND last_seen_at > $3",
            )
            .bind(digest(token))
            .bind(now)
            .bind(now.plus_millis(-IDLE_MS))
            .fetch_optional(db.read())
            .await?
        });
        let Some(session) = found else {
            return Ok(None);
        };
        if session.last_seen_at <= now.plus_millis(-SEEN_STEP_MS)
            && let Err(error) = self.note_use(session.id, now).await
        {
            // Whoever looks must be able to, most of all when nothing can be written.
            let what = "the use of a browser's session could not be noted";
            self.outage.met(what, &error);
        }
        Ok(Some(session))
    }

    /// Whether a session is not over. To ask does not count as a use.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_signed_in(
        &self,
        id: BrowserSessionId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let found: Option<(BrowserSessionId,)> = each!(self, |db| {
            sqlx::query_as(
                "SELECT id FROM browser_sessions
                 WHERE id = $1 AND ends_at > $2 AND last_seen_at > $3",
            )
            .bind(id)
            .bind(now)
            .bind(now.plus_millis(-IDLE_MS))
            .fetch_optional(db.read())
            .await?
        });
        Ok(found.is_some())
    }

    async fn note_use(&self, id: BrowserSessionId, now: Timestamp) -> Result<u64, StoreError> {
        Ok(each!(self, |db| {
            sqlx::query("UPDATE browser_sessions SET last_seen_at = $2 WHERE id = $1")
                .bind(id)
                .bind(now)
                .execute(db.write())
                .await?
                .rows_affected()
        }))
    }

    /// A person's sessions that are not over, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn browser_sessions(
        &self,
        person: PersonId,
        now: Timestamp,
    ) -> Result<Vec<BrowserSession>, StoreError> {
        Ok(each!(self, |db| {
            sqlx::query_as(
                "SELECT id, person_id, created_at, last_seen_at, ends_at, address, user_agent
                 FROM browser_sessions WHERE person_id = $1 AND ends_at > $2 AND last_seen_at > $3
                 ORDER BY id DESC",
            )
            .bind(person)
            .bind(now)
            .bind(now.plus_millis(-IDLE_MS))
            .fetch_all(db.read())
            .await?
        }))
    }

    /// Signs one of a person's browsers out. False: it is none of this person's.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_browser_session(
        &self,
        person: PersonId,
        id: BrowserSessionId,
    ) -> Result<bool, StoreError> {
        let ended = each!(self, |db| {
            sqlx::query("DELETE FROM browser_sessions WHERE person_id = $1 AND id = $2")
                .bind(person)
                .bind(id)
                .execute(db.write())
                .await?
                .rows_affected()
        });
        Ok(ended > 0)
    }

    /// Signs all browsers of a person out but one; tells how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_other_browser_sessions(
        &self,
        person: PersonId,
        kept: BrowserSessionId,
    ) -> Result<u64, StoreError> {
        Ok(each!(self, |db| {
            sqlx::query("DELETE FROM browser_sessions WHERE person_id = $1 AND id <> $2")
                .bind(person)
                .bind(kept)
                .execute(db.write())
                .await?
                .rows_affected()
        }))
    }
}

/// Signs all browsers of a person out.
pub(super) async fn end_sessions(tx: &mut Tx, person: PersonId) -> Result<u64, sqlx::Error> {
    Ok(within!(tx, |c| {
        sqlx::query("DELETE FROM browser_sessions WHERE person_id = $1")
            .bind(person)
            .execute(c)
            .await?
            .rows_affected()
    }))
}

/// Keeps a session, if the person is there and has that password; locks the person first, as all that change one do.
async fn keep(
    tx: &mut Tx,
    session: &BrowserSession,
    token: &Secret,
    password_hash: Option<&str>,
    signed_in_at: Option<Timestamp>,
) -> Result<u64, sqlx::Error> {
    let found = within!(tx, |c| {
        sqlx::query(
            "UPDATE people SET last_login_at = COALESCE($2, last_login_at),
                 wrong_codes = CASE WHEN $2 IS NULL THEN wrong_codes ELSE 0 END
             WHERE id = $1 AND ($3 IS NULL OR password_hash = $3)",
        )
        .bind(session.person_id)
        .bind(signed_in_at)
        .bind(password_hash)
        .execute(c)
        .await?
        .rows_affected()
    });
    if found == 0 {
        return Ok(0);
    }
    Ok(within!(tx, |c| {
        sqlx::query(
            "INSERT INTO browser_sessions
                 (id, digest, person_id, created_at, last_seen_at, ends_at, address, user_agent)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(session.id)
        .bind(digest(token))
        .bind(session.person_id)
        .bind(session.created_at)
        .bind(session.last_seen_at)
        .bind(session.ends_at)
        .bind(&session.address)
        .bind(&session.user_agent)
        .execute(c)
        .await?
        .rows_affected()
    }))
}
