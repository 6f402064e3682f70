//! The command line, as the real binary does it.

use std::os::unix::fs::PermissionsExt as _;

use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::harness::engine::Database;
use crate::harness::gateway::{location, text};
use crate::harness::idenfy::ScriptedIdenfy;
use crate::harness::process::{Binary, Client, Ended};
use crate::harness::{Answer, BOUND, Context, Engine, eventually, tests};

tests!(
    "cli",
    [
        a_link_is_made_with_every_flag_as_by_the_api,
        link_create_prints_the_address_alone_and_it_opens,
        bad_values_of_a_link_are_refused_in_one_line_that_names_the_field,
        links_are_listed_shown_switched_and_deleted_by_id_and_by_slug,
        keys_are_made_listed_and_revoked,
        migrate_makes_the_database_and_leaves_a_made_one_alone,
        other_commands_make_no_database_and_say_so,
        other_commands_leave_an_older_or_newer_schema_alone,
        doctor_finds_all_well,
        doctor_names_what_is_wrong,
        a_backup_taken_among_clicks_is_whole_and_can_be_put_back,
        secrets_from_files_work_and_are_never_shown,
    ],
    Sqlite: [
        every_help_shows_examples,
        exit_codes_tell_done_refused_and_usage,
        deleting_asks_first_on_a_terminal,
        a_bad_setting_stops_every_command_with_one_line_that_names_it,
        the_database_and_its_copy_are_for_their_owner_alone,
        the_sandbox_works_with_nothing_configured,
        the_sandbox_and_a_real_account_never_share_a_database,
        without_its_flag_there_is_no_sandbox,
    ]
);

struct Bench {
    database: Database,
    idenfy: ScriptedIdenfy,
}

impl Bench {
    async fn new(context: &Context) -> Self {
        Self {
            database: context.engine.database().await,
            idenfy: ScriptedIdenfy::start().await,
        }
    }

    fn binary(&self) -> Binary {
        Binary::new(&self.database, &self.idenfy)
    }
}

async fn every_help_shows_examples(_: Context) {
    let binary = Binary::bare();
    let mut commands: Vec<Vec<String>> = vec![vec![]];
    let mut seen = 0;
    while let Some(command) = commands.pop() {
        let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = binary.done(&arguments).await;
        assert!(help.contains("Example"), "{arguments:?} {help}");
        assert!(help.contains("entrypass "), "{arguments:?} {help}");
        assert!(help.contains("--config <FILE>"), "{arguments:?} {help}");
        seen += 1;
        let below = help.split_once("Commands:\n").map_or("", |(_, rest)| rest);
        for line in below.lines().take_while(|line| line.starts_with("  ")) {
            let name = line.split_whitespace().next().expect("a command");
            if name != "help" && line.starts_with("  ") && !line.starts_with("   ") {
                commands.push([&*command, &[name.to_owned()]].concat());
            }
        }
    }
    assert!(seen >= 16, "only {seen} commands were found");
}

async fn exit_codes_tell_done_refused_and_usage(_: Context) {
    let binary = Binary::bare();
    assert_eq!(binary.run(&["--version"]).await.code, Some(0));
    for usage in [
        &["nonsense"][..],
        &[],
        &["link", "create"],
        &["link", "create", "--name", "A"],
        &["link", "create", "--name", "A", "--single", "--unlimited"],
        &["link", "create", "--name", "A", "--uses", "many"],
        &["link", "show"],
        &["key", "create"],
        &["backup"],
        &["serve", "--nonsense"],
    ] {
        let ended = binary.run(usage).await;
        assert_eq!((ended.code, &*ended.out), (Some(2), ""), "{usage:?}");
        assert!(ended.err.contains("--help"), "{usage:?} {}", ended.err);
    }
    for refused in [
        &["link", "show", "nobody"][..],
        &["link", "show", "0197d1a0-0000-7000-8000-000000000000"],
        &["link", "deactivate", "x"],
        &["link", "activate", "nobody"],
        &["link", "delete", "nobody", "--yes"],
        &["key", "revoke", "nobody"],
        &["--config", "no-such.toml", "migrate"],
    ] {
        binary.refused(refused).await;
    }
}

async fn a_link_is_made_with_every_flag_as_by_the_api(context: Context) {
    let bench = Bench::new(&context).await;
    bench.binary().done(&["migrate"]).await;
    let binary = bench
        .binary()
        .set("SERVER__PUBLIC_URL", "https://go.example.com");
    let token = r#"{"clientId": "customer-17", "country": ["DE", "AT"]}"#;
    let made = binary
        .done(&[
            "link",
            "create",
            "--name",
            "Berlin fair",
            "--uses",
            "100",
            "--expires-at",
            "2099-03-01T01:00:00+01:00",
            "--language",
            "DE",
            "--flow",
            "document",
            "--slug",
            "Berlin-Fair",
            "--confirm",
            "--resume",
            "--accept-ref",
            "--inactive-message",
            "Over.\nWrite to us",
            "--token",
            token,
            "--json",
        ])
        .await;
    let made: Value = serde_json::from_str(&made).expect("JSON");
    let expected = json!({
        "id": made["id"], "slug": "berlin-fair", "url": "https://go.example.com/berlin-fair", "name": "Berlin fair",
        "usage": {"type": "multi", "limit": 100, "used": 0, "remaining": 100},
        "expires_at": "2099-03-01T00:00:00Z", "language": "de", "flow": "document", "confirm": true, "resume": true,
        "accept_ref": true, "signed": false, "inactive_message": "Over.\nWrite to us",
        "token": {"clientId": "customer-17", "country": ["DE", "AT"]}, "status": "active",
        "created_at": made["created_at"], "last_used_at": null,
    });
    assert_eq!(made, expected);
    let process = binary.serve(&[]).await;
    let client = binary.client(&process).await;
    assert_eq!(
        client.get(&format!("/links/{}", text(&made["id"]))).await,
        made
    );
    for (flag, usage) in [
        (
            "--single",
            json!({"type": "single", "limit": 1, "used": 0, "remaining": 1}),
        ),
        (
            "--unlimited",
            json!({"type": "unlimited", "limit": null, "used": 0, "remaining": null}),
        ),
    ] {
        let plain = ["link", "create", "--name", "Plain", flag, "--json"];
        let plain: Value = serde_json::from_str(&binary.done(&plain).await).expect("JSON");
        assert_eq!(
            (&plain["usage"], &plain["language"]),
            (&usage, &Value::Null)
        );
        assert_eq!(plain["flow"], "document_and_selfie");
        assert_eq!(
            (&plain["confirm"], &plain["resume"], &plain["accept_ref"]),
            (&json!(false), &json!(false), &json!(false))
        );
    }
    let signed = [
        "link",
        "create",
        "--name",
        "Site",
        "--unlimited",
        "--signed",
        "--json",
    ];
    let signed: Value = serde_json::from_str(&binary.done(&signed).await).expect("JSON");
    assert_eq!(signed["signed"], true);
    assert_eq!(text(&signed["signing_secret"]).len(), 44);
    let show = ["link", "show", text(&signed["slug"]), "--json"];
    assert!(!binary.done(&show).await.contains("signing_secret"));
}

async fn link_create_prints_the_address_alone_and_it_opens(context: Context) {
    let bench = Bench::new(&context).await;
    let binary = bench.binary();
    let process = binary.serve(&[]).await;
    let binary = binary.set("SERVER__PUBLIC_URL", &process.base);
    let made = binary
        .done(&["link", "create", "--name", "One", "--single"])
        .await;
    let address = made.strip_suffix('\n').expect("a line");
    let slug = address
        .strip_prefix(&format!("{}/", process.base))
        .expect("the public address");
    assert_eq!(slug.len(), 10, "{address}");
    let client = binary.client(&process).await;
    let status = async || {
        client
            .click(slug)
            .await
            .expect("an answer")
            .status()
            .as_u16()
    };
    assert_eq!(status().await, 302);
    assert_eq!(status().await, 410);
}

async fn bad_values_of_a_link_are_refused_in_one_line_that_names_the_field(context: Context) {
    let bench = Bench::new(&context).await;
    bench.binary().done(&["migrate"]).await;
    let binary = bench.binary();
    let taken = [
        "link", "create", "--name", "A", "--single", "--slug", "taken",
    ];
    binary.done(&taken).await;
    let long = "x".repeat(501);
    for (bad, field) in [
        (["--expires-at", "2001-01-01T00:00:00Z"], "expires_at"),
        (["--expires-at", "tomorrow"], "expires_at"),
        (["--language", "xx"], "language"),
        (["--flow", "video"], "flow"),
        (["--slug", "a b"], "slug"),
        (["--slug", "admin"], "slug"),
        (["--slug", "TAKEN"], "slug"),
        (["--inactive-message", &long], "inactive_message"),
        (["--token", "nonsense"], "token"),
        (["--token", "[]"], "token"),
        (["--token", r#"{"locale": "de"}"#], "token.locale"),
        (["--token", r#"{"country": ["XX"]}"#], "token.country[0]"),
        (["--name", " "], "name"),
    ] {
        let name = if bad[0] == "--name" {
            vec![]
        } else {
            vec!["--name", "A"]
        };
        let all = [&["link", "create", "--single"][..], &name, &bad].concat();
        let told = binary.refused(&all).await;
        let told = told
            .trim_start_matches("entrypass: ")
            .trim_start_matches("--");
        assert!(told.starts_with(&format!("{field}: ")), "{bad:?} {told}");
    }
    for uses in ["0", "1000000001"] {
        let all = ["link", "create", "--name", "A", "--uses", uses];
        let told = binary.refused(&all).await;
        assert!(told.contains("usage.limit: "), "{told}");
    }
    // Every wrong field at once.
    let all = [
        "link",
        "create",
        "--name",
        "",
        "--single",
        "--language",
        "xx",
        "--flow",
        "y",
    ];
    let told = binary.refused(&all).await;
    for field in ["name: ", "language: ", "flow: "] {
        assert!(told.contains(field), "{told}");
    }
    let (listed, _) = list(&binary, &[]).await;
    assert_eq!(listed.len(), 1);
}

/// The links as `link list` has them, as JSON and as a table.
async fn list(binary: &Binary, more: &[&str]) -> (Vec<Value>, String) {
    let all = [&["link", "list"], more].concat();
    let table = binary.done(&all).await;
    let json = binary.done(&[&*all, &["--json"]].concat()).await;
    (serde_json::from_str(&json).expect("JSON"), table)
}

async fn links_are_listed_shown_switched_and_deleted_by_id_and_by_slug(context: Context) {
    let bench = Bench::new(&context).await;
    let binary = bench.binary();
    let process = binary.serve(&[]).await;
    let client = binary.client(&process).await;
    let (empty, table) = list(&binary, &[]).await;
    assert_eq!((empty.len(), table.lines().count()), (0, 1));
    for slug in ["one-1", "two-2"] {
        let name = format!("Link {slug}");
        let all = [
            "link", "create", "--name", &name, "--uses", "2", "--slug", slug,
        ];
        binary.done(&all).await;
    }
    let (links, table) = list(&binary, &[]).await;
    let slugs: Vec<&str> = links.iter().map(|link| text(&link["slug"])).collect();
    assert_eq!(slugs, ["two-2", "one-1"]);
    assert_eq!(table.lines().count(), 3);
    for part in ["active", "0/2", "/two-2", "Link two-2"] {
        assert!(
            table.lines().nth(1).expect("a row").contains(part),
            "{table}"
        );
    }
    let id = text(&links[1]["id"]);
    // What is asked for by id one time is asked for by slug, in any case, the other time.
    for (name, slug) in [(id, "one-1"), ("TWO-2", "two-2")] {
        let click = async || {
            client
                .click(slug)
                .await
                .expect("an answer")
                .status()
                .as_u16()
        };
        let shown = binary.done(&["link", "show", name, "--json"]).await;
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(shown["slug"], slug);
        let read = binary.done(&["link", "show", name]).await;
        assert!(
            read.lines()
                .any(|l| l.starts_with("slug ") && l.ends_with(slug)),
            "{read}"
        );
        assert_eq!(click().await, 302);
        binary.done(&["link", "deactivate", name]).await;
        assert_eq!(click().await, 410);
        let (off, _) = list(&binary, &["--status", "deactivated"]).await;
        assert_eq!((off.len(), &off[0]["slug"]), (1, &json!(slug)));
        binary.done(&["link", "activate", name]).await;
        assert_eq!(click().await, 302);
        let told = binary.refused(&["link", "activate", name]).await;
        assert!(told.contains("exhausted"), "{told}");
    }
    let (found, _) = list(&binary, &["--q", "ONE"]).await;
    assert_eq!((found.len(), &found[0]["status"]), (1, &json!("exhausted")));
    binary
        .refused(&["link", "list", "--status", "nonsense"])
        .await;
    binary.done(&["link", "delete", id, "--yes"]).await;
    binary.refused(&["link", "show", id]).await;
    // Without a terminal there is nobody to ask.
    binary.done(&["link", "delete", "two-2"]).await;
    binary.refused(&["link", "delete", "two-2", "--yes"]).await;
    assert_eq!(list(&binary, &[]).await.0.len(), 0);
    assert_eq!(
        client.click("one-1").await.expect("an answer").status(),
        410
    );
    let again = [
        "link", "create", "--name", "A", "--single", "--slug", "one-1",
    ];
    binary.refused(&again).await;
}

async fn deleting_asks_first_on_a_terminal(context: Context) {
    let bench = Bench::new(&context).await;
    bench.binary().done(&["migrate"]).await;
    let binary = bench.binary();
    for slug in ["one-1", "two-2"] {
        let all = [
            "link", "create", "--name", "A link", "--single", "--slug", slug,
        ];
        binary.done(&all).await;
    }
    let slugs = async || {
        let (links, _) = list(&binary, &[]).await;
        let slugs: Vec<_> = links
            .iter()
            .map(|link| text(&link["slug"]).to_owned())
            .collect();
        slugs.join(" ")
    };
    let ended = binary
        .run_in_terminal(&["link", "delete", "one-1"], "n\n")
        .await;
    assert!(ended.out.contains("\"A link\""), "{}", ended.out);
    assert_eq!((ended.code, &*slugs().await), (Some(1), "two-2 one-1"));
    let ended = binary
        .run_in_terminal(&["link", "delete", "one-1"], "y\n")
        .await;
    assert_eq!((ended.code, &*slugs().await), (Some(0), "two-2"));
    let all = ["link", "delete", "two-2", "--yes"];
    let ended = binary.run_in_terminal(&all, "").await;
    assert_eq!((ended.code, &*slugs().await), (Some(0), ""));
    let key = binary.done(&["key", "create", "--name", "Backend"]).await;
    let keys: Value = json_of(&binary, &["key", "list", "--json"]).await;
    let id = text(&keys[0]["id"]);
    let ended = binary.run_in_terminal(&["key", "revoke", id], "\n").await;
    assert_eq!(ended.code, Some(1), "{} {key}", ended.out);
    assert_eq!(json_of(&binary, &["key", "list", "--json"]).await, keys);
}

async fn json_of(binary: &Binary, arguments: &[&str]) -> Value {
    serde_json::from_str(&binary.done(arguments).await).expect("JSON")
}

async fn keys_are_made_listed_and_revoked(context: Context) {
    let bench = Bench::new(&context).await;
    let binary = bench.binary();
    let process = binary.serve(&[]).await;
    let make = async |more: &[&str]| {
        let all = [&["key", "create", "--name", "Backend"], more].concat();
        let made = binary.done(&all).await;
        let key = made.strip_suffix('\n').expect("a line").to_owned();
        assert!(key.starts_with("epk_") && !key.contains(char::is_whitespace));
        key
    };
    let admin = make(&[]).await;
    let all = [
        "--scope",
        "read",
        "--scope",
        "links",
        "--expires-at",
        "2099-12-31T00:00:00Z",
    ];
    let narrow = make(&all).await;
    let opens = async |key: &str, path: &str| {
        let client = Client::new(&process.base, key);
        client.api(Method::GET, path, None).await.0
    };
    assert_eq!(
        (opens(&admin, "/keys").await, opens(&admin, "/links").await),
        (200, 200)
    );
    assert_eq!(
        (
            opens(&narrow, "/keys").await,
            opens(&narrow, "/links").await
        ),
        (403, 200)
    );

    let listed = binary.done(&["key", "list"]).await;
    assert_eq!(listed.lines().count(), 3, "{listed}");
    assert!(
        listed.lines().nth(1).expect("a row").contains("read,links"),
        "{listed}"
    );
    assert!(!listed.contains(&admin) && !listed.contains(&narrow));
    let keys = json_of(&binary, &["key", "list", "--json"]).await;
    assert_eq!(keys[0]["scopes"], json!(["read", "links"]));
    assert_eq!(keys[0]["expires_at"], "2099-12-31T00:00:00Z");
    assert_eq!(keys[1]["scopes"], json!(["admin"]));
    assert!(keys[1]["last_used_at"].is_string());
    binary
        .done(&["key", "revoke", text(&keys[0]["id"]), "--yes"])
        .await;
    assert_eq!(
        (
            opens(&narrow, "/links").await,
            opens(&admin, "/links").await
        ),
        (401, 200)
    );
    let client = Client::new(&process.base, &admin);
    let audit = client.get("/audit?actor=command").await;
    let done: Vec<_> = audit["items"].as_array().expect("a list").iter().collect();
    let actions: Vec<&str> = done.iter().map(|line| text(&line["action"])).collect();
    assert_eq!(actions, ["key.revoked", "key.created", "key.created"]);
    assert_eq!(
        done[0]["object"],
        json!({"kind": "key", "id": keys[0]["id"]})
    );
    assert!(!audit.to_string().contains(&narrow));
    binary
        .refused(&["key", "revoke", text(&keys[0]["id"]), "--yes"])
        .await;

    for (bad, field) in [
        (["--scope", "root"], "scope"),
        (["--expires-at", "2001-01-01T00:00:00Z"], "expires"),
        (["--expires-at", "never"], "expires"),
    ] {
        let all = [&["key", "create", "--name", "A"][..], &bad].concat();
        let told = binary.refused(&all).await;
        assert!(told.contains(field), "{told}");
    }
    let told = binary.refused(&["key", "create", "--name", ""]).await;
    assert!(told.contains("name"), "{told}");
}

async fn migrate_makes_the_database_and_leaves_a_made_one_alone(context: Context) {
    let bench = Bench::new(&context).await;
    let binary = bench.binary();
    let told = binary.done(&["migrate"]).await;
    let first = told.lines().find(|line| line.starts_with("  0001 "));
    assert!(first.is_some_and(|line| line.ends_with(" s")), "{told}");
    assert_eq!(
        bench.database.numbers("SELECT COUNT(*) FROM links").await,
        [0]
    );
    binary
        .done(&["link", "create", "--name", "A", "--single"])
        .await;
    let told = binary.done(&["migrate"]).await;
    assert_eq!(told, "The database is up to date.\n");
    assert_eq!(
        bench.database.numbers("SELECT COUNT(*) FROM links").await,
        [1]
    );
    let nowhere = binary.set("DATABASE__URL", "sqlite:///proc/none/e.db");
    nowhere.refused(&["migrate"]).await;
}

/// Commands on data, each with something of its own to do.
const ON_DATA: [&[&str]; 4] = [
    &["link", "list"],
    &["link", "create", "--name", "A", "--single"],
    &["key", "create", "--name", "A"],
    &["key", "list"],
];

async fn other_commands_make_no_database_and_say_so(context: Context) {
    let bench = Bench::new(&context).await;
    let binary = bench.binary();
    let tables = async || match context.engine {
        Engine::Sqlite => bench.database.everything().await.len().try_into(),
        Engine::Postgres => {
            let count = "SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'";
            Ok(bench.database.numbers(count).await[0])
        }
    };
    for command in ON_DATA {
        let told = binary.refused(command).await;
        assert!(told.contains("entrypass migrate"), "{told}");
    }
    if context.engine == Engine::Sqlite {
        let told = binary.refused(&["backup", "copy.db"]).await;
        assert!(told.contains("test.db"), "{told}");
        assert!(!binary.folder.path().join("copy.db").exists());
    }
    let doctor = binary.run(&["doctor"]).await;
    let verdict = ("database", "warn");
    assert!(verdicts(&doctor).contains(&verdict), "{}", doctor.out);
    assert_eq!(tables().await, Ok(0));
    // Several that make it at once do not get into each other's way.
    let migrations = join_all((0..4).map(|_| binary.run(&["migrate"]))).await;
    for ended in migrations {
        assert_eq!((ended.code, &*ended.err), (Some(0), ""));
    }
    binary.done(ON_DATA[0]).await;
}

async fn other_commands_leave_an_older_or_newer_schema_alone(context: Context) {
    let bench = Bench::new(&context).await;
    let binary = bench.binary();
    binary.done(&["migrate"]).await;
    let newer = "UPDATE _sqlx_migrations SET version = version + 1000 WHERE version > 1";
    let older = "DELETE FROM _sqlx_migrations WHERE version > 1";
    let count = "SELECT COUNT(*) FROM _sqlx_migrations";
    for (change, told, verdict) in [(newer, "newer", "fail"), (older, "older", "warn")] {
        bench.database.execute(change).await.expect("a database");
        let before = bench.database.numbers(count).await;
        for command in ON_DATA {
            let line = binary.refused(command).await;
            assert!(line.contains(told), "{line}");
        }
        let doctor = binary.run(&["doctor"]).await;
        assert!(doctor.out.contains(told), "{}", doctor.out);
        let verdict = ("database", verdict);
        assert!(verdicts(&doctor).contains(&verdict), "{}", doctor.out);
        if context.engine == Engine::Sqlite {
            // What is there is copied before it is brought up to date.
            let copy = binary.folder.path().join(told);
            binary.done(&["backup", copy.to_str().expect("text")]).await;
        }
        assert_eq!(bench.database.numbers(count).await, before);
    }
}

/// The lines of `doctor` by what they are about: the verdict of each.
fn verdicts(ended: &Ended) -> Vec<(&str, &str)> {
    let lines = ended.out.lines().map(|line| {
        let mut words = line.split_whitespace();
        let (verdict, about) = (words.next(), words.next());
        (about.expect("a name"), verdict.expect("a verdict"))
    });
    lines.collect()
}

async fn doctor_finds_all_well(context: Context) {
    let bench = Bench::new(&context).await;
    let binary = bench.binary();
    let process = binary.serve(&[]).await;
    let binary = binary.set("SERVER__PUBLIC_URL", &process.base);
    let ended = binary.run(&["doctor"]).await;
    let all = ["settings", "database", "idenfy", "public_url", "clock"];
    assert_eq!(
        verdicts(&ended),
        all.map(|about| (about, "ok")),
        "{}",
        ended.out
    );
    assert_eq!((ended.code, &*ended.err), (Some(0), ""));
    // It only asks for a list.
    assert_eq!(bench.idenfy.minted(), 0);
    assert!(
        bench
            .idenfy
            .calls()
            .iter()
            .all(|call| call.head.starts_with("GET "))
    );
}

async fn doctor_names_what_is_wrong(context: Context) {
    let bench = Bench::new(&context).await;
    let wrong = async |binary: Binary, about: &str, told: &str| {
        let ended = binary.run(&["doctor"]).await;
        assert_eq!((ended.code, &*ended.err), (Some(1), ""), "{}", ended.out);
        assert!(verdicts(&ended).contains(&(about, "fail")), "{}", ended.out);
        let failed: Vec<&str> = ended
            .out
            .lines()
            .filter(|l| l.starts_with("fail"))
            .collect();
        assert_eq!(failed.len(), 1, "{}", ended.out);
        assert!(failed[0].contains(told), "{}", ended.out);
        assert!(!ended.out.contains("MARKER"), "{}", ended.out);
    };
    let binary = || bench.binary();
    wrong(
        binary().set("IDENFY__API_SECRET", "WRONG-MARKER"),
        "idenfy",
        "key and secret",
    )
    .await;
    wrong(binary().unset("IDENFY__API_KEY"), "idenfy", "not both set").await;
    wrong(
        binary().set("IDENFY__BASE_URL", "http://127.0.0.1:1"),
        "idenfy",
        "reached",
    )
    .await;
    let unreachable = "postgres://user:PASSWORD-MARKER@127.0.0.1:1/entrypass";
    wrong(binary().set("DATABASE__URL", unreachable), "database", "").await;
    let bad = binary().set("IDENFY__TIMEOUT_MS", "1");
    wrong(bad, "settings", "idenfy.timeout_ms").await;
    let unknown = binary().set("IDENFY__TIMEOUT", "1");
    wrong(unknown, "settings", "idenfy.timeout").await;
    let elsewhere = binary().set("SERVER__PUBLIC_URL", &bench.idenfy.base);
    wrong(elsewhere, "public_url", "404").await;
    let stranger = stranger().await;
    for (url, told) in [
        (format!("http://{stranger}"), "not the gateway"),
        (format!("https://{stranger}"), "cannot be reached"),
        ("https://nobody.invalid".into(), "cannot be reached"),
    ] {
        let elsewhere = binary().set("SERVER__PUBLIC_URL", &url);
        wrong(elsewhere, "public_url", told).await;
    }
    let closed = binary().set("SERVER__PUBLIC_URL", "http://127.0.0.1:1");
    let ended = closed.run(&["doctor"]).await;
    let verdict = ("public_url", "warn");
    assert!(verdicts(&ended).contains(&verdict), "{}", ended.out);
    assert_eq!(ended.code, Some(0), "{}", ended.out);
    for off in [3600, -3600] {
        bench.idenfy.set_clock_off(off);
        wrong(binary(), "clock", " s off iDenfy's").await;
    }
}

/// Where something that is not the gateway answers whatever it is asked.
async fn stranger() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 1024];
            // What becomes of it is for the one who asks to see.
            let _ = stream.read(&mut asked).await;
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
            let _ = stream.write_all(answer).await;
        }
    });
    address
}

async fn a_bad_setting_stops_every_command_with_one_line_that_names_it(_: Context) {
    let commands = [
        &["serve"][..],
        &["migrate"],
        &["link", "list"],
        &["key", "list"],
    ];
    for (name, value, told) in [
        ("IDENFY__API_KEYS", "x", "idenfy.api_keys: unknown"),
        ("NONSENSE__X", "x", "nonsense.x: unknown"),
        ("SERVER__LISTEN", "everywhere", "server.listen: "),
        ("SERVER__SECRET", "short-MARKER", "server.secret: "),
        ("IDENFY__TIMEOUT_MS", "soon", "idenfy.timeout_ms: "),
        (
            "IDENFY__BASE_URL",
            "http://ivs.idenfy.com",
            "idenfy.base_url: ",
        ),
        (
            "IDENFY__API_KEY_FILE",
            "/no/such/file",
            "idenfy.api_key_file: ",
        ),
        ("DATABASE__URL", "mysql://MARKER", "database.url: "),
    ] {
        let binary = Binary::bare().set(name, value);
        for command in commands {
            let line = binary.refused(command).await;
            assert!(line.contains(told), "{command:?} {line}");
            assert!(line.contains(&format!("ENTRYPASS_{name}")), "{line}");
            assert!(!line.contains("MARKER"), "{line}");
        }
    }
    // In the file of the working folder, and in one that is named.
    for (file, text, told) in [
        (
            "config.toml",
            "[idenfy]\napi_keys = 'MARKER'\n",
            "idenfy.api_keys: unknown",
        ),
        (
            "other.toml",
            "[server]\nlisten = 'MARKER'\n",
            "server.listen: ",
        ),
        ("broken.toml", "[server]\nsecret = 'MARKER\n", "line 2"),
    ] {
        let binary = Binary::bare();
        binary.file(file, text);
        for command in commands {
            let named = [command, &["--config", file]].concat();
            let all = if file == "config.toml" {
                command
            } else {
                &named
            };
            let line = binary.refused(all).await;
            assert!(line.contains(told) && line.contains(file), "{all:?} {line}");
            assert!(!line.contains("MARKER"), "{line}");
        }
    }
}

async fn a_backup_taken_among_clicks_is_whole_and_can_be_put_back(context: Context) {
    let bench = Bench::new(&context).await;
    let binary = bench.binary();
    let copy = binary.folder.path().join("copy.db");
    let copy = copy.to_str().expect("text");
    if context.engine == Engine::Postgres {
        let told = binary.refused(&["backup", copy]).await;
        assert!(told.contains("pg_dump"), "{told}");
        return;
    }
    let mut process = binary.serve(&[]).await;
    let client = binary.client(&process).await;
    let create = [
        "link", "create", "--name", "A", "--uses", "5000", "--slug", "fair",
    ];
    binary.done(&create).await;
    bench.idenfy.answer(Answer::FailEvery(3));
    process.expect_log("iDenfy started no session");
    let others = format!("{copy}.partial");
    // Visitors come until the copy is made, with hundreds before it begins.
    let (stop, seen) = (tokio::sync::Notify::new(), std::cell::Cell::new(0));
    let visit = async || {
        loop {
            client.click("fair").await.expect("an answer");
            seen.set(seen.get() + 1);
        }
    };
    let visitors = async {
        tokio::select! {
            _ = join_all((0..20).map(|_| visit())) => {}
            () = stop.notified() => {}
        }
    };
    let backup = async {
        eventually(BOUND, "clicks run", async || seen.get() > 200).await;
        let before = seen.get();
        std::fs::write(&others, "another's").expect("a file");
        let told = binary.done(&["backup", copy]).await;
        assert!(told.contains(copy), "{told}");
        eventually(BOUND, "clicks go on", async || seen.get() > before).await;
        stop.notify_one();
    };
    join(visitors, backup).await;

    let copied = Database::existing(format!("sqlite://{copy}"));
    let sound = "SELECT COUNT(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'";
    assert_eq!(copied.numbers(sound).await, [1]);
    let balance =
        "SELECT used - (SELECT COUNT(*) FROM sessions WHERE status <> 'failed') FROM links";
    assert_eq!(copied.numbers(balance).await, [0]);
    let used = copied.numbers("SELECT used FROM links").await[0];
    let sessions = copied.numbers("SELECT COUNT(*) FROM sessions").await[0];
    assert!(used > 100 && sessions > used, "{used} {sessions}");
    // Refused where something is already, and where nothing can be.
    let before = std::fs::read(copy).expect("a file");
    let told = binary.refused(&["backup", copy]).await;
    assert!(told.contains(copy), "{told}");
    assert_eq!(std::fs::read(copy).expect("a file"), before);
    binary.refused(&["backup", "/proc/none/copy.db"]).await;
    // Of this run nothing is left, and what another one writes is not touched.
    let files = std::fs::read_dir(binary.folder.path()).expect("a folder");
    let names = files.map(|file| file.expect("a file").file_name());
    let partial = names.filter(|name| name.to_string_lossy().ends_with(".partial"));
    assert_eq!(partial.count(), 1);
    assert_eq!(std::fs::read(&others).expect("a file"), b"another's");

    // Put back: stop, the copy in the database's place, its companions away, start.
    process.terminate().await;
    assert_eq!(process.ended().await, Some(0));
    let file = bench
        .database
        .url
        .strip_prefix("sqlite://")
        .expect("a file");
    std::fs::copy(copy, file).expect("a copy");
    for companion in ["-wal", "-shm"] {
        // It may be gone already.
        let _ = std::fs::remove_file(format!("{file}{companion}"));
    }
    bench.idenfy.answer(Answer::Token);
    let process = binary.serve(&[]).await;
    let client = client.at(&process);
    let links = client.all("/links").await;
    assert_eq!((links.len(), &links[0]["usage"]["used"]), (1, &json!(used)));
    assert_eq!(
        i64::try_from(client.all("/sessions").await.len()),
        Ok(sessions)
    );
    assert_eq!(client.click("fair").await.expect("an answer").status(), 302);
}

async fn the_database_and_its_copy_are_for_their_owner_alone(_: Context) {
    let binary = Binary::bare().set("SERVER__LISTEN", "127.0.0.1:0");
    let process = binary.serve(&[]).await;
    process.expect_log("are not set: no verification can be started");
    binary.done(&["backup", "copy.db"]).await;
    for (file, mode) in [
        ("data", 0o40700),
        ("data/entrypass.db", 0o100_600),
        ("data/entrypass.db-wal", 0o100_600),
        ("data/entrypass.db-shm", 0o100_600),
        ("copy.db", 0o100_600),
    ] {
        let found = std::fs::metadata(binary.folder.path().join(file)).expect("a file");
        assert_eq!(found.permissions().mode(), mode, "{file}");
    }
}

async fn the_sandbox_works_with_nothing_configured(_: Context) {
    let binary = Binary::bare().set("SERVER__LISTEN", "127.0.0.1:0");
    let process = binary.serve(&["--sandbox"]).await;
    eventually(BOUND, "the welcome is printed", async || {
        process.printed().contains("switchboard")
    })
    .await;
    let printed = process.printed();
    let after = |label: &str| {
        let rest = printed.split_once(label).expect("the label").1;
        rest.split_whitespace().next().expect("a word").to_owned()
    };
    let (link, key) = (after("Click this link"), after("API key (24 hours)"));
    assert!(key.starts_with("epk_"), "{printed}");
    let slug = link.rsplit_once('/').expect("a path").1;
    assert_eq!(
        link.rsplit_once('/').expect("a path").0,
        process.base.replace("127.0.0.1", "localhost")
    );
    let client = Client::new(&process.base, &key);

    // As a browser: from address to address, to the page with the buttons.
    let mut page = client.click(slug).await.expect("an answer");
    let mut address = String::new();
    while page.status().is_redirection() {
        address = location(&page);
        page = client
            .open(Method::GET, &address)
            .send()
            .await
            .expect("an answer");
    }
    assert_eq!(page.status(), 200);
    assert!(page.text().await.expect("a page").contains("Approve"));
    let session = client.get("/sessions").await["items"][0].clone();
    assert_eq!(session["status"], "active");
    let pressed = client
        .open(Method::POST, &address)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body("outcome=approve")
        .send()
        .await
        .expect("an answer");
    assert!(pressed.status().is_redirection());
    let path = format!("/sessions/{}", text(&session["id"]));
    eventually(BOUND, "the session is approved", async || {
        let session = client.get(&path).await;
        session["status"] == "approved" && session["final"] == true
    })
    .await;
    let link = client.get("/links").await["items"][0].clone();
    assert_eq!(
        (&link["slug"], &link["usage"]["used"]),
        (&json!(slug), &json!(1))
    );
    for path in ["/docs", "/admin/login", "/admin/nothing", "/nothing", slug] {
        assert_eq!(banners(&client, path).await, 1, "{path}");
    }
    assert_eq!(banners(&client, "/sandbox").await, 0, "it has its own");
    // The commands find the sandbox's database and say so, until there is an account, or a real one beside it.
    let ended = binary.run(&["link", "list", "--json"]).await;
    let links: Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(links[0]["slug"], json!(slug));
    assert!(ended.err.contains("data/sandbox.db"), "{}", ended.err);
    let binary = binary.set("IDENFY__API_KEY", "x");
    let told = binary.refused(&["key", "create", "--name", "A"]).await;
    assert!(told.contains("data/entrypass.db"), "{told}");
    let binary = binary.unset("IDENFY__API_KEY");
    drop(process);
    let process = binary.serve(&[]).await;
    process.expect_log("are not set: no verification can be started");
    assert_eq!(list(&binary, &[]).await.0.len(), 0);
    let answer = Client::new(&process.base, &key).click(slug).await;
    assert_eq!(answer.expect("an answer").status(), 404);
    for file in ["sandbox", "entrypass"] {
        let file = format!("data/{file}.db");
        assert!(binary.folder.path().join(&file).exists(), "{file}");
    }
}

/// How often a page says that it is the sandbox's.
async fn banners(client: &Client, path: &str) -> usize {
    let path = format!("/{}", path.trim_start_matches('/'));
    let get = client
        .request(Method::GET, &path)
        .header("Sec-Purpose", "prefetch");
    let page = get.send().await.expect("an answer");
    let page = page.text().await.expect("a page");
    page.matches("class=\"sandbox-banner\"").count()
}

async fn the_sandbox_and_a_real_account_never_share_a_database(context: Context) {
    let (own, others) = (&["serve"][..], &["serve", "--sandbox"][..]);
    for (own, others) in [(own, others), (others, own)] {
        let bench = Bench::new(&context).await;
        let binary = bench.binary();
        for _ in 0..2 {
            let mut process = binary.serve(&own[1..]).await;
            process.terminate().await;
            assert_eq!(process.ended().await, Some(0));
        }
        let told = binary.refused(others).await;
        assert!(told.contains("database.url: "), "{told}");
    }
}

async fn without_its_flag_there_is_no_sandbox(context: Context) {
    let bench = Bench::new(&context).await;
    let binary = bench.binary();
    let process = binary.serve(&[]).await;
    let client = binary.client(&process).await;
    for path in [
        "/sandbox",
        "/sandbox/",
        "/sandbox/verify?authToken=x",
        "/sandbox/api/v2/token",
    ] {
        let answer = client
            .request(Method::GET, path)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 404, "{path}");
    }
    for path in ["/docs", "/admin/login", "/nothing"] {
        assert_eq!(banners(&client, path).await, 0, "{path}");
    }
    // Neither a key nor a link to try; the way into the dashboard alone.
    let printed = process.printed();
    assert!(!printed.contains("epk_") && !printed.contains("Click"));
    assert_eq!(printed.matches("http").count(), 1, "{printed}");
}

async fn secrets_from_files_work_and_are_never_shown(context: Context) {
    let bench = Bench::new(&context).await;
    let [key, secret, webhook, server] = [
        "API-KEY-MARKER",
        "API-SECRET-MARKER",
        "WEBHOOK-KEY-MARKER",
        "SERVER-SECRET-MARKER-0123456789abcdef",
    ];
    let mut binary = bench
        .binary()
        .unset("IDENFY__API_KEY")
        .unset("IDENFY__API_SECRET")
        .unset("IDENFY__WEBHOOK_KEY")
        .unset("DATABASE__URL")
        .log_everything();
    for (name, value) in [
        ("IDENFY__API_KEY_FILE", key),
        ("IDENFY__API_SECRET_FILE", secret),
        ("IDENFY__WEBHOOK_KEY_FILE", webhook),
        ("SERVER__SECRET_FILE", server),
        ("DATABASE__URL_FILE", &*bench.database.url),
    ] {
        let file = binary.file(name, &format!("{value}\n"));
        binary = binary.set(name, &file);
    }
    let mut process = binary.serve(&[]).await;
    let client = binary.client(&process).await;
    let create = [
        "link",
        "create",
        "--name",
        "A",
        "--unlimited",
        "--slug",
        "fair",
    ];
    let mut shown = binary.done(&create).await;
    process.expect_log("iDenfy");
    process.expect_log("signature");
    let click = async || client.click("fair").await.expect("an answer").status();
    // The files are what iDenfy is called with, as `doctor` and a click find.
    shown += &binary.run(&["doctor"]).await.out;
    assert!(shown.contains("takes the credentials"), "{shown}");
    assert_eq!(click().await, 302);
    bench.idenfy.answer(Answer::HangUp);
    assert_eq!(click().await, 503);
    bench.idenfy.answer(Answer::Raw(401, "", "{}".into()));
    assert_eq!(click().await, 503);
    // A webhook signed with the file's key is taken.
    let body = r#"{"scanRef": "scan-0", "final": true, "status": {"overall": "APPROVED"}}"#;
    for (signed_with, status) in [(webhook, 200), ("another", 401)] {
        let hook = client
            .request(Method::POST, "/webhooks/idenfy")
            .header("Idenfy-Signature", signature(signed_with, body))
            .body(body);
        let answer = hook.send().await.expect("an answer");
        assert_eq!(answer.status(), status);
    }
    for path in ["/metrics", "/health/ready", "/openapi.json", "/nothing"] {
        let answer = client
            .request(Method::GET, path)
            .send()
            .await
            .expect("an answer");
        shown += &answer.text().await.expect("a page");
    }
    process.terminate().await;
    assert_eq!(process.ended().await, Some(0));
    shown += &process.printed();
    shown += &process.log();
    assert!(process.log().contains("DEBUG"), "{}", process.log());
    // The API's description has shortened ones.
    let is_key = |rest: &str| rest.chars().take_while(char::is_ascii_alphanumeric).count() > 8;
    assert!(!shown.split("epk_").skip(1).any(is_key), "an API key");
    for marker in ["MARKER", "QVBJLUtFWS1NQVJLRVI"] {
        let line = shown.lines().find(|line| line.contains(marker));
        assert_eq!(line, None, "{marker}");
    }
}

fn signature(key: &str, body: &str) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).expect("any length");
    mac.update(body.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}
