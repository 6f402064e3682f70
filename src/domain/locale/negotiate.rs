//! Which language suits a browser.

use super::Locale;

impl Locale {
    /// Best match of an Accept-Language header (RFC 9110, section 12.5.4), else English.
    ///
    /// Of equal weights the first wins. What cannot be read is passed over.
    #[must_use]
    pub fn negotiate(accept_language: Option<&str>) -> Self {
        let mut best = (Self::EN, 0.0);
        for (locale, weight) in accept_language
            .unwrap_or_default()
            .split(',')
            .filter_map(weighed)
        {
            if weight > best.1 {
                best = (locale, weight);
            }
        }
        best.0
    }

    /// The language for a browser's tag (BCP 47, any region), if there is one.
    fn for_tag(tag: &str) -> Option<Self> {
        let tag = tag.to_ascii_lowercase();
        let mut subtags = tag.split(['-', '_']);
        let code = match subtags.next()? {
            "*" => "en",
            // In a browser's tag it is Sinhala, in iDenfy's codes Slovenian.
            "si" => return None,
            "sl" => "si",
            "nb" | "nn" => "no",
            // Indonesian, as older Java and Android still name it.
            "in" => "id",
            "zh" if is_traditional(subtags) => "zh_tw",
            primary => primary,
        };
        Self::ALL.into_iter().find(|locale| locale.code == code)
    }
}

/// One part of Accept-Language: a language of ours and its weight above 0 and up to 1.
fn weighed(range: &str) -> Option<(Locale, f32)> {
    let mut parts = range.split(';').map(str::trim);
    let locale = Locale::for_tag(parts.next()?)?;
    let weight = parts
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .map_or(Some(1.0), |(_, weight)| weight.trim().parse().ok())?;
    (weight > 0.0 && weight <= 1.0).then_some((locale, weight))
}

/// Whether what follows `zh` in a lower-case tag asks for traditional characters: by the script if
/// it is given, else by the region.
fn is_traditional<'a>(mut subtags: impl Iterator<Item = &'a str>) -> bool {
    subtags
        .find_map(|subtag| match subtag {
            "hant" | "tw" | "hk" | "mo" => Some(true),
            "hans" => Some(false),
            _ => None,
        })
        .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accept_language_is_matched() {
        let cases = [
            ("", "en"),
            ("de", "de"),
            ("DE-at", "de"),
            ("pt-BR,pt;q=0.9,en;q=0.8", "pt"),
            ("sl", "si"),
            ("si-LK", "en"),
            ("si, fr;q=0.1", "fr"),
            ("uk-UA", "uk"),
            ("in", "id"),
            ("nb-NO", "no"),
            ("nn", "no"),
            ("zh", "zh"),
            ("zh-CN", "zh"),
            ("zh-SG", "zh"),
            ("zh-TW", "zh_tw"),
            ("zh-HK", "zh_tw"),
            ("zh-MO", "zh_tw"),
            ("zh-Hant", "zh_tw"),
            ("zh-Hant-CN", "zh_tw"),
            ("zh-Hans-HK", "zh"),
            ("ko-KR", "ko"),
            ("xx, yy", "en"),
            ("en;q=0.5, de;q=0.7, fr;q=0.6", "de"),
            ("de, fr", "de"),
            ("fr;q=0.4,de;q=0.4", "fr"),
            ("de;q=0", "en"),
            ("de;q=0.000, it;q=0.001", "it"),
            ("*", "en"),
            ("*;q=0.5, de;q=0.1", "en"),
            ("de ; Q = 0.3 , lt;q=0.2", "de"),
            ("de;q=2, lt;q=0.2", "lt"),
            ("de;q=NaN, lt;q=0.2", "lt"),
            ("de;q=inf, lt;q=0.2", "lt"),
            ("de;q=-1, lt;q=0.2", "lt"),
            ("de;q=, lt;q=0.2", "lt"),
            ("de;level=1, lt", "de"),
            (";;;,,q=1,-,_,=,\u{0}", "en"),
        ];
        for (header, code) in cases {
            assert_eq!(Locale::negotiate(Some(header)).as_str(), code, "{header:?}");
        }
        assert_eq!(Locale::negotiate(None), Locale::EN);
    }

    proptest! {
        #[test]
        fn no_header_breaks_the_negotiation(header in "\\PC*|[a-z*;q=0-9., _-]{0,200}") {
            prop_assert!(Locale::ALL.contains(&Locale::negotiate(Some(&header))));
        }
    }
}
