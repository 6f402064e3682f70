//! Whose request it is: the peer's address, or what a trusted proxy says of it.

use std::borrow::Cow;
use std::net::IpAddr;

use actix_web::HttpRequest;
use ipnet::IpNet;

/// The address a request counts for: the right-most of `X-Forwarded-For` that is not a trusted proxy's when the peer
/// is one, else the peer's.
#[must_use]
pub fn client_address(request: &HttpRequest, trusted: &[IpNet]) -> IpAddr {
    let peer = request
        .peer_addr()
        .map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.ip());
    // Bytes that a visitor put first must not hide what a proxy wrote behind them.
    let headers = request.headers().get_all("x-forwarded-for");
    let headers: Vec<Cow<'_, str>> = headers
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    let forwarded: Vec<&str> = headers.iter().flat_map(|value| value.split(',')).collect();
    choose(peer, &forwarded, trusted)
}

fn choose(peer: IpAddr, forwarded: &[&str], trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|net| net.contains(&ip));
    let mut address = peer.to_canonical();
    for hop in forwarded.iter().rev() {
        if !is_trusted(address) {
            break;
        }
        // What cannot be read was not written by a proxy that is to be believed.
        let Some(hop) = parse(hop.trim()) else { break };
        address = hop;
    }
    address
}

/// Some proxies add the port: `192.0.2.1:4711`, `[2001:db8::1]:4711`.
fn parse(hop: &str) -> Option<IpAddr> {
    let with_port = || {
        hop.parse()
            .ok()
            .map(|socket: std::net::SocketAddr| socket.ip())
    };
    hop.parse()
        .ok()
        .or_else(with_port)
        .map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_most_address_that_is_not_a_trusted_proxys_counts() {
        let trusted: Vec<IpNet> = ["10.0.0.0/8", "127.0.0.1/32", "fd00::/8"]
            .iter()
            .map(|n| n.parse().unwrap())
            .collect();
        for (peer, forwarded, counted) in [
            ("192.0.2.9", vec!["198.51.100.1"], "192.0.2.9"),
            ("127.0.0.1", vec![], "127.0.0.1"),
            ("127.0.0.1", vec!["198.51.100.1"], "198.51.100.1"),
            ("::ffff:127.0.0.1", vec!["198.51.100.1"], "198.51.100.1"),
            (
                "127.0.0.1",
                vec!["6.6.6.6", " 198.51.100.1", "10.1.1.1 "],
                "198.51.100.1",
            ),
            (
                "127.0.0.1",
                vec!["6.6.6.6", "nonsense", "10.1.1.1"],
                "10.1.1.1",
            ),
            ("127.0.0.1", vec!["198.51.100.1:4711"], "198.51.100.1"),
            ("fd00::1", vec!["[2001:db8::1]:4711"], "2001:db8::1"),
            ("127.0.0.1", vec!["10.2.2.2", "10.1.1.1"], "10.2.2.2"),
        ] {
            let chosen = choose(peer.parse().unwrap(), &forwarded, &trusted);
            assert_eq!(
                chosen,
                counted.parse::<IpAddr>().unwrap(),
                "{peer} {forwarded:?}"
            );
        }
    }
}
