//! What the token call takes: iDenfy's documented parameters with their documented limits.
//! A parameter that is not documented is ignored, as iDenfy seems to do.

use serde_json::{Map, Value};
use url::{Host, Url};
use uuid::Uuid;

use super::refusal::Refusal;

/// Documents that iDenfy takes, and the older names it still understands.
const DOCUMENTS: &[&str] = &[
    "PASSPORT",
    "ID_CARD",
    "DRIVER_LICENSE",
    "RESIDENCE_PERMIT",
    "VISA",
    "NATIONAL_PASSPORT",
    "PAN_CARD",
    "AADHAAR",
    "OLD_ID_CARD",
    "MILITARY_CARD",
    "ADDRESS_CARD",
    "PROVISIONAL_DRIVER_LICENSE",
    "SMART_ID",
    "BANK_ID_SE",
    "BANK_ID_NO",
    "BANK_ID_CZ",
    "CLEAR",
    "ONE_ID",
    "MIT_ID",
    "VERIMI",
    "SPID",
    "ITSME",
    "FTN",
    "YOTI_ID",
    "BORDER_CROSSING",
    "ASYLUM",
    "INTERNATIONAL_PASSPORT",
    "VOTER_CARD",
    "TRAVEL_CARD",
    "PHOTO_CARD",
    "PROOF_OF_AGE_CARD",
    "DIPLOMATIC_ID",
    "OTHER",
];

/// ISO 3166-1 alpha-2, and `XK` that is in common use for Kosovo.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI \
    BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY \
    CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN \
    GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH \
    KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO \
    MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL \
    PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV \
    SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN \
    VU WF WS XK YE YT ZA ZM ZW";

const NOT_IN_NAMES: &str = "~!@#$%^*()_+={}[]|:;\",<>/?";

enum Rule {
    /// Visible ASCII, 1 to so many characters.
    Ascii(usize),
    /// So many to so many characters.
    Text(usize, usize),
    Name,
    Date,
    OneOf(&'static [&'static str]),
    /// A country, or `ALL` which clears the field.
    Nationality,
    OneOrMoreCountries,
    Countries,
    Documents,
    Integer(i64, i64),
    Number,
    Bool,
    Object,
    Address,
    Uuid,
    UuidOrInteger,
}

/// Sources: iDenfy's `OpenAPI` document and its page on tokens; where they disagree, both are taken.
const PARAMETERS: &[(&str, Rule)] = &[
    ("clientId", Rule::Ascii(100)),
    ("personScanRef", Rule::Ascii(100)),
    ("tokenType", Rule::OneOf(&["IDENTIFICATION", "DOCUMENT"])),
    ("externalRef", Rule::Ascii(40)),
    ("firstName", Rule::Name),
    ("lastName", Rule::Name),
    ("dateOfBirth", Rule::Date),
    ("dateOfExpiry", Rule::Date),
    ("dateOfIssue", Rule::Date),
    ("nationality", Rule::Nationality),
    ("sex", Rule::OneOf(&["M", "F"])),
    ("personalNumber", Rule::Text(0, 50)),
    ("documentNumber", Rule::Text(0, 50)),
    ("address", Rule::Text(0, 255)),
    ("country", Rule::OneOrMoreCountries),
    ("documents", Rule::Documents),
    ("locale", Rule::Text(0, 7)),
    ("expiryTime", Rule::Integer(0, 2_592_000)),
    ("sessionLength", Rule::Integer(60, 3600)),
    ("successUrl", Rule::Address),
    ("errorUrl", Rule::Address),
    ("unverifiedUrl", Rule::Address),
    ("callbackUrl", Rule::Address),
    ("questionnaire", Rule::Text(0, 255)),
    ("riskAssessmentProfile", Rule::UuidOrInteger),
    ("theme", Rule::Uuid),
    ("ageLimit", Rule::Integer(0, i64::MAX)),
    ("ageMax", Rule::Integer(0, i64::MAX)),
    ("registryCentersCountries", Rule::Countries),
    ("additionalSteps", Rule::Object),
    ("additionalData", Rule::Object),
    ("faceMatchingThresholdModifier", Rule::Number),
    (
        "dummyStatus",
        Rule::OneOf(&["APPROVED", "DENIED", "SUSPECTED", "EXPIRED", "ACTIVE"]),
    ),
];

/// The parameters that are true or false.
const SWITCHES: &[&str] = &[
    "generateDigitString",
    "showInstructions",
    "reviewSuccessful",
    "reviewFailed",
    "questionnaireRequired",
    "utilityBill",
    "verifyEmail",
    "verifyPhone",
    "verifyAddress",
    "verifyBank",
    "verifyBankAccounts",
    "verifyBankBalances",
    "verifyBankTransactions",
    "bankCardVerification",
    "bankCardPdfUpload",
    "nfcRequired",
    "nfcOptional",
    "driverLicenseBack",
    "checkLiveness",
    "checkAml",
    "autoAmlMonitoring",
    "checkIpProxy",
    "checkFaceBlacklist",
    "checkDocFaceBlacklist",
    "checkPersonBlacklist",
    "checkDuplicateFaces",
    "checkDuplicateDocFaces",
    "checkDuplicatePersonalData",
    "checkDriverLicense",
    "checkLid",
    "checkCriminal",
    "allowBsnMasking",
    "idLiveFaceValidation",
    "idLiveDocumentValidation",
    "checkBlurAndGlare",
    "autoFaceMatching",
];

/// Refuses the first parameter that is not as documented. Null is not given.
pub(super) fn check(given: &Map<String, Value>) -> Result<(), Refusal> {
    let parameters = PARAMETERS.iter().map(|(name, rule)| (*name, rule));
    for (name, rule) in parameters.chain(SWITCHES.iter().map(|name| (*name, &Rule::Bool))) {
        if given
            .get(name)
            .is_some_and(|value| !value.is_null() && !rule.accepts(value))
        {
            return Err(Refusal::bad_value(format!(
                "Field '{name}' must be {}.",
                rule.demand()
            )));
        }
    }
    let is_given = |name| given.get(name).is_some_and(|value| !value.is_null());
    if !is_given("clientId") && !is_given("personScanRef") {
        return Err(Refusal::missing("clientId"));
    }
    if is_given("additionalSteps") && given.get("utilityBill") == Some(&Value::Bool(true)) {
        return Err(Refusal::validation(
            "Field 'utilityBill' cannot be used with 'additionalSteps'.",
        ));
    }
    Ok(())
}

/// The names among `given` that iDenfy does not document.
pub(super) fn unknown(given: &Map<String, Value>) -> Vec<String> {
    let documented =
        |name: &str| SWITCHES.contains(&name) || PARAMETERS.iter().any(|(known, _)| *known == name);
    given
        .keys()
        .filter(|name| !documented(name))
        .cloned()
        .collect()
}

/// Whether the address is one that a visitor or a webhook may be sent to: https, or plain http to
/// this machine, which iDenfy would refuse but a stand-in on it can follow.
pub(super) fn is_address(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}

impl Rule {
    fn accepts(&self, value: &Value) -> bool {
        let text = value.as_str();
        let length = || text.map_or(0, |text| text.chars().count());
        match self {
            Self::Ascii(max) => {
                text.is_some_and(|text| text.bytes().all(|byte| (b' '..=b'~').contains(&byte)))
                    && (1..=*max).contains(&length())
            }
            Self::Text(min, max) => text.is_some() && (*min..=*max).contains(&length()),
            Self::Name => text.is_some_and(|text| {
                let bad = |c: char| c.is_numeric() || c.is_control() || NOT_IN_NAMES.contains(c);
                (1..=100).contains(&length()) && !text.contains(bad)
            }),
            Self::Date => text.is_some_and(|text| {
                text.len() == 10 && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
            }),
            Self::OneOf(words) => text.is_some_and(|text| words.contains(&text)),
            Self::Nationality => text == Some("ALL") || is_country(value),
            Self::OneOrMoreCountries => is_country(value) || every(value, is_country),
            Self::Countries => every(value, is_country),
            Self::Documents => every(value, |item| {
                item.as_str().is_some_and(|item| DOCUMENTS.contains(&item))
            }),
            Self::Integer(min, max) => value
                .as_i64()
                .is_some_and(|number| (*min..=*max).contains(&number)),
            Self::Number => value.is_number(),
            Self::Bool => value.is_boolean(),
            Self::Object => value.is_object(),
            Self::Address => (5..=2048).contains(&length()) && text.is_some_and(is_address),
            Self::Uuid => text.is_some_and(|text| Uuid::parse_str(text).is_ok()),
            Self::UuidOrInteger => value.is_i64() || Self::Uuid.accepts(value),
        }
    }

    /// How the field's message ends.
    fn demand(&self) -> String {
        match self {
            Self::Ascii(max) => format!("ASCII text of 1 to {max} characters"),
            Self::Text(min, max) => format!("text of {min} to {max} characters"),
            Self::Name => "1 to 100 letters without special characters".into(),
            Self::Date => "a date as YYYY-MM-DD".into(),
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
            Self::Nationality | Self::OneOrMoreCountries | Self::Countries => {
                "a valid ISO 3166-1 alpha-2 code".into()
            }
            Self::Documents => "a list of document types".into(),
            Self::Integer(min, i64::MAX) => format!("an integer of at least {min}"),
            Self::Integer(min, max) => format!("an integer from {min} to {max}"),
            Self::Number => "a number".into(),
            Self::Bool => "true or false".into(),
            Self::Object => "an object".into(),
            Self::Address => "an HTTPS URL of 5 to 2048 characters".into(),
            Self::Uuid => "a UUID".into(),
            Self::UuidOrInteger => "a UUID or an integer".into(),
        }
    }
}

fn is_country(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|code| COUNTRIES.split_whitespace().any(|known| known == code))
}

/// Whether `value` is a list, not empty, of good items only.
fn every(value: &Value, good: impl Fn(&Value) -> bool) -> bool {
    value
        .as_array()
        .is_some_and(|items| !items.is_empty() && items.iter().all(good))
}

#[cfg(test)]
mod tests;
