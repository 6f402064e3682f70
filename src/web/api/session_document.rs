//! A session as the API describes it.

use utoipa::ToSchema;

use super::schemas::{self, FlowSchema, LanguageSchema, SessionStatusSchema};
use crate::domain::id::{LinkId, SessionId};
use crate::domain::session::{Checks, Status};
use crate::domain::timestamp::Timestamp;

/// An iDenfy verification session, started by a click on a link or by a call.
// Only describes: what is answered is the `Session` itself, which events carry too.
#[derive(Debug, ToSchema)]
#[schema(as = Session, examples(json!({
    "id": "01977d12-8a41-7b05-8c3e-0f9e8d7c6b5a",
    "link_id": "01977d0e-5d3a-7c42-9f0b-6c1a2b3d4e5f",
    "client_id": "x7Gk2-customer",
    "scan_ref": "5f4dcc3b-5aa7-11f1-9a3c-0242ac120002",
    "external_ref": null,
    "flow": "document_and_selfie",
    "language": "de",
    "via": "qr",
    "status": "approved",
    "final": true,
    "provisional": null,
    "fraud_tags": [],
    "mismatch_tags": [],
    "checks": {
        "auto_document": "DOC_VALIDATED", "auto_face": "FACE_MATCH",
        "manual_document": "DOC_VALIDATED", "manual_face": "FACE_MATCH"
    },
    "created_at": "2027-01-15T12:00:00Z",
    "finished_at": "2027-01-15T12:04:31Z",
    "erased_at": null
})))]
#[expect(
    missing_docs,
    reason = "some are described by the schema they refer to"
)]
pub struct SessionDocument {
    /// Names the session in the API.
    #[schema(value_type = String, format = "uuid")]
    pub id: SessionId,
    /// The link that was clicked; null where a call started it.
    #[schema(value_type = Option<String>, format = "uuid", required)]
    pub link_id: Option<LinkId>,
    /// The customer, as iDenfy knows it; null once erased.
    #[schema(required)]
    pub client_id: Option<String>,
    /// iDenfy's name of the session; null before iDenfy gave one, and once erased.
    #[schema(required)]
    pub scan_ref: Option<String>,
    /// Your own reference, of `?ref=` or `token.externalRef`; null where there is none, and once erased.
    #[schema(required)]
    pub external_ref: Option<String>,
    #[schema(value_type = FlowSchema)]
    pub flow: &'static str,
    #[schema(value_type = LanguageSchema)]
    pub language: &'static str,
    /// The channel of the click, of `?via=`, such as `qr`, `email`, `sms` or `button`; null where it named none.
    #[schema(required)]
    pub via: Option<String>,
    #[schema(value_type = SessionStatusSchema)]
    pub status: Status,
    /// Whether the result is final. A later final result may still replace it; one that is not final never does.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// The result so far, while `status` is `reviewing`; null once it is final.
    #[schema(value_type = Option<SessionStatusSchema>, required)]
    pub provisional: Option<Status>,
    /// iDenfy's tags of what looks like fraud.
    pub fraud_tags: Vec<String>,
    /// iDenfy's tags of what does not match.
    pub mismatch_tags: Vec<String>,
    #[schema(value_type = schemas::Checks)]
    pub checks: Checks,
    /// When it was started.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When the final result came; null before.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub finished_at: Option<Timestamp>,
    /// When its personal data was erased; null: it was not.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub erased_at: Option<Timestamp>,
}
