//! The link on a site of the operator's own: the page that tells how, and its examples, each taken from there and run.

use std::process::{Command, Stdio};

use entrypass::clock::Clock;
use entrypass::domain::person::Role;
use libtest_mimic::Trial;
use reqwest::Method;
use serde_json::{Value, json};

use crate::dashboard_kit::signed_in;
use crate::harness::gateway::text;
use crate::harness::{Context, Engine, Gateway, on_each_engine, on_engine};
use crate::visitor_kit::get;

/// The language of an example, and the programs that it needs.
const LANGUAGES: [(&str, &[&str]); 5] = [
    ("Shell, with curl", &["bash", "curl", "openssl"]),
    ("Python", &["python3"]),
    ("JavaScript (Node)", &["node"]),
    ("PHP", &["php"]),
    ("Go", &["go"]),
];

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    let mut trials = Vec::new();
    on_each_engine(
        &mut trials,
        "integrate",
        "the_page_shows_each_link_what_fits_it_and_to_each_role_what_it_may_see",
        |context| {
            Box::pin(
                the_page_shows_each_link_what_fits_it_and_to_each_role_what_it_may_see(context),
            )
        },
    );
    on_each_engine(
        &mut trials,
        "integrate",
        "a_signed_link_is_made_and_its_secret_is_shown_and_replaced",
        |context| {
            Box::pin(a_signed_link_is_made_and_its_secret_is_shown_and_replaced(
                context,
            ))
        },
    );
    // What another program signs or sends is the same whichever engine is behind it.
    let mut add = |name, n: usize, test| {
        let mut own = Vec::new();
        on_engine(&mut own, Engine::Sqlite, "integrate", name, test);
        let is_left_out = missing(n).is_some();
        let own = own.into_iter();
        trials.extend(own.map(|trial| trial.with_ignored_flag(is_left_out)));
    };
    add("the_examples_for_the_shell_run", 0, |c| {
        Box::pin(examples_run(c, 0))
    });
    add("the_examples_in_python_run", 1, |c| {
        Box::pin(examples_run(c, 1))
    });
    add("the_examples_in_javascript_run", 2, |c| {
        Box::pin(examples_run(c, 2))
    });
    add("the_examples_in_php_run", 3, |c| {
        Box::pin(examples_run(c, 3))
    });
    add("the_examples_in_go_run", 4, |c| {
        Box::pin(examples_run(c, 4))
    });
    trials
}

pub fn explain_what_is_left_out() {
    for (n, (language, _)) in LANGUAGES.iter().enumerate() {
        if let Some(program) = missing(n) {
            eprintln!(
                "LEFT OUT: the examples of the dashboard's integration page ({language}), because there is no \
                 `{program}` on this machine; tests/run.sh runs everything."
            );
        }
    }
}

/// The first program that a language lacks here.
fn missing(language: usize) -> Option<&'static str> {
    let (_, programs) = LANGUAGES[language];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there =
        |program: &&&str| std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    programs.iter().find(|program| !is_there(program)).copied()
}

/// What stands in `<pre>` on a page.
fn programs(page: &str) -> Vec<String> {
    let parts = page
        .split("<pre class=\"example\" tabindex=\"0\"><code>")
        .skip(1);
    let texts = parts.map(|part| part.split("</code>").next().expect("an end"));
    texts.map(unescaped).collect()
}

fn unescaped(html: &str) -> String {
    let text = html.replace("&#60;", "<").replace("&#62;", ">");
    let text = text.replace("&#34;", "\"").replace("&#39;", "'");
    text.replace("&#38;", "&")
}

/// The program under a heading, and the file it is to be in, with what runs it.
fn example(page: &str, heading: &str, language: &str) -> (String, Vec<String>) {
    let (_, rest) = page
        .split_once(&format!("<h2>{heading}</h2>"))
        .expect(heading);
    let (_, rest) = rest
        .split_once(&format!("<h3>{language}</h3>"))
        .expect(language);
    let (_, command) = rest.split_once("To be run with <code>").expect("a command");
    let command = command.split('<').next().expect("its end");
    let command = command.split(' ').map(str::to_owned).collect();
    (programs(rest).swap_remove(0), command)
}

/// Runs a program in a folder of its own; what it prints.
fn run(code: &str, command: &[String], secret: (&str, &str)) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = command.last().expect("a file");
    std::fs::write(folder.path().join(file), code).expect("a file");
    let done = Command::new(&command[0])
        .args(&command[1..])
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .env("GO111MODULE", "off")
        .env("GOCACHE", concat!(env!("CARGO_TARGET_TMPDIR"), "/go"))
        .env("NO_PROXY", "*")
        .env(secret.0, secret.1)
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{told}\n{code}");
    let printed = String::from_utf8(done.stdout).expect("text");
    assert_eq!(printed.lines().count(), 1, "{printed}");
    printed.trim_end().to_owned()
}

async fn examples_run(context: Context, n: usize) {
    let (language, _) = LANGUAGES[n];
    let gateway = Gateway::start(&context).await;
    // Programs go by the real time.
    let behind = Clock::system().now().millis() - gateway.clock.now().millis();
    gateway.clock.advance(behind);
    // Whatever ends a text in one of the languages.
    let odd = "O'Brien & Söhne `$(exit 1)` ${x} $x \"\\\" ''' \\u0041 名";
    let link = gateway
        .link(json!({
            "name": odd, "signed": true, "language": "de", "flow": "document",
            "token": {"country": ["DE", "AT"], "ageLimit": 18, "checkAml": true, "questionnaire": odd,
                      "additionalSteps": {"ALL": {}}},
        }))
        .await;
    let ed = &mut signed_in(&gateway, "ed@example.com", Role::Editor).await;
    let page = format!("/admin/links/{}/integrate", text(&link["id"]));
    let page = ed.open(&page).await;
    // The gateway of a test is not where its links say it is.
    let public = gateway.state.public_url.clone();
    let here = |text: &str| text.replace(&public, &gateway.base);
    // The shell's example says that it encodes nothing.
    let client = if n == 0 {
        "customer-42"
    } else {
        "Jane+Doe & Co/42%"
    };
    let secret = text(&link["signing_secret"]).to_owned();
    let key = gateway.key.clone();
    for (heading, variable, value, of) in [
        ("Sign an address", "ENTRYPASS_SECRET", secret, "signed"),
        (
            "A link for one customer, by API",
            "ENTRYPASS_KEY",
            key,
            "made",
        ),
    ] {
        let client = if of == "signed" {
            client.to_owned()
        } else {
            format!("{of}-{n}")
        };
        let (code, command) = example(&page, heading, language);
        assert!(code.contains("customer-42"), "{code}");
        let code = here(&code.replace("customer-42", &client));
        let printed = tokio::task::spawn_blocking(move || run(&code, &command, (variable, &value)));
        let printed = here(&printed.await.expect("a program that ends well"));
        let path = printed
            .strip_prefix(&gateway.base)
            .expect("an address of ours");
        assert_eq!(path.contains("sig="), of == "signed", "{path}");
        let answer = get(&gateway, path, &[]).await;
        assert_eq!(answer.status(), 302, "{language}: {path}");
        let (_, found) = gateway.get("/sessions?limit=1").await;
        let session = &found["items"][0];
        assert_eq!(session["client_id"], client.as_str(), "{language}");
        assert_eq!(session["external_ref"], "order-1001", "{language}");
        if of == "made" {
            let made = format!("/links/{}", text(&session["link_id"]));
            let (_, mut made) = gateway.get(&made).await;
            let token = made["token"].as_object_mut().expect("an object");
            token.remove("clientId");
            token.remove("externalRef");
            for field in ["name", "language", "flow", "token"] {
                assert_eq!(made[field], link[field], "{language}: {field}");
            }
            assert_eq!(made["usage"]["type"], "single");
        } else {
            assert_eq!(session["link_id"], link["id"]);
        }
    }
}

async fn the_page_shows_each_link_what_fits_it_and_to_each_role_what_it_may_see(context: Context) {
    let gateway = Gateway::start(&context).await;
    let own = |link: &Value| format!("/admin/links/{}", text(&link["id"]));
    let script = "<script>alert(1)</script>";
    let plain = gateway
        .link(json!({"name": script, "language": "lt", "accept_ref": true}))
        .await;
    let age = json!({"min_age": 18, "confidence_threshold": 85});
    let age = gateway.link(json!({"flow": "selfie", "token": age})).await;
    let vi = &mut signed_in(&gateway, "vi@example.com", Role::Viewer).await;
    let page = vi.open(&format!("{}/integrate", own(&plain))).await;
    assert!(!page.contains(script));
    let shown = programs(&page);
    assert_eq!(shown.len(), 4 + 5, "{shown:?}");
    let tag = format!(
        "<script src=\"{0}/static/button.js\" data-link=\"{1}\" data-lang=\"lt\" data-ref=\"\" async></script>",
        gateway.state.public_url,
        text(&plain["url"])
    );
    assert_eq!(shown[0].trim_end(), tag);
    assert!(shown[1].contains(">Patvirtinti dabar</a>"), "{}", shown[1]);
    assert!(shown[2].contains("?via=website"), "{}", shown[2]);
    assert!(shown[3].contains("allow=\"camera"), "{}", shown[3]);
    let answer = get(&gateway, "/static/button.js", &[]).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(
        answer.headers()["content-type"],
        "text/javascript; charset=utf-8"
    );
    let page = vi.open(&format!("{}/integrate", own(&age))).await;
    assert_eq!(programs(&page).len(), 4);
    assert!(page.contains("knows no customers"));
}

async fn a_signed_link_is_made_and_its_secret_is_shown_and_replaced(context: Context) {
    let gateway = Gateway::start(&context).await;
    let plain = gateway.link(json!({})).await;
    let vi = &mut signed_in(&gateway, "vi@example.com", Role::Viewer).await;
    let ed = &mut signed_in(&gateway, "ed@example.com", Role::Editor).await;
    ed.open("/admin/links/new").await;
    let typed = [
        ("name", "Shop"),
        ("usage", "unlimited"),
        ("flow", "document"),
        ("signed", "yes"),
    ];
    let wrong: Vec<_> = typed.into_iter().chain([("token.clientId", "c")]).collect();
    let refused = ed.post("/admin/links/new", &wrong).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused
            .html
            .contains("A signed link cannot be used with a fixed customer (token.clientId)")
    );
    let made = ed.post("/admin/links/new", &typed).await;
    assert_eq!(made.status, 303, "{}", made.html);
    let here = made.location;
    let like = ed
        .open(&format!(
            "/admin/links/new?like={}",
            &here["/admin/links/".len()..]
        ))
        .await;
    assert!(like.contains("name=\"signed\" value=\"yes\" checked"));
    let page = ed.open(&here).await;
    assert!(page.contains("from a site of yours alone") && !page.contains("qr.svg"));
    let share = ed.open(&format!("{here}/share")).await;
    assert!(share.contains(&format!("{here}/integrate")) && !share.contains("qr.svg"));
    let integrate = format!("{here}/integrate");
    let secret_of = |page: &str| {
        let (_, rest) = page.split_once("<h3>Show the secret</h3>")?;
        let (_, rest) = rest.split_once("<code>")?;
        Some(unescaped(rest.split('<').next()?))
    };
    let page = ed.open(&integrate).await;
    assert_eq!(programs(&page).len(), 1 + 5 + 5);
    let secret = secret_of(&page).expect("a secret");
    assert_eq!(secret.len(), 44);
    let page = vi.open(&integrate).await;
    assert_eq!(secret_of(&page), None);
    assert!(!page.contains(&secret) && !page.contains("signing-secret"));
    let replace = format!("{here}/signing-secret");
    assert_eq!(vi.get(&replace).await.status, 403);
    assert_eq!(vi.post(&replace, &[]).await.status, 403);
    let sure = ed.open(&replace).await;
    assert!(sure.contains("Make a new secret for Shop"));
    let done = ed.post(&replace, &[]).await;
    assert_eq!((done.status, done.location), (303, integrate.clone()));
    let renewed = secret_of(&ed.open(&integrate).await).expect("a secret");
    assert_ne!(renewed, secret);
    let (_, log) = gateway.get("/audit?action=link.updated").await;
    assert_eq!(log["items"][0]["actor"]["kind"], "person", "{log}");
    assert_eq!(log["items"][0]["detail"], "another signing secret");
    let unsigned = format!("/admin/links/{}/signing-secret", text(&plain["id"]));
    for none in [unsigned, format!("{here}0/integrate")] {
        assert_eq!(ed.get(&none).await.status, 404);
    }
    let request = gateway
        .request(Method::POST, &replace)
        .send()
        .await
        .expect("an answer");
    assert_ne!(request.status(), 200);
    assert_eq!(secret_of(&ed.open(&integrate).await), Some(renewed));
}
