//! The defaults as a whole, and what people are shown.

use super::super::GroupRole;
use super::super::schema::{DEFAULTS, SECRETS};
use super::*;
use crate::domain::person::Role;

#[test]
fn the_defaults_are_those_of_the_public_contract() {
    let expected: toml::Table = r#"
        server = { listen = "127.0.0.1:8080", public_url = "http://localhost:8080", workers = 0, trusted_proxies = [], metrics_listen = "", secret = "" }
        database = { url = "sqlite://data/entrypass.db" }
        limits = { clicks_per_minute_per_ip = 60 }
        webhooks = { allow_private = false }
        retention = { days = 0 }
        email = { smtp_url = "", from = "", per_minute = 300 }
        sms = { account_sid = "", auth_token = "", from = "", base_url = "", per_minute = 60 }
        oidc = { issuer = "", client_id = "", client_secret = "", roles = [] }
        log = { format = "" }
        [idenfy]
        base_url = "https://ivs.idenfy.com"
        api_key = ""
        api_secret = ""
        webhook_key = ""
        send_callback_url = false
        timeout_ms = 10000
        token_expiry_seconds = 3600
        session_length_seconds = 1800
        max_in_flight = 256
        redirect_hosts = []
    "#
    .parse()
    .unwrap();
    assert_eq!(DEFAULTS.parse::<toml::Table>().unwrap(), expected);

    let config = Config::defaults();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert!(config.server.public_url.is_none() && config.server.secret.is_none());
    assert!(config.server.workers >= 1 && config.server.metrics_listen.is_none());
    assert_eq!(config.database.url.expose(), "sqlite://data/entrypass.db");
    assert_eq!(config.idenfy.base_url.as_str(), "https://ivs.idenfy.com/");
    assert!(config.idenfy.api_key.is_none() && config.idenfy.webhook_key.is_none());
    assert!(config.email.is_none() && config.sms.is_none() && config.oidc.is_none());
    assert!(config.log.format.is_none());
}

#[test]
fn every_key_has_a_comment_of_its_own() {
    let mut before = "";
    for line in DEFAULTS.lines().filter(|line| !line.is_empty()) {
        let key = !line.starts_with(['#', '[']);
        assert!(!key || before.starts_with("# "), "{line}");
        before = line;
    }
    assert_eq!(DEFAULTS.matches("# (secret)").count(), SECRETS.len());
}

#[test]
fn every_key_is_shown_in_the_order_of_the_shipped_file() {
    let mut section = "";
    let mut expected = Vec::new();
    for line in DEFAULTS.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            expected.push(format!("{section}.{key}"));
        }
    }
    let rows = Config::defaults().redacted();
    let paths: Vec<&str> = rows.iter().map(|(path, _)| *path).collect();
    assert_eq!(paths, expected);
    let secrets = rows.iter().filter(|(path, _)| SECRETS.contains(path));
    assert!(
        secrets
            .into_iter()
            .all(|(path, value)| value.is_empty() || *path == "database.url")
    );
}

#[test]
fn whole_sections_are_read_and_no_secret_is_shown() {
    let config = from_file(&format!(
        r#"
        [server]
        secret = "{CANARY}"
        [database]
        url = "postgres://user:{CANARY}@db/entrypass"
        [idenfy]
        api_key = "{CANARY}"
        api_secret = "{CANARY}"
        webhook_key = "{CANARY}"
        [email]
        smtp_url = "smtps://user:{CANARY}@mail.example.com"
        from = "Entrypass <verify@example.com>"
        [sms]
        account_sid = "{CANARY}"
        auth_token = "{CANARY}"
        from = "+4930123456"
        base_url = "https://api.twilio.com"
        [oidc]
        issuer = "https://id.example.com/"
        client_id = "entrypass"
        client_secret = "{CANARY}"
        roles = ["cn=ops,dc=example=admin", "staff=viewer"]
        "#
    ))
    .unwrap();
    let oidc = config.oidc.as_ref().unwrap();
    assert_eq!(oidc.issuer, "https://id.example.com/");
    let group = "cn=ops,dc=example".to_owned();
    assert_eq!(
        oidc.roles[0],
        GroupRole {
            group,
            role: Role::Administrator
        }
    );
    assert_eq!(
        config.email.as_ref().unwrap().from,
        "Entrypass <verify@example.com>"
    );
    assert_eq!(config.sms.as_ref().unwrap().auth_token.expose(), CANARY);

    let rows = config.redacted();
    for (path, value) in &rows {
        assert_eq!(
            SECRETS.contains(path),
            value == "***",
            "{path} is shown as {value}"
        );
    }
    assert!(!format!("{config:?}{rows:?}").contains("canary"));
    assert_eq!(
        shown(&config, "oidc.roles"),
        "cn=ops,dc=example=admin, staff=viewer"
    );
}

#[test]
fn results_are_sent_to_an_https_address_alone() {
    let callback = ("ENTRYPASS_IDENFY__SEND_CALLBACK_URL", "true");
    let at = |url| from_environment(&[callback, ("ENTRYPASS_SERVER__PUBLIC_URL", url)]);
    assert!(
        at("https://go.example.com")
            .unwrap()
            .idenfy
            .send_callback_url
    );
    for plain in [
        at("http://go.example.com"),
        at("http://localhost:8080"),
        from_environment(&[callback]),
    ] {
        let told = refusal(plain);
        for named in ["idenfy.send_callback_url", "server.public_url", "https"] {
            assert!(told.contains(named), "{told}");
        }
    }
}
