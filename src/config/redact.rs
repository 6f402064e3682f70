//! The settings in force, for people to read.

use std::fmt::Display;

use super::{Config, LogFormat};

impl Config {
    /// Every key by its full path with the value in force, for `doctor` and the settings page: secrets as
    /// `***`, lists parted by commas, nothing for what is not set.
    #[must_use]
    pub fn redacted(&self) -> Vec<(&'static str, String)> {
        let Self {
            server,
            database,
            idenfy,
            limits,
            webhooks,
            retention,
            email,
            sms,
            oidc,
            log,
            origins: _,
        } = self;
        let (email, sms, oidc) = (email.as_ref(), sms.as_ref(), oidc.as_ref());
        let roles = oidc.map(|oidc| oidc.roles.as_slice()).unwrap_or_default();
        let roles = roles
            .iter()
            .map(|entry| format!("{}={}", entry.group, entry.role.as_str()));
        vec![
            ("server.listen", server.listen.to_string()),
            ("server.public_url", shown(server.public_url.as_ref())),
            ("server.workers", server.workers.to_string()),
            ("server.trusted_proxies", listed(&server.trusted_proxies)),
            ("server.metrics_listen", shown(server.metrics_listen)),
            ("server.secret", shown(server.secret.as_ref())),
            ("database.url", database.url.to_string()),
            ("idenfy.base_url", idenfy.base_url.to_string()),
            ("idenfy.api_key", shown(idenfy.api_key.as_ref())),
            ("idenfy.api_secret", shown(idenfy.api_secret.as_ref())),
            ("idenfy.webhook_key", shown(idenfy.webhook_key.as_ref())),
            (
                "idenfy.send_callback_url",
                idenfy.send_callback_url.to_string(),
            ),
            ("idenfy.timeout_ms", idenfy.timeout_ms.to_string()),
            (
                "idenfy.token_expiry_seconds",
                idenfy.token_expiry_seconds.to_string(),
            ),
            (
                "idenfy.session_length_seconds",
                idenfy.session_length_seconds.to_string(),
            ),
            ("idenfy.max_in_flight", idenfy.max_in_flight.to_string()),
            ("idenfy.redirect_hosts", listed(&idenfy.redirect_hosts)),
            (
                "limits.clicks_per_minute_per_ip",
                limits.clicks_per_minute_per_ip.to_string(),
            ),
            ("webhooks.allow_private", webhooks.allow_private.to_string()),
            ("retention.days", retention.days.to_string()),
            ("email.smtp_url", shown(email.map(|email| &email.smtp_url))),
            ("email.from", shown(email.map(|email| &email.from))),
            (
                "email.per_minute",
                shown(email.map(|email| email.per_minute)),
            ),
            ("sms.account_sid", shown(sms.map(|sms| &sms.account_sid))),
            ("sms.auth_token", shown(sms.map(|sms| &sms.auth_token))),
            ("sms.from", shown(sms.map(|sms| &sms.from))),
            ("sms.base_url", shown(sms.map(|sms| &sms.base_url))),
            ("sms.per_minute", shown(sms.map(|sms| sms.per_minute))),
            ("oidc.issuer", shown(oidc.map(|oidc| &oidc.issuer))),
            ("oidc.client_id", shown(oidc.map(|oidc| &oidc.client_id))),
            (
                "oidc.client_secret",
                shown(oidc.map(|oidc| &oidc.client_secret)),
            ),
            ("oidc.roles", listed(&roles.collect::<Vec<_>>())),
            ("log.format", shown(log.format.map(LogFormat::as_str))),
        ]
    }
}

fn shown(value: Option<impl Display>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn listed(entries: &[impl Display]) -> String {
    entries
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
