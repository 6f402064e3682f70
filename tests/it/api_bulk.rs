//! `POST /api/v1/links/bulk`

use std::fmt::Write as _;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::api_support::{fields, key_with, problem};
use crate::harness::gateway::{text, told};
use crate::harness::{Context, Gateway, tests};

tests!(
    "api_bulk",
    [
        links_are_made_in_the_order_given_and_open,
        ten_thousand_links_are_made_at_once_and_not_one_more,
        a_csv_is_read_as_spreadsheets_write_it,
        a_cell_becomes_what_its_parameter_wants,
        names_in_ten_scripts_come_back_as_they_were_given,
        the_rows_given_come_back_exactly_with_id_and_url,
        every_bad_row_is_named_by_number_and_field_at_once,
        very_many_mistakes_are_told_in_part_and_counted,
        a_header_that_is_wrong_is_told_by_its_columns,
        one_bad_row_or_taken_slug_keeps_all_out,
        a_body_that_cannot_be_read_is_refused,
        a_dry_run_checks_everything_and_makes_nothing,
        the_same_request_again_makes_nothing_again,
        what_died_after_making_the_links_is_taken_up,
        what_died_in_the_middle_is_made_anew,
        a_large_body_is_let_in_here_alone,
    ]
);

const PATH: &str = "/api/v1/links/bulk";

fn bulk(gateway: &Gateway, query: &str) -> RequestBuilder {
    gateway
        .request(Method::POST, &format!("{PATH}{query}"))
        .bearer_auth(&gateway.key)
}

async fn send_csv(gateway: &Gateway, csv: impl Into<Vec<u8>>) -> Response {
    let request = bulk(gateway, "").header("Content-Type", "text/csv");
    request.body(csv.into()).send().await.unwrap()
}

async fn made(answer: Response) -> Vec<Value> {
    let (status, body) = told(answer).await;
    assert_eq!(status, 201, "{body}");
    body["items"].as_array().unwrap().clone()
}

async fn kept(gateway: &Gateway) -> i64 {
    gateway.database.numbers("SELECT COUNT(*) FROM links").await[0]
}

fn names(links: &[Value]) -> Vec<&str> {
    links.iter().map(|link| text(&link["name"])).collect()
}

async fn links_are_made_in_the_order_given_and_open(context: Context) {
    let gateway = Gateway::start(&context).await;
    let links = json!({"links": [
        {"name": "B", "usage": {"type": "single"}, "slug": "First-One", "token": {"clientId": "c-1"}},
        {"name": "A", "usage": {"type": "multi", "limit": 3}, "expires_at": "2027-02-01T00:00:00Z", "confirm": true},
        {"name": "C", "usage": {"type": "unlimited"}, "flow": "selfie", "language": "ja",
         "token": {"min_age": 18, "confidence_threshold": 80}},
    ]});
    let answer = bulk(&gateway, "").json(&links).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let links = made(answer).await;
    assert_eq!(names(&links), ["B", "A", "C"]);
    for link in &links {
        let (status, read) = gateway.get(&format!("/links/{}", text(&link["id"]))).await;
        assert_eq!((status, &read), (200, link));
    }
    assert_eq!(text(&links[0]["slug"]), "first-one");
    assert_eq!(gateway.click(&links[0]).await.status(), 302);
    assert_eq!(
        gateway.click(&links[0]).await.status(),
        302,
        "its customer's open session"
    );
    assert_eq!(gateway.click(&links[2]).await.status(), 302);
    // Newest first is the last one first.
    let (_, page) = gateway.get("/links").await;
    assert_eq!(names(page["items"].as_array().unwrap()), ["C", "A", "B"]);
    let key = key_with(&gateway, &["read", "sessions"]).await;
    let request = gateway.request(Method::POST, PATH).bearer_auth(key);
    problem(
        request.json(&json!({})).send().await.unwrap(),
        403,
        "forbidden",
    )
    .await;
}

async fn ten_thousand_links_are_made_at_once_and_not_one_more(context: Context) {
    let gateway = Gateway::start(&context).await;
    let links = |count: usize| {
        let one = |n| json!({"name": format!("Link {n}"), "usage": {"type": "single"}});
        json!({ "links": (0..count).map(one).collect::<Vec<_>>() })
    };
    let answer = bulk(&gateway, "")
        .json(&links(10_001))
        .send()
        .await
        .unwrap();
    let problem = problem(answer, 422, "invalid").await;
    assert_eq!(fields(&problem), ["links"]);
    assert_eq!(kept(&gateway).await, 0);
    let made = made(
        bulk(&gateway, "")
            .json(&links(10_000))
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(made.len(), 10_000);
    assert_eq!(text(&made[9_999]["name"]), "Link 9999");
    assert_eq!(kept(&gateway).await, 10_000);
    let slugs: std::collections::HashSet<_> = made.iter().map(|link| text(&link["slug"])).collect();
    assert_eq!(slugs.len(), 10_000);
}

async fn a_csv_is_read_as_spreadsheets_write_it(context: Context) {
    let gateway = Gateway::start(&context).await;
    for (at, csv) in [
        "name,usage,limit\nJane,multi,3\nJoe,single,\n",
        "\u{feff}name;usage;limit\r\nJane;multi;3\r\nJoe;single;\r\n",
        "limit;\"usage\";name;;\n3;multi;\"Jane\";;\n;;;;\n\n;single; Joe ;;\n",
        " usage , name,limit\nmulti,Jane,3\nsingle,\"Joe\",\"\"",
    ]
    .into_iter()
    .enumerate()
    {
        let links = made(send_csv(&gateway, csv).await).await;
        assert_eq!(names(&links), ["Jane", "Joe"], "{at}");
        assert_eq!(
            links[0]["usage"],
            json!({"type": "multi", "limit": 3, "used": 0, "remaining": 3})
        );
        assert_eq!(links[1]["usage"]["type"], "single");
    }
}

async fn a_cell_becomes_what_its_parameter_wants(context: Context) {
    let gateway = Gateway::start(&context).await;
    let csv = "name;usage;confirm;resume;accept_ref;language;expires_at;slug;inactive_message;flow;token.country;\
        token.documents;token.checkAml;token.ageLimit;token.firstName;token.externalRef;token.riskAssessmentProfile;\
        token.additionalSteps;token.min_age;token.confidence_threshold;token.faceMatchingThresholdModifier\n\
        A;single;TRUE;false;true;DE;2027-03-01T02:00:00+02:00;my-slug;\"It is\nover\";document;DE|AT;PASSPORT;true;18;\
        Åsa;007;7;\"{\"\"ALL\"\": {}}\";;;0.5\n\
        B;unlimited;;;;;;;;selfie;;;;;;;;;18;72.5;\n";
    let links = made(send_csv(&gateway, csv).await).await;
    let a = &links[0];
    assert_eq!(
        a["token"],
        json!({
            "country": ["DE", "AT"], "documents": ["PASSPORT"], "checkAml": true, "ageLimit": 18, "firstName": "Åsa",
            "externalRef": "007", "riskAssessmentProfile": 7, "additionalSteps": {"ALL": {}},
            "faceMatchingThresholdModifier": 0.5,
        })
    );
    for (field, value) in [
        ("confirm", json!(true)),
        ("resume", json!(false)),
        ("accept_ref", json!(true)),
        ("language", json!("de")),
        ("flow", json!("document")),
        ("expires_at", json!("2027-03-01T00:00:00Z")),
        ("slug", json!("my-slug")),
        ("inactive_message", json!("It is\nover")),
    ] {
        assert_eq!(a[field], value, "{field}");
    }
    assert_eq!(
        links[1]["token"],
        json!({"min_age": 18, "confidence_threshold": 72.5})
    );
    assert_eq!(links[1]["confirm"], json!(false));
    assert_eq!(links[1]["flow"], json!("selfie"));
}

pub const SCRIPTS: [&str; 10] = [
    "Žofia Łukasiewicz",
    "Мария Ковальчук",
    "Μαρία Παπαδοπούλου",
    "张伟",
    "佐藤 さくら",
    "김민준",
    "สมชาย ใจดี",
    "प्रिया शर्मा",
    "فاطمة الزهراء",
    "დავით ბერიძე",
];

async fn names_in_ten_scripts_come_back_as_they_were_given(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut csv = "\u{feff}name;usage;token.firstName\n".to_owned();
    for name in SCRIPTS {
        let first = name.split(' ').next().unwrap();
        writeln!(csv, "{name};single;{first}").unwrap();
    }
    let links = made(send_csv(&gateway, csv).await).await;
    assert_eq!(names(&links), SCRIPTS);
    for link in &links {
        let (_, read) = gateway.get(&format!("/links/{}", text(&link["id"]))).await;
        assert_eq!(&read, link);
    }
}

async fn the_rows_given_come_back_exactly_with_id_and_url(context: Context) {
    let gateway = Gateway::start(&context).await;
    let csv = "\u{feff}token.clientId;name;usage\r\n\"a;1\"; Jane ;single\r\n;;\r\n;=1+1;single\r\n\"\";\"say \"\"hi\"\"\";single\r\n";
    let request = bulk(&gateway, "").header("Content-Type", "text/csv; charset=UTF-8");
    let request = request.header(
        "Accept",
        "text/html, text/csv;q=0.9, application/json;q=0.1",
    );
    let answer = request.body(csv).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(
        answer.headers()["content-type"],
        "text/csv; charset=utf-8; header=present"
    );
    let table = answer.text().await.unwrap();
    let (_, page) = gateway.get("/links").await;
    let links = page["items"].as_array().unwrap();
    let end = |n: usize| format!("{};{}", text(&links[n]["id"]), text(&links[n]["url"]));
    let expected = format!(
        "\u{feff}token.clientId;name;usage;id;url\n\"a;1\"; Jane ;single;{}\n;=1+1;single;{}\n;\"say \"\"hi\"\"\";single;{}\n",
        end(2),
        end(1),
        end(0)
    );
    assert_eq!(table, expected);
    // JSON has no rows; what names the link comes instead.
    let links = json!({"links": [{"name": "J", "usage": {"type": "single"}, "token": {"clientId": "c-1"}}]});
    let request = bulk(&gateway, "").header("Accept", "text/csv").json(&links);
    let table = request.send().await.unwrap().text().await.unwrap();
    assert!(
        table.starts_with("name,token.clientId,id,url\nJ,c-1,0"),
        "{table}"
    );
    assert_eq!(table.lines().count(), 2);
}

async fn every_bad_row_is_named_by_number_and_field_at_once(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut csv = "name;usage;limit;expires_at;language;slug;confirm;token.country\n".to_owned();
    let mut expected = Vec::new();
    for (row, wrong) in [
        ("ok;single;;;;;;", vec![]),
        (";single;;;;;;", vec!["name"]),
        ("x;;;;;;;", vec!["usage"]),
        ("x;;5;;;;;", vec!["usage.type"]),
        ("x;twice;;;;;;", vec!["usage.type"]),
        ("x;multi;;;;;;", vec!["usage.limit"]),
        ("x;multi;many;;;;;", vec!["usage.limit"]),
        ("x;multi;0;;;;;", vec!["usage.limit"]),
        ("x;single;1;;;;;", vec!["usage.limit"]),
        ("x;single;;tomorrow;;;;", vec!["expires_at"]),
        ("x;single;;2020-01-01T00:00:00Z;;;;", vec!["expires_at"]),
        ("x;single;;;tlh;;;", vec!["language"]),
        ("x;single;;;;ad min;;", vec!["slug"]),
        ("x;single;;;;admin;;", vec!["slug"]),
        ("x;single;;;;twin;;", vec![]),
        ("x;single;;;;TWIN;;", vec!["slug"]),
        (";single;;;;twin;;", vec!["name", "slug"]),
        ("x;single;;;;;yes;", vec!["confirm"]),
        (
            "x;single;;;;;;DE|XX|",
            vec!["token.country[1]", "token.country[2]"],
        ),
        ("x;single;;;;;;;surplus", vec![""]),
        ("x;single;;;;;", vec![""]),
        (
            &format!("{};nonsense;;;xx;;;", "x".repeat(201)),
            vec!["language", "name", "usage.type"],
        ),
        ("ok;unlimited;;;;;;DE", vec![]),
    ]
    .into_iter()
    .enumerate()
    .map(|(n, (row, wrong))| {
        writeln!(csv, "{row}").unwrap();
        (n, wrong)
    })
    .collect::<Vec<(usize, Vec<&str>)>>()
    {
        expected.extend(wrong.iter().map(|field| {
            if field.is_empty() {
                format!("links[{row}]")
            } else {
                format!("links[{row}].{field}")
            }
        }));
    }
    let problem = problem(send_csv(&gateway, csv).await, 422, "invalid").await;
    expected.sort();
    assert_eq!(fields(&problem), expected, "{problem:#}");
    assert_eq!(kept(&gateway).await, 0);
    let links = json!({"links": [
        {"name": "A", "usage": {"type": "single"}, "slug": "same", "colour": "red"},
        7, null, [],
        {"name": "", "slug": "SAME", "token": {"country": ["Germany"]}},
    ], "more": 1});
    let answer = bulk(&gateway, "").json(&links).send().await.unwrap();
    let problem = crate::api_support::problem(answer, 422, "invalid").await;
    assert_eq!(
        fields(&problem),
        [
            "links[0].colour",
            "links[1]",
            "links[2]",
            "links[3]",
            "links[4].name",
            "links[4].slug",
            "links[4].token.country[0]",
            "links[4].usage",
            "more"
        ]
    );
}

async fn very_many_mistakes_are_told_in_part_and_counted(context: Context) {
    let gateway = Gateway::start(&context).await;
    let csv = format!("name,usage\n{}", ",single\n".repeat(2500));
    let problem = problem(send_csv(&gateway, csv).await, 422, "invalid").await;
    let errors = problem["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1001);
    assert_eq!(errors[999]["field"], "links[999].name");
    assert_eq!(
        errors[1000],
        json!({"field": "links", "message": "1500 more mistakes are not told here"})
    );
}

async fn a_header_that_is_wrong_is_told_by_its_columns(context: Context) {
    let gateway = Gateway::start(&context).await;
    for (csv, wrong) in [
        (
            "name,usage,colour,token.country,token.nonsense,token.locale\n",
            vec!["colour", "token.locale", "token.nonsense"],
        ),
        ("usage\nsingle\n", vec!["name"]),
        ("name,usage,name\nA,single,B\n", vec!["name"]),
        ("Name,usage\nA,single\n", vec!["Name", "name"]),
        ("", vec!["name", "usage"]),
        ("name,usage\n", vec!["links"]),
        ("name,usage\n,\n", vec!["links"]),
        ("name,usage,,\nA,single,x,\n", vec!["links[0]"]),
        (
            "name\tusage\nA\tsingle\n",
            vec!["name", "name\tusage", "usage"],
        ),
    ] {
        let problem = problem(send_csv(&gateway, csv).await, 422, "invalid").await;
        assert_eq!(fields(&problem), wrong, "{csv:?} {problem}");
    }
    let csv = format!("name,usage\n{}", "A,single\n".repeat(100_001));
    let problem = problem(send_csv(&gateway, csv).await, 422, "invalid").await;
    assert_eq!(fields(&problem), ["links"]);
    assert_eq!(kept(&gateway).await, 0);
}

async fn one_bad_row_or_taken_slug_keeps_all_out(context: Context) {
    let gateway = Gateway::start(&context).await;
    let taken = gateway.link(json!({"slug": "taken-1"})).await;
    let gone = gateway.link(json!({"slug": "taken-2"})).await;
    let path = format!("/links/{}", text(&gone["id"]));
    assert_eq!(gateway.api(Method::DELETE, &path, None).await.0, 204);
    let csv = "name,usage,slug\nA,single,free\nB,single,TAKEN-2\nC,single,\nD,single,taken-1\n";
    let problem = problem(send_csv(&gateway, csv).await, 409, "slug_taken").await;
    let detail = text(&problem["detail"]);
    assert!(
        detail.starts_with("links[1].slug, links[3].slug: "),
        "{detail}"
    );
    assert_eq!(kept(&gateway).await, 2);
    assert_eq!(gateway.click(&taken).await.status(), 302);
    assert_eq!(
        made(send_csv(&gateway, "name,usage,slug\nA,single,free\n").await)
            .await
            .len(),
        1
    );
}

async fn a_body_that_cannot_be_read_is_refused(context: Context) {
    let gateway = Gateway::start(&context).await;
    for (kind, body, status, code) in [
        (
            "text/csv",
            &b"name,usage\nJ\xfcrgen,single\n"[..],
            400,
            "bad_request",
        ),
        ("application/json", b"{\"links\": [{]}", 400, "bad_request"),
        (
            "application/json",
            b"{\"links\": [{\"name\": \"\xfc\"}]}",
            400,
            "bad_request",
        ),
        ("application/json", b"", 400, "bad_request"),
        ("application/json", b"[]", 422, "invalid"),
        ("application/json", b"{\"links\": {}}", 422, "invalid"),
        ("application/json", b"{\"links\": []}", 422, "invalid"),
        ("application/json", b"{}", 422, "invalid"),
        (
            "text/csv; charset=windows-1252",
            b"name,usage\n",
            415,
            "unsupported_media_type",
        ),
        ("text/plain", b"name,usage\n", 415, "unsupported_media_type"),
        (
            "application/vnd.ms-excel",
            b"name,usage\n",
            415,
            "unsupported_media_type",
        ),
    ] {
        let request = bulk(&gateway, "").header("Content-Type", kind).body(body);
        problem(request.send().await.unwrap(), status, code).await;
    }
    let deep = format!("{{\"links\": [{}1{}]}}", "[".repeat(200), "]".repeat(200));
    let request = bulk(&gateway, "")
        .header("Content-Type", "application/json")
        .body(deep);
    let told = problem(request.send().await.unwrap(), 422, "invalid").await;
    assert_eq!(fields(&told), ["links[0]"]);
    let links = json!({"links": [{"name": "A", "usage": {"type": "single"}}]});
    for query in ["?dry_run=maybe", "?dryrun=true"] {
        let answer = bulk(&gateway, query).json(&links).send().await.unwrap();
        problem(answer, 422, "invalid").await;
    }
    assert_eq!(kept(&gateway).await, 0);
}

async fn a_dry_run_checks_everything_and_makes_nothing(context: Context) {
    let gateway = Gateway::start(&context).await;
    gateway.link(json!({"slug": "taken"})).await;
    let dry = async |csv: &'static str| {
        let request = bulk(&gateway, "?dry_run=true").header("Content-Type", "text/csv");
        let request = request.header("Idempotency-Key", "one").body(csv);
        request.send().await.unwrap()
    };
    problem(dry("name,usage\nA,\n").await, 422, "invalid").await;
    problem(
        dry("name,usage,slug\nA,single,taken\n").await,
        409,
        "slug_taken",
    )
    .await;
    let csv = "name,usage,slug\nA,single,free\nB,single,\n";
    assert_eq!(told(dry(csv).await).await, (200, json!({"checked": 2})));
    assert_eq!(kept(&gateway).await, 1);
    // The key is still free for the real thing.
    let request = bulk(&gateway, "?dry_run=false").header("Content-Type", "text/csv");
    let request = request.header("Idempotency-Key", "one").body(csv);
    assert_eq!(made(request.send().await.unwrap()).await.len(), 2);
}

async fn the_same_request_again_makes_nothing_again(context: Context) {
    let gateway = Gateway::start(&context).await;
    let csv = "name,usage,slug\nA,single,\nB,single,chosen\n";
    let send = async |csv: &str, accept: &str| {
        let request = bulk(&gateway, "").header("Content-Type", "text/csv");
        let request = request
            .header("Idempotency-Key", "one")
            .header("Accept", accept);
        request.body(csv.to_owned()).send().await.unwrap()
    };
    let first = made(send(csv, "*/*").await).await;
    gateway.clock.advance(3_600_000);
    // Whatever became of them since, the first answer is told.
    let path = format!("/links/{}", text(&first[0]["id"]));
    assert_eq!(gateway.api(Method::DELETE, &path, None).await.0, 204);
    assert_eq!(made(send(csv, "application/json").await).await, first);
    let table = send(csv, "text/csv").await.text().await.unwrap();
    let row = format!(
        "A,single,,{},{}",
        text(&first[0]["id"]),
        text(&first[0]["url"])
    );
    assert_eq!(table.lines().nth(1), Some(&*row));
    assert_eq!(kept(&gateway).await, 2);
    let other = send("name,usage\nA,single\n", "*/*").await;
    problem(other, 409, "idempotency_mismatch").await;
}

async fn what_died_after_making_the_links_is_taken_up(context: Context) {
    let gateway = Gateway::start(&context).await;
    let csv = "name,usage,slug\nA,single,\nB,single,chosen\n";
    let send = async || {
        let request = bulk(&gateway, "").header("Content-Type", "text/csv");
        request
            .header("Idempotency-Key", "one")
            .body(csv)
            .send()
            .await
            .unwrap()
    };
    let first = made(send().await).await;
    // As if the process had died before it kept the answer.
    let forget = "UPDATE idempotency SET answer = NULL";
    assert_eq!(gateway.database.execute(forget).await.unwrap(), 1);
    problem(send().await, 409, "idempotency_in_progress").await;
    gateway.clock.advance(121_000);
    assert_eq!(made(send().await).await, first);
    assert_eq!(kept(&gateway).await, 2);
}

async fn what_died_in_the_middle_is_made_anew(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut csv = "name,usage,slug\n".to_owned();
    for n in 0..1200 {
        writeln!(csv, "L{n},single,{}", if n == 900 { "chosen" } else { "" }).unwrap();
    }
    let send = async || {
        let request = bulk(&gateway, "").header("Content-Type", "text/csv");
        let request = request.header("Idempotency-Key", "one").body(csv.clone());
        request.send().await.unwrap()
    };
    let first = made(send().await).await;
    assert_eq!(first.len(), 1200);
    // As if the process had died with most of them there.
    for sql in [
        "DELETE FROM links WHERE name > 'L95'",
        "UPDATE idempotency SET answer = NULL",
        "INSERT INTO imports SELECT MIN(id), MAX(id), 'another', 4102444800000 FROM links",
    ] {
        gateway.database.execute(sql).await.unwrap();
    }
    let chosen = json!({"slug": "chosen"});
    assert_eq!(gateway.click(&chosen).await.status(), 404, "nobody sees it");
    gateway.clock.advance(121_000);
    // While another process clears it away, nobody is told that a slug is taken.
    assert_eq!(send().await.status(), 503);
    let died = "UPDATE imports SET owner = 'dead', leased_until = 0";
    gateway.database.execute(died).await.unwrap();
    let again = made(send().await).await;
    assert_eq!((names(&again), kept(&gateway).await), (names(&first), 1200));
    let ids = |links: &[Value]| -> Vec<String> {
        links.iter().map(|l| text(&l["id"]).to_owned()).collect()
    };
    assert_eq!(ids(&again), ids(&first));
    for n in [0, 499, 900, 1199] {
        assert_eq!(gateway.click(&again[n]).await.status(), 302, "{n}");
    }
    assert_eq!(made(send().await).await.len(), 1200);
}

async fn a_large_body_is_let_in_here_alone(context: Context) {
    let gateway = Gateway::start(&context).await;
    let large = |bytes: usize| format!("name,usage\nA,single{}\n", " ".repeat(bytes));
    assert_eq!(
        made(send_csv(&gateway, large(3 << 20)).await).await.len(),
        1
    );
    problem(send_csv(&gateway, large(32 << 20)).await, 413, "too_large").await;
    let request = gateway
        .request(Method::POST, "/api/v1/links")
        .bearer_auth(&gateway.key);
    let request = request.header("Content-Type", "application/json");
    let answer = request.body(" ".repeat(2 << 20)).send().await.unwrap();
    problem(answer, 413, "too_large").await;
    let links = json!({"links": [{"name": "A", "usage": {"type": "single"}, "token": {"address": "x".repeat(1 << 20)}}]});
    let answer = bulk(&gateway, "").json(&links).send().await.unwrap();
    assert_eq!(fields(&problem(answer, 422, "invalid").await), ["links[0]"]);
}
