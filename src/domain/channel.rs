//! What a click's query may say: by which channel it came, and whose it is.

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $max:literal, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, sqlx::Type, serde::Serialize)]
        #[sqlx(transparent)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Reads it; `None` when it does not fit.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let fits = (1..=$max).contains(&text.len()) && text.bytes().all($allowed);
                fits.then(|| Self(text.to_owned()))
            }

            /// Its text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

text!(
    /// The channel of a click (`qr`, `email`, `sms`, `button`, …): at most 32 of `a-z 0-9 _ -`.
    Via,
    32,
    |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-'
);
text!(
    /// The customer's own reference, iDenfy's `externalRef`: at most 40 printable ASCII characters.
    ExternalRef,
    40,
    |b: u8| b.is_ascii_graphic() || b == b' '
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_and_references_that_do_not_fit_are_none() {
        assert!(Via::parse("qr").is_some() && Via::parse("spring_2027-a").is_some());
        for bad in ["", "QR", "a b", "é", &"a".repeat(33)] {
            assert_eq!(Via::parse(bad), None);
        }
        assert!(ExternalRef::parse("Order 12/3").is_some());
        for bad in ["", "é", "a\nb", "a\u{7f}", &"a".repeat(41)] {
            assert_eq!(ExternalRef::parse(bad), None);
        }
    }
}
