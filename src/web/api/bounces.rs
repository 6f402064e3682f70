//! `/api/v1/bounces`: mails that came back, told by whoever reads the mailbox they come back to.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Answer;
use super::caller::Caller;
use super::fields::{self, Body, Fields};
use super::idempotent;
use crate::domain::id::{EventId, MessageId};
use crate::domain::scope::Scope;
use crate::messages::bounce::{self, Ignored};
use crate::messages::reasons::enhanced;
use crate::web::State;
use crate::web::problem::Problem;

/// A mail that came back, as a mail provider's webhook tells of it.
#[derive(Debug, ToSchema)]
#[schema(examples(json!({"message_id": "<01977d1c-5b2a-7e10-9c3d-4e5f60718293@go.example.com>", "status": "5.1.1"})))]
#[serde(deny_unknown_fields)]
pub struct NewBounce {
    /// The mail's `Message-ID`, or the message's id in the API.
    #[schema(max_length = 998)]
    pub message_id: String,
    /// Why, as an enhanced status code of RFC 3463.
    #[schema(pattern = "^[245]\\.[0-9]{1,3}\\.[0-9]{1,3}$", examples("5.1.1"))]
    pub status: Option<String>,
}

/// What came of telling that a mail came back.
#[derive(Debug, Serialize, ToSchema)]
pub struct TakenBounce {
    /// Whether it is noted now, or was before.
    bounced: bool,
    /// Which message it is.
    #[schema(value_type = Option<String>, format = "uuid", required)]
    message_id: Option<MessageId>,
    /// Why it was not heeded.
    #[schema(required)]
    ignored: Option<String>,
}

/// Tells that a mail came back.
///
/// A mail server that has taken a mail may find out only later that it cannot be delivered, and sends a report to the address
/// of `email.from`. Post each mail that comes there as it is, or what your provider's webhook tells as JSON: the message counts
/// as failed then, and its invitation and campaign show it. A mail that is no such report changes nothing and is answered 200,
/// too, with `ignored`, so that a script can post whatever comes.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/bounces", operation_id = "reportBounce", tag = "Messages",
    request_body(content((NewBounce = "application/json"), (String = "message/rfc822",
        example = "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; ana@example.com\nAction: failed\nStatus: 5.1.1\n\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <01977d1c-5b2a-7e10-9c3d-4e5f60718293@go.example.com>\n\n--b--\n"))),
    security(("bearer" = ["links"])),
    responses((status = 200, description = "What came of it.", body = TakenBounce)))]
pub async fn report(
    caller: Caller,
    request: HttpRequest,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    let body = fields::bytes(body)?;
    let told = if is_mail(&request) {
        bounce::read(&body)
    } else {
        read(&request, &body)?
    };
    let (own, store) = (state.clone(), caller.store(&state));
    idempotent::answer(&state, &caller, &request, &body, move |event| async move {
        let (id, why) = match told {
            Ok(told) => told,
            Err(why) => return Ok(answer(None, Some(why))),
        };
        let now = own.clock.now();
        let noted = store.bounce_message(id, &why, EventId::new(event), now);
        if noted.await?.is_some() {
            tracing::info!(%id, "a report of a mail came: {why}");
            own.metrics.message("email", "bounced");
            return Ok(answer(Some(id), None));
        }
        let known = own.store.message(id).await?;
        Ok(match known {
            None => answer(None, Some(Ignored::NotOurs)),
            Some(message) if message.bounced_at.is_some() => answer(Some(id), None),
            Some(_) => answer(Some(id), Some(Ignored::NotSent)),
        })
    })
    .await
}

fn is_mail(request: &HttpRequest) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("message/rfc822")
}

fn read(
    request: &HttpRequest,
    body: &[u8],
) -> Result<Result<(MessageId, String), Ignored>, Problem> {
    let mut fields = Fields::new(fields::object(request, body, false)?);
    if !fields.has("message_id") {
        fields.missing::<()>("message_id");
    }
    let id = fields.text("message_id", |text| {
        let unfit = || "must be a Message-ID, or a message's id".to_owned();
        let fits = !text.is_empty() && text.len() <= 998;
        fits.then(|| bounce::message_id(text)).ok_or_else(unfit)
    });
    let status = fields.text("status", |text| {
        let unfit = || "must be an enhanced status code such as 5.1.1".to_owned();
        let read = enhanced(text).filter(|read| *read == text);
        read.map(str::to_owned).ok_or_else(unfit)
    });
    let errors = fields.end();
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let why = bounce::why(&status.unwrap_or_default(), "");
    let id = id.flatten().ok_or(Ignored::NotOurs);
    Ok(id.map(|id| (id, why)))
}

fn answer(message_id: Option<MessageId>, ignored: Option<Ignored>) -> Answer {
    Answer::ok(&TakenBounce {
        bounced: message_id.is_some() && ignored.is_none(),
        message_id,
        ignored: ignored.map(|why| why.to_string()),
    })
}
