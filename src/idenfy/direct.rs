//! The call that every click waits for, by the client that reqwest is built on.
//!
//! What reqwest adds (redirects, repeats, proxies, an address read anew for each call) is of no use to it and costs a click
//! a seventh of its work; see docs/decisions/mints-go-direct.md.

use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, Uri};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use url::Url;

use super::MintError;
use super::client::IDLE;
use crate::http::is_loopback;

/// How often a silent connection is asked whether it still stands, and how often in vain.
const KEEPALIVE: Duration = Duration::from_secs(15);
const KEEPALIVE_PROBES: u32 = 3;
/// A connection is given up when what was sent was not acknowledged for so long.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

type Connector = HttpsConnector<HttpConnector>;

/// Calls straight to iDenfy, without a proxy in between.
#[derive(Debug, Clone)]
pub(super) struct Direct {
    connector: Connector,
    max_in_flight: usize,
    client: legacy::Client<Connector, Full<Bytes>>,
}

impl Direct {
    /// A client for calls to `base_url`; `None` where the system's settings put a proxy in front of it.
    ///
    /// # Errors
    /// When the system's root certificates cannot be used.
    pub fn new(base_url: &Url, max_in_flight: usize) -> Result<Option<Self>, rustls::Error> {
        if leads_through_a_proxy(base_url) {
            return Ok(None);
        }
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_keepalive_interval(Some(KEEPALIVE));
        tcp.set_keepalive_retries(Some(KEEPALIVE_PROBES));
        #[cfg(target_os = "linux")]
        tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        let tls = if base_url.scheme() == "http" {
            // Nothing to verify, so nothing to read from disk.
            ClientConfig::builder().with_root_certificates(RootCertStore::empty())
        } else {
            ClientConfig::builder().try_with_platform_verifier()?
        };
        let mut tls = tls.with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let connector = HttpsConnector::from((tcp, tls));
        Ok(Some(Self::over(connector, max_in_flight)))
    }

    /// The same with connections of its own.
    pub fn for_thread(&self) -> Self {
        Self::over(self.connector.clone(), self.max_in_flight)
    }

    fn over(connector: Connector, max_in_flight: usize) -> Self {
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(max_in_flight)
            .build(connector.clone());
        Self {
            connector,
            max_in_flight,
            client,
        }
    }

    /// Sends `request` once.
    ///
    /// # Errors
    /// [`MintError::Unreachable`] when nothing was sent, [`MintError::BrokenOff`] when that is not known.
    pub async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, MintError> {
        self.client.request(request).await.map_err(|error| {
            if error.is_connect() {
                MintError::Unreachable
            } else {
                MintError::BrokenOff
            }
        })
    }
}

/// Whether reqwest would ask a proxy: it takes them from the same settings.
fn leads_through_a_proxy(base_url: &Url) -> bool {
    !is_loopback(base_url)
        && base_url
            .as_str()
            .parse::<Uri>()
            .is_ok_and(|uri| Matcher::from_system().intercept(&uri).is_some())
}
