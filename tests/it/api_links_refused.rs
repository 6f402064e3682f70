//! `POST /api/v1/links`: the tables of what it refuses, each value with the field that is named.

use serde_json::{Value, json};

use crate::api_support::{check_problem, fields, over};
use crate::harness::gateway::START;
use crate::harness::{Context, Gateway, tests};

tests!(
    "api_links_refused",
    [
        each_bad_field_is_named_alone,
        each_bad_token_parameter_is_named_alone,
        each_bad_parameter_of_the_selfie_flow_is_named_alone,
        all_bad_fields_are_named_at_once,
        reserved_words_are_no_slugs,
    ]
);

async fn each_bad_field_is_named_alone(context: Context) {
    let gateway = Gateway::start(&context).await;
    for (field, values) in bad_fields() {
        let name = field.split('.').next().unwrap();
        for value in values {
            refused(&gateway, &json!({name: value}), &[field]).await;
        }
    }
    for name in [
        "id",
        "url",
        "status",
        "created_at",
        "used",
        "Name",
        "tokens",
        "NAME ",
        "😀",
        "",
        "a.b",
        "n\u{0}",
    ] {
        refused(&gateway, &json!({name: 1}), &[name]).await;
    }
    nothing_was_made(&gateway).await;
}

/// Bad values of each field, `usage.…` as the whole of `usage`.
#[rustfmt::skip]
fn bad_fields() -> Vec<(&'static str, Vec<Value>)> {
    let flags = || {
        vec![
            json!("true"),
            json!("false"),
            json!(""),
            json!(0),
            json!(1),
            json!([]),
            json!({}),
        ]
    };
    let multi = |limit: Value| json!({"type": "multi", "limit": limit});
    vec![
        ("name", vec![json!(null), json!(""), json!("a".repeat(201)), json!("😀".repeat(201)), json!("a\nb"),
            json!("a\u{0}"), json!("a\u{7f}b"), json!("a\u{85}b"), json!("\u{1b}[31m"), json!(5), json!(true),
            json!(["a"]), json!({})]),
        ("usage", vec![json!(null), json!("single"), json!([]), json!(5), json!(true), json!([{"type":
            "single"}])]),
        ("usage.type", vec![json!({}), json!({"type": null}), json!({"type": "Single"}), json!({"type":
            "twice"}), json!({"type": 1}), json!({"type": ""}), json!({"type": ["single"]}), json!({"limit":
            5}), json!({"type": "single\u{0}"})]),
        ("usage.limit", vec![json!({"type": "multi"}), multi(json!(null)), multi(json!(0)), multi(json!(-1)),
            multi(json!(1_000_000_001)), multi(json!(1.5)), multi(json!("5")), multi(json!(true)),
            multi(json!([5])), multi(json!({})), multi(json!(1e300)), multi(json!(-1e300)),
            multi(json!(i64::MAX)), multi(json!(i64::MIN)), multi(json!(u64::MAX)), json!({"type": "single",
            "limit": 1}), json!({"type": "unlimited", "limit": 5}), json!({"type": "single", "limit": "x"})]),
        ("usage.used", vec![json!({"type": "single", "used": 0}), json!({"type": "multi", "limit": 2, "used":
            1})]),
        ("expires_at", vec![json!(START), json!("2027-01-15T11:59:59.999Z"), json!("1970-01-01T00:00:00Z"),
            json!("0000-01-01T00:00:00Z"), json!("2027-01-15T13:00:00+01:00"), json!("tomorrow"), json!(""),
            json!("2027-03-01"), json!("2027-03-01T00:00:00"), json!("2027-02-29T00:00:00Z"),
            json!("2027-03-01T24:00:00Z"), json!("2027-03-01T00:00:00Z\u{0}"), json!(" 2027-03-01T00:00:00Z"),
            json!("12027-03-01T00:00:00Z"), json!(1_900_000_000), json!(true), json!([]), json!({})]),
        ("language", vec![json!("xx"), json!(""), json!("english"), json!("sl"), json!("cz"), json!("ja-JP"),
            json!("de\u{0}"), json!(" de"), json!(5), json!(["de"]), json!({}), json!(true)]),
        ("flow", vec![json!("both"), json!(""), json!("Document"), json!("IDENTIFICATION"), json!("document "),
            json!(1), json!(["document"]), json!({}), json!(false)]),
        ("slug", vec![json!(""), json!("ab"), json!("a".repeat(65)), json!("a b c"), json!("a_b_c"),
            json!("ä-b-c"), json!("a/b/c"), json!("a.b.c"), json!("%61bc"), json!("abc\n"), json!("abc\u{0}"),
            json!("ａｂｃ"), json!("K\u{212a}K"), json!("../admin"), json!(12345), json!(["abc"]), json!({}),
            json!(true)]),
        ("confirm", flags()),
        ("resume", flags()),
        ("accept_ref", flags()),
        ("signed", flags()),
        ("inactive_message", vec![json!("ä".repeat(501)), json!("a\u{0}"), json!("a\tb"), json!("\u{1b}[31m"),
            json!("a\u{7f}"), json!(5), json!(true), json!(["a"]), json!({})]),
        ("token", vec![json!("x"), json!([]), json!(5), json!(true), json!("{}")]),
    ]
}

async fn each_bad_token_parameter_is_named_alone(context: Context) {
    let gateway = Gateway::start(&context).await;
    for (path, values) in bad_parameters() {
        let name = path.split('[').next().unwrap();
        let field = format!("token.{path}");
        for value in values {
            for flow in ["document_and_selfie", "document"] {
                refused(
                    &gateway,
                    &json!({"flow": flow, "token": {name: value}}),
                    &[&field],
                )
                .await;
            }
        }
    }
    for flag in FLAGS {
        let field = format!("token.{flag}");
        for value in [json!("true"), json!(1), json!([]), json!({})] {
            refused(&gateway, &json!({"token": {flag: value}}), &[&field]).await;
        }
    }
    refused(
        &gateway,
        &json!({"token": {"ageLimit": 30, "ageMax": 29}}),
        &["token.ageMax"],
    )
    .await;
    nothing_was_made(&gateway).await;
}

/// The parameters of iDenfy's token call that are true or false.
pub const FLAGS: [&str; 36] = [
    "generateDigitString",
    "showInstructions",
    "reviewSuccessful",
    "reviewFailed",
    "questionnaireRequired",
    "utilityBill",
    "verifyEmail",
    "verifyPhone",
    "verifyAddress",
    "verifyBank",
    "verifyBankAccounts",
    "verifyBankBalances",
    "verifyBankTransactions",
    "bankCardVerification",
    "bankCardPdfUpload",
    "nfcRequired",
    "nfcOptional",
    "driverLicenseBack",
    "checkLiveness",
    "checkAml",
    "autoAmlMonitoring",
    "checkIpProxy",
    "checkFaceBlacklist",
    "checkDocFaceBlacklist",
    "checkPersonBlacklist",
    "checkDuplicateFaces",
    "checkDuplicateDocFaces",
    "checkDuplicatePersonalData",
    "checkDriverLicense",
    "checkLid",
    "checkCriminal",
    "allowBsnMasking",
    "idLiveFaceValidation",
    "idLiveDocumentValidation",
    "checkBlurAndGlare",
    "autoFaceMatching",
];

/// Bad values of each parameter of iDenfy's token call.
#[expect(clippy::too_many_lines, reason = "a table")]
#[rustfmt::skip]
fn bad_parameters() -> Vec<(&'static str, Vec<Value>)> {
    let texts = |max: usize| {
        vec![
            json!(""),
            json!("a".repeat(max + 1)),
            json!("a\nb"),
            json!("a\u{0}"),
            json!(5),
            json!(["a"]),
        ]
    };
    let names = || {
        vec![
            json!(""),
            json!("a".repeat(101)),
            json!("J0hn"),
            json!("a_b"),
            json!("<b>"),
            json!("a\u{0}"),
            json!(5),
        ]
    };
    let dates = || {
        vec![
            json!("2001-02-29"),
            json!("2001-13-01"),
            json!("01.01.2001"),
            json!("2001-1-1"),
            json!(""),
            json!("2001-01-01T00:00:00Z"),
            json!(20_010_101),
        ]
    };
    let urls = || {
        vec![
            json!(""),
            json!("http://example.com"),
            json!("javascript:alert(1)"),
            json!("/ok"),
            json!("https://"),
            json!("https://u:p@example.com"),
            json!("https://example.com/\u{0}"),
            json!("https://example.com/\r\nX: y"),
            json!(format!("https://example.com/{}", "a".repeat(2048))),
            json!(5),
            json!([]),
        ]
    };
    let ascii = |max: usize| [texts(max), vec![json!("é"), json!("😀")]].concat();
    let integers = |low: i64, high: i64| {
        vec![
            json!(low - 1),
            json!(high + 1),
            json!(f64::from(u8::MAX) + 0.5),
            json!("60"),
            json!(true),
            json!([]),
            json!(u64::MAX),
            json!(1e300),
        ]
    };
    vec![
        ("clientId", ascii(100)),
        ("externalRef", ascii(40)),
        ("firstName", names()),
        ("lastName", names()),
        ("dateOfBirth", dates()),
        ("dateOfExpiry", dates()),
        ("dateOfIssue", dates()),
        ("nationality", vec![json!("lt"), json!("LTU"), json!("XX"), json!(""), json!(["LT"])]),
        ("sex", vec![json!("m"), json!("X"), json!(""), json!(1)]),
        ("personalNumber", texts(50)),
        ("documentNumber", texts(50)),
        ("address", texts(255)),
        ("country", vec![json!("de"), json!("XX"), json!(""), json!([]), json!({}), json!(5)]),
        ("country[0]", vec![json!(["xx"]), json!([null]), json!([""]), json!([5, "DE"])]),
        ("country[1]", vec![json!(["DE", "D"]), json!(["DE", ["AT"]])]),
        ("documents", vec![json!([]), json!("PASSPORT"), json!({}), json!(true)]),
        ("documents[0]", vec![json!(["passport"]), json!([1]), json!(["LIBRARY_CARD"])]),
        ("documents[1]", vec![json!(["PASSPORT", "P"]), json!(["PASSPORT", null])]),
        ("expiryTime", integers(1, 2_592_000)),
        ("sessionLength", integers(60, 3600)),
        ("successUrl", urls()),
        ("errorUrl", urls()),
        ("unverifiedUrl", urls()),
        ("questionnaire", texts(255)),
        ("riskAssessmentProfile", vec![json!("x"), json!(-1), json!(1.5), json!([]), json!(true)]),
        ("theme", vec![json!("x"), json!(7), json!("0197f2a46f0c7c3e9a512f0d8b7e4c11")]),
        ("ageLimit", vec![json!(-1), json!(1000), json!("18"), json!(18.5), json!(true)]),
        ("ageMax", vec![json!(-1), json!(1000), json!("18"), json!([])]),
        ("registryCentersCountries", vec![json!([]), json!("LT"), json!({})]),
        ("registryCentersCountries[0]", vec![json!(["LTU"]), json!([null])]),
        ("additionalSteps", vec![json!([]), json!("x"), json!(1), json!({"a": "\u{0}"}), json!({"\u{0}": 1})]),
        ("additionalData", vec![json!([]), json!("x"), json!(true), json!({"a": ["b\u{1}"]})]),
        ("faceMatchingThresholdModifier", vec![json!("1"), json!(true), json!([])]),
        ("dummyStatus", vec![json!("approved"), json!("NO"), json!(1)]),
        // Decided by flow, language and the settings, or no parameter at all.
        ("tokenType", vec![json!("IDENTIFICATION")]),
        ("locale", vec![json!("de")]),
        ("callbackUrl", vec![json!("https://example.com")]),
        ("webhook_url", vec![json!("https://example.com")]),
        ("min_age", vec![json!(18)]),
        ("nonsense", vec![json!(1), json!("x"), json!({})]),
    ]
}

async fn each_bad_parameter_of_the_selfie_flow_is_named_alone(context: Context) {
    let gateway = Gateway::start(&context).await;
    let good = json!({"min_age": 18, "confidence_threshold": 85.5});
    for (name, values) in [
        (
            "min_age",
            vec![
                json!(null),
                json!(0),
                json!(121),
                json!(18.5),
                json!("18"),
                json!([]),
            ],
        ),
        (
            "confidence_threshold",
            vec![
                json!(null),
                json!(-0.1),
                json!(100.1),
                json!("85"),
                json!(true),
                json!(1e300),
            ],
        ),
        (
            "buffer",
            vec![json!(-1), json!(21), json!(19), json!(1.5), json!("1")],
        ),
        ("escalation", vec![json!("doc"), json!(""), json!(1)]),
        ("retry_limit", vec![json!(0), json!(4), json!("1")]),
        ("save_photo", vec![json!("yes"), json!(1)]),
        ("expiry_minutes", vec![json!(4), json!(1441), json!("60")]),
        (
            "success_redirect",
            vec![json!("http://example.com"), json!(""), json!(5)],
        ),
        (
            "underage_redirect",
            vec![json!("javascript:alert(1)"), json!([])],
        ),
        ("webhook_url", vec![json!("https://example.com")]),
        ("clientId", vec![json!("c")]),
        ("country", vec![json!("DE")]),
        ("checkAml", vec![json!(true)]),
        ("nonsense", vec![json!(1)]),
    ] {
        let field = format!("token.{name}");
        for value in values {
            let token = over(good.clone(), &json!({name: value}));
            refused(
                &gateway,
                &json!({"flow": "selfie", "token": token}),
                &[&field],
            )
            .await;
        }
    }
    for token in [json!(null), json!({})] {
        let missing = &["token.confidence_threshold", "token.min_age"];
        refused(
            &gateway,
            &json!({"flow": "selfie", "token": token}),
            missing,
        )
        .await;
    }
    nothing_was_made(&gateway).await;
    let link = gateway.link(json!({"flow": "selfie", "token": good})).await;
    assert_eq!(link["token"], good);
}

async fn all_bad_fields_are_named_at_once(context: Context) {
    let gateway = Gateway::start(&context).await;
    let body = json!({
        "name": "", "usage": {"type": "multi", "limit": 0, "used": 1}, "expires_at": "x", "language": "xx",
        "slug": "a", "confirm": 1, "resume": "no", "accept_ref": [], "signed": 0, "inactive_message": 5, "bogus": 1,
        "token": {"clientId": "é", "country": ["DE", "xx", "yy"], "documents": [], "checkAml": 1, "nope": 1},
    });
    let mut wanted = vec![
        "name",
        "usage.limit",
        "usage.used",
        "expires_at",
        "language",
        "slug",
        "confirm",
        "resume",
        "accept_ref",
        "signed",
        "inactive_message",
        "bogus",
        "token.clientId",
        "token.country[1]",
        "token.country[2]",
        "token.documents",
        "token.checkAml",
        "token.nope",
    ];
    wanted.sort_unstable();
    refused(&gateway, &body, &wanted).await;
    let (status, told) = gateway.post("/links", json!({})).await;
    assert_eq!((status, fields(&told)), (422, vec!["name", "usage"]));
    let (_, told) = gateway
        .post("/links", json!({"flow": "x", "usage": 1}))
        .await;
    assert_eq!(fields(&told), ["flow", "name", "usage"]);
    nothing_was_made(&gateway).await;
}

async fn reserved_words_are_no_slugs(context: Context) {
    let gateway = Gateway::start(&context).await;
    for word in [
        "admin",
        "api",
        "webhooks",
        "health",
        "metrics",
        "static",
        "docs",
        "sandbox",
        "favicon",
        "robots",
        "sitemap",
        "well-known",
        "security",
        "login",
        "logout",
        "about",
        "help",
        "status",
        "www",
    ] {
        refused(&gateway, &json!({"slug": word}), &["slug"]).await;
        refused(&gateway, &json!({"slug": word.to_uppercase()}), &["slug"]).await;
        assert_eq!(
            gateway.link(json!({"slug": format!("{word}-1")})).await["slug"],
            format!("{word}-1")
        );
    }
}

/// The smallest link there is.
pub fn minimal() -> Value {
    json!({"name": "A link", "usage": {"type": "unlimited"}})
}

/// Asks for a minimal link with `more` and wants exactly these fields refused.
pub async fn refused(gateway: &Gateway, more: &Value, wanted: &[&str]) {
    let (status, told) = gateway.post("/links", over(minimal(), more)).await;
    assert_eq!(
        (status, fields(&told)),
        (422, wanted.to_vec()),
        "{more} -> {told}"
    );
    check_problem(&told, 422);
}

/// Wants no link to be there.
pub async fn nothing_was_made(gateway: &Gateway) {
    let (status, list) = gateway.get("/links").await;
    assert_eq!((status, &list["items"]), (200, &json!([])));
}
