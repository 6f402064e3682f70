//! Who wants no more of campaigns' mails: kept as digests, said by an address that only the mail has.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::person::fold_email;
use crate::domain::secret::Secret;

/// Bytes of a digest, and of the signature after it in a token.
const DIGEST_LEN: usize = 32;

/// Makes digests and tokens.
#[derive(Clone)]
pub struct Unsubscribing(Hmac<Sha256>);

impl Unsubscribing {
    /// With the key that is kept for it.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "HMAC takes keys of any length")]
    pub fn new(key: &Secret) -> Self {
        let mac = Hmac::new_from_slice(key.expose().as_bytes());
        Self(mac.expect("HMAC takes keys of any length"))
    }

    /// What is kept of an address.
    #[must_use]
    pub fn digest(&self, email: &str) -> String {
        hex::encode(self.digest_bytes(email))
    }

    /// What goes into the address that the mail carries.
    #[must_use]
    pub fn token(&self, email: &str) -> String {
        let mut token = self.digest_bytes(email);
        let signature = self.signature(&token).finalize().into_bytes();
        token.extend_from_slice(&signature);
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The digest of a token; none: it is not one of ours.
    #[must_use]
    pub fn digest_of_token(&self, token: &str) -> Option<String> {
        let token = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (digest, signature) = token.split_at_checked(DIGEST_LEN)?;
        self.signature(digest).verify_slice(signature).ok()?;
        Some(hex::encode(digest))
    }

    fn digest_bytes(&self, email: &str) -> Vec<u8> {
        let mac = self.0.clone().chain_update(b"address\0");
        let mac = mac.chain_update(fold_email(email));
        mac.finalize().into_bytes().to_vec()
    }

    fn signature(&self, digest: &[u8]) -> Hmac<Sha256> {
        self.0.clone().chain_update(b"token\0").chain_update(digest)
    }
}

impl std::fmt::Debug for Unsubscribing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unsubscribing(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stands_for_its_address_and_nobody_else_can_make_one() {
        let ours = Unsubscribing::new(&Secret::new("k"));
        let token = ours.token("Ana@example.com");
        assert_eq!(
            ours.digest_of_token(&token),
            Some(ours.digest("ana@EXAMPLE.com"))
        );
        assert_ne!(
            ours.digest("ana@example.com"),
            ours.digest("bea@example.com")
        );
        let theirs = Unsubscribing::new(&Secret::new("l"));
        let cut = &token[..token.len() - 2];
        let bare = URL_SAFE_NO_PAD.encode(hex::decode(ours.digest("ana@example.com")).unwrap());
        for forged in ["", "x", cut, &bare, &theirs.token("ana@example.com")] {
            assert_eq!(ours.digest_of_token(forged), None, "{forged}");
        }
    }
}
