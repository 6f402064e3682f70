//! Reads what makes a link: the one parser behind the API, the command line and bulk input.

use serde_json::{Map, Value};

use super::fields::Fields;
use crate::domain::field_error::FieldErrors;
use crate::domain::flow::Flow;
use crate::domain::id::LinkId;
use crate::domain::link::{Link, LinkTerms, parse_inactive_message, parse_name};
use crate::domain::locale::Locale;
use crate::domain::slug::Slug;
use crate::domain::timestamp::Timestamp;
use crate::domain::token_options::TokenOptions;
use crate::domain::usage::Usage;

/// Makes a link of the fields of a request.
///
/// # Errors
/// Every field that is wrong.
pub fn parse(id: LinkId, map: Map<String, Value>, now: Timestamp) -> Result<Link, FieldErrors> {
    let mut fields = Fields::new(map);
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
    let accept_ref = fields.flag("accept_ref");
    let inactive_message = fields.text("inactive_message", parse_inactive_message);
    let (flow, token) = flow_and_token(&mut fields);
    let errors = fields.end();
    match (name, usage, flow, token) {
        (Some(name), Some(usage), Some(flow), Some(token)) if errors.is_empty() => Ok(Link {
            terms: LinkTerms {
                id,
                slug: slug.unwrap_or_else(Slug::generate),
                usage,
                expires_at,
                language,
                flow,
                confirm,
                resume,
                accept_ref,
                token,
                created_at: now,
            },
            name,
            inactive_message,
            used: 0,
            last_used_at: None,
            deactivated_at: None,
            deleted_at: None,
        }),
        _ => Err(errors),
    }
}

/// The flow and the token options that fit it; none of an unreadable flow, whose options cannot be judged.
pub(super) fn flow_and_token(fields: &mut Fields) -> (Option<Flow>, Option<TokenOptions>) {
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
