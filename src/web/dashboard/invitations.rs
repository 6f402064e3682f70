//! `/admin/invitations`: who was invited, and how far each has come.

use actix_web::web;
use askama::Template;

use super::operator::Operator;
use super::page::{Page, Section, show};
use super::paging::{Paging, ROWS};
use super::refused::{Answer, Refused};
use crate::domain::id::{CampaignId, InvitationId};
use crate::domain::invitation::{Campaign, Progress};
use crate::domain::person::Role;
use crate::store::invitations::{InvitationFilter, Standing};

pub(super) mod campaign;
pub(super) mod import;
pub mod imports;
pub(super) mod invitation;
pub(super) mod new;
pub(super) mod start;
mod words;

/// Where the list is.
const LIST: &str = "/admin/invitations";

/// Longest text that is searched for, in characters.
const TEXT_MAX: usize = 200;

/// Campaigns to choose from, the newest.
const CAMPAIGNS: i64 = 50;

/// The choice that stands for all who have not begun.
const NOT_ACTED: &str = "not_acted";

#[derive(Template)]
#[template(path = "dashboard/invitations.html")]
struct InvitationsPage {
    page: Page,
    invitations: Paging<Standing>,
    text: String,
    /// Every state: its name, its word, and whether invitations of it are shown.
    states: Vec<(&'static str, &'static str, bool)>,
    campaigns: Vec<Campaign>,
    campaign: Option<CampaignId>,
    is_narrowed: bool,
    may_edit: bool,
}

pub(super) async fn list(operator: Operator) -> Answer {
    let text: String = operator.asked("q").unwrap_or_default().trim().to_owned();
    let text: String = text.chars().take(TEXT_MAX).collect();
    let wanted = operator.asked("status").unwrap_or_default();
    let campaign = operator.asked("campaign").and_then(CampaignId::parse);
    let known = words::STATES.iter().any(|(name, _)| *name == wanted);
    let progress = (known && wanted != NOT_ACTED).then(|| Progress::from_name(wanted));
    let filter = InvitationFilter {
        campaign,
        has_not_acted: wanted == NOT_ACTED,
        progress,
        text: (!text.is_empty()).then(|| text.clone()),
        before: Paging::<Standing>::cursor(&operator, InvitationId::parse),
        limit: ROWS + 1,
        ..InvitationFilter::default()
    };
    let store = &operator.state.store;
    let found = store.invitations(&filter).await?;
    let mut campaigns = store.campaigns(None, CAMPAIGNS).await?;
    if let Some(id) = campaign
        && campaigns.iter().all(|campaign| campaign.id != id)
    {
        campaigns.extend(store.campaign(id).await?);
    }
    let states = words::STATES.into_iter();
    Ok(show(&InvitationsPage {
        page: operator.page("Invitations", Section::Invitations),
        invitations: Paging::new(&operator, found, |one| one.invitation.id.to_string()),
        is_narrowed: known
            || campaign.is_some()
            || !text.is_empty()
            || operator.asked("cursor").is_some(),
        states: states
            .map(|(name, word)| (name, word, name == wanted))
            .collect(),
        text,
        campaigns,
        campaign,
        may_edit: operator.may(Role::Editor),
    }))
}

/// The invitation that an address names.
async fn invitation_of(operator: &Operator, id: &str) -> Result<Standing, Refused> {
    let id = InvitationId::parse(id).ok_or(Refused::NotFound)?;
    let found = operator.state.store.invitation(id).await?;
    found.ok_or(Refused::NotFound)
}

/// The campaign that an address names.
async fn campaign_of(operator: &Operator, id: &str) -> Result<Campaign, Refused> {
    let id = CampaignId::parse(id).ok_or(Refused::NotFound)?;
    let found = operator.state.store.campaign(id).await?;
    found.ok_or(Refused::NotFound)
}

/// The address of an invitation's page.
fn address(id: InvitationId) -> String {
    format!("{LIST}/{id}")
}

/// A page below the list.
fn below(operator: &Operator, title: impl Into<String>) -> Page {
    operator
        .page(title, Section::Invitations)
        .below("Invitations", LIST)
}

/// Leads from the part of an address that names an invitation to the one of its link.
pub(super) async fn table(
    operator: Operator,
    request: actix_web::HttpRequest,
    id: web::Path<String>,
) -> Answer {
    let campaign = campaign_of(&operator, &id).await?;
    let filter = InvitationFilter {
        campaign: Some(campaign.id),
        has_not_acted: operator.asked("status") == Some(NOT_ACTED),
        ..InvitationFilter::default()
    };
    let table = crate::web::api::invitations_csv::table(&request, &operator.state, Some(filter));
    table.await.map_err(|_| Refused::Database(None))
}
