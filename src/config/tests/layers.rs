//! Which layer wins, secrets from files, and names that nobody knows.

use tempfile::TempDir;
use toml::Value;

use super::super::Origin;
use super::super::schema::{DEFAULTS, SECRETS};
use super::*;

#[test]
fn flags_beat_the_environment_which_beats_the_file_which_beats_the_defaults() {
    let folder = TempDir::new().unwrap();
    let file = written(&folder, "c.toml", "[idenfy]\ntimeout_ms = 2000\n");
    let variable = variables(&[("ENTRYPASS_IDENFY__TIMEOUT_MS", "3000")]);
    let flag = [("idenfy.timeout_ms", Value::Integer(4000))];
    let none: &[(&str, Value)] = &[];
    for (file, environment, flags, expected) in [
        (None, vec![], none, 10_000),
        (Some(file.as_path()), vec![], none, 2000),
        (None, variable.clone(), none, 3000),
        (None, vec![], &flag[..], 4000),
        (Some(file.as_path()), variable.clone(), none, 3000),
        (Some(file.as_path()), vec![], &flag[..], 4000),
        (None, variable.clone(), &flag[..], 4000),
        (Some(file.as_path()), variable, &flag[..], 4000),
    ] {
        let config = Config::load(file, environment, flags).unwrap();
        assert_eq!(config.idenfy.timeout_ms, expected);
        assert_eq!(
            config.idenfy.max_in_flight, 256,
            "other keys keep their defaults"
        );
    }
}

#[test]
fn every_key_can_be_set_by_environment_and_by_file() {
    let table: toml::Table = DEFAULTS.parse().unwrap();
    for (section, keys) in &table {
        for (key, value) in keys.as_table().unwrap() {
            let (path, by_file) = (format!("{section}.{key}"), format!("[{section}]\n{key} = "));
            let wrong = if value.is_integer() { "true" } else { "7" };
            let message = refusal(from_file(&(by_file + wrong)));
            assert!(
                message.starts_with(&format!("{path}: expected ")),
                "{message}"
            );
            let name = format!("ENTRYPASS_{section}__{key}").to_ascii_uppercase();
            let plain = match value {
                Value::Array(entries) => {
                    assert!(entries.is_empty(), "{path}");
                    String::new()
                }
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            from_environment(&[(&name, &plain)]).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

#[test]
fn lists_in_the_environment_are_parted_by_commas() {
    for (given, expected) in [
        ("", &[][..]),
        (" , ,", &[]),
        ("10.0.0.0/8", &["10.0.0.0/8"]),
        (
            " 10.0.0.0/8 ,, 192.0.2.7,2001:db8::1 ",
            &["10.0.0.0/8", "192.0.2.7/32", "2001:db8::1/128"],
        ),
    ] {
        let config = from_environment(&[("ENTRYPASS_SERVER__TRUSTED_PROXIES", given)]).unwrap();
        let found: Vec<String> = config
            .server
            .trusted_proxies
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found, expected, "{given:?}");
    }
    let config = from_file("[server]\ntrusted_proxies = [\"10.0.0.0/8\"]").unwrap();
    assert_eq!(config.server.trusted_proxies.len(), 1);
}

#[test]
fn the_public_url_is_set_only_where_somebody_sets_it() {
    assert!(
        from_file(DEFAULTS).unwrap().server.public_url.is_none(),
        "the shipped file as it is"
    );
    assert!(
        from_environment(&[("ENTRYPASS_SERVER__PUBLIC_URL", "")])
            .unwrap()
            .server
            .public_url
            .is_none()
    );
    let same = [("ENTRYPASS_SERVER__PUBLIC_URL", "http://localhost:8080")];
    assert_eq!(
        from_environment(&same)
            .unwrap()
            .server
            .public_url
            .unwrap()
            .as_str(),
        "http://localhost:8080/"
    );
}

#[test]
fn the_shipped_file_with_one_key_changed_sets_that_key_alone() {
    let listen = "listen = \"127.0.0.1:8080\"";
    let edited = DEFAULTS.replacen(listen, "listen = \"127.0.0.1:9000\"", 1);
    assert_ne!(edited, DEFAULTS);
    let config = from_file(&edited).unwrap();
    assert!(config.server.public_url.is_none());
    assert_eq!(config.server.public_base(9000), "http://localhost:9000");
    assert_eq!(
        config.database.sandbox_url.expose(),
        "sqlite://data/sandbox.db"
    );
    let set = config.origins.iter();
    let set = set.filter(|(_, origin)| *origin != Origin::Default);
    let set: Vec<&str> = set.map(|(path, _)| path.as_str()).collect();
    assert_eq!(set, ["server.listen"]);
}

#[test]
fn every_secret_can_come_from_a_file() {
    let folder = TempDir::new().unwrap();
    let mut settings = variables(&[
        ("ENTRYPASS_EMAIL__FROM", "a@example.com"),
        ("ENTRYPASS_SMS__FROM", "Entrypass"),
        ("ENTRYPASS_SMS__BASE_URL", "https://sms.example.com"),
        ("ENTRYPASS_OIDC__ISSUER", "https://id.example.com"),
        ("ENTRYPASS_OIDC__CLIENT_ID", "entrypass"),
    ]);
    let value = |path: &str| match path {
        "database.url" => format!("postgres://user:{CANARY}@db/entrypass"),
        "email.smtp_url" => format!("smtp://user:{CANARY}@mail.example.com"),
        _ => format!("{path} {CANARY}"),
    };
    for (path, end) in SECRETS
        .into_iter()
        .zip(["", "\n", "\r\n"].into_iter().cycle())
    {
        let file = written(&folder, path, &(value(path) + end));
        let name = format!(
            "ENTRYPASS_{}_FILE",
            path.replace('.', "__").to_ascii_uppercase()
        );
        settings.push((name, text(&file).to_owned()));
    }
    let config = Config::load(None, settings, &[]).unwrap();
    let (sms, oidc) = (config.sms.unwrap(), config.oidc.unwrap());
    let found = [
        config.server.secret.unwrap(),
        config.database.url,
        config.idenfy.api_key.unwrap(),
        config.idenfy.api_secret.unwrap(),
        config.idenfy.webhook_key.unwrap(),
        config.email.unwrap().smtp_url,
        sms.account_sid,
        sms.auth_token,
        oidc.client_secret,
    ];
    assert_eq!(
        found.each_ref().map(|secret| secret.expose().to_owned()),
        SECRETS.map(value)
    );
}

#[test]
fn a_secret_and_its_twin_follow_the_order_of_layers() {
    let folder = TempDir::new().unwrap();
    let secret = written(&folder, "secret", "from-a-file\n");
    let secret = text(&secret);
    let plain = "[idenfy]\napi_key = \"plain\"".to_owned();
    let twin = format!("[idenfy]\napi_key_file = \"{secret}\"");
    let broken = "[idenfy]\napi_key_file = \"/nowhere\"".to_owned();
    let both = format!("[idenfy]\napi_key = \"\"\napi_key_file = \"{secret}\"");
    let (key, key_file) = (
        "ENTRYPASS_IDENFY__API_KEY",
        "ENTRYPASS_IDENFY__API_KEY_FILE",
    );
    for (file, environment, expected) in [
        (&twin, &[][..], Some("from-a-file")),
        (&both, &[], Some("from-a-file")),
        (&plain, &[(key_file, secret)], Some("from-a-file")),
        (&plain, &[(key_file, "")], Some("plain")),
        (&twin, &[(key, "stronger")], Some("stronger")),
        (&broken, &[(key, "stronger")], Some("stronger")),
        (&broken, &[(key_file, secret)], Some("from-a-file")),
        (&twin, &[(key, "")], None),
        (
            &plain,
            &[(key_file, secret), (key, "")],
            Some("from-a-file"),
        ),
    ] {
        let file = written(&folder, "c.toml", file);
        let config = Config::load(Some(&file), variables(environment), &[]).unwrap();
        let found = config
            .idenfy
            .api_key
            .as_ref()
            .map(crate::domain::secret::Secret::expose);
        assert_eq!(found, expected, "{environment:?}");
    }
}

#[test]
fn secrets_that_cannot_be_had_are_refused_by_name() {
    let folder = TempDir::new().unwrap();
    let secret = written(&folder, "secret", CANARY);
    let lines = written(&folder, "lines", &format!("{CANARY}\n{CANARY}\n"));
    let binary = folder.path().join("binary");
    std::fs::write(&binary, [b"canary".as_slice(), &[0xff]].concat()).unwrap();
    let both = format!(
        "[idenfy]\napi_key = \"{CANARY}\"\napi_key_file = \"{}\"",
        text(&secret)
    );
    let twin = |file: &Path| format!("[idenfy]\napi_key_file = \"{}\"", text(file));
    for (file, parts) in [
        (both, vec!["idenfy.api_key and idenfy.api_key_file"]),
        (
            twin(Path::new("/nowhere/key")),
            vec!["idenfy.api_key_file", "/nowhere/key"],
        ),
        (
            twin(folder.path()),
            vec!["idenfy.api_key_file", text(folder.path())],
        ),
        (twin(&binary), vec!["idenfy.api_key_file", text(&binary)]),
        (twin(&lines), vec!["idenfy.api_key", "one line"]),
        (
            "[idenfy]\napi_key_file = 3".to_owned(),
            vec!["idenfy.api_key_file"],
        ),
        (
            "[idenfy]\nbase_url_file = \"x\"".to_owned(),
            vec!["idenfy.base_url_file: unknown"],
        ),
    ] {
        let message = refusal(from_file(&file));
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
    let (key, twin) = (
        "ENTRYPASS_IDENFY__API_KEY",
        "ENTRYPASS_IDENFY__API_KEY_FILE",
    );
    let message = refusal(from_environment(&[(key, CANARY), (twin, text(&secret))]));
    assert!(
        message.starts_with("idenfy.api_key and") && message.contains(twin),
        "{message}"
    );
}

#[test]
fn unknown_names_are_refused_by_their_full_path() {
    for (file, path) in [
        ("lisen = 1", "lisen"),
        ("[server]\nlisen = 1", "server.lisen"),
        ("server.lisen = 1", "server.lisen"),
        ("[serve]\nlisten = 1", "serve"),
        ("[tls]", "tls"),
        ("[server.tls]\ncert = 1", "server.tls"),
        ("[server]\nListen = 1", "server.Listen"),
        ("[server]\nlisten_file = \"x\"", "server.listen_file"),
        ("[server]\n\"a\\nb\" = 1", "server.a\\nb"),
        ("[[server]]\nlisten = 1", "server"),
        ("server = 1", "server"),
    ] {
        let message = refusal(from_file(file));
        assert!(
            message.starts_with(&format!("{path}: ")),
            "{file}: {message}"
        );
        assert!(message.contains("settings.toml"), "{message}");
    }
    for (name, path) in [
        ("ENTRYPASS_SERVER__LISEN", "server.lisen"),
        ("ENTRYPASS_SERVE__LISTEN", "serve.listen"),
        ("ENTRYPASS__SERVER__LISTEN", "_server.listen"),
        ("ENTRYPASS_SERVER__LISTEN_FILE", "server.listen_file"),
        ("ENTRYPASS_SERVER__", "server."),
    ] {
        let message = refusal(from_environment(&[(name, CANARY)]));
        let expected = format!("{path}: unknown setting (set by {name})");
        assert_eq!(message, expected);
    }
    let flag = [("server.lisen", Value::from(CANARY))];
    assert!(refusal(Config::load(None, [], &flag)).starts_with("server.lisen: unknown"));
}

#[test]
fn variables_that_are_not_ours_are_ignored() {
    let config = from_environment(&[
        ("ENTRYPASS_PORT", "tcp://10.0.0.1:80"),
        ("ENTRYPASS_SERVICE_HOST", "10.0.0.1"),
        ("ENTRYPASS_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("OTHER_SERVER__LISTEN", "x"),
        ("MY_ENTRYPASS_SERVER__LISTEN", "x"),
    ]);
    assert_eq!(config.unwrap().server.listen.to_string(), "127.0.0.1:8080");
}

#[test]
fn a_file_that_is_missing_or_no_toml_is_refused_without_its_content() {
    let message = refusal(Config::load(Some(Path::new("/nowhere/c.toml")), [], &[]));
    assert!(
        message.starts_with("/nowhere/c.toml: cannot be read"),
        "{message}"
    );
    for (file, part) in [
        ("[idenfy]\napi_key = canary-unquoted", "idenfy.api_key: "),
        (
            "[idenfy]\ntimeout_ms = 1\napi_key = \"canary",
            "idenfy.api_key: ",
        ),
        ("[server]\n[ idenfy ]\n\napi_key = \"a\" canary", "line 4"),
        ("[idenfy]\napi_key = \"a\"\napi_key = \"canary\"", "line 3"),
        ("[server]\nlisten = 127.0.0.1:8080", "server.listen: "),
        ("[server]\ncanary = canary", "line 2"),
        ("canary", "line 1"),
        ("[canary", "line 1"),
        ("[a]\n[a]\nx = \"canary\"", "line 2"),
        ("[idenfy]\napi_key = \"\\canary\"", "line 2"),
        (
            "[idenfy]\ntimeout_ms = 99999999999999999999999",
            "idenfy.timeout_ms: ",
        ),
    ] {
        let message = refusal(from_file(file));
        assert!(
            message.contains(part) && message.contains("settings.toml"),
            "{file}: {message}"
        );
    }
}
