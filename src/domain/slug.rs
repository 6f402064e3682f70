//! The last part of a link's URL.

/// Letters and digits of generated slugs: none that is taken for another one in print (no `i l o 0 1`).
const ALPHABET: [char; 31] = [
    '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k', 'm',
    'n', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
];

/// Length of a generated slug: 31^10 is about 2^49, out of reach for guessing below the rate limit.
const GENERATED_LEN: usize = 10;

/// Random bytes asked for at once, where many slugs are drawn.
const RANDOM_AT_ONCE: usize = 4096;

/// First path segments in use, and words that would look like the product itself speaking.
const RESERVED: [&str; 21] = [
    "admin",
    "api",
    "webhooks",
    "health",
    "metrics",
    "static",
    "openapi",
    "docs",
    "robots",
    "sandbox",
    "favicon",
    "sitemap",
    "well-known",
    "security",
    "login",
    "logout",
    "about",
    "help",
    "status",
    "www",
    "unsubscribe",
];

/// A link's slug: 3 to 64 of `a-z 0-9 -`, kept in lower case, never a reserved word.
#[derive(Debug, Clone, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct Slug(String);

impl Slug {
    /// A random slug. It is a bearer secret: whoever has it can click.
    #[must_use]
    pub fn generate() -> Self {
        Self::generate_from(nanoid::rngs::default)
    }

    /// As many random slugs, for fewer questions to the operating system.
    ///
    /// # Panics
    /// When the operating system gives no random bytes.
    #[must_use]
    pub fn generate_many(count: usize) -> Vec<Self> {
        let mut random = vec![0; RANDOM_AT_ONCE];
        let mut used = random.len();
        let mut some = |wanted: usize| {
            if used + wanted > random.len() {
                getrandom::fill(&mut random).expect("the operating system gives random bytes");
                used = 0;
            }
            used += wanted;
            random[used - wanted..used].to_vec()
        };
        let each = (0..count).map(|_| Self::generate_from(&mut some));
        each.collect()
    }

    /// Stands where a slug is yet to be drawn.
    #[must_use]
    pub const fn undrawn() -> Self {
        Self(String::new())
    }

    fn generate_from(mut random: impl FnMut(usize) -> Vec<u8>) -> Self {
        loop {
            let text = nanoid::format(&mut random, &ALPHABET, GENERATED_LEN);
            if let Ok(slug) = Self::parse(&text) {
                return slug;
            }
        }
    }

    /// Reads a chosen slug; upper case is put in lower case.
    ///
    /// # Errors
    /// A message for the sender when it is too short, too long, has other characters or is reserved.
    pub fn parse(text: &str) -> Result<Self, String> {
        let slug = Self::lookup(text)
            .ok_or_else(|| "must be 3 to 64 characters of a-z, 0-9 and -".to_owned())?;
        if RESERVED.contains(&slug.0.as_str()) {
            return Err("is a reserved word; choose another".to_owned());
        }
        Ok(slug)
    }

    /// Reads a slug from a URL, where reserved words do not matter. `None` when no link can have it.
    #[must_use]
    pub fn lookup(text: &str) -> Option<Self> {
        let fits = (3..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        fits.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The slug's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn slugs_are_read_in_any_case_and_bad_ones_refused() {
        for (given, read) in [
            ("abc", "abc"),
            ("Berlin-Fair", "berlin-fair"),
            ("a-1", "a-1"),
        ] {
            assert_eq!(Slug::parse(given).map(|s| s.0), Ok(read.to_owned()));
        }
        let long = "a".repeat(65);
        for bad in [
            "",
            "ab",
            "a b",
            "a_b",
            "ümlaut",
            "a.b",
            "a/b",
            "ADMIN",
            "www",
            long.as_str(),
        ] {
            assert!(Slug::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "\\PC*") {
            if let Ok(slug) = Slug::parse(&text) {
                prop_assert_eq!(Slug::parse(slug.as_str()), Ok(slug.clone()));
            }
        }
    }

    #[test]
    fn a_generated_slug_is_one_that_can_be_looked_up() {
        let slug = Slug::generate();
        assert_eq!(slug.0.len(), GENERATED_LEN);
        assert_eq!(Slug::lookup(&slug.0.to_uppercase()), Some(slug));
        let many = Slug::generate_many(2000);
        let kinds: std::collections::HashSet<&str> = many.iter().map(Slug::as_str).collect();
        assert_eq!((many.len(), kinds.len()), (2000, 2000));
        assert!(many.iter().all(|slug| slug.0.len() == GENERATED_LEN));
    }
}
