//! `entrypass link import`

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::harness::idenfy::ScriptedIdenfy;
use crate::harness::process::Binary;
use crate::harness::{Context, tests};

tests!(
    "cli_import",
    [
        a_file_becomes_links_and_the_result_has_their_addresses,
        json_is_read_too,
        a_file_of_people_invites_them,
        mistakes_are_told_row_by_row_and_nothing_is_made,
        the_same_import_under_the_same_key_makes_nothing_again,
        slugs_that_may_be_free_soon_are_not_told_to_be_taken,
    ]
);

async fn binary(context: &Context) -> (Binary, crate::harness::engine::Database) {
    let database = context.engine.database().await;
    let idenfy = ScriptedIdenfy::start().await;
    let binary =
        Binary::new(&database, &idenfy).set("SERVER__PUBLIC_URL", "https://go.example.com");
    binary.done(&["migrate"]).await;
    (binary, database)
}

async fn links(binary: &Binary) -> Vec<Value> {
    let list = binary.done(&["link", "list", "--json"]).await;
    serde_json::from_str(&list).expect("a list")
}

async fn a_file_becomes_links_and_the_result_has_their_addresses(context: Context) {
    let (binary, _database) = binary(&context).await;
    let csv = "name;usage;slug\nŽofia;single;\n=Sum;unlimited;chosen\n";
    let file = binary.file("people.csv", csv);
    let dry = binary.run(&["link", "import", &file, "--dry-run"]).await;
    assert_eq!((dry.code, &*dry.out), (Some(0), ""));
    assert!(dry.err.contains("All 2 links are right"), "{}", dry.err);
    assert_eq!(links(&binary).await.len(), 0);
    let result = file.replace("people", "result");
    let made = binary.run(&["link", "import", &file, "-o", &result]).await;
    assert_eq!((made.code, &*made.out), (Some(0), ""), "{}", made.err);
    assert!(made.err.contains("2 links were made"), "{}", made.err);
    let table = std::fs::read_to_string(&result).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], "name;usage;slug;id;url");
    assert!(lines[1].starts_with("Žofia;single;;0"), "{table}");
    assert!(lines[2].starts_with("=Sum;unlimited;chosen;0"), "{table}");
    assert!(
        lines[2].ends_with(";https://go.example.com/chosen"),
        "{table}"
    );
    let rights = std::fs::metadata(&result).unwrap().permissions().mode();
    assert_eq!(rights & 0o777, 0o600, "whoever has the addresses can click");
    assert_eq!(links(&binary).await.len(), 2);
    // A result is never written over, and without one nothing is made.
    binary.file("people.csv", "name,usage\nA,single\n");
    let again = binary.run(&["link", "import", &file, "-o", &result]).await;
    assert_eq!(again.code, Some(1));
    assert_eq!(links(&binary).await.len(), 2);
    assert_eq!(std::fs::read_to_string(&result).unwrap(), table);
    let piped = binary
        .run_with_input(&["link", "import", "-"], csv.trim_end_matches("chosen\n"))
        .await;
    assert_eq!(piped.code, Some(0), "{}", piped.err);
    assert_eq!(piped.out.lines().count(), 3);
}

async fn a_file_of_people_invites_them(context: Context) {
    let (binary, database) = binary(&context).await;
    let csv = "client_id;first_name;email\nc-1;Žofia;a@example.com\nc-2;;b@example.com\n";
    let file = binary.file("people.csv", csv);
    let off = binary
        .run(&["link", "import", &file, "--send", "email"])
        .await;
    assert_eq!(off.code, Some(1));
    assert!(off.err.contains("sending is not set up"), "{}", off.err);
    let made = binary
        .run(&["link", "import", &file, "--campaign", "Spring"])
        .await;
    assert_eq!(made.code, Some(0), "{}", made.err);
    assert!(made.err.contains("2 invitations were made"), "{}", made.err);
    let lines: Vec<&str> = made.out.lines().collect();
    assert_eq!(lines[0], "client_id;first_name;email;id;url");
    assert!(
        lines[1].starts_with("c-1;Žofia;a@example.com;0"),
        "{}",
        made.out
    );
    let invited = "SELECT invited FROM campaigns WHERE name = 'Spring'";
    assert_eq!(database.numbers(invited).await, [2]);
    let file = binary.file("bad.csv", "client_id;email\nc-1;nowhere\nc-1;\n");
    let refused = binary.run(&["link", "import", &file]).await;
    assert_eq!(refused.code, Some(1));
    for told in [
        "invitations[0].email: ",
        "invitations[1].client_id: ",
        "2 mistakes in 2 rows",
    ] {
        assert!(refused.err.contains(told), "{told} in {}", refused.err);
    }
}

async fn json_is_read_too(context: Context) {
    let (binary, _database) = binary(&context).await;
    let json =
        r#"{"links": [{"name": "J", "usage": {"type": "single"}, "token": {"clientId": "c-1"}}]}"#;
    let file = binary.file("links.json", json);
    let made = binary.run(&["link", "import", &file]).await;
    assert_eq!(made.code, Some(0), "{}", made.err);
    let mut lines = made.out.lines();
    assert_eq!(lines.next(), Some("name,token.clientId,id,url"));
    let row = lines.next().unwrap();
    assert!(
        row.starts_with("J,c-1,") && row.contains(",https://go.example.com/"),
        "{row}"
    );
    let file = binary.file("links.txt", json);
    let made = binary
        .run(&["link", "import", &file, "--format", "json", "--dry-run"])
        .await;
    assert_eq!(made.code, Some(0), "{}", made.err);
}

async fn mistakes_are_told_row_by_row_and_nothing_is_made(context: Context) {
    let (binary, _database) = binary(&context).await;
    binary
        .done(&[
            "link", "create", "--name", "T", "--single", "--slug", "taken",
        ])
        .await;
    for (csv, told) in [
        (
            "name,usage\nA,single\n,\nB,twice\n,single\n",
            &[
                "links[1].usage.type: ",
                "links[2].name: ",
                "2 mistakes in 3 rows",
            ][..],
        ),
        (
            "name,usage,slug\nA,single,free\nB,single,taken\n",
            &["links[1].slug: ", "1 slugs are taken"],
        ),
        ("name\nA\n", &["usage: "]),
        ("{}", &["{}: unknown column"]),
    ] {
        let file = binary.file("bad.csv", csv);
        let result = file.replace("bad.csv", "never.csv");
        for more in [&["--dry-run"][..], &["-o", &result]] {
            let arguments = [&["link", "import", &file], more].concat();
            let ended = binary.run(&arguments).await;
            assert_eq!((ended.code, &*ended.out), (Some(1), ""), "{csv}");
            for part in told {
                assert!(ended.err.contains(part), "{part} in {}", ended.err);
            }
            let last = ended.err.lines().last().unwrap();
            assert!(last.starts_with("entrypass: "), "{last}");
        }
        assert!(!std::fs::exists(&result).unwrap());
    }
    let ended = binary.run(&["link", "import", "no-such.csv"]).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("no-such.csv"), "{}", ended.err);
    assert_eq!(links(&binary).await.len(), 1);
}

async fn the_same_import_under_the_same_key_makes_nothing_again(context: Context) {
    let (binary, database) = binary(&context).await;
    let mut csv = "client_id;email\n".to_owned();
    for n in 0..1200 {
        writeln!(csv, "c-{n};p{n}@example.com").unwrap();
    }
    let file = binary.file("people.csv", &csv);
    let campaign = ["--campaign", "Spring", "--idempotency-key", "k-1"];
    let import = async |file: &str, more: &[&str]| {
        let arguments = [&["link", "import", file], more].concat();
        binary.run(&arguments).await
    };
    let first = import(&file, &campaign).await;
    assert_eq!(first.code, Some(0), "{}", first.err);
    assert_eq!(first.out.lines().count(), 1201);
    let again = import(&file, &campaign).await;
    assert_eq!(
        (again.code, &again.out),
        (Some(0), &first.out),
        "{}",
        again.err
    );
    // It died after making them and before it could say so: nobody knows for two minutes, then they are found.
    let forget = "UPDATE idempotency SET answer = NULL, created_at = created_at - ";
    database.execute(&format!("{forget} 0")).await.unwrap();
    let unsure = import(&file, &campaign).await;
    assert_eq!(unsure.code, Some(1));
    assert!(unsure.err.contains("is being made"), "{}", unsure.err);
    database.execute(&format!("{forget} 120000")).await.unwrap();
    let found = import(&file, &campaign).await;
    assert_eq!(
        (found.code, &found.out),
        (Some(0), &first.out),
        "{}",
        found.err
    );
    let other = binary.file("other.csv", "client_id\nc-1\n");
    for (file, more) in [(&other, &campaign[..]), (&file, &campaign[2..])] {
        let refused = import(file, more).await;
        assert_eq!(refused.code, Some(1));
        assert!(refused.err.contains("another file"), "{}", refused.err);
    }
    let invited = "SELECT invited FROM campaigns";
    assert_eq!(database.numbers(invited).await, [1200]);
    assert_eq!(database.numbers("SELECT COUNT(*) FROM links").await, [1200]);
    // What is refused leaves the key free.
    let wrong = binary.file("wrong.csv", "client_id;email\nc-1;nowhere\n");
    let key = ["--idempotency-key", "k-2"];
    assert_eq!(import(&wrong, &key).await.code, Some(1));
    assert_eq!(import(&other, &key).await.code, Some(0));
}

async fn slugs_that_may_be_free_soon_are_not_told_to_be_taken(context: Context) {
    let (binary, database) = binary(&context).await;
    let file = binary.file("one.csv", "name,usage,slug\nA,single,chosen\n");
    let first = binary.run(&["link", "import", &file]).await;
    assert_eq!(first.code, Some(0), "{}", first.err);
    let import = async || {
        let arguments = ["link", "import", &file, "--idempotency-key", "k-1"];
        binary.run(&arguments).await
    };
    // As if the server were clearing away what a dead process left.
    let clearing = "INSERT INTO imports SELECT id, id, 'another', 4102444800000 FROM links";
    database.execute(clearing).await.unwrap();
    let unsure = import().await;
    assert_eq!(unsure.code, Some(1));
    let told = &unsure.err;
    assert!(told.contains("try again in a minute"), "{told}");
    assert!(!told.contains("has or had"), "{told}");
    for sql in [
        "DELETE FROM links",
        "DELETE FROM imports",
        "UPDATE idempotency SET created_at = created_at - 120000",
    ] {
        database.execute(sql).await.unwrap();
    }
    let made = import().await;
    assert_eq!(made.code, Some(0), "{}", made.err);
}
