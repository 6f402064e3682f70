//! Countries by their ISO 3166-1 alpha-2 codes.

mod names;

/// Every officially assigned code, sorted.
pub const CODES: [&str; 249] = [
    "AD", "AE", "AF", "AG", "AI", "AL", "AM", "AO", "AQ", "AR", "AS", "AT", "AU", "AW", "AX", "AZ",
    "BA", "BB", "BD", "BE", "BF", "BG", "BH", "BI", "BJ", "BL", "BM", "BN", "BO", "BQ", "BR", "BS",
    "BT", "BV", "BW", "BY", "BZ", "CA", "CC", "CD", "CF", "CG", "CH", "CI", "CK", "CL", "CM", "CN",
    "CO", "CR", "CU", "CV", "CW", "CX", "CY", "CZ", "DE", "DJ", "DK", "DM", "DO", "DZ", "EC", "EE",
    "EG", "EH", "ER", "ES", "ET", "FI", "FJ", "FK", "FM", "FO", "FR", "GA", "GB", "GD", "GE", "GF",
    "GG", "GH", "GI", "GL", "GM", "GN", "GP", "GQ", "GR", "GS", "GT", "GU", "GW", "GY", "HK", "HM",
    "HN", "HR", "HT", "HU", "ID", "IE", "IL", "IM", "IN", "IO", "IQ", "IR", "IS", "IT", "JE", "JM",
    "JO", "JP", "KE", "KG", "KH", "KI", "KM", "KN", "KP", "KR", "KW", "KY", "KZ", "LA", "LB", "LC",
    "LI", "LK", "LR", "LS", "LT", "LU", "LV", "LY", "MA", "MC", "MD", "ME", "MF", "MG", "MH", "MK",
    "ML", "MM", "MN", "MO", "MP", "MQ", "MR", "MS", "MT", "MU", "MV", "MW", "MX", "MY", "MZ", "NA",
    "NC", "NE", "NF", "NG", "NI", "NL", "NO", "NP", "NR", "NU", "NZ", "OM", "PA", "PE", "PF", "PG",
    "PH", "PK", "PL", "PM", "PN", "PR", "PS", "PT", "PW", "PY", "QA", "RE", "RO", "RS", "RU", "RW",
    "SA", "SB", "SC", "SD", "SE", "SG", "SH", "SI", "SJ", "SK", "SL", "SM", "SN", "SO", "SR", "SS",
    "ST", "SV", "SX", "SY", "SZ", "TC", "TD", "TF", "TG", "TH", "TJ", "TK", "TL", "TM", "TN", "TO",
    "TR", "TT", "TV", "TW", "TZ", "UA", "UG", "UM", "US", "UY", "UZ", "VA", "VC", "VE", "VG", "VI",
    "VN", "VU", "WF", "WS", "YE", "YT", "ZA", "ZM", "ZW",
];

/// Whether `text` is an assigned code, in upper case as the standard writes it.
#[must_use]
pub fn is_code(text: &str) -> bool {
    CODES.binary_search(&text).is_ok()
}

/// The country's name in English, for people.
#[must_use]
pub fn name(code: &str) -> Option<&'static str> {
    let place = CODES.binary_search(&code).ok()?;
    names::NAMES.get(place).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_have_their_own_names() {
        for (code, own) in [
            ("AD", "Andorra"),
            ("DE", "Germany"),
            ("GR", "Greece"),
            ("KR", "South Korea"),
            ("ZW", "Zimbabwe"),
        ] {
            assert_eq!(name(code), Some(own));
        }
        assert_eq!(name("XX"), None);
        let mut all = names::NAMES;
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn codes_are_sorted_pairs_of_capitals() {
        assert!(
            CODES.is_sorted_by(|a, b| a < b),
            "the search needs them sorted, each once"
        );
        assert!(
            CODES
                .iter()
                .all(|c| c.len() == 2 && c.bytes().all(|b| b.is_ascii_uppercase()))
        );
    }

    #[test]
    fn only_assigned_codes_in_upper_case_are_countries() {
        for good in ["AD", "DE", "GB", "GR", "LT", "TW", "US", "ZW"] {
            assert!(is_code(good), "{good}");
        }
        for bad in [
            "", "D", "de", "De", "DEU", "UK", "EL", "EU", "ZZ", "ALL", "Ä", "D ",
        ] {
            assert!(!is_code(bad), "{bad}");
        }
    }
}
