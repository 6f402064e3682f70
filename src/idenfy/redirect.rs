//! Where a visitor may be sent: hosts that were agreed on, over https.

use crate::http::is_loopback;
use url::{Host, Url};

/// iDenfy's page for visitors; its API's own host names it in nearly every answer.
const UI_HOST: &str = "ui.idenfy.com";
/// The longest address that is followed, in bytes; longer ones do not fit everybody's header.
const URL_MAX: usize = 4096;

/// The addresses a visitor may be sent to.
#[derive(Debug, Clone)]
pub(super) struct Redirects {
    hosts: Vec<Allowed>,
    /// The API's own origin where that is on this machine: the one iDenfy that may speak plain http.
    local: Option<Url>,
    /// The embedded iDenfy's page, at our own public address.
    sandbox_page: Option<Url>,
    /// How nearly every address begins, where that may be followed: what comes after it is the token alone.
    usual: Option<String>,
}

/// A host, and its port unless it is the scheme's own.
#[derive(Debug, Clone)]
struct Allowed {
    host: Host,
    port: Option<u16>,
}

impl Redirects {
    /// Allows `entries` (`host` or `host:port`); none: the host of `base_url` and iDenfy's own page. Addresses are
    /// expected to begin with `usual`.
    ///
    /// # Errors
    /// The entry that is no host.
    pub(super) fn new(base_url: &Url, entries: &[String], usual: &str) -> Result<Self, String> {
        let mut hosts = Vec::new();
        for entry in entries {
            hosts.push(Allowed::parse(entry).ok_or_else(|| entry.clone())?);
        }
        if entries.is_empty() {
            hosts.extend(Allowed::of(base_url));
            hosts.extend(Allowed::parse(UI_HOST));
        }
        let local = is_loopback(base_url).then(|| base_url.clone());
        let mut redirects = Self {
            hosts,
            local,
            sandbox_page: None,
            usual: None,
        };
        redirects.usual = redirects.check(usual).filter(|checked| checked == usual);
        Ok(redirects)
    }

    /// Allows every address of `origin` too.
    pub(super) fn allow_page(&mut self, origin: Url) {
        self.sandbox_page = Some(origin);
    }

    /// The address in its canonical form when a visitor may be sent there.
    pub(super) fn check(&self, address: &str) -> Option<String> {
        if self.is_usual(address) {
            return Some(address.to_owned());
        }
        let url = Url::parse(address).ok()?;
        let plain = url.username().is_empty() && url.password().is_none();
        let agreed = match url.scheme() {
            "https" => self.names(&url),
            "http" => {
                self.local
                    .as_ref()
                    .is_some_and(|own| same_origin(own, &url))
                    && self.names(&url)
            }
            _ => false,
        } || self
            .sandbox_page
            .as_ref()
            .is_some_and(|page| same_origin(page, &url));
        (plain && agreed && url.as_str().len() <= URL_MAX).then(|| url.into())
    }

    /// Whether it is an address that was checked before but for its token, which spares every click the parser.
    fn is_usual(&self, address: &str) -> bool {
        let token = self
            .usual
            .as_deref()
            .and_then(|usual| address.strip_prefix(usual));
        address.len() <= URL_MAX
            && token.is_some_and(|token| token.bytes().all(|b| b.is_ascii_alphanumeric()))
    }

    fn names(&self, url: &Url) -> bool {
        self.hosts.iter().any(|allowed| {
            url.host().is_some_and(|host| host == allowed.host) && url.port() == allowed.port
        })
    }
}

impl Allowed {
    fn parse(entry: &str) -> Option<Self> {
        let url = Url::parse(&format!("https://{entry}/")).ok()?;
        let bare = !entry.contains(['/', '\\', '@', '?', '#']) && entry.trim() == entry;
        bare.then(|| Self::of(&url)).flatten()
    }

    fn of(url: &Url) -> Option<Self> {
        Some(Self {
            host: url.host()?.to_owned(),
            port: url.port(),
        })
    }
}

fn same_origin(a: &Url, b: &Url) -> bool {
    matches!(b.scheme(), "http" | "https")
        && a.scheme() == b.scheme()
        && a.host() == b.host()
        && a.port() == b.port()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirects(base: &str, entries: &[&str]) -> Redirects {
        let entries: Vec<String> = entries.iter().map(|&entry| entry.to_owned()).collect();
        Redirects::new(
            &Url::parse(base).unwrap(),
            &entries,
            &format!("{base}/api/v2/redirect?authToken="),
        )
        .unwrap()
    }

    #[test]
    fn the_usual_address_is_followed_only_where_its_host_is_agreed_on() {
        let own = redirects("https://ivs.idenfy.com", &[]);
        let foreign = redirects("https://ivs.idenfy.com", &["v.example.eu"]);
        let usual = "https://ivs.idenfy.com/api/v2/redirect?authToken=";
        let with = |token: &str| format!("{usual}{token}");
        assert_eq!(own.check(&with("aB3")), Some(with("aB3")));
        assert_eq!(foreign.check(&with("aB3")), None);
        // Whatever else follows takes the long way.
        assert_eq!(own.check(&with("a b")), Some(with("a%20b")));
        assert_eq!(own.check(&with(&"a".repeat(URL_MAX))), None);
        assert_eq!(
            own.check("https://ivs.idenfy.com.example/api/v2/redirect?authToken=a"),
            None
        );
    }

    #[test]
    fn only_agreed_hosts_over_https_are_followed() {
        let live = redirects("https://ivs.idenfy.com", &[]);
        let white_label = redirects(
            "https://ivs.idenfy.com",
            &["UI.example.eu", "v.example.eu:8443"],
        );
        let local = redirects("http://127.0.0.1:9000/sandbox", &[]);
        let secure_local = redirects("https://localhost:9000", &[]);
        let remote_http = redirects("http://ivs.example.com:9000", &[]);
        for (rules, address, followed) in [
            (
                &live,
                "https://ivs.idenfy.com/api/v2/redirect?authToken=a",
                true,
            ),
            (&live, "https://ui.idenfy.com/?authToken=a", true),
            (&live, "https://UI.IDENFY.COM:443/?authToken=a", true),
            (&live, "https://ui.idenfy.com:8443/", false),
            (&live, "http://ui.idenfy.com/", false),
            (&live, "https://ui.idenfy.com.evil.example/", false),
            (&live, "https://evil.example/ui.idenfy.com", false),
            (&live, "https://ui.idenfy.com@evil.example/", false),
            (&live, "https://user@ui.idenfy.com/", false),
            (&live, "https://user:pw@ui.idenfy.com/", false),
            (&live, "https://evil.example\\@ui.idenfy.com/", false),
            (&live, "//ui.idenfy.com/", false),
            (&live, "/relative", false),
            (&live, "javascript:alert(1)", false),
            (&live, "ftp://ui.idenfy.com/", false),
            (&live, "http://127.0.0.1/", false),
            (&live, "", false),
            (&white_label, "https://ui.example.eu/", true),
            (&white_label, "https://v.example.eu:8443/", true),
            (&white_label, "https://v.example.eu/", false),
            (&white_label, "https://ui.idenfy.com/", false),
            (&local, "http://127.0.0.1:9000/x", true),
            (&local, "https://127.0.0.1:9000/x", true),
            (&local, "http://127.0.0.1:9001/x", false),
            (&local, "http://127.0.0.2:9000/x", false),
            (&local, "http://localhost:9000/x", false),
            (&local, "http://ui.idenfy.com/", false),
            (&secure_local, "https://localhost:9000/x", true),
            (&secure_local, "http://localhost:9000/x", false),
            (&remote_http, "http://ivs.example.com:9000/", false),
        ] {
            assert_eq!(rules.check(address).is_some(), followed, "{address}");
        }
    }

    #[test]
    fn an_address_is_passed_on_in_canonical_form_and_never_endless() {
        let live = redirects("https://ivs.idenfy.com", &[]);
        assert_eq!(
            live.check("https://UI.idenfy.com:443/a\r\nSet-Cookie: b")
                .as_deref(),
            Some("https://ui.idenfy.com/aSet-Cookie:%20b")
        );
        assert_eq!(
            live.check(&format!("https://ui.idenfy.com/{}", "a".repeat(URL_MAX))),
            None
        );
    }

    #[test]
    fn the_sandbox_page_is_followed_once_it_is_allowed() {
        let mut local = redirects("http://127.0.0.1:9000/sandbox", &[]);
        let page = "http://gateway.test:8080/sandbox/ui?t=1";
        assert_eq!(local.check(page), None);
        local.allow_page(Url::parse("http://gateway.test:8080").unwrap());
        assert_eq!(local.check(page).as_deref(), Some(page));
        for foreign in [
            "http://gateway.test/",
            "https://gateway.test:8080/",
            "http://a@gateway.test:8080/",
        ] {
            assert_eq!(local.check(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn entries_that_are_no_hosts_are_refused() {
        let base = Url::parse("https://ivs.idenfy.com").unwrap();
        for bad in [
            "",
            "https://a.example",
            "a.example/path",
            "a@b.example",
            "a b",
            "a:port",
            " a.example",
        ] {
            assert!(
                Redirects::new(&base, &[bad.to_owned()], "").is_err(),
                "{bad}"
            );
        }
    }
}
