//! What a browser is given and must bring back unchanged: the nonce of a confirm page, the cookie of a session.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::id::{LinkId, SessionId};
use crate::domain::secret::Secret;
use crate::domain::timestamp::{DAY_MS, Timestamp};

/// How far the clocks of two nodes may be apart, in milliseconds: a page of the one is posted to the other.
const CLOCKS_APART_MS: i64 = 5000;

/// Signs with the server's secret.
#[derive(Clone)]
pub struct Signer(Hmac<Sha256>);

impl Signer {
    /// A signer with that secret.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "HMAC takes keys of any length")]
    pub fn new(secret: &Secret) -> Self {
        Self(
            Hmac::new_from_slice(secret.expose().as_bytes())
                .expect("HMAC takes keys of any length"),
        )
    }

    /// A fresh nonce for the confirm page that a link shows its fixed customer, if it has one, else anybody. It can be
    /// posted for 24 hours.
    #[must_use]
    pub fn nonce(&self, link: LinkId, customer: Option<&str>, now: Timestamp) -> String {
        let random = nanoid::nanoid!(16);
        let content = format!("{}.{random}", now.millis());
        self.seal(&content, &nonce_purpose(link, customer))
    }

    /// Whether `text` is a nonce of that page, and not older than 24 hours.
    #[must_use]
    pub fn nonce_is_valid(
        &self,
        text: &str,
        link: LinkId,
        customer: Option<&str>,
        now: Timestamp,
    ) -> bool {
        let issued = self
            .open(text, &nonce_purpose(link, customer))
            .and_then(|content| content.split_once('.')?.0.parse::<i64>().ok());
        issued.is_some_and(|at| (-CLOCKS_APART_MS..DAY_MS).contains(&(now.millis() - at)))
    }

    /// The cookie that lets a browser come back to its session.
    #[must_use]
    pub fn session_cookie(&self, link: LinkId, session: SessionId) -> String {
        self.seal(&session.to_string(), &format!("session:{link}"))
    }

    /// The session of a cookie.
    #[must_use]
    pub fn session_of_cookie(&self, text: &str, link: LinkId) -> Option<SessionId> {
        self.open(text, &format!("session:{link}"))
            .and_then(SessionId::parse)
    }

    /// `content`, a dot and its signature; `purpose` is signed along, so that nothing serves for anything else.
    pub(in crate::web) fn seal(&self, content: &str, purpose: &str) -> String {
        let mac = self.mac(content, purpose).finalize().into_bytes();
        format!("{content}.{}", URL_SAFE_NO_PAD.encode(mac))
    }

    pub(in crate::web) fn open<'a>(&self, text: &'a str, purpose: &str) -> Option<&'a str> {
        let (content, mac) = text.rsplit_once('.')?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        self.mac(content, purpose)
            .verify_slice(&mac)
            .is_ok()
            .then_some(content)
    }

    fn mac(&self, content: &str, purpose: &str) -> Hmac<Sha256> {
        self.0
            .clone()
            .chain_update(purpose)
            .chain_update([0])
            .chain_update(content)
    }
}

/// With the customer, for another's page posted again leads back to another's session.
fn nonce_purpose(link: LinkId, customer: Option<&str>) -> String {
    match customer {
        Some(customer) => format!("nonce:{link}:{customer}"),
        None => format!("nonce:{link}"),
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_nonce_serves_its_own_link_for_a_day_and_nothing_else() {
        let signer = Signer::new(&Secret::new("s"));
        let (a, b) = (
            LinkId::new(Uuid::from_u128(1)),
            LinkId::new(Uuid::from_u128(2)),
        );
        let now = Timestamp::from_millis(1_800_000_000_000);
        for customer in [None, Some("jane")] {
            let nonce = signer.nonce(a, customer, now);
            let is_valid = |link, customer, later| {
                signer.nonce_is_valid(&nonce, link, customer, now.plus_millis(later))
            };
            assert!(is_valid(a, customer, DAY_MS - 1));
            assert!(!is_valid(a, customer, DAY_MS));
            assert!(is_valid(a, customer, -2000) && !is_valid(a, customer, -5001));
            assert!(!is_valid(b, customer, 0) && !is_valid(a, Some("joe"), 0));
            assert_eq!(is_valid(a, None, 0), customer.is_none());
        }
        let nonce = signer.nonce(a, None, now);
        assert!(!Signer::new(&Secret::new("t")).nonce_is_valid(&nonce, a, None, now));
        assert_eq!(signer.session_of_cookie(&nonce, a), None);
        for forged in ["", ".", "1.x.y", &nonce[1..], &nonce[..nonce.len() - 1]] {
            assert!(!signer.nonce_is_valid(forged, a, None, now), "{forged}");
        }
    }

    #[test]
    fn a_cookie_names_the_session_of_its_own_link() {
        let signer = Signer::new(&Secret::new("s"));
        let (a, b) = (
            LinkId::new(Uuid::from_u128(1)),
            LinkId::new(Uuid::from_u128(2)),
        );
        let session = SessionId::new(Uuid::from_u128(3));
        let cookie = signer.session_cookie(a, session);
        assert_eq!(signer.session_of_cookie(&cookie, a), Some(session));
        assert_eq!(signer.session_of_cookie(&cookie, b), None);
    }
}
