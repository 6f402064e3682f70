//! The calls to iDenfy: bounded, within one budget, repeated only where nothing can have been started.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::DateTime;
use hyper::Uri;
use hyper::body::Bytes;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT,
};
use reqwest::{Method, Request, Url};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::direct::Direct;
use super::redirect::Redirects;
use super::wire::{Answer, Call, redirect_query, refusal};
use super::{MintError, MintRequest, Minted};
use crate::clock::Clock;
use crate::config;
use crate::domain::flow::Flow;
use crate::domain::secret::Secret;
use crate::domain::timestamp::Timestamp;
use crate::http;

mod exchange;
mod lookups;

use exchange::Answered;

/// Pauses between attempts in milliseconds, each give or take a quarter; one attempt more than pauses.
const PAUSES_MS: [u32; 2] = [250, 500];
/// Idle connections are closed before a server or a middlebox is likely to.
pub(super) const IDLE: Duration = Duration::from_secs(30);

/// Calls iDenfy. Cheap to clone; clones share connections and the bound on calls in flight.
#[derive(Debug, Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

#[derive(Debug, Clone)]
struct Inner {
    http: reqwest::Client,
    /// What mints go by where no proxy stands in between.
    direct: Option<Direct>,
    clock: Clock,
    /// Without them every call would be refused.
    has_credentials: bool,
    headers: HeaderMap,
    token_uri: Uri,
    age_uri: Uri,
    list_url: Url,
    status_url: Url,
    delete_url: Url,
    /// What a token is put behind where iDenfy names no address for the visitor.
    redirect_base: String,
    redirects: Redirects,
    permits: Arc<Semaphore>,
    max_in_flight: usize,
    budget: Duration,
    token_expiry: u32,
    session_length: u32,
}

/// The right to one call in flight; given back when dropped.
#[derive(Debug)]
pub struct Permit {
    _permit: OwnedSemaphorePermit,
}

/// Why no client can be made of the settings.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The HTTP client cannot be set up, most often for want of root certificates.
    #[error("cannot set up calls to iDenfy: {0}")]
    Setup(#[from] reqwest::Error),
    /// `idenfy.base_url` has no usable form.
    #[error("idenfy.base_url is not usable: {0}")]
    BaseUrl(#[from] url::ParseError),
    /// The same.
    #[error("idenfy.base_url is not usable: {0}")]
    BaseUri(#[from] hyper::http::uri::InvalidUri),
    /// The system's root certificates cannot be used.
    #[error("cannot set up calls to iDenfy: {0}")]
    Certificates(#[from] rustls::Error),
    /// An entry of `idenfy.redirect_hosts` is neither `host` nor `host:port`.
    #[error("idenfy.redirect_hosts has an entry that is neither host nor host:port: {0}")]
    RedirectHost(String),
}

impl Client {
    /// A client with these settings.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up or a setting has no usable form.
    pub fn new(config: &config::Idenfy, clock: Clock) -> Result<Self, ClientError> {
        let base = config.base_url.as_str().trim_end_matches('/');
        let redirect_base = format!("{base}/api/v2/redirect?authToken=");
        let redirects = Redirects::new(&config.base_url, &config.redirect_hosts, &redirect_base)
            .map_err(ClientError::RedirectHost)?;
        let authorization = config
            .api_key
            .as_ref()
            .zip(config.api_secret.as_ref())
            .map(basic_auth);
        let max_in_flight = config.max_in_flight.clamp(1, Semaphore::MAX_PERMITS);
        let inner = Inner {
            http: http_client(&config.base_url, max_in_flight)?,
            direct: Direct::new(&config.base_url, max_in_flight)?,
            clock,
            has_credentials: authorization.is_some(),
            headers: headers(authorization),
            token_uri: format!("{base}/api/v2/token").parse()?,
            age_uri: format!("{base}/age-estimation/token/").parse()?,
            list_url: Url::parse(&format!("{base}/kyc/identifications/?perPage=1"))?,
            status_url: Url::parse(&format!("{base}/api/v2/status"))?,
            delete_url: Url::parse(&format!("{base}/api/v2/delete"))?,
            redirect_base,
            redirects,
            permits: Arc::new(Semaphore::new(max_in_flight)),
            max_in_flight,
            budget: Duration::from_millis(config.timeout_ms),
            token_expiry: config.token_expiry_seconds,
            session_length: config.session_length_seconds,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The same client with connections of its own to mint by, for one thread's use: they are then driven by that
    /// thread, and no call has to be handed over to another. The bound on calls in flight stays shared.
    #[must_use]
    pub fn for_thread(&self) -> Self {
        let mut inner = Inner::clone(&self.inner);
        if let Some(direct) = &self.inner.direct {
            inner.direct = Some(direct.for_thread());
        } else if let Ok(http) = http_client(&inner.list_url, inner.max_in_flight) {
            // Made of settings that have made one before; should that fail all the same, the shared one serves.
            inner.http = http;
        }
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Lets visitors be sent to any address of `origin` too: where the embedded iDenfy's page lives.
    #[must_use]
    pub fn with_sandbox_page(mut self, origin: Url) -> Self {
        Arc::make_mut(&mut self.inner).redirects.allow_page(origin);
        self
    }

    /// The right to one mint, to be asked for before a use is spent; `None` at once when
    /// `idenfy.max_in_flight` of them are out.
    #[must_use]
    pub fn try_permit(&self) -> Option<Permit> {
        let permit = Arc::clone(&self.inner.permits).try_acquire_owned().ok()?;
        Some(Permit { _permit: permit })
    }

    /// How many permits are out.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.inner.max_in_flight - self.inner.permits.available_permits()
    }

    /// Starts a session. Results go to `callback_url` where one is given.
    ///
    /// # Errors
    /// Why none was started, or why its answer is of no use: then a session may exist at iDenfy.
    pub async fn mint(
        &self,
        request: &MintRequest<'_>,
        callback_url: Option<&str>,
    ) -> Result<Minted, MintError> {
        let inner = &*self.inner;
        let call = Call::new(
            request,
            callback_url,
            inner.token_expiry,
            inner.session_length,
        );
        let uri = if request.flow == Flow::Selfie {
            &inner.age_uri
        } else {
            &inner.token_uri
        };

        let deadline = Instant::now() + inner.budget;
        let (headers, body) =
            tokio::time::timeout_at(deadline, inner.post(uri, call.body().into(), deadline))
                .await
                .unwrap_or(Err(MintError::Timeout))?;

        let answer = Answer::parse(request.flow, &body, || inner.answered_at(&headers))
            .ok_or(MintError::Nonsense)?;
        let address = answer
            .url
            .unwrap_or_else(|| format!("{}{}", inner.redirect_base, redirect_query(&answer.token)));
        let asked = call.lifetime();
        Ok(Minted {
            scan_ref: answer.scan_ref,
            auth_token: Secret::new(answer.token),
            redirect_url: inner
                .redirects
                .check(&address)
                .ok_or(MintError::ForeignRedirect)?,
            valid_seconds: answer
                .lifetime
                .filter(|told| (1..asked).contains(told))
                .unwrap_or(asked),
        })
    }

    /// Asks iDenfy whether it takes the credentials, without starting anything; tells iDenfy's time.
    ///
    /// # Errors
    /// [`MintError::Credentials`] when it does not take them, [`MintError::NoCredentials`] when there are none, else why that cannot be told.
    pub async fn check_credentials(&self) -> Result<Option<Timestamp>, MintError> {
        let request = self.inner.request(Method::GET, &self.inner.list_url, None);
        let answered = tokio::time::timeout(self.inner.budget, self.inner.exchange(request))
            .await
            .unwrap_or(Err(MintError::Timeout))?;
        let (headers, _) = self.inner.taken(answered)?;
        Ok(http_date(headers.get(DATE)))
    }
}

impl Inner {
    fn request(&self, method: Method, url: &Url, body: Option<Vec<u8>>) -> Request {
        let mut request = Request::new(method, url.clone());
        *request.headers_mut() = self.headers.clone();
        *request.body_mut() = body.map(Into::into);
        request
    }

    /// Posts until iDenfy takes it, for as long as that is safe and ends before `deadline`.
    async fn post(
        &self,
        uri: &Uri,
        body: Bytes,
        deadline: Instant,
    ) -> Result<(HeaderMap, Bytes), MintError> {
        let mut pauses = PAUSES_MS.into_iter();
        loop {
            let answered = self.post_once(uri, body.clone()).await;
            let error = match answered.and_then(|answered| self.taken(answered)) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let (Some(wait), Some(pause)) = (error.wait_before_retry(), pauses.next()) else {
                return Err(error);
            };
            let until = Instant::now() + wait.max(jittered(pause));
            if until >= deadline {
                return Err(error);
            }
            tokio::time::sleep_until(until).await;
        }
    }

    /// The answer, unless it is a refusal: what that says matters less than that it is one.
    fn taken(&self, (status, headers, body): Answered) -> Result<(HeaderMap, Bytes), MintError> {
        if status.is_success() {
            return Ok((headers, body?));
        }
        let wait = self.retry_after(&headers);
        Err(refusal(status.as_u16(), &body.unwrap_or_default(), wait))
    }

    /// iDenfy's own time when it answered: its dates are not compared with a clock that is wrong here.
    fn answered_at(&self, headers: &HeaderMap) -> Timestamp {
        http_date(headers.get(DATE)).unwrap_or_else(|| self.clock.now())
    }

    /// The seconds that `Retry-After` asks to wait, given as a number or as a date.
    fn retry_after(&self, headers: &HeaderMap) -> Option<u32> {
        let told = headers.get(RETRY_AFTER)?;
        if let Some(seconds) = told.to_str().ok().and_then(|text| text.trim().parse().ok()) {
            return Some(seconds);
        }
        let wait = http_date(Some(told))?.seconds() - self.answered_at(headers).seconds();
        u32::try_from(wait.max(0)).ok()
    }
}

fn http_client(base_url: &Url, max_in_flight: usize) -> Result<reqwest::Client, reqwest::Error> {
    http::client_builder(base_url)
        .pool_max_idle_per_host(max_in_flight)
        .pool_idle_timeout(IDLE)
        .build()
}

fn headers(authorization: Option<HeaderValue>) -> HeaderMap {
    let json = HeaderValue::from_static("application/json");
    let always = [
        (ACCEPT, json.clone()),
        (CONTENT_TYPE, json),
        (USER_AGENT, HeaderValue::from_static(http::USER_AGENT)),
    ];
    always
        .into_iter()
        .chain(authorization.map(|value| (AUTHORIZATION, value)))
        .collect()
}

fn basic_auth((key, secret): (&Secret, &Secret)) -> HeaderValue {
    let pair = BASE64.encode(format!("{}:{}", key.expose(), secret.expose()));
    let mut value = HeaderValue::try_from(format!("Basic {pair}")).expect("base64 is ASCII");
    value.set_sensitive(true);
    value
}

fn http_date(value: Option<&HeaderValue>) -> Option<Timestamp> {
    let at = DateTime::parse_from_rfc2822(value?.to_str().ok()?).ok()?;
    Some(Timestamp::from_millis(at.timestamp_millis()))
}

/// The pause give or take a quarter, so that those who failed together do not come back together.
fn jittered(pause_ms: u32) -> Duration {
    let random = getrandom::u32().unwrap_or_default() % (pause_ms / 2);
    Duration::from_millis((pause_ms * 3 / 4 + random).into())
}
