//! An invitation as the API answers it.

use serde::Serialize;
use utoipa::ToSchema;

use super::invitation_schemas::InvitationStatusSchema;
use super::link_document::LinkDocument;
use super::schemas::ChannelSchema;
use crate::domain::id::{CampaignId, InvitationId, SessionId};
use crate::domain::invitation::{Invitation, Invited, Progress};
use crate::domain::link::Link;
use crate::domain::message::{Channel, MessageKind};
use crate::domain::timestamp::Timestamp;
use crate::store::invitations::Standing;

/// A person who is invited, the link that is made for the person, and how far it has come.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invitation)]
pub struct InvitationDocument {
    /// Names the invitation in the API; its link has the same id.
    #[schema(value_type = String, format = "uuid")]
    id: InvitationId,
    link: LinkDocument,
    /// The campaign it belongs to.
    #[schema(required)]
    campaign: Option<CampaignName>,
    /// The customer; null once erased.
    #[schema(required)]
    client_id: Option<String>,
    /// First and last name; null once erased.
    #[schema(required)]
    person: Option<String>,
    /// Null once erased.
    #[schema(required)]
    email: Option<String>,
    /// In E.164; null once erased.
    #[schema(required)]
    phone: Option<String>,
    /// By what it is sent; null: it was handed over otherwise.
    #[schema(value_type = Option<ChannelSchema>, required)]
    channel: Option<&'static str>,
    /// What was sent of it last.
    #[schema(required)]
    message: Option<MessageState>,
    /// When a person was first shown the page with the button.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    opened_at: Option<Timestamp>,
    /// The session that the person began.
    #[schema(required)]
    session: Option<SessionState>,
    /// How far it has come.
    #[schema(value_type = InvitationStatusSchema)]
    status: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its personal data was erased.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    erased_at: Option<Timestamp>,
}

/// A campaign, by id and name.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignName {
    /// Names it in the API.
    #[schema(value_type = String, format = "uuid")]
    id: CampaignId,
    /// What people call it.
    name: String,
}

/// A message on its way to the person.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageState {
    /// `invitation` or `reminder`; `link` where the link itself was sent.
    kind: String,
    #[schema(value_type = ChannelSchema)]
    channel: &'static str,
    /// `pending`, `sent` (the mail server or the SMS provider took it), `delivered` (SMS alone), `failed` or `stopped`.
    status: String,
    /// How often it was tried.
    attempts: i64,
    /// When the provider took it.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    sent_at: Option<Timestamp>,
    /// Why it was not sent.
    #[schema(required)]
    error: Option<String>,
}

/// The session that the person began.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionState {
    /// Names it in the API.
    #[schema(value_type = String, format = "uuid")]
    id: SessionId,
    /// As sessions have it.
    status: String,
    /// Whether that is final.
    #[serde(rename = "final")]
    is_final: bool,
}

impl InvitationDocument {
    /// An invitation as it stands at `now`, with the `url` of its link.
    #[must_use]
    pub fn new(standing: &Standing, url: String, now: Timestamp) -> Self {
        let one = &standing.invitation;
        let campaign = one.campaign.zip(standing.campaign_name.clone());
        Self {
            message: standing.message.as_ref().map(|message| MessageState {
                kind: message.kind.clone(),
                channel: message.channel.as_str(),
                status: message.status.clone(),
                attempts: message.attempts,
                sent_at: message.sent_at,
                error: message.error.clone(),
            }),
            session: standing
                .session
                .as_ref()
                .map(|(id, status, is_final)| SessionState {
                    id: *id,
                    status: status.clone(),
                    is_final: *is_final,
                }),
            status: standing.progress.as_str().to_owned(),
            ..Self::bare(one, &standing.link, campaign, url, now)
        }
    }

    /// One that was made just now.
    #[must_use]
    pub fn fresh(made: &Invited, campaign: Option<&str>, url: String, now: Timestamp) -> Self {
        let one = &made.invitation;
        let campaign = one.campaign.zip(campaign.map(str::to_owned));
        let channel = one
            .channel
            .filter(|channel| one.address(*channel).is_some());
        let message = channel.map(|channel| MessageState {
            kind: MessageKind::Invitation.as_str().to_owned(),
            channel: channel.as_str(),
            status: Progress::Pending.as_str().to_owned(),
            attempts: 0,
            sent_at: None,
            error: None,
        });
        let progress = message
            .as_ref()
            .map_or(Progress::Created, |_| Progress::Pending);
        Self {
            message,
            status: progress.as_str().to_owned(),
            ..Self::bare(one, &made.link, campaign, url, now)
        }
    }

    fn bare(
        one: &Invitation,
        link: &Link,
        campaign: Option<(CampaignId, String)>,
        url: String,
        now: Timestamp,
    ) -> Self {
        Self {
            id: one.id,
            link: LinkDocument::new(link, url, now),
            campaign: campaign.map(|(id, name)| CampaignName { id, name }),
            client_id: one.client_id.clone(),
            person: one.name.clone(),
            email: one.email.clone(),
            phone: one.phone.clone(),
            channel: one.channel.map(Channel::as_str),
            message: None,
            opened_at: one.opened_at,
            session: None,
            status: String::new(),
            created_at: one.created_at,
            erased_at: one.erased_at,
        }
    }

    /// Names the invitation in the API.
    #[must_use]
    pub const fn id(&self) -> InvitationId {
        self.id
    }

    /// How far it has come.
    #[must_use]
    pub fn status(&self) -> &str {
        &self.status
    }
}
