//! Signing what is sent, as the Standard Webhooks specification has it:
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::domain::id::EventId;
use crate::domain::secret::Secret;

/// What every secret begins with.
const PREFIX: &str = "whsec_";

/// Bytes of a secret; the specification has 24 to 64.
const SECRET_LEN: usize = 32;

/// A new random secret, as it is shown: `whsec_` and base64.
///
/// # Panics
/// Never: the operating system gives random bytes.
#[must_use]
pub fn new_secret() -> Secret {
    let mut bytes = [0; SECRET_LEN];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    Secret::new(format!("{PREFIX}{}", BASE64_STANDARD.encode(bytes)))
}

/// The value of `webhook-signature`: a signature by each secret, parted by spaces. `timestamp` is in seconds.
#[must_use]
pub fn sign<'a>(
    secrets: impl IntoIterator<Item = &'a Secret>,
    id: EventId,
    timestamp: i64,
    body: &str,
) -> String {
    let signed = format!("{id}.{timestamp}.{body}");
    let signatures: Vec<String> = secrets
        .into_iter()
        .map(|secret| sign_text(secret, &signed))
        .collect();
    signatures.join(" ")
}

fn sign_text(secret: &Secret, text: &str) -> String {
    let text_of_key = secret.expose();
    let key = BASE64_STANDARD
        .decode(text_of_key.strip_prefix(PREFIX).unwrap_or(text_of_key))
        .unwrap_or_default();
    let mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
    let mac = mac.chain_update(text).finalize().into_bytes();
    format!("v1,{}", BASE64_STANDARD.encode(mac))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_the_reference_libraries_is_signed_as_they_do() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        assert_eq!(
            sign_text(
                &secret,
                "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}"
            ),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn two_secrets_make_two_signatures_and_every_secret_is_its_own() {
        let (one, other) = (new_secret(), new_secret());
        assert_ne!(one, other);
        let id = EventId::new(uuid::Uuid::nil());
        let both = sign([&one, &other], id, 5, "{}");
        let each = [sign([&one], id, 5, "{}"), sign([&other], id, 5, "{}")];
        assert_eq!(both, each.join(" "));
        for changed in [
            sign([&one], id, 6, "{}"),
            sign([&one], id, 5, "{ }"),
            sign([&one], EventId::new(uuid::Uuid::max()), 5, "{}"),
        ] {
            assert_ne!(changed, each[0]);
        }
    }
}
