//! The second factor: six digits that an app shows for half a minute each (RFC 6238), and codes for when it is lost.

use totp_rs::{Builder, Totp};

use crate::domain::secret::Secret;
use crate::domain::timestamp::Timestamp;

/// What apps call the account's issuer.
const ISSUER: &str = "Entrypass";

/// How many recovery codes a person gets.
const RECOVERY_CODES: usize = 10;

/// Letters of recovery codes: none that is taken for another. 32 of them, so that 16 are 80 bits.
const ALPHABET: [char; 32] = [
    'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k', 'm', 'n', 'p', 'q', 'r', 's', 't', 'u', 'v',
    'w', 'x', 'y', 'z', '2', '3', '4', '5', '6', '7', '8', '9', '0',
];

/// A new secret in base 32: 160 bits, as RFC 4226 has it.
pub(super) fn fresh_secret() -> Secret {
    let mut bytes = [0; 20];
    getrandom::fill(&mut bytes).expect("the machine has random bytes");
    Secret::new(totp_rs::Secret::new_stack(bytes).to_base32())
}

/// The address that apps read from a QR code.
pub(super) fn address(secret: &Secret, email: &str) -> Option<String> {
    totp(secret, email)?.to_url().ok()
}

/// The step whose code this is, give or take one.
pub(super) fn step(secret: &Secret, code: &str, now: Timestamp) -> Option<i64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let step = totp(secret, "")?.check(&code, u64::try_from(now.seconds()).ok()?)?;
    i64::try_from(step).ok()
}

/// New recovery codes, in groups of four.
pub(super) fn fresh_codes() -> Vec<Secret> {
    let group = || nanoid::nanoid!(4, &ALPHABET);
    let code = |_| Secret::new([group(), group(), group(), group()].join("-"));
    (0..RECOVERY_CODES).map(code).collect()
}

/// Whether that is a recovery code by its length, and not one of the app's: 16 letters and digits, which are 80 bits.
pub(super) fn is_recovery_code(typed: &str) -> bool {
    typed.chars().filter(char::is_ascii_alphanumeric).count() == 16
}

/// A recovery code as it is kept, however it was typed.
pub(super) fn tidy_code(typed: &str) -> Secret {
    let letters: Vec<char> = typed
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let groups: Vec<String> = letters
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    Secret::new(groups.join("-"))
}

fn totp(secret: &Secret, email: &str) -> Option<Totp> {
    let bytes = totp_rs::Secret::try_from_base32(secret.expose()).ok()?;
    Builder::new()
        .with_secret(bytes)
        .with_issuer(Some(ISSUER))
        .with_account_name(email)
        .build()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, the last six of its eight digits.
        let secret = Secret::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081 804"),
            (2_000_000_000, "279037"),
        ] {
            let now = Timestamp::from_millis(seconds * 1000);
            assert_eq!(step(&secret, code, now), Some(seconds / 30), "{code}");
            assert_eq!(step(&secret, code, now.plus_millis(90_000)), None);
        }
        let url = address(&secret, "ana@example.com").unwrap();
        assert!(
            url.starts_with("otpauth://totp/Entrypass:ana%40example.com?secret=GEZDG"),
            "{url}"
        );
        assert_eq!(fresh_secret().expose().len(), 32);
    }

    #[test]
    fn a_recovery_code_is_known_however_it_is_typed() {
        let codes = fresh_codes();
        assert_eq!(codes.len(), RECOVERY_CODES);
        let typed = codes[0].expose().to_uppercase().replace('-', " ");
        assert_eq!(tidy_code(&typed), codes[0]);
        assert_ne!(codes[0], codes[1]);
    }
}
