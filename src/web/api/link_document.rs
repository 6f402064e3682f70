//! A link as the API answers it.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::schemas::{FlowSchema, LanguageSchema, LinkStatusSchema, TokenSchema, UsageTypeSchema};
use crate::domain::id::LinkId;
use crate::domain::link::{Link, LinkStatus};
use crate::domain::timestamp::Timestamp;

/// How often a link may be used, and was.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Usage)]
pub struct UsageDocument {
    #[serde(rename = "type")]
    #[schema(value_type = UsageTypeSchema)]
    kind: &'static str,
    /// The most sessions it may start; 1 for `single`, null for `unlimited`. Fixed.
    #[schema(required, examples(100))]
    limit: Option<i64>,
    /// Uses spent. A click that could not start a session gives its use back.
    #[schema(examples(3))]
    used: i64,
    /// Uses left; null for `unlimited`.
    #[schema(required, examples(97))]
    remaining: Option<i64>,
}

/// A link: a stored, shareable entry pass with a short URL. All but `name` and `inactive_message` is fixed when it is
/// made: links cannot be extended or refreshed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Link, examples(json!({
    "id": "01977d0e-5d3a-7c42-9f0b-6c1a2b3d4e5f",
    "slug": "berlin-fair",
    "url": "https://go.example.com/berlin-fair",
    "name": "Berlin fair 2027",
    "usage": {"type": "multi", "limit": 100, "used": 3, "remaining": 97},
    "expires_at": "2027-03-01T00:00:00Z",
    "language": "de",
    "flow": "document_and_selfie",
    "confirm": false,
    "resume": false,
    "accept_ref": false,
    "signed": false,
    "inactive_message": null,
    "token": {"country": ["DE", "AT"], "documents": ["PASSPORT", "ID_CARD"], "checkAml": true},
    "status": "active",
    "created_at": "2027-01-15T12:00:00Z",
    "last_used_at": null
})))]
#[expect(clippy::struct_excessive_bools, reason = "they are a link's options")]
pub struct LinkDocument {
    /// Names the link in the API.
    #[schema(value_type = String, format = "uuid")]
    id: LinkId,
    /// The last part of `url`. Whoever has it can click: treat it as a secret where the link is one.
    slug: String,
    /// What to share.
    #[schema(format = "uri")]
    url: String,
    /// What your people call it.
    name: String,
    usage: UsageDocument,
    /// When it ends by itself; null: never.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    expires_at: Option<Timestamp>,
    /// The language of the visitor's pages and of iDenfy's; null: the visitor's browser decides.
    #[schema(value_type = Option<LanguageSchema>, required)]
    language: Option<&'static str>,
    #[schema(value_type = FlowSchema)]
    flow: &'static str,
    /// Whether a page with a button comes first.
    confirm: bool,
    /// Whether a browser that comes back gets its open session again.
    resume: bool,
    /// Whether `?ref=` becomes the session's `external_ref`.
    accept_ref: bool,
    /// Whether visitors come with signed parameters alone.
    signed: bool,
    /// Words for visitors who come when the link is over; null: none of your own.
    #[schema(required)]
    inactive_message: Option<String>,
    #[schema(value_type = TokenSchema)]
    token: Map<String, Value>,
    #[schema(value_type = LinkStatusSchema)]
    status: LinkStatus,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its last use was spent; null: never yet.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    last_used_at: Option<Timestamp>,
}

impl LinkDocument {
    /// A link as it stands at `now`, with its `url`.
    #[must_use]
    pub fn new(link: &Link, url: String, now: Timestamp) -> Self {
        let terms = &link.terms;
        Self {
            id: terms.id,
            slug: terms.slug.as_str().to_owned(),
            url,
            name: link.name.clone(),
            usage: UsageDocument {
                kind: terms.usage.kind(),
                limit: terms.usage.limit(),
                used: link.used,
                remaining: link.remaining(),
            },
            expires_at: terms.expires_at,
            language: terms.language.map(crate::domain::locale::Locale::as_str),
            flow: terms.flow.as_str(),
            confirm: terms.confirm,
            resume: terms.resume,
            accept_ref: terms.accept_ref,
            signed: terms.signed,
            inactive_message: link.inactive_message.clone(),
            token: terms.token.as_map().clone(),
            status: link.status(now),
            created_at: terms.created_at,
            last_used_at: link.last_used_at,
        }
    }

    /// The same as it is answered when it was just made.
    #[must_use]
    pub fn made(self, link: &Link) -> MadeLink {
        match &link.signing_secret {
            Some(secret) => MadeLink::Signed(SignedLink {
                link: self,
                signing_secret: secret.expose().to_owned(),
            }),
            None => MadeLink::Plain(self),
        }
    }

    /// Names the link in the API.
    #[must_use]
    pub const fn id(&self) -> LinkId {
        self.id
    }
}

/// A signed link with its secret, which is shown only now.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedLink {
    #[serde(flatten)]
    link: LinkDocument,
    /// Signs the parameters that visitors come with.
    #[schema(examples("p4Xv0Wj1oF7y6Zk2eYtq5bUuR8mC3nHsLdGi9aKfVxE="))]
    signing_secret: String,
}

/// A link that was just made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum MadeLink {
    /// A signed one.
    Signed(SignedLink),
    /// Any other.
    Plain(LinkDocument),
}
