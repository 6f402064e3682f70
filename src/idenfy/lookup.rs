//! What iDenfy answers about a session that exists.

use serde_json::{Map, Value};

use super::callback::{WORD_MAX, bare, status, text, with_findings};
use super::{MintError, NAME_MAX, name};
use crate::domain::session::Status;
use crate::domain::verdict::Verdict;

/// Why iDenfy told nothing, or did nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// iDenfy knows no such session.
    #[error("iDenfy does not know the session")]
    Unknown,
    /// iDenfy does not do it now: the session is open, or being worked on.
    #[error("iDenfy does not do it yet")]
    NotYet,
    /// There was no answer, or none of use.
    #[error("{0}")]
    Unanswered(#[from] MintError),
}

/// What a refusal means. That a scanRef is unknown is not documented: 404, or 400 with `BAD_VALUE`, which is what iDenfy
/// says of wrong values. "Token has not expired yet." comes as `PARTNER_ERROR`, "processing state" as who knows what.
pub(super) fn refused(status: u16, error: MintError) -> LookupError {
    match (status, error) {
        (404 | 410, _)
        | (
            _,
            MintError::BadParameters {
                identifier: Some("BAD_VALUE"),
            },
        ) => LookupError::Unknown,
        (_, MintError::BadParameters { .. } | MintError::Conflict) => LookupError::NotYet,
        (_, error) => LookupError::Unanswered(error),
    }
}

/// The result that the status call answers. It does not say whether that is final: `ACTIVE` and `REVIEWING` are not, nor
/// is what nobody knows yet; all else is (the status stays `REVIEWING` until the manual check is done).
pub(super) fn verdict(body: &[u8]) -> Option<Verdict> {
    let told: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let status = status(text(&told, "status", WORD_MAX)?);
    let is_final = matches!(
        status,
        Status::Approved | Status::Denied | Status::Suspected
    );
    Some(with_findings(bare(status, is_final), &told))
}

/// The names of sessions that the list call answers.
pub(super) fn scans(body: &[u8]) -> Option<Vec<String>> {
    let told: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let listed = told.get("results")?.as_array()?;
    let scan = |entry: &Value| name(entry.get("scanRef")?.as_str()?, NAME_MAX).map(str::to_owned);
    Some(listed.iter().filter_map(scan).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_final_where_idenfy_is_done() {
        for (told, status, is_final, is_ending) in [
            ("APPROVED", Status::Approved, true, false),
            ("DENIED", Status::Denied, true, false),
            ("SUSPECTED", Status::Suspected, true, false),
            ("REVIEWING", Status::Reviewing, false, false),
            ("ACTIVE", Status::Active, false, false),
            ("EXPIRED", Status::Expired, true, true),
            ("EXPIRED-DELETED", Status::Deleted, true, true),
            ("DELETED", Status::Deleted, true, true),
            ("ARCHIVED", Status::Archived, true, true),
            ("NOVEL", Status::Other("novel".into()), false, false),
        ] {
            let body = format!(
                r#"{{"status": "{told}", "autoFace": "FACE_MATCH", "fraudTags": ["X", null]}}"#
            );
            let read = verdict(body.as_bytes()).expect("a verdict");
            assert_eq!(
                (&read.status, read.is_final, read.is_ending),
                (&status, is_final, is_ending)
            );
            assert_eq!(read.checks.auto_face.as_deref(), Some("FACE_MATCH"));
            assert_eq!(read.fraud_tags, ["X"]);
        }
        for useless in [
            "",
            "[]",
            "{}",
            r#"{"status": null}"#,
            r#"{"status": 5}"#,
            r#"{"status": ""}"#,
        ] {
            assert_eq!(verdict(useless.as_bytes()), None, "{useless}");
        }
    }

    #[test]
    fn a_list_names_sessions_and_what_cannot_be_a_name_is_passed_over() {
        let body = br#"{"count": 4, "results": [{"scanRef": "a"}, {"scanRef": null}, {}, 5, {"scanRef": "b", "status": "X"}]}"#;
        assert_eq!(scans(body), Some(vec!["a".to_owned(), "b".to_owned()]));
        for useless in ["", "{}", r#"{"results": null}"#, r#"{"results": {}}"#] {
            assert_eq!(scans(useless.as_bytes()), None, "{useless}");
        }
    }

    #[test]
    fn refusals_tell_unknown_from_not_yet() {
        let bad = |identifier| MintError::BadParameters { identifier };
        for (status, error, meaning) in [
            (400, bad(Some("BAD_VALUE")), LookupError::Unknown),
            (404, MintError::Nonsense, LookupError::Unknown),
            (400, bad(Some("PARTNER_ERROR")), LookupError::NotYet),
            (400, bad(None), LookupError::NotYet),
            (409, MintError::Conflict, LookupError::NotYet),
            (
                401,
                MintError::Credentials,
                LookupError::Unanswered(MintError::Credentials),
            ),
        ] {
            assert_eq!(refused(status, error), meaning);
        }
    }
}
