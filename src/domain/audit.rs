//! Who did what: the words of the audit log.

use super::id::{KeyId, PersonId};

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A program, by its API key.
    Key {
        /// Which key.
        id: KeyId,
        /// What people call it.
        name: String,
    },
    /// Somebody in the dashboard.
    Person {
        /// Who.
        id: PersonId,
        /// What colleagues call this person.
        name: String,
    },
    /// Somebody at the command line.
    Command,
    /// The gateway by itself.
    System,
}

impl Actor {
    /// The names of all kinds in the API and the database.
    pub const KINDS: [&'static str; 4] = ["key", "person", "command", "system"];

    /// The name of its kind in the API and the database.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Key { .. } => "key",
            Self::Person { .. } => "person",
            Self::Command => "command",
            Self::System => "system",
        }
    }
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A link was made.
    LinkCreated,
    /// Many links were made at once; the object is the first of them.
    LinksImported,
    /// A link's name or message was changed.
    LinkUpdated,
    /// A link was switched on.
    LinkActivated,
    /// A link was switched off.
    LinkDeactivated,
    /// A link was deleted.
    LinkDeleted,
    /// A link was sent to a person by email or text message.
    LinkSent,
    /// Words of messages were changed.
    MessageWordsSet,
    /// A person was invited.
    InvitationCreated,
    /// Many people were invited at once; the object is the first invitation.
    InvitationsImported,
    /// An invitation was sent once more.
    InvitationSent,
    /// An invitation was withdrawn and its personal data erased.
    InvitationErased,
    /// Those of a campaign who have not acted were reminded.
    CampaignReminded,
    /// What could not be sent to a campaign's people was sent again.
    CampaignRetried,
    /// A session was started without a link.
    SessionStarted,
    /// A session's personal data was erased.
    SessionErased,
    /// A preset was made.
    PresetCreated,
    /// A preset was changed.
    PresetUpdated,
    /// A preset was deleted.
    PresetDeleted,
    /// An API key was made.
    KeyCreated,
    /// An API key was revoked.
    KeyRevoked,
    /// An endpoint was made.
    EndpointCreated,
    /// An endpoint was changed, or got another secret.
    EndpointUpdated,
    /// An endpoint was switched off.
    EndpointDisabled,
    /// An endpoint was deleted.
    EndpointDeleted,
    /// A person was added to the dashboard.
    PersonCreated,
    /// A person's name or role was changed.
    PersonUpdated,
    /// A person got another password.
    PersonPasswordSet,
    /// A person's sign-in asks for a code from now on.
    PersonSecondFactorOn,
    /// A person's sign-in asks for no code any more.
    PersonSecondFactorOff,
    /// A person signed in.
    PersonSignedIn,
    /// Somebody typed a wrong password or code for a person; noted once a minute at most.
    PersonSignInRefused,
    /// A recovery code of a person was used.
    PersonRecoveryCodeUsed,
    /// A person made new recovery codes.
    PersonRecoveryCodesMade,
    /// A person was removed.
    PersonDeleted,
}

impl Action {
    /// All, by the kind of object.
    pub const ALL: [Self; 35] = [
        Self::LinkCreated,
        Self::LinksImported,
        Self::LinkUpdated,
        Self::LinkActivated,
        Self::LinkDeactivated,
        Self::LinkDeleted,
        Self::LinkSent,
        Self::MessageWordsSet,
        Self::InvitationCreated,
        Self::InvitationsImported,
        Self::InvitationSent,
        Self::InvitationErased,
        Self::CampaignReminded,
        Self::CampaignRetried,
        Self::SessionStarted,
        Self::SessionErased,
        Self::PresetCreated,
        Self::PresetUpdated,
        Self::PresetDeleted,
        Self::KeyCreated,
        Self::KeyRevoked,
        Self::EndpointCreated,
        Self::EndpointUpdated,
        Self::EndpointDisabled,
        Self::EndpointDeleted,
        Self::PersonCreated,
        Self::PersonUpdated,
        Self::PersonPasswordSet,
        Self::PersonSecondFactorOn,
        Self::PersonSecondFactorOff,
        Self::PersonSignedIn,
        Self::PersonSignInRefused,
        Self::PersonRecoveryCodeUsed,
        Self::PersonRecoveryCodesMade,
        Self::PersonDeleted,
    ];

    /// The name in the API and the database: the kind of object, a point, what became of it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LinkCreated => "link.created",
            Self::LinksImported => "link.imported",
            Self::LinkUpdated => "link.updated",
            Self::LinkActivated => "link.activated",
            Self::LinkDeactivated => "link.deactivated",
            Self::LinkDeleted => "link.deleted",
            Self::LinkSent => "link.sent",
            Self::MessageWordsSet => "message.words_set",
            Self::InvitationCreated => "invitation.created",
            Self::InvitationsImported => "invitation.imported",
            Self::InvitationSent => "invitation.sent",
            Self::InvitationErased => "invitation.erased",
            Self::CampaignReminded => "campaign.reminded",
            Self::CampaignRetried => "campaign.retried",
            Self::SessionStarted => "session.started",
            Self::SessionErased => "session.erased",
            Self::PresetCreated => "preset.created",
            Self::PresetUpdated => "preset.updated",
            Self::PresetDeleted => "preset.deleted",
            Self::KeyCreated => "key.created",
            Self::KeyRevoked => "key.revoked",
            Self::EndpointCreated => "endpoint.created",
            Self::EndpointUpdated => "endpoint.updated",
            Self::EndpointDisabled => "endpoint.disabled",
            Self::EndpointDeleted => "endpoint.deleted",
            Self::PersonCreated => "person.created",
            Self::PersonUpdated => "person.updated",
            Self::PersonPasswordSet => "person.password_set",
            Self::PersonSecondFactorOn => "person.second_factor_on",
            Self::PersonSecondFactorOff => "person.second_factor_off",
            Self::PersonSignedIn => "person.signed_in",
            Self::PersonSignInRefused => "person.sign_in_refused",
            Self::PersonRecoveryCodeUsed => "person.recovery_code_used",
            Self::PersonRecoveryCodesMade => "person.recovery_codes_made",
            Self::PersonDeleted => "person.deleted",
        }
    }

    /// What is done, in words that follow who does it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::LinkCreated => "made a link",
            Self::LinksImported => "made many links at once",
            Self::LinkUpdated => "changed a link",
            Self::LinkActivated => "switched a link on",
            Self::LinkDeactivated => "switched a link off",
            Self::LinkDeleted => "deleted a link",
            Self::LinkSent => "sent a link to a person",
            Self::MessageWordsSet => "changed the words of messages",
            Self::InvitationCreated => "invited a person",
            Self::InvitationsImported => "invited many people at once",
            Self::InvitationSent => "sent an invitation once more",
            Self::InvitationErased => "withdrew an invitation and erased its personal data",
            Self::CampaignReminded => "reminded the people of a campaign",
            Self::CampaignRetried => "sent again what had failed of a campaign",
            Self::SessionStarted => "started a session",
            Self::SessionErased => "erased a session's personal data",
            Self::PresetCreated => "made a preset",
            Self::PresetUpdated => "changed a preset",
            Self::PresetDeleted => "deleted a preset",
            Self::KeyCreated => "made an API key",
            Self::KeyRevoked => "revoked an API key",
            Self::EndpointCreated => "made an endpoint",
            Self::EndpointUpdated => "changed an endpoint",
            Self::EndpointDisabled => "switched an endpoint off",
            Self::EndpointDeleted => "deleted an endpoint",
            Self::PersonCreated => "added a person",
            Self::PersonUpdated => "changed a person's name or role",
            Self::PersonPasswordSet => "set a password",
            Self::PersonSecondFactorOn => "turned a second factor on",
            Self::PersonSecondFactorOff => "turned a second factor off",
            Self::PersonSignedIn => "signed in",
            Self::PersonSignInRefused => "refused a sign-in",
            Self::PersonRecoveryCodeUsed => "used a recovery code",
            Self::PersonRecoveryCodesMade => "made new recovery codes",
            Self::PersonDeleted => "removed a person",
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }

    /// The kind of object it is done to.
    #[must_use]
    pub fn object_kind(self) -> &'static str {
        self.as_str().split('.').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_read_by_its_name() {
        for (at, action) in Action::ALL.into_iter().enumerate() {
            assert_eq!(Action::parse(action.as_str()), Some(action));
            let others = Action::ALL[..at].iter();
            assert!(
                others
                    .map(|other| other.words())
                    .all(|words| words != action.words())
            );
        }
        assert_eq!(Action::parse("link"), None);
    }
}
