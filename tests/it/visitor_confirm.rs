//! The page before the redirect, and the form on it.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::harness::gateway::{location, path_of, text};
use crate::harness::{Answer, BOUND, Context, Gateway, eventually, tests};
use crate::visitor_kit::{
    HOUR_MS, called, code, form_of, get, hold_back, language_of, post_form, send, unavailable,
    under_way,
};

tests!(
    "confirm",
    [
        the_page_is_small_and_has_one_form_that_posts_to_its_own_address,
        a_page_is_not_a_use_until_it_is_posted,
        a_post_without_a_pages_valid_fields_shows_the_page,
        a_page_can_be_posted_for_a_day,
        a_double_tap_starts_one_session,
        a_double_tap_needs_no_second_place_among_the_mints,
        a_form_posted_again_after_its_token_ran_out_is_a_new_click,
        a_form_posted_again_outlives_the_last_use_and_the_links_end,
        two_pages_of_a_link_are_two_clicks,
        a_form_whose_mint_failed_can_be_posted_again,
        a_link_that_ends_between_page_and_post_starts_nothing,
        a_direct_links_page_can_be_posted_too,
    ]
);

const DAY_MS: i64 = 24 * HOUR_MS;

async fn the_page_is_small_and_has_one_form_that_posts_to_its_own_address(context: Context) {
    let gateway = Gateway::start(&context).await;
    for flow in ["document_and_selfie", "document", "selfie"] {
        let token = match flow {
            "selfie" => json!({"min_age": 18, "confidence_threshold": 80}),
            _ => json!({}),
        };
        let wanted = json!({"confirm": true, "flow": flow, "language": "uk", "token": token});
        let link = gateway.link(wanted).await;
        let answer = gateway.click(&link).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
        assert_eq!(answer.headers()["cache-control"], "private, no-cache");
        assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
        assert!(!answer.headers().contains_key("set-cookie"));
        let page = answer.text().await.unwrap();
        form_of(&page);
        assert_eq!(language_of(&page), "uk");
    }
    let link = gateway.link(json!({"confirm": true})).await;
    for (accepted, shown) in [
        ("de-AT,de;q=0.9", "de"),
        ("sl", "sl"),
        ("xx", "en"),
        ("zh-TW", "zh-Hant-TW"),
    ] {
        let answer = get(&gateway, &path_of(&link), &[("Accept-Language", accepted)]).await;
        assert_eq!(language_of(&answer.text().await.unwrap()), shown);
    }
}

async fn a_page_is_not_a_use_until_it_is_posted(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway
        .link(json!({"usage": {"type": "single"}, "confirm": true}))
        .await;
    for _ in 0..3 {
        gateway.page(&link).await;
    }
    let fields = gateway.page(&link).await;
    assert_eq!(
        (gateway.used(&link).await, gateway.idenfy.calls().len()),
        (0, 0)
    );
    let answer = gateway.submit(&link, &fields).await;
    assert_eq!(answer.status(), 303);
    assert!(location(&answer).starts_with(&gateway.idenfy.base));
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
    assert_eq!(answer.headers()["x-robots-tag"], "noindex");
    assert_eq!((gateway.used(&link).await, gateway.idenfy.minted()), (1, 1));
}

async fn a_post_without_a_pages_valid_fields_shows_the_page(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"confirm": true})).await;
    let other = gateway.link(json!({"confirm": true})).await;
    let fields = gateway.page(&link).await;
    let change = |f: fn(&str) -> String| -> Vec<(String, String)> {
        fields
            .iter()
            .map(|(name, value)| (name.clone(), f(value)))
            .collect()
    };
    let flip = |value: &str| {
        let (rest, last) = value.split_at(value.len() - 5);
        let turned: String = last.chars().rev().collect();
        format!("{rest}x{turned}")
    };
    let cases = [
        vec![],
        vec![("other".to_owned(), "field".to_owned())],
        change(|_| String::new()),
        change(|_| "0.0.0".to_owned()),
        change(flip),
        change(str::to_uppercase),
        change(|value| format!("9{value}")),
        change(|value| value.repeat(2)),
        change(|value| value.replace(|c: char| c.is_ascii_digit(), "7")),
        gateway.page(&other).await,
    ];
    for (n, forged) in cases.iter().enumerate() {
        let answer = gateway.submit(&link, forged).await;
        assert_eq!(answer.status(), 200, "{n}");
        form_of(&answer.text().await.unwrap());
    }
    // Good fields in the wrong place, no form at all, and far too much of one.
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&fields)
        .finish();
    let path = format!("{}?{query}", path_of(&link));
    assert_eq!(send(&gateway, Method::POST, &path, &[]).await.status(), 200);
    for body in [
        "\u{0}\u{1}%%%=&&&".to_owned(),
        format!("a={}", "b".repeat(100_000)),
    ] {
        let request = gateway.request(Method::POST, &path_of(&link)).body(body);
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
    for unused in [&link, &other] {
        assert_eq!(gateway.used(unused).await, 0);
    }
    assert_eq!(gateway.idenfy.calls().len(), 0);
    assert_eq!(gateway.submit(&link, &fields).await.status(), 303);
}

async fn a_page_can_be_posted_for_a_day(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"confirm": true})).await;
    let (first, second) = (gateway.page(&link).await, gateway.page(&link).await);
    gateway.clock.advance(DAY_MS - 1);
    assert_eq!(gateway.submit(&link, &first).await.status(), 303);
    gateway.clock.advance(1);
    let late = gateway.submit(&link, &second).await;
    assert_eq!(late.status(), 200);
    assert_eq!(gateway.used(&link).await, 1);
    let renewed = form_of(&late.text().await.unwrap());
    assert_eq!(gateway.submit(&link, &renewed).await.status(), 303);
    assert_eq!(gateway.used(&link).await, 2);
}

async fn a_double_tap_starts_one_session(context: Context) {
    let gateway = Gateway::start(&context).await;
    // The last use of a link, and one of several.
    for (calls, limit) in (1..).zip([1, 9]) {
        let link = gateway
            .link(json!({"usage": {"type": "multi", "limit": limit}, "confirm": true}))
            .await;
        let fields = gateway.page(&link).await;
        let gate = hold_back(&gateway);
        // Some at once, and some while the session is being started.
        let early = join_all((0..2).map(|_| gateway.submit(&link, &fields)));
        let (mut answers, late) = tokio::join!(early, async {
            called(&gateway, calls).await;
            let late = join_all((0..3).map(|_| gateway.submit(&link, &fields)));
            let (late, ()) = tokio::join!(late, async {
                let all_under_way = async || under_way(&gateway) == 5;
                eventually(BOUND, "five taps under way", all_under_way).await;
                gate.add_permits(5);
            });
            late
        });
        answers.extend(late);
        let first = location(&answers[0]);
        for answer in &answers {
            assert_eq!(
                (answer.status().as_u16(), location(answer)),
                (303, first.clone())
            );
        }
        let again = gateway.submit(&link, &fields).await;
        assert_eq!((again.status().as_u16(), location(&again)), (303, first));
        assert_eq!(
            (gateway.used(&link).await, gateway.idenfy.calls().len()),
            (1, calls)
        );
        assert_eq!(gateway.sessions(&link).await.len(), 1);
    }
}

async fn a_double_tap_needs_no_second_place_among_the_mints(context: Context) {
    let gateway = Gateway::with(&context, |config| config.idenfy.max_in_flight = 1).await;
    let wanted = json!({"usage": {"type": "single"}, "confirm": true});
    let (link, other) = (
        gateway.link(wanted.clone()).await,
        gateway.link(wanted).await,
    );
    let (fields, others) = (gateway.page(&link).await, gateway.page(&other).await);
    let gate = hold_back(&gateway);
    let (first, second) = tokio::join!(gateway.submit(&link, &fields), async {
        called(&gateway, 1).await;
        unavailable(gateway.submit(&other, &others).await).await;
        let both_under_way = async || under_way(&gateway) == 2;
        let (second, ()) = tokio::join!(gateway.submit(&link, &fields), async {
            eventually(BOUND, "two taps under way", both_under_way).await;
            gate.add_permits(1);
        });
        second
    });
    for answer in [&first, &second] {
        assert_eq!(answer.status(), 303);
    }
    assert_eq!(location(&first), location(&second));
    assert_eq!(gateway.idenfy.calls().len(), 1);
}

async fn a_form_posted_again_after_its_token_ran_out_is_a_new_click(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway
        .link(json!({"usage": {"type": "multi", "limit": 2}, "confirm": true}))
        .await;
    let fields = gateway.page(&link).await;
    let first = location(&gateway.submit(&link, &fields).await);
    gateway.clock.advance(HOUR_MS - 1);
    assert_eq!(location(&gateway.submit(&link, &fields).await), first);
    assert_eq!(gateway.used(&link).await, 1);
    gateway.clock.advance(1);
    let second = gateway.submit(&link, &fields).await;
    assert_eq!(second.status(), 303);
    assert_ne!(location(&second), first);
    assert_eq!(gateway.used(&link).await, 2);
    gateway.clock.advance(HOUR_MS);
    assert_eq!(gateway.submit(&link, &fields).await.status(), 410);
}

async fn a_form_posted_again_outlives_the_last_use_and_the_links_end(context: Context) {
    let gateway = Gateway::start(&context).await;
    let wanted =
        json!({"usage": {"type": "single"}, "confirm": true, "expires_at": "2027-01-15T12:30:00Z"});
    let link = gateway.link(wanted).await;
    let (fields, unposted) = (gateway.page(&link).await, gateway.page(&link).await);
    let first = location(&gateway.submit(&link, &fields).await);
    for end in ["link_exhausted", "link_expired"] {
        let again = gateway.submit(&link, &fields).await;
        assert_eq!(
            (again.status().as_u16(), location(&again)),
            (303, first.clone())
        );
        assert_eq!(gateway.submit(&link, &unposted).await.status(), 410);
        assert_eq!(
            code(&gateway, Method::GET, &path_of(&link)).await,
            (410, end.into())
        );
        gateway.clock.advance(HOUR_MS / 2);
    }
    assert_eq!(
        (gateway.used(&link).await, gateway.idenfy.calls().len()),
        (1, 1)
    );
}

async fn two_pages_of_a_link_are_two_clicks(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"confirm": true})).await;
    let (one, two) = (gateway.page(&link).await, gateway.page(&link).await);
    assert_ne!(one, two);
    let one = location(&gateway.submit(&link, &one).await);
    assert_ne!(location(&gateway.submit(&link, &two).await), one);
    assert_eq!(gateway.used(&link).await, 2);
}

async fn a_form_whose_mint_failed_can_be_posted_again(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let link = gateway
        .link(json!({"usage": {"type": "single"}, "confirm": true}))
        .await;
    let fields = gateway.page(&link).await;
    gateway.idenfy.answer(Answer::Raw(500, "", "{}".into()));
    unavailable(gateway.submit(&link, &fields).await).await;
    assert_eq!(gateway.used(&link).await, 0);
    gateway.idenfy.answer(Answer::Token);
    assert_eq!(gateway.submit(&link, &fields).await.status(), 303);
    assert_eq!(gateway.used(&link).await, 1);
}

async fn a_link_that_ends_between_page_and_post_starts_nothing(context: Context) {
    let gateway = Gateway::start(&context).await;
    let expiring = gateway
        .link(json!({"confirm": true, "expires_at": "2027-01-15T12:30:00Z"}))
        .await;
    let fields = gateway.page(&expiring).await;
    let link = gateway.link(json!({"confirm": true})).await;
    let (posted, unposted) = (gateway.page(&link).await, gateway.page(&link).await);
    assert_eq!(gateway.submit(&link, &posted).await.status(), 303);
    let path = format!("/links/{}/deactivate", text(&link["id"]));
    assert_eq!(gateway.api(Method::POST, &path, None).await.0, 200);
    gateway.clock.advance(HOUR_MS / 2);
    // Switched off weighs more than a session that is open.
    for (link, fields, wanted) in [
        (&expiring, &fields, "link_expired"),
        (&link, &unposted, "link_deactivated"),
        (&link, &posted, "link_deactivated"),
    ] {
        let answer = post_form(
            &gateway,
            &path_of(link),
            fields,
            &[("Accept", "application/json")],
        )
        .await;
        assert_eq!(answer.status(), 410);
        let problem: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], wanted);
    }
    assert_eq!(gateway.idenfy.calls().len(), 1);
}

async fn a_direct_links_page_can_be_posted_too(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    let answer = gateway.submit(&link, &[]).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(gateway.used(&link).await, 0);
    let fields = form_of(&answer.text().await.unwrap());
    assert_eq!(gateway.submit(&link, &fields).await.status(), 303);
    assert_eq!(gateway.used(&link).await, 1);
}
