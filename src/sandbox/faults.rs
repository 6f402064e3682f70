//! What can go wrong at iDenfy, switched on by hand for tests and demonstrations.
//! A refusal makes no session. All other faults spoil the answer of a call that did its work: the
//! session is there, as it would be at iDenfy.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::SizedStream;
use actix_web::http::header::ContentEncoding;
use actix_web::web::Bytes;
use futures_util::stream;
use serde_json::{Value, json};

use super::refusal::Refusal;

const SLOW: Duration = Duration::from_secs(2);
const HANG: Duration = Duration::from_mins(2);
/// Bytes of padding in a huge answer.
const HUGE: usize = 8 * 1024 * 1024;
/// Where a foreign answer points; the name can never exist.
const FOREIGN: &str = "https://idenfy.attacker.invalid/api/v2/redirect?authToken=stolen";

/// How the two token calls fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Fault {
    #[default]
    None,
    Slow,
    Hang,
    Error,
    RateLimit,
    Unavailable,
    OutOfCredits,
    OutOfTokens,
    Credentials,
    Malformed,
    Truncated,
    HangUp,
    Huge,
    ForeignHost,
}

/// Every fault, its name on the wire and what it does.
pub(super) const ALL: &[(Fault, &str, &str)] = &[
    (Fault::None, "none", "All calls work."),
    (Fault::Slow, "slow", "Answers after 2 seconds."),
    (
        Fault::Hang,
        "hang",
        "Takes the call and says nothing for 2 minutes, then hangs up.",
    ),
    (Fault::Error, "error", "500, INTERNAL_ERROR."),
    (Fault::RateLimit, "rate_limit", "429, TOO_MANY_REQUESTS."),
    (Fault::Unavailable, "unavailable", "503, a page of HTML."),
    (Fault::OutOfCredits, "out_of_credits", "402, lack of funds."),
    (
        Fault::OutOfTokens,
        "out_of_tokens",
        "400, “Partner reached token limit.”",
    ),
    (
        Fault::Credentials,
        "credentials",
        "401, invalid authorization credentials.",
    ),
    (
        Fault::Malformed,
        "malformed",
        "201, but the body is not JSON.",
    ),
    (
        Fault::Truncated,
        "truncated",
        "201, hangs up in the middle of the body.",
    ),
    (
        Fault::HangUp,
        "hang_up",
        "Does the work, then hangs up without an answer.",
    ),
    (Fault::Huge, "huge", "201, a body of 8 MiB."),
    (
        Fault::ForeignHost,
        "foreign_host",
        "201, a redirect to a host that is not iDenfy’s.",
    ),
];

impl Fault {
    /// The fault of that name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        ALL.iter()
            .find(|(_, known, _)| *known == name)
            .map(|(fault, ..)| *fault)
    }

    /// The answer in place of any work; `age`: to the age estimation call.
    pub(super) fn refusal(self, age: bool) -> Option<HttpResponse> {
        let refusal = match self {
            Self::Error => Refusal::internal(),
            Self::RateLimit => Refusal::rate_limit(),
            Self::OutOfCredits => Refusal::out_of_credits(age),
            Self::OutOfTokens => Refusal::out_of_tokens(),
            Self::Credentials => Refusal::credentials(),
            Self::Unavailable => {
                let page = "<html><body><h1>503 Service Unavailable</h1></body></html>";
                let answer = HttpResponse::ServiceUnavailable()
                    .content_type("text/html")
                    .body(page);
                return Some(answer);
            }
            _ => return None,
        };
        Some(refusal.response())
    }

    /// The answer to a call that did its work.
    pub(super) async fn spoil(self, mut answer: Value) -> HttpResponse {
        match self {
            Self::Slow => tokio::time::sleep(SLOW).await,
            Self::Hang => {
                tokio::time::sleep(HANG).await;
                return hang_up(None);
            }
            Self::HangUp => return hang_up(None),
            Self::Malformed => {
                let body = "<!doctype html><title>Token created successfully</title>";
                return HttpResponse::Created()
                    .content_type("application/json")
                    .body(body);
            }
            Self::Truncated => return hang_up(Some(answer.to_string())),
            Self::Huge => answer["additionalData"] = json!({ "padding": "x".repeat(HUGE) }),
            Self::ForeignHost => {
                let name = if answer.get("session_url").is_some() {
                    "session_url"
                } else {
                    "redirectUrl"
                };
                answer[name] = json!(FOREIGN);
            }
            _ => {}
        }
        HttpResponse::Created().json(answer)
    }
}

/// Promises a body and ends before it is whole, whereupon the server closes the connection.
/// With the first half of `body`, that half goes out; with none not even the head does, because
/// the server finds out before it has written anything.
fn hang_up(body: Option<String>) -> HttpResponse {
    let length = body.as_ref().map_or(1, String::len);
    let half = body.map(|body| Bytes::copy_from_slice(&body.as_bytes()[..length / 2]));
    let parts = stream::unfold(half.map(|half| (half, false)), |state| async {
        let (half, is_sent) = state?;
        if is_sent {
            // The pause lets the server write what it has.
            tokio::time::sleep(Duration::from_millis(50)).await;
            return None;
        }
        Some((Ok::<_, std::io::Error>(half), Some((Bytes::new(), true))))
    });
    HttpResponse::Created()
        .content_type("application/json")
        // A compressing layer would turn the promise into an honest, shorter one.
        .insert_header(ContentEncoding::Identity)
        .body(SizedStream::new(length as u64, Box::pin(parts)))
}

/// The fault that is switched on, and for how many more calls.
#[derive(Default)]
pub(super) struct Faults(Mutex<(Fault, Option<u32>)>);

impl Faults {
    /// Switches a fault on for so many calls, or until changed.
    pub(super) fn set(&self, fault: Fault, times: Option<u32>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (fault, times);
    }

    /// What is switched on.
    pub(super) fn current(&self) -> (Fault, Option<u32>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fault of the next call.
    pub(super) fn take(&self) -> Fault {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (fault, times) = *state;
        match times {
            Some(0 | 1) => *state = (Fault::None, None),
            Some(more) => *state = (fault, Some(more - 1)),
            None => {}
        }
        if times == Some(0) { Fault::None } else { fault }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_for_two_calls_is_gone_after_them() {
        let faults = Faults::default();
        faults.set(Fault::Error, Some(2));
        let seen = [faults.take(), faults.take(), faults.take()];
        assert_eq!(seen, [Fault::Error, Fault::Error, Fault::None]);
        faults.set(Fault::Slow, None);
        assert_eq!([faults.take(), faults.take()], [Fault::Slow, Fault::Slow]);
    }
}
