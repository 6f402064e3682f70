//! `/api/v1/presets`, and links that are made from them.

use entrypass::store::Store;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api_links_refused::refused;
use crate::api_support::{fields, key_with, over, problem};
use crate::harness::gateway::{text, told};
use crate::harness::idenfy::ScriptedIdenfy;
use crate::harness::process::Binary;
use crate::harness::{Context, Gateway, tests};

tests!(
    "api_presets",
    [
        presets_are_made_listed_replaced_and_deleted,
        a_preset_is_checked_as_a_link_is,
        what_a_link_gives_beats_its_preset_and_later_changes_pass_it_by,
        rows_name_presets_and_the_same_request_again_tells_what_was_made_then,
        the_command_line_takes_presets,
    ]
);

/// A preset that sets everything.
fn whole() -> Value {
    json!({
        "name": "Adults with AML", "flow": "document", "language": "de", "confirm": true, "resume": true, "accept_ref": true,
        "inactive_message": "Over.\nWrite to us", "token": {"checkAml": true, "country": ["DE", "AT"], "ageLimit": 18}
    })
}

async fn made(gateway: &Gateway, preset: Value) -> Value {
    let (status, preset) = gateway.post("/presets", preset).await;
    assert_eq!(status, 201, "{preset}");
    preset
}

async fn put(gateway: &Gateway, preset: &Value, body: Value) -> (u16, Value) {
    let path = format!("/presets/{}", text(&preset["id"]));
    gateway.api(Method::PUT, &path, Some(body)).await
}

async fn presets_are_made_listed_replaced_and_deleted(context: Context) {
    let gateway = Gateway::start(&context).await;
    let links = key_with(&gateway, &["links"]).await;
    let read = key_with(&gateway, &["read"]).await;
    let ask = async |key: &str, method: Method, path: &str, body: &Value| {
        let request = gateway.request(method, &format!("/api/v1/presets{path}"));
        request.bearer_auth(key).json(body).send().await.unwrap()
    };
    let answer = ask(&links, Method::POST, "", &whole()).await;
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let (status, first) = told(answer).await;
    assert_eq!(status, 201, "{first}");
    let id = text(&first["id"]);
    assert_eq!(
        location,
        format!("{}/api/v1/presets/{id}", gateway.state.public_url)
    );
    let at = json!({"id": id, "created_at": "2027-01-15T12:00:00Z", "updated_at": "2027-01-15T12:00:00Z"});
    assert_eq!(first, over(whole(), &at));
    let empty = made(&gateway, json!({"name": "Empty", "flow": null})).await;
    for name in [
        "flow",
        "language",
        "confirm",
        "resume",
        "accept_ref",
        "inactive_message",
    ] {
        assert_eq!(empty[name], Value::Null, "{name}");
    }
    assert_eq!(empty["token"], json!({}));
    let (_, list) = gateway.get("/presets?limit=1").await;
    assert_eq!(list["items"], json!([empty]));
    let (_, list) = gateway
        .get(&format!("/presets?cursor={}", text(&list["next_cursor"])))
        .await;
    assert_eq!(
        (&list["items"], &list["next_cursor"]),
        (&json!([first]), &Value::Null)
    );

    gateway.clock.advance(60_000);
    let changed = json!({"name": "adults WITH aml", "token": {"ageLimit": 21}});
    let answer = ask(&links, Method::PUT, &format!("/{id}"), &changed).await;
    let (status, now) = told(answer).await;
    assert_eq!((status, &now["token"]), (200, &json!({"ageLimit": 21})));
    assert_eq!(
        (&now["flow"], &now["name"]),
        (&Value::Null, &json!("adults WITH aml"))
    );
    assert_eq!(now["created_at"], first["created_at"]);
    assert_eq!(now["updated_at"], "2027-01-15T12:01:00Z");
    assert_eq!(gateway.get(&format!("/presets/{id}")).await, (200, now));

    for (key, method, path) in [
        (&read, Method::POST, String::new()),
        (&read, Method::PUT, format!("/{id}")),
        (&read, Method::DELETE, format!("/{id}")),
        (&links, Method::GET, String::new()),
        (&links, Method::GET, format!("/{id}")),
    ] {
        problem(ask(key, method, &path, &whole()).await, 403, "forbidden").await;
    }
    let gone = ask(&links, Method::DELETE, &format!("/{id}"), &json!({})).await;
    assert_eq!(gone.status(), 204);
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let answer = ask(&gateway.key, method, &format!("/{id}"), &whole()).await;
        problem(answer, 404, "not_found").await;
    }
    let (_, log) = gateway.get("/audit").await;
    let acts: Vec<_> = log["items"].as_array().unwrap()[..4]
        .iter()
        .map(|line| (text(&line["action"]), text(&line["actor"]["kind"])))
        .collect();
    let by_key = ["deleted", "updated", "created", "created"];
    assert_eq!(
        acts,
        by_key.map(|done| (&*format!("preset.{done}").leak(), "key"))
    );
}

async fn a_preset_is_checked_as_a_link_is(context: Context) {
    let gateway = Gateway::start(&context).await;
    let first = made(&gateway, json!({"name": "First"})).await;
    let second = made(&gateway, json!({"name": "Second"})).await;
    for (body, wanted) in [
        (
            json!({
                "name": "", "flow": "document", "language": "xx", "confirm": 1, "resume": "no", "accept_ref": [],
                "inactive_message": "", "bogus": 1, "usage": {"type": "single"},
                "token": {"country": ["DE", "xx"], "min_age": 18, "nope": 1}
            }),
            vec![
                "accept_ref",
                "bogus",
                "confirm",
                "inactive_message",
                "language",
                "name",
                "resume",
                "token.country[1]",
                "token.min_age",
                "token.nope",
                "usage",
            ],
        ),
        (json!({}), vec!["name"]),
        (
            json!({"name": "A", "flow": "none", "token": 7}),
            vec!["flow"],
        ),
        (
            json!({"name": "A", "flow": "selfie", "token": {}}),
            vec!["token.confidence_threshold", "token.min_age"],
        ),
        (json!({"name": "FIRST"}), vec!["name"]),
    ] {
        let (status, told) = gateway.post("/presets", body.clone()).await;
        assert_eq!((status, fields(&told)), (422, wanted.clone()), "{told}");
        let (status, told) = put(&gateway, &second, body).await;
        assert_eq!((status, fields(&told)), (422, wanted), "{told}");
    }
    assert_eq!(put(&gateway, &first, json!({"name": "FIRST"})).await.0, 200);
    for (preset, why) in [(json!("None"), "id or name"), (json!(7), "string")] {
        refused(&gateway, &json!({"preset": preset}), &["preset"]).await;
        let body = json!({"preset": preset, "name": "", "usage": {"type": "single"}});
        let (_, told) = gateway.post("/links", body).await;
        assert_eq!(fields(&told), ["name", "preset"]);
        assert!(told["errors"].to_string().contains(why), "{told}");
    }
    let unset = gateway.link(json!({"preset": null})).await;
    assert_eq!(unset["flow"], "document_and_selfie");
}

async fn what_a_link_gives_beats_its_preset_and_later_changes_pass_it_by(context: Context) {
    let gateway = Gateway::start(&context).await;
    let preset = made(&gateway, whole()).await;
    let plain = gateway.link(json!({"preset": preset["id"]})).await;
    for name in [
        "flow",
        "language",
        "confirm",
        "resume",
        "accept_ref",
        "inactive_message",
        "token",
    ] {
        assert_eq!(plain[name], whole()[name], "{name}");
    }
    let own = gateway
        .link(json!({
            "preset": " adults with AML ", "language": "lt", "confirm": false, "inactive_message": null,
            "token": {"country": "EE", "checkAml": null, "clientId": "c-1"}
        }))
        .await;
    let wanted = json!({"country": "EE", "checkAml": true, "ageLimit": 18, "clientId": "c-1"});
    assert_eq!((&own["token"], &own["language"]), (&wanted, &json!("lt")));
    assert_eq!(
        (&own["confirm"], &own["resume"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(own["inactive_message"], whole()["inactive_message"]);
    let age = json!({"preset": preset["id"], "flow": "selfie", "token": {"min_age": 21, "confidence_threshold": 90}});
    let age = gateway.link(age).await;
    assert_eq!(
        age["token"],
        json!({"min_age": 21, "confidence_threshold": 90})
    );
    let together = json!({"preset": preset["id"], "token": {"ageMax": 17}});
    refused(&gateway, &together, &["token.ageMax"]).await;

    let other = json!({"name": "Other", "language": "fr", "token": {"checkAml": false}});
    assert_eq!(put(&gateway, &preset, other).await.0, 200);
    let path = format!("/links/{}", text(&plain["id"]));
    assert_eq!(gateway.get(&path).await.1, plain);
    let click = gateway.click(&own).await;
    assert_eq!(click.status(), 302);
    let minted = gateway.idenfy.calls().pop().unwrap().body;
    assert_eq!(
        (&minted["locale"], &minted["checkAml"]),
        (&json!("lt"), &json!(true))
    );
}

async fn rows_name_presets_and_the_same_request_again_tells_what_was_made_then(context: Context) {
    let gateway = Gateway::start(&context).await;
    let age = json!({"name": "Age | 18", "flow": "selfie", "confirm": true, "token": {"min_age": 18, "confidence_threshold": 85}});
    let age = made(&gateway, age).await;
    let adults = made(&gateway, whole()).await;
    let send = async |kind: &str, body: String| {
        let request = gateway.request(Method::POST, "/api/v1/links/bulk");
        let request = request
            .bearer_auth(&gateway.key)
            .header("Idempotency-Key", kind)
            .header("Content-Type", kind);
        told(request.body(body).send().await.unwrap()).await
    };
    let csv = "preset;name;usage;confirm;token.min_age;token.checkAml\n\
        Age | 18;A;single;;;\nage | 18;B;single;false;21;\nADULTS with aml;C;single;;;false\n;D;single;;;true\n";
    let json =
        json!({"links": [{"name": "E", "usage": {"type": "single"}, "preset": adults["id"]}]});
    let (status, by_csv) = send("text/csv", csv.to_owned()).await;
    assert_eq!(status, 201, "{by_csv}");
    let (status, by_json) = send("application/json", json.to_string()).await;
    assert_eq!(status, 201, "{by_json}");
    let (tokens, confirms): (Vec<_>, Vec<_>) = by_csv["items"]
        .as_array()
        .unwrap()
        .iter()
        .chain(by_json["items"].as_array().unwrap())
        .map(|link| (link["token"].clone(), link["confirm"].clone()))
        .unzip();
    let adult = |aml: bool| over(whole()["token"].clone(), &json!({ "checkAml": aml }));
    assert_eq!(
        tokens,
        [
            json!({"min_age": 18, "confidence_threshold": 85}),
            json!({"min_age": 21, "confidence_threshold": 85}),
            adult(false),
            json!({"checkAml": true}),
            adult(true),
        ]
    );
    assert_eq!(json!(confirms), json!([true, false, true, false, true]));

    // What is told again is what was made, whatever became of the presets.
    assert_eq!(put(&gateway, &adults, json!({"name": "Else"})).await.0, 200);
    let path = format!("/presets/{}", text(&age["id"]));
    assert_eq!(gateway.api(Method::DELETE, &path, None).await.0, 204);
    assert_eq!(send("text/csv", csv.to_owned()).await, (201, by_csv));
    assert_eq!(
        send("application/json", json.to_string()).await,
        (201, by_json)
    );
    let request = gateway.request(Method::POST, "/api/v1/links/bulk?dry_run=true");
    let request = request
        .bearer_auth(&gateway.key)
        .header("Content-Type", "text/csv");
    let (status, told) = told(request.body(csv).send().await.unwrap()).await;
    assert_eq!(status, 422);
    assert_eq!(
        fields(&told),
        [
            "links[0].preset",
            "links[1].preset",
            "links[1].token.min_age",
            "links[2].preset"
        ]
    );
}

async fn the_command_line_takes_presets(context: Context) {
    let database = context.engine.database().await;
    let idenfy = ScriptedIdenfy::start().await;
    let binary = Binary::new(&database, &idenfy);
    let process = binary.serve(&[]).await;
    let client = binary.client(&process).await;
    let (status, preset) = client.api(Method::POST, "/presets", Some(whole())).await;
    assert_eq!(status, 201, "{preset}");
    let create = [
        "link",
        "create",
        "--single",
        "--json",
        "--preset",
        "Adults with AML",
        "--name",
    ];
    let made = binary.done(&[&create[..], &["Plain"]].concat()).await;
    let plain: Value = serde_json::from_str(&made).unwrap();
    assert_eq!(
        (&plain["flow"], &plain["confirm"]),
        (&json!("document"), &json!(true))
    );
    let more = [
        "Own",
        "--confirm=false",
        "--language",
        "lt",
        "--token",
        r#"{"ageLimit": 21}"#,
    ];
    let made = binary.done(&[&create[..], &more].concat()).await;
    let own: Value = serde_json::from_str(&made).unwrap();
    assert_eq!(
        (&own["confirm"], &own["resume"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(
        (&own["language"], &own["token"]["ageLimit"]),
        (&json!("lt"), &json!(21))
    );
    assert_eq!(own["token"]["checkAml"], true);
    let file = binary.file("rows.csv", "name,usage,preset\nA,single,Adults with AML\n");
    assert_eq!(binary.run(&["link", "import", &file]).await.code, Some(0));
    let wrong = binary
        .run(&[
            "link", "create", "--single", "--name", "N", "--preset", "None",
        ])
        .await;
    assert_eq!(wrong.code, Some(1));
    assert_eq!(
        wrong.err.trim(),
        "entrypass: preset: must be the id or name of a preset"
    );
    let store = Store::open(&database.url).await.unwrap();
    assert_eq!(store.presets(None, 9).await.unwrap().len(), 1);
    let list = client.get("/links").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 3);
    assert_eq!(list["items"][0]["language"], "de");
}
