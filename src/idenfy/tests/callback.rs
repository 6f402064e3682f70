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

/// The state, and whether it is final or even only an ending; nothing without a verdict.
fn result(callback: &Callback) -> String {
    let Some(verdict) = &callback.verdict else {
        return String::new();
    };
    let how = match (verdict.is_final, verdict.is_ending) {
        (false, false) => "",
        (true, false) => " final",
        (true, true) => " ending",
        (false, true) => " an ending that is not final",
    };
    format!("{}{how}", verdict.status.as_str())
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

/// Each line: the event, `final` and `status.overall` as JSON, and the result.
const IDENTIFICATIONS: &str = r#"
    IDENTIFICATION                 true   "APPROVED"        = approved final
    IDENTIFICATION                 true   "DENIED"          = denied final
    IDENTIFICATION                 true   "approved"        = approved final
    IDENTIFICATION                 false  "APPROVED"        = approved
    IDENTIFICATION                 null   "APPROVED"        = approved
    IDENTIFICATION                 "true" "APPROVED"        = approved
    IDENTIFICATION                 1      "APPROVED"        = approved
    IDENTIFICATION                 null   "EXPIRED"         = expired ending
    IDENTIFICATION                 false  "EXPIRED-DELETED" = deleted ending
    IDENTIFICATION                 true   "DELETED"         = deleted ending
    IDENTIFICATION                 true   "ARCHIVED"        = archived ending
    IDENTIFICATION                 null   "CANCELED"        = cancelled ending
    IDENTIFICATION                 null   "ACTIVE"          = active
    IDENTIFICATION_AUTO_FINISHED   true   "SUSPECTED"       = suspected final
    IDENTIFICATION_AUTO_FINISHED   false  "REVIEWING"       = reviewing
    IDENTIFICATION_AUTO_FINISHED   true   "REVIEWING"       = reviewing
    IDENTIFICATION_AUTO_FINISHED   true   "ACTIVE"          = active
    IDENTIFICATION_AUTO_FINISHED   false  null              =
    IDENTIFICATION_AUTO_FINISHED   true   7                 =
    IDENTIFICATION_AUTO_FINISHED   true   ""                =
    IDENTIFICATION_AUTO_FINISHED   true   "A\u0000B"        =
    IDENTIFICATION_AUTO_FINISHED   true   "ON_HOLD"         = on_hold final
    IDENTIFICATION_AUTO_FINISHED   true   "FAILED"          = denied final
    IDENTIFICATION_AUTO_FINISHED   true   "STARTING"        = active
    IDENTIFICATION_MANUAL_FINISHED null   "DENIED"          = denied final
    IDENTIFICATION_MANUAL_FINISHED false  "DENIED"          = denied
    IDENTIFICATION_MANUAL_FINISHED true   "REVIEWING"       = reviewing
    IDENTIFICATION_RESUBMITTED     false  "APPROVED"        = approved
    IDENTIFICATION_RESUBMITTED     true   "APPROVED"        = approved final
    IDENTIFICATION_CANCELLED       null   "ACTIVE"          = cancelled ending
    IDENTIFICATION_CANCELED        false  null              = cancelled ending
    IDENTIFICATION_EXPIRED         null   null              = expired ending
    IDENTIFICATION_EXPIRED         false  "ACTIVE"          = expired ending
    IDENTIFICATION_EXPIRED         null   "EXPIRED-DELETED" = deleted ending
    identification_expired         null   null              = expired ending
    SOMETHING_NEW                  true   "APPROVED"        = approved final
    SOMETHING_NEW                  null   "APPROVED"        =
    SOMETHING_NEW                  true   null              =
    DOCUMENT_EXPIRATION            true   "APPROVED"        =
    VIDEO_CALL_FINISHED            true   "APPROVED"        =
"#;

/// Each line: `status` and `outcome` as JSON, and the result.
const AGE_ESTIMATIONS: &str = r#"
    "COMPLETED"              "SUCCESS"           = approved final
    "COMPLETED"              "UNDERAGE"          = denied final
    "COMPLETED"              "FACE_MISMATCH"     = denied final
    "COMPLETED"              "ATTEMPTS_EXCEEDED" = denied final
    "COMPLETED"              "FAILED"            = denied final
    "COMPLETED"              "UNCERTAIN"         = suspected final
    "COMPLETED"              "NEW_WORD"          = new_word final
    "COMPLETED"              null                = reviewing
    "FAILED"                 null                = denied final
    "FAILED"                 "SUCCESS"           = denied final
    "EXPIRED"                null                = expired ending
    "PENDING"                null                = active
    "PROCESSING"             null                = reviewing
    null                     "success"           = approved final
    {"overall":"APPROVED"}   null                =
    null                     null                =
"#;

/// The cells left of each line's `=`, and the result right of it.
fn rows<const N: usize>(table: &str) -> impl Iterator<Item = ([&str; N], &str)> {
    table.trim().lines().map(|line| {
        let (cells, expected) = line.split_once('=').unwrap();
        let cells: Vec<_> = cells.split_whitespace().collect();
        (cells.try_into().unwrap(), expected.trim())
    })
}

#[test]
fn results_of_identifications_are_read() {
    for ([event, told_final, overall], expected) in rows(IDENTIFICATIONS) {
        let body = format!(
            r#"{{"scanRef": "s", "final": {told_final}, "status": {{"overall": {overall}}}}}"#
        );
        let callback = parse(Some(event), body.as_bytes()).unwrap();
        assert_eq!(result(&callback), expected, "{event} {body}");
    }
}

#[test]
fn results_of_age_estimations_are_read() {
    for ([status, outcome], expected) in rows(AGE_ESTIMATIONS) {
        let body = format!(r#"{{"scanRef": "t", "status": {status}, "outcome": {outcome}}}"#);
        let callback = parse(Some("AGE_ESTIMATION"), body.as_bytes()).unwrap();
        assert_eq!(result(&callback), expected, "{body}");
        assert_eq!(callback.kind, Kind::AgeEstimation);
    }
}

#[test]
fn an_event_without_a_name_is_judged_by_its_body() {
    let body = json!({"scanRef": "s", "final": true, "status": {"overall": "DENIED"}});
    let callback = parse(None, body.to_string().as_bytes()).unwrap();
    assert_eq!(
        (callback.kind, result(&callback).as_str()),
        (Kind::Unknown, "denied final")
    );
}

#[test]
fn an_endless_state_is_passed_over() {
    let body = |len| json!({"scanRef": "s", "final": true, "status": {"overall": "X".repeat(len)}});
    assert_eq!(
        result(&read("IDENTIFICATION", &body(64))),
        format!("{} final", "x".repeat(64))
    );
    assert_eq!(result(&read("IDENTIFICATION", &body(65))), "");
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
    assert_eq!(result(&read("IDENTIFICATION", &body)), "denied final");
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
