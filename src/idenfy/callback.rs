//! iDenfy's webhook: first its signature, then what it says.
//!
//! Every leaf of its body may be null; what is missing or of a wrong type is passed over, and only a
//! body that names no session is an error. Personal data in it is not read.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;

use super::{NAME_MAX, name};
use crate::domain::secret::Secret;
use crate::domain::session::{Checks, Status};
use crate::domain::verdict::Verdict;

/// The longest state, tag or check that is kept, in bytes.
pub(super) const WORD_MAX: usize = 64;
/// The most tags of a kind that are kept; iDenfy has about thirty of each.
const TAGS_MAX: usize = 64;

/// What iDenfy told about a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// iDenfy's name of the session.
    pub scan_ref: String,
    /// The customer.
    pub client_id: Option<String>,
    /// What kind of event it is.
    pub kind: Kind,
    /// The result it tells; none for events that are not about the result.
    pub verdict: Option<Verdict>,
}

/// The kinds of event, from the header `Idenfy-Event-Type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The automatic check is done (`IDENTIFICATION_AUTO_FINISHED`), the customer sent more
    /// (`IDENTIFICATION_RESUBMITTED`), or the older event for everything (`IDENTIFICATION`).
    Identification,
    /// The manual check is done (`IDENTIFICATION_MANUAL_FINISHED`); always final.
    ManualFinished,
    /// The customer or iDenfy gave up (`IDENTIFICATION_CANCELLED`, `IDENTIFICATION_CANCELED`).
    Cancelled,
    /// Token or session ran out (`IDENTIFICATION_EXPIRED`).
    Expired,
    /// An age estimation is done (`AGE_ESTIMATION`).
    AgeEstimation,
    /// A document on file expires (`DOCUMENT_EXPIRATION`); no result.
    DocumentExpiration,
    /// A video call is over (`VIDEO_CALL_FINISHED`); no result.
    VideoCall,
    /// Another product's event, or a future one.
    Unknown,
}

/// Why a webhook cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// The body is not a JSON object.
    #[error("the body is not a JSON object")]
    NotJson,
    /// The body names no session.
    #[error("the body has no scanRef")]
    NoScanRef,
}

/// Whether `signature_header` is the hex HMAC-SHA256 of the raw `body` with `key`. Takes the same
/// time however much of it is right.
#[must_use]
pub fn verify(key: &Secret, body: &[u8], signature_header: Option<&[u8]>) -> bool {
    let mut signature = [0; 32];
    let shaped =
        signature_header.is_some_and(|hex| hex::decode_to_slice(hex, &mut signature).is_ok());
    // Everybody knows the empty key.
    let usable = shaped && !key.expose().is_empty();
    usable
        && Hmac::<Sha256>::new_from_slice(key.expose().as_bytes())
            .is_ok_and(|mac| mac.chain_update(body).verify_slice(&signature).is_ok())
}

/// Reads a webhook whose signature is good; `event_type` is its header `Idenfy-Event-Type`.
///
/// # Errors
/// When it is no JSON object or names no session.
pub fn parse(event_type: Option<&str>, body: &[u8]) -> Result<Callback, CallbackError> {
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
        return Err(CallbackError::NotJson);
    };
    let scan_ref = text(&body, "scanRef", NAME_MAX).ok_or(CallbackError::NoScanRef)?;
    let client_id =
        text(&body, "clientId", NAME_MAX).or_else(|| text(&body, "personScanRef", NAME_MAX));
    let kind = Kind::parse(event_type.unwrap_or_default());
    Ok(Callback {
        scan_ref: scan_ref.to_owned(),
        client_id: client_id.map(str::to_owned),
        kind,
        verdict: verdict(kind, &body),
    })
}

impl Kind {
    fn parse(event_type: &str) -> Self {
        match event_type.trim().to_ascii_uppercase().as_str() {
            "IDENTIFICATION" | "IDENTIFICATION_AUTO_FINISHED" | "IDENTIFICATION_RESUBMITTED" => {
                Self::Identification
            }
            "IDENTIFICATION_MANUAL_FINISHED" => Self::ManualFinished,
            "IDENTIFICATION_CANCELLED" | "IDENTIFICATION_CANCELED" => Self::Cancelled,
            "IDENTIFICATION_EXPIRED" => Self::Expired,
            "AGE_ESTIMATION" => Self::AgeEstimation,
            "DOCUMENT_EXPIRATION" => Self::DocumentExpiration,
            "VIDEO_CALL_FINISHED" => Self::VideoCall,
            _ => Self::Unknown,
        }
    }
}

fn verdict(kind: Kind, body: &Map<String, Value>) -> Option<Verdict> {
    match kind {
        Kind::DocumentExpiration | Kind::VideoCall => None,
        Kind::AgeEstimation => age_estimation(body),
        _ => identification(kind, body),
    }
}

/// The result of an identification, told under `status`.
fn identification(kind: Kind, body: &Map<String, Value>) -> Option<Verdict> {
    let nothing = Map::new();
    let told = body
        .get("status")
        .and_then(Value::as_object)
        .unwrap_or(&nothing);
    let told_final = body.get("final").and_then(Value::as_bool);
    let overall = text(told, "overall", WORD_MAX).map(status);
    let status = match (kind, overall) {
        (Kind::Cancelled, _) => Status::Cancelled,
        (Kind::Expired, Some(Status::Deleted)) => Status::Deleted,
        (Kind::Expired, _) => Status::Expired,
        (Kind::Unknown, _) if told_final.is_none() => return None,
        (_, overall) => overall?,
    };
    let is_final = told_final.unwrap_or(kind == Kind::ManualFinished);
    Some(with_findings(bare(status, is_final), told))
}

/// The verdict with the tags and checks that `told` holds, old suspicion reasons among them.
pub(super) fn with_findings(verdict: Verdict, told: &Map<String, Value>) -> Verdict {
    let mut fraud_tags = tags(told, "fraudTags");
    for reason in tags(told, "suspicionReasons") {
        if !fraud_tags.contains(&reason) {
            fraud_tags.push(reason);
        }
    }
    let check = |key| text(told, key, WORD_MAX).map(str::to_owned);
    Verdict {
        fraud_tags,
        mismatch_tags: tags(told, "mismatchTags"),
        checks: Checks {
            auto_document: check("autoDocument"),
            auto_face: check("autoFace"),
            manual_document: check("manualDocument"),
            manual_face: check("manualFace"),
        },
        ..verdict
    }
}

/// The result of an age estimation, told by `status` (did it run) and `outcome` (what came of it).
fn age_estimation(body: &Map<String, Value>) -> Option<Verdict> {
    let run = text(body, "status", WORD_MAX)
        .unwrap_or_default()
        .to_ascii_uppercase();
    let status = match (run.as_str(), text(body, "outcome", WORD_MAX)) {
        ("FAILED", _) => Status::Denied,
        ("EXPIRED", _) => Status::Expired,
        ("PENDING", _) => Status::Active,
        // Done without an outcome: more must come.
        ("PROCESSING", _) | ("COMPLETED", None) => Status::Reviewing,
        (_, outcome) => match outcome?.to_ascii_uppercase().as_str() {
            "SUCCESS" => Status::Approved,
            "UNDERAGE" | "FACE_MISMATCH" | "ATTEMPTS_EXCEEDED" | "FAILED" => Status::Denied,
            "UNCERTAIN" => Status::Suspected,
            other => status(other),
        },
    };
    Some(bare(status, true))
}

/// A verdict of nothing but `status`. Some states decide by themselves whether they are final: a
/// review is not, whatever iDenfy says (`final: true` was seen with it), and where nothing more will
/// come that is the end, though never of a result that is already there.
pub(super) fn bare(status: Status, is_final: bool) -> Verdict {
    let is_ending = matches!(
        status,
        Status::Cancelled | Status::Expired | Status::Deleted | Status::Archived
    );
    let is_final = is_ending || (is_final && !matches!(status, Status::Active | Status::Reviewing));
    Verdict {
        status,
        is_final,
        is_ending,
        fraud_tags: Vec::new(),
        mismatch_tags: Vec::new(),
        checks: Checks::default(),
    }
}

/// iDenfy's word for a state as ours.
pub(super) fn status(word: &str) -> Status {
    match word.to_ascii_lowercase().as_str() {
        "expired-deleted" => Status::Deleted,
        "canceled" => Status::Cancelled,
        // Ours alone: a session that iDenfy knows was started.
        "starting" => Status::Active,
        "failed" => Status::Denied,
        word => Status::from_name(word),
    }
}

pub(super) fn text<'a>(object: &'a Map<String, Value>, key: &str, max: usize) -> Option<&'a str> {
    object
        .get(key)
        .and_then(Value::as_str)
        .and_then(|text| name(text, max))
}

fn tags(object: &Map<String, Value>, key: &str) -> Vec<String> {
    let given = object
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let mut tags: Vec<String> = Vec::new();
    for tag in given
        .iter()
        .filter_map(Value::as_str)
        .filter_map(|tag| name(tag, WORD_MAX))
    {
        if tags.len() < TAGS_MAX && !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    tags
}
