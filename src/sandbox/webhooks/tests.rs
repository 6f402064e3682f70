use super::super::session::Session;
use super::super::token::new_session;
use super::*;

fn session(kind: Kind) -> Session {
    Session {
        kind,
        client_id: Some("user-1".into()),
        first_name: Some("ANA".into()),
        min_age: 18,
        finished: Some(super::super::wall_clock()),
        ..new_session("token".into(), "scan".into(), Duration::ZERO)
    }
}

#[test]
fn the_signature_is_the_hex_hmac_of_the_raw_body() {
    assert_eq!(
        sign("key", b"The quick brown fox jumps over the lazy dog"),
        "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
    );
}

#[test]
fn every_result_holds_the_fields_that_are_required() {
    let required = [
        "final",
        "platform",
        "status",
        "data",
        "fileUrls",
        "scanRef",
        "clientId",
        "companyId",
        "beneficiaryId",
        "startTime",
        "finishTime",
        "clientIp",
        "clientIpCountry",
        "clientLocation",
    ];
    for outcome in [
        Outcome::Approve,
        Outcome::Deny,
        Outcome::Suspect,
        Outcome::Expire,
    ] {
        let body = identification(&session(Kind::Identification), outcome, true);
        for name in required {
            assert!(body.get(name).is_some(), "{outcome:?} lacks {name}");
        }
        assert_eq!(body["status"]["overall"], outcome.overall());
        assert_eq!(
            (&body["scanRef"], &body["clientId"]),
            (&json!("scan"), &json!("user-1"))
        );
    }
}

#[test]
fn the_manual_review_is_empty_until_it_is_over() {
    let session = session(Kind::Identification);
    let auto = status(&session, Outcome::Approve, false);
    assert_eq!(
        (&auto["autoFace"], &auto["manualFace"]),
        (&json!("FACE_MATCH"), &Value::Null)
    );
    let manual = status(&session, Outcome::Approve, true);
    assert_eq!(manual["manualDocument"], "DOC_VALIDATED");
}

#[test]
fn a_document_session_says_nothing_of_a_face() {
    let body = identification(&session(Kind::Document), Outcome::Deny, true);
    assert_eq!(body["status"]["autoFace"], Value::Null);
    assert_eq!(body["status"]["denyReasons"], json!(["DOC_EXPIRED"]));
    assert!(body["fileUrls"].get("FACE").is_none());
}

#[test]
fn an_expired_session_tells_nothing_of_a_person() {
    let body = identification(&session(Kind::Identification), Outcome::Expire, true);
    assert!(
        body["data"]
            .as_object()
            .unwrap()
            .values()
            .all(Value::is_null)
    );
    assert_eq!(body["fileUrls"], json!({}));
}

#[test]
fn an_age_estimation_tells_its_outcome() {
    let cases = [
        (Outcome::Approve, "COMPLETED", "SUCCESS", json!(27)),
        (Outcome::Deny, "COMPLETED", "UNDERAGE", json!(15)),
        (Outcome::Suspect, "COMPLETED", "UNCERTAIN", json!(18)),
        (Outcome::Expire, "FAILED", "ATTEMPTS_EXCEEDED", Value::Null),
    ];
    for (outcome, status, result, age) in cases {
        let body = age_estimation(&session(Kind::AgeEstimation), outcome);
        assert_eq!(
            (&body["status"], &body["outcome"]),
            (&json!(status), &json!(result))
        );
        assert_eq!(body["estimatedAge"], age);
        assert!(body["occurredAt"].is_string() && body["clientId"].is_null());
    }
}
