use serde_json::json;

use super::*;

fn refused(name: &str, value: Value) -> bool {
    let mut given = Map::from_iter([("clientId".to_owned(), json!("c"))]);
    given.insert(name.to_owned(), value);
    check(&given).is_err()
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is one table of cases")]
fn values_at_the_documented_limits_are_taken_and_those_beyond_are_refused() {
    let (long, x) = (|n: usize| json!("x".repeat(n)), "additionalData");
    let url = |n: usize| json!(format!("https://e.example/{}", "x".repeat(n - 18)));
    let cases = [
        (
            "clientId",
            vec![long(1), long(100)],
            vec![long(101), json!(""), json!("é"), json!(7)],
        ),
        (
            "externalRef",
            vec![long(40), json!(null)],
            vec![long(41), json!("ü")],
        ),
        (
            "tokenType",
            vec![json!("DOCUMENT")],
            vec![json!("document"), json!("SELFIE")],
        ),
        (
            "firstName",
            vec![json!("Ana-María O'Neil"), long(100)],
            vec![json!("A1"), json!("<b>"), long(101)],
        ),
        (
            "dateOfBirth",
            vec![json!("1990-02-28")],
            vec![json!("1990-02-30"), json!("28.02.1990")],
        ),
        (
            "nationality",
            vec![json!("LT"), json!("ALL")],
            vec![json!("lt"), json!("ZZ")],
        ),
        ("sex", vec![json!("M")], vec![json!("X")]),
        ("personalNumber", vec![long(50)], vec![long(51)]),
        ("address", vec![long(255)], vec![long(256)]),
        (
            "country",
            vec![json!("DE"), json!(["DE", "AT"])],
            vec![json!("DEU"), json!([]), json!(["DE", 1])],
        ),
        (
            "documents",
            vec![json!(["PASSPORT", "MIT_ID"])],
            vec![json!("PASSPORT"), json!(["CARD"]), json!([])],
        ),
        (
            "locale",
            vec![json!("zh_TW"), json!("sevench")],
            vec![json!("eight_ch")],
        ),
        (
            "expiryTime",
            vec![json!(0), json!(2_592_000)],
            vec![json!(-1), json!(2_592_001), json!("60"), json!(1.5)],
        ),
        (
            "sessionLength",
            vec![json!(60), json!(3600)],
            vec![json!(59), json!(3601)],
        ),
        (
            "successUrl",
            vec![url(2048), json!("http://127.0.0.1:9/x")],
            vec![url(2049), json!("http://e.example/"), json!("x")],
        ),
        (
            "callbackUrl",
            vec![json!("https://e.example")],
            vec![json!("ftp://e.example"), json!("javascript:alert(1)")],
        ),
        (
            "riskAssessmentProfile",
            vec![json!(3), json!("ec6a7108-8c26-11e9-9758-309c231b1bac")],
            vec![json!("three")],
        ),
        (
            "theme",
            vec![json!("ec6a7108-8c26-11e9-9758-309c231b1bac")],
            vec![json!(3)],
        ),
        (
            "registryCentersCountries",
            vec![json!(["LT"])],
            vec![json!("LT")],
        ),
        (x, vec![json!({})], vec![json!([])]),
        (
            "checkAml",
            vec![json!(true), json!(null)],
            vec![json!("true"), json!(1)],
        ),
        (
            "dummyStatus",
            vec![json!("DENIED")],
            vec![json!("CANCELLED")],
        ),
        ("somethingElse", vec![json!("ignored")], vec![]),
    ];
    for (name, good, bad) in cases {
        for value in good {
            assert!(
                !refused(name, value.clone()),
                "{name}: {value} should be taken"
            );
        }
        for value in bad {
            assert!(
                refused(name, value.clone()),
                "{name}: {value} should be refused"
            );
        }
    }
}

#[test]
fn a_client_is_needed_under_either_name() {
    assert!(check(&Map::new()).is_err());
    assert!(check(&Map::from_iter([("personScanRef".to_owned(), json!("c"))])).is_ok());
}

#[test]
fn a_utility_bill_does_not_go_with_additional_steps() {
    let given = json!({"clientId": "c", "utilityBill": true, "additionalSteps": {}});
    assert!(check(given.as_object().unwrap()).is_err());
}

#[test]
fn undocumented_names_are_told() {
    let given = json!({"clientId": "c", "checkAml": true, "email": "a@b"});
    assert_eq!(unknown(given.as_object().unwrap()), ["email"]);
}
