//! What the properties are fed with, and how they are run.

use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::Gateway;

/// Runs a property over HTTP; what it says in `Err` is told with the smallest input that shows it.
pub fn check<S, F>(strategy: S, property: impl Fn(S::Value) -> F)
where
    S: Strategy,
    S::Value: Debug,
    F: Future<Output = Result<(), String>>,
{
    let config = Config {
        failure_persistence: None,
        max_shrink_iters: 300,
        ..Config::default()
    };
    let now = tokio::runtime::Handle::current();
    let outcome = TestRunner::new(config).run(&strategy, |input| {
        let told = tokio::task::block_in_place(|| now.block_on(property(input)));
        told.map_err(TestCaseError::fail)
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

/// Any text, control characters and all.
pub fn texts() -> impl Strategy<Value = String> {
    let odd = select(vec![
        "",
        "\0",
        "a\0b",
        "\u{feff}",
        "\u{202e}",
        "\u{fffd}",
        "😀",
        "null",
        "-1",
        "1e999",
        "%00",
        "' OR 1=1 --",
        "{{7*7}}",
        "\r\nX-Y: z",
        "../..",
        "epk-",
        "DE",
        "single",
        "2027-03-01T00:00:00Z",
        "https://example.com",
        "document",
    ]);
    prop_oneof![
        vec(any::<char>(), 0..20).prop_map(String::from_iter),
        odd.prop_map(str::to_owned),
        (any::<char>(), 0..3000_usize).prop_map(|(c, n)| c.to_string().repeat(n)),
    ]
}

/// Any JSON, its keys often those that mean something.
pub fn documents() -> impl Strategy<Value = Value> {
    let names = select(vec![
        "name",
        "usage",
        "type",
        "limit",
        "expires_at",
        "language",
        "flow",
        "slug",
        "confirm",
        "resume",
        "accept_ref",
        "signed",
        "inactive_message",
        "preset",
        "token",
        "clientId",
        "country",
        "documents",
        "additionalSteps",
        "scopes",
        "scanRef",
        "status",
        "overall",
        "final",
        "fraudTags",
        "authToken",
        "redirectUrl",
        "expiryTime",
        "personScanRef",
        "outcome",
    ]);
    let keys = prop_oneof![names.prop_map(str::to_owned), texts()];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        texts().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            hash_map(keys.clone(), inner, 0..6).prop_map(|map| Value::Object(Map::from_iter(map))),
        ]
    })
}

/// A change at one place of a document.
#[derive(Debug, Clone)]
pub enum Change {
    Put(Value),
    Remove,
    Rename(String),
    Wrap,
}

pub fn changes() -> impl Strategy<Value = Vec<(Index, Change)>> {
    let change = prop_oneof![
        4 => documents().prop_map(Change::Put),
        1 => Just(Change::Remove),
        1 => texts().prop_map(Change::Rename),
        1 => Just(Change::Wrap),
    ];
    vec((any::<Index>(), change), 1..4)
}

pub fn changed(mut document: Value, changes: &[(Index, Change)]) -> Value {
    for (place, change) in changes {
        let mut places = Vec::new();
        collect(&document, "", &mut places);
        if places.is_empty() {
            break;
        }
        let (parent, name) = places.swap_remove(place.index(places.len()));
        let Some(parent) = document.pointer_mut(&parent) else {
            continue;
        };
        apply(parent, &name, change);
    }
    document
}

/// Every member and item: the pointer of what holds it, and its name there.
fn collect(document: &Value, at: &str, places: &mut Vec<(String, String)>) {
    let below: Vec<(String, &Value)> = match document {
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(n, value)| (n.to_string(), value))
            .collect(),
        _ => return,
    };
    for (name, value) in below {
        places.push((at.to_owned(), name.clone()));
        let escaped = name.replace('~', "~0").replace('/', "~1");
        collect(value, &format!("{at}/{escaped}"), places);
    }
}

fn apply(parent: &mut Value, name: &str, change: &Change) {
    match (parent, change) {
        (Value::Object(map), Change::Remove) => drop(map.remove(name)),
        (Value::Object(map), Change::Rename(new)) => {
            let value = map.remove(name).unwrap_or_default();
            map.insert(new.clone(), value);
        }
        (Value::Array(items), Change::Remove | Change::Rename(_)) => drop(items.pop()),
        (parent, Change::Put(value)) => *place(parent, name) = value.clone(),
        (parent, Change::Wrap) => {
            let value = place(parent, name);
            *value = json!([value.take()]);
        }
        _ => {}
    }
}

fn place<'a>(parent: &'a mut Value, name: &str) -> &'a mut Value {
    match parent {
        Value::Array(items) => &mut items[name.parse::<usize>().expect("an index")],
        object => &mut object[name],
    }
}

/// What a raw request was answered: status and body; `None` when the connection ended with nothing said.
pub async fn raw(gateway: &Gateway, request: &[u8]) -> Result<(u16, Vec<u8>), String> {
    let talk = async {
        let address = gateway.base.strip_prefix("http://").expect("an address");
        let mut stream = TcpStream::connect(address).await?;
        let mut answer = Vec::new();
        // The gateway may refuse and close before all is sent: what it said is what counts.
        let _ = stream.write_all(request).await;
        let _ = stream.read_to_end(&mut answer).await;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = tokio::time::timeout(Duration::from_secs(30), talk).await;
    let answer = answer
        .map_err(|_| "no end of the answer")?
        .map_err(|error| error.to_string())?;
    let status = answer
        .get(9..12)
        .and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    let status =
        status.ok_or_else(|| format!("no answer: {}", String::from_utf8_lossy(&answer)))?;
    let body = answer
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .map_or(answer.len(), |at| at + 4);
    Ok((status, answer[body..].to_vec()))
}
