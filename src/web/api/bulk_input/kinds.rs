//! The two kinds of rows: links, and people who are invited.

use serde_json::{Map, Value};

use super::{Columns, Refusal, Rows};
use crate::clock::Clock;
use crate::domain::field_error::FieldErrors;
use crate::domain::id::{CampaignId, LinkId, MessageId};
use crate::domain::invitation::{Campaign, Invited};
use crate::domain::link::Link;
use crate::domain::message::Channel;
use crate::domain::slug::Slug;
use crate::domain::timestamp::Timestamp;
use crate::store::imports::{Import, Imported};
use crate::store::{Store, StoreError};
use crate::web::api::fields::Fields;
use crate::web::api::invitation_input::{self, Common};
use crate::web::api::link_input;
use crate::web::api::presets_known::Presets;

/// Links.
#[derive(Debug, Clone, Copy, Default)]
pub struct Links;

impl Rows for Links {
    type Row = Link;

    const LIST: &'static str = "links";
    const UNIQUE: &'static str = "slug";
    const COMMON: &'static [&'static str] = &[];
    const COLUMNS: Columns = Columns {
        texts: &[
            "preset",
            "name",
            "expires_at",
            "language",
            "flow",
            "slug",
            "inactive_message",
        ],
        flags: &["confirm", "resume", "accept_ref", "signed"],
        has_usage: true,
        required: &["name", "usage"],
    };

    fn take_common(&mut self, _: Map<String, Value>) -> Result<(), Refusal> {
        Ok(())
    }

    fn unique(value: &str) -> Option<String> {
        Some(Slug::parse(value).ok()?.as_str().to_owned())
    }

    fn parse(
        &self,
        id: LinkId,
        map: Map<String, Value>,
        presets: &Presets,
        now: Timestamp,
    ) -> Result<Link, FieldErrors> {
        link_input::parse_undrawn(id, map, presets, now)
    }

    fn link(row: &Link) -> &Link {
        row
    }

    fn link_mut(row: &mut Link) -> &mut Link {
        row
    }

    async fn recall(&mut self, _: &Store) -> Result<(), StoreError> {
        Ok(())
    }

    async fn prepare(&mut self, _: &Store, _: &Clock) -> Result<(), StoreError> {
        Ok(())
    }

    async fn add(
        &self,
        import: &Import,
        _: &Clock,
        rows: &mut [Link],
    ) -> Result<Result<(), Vec<usize>>, StoreError> {
        import.add_links(rows).await
    }

    fn imported(&self, count: usize) -> Imported<'_> {
        Imported::Links(count)
    }

    async fn keep(
        &self,
        store: &Store,
        _: &Clock,
        rows: &mut [Link],
    ) -> Result<Result<(), usize>, StoreError> {
        store.insert_links(rows).await
    }
}

/// People who are invited.
#[derive(Debug, Clone, Default)]
pub struct Invitations {
    /// What they have in common.
    pub common: Common,
    /// The channels that are set up, each at its place in [`Channel::ALL`].
    pub sends: [bool; 2],
    /// Their campaign, once it is there.
    pub campaign: Option<Campaign>,
}

impl Rows for Invitations {
    type Row = Invited;

    const LIST: &'static str = "invitations";
    const UNIQUE: &'static str = "client_id";
    const COMMON: &'static [&'static str] = &Common::FIELDS;
    const COLUMNS: Columns = Columns {
        texts: &[
            "preset",
            "client_id",
            "first_name",
            "last_name",
            "email",
            "phone",
            "date_of_birth",
            "nationality",
            "sex",
            "personal_number",
            "document_number",
            "date_of_expiry",
            "date_of_issue",
            "address",
            "external_ref",
            "name",
            "expires_at",
            "language",
            "flow",
            "inactive_message",
        ],
        flags: &["confirm"],
        has_usage: false,
        required: &["client_id"],
    };

    fn take_common(&mut self, common: Map<String, Value>) -> Result<(), Refusal> {
        let mut fields = Fields::new(common);
        let said = Common::take(&mut fields);
        let on = Channel::ALL.into_iter().zip(self.sends);
        if on
            .into_iter()
            .any(|(channel, is_on)| said.send == Some(channel) && !is_on)
        {
            return Err(Refusal::SendingOff);
        }
        // What the address says holds where the body says nothing.
        self.common = Common {
            campaign: said.campaign.or(self.common.campaign.take()),
            send: said.send.or(self.common.send),
        };
        let errors = fields.end();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Wrong(errors))
        }
    }

    fn unique(value: &str) -> Option<String> {
        Some(value.to_owned())
    }

    fn parse(
        &self,
        id: LinkId,
        map: Map<String, Value>,
        presets: &Presets,
        now: Timestamp,
    ) -> Result<Invited, FieldErrors> {
        let mut invited = invitation_input::parse_undrawn(id, map, &self.common, presets, now)?;
        invited.invitation.campaign = self.campaign.as_ref().map(|campaign| campaign.id);
        Ok(invited)
    }

    fn link(row: &Invited) -> &Link {
        &row.link
    }

    fn link_mut(row: &mut Invited) -> &mut Link {
        &mut row.link
    }

    async fn recall(&mut self, store: &Store) -> Result<(), StoreError> {
        if let Some(name) = &self.common.campaign {
            self.campaign = store.campaign_named(name).await?;
        }
        Ok(())
    }

    async fn prepare(&mut self, store: &Store, clock: &Clock) -> Result<(), StoreError> {
        if let Some(wanted) = campaign(clock, self.common.campaign.as_deref()) {
            self.campaign = Some(store.campaign_for(&wanted).await?);
        }
        Ok(())
    }

    async fn add(
        &self,
        import: &Import,
        clock: &Clock,
        rows: &mut [Invited],
    ) -> Result<Result<(), Vec<usize>>, StoreError> {
        let message = || MessageId::new(clock.uuid());
        import.add_invited(rows, message).await
    }

    fn imported(&self, count: usize) -> Imported<'_> {
        Imported::Invitations(count, self.campaign.as_ref())
    }

    async fn keep(
        &self,
        store: &Store,
        clock: &Clock,
        rows: &mut [Invited],
    ) -> Result<Result<(), usize>, StoreError> {
        invite(store, clock, self.common.campaign.as_deref(), rows).await
    }
}

/// Invites people in the campaign of that name.
///
/// # Errors
/// When the database does not answer.
pub async fn invite(
    store: &Store,
    clock: &Clock,
    name: Option<&str>,
    people: &mut [Invited],
) -> Result<Result<(), usize>, StoreError> {
    let message = || MessageId::new(clock.uuid());
    let campaign = campaign(clock, name);
    store.invite(campaign.as_ref(), people, message).await
}

fn campaign(clock: &Clock, name: Option<&str>) -> Option<Campaign> {
    Some(Campaign {
        id: CampaignId::new(clock.uuid()),
        name: name?.to_owned(),
        invited: 0,
        created_at: clock.now(),
        reminded_at: None,
    })
}
