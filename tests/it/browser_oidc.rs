//! Signing in by OpenID Connect in a real browser: that its policies and cookies let the way there and back through.

use libtest_mimic::Trial;
use serde_json::json;

use crate::browser_kit::Tab;
use crate::dashboard_oidc::{Provider, known, with_a_provider};
use crate::harness::browser::{Driver, Kind, in_a_browser};
use crate::harness::sandboxed::Sandboxed;
use crate::harness::{Context, on_each_engine};

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    let mut trials = Vec::new();
    on_each_engine(
        &mut trials,
        "browser_oidc",
        "a_person_goes_to_the_provider_and_comes_back_signed_in",
        |context| {
            Box::pin(a_person_goes_to_the_provider_and_comes_back_signed_in(
                context,
            ))
        },
    );
    with_a_provider(in_a_browser(trials))
}

async fn a_person_goes_to_the_provider_and_comes_back_signed_in(context: Context) {
    let mut provider = Provider::start(entrypass::clock::Clock::system().now()).await;
    let known = known(&provider.issuer);
    let gateway = Sandboxed::with(&context, |config| config.oidc = Some(known)).await;
    let redirect = format!("{}/admin/login/oidc/callback", gateway.home());
    provider.tell(json!({"redirect": redirect})).await;
    let eve = json!({"email": "eve@example.com", "name": "Eve", "groups": ["staff"]});
    provider.people(json!({"eve": eve})).await;
    let mut driver = Driver::start().await;
    for kind in [Kind::Laptop, Kind::WithoutScripts] {
        let tab = Tab::open_at(&driver, kind, gateway.home()).await;

        tab.open("/admin/links").await;
        tab.press("Sign in with 127.0.0.1").await;
        tab.find("[name=login]")
            .await
            .send_keys("eve")
            .await
            .unwrap();
        tab.find("[name=password]")
            .await
            .send_keys("any")
            .await
            .unwrap();
        tab.click("[type=submit]").await;
        tab.sees("A link lets people verify who they are").await;
        assert_eq!(tab.path().await, "/admin/links");
        assert!(!tab.has_control("Make the first link").await);
        tab.open("/admin/settings/account").await;
        tab.sees("You sign in with 127.0.0.1").await;
        tab.sign_out().await;

        tab.close().await;
    }
    driver.stop().await;
    gateway.running.stop().await;
}
