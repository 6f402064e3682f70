//! `/api/v1/invitations`

use actix_web::{HttpRequest, HttpResponse, web};

use super::answer::Answer;
use super::bulk::{self, CheckedLinks};
use super::bulk_input::kinds::{Invitations, invite};
use super::caller::Caller;
use super::fields::{self, Body, Fields};
use super::idempotent;
use super::invitation_document::InvitationDocument;
use super::invitation_input::{self, Common};
use super::invitation_schemas::{
    InvitationStatusSchema, MadeInvitations, NewInvitation, NewInvitations, SendInvitation,
};
use super::message_document::Queued;
use super::paging::{Page, PageQuery, Query};
use super::presets_known::Presets;
use super::schemas::ChannelSchema;
use crate::domain::id::{CampaignId, InvitationId, LinkId, MessageId};
use crate::domain::invitation::{Invited, Progress};
use crate::domain::link::parse_name;
use crate::domain::message::Channel;
use crate::domain::scope::Scope;
use crate::store::Store;
use crate::store::invitations::{InvitationFilter, Sending, Standing};
use crate::web::State;
use crate::web::problem::Problem;

/// The status that stands for all who have not begun.
const NOT_ACTED: &str = "not_acted";

/// What a list of invitations can be narrowed by.
pub(super) const FILTERS: [&str; 4] = ["campaign", "status", "q", "client_id"];

/// Invites a person.
///
/// Makes a personal link that works once, with what is known of the person as iDenfy's parameters, so that iDenfy compares
/// the document with it. Send it by email or SMS with `send`, or hand over its `link.url` otherwise.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/invitations", operation_id = "createInvitation", tag = "Invitations",
    request_body = NewInvitation, security(("bearer" = ["links"])),
    responses((status = 201, description = "The invitation.", body = InvitationDocument), (status = 409, description = "sending_off")))]
pub async fn create(
    caller: Caller,
    request: HttpRequest,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    let body = fields::bytes(body)?;
    let (map, own) = (fields::object(&request, &body, false), state.clone());
    let store = caller.store(&state);
    idempotent::answer(&state, &caller, &request, &body, move |id| async move {
        let (state, mut map) = (own, map?);
        let mut common = Fields::new(
            Common::FIELDS
                .iter()
                .filter_map(|name| map.remove_entry(*name))
                .collect(),
        );
        let said = Common::take(&mut common);
        require_sending(&state, said.send)?;
        let mut errors = common.end();
        let id = LinkId::new(id);
        let presets = Presets::named_in(&state.store, &map).await?;
        match invitation_input::parse(id, map, &said, &presets, state.clock.now()) {
            Ok(made) if errors.is_empty() => make(&state, &store, &said, made).await,
            Ok(_) => Err(Problem::invalid(errors)),
            Err(wrong) => {
                errors.extend_below("", wrong);
                Err(Problem::invalid(errors))
            }
        }
    })
    .await
}

async fn make(
    state: &State,
    store: &Store,
    said: &Common,
    made: Invited,
) -> Result<Answer, Problem> {
    let id = made.invitation.id;
    // Only after a process died between making it and keeping its answer is there one already.
    if state.store.invitation(id).await?.is_none() {
        let (mut made, campaign) = ([made], said.campaign.as_deref());
        let made = invite(store, &state.clock, campaign, &mut made).await?;
        // A slug that was drawn is taken once in ten million times.
        made.map_err(|_| Problem::SlugTaken("slug".to_owned()))?;
    }
    let location = format!("{}/api/v1/invitations/{id}", state.public_url);
    let made = document(state, &find(state, id).await?);
    Ok(Answer::created(location, &made).about(id.link()))
}

/// Invites many people at once.
///
/// All are invited or none. As JSON up to 10,000, as CSV up to 100,000; a body is at most 32 MiB. What is wrong is told by
/// row, from 0, and field, such as `invitations[3].email`: all mistakes at once, or of very many the first thousand or so.
/// No two may have the same `client_id`.
///
/// A CSV is as with `/links/bulk`, with a header in any order of `client_id`, `first_name`, `last_name`, `email`, `phone`,
/// `date_of_birth`, `nationality`, `sex`, `personal_number`, `document_number`, `date_of_expiry`, `date_of_issue`, `address`,
/// `external_ref`, `language`, `flow`, `name`, `expires_at`, `inactive_message`, `confirm` and `token.<parameter>`. Campaign and
/// channel stand in the address. With `Accept: text/csv` the answer is its rows with `id` and `url` added, for a mail merge.
///
/// With an `Idempotency-Key` the same request sent again invites nobody again and answers the same invitations.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/invitations/bulk", operation_id = "createInvitations", tag = "Invitations",
    request_body(content((NewInvitations = "application/json"), (String = "text/csv",
        example = "client_id;first_name;email;language\ncustomer-17;Ana;ana@example.com;lt\n"))),
    params(
        ("campaign" = Option<String>, Query, description = "Of a CSV: the campaign they belong to, by name.", max_length = 200),
        ("send" = Option<ChannelSchema>, Query, description = "Of a CSV: by what they are sent now."),
        ("dry_run" = Option<bool>, Query, description = "`true`: everything is checked and nobody is invited, with any `Idempotency-Key`.")),
    security(("bearer" = ["links"])),
    responses(
        (status = 200, description = "With `dry_run`: all of them could be invited.", body = CheckedLinks),
        (status = 201, description = "The invitations, in the order given.", content((MadeInvitations = "application/json"), (String = "text/csv"))),
        (status = 409, description = "sending_off")))]
pub async fn create_many(
    caller: Caller,
    request: HttpRequest,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    let mut query = Query::read_only(&request, &["campaign", "send", "dry_run"]);
    let common = Common {
        campaign: query.take_as("campaign", parse_name),
        send: query.take_as("send", Channel::parse),
    };
    let is_dry = bulk::is_dry_run(&mut query);
    require_sending(&state, common.send)?;
    query.end()?;
    let kind = Invitations {
        sends: Channel::ALL.map(|channel| state.dispatch.is_on(channel)),
        common,
        campaign: None,
    };
    bulk::take(&caller, &request, body, &state, kind, is_dry).await
}

/// Reads what a list is narrowed by; `None`: no invitation can be what is wanted.
pub(super) async fn filter(
    state: &State,
    query: &mut Query,
) -> Result<Option<InvitationFilter>, Problem> {
    let status = query.take("status");
    let has_not_acted = status.as_deref() == Some(NOT_ACTED);
    let progress = status.filter(|_| !has_not_acted);
    let mut filter = InvitationFilter {
        has_not_acted,
        progress: progress.as_deref().map(Progress::from_name),
        text: query.take("q"),
        client_id: query.take("client_id"),
        ..InvitationFilter::default()
    };
    if let Some(campaign) = query.take("campaign") {
        filter.campaign = match CampaignId::parse(&campaign) {
            Some(id) => Some(id),
            None => match state.store.campaign_named(&campaign).await? {
                Some(campaign) => Some(campaign.id),
                None => return Ok(None),
            },
        };
    }
    Ok(Some(filter))
}

/// Lists invitations.
///
/// Newest first.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/invitations", operation_id = "listInvitations", tag = "Invitations",
    security(("bearer" = ["read"])),
    params(
        ("campaign" = Option<String>, Query, description = "Only invitations of this campaign, by id or name.", max_length = 200),
        ("status" = Option<InvitationStatusSchema>, Query, description = "Only invitations that have come so far; `not_acted`: all who have not begun."),
        ("q" = Option<String>, Query, description = "Only invitations with this text in name, email, phone or clientId, in any case.", max_length = 200),
        ("client_id" = Option<String>, Query, description = "Only invitations of this customer.", max_length = 200, example = "customer-17"),
        PageQuery),
    responses((status = 200, description = "A page of invitations.", body = Page<InvitationDocument>)))]
pub async fn list(
    caller: Caller,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let mut query = Query::read(&request, &FILTERS);
    let filter = filter(&state, &mut query).await?;
    let (limit, before) = query.page(InvitationId::parse)?;
    let found = if let Some(mut filter) = filter {
        (filter.before, filter.limit) = (before, limit + 1);
        state.store.invitations(&filter).await?
    } else {
        Vec::new()
    };
    let documents: Vec<_> = found.iter().map(|one| document(&state, one)).collect();
    let page: Page<InvitationDocument> = Page::new(documents, limit, |one| one.id().to_string());
    Ok(Answer::ok(&page).respond())
}

/// Shows an invitation.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/invitations/{id}", operation_id = "getInvitation", tag = "Invitations",
    security(("bearer" = ["read"])), responses((status = 200, description = "The invitation.", body = InvitationDocument)))]
pub async fn get(
    caller: Caller,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let found = find(&state, invitation_id(&id)?).await?;
    Ok(Answer::ok(&document(&state, &found)).respond())
}

/// Sends an invitation, again if it was sent before.
///
/// While a message by that channel waits already, nothing more is queued. A key without `read` is answered `id` and `status`
/// alone.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/invitations/{id}/send", operation_id = "sendInvitation", tag = "Invitations",
    request_body = Option<SendInvitation>, security(("bearer" = ["links"])),
    responses((status = 202, description = "The invitation; its message waits to be sent.", body = Queued<InvitationDocument>),
        (status = 409, description = "sending_off, link_over")))]
pub async fn send(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    if !Channel::ALL
        .into_iter()
        .any(|channel| state.dispatch.is_on(channel))
    {
        return Err(Problem::SendingOff);
    }
    let (id, body, own) = (invitation_id(&id)?, fields::bytes(body)?, state.clone());
    let map = fields::object(&request, &body, true);
    let may_read = caller.key.may(Scope::Read);
    let store = caller.store(&state);
    idempotent::answer(
        &state,
        &caller,
        &request,
        &body,
        move |message| async move {
            let mut fields = Fields::new(map?);
            let asked = fields.text("channel", Channel::parse);
            let mut errors = fields.end();
            let channel = asked.or(find(&own, id).await?.invitation.channel);
            if channel.is_none() && errors.is_empty() {
                errors.push("channel", "is required, as it was not sent before");
            }
            let Some(channel) = channel.filter(|_| errors.is_empty()) else {
                return Err(Problem::invalid(errors));
            };
            require_sending(&own, Some(channel))?;
            let message = MessageId::new(message);
            match store
                .send_invitation(id, channel, message, own.clock.now())
                .await?
            {
                Sending::Queued => {
                    let document = document(&own, &find(&own, id).await?);
                    let status = document.status().to_owned();
                    let told = Queued::to(may_read, document, id, &status);
                    Ok(Answer::accepted(&told).about(id.link()))
                }
                Sending::NoAddress => Err(Problem::field("channel", no_address(channel))),
                Sending::Over => Err(Problem::LinkOver),
                Sending::Unknown => Err(Problem::NotFound),
            }
        },
    )
    .await
}

/// Why an invitation cannot be sent by a channel.
#[must_use]
pub const fn no_address(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "cannot be email: the invitation has no email address",
        Channel::Sms => "cannot be sms: the invitation has no phone number",
    }
}

/// Withdraws an invitation.
///
/// Its link answers 410 from then on, a message that waits is not sent, and its personal data is erased; what is left counts
/// in its campaign. A session that was begun is erased by itself.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(delete, path = "/api/v1/invitations/{id}", operation_id = "deleteInvitation", tag = "Invitations",
    security(("bearer" = ["links"])), responses((status = 204, description = "It is withdrawn.")))]
pub async fn delete(
    caller: Caller,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    let id = invitation_id(&id)?;
    let store = caller.store(&state);
    if store.erase_invitation(id, state.clock.now()).await? {
        Ok(Answer::done().respond())
    } else {
        Err(Problem::NotFound)
    }
}

/// # Errors
/// When messages are to be sent by a channel that is not set up.
fn require_sending(state: &State, channel: Option<Channel>) -> Result<(), Problem> {
    match channel {
        Some(channel) if !state.dispatch.is_on(channel) => Err(Problem::SendingOff),
        _ => Ok(()),
    }
}

async fn find(state: &State, id: InvitationId) -> Result<Standing, Problem> {
    let found = state.store.invitation(id).await?;
    found.ok_or(Problem::NotFound)
}

fn document(state: &State, one: &Standing) -> InvitationDocument {
    let url = state.url_of(&one.link.terms.slug);
    InvitationDocument::new(one, url, state.clock.now())
}

fn invitation_id(text: &str) -> Result<InvitationId, Problem> {
    InvitationId::parse(text).ok_or(Problem::NotFound)
}
