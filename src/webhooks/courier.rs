//! Sends one delivery and says what came of it.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{Client, Response};
use url::Url;

use super::target::{self, PublicOnly, Refused};
use super::{schedule, signature};
use crate::clock::Clock;
use crate::domain::id::EventId;
use crate::domain::timestamp::Timestamp;
use crate::http;
use crate::jitter::chance;
use crate::store::deliveries::{Attempt, Claimed, Outcome};
use crate::store::endpoints::Endpoint;

/// How long an endpoint may take, from the look-up of its name to its answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// So much of an answer is read and kept, in bytes.
const RESPONSE_MAX: usize = 1024;

/// Shorter than servers commonly keep connections open, so that none is used that is just being closed.
const IDLE: Duration = Duration::from_secs(4);

/// Something to send.
#[derive(Debug)]
pub struct Letter {
    /// To whom.
    pub endpoint: Arc<Endpoint>,
    /// Which delivery.
    pub claimed: Claimed,
    /// What; none: its event is not kept any more.
    pub body: Option<String>,
}

/// Sends what it is given. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Courier {
    plain: Client,
    /// None where this machine has no root certificates.
    secure: Option<Client>,
    allow_private: bool,
    clock: Clock,
}

/// What an endpoint made of it.
#[derive(Default)]
struct Answer {
    status: Option<u16>,
    error: Option<&'static str>,
    response: Option<String>,
    asked_for: Option<Timestamp>,
}

impl Courier {
    /// One that keeps to the internet, unless it may go into private networks.
    ///
    /// # Errors
    /// When no client for HTTP can be made.
    ///
    /// # Panics
    /// Never: the addresses are constant.
    pub fn new(allow_private: bool, clock: Clock) -> Result<Self, reqwest::Error> {
        let client = |like: &str| {
            let like = Url::parse(like).expect("a constant address");
            let builder = http::client_builder(&like)
                .no_proxy()
                .timeout(PATIENCE)
                .pool_idle_timeout(IDLE);
            if allow_private {
                builder.build()
            } else {
                builder.dns_resolver(PublicOnly).build()
            }
        };
        Ok(Self {
            plain: client("http://endpoint.invalid")?,
            secure: client("https://endpoint.invalid").ok(),
            allow_private,
            clock,
        })
    }

    /// Sends a letter.
    pub async fn deliver(&self, letter: Letter) -> Attempt {
        let (at, begun) = (self.clock.now(), Instant::now());
        let answer = self.send(&letter, at).await;
        let duration_ms = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
        let outcome = self.outcome(&answer, &letter);
        Attempt {
            claimed: letter.claimed,
            at,
            status: answer.status,
            duration_ms,
            error: answer.error,
            response: answer.response,
            outcome,
            alarm: EventId::new(self.clock.uuid()),
        }
    }

    fn outcome(&self, answer: &Answer, letter: &Letter) -> Outcome {
        if answer.error.is_none() {
            return Outcome::Delivered;
        }
        if answer.status == Some(410) {
            return Outcome::Gone;
        }
        let now = self.clock.now();
        let scheduled = schedule::next(letter.claimed.pauses, now, chance());
        match scheduled.filter(|_| letter.body.is_some()) {
            // Never sooner than scheduled: an endpoint that always asks for a second would use the schedule up in ten.
            Some(at) => Outcome::Again {
                at: answer.asked_for.map_or(at, |asked| asked.max(at)),
                not_before: answer.asked_for,
            },
            None => Outcome::GivenUp,
        }
    }

    async fn send(&self, letter: &Letter, now: Timestamp) -> Answer {
        let failed = |error| Answer {
            error: Some(error),
            ..Answer::default()
        };
        let Some(body) = &letter.body else {
            return failed("the event is no longer kept");
        };
        // The settings may have changed since it was made.
        let Ok(url) = target::parse(letter.endpoint.url.expose(), self.allow_private) else {
            return failed("refused: the address is not allowed by the settings");
        };
        let client = if url.scheme() == "https" {
            let Some(secure) = &self.secure else {
                return failed("this machine has no root certificates");
            };
            secure
        } else {
            &self.plain
        };
        let (id, timestamp) = (letter.claimed.event_id, now.seconds());
        let signed = signature::sign(letter.endpoint.secrets(now), id, timestamp, body);
        let request = client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", id.to_string())
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signed)
            .body(body.clone());
        match request.send().await {
            Ok(response) => self.read(response).await,
            Err(error) => failed(words(&error)),
        }
    }

    async fn read(&self, mut response: Response) -> Answer {
        let status = response.status();
        let error = match status.as_u16() {
            200..=299 => None,
            300..=399 => Some("redirects are not followed"),
            410 => Some("the endpoint says that it is gone"),
            _ => Some("the status is not 2xx"),
        };
        let retry_after = response.headers().get("retry-after");
        let asked_for = retry_after
            .and_then(|value| value.to_str().ok())
            .and_then(|text| schedule::asked_for(text, self.clock.now()));
        let mut start = Vec::new();
        // The status has told what there is to know: an answer that breaks off here is one all the same.
        while start.len() <= RESPONSE_MAX
            && let Ok(Some(chunk)) = response.chunk().await
        {
            start.extend_from_slice(&chunk);
        }
        start.truncate(RESPONSE_MAX);
        Answer {
            status: Some(status.as_u16()),
            error,
            // PostgreSQL keeps no zero bytes in texts.
            response: Some(String::from_utf8_lossy(&start).replace('\0', "\u{fffd}")),
            asked_for: asked_for.filter(|_| error.is_some()),
        }
    }
}

/// Why there was no answer, in words of ours: an error's own may hold the address.
fn words(error: &reqwest::Error) -> &'static str {
    let mut source = error.source();
    while let Some(inner) = source {
        if inner.is::<Refused>() {
            return "refused: the name leads into a private network";
        }
        source = inner.source();
    }
    if error.is_timeout() {
        "no answer within 15 seconds"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke before the answer"
    }
}
