//! What people call iDenfy's parameters and their values.

use crate::domain::country;

/// Options that belong together: a title, and iDenfy's name and ours of each.
type Titled = (&'static str, &'static [(&'static str, &'static str)]);

/// Every option of every flow.
#[rustfmt::skip]
pub(super) const OPTIONS: &[Titled] = &[
    ("Age", &[
        ("min_age", "Age from which visitors pass"),
        ("confidence_threshold", "Confidence needed, from 0 to 100"),
        ("buffer", "Years of doubt"),
        ("escalation", "In doubt"),
        ("retry_limit", "Tries"),
        ("save_photo", "Keep the photo"),
    ]),
    ("Who may pass", &[
        ("country", "Countries"),
        ("documents", "Documents"),
        ("ageLimit", "Youngest age"),
        ("ageMax", "Oldest age"),
    ]),
    ("Where visitors go afterwards", &[
        ("successUrl", "Return address after success"),
        ("errorUrl", "Return address after failure"),
        ("unverifiedUrl", "Return address while a person has yet to review"),
        ("success_redirect", "Return address after success"),
        ("underage_redirect", "Return address for those who are too young"),
    ]),
    ("Checks", &[
        ("checkAml", "Sanctions and politics (AML)"),
        ("autoAmlMonitoring", "AML from then on"),
        ("checkLiveness", "Liveness"),
        ("autoFaceMatching", "Comparison of faces"),
        ("faceMatchingThresholdModifier", "Strictness of that comparison"),
        ("idLiveFaceValidation", "Forged selfies"),
        ("idLiveDocumentValidation", "Forged documents"),
        ("checkBlurAndGlare", "Blurred photos"),
        ("reviewSuccessful", "Review of approvals"),
        ("reviewFailed", "Review of denials"),
        ("checkIpProxy", "Hidden origin"),
        ("checkLid", "Lost and invalid documents"),
        ("checkDriverLicense", "Register of driving licences"),
        ("checkCriminal", "Criminal records"),
        ("checkFaceBlacklist", "Blocked faces"),
        ("checkDocFaceBlacklist", "Blocked faces on documents"),
        ("checkPersonBlacklist", "Blocked persons"),
        ("checkDuplicateFaces", "Faces seen before"),
        ("checkDuplicateDocFaces", "Faces on documents seen before"),
        ("checkDuplicatePersonalData", "Personal data seen before"),
        ("registryCentersCountries", "Registry centres, as codes parted by |"),
        ("riskAssessmentProfile", "Risk profile"),
    ]),
    ("What else visitors are asked for", &[
        ("verifyEmail", "Email address"),
        ("verifyPhone", "Phone number"),
        ("verifyAddress", "Address"),
        ("utilityBill", "Utility bill"),
        ("driverLicenseBack", "Back of a driving licence"),
        ("nfcRequired", "Chip of the document, required"),
        ("nfcOptional", "Chip of the document, offered"),
        ("questionnaire", "Questionnaire"),
        ("questionnaireRequired", "Questionnaire is required"),
        ("verifyBank", "Bank account"),
        ("verifyBankAccounts", "Bank accounts read"),
        ("verifyBankBalances", "Balances read"),
        ("verifyBankTransactions", "Transactions read"),
        ("bankCardVerification", "Bank card"),
        ("bankCardPdfUpload", "Bank card by PDF"),
        ("videoCallQuestions", "Questions in a video call, parted by |"),
        ("additionalSteps", "Further photos, as JSON"),
        ("additionalData", "Data for these, as JSON"),
    ]),
    ("A customer you know already", &[
        ("clientId", "Customer"),
        ("externalRef", "Your reference"),
        ("firstName", "Given name"),
        ("lastName", "Family name"),
        ("dateOfBirth", "Date of birth"),
        ("sex", "Sex"),
        ("nationality", "Nationality, as a code such as DE"),
        ("personalNumber", "Personal number"),
        ("address", "Postal address"),
        ("documentNumber", "Number of the document"),
        ("dateOfIssue", "Document issued on"),
        ("dateOfExpiry", "Document ends on"),
    ]),
    ("iDenfy's pages", &[
        ("showInstructions", "Instructions"),
        ("sessionLength", "Seconds to finish in"),
        ("expiryTime", "Seconds to begin in"),
        ("expiry_minutes", "Minutes to begin in"),
        ("theme", "Look"),
        ("generateDigitString", "Code of eight digits"),
        ("allowBsnMasking", "Dutch service number covered"),
        ("dummyStatus", "Dummy result"),
    ]),
];

/// Values that are not read well as they are.
#[rustfmt::skip]
const WORDS: &[(&str, &str)] = &[
    ("true", "Yes"),
    ("false", "No"),
    ("M", "Male"),
    ("F", "Female"),
    ("DOC", "Ask for a document"),
    ("NONE", "Let nothing follow"),
    ("ALL", "Any"),
    ("ID_CARD", "Identity card"),
    ("DRIVER_LICENSE", "Driving licence"),
    ("PROVISIONAL_DRIVER_LICENSE", "Provisional driving licence"),
    ("PAN_CARD", "PAN card (India)"),
    ("AADHAAR", "Aadhaar (India)"),
    ("OLD_ID_CARD", "Old identity card"),
    ("SMART_ID", "Smart-ID"),
    ("BANK_ID_SE", "BankID (Sweden)"),
    ("BANK_ID_NO", "BankID (Norway)"),
    ("BANK_ID_CZ", "BankID (Czechia)"),
    ("ONE_ID", "OneID (United Kingdom)"),
    ("MIT_ID", "MitID (Denmark)"),
    ("VERIMI", "Verimi (Germany)"),
    ("SPID", "SPID (Italy)"),
    ("ITSME", "itsme (Belgium)"),
    ("FTN", "FTN (Finland)"),
    ("YOTI_ID", "Yoti"),
    ("DIPLOMATIC_ID", "Diplomatic identity card"),
    ("PROOF_OF_AGE_CARD", "Proof of age card"),
];

/// What people call a value: countries by name, iDenfy's words as words.
pub(super) fn words_of(value: &str) -> String {
    let known = WORDS.iter().find(|(word, _)| *word == value);
    if let Some((_, words)) = known {
        return (*words).to_owned();
    }
    if let Some(name) = country::name(value) {
        return name.to_owned();
    }
    let is_word = value.len() > 2 && value.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    if !is_word {
        return value.to_owned();
    }
    let (first, rest) = value.split_at(1);
    format!("{first}{}", rest.to_ascii_lowercase().replace('_', " "))
}

#[cfg(test)]
mod tests {
    use super::words_of;

    #[test]
    fn values_are_told_in_words_and_texts_as_they_are() {
        for (value, words) in [
            ("DE", "Germany"),
            ("RESIDENCE_PERMIT", "Residence permit"),
            ("true", "Yes"),
            ("https://example.com/OK", "https://example.com/OK"),
            ("18", "18"),
        ] {
            assert_eq!(words_of(value), words);
        }
    }
}
