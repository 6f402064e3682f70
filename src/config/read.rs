//! The merged settings checked, section by section.

use std::num::NonZero;
use std::ops::RangeInclusive;

use url::Url;

use super::error::ConfigError;
use super::layers::Settings;
use super::{
    Config, Database, Email, Idenfy, Limits, Log, LogFormat, Oidc, Retention, Server, Sms,
    Webhooks, check,
};
use crate::domain::secret::Secret;

const LISTEN: &str = "an IP address and port, such as 127.0.0.1:8080";
/// Beside the default database, so that the sandbox's links and results are never taken for real ones.
const SANDBOX_DATABASE: &str = "sqlite://data/sandbox.db";
/// A session that its process abandoned is settled within 40 seconds: this, ten seconds more for the lease (see
/// `redeem`), and five until the sweep comes by.
const TIMEOUT_MAX_MS: i64 = 25_000;
const CONFIDENTIAL: &str =
    "an https address without user, query or fragment (http only for loopback hosts)";

pub(super) fn config(settings: &Settings) -> Result<Config, ConfigError> {
    let server = server(settings)?;
    Ok(Config {
        database: database(settings)?,
        idenfy: idenfy(settings, &server)?,
        server,
        limits: Limits {
            clicks_per_minute_per_ip: number(
                settings,
                "limits.clicks_per_minute_per_ip",
                0..=1_000_000,
            )?,
        },
        webhooks: Webhooks {
            allow_private: settings.boolean("webhooks.allow_private"),
        },
        retention: Retention {
            days: number(settings, "retention.days", 0..=36_500)?,
        },
        email: email(settings)?,
        sms: sms(settings)?,
        oidc: oidc(settings)?,
        log: log(settings)?,
        origins: settings.origins(),
    })
}

fn server(settings: &Settings) -> Result<Server, ConfigError> {
    let public_url = "server.public_url";
    let site = "an http or https address without path, user, query or fragment";
    let secret = optional(
        settings,
        "server.secret",
        "at least 32 characters",
        |text| (text.chars().count() >= 32).then(|| Secret::new(text)),
    )?;
    let workers = match number(settings, "server.workers", 0..=1024)? {
        0 => std::thread::available_parallelism().map_or(1, NonZero::get),
        workers => workers,
    };
    Ok(Server {
        listen: required(settings, "server.listen", LISTEN, |text| text.parse().ok())?,
        public_url: if settings.is_default(public_url) {
            None
        } else {
            optional(settings, public_url, site, check::site)?
        },
        workers,
        trusted_proxies: list(
            settings,
            "server.trusted_proxies",
            "a CIDR or an IP address, such as 10.0.0.0/8",
            check::network,
        )?,
        metrics_listen: optional(settings, "server.metrics_listen", LISTEN, |text| {
            text.parse().ok()
        })?,
        secret,
    })
}

fn database(settings: &Settings) -> Result<Database, ConfigError> {
    let path = "database.url";
    let expected = "an address that starts with sqlite: or postgres:";
    let url = required(settings, path, expected, |text| {
        check::is_database(text).then(|| Secret::new(text))
    })?;
    let sandbox_url = if settings.is_default(path) {
        Secret::new(SANDBOX_DATABASE)
    } else {
        url.clone()
    };
    Ok(Database { url, sandbox_url })
}

fn idenfy(settings: &Settings, server: &Server) -> Result<Idenfy, ConfigError> {
    let send_callback_url = settings.boolean("idenfy.send_callback_url");
    let is_https = |url: &Url| url.scheme() == "https";
    if send_callback_url && !server.public_url.as_ref().is_some_and(is_https) {
        return Err(settings.bad(
            "idenfy.send_callback_url",
            "false, as server.public_url is not https",
        ));
    }
    Ok(Idenfy {
        base_url: required(
            settings,
            "idenfy.base_url",
            CONFIDENTIAL,
            check::confidential_address,
        )?,
        api_key: secret(settings, "idenfy.api_key")?,
        api_secret: secret(settings, "idenfy.api_secret")?,
        webhook_key: secret(settings, "idenfy.webhook_key")?,
        send_callback_url,
        timeout_ms: number(settings, "idenfy.timeout_ms", 100..=TIMEOUT_MAX_MS)?,
        token_expiry_seconds: number(settings, "idenfy.token_expiry_seconds", 1..=2_592_000)?,
        session_length_seconds: number(settings, "idenfy.session_length_seconds", 60..=3600)?,
        max_in_flight: number(settings, "idenfy.max_in_flight", 1..=1_000_000)?,
        redirect_hosts: list(
            settings,
            "idenfy.redirect_hosts",
            "host or host:port",
            check::host_and_port,
        )?,
    })
}

fn email(settings: &Settings) -> Result<Option<Email>, ConfigError> {
    let server = "an address such as smtp://user:password@host:587";
    let smtp_url = optional(settings, "email.smtp_url", server, |text| {
        check::is_mail_server(text).then(|| Secret::new(text))
    })?;
    let sender = "an email address, or Name <address>";
    let from = optional(settings, "email.from", sender, |text| {
        check::is_sender(text).then(|| text.to_owned())
    })?;
    let per_minute = number(settings, "email.per_minute", 1..=1_000_000)?;
    match (smtp_url, from) {
        (Some(smtp_url), Some(from)) => Ok(Some(Email {
            smtp_url,
            from,
            per_minute,
        })),
        (Some(_), None) => Err(settings.bad(
            "email.from",
            "the sender's address, as email.smtp_url is set",
        )),
        (None, _) => Ok(None),
    }
}

fn sms(settings: &Settings) -> Result<Option<Sms>, ConfigError> {
    let paths = [
        "sms.account_sid",
        "sms.auth_token",
        "sms.from",
        "sms.base_url",
    ];
    let mut missing = Vec::new();
    for path in paths {
        if settings.text(path)?.is_empty() {
            missing.push(path);
        }
    }
    let per_minute = number(settings, "sms.per_minute", 1..=1_000_000)?;
    match missing.first() {
        Some(_) if missing.len() == paths.len() => Ok(None),
        Some(path) => Err(settings.bad(path, "a value, as other settings of sms are set")),
        None => Ok(Some(Sms {
            account_sid: Secret::new(settings.text("sms.account_sid")?),
            auth_token: Secret::new(settings.text("sms.auth_token")?),
            from: settings.text("sms.from")?,
            base_url: required(
                settings,
                "sms.base_url",
                CONFIDENTIAL,
                check::confidential_address,
            )?,
            per_minute,
        })),
    }
}

fn oidc(settings: &Settings) -> Result<Option<Oidc>, ConfigError> {
    let issuer = optional(settings, "oidc.issuer", CONFIDENTIAL, |text| {
        check::confidential_address(text).map(|_| text.to_owned())
    })?;
    let role = "group=viewer, group=editor or group=admin";
    let roles = list(settings, "oidc.roles", role, check::group_role)?;
    let Some(issuer) = issuer else {
        return Ok(None);
    };
    let needed = "a value, as oidc.issuer is set";
    Ok(Some(Oidc {
        issuer,
        client_id: required(settings, "oidc.client_id", needed, |text| {
            Some(text.to_owned())
        })?,
        client_secret: required(settings, "oidc.client_secret", needed, |text| {
            Some(Secret::new(text))
        })?,
        roles,
    }))
}

fn log(settings: &Settings) -> Result<Log, ConfigError> {
    let format = optional(settings, "log.format", "pretty or json", |text| {
        LogFormat::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
    })?;
    Ok(Log { format })
}

/// None for an empty text.
fn optional<T>(
    settings: &Settings,
    path: &str,
    expected: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, ConfigError> {
    let text = settings.text(path)?;
    if text.is_empty() {
        return Ok(None);
    }
    parse(&text)
        .map(Some)
        .ok_or_else(|| settings.bad(path, expected))
}

fn required<T>(
    settings: &Settings,
    path: &str,
    expected: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, ConfigError> {
    optional(settings, path, expected, parse)?.ok_or_else(|| settings.bad(path, expected))
}

fn secret(settings: &Settings, path: &str) -> Result<Option<Secret>, ConfigError> {
    optional(settings, path, "a text", |text| Some(Secret::new(text)))
}

fn list<T>(
    settings: &Settings,
    path: &str,
    expected: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, ConfigError> {
    let entries = settings.list(path).map(|entry| parse(entry.trim()));
    entries
        .collect::<Option<_>>()
        .ok_or_else(|| settings.bad(path, format!("each entry to be {expected}")))
}

fn number<T: TryFrom<i64>>(
    settings: &Settings,
    path: &str,
    range: RangeInclusive<i64>,
) -> Result<T, ConfigError> {
    let value = settings.integer(path);
    Some(value)
        .filter(|value| range.contains(value))
        .and_then(|value| T::try_from(value).ok())
        .ok_or_else(|| {
            let expected = format!("a whole number from {} to {}", range.start(), range.end());
            settings.bad(path, expected)
        })
}
