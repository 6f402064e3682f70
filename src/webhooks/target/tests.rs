//! What is refused, and that nothing is connected to that is.

use std::error::Error as _;

use super::*;

#[test]
fn only_addresses_of_the_internet_are_public() {
    for text in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        assert!(!is_public(text.parse().unwrap()), "{text}");
    }
    for text in [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.1.1.1",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "192.167.255.255",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:4860:4860::8888",
        "2606:4700:4700::1111",
        "2a00:1450:4001::1",
    ] {
        assert!(is_public(text.parse().unwrap()), "{text}");
    }
}

#[test]
fn an_address_is_judged_by_all_its_parts() {
    let long = format!("https://example.com/{}", "a".repeat(2048));
    for bad in [
        "",
        "x",
        "example.com/hook",
        "//example.com/",
        "https://",
        "https:///",
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:text/plain,x",
        "ws://example.com/",
        "https://user@example.com/",
        "https://user:word@example.com/",
        "https://:word@example.com/",
        "https://example.com/#part",
        "https://example.com/#",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://exa mple.com/",
        " https://example.com/",
        "https://example.com/\n",
        "https://example.com/\u{0}",
        "https://localhost/",
        "https://LOCALHOST/",
        "https://localhost./",
        "https://a.localhost/",
        "https://localhost:8443/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://①②⑦.0.0.1/",
        "https://10.0.0.5/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://0.0.0.0/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://%31%32%37.0.0.1/",
        &long,
    ] {
        assert!(parse(bad, false).is_err(), "{bad}");
    }
    for good in [
        "https://example.com",
        "https://example.com/hook?token=x",
        "https://EXAMPLE.com:8443/a",
        "https://8.8.8.8/",
        "https://[2606:4700:4700::1111]/",
        "https://bücher.example/",
        "https://localhost.example.com/",
    ] {
        assert!(parse(good, false).is_ok(), "{good}");
    }
    for private in [
        "http://localhost:3000/",
        "http://127.0.0.1:1/",
        "http://10.0.0.1/x",
        "https://[::1]/",
    ] {
        assert!(parse(private, true).is_ok(), "{private}");
    }
    for bad in [
        "ftp://localhost/",
        "http://user@localhost/",
        "http://localhost/#x",
        "http://",
    ] {
        assert!(parse(bad, true).is_err(), "{bad}");
    }
}

/// The name is not judged here, only what it leads to: as if it had been a good one a moment ago.
#[tokio::test]
async fn a_name_that_leads_to_this_machine_is_not_connected_to() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!(
        "http://localhost:{}/",
        listener.local_addr().unwrap().port()
    );
    let builder = crate::http::client_builder(&address.parse().unwrap());
    let client = builder.dns_resolver(PublicOnly).build().unwrap();
    let error = client.get(&address).send().await.unwrap_err();
    let mut source = error.source();
    while let Some(inner) = source.filter(|inner| !inner.is::<Refused>()) {
        source = inner.source();
    }
    assert!(source.is_some(), "{error:?}");
    let connected = std::pin::pin!(listener.accept());
    assert!(futures_util::FutureExt::now_or_never(connected).is_none());
}
