//! `/admin/campaigns`: campaigns, how far their people have come, and reminding them.

use actix_web::web;
use askama::Template;

use super::{LIST, campaign_of, words};
use crate::domain::id::CampaignId;
use crate::domain::invitation::Campaign;
use crate::domain::message::Channel;
use crate::domain::person::Role;
use crate::domain::session::Status;
use crate::store::campaigns::Funnel;
use crate::store::invitations::{InvitationFilter, Standing};
use crate::store::messages::ChannelFault;
use crate::web::api::campaigns::remind_all;
use crate::web::dashboard::chart::grouped;
use crate::web::dashboard::flash::Flash;
use crate::web::dashboard::operator::Operator;
use crate::web::dashboard::page::{Page, Section, show as show_page};
use crate::web::dashboard::paging::{Paging, ROWS};
use crate::web::dashboard::refused::{Answer, Refused};
use crate::web::dashboard::{confirm, tags};

/// People who have not acted that are named on the page.
const NAMED: i64 = 10;

#[derive(Template)]
#[template(path = "dashboard/campaigns.html")]
struct CampaignsPage {
    page: Page,
    campaigns: Paging<Campaign>,
    may_edit: bool,
}

#[derive(Template)]
#[template(path = "dashboard/campaign.html")]
struct CampaignPage {
    page: Page,
    campaign: Campaign,
    here: String,
    /// Each step: what it is called, what it means, and how many.
    steps: Vec<(&'static str, &'static str, i64)>,
    /// What became of the verifications, and how many.
    outcomes: Vec<(String, i64)>,
    funnel: Funnel,
    waiting_for: Vec<Standing>,
    /// How many would be reminded now; none where nothing can be sent.
    due: Option<usize>,
    /// How many would be sent to again.
    failed: i64,
    /// Channels by which nothing can be sent now.
    resting: Vec<ChannelFault>,
    may_edit: bool,
}

pub(in crate::web::dashboard) async fn list(operator: Operator) -> Answer {
    let before = Paging::<Campaign>::cursor(&operator, CampaignId::parse);
    let campaigns = operator.state.store.campaigns(before, ROWS + 1).await?;
    Ok(show_page(&CampaignsPage {
        page: operator
            .page("Campaigns", Section::Invitations)
            .below("Invitations", LIST),
        campaigns: Paging::new(&operator, campaigns, |campaign| campaign.id.to_string()),
        may_edit: operator.may(Role::Editor),
    }))
}

pub(in crate::web::dashboard) async fn show(operator: Operator, id: web::Path<String>) -> Answer {
    let campaign = campaign_of(&operator, &id).await?;
    let store = &operator.state.store;
    let funnel = store.funnel(campaign.id).await?;
    let filter = InvitationFilter {
        campaign: Some(campaign.id),
        has_not_acted: true,
        limit: NAMED,
        ..InvitationFilter::default()
    };
    let waiting_for = store.invitations(&filter).await?;
    let channels = operator.state.dispatch.channels();
    let failed = store.failed_of_campaign(campaign.id, &channels, operator.now);
    let failed = failed.await?;
    let resting = match funnel.waiting {
        0 => Vec::new(),
        _ => store.channel_faults().await?,
    };
    let outcome = |(name, n): (&String, &i64)| (tags::status(&Status::from_name(name)).word, *n);
    Ok(show_page(&CampaignPage {
        page: operator
            .page(&*campaign.name, Section::Invitations)
            .below("Invitations", LIST)
            .below("Campaigns", "/admin/campaigns"),
        here: address(campaign.id),
        steps: steps(&funnel),
        outcomes: funnel.outcomes.iter().map(outcome).collect(),
        due: due(&operator, campaign.id).await?,
        failed,
        resting,
        campaign,
        funnel,
        waiting_for,
        may_edit: operator.may(Role::Editor),
    }))
}

fn steps(funnel: &Funnel) -> Vec<(&'static str, &'static str, i64)> {
    let approved = funnel.outcomes.get("approved").copied().unwrap_or_default();
    let mut steps = vec![
        ("Invited", "", funnel.invited),
        (
            "Sent",
            "taken by the mail server or the SMS provider",
            funnel.sent,
        ),
    ];
    if funnel.delivered > 0 {
        steps.push((
            "Arrived",
            "as the SMS provider says; of emails nobody does",
            funnel.delivered,
        ));
    }
    steps.extend([
        ("Opened", "saw the page with the button", funnel.opened),
        ("Begun", "pressed it and went on to iDenfy", funnel.started),
        ("Approved", "", approved),
    ]);
    steps
}

/// How many would be reminded now; none where nothing can be sent.
async fn due(operator: &Operator, id: CampaignId) -> Result<Option<usize>, Refused> {
    let dispatch = &operator.state.dispatch;
    if !Channel::ALL.into_iter().any(|by| dispatch.is_on(by)) {
        return Ok(None);
    }
    let due = operator.state.store.reminder_addresses(id, operator.now);
    let due = due.await?.into_iter().filter(|(by, _)| dispatch.is_on(*by));
    Ok(Some(due.count()))
}

pub(in crate::web::dashboard) async fn ask_remind(
    operator: Operator,
    id: web::Path<String>,
) -> Answer {
    let campaign = campaign_of(&operator, &id).await?;
    let back = address(campaign.id);
    let people = match due(&operator, campaign.id).await? {
        Some(0) | None => {
            let flash = Flash::trouble("There is nobody to remind now.");
            return Ok(operator.redirect_with(&flash, &back));
        }
        Some(1) => "1 person".to_owned(),
        Some(many) => format!(
            "{} people",
            grouped(i64::try_from(many).unwrap_or(i64::MAX))
        ),
    };
    let page = operator
        .page(
            format!("Remind {people} of {}?", campaign.name),
            Section::Invitations,
        )
        .below("Invitations", "/admin/invitations")
        .below("Campaigns", "/admin/campaigns")
        .below(&*campaign.name, &*back);
    let consequences = vec![
        format!("{people} who have not begun are sent a reminder, the way they were invited."),
        "Left out is everybody who has begun, whose link is over, to whom something was sent in the last 24 hours, to whom nothing could be sent, or who wants no more."
            .to_owned(),
    ];
    Ok(confirm::ask_harmless(
        page,
        consequences,
        format!("Remind {people}"),
        back,
    ))
}

pub(in crate::web::dashboard) async fn remind(operator: Operator, id: web::Path<String>) -> Answer {
    let campaign = campaign_of(&operator, &id).await?;
    let reminded = remind_all(&operator.state, &operator.store(), campaign.id).await;
    let flash = match reminded {
        Ok(Some(0)) => Flash::trouble("There is nobody to remind now."),
        Ok(Some(1)) => Flash::done("1 reminder is on its way."),
        Ok(Some(many)) => Flash::done(format!("{many} reminders are on their way.")),
        Ok(None) => return Err(Refused::NotFound),
        Err(crate::web::problem::Problem::Database(error)) => {
            return Err(error.map_or(Refused::Database(None), Refused::from));
        }
        Err(_) => Flash::trouble("Sending is not set up."),
    };
    Ok(operator.redirect_with(&flash, &address(campaign.id)))
}

/// Sends again what could not be sent.
pub(in crate::web::dashboard) async fn retry(operator: Operator, id: web::Path<String>) -> Answer {
    let campaign = campaign_of(&operator, &id).await?;
    let (store, channels) = (operator.store(), operator.state.dispatch.channels());
    let retried = store.retry_campaign(campaign.id, &channels, operator.now);
    let flash = match retried.await?.ok_or(Refused::NotFound)? {
        0 => Flash::trouble("There is nobody to send to again now."),
        1 => Flash::done("1 message is on its way again."),
        many => Flash::done(format!("{many} messages are on their way again.")),
    };
    Ok(operator.redirect_with(&flash, &address(campaign.id)))
}

fn address(id: CampaignId) -> String {
    format!("/admin/campaigns/{id}")
}
