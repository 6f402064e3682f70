//! iDenfy's webhooks: signatures, and what their bodies say.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::domain::secret::Secret;
use crate::domain::session::Status;
use crate::idenfy::callback::{Callback, CallbackError, Kind, parse, verify};

/// HMAC-SHA256 of `{"scanRef":"a"}` with the key `TestingKey`, made with OpenSSL.
const SIGNATURE: &str = "8f07d3c29070c6a590f7c0a439314c5c8004c1db49ecdbe709f66c2809acb160";
const SIGNED: &[u8] = br#"{"scanRef":"a"}"#;

fn read(event: &str, body: &Value) -> Callback {
    parse(Some(event), body.to_string().as_bytes()).unwrap()
}

/// The state, whether it is final, and whether it is only an ending.
fn result(callback: &Callback) -> Option<(&str, bool, bool)> {
    let verdict = callback.verdict.as_ref()?;
    Some((verdict.status.as_str(), verdict.is_final, verdict.is_ending))
}

#[test]
fn a_signature_is_hex_of_the_raw_body() {
    let key = Secret::new("TestingKey");
    assert!(verify(&key, SIGNED, Some(SIGNATURE.as_bytes())));
    assert!(verify(
        &key,
        SIGNED,
        Some(SIGNATURE.to_uppercase().as_bytes())
    ));

    let short = &SIGNATURE[..62];
    let long = format!("{SIGNATURE}00");
    let prefixed = format!("sha256={SIGNATURE}");
    let other = SIGNATURE.replacen(&SIGNATURE[..1], "f", 1);
    let no_hex = "g".repeat(64);
    for bad in [
        "",
        " ",
        short,
        &long,
        &prefixed,
        &other,
        &no_hex,
        &"0".repeat(64),
        &"é".repeat(32),
    ] {
        assert!(!verify(&key, SIGNED, Some(bad.as_bytes())), "{bad}");
    }
    assert!(!verify(&key, SIGNED, None));
    assert!(!verify(&key, SIGNED, Some(&[0xff; 64])));
    assert!(!verify(
        &key,
        br#"{"scanRef":"a"} "#,
        Some(SIGNATURE.as_bytes())
    ));
    assert!(!verify(
        &Secret::new("testingkey"),
        SIGNED,
        Some(SIGNATURE.as_bytes())
    ));
}

#[test]
fn the_empty_key_signs_nothing() {
    let empty = "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
    assert!(!verify(&Secret::new(""), b"", Some(empty.as_bytes())));
}

#[test]
fn results_of_identifications_are_read() {
    let auto = "IDENTIFICATION_AUTO_FINISHED";
    let manual = "IDENTIFICATION_MANUAL_FINISHED";
    let long = "X".repeat(65);
    for (event, told_final, overall, expected) in [
        (
            "IDENTIFICATION",
            json!(true),
            json!("APPROVED"),
            Some(("approved", true, false)),
        ),
        (
            "IDENTIFICATION",
            json!(true),
            json!("DENIED"),
            Some(("denied", true, false)),
        ),
        (
            "IDENTIFICATION",
            json!(false),
            json!("APPROVED"),
            Some(("approved", false, false)),
        ),
        (
            "IDENTIFICATION",
            json!(null),
            json!("APPROVED"),
            Some(("approved", false, false)),
        ),
        (
            "IDENTIFICATION",
            json!("true"),
            json!("APPROVED"),
            Some(("approved", false, false)),
        ),
        (
            "IDENTIFICATION",
            json!(null),
            json!("EXPIRED"),
            Some(("expired", true, true)),
        ),
        (
            "IDENTIFICATION",
            json!(false),
            json!("EXPIRED-DELETED"),
            Some(("deleted", true, true)),
        ),
        (
            "IDENTIFICATION",
            json!(true),
            json!("DELETED"),
            Some(("deleted", true, true)),
        ),
        (
            "IDENTIFICATION",
            json!(true),
            json!("ARCHIVED"),
            Some(("archived", true, true)),
        ),
        (
            "IDENTIFICATION",
            json!(null),
            json!("ACTIVE"),
            Some(("active", false, false)),
        ),
        (
            auto,
            json!(true),
            json!("SUSPECTED"),
            Some(("suspected", true, false)),
        ),
        (
            auto,
            json!(false),
            json!("REVIEWING"),
            Some(("reviewing", false, false)),
        ),
        (
            auto,
            json!(true),
            json!("REVIEWING"),
            Some(("reviewing", false, false)),
        ),
        (
            auto,
            json!(true),
            json!("ACTIVE"),
            Some(("active", false, false)),
        ),
        (auto, json!(false), json!(null), None),
        (auto, json!(true), json!(7), None),
        (auto, json!(true), json!(""), None),
        (auto, json!(true), json!(long), None),
        (auto, json!(true), json!("A\u{0}B"), None),
        (
            auto,
            json!(true),
            json!("ON_HOLD"),
            Some(("on_hold", true, false)),
        ),
        (
            auto,
            json!(true),
            json!("FAILED"),
            Some(("denied", true, false)),
        ),
        (
            auto,
            json!(true),
            json!("STARTING"),
            Some(("active", false, false)),
        ),
        (
            manual,
            json!(null),
            json!("DENIED"),
            Some(("denied", true, false)),
        ),
        (
            manual,
            json!(false),
            json!("DENIED"),
            Some(("denied", false, false)),
        ),
        (
            manual,
            json!(true),
            json!("REVIEWING"),
            Some(("reviewing", false, false)),
        ),
        (
            "IDENTIFICATION_RESUBMITTED",
            json!(false),
            json!("APPROVED"),
            Some(("approved", false, false)),
        ),
        (
            "IDENTIFICATION_CANCELLED",
            json!(null),
            json!("ACTIVE"),
            Some(("cancelled", true, true)),
        ),
        (
            "IDENTIFICATION_CANCELED",
            json!(false),
            json!(null),
            Some(("cancelled", true, true)),
        ),
        (
            "IDENTIFICATION_EXPIRED",
            json!(null),
            json!(null),
            Some(("expired", true, true)),
        ),
        (
            "IDENTIFICATION_EXPIRED",
            json!(false),
            json!("ACTIVE"),
            Some(("expired", true, true)),
        ),
        (
            "IDENTIFICATION_EXPIRED",
            json!(null),
            json!("EXPIRED-DELETED"),
            Some(("deleted", true, true)),
        ),
        (
            "identification_expired ",
            json!(null),
            json!(null),
            Some(("expired", true, true)),
        ),
        (
            "SOMETHING_NEW",
            json!(true),
            json!("APPROVED"),
            Some(("approved", true, false)),
        ),
        ("SOMETHING_NEW", json!(null), json!("APPROVED"), None),
        ("SOMETHING_NEW", json!(true), json!(null), None),
        (
            "",
            json!(true),
            json!("DENIED"),
            Some(("denied", true, false)),
        ),
        ("DOCUMENT_EXPIRATION", json!(true), json!("APPROVED"), None),
        ("VIDEO_CALL_FINISHED", json!(true), json!("APPROVED"), None),
    ] {
        let body = json!({"scanRef": "s", "final": told_final, "status": {"overall": overall}});
        assert_eq!(result(&read(event, &body)), expected, "{event} {body}");
    }
}

#[test]
fn results_of_age_estimations_are_read() {
    for (status, outcome, expected) in [
        (
            json!("COMPLETED"),
            json!("SUCCESS"),
            Some(("approved", true, false)),
        ),
        (
            json!("COMPLETED"),
            json!("UNDERAGE"),
            Some(("denied", true, false)),
        ),
        (
            json!("COMPLETED"),
            json!("FACE_MISMATCH"),
            Some(("denied", true, false)),
        ),
        (
            json!("COMPLETED"),
            json!("ATTEMPTS_EXCEEDED"),
            Some(("denied", true, false)),
        ),
        (
            json!("COMPLETED"),
            json!("FAILED"),
            Some(("denied", true, false)),
        ),
        (
            json!("COMPLETED"),
            json!("UNCERTAIN"),
            Some(("suspected", true, false)),
        ),
        (
            json!("COMPLETED"),
            json!("NEW_WORD"),
            Some(("new_word", true, false)),
        ),
        (
            json!("COMPLETED"),
            json!(null),
            Some(("reviewing", false, false)),
        ),
        (json!("FAILED"), json!(null), Some(("denied", true, false))),
        (
            json!("FAILED"),
            json!("SUCCESS"),
            Some(("denied", true, false)),
        ),
        (json!("EXPIRED"), json!(null), Some(("expired", true, true))),
        (
            json!("PENDING"),
            json!(null),
            Some(("active", false, false)),
        ),
        (
            json!("PROCESSING"),
            json!(null),
            Some(("reviewing", false, false)),
        ),
        (
            json!(null),
            json!("success"),
            Some(("approved", true, false)),
        ),
        (json!({"overall": "APPROVED"}), json!(null), None),
        (json!(null), json!(null), None),
    ] {
        let body = json!({"scanRef": "t", "status": status, "outcome": outcome, "clientId": null});
        let callback = read("AGE_ESTIMATION", &body);
        assert_eq!(result(&callback), expected, "{body}");
        assert_eq!(callback.kind, Kind::AgeEstimation);
    }
}

#[test]
fn tags_and_checks_are_kept_in_idenfys_words() {
    let callback = read(
        "IDENTIFICATION_AUTO_FINISHED",
        &json!({
            "final": true, "scanRef": " scan-1 ", "clientId": "customer-1", "data": {"docDob": 7},
            "status": {
                "overall": "SUSPECTED", "autoFace": "FACE_MATCH", "manualFace": null,
                "autoDocument": "DOC_VALIDATED", "manualDocument": 5,
                "fraudTags": ["DUPLICATE_FACE", "DUPLICATE_FACE", "AML_SUSPECTION", null, "", 3],
                "suspicionReasons": ["AML_SUSPECTION", "FAKE_PHOTO"],
                "mismatchTags": ["NAME", "X".repeat(65), ["NAME"]],
            },
        }),
    );
    assert_eq!(callback.scan_ref, "scan-1");
    assert_eq!(callback.client_id.as_deref(), Some("customer-1"));
    let verdict = callback.verdict.unwrap();
    assert_eq!(verdict.status, Status::Suspected);
    assert_eq!(
        verdict.fraud_tags,
        ["DUPLICATE_FACE", "AML_SUSPECTION", "FAKE_PHOTO"]
    );
    assert_eq!(verdict.mismatch_tags, ["NAME"]);
    assert_eq!(verdict.checks.auto_face.as_deref(), Some("FACE_MATCH"));
    assert_eq!(
        verdict.checks.auto_document.as_deref(),
        Some("DOC_VALIDATED")
    );
    assert_eq!(
        (verdict.checks.manual_face, verdict.checks.manual_document),
        (None, None)
    );
}

#[test]
fn leaves_of_a_wrong_type_are_passed_over() {
    for body in [
        json!({"scanRef": "s", "status": null}),
        json!({"scanRef": "s", "status": "APPROVED", "final": true}),
        json!({"scanRef": "s", "status": ["APPROVED"], "final": true}),
        json!({"scanRef": "s", "clientId": 7, "final": true}),
    ] {
        assert_eq!(read("IDENTIFICATION", &body).verdict, None, "{body}");
    }
    let body = json!({
        "scanRef": "s", "final": true,
        "status": {"overall": "DENIED", "fraudTags": {}, "mismatchTags": "NAME", "autoFace": []},
    });
    assert_eq!(
        result(&read("IDENTIFICATION", &body)),
        Some(("denied", true, false))
    );
}

#[test]
fn the_customer_has_an_older_name() {
    for (client_id, alias, expected) in [
        (json!("a"), json!("b"), Some("a")),
        (json!(null), json!("b"), Some("b")),
        (json!(7), json!("b"), Some("b")),
        (json!("a\u{0}"), json!(null), None),
    ] {
        let body = json!({"scanRef": "s", "clientId": client_id, "personScanRef": alias});
        assert_eq!(
            read("DOCUMENT_EXPIRATION", &body).client_id.as_deref(),
            expected,
            "{body}"
        );
    }
}

#[test]
fn a_body_without_a_session_is_an_error() {
    let deep = "[".repeat(200_000);
    for body in [
        &b""[..],
        b"null",
        b"7",
        b"\"scanRef\"",
        b"[{\"scanRef\": \"s\"}]",
        b"{\"scanRef\": \"s\"",
        b"{\"scanRef\": \"s\"} x",
        b"{\"scanRef\": \"\xff\xfe\"}",
        b"{\"scanRef\": \"s\", \"a\": \"\xc3\"}",
        b"{\"scanRef\": \"s\", \"a\": \"\\ud800\"}",
        deep.as_bytes(),
        format!("{{\"scanRef\": \"s\", \"a\": {deep}").as_bytes(),
    ] {
        assert_eq!(
            parse(Some("IDENTIFICATION"), body),
            Err(CallbackError::NotJson)
        );
    }
    for body in [
        json!({}),
        json!({"scanRef": null}),
        json!({"scanRef": 7}),
        json!({"scanRef": " "}),
        json!({"scanRef": "a\u{0}b"}),
        json!({"scanRef": "x".repeat(256)}),
        json!({"clientId": "a"}),
    ] {
        let read = parse(None, body.to_string().as_bytes());
        assert_eq!(read, Err(CallbackError::NoScanRef), "{body}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_without_a_panic(
        event in proptest::option::of("\\PC{0,40}"),
        body in proptest::collection::vec(any::<u8>(), 0..200),
        signature in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        prop_assert!(!verify(&Secret::new("key"), &body, Some(&signature)));
        prop_assert!(parse(event.as_deref(), &body).is_err());
    }
}
