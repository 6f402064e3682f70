//! Tables of values for the tests.

use serde_json::{Value, json};

use super::super::flow::Flow::{self, Document, DocumentAndSelfie, Selfie};
use super::{Kind, TokenOptions};

const UUID: &str = "0197f2a4-6f0c-7c3e-9a51-2f0d8b7e4c11";

/// A good token of the flow `selfie`, with `more` put in or over it.
pub(super) fn age(more: Value) -> Value {
    let mut token = json!({"min_age": 18, "confidence_threshold": 85.5});
    if let (Value::Object(token), Value::Object(more)) = (&mut token, more) {
        token.extend(more);
    }
    token
}

/// What is accepted, every parameter at least once.
pub(super) fn good() -> Vec<(Flow, Value)> {
    let token = [
        json!({}),
        json!({"clientId": "c"}),
        json!({"clientId": "~".repeat(100)}),
        json!({"externalRef": "order 17/b"}),
        json!({"firstName": "John Tom", "lastName": "O'Neil-Brown Jr."}),
        json!({"firstName": "Žofie", "lastName": "D’Angelo"}),
        json!({"firstName": "प्रिया", "lastName": "Ne\u{301}meth"}),
        json!({"firstName": "علی\u{200c}رضا", "lastName": "李"}),
        json!({"dateOfBirth": "2000-02-29", "dateOfExpiry": "2036-12-31"}),
        json!({"dateOfIssue": "2026-01-01", "nationality": "ALL"}),
        json!({"nationality": "LT", "sex": "F"}),
        json!({"personalNumber": "å 12-34", "documentNumber": "9".repeat(50)}),
        json!({"address": "Straße 1, Köln"}),
        json!({"country": "DE"}),
        json!({"country": ["DE", "AT"], "documents": ["PASSPORT", "ID_CARD"], "checkAml": true}),
        json!({"documents": ["SMART_ID", "YOTI_ID", "BORDER_CROSSING", "OTHER"]}),
        json!({"expiryTime": 1, "sessionLength": 60}),
        json!({"expiryTime": 2_592_000, "sessionLength": 3600}),
        json!({"successUrl": "https://example.com/ok?a=%20#b", "errorUrl": "https://x.y:8443"}),
        json!({"unverifiedUrl": format!("https://example.com/{}", "a".repeat(2048 - 20))}),
        json!({"questionnaire": "kyc", "questionnaireRequired": false}),
        json!({"riskAssessmentProfile": 7}),
        json!({"riskAssessmentProfile": UUID, "theme": UUID.to_uppercase()}),
        json!({"ageLimit": 18, "ageMax": 18}),
        json!({"ageLimit": 0, "ageMax": 150}),
        json!({"registryCentersCountries": ["LT", "LV"]}),
        json!({"additionalSteps": {"ALL": {"ALL": {"UTILITY_BILL": null}}}, "additionalData": {}}),
        json!({"utilityBill": false}),
        json!({"faceMatchingThresholdModifier": -0.5, "dummyStatus": "DENIED"}),
        json!({"videoCallQuestions": ["Who are you?"]}),
    ];
    let selfie = [
        age(json!({})),
        age(json!({"buffer": 18, "escalation": "NONE", "retry_limit": 3, "save_photo": false})),
        age(json!({"expiry_minutes": 5, "success_redirect": "https://example.com"})),
        json!({"min_age": 120, "confidence_threshold": 100, "expiry_minutes": 1440}),
        age(json!({"underage_redirect": "https://example.com/later"})),
        json!({"min_age": 1, "confidence_threshold": 0, "buffer": 1}),
    ];
    let flagged = TokenOptions::fields(DocumentAndSelfie)
        .iter()
        .filter(|field| field.kind == Kind::Flag)
        .map(|field| json!({ field.name: true }));
    let token = token.into_iter().chain(flagged);
    let mut good: Vec<_> = selfie.into_iter().map(|given| (Selfie, given)).collect();
    good.extend(token.flat_map(|given| [(DocumentAndSelfie, given.clone()), (Document, given)]));
    good
}

/// What the flows with a document refuse, each with the one field that is wrong.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn bad() -> Vec<(&'static str, Value)> {
    let deep = (0..16).fold(json!({}), |inner, _| json!({"a": inner}));
    vec![
        ("", json!([])),
        ("", json!("x")),
        ("", json!(false)),
        ("clientId", json!({"clientId": ""})),
        ("clientId", json!({"clientId": "  "})),
        ("clientId", json!({"clientId": 1})),
        ("clientId", json!({"clientId": "é"})),
        ("clientId", json!({"clientId": "a\nb"})),
        ("clientId", json!({"clientId": "a\u{7f}"})),
        ("clientId", json!({"clientId": "a".repeat(101)})),
        ("externalRef", json!({"externalRef": "a".repeat(41)})),
        ("externalRef", json!({"externalRef": ["a"]})),
        ("firstName", json!({"firstName": "J0hn"})),
        ("firstName", json!({"firstName": "Jo_hn"})),
        ("firstName", json!({"firstName": "John & Co"})),
        ("firstName", json!({"firstName": "John\t"})),
        ("firstName", json!({"firstName": "-.'"})),
        ("firstName", json!({"firstName": "John😀"})),
        ("lastName", json!({"lastName": "<b>"})),
        ("lastName", json!({"lastName": ""})),
        ("lastName", json!({"lastName": "ä".repeat(101)})),
        ("lastName", json!({"lastName": "١٢"})),
        ("dateOfBirth", json!({"dateOfBirth": "2001-02-29"})),
        ("dateOfBirth", json!({"dateOfBirth": "2000-1-1"})),
        ("dateOfBirth", json!({"dateOfBirth": "01.01.2000"})),
        ("dateOfBirth", json!({"dateOfBirth": "+2000-01-01"})),
        (
            "dateOfBirth",
            json!({"dateOfBirth": "2000-01-01T00:00:00Z"}),
        ),
        ("dateOfBirth", json!({"dateOfBirth": "+10000-01-01"})),
        ("dateOfBirth", json!({"dateOfBirth": " 2000-1-01"})),
        ("dateOfExpiry", json!({"dateOfExpiry": 20_300_101})),
        ("dateOfIssue", json!({"dateOfIssue": "2020-13-01"})),
        ("nationality", json!({"nationality": "lt"})),
        ("nationality", json!({"nationality": "LTU"})),
        ("nationality", json!({"nationality": ["LT"]})),
        ("sex", json!({"sex": "m"})),
        ("sex", json!({"sex": "X"})),
        ("personalNumber", json!({"personalNumber": "1".repeat(51)})),
        ("personalNumber", json!({"personalNumber": 12345})),
        ("documentNumber", json!({"documentNumber": "A\u{0}"})),
        ("address", json!({"address": "a".repeat(256)})),
        ("address", json!({"address": "Street 1\nTown"})),
        ("country", json!({"country": "de"})),
        ("country", json!({"country": "UK"})),
        ("country", json!({"country": "ALL"})),
        ("country", json!({"country": []})),
        ("country", json!({"country": {"0": "DE"}})),
        ("country", json!({"country": vec!["DE"; 250]})),
        ("country[0]", json!({"country": ["XX", "DE"]})),
        ("country[1]", json!({"country": ["DE", null]})),
        ("country[1]", json!({"country": ["DE", ["AT"]]})),
        ("country[2]", json!({"country": ["DE", "AT", "DE"]})),
        ("documents", json!({"documents": "PASSPORT"})),
        ("documents", json!({"documents": []})),
        ("documents[0]", json!({"documents": ["passport"]})),
        (
            "documents[1]",
            json!({"documents": ["PASSPORT", "LIBRARY_CARD"]}),
        ),
        ("documents[1]", json!({"documents": ["ID_CARD", "ID_CARD"]})),
        ("expiryTime", json!({"expiryTime": 0})),
        ("expiryTime", json!({"expiryTime": -1})),
        ("expiryTime", json!({"expiryTime": 2_592_001})),
        ("expiryTime", json!({"expiryTime": "3600"})),
        ("expiryTime", json!({"expiryTime": 3600.5})),
        ("expiryTime", json!({"expiryTime": u64::MAX})),
        ("sessionLength", json!({"sessionLength": 59})),
        ("sessionLength", json!({"sessionLength": 3601})),
        ("successUrl", json!({"successUrl": "http://example.com"})),
        ("successUrl", json!({"successUrl": "javascript:alert(1)"})),
        ("successUrl", json!({"successUrl": "https:example.com"})),
        ("successUrl", json!({"successUrl": "https://"})),
        ("successUrl", json!({"successUrl": " https://example.com"})),
        ("successUrl", json!({"successUrl": "https://exam\tple.com"})),
        (
            "successUrl",
            json!({"successUrl": "https://user:pass@example.com"}),
        ),
        ("errorUrl", json!({"errorUrl": "https://example.com/ä"})),
        ("errorUrl", json!({"errorUrl": "https://example.com\\x"})),
        ("errorUrl", json!({"errorUrl": "/ok"})),
        (
            "unverifiedUrl",
            json!({"unverifiedUrl": format!("https://example.com/{}", "a".repeat(2029))}),
        ),
        ("questionnaire", json!({"questionnaire": ""})),
        (
            "riskAssessmentProfile",
            json!({"riskAssessmentProfile": "7"}),
        ),
        (
            "riskAssessmentProfile",
            json!({"riskAssessmentProfile": -7}),
        ),
        (
            "riskAssessmentProfile",
            json!({"riskAssessmentProfile": 1.5}),
        ),
        ("theme", json!({"theme": UUID.replace('-', "")})),
        ("theme", json!({"theme": format!("{{{UUID}}}")})),
        ("theme", json!({"theme": 7})),
        ("ageLimit", json!({"ageLimit": -1})),
        ("ageLimit", json!({"ageLimit": 151})),
        ("ageMax", json!({"ageLimit": 30, "ageMax": 29})),
        (
            "registryCentersCountries",
            json!({"registryCentersCountries": "LT"}),
        ),
        (
            "registryCentersCountries[0]",
            json!({"registryCentersCountries": ["LIT"]}),
        ),
        ("additionalSteps", json!({"additionalSteps": []})),
        ("additionalSteps", json!({"additionalSteps": deep})),
        (
            "additionalSteps",
            json!({"additionalSteps": {"a": "b".repeat(16 * 1024)}}),
        ),
        (
            "additionalSteps",
            json!({"additionalSteps": {"a": ["b\u{1}"]}}),
        ),
        ("additionalData", json!({"additionalData": {"a\r": 1}})),
        ("additionalData", json!({"additionalData": "{}"})),
        ("utilityBill", json!({"utilityBill": "true"})),
        (
            "utilityBill",
            json!({"utilityBill": true, "additionalSteps": {}}),
        ),
        ("checkAml", json!({"checkAml": 1})),
        ("checkLiveness", json!({"checkLiveness": "no"})),
        (
            "faceMatchingThresholdModifier",
            json!({"faceMatchingThresholdModifier": "1"}),
        ),
        ("dummyStatus", json!({"dummyStatus": "approved"})),
        ("videoCallQuestions[0]", json!({"videoCallQuestions": [""]})),
        ("videoCallQuestions", json!({"videoCallQuestions": []})),
        ("tokenType", json!({"tokenType": "IDENTIFICATION"})),
        ("locale", json!({"locale": "de"})),
        ("callbackUrl", json!({"callbackUrl": "https://example.com"})),
        ("personScanRef", json!({"personScanRef": "c"})),
        ("clientid", json!({"clientid": "c"})),
        ("nonsense", json!({"nonsense": null})),
        ("min_age", json!({"min_age": 18})),
    ]
}

/// What the flow `selfie` refuses, each with the one field that is wrong.
pub(super) fn bad_for_age_estimation() -> Vec<(&'static str, Value)> {
    vec![
        ("min_age", age(json!({"min_age": 0}))),
        ("min_age", age(json!({"min_age": 121}))),
        ("min_age", age(json!({"min_age": 18.5}))),
        ("min_age", age(json!({"min_age": null}))),
        ("confidence_threshold", json!({"min_age": 18})),
        (
            "confidence_threshold",
            age(json!({"confidence_threshold": -0.1})),
        ),
        (
            "confidence_threshold",
            age(json!({"confidence_threshold": 100.1})),
        ),
        (
            "confidence_threshold",
            age(json!({"confidence_threshold": "85"})),
        ),
        ("buffer", age(json!({"buffer": 19}))),
        ("buffer", age(json!({"buffer": 21, "min_age": 50}))),
        ("buffer", age(json!({"buffer": -1}))),
        ("escalation", age(json!({"escalation": "doc"}))),
        ("retry_limit", age(json!({"retry_limit": 0}))),
        ("retry_limit", age(json!({"retry_limit": 4}))),
        ("save_photo", age(json!({"save_photo": "yes"}))),
        ("expiry_minutes", age(json!({"expiry_minutes": 4}))),
        ("expiry_minutes", age(json!({"expiry_minutes": 1441}))),
        ("success_redirect", age(json!({"success_redirect": ""}))),
        (
            "underage_redirect",
            age(json!({"underage_redirect": "http://example.com"})),
        ),
        (
            "webhook_url",
            age(json!({"webhook_url": "https://example.com"})),
        ),
        ("clientId", age(json!({"clientId": "c"}))),
        ("externalRef", age(json!({"externalRef": "r"}))),
        ("country", age(json!({"country": "DE"}))),
        ("nonsense", age(json!({"nonsense": 1}))),
    ]
}
