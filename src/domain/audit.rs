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
    /// A session was started without a link.
    SessionStarted,
    /// A session's personal data was erased.
    SessionErased,
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
    /// A person was removed.
    PersonDeleted,
}

impl Action {
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
            Self::SessionStarted => "session.started",
            Self::SessionErased => "session.erased",
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
            Self::PersonDeleted => "person.deleted",
        }
    }

    /// The kind of object it is done to.
    #[must_use]
    pub fn object_kind(self) -> &'static str {
        self.as_str().split('.').next().unwrap_or_default()
    }
}
