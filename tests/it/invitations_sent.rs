//! Everybody gets their mail: the real binary, killed twice, and a mail server that refuses some, puts others off and breaks
//! off now and then.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use libtest_mimic::Trial;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api_bulk::SCRIPTS;
use crate::harness::engine::Database;
use crate::harness::gateway::{hidden_fields, text};
use crate::harness::idenfy::ScriptedIdenfy;
use crate::harness::mail::{MailServer, where_there_is_mail};
use crate::harness::process::{Binary, Client};
use crate::harness::{Context, Engine, eventually, on_each_engine};

/// People who are invited; of a hundred one is refused, two are put off, two break off. On PostgreSQL, where nothing of
/// it is done otherwise, fewer: the machine that tests has other things to do.
const fn people_on(engine: Engine) -> usize {
    match engine {
        Engine::Sqlite => 10_000,
        Engine::Postgres => 2_000,
    }
}

/// Of so many links one is followed.
const STEP: usize = 198;

/// How long one part of the test may take.
const BOUND: Duration = Duration::from_mins(10);

/// On its way when the process is killed: so many may get their mail twice, each time.
const IN_FLIGHT: usize = 4;

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    let mut trials = Vec::new();
    on_each_engine(
        &mut trials,
        "invitations_sent",
        "ten_thousand_people_get_their_mail_in_spite_of_everything",
        |context| {
            Box::pin(ten_thousand_people_get_their_mail_in_spite_of_everything(
                context,
            ))
        },
    );
    where_there_is_mail(trials)
}

async fn ten_thousand_people_get_their_mail_in_spite_of_everything(context: Context) {
    let all = people_on(context.engine);
    let database = context.engine.database().await;
    let (idenfy, server) = (
        ScriptedIdenfy::start().await,
        MailServer::start(&["--brief"]).await,
    );
    let binary = Binary::new(&database, &idenfy)
        .set(
            "EMAIL__SMTP_URL",
            &format!("smtp://127.0.0.1:{}", server.port),
        )
        .set("EMAIL__FROM", "Entrypass <verify@example.com>")
        .set("EMAIL__PER_MINUTE", "1000000");
    let mut process = binary.serve(&[]).await;
    let client = binary.client(&process).await;
    let made = client
        .request(
            Method::POST,
            "/api/v1/invitations/bulk?campaign=All&send=email",
        )
        .bearer_auth(client.key())
        .header("Content-Type", "text/csv")
        .body(people(all))
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 201);

    for enough in [all / 4, all / 2] {
        eventually(BOUND, "some got theirs", async || server.count() >= enough).await;
        process.kill().await;
        // The time that a lease lasts goes by.
        let leases = "UPDATE messages SET leased_until = 1 WHERE leased_until IS NOT NULL";
        database.execute(leases).await.unwrap();
        process = binary.serve(&[]).await;
    }
    let client = client.at(&process);
    eventually(BOUND, "nothing waits", async || is_done(&database).await).await;

    let mut taken = BTreeMap::<String, Vec<Value>>::new();
    eventually(BOUND, "the server told all", async || {
        server.count() >= all * 99 / 100
    })
    .await;
    for mail in server.taken() {
        let recipient = text(&mail["recipient"]).to_owned();
        taken.entry(recipient).or_default().push(mail);
    }
    for n in 0..all {
        let got = taken.contains_key(&address(n));
        assert_eq!(got, n % 100 != 0, "{}", address(n));
    }
    let twice = taken.values().map(|mails| mails.len() - 1).sum::<usize>();
    assert!(twice <= 2 * IN_FLIGHT, "{twice} got it twice");
    each_link_works_once(&client, &idenfy, &taken).await;
    let campaigns = client.get("/campaigns").await;
    let id = text(&campaigns["items"][0]["id"]);
    let funnel = &client.get(&format!("/campaigns/{id}")).await["funnel"];
    assert_eq!(
        (
            &funnel["invited"],
            &funnel["sent"],
            &funnel["failed"],
            &funnel["waiting"]
        ),
        (
            &json!(all),
            &json!(all * 99 / 100),
            &json!(all / 100),
            &json!(0)
        )
    );
}

fn people(all: usize) -> String {
    let mut csv = "client_id,first_name,email\n".to_owned();
    for n in 0..all {
        let name = SCRIPTS[n % SCRIPTS.len()];
        writeln!(csv, "customer-{n},{name},{}", address(n)).unwrap();
    }
    csv
}

/// How the server takes it is told by how the address begins.
fn address(n: usize) -> String {
    let how = match n % 100 {
        0 => "refused",
        33 | 66 => "grey",
        34 | 67 => "drop",
        _ => "person",
    };
    format!("{how}{n}@example.com")
}

/// Whether nothing is on its way any more. Who was put off need not wait as long as in life.
async fn is_done(database: &Database) -> bool {
    let due = "UPDATE messages SET next_attempt_at = 1 WHERE status = 'pending' AND attempts > 0 AND leased_until IS NULL";
    database.execute(due).await.unwrap();
    let waiting = "SELECT COUNT(*) FROM messages WHERE status = 'pending'";
    database.numbers(waiting).await == [0]
}

async fn each_link_works_once(
    client: &Client,
    idenfy: &ScriptedIdenfy,
    taken: &BTreeMap<String, Vec<Value>>,
) {
    for mails in taken.values().step_by(STEP) {
        let link = text(&mails[0]["link"]);
        let path = &link[link.rfind('/').expect("a path")..];
        let page = client.request(Method::GET, path).send().await.unwrap();
        assert_eq!(page.status(), 200);
        let fields = hidden_fields(&page.text().await.unwrap());
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let press = async || {
            let begun = client.request(Method::POST, path).body(form.clone());
            let begun = begun.header("Content-Type", "application/x-www-form-urlencoded");
            let begun = begun.send().await.unwrap();
            assert_eq!(begun.status(), 303);
            begun.headers()["location"].clone()
        };
        assert_eq!(press().await, press().await);
    }
    let samples = taken.len().div_ceil(STEP);
    assert_eq!(idenfy.minted(), samples);
}
