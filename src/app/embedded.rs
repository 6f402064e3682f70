//! The iDenfy stand-in of the sandbox, within the gateway itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use url::Url;

use crate::config::Config;
use crate::domain::secret::Secret;
use crate::http;
use crate::sandbox::{self, Sandbox};

/// Between the automatic and the manual result of the embedded iDenfy.
const SANDBOX_REVIEW: Duration = Duration::from_secs(2);

/// Points the settings at an iDenfy stand-in served by this very process.
pub(super) fn embed_sandbox(config: &mut Config, public_url: &str, address: SocketAddr) -> Sandbox {
    let own = format!(
        "http://{}",
        SocketAddr::new(loopback(address.ip()), address.port())
    );
    // Fresh ones whatever is set: nothing of a real account's has any place here.
    let fresh = |secret: &mut Option<Secret>| {
        let text = nanoid::nanoid!(32);
        *secret = Some(Secret::new(&*text));
        text
    };
    let settings = sandbox::Settings {
        api_key: fresh(&mut config.idenfy.api_key),
        api_secret: fresh(&mut config.idenfy.api_secret),
        signing_key: fresh(&mut config.idenfy.webhook_key),
        public_base: format!("{public_url}/sandbox"),
        webhook_url: format!("{own}/webhooks/idenfy"),
        review_delay: SANDBOX_REVIEW,
    };
    config.database.url = config.database.sandbox_url.clone();
    config.idenfy.base_url =
        Url::parse(&format!("{own}/sandbox")).expect("an address makes a valid URL");
    config.idenfy.redirect_hosts.clear();
    // Results come to this very process, and never to the public address, where production may be.
    config.idenfy.send_callback_url = false;
    let client = http::client_builder(&config.idenfy.base_url).build();
    Sandbox::new(
        settings,
        client.expect("a client that needs no certificates can be made"),
    )
}

/// Where this process reaches a listener of its own.
fn loopback(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(v4) if v4.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(v6) if v6.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        own => own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_of_a_real_account_is_used_in_the_sandbox() {
        let mut config = Config::defaults();
        let real = Some(Secret::new("REAL"));
        config.idenfy.api_key.clone_from(&real);
        config.idenfy.api_secret.clone_from(&real);
        config.idenfy.webhook_key.clone_from(&real);
        config.idenfy.send_callback_url = true;
        config.idenfy.redirect_hosts = vec!["ui.idenfy.com".into()];
        let address = ([127, 0, 0, 1], 8080).into();
        let _ = embed_sandbox(&mut config, "https://go.example.com", address);
        let idenfy = config.idenfy;
        for secret in [&idenfy.api_key, &idenfy.api_secret, &idenfy.webhook_key] {
            assert!(secret.is_some() && *secret != real);
        }
        assert!(!idenfy.send_callback_url && idenfy.redirect_hosts.is_empty());
        assert_eq!(idenfy.base_url.as_str(), "http://127.0.0.1:8080/sandbox");
    }
}
