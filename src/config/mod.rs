//! Settings: `config.toml` compiled in as the defaults, then the file, then the environment, then flags.

mod check;
mod error;
mod in_force;
mod layers;
mod read;
mod redact;
mod schema;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use url::Url;

use crate::domain::person::Role;
use crate::domain::secret::Secret;

pub use error::{ConfigError, Origin};
pub use in_force::InForce;

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
    /// Sending by email; none: off.
    pub email: Option<Email>,
    /// Sending by text message; none: off.
    pub sms: Option<Sms>,
    /// Dashboard sign-in by an identity provider; none: off.
    pub oidc: Option<Oidc>,
    /// How to log.
    pub log: Log,
    /// Which layer set each key, by full path.
    pub origins: Vec<(String, Origin)>,
}

impl Config {
    /// The settings of `file`, `env` and `flags` over the compiled defaults; a later layer beats an earlier one.
    ///
    /// `file` must exist where one is given ([`config_file`] finds it), `env` holds the variables as
    /// [`environment`] gives them, and a flag is a key's full path (`server.listen`) with its value.
    ///
    /// # Errors
    /// The first problem, in one line that names the key by its full path and never shows a value.
    pub fn load(
        file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
        flags: &[(&str, toml::Value)],
    ) -> Result<Self, ConfigError> {
        let mut settings = layers::Settings::defaults();
        if let Some(file) = file {
            settings.merge_file(file)?;
        }
        settings.merge_environment(env)?;
        settings.merge_flags(flags)?;
        read::config(&settings)
    }

    /// The compiled defaults alone.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        reason = "the defaults are compiled in and tested"
    )]
    pub fn defaults() -> Self {
        Self::load(None, [], &[]).expect("the compiled-in config.toml is valid")
    }
}

/// The file to load: the one `given`, or `config.toml` in the working folder when it is there.
#[must_use]
pub fn config_file(given: Option<PathBuf>) -> Option<PathBuf> {
    given.or_else(|| Some(PathBuf::from("config.toml")).filter(|file| file.exists()))
}

/// This process's environment, for [`Config::load`]; bytes that are no text become `U+FFFD`.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().map(|(name, value)| {
        (
            name.to_string_lossy().into_owned(),
            value.to_string_lossy().into_owned(),
        )
    })
}

/// `[server]`
#[derive(Debug, Clone)]
pub struct Server {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Base of every link: http or https, without a path (which [`Url`] prints as one slash).
    /// None: not set anywhere, so that the listener's own address is used (`http://localhost:<port>`).
    pub public_url: Option<Url>,
    /// Worker threads: 1 to 1024.
    pub workers: usize,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Where to serve `/metrics` apart.
    pub metrics_listen: Option<SocketAddr>,
    /// Signs nonces and cookies, at least 32 characters; none: the one kept in the database.
    pub secret: Option<Secret>,
}

impl Server {
    /// Base of every link, without a slash at its end; `port` is the one listened on, for where none is set.
    #[must_use]
    pub fn public_base(&self, port: u16) -> String {
        self.public_url.as_ref().map_or_else(
            || format!("http://localhost:{port}"),
            |url| url.as_str().trim_end_matches('/').to_owned(),
        )
    }
}

/// `[database]`
#[derive(Debug, Clone)]
pub struct Database {
    /// `sqlite://…` or `postgres://…`; may hold a password.
    pub url: Secret,
    /// The same for the sandbox, which has one of its own where no address is set anywhere.
    pub sandbox_url: Secret,
}

/// `[idenfy]`
#[derive(Debug, Clone)]
pub struct Idenfy {
    /// Base address of iDenfy's API; may have a path, without a slash at its end (an empty path [`Url`]
    /// prints as one slash). Plain http only where the host is loopback.
    pub base_url: Url,
    /// The API key.
    pub api_key: Option<Secret>,
    /// The API secret.
    pub api_secret: Option<Secret>,
    /// The signing key of inbound webhooks.
    pub webhook_key: Option<Secret>,
    /// Whether `callbackUrl` goes along with every mint.
    pub send_callback_url: bool,
    /// Budget of one mint in milliseconds, retries included: 100 to 25,000.
    pub timeout_ms: u64,
    /// Sent as `expiryTime`, in seconds: 1 to 2,592,000.
    pub token_expiry_seconds: u32,
    /// Sent as `sessionLength`, in seconds: 60 to 3600.
    pub session_length_seconds: u32,
    /// Bound on mints in flight: 1 to 1,000,000.
    pub max_in_flight: usize,
    /// Hosts a visitor may be sent to, `host` or `host:port` in lower case as [`Url`] writes them;
    /// empty: the host of `base_url` and `ui.idenfy.com`.
    pub redirect_hosts: Vec<String>,
}

/// `[limits]`
#[derive(Debug, Clone)]
pub struct Limits {
    /// Clicks a minute from one address: 0 to 1,000,000; 0 is without limit.
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
    /// Days after which the personal data of finished sessions is erased: 0 to 36,500; 0 keeps it.
    pub days: u32,
}

/// `[email]`
#[derive(Debug, Clone)]
pub struct Email {
    /// The mail server, `smtp://…` or `smtps://…`; may hold a password.
    pub smtp_url: Secret,
    /// The sender, `address` or `Name <address>`.
    pub from: String,
    /// The most emails in a minute: 1 to 1,000,000.
    pub per_minute: u32,
}

/// `[sms]`: a Twilio-compatible API.
#[derive(Debug, Clone)]
pub struct Sms {
    /// The account's identifier.
    pub account_sid: Secret,
    /// The account's token.
    pub auth_token: Secret,
    /// The sender: a phone number or a name.
    pub from: String,
    /// The API's address, without a slash at its end where it has a path.
    pub base_url: Url,
    /// The most text messages in a minute: 1 to 1,000,000.
    pub per_minute: u32,
}

/// `[oidc]`: dashboard sign-in by an identity provider.
#[derive(Debug, Clone)]
pub struct Oidc {
    /// The issuer exactly as it was written: providers and their tokens are compared with it byte for byte.
    pub issuer: String,
    /// The client's identifier at the provider.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: Secret,
    /// Which groups may do what, in the order given.
    pub roles: Vec<GroupRole>,
}

/// An entry of `oidc.roles`, `group=role`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRole {
    /// The group's name at the provider.
    pub group: String,
    /// What its members may do.
    pub role: Role,
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

impl LogFormat {
    /// Both formats.
    pub const ALL: [Self; 2] = [Self::Pretty, Self::Json];

    /// The format's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pretty => "pretty",
            Self::Json => "json",
        }
    }
}
