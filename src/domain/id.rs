//! Identifiers: UUIDv7, written as text, so that their order is the order of creation.

use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID.
            #[must_use]
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Reads the hyphenated text form; `None` for anything else.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                (text.len() == 36).then(|| Uuid::try_parse(text).ok().map(Self)).flatten()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl<DB: sqlx::Database> sqlx::Type<DB> for $name
        where
            String: sqlx::Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                String::type_info()
            }

            fn compatible(ty: &DB::TypeInfo) -> bool {
                String::compatible(ty)
            }
        }

        impl<'q, DB: sqlx::Database> sqlx::Encode<'q, DB> for $name
        where
            String: sqlx::Encode<'q, DB>,
        {
            fn encode_by_ref(
                &self,
                buf: &mut DB::ArgumentBuffer,
            ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
                self.to_string().encode(buf)
            }
        }

        impl<'r, DB: sqlx::Database> sqlx::Decode<'r, DB> for $name
        where
            &'r str: sqlx::Decode<'r, DB>,
        {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
                let text = <&str as sqlx::Decode<DB>>::decode(value)?;
                Self::parse(text).ok_or_else(|| "not a UUID".into())
            }
        }
    };
}

id!(
    /// Names a link.
    LinkId
);
id!(
    /// Names a verification session.
    SessionId
);
impl SessionId {
    /// A clientId for the session: a UUIDv7 of the same millisecond, so that the one leads to the other, whose other 74
    /// bits are random, so that neither tells the other.
    #[must_use]
    pub fn fresh_client_id(self) -> String {
        let ms = u64::from_be_bytes(self.0.as_bytes()[..8].try_into().unwrap_or_default()) >> 16;
        let random = Uuid::new_v4().into_bytes();
        let mut bytes = [0; 10];
        bytes[..6].copy_from_slice(&random[..6]);
        bytes[6..].copy_from_slice(&random[10..14]);
        uuid::Builder::from_unix_timestamp_millis(ms, &bytes)
            .into_uuid()
            .to_string()
    }
}

id!(
    /// Names an API key.
    KeyId
);
id!(
    /// Names an event.
    EventId
);
impl EventId {
    /// Names the event that tells of a session's start where nobody else told of it: the same one however often.
    #[must_use]
    pub const fn of_start(session: SessionId) -> Self {
        Self(session.0)
    }
}

id!(
    /// Names an endpoint of the customer's.
    EndpointId
);
id!(
    /// Names a delivery of one event to one endpoint.
    DeliveryId
);

id!(
    /// Names a preset.
    PresetId
);

id!(
    /// Names a line of the audit log.
    AuditId
);

id!(
    /// Names a person who uses the dashboard.
    PersonId
);
id!(
    /// Names a browser that a person is signed in with.
    BrowserSessionId
);

id!(
    /// Names a message on its way to a person.
    MessageId
);
id!(
    /// Names a person's invitation.
    InvitationId
);
impl InvitationId {
    /// The link of the invitation, which bears the same id.
    #[must_use]
    pub const fn link(self) -> LinkId {
        LinkId(self.0)
    }
}
impl LinkId {
    /// The invitation of the link, if it has one.
    #[must_use]
    pub const fn invitation(self) -> InvitationId {
        InvitationId(self.0)
    }
}
id!(
    /// Names a campaign of invitations.
    CampaignId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_is_of_its_sessions_millisecond_and_otherwise_its_own() {
        let id = SessionId::new(Uuid::now_v7());
        let (a, b) = (id.fresh_client_id(), id.fresh_client_id());
        assert_eq!(a[..13], id.to_string()[..13]);
        assert!(a != b && a[15..] != id.to_string()[15..]);
    }
}
