//! Endpoints: addresses of the customer's that results are sent to.

use sqlx::FromRow;

use super::{Store, StoreError};
use crate::domain::audit::Action;
use crate::domain::event::EventType;
use crate::domain::id::EndpointId;
use crate::domain::secret::Secret;
use crate::domain::timestamp::Timestamp;

/// How long the secret before the last rotation signs too, in milliseconds.
pub const OVERLAP_MS: i64 = 24 * 3600 * 1000;

/// What is sent of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadKind {
    /// What the API shows of the session.
    Verdict,
    /// And iDenfy's own body.
    Full,
}

impl PayloadKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Verdict, Self::Full];

    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verdict => "verdict",
            Self::Full => "full",
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// An endpoint as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Names it in the API.
    pub id: EndpointId,
    /// Where results go. May hold a token of the customer's, so it is shown in the API alone.
    pub url: Secret,
    /// The events it asked for.
    pub events: Vec<EventType>,
    /// What is sent of a result.
    pub payload: PayloadKind,
    /// Signs what is sent.
    pub secret: Secret,
    /// The secret before the last rotation, and until when it signs too.
    pub previous: Option<(Secret, Timestamp)>,
    /// Up to which event deliveries have been made of it.
    pub handed_to: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when every attempt failed.
    pub failing_since: Option<Timestamp>,
    /// When and why it was switched off.
    pub disabled: Option<(Timestamp, String)>,
}

impl Endpoint {
    /// The secrets that sign now, the newest first.
    pub fn secrets(&self, now: Timestamp) -> impl Iterator<Item = &Secret> {
        let previous = self.previous.as_ref().filter(|(_, until)| *until > now);
        std::iter::once(&self.secret).chain(previous.map(|(secret, _)| secret))
    }
}

#[derive(FromRow)]
pub(super) struct EndpointRow {
    id: EndpointId,
    url: String,
    events: String,
    payload: String,
    secret: String,
    previous_secret: Option<String>,
    previous_until: Option<Timestamp>,
    handed_to: i64,
    created_at: Timestamp,
    failing_since: Option<Timestamp>,
    disabled_at: Option<Timestamp>,
    disabled_reason: Option<String>,
}

impl TryFrom<EndpointRow> for Endpoint {
    type Error = StoreError;

    fn try_from(row: EndpointRow) -> Result<Self, StoreError> {
        let events: Option<Vec<EventType>> = row.events.split(' ').map(EventType::parse).collect();
        Ok(Self {
            id: row.id,
            url: Secret::new(row.url),
            events: events.ok_or(StoreError::Corrupt("endpoints.events"))?,
            payload: PayloadKind::parse(&row.payload)
                .ok_or(StoreError::Corrupt("endpoints.payload"))?,
            secret: Secret::new(row.secret),
            previous: row.previous_secret.map(Secret::new).zip(row.previous_until),
            handed_to: row.handed_to,
            created_at: row.created_at,
            failing_since: row.failing_since,
            disabled: row.disabled_at.zip(row.disabled_reason),
        })
    }
}

impl Store {
    /// Keeps a new endpoint, which is told of what happens from now on: its `handed_to` does not count. False: one of this
    /// id was made before.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn insert_endpoint(&self, endpoint: &Endpoint) -> Result<bool, StoreError> {
        // What was written before now is seen now, and not after it.
        self.publish().await?;
        let events: Vec<&str> = endpoint.events.iter().map(|kind| kind.as_str()).collect();
        let mut tx = self.engine.begin().await?;
        let made = within!(&mut tx, |c| {
            sqlx::query(
                "INSERT INTO endpoints (id, url, events, payload, secret, handed_to, created_at)
                 SELECT $1, $2, $3, $4, $5, COALESCE(MAX(position), 0), $6 FROM events WHERE TRUE
                 ON CONFLICT (id) DO NOTHING",
            )
            .bind(endpoint.id)
            .bind(endpoint.url.expose())
            .bind(events.join(" "))
            .bind(endpoint.payload.as_str())
            .bind(endpoint.secret.expose())
            .bind(endpoint.created_at)
            .execute(c)
            .await?
            .rows_affected()
        });
        self.end_noted(tx, made, Action::EndpointCreated, endpoint.id, None)
            .await
    }

    /// Endpoints that were not deleted, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn endpoints(
        &self,
        before: Option<EndpointId>,
        limit: i64,
    ) -> Result<Vec<Endpoint>, StoreError> {
        let rows: Vec<EndpointRow> = each!(self, |db| {
            sqlx::query_as(
                "SELECT * FROM endpoints WHERE deleted_at IS NULL AND ($1 IS NULL OR id < $1)
                 ORDER BY id DESC LIMIT $2",
            )
            .bind(before)
            .bind(limit)
            .fetch_all(db.read())
            .await?
        });
        rows.into_iter().map(Endpoint::try_from).collect()
    }

    /// The endpoint of that id, unless it was deleted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn endpoint(&self, id: EndpointId) -> Result<Option<Endpoint>, StoreError> {
        let row: Option<EndpointRow> = each!(self, |db| {
            sqlx::query_as("SELECT * FROM endpoints WHERE id = $1 AND deleted_at IS NULL")
                .bind(id)
                .fetch_optional(db.read())
                .await?
        });
        row.map(Endpoint::try_from).transpose()
    }

    /// Deletes an endpoint: its address and secrets are forgotten, what was not delivered is given up. False: there is
    /// no such endpoint.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn delete_endpoint(
        &self,
        id: EndpointId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        let done = within!(&mut tx, |c| {
            sqlx::query(
                "UPDATE endpoints SET deleted_at = $2, url = '', secret = '', previous_secret = NULL
                 WHERE id = $1 AND deleted_at IS NULL",
            )
            .bind(id)
            .bind(now)
            .execute(c)
            .await?
            .rows_affected()
        });
        super::deliveries::give_up_all(&mut tx, id, now).await?;
        let done = self.end_noted(tx, done, Action::EndpointDeleted, id, None);
        let done = done.await?;
        self.engine.cut_log_soon();
        Ok(done)
    }

    /// Gives an endpoint a new secret; the one before signs too for [`OVERLAP_MS`]. False: there is no such endpoint.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn rotate_endpoint(
        &self,
        id: EndpointId,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        let done = within!(&mut tx, |c| {
            sqlx::query(
                "UPDATE endpoints SET previous_secret = secret, previous_until = $3, secret = $2
                 WHERE id = $1 AND deleted_at IS NULL",
            )
            .bind(id)
            .bind(secret.expose())
            .bind(now.plus_millis(OVERLAP_MS))
            .execute(c)
            .await?
            .rows_affected()
        });
        let detail = Some("another secret");
        self.end_noted(tx, done, Action::EndpointUpdated, id, detail)
            .await
    }

    /// Gives an endpoint another address, other events and another payload. False: there is no such endpoint.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn update_endpoint(
        &self,
        id: EndpointId,
        url: &Secret,
        events: &[EventType],
        payload: PayloadKind,
    ) -> Result<bool, StoreError> {
        let events: Vec<&str> = events.iter().map(|kind| kind.as_str()).collect();
        let mut tx = self.engine.begin().await?;
        let done = within!(&mut tx, |c| {
            sqlx::query(
                "UPDATE endpoints SET url = $2, events = $3, payload = $4 WHERE id = $1 AND deleted_at IS NULL",
            )
            .bind(id)
            .bind(url.expose())
            .bind(events.join(" "))
            .bind(payload.as_str())
            .execute(c)
            .await?
            .rows_affected()
        });
        let detail = Some("address, events or payload");
        self.end_noted(tx, done, Action::EndpointUpdated, id, detail)
            .await
    }

    /// Switches an endpoint off by hand; what was not delivered is given up. False: there is no such endpoint, or it is
    /// off already.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn disable_endpoint(
        &self,
        id: EndpointId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        let done = within!(&mut tx, |c| {
            sqlx::query(
                "UPDATE endpoints SET disabled_at = $2, disabled_reason = 'manual'
                 WHERE id = $1 AND disabled_at IS NULL AND deleted_at IS NULL",
            )
            .bind(id)
            .bind(now)
            .execute(c)
            .await?
            .rows_affected()
        });
        if done > 0 {
            super::deliveries::give_up_all(&mut tx, id, now).await?;
        }
        self.end_noted(tx, done, Action::EndpointDisabled, id, None)
            .await
    }

    /// Switches an endpoint on again; it is then told of what happened meanwhile, as far as events reach back. False:
    /// there is no such endpoint.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn enable_endpoint(&self, id: EndpointId) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        let done = within!(&mut tx, |c| {
            sqlx::query(
                "UPDATE endpoints SET disabled_at = NULL, disabled_reason = NULL, failing_since = NULL
                 WHERE id = $1 AND deleted_at IS NULL",
            )
            .bind(id)
            .execute(c)
            .await?
            .rows_affected()
        });
        let detail = Some("switched on");
        let done = self.end_noted(tx, done, Action::EndpointUpdated, id, detail);
        let done = done.await?;
        self.news.tell();
        Ok(done)
    }
}
