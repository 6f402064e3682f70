//! `POST /api/v1/links`: what it takes and what it answers.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api_links_refused::{FLAGS, minimal, nothing_was_made, refused};
use crate::api_support::{over, problem};
use crate::harness::gateway::{START, location, path_of, text};
use crate::harness::{Context, Gateway, tests};

tests!(
    "api_links_create",
    [
        a_minimal_link_has_every_default,
        a_full_link_is_answered_as_it_was_given,
        null_means_not_given,
        texts_of_every_script_are_kept_as_they_are,
        every_documented_token_parameter_is_taken_and_kept,
        a_slug_is_never_given_twice,
        times_are_answered_in_utc_with_four_digits_of_a_year,
    ]
);

async fn a_minimal_link_has_every_default(context: Context) {
    let gateway = Gateway::start(&context).await;
    for (usage, answered) in [
        (
            json!({"type": "single"}),
            json!({"type": "single", "limit": 1, "used": 0, "remaining": 1}),
        ),
        (
            json!({"type": "multi", "limit": 1_000_000_000}),
            json!({"type": "multi", "limit": 1_000_000_000, "used": 0, "remaining": 1_000_000_000}),
        ),
        (
            json!({"type": "unlimited"}),
            json!({"type": "unlimited", "limit": null, "used": 0, "remaining": null}),
        ),
    ] {
        let answer = gateway
            .request(Method::POST, "/api/v1/links")
            .bearer_auth(&gateway.key)
            .json(&json!({"name": "A", "usage": usage}))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 201);
        assert_eq!(answer.headers()["content-type"], "application/json");
        let place = location(&answer);
        let link: Value = answer.json().await.unwrap();
        let (id, slug) = (text(&link["id"]), text(&link["slug"]));
        assert_eq!(uuid::Uuid::try_parse(id).unwrap().get_version_num(), 7);
        assert!(place.ends_with(&format!("/api/v1/links/{id}")), "{place}");
        assert!(slug.len() == 10 && slug.bytes().all(|b| b.is_ascii_alphanumeric()));
        assert!(text(&link["url"]).ends_with(&format!("/{slug}")));
        let wanted = json!({
            "id": id, "slug": slug, "url": link["url"], "name": "A", "usage": answered,
            "expires_at": null, "language": null, "flow": "document_and_selfie",
            "confirm": false, "resume": false, "accept_ref": false, "signed": false, "inactive_message": null,
            "token": {}, "status": "active", "created_at": START, "last_used_at": null,
        });
        assert_eq!(link, wanted);
        assert_eq!(gateway.get(&format!("/links/{id}")).await, (200, wanted));
    }
}

async fn a_full_link_is_answered_as_it_was_given(context: Context) {
    let gateway = Gateway::start(&context).await;
    let given = json!({
        "name": "Berlin fair 2027", "expires_at": "2027-03-01T00:00:00Z",
        "language": "de", "flow": "document_and_selfie", "slug": "berlin-fair",
        "confirm": true, "resume": true, "accept_ref": true, "signed": false,
        "inactive_message": "The fair is over.\nWrite to us at …",
        "token": {"country": ["DE", "AT"], "documents": ["PASSPORT", "ID_CARD"], "checkAml": true,
            "ageLimit": 18, "successUrl": "https://example.com/ok"},
    });
    let wanted = over(
        given.clone(),
        &json!({"usage": {"type": "multi", "limit": 100}}),
    );
    let (status, link) = gateway.post("/links", wanted).await;
    assert_eq!(status, 201, "{link}");
    let answered = over(
        given,
        &json!({
            "id": link["id"], "url": link["url"], "status": "active", "created_at": START, "last_used_at": null,
            "usage": {"type": "multi", "limit": 100, "used": 0, "remaining": 100},
        }),
    );
    assert_eq!(link, answered);
    let (_, listed) = gateway.get("/links").await;
    assert_eq!(listed, json!({"items": [answered], "next_cursor": null}));
    assert_eq!(gateway.page(&link).await.len(), 1);
}

async fn null_means_not_given(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway
        .link(json!({
            "usage": {"type": "single", "limit": null}, "expires_at": null, "language": null, "flow": null,
            "slug": null, "confirm": null, "resume": null, "accept_ref": null, "signed": null, "inactive_message": null,
            "token": {"clientId": null, "country": null, "checkAml": null},
        }))
        .await;
    assert_eq!(link["flow"], "document_and_selfie");
    assert_eq!(link["confirm"], false);
    assert_eq!(link["token"], json!({}));
    assert_eq!(gateway.click(&link).await.status(), 302);
    let link = gateway.link(json!({"token": null})).await;
    assert_eq!(link["token"], json!({}));
}

async fn texts_of_every_script_are_kept_as_they_are(context: Context) {
    let gateway = Gateway::start(&context).await;
    let long = "😀".repeat(200);
    for name in [
        "Messe 🎪 Köln",
        "شركة الاختبار",
        "בדיקה",
        "株式会社",
        "👩‍👩‍👧‍👦",
        "a\u{202e}b",
        "e\u{301}",
        "'; DROP TABLE links; --",
        "<script>alert(1)</script>",
        "{{7*7}}",
        "%00",
        "\\u0000",
        "\u{fffd}\u{10ffff}",
        &long,
    ] {
        let message = format!("{name}\n{name}");
        let fits = message.chars().count() <= 500;
        let message = if fits { message } else { name.to_owned() };
        let link = gateway
            .link(json!({"name": name, "inactive_message": message}))
            .await;
        let (_, shown) = gateway.get(&format!("/links/{}", text(&link["id"]))).await;
        assert_eq!(
            (text(&shown["name"]), text(&shown["inactive_message"])),
            (name, &*message)
        );
    }
    let message = "ä".repeat(500);
    assert_eq!(
        gateway.link(json!({"inactive_message": message})).await["inactive_message"],
        message
    );
    for (given, kept) in [
        ("DE", "de"),
        ("zh_TW", "zh_tw"),
        ("Si", "si"),
        ("uk", "uk"),
        ("NO", "no"),
        ("ko", "ko"),
    ] {
        assert_eq!(
            gateway.link(json!({"language": given})).await["language"],
            kept
        );
    }
    for (given, kept) in [
        ("ABC", "abc"),
        ("A-1-b", "a-1-b"),
        ("---", "---"),
        (&*"Z".repeat(64), &*"z".repeat(64)),
    ] {
        assert_eq!(gateway.link(json!({"slug": given})).await["slug"], kept);
    }
}

async fn every_documented_token_parameter_is_taken_and_kept(context: Context) {
    let gateway = Gateway::start(&context).await;
    let uuid = "0197f2a4-6f0c-7c3e-9a51-2f0d8b7e4c11";
    let mut token = json!({
        "externalRef": "order 17", "firstName": "Žofie", "lastName": "O'Neil-Brown", "dateOfBirth": "2000-02-29",
        "dateOfExpiry": "2036-12-31", "dateOfIssue": "2026-01-01", "nationality": "ALL", "sex": "F",
        "personalNumber": "12-34", "documentNumber": "A1", "address": "Straße 1, Köln", "country": "DE",
        "documents": ["PASSPORT", "ID_CARD", "DRIVER_LICENSE", "RESIDENCE_PERMIT", "SMART_ID"],
        "expiryTime": 2_592_000, "sessionLength": 60, "successUrl": "https://example.com/ok?a=b#c",
        "errorUrl": "https://example.com/no", "unverifiedUrl": "https://example.com/wait", "questionnaire": "kyc",
        "riskAssessmentProfile": uuid, "theme": uuid, "ageLimit": 18, "ageMax": 99,
        "registryCentersCountries": ["LT"], "additionalData": {"a": {"b": [1, null, "c"]}},
        "faceMatchingThresholdModifier": -0.5, "dummyStatus": "APPROVED",
    });
    for flag in FLAGS {
        token[flag] = json!(true);
    }
    let link = gateway.link(json!({"token": token})).await;
    assert_eq!(link["token"], token);
    assert_eq!(gateway.click(&link).await.status(), 302);
    let call = gateway.idenfy.calls().pop().unwrap();
    for (name, value) in token.as_object().unwrap() {
        assert_eq!(&call.body[name], value, "{name}");
    }
    let steps = json!({"ALL": {"ALL": {"UTILITY_BILL": null}}});
    let link = gateway
        .link(json!({"token": {"additionalSteps": steps, "clientId": "c".repeat(100)}}))
        .await;
    assert_eq!(link["token"]["additionalSteps"], steps);
}

async fn a_slug_is_never_given_twice(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"slug": "fair-2027"})).await;
    let again = async |slug: &str| {
        let body = over(minimal(), &json!({"slug": slug}));
        let request = gateway
            .request(Method::POST, "/api/v1/links")
            .bearer_auth(&gateway.key);
        problem(request.json(&body).send().await.unwrap(), 409, "slug_taken").await;
    };
    again("fair-2027").await;
    again("FAIR-2027").await;
    let (status, _) = gateway
        .api(
            Method::DELETE,
            &format!("/links/{}", text(&link["id"])),
            None,
        )
        .await;
    assert_eq!(status, 204);
    again("fair-2027").await;
    let visit = gateway
        .request(Method::GET, &path_of(&link))
        .send()
        .await
        .unwrap();
    assert_eq!(visit.status(), 410);
    nothing_was_made(&gateway).await;
}

async fn times_are_answered_in_utc_with_four_digits_of_a_year(context: Context) {
    let gateway = Gateway::start(&context).await;
    for (given, answered) in [
        ("2027-03-01T02:00:00+02:00", "2027-03-01T00:00:00Z"),
        ("2027-03-01T00:00:00.5-01:30", "2027-03-01T01:30:00.500Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    ] {
        assert_eq!(
            gateway.link(json!({"expires_at": given})).await["expires_at"],
            answered
        );
    }
    refused(
        &gateway,
        &json!({"expires_at": "9999-12-31T23:59:59-23:59"}),
        &["expires_at"],
    )
    .await;
}
