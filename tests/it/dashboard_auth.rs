//! The dashboard's door: who gets in, for how long, and who does not.

use entrypass::domain::person::Role;
use entrypass::store::browser_sessions::{IDLE_MS, LIFE_MS};
use entrypass::web::dashboard::setup;
use totp_rs::Builder;

use crate::dashboard_kit::{Browser, PASSWORD, person, signed_in};
use crate::harness::{Context, Gateway, tests};

tests!(
    "dashboard_auth",
    [
        the_setup_address_works_once,
        the_setup_address_ends_after_half_an_hour,
        a_wrong_password_and_an_unknown_person_are_told_the_same,
        the_eleventh_wrong_try_waits_and_only_there,
        cookies_are_for_this_host_and_no_script,
        a_session_ends_by_idleness_by_age_and_by_hand,
        a_form_without_its_token_changes_nothing,
        a_code_is_asked_for_and_is_good_once,
        a_recovery_code_opens_once,
        whoever_knows_the_password_does_not_shut_the_owner_out,
        a_second_factor_ends_the_other_browsers,
        changing_the_password_signs_all_others_out,
        pages_need_somebody_and_lead_back_to_where_they_were,
    ]
);

const MINUTE_MS: i64 = 60_000;

async fn the_setup_address_works_once(context: Context) {
    let gateway = Gateway::start(&context).await;
    let address = setup::offer(&gateway.state).await.unwrap().unwrap();
    let path = address.strip_prefix(&gateway.state.public_url).unwrap();
    let mut browser = Browser::new(&gateway);
    assert!(
        browser
            .open("/admin/login")
            .await
            .contains("Nobody can sign in yet")
    );
    browser.open(path).await;
    let typed = [("name", "<script>x</script>"), ("email", "ana@example.com")];
    let short = browser
        .post(path, &[&typed[..], &[("password", "short")]].concat())
        .await;
    assert_eq!(short.status, 422);
    assert!(
        short
            .html
            .contains("Password must have at least 12 characters.")
    );
    assert!(short.html.contains("value=\"ana@example.com\""));
    let typed = [&typed[..], &[("password", PASSWORD)]].concat();
    let made = browser.post(path, &typed).await;
    assert_eq!((made.status, &*made.location), (303, "/admin"));
    let page = browser.open("/admin").await;
    assert!(page.contains("&#60;script&#62;x&#60;/script&#62;") && !page.contains("<script>x"));
    assert!(page.contains("Welcome, &#60;script"));
    assert!(!browser.open("/admin").await.contains("Welcome, "));
    let mut second = Browser::new(&gateway);
    assert_eq!(second.get(path).await.location, "/admin/login");
    second.get("/admin/login").await;
    assert_eq!(second.post(path, &typed).await.location, "/admin/login");
    assert_eq!(gateway.state.store.people(None, 9).await.unwrap().len(), 1);
    assert_eq!(setup::offer(&gateway.state).await.unwrap(), None);
}

async fn the_setup_address_ends_after_half_an_hour(context: Context) {
    let gateway = Gateway::start(&context).await;
    let address = setup::offer(&gateway.state).await.unwrap().unwrap();
    let path = address.strip_prefix(&gateway.state.public_url).unwrap();
    let mut browser = Browser::new(&gateway);
    gateway.clock.advance(30 * MINUTE_MS - 1);
    browser.open(path).await;
    gateway.clock.advance(1);
    assert_eq!(browser.get(path).await.location, "/admin/login");
    assert_eq!(
        browser.get("/admin/setup/guessed").await.location,
        "/admin/login"
    );
}

async fn a_wrong_password_and_an_unknown_person_are_told_the_same(context: Context) {
    let gateway = Gateway::start(&context).await;
    person(&gateway, "ana@example.com", Role::Viewer).await;
    let mut browser = Browser::new(&gateway);
    for email in ["ana@example.com", "nobody@example.com"] {
        let shown = browser.login(email, "not this one, no").await;
        assert_eq!(shown.status, 401);
        assert!(shown.html.contains("Email or password is not right."));
        assert!(shown.html.contains(&format!("value=\"{email}\"")));
        assert!(!shown.html.contains("not this one"));
        assert!(!browser.is_in().await);
    }
    assert_eq!(
        browser.login(" ANA@example.com", PASSWORD).await.location,
        "/admin"
    );
    assert!(browser.is_in().await);
}

async fn the_eleventh_wrong_try_waits_and_only_there(context: Context) {
    let gateway = Gateway::with(&context, |config| {
        config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    person(&gateway, "ana@example.com", Role::Viewer).await;
    person(&gateway, "bea@example.com", Role::Viewer).await;
    let mut browser = Browser::new(&gateway);
    for _ in 0..10 {
        assert_eq!(browser.login("ana@example.com", "wrong").await.status, 401);
    }
    let refused = browser.login("ana@example.com", PASSWORD).await;
    assert_eq!((refused.status, refused.retry_after), (429, Some(30)));
    assert_eq!(browser.login("bea@example.com", PASSWORD).await.status, 303);
    let mut other = Browser::new(&gateway);
    other.get("/admin/login").await;
    let elsewhere = gateway
        .request(reqwest::Method::POST, "/admin/login")
        .header("X-Forwarded-For", "192.0.2.9")
        .header(
            "Cookie",
            format!("entrypass-forms={}", other.cookies["entrypass-forms"]),
        )
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(format!(
            "csrf={}&email=ana%40example.com&password={}",
            other.fields[0].1,
            PASSWORD.replace(' ', "+")
        ))
        .send()
        .await
        .unwrap();
    assert_eq!(elsewhere.status(), 303);
    gateway.clock.advance(30_000);
    let mut later = Browser::new(&gateway);
    assert_eq!(later.login("ana@example.com", PASSWORD).await.status, 303);
}

async fn cookies_are_for_this_host_and_no_script(context: Context) {
    for (public_url, name, secure) in [
        ("http://localhost:8080", "entrypass=", false),
        ("https://go.example.com", "__Host-entrypass=", true),
    ] {
        let gateway = Gateway::with(&context, |config| {
            config.server.public_url = Some(public_url.parse().unwrap());
        })
        .await;
        person(&gateway, "ana@example.com", Role::Viewer).await;
        let mut browser = Browser::new(&gateway);
        let shown = browser.login("ana@example.com", PASSWORD).await;
        let cookie = shown
            .set_cookies
            .iter()
            .find(|cookie| cookie.starts_with(name))
            .unwrap();
        for wanted in [
            "; HttpOnly",
            "; SameSite=Lax",
            "; Path=/",
            "; Max-Age=604800",
        ] {
            assert!(cookie.contains(wanted), "{cookie}");
        }
        assert_eq!(cookie.contains("; Secure"), secure, "{cookie}");
        assert!(!cookie.contains("Domain"));
        let policy = browser.get("/admin").await.policy;
        assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe"));
        let value = cookie.split(['=', ';']).nth(1).unwrap();
        assert!(!gateway.database.holds(value).await);
        let again = browser.login("ana@example.com", PASSWORD).await;
        let another = again.set_cookies.iter().find(|c| c.starts_with(name));
        assert_ne!(another.unwrap(), cookie, "signing in makes it anew");
    }
}

async fn a_session_ends_by_idleness_by_age_and_by_hand(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut browser = signed_in(&gateway, "ana@example.com", Role::Viewer).await;
    gateway.clock.advance(IDLE_MS - 1);
    assert!(browser.is_in().await);
    gateway.clock.advance(IDLE_MS);
    assert!(!browser.is_in().await);
    browser.login("ana@example.com", PASSWORD).await;
    for _ in 0..LIFE_MS / IDLE_MS * 2 - 1 {
        gateway.clock.advance(IDLE_MS / 2);
        assert!(browser.is_in().await);
    }
    gateway.clock.advance(IDLE_MS / 2);
    assert!(!browser.is_in().await);
    browser.login("ana@example.com", PASSWORD).await;
    let mut other = Browser::new(&gateway);
    other.login("ana@example.com", PASSWORD).await;
    let page = other.open("/admin/settings/account").await;
    let own = page
        .split("/browsers/")
        .nth(1)
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let ended = other
        .post(&format!("/admin/settings/account/browsers/{own}/end"), &[])
        .await;
    assert_eq!(ended.status, 303);
    assert!(!browser.is_in().await && other.is_in().await);
    let kept = other.cookies.clone();
    assert_eq!(
        other.post("/admin/logout", &[]).await.location,
        "/admin/login"
    );
    assert!(!other.is_in().await);
    other.cookies = kept;
    assert!(
        !other.is_in().await,
        "the cookie of a session that was ended"
    );
}

async fn a_form_without_its_token_changes_nothing(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut browser = signed_in(&gateway, "ana@example.com", Role::Administrator).await;
    let mut thief = signed_in(&gateway, "eve@example.com", Role::Viewer).await;
    thief.open("/admin/settings/account").await;
    let stolen = thief.fields[0].1.clone();
    for token in ["", "form.x", &stolen] {
        browser.open("/admin/settings/account").await;
        browser.fields = vec![("csrf".into(), token.into())];
        let path = "/admin/settings/account/name";
        let refused = browser.post(path, &[("name", "Mallory")]).await;
        assert_eq!(refused.status, 403);
        assert!(refused.html.contains("This form is not valid any more"));
        assert!(
            !refused.policy.contains("unsafe") && refused.policy.contains("form-action 'self'")
        );
    }
    assert!(!browser.open("/admin").await.contains("Mallory"));
    let mut stranger = Browser::new(&gateway);
    let typed = [("email", "ana@example.com"), ("password", PASSWORD)];
    let refused = stranger.post("/admin/login", &typed).await;
    assert_eq!((refused.status, &*refused.location), (303, "/admin/login"));
    assert!(!stranger.is_in().await);
    let page = stranger.open("/admin/login").await;
    assert!(page.contains("Please try once more."));
    assert_eq!(
        stranger.post("/admin/login", &typed).await.location,
        "/admin"
    );
}

/// Turns the second factor on; the secret and the recovery codes.
async fn with_factor(gateway: &Gateway, browser: &mut Browser<'_>) -> (String, Vec<String>) {
    let path = "/admin/settings/account/second-factor";
    let page = browser.open(path).await;
    let key = page.split("secret=").nth(1).unwrap();
    let key: String = key
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    // The page's other forms have no field of that name.
    browser
        .fields
        .retain(|(name, _)| name == "csrf" || name == "secret");
    let typed = [("code", code(gateway, &key)), ("current", "wrong".into())];
    let typed = typed
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let refused = browser.post(path, &typed).await;
    assert_eq!(refused.status, 422);
    assert!(refused.html.contains("Your password is not right."));
    let typed = [("code", typed[0].1), ("current", PASSWORD)];
    let on = browser.post(path, &typed).await;
    assert_eq!(on.status, 200, "{}", on.html);
    let codes = on.html.split("<li><code>").skip(1);
    let codes = codes.map(|rest| rest.split('<').next().unwrap().to_owned());
    (key, codes.collect())
}

fn code(gateway: &Gateway, key: &str) -> String {
    let secret = totp_rs::Secret::try_from_base32(key).unwrap();
    let totp = Builder::new().with_secret(secret).build().unwrap();
    totp.generate(u64::try_from(gateway.clock.now().seconds()).unwrap())
        .to_string()
}

async fn a_code_is_asked_for_and_is_good_once(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut browser = signed_in(&gateway, "ana@example.com", Role::Viewer).await;
    let (key, codes) = with_factor(&gateway, &mut browser).await;
    assert_eq!(codes.len(), 10);
    gateway.clock.advance(MINUTE_MS);
    let now = code(&gateway, &key);
    for (round, typed) in [("right", &now), ("again", &now)] {
        let mut other = Browser::new(&gateway);
        let asked = other.login("ana@example.com", PASSWORD).await;
        assert_eq!(asked.location, "/admin/login/code?next=%2Fadmin");
        assert!(!other.is_in().await);
        other.open(&asked.location).await;
        assert_eq!(
            other
                .post("/admin/login/code", &[("code", "000000")])
                .await
                .status,
            401
        );
        let pending = other.cookies["entrypass-pending"].clone();
        assert!(!gateway.database.holds(&pending).await);
        let shown = other.post("/admin/login/code", &[("code", typed)]).await;
        if round == "right" {
            let mut thief = Browser::new(&gateway);
            thief.cookies.insert("entrypass-pending".into(), pending);
            let over = thief.get("/admin/login/code").await;
            assert_eq!(over.location, "/admin/login", "it is good once");
        }
        assert_eq!(
            shown.status,
            if round == "right" { 303 } else { 401 },
            "{round}"
        );
        assert_eq!(other.is_in().await, round == "right");
    }
    let mut slow = Browser::new(&gateway);
    let asked = slow.login("ana@example.com", PASSWORD).await;
    gateway.clock.advance(10 * MINUTE_MS);
    assert_eq!(slow.get(&asked.location).await.location, "/admin/login");
}

async fn a_recovery_code_opens_once(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut browser = signed_in(&gateway, "ana@example.com", Role::Viewer).await;
    let (_, codes) = with_factor(&gateway, &mut browser).await;
    for status in [303, 401] {
        let mut other = Browser::new(&gateway);
        let asked = other.login("ana@example.com", PASSWORD).await;
        other.open(&asked.location).await;
        let typed = codes[0].to_uppercase();
        assert_eq!(
            other
                .post("/admin/login/code", &[("code", &typed)])
                .await
                .status,
            status
        );
    }
    assert!(!gateway.database.holds(&codes[1]).await);
    let page = browser.open("/admin/settings/account").await;
    assert!(page.contains("9 recovery codes left"));
    let path = "/admin/settings/account/second-factor/codes";
    browser.open(path).await;
    let form = browser.fields.clone();
    let made = browser.post(path, &[("current", PASSWORD)]).await;
    let made = made.html.split("<li><code>").nth(1).expect("new codes");
    let kept = made.split('<').next().unwrap().to_owned();
    // The page of the codes is loaded again, or the form is found again by going back.
    browser.fields = form;
    let again = browser.post(path, &[("current", PASSWORD)]).await;
    assert_eq!(
        (again.status, &*again.location),
        (303, "/admin/settings/account")
    );
    let page = browser.open("/admin/settings/account").await;
    assert!(page.contains("which are not shown again") && page.contains("10 recovery codes left"));
    let mut other = Browser::new(&gateway);
    let asked = other.login("ana@example.com", PASSWORD).await;
    other.open(&asked.location).await;
    let shown = other.post("/admin/login/code", &[("code", &kept)]).await;
    assert_eq!(shown.status, 303, "what was written down is good");
    browser
        .open("/admin/settings/account/second-factor/off")
        .await;
    let off = browser.post(
        "/admin/settings/account/second-factor/off",
        &[("current", PASSWORD)],
    );
    assert_eq!(off.await.status, 303);
    let mut other = Browser::new(&gateway);
    assert_eq!(
        other.login("ana@example.com", PASSWORD).await.location,
        "/admin"
    );
}

async fn whoever_knows_the_password_does_not_shut_the_owner_out(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut browser = signed_in(&gateway, "ana@example.com", Role::Viewer).await;
    let (_, codes) = with_factor(&gateway, &mut browser).await;
    let mut thief = Browser::new(&gateway);
    let asked = thief.login("ana@example.com", PASSWORD).await;
    thief.open(&asked.location).await;
    for _ in 0..10 {
        let wrong = thief.post("/admin/login/code", &[("code", "000000")]);
        assert_eq!(wrong.await.status, 401);
    }
    let mut owner = Browser::new(&gateway);
    let asked = owner.login("ana@example.com", PASSWORD).await;
    owner.open(&asked.location).await;
    let code = |typed| [("code", typed)];
    let waits = owner.post("/admin/login/code", &code("000000")).await;
    assert_eq!(waits.status, 429);
    let guessed = code("abcd-efgh-jkmn-pqrs");
    let none = owner.post("/admin/login/code", &guessed).await;
    assert_eq!(none.status, 401);
    let enters = owner.post("/admin/login/code", &code(&codes[0])).await;
    assert_eq!(enters.status, 303, "{}", enters.html);
}

async fn a_second_factor_ends_the_other_browsers(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut browser = signed_in(&gateway, "ana@example.com", Role::Viewer).await;
    let mut other = Browser::new(&gateway);
    other.login("ana@example.com", PASSWORD).await;
    assert!(other.is_in().await);
    let before = browser.cookies["entrypass"].clone();
    with_factor(&gateway, &mut browser).await;
    assert_ne!(browser.cookies["entrypass"], before);
    // The forms of the page with the codes are for the new session.
    let out = browser.fields.clone();
    assert!(!other.is_in().await && browser.is_in().await);
    browser.fields = out;
    assert_eq!(browser.post("/admin/logout", &[]).await.status, 303);
    browser.cookies.insert("entrypass".to_owned(), before);
    assert!(!browser.is_in().await);
}

async fn changing_the_password_signs_all_others_out(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut browser = signed_in(&gateway, "ana@example.com", Role::Viewer).await;
    let mut other = Browser::new(&gateway);
    other.login("ana@example.com", PASSWORD).await;
    let path = "/admin/settings/account/password";
    for (current, fresh, wrong) in [
        (
            "wrong",
            "seldom a plum tractor",
            "Current password is not right.",
        ),
        (
            PASSWORD,
            "password12345",
            "New password is too easily guessed",
        ),
        (
            PASSWORD,
            "short",
            "New password must have at least 12 characters.",
        ),
    ] {
        browser.open("/admin/settings/account").await;
        let shown = browser
            .post(path, &[("current", current), ("password", fresh)])
            .await;
        assert_eq!(shown.status, 422);
        assert!(shown.html.contains(wrong), "{wrong}");
    }
    browser.open("/admin/settings/account").await;
    let before = browser.cookies["entrypass"].clone();
    let typed = [("current", PASSWORD), ("password", "seldom a plum tractor")];
    assert_eq!(browser.post(path, &typed).await.status, 303);
    assert_ne!(browser.cookies["entrypass"], before);
    assert!(browser.is_in().await && !other.is_in().await);
    assert_eq!(other.login("ana@example.com", PASSWORD).await.status, 401);
}

async fn pages_need_somebody_and_lead_back_to_where_they_were(context: Context) {
    let gateway = Gateway::start(&context).await;
    person(&gateway, "ana@example.com", Role::Viewer).await;
    let mut browser = Browser::new(&gateway);
    let refused = browser.get("/admin/links?q=a%20b").await;
    let to = "/admin/login?next=%2Fadmin%2Flinks%3Fq%3Da%2520b";
    assert_eq!(refused.location, to);
    browser.open(&refused.location).await;
    let typed = [("email", "ana@example.com"), ("password", PASSWORD)];
    assert_eq!(
        browser.post("/admin/login", &typed).await.location,
        "/admin/links?q=a%20b"
    );
    let page = browser.open("/admin/links").await;
    assert!(page.contains("aria-current=\"page\""));
    let missing = browser.get("/admin/nowhere").await;
    assert_eq!(missing.status, 404);
    assert!(missing.html.contains("There is nothing here"));
}
