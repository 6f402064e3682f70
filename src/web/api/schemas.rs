//! Schemas for the API's description that no document or request struct yields: closed lists of words, and the
//! parameters of iDenfy's calls. Each is made from what the parsers read, so it cannot fall behind.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, ObjectBuilder, OneOfBuilder, Ref, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::event::EventType;
use crate::domain::flow::Flow;
use crate::domain::link::LinkStatus;
use crate::domain::locale::Locale;
use crate::domain::message::{Channel, MessageKind, MessageStatus};
use crate::domain::scope::Scope;
use crate::domain::token_options::TokenOptions;
use crate::domain::usage::Usage;
use crate::share::paper::Paper;
use crate::store::deliveries::DeliveryStatus;
use crate::store::endpoints::PayloadKind;

/// A named schema that is made by hand.
macro_rules! schema {
    ($(#[$doc:meta])* $name:ident as $label:literal, $make:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                RefOr::T($make)
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($label)
            }
        }
    };
}
pub(super) use schema;

schema!(
    /// Which verification a link starts.
    FlowSchema as "Flow",
    words(
        "Which iDenfy session is started: `document_and_selfie` (a document and a face, the default), `document` \
         (a document alone) or `selfie` (age estimation by a face alone).",
        Flow::ALL.map(Flow::as_str),
    )
);

schema!(
    /// Which limit a link has.
    UsageTypeSchema as "UsageType",
    words(
        "`single`: one session. `multi`: as many as `limit` says. `unlimited`: without limit. Fixed.",
        [Usage::Single, Usage::Multi(1), Usage::Unlimited].map(Usage::kind),
    )
);

schema!(
    /// A language of iDenfy's pages.
    LanguageSchema as "Language",
    words(
        "The code of one of iDenfy's languages. They are iDenfy's own: `si` is Slovenian, `zh_tw` traditional \
         Chinese. Read in any case, answered in lower case.",
        Locale::ALL.map(Locale::as_str),
    )
);

schema!(
    /// What can happen.
    EventTypeSchema as "EventType",
    words(
        "`session.started`: iDenfy started a session. `session.updated`: what it shows changed. `session.finished`: it has a \
         final result, or another one. `link.exhausted`: a link's last use is spent. `link.expired`: its time is over. \
         `message.bounced`: a mail with a link came back. `idenfy.unavailable`: iDenfy does not answer, or refuses the credentials. `idenfy.out_of_credits`: the account has \
         none left. `idenfy.recovered`: sessions start again. `endpoint.disabled`: an endpoint was switched off.",
        EventType::subscribable().map(EventType::as_str),
    )
);

schema!(
    /// A size of paper.
    PaperSchema as "Paper",
    words(
        "A size of paper, upright: A4, A5 or US Letter.",
        Paper::ALL.map(Paper::as_str),
    )
);

schema!(
    /// Whether a link can be clicked.
    LinkStatusSchema as "LinkStatus",
    words(
        "`active` links can be clicked. `deactivated` ones were switched off and can be switched on again. \
         `expired` and `exhausted` ones are over for good. A link that is over for several reasons says \
         `deactivated`, else `expired`, else `exhausted`.",
        LinkStatus::ALL.map(LinkStatus::as_str),
    )
);

schema!(
    /// How a message travels.
    ChannelSchema as "Channel",
    words(
        "`email`: by email. `sms`: by text message.",
        Channel::ALL.map(Channel::as_str),
    )
);

schema!(
    /// Why a message is sent.
    MessageKindSchema as "MessageKind",
    words(
        "`link`: somebody sent a link. `invitation`: a person is invited. `reminder`: a person who was invited has not acted.",
        MessageKind::ALL.map(MessageKind::as_str),
    )
);

schema!(
    /// Where a message stands.
    MessageStatusSchema as "MessageStatus",
    words(
        "`pending`: it will be sent, for the first time or again. `sent`: the mail server or the SMS provider has taken it. \
         `delivered`: the provider says that it has arrived, which of an email nobody does. `failed`: it was refused, or \
         given up after two days. `stopped`: it was taken back, as its link is over or the person wants no more.",
        MessageStatus::ALL.map(MessageStatus::as_str),
    )
);

schema!(
    /// What an API key may do.
    ScopeSchema as "Scope",
    words(
        "`read`: all GETs but those of keys and endpoints. `links`: writes links and presets. `sessions`: starts and erases sessions. \
         `admin`: everything, and alone keys and endpoints. Scopes add up: a key with `links` alone cannot GET.",
        Scope::ALL.map(Scope::as_str),
    )
);

schema!(
    /// What is sent of a result.
    PayloadSchema as "PayloadKind",
    words(
        "`verdict`: what this API shows of the session. `full`: and iDenfy's own body, with personal data, as \
         `data.idenfy`; it is kept here until delivered or given up, and then erased.",
        PayloadKind::ALL.map(PayloadKind::as_str),
    )
);

schema!(
    /// Where a delivery stands.
    DeliveryStatusSchema as "DeliveryStatus",
    words(
        "`pending`: it will be tried, for the first time or again. `delivered`: the endpoint answered 2xx. `failed`: it \
         was given up, and can be retried by hand.",
        DeliveryStatus::ALL.map(DeliveryStatus::as_str),
    )
);

schema!(
    /// Where a session stands.
    SessionStatusSchema as "SessionStatus",
    open_words(SESSION_STATES, ["active", "reviewing", "approved"])
);

schema!(
    /// iDenfy's parameters of the flows with a document.
    TokenOptionsSchema as "TokenOptions",
    token_options(
        "Parameters of iDenfy's token call, under iDenfy's own names, for the flows `document_and_selfie` and \
         `document`. `tokenType`, `locale` and `callbackUrl` are decided by flow, language and the settings and \
         are refused here.",
        Flow::DocumentAndSelfie,
    )
);

schema!(
    /// iDenfy's parameters of the flow with a selfie alone.
    AgeEstimationSchema as "AgeEstimationOptions",
    token_options(
        "Parameters of iDenfy's age estimation call, under iDenfy's own names, for the flow `selfie`. \
         `webhook_url` is decided by the settings and refused here, as is `clientId`.",
        Flow::Selfie,
    )
);

schema!(
    /// The `token` of a link or a session.
    TokenSchema as "Token",
    OneOfBuilder::new()
        .description(Some(
            "Sent along to iDenfy with each session, under iDenfy's own names. Which of the two it is follows from \
             `flow`. Answers show exactly what was given."
        ))
        .item(Ref::from_schema_name(TokenOptionsSchema::name()))
        .item(Ref::from_schema_name(AgeEstimationSchema::name()))
        .build()
        .into()
);

/// iDenfy's own words for each check; null where it did not happen.
#[derive(Debug, ToSchema)]
pub struct Checks {
    /// The automatic look at the document, such as `DOC_VALIDATED`.
    #[schema(required)]
    pub auto_document: Option<String>,
    /// The automatic comparison of the face, such as `FACE_MATCH`.
    #[schema(required)]
    pub auto_face: Option<String>,
    /// The look at the document by people.
    #[schema(required)]
    pub manual_document: Option<String>,
    /// The comparison of the face by people.
    #[schema(required)]
    pub manual_face: Option<String>,
}

/// One check of the gateway's health.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthCheck {
    /// What was checked: `process`, `database`, or `idenfy` by what its last answers said.
    #[schema(value_type = String, examples("database"))]
    pub check: &'static str,
    /// `ok` or `failed`.
    #[schema(value_type = String, examples("ok"))]
    pub status: &'static str,
    /// What is wrong with iDenfy: `credentials`, `out_of_credits`, `out_of_credits_for_age_estimation` or `unavailable`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub detail: Option<String>,
}

impl HealthCheck {
    /// A check and whether it passed.
    #[must_use]
    pub const fn new(check: &'static str, passed: bool) -> Self {
        Self {
            check,
            status: if passed { "ok" } else { "failed" },
            detail: None,
        }
    }
}

const SESSION_STATES: &str = "Where the session stands.\n\n\
    - `starting`: iDenfy is being asked for it.\n\
    - `failed`: no session was started; the use was given back.\n\
    - `active`: the visitor was sent to iDenfy.\n\
    - `reviewing`: the visitor is done and the result is not final; `provisional` has it so far.\n\
    - `approved`: passed. `denied`: not passed. `suspected`: passed with doubts, for you to decide.\n\
    - `expired`: ran out before it was finished. `cancelled`: ended by the visitor or by iDenfy.\n\
    - `deleted`, `archived`: no longer held by iDenfy, or put away there.\n\n\
    A value that iDenfy invents later is passed on in lower case: treat unknown ones as not approved.";

fn words(about: &str, words: impl IntoIterator<Item = &'static str>) -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(about))
        .enum_values(Some(words))
        .build()
        .into()
}

/// Words of which there may be more one day.
pub(super) fn open_words(about: &str, examples: [&str; 3]) -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(about))
        .examples(examples)
        .build()
        .into()
}

fn token_options(about: &str, flow: Flow) -> Schema {
    let mut object: Object = serde_json::from_value(TokenOptions::schema(flow))
        .expect("the schemas of parameters are ones OpenAPI can tell");
    object.description = Some(about.to_owned());
    object.into()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::domain::session::Status;

    #[test]
    fn the_parameters_of_idenfys_calls_are_told_whole() {
        for flow in Flow::ALL {
            let Schema::Object(object) = token_options("", flow) else {
                panic!("not an object");
            };
            let mut told = serde_json::to_value(object).unwrap();
            told.as_object_mut().unwrap().remove("description");
            let mut known = whole_numbers(TokenOptions::schema(flow));
            if known["required"] == serde_json::json!([]) {
                known.as_object_mut().unwrap().remove("required");
            }
            assert_eq!(told, known);
        }
    }

    #[test]
    fn the_states_of_sessions_that_are_told_are_ones_that_are_known() {
        let states = SESSION_STATES
            .lines()
            .filter_map(|line| line.strip_prefix("- "));
        let words = states.flat_map(|line| line.split('`').skip(1).step_by(2));
        let words: Vec<_> = words.filter(|word| *word != "provisional").collect();
        assert_eq!(words.len(), 11);
        for word in words {
            assert!(
                !matches!(Status::from_name(word), Status::Other(_)),
                "{word}"
            );
        }
    }

    /// `1.0` as `1`: the same to JSON, not to the comparison.
    fn whole_numbers(value: Value) -> Value {
        match value {
            Value::Object(map) => map
                .into_iter()
                .map(|(k, v)| (k, whole_numbers(v)))
                .collect(),
            Value::Array(items) => items.into_iter().map(whole_numbers).collect(),
            Value::Number(n) => n
                .as_f64()
                .filter(|n| n.fract() == 0.0)
                .map_or(n.into(), |n| {
                    #[expect(clippy::cast_possible_truncation, reason = "the limits are small")]
                    Value::from(n as i64)
                }),
            other => other,
        }
    }
}
