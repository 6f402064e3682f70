//! `/api/v1/campaigns`

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Answer;
use super::caller::Caller;
use super::fields::{self, Body};
use super::idempotent;
use super::paging::{Page, PageQuery, Query};
use crate::domain::id::{CampaignId, MessageId};
use crate::domain::invitation::Campaign;
use crate::domain::message::Channel;
use crate::domain::scope::Scope;
use crate::domain::timestamp::Timestamp;
use crate::store::Store;
use crate::store::campaigns::Funnel;
use crate::web::State;
use crate::web::problem::Problem;

/// Invitations that belong together.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Campaign)]
pub struct CampaignDocument {
    /// Names it in the API.
    #[schema(value_type = String, format = "uuid")]
    id: CampaignId,
    /// What people call it.
    name: String,
    /// How many invitations it has.
    invited: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its people were reminded last.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    reminded_at: Option<Timestamp>,
}

/// A campaign, and how far its people have come.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignWithFunnel {
    #[serde(flatten)]
    campaign: CampaignDocument,
    funnel: FunnelDocument,
}

/// How many people of a campaign have come how far.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Funnel)]
pub struct FunnelDocument {
    /// Invitations.
    invited: i64,
    /// Those whose message waits to be sent.
    waiting: i64,
    /// Those of which a message was taken by the mail server or the SMS provider.
    sent: i64,
    /// Those of which a message is known to have arrived; of emails nobody tells.
    delivered: i64,
    /// Those to whom no message could be sent, or whose mail came back.
    failed: i64,
    /// Those of them whose mail came back.
    bounced: i64,
    /// Those who were shown the page with the button, or have begun.
    opened: i64,
    /// Those who have begun.
    started: i64,
    /// Those who have not begun.
    not_acted: i64,
    /// What became of the sessions that were begun: how many are of each status.
    outcomes: BTreeMap<String, i64>,
}

/// How many were reminded.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reminded {
    /// How many messages wait to be sent now.
    reminded: usize,
}

/// How many were sent to again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Retried {
    /// How many messages wait to be sent now.
    retried: u64,
}

impl From<Campaign> for CampaignDocument {
    fn from(campaign: Campaign) -> Self {
        Self {
            id: campaign.id,
            name: campaign.name,
            invited: campaign.invited,
            created_at: campaign.created_at,
            reminded_at: campaign.reminded_at,
        }
    }
}

impl From<Funnel> for FunnelDocument {
    fn from(funnel: Funnel) -> Self {
        Self {
            invited: funnel.invited,
            waiting: funnel.waiting,
            sent: funnel.sent,
            delivered: funnel.delivered,
            failed: funnel.failed,
            bounced: funnel.bounced,
            opened: funnel.opened,
            started: funnel.started,
            not_acted: funnel.not_acted,
            outcomes: funnel.outcomes,
        }
    }
}

/// Lists campaigns.
///
/// Newest first. A campaign is made by inviting people in it.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/campaigns", operation_id = "listCampaigns", tag = "Invitations",
    security(("bearer" = ["read"])), params(PageQuery),
    responses((status = 200, description = "A page of campaigns.", body = Page<CampaignDocument>)))]
pub async fn list(
    caller: Caller,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let (limit, before) = Query::read(&request, &[]).page(CampaignId::parse)?;
    let campaigns = state.store.campaigns(before, limit + 1).await?;
    let page: Page<CampaignDocument> =
        Page::new(campaigns, limit, |campaign| campaign.id.to_string());
    Ok(Answer::ok(&page).respond())
}

/// Shows a campaign and how far its people have come.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}", operation_id = "getCampaign", tag = "Invitations",
    security(("bearer" = ["read"])), responses((status = 200, description = "The campaign.", body = CampaignWithFunnel)))]
pub async fn get(
    caller: Caller,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let id = campaign_id(&id)?;
    let campaign = state.store.campaign(id).await?.ok_or(Problem::NotFound)?;
    let document = CampaignWithFunnel {
        campaign: campaign.into(),
        funnel: state.store.funnel(id).await?.into(),
    };
    Ok(Answer::ok(&document).respond())
}

/// Reminds those of a campaign who have not acted.
///
/// Only those who have not begun, whose link still works, to whom a message was sent more than 24 hours ago, and who have
/// not said that they want no more.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/remind", operation_id = "remindCampaign", tag = "Invitations",
    security(("bearer" = ["links"])),
    responses((status = 202, description = "How many are reminded.", body = Reminded), (status = 409, description = "sending_off")))]
pub async fn remind(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    let (id, body, own) = (campaign_id(&id)?, fields::bytes(body)?, state.clone());
    let store = caller.store(&state);
    idempotent::answer(&state, &caller, &request, &body, move |_| async move {
        let reminded = remind_all(&own, &store, id).await?;
        let reminded = reminded.ok_or(Problem::NotFound)?;
        Ok(Answer::accepted(&Reminded { reminded }))
    })
    .await
}

/// Reminds by the channels that are set up. `None`: there is no such campaign.
///
/// # Errors
/// When none is, or the database does not answer.
pub async fn remind_all(
    state: &State,
    store: &Store,
    id: CampaignId,
) -> Result<Option<usize>, Problem> {
    let (now, dispatch) = (state.clock.now(), &state.dispatch);
    if !Channel::ALL.into_iter().any(|by| dispatch.is_on(by)) {
        return Err(Problem::SendingOff);
    }
    let addresses = store.reminder_addresses(id, now).await?;
    let emails = addresses.iter().filter(|(by, _)| *by == Channel::Email);
    let digest = |email: &str| dispatch.unsubscribing.digest(email);
    let digests: Vec<String> = emails.map(|(_, email)| digest(email)).collect();
    let unwanted = store.unsubscribed(&digests).await?;
    let message = || MessageId::new(state.clock.uuid());
    let may = |by: Channel, to: &str| {
        dispatch.is_on(by) && (by == Channel::Sms || !unwanted.contains(&digest(to)))
    };
    Ok(store.remind(id, now, message, may).await?)
}

/// Sends again what could not be sent.
///
/// To each of a campaign's people whose last message failed or came back goes that message once more. Left out is who was sent
/// something since, who has begun, and whose link is over. What was sent is not sent twice.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/retry", operation_id = "retryCampaign", tag = "Invitations",
    security(("bearer" = ["links"])),
    responses((status = 202, description = "How many are sent to again.", body = Retried), (status = 409, description = "sending_off")))]
pub async fn retry(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    let (id, body, own) = (campaign_id(&id)?, fields::bytes(body)?, state.clone());
    let store = caller.store(&state);
    idempotent::answer(&state, &caller, &request, &body, move |_| async move {
        let channels = own.dispatch.channels();
        if channels.is_empty() {
            return Err(Problem::SendingOff);
        }
        let now = own.clock.now();
        let retried = store.retry_campaign(id, &channels, now).await?;
        let retried = retried.ok_or(Problem::NotFound)?;
        Ok(Answer::accepted(&Retried { retried }))
    })
    .await
}

fn campaign_id(text: &str) -> Result<CampaignId, Problem> {
    CampaignId::parse(text).ok_or(Problem::NotFound)
}
