//! Reads what makes an invitation: the one parser behind the API, the command line and the dashboard.

use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::link_input;
use super::presets_known::Presets;
use crate::domain::contact::{parse_phone, parse_recipient_email};
use crate::domain::field_error::FieldErrors;
use crate::domain::flow::Flow;
use crate::domain::id::LinkId;
use crate::domain::invitation::{Invitation, Invited};
use crate::domain::link::{Link, parse_name};
use crate::domain::message::Channel;
use crate::domain::slug::Slug;
use crate::domain::timestamp::Timestamp;
use crate::domain::token_options::TokenOptions;

/// What a link is called that nobody gave a name: nothing personal.
const NAME: &str = "Invitation";

/// What is known of the person: our name of it, and that of iDenfy's parameter.
pub const PERSONAL: [(&str, &str); 12] = [
    ("client_id", "clientId"),
    ("first_name", "firstName"),
    ("last_name", "lastName"),
    ("date_of_birth", "dateOfBirth"),
    ("nationality", "nationality"),
    ("sex", "sex"),
    ("personal_number", "personalNumber"),
    ("document_number", "documentNumber"),
    ("date_of_expiry", "dateOfExpiry"),
    ("date_of_issue", "dateOfIssue"),
    ("address", "address"),
    ("external_ref", "externalRef"),
];

/// What the link is made with beside it.
pub const OF_LINK: [&str; 6] = [
    "preset",
    "name",
    "expires_at",
    "language",
    "flow",
    "inactive_message",
];

/// What many invitations have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Common {
    /// The name of their campaign.
    pub campaign: Option<String>,
    /// By what they are sent.
    pub send: Option<Channel>,
}

impl Common {
    /// Their names in a request.
    pub const FIELDS: [&'static str; 2] = ["campaign", "send"];

    /// Takes them out of a request.
    pub fn take(fields: &mut Fields) -> Self {
        Self {
            campaign: fields.text("campaign", parse_name),
            send: fields.text("send", Channel::parse),
        }
    }
}

/// Makes an invitation of the fields of a request.
///
/// # Errors
/// Every field that is wrong.
pub fn parse(
    id: LinkId,
    map: Map<String, Value>,
    common: &Common,
    presets: &Presets,
    now: Timestamp,
) -> Result<Invited, FieldErrors> {
    let mut made = parse_undrawn(id, map, common, presets, now)?;
    made.link.terms.slug = Slug::generate();
    Ok(made)
}

/// The same, the link's slug left undrawn.
///
/// # Errors
/// Every field that is wrong.
pub fn parse_undrawn(
    id: LinkId,
    map: Map<String, Value>,
    common: &Common,
    presets: &Presets,
    now: Timestamp,
) -> Result<Invited, FieldErrors> {
    let mut fields = Fields::new(map);
    for (channel, name) in [(Channel::Email, "email"), (Channel::Sms, "phone")] {
        if common.send == Some(channel) && !fields.has(name) {
            fields.missing::<()>(name);
        }
    }
    let email = fields.text("email", parse_recipient_email);
    let phone = fields.text("phone", parse_phone);
    let person = person(&mut fields);
    let link = link(&mut fields, &person, common, presets);
    let mut errors = fields.end();
    let link = match link_input::parse_undrawn(id, link, presets, now) {
        Ok(link) => Some(link),
        Err(wrong) => {
            errors.extend_below("", wrong);
            None
        }
    };
    match link {
        Some(link) if errors.is_empty() => Ok(invited(link, &person, email, phone, common)),
        _ => Err(errors),
    }
}

/// What is known of the person, as iDenfy names it; checked as it would be for any flow that sends it.
fn person(fields: &mut Fields) -> Map<String, Value> {
    let mut person = Map::new();
    for (own, theirs) in PERSONAL {
        if let Some(value) = fields.take(own) {
            person.insert(theirs.to_owned(), value);
        }
    }
    if !person.contains_key("clientId") {
        fields.errors.push("client_id", "is required");
    }
    let given = Value::Object(person);
    if let Err(wrong) = TokenOptions::parse(Flow::DocumentAndSelfie, Some(&given)) {
        for error in wrong.into_vec() {
            let own = PERSONAL.iter().find(|(_, theirs)| *theirs == error.field);
            let name = own.map_or(&*error.field, |(own, _)| own);
            fields.errors.push(name, error.message);
        }
    }
    match given {
        Value::Object(person) if fields.errors.is_empty() => person,
        _ => Map::new(),
    }
}

/// The fields of the link.
fn link(
    fields: &mut Fields,
    person: &Map<String, Value>,
    common: &Common,
    presets: &Presets,
) -> Map<String, Value> {
    let mut link = Map::new();
    for name in OF_LINK {
        link.extend(fields.take(name).map(|value| (name.to_owned(), value)));
    }
    if !link.contains_key("name") {
        let name = common.campaign.as_deref().unwrap_or(NAME);
        link.insert("name".to_owned(), name.into());
    }
    link.insert("usage".to_owned(), json!({"type": "single"}));
    let confirm = fields.take("confirm").unwrap_or(Value::Bool(true));
    link.insert("confirm".to_owned(), confirm);
    let sends_person = presets.flow_of(&link) != Flow::Selfie;
    match fields.take("token").unwrap_or_else(|| json!({})) {
        Value::Object(mut token) => {
            for (own, theirs) in PERSONAL {
                if token.remove(theirs).is_some_and(|value| !value.is_null()) {
                    let name = format!("token.{theirs}");
                    fields
                        .errors
                        .push(name, format!("is {own} here: leave it out of token"));
                }
            }
            if sends_person {
                token.extend(person.clone());
            }
            link.insert("token".to_owned(), token.into());
        }
        other => drop(link.insert("token".to_owned(), other)),
    }
    link
}

fn invited(
    link: Link,
    person: &Map<String, Value>,
    email: Option<String>,
    phone: Option<String>,
    common: &Common,
) -> Invited {
    let text = |name: &str| person.get(name).and_then(Value::as_str);
    let names: Vec<&str> = ["firstName", "lastName"]
        .into_iter()
        .filter_map(text)
        .collect();
    Invited {
        invitation: Invitation {
            id: link.terms.id.invitation(),
            campaign: None,
            channel: common.send,
            client_id: text("clientId").map(str::to_owned),
            name: Some(names.join(" ")).filter(|name| !name.is_empty()),
            email,
            phone,
            created_at: link.terms.created_at,
            opened_at: None,
            erased_at: None,
        },
        link,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(given: Value, send: Option<Channel>) -> Result<Invited, Vec<String>> {
        let Value::Object(map) = given else {
            panic!("an object")
        };
        let common = Common {
            campaign: None,
            send,
        };
        let id = LinkId::new(uuid::Uuid::now_v7());
        let read = parse(
            id,
            map,
            &common,
            &Presets::default(),
            Timestamp::from_millis(0),
        );
        read.map_err(|errors| errors.iter().map(|error| error.field.clone()).collect())
    }

    #[test]
    fn a_person_becomes_the_options_of_a_single_use_link() {
        let given = json!({"client_id": "c-1", "first_name": "Ana", "last_name": "Ūsaitė", "date_of_birth": "1990-05-17",
                           "email": "ana@example.com", "token": {"checkAml": true}});
        let read = read(given, Some(Channel::Email)).unwrap();
        let (link, person) = (read.link, read.invitation);
        assert!(link.terms.confirm && link.terms.usage == crate::domain::usage::Usage::Single);
        assert_eq!(link.name, NAME);
        let token = Value::Object(link.terms.token.as_map().clone());
        let wanted = json!({"clientId": "c-1", "firstName": "Ana", "lastName": "Ūsaitė", "dateOfBirth": "1990-05-17", "checkAml": true});
        assert_eq!(token, wanted);
        assert_eq!(person.name.as_deref(), Some("Ana Ūsaitė"));
        assert_eq!(person.address(Channel::Email), Some("ana@example.com"));
    }

    #[test]
    fn of_the_flow_selfie_nothing_about_the_person_is_sent() {
        let given = json!({"client_id": "c-1", "first_name": "Ana", "flow": "selfie",
                           "token": {"min_age": 18, "confidence_threshold": 80}});
        let read = read(given, None).unwrap();
        assert_eq!(read.link.terms.token.as_map().len(), 2);
        assert_eq!(read.invitation.client_id.as_deref(), Some("c-1"));
    }

    #[test]
    fn every_mistake_is_told_at_its_own_field() {
        for (given, send, wanted) in [
            (json!({}), None, vec!["client_id"]),
            (json!({"client_id": "č"}), None, vec!["client_id"]),
            (
                json!({"client_id": "c"}),
                Some(Channel::Email),
                vec!["email"],
            ),
            (
                json!({"client_id": "c", "email": "a@b.c"}),
                Some(Channel::Sms),
                vec!["phone"],
            ),
            (
                json!({"client_id": "c", "email": "a", "phone": "030"}),
                None,
                vec!["email", "phone"],
            ),
            (
                json!({"client_id": "c", "date_of_birth": "17.5.1990", "first_name": "4na"}),
                None,
                vec!["date_of_birth", "first_name"],
            ),
            (
                json!({"client_id": "c", "token": {"clientId": "d", "country": "XX"}, "usage": {}}),
                None,
                vec!["token.clientId", "usage", "token.country"],
            ),
            (
                json!({"client_id": "c", "flow": "selfie"}),
                None,
                vec!["token.min_age", "token.confidence_threshold"],
            ),
            (
                json!({"client_id": "c", "token": 1, "confirm": 1, "language": "xx"}),
                None,
                vec!["language", "confirm", "token"],
            ),
        ] {
            let mut told = read(given.clone(), send).expect_err("a mistake");
            let mut wanted: Vec<String> = wanted.into_iter().map(str::to_owned).collect();
            told.sort();
            wanted.sort();
            assert_eq!(told, wanted, "{given}");
        }
    }
}
