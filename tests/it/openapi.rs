//! The API's description, held against the gateway that runs.

use std::collections::BTreeSet;

use entrypass::web::api::openapi;
use reqwest::Method;
use reqwest::header::IF_NONE_MATCH;
use serde_json::{Map, Value, json};

use crate::harness::gateway::{Told, text, told};
use crate::harness::{Context, Gateway, Receiver, tests};

tests!(
    "openapi",
    [
        both_forms_are_public_and_not_sent_again_to_who_has_them,
        the_page_for_people_is_whole_and_keeps_to_the_content_security_policy,
        every_call_that_is_described_is_answered_and_asks_for_its_scope,
        every_parameter_that_is_described_is_read,
        the_fields_that_are_described_are_the_fields_that_are_read,
        what_is_answered_has_the_fields_that_are_described,
    ]
);

fn document() -> Value {
    serde_json::from_str(&openapi::json()).unwrap()
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

async fn endpoint(gateway: &Gateway) -> Value {
    crate::api_endpoints::endpoint(gateway, "https://example.invalid/hook", &json!({})).await
}

/// Path, method and description of every call.
fn calls(document: &Value) -> impl Iterator<Item = (&str, Method, &Value)> {
    object(&document["paths"]).iter().flat_map(|(path, item)| {
        object(item).iter().map(|(method, call)| {
            let method = method.to_uppercase().parse().unwrap();
            (path.as_str(), method, call)
        })
    })
}

async fn both_forms_are_public_and_not_sent_again_to_who_has_them(context: Context) {
    let gateway = Gateway::start(&context).await;
    for (path, kind) in [
        ("/openapi.json", "application/json"),
        ("/docs", "text/html; charset=utf-8"),
    ] {
        let first = gateway.request(Method::GET, path).send().await.unwrap();
        assert_eq!(first.status(), 200);
        assert_eq!(first.headers()["content-type"], kind);
        assert_eq!(first.headers()["cache-control"], "public, max-age=300");
        let tag = first.headers()["etag"].clone();
        if path == "/openapi.json" {
            assert_eq!(first.text().await.unwrap(), openapi::json());
        }
        let again = gateway
            .request(Method::GET, path)
            .header(IF_NONE_MATCH, tag);
        assert_eq!(again.send().await.unwrap().status(), 304);
        let head = gateway.request(Method::HEAD, path).send().await.unwrap();
        assert_eq!(head.status(), 200);
    }
}

async fn the_page_for_people_is_whole_and_keeps_to_the_content_security_policy(context: Context) {
    let gateway = Gateway::start(&context).await;
    let answer = gateway.request(Method::GET, "/docs").send().await.unwrap();
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("style-src 'self'"));
    let page = answer.text().await.unwrap();
    for banned in [
        "<script", "<style", " style=", " onclick", "src=\"", "url(", "<iframe",
    ] {
        assert!(!page.contains(banned), "{banned}");
    }
    let attributes = |name: &str| {
        let begin = format!(" {name}=\"");
        let values = page
            .split(&begin)
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap());
        values.map(str::to_owned).collect::<Vec<_>>()
    };
    let anchors = attributes("id");
    let unique: BTreeSet<_> = anchors.iter().collect();
    assert_eq!(unique.len(), anchors.len(), "an anchor is there twice");
    for link in attributes("href") {
        if let Some(anchor) = link.strip_prefix('#') {
            assert!(unique.contains(&anchor.to_owned()), "{link} leads nowhere");
        } else {
            let answer = gateway.request(Method::GET, &link).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{link}");
        }
    }
    let document = document();
    for (path, _, call) in calls(&document) {
        assert!(
            unique.contains(&text(&call["operationId"]).to_owned()),
            "{path}"
        );
        assert!(page.contains(&format!("<code>{path}</code>")), "{path}");
    }
}

async fn every_call_that_is_described_is_answered_and_asks_for_its_scope(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut keys = Vec::new();
    for scope in ["read", "links", "sessions", "admin"] {
        let (_, key) = gateway
            .post("/keys", json!({"name": scope, "scopes": [scope]}))
            .await;
        keys.push((scope, text(&key["key"]).to_owned()));
    }
    let document = document();
    for (path, method, call) in calls(&document) {
        let nobody = "01977d0e-5d3a-7c42-9f0b-6c1a2b3d4e5f";
        let path = path
            .replace("{id}", nobody)
            .replace("{delivery_id}", nobody);
        let ask = async |key: Option<&str>| {
            let mut request = gateway.request(method.clone(), &format!("{path}?zz="));
            if let Some(key) = key {
                // A parameter and a field that nobody knows: nothing comes of the call.
                request = request.bearer_auth(key).json(&json!({"zz": 0}));
            }
            told(request.send().await.unwrap()).await
        };
        let Some(scope) = call["security"][0]["bearer"][0].as_str() else {
            let (status, _) = ask(None).await;
            assert!(
                call["responses"].get(status.to_string()).is_some(),
                "{method} {path}: {status}"
            );
            continue;
        };
        assert_eq!(ask(None).await.0, 401, "{method} {path}");
        for (given, key) in &keys {
            let (status, problem) = ask(Some(key)).await;
            let may = *given == scope || *given == "admin";
            assert_eq!(status != 403, may, "{method} {path} with {given}");
            assert!(status != 405, "{method} {path}");
            assert!(
                status != 404 || path.contains("01977d0e"),
                "{method} {path}"
            );
            assert!(
                call["responses"].get(status.to_string()).is_some(),
                "{method} {path}: {status}"
            );
            assert!(may || text(&problem["detail"]).contains(scope), "{problem}");
        }
    }
}

async fn every_parameter_that_is_described_is_read(context: Context) {
    let gateway = Gateway::start(&context).await;
    let (link, endpoint) = (gateway.link(json!({})).await, endpoint(&gateway).await);
    let document = document();
    let mut read = 0;
    for (path, method, call) in calls(&document) {
        let of = if path.contains("/endpoints/") {
            &endpoint
        } else {
            &link
        };
        let path = path.replace("{id}", text(&of["id"]));
        for parameter in call["parameters"].as_array().into_iter().flatten() {
            // What a POST's mean is tried where the call itself is.
            if parameter["in"] == "query" && method == Method::GET {
                let path = format!("{path}?{}=", text(&parameter["name"]));
                let request = gateway
                    .request(method.clone(), &path)
                    .bearer_auth(&gateway.key);
                let answer = request.send().await.unwrap();
                if answer.headers()["content-type"] == "text/event-stream" {
                    // It has no end that could be waited for.
                    assert_eq!(answer.status(), 200, "{path} {parameter}");
                } else {
                    let (status, answer) = told(answer).await;
                    assert_eq!(status, 200, "{path} {parameter}: {answer}");
                }
                read += 1;
            }
        }
    }
    assert!(read > 10, "{read}");
}

/// Whether the call reads the field `name`: sent with null, which is never wrong where a field may be left out.
fn is_read((status, problem): &Told, name: &str) -> bool {
    assert_eq!(*status, 422, "{problem}");
    let errors = problem["errors"].as_array().unwrap();
    let mut own = errors.iter().filter(|error| error["field"] == name);
    own.all(|error| matches!(text(&error["message"]), "is required" | "must be a string"))
}

async fn the_fields_that_are_described_are_the_fields_that_are_read(context: Context) {
    let provider = Receiver::start().await;
    let sends = crate::messages_sms::by(&provider);
    let gateway = Gateway::with(&context, |config| {
        crate::api_invitations::with_email(config);
        sends(config);
    })
    .await;
    let invitation = json!({"client_id": "c-1"});
    let (_, invitation) = gateway.post("/invitations", invitation).await;
    let (link, endpoint) = (gateway.link(json!({})).await, endpoint(&gateway).await);
    let document = document();
    let schemas = object(&document["components"]["schemas"]);
    // Whatever is named anywhere: a field that a parser learns is most likely answered, too.
    let fields = |schema: &Value| {
        let names = schema["properties"]
            .as_object()
            .into_iter()
            .flat_map(Map::keys);
        names.cloned().collect::<BTreeSet<_>>()
    };
    let all: BTreeSet<String> = schemas.values().flat_map(fields).collect();
    let mut compared = 0;
    for (path, method, call) in calls(&document) {
        let Some(body) =
            call["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str()
        else {
            continue;
        };
        let described = fields(&schemas[body.rsplit('/').next().unwrap()]);
        let of = if path.contains("/endpoints/") {
            &endpoint
        } else if path.contains("/invitations/") {
            &invitation
        } else {
            &link
        };
        let path = path.replace("/api/v1", "").replace("{id}", text(&of["id"]));
        let mut read = BTreeSet::new();
        for name in &all {
            // The second field makes sure that nothing comes of the call.
            let body = json!({name: null, "zz": 0});
            if is_read(&gateway.api(method.clone(), &path, Some(body)).await, name) {
                read.insert(name.clone());
            }
        }
        assert_eq!(read, described, "{method} {path}");
        compared += 1;
    }
    assert_eq!(compared, 14);
    assert_eq!(gateway.idenfy.minted(), 0);
}

/// The fields of a schema, also of one that is put together of several.
fn fields_of<'a>(schemas: &'a Value, schema: &'a Value) -> Map<String, Value> {
    if let Some(name) = schema["$ref"].as_str() {
        return fields_of(schemas, &schemas[name.rsplit('/').next().unwrap()]);
    }
    let parts = schema["allOf"].as_array().into_iter().flatten();
    let mut fields: Map<_, _> = parts.flat_map(|part| fields_of(schemas, part)).collect();
    let own = schema["properties"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let required = schema["required"].as_array().map_or(0, Vec::len);
    assert_eq!(required, own.len(), "a field may be missing: {schema}");
    fields.extend(own);
    fields
}

/// In no order: a part that is taken in is described before the others, wherever it stands in the answer.
fn names(map: &Map<String, Value>) -> BTreeSet<&String> {
    map.keys().collect()
}

async fn what_is_answered_has_the_fields_that_are_described(context: Context) {
    let provider = Receiver::start().await;
    let gateway = Gateway::with(&context, crate::messages_sms::by(&provider)).await;
    let document = document();
    let schemas = &document["components"]["schemas"];
    let link = gateway.link(json!({})).await;
    let (_, started) = gateway
        .post("/sessions", json!({"token": {"clientId": "c"}}))
        .await;
    let (_, session) = gateway
        .get(&format!("/sessions/{}", text(&started["id"])))
        .await;
    let (_, made) = gateway
        .post("/keys", json!({"name": "k", "scopes": ["read"]}))
        .await;
    let (_, preset) = gateway.post("/presets", json!({"name": "p"})).await;
    let (_, key) = gateway.get(&format!("/keys/{}", text(&made["id"]))).await;
    let (_, page) = gateway.get("/links").await;
    let made_endpoint = endpoint(&gateway).await;
    let path = format!("/endpoints/{}", text(&made_endpoint["id"]));
    let (_, endpoint) = gateway.get(&path).await;
    let (_, test) = gateway.post(&format!("{path}/test"), json!({})).await;
    let (_, stats) = gateway
        .get(&format!("/links/{}/stats", text(&link["id"])))
        .await;
    let path = format!("/links/{}/send", text(&link["id"]));
    let (_, message) = gateway.post(&path, json!({"phone": "+4930901820"})).await;
    let (_, invitation) = gateway
        .post("/invitations", json!({"client_id": "c-2", "campaign": "C"}))
        .await;
    let campaign = format!("/campaigns/{}", text(&invitation["campaign"]["id"]));
    let (_, campaign) = gateway.get(&campaign).await;
    for (name, answer) in [
        ("Invitation", &invitation),
        ("CampaignName", &invitation["campaign"]),
        ("CampaignWithFunnel", &campaign),
        ("Funnel", &campaign["funnel"]),
        ("Message", &message),
        ("Segments", &message["segments"]),
        ("Link", &link),
        ("Usage", &link["usage"]),
        ("StartedSession", &started),
        ("Session", &session),
        ("Checks", &session["checks"]),
        ("Preset", &preset),
        ("MadeKey", &made),
        ("Key", &key),
        ("Page_Link", &page),
        ("MadeEndpoint", &made_endpoint),
        ("Endpoint", &endpoint),
        ("SentTest", &test),
        ("LinkStats", &stats),
        ("LinkDay", &stats["days"][0]),
        ("LinkNumbers", &stats["total"]),
        ("LinkIgnored", &stats["total"]["ignored"]),
    ] {
        let described = fields_of(schemas, &schemas[name]);
        assert_eq!(names(object(answer)), names(&described), "{name}");
        if let Some(example) = schemas[name]["examples"].get(0) {
            assert_eq!(names(object(example)), names(&described), "{name}");
        }
    }
}
