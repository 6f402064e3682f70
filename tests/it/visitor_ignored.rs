//! Requests that only look at a link: they never spend a use.

use reqwest::Method;
use serde_json::json;

use crate::harness::gateway::{PHONE, location, path_of, text};
use crate::harness::{Context, Gateway, tests};
use crate::visitor_kit::{HOUR_MS, Headers, expect_ignored, form_of, get, send};

tests!(
    "ignored",
    [
        looking_ahead_spends_nothing_and_is_counted_by_reason,
        previews_spend_nothing_and_are_counted,
        a_person_always_gets_through_a_direct_link,
        looking_at_a_dead_or_unknown_link_has_the_status_of_a_click,
        a_person_taken_for_a_preview_can_still_press_the_button,
        a_browser_with_an_open_session_is_sent_there_even_ahead_of_time,
    ]
);

/// What browsers and mail programs say when nobody looks yet.
const AHEAD: &[Headers<'static>] = &[
    &[("Sec-Purpose", "prefetch")],
    &[("Sec-Purpose", "prefetch;prerender")],
    &[("Sec-Purpose", "prefetch;anonymous-client-ip")],
    &[("Sec-Purpose", "PREFETCH")],
    &[("Purpose", "prefetch")],
    &[("X-Purpose", "preview")],
    &[("X-Purpose", "prefetch")],
    &[("X-Moz", "prefetch")],
];

const PREVIEWS: &[&str] = &[
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 \
     Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
    "WhatsApp/2.23.20.0",
    "WhatsApp/2.24.6.77 A",
    "TelegramBot (like TwitterBot)",
    "Twitterbot/1.0",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; \
     +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 \
     Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)",
    "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
    "Mastodon/4.3.0 (http.rb/5.2.0; +https://mastodon.social/)",
    "Iframely/1.3.1 (+https://iframely.com/docs/about)",
    "Viber",
    "Mozilla/5.0 (compatible; Pinterestbot/1.0; +http://www.pinterest.com/bot.html)",
];

const PEOPLE: &[&str] = &[
    PHONE,
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 \
     Chrome/130.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile \
     Safari/537.36",
    "Mozilla/5.0 (Android 14; Mobile; rv:139.0) Gecko/139.0 Firefox/139.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
     CriOS/137.0.7151.107 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
     Mobile/22F76 [FBAN/FBIOS;FBAV/518.0.0.52.100;FBBV/1;FBDV/iPhone15,2]",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
     Mobile/15E148 Instagram 361.0.0.35.82 (iPhone15,2; iOS 18_5; en_US)",
    "Mozilla/5.0 (Linux; Android 14; SM-S918B Build/UP1A.231005.007) AppleWebKit/537.36 (KHTML, like Gecko) \
     Version/4.0 Chrome/137.0.7151.115 Mobile Safari/537.36 Telegram-Android/11.13.1 (Samsung SM-S918B; SDK 34)",
    "Mozilla/5.0 (Linux; Android 14; SM-S918B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 \
     Chrome/137.0.7151.115 Mobile Safari/537.36 Line/15.8.1/IAB",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36 \
     Edg/137.0.0.0",
];

async fn looking_ahead_spends_nothing_and_is_counted_by_reason(context: Context) {
    let gateway = Gateway::start(&context).await;
    for confirm in [false, true] {
        let link = gateway.link(json!({"confirm": confirm})).await;
        for headers in AHEAD {
            let answer = get(&gateway, &path_of(&link), headers).await;
            assert_eq!(answer.status(), 200, "{headers:?}");
            form_of(&answer.text().await.unwrap());
        }
        let head = send(&gateway, Method::HEAD, &path_of(&link), &[]).await;
        assert_eq!(head.status(), 200);
        assert_eq!(head.headers()["content-type"], "text/html; charset=utf-8");
        assert_eq!(head.headers()["cache-control"], "private, no-cache");
        assert!(head.bytes().await.unwrap().is_empty());
        expect_ignored(&gateway, &link, "prefetch", AHEAD.len()).await;
        expect_ignored(&gateway, &link, "head", 1).await;
        expect_ignored(&gateway, &link, "preview", 0).await;
        assert_eq!(gateway.used(&link).await, 0);
        assert_eq!(gateway.sessions(&link).await.len(), 0);
    }
    assert_eq!(gateway.idenfy.calls().len(), 0);
}

async fn previews_spend_nothing_and_are_counted(context: Context) {
    let gateway = Gateway::start(&context).await;
    for confirm in [false, true] {
        let link = gateway
            .link(json!({"confirm": confirm, "language": "de"}))
            .await;
        for agent in PREVIEWS {
            let answer = get(&gateway, &path_of(&link), &[("User-Agent", agent)]).await;
            assert_eq!(answer.status(), 200, "{agent}");
            form_of(&answer.text().await.unwrap());
        }
        expect_ignored(&gateway, &link, "preview", PREVIEWS.len()).await;
        expect_ignored(&gateway, &link, "prefetch", 0).await;
        assert_eq!(gateway.used(&link).await, 0);
    }
    assert_eq!(gateway.idenfy.calls().len(), 0);
}

async fn a_person_always_gets_through_a_direct_link(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    for agent in PEOPLE {
        let answer = get(&gateway, &path_of(&link), &[("User-Agent", agent)]).await;
        assert_eq!(answer.status(), 302, "{agent}");
    }
    let usual = [
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-User", "?1"),
        ("Purpose", ""),
    ];
    assert_eq!(get(&gateway, &path_of(&link), &usual).await.status(), 302);
    assert_eq!(
        usize::try_from(gateway.used(&link).await),
        Ok(PEOPLE.len() + 1)
    );
    for reason in ["head", "prefetch", "preview"] {
        expect_ignored(&gateway, &link, reason, 0).await;
    }
}

async fn looking_at_a_dead_or_unknown_link_has_the_status_of_a_click(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut paths = vec![("/nosuchlink".to_owned(), 404)];
    for confirm in [false, true] {
        let off = gateway.link(json!({"confirm": confirm})).await;
        let path = format!("/links/{}/deactivate", text(&off["id"]));
        assert_eq!(gateway.api(Method::POST, &path, None).await.0, 200);
        let expired = json!({"confirm": confirm, "expires_at": "2027-01-15T12:30:00Z"});
        let used_up = json!({"confirm": confirm, "usage": {"type": "single"}});
        let (expired, used_up) = (gateway.link(expired).await, gateway.link(used_up).await);
        let fields = form_of(&gateway.submit(&used_up, &[]).await.text().await.unwrap());
        assert_eq!(gateway.submit(&used_up, &fields).await.status(), 303);
        paths.extend([&off, &expired, &used_up].map(|link| (path_of(link), 410)));
    }
    gateway.clock.advance(HOUR_MS / 2);
    for (path, status) in &paths {
        assert_eq!(get(&gateway, path, &[]).await.status(), *status);
        assert_eq!(
            send(&gateway, Method::HEAD, path, &[]).await.status(),
            *status
        );
        for headers in AHEAD
            .iter()
            .chain([&(&[("User-Agent", PREVIEWS[0])] as Headers<'_>)])
        {
            assert_eq!(
                get(&gateway, path, headers).await.status(),
                *status,
                "{path} {headers:?}"
            );
        }
    }
}

async fn a_person_taken_for_a_preview_can_still_press_the_button(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    let answer = get(&gateway, &path_of(&link), &[("Sec-Purpose", "prefetch")]).await;
    let fields = form_of(&answer.text().await.unwrap());
    assert_eq!(gateway.submit(&link, &fields).await.status(), 303);
    assert_eq!(gateway.used(&link).await, 1);
}

async fn a_browser_with_an_open_session_is_sent_there_even_ahead_of_time(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway
        .link(json!({"resume": true, "usage": {"type": "single"}}))
        .await;
    let first = gateway.click(&link).await;
    let cookie = first.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap();
    for method in [Method::GET, Method::HEAD] {
        let headers = [("Cookie", cookie), ("Sec-Purpose", "prefetch")];
        let again = send(&gateway, method, &path_of(&link), &headers).await;
        assert_eq!(
            (again.status().as_u16(), location(&again)),
            (302, location(&first))
        );
    }
    assert_eq!(
        send(&gateway, Method::HEAD, &path_of(&link), &[])
            .await
            .status(),
        410
    );
    assert_eq!(
        (gateway.used(&link).await, gateway.idenfy.calls().len()),
        (1, 1)
    );
}
