//! Texts of settings turned into what they mean; none where they do not mean it.

use std::net::IpAddr;

use ipnet::IpNet;
use url::Url;

use crate::http::is_loopback;

use super::GroupRole;
use crate::domain::person::Role;

/// An http or https address without user, query or fragment, its path without a slash at the end.
pub(super) fn web_address(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !plain {
        return None;
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Some(url)
}

/// A web address that keeps secrets on the way: https, or plain http that does not leave the machine.
pub(super) fn confidential_address(text: &str) -> Option<Url> {
    web_address(text).filter(|url| url.scheme() == "https" || is_loopback(url))
}

/// A web address without a path.
pub(super) fn site(text: &str) -> Option<Url> {
    web_address(text).filter(|url| url.path() == "/")
}

/// A CIDR, or one address as the network that holds it alone.
pub(super) fn network(text: &str) -> Option<IpNet> {
    text.parse()
        .ok()
        .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// `host` or `host:port`, written as [`Url`] writes hosts.
pub(super) fn host_and_port(text: &str) -> Option<String> {
    let https = Url::parse(&format!("https://{text}")).ok()?;
    // A URL drops the port that is its scheme's own, so one of the two schemes still shows it.
    let http = Url::parse(&format!("http://{text}")).ok()?;
    let host = https.host_str()?;
    let only_host = !text.contains(['/', '\\', '?', '#', '@', '*', '%', ' ']);
    only_host.then(|| match https.port().or(http.port()) {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// Whether this is the address of a SQLite or PostgreSQL database.
pub(super) fn is_database(text: &str) -> bool {
    ["sqlite:", "postgres:", "postgresql:"]
        .iter()
        .any(|scheme| {
            text.strip_prefix(scheme)
                .is_some_and(|rest| !rest.is_empty())
        })
}

/// Whether this is the address of a mail server.
pub(super) fn is_mail_server(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        let host = url.host_str().unwrap_or_default();
        matches!(url.scheme(), "smtp" | "smtps") && !host.is_empty()
    })
}

/// Whether this is `address` or `Name <address>`.
pub(super) fn is_sender(text: &str) -> bool {
    let address = match text.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or_default(),
        None => text,
    };
    address
        .rsplit_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
        && !address.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>'))
        && text.parse::<lettre::message::Mailbox>().is_ok()
}

/// `group=role`; the group may hold `=` itself, as names of directories do.
pub(super) fn group_role(text: &str) -> Option<GroupRole> {
    let (group, role) = text.rsplit_once('=')?;
    let (group, role) = (group.trim(), role.trim());
    let role = Role::ALL.into_iter().find(|known| known.as_str() == role)?;
    (!group.is_empty()).then(|| GroupRole {
        group: group.to_owned(),
        role,
    })
}
