//! What calls about invitations are sent and answer, for the API's description; the parser reads the fields themselves.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::invitation_document::InvitationDocument;
use super::schemas::{ChannelSchema, FlowSchema, LanguageSchema, TokenSchema, open_words, schema};
use crate::domain::timestamp::Timestamp;

/// An invitation: who is invited, and what is verified. `client_id` alone is required.
#[derive(Debug, ToSchema)]
#[schema(examples(json!({
    "client_id": "customer-17", "first_name": "Ana", "last_name": "Petrauskaitė", "email": "ana@example.com",
    "date_of_birth": "1990-05-17", "language": "lt", "campaign": "Spring review", "send": "email"
})))]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// Your name of the customer, which iDenfy gets as `clientId`.
    #[schema(min_length = 1, max_length = 100)]
    pub client_id: String,
    /// The given name; compared with the document.
    #[schema(max_length = 100)]
    pub first_name: Option<String>,
    /// The family name; compared with the document.
    #[schema(max_length = 100)]
    pub last_name: Option<String>,
    /// Required to send by email.
    #[schema(format = "email", max_length = 254)]
    pub email: Option<String>,
    /// With its country's code, such as `+37060000042`; required to send by SMS.
    pub phone: Option<String>,
    /// Compared with the document.
    #[schema(format = "date")]
    pub date_of_birth: Option<String>,
    /// Two letters, such as `LT`; compared with the document.
    pub nationality: Option<String>,
    /// `M` or `F`; compared with the document.
    pub sex: Option<String>,
    /// Compared with the document.
    #[schema(max_length = 50)]
    pub personal_number: Option<String>,
    /// Compared with the document.
    #[schema(max_length = 50)]
    pub document_number: Option<String>,
    /// When the document ends; compared with the document.
    #[schema(format = "date")]
    pub date_of_expiry: Option<String>,
    /// When the document was issued; compared with the document.
    #[schema(format = "date")]
    pub date_of_issue: Option<String>,
    /// For a proof of address.
    #[schema(max_length = 255)]
    pub address: Option<String>,
    /// Your own reference, repeated in results.
    #[schema(max_length = 40)]
    pub external_ref: Option<String>,
    /// The language of the message, the visitor's pages and iDenfy's. Left out, the visitor's browser decides.
    pub language: Option<LanguageSchema>,
    /// Left out: `document_and_selfie`. Of the flow `selfie` nothing about the person goes to iDenfy.
    pub flow: Option<FlowSchema>,
    /// What your people call the link; left out, the campaign's name or "Invitation".
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// When the link ends by itself: a time that lies ahead. Left out, it never does.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Words for the person who comes when the link is over.
    #[schema(min_length = 1, max_length = 500)]
    pub inactive_message: Option<String>,
    /// Whether a page with a button comes first. Mail scanners open links: without it they use the invitation up.
    #[schema(default = true)]
    pub confirm: Option<bool>,
    /// Further parameters of iDenfy's call. Those that have a field here are left out of it.
    pub token: Option<TokenSchema>,
    /// The id or name of a preset: its options hold where nothing else is given.
    pub preset: Option<String>,
    /// The campaign it belongs to, by name; made where there is none of that name.
    #[schema(min_length = 1, max_length = 200)]
    pub campaign: Option<String>,
    /// By what it is sent now. Left out, it is not sent, and you hand over its link otherwise.
    pub send: Option<ChannelSchema>,
}

/// People to be invited, all or none.
#[derive(Debug, ToSchema)]
#[schema(examples(json!({"campaign": "Spring review", "send": "email", "invitations": [
    {"client_id": "customer-17", "first_name": "Ana", "email": "ana@example.com", "language": "lt"},
    {"client_id": "customer-18", "first_name": "Jörg", "email": "joerg@example.com", "language": "de"}
]})))]
#[serde(deny_unknown_fields)]
pub struct NewInvitations {
    /// The campaign they belong to, by name; made where there is none of that name.
    #[schema(min_length = 1, max_length = 200)]
    pub campaign: Option<String>,
    /// By what they are sent now. Left out, they are not sent.
    pub send: Option<ChannelSchema>,
    /// Up to 10,000; each of at most 1 MiB, and without `campaign` and `send` of its own.
    #[schema(min_items = 1, max_items = 10_000)]
    pub invitations: Vec<NewInvitation>,
}

/// Invitations that were made, in the order given.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeInvitations {
    /// The invitations.
    pub items: Vec<InvitationDocument>,
}

/// How an invitation is sent once more.
#[derive(Debug, ToSchema)]
#[schema(examples(json!({"channel": "sms"})))]
#[serde(deny_unknown_fields)]
pub struct SendInvitation {
    /// Left out: as it was sent before.
    pub channel: Option<ChannelSchema>,
}

schema!(
    /// How far an invitation has come.
    InvitationStatusSchema as "InvitationStatus",
    open_words(
        "`created`: nothing of it was sent from here. `pending`: its message waits. `sent`: the mail server or the SMS \
         provider took it. `delivered`: it has arrived, which of an email nobody tells. `failed`: it could not be sent. \
         `stopped`: it was taken back. `opened`: a person was shown the page with the button. `started`: the person has \
         begun. From then on the status of the session, such as `approved`.",
        ["created", "opened", "approved"],
    )
);
