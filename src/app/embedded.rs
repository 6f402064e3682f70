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
    let text = |secret: &mut Option<Secret>| {
        secret
            .get_or_insert_with(|| Secret::new(nanoid::nanoid!(32)))
            .expose()
            .to_owned()
    };
    let settings = sandbox::Settings {
        api_key: text(&mut config.idenfy.api_key),
        api_secret: text(&mut config.idenfy.api_secret),
        signing_key: text(&mut config.idenfy.webhook_key),
        public_base: format!("{public_url}/sandbox"),
        webhook_url: format!("{own}/webhooks/idenfy"),
        review_delay: SANDBOX_REVIEW,
    };
    config.database.url = config.database.sandbox_url.clone();
    config.idenfy.base_url =
        Url::parse(&format!("{own}/sandbox")).expect("an address makes a valid URL");
    config.idenfy.redirect_hosts.clear();
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
