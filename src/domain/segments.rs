//! How many text messages a text is: the alphabets and lengths of 3GPP TS 23.038 and 23.040.

/// How a text is written on its way to a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Seven bits a character, of a small alphabet.
    Gsm7,
    /// Sixteen bits a character, of any script.
    Ucs2,
}

impl Encoding {
    /// The name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gsm7 => "GSM-7",
            Self::Ucs2 => "UCS-2",
        }
    }
}

/// What a text costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segments {
    /// How it is written: GSM-7 where all of its characters are in that alphabet.
    pub encoding: Encoding,
    /// How many messages it takes.
    pub count: usize,
    /// Its length: septets, of which a character of the extension table takes two, or UTF-16 units.
    pub units: usize,
}

/// The basic character set, TS 23.038 section 6.2.1, without the escape.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
    ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// The extension table, section 6.2.1.1: an escape and a character.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

impl Segments {
    /// Counts a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let septets: Option<Vec<usize>> = text.chars().map(septets).collect();
        let (encoding, single, part, lengths) = if let Some(lengths) = septets {
            (Encoding::Gsm7, 160, 153, lengths)
        } else {
            let lengths = text.chars().map(char::len_utf16).collect();
            (Encoding::Ucs2, 70, 67, lengths)
        };
        let units = lengths.iter().sum();
        let count = if units <= single {
            1
        } else {
            parts(&lengths, part)
        };
        Self {
            encoding,
            count,
            units,
        }
    }
}

/// How many septets a character takes; none: it is not in the alphabet.
fn septets(c: char) -> Option<usize> {
    if BASIC.contains(c) {
        Some(1)
    } else {
        EXTENSION.contains(c).then_some(2)
    }
}

/// How many parts of that length, if no character is split over two of them.
fn parts(lengths: &[usize], part: usize) -> usize {
    let (mut count, mut filled) = (1, 0);
    for length in lengths {
        if filled + length > part {
            count += 1;
            filled = 0;
        }
        filled += length;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use Encoding::{Gsm7, Ucs2};

    #[test]
    fn the_alphabet_has_what_the_standard_has() {
        assert_eq!(BASIC.chars().count(), 127);
        assert_eq!(EXTENSION.chars().count(), 10);
        assert!(BASIC.chars().all(|c| !EXTENSION.contains(c)));
    }

    #[test]
    fn segments_are_counted_as_the_standard_says() {
        let cases: [(String, Encoding, usize, usize); 21] = [
            (String::new(), Gsm7, 1, 0),
            ("a".repeat(160), Gsm7, 1, 160),
            ("a".repeat(161), Gsm7, 2, 161),
            ("a".repeat(306), Gsm7, 2, 306),
            ("a".repeat(307), Gsm7, 3, 307),
            ("à@ß".into(), Gsm7, 1, 3),
            ("€".into(), Gsm7, 1, 2),
            ("€".repeat(80), Gsm7, 1, 160),
            ("€".repeat(81), Gsm7, 2, 162),
            // 76 of them leave one septet of the 153 empty.
            ("€".repeat(152), Gsm7, 2, 304),
            ("€".repeat(153), Gsm7, 3, 306),
            ("č".into(), Ucs2, 1, 1),
            ("`".into(), Ucs2, 1, 1),
            ("ж".repeat(70), Ucs2, 1, 70),
            ("ж".repeat(71), Ucs2, 2, 71),
            ("ж".repeat(134), Ucs2, 2, 134),
            ("ж".repeat(135), Ucs2, 3, 135),
            ("😀".into(), Ucs2, 1, 2),
            ("😀".repeat(35), Ucs2, 1, 70),
            // 33 of them leave one unit of the 67 empty: no pair is split.
            ("😀".repeat(66), Ucs2, 2, 132),
            ("😀".repeat(67), Ucs2, 3, 134),
        ];
        for (text, encoding, count, units) in cases {
            let wanted = Segments {
                encoding,
                count,
                units,
            };
            assert_eq!(Segments::of(&text), wanted, "{text}");
        }
    }
}
