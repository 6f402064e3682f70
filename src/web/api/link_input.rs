//! Reads what makes a link: the one parser behind the API, the command line and bulk input.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::fields::Fields;
use super::presets_known::Presets;
use super::schemas::{FlowSchema, LanguageSchema, TokenSchema};
use crate::domain::field_error::FieldErrors;
use crate::domain::flow::Flow;
use crate::domain::id::LinkId;
use crate::domain::link::{Link, LinkTerms, parse_inactive_message, parse_name};
use crate::domain::locale::Locale;
use crate::domain::signed::new_secret;
use crate::domain::slug::Slug;
use crate::domain::timestamp::Timestamp;
use crate::domain::token_options::TokenOptions;
use crate::domain::usage::Usage;

/// What a link is made of. `name` and `usage` are required; all but `name` and `inactive_message` is fixed from then on.
#[derive(Debug, ToSchema)]
#[schema(examples(json!({
    "name": "Berlin fair 2027",
    "usage": {"type": "multi", "limit": 100},
    "expires_at": "2027-03-01T00:00:00Z",
    "language": "de",
    "flow": "document_and_selfie",
    "slug": "berlin-fair",
    "confirm": false,
    "resume": false,
    "accept_ref": false,
    "signed": false,
    "inactive_message": "The fair is over. Write to us at fair@example.com",
    "token": {
        "country": ["DE", "AT"], "documents": ["PASSPORT", "ID_CARD"], "checkAml": true, "ageLimit": 18,
        "successUrl": "https://example.com/ok"
    }
})))]
#[serde(deny_unknown_fields)]
pub struct NewLink {
    /// The id or name of a preset: its options hold where nothing else is given, `token` parameter by parameter. The link
    /// keeps them as its own: changing the preset later does not change it.
    pub preset: Option<String>,
    /// What your people call it.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// How often it may be used; fixed from then on.
    pub usage: NewUsage,
    /// When it ends by itself: a time that lies ahead. Left out, it never does.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// The language of the visitor's pages and of iDenfy's. Left out, the visitor's browser decides.
    pub language: Option<LanguageSchema>,
    /// Left out: `document_and_selfie`.
    pub flow: Option<FlowSchema>,
    /// The last part of its URL, put in lower case; reserved words are refused. Left out, 10 random characters.
    #[schema(min_length = 3, max_length = 64, pattern = "^[A-Za-z0-9-]+$")]
    pub slug: Option<String>,
    /// Whether a page with a button comes first, so that a use is spent by a press of it and not by opening the URL.
    #[schema(default = false)]
    pub confirm: Option<bool>,
    /// Whether a browser that comes back gets its open session again, with no further use spent.
    #[schema(default = false)]
    pub resume: Option<bool>,
    /// Whether `?ref=` of a click (ASCII, at most 40 characters) becomes its session's `external_ref`.
    #[schema(default = false)]
    pub accept_ref: Option<bool>,
    /// Whether visitors come with `client_id` and `exp`, and perhaps `ref`, signed by a site of yours, and not otherwise. The
    /// answer has the `signing_secret`. Not with `token.clientId`, nor with the flow `selfie`, which knows no customers.
    #[schema(default = false)]
    pub signed: Option<bool>,
    /// Words for visitors who come when the link is over, in plain text with new lines.
    #[schema(min_length = 1, max_length = 500)]
    pub inactive_message: Option<String>,
    /// Left out, iDenfy's defaults hold and each click gets a random `clientId`. `token.clientId` fixes the customer,
    /// as for a personal invite. For the flow `selfie` it is required.
    pub token: Option<TokenSchema>,
}

/// How often a link may be used; fixed when it is made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum NewUsage {
    /// Once.
    #[schema(title = "single")]
    Single,
    /// As often as `limit` says.
    #[schema(title = "multi")]
    Multi {
        /// The most sessions it may start.
        #[schema(minimum = 1, maximum = 1_000_000_000)]
        limit: i64,
    },
    /// Without limit.
    #[schema(title = "unlimited")]
    Unlimited,
}

/// Makes a link of the fields of a request, on top of the preset that they name.
///
/// # Errors
/// Every field that is wrong.
pub fn parse(
    id: LinkId,
    map: Map<String, Value>,
    presets: &Presets,
    now: Timestamp,
) -> Result<Link, FieldErrors> {
    let mut link = parse_undrawn(id, map, presets, now)?;
    if link.terms.slug == Slug::undrawn() {
        link.terms.slug = Slug::generate();
    }
    Ok(link)
}

/// The same, the slug left undrawn where none was chosen.
///
/// # Errors
/// Every field that is wrong.
pub fn parse_undrawn(
    id: LinkId,
    mut map: Map<String, Value>,
    presets: &Presets,
    now: Timestamp,
) -> Result<Link, FieldErrors> {
    let preset = presets.fill(&mut map);
    let mut fields = Fields::new(map);
    fields.errors.check("preset", preset);
    let name = if fields.has("name") {
        fields.text("name", parse_name)
    } else {
        fields.missing("name")
    };
    let usage = usage(&mut fields);
    let expires_at = fields.time_ahead("expires_at", now);
    let language = fields.text("language", Locale::parse);
    let slug = fields.text("slug", Slug::parse);
    let (confirm, resume) = (fields.flag("confirm"), fields.flag("resume"));
    let (accept_ref, signed) = (fields.flag("accept_ref"), fields.flag("signed"));
    let inactive_message = fields.text("inactive_message", parse_inactive_message);
    let (flow, token) = flow_and_token(&mut fields);
    if signed && let Some(why) = why_not_signed(flow, token.as_ref()) {
        fields.errors.push("signed", why);
    }
    let errors = fields.end();
    match (name, usage, flow, token) {
        (Some(name), Some(usage), Some(flow), Some(token)) if errors.is_empty() => Ok(Link {
            terms: LinkTerms {
                id,
                slug: slug.unwrap_or_else(Slug::undrawn),
                usage,
                expires_at,
                language,
                flow,
                confirm,
                resume,
                accept_ref,
                signed,
                token,
                created_at: now,
            },
            name,
            inactive_message,
            signing_secret: signed.then(new_secret),
            used: 0,
            last_used_at: None,
            deactivated_at: None,
            deleted_at: None,
        }),
        _ => Err(errors),
    }
}

/// Whose visitors are not known by a signature.
fn why_not_signed(flow: Option<Flow>, token: Option<&TokenOptions>) -> Option<&'static str> {
    if flow == Some(Flow::Selfie) {
        // iDenfy's age estimation takes no clientId, so it could not be told apart whose session is open.
        Some("cannot be used with a selfie alone (flow selfie): iDenfy takes no customer there")
    } else if token.is_some_and(|token| token.client_id().is_some()) {
        Some(
            "cannot be used with a fixed customer (token.clientId): the signed address names the customer",
        )
    } else {
        None
    }
}

/// The flow and the token options that fit it; none of an unreadable flow, whose options cannot be judged.
pub fn flow_and_token(fields: &mut Fields) -> (Option<Flow>, Option<TokenOptions>) {
    let given = fields.has("flow");
    let flow = fields
        .text("flow", Flow::parse)
        .or((!given).then(Flow::default));
    let token = fields.take("token");
    let Some(flow) = flow else {
        return (None, None);
    };
    match TokenOptions::parse(flow, token.as_ref()) {
        Ok(token) => (Some(flow), Some(token)),
        Err(errors) => {
            fields.errors.extend_below("token", errors);
            (Some(flow), None)
        }
    }
}

fn usage(fields: &mut Fields) -> Option<Usage> {
    if !fields.has("usage") {
        return fields.missing("usage");
    }
    let mut inner = Fields::new(fields.object("usage")?);
    let kind = if inner.has("type") {
        inner.text("type", |text| match text {
            "single" | "multi" | "unlimited" => Ok(text.to_owned()),
            _ => Err("must be single, multi or unlimited".to_owned()),
        })
    } else {
        inner.missing("type")
    };
    let usage = match kind.as_deref() {
        Some("multi") if !inner.has("limit") => inner.missing("limit"),
        Some("multi") => {
            let limit = inner.whole("limit");
            limit.and_then(|limit| inner.errors.check("limit", Usage::multi(limit)))
        }
        Some(kind) => {
            if inner.take("limit").is_some() {
                inner.errors.push("limit", "belongs to the type multi only");
            }
            Some(if kind == "single" {
                Usage::Single
            } else {
                Usage::Unlimited
            })
        }
        None => {
            inner.take("limit");
            None
        }
    };
    fields.errors.extend_below("usage", inner.end());
    usage
}
