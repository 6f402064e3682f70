//! What holds for the document as a whole; `tests/it/openapi.rs` holds it against the gateway that runs.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::*;
use crate::domain::id::LinkId;
use crate::domain::timestamp::Timestamp;
use crate::web::api::presets_known::Presets;
use crate::web::api::{CALLS, link_input};

const SNAPSHOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots/openapi.json");

fn value() -> Value {
    serde_json::from_str(&json()).unwrap()
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

#[test]
fn the_document_is_the_one_that_was_looked_at_last() {
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(SNAPSHOT, json()).unwrap();
    }
    let kept = std::fs::read_to_string(SNAPSHOT).unwrap_or_default();
    assert!(
        kept == json(),
        "The API's description changed. Run `UPDATE_SNAPSHOTS=1 cargo test`, and look at what changed in \
         tests/snapshots/openapi.json: whoever uses the API will."
    );
}

#[test]
fn what_is_routed_is_what_is_described() {
    let document = value();
    let mut described = BTreeSet::new();
    for (path, item) in object(&document["paths"]) {
        for method in object(item).keys() {
            described.insert((method.clone(), path.clone()));
        }
    }
    let outside = [
        ("get", "/health/live"),
        ("get", "/health/ready"),
        ("post", "/webhooks/idenfy"),
    ];
    let routed: BTreeSet<_> = CALLS
        .iter()
        .map(|(method, path)| ((*method).to_owned(), format!("/api/v1{path}")))
        .chain(outside.map(|(method, path)| (method.to_owned(), path.to_owned())))
        .collect();
    assert_eq!(described, routed);
}

#[test]
fn every_call_has_a_name_of_its_own_a_summary_a_group_and_a_scope() {
    let document = value();
    let mut names = BTreeSet::new();
    for (path, item) in object(&document["paths"]) {
        for (method, call) in object(item) {
            let name = call["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} is there twice");
            assert!(
                call["summary"]
                    .as_str()
                    .is_some_and(|text| text.ends_with('.')),
                "{name}"
            );
            let group = call["tags"][0].as_str().unwrap();
            assert!(TAGS.iter().any(|(tag, _)| *tag == group), "{name}: {group}");
            let scope = call["security"][0]["bearer"][0].as_str();
            assert_eq!(scope.is_some(), path.starts_with("/api/v1/"), "{name}");
            if method == "get" && scope.is_some() {
                assert!(matches!(scope, Some("read" | "admin")), "{name}");
            }
            let text = call.to_string();
            assert!(
                !text.contains("# Errors") && !text.contains("contract"),
                "{name}"
            );
        }
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_referred_to() {
    fn collect(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(to)) = map.get("$ref") {
                    found.insert(to.clone());
                }
                map.values().for_each(|value| collect(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| collect(value, found)),
            _ => {}
        }
    }
    let document = value();
    let mut referred = BTreeSet::new();
    collect(&document, &mut referred);
    let mut there = BTreeSet::new();
    for kind in ["schemas", "responses"] {
        for name in object(&document["components"][kind]).keys() {
            there.insert(format!("#/components/{kind}/{name}"));
        }
    }
    assert_eq!(referred, there);
}

#[test]
fn every_field_that_is_described_says_what_it_is() {
    let document = value();
    for (name, schema) in object(&document["components"]["schemas"]) {
        let parts = schema["allOf"]
            .as_array()
            .map_or_else(|| vec![schema], |all| all.iter().collect());
        for (field, schema) in parts
            .iter()
            .filter_map(|part| part["properties"].as_object())
            .flatten()
        {
            let is_named = schema.to_string().contains("$ref");
            assert!(
                is_named || schema["description"].is_string(),
                "{name}.{field}"
            );
        }
    }
}

#[test]
fn the_example_of_a_new_link_is_one_that_is_made() {
    let document = value();
    let Value::Object(example) =
        document["components"]["schemas"]["NewLink"]["examples"][0].clone()
    else {
        panic!("no example");
    };
    let now = Timestamp::parse("2027-01-15T12:00:00Z").unwrap();
    let presets = Presets::default();
    let made = link_input::parse(LinkId::new(uuid::Uuid::nil()), example, &presets, now);
    assert!(made.is_ok(), "{made:?}");
}
