//! `/api/v1/links/{id}/send` and `/api/v1/messages`

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::answer::Answer;
use super::caller::Caller;
use super::fields::{self, Body, Fields};
use super::idempotent;
use super::message_document::{MessageDocument, Queued};
use super::paging::{Page, PageQuery, Query};
use super::schemas::LanguageSchema;
use crate::domain::contact::{parse_recipient, parse_recipient_name};
use crate::domain::id::{LinkId, MessageId};
use crate::domain::link::{Link, LinkStatus};
use crate::domain::locale::Locale;
use crate::domain::message::{Channel, MessageKind, NewMessage};
use crate::domain::scope::Scope;
use crate::domain::timestamp::Timestamp;
use crate::messages::words::OwnWords;
use crate::web::State;
use crate::web::problem::Problem;

/// To whom a link is sent: exactly one of `email` and `phone`.
#[derive(Debug, ToSchema)]
#[schema(examples(json!({"email": "ana@example.com", "name": "Ana"})))]
#[serde(deny_unknown_fields)]
pub struct NewSending {
    /// An email address.
    #[schema(max_length = 254, examples("ana@example.com"))]
    pub email: Option<String>,
    /// A phone number with its country's code.
    #[schema(examples("+4930901820"))]
    pub phone: Option<String>,
    /// What the person is called, for the greeting.
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// The words' language; the link's, else English, when left out.
    #[schema(value_type = Option<LanguageSchema>)]
    pub language: Option<String>,
}

/// Sends a link to a person.
///
/// By email or by text message, in the link's language, with `?via=email` or `?via=sms` on the address. It is queued and
/// goes out in the background: a mail server that is down delays it. `GET /api/v1/messages/{id}` tells what became of it. A
/// key without `read` is answered `id` and `status` alone.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/links/{id}/send", operation_id = "sendLink", tag = "Messages",
    request_body = NewSending, security(("bearer" = ["links"])),
    responses((status = 202, description = "The message, on its way.", body = Queued<MessageDocument>),
        (status = 409, description = "sending_off, link_over")))]
pub async fn send(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    // Before anything else that may be wrong.
    if Channel::ALL
        .into_iter()
        .all(|channel| !state.dispatch.is_on(channel))
    {
        return Err(Problem::SendingOff);
    }
    let body = fields::bytes(body)?;
    let (map, own) = (fields::object(&request, &body, false), state.clone());
    let (store, link) = (caller.store(&state), id.into_inner());
    let may_read = caller.key.may(Scope::Read);
    idempotent::answer(&state, &caller, &request, &body, move |id| async move {
        let (state, map) = (&own, map?);
        if let Some((channel, _)) = wanted(&map)
            && !state.dispatch.is_on(channel)
        {
            return Err(Problem::SendingOff);
        }
        let link = LinkId::parse(&link).ok_or(Problem::NotFound)?;
        let link = state.store.link(link).await?.ok_or(Problem::NotFound)?;
        let now = state.clock.now();
        if matches!(
            link.status(now),
            LinkStatus::Expired | LinkStatus::Exhausted
        ) {
            return Err(Problem::LinkOver);
        }
        if link.terms.signed {
            let why = "is of a signed link, whose address leads nowhere without a signature";
            return Err(Problem::field("id", why));
        }
        let message = read(map, (MessageId::new(id), &link), now)?;
        store.send_link(&message).await?;
        show(state, message.id, may_read).await
    })
    .await
}

/// Which channel the fields name, if they name one.
fn wanted(map: &Map<String, Value>) -> Option<(Channel, &'static str)> {
    let named = [(Channel::Email, "email"), (Channel::Sms, "phone")];
    let mut given = named
        .into_iter()
        .filter(|(_, field)| map.get(*field).is_some_and(|value| !value.is_null()));
    given.next().filter(|_| given.next().is_none())
}

fn read(
    map: Map<String, Value>,
    (id, link): (MessageId, &Link),
    now: Timestamp,
) -> Result<NewMessage, Problem> {
    let channel = wanted(&map);
    let mut fields = Fields::new(map);
    let recipient = if let Some((channel, field)) = channel {
        let recipient = fields.text(field, |text| parse_recipient(channel, text));
        recipient.map(|recipient| (channel, recipient))
    } else {
        for field in ["email", "phone"] {
            fields.take(field);
        }
        fields.wrong("", "must have exactly one of email and phone")
    };
    let name = fields.text("name", parse_recipient_name);
    let language = fields.text("language", Locale::parse);
    let errors = fields.end();
    let (Some((channel, recipient)), true) = (recipient, errors.is_empty()) else {
        return Err(Problem::invalid(errors));
    };
    Ok(NewMessage {
        id,
        kind: MessageKind::Link,
        link: link.terms.id,
        campaign: None,
        channel,
        recipient,
        recipient_name: name,
        language,
        created_at: now,
    })
}

/// Lists what was sent with a link.
///
/// Newest first.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/links/{id}/messages", operation_id = "listLinkMessages", tag = "Messages",
    security(("bearer" = ["read"])), params(PageQuery),
    responses((status = 200, description = "A page of messages.", body = Page<MessageDocument>)))]
pub async fn list(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let id = LinkId::parse(&id).ok_or(Problem::NotFound)?;
    let (limit, before) = Query::read(&request, &[]).page(MessageId::parse)?;
    let link = state.store.link(id).await?.ok_or(Problem::NotFound)?;
    let messages = state.store.messages_of_link(id, before, limit + 1).await?;
    let own = OwnWords::read(&state.store).await?;
    let documents = messages.into_iter();
    let documents: Vec<MessageDocument> = documents
        .map(|message| MessageDocument::new(&state, message, &link, &own))
        .collect();
    let page: Page<MessageDocument> = Page::new(documents, limit, |message| message.id.to_string());
    Ok(Answer::ok(&page).respond())
}

/// Shows a message.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/messages/{id}", operation_id = "getMessage", tag = "Messages",
    security(("bearer" = ["read"])), responses((status = 200, description = "The message.", body = MessageDocument)))]
pub async fn get(
    caller: Caller,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let id = MessageId::parse(&id).ok_or(Problem::NotFound)?;
    Ok(Answer::ok(&document(&state, id).await?).respond())
}

/// Sends a message again.
///
/// One that waits, failed, came back or was stopped is tried now. One that was sent is not sent twice. A key without `read` is
/// answered `id` and `status` alone.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/messages/{id}/retry", operation_id = "retryMessage", tag = "Messages",
    security(("bearer" = ["links"])),
    responses((status = 202, description = "The message, on its way.", body = Queued<MessageDocument>),
        (status = 409, description = "sending_off, message_over")))]
pub async fn retry(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    let (body, own) = (fields::bytes(body)?, state.clone());
    let id = MessageId::parse(&id).ok_or(Problem::NotFound)?;
    let may_read = caller.key.may(Scope::Read);
    idempotent::answer(&state, &caller, &request, &body, move |_| async move {
        let message = own.store.message(id).await?.ok_or(Problem::NotFound)?;
        if !own.dispatch.is_on(message.channel) {
            return Err(Problem::SendingOff);
        }
        if !own.store.retry_message(id, own.clock.now()).await? {
            return Err(Problem::MessageOver);
        }
        show(&own, id, may_read).await
    })
    .await
}

async fn show(state: &State, id: MessageId, may_read: bool) -> Result<Answer, Problem> {
    let document = document(state, id).await?;
    let (link, status) = (document.link_id, document.status);
    let told = Queued::to(may_read, document, id, status);
    Ok(Answer::accepted(&told).about(link))
}

async fn document(state: &State, id: MessageId) -> Result<MessageDocument, Problem> {
    let message = state.store.message(id).await?.ok_or(Problem::NotFound)?;
    let links = state.store.links_of_ids(&[message.link]).await?;
    let link = links.first().ok_or(Problem::NotFound)?;
    let own = OwnWords::read(&state.store).await?;
    Ok(MessageDocument::new(state, message, link, &own))
}
