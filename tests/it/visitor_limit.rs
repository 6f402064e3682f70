//! The bound on clicks from one address.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::gateway::{PHONE, path_of, text};
use crate::harness::{Context, Gateway, tests};
use crate::visitor_kit::{Headers, code, form_of, get, language_of, send};

tests!(
    "limit",
    [
        clicks_beyond_the_bound_are_refused_and_spend_nothing,
        the_bucket_refills_evenly,
        posted_forms_and_unknown_slugs_count_too,
        pages_and_looks_are_never_refused_nor_counted,
        the_bound_is_asked_before_anything_else,
        the_bound_is_asked_before_a_form_is_read,
        zero_turns_the_bound_off,
        a_trusted_proxy_says_whose_click_it_is,
        nobody_else_can_say_whose_click_it_is,
        addresses_of_ipv6_have_bounds_of_their_own,
    ]
);

async fn bounded(context: &Context, clicks: u32) -> Gateway {
    Gateway::with(context, |config| {
        config.limits.clicks_per_minute_per_ip = clicks;
    })
    .await
}

/// Behind a proxy on this machine.
async fn behind_proxy(context: &Context, clicks: u32) -> Gateway {
    Gateway::with(context, |config| {
        config.limits.clicks_per_minute_per_ip = clicks;
        config.server.trusted_proxies = vec![
            "127.0.0.1/32".parse().unwrap(),
            "10.0.0.0/8".parse().unwrap(),
        ];
    })
    .await
}

async fn click_from(gateway: &Gateway, link: &Value, forwarded: &str) -> u16 {
    let headers = [("X-Forwarded-For", forwarded)];
    let answer = get(gateway, &path_of(link), &headers).await;
    answer.status().as_u16()
}

async fn clicks_beyond_the_bound_are_refused_and_spend_nothing(context: Context) {
    let gateway = bounded(&context, 3).await;
    let link = gateway.link(json!({})).await;
    for _ in 0..3 {
        assert_eq!(gateway.click(&link).await.status(), 302);
    }
    let refused = get(&gateway, &path_of(&link), &[("Accept-Language", "de")]).await;
    assert_eq!(refused.status(), 429);
    let wait: u32 = refused.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(wait, 20, "a third of a minute");
    assert_eq!(language_of(&refused.text().await.unwrap()), "de");
    let told = code(&gateway, Method::GET, &path_of(&link)).await;
    assert_eq!(told, (429, "rate_limited".into()));
    assert_eq!(
        (gateway.used(&link).await, gateway.idenfy.calls().len()),
        (3, 3)
    );
    gateway.clock.advance(i64::from(wait) * 1000);
    assert_eq!(gateway.click(&link).await.status(), 302);
}

async fn the_bucket_refills_evenly(context: Context) {
    let gateway = bounded(&context, 4).await;
    let link = gateway.link(json!({})).await;
    let clicks = async |most: usize| {
        for n in 0..=most {
            let status = gateway.click(&link).await.status();
            if status == 429 {
                return n;
            }
            assert_eq!(status, 302);
        }
        usize::MAX
    };
    assert_eq!(clicks(4).await, 4);
    gateway.clock.advance(14_999);
    assert_eq!(clicks(4).await, 0);
    gateway.clock.advance(1);
    assert_eq!(clicks(4).await, 1);
    gateway.clock.advance(30_000);
    assert_eq!(clicks(4).await, 2);
    gateway.clock.advance(600_000);
    assert_eq!(clicks(4).await, 4, "never more than the bucket holds");
}

async fn posted_forms_and_unknown_slugs_count_too(context: Context) {
    let gateway = bounded(&context, 3).await;
    let link = gateway.link(json!({"confirm": true})).await;
    let fields = gateway.page(&link).await;
    assert_eq!(gateway.submit(&link, &fields).await.status(), 303);
    assert_eq!(gateway.submit(&link, &[]).await.status(), 200);
    assert_eq!(get(&gateway, "/nosuchlink", &[]).await.status(), 404);
    assert_eq!(get(&gateway, "/nosuchlink", &[]).await.status(), 429);
    assert_eq!(
        code(&gateway, Method::POST, &path_of(&link)).await,
        (429, "rate_limited".into())
    );
    assert_eq!(gateway.used(&link).await, 1);
}

async fn pages_and_looks_are_never_refused_nor_counted(context: Context) {
    let gateway = bounded(&context, 1).await;
    let direct = gateway.link(json!({})).await;
    let confirm = gateway.link(json!({"confirm": true})).await;
    let looks: &[(Method, &Value, Headers<'_>)] = &[
        (Method::GET, &confirm, &[]),
        (Method::HEAD, &confirm, &[]),
        (Method::HEAD, &direct, &[]),
        (Method::GET, &direct, &[("Sec-Purpose", "prefetch")]),
        (
            Method::GET,
            &direct,
            &[("User-Agent", "WhatsApp/2.23.20.0")],
        ),
    ];
    // Before the one click that is allowed, and after it.
    for _ in 0..2 {
        for (method, link, headers) in looks {
            for _ in 0..2 {
                let answer = send(&gateway, method.clone(), &path_of(link), headers).await;
                assert_eq!(answer.status(), 200, "{method} {headers:?}");
            }
        }
        assert_eq!(
            send(&gateway, Method::HEAD, "/nosuchlink", &[])
                .await
                .status(),
            404
        );
        gateway.click(&direct).await;
    }
    assert_eq!(gateway.used(&direct).await, 1);
    assert_eq!(gateway.click(&direct).await.status(), 429);
    assert_eq!(get(&gateway, "/health/live", &[]).await.status(), 200);
    assert_eq!(gateway.get("/links").await.0, 200);
}

async fn the_bound_is_asked_before_anything_else(context: Context) {
    let gateway = bounded(&context, 1).await;
    let single = gateway.link(json!({"usage": {"type": "single"}})).await;
    let resume = gateway.link(json!({"resume": true})).await;
    let off = gateway.link(json!({})).await;
    let path = format!("/links/{}/deactivate", text(&off["id"]));
    assert_eq!(gateway.api(Method::POST, &path, None).await.0, 200);
    assert_eq!(gateway.click(&single).await.status(), 302);
    for link in [&single, &resume, &off] {
        assert_eq!(gateway.click(link).await.status(), 429);
    }
    gateway.clock.advance(60_000);
    for link in [&single, &off] {
        assert_eq!(gateway.click(link).await.status(), 410);
    }
    assert_eq!(gateway.click(&resume).await.status(), 302);
}

async fn the_bound_is_asked_before_a_form_is_read(context: Context) {
    let gateway = bounded(&context, 1).await;
    let link = gateway.link(json!({"confirm": true})).await;
    assert_eq!(gateway.submit(&link, &[]).await.status(), 200);
    let address = gateway.base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let path = path_of(&link);
    let head = format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 9\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("a request");
    // Nothing follows, and it is answered all the same.
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 429");
}

async fn zero_turns_the_bound_off(context: Context) {
    let gateway = bounded(&context, 0).await;
    for _ in 0..100 {
        assert_eq!(get(&gateway, "/nosuchlink", &[]).await.status(), 404);
    }
}

async fn a_trusted_proxy_says_whose_click_it_is(context: Context) {
    let gateway = behind_proxy(&context, 1).await;
    let link = gateway.link(json!({})).await;
    for (forwarded, status) in [
        ("192.0.2.1", 302),
        ("192.0.2.1", 429),
        ("192.0.2.2", 302),
        // The right-most that is no proxy's counts, whatever stands before it.
        ("6.6.6.6, 192.0.2.1", 429),
        ("6.6.6.7, 192.0.2.2, 10.1.2.3", 429),
        ("192.0.2.1, 192.0.2.3", 302),
        ("192.0.2.3,10.0.0.1,10.0.0.2", 429),
        ("192.0.2.1:4711", 429),
    ] {
        assert_eq!(
            click_from(&gateway, &link, forwarded).await,
            status,
            "{forwarded}"
        );
    }
    let form = form_of(&gateway.submit(&link, &[]).await.text().await.unwrap());
    assert!(!form.is_empty(), "the proxy's own address has a bucket too");
    assert_eq!(gateway.click(&link).await.status(), 429);
}

async fn nobody_else_can_say_whose_click_it_is(context: Context) {
    let gateway = bounded(&context, 2).await;
    let link = gateway.link(json!({})).await;
    let statuses = [
        click_from(&gateway, &link, "192.0.2.1").await,
        click_from(&gateway, &link, "192.0.2.2").await,
        click_from(&gateway, &link, "192.0.2.3").await,
    ];
    assert_eq!(statuses, [302, 302, 429]);
    let headers = [
        ("Forwarded", "for=192.0.2.9"),
        ("X-Real-IP", "192.0.2.9"),
        ("User-Agent", PHONE),
    ];
    assert_eq!(get(&gateway, &path_of(&link), &headers).await.status(), 429);
}

async fn addresses_of_ipv6_have_bounds_of_their_own(context: Context) {
    let gateway = behind_proxy(&context, 1).await;
    let link = gateway.link(json!({})).await;
    for (forwarded, status) in [
        ("2001:db8:1::1", 302),
        ("2001:db8:1::1", 429),
        ("2001:db8:1:0:0:0:0:1", 429),
        ("[2001:db8:1::1]:4711", 429),
        ("2001:db8:2::1", 302),
        ("192.0.2.1", 302),
        ("::ffff:192.0.2.1", 429),
    ] {
        assert_eq!(
            click_from(&gateway, &link, forwarded).await,
            status,
            "{forwarded}"
        );
    }
}
