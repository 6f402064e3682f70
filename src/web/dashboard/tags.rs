//! iDenfy's words, and ours, as people say them. What is not known here is shown as it is.

use super::chart::Tone;
use crate::domain::event::EventType;
use crate::domain::session::Status;
use crate::web::agents::Ignored;

/// A state as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusWords {
    /// Its colour.
    pub tone: &'static str,
    /// Its name.
    pub word: String,
    /// What it means.
    pub meaning: &'static str,
}

/// The states that sessions are searched by: name and word.
pub const SEARCHED: [(&str, &str); 11] = [
    ("approved", "Approved"),
    ("denied", "Denied"),
    ("suspected", "Suspected"),
    ("reviewing", "In review"),
    ("starting", "Starting"),
    ("active", "Under way"),
    ("failed", "Given back"),
    ("expired", "Expired"),
    ("cancelled", "Cancelled"),
    ("deleted", "Deleted at iDenfy"),
    ("archived", "Archived"),
];

/// Why requests spent nothing: what people call it, and what it means.
pub const IGNORED: [(Ignored, &str, &str); 3] = [
    (
        Ignored::Preview,
        "Previews and scanners",
        "Messengers, mail scanners and search engines that looked at a link.",
    ),
    (
        Ignored::Prefetch,
        "Fetched in advance",
        "Browsers that loaded a link before anybody clicked it.",
    ),
    (
        Ignored::Head,
        "Only asked",
        "Programs that asked whether a link is there.",
    ),
];

/// A state in words.
#[must_use]
pub fn status(status: &Status) -> StatusWords {
    let (tone, word, meaning) = match status {
        Status::Starting => (
            Tone::Busy,
            "Starting",
            "The use is spent and iDenfy is being asked to start.",
        ),
        Status::Failed => (
            Tone::Calm,
            "Given back",
            "iDenfy did not start a verification. The use was given back.",
        ),
        Status::Active => (
            Tone::Busy,
            "Under way",
            "The visitor was sent to iDenfy. There is no result yet.",
        ),
        Status::Reviewing => (
            Tone::Busy,
            "In review",
            "The visitor is done. iDenfy is still looking at it.",
        ),
        Status::Approved => (Tone::Good, "Approved", "The identity is verified."),
        Status::Denied => (Tone::Bad, "Denied", "The verification was not passed."),
        Status::Suspected => (
            Tone::Warn,
            "Suspected",
            "Document and face were accepted, but something is odd. The decision is yours.",
        ),
        Status::Expired => (Tone::Calm, "Expired", "The visitor did not finish in time."),
        Status::Cancelled => (
            Tone::Calm,
            "Cancelled",
            "It was ended before it was finished.",
        ),
        Status::Deleted => (
            Tone::Calm,
            "Deleted at iDenfy",
            "iDenfy does not hold it any more.",
        ),
        Status::Archived => (Tone::Calm, "Archived", "iDenfy has put it away."),
        Status::Other(name) => {
            return StatusWords {
                tone: badge(Tone::Calm),
                word: name.clone(),
                meaning: "A state of iDenfy's that is not known here.",
            };
        }
    };
    StatusWords {
        tone: badge(tone),
        word: word.to_owned(),
        meaning,
    }
}

/// The class of a badge.
const fn badge(tone: Tone) -> &'static str {
    match tone {
        Tone::Calm | Tone::Muted => "calm",
        tone => tone.as_str(),
    }
}

/// Why no session was started.
#[must_use]
pub fn failure(code: &str) -> &str {
    find(FAILURES, code).unwrap_or(code)
}

/// What iDenfy's webhook tells of.
#[must_use]
pub fn report(event_type: &str) -> &str {
    find(REPORTS, event_type).unwrap_or(event_type)
}

/// What an event says, after “that”.
#[must_use]
pub fn event(kind: EventType) -> &'static str {
    match kind {
        EventType::SessionStarted => "the session was started",
        EventType::SessionUpdated => "the session has changed",
        EventType::SessionFinished => "the session has a final result",
        other => other.as_str(),
    }
}

/// A tag or the outcome of a check in a sentence; none where it is not known.
#[must_use]
pub fn sentence(tag: &str) -> Option<&'static str> {
    find(TAGS, tag)
}

fn find(table: &[(&str, &'static str)], code: &str) -> Option<&'static str> {
    let row = table
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(code));
    row.map(|(_, words)| *words)
}

#[rustfmt::skip]
const FAILURES: &[(&str, &str)] = &[
    ("too_late", "It took too long until iDenfy could be asked, so it was not asked."),
    ("abandoned", "The gateway was stopped in the middle."),
    ("no_credentials", "The API key and secret of iDenfy are not set."),
    ("credentials", "iDenfy refused the API key and secret, or the account is inactive."),
    ("out_of_credits", "The iDenfy account was out of credits."),
    ("bad_parameters", "iDenfy refused what the link asks for. Look at the link's checks and countries."),
    ("conflict", "iDenfy had an open session of this customer."),
    ("rate_limited", "iDenfy was asked too often at that time."),
    ("idenfy_fault", "iDenfy had a fault."),
    ("unreachable", "iDenfy could not be reached."),
    ("timeout", "iDenfy did not answer in time."),
    ("broken_off", "The connection to iDenfy broke off."),
    ("nonsense", "iDenfy's answer could not be understood."),
    ("foreign_redirect", "iDenfy named an address that visitors are not sent to (idenfy.redirect_hosts)."),
];

#[rustfmt::skip]
const REPORTS: &[(&str, &str)] = &[
    ("IDENTIFICATION", "iDenfy told of the verification"),
    ("IDENTIFICATION_AUTO_FINISHED", "iDenfy's automatic check is done"),
    ("IDENTIFICATION_MANUAL_FINISHED", "iDenfy's people have looked at it"),
    ("IDENTIFICATION_RESUBMITTED", "iDenfy told it again"),
    ("IDENTIFICATION_CANCELLED", "iDenfy told that it was ended"),
    ("IDENTIFICATION_CANCELED", "iDenfy told that it was ended"),
    ("IDENTIFICATION_EXPIRED", "iDenfy told that its time is over"),
    ("AGE_ESTIMATION", "iDenfy told of the age estimation"),
    ("DOCUMENT_EXPIRATION", "iDenfy told that the document is out of date"),
    ("VIDEO_CALL_FINISHED", "iDenfy told that a video call is over"),
];

#[rustfmt::skip]
const TAGS: &[(&str, &str)] = &[
    // Fraud.
    ("FACE_IN_BLACKLIST", "The face is on your blocklist."),
    ("FACE_BLACKLISTED", "The face is on your blocklist."),
    ("DOC_FACE_IN_BLACKLIST", "The face on the document is on your blocklist."),
    ("DOC_FACE_BLACKLISTED", "The face on the document is on your blocklist."),
    ("DATA_BLACKLISTED", "The data of the document is on your blocklist."),
    ("DATA_IN_BLACKLIST", "The data of the document is on your blocklist."),
    ("DUPLICATE_FACE", "The same face was verified before, for another customer."),
    ("DUPLICATE_DOC_FACE", "The same face on a document was seen before, for another customer."),
    ("DUPLICATE_PERSONAL_DATA", "The same personal data was seen before, for another customer."),
    ("VIRTUAL_CAMERA", "The pictures came from a virtual camera, not from a real one."),
    ("ADDRESS_UNVERIFIED", "The address could not be confirmed."),
    ("PORTRAIT_SUBSTITUTION", "The portrait on the document may have been replaced."),
    ("FACE_SUSPECTED", "Something about the face looks odd."),
    ("DOC_MOBILE_PHOTO", "The document was shown on the screen of a phone."),
    ("DEV_TOOLS_OPENED", "The browser's developer tools were open."),
    ("DOC_PRINT_SPOOFED", "The document looks like a print."),
    ("FAKE_PHOTO", "A photo looks forged."),
    ("AML_SUSPECTION", "The name may be on a list against money laundering."),
    ("AML_FAILED", "The check against money laundering could not be made."),
    ("LID_SUSPECTION", "The document may be reported as lost or invalid."),
    ("LID_FAILED", "The check for lost and invalid documents could not be made."),
    ("SANCTIONS_SUSPECTION", "The name may be on a list of sanctions."),
    ("SANCTIONS_FAILED", "The check of sanctions could not be made."),
    ("CRIMINAL_SUSPECTED", "The name may be in a register of crimes."),
    ("CRIMINAL_CHECK_FAILED", "The check of registers of crimes could not be made."),
    ("RC_FAILED", "The check in a state register could not be made."),
    ("DL_FAILED", "The check of the driving licence could not be made."),
    ("AUTO_UNVERIFIABLE", "It could not be checked automatically: wait for a person's look, or ask to try again."),
    // Mismatch.
    ("NAME", "The first name is not the one that was expected."),
    ("SURNAME", "The last name is not the one that was expected."),
    ("FULL_NAME", "The name is not the one that was expected."),
    ("DOCUMENT_NUMBER", "The document's number is not the one that was expected."),
    ("PERSONAL_CODE", "The personal number is not the one that was expected."),
    ("EXPIRY_DATE", "The document's last day is not the one that was expected."),
    ("DATE_OF_BIRTH", "The date of birth is not the one that was expected."),
    ("DATE_OF_ISSUE", "The day of issue is not the one that was expected."),
    ("NATIONALITY", "The nationality is not the one that was expected."),
    ("SEX", "The sex is not the one that was expected."),
    ("UNDER_AGE", "The person is younger than is allowed."),
    ("OVER_AGE", "The person is older than is allowed."),
    ("UNKNOWN_AGE", "The age could not be found out."),
    ("UTILITY_ADDRESS", "The address on the proof of address is not the one that was expected."),
    ("UTILITY_NAME", "The name on the proof of address is not the one that was expected."),
    ("EXPIRED_UTILITY_BILL", "The proof of address is too old."),
    ("NOT_SUPPORTED_POA_DOCUMENT_TYPE", "This kind of proof of address is not accepted."),
    ("NOT_SUPPORTED_POA_DOCUMENT_COUNTRY", "A proof of address of this country is not accepted."),
    ("POA_COUNTRIES_MISMATCH", "The proof of address is of another country."),
    ("POA_SCREENSHOT_DETECTED", "The proof of address is a screenshot."),
    ("INVALID_ADDITIONAL_STEP", "A further step was not passed."),
    ("ADDITIONAL_STEP_NOT_FOUND", "A further step is missing."),
    ("ADDITIONAL_STEP_INFORMATION_MISMATCH", "What a further step told is not what was expected."),
    ("EXPIRED_ADDITIONAL_STEP_INFORMATION", "What a further step told is out of date."),
    ("REGISTRY_CENTER_INFO_MISMATCH", "The data is not that of the state register."),
    ("DRIVER_LICENSE_INFO_MISMATCH", "The data is not that of the driving licence's register."),
    // The document's check.
    ("DOC_VALIDATED", "The document was accepted."),
    ("DOC_INFO_MISMATCH", "The document says something else than was expected."),
    ("DOC_NOT_FOUND", "No document was found in the picture."),
    ("DOC_NOT_FULLY_VISIBLE", "The document was not fully in the picture."),
    ("DOC_FACE_NOT_FOUND", "No face was found on the document."),
    ("DOC_TOO_BLURRY", "The picture of the document was blurred."),
    ("DOC_GLARED", "There was glare on the document."),
    ("DOC_FACE_GLARED", "There was glare on the document's portrait."),
    ("MRZ_NOT_FOUND", "The machine-readable lines were not found."),
    ("MRZ_OCR_READING_ERROR", "The machine-readable lines could not be read."),
    ("MRZ_INVALID", "The machine-readable lines are not valid."),
    ("BARCODE_NOT_FOUND", "The document's bar code was not found."),
    ("DOC_EXPIRED", "The document is out of date."),
    ("DOC_NOT_SUPPORTED", "iDenfy does not know this document."),
    ("DOC_NOT_ALLOWED", "This document is not allowed."),
    ("COUNTRY_NOT_SUPPORTED", "Documents of this country are not accepted."),
    ("COUNTRY_MISMATCH", "The document is of another country than was chosen."),
    ("DOC_TYPE_MISMATCH", "It is another kind of document than was chosen."),
    ("DOC_SUBTYPE_MISMATCH", "It is another kind of document than was chosen."),
    ("DOC_SIDE_MISMATCH", "The wrong side of the document was shown."),
    ("DOC_DAMAGED", "The document is damaged."),
    ("DOC_FAKE", "The document looks forged."),
    ("DOC_SPOOF_DETECTED", "It looks like a copy, not like the document itself."),
    ("DOC_PERSONAL_CODE_INVALID", "The personal number is not valid."),
    ("DOC_NAME_ERROR", "The first name could not be read."),
    ("DOC_SURNAME_ERROR", "The last name could not be read."),
    ("DOC_EXPIRY_ERROR", "The document's last day could not be read."),
    ("DOC_DOB_ERROR", "The date of birth could not be read."),
    ("DOC_PERSONAL_NUMBER_ERROR", "The personal number could not be read."),
    ("DOC_NUMBER_ERROR", "The document's number could not be read."),
    ("DOC_DATE_OF_ISSUE_ERROR", "The day of issue could not be read."),
    ("DOC_SEX_ERROR", "The sex could not be read."),
    ("DOC_NATIONALITY_ERROR", "The nationality could not be read."),
    ("DOC_NOT_ANALYSED", "The document was not looked at."),
    ("DOC_ERROR", "The document could not be checked."),
    ("EID_FAILED", "The electronic identity was not accepted."),
    ("NFC_INIT_FAILED", "The document's chip could not be opened."),
    ("NFC_FAILED", "The document's chip could not be read."),
    ("NFC_TIMEOUT", "The document's chip did not answer in time."),
    // The face's check.
    ("FACE_MATCH", "The face is the one on the document."),
    ("FACE_MISMATCH", "The face is not the one on the document."),
    ("FACE_NOT_CHECKED", "The face was not compared."),
    ("NO_FACE_FOUND", "No face was found."),
    ("TOO_MANY_FACES", "There was more than one face."),
    ("FACE_TOO_BLURRY", "The face was blurred."),
    ("FACE_GLARED", "There was glare on the face."),
    ("FACE_UNCERTAIN", "Whether it is the same face is not certain."),
    ("FACE_NOT_ANALYSED", "The face was not looked at."),
    ("FACE_ERROR", "The face could not be checked."),
    ("FAKE_FACE", "The face looks forged."),
];
