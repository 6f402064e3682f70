//! Signed links: a site says, with its signature, whom it sends.

use futures_util::future::join_all;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::harness::gateway::{Told, location, path_of, text};
use crate::harness::{Context, Gateway, tests};
use crate::visitor_kit::{
    called, code, final_result, form_of, get, hold_back, language_of, post_form, send,
};

tests!(
    "signed",
    [
        each_customer_gets_a_session_of_his_own_and_comes_back_to_it,
        what_is_not_as_it_was_signed_is_refused_and_spends_nothing,
        a_browser_that_had_one_customer_is_not_led_into_his_session_as_another,
        a_form_is_asked_for_its_signature_again,
        a_page_that_was_opened_in_time_is_posted_as_any_other,
        a_hundred_clicks_at_once_of_one_customer_start_one_session,
        forged_addresses_are_bounded_like_clicks,
        a_secret_is_shown_when_it_is_made_and_stops_when_it_is_replaced,
        what_knows_no_customers_of_a_site_cannot_be_signed,
        many_signed_links_are_made_at_once,
    ]
);

/// An hour after the start of every test, in seconds.
const SOON: i64 = 1_800_018_000;

/// The address, without its host, that a site sends its customer to.
pub fn address(link: &Value, query: &str) -> String {
    let secret = text(&link["signing_secret"]);
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key will do");
    let slug = text(&link["slug"]);
    let mac = mac.chain_update(format!("{slug}?{query}")).finalize();
    format!("/{slug}?{query}&sig={}", hex::encode(mac.into_bytes()))
}

fn of(link: &Value, customer: &str) -> String {
    address(link, &format!("client_id={customer}&exp={SOON}"))
}

async fn signed_link(gateway: &Gateway, more: Value) -> Value {
    let mut wanted = json!({"signed": true});
    for (name, value) in more.as_object().expect("an object") {
        wanted[name] = value.clone();
    }
    gateway.link(wanted).await
}

/// Uses spent, and calls of iDenfy's.
async fn spent(gateway: &Gateway, link: &Value) -> (i64, usize) {
    (gateway.used(link).await, gateway.idenfy.calls().len())
}

async fn each_customer_gets_a_session_of_his_own_and_comes_back_to_it(context: Context) {
    let gateway = Gateway::start(&context).await;
    let wanted = json!({"usage": {"type": "multi", "limit": 3}, "token": {"externalRef": "fixed"}});
    let link = signed_link(&gateway, wanted).await;
    let with_ref = format!("client_id=customer-7&ref=No.%204%2F2%26c&exp={SOON}");
    let first = get(&gateway, &address(&link, &with_ref), &[]).await;
    assert_eq!(first.status(), 302);
    assert!(!first.headers().contains_key("set-cookie"));
    let path = format!("{}&via=shop&utm_source=x", of(&link, "customer-8"));
    let slug = path_of(&link);
    let other = path.replacen(&slug, &slug.to_uppercase(), 1);
    let other = get(&gateway, &other, &[]).await;
    assert_eq!(other.status(), 302);
    assert_ne!(location(&other), location(&first));
    // Whatever else was signed: the customer is the same, so is his session, and nothing is spent.
    gateway.clock.advance(1000);
    for again in [of(&link, "customer-7"), address(&link, &with_ref)] {
        let again = get(&gateway, &again, &[]).await;
        assert_eq!(
            (again.status().as_u16(), location(&again)),
            (302, location(&first))
        );
    }
    assert_eq!(spent(&gateway, &link).await, (2, 2));
    let sessions = gateway.sessions(&link).await;
    let told = |n: usize| {
        let Value::Object(body) = &gateway.idenfy.calls()[n].body else {
            panic!("an object");
        };
        let kept = &sessions[1 - n];
        assert_eq!(body["clientId"], kept["client_id"]);
        assert_eq!(body["externalRef"], kept["external_ref"]);
        (
            text(&kept["client_id"]).to_owned(),
            text(&kept["external_ref"]).to_owned(),
        )
    };
    assert_eq!(told(0), ("customer-7".into(), "No. 4/2&c".into()));
    assert_eq!(told(1), ("customer-8".into(), "fixed".into()));
    assert_eq!(sessions[0]["via"], "shop");
    // The link of one customer alone shares his session, as ever.
    let invite = gateway
        .link(json!({"token": {"clientId": "customer-7"}}))
        .await;
    assert_eq!(location(&gateway.click(&invite).await), location(&first));
    final_result(&gateway, &sessions[1], "APPROVED").await;
    let next = get(&gateway, &of(&link, "customer-7"), &[]).await;
    assert_ne!(location(&next), location(&first));
    assert_eq!(spent(&gateway, &link).await, (3, 3));
    // Used up, but not for him whose session is open.
    let back = get(&gateway, &of(&link, "customer-8"), &[]).await;
    assert_eq!(location(&back), location(&other));
    assert_eq!(
        code(&gateway, Method::GET, &of(&link, "customer-9")).await,
        (410, "link_exhausted".into())
    );
    let log = context.log.text();
    for hidden in ["customer-7", "No. 4", "sig=", text(&link["signing_secret"])] {
        assert!(!log.contains(hidden), "{hidden}");
    }
}

/// Addresses that were not signed so, each by what is wrong with it.
fn forged(link: &Value) -> Vec<(&'static str, String)> {
    let good = address(link, &format!("client_id=customer-42&ref=7&exp={SOON}"));
    let (whole, signature) = good.split_once("&sig=").unwrap();
    let slug = path_of(link);
    let (later, beyond) = (SOON + 1, SOON + 7 * 86_400);
    let signed = |query: &str| address(link, query);
    vec![
        ("nothing at all", slug.clone()),
        ("no signature", whole.to_owned()),
        ("an empty one", format!("{whole}&sig=")),
        ("a random one", format!("{whole}&sig={}", "0".repeat(64))),
        ("cut", good[..good.len() - 2].to_owned()),
        ("longer", format!("{good}00")),
        (
            "upper case",
            format!("{whole}&sig={}", signature.to_uppercase()),
        ),
        (
            "another order",
            format!("{slug}?ref=7&client_id=customer-42&exp={SOON}&sig={signature}"),
        ),
        (
            "the signature first",
            format!("{slug}?sig={signature}&client_id=customer-42&ref=7&exp={SOON}"),
        ),
        (
            "another customer",
            good.replacen("customer-42", "customer-43", 1),
        ),
        ("another reference", good.replacen("ref=7", "ref=8", 1)),
        ("none", good.replacen("&ref=7", "", 1)),
        (
            "a longer time",
            good.replacen(&SOON.to_string(), &later.to_string(), 1),
        ),
        (
            "percent-encoded",
            good.replacen("customer-42", "customer-%34%32", 1),
        ),
        (
            "an encoded name",
            good.replacen("client_id", "client%5Fid", 1),
        ),
        ("an encoded signature", good.replacen("&sig=", "&s%69g=", 1)),
        ("something added", format!("{whole}&via=x&sig={signature}")),
        ("a second customer", format!("{good}&client_id=43")),
        ("a hidden one", format!("{good}&client%5Fid=43")),
        ("a second time", format!("{good}&via=x&exp={later}")),
        ("a second signature", format!("{good}&sig={signature}")),
        (
            "two customers signed",
            signed(&format!("client_id=1&client_id=2&exp={SOON}")),
        ),
        ("no customer signed", signed(&format!("exp={SOON}"))),
        (
            "an empty customer",
            signed(&format!("client_id=&exp={SOON}")),
        ),
        (
            "letters of others",
            signed(&format!("client_id=J%C3%B6rg&exp={SOON}")),
        ),
        (
            "control characters",
            signed(&format!("client_id=a%00b&exp={SOON}")),
        ),
        (
            "101 characters",
            signed(&format!("client_id={}&exp={SOON}", "a".repeat(101))),
        ),
        ("no time", signed("client_id=customer-42")),
        ("no number", signed("client_id=customer-42&exp=tomorrow")),
        (
            "milliseconds",
            signed(&format!("client_id=customer-42&exp={SOON}000")),
        ),
        (
            "over a week ahead",
            signed(&format!("client_id=customer-42&exp={beyond}")),
        ),
        (
            "a bad reference",
            signed(&format!("client_id=customer-42&ref=%C3%A9&exp={SOON}")),
        ),
    ]
}

async fn what_is_not_as_it_was_signed_is_refused_and_spends_nothing(context: Context) {
    let gateway = Gateway::start(&context).await;
    for confirm in [false, true] {
        let wanted = json!({"confirm": confirm, "resume": true, "language": "lt", "inactive_message": "Over."});
        let link = signed_link(&gateway, wanted).await;
        // His session is open, so that whoever is taken for him is led into it.
        let own = of(&link, "customer-42");
        if confirm {
            let page = get(&gateway, &own, &[]).await.text().await.unwrap();
            let posted = post_form(&gateway, &own, &form_of(&page), &[]).await;
            assert_eq!(posted.status(), 303);
        } else {
            assert_eq!(get(&gateway, &own, &[]).await.status(), 302);
        }
        let spent_before = spent(&gateway, &link).await;
        let invalid = (403, "signature_invalid".to_owned());
        for (what, path) in forged(&link) {
            assert_eq!(code(&gateway, Method::GET, &path).await, invalid, "{what}");
        }
        let cut = format!("{}?client_id=customer-42&exp={SOON}", path_of(&link));
        let preview = [("User-Agent", "WhatsApp/2.23.20.0")];
        for (method, headers) in [
            (Method::GET, &[][..]),
            (Method::GET, &preview[..]),
            (Method::HEAD, &[][..]),
            (Method::POST, &[][..]),
        ] {
            let answer = send(&gateway, method.clone(), &cut, headers).await;
            assert_eq!(answer.status(), 403, "{method}");
            assert_eq!(answer.headers()["cache-control"], "no-store");
            let page = answer.text().await.unwrap();
            if method != Method::HEAD {
                assert_eq!(language_of(&page), "lt");
                assert!(page.contains("<h1>Ši nuoroda yra ne visa</h1>"), "{page}");
                assert!(
                    !page.contains("customer-42") && !page.contains("Over."),
                    "{page}"
                );
            }
        }
        // What looks on before it opens sees the page, and learns nothing of the customer.
        let stranger = of(&link, "strange-17");
        for headers in [&preview[..], &[("Sec-Purpose", "prefetch")]] {
            let answer = get(&gateway, &stranger, headers).await;
            assert_eq!(answer.status(), 200);
            assert!(!answer.text().await.unwrap().contains("strange-17"));
        }
        assert_eq!(
            send(&gateway, Method::HEAD, &stranger, &[]).await.status(),
            200
        );
        let late = address(&link, "client_id=customer-42&exp=1799999999");
        assert_eq!(
            code(&gateway, Method::GET, &late).await,
            (403, "signature_expired".into())
        );
        let page = get(&gateway, &late, &[]).await.text().await.unwrap();
        assert!(page.contains("Grįžkite į svetainę"), "{page}");
        assert_eq!(spent(&gateway, &link).await, spent_before);
        let off = format!("/links/{}/deactivate", text(&link["id"]));
        assert_eq!(gateway.post(&off, json!({})).await.0, 200);
        for path in [own, cut, late] {
            let gone = (410, "link_deactivated".to_owned());
            assert_eq!(code(&gateway, Method::GET, &path).await, gone);
        }
    }
}

async fn a_browser_that_had_one_customer_is_not_led_into_his_session_as_another(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = signed_link(&gateway, json!({"resume": true})).await;
    let first = get(&gateway, &of(&link, "jane"), &[]).await;
    let cookie = first.headers()["set-cookie"].to_str().unwrap().to_owned();
    let cookie = [("Cookie", cookie.split(';').next().unwrap())];
    let forged = of(&link, "jane").replacen("jane", "joe", 1);
    assert_eq!(get(&gateway, &forged, &cookie).await.status(), 403);
    assert_eq!(get(&gateway, &path_of(&link), &cookie).await.status(), 403);
    let back = get(&gateway, &of(&link, "jane"), &cookie).await;
    assert_eq!(location(&back), location(&first));
    let other = get(&gateway, &of(&link, "joe"), &cookie).await;
    assert_eq!(other.status(), 302);
    assert_ne!(location(&other), location(&first));
    assert_eq!(spent(&gateway, &link).await, (2, 2));
}

async fn a_form_is_asked_for_its_signature_again(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = signed_link(&gateway, json!({"confirm": true})).await;
    let page = async |path: &str| {
        let answer = get(&gateway, path, &[]).await;
        assert_eq!(answer.status(), 200);
        form_of(&answer.text().await.unwrap())
    };
    let (jane, joe) = (of(&link, "jane"), of(&link, "joe"));
    let form = page(&jane).await;
    assert_eq!(
        post_form(&gateway, &path_of(&link), &form, &[])
            .await
            .status(),
        403
    );
    let forged = jane.replacen("jane", "joe", 1);
    assert_eq!(post_form(&gateway, &forged, &form, &[]).await.status(), 403);
    let first = post_form(&gateway, &jane, &form, &[]).await;
    assert_eq!(first.status(), 303);
    assert_eq!(
        location(&post_form(&gateway, &jane, &form, &[]).await),
        location(&first)
    );
    // The page of one customer is none of another's.
    assert_eq!(post_form(&gateway, &joe, &form, &[]).await.status(), 200);
    let own = page(&joe).await;
    let other = post_form(&gateway, &joe, &own, &[]).await;
    assert_eq!(other.status(), 303);
    assert_ne!(location(&other), location(&first));
    assert_eq!(spent(&gateway, &link).await, (2, 2));
}

async fn a_page_that_was_opened_in_time_is_posted_as_any_other(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = signed_link(&gateway, json!({"confirm": true})).await;
    let soon = gateway.clock.now().seconds() + 60;
    let of = |customer: &str| address(&link, &format!("client_id={customer}&exp={soon}"));
    let page = get(&gateway, &of("jane"), &[]).await.text().await.unwrap();
    let form = form_of(&page);
    gateway.clock.advance(60_000);
    let expired = (403, "signature_expired".to_owned());
    assert_eq!(code(&gateway, Method::GET, &of("jane")).await, expired);
    let first = post_form(&gateway, &of("jane"), &form, &[]).await;
    assert_eq!(first.status(), 303);
    let again = post_form(&gateway, &of("jane"), &form, &[]).await;
    assert_eq!(location(&again), location(&first));
    assert_eq!(spent(&gateway, &link).await, (1, 1));
    // The page of one customer lets in nobody else, and no page anybody.
    for (customer, form) in [("joe", form.as_slice()), ("jane", &[])] {
        let answer = post_form(&gateway, &of(customer), form, &[]).await;
        assert_eq!(answer.status(), 403, "{customer}");
    }
    gateway.clock.advance(24 * 3_600_000);
    assert_eq!(
        post_form(&gateway, &of("jane"), &form, &[]).await.status(),
        403
    );
}

async fn a_hundred_clicks_at_once_of_one_customer_start_one_session(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = signed_link(&gateway, json!({"usage": {"type": "multi", "limit": 2}})).await;
    let path = of(&link, "jane");
    let gate = hold_back(&gateway);
    let clicks = join_all((0..100).map(|_| get(&gateway, &path, &[])));
    let (answers, ()) = tokio::join!(clicks, async {
        called(&gateway, 1).await;
        gate.add_permits(100);
    });
    for answer in &answers {
        assert_eq!(
            (answer.status().as_u16(), location(answer)),
            (302, location(&answers[0]))
        );
    }
    assert_eq!(spent(&gateway, &link).await, (1, 1));
    assert_eq!(gateway.sessions(&link).await.len(), 1);
}

async fn forged_addresses_are_bounded_like_clicks(context: Context) {
    let gateway = Gateway::with(&context, |config| {
        config.limits.clicks_per_minute_per_ip = 3;
    })
    .await;
    let link = signed_link(&gateway, json!({})).await;
    let forged = of(&link, "jane").replacen("jane", "joe", 1);
    for status in [403, 403, 403, 429] {
        let answer = get(&gateway, &forged, &[]).await;
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers().contains_key("retry-after"), status == 429);
    }
    assert_eq!(get(&gateway, &of(&link, "jane"), &[]).await.status(), 429);
    assert_eq!(
        send(&gateway, Method::HEAD, &forged, &[]).await.status(),
        403
    );
    gateway.clock.advance(60_000);
    assert_eq!(get(&gateway, &of(&link, "jane"), &[]).await.status(), 302);
    assert_eq!(spent(&gateway, &link).await, (1, 1));
}

async fn a_secret_is_shown_when_it_is_made_and_stops_when_it_is_replaced(context: Context) {
    let gateway = Gateway::start(&context).await;
    let node = gateway.another_node(|_| {}).await;
    let once = async |path: &str, body: Value| -> Told {
        let request = gateway.request(Method::POST, &format!("/api/v1{path}"));
        let request = request
            .bearer_auth(&gateway.key)
            .header("Idempotency-Key", path);
        let answer = request.json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    };
    let wanted = json!({"name": "Shop", "usage": {"type": "unlimited"}, "signed": true});
    let (status, link) = once("/links", wanted.clone()).await;
    assert_eq!((status, &link["signed"]), (201, &json!(true)), "{link}");
    assert_eq!(text(&link["signing_secret"]).len(), 44);
    assert_eq!(once("/links", wanted).await, (201, link.clone()));
    let own = format!("/links/{}", text(&link["id"]));
    let mut told = link.clone();
    told.as_object_mut().unwrap().remove("signing_secret");
    assert_eq!(gateway.get(&own).await, (200, told.clone()));
    assert_eq!(gateway.get("/links").await.1["items"], json!([told]));
    for gateway in [&gateway, &node] {
        assert_eq!(get(gateway, &of(&link, "jane"), &[]).await.status(), 302);
    }
    let secret = format!("{own}/signing-secret");
    let (status, renewed) = once(&secret, json!({})).await;
    assert_eq!(status, 200, "{renewed}");
    assert_eq!(once(&secret, json!({})).await, (200, renewed.clone()));
    assert_ne!(renewed["signing_secret"], link["signing_secret"]);
    for gateway in [&gateway, &node] {
        assert_eq!(get(gateway, &of(&link, "jane"), &[]).await.status(), 403);
        assert_eq!(get(gateway, &of(&renewed, "jane"), &[]).await.status(), 302);
    }
    let (_, log) = gateway
        .get(&format!("/audit?object_id={}", text(&link["id"])))
        .await;
    let lines = log["items"].as_array().unwrap();
    assert_eq!(lines.len(), 2, "{log}");
    assert_eq!(lines[0]["detail"], "another signing secret");
    let plain = gateway.link(json!({})).await;
    assert!(plain.get("signing_secret").is_none());
    let without = format!("/links/{}/signing-secret", text(&plain["id"]));
    assert_eq!(gateway.post(&without, json!({})).await.0, 404);
    let (_, reader) = gateway
        .post("/keys", json!({"name": "r", "scopes": ["read"]}))
        .await;
    let request = gateway.request(Method::POST, &format!("/api/v1{secret}"));
    let request = request.bearer_auth(text(&reader["key"]));
    assert_eq!(request.send().await.unwrap().status(), 403);
    assert_eq!(gateway.api(Method::DELETE, &own, None).await.0, 204);
    assert_eq!(
        code(&gateway, Method::GET, &of(&renewed, "jane")).await,
        (410, "link_deactivated".into())
    );
    assert_eq!(gateway.post(&secret, json!({})).await.0, 404);
}

async fn what_knows_no_customers_of_a_site_cannot_be_signed(context: Context) {
    let gateway = Gateway::start(&context).await;
    let age = json!({"min_age": 18, "confidence_threshold": 85});
    for (more, why) in [
        (json!({"token": {"clientId": "c"}}), "token.clientId"),
        (json!({"flow": "selfie", "token": age}), "selfie"),
    ] {
        let mut wanted = json!({"name": "A", "usage": {"type": "single"}, "signed": true});
        for (name, value) in more.as_object().unwrap() {
            wanted[name] = value.clone();
        }
        let (status, told) = gateway.post("/links", wanted).await;
        assert_eq!(
            (status, told["errors"].as_array().map(Vec::len)),
            (422, Some(1))
        );
        assert_eq!(told["errors"][0]["field"], "signed");
        assert!(text(&told["errors"][0]["message"]).contains(why), "{told}");
    }
}

async fn many_signed_links_are_made_at_once(context: Context) {
    let gateway = Gateway::start(&context).await;
    let csv = "name;usage;signed\nShop;unlimited;true\nPlain;unlimited;false\nEmpty;unlimited;\n";
    let send = async |accept: &str, key: &str| {
        let request = gateway
            .request(Method::POST, "/api/v1/links/bulk")
            .bearer_auth(&gateway.key);
        let request = request
            .header("Accept", accept)
            .header("Idempotency-Key", key);
        let answer = request
            .header("Content-Type", "text/csv")
            .body(csv)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 201);
        answer.text().await.unwrap()
    };
    let table = send("text/csv", "a").await;
    assert!(!table.contains("signing_secret"), "{table}");
    let made = send("application/json", "b").await;
    assert_eq!(send("application/json", "b").await, made);
    let made: Value = serde_json::from_str(&made).unwrap();
    let signed = |n: usize| {
        (
            made["items"][n]["signed"] == true,
            made["items"][n].get("signing_secret").is_some(),
        )
    };
    assert_eq!(
        [signed(0), signed(1), signed(2)],
        [(true, true), (false, false), (false, false)]
    );
    let answer = get(&gateway, &of(&made["items"][0], "jane"), &[]).await;
    assert_eq!(answer.status(), 302);
    let request = gateway
        .request(Method::GET, "/api/v1/links.csv")
        .bearer_auth(&gateway.key);
    let table = request.send().await.unwrap().text().await.unwrap();
    assert!(table.starts_with("id,slug,url,name,usage,limit,used,remaining,expires_at,language,flow,confirm,resume,accept_ref,signed,"));
    assert!(!table.contains(text(&made["items"][0]["signing_secret"])));
}
