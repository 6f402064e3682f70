//! Colours, and whether one can be read on the other.

/// The least contrast of text, by WCAG 2.2 (AA).
const CONTRAST_MIN: f64 = 4.5;

/// A colour of the sRGB space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour([u8; 3]);

impl Colour {
    /// Black.
    pub const BLACK: Self = Self([0; 3]);
    /// White.
    pub const WHITE: Self = Self([255; 3]);

    /// Reads `1a2b3c` or `abc`, with or without `#`.
    ///
    /// # Errors
    /// A message for the sender.
    pub fn parse(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        let long: String = match digits.len() {
            3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
            _ => digits.to_owned(),
        };
        let mut bytes = [0; 3];
        hex::decode_to_slice(long, &mut bytes)
            .map(|()| Self(bytes))
            .map_err(|_| "must be a colour of six hexadecimal digits, such as 1a2b3c".to_owned())
    }

    /// Checks that text of this colour can be read on `background`.
    ///
    /// # Errors
    /// A message for the sender.
    pub fn check_on(self, background: Self) -> Result<(), String> {
        let contrast = self.contrast(background);
        if contrast >= CONTRAST_MIN {
            return Ok(());
        }
        // Cut, not rounded: 4.49 must not be told as 4.5.
        let told = (contrast * 10.0).floor() / 10.0;
        Err(format!(
            "cannot be read on the background: the contrast is {told}:1, and must be at least {CONTRAST_MIN}:1"
        ))
    }

    /// Red, green and blue.
    pub(super) const fn bytes(self) -> [u8; 3] {
        self.0
    }

    /// The contrast of two colours, 1 to 21, as WCAG 2.2 defines it.
    fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|byte| {
            let part = f64::from(byte) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{}", hex::encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_in_both_lengths_and_others_refused() {
        for (given, read) in [
            ("1a2B3c", "#1a2b3c"),
            ("#1a2b3c", "#1a2b3c"),
            ("fA0", "#ffaa00"),
        ] {
            assert_eq!(Colour::parse(given).unwrap().to_string(), read);
        }
        for bad in [
            "", "#", "red", "12345", "1234567", "gggggg", "ää", "##abc", "日本",
        ] {
            assert!(Colour::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn text_that_cannot_be_read_is_refused() {
        let contrast = Colour::BLACK.contrast(Colour::WHITE);
        assert!((contrast - 21.0).abs() < 1e-9, "{contrast}");
        // The greys on both sides of the border on white, by WCAG's own examples.
        for (grey, is_read) in [("767676", true), ("777777", false)] {
            let grey = Colour::parse(grey).unwrap();
            assert_eq!(grey.check_on(Colour::WHITE).is_ok(), is_read, "{grey}");
            assert_eq!(Colour::WHITE.check_on(grey).is_ok(), is_read, "{grey}");
        }
        let told = Colour::parse("777").unwrap().check_on(Colour::WHITE);
        assert!(told.unwrap_err().contains("4.4:1"));
    }
}
