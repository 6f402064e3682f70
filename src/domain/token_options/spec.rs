//! The parameters of iDenfy's two calls, in tables: checks, API description and forms follow them.
//!
//! Limits are iDenfy's documented ones; where it has none, a sane bound of ours is said beside it.

use self::Kind::{
    Ascii, Countries, CountryOrCountries, Date, Flag, Integer, Name, Nationality, Number, Object,
    OneOf, SomeOf, Text, Texts, Url, Uuid, UuidOrInteger,
};

/// One parameter of a link's `token`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// iDenfy's name of it.
    pub name: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// What it is for, in a sentence.
    pub about: &'static str,
    /// Whether a link cannot do without.
    pub required: bool,
}

/// What a parameter may be.
///
/// Texts are never blank and hold no control characters; lists are never empty and hold nothing
/// twice; lengths count characters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// `true` or `false`.
    Flag,
    /// A whole number from the first to the second.
    Integer(i64, i64),
    /// A number, from the first to the second where limits are known.
    Number(Option<(f64, f64)>),
    /// A text of 1 to so many characters.
    Text(usize),
    /// A text of 1 to so many printable ASCII characters.
    Ascii(usize),
    /// A person's name of 1 to so many characters: letters, and what joins them.
    Name(usize),
    /// A day that exists, as YYYY-MM-DD.
    Date,
    /// A country by its ISO 3166-1 alpha-2 code in upper case, or `ALL`, which clears it.
    Nationality,
    /// A country by such a code, or several in a list.
    CountryOrCountries,
    /// Several countries.
    Countries,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Several of these words.
    SomeOf(&'static [&'static str]),
    /// At most so many texts of at most so many characters.
    Texts(usize, usize),
    /// An https URL of at most so many characters.
    Url(usize),
    /// A UUID in its hyphenated form.
    Uuid,
    /// A UUID in its hyphenated form, or a whole number from 0.
    UuidOrInteger,
    /// An object, handed on as it is: at most 16 KiB and 16 levels.
    Object,
}

/// The most bytes of a [`Kind::Object`], serialised (ours: iDenfy names no limit).
pub(super) const OBJECT_BYTES: usize = 16 * 1024;
/// The most levels of objects and lists in a [`Kind::Object`], itself included (ours as well).
pub(super) const OBJECT_LEVELS: usize = 16;
/// The fewest characters of a [`Kind::Url`].
pub(super) const URL_MIN: usize = 5;

/// What `documents` may name: iDenfy's current list, then the old names it still understands.
#[rustfmt::skip]
const DOCUMENTS: &[&str] = &[
    "PASSPORT", "ID_CARD", "DRIVER_LICENSE", "RESIDENCE_PERMIT", "VISA", "NATIONAL_PASSPORT",
    "PAN_CARD", "AADHAAR", "OLD_ID_CARD", "MILITARY_CARD", "ADDRESS_CARD",
    "PROVISIONAL_DRIVER_LICENSE",
    "SMART_ID", "BANK_ID_SE", "BANK_ID_NO", "BANK_ID_CZ", "CLEAR", "ONE_ID", "MIT_ID", "VERIMI",
    "SPID", "ITSME", "FTN", "YOTI_ID",
    "BORDER_CROSSING", "ASYLUM", "INTERNATIONAL_PASSPORT", "VOTER_CARD", "TRAVEL_CARD",
    "PHOTO_CARD", "PROOF_OF_AGE_CARD", "DIPLOMATIC_ID", "WORK_PERMIT", "OTHER",
];

/// The parameters of `POST /api/v2/token`, but those that flow, language and settings decide.
#[rustfmt::skip]
pub(super) const TOKEN: &[Field] = &[
    field("clientId", Ascii(100), "Fixes the customer; without it each click gets one of its own."),
    field("externalRef", Ascii(40), "Your own reference, repeated in results."),
    field("firstName", Name(100), "The customer's given name, compared with the document."),
    field("lastName", Name(100), "The customer's family name, compared with the document."),
    field("dateOfBirth", Date, "The customer's date of birth, compared with the document."),
    field("dateOfExpiry", Date, "When the document ends, compared with the document."),
    field("dateOfIssue", Date, "When the document was issued, compared with the document."),
    field("nationality", Nationality, "The customer's nationality; ALL clears it."),
    field("sex", OneOf(&["M", "F"]), "The customer's sex, compared with the document."),
    field("personalNumber", Text(50), "The customer's personal number, compared."),
    field("documentNumber", Text(50), "The document's number, compared."),
    field("address", Text(255), "The customer's address, for proof of address."),
    field("country", CountryOrCountries, "Countries whose documents are accepted."),
    field("documents", SomeOf(DOCUMENTS), "Documents that are accepted."),
    field("expiryTime", Integer(1, 2_592_000), "Seconds within which a session is to be opened."),
    field("sessionLength", Integer(60, 3600), "Seconds an opened session may take."),
    field("successUrl", Url(2048), "Where visitors go after success."),
    field("errorUrl", Url(2048), "Where visitors go after failure."),
    field("unverifiedUrl", Url(2048), "Where visitors go when a person has yet to review."),
    flag("generateDigitString", "Also makes a code of eight digits (contract feature)."),
    flag("showInstructions", "Shows instructions before photos."),
    flag("reviewSuccessful", "Has people review what the machine approved."),
    flag("reviewFailed", "Has people review what the machine denied."),
    // The length is ours.
    field("questionnaire", Text(255), "Key of the questionnaire to answer."),
    flag("questionnaireRequired", "Whether the questionnaire must be answered."),
    field("riskAssessmentProfile", UuidOrInteger, "The risk profile to assess by."),
    field("theme", Uuid, "The look of iDenfy's pages."),
    // The range of both ages is ours.
    field("ageLimit", Integer(0, 150), "The youngest age in years that passes."),
    field("ageMax", Integer(0, 150), "The oldest age in years that passes."),
    field("registryCentersCountries", Countries, "Countries whose registry centres are asked."),
    field("additionalSteps", Object, "Further photos to take (contract feature)."),
    field("additionalData", Object, "Data the further photos are compared with."),
    flag("utilityBill", "Asks for a utility bill; not together with additionalSteps."),
    flag("verifyEmail", "Verifies an e-mail address."),
    flag("verifyPhone", "Verifies a phone number."),
    flag("verifyAddress", "Verifies the address."),
    flag("verifyBank", "Verifies a bank account."),
    flag("verifyBankAccounts", "Reads the bank accounts."),
    flag("verifyBankBalances", "Reads the balances of bank accounts."),
    flag("verifyBankTransactions", "Reads the transactions of bank accounts."),
    flag("bankCardVerification", "Verifies a bank card."),
    flag("bankCardPdfUpload", "Lets a bank card be proved by a PDF."),
    flag("nfcRequired", "Demands that the document's chip is read."),
    flag("nfcOptional", "Offers to read the document's chip."),
    flag("driverLicenseBack", "Asks for the back of a driving licence."),
    flag("checkLiveness", "Checks that the face is alive."),
    flag("checkAml", "Checks the person against AML lists."),
    flag("autoAmlMonitoring", "Goes on checking the person against AML lists."),
    flag("checkIpProxy", "Checks whether the visitor hides behind a proxy."),
    flag("checkFaceBlacklist", "Compares the face with your blocked faces."),
    flag("checkDocFaceBlacklist", "Compares the document's face with your blocked faces."),
    flag("checkPersonBlacklist", "Compares the data with your blocked persons."),
    flag("checkDuplicateFaces", "Looks for the face among earlier customers."),
    flag("checkDuplicateDocFaces", "Looks for the document's face among earlier customers."),
    flag("checkDuplicatePersonalData", "Looks for the data among earlier customers."),
    flag("checkDriverLicense", "Checks the driving licence in its register."),
    flag("checkLid", "Checks the document against lists of lost and invalid ones."),
    flag("checkCriminal", "Checks criminal records."),
    flag("allowBsnMasking", "Lets Dutch citizens cover their service number."),
    field("faceMatchingThresholdModifier", Number(None), "Makes face matching stricter or laxer."),
    flag("idLiveFaceValidation", "Checks the selfie for forgery."),
    flag("idLiveDocumentValidation", "Checks the document's photo for forgery."),
    flag("checkBlurAndGlare", "Refuses photos that are blurred or glared."),
    flag("autoFaceMatching", "Compares the faces by machine."),
    field("dummyStatus", OneOf(&["APPROVED", "DENIED", "SUSPECTED", "EXPIRED", "ACTIVE"]),
        "Makes a finished dummy; in iDenfy's DEV environment only."),
    // Gone from iDenfy's current documentation; both bounds are ours.
    field("videoCallQuestions", Texts(50, 255), "Questions to ask in a video call."),
];

/// The parameters of `POST /age-estimation/token/`, but the webhook's address, which the settings
/// decide.
#[rustfmt::skip]
pub(super) const AGE_ESTIMATION: &[Field] = &[
    required("min_age", Integer(1, 120), "The age in years from which visitors pass."),
    required("confidence_threshold", Number(Some((0.0, 100.0))), "Confidence below is uncertain."),
    field("buffer", Integer(0, 20), "Years around min_age that are uncertain; not above min_age."),
    field("escalation", OneOf(&["DOC", "NONE"]), "What follows uncertainty: a document, or none."),
    field("retry_limit", Integer(1, 3), "How often a visitor may try."),
    flag("save_photo", "Whether iDenfy keeps the photo."),
    field("expiry_minutes", Integer(5, 1440), "Minutes within which a session is to be opened."),
    field("success_redirect", Url(2048), "Where visitors go after success."),
    field("underage_redirect", Url(2048), "Where visitors go who are too young."),
];

const fn field(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field {
        name,
        kind,
        about,
        required: false,
    }
}

const fn required(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field {
        name,
        kind,
        about,
        required: true,
    }
}

const fn flag(name: &'static str, about: &'static str) -> Field {
    field(name, Flag, about)
}
