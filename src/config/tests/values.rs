//! What each key takes and what it refuses.

use super::*;

#[test]
fn good_values_become_what_they_mean() {
    for (name, given, path, expected) in [
        ("SERVER__LISTEN", "[::]:80", "server.listen", "[::]:80"),
        (
            "SERVER__LISTEN",
            "127.0.0.1:0",
            "server.listen",
            "127.0.0.1:0",
        ),
        (
            "SERVER__PUBLIC_URL",
            "https://Go.Example.com",
            "server.public_url",
            "https://go.example.com/",
        ),
        (
            "SERVER__PUBLIC_URL",
            "http://10.0.0.1:80/",
            "server.public_url",
            "http://10.0.0.1/",
        ),
        ("SERVER__WORKERS", "3", "server.workers", "3"),
        (
            "SERVER__METRICS_LISTEN",
            "0.0.0.0:9090",
            "server.metrics_listen",
            "0.0.0.0:9090",
        ),
        (
            "IDENFY__BASE_URL",
            "https://x.example/a/b//",
            "idenfy.base_url",
            "https://x.example/a/b",
        ),
        (
            "IDENFY__BASE_URL",
            "http://127.9.9.9:1/",
            "idenfy.base_url",
            "http://127.9.9.9:1/",
        ),
        (
            "IDENFY__BASE_URL",
            "http://[::1]:1",
            "idenfy.base_url",
            "http://[::1]:1/",
        ),
        (
            "IDENFY__BASE_URL",
            "http://LOCALHOST:1/s",
            "idenfy.base_url",
            "http://localhost:1/s",
        ),
        (
            "IDENFY__SEND_CALLBACK_URL",
            "false",
            "idenfy.send_callback_url",
            "false",
        ),
        ("IDENFY__TIMEOUT_MS", " 100 ", "idenfy.timeout_ms", "100"),
        (
            "IDENFY__TOKEN_EXPIRY_SECONDS",
            "2592000",
            "idenfy.token_expiry_seconds",
            "2592000",
        ),
        (
            "IDENFY__SESSION_LENGTH_SECONDS",
            "3600",
            "idenfy.session_length_seconds",
            "3600",
        ),
        (
            "IDENFY__REDIRECT_HOSTS",
            "UI.idenfy.com,a:443,b:80,[::1]:81,bücher.de",
            "idenfy.redirect_hosts",
            "ui.idenfy.com, a:443, b:80, [::1]:81, xn--bcher-kva.de",
        ),
        (
            "LIMITS__CLICKS_PER_MINUTE_PER_IP",
            "0",
            "limits.clicks_per_minute_per_ip",
            "0",
        ),
        ("RETENTION__DAYS", "365", "retention.days", "365"),
        ("LOG__FORMAT", "json", "log.format", "json"),
        ("LOG__FORMAT", "pretty", "log.format", "pretty"),
    ] {
        let name = format!("ENTRYPASS_{name}");
        let config = from_environment(&[(&name, given)])
            .unwrap_or_else(|error| panic!("{name}={given}: {error}"));
        assert_eq!(shown(&config, path), expected, "{name}={given}");
    }
    for url in [
        "sqlite::memory:",
        "postgres://u:p@h/d",
        "postgresql:///d?host=/run",
    ] {
        let config = from_environment(&[("ENTRYPASS_DATABASE__URL", url)]).unwrap();
        assert_eq!(config.database.url.expose(), url);
    }
}

#[test]
fn bad_values_are_refused_by_their_full_path() {
    let secret_url = format!("https://user:{CANARY}@example.com");
    let query = format!("https://example.com/?key={CANARY}");
    let mail = format!("http://user:{CANARY}@example.com");
    for (path, value) in [
        ("server.listen", ""),
        ("server.listen", "8080"),
        ("server.listen", "localhost:8080"),
        ("server.listen", "127.0.0.1:70000"),
        ("server.public_url", "example.com"),
        ("server.public_url", "ftp://example.com"),
        ("server.public_url", "https://example.com/links"),
        ("server.public_url", "https://example.com/#top"),
        ("server.public_url", &query),
        ("server.public_url", &secret_url),
        ("server.workers", "-1"),
        ("server.workers", "1025"),
        ("server.workers", "four"),
        ("server.trusted_proxies", "10.0.0.0/33"),
        ("server.trusted_proxies", "10.0.0.1,proxy"),
        ("server.metrics_listen", "9090"),
        ("server.secret", "canary-too-short"),
        ("database.url", ""),
        ("database.url", "canary"),
        ("database.url", "sqlite:"),
        ("database.url", "mysql://user:canary@db/x"),
        ("idenfy.base_url", ""),
        ("idenfy.base_url", "ivs.idenfy.com"),
        ("idenfy.base_url", "http://ivs.idenfy.com"),
        ("idenfy.base_url", "http://10.0.0.1"),
        ("idenfy.base_url", "http://localhost.example.com"),
        ("idenfy.base_url", &query),
        ("idenfy.base_url", &secret_url),
        ("idenfy.api_key", "canary\ncanary"),
        ("idenfy.send_callback_url", "yes"),
        ("idenfy.send_callback_url", ""),
        ("idenfy.timeout_ms", "99"),
        ("idenfy.timeout_ms", "25001"),
        ("idenfy.timeout_ms", "10s"),
        ("idenfy.timeout_ms", "1e4"),
        ("idenfy.timeout_ms", ""),
        ("idenfy.token_expiry_seconds", "0"),
        ("idenfy.token_expiry_seconds", "2592001"),
        ("idenfy.session_length_seconds", "59"),
        ("idenfy.session_length_seconds", "3601"),
        ("idenfy.max_in_flight", "0"),
        ("idenfy.max_in_flight", "9223372036854775807"),
        ("idenfy.redirect_hosts", "https://ui.idenfy.com"),
        ("idenfy.redirect_hosts", "ui.idenfy.com/path"),
        ("idenfy.redirect_hosts", "*.idenfy.com"),
        ("idenfy.redirect_hosts", "user:canary@ui.idenfy.com"),
        ("idenfy.redirect_hosts", "ui.idenfy.com:99999"),
        ("limits.clicks_per_minute_per_ip", "-1"),
        ("limits.clicks_per_minute_per_ip", "4294967296"),
        ("webhooks.allow_private", "1"),
        ("retention.days", "-1"),
        ("retention.days", "9999999"),
        ("email.smtp_url", &mail),
        ("email.smtp_url", "mail.example.com:25"),
        ("email.smtp_url", "smtp:///canary"),
        ("email.from", "Entrypass"),
        ("email.from", "Entrypass <a@>"),
        ("email.from", "a b@example.com"),
        ("oidc.issuer", "id.example.com"),
        ("oidc.issuer", "http://id.example.com"),
        ("oidc.roles", "staff"),
        ("oidc.roles", "staff=owner"),
        ("oidc.roles", "=admin"),
        ("log.format", "text"),
        ("log.format", "JSON"),
    ] {
        let name = format!("ENTRYPASS_{}", path.replace('.', "__").to_ascii_uppercase());
        let message = refusal(from_environment(&[(&name, value)]));
        assert!(
            message.starts_with(&format!("{path}: expected ")),
            "{value}: {message}"
        );
        assert!(
            message.ends_with(&format!(" (set by {name})")),
            "{value}: {message}"
        );
    }
}

#[test]
fn sections_that_are_half_set_name_what_is_missing() {
    for (file, path) in [
        ("[email]\nsmtp_url = \"smtp://u:canary@mail\"", "email.from"),
        ("[sms]\naccount_sid = \"canary\"", "sms.auth_token"),
        (
            "[sms]\naccount_sid = \"canary\"\nauth_token = \"canary\"\nfrom = \"+1\"",
            "sms.base_url",
        ),
        (
            "[sms]\nbase_url = \"https://api.twilio.com\"",
            "sms.account_sid",
        ),
        (
            "[oidc]\nissuer = \"https://id.example.com\"",
            "oidc.client_id",
        ),
        (
            "[oidc]\nissuer = \"https://id.example.com\"\nclient_id = \"x\"",
            "oidc.client_secret",
        ),
        (
            "[sms]\naccount_sid = \"canary\"\nauth_token = \"canary\"\nfrom = \"+1\"\nbase_url = \"http://sms.example.com\"",
            "sms.base_url",
        ),
    ] {
        let message = refusal(from_file(file));
        assert!(
            message.starts_with(&format!("{path}: expected ")),
            "{file}: {message}"
        );
    }
}
