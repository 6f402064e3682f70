//! Why no session could be started.

use std::time::Duration;

/// The longest wait that is suggested to a visitor, in seconds.
const LONGEST_WAIT: u32 = 3600;

/// Why iDenfy did not start a session. Holds nothing that iDenfy wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    /// There are no credentials to call it with; nothing was sent.
    #[error("idenfy.api_key and idenfy.api_secret are not both set")]
    NoCredentials,
    /// The API key or secret is refused, or the account is inactive (401, 403).
    #[error("iDenfy refuses the API key and secret, or the account is inactive")]
    Credentials,
    /// The account has no funds or has reached its limit (402; on older contracts 400).
    #[error("the iDenfy account is out of credits")]
    OutOfCredits,
    /// iDenfy refuses what was sent (400, 422).
    #[error("iDenfy refuses the parameters ({})", identifier.unwrap_or("no reason given"))]
    BadParameters {
        /// iDenfy's word for the reason, where it is one of those it documents.
        identifier: Option<&'static str>,
    },
    /// The customer has a session that is still open (409).
    #[error("iDenfy has an open session of this customer")]
    Conflict,
    /// Too many calls (429).
    #[error("iDenfy limits the rate of calls")]
    RateLimited {
        /// How long iDenfy asks to wait, in seconds.
        retry_after: Option<u32>,
    },
    /// iDenfy failed (5xx).
    #[error("iDenfy failed with status {status}")]
    IdenfyFault {
        /// The HTTP status.
        status: u16,
        /// How long iDenfy asks to wait, in seconds.
        retry_after: Option<u32>,
    },
    /// No connection could be made; nothing was sent.
    #[error("iDenfy cannot be reached")]
    Unreachable,
    /// The budget was spent before the whole answer was there.
    #[error("iDenfy did not answer in time")]
    Timeout,
    /// The connection broke before the whole answer was there.
    #[error("the connection to iDenfy broke off")]
    BrokenOff,
    /// The answer makes no sense: not JSON, no token, too large, or a status that nobody expects.
    #[error("iDenfy's answer cannot be understood")]
    Nonsense,
    /// The answer names an address that visitors must not be sent to.
    #[error("iDenfy named an address that is not one of idenfy.redirect_hosts")]
    ForeignRedirect,
}

impl MintError {
    /// A stable name for metrics and logs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoCredentials => "no_credentials",
            Self::Credentials => "credentials",
            Self::OutOfCredits => "out_of_credits",
            Self::BadParameters { .. } => "bad_parameters",
            Self::Conflict => "conflict",
            Self::RateLimited { .. } => "rate_limited",
            Self::IdenfyFault { .. } => "idenfy_fault",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::BrokenOff => "broken_off",
            Self::Nonsense => "nonsense",
            Self::ForeignRedirect => "foreign_redirect",
        }
    }

    /// After how many seconds a visitor may try again: 1 to 3600.
    #[must_use]
    pub fn retry_after_seconds(&self) -> u32 {
        let seconds = match self {
            Self::NoCredentials | Self::Credentials | Self::OutOfCredits => 60,
            Self::RateLimited { retry_after } => retry_after.unwrap_or(30),
            Self::IdenfyFault { retry_after, .. } => retry_after.unwrap_or(10),
            Self::BadParameters { .. } | Self::Conflict | Self::ForeignRedirect => 30,
            Self::Unreachable | Self::Timeout | Self::BrokenOff | Self::Nonsense => 10,
        };
        seconds.clamp(1, LONGEST_WAIT)
    }

    /// How long iDenfy asks to wait before the same call is made again; `None` where the call may
    /// have started a session, or can only fail again. There is no idempotency key at iDenfy.
    pub(super) fn wait_before_retry(&self) -> Option<Duration> {
        match self {
            Self::Unreachable => Some(Duration::ZERO),
            Self::RateLimited { retry_after }
            | Self::IdenfyFault {
                status: 503,
                retry_after,
            } => Some(Duration::from_secs(retry_after.unwrap_or(0).into())),
            _ => None,
        }
    }
}
