//! People who use the dashboard: who they are and what they may do.

use super::id::PersonId;
use super::timestamp::Timestamp;

/// Most characters of an email address, as mail servers have it.
const EMAIL_MAX: usize = 254;

/// Most characters of a person's name.
const NAME_MAX: usize = 100;

/// What a person may do; each may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Looks at everything but keys, endpoints and people.
    Viewer,
    /// Makes and changes links, starts and erases sessions.
    Editor,
    /// Looks after keys, endpoints, people and settings.
    Administrator,
}

impl Role {
    /// All of them, those who may least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Editor, Self::Administrator];

    /// The name at the command line and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Administrator => "admin",
        }
    }

    /// The name a person reads.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Viewer => "Viewer",
            Self::Editor => "Editor",
            Self::Administrator => "Administrator",
        }
    }

    /// What it may do, in a sentence.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Viewer => "Sees links, sessions and results, and changes nothing.",
            Self::Editor => "Also makes and changes links, and starts and erases sessions.",
            Self::Administrator => "Also looks after people, API keys and endpoints.",
        }
    }

    /// Reads a name as [`Role::as_str`] gives it, or `administrator`.
    ///
    /// # Errors
    /// A message for the sender.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text || role.title().eq_ignore_ascii_case(text))
            .ok_or_else(|| "must be viewer, editor or admin".to_owned())
    }
}

/// A person as kept, without what opens the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Names the person.
    pub id: PersonId,
    /// Signs in with it.
    pub email: String,
    /// What colleagues call this person.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// Whether a code is asked for beside the password.
    pub has_second_factor: bool,
    /// When the person was added.
    pub created_at: Timestamp,
    /// When the person last signed in.
    pub last_login_at: Option<Timestamp>,
}

impl Person {
    /// A person who is added now, and has not signed in yet.
    #[must_use]
    pub fn new(id: PersonId, email: String, name: String, role: Role, now: Timestamp) -> Self {
        Self {
            id,
            email,
            name,
            role,
            has_second_factor: false,
            created_at: now,
            last_login_at: None,
        }
    }
}

/// An email address, trimmed; whether mail arrives there only mail can tell.
///
/// # Errors
/// A message for the sender.
pub fn parse_email(text: &str) -> Result<String, String> {
    let text = text.trim();
    let looks_right = text
        .split_once('@')
        .is_some_and(|(local, host)| !local.is_empty() && !host.is_empty() && !host.contains('@'));
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>\",;:\\".contains(c);
    if looks_right && text.chars().count() <= EMAIL_MAX && text.chars().all(is_plain) {
        Ok(text.to_owned())
    } else {
        Err("must be an email address such as ana@example.com".to_owned())
    }
}

/// An email address as it is compared.
#[must_use]
pub fn fold_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// A person's name, trimmed.
///
/// # Errors
/// A message for the sender.
pub fn parse_person_name(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > NAME_MAX || text.chars().any(char::is_control) {
        Err(format!("must have 1 to {NAME_MAX} characters"))
    } else {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_add_up_and_keep_their_names() {
        assert!(Role::ALL.is_sorted());
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Ok(role));
        }
        assert_eq!(Role::parse("administrator"), Ok(Role::Administrator));
        assert!(Role::parse("root").is_err() && Role::parse("").is_err());
    }

    #[test]
    fn what_is_no_email_address_is_refused() {
        for good in ["ana@example.com", " Ana@EXAMPLE.com ", "a+b@localhost"] {
            assert_eq!(parse_email(good), Ok(good.trim().to_owned()));
        }
        let long = format!("{}@example.com", "a".repeat(254));
        for bad in [
            "", "ana", "@a", "a@", "a@b@c", "a b@c", "a\n@b", "<a@b>", &long,
        ] {
            assert!(parse_email(bad).is_err(), "{bad}");
        }
    }
}
