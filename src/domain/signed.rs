//! What a site says of the visitor it sends to a signed link, and the proof that it was the site that said it.
//!
//! `/{slug}?client_id=…&ref=…&exp=…&sig=…`: `sig` is the HMAC-SHA256, in lower-case hex, of the link's slug, a question mark
//! and the query before `&sig=` exactly as it is sent. The key is the text of the link's secret.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use url::form_urlencoded;

use super::channel::ExternalRef;
use super::secret::Secret;
use super::slug::Slug;
use super::timestamp::{DAY_MS, Timestamp};

/// Bytes of a secret, before they are written as base64.
const SECRET_LEN: usize = 32;

/// Longest customer, in characters; iDenfy's own bound.
const CLIENT_MAX: usize = 100;

/// How far ahead the end may lie, in milliseconds: what was once signed is not good for ever.
pub const AHEAD_MAX_MS: i64 = 7 * DAY_MS;

/// What stands between what is signed and the signature.
const BEFORE_SIGNATURE: &str = "&sig=";

/// Why an address is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// It was not signed with this secret, or changed, or what was signed makes no sense.
    #[error("the signature does not hold")]
    Invalid,
    /// It was signed, for this customer, and its time is over.
    #[error("the signed address has expired")]
    Expired(String),
}

/// A new random secret, as it is shown: base64.
///
/// # Panics
/// Never: the operating system gives random bytes.
#[must_use]
pub fn new_secret() -> Secret {
    let mut bytes = [0; SECRET_LEN];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    Secret::new(BASE64_STANDARD.encode(bytes))
}

/// The customer that the query of a signed link's address names: iDenfy's clientId, 1 to 100 printable ASCII characters. A
/// `ref` in that query was signed too, and is one.
///
/// # Errors
/// Why it is not taken. That it has expired is told only of one that was signed.
pub fn customer(
    query: &str,
    slug: &Slug,
    secret: &Secret,
    now: Timestamp,
) -> Result<String, Unsigned> {
    let (signed, rest) = query
        .split_once(BEFORE_SIGNATURE)
        .ok_or(Unsigned::Invalid)?;
    let (signature, after) = rest.split_once('&').unwrap_or((rest, ""));
    if !is_signed(signed, signature, slug, secret) || says_more(after) {
        return Err(Unsigned::Invalid);
    }
    let client_id = once(signed, "client_id")?.ok_or(Unsigned::Invalid)?;
    let end = once(signed, "exp")?.and_then(|text| seconds(&text));
    let end = end.ok_or(Unsigned::Invalid)?;
    let is_ref = once(signed, "ref")?.is_none_or(|text| ExternalRef::parse(&text).is_some());
    if !is_client(&client_id) || !is_ref || end > now.plus_millis(AHEAD_MAX_MS) {
        return Err(Unsigned::Invalid);
    }
    if end <= now {
        return Err(Unsigned::Expired(client_id));
    }
    Ok(client_id)
}

fn is_signed(signed: &str, signature: &str, slug: &Slug, secret: &Secret) -> bool {
    let is_lower_hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    // A link that was deleted has none.
    if secret.expose().is_empty() || !signature.bytes().all(is_lower_hex) {
        return false;
    }
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
        .expect("HMAC takes keys of any length")
        .chain_update(slug.as_str())
        .chain_update("?")
        .chain_update(signed);
    // Compares in constant time.
    hex::decode(signature).is_ok_and(|signature| mac.verify_slice(&signature).is_ok())
}

/// Whether something stands after the signature that would have to be signed.
fn says_more(after: &str) -> bool {
    let mut names = form_urlencoded::parse(after.as_bytes());
    names.any(|(name, _)| ["client_id", "ref", "exp", "sig"].contains(&&*name))
}

/// The value of a parameter that may be there once.
fn once(query: &str, name: &str) -> Result<Option<String>, Unsigned> {
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(known, _)| known == name);
    let value = values.next().map(|(_, value)| value.into_owned());
    match values.next() {
        None => Ok(value),
        Some(_) => Err(Unsigned::Invalid),
    }
}

/// Seconds since the epoch, in digits alone.
fn seconds(text: &str) -> Option<Timestamp> {
    let is_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let seconds: i64 = is_digits.then(|| text.parse().ok())??;
    seconds.checked_mul(1000).map(Timestamp::from_millis)
}

fn is_client(text: &str) -> bool {
    let is_printable = |b: u8| b.is_ascii_graphic() || b == b' ';
    text.len() <= CLIENT_MAX && !text.trim().is_empty() && text.bytes().all(is_printable)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn secret() -> Secret {
        Secret::new("a secret")
    }

    fn slug() -> Slug {
        Slug::parse("Berlin-Fair").unwrap()
    }

    /// A query with its signature.
    fn signed(query: &str) -> String {
        let mac = Hmac::<Sha256>::new_from_slice(b"a secret").unwrap();
        let mac = mac.chain_update(format!("berlin-fair?{query}")).finalize();
        format!("{query}&sig={}", hex::encode(mac.into_bytes()))
    }

    fn read_at(query: &str, now: Timestamp) -> Result<String, Unsigned> {
        customer(query, &slug(), &secret(), now)
    }

    #[test]
    fn what_openssl_signs_is_taken() {
        // printf '%s' 'berlin-fair?client_id=42&exp=1800000060' | openssl dgst -sha256 -hmac 'a secret'
        let query = "client_id=42&exp=1800000060&sig=\
                     5a0cc9cb5a54d36253dfb5c3123d4c781f46b04759d5d3acdab0d1194066e0a0";
        assert_eq!(read_at(query, NOW).as_deref(), Ok("42"));
    }

    #[test]
    fn what_was_signed_is_read_whole_and_in_any_order() {
        let long = "~".repeat(100);
        for (query, client) in [
            ("client_id=42&exp=1800000001", "42"),
            ("exp=1800604800&client_id=42", "42"),
            (
                "ref=No.%204%2F2%26c&client_id=a%40b.c&exp=1800000060",
                "a@b.c",
            ),
            ("client_id=a+b&via=shop&exp=1800000060", "a b"),
            (&format!("client_id={long}&exp=01800000060"), &long),
        ] {
            for after in [
                "",
                "&",
                "&via=button",
                "&utm_source=x&fbclid=y",
                "&CLIENT_ID=1",
            ] {
                let read = read_at(&format!("{}{after}", signed(query)), NOW);
                assert_eq!(read.as_deref(), Ok(client), "{query}{after}");
            }
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_though_it_was_signed() {
        for query in [
            "exp=1800000060",
            "client_id=&exp=1800000060",
            "client_id=%20&exp=1800000060",
            "client_id=%C3%A9&exp=1800000060",
            "client_id=%FF&exp=1800000060",
            "client_id=a%0Ab&exp=1800000060",
            "client_id=a%7F&exp=1800000060",
            &format!("client_id={}&exp=1800000060", "a".repeat(101)),
            "client_id=1&client_id=2&exp=1800000060",
            "client_id=1&client%5Fid=2&exp=1800000060",
            "client_id=1",
            "client_id=1&exp=",
            "client_id=1&exp=soon",
            "client_id=1&exp=-1800000060",
            "client_id=1&exp=%2B1800000060",
            "client_id=1&exp=1800000060.5",
            "client_id=1&exp=1800000060000",
            "client_id=1&exp=99999999999999999999",
            "client_id=1&exp=9223372036854775807",
            "client_id=1&exp=1800604801",
            "client_id=1&exp=1800000060&exp=1800000061",
            "client_id=1&exp=1800000060&ref=",
            "client_id=1&exp=1800000060&ref=%C3%A9",
            "client_id=1&exp=1800000060&ref=a&ref=a",
            &format!("client_id=1&exp=1800000060&ref={}", "a".repeat(41)),
        ] {
            assert_eq!(
                read_at(&signed(query), NOW),
                Err(Unsigned::Invalid),
                "{query}"
            );
        }
    }

    #[test]
    fn what_was_changed_is_refused() {
        let good = signed("client_id=42&ref=7&exp=1800000060");
        assert!(read_at(&good, NOW).is_ok());
        let (query, signature) = good.split_once("&sig=").unwrap();
        let upper = format!("{query}&sig={}", signature.to_uppercase());
        let forged = [
            "",
            "&",
            "sig",
            query,
            &format!("{query}&sig="),
            &format!("sig={signature}"),
            &format!("sig={signature}&{query}"),
            &format!("ref=7&client_id=42&exp=1800000060&sig={signature}"),
            &format!("client_id=42&exp=1800000060&sig={signature}"),
            &format!("client_id=43&ref=7&exp=1800000060&sig={signature}"),
            &format!("client_id=42&ref=7&exp=1800000061&sig={signature}"),
            &format!("client_id=%34%32&ref=7&exp=1800000060&sig={signature}"),
            &format!("{query}&via=x&sig={signature}"),
            &format!("?{good}"),
            &format!("&{good}"),
            &good[1..],
            &good[..good.len() - 1],
            &good[..good.len() - 2],
            &format!("{good}0"),
            &format!("{good}00"),
            &format!("{good}%20"),
            &upper,
            &good.replace("&sig=", "&s%69g="),
            &format!("{good}&client_id=43"),
            &format!("{good}&client_id=42"),
            &format!("{good}&r%65f=8"),
            &format!("{good}&via=x&exp=1800000061"),
            &format!("{good}&sig={signature}"),
        ];
        for query in forged {
            assert_eq!(read_at(query, NOW), Err(Unsigned::Invalid), "{query}");
        }
        let other = Slug::parse("berlin-fai").unwrap();
        assert!(customer(&good, &other, &secret(), NOW).is_err());
        for secret in ["another", ""] {
            assert!(customer(&good, &slug(), &Secret::new(secret), NOW).is_err());
        }
    }

    #[test]
    fn its_time_ends_to_the_second_and_only_what_was_signed_is_told_so() {
        let good = signed("client_id=42&exp=1800000060");
        assert!(read_at(&good, NOW.plus_millis(59_999)).is_ok());
        for late in [60_000, DAY_MS * 400] {
            let late = NOW.plus_millis(late);
            assert_eq!(read_at(&good, late), Err(Unsigned::Expired("42".into())));
            assert_eq!(
                read_at(&good.replace("42", "43"), late),
                Err(Unsigned::Invalid)
            );
        }
        assert_eq!(
            read_at(&signed("client_id=42&exp=0"), NOW),
            Err(Unsigned::Expired("42".into()))
        );
    }

    #[test]
    fn every_secret_is_its_own() {
        let (one, other) = (new_secret(), new_secret());
        assert_ne!(one, other);
        assert_eq!(
            BASE64_STANDARD.decode(one.expose()).unwrap().len(),
            SECRET_LEN
        );
    }
}
