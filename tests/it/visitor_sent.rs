//! What a click tells iDenfy, and what is kept of it.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use crate::harness::gateway::{location, path_of};
use crate::harness::log::SECRETS;
use crate::harness::{Answer, Context, Gateway, tests};
use crate::visitor_kit::{get, post_form};

tests!(
    "sent",
    [
        the_channel_is_kept_and_a_bad_one_dropped,
        a_reference_is_taken_only_where_the_link_accepts_one,
        channel_and_reference_come_through_the_confirm_page,
        the_locale_is_always_sent_and_the_links_own_wins,
        each_flow_sends_its_token_type_and_the_two_lengths,
        what_the_link_fixes_is_sent_along,
        the_callback_address_goes_along_where_it_is_switched_on,
        the_address_is_put_together_where_idenfy_names_none,
        a_selfie_link_starts_an_age_estimation,
        the_life_of_an_age_estimation_stays_within_idenfys_bounds,
        the_api_key_and_secret_are_sent_as_basic_auth,
    ]
);

/// Clicks once; gives what iDenfy was sent, and the session.
async fn click(gateway: &Gateway, link: &Value, query: &str, language: &str) -> (Value, Value) {
    let path = format!("{}{query}", path_of(link));
    let answer = get(gateway, &path, &[("Accept-Language", language)]).await;
    assert_eq!(answer.status(), 302, "{query}");
    let sent = gateway.idenfy.calls().pop().expect("a call").body;
    (sent, gateway.sessions(link).await.remove(0))
}

async fn the_channel_is_kept_and_a_bad_one_dropped(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    let long = "a".repeat(33);
    for (query, kept) in [
        ("", None),
        ("?via=qr", Some("qr")),
        ("?via=email", Some("email")),
        ("?utm=1&via=spring_2027-a", Some("spring_2027-a")),
        ("?via=", None),
        ("?via=QR", None),
        ("?via=a%20b", None),
        ("?via=%C3%A9", None),
        ("?via=%00%ff", None),
        (&format!("?via={long}"), None),
        (&format!("?via={}", &long[1..]), Some(&long[1..])),
    ] {
        let (_, session) = click(&gateway, &link, query, "en").await;
        assert_eq!(session["via"], json!(kept), "{query}");
    }
}

async fn a_reference_is_taken_only_where_the_link_accepts_one(context: Context) {
    let gateway = Gateway::start(&context).await;
    let open = gateway.link(json!({"accept_ref": true})).await;
    let closed = gateway.link(json!({})).await;
    let fixed = gateway
        .link(json!({"accept_ref": true, "token": {"externalRef": "fixed"}}))
        .await;
    let long = "r".repeat(41);
    for (link, query, kept) in [
        (&open, "?ref=order-12/3", Some("order-12/3")),
        (&open, "?ref=Order%2012&via=qr", Some("Order 12")),
        (&open, &*format!("?ref={}", &long[1..]), Some(&long[1..])),
        (&open, &*format!("?ref={long}"), None),
        (&open, "?ref=%C3%A9", None),
        (&open, "?ref=a%0Ab", None),
        (&open, "?ref=", None),
        (&open, "", None),
        (&closed, "?ref=order-12", None),
        (&fixed, "?ref=own", Some("own")),
        (&fixed, "", Some("fixed")),
    ] {
        let (sent, session) = click(&gateway, link, query, "en").await;
        assert_eq!(
            sent.get("externalRef").and_then(Value::as_str),
            kept,
            "{query}"
        );
        assert_eq!(session["external_ref"], json!(kept), "{query}");
    }
    assert!(!context.log.text().contains("order-12"));
}

async fn channel_and_reference_come_through_the_confirm_page(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway
        .link(json!({"confirm": true, "accept_ref": true}))
        .await;
    let fields = gateway.page(&link).await;
    let path = format!("{}?via=qr&ref=order-9", path_of(&link));
    let answer = post_form(&gateway, &path, &fields, &[("Accept-Language", "lt")]).await;
    assert_eq!(answer.status(), 303);
    let sent = &gateway.idenfy.calls()[0].body;
    assert_eq!(
        (&sent["externalRef"], &sent["locale"]),
        (&json!("order-9"), &json!("lt"))
    );
    let session = &gateway.sessions(&link).await[0];
    assert_eq!(
        (&session["via"], &session["language"]),
        (&json!("qr"), &json!("lt"))
    );
}

async fn the_locale_is_always_sent_and_the_links_own_wins(context: Context) {
    let gateway = Gateway::start(&context).await;
    let open = gateway.link(json!({})).await;
    let german = gateway.link(json!({"language": "DE"})).await;
    for (link, accepted, locale) in [
        (&open, "", "en"),
        (&open, "xx, yy;q=0.5", "en"),
        (&open, "pt-BR,pt;q=0.9,en;q=0.8", "pt"),
        (&open, "fr;q=0.2, lt;q=0.9", "lt"),
        (&open, "sl", "si"),
        (&open, "nb-NO", "no"),
        (&open, "zh-TW", "zh_tw"),
        (&german, "fr", "de"),
        (&german, "", "de"),
    ] {
        let (sent, session) = click(&gateway, link, "", accepted).await;
        assert_eq!(sent["locale"], locale, "{accepted}");
        assert_eq!(session["language"], locale, "{accepted}");
    }
}

async fn each_flow_sends_its_token_type_and_the_two_lengths(context: Context) {
    let gateway = Gateway::start(&context).await;
    for (flow, kind) in [
        ("document_and_selfie", "IDENTIFICATION"),
        ("document", "DOCUMENT"),
    ] {
        let link = gateway.link(json!({"flow": flow})).await;
        let (sent, session) = click(&gateway, &link, "", "en").await;
        assert_eq!(gateway.idenfy.calls().last().unwrap().path, "/api/v2/token");
        assert_eq!(sent["tokenType"], kind);
        assert_eq!(
            (&sent["expiryTime"], &sent["sessionLength"]),
            (&json!(3600), &json!(1800))
        );
        assert_eq!(sent.get("callbackUrl"), None);
        assert_eq!(sent["clientId"], session["client_id"]);
        assert_eq!(session["flow"], flow);
        assert_eq!(
            (&session["status"], &session["final"]),
            (&json!("active"), &json!(false))
        );
    }
    let gateway = Gateway::with(&context, |config| {
        config.idenfy.token_expiry_seconds = 900;
        config.idenfy.session_length_seconds = 300;
    })
    .await;
    let (sent, _) = click(&gateway, &gateway.link(json!({})).await, "", "en").await;
    assert_eq!(
        (&sent["expiryTime"], &sent["sessionLength"]),
        (&json!(900), &json!(300))
    );
}

async fn what_the_link_fixes_is_sent_along(context: Context) {
    let gateway = Gateway::start(&context).await;
    let token = json!({
        "country": ["DE", "AT"], "documents": ["PASSPORT", "ID_CARD"], "checkAml": true, "ageLimit": 18,
        "successUrl": "https://example.com/ok", "expiryTime": 120, "sessionLength": 60, "firstName": "Jane",
    });
    let link = gateway.link(json!({"token": token})).await;
    let (sent, _) = click(&gateway, &link, "", "en").await;
    for (name, value) in token.as_object().unwrap() {
        assert_eq!(&sent[name], value, "{name}");
    }
}

async fn the_callback_address_goes_along_where_it_is_switched_on(context: Context) {
    let gateway = Gateway::with(&context, |config| {
        config.idenfy.send_callback_url = true;
        config.server.public_url = Some("https://go.example.com".parse().unwrap());
    })
    .await;
    let wanted = "https://go.example.com/webhooks/idenfy";
    let (sent, _) = click(&gateway, &gateway.link(json!({})).await, "", "en").await;
    assert_eq!(sent["callbackUrl"], wanted);
    let link = gateway.link(selfie(&json!({}))).await;
    let (sent, _) = click(&gateway, &link, "", "en").await;
    assert_eq!(sent["webhook_url"], wanted);
    assert_eq!(sent.get("callbackUrl"), None);
}

async fn the_address_is_put_together_where_idenfy_names_none(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    for answer in [
        json!({"authToken": "a b+/&=ü", "scanRef": "scan", "redirectUrl": null}),
        json!({"authToken": "a b+/&=ü", "scanRef": "scan"}),
    ] {
        gateway.idenfy.answer(Answer::Document(answer));
        let answer = gateway.click(&link).await;
        assert_eq!(answer.status(), 302);
        let address = url::Url::parse(&location(&answer)).unwrap();
        assert!(
            address
                .as_str()
                .starts_with(&format!("{}/api/v2/redirect?", gateway.idenfy.base))
        );
        let pairs: Vec<_> = address.query_pairs().collect();
        assert_eq!(pairs, [("authToken".into(), "a b+/&=ü".into())]);
    }
}

fn selfie(more: &Value) -> Value {
    let mut token = json!({"min_age": 18, "confidence_threshold": 90.5});
    for (name, value) in more.as_object().expect("an object") {
        token[name] = value.clone();
    }
    json!({"flow": "selfie", "token": token})
}

async fn a_selfie_link_starts_an_age_estimation(context: Context) {
    let gateway = Gateway::start(&context).await;
    let more = json!({"escalation": "NONE", "success_redirect": "https://example.com/ok"});
    let link = gateway.link(selfie(&more)).await;
    let path = format!("{}?via=qr", path_of(&link));
    let answer = get(&gateway, &path, &[("Accept-Language", "lt")]).await;
    assert_eq!(answer.status(), 302);
    assert_eq!(location(&answer), format!("{}/age/0", gateway.idenfy.base));
    let call = &gateway.idenfy.calls()[0];
    assert_eq!(call.path, "/age-estimation/token/");
    let wanted = json!({
        "min_age": 18, "confidence_threshold": 90.5, "escalation": "NONE",
        "success_redirect": "https://example.com/ok", "expiry_minutes": 60,
    });
    assert_eq!(call.body, wanted, "no clientId, no locale, no tokenType");
    let session = &gateway.sessions(&link).await[0];
    assert_eq!(session["scan_ref"], "age-0");
    assert!(session["client_id"].is_string());
    let kept = [
        &session["flow"],
        &session["status"],
        &session["language"],
        &session["via"],
    ];
    assert_eq!(
        kept,
        [
            &json!("selfie"),
            &json!("active"),
            &json!("lt"),
            &json!("qr")
        ]
    );
}

async fn the_life_of_an_age_estimation_stays_within_idenfys_bounds(context: Context) {
    for (setting, own, minutes) in [
        (60, None, 5),
        (7200, None, 120),
        (2_592_000, None, 1440),
        (3600, Some(7), 7),
    ] {
        let gateway = Gateway::with(&context, |config| {
            config.idenfy.token_expiry_seconds = setting;
        })
        .await;
        let more = own.map_or(json!({}), |own| json!({"expiry_minutes": own}));
        let link = gateway.link(selfie(&more)).await;
        let (sent, _) = click(&gateway, &link, "", "en").await;
        assert_eq!(sent["expiry_minutes"], minutes);
    }
}

async fn the_api_key_and_secret_are_sent_as_basic_auth(context: Context) {
    let gateway = Gateway::start(&context).await;
    click(&gateway, &gateway.link(json!({})).await, "", "en").await;
    let head = gateway.idenfy.calls()[0].head.to_ascii_lowercase();
    let pair = BASE64_STANDARD.encode(format!("{}:{}", SECRETS[0], SECRETS[1]));
    let pair = pair.to_ascii_lowercase();
    assert!(
        head.starts_with("post /api/v2/token http/1.1\r\n"),
        "{head}"
    );
    assert!(head.contains(&format!("\r\nauthorization: basic {pair}\r\n")));
    assert!(head.contains("\r\ncontent-type: application/json\r\n"));
}
