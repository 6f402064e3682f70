//! Where results may be sent: to addresses of the internet over https, so that nobody who may make endpoints reaches
//! into the network this runs in. Judged when an endpoint is made, again at each delivery, and for names at the
//! moment of connecting, on the very address that is then connected to: there is no gap between check and use.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::LazyLock;

use ipnet::{Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Longest address of an endpoint, in bytes.
const URL_MAX: usize = 2048;

/// What is not the internet (the special registries of IANA: RFC 6890 and what came after it).
static NOT_PUBLIC_V4: LazyLock<Vec<Ipv4Net>> = LazyLock::new(|| {
    nets(&[
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    ])
});

/// The part of IPv6 that is given out at all. Mapped, compatible and NAT64 forms of IPv4, loopback, unique local,
/// link-local and multicast addresses all lie outside of it.
static GIVEN_OUT_V6: LazyLock<Vec<Ipv6Net>> = LazyLock::new(|| nets(&["2000::/3"]));

/// What of it is not the internet, or leads to an IPv4 address behind our back (Teredo, 6to4).
static NOT_PUBLIC_V6: LazyLock<Vec<Ipv6Net>> =
    LazyLock::new(|| nets(&["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]));

/// Reads the address of an endpoint and judges it. With `allow_private`, plain http and addresses of any network are
/// taken, too. Names are not looked up here.
///
/// # Errors
/// What is wrong with it, in words for who gave it.
pub fn parse(text: &str, allow_private: bool) -> Result<Url, String> {
    if text.len() > URL_MAX {
        return Err(format!("must have at most {URL_MAX} characters"));
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("must not contain spaces or control characters".to_owned());
    }
    let url =
        Url::parse(text).map_err(|_| "must be a whole URL, such as https://example.com/hook")?;
    match url.scheme() {
        "https" => {}
        "http" if allow_private => {}
        "http" => return Err("must be https".to_owned()),
        _ => return Err("must be a https URL".to_owned()),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a name or password".to_owned());
    }
    if url.fragment().is_some() {
        return Err("must not contain a fragment".to_owned());
    }
    if url.port() == Some(0) {
        return Err("must not name port 0".to_owned());
    }
    if url.as_str().len() > URL_MAX {
        return Err(format!("must have at most {URL_MAX} characters"));
    }
    if !allow_private && !may_be_public(&url) {
        return Err("must not lead into a private network or to this machine".to_owned());
    }
    Ok(url)
}

/// Whether an address belongs to the internet.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !NOT_PUBLIC_V4.iter().any(|net| net.contains(&v4)),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let lies_in = |nets: &[Ipv6Net]| nets.iter().any(|net| net.contains(&address));
    lies_in(&GIVEN_OUT_V6) && !lies_in(&NOT_PUBLIC_V6)
}

/// Judges what can be judged without a look-up.
fn may_be_public(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_public(address.into()),
        Some(Host::Ipv6(address)) => is_public(address.into()),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            !name.is_empty() && name != "localhost" && !name.ends_with(".localhost")
        }
        None => false,
    }
}

fn nets<T: std::str::FromStr<Err = ipnet::AddrParseError>>(texts: &[&str]) -> Vec<T> {
    let nets = texts.iter().map(|text| T::from_str(text));
    nets.collect::<Result<_, _>>()
        .expect("the nets above are well-formed")
}

/// Why nothing was connected to: all addresses of a name are of a private network.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the name leads into a private network")]
pub struct Refused;

/// Looks names up and leaves out all addresses that are not of the internet.
#[derive(Debug, Clone, Copy)]
pub struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port is put in by whoever connects.
            let all = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = all.filter(|found| is_public(found.ip())).collect();
            if public.is_empty() {
                return Err(Refused.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests;
