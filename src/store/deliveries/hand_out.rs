//! Handing events out: a delivery for each endpoint that asked for them.

use sqlx::FromRow;

use crate::clock::Clock;
use crate::domain::event::EventType;
use crate::domain::id::{DeliveryId, EndpointId, EventId, SessionId};
use crate::domain::timestamp::Timestamp;
use crate::store::endpoints::Endpoint;
use crate::store::ledger::json_rows;
use crate::store::{Store, StoreError};

/// Events handed out in one transaction: few, so that on SQLite a result that comes in never waits long for the writer.
const AT_ONCE: i64 = 100;

/// So many events of no interest may be looked at again before it is noted that they are: a click raises one, and must
/// not cost a write here each time.
const LAZY: i64 = 500;

#[derive(FromRow)]
struct Fresh {
    position: i64,
    id: EventId,
    r#type: String,
    session_id: Option<SessionId>,
    endpoint_id: Option<EndpointId>,
}

impl Fresh {
    fn is_for(&self, endpoint: &Endpoint) -> bool {
        let test = EventType::EndpointTest.as_str();
        self.position > endpoint.handed_to
            && if self.r#type == test {
                self.endpoint_id == Some(endpoint.id)
            } else {
                endpoint
                    .events
                    .iter()
                    .any(|kind| kind.as_str() == self.r#type)
            }
    }
}

/// What one endpoint gets: up to which place, and the rows of its deliveries.
struct Share {
    endpoint: EndpointId,
    from: i64,
    to: i64,
    rows: Vec<Row>,
}

type Row = (
    DeliveryId,
    EndpointId,
    i64,
    EventId,
    String,
    Option<SessionId>,
);

impl Store {
    /// Makes deliveries of what happened since `endpoints`, which are switched on, were handed something last. Only
    /// so many at once: `true` says that something was handed out and that there may be more. Any number of nodes may do it at the same time.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn hand_out(
        &self,
        endpoints: &[&Endpoint],
        clock: &Clock,
    ) -> Result<bool, StoreError> {
        let Some(from) = endpoints.iter().map(|endpoint| endpoint.handed_to).min() else {
            return Ok(false);
        };
        let newest = self.newest_event().await?;
        if newest <= from {
            return Ok(false);
        }
        let events = self.fresh_events(endpoints, from, newest).await?;
        let is_all = i64::try_from(events.len()).unwrap_or(i64::MAX) < AT_ONCE;
        let to = events
            .last()
            .filter(|_| !is_all)
            .map_or(newest, |last| last.position);
        let mut shares: Vec<Share> = endpoints
            .iter()
            .map(|endpoint| share(endpoint, &events, to, clock))
            .filter(|share| {
                let far = if is_all { LAZY } else { 1 };
                !share.rows.is_empty() || share.to - share.from >= far
            })
            .collect();
        // In one order on all nodes, so that two never wait for each other in a ring.
        shares.sort_by_key(|share| share.endpoint);
        self.keep_shares(&shares, clock.now()).await?;
        Ok(!shares.is_empty())
    }

    async fn fresh_events(
        &self,
        endpoints: &[&Endpoint],
        from: i64,
        newest: i64,
    ) -> Result<Vec<Fresh>, StoreError> {
        let mut kinds: Vec<[EventType; 1]> = endpoints
            .iter()
            .flat_map(|endpoint| &endpoint.events)
            .map(|kind| [*kind])
            .collect();
        kinds.push([EventType::EndpointTest]);
        kinds.sort_unstable();
        kinds.dedup();
        Ok(each!(self, |db| {
            sqlx::query_as(
                "SELECT position, id, type, session_id, endpoint_id FROM events
                 WHERE position > $1 AND position <= $2
                   AND type IN (SELECT value ->> 0 FROM json_each($3)) ORDER BY position LIMIT $4",
            )
            .bind(from)
            .bind(newest)
            .bind(json_rows(&kinds))
            .bind(AT_ONCE)
            .fetch_all(db.read())
            .await?
        }))
    }

    /// Whoever moves an endpoint's place on first makes its deliveries, and nobody else.
    async fn keep_shares(&self, shares: &[Share], now: Timestamp) -> Result<(), StoreError> {
        if shares.is_empty() {
            return Ok(());
        }
        let mut tx = self.engine.begin().await?;
        let mut rows = Vec::new();
        for share in shares {
            let is_ours = within!(&mut tx, |c| {
                sqlx::query(
                    "UPDATE endpoints SET handed_to = $3
                     WHERE id = $1 AND handed_to = $2 AND disabled_at IS NULL AND deleted_at IS NULL",
                )
                .bind(share.endpoint)
                .bind(share.from)
                .bind(share.to)
                .execute(c)
                .await?
                .rows_affected()
            }) > 0;
            if is_ours {
                rows.extend(&share.rows);
            }
        }
        if !rows.is_empty() {
            within!(&mut tx, |c| sqlx::query(MAKE)
                .bind(json_rows(&rows))
                .bind(now)
                .execute(c)
                .await?
                .rows_affected());
        }
        Ok(tx.commit().await?)
    }
}

fn share(endpoint: &Endpoint, events: &[Fresh], to: i64, clock: &Clock) -> Share {
    let own = events.iter().filter(|event| event.is_for(endpoint));
    let rows = own.map(|event| {
        (
            DeliveryId::new(clock.uuid()),
            endpoint.id,
            event.position,
            event.id,
            event.r#type.clone(),
            event.session_id,
        )
    });
    Share {
        endpoint: endpoint.id,
        from: endpoint.handed_to,
        to: to.max(endpoint.handed_to),
        rows: rows.collect(),
    }
}

/// What waits for an earlier one of its session is not due before that.
const MAKE: &str = "
INSERT INTO deliveries (id, endpoint_id, position, event_id, type, session_id, status, created_at, next_attempt_at)
SELECT value ->> 0, value ->> 1, CAST(value ->> 2 AS BIGINT), value ->> 3, value ->> 4, value ->> 5, 'pending', $2,
       COALESCE((SELECT MAX(earlier.next_attempt_at) FROM deliveries AS earlier
                 WHERE earlier.session_id = value ->> 5 AND earlier.endpoint_id = value ->> 1
                   AND earlier.status = 'pending' AND earlier.next_attempt_at > $2), $2)
FROM json_each($1)";
