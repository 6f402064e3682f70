//! iDenfy's JSON: what is sent to start a session, and what comes back.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::{MintError, MintRequest, NAME_MAX, name};
use crate::domain::flow::Flow;
use crate::domain::timestamp::Timestamp;

/// What a URL's query may hold as it is (RFC 3986, unreserved).
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Every `identifier` that iDenfy documents for its errors.
const IDENTIFIERS: [&str; 13] = [
    "INTERNAL_ERROR",
    "BAD_VALUE",
    "MISSING_VALUE",
    "UNAUTHORIZED",
    "ENCODING_ERROR",
    "JSON_ERROR",
    "TOKEN_NOT_VALID",
    "PARTNER_CONTRACT_ERROR",
    "PARTNER_ERROR",
    "METHOD_NOT_ALLOWED",
    "PERMISSIONS_ERROR",
    "TOO_MANY_REQUESTS",
    "VALIDATION_ERROR",
];

/// The body of the call that starts a session.
pub(super) struct Call<'a> {
    request: &'a MintRequest<'a>,
    callback_url: Option<&'a str>,
    lifetime: i64,
    session_length: i64,
}

impl<'a> Call<'a> {
    /// The call for `request`; the two lengths in seconds hold unless the link has its own.
    pub(super) fn new(
        request: &'a MintRequest<'a>,
        callback_url: Option<&'a str>,
        token_expiry: u32,
        session_length: u32,
    ) -> Self {
        let own = |name| request.token.as_map().get(name).and_then(Value::as_i64);
        let lifetime = if request.flow == Flow::Selfie {
            own("expiry_minutes")
                .unwrap_or_else(|| i64::from(token_expiry / 60).clamp(5, 1440))
                .saturating_mul(60)
        } else {
            own("expiryTime").unwrap_or(token_expiry.into())
        };
        let session_length = own("sessionLength").unwrap_or(session_length.into());
        Self {
            request,
            callback_url,
            lifetime,
            session_length,
        }
    }

    /// The call as it is sent.
    pub(super) fn body(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and JSON can be written as JSON")
    }

    /// For how many seconds the token is asked to be valid.
    pub(super) const fn lifetime(&self) -> i64 {
        self.lifetime
    }
}

impl Serialize for Call<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let MintRequest {
            flow,
            client_id,
            locale,
            external_ref,
            token,
        } = *self.request;
        let mut map = serializer.serialize_map(None)?;
        let (kind, callback) = match flow {
            Flow::DocumentAndSelfie => (Some("IDENTIFICATION"), "callbackUrl"),
            Flow::Document => (Some("DOCUMENT"), "callbackUrl"),
            Flow::Selfie => (None, "webhook_url"),
        };
        if let Some(kind) = kind {
            map.serialize_entry("tokenType", kind)?;
            map.serialize_entry("clientId", client_id)?;
            map.serialize_entry("locale", locale.as_str())?;
            map.serialize_entry("expiryTime", &self.lifetime)?;
            map.serialize_entry("sessionLength", &self.session_length)?;
            if let Some(reference) = external_ref {
                map.serialize_entry("externalRef", reference)?;
            }
        } else {
            map.serialize_entry("expiry_minutes", &(self.lifetime / 60))?;
        }
        if let Some(url) = self.callback_url {
            map.serialize_entry(callback, url)?;
        }
        for (key, value) in token.as_map() {
            let ours = match key.as_str() {
                "tokenType" | "clientId" | "locale" | "callbackUrl" | "webhook_url"
                | "expiryTime" | "sessionLength" | "expiry_minutes" => true,
                "externalRef" => external_ref.is_some(),
                _ => false,
            };
            if !ours {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}

/// A started session as iDenfy tells it.
pub(super) struct Answer {
    /// Opens the session; a bearer secret.
    pub(super) token: String,
    /// iDenfy's name of the session.
    pub(super) scan_ref: Option<String>,
    /// Where the visitor goes, unless it is left to us to put together.
    pub(super) url: Option<String>,
    /// For how many seconds the token is valid.
    pub(super) lifetime: Option<i64>,
}

/// The answer of the token call; `tokenString` is the spelling of an older page of its reference.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenAnswer {
    auth_token: Option<String>,
    token_string: Option<String>,
    redirect_url: Option<String>,
    scan_ref: Option<String>,
    #[serde(default)]
    expiry_time: Value,
}

/// The answer of the age estimation call.
#[derive(serde::Deserialize)]
struct AgeAnswer {
    token: String,
    session_url: String,
    #[serde(default)]
    expires_at: Value,
}

impl Answer {
    /// Reads the answer of the call for `flow`; `answered_at` tells when it was given. `None` when it
    /// starts no session.
    pub(super) fn parse(
        flow: Flow,
        body: &[u8],
        answered_at: impl FnOnce() -> Timestamp,
    ) -> Option<Self> {
        // Looked at once as a whole, and not again at each name in it.
        let body = std::str::from_utf8(body).ok()?;
        let answer = if flow == Flow::Selfie {
            let AgeAnswer {
                token,
                session_url,
                expires_at,
            } = serde_json::from_str(body).ok()?;
            let until = expires_at.as_str().and_then(|at| Timestamp::parse(at).ok());
            let lifetime = until.map(|until| until.seconds() - answered_at().seconds());
            Self {
                scan_ref: Some(token.clone()),
                token,
                url: Some(session_url),
                lifetime,
            }
        } else {
            let answer: TokenAnswer = serde_json::from_str(body).ok()?;
            Self {
                token: answer.auth_token.or(answer.token_string)?,
                scan_ref: answer.scan_ref,
                url: answer.redirect_url.filter(|url| !url.is_empty()),
                lifetime: answer.expiry_time.as_i64(),
            }
        };
        // A name that the database could not keep is as good as none.
        let scan_ref = answer
            .scan_ref
            .filter(|scan_ref| name(scan_ref, NAME_MAX).is_some());
        (!answer.token.is_empty()).then_some(Self { scan_ref, ..answer })
    }
}

/// What the visitor's address ends with where iDenfy leaves it to us.
pub(super) fn redirect_query(token: &str) -> impl std::fmt::Display {
    utf8_percent_encode(token, QUERY)
}

/// What a refusal with `status` and `body` means.
pub(super) fn refusal(status: u16, body: &[u8], retry_after: Option<u32>) -> MintError {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let told = body.get("identifier").and_then(Value::as_str);
    let identifier = IDENTIFIERS.into_iter().find(|&known| Some(known) == told);
    let message = body
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let spent = message.contains("reached token limit") || message.contains("lack of funds");
    match (status, identifier) {
        (402, _) => MintError::OutOfCredits,
        (400 | 403, _) if spent => MintError::OutOfCredits,
        // Errors of the sign-in itself carry no identifier.
        (401, _) | (403, None | Some("UNAUTHORIZED")) => MintError::Credentials,
        (400 | 403 | 422, identifier) => MintError::BadParameters { identifier },
        (409, _) => MintError::Conflict,
        (429, _) => MintError::RateLimited { retry_after },
        (500..=599, _) => MintError::IdenfyFault {
            status,
            retry_after,
        },
        _ => MintError::Nonsense,
    }
}
