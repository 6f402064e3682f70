//! Settings: `config.toml` compiled in as the defaults, then the file, then the environment, then flags.

use std::net::SocketAddr;

use ipnet::IpNet;
use url::Url;

use crate::domain::secret::Secret;

/// Every setting, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where and how to serve.
    pub server: Server,
    /// Where data is kept.
    pub database: Database,
    /// How to reach iDenfy.
    pub idenfy: Idenfy,
    /// Bounds on visitors.
    pub limits: Limits,
    /// Results out.
    pub webhooks: Webhooks,
    /// How long personal data stays.
    pub retention: Retention,
    /// How to log.
    pub log: Log,
}

/// `[server]`
#[derive(Debug, Clone)]
pub struct Server {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Base of every link, without a slash at its end. None: not set anywhere, so that the listener's own
    /// address is used (`http://localhost:<port>`).
    pub public_url: Option<Url>,
    /// Worker threads.
    pub workers: usize,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Where to serve `/metrics` apart.
    pub metrics_listen: Option<SocketAddr>,
    /// Signs nonces and cookies; none: the one kept in the database.
    pub secret: Option<Secret>,
}

/// `[database]`
#[derive(Debug, Clone)]
pub struct Database {
    /// `sqlite://…` or `postgres://…`; may hold a password.
    pub url: Secret,
}

/// `[idenfy]`
#[derive(Debug, Clone)]
pub struct Idenfy {
    /// Base address of iDenfy's API, without a slash at its end; may have a path.
    pub base_url: Url,
    /// The API key.
    pub api_key: Option<Secret>,
    /// The API secret.
    pub api_secret: Option<Secret>,
    /// The signing key of inbound webhooks.
    pub webhook_key: Option<Secret>,
    /// Whether `callbackUrl` goes along with every mint.
    pub send_callback_url: bool,
    /// Budget of one mint in milliseconds, retries included: 100 to 60,000.
    pub timeout_ms: u64,
    /// Sent as `expiryTime`, in seconds: 1 to 2,592,000.
    pub token_expiry_seconds: u32,
    /// Sent as `sessionLength`, in seconds: 60 to 3600.
    pub session_length_seconds: u32,
    /// Bound on mints in flight: at least 1.
    pub max_in_flight: usize,
    /// Hosts a visitor may be sent to, `host` or `host:port`; empty: the host of `base_url` and `ui.idenfy.com`.
    pub redirect_hosts: Vec<String>,
}

/// `[limits]`
#[derive(Debug, Clone)]
pub struct Limits {
    /// Clicks a minute from one address; 0 is without limit.
    pub clicks_per_minute_per_ip: u32,
}

/// `[webhooks]`
#[derive(Debug, Clone)]
pub struct Webhooks {
    /// Whether endpoints may be on plain http, private or loopback addresses.
    pub allow_private: bool,
}

/// `[retention]`
#[derive(Debug, Clone)]
pub struct Retention {
    /// Days after which the personal data of finished sessions is erased; 0 keeps it.
    pub days: u32,
}

/// `[log]`
#[derive(Debug, Clone)]
pub struct Log {
    /// How lines look; none: pretty on a terminal, JSON elsewhere.
    pub format: Option<LogFormat>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// For programs.
    Json,
}
