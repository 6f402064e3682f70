use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::flow::Flow::{self, Document, DocumentAndSelfie, Selfie};
use super::TokenOptions;
use super::cases::{age, bad, bad_for_age_estimation, good};

/// The fields that are wrong in `given`, with what is said of them.
fn wrong(flow: Flow, given: &Value) -> Vec<(String, String)> {
    match TokenOptions::parse(flow, Some(given)) {
        Ok(_) => Vec::new(),
        Err(errors) => errors
            .into_vec()
            .into_iter()
            .map(|e| (e.field, e.message))
            .collect(),
    }
}

#[test]
fn what_is_good_is_kept_as_it_was_given() {
    for (flow, given) in good() {
        let options = TokenOptions::parse(flow, Some(&given))
            .unwrap_or_else(|errors| panic!("{given}: {errors:?}"));
        assert_eq!(Value::Object(options.as_map().clone()), given);
    }
}

#[test]
fn every_parameter_is_among_the_good_ones() {
    for flow in Flow::ALL {
        for field in TokenOptions::fields(flow) {
            let given =
                |(of, token): &(Flow, Value)| *of == flow && token.get(field.name).is_some();
            assert!(good().iter().any(given), "{}", field.name);
        }
    }
}

#[test]
fn what_is_bad_is_named() {
    let cases = bad();
    assert!(cases.len() >= 60);
    for flow in [DocumentAndSelfie, Document] {
        for (field, given) in &cases {
            let wrong = wrong(flow, given);
            assert_eq!(wrong.len(), 1, "{given}: {wrong:?}");
            assert_eq!(wrong[0].0, *field, "{given}: {wrong:?}");
        }
    }
}

#[test]
fn what_is_bad_for_an_age_estimation_is_named() {
    for (field, given) in bad_for_age_estimation() {
        let wrong = wrong(Selfie, &given);
        assert_eq!(wrong.len(), 1, "{given}: {wrong:?}");
        assert_eq!(wrong[0].0, field, "{given}: {wrong:?}");
    }
}

#[test]
fn an_age_estimation_without_a_token_lacks_what_is_required() {
    for given in [None, Some(&Value::Null), Some(&json!({}))] {
        let errors = TokenOptions::parse(Selfie, given).expect_err("two fields are missing");
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["min_age", "confidence_threshold"]);
        assert_eq!(
            TokenOptions::parse(Document, given).expect("nothing is required"),
            TokenOptions::default()
        );
    }
}

#[test]
fn everything_wrong_is_told_at_once_and_no_value_is_repeated() {
    let given = json!({
        "country": ["Hidden", "DE", "Hidden"], "firstName": "Hidden1", "expiryTime": "Hidden",
        "documents": ["Hidden"], "clientId": "Hidden\n", "theme": "Hidden", "successUrl": "Hidden",
        "locale": "Hidden", "foo": "Hidden", "ageLimit": 20, "ageMax": 10,
    });
    let wrong = wrong(DocumentAndSelfie, &given);
    let mut fields: Vec<_> = wrong.iter().map(|(field, _)| field.as_str()).collect();
    fields.sort_unstable();
    let expected = [
        "ageMax",
        "clientId",
        "country[0]",
        "country[2]",
        "documents[0]",
        "expiryTime",
        "firstName",
        "foo",
        "locale",
        "successUrl",
        "theme",
    ];
    assert_eq!(fields, expected);
    assert!(
        wrong.iter().all(|(_, message)| !message.contains("Hidden")),
        "{wrong:?}"
    );
}

#[test]
fn messages_say_what_to_do() {
    let cases = [
        (Document, json!({"tokenType": "DOCUMENT"}), "flow"),
        (Document, json!({"locale": "de"}), "language"),
        (
            Document,
            json!({"callbackUrl": "https://example.com"}),
            "settings",
        ),
        (Document, json!({"personScanRef": "c"}), "use clientId"),
        (Document, json!({"foo": 1}), "unknown field"),
        (
            Document,
            json!({"min_age": 18}),
            "unknown field for the flow document",
        ),
        (Document, json!({"expiryTime": 0}), "from 1 to 2592000"),
        (Document, json!({"country": "de"}), "upper case"),
        (Document, json!({"sex": "m"}), "must be one of M, F"),
        (Selfie, age(json!({"clientId": "c"})), "takes no clientId"),
        (
            Selfie,
            age(json!({"checkAml": true})),
            "unknown field for the flow selfie",
        ),
        (
            Selfie,
            age(json!({"webhook_url": "https://example.com"})),
            "settings",
        ),
    ];
    for (flow, given, part) in cases {
        let message = wrong(flow, &given).remove(0).1;
        assert!(message.contains(part), "{given}: {message}");
    }
}

#[test]
fn null_means_not_given() {
    let given = json!({"clientId": null, "country": null, "checkAml": true, "locale": null});
    let options = TokenOptions::parse(Document, Some(&given)).expect("nothing is wrong");
    assert_eq!(
        Value::Object(options.as_map().clone()),
        json!({"checkAml": true})
    );
}

#[test]
fn parameters_that_the_program_itself_reads_have_getters() {
    let given = json!({"clientId": "c", "externalRef": "r"});
    let options = TokenOptions::parse(Document, Some(&given)).expect("good");
    assert_eq!(
        (options.client_id(), options.external_ref()),
        (Some("c"), Some("r"))
    );
}

#[test]
fn debugging_shows_names_and_no_values() {
    let given = json!({"clientId": "jane@example.com"});
    let options = TokenOptions::parse(Document, Some(&given)).expect("good");
    assert_eq!(format!("{options:?}"), r#"TokenOptions{"clientId"}"#);
}

#[test]
fn the_schema_describes_every_parameter() {
    for flow in Flow::ALL {
        let schema = TokenOptions::schema(flow);
        for field in TokenOptions::fields(flow) {
            let described = &schema["properties"][field.name];
            assert_eq!(described["description"], field.about);
            assert!(
                described.get("type").or(described.get("anyOf")).is_some(),
                "{}",
                field.name
            );
        }
        let count = schema["properties"].as_object().map(Map::len);
        assert_eq!(
            count,
            Some(TokenOptions::fields(flow).len()),
            "no name comes twice"
        );
    }
    assert_eq!(
        TokenOptions::schema(Selfie)["required"],
        json!(["min_age", "confidence_threshold"])
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,40}|[A-Z]{2}|https://[ -~]{0,20}|[0-9]{4}-[0-9]{2}-[0-9]{2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("\\PC{0,10}", inner, 0..4)
                .prop_map(|map| map.into_iter().collect::<Value>()),
        ]
    })
}

/// Known names, with good values mostly, so that many are accepted.
fn any_token() -> impl Strategy<Value = Value> {
    let known = good().into_iter().flat_map(|(_, given)| match given {
        Value::Object(map) => map.into_iter().collect(),
        _ => Vec::new(),
    });
    let known = prop::sample::select(known.collect::<Vec<_>>());
    let parameter = prop_oneof![
        20 => known.clone(),
        1 => (known, any_json()).prop_map(|((name, _), value)| (name, value)),
    ];
    prop::collection::vec(parameter, 0..6).prop_map(|parameters| parameters.into_iter().collect())
}

proptest! {
    #[test]
    fn what_is_accepted_is_accepted_again(
        flow in prop::sample::select(Flow::ALL.to_vec()),
        given in prop_oneof![any_json(), any_token(), any_token().prop_map(age)],
    ) {
        if let Ok(options) = TokenOptions::parse(flow, Some(&given)) {
            let kept = Value::Object(options.as_map().clone());
            prop_assert_eq!(TokenOptions::parse(flow, Some(&kept)).expect("as before"), options);
        }
    }
}
