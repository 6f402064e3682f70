//! How this process calls others over HTTP.

use reqwest::{ClientBuilder, redirect, retry};
use url::{Host, Url};

/// Who calls.
pub const USER_AGENT: &str = concat!("entrypass/", env!("CARGO_PKG_VERSION"));

/// A client for calls to `target` and its like: no redirects are followed and nothing is sent twice behind our back.
pub fn client_builder(target: &Url) -> ClientBuilder {
    // Whoever installed a provider before us has one that will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .http1_only()
        .tcp_nodelay(true)
        .redirect(redirect::Policy::none())
        .retry(retry::never());
    if is_loopback(target) {
        builder = builder.no_proxy();
    }
    if target.scheme() == "http" {
        // Nothing to verify, so nothing to read from disk, nor to miss where there are no root certificates.
        builder = builder.tls_certs_only([]);
    }
    builder
}

/// Whether an address leads back to this machine.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
