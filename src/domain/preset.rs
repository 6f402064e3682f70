//! Presets: named sets of a link's options, to make links from.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::flow::Flow;
use super::id::PresetId;
use super::link::Link;
use super::locale::Locale;
use super::timestamp::Timestamp;
use super::token_options::TokenOptions;

/// The most presets there are at a time: few enough to choose from one list.
pub const PRESETS_MAX: i64 = 500;

/// Parameters that tell of one customer: nothing that is made from a link for others takes them over.
pub const OF_ONE_CUSTOMER: [&str; 13] = [
    "clientId",
    "externalRef",
    "firstName",
    "lastName",
    "dateOfBirth",
    "sex",
    "nationality",
    "personalNumber",
    "address",
    "documentNumber",
    "dateOfIssue",
    "dateOfExpiry",
    "additionalData",
];

/// A named set of options. Links that were made from it know nothing of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Preset {
    /// Its name inside the program.
    pub id: PresetId,
    /// What people call it; no two are the same, in any case.
    pub name: String,
    /// What it sets.
    pub options: PresetOptions,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// Options of a link that were checked, by their names in the API: exactly those that were set.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PresetOptions(Map<String, Value>);

impl PresetOptions {
    /// Takes options that were checked.
    #[must_use]
    pub const fn from_checked(map: Map<String, Value>) -> Self {
        Self(map)
    }

    /// The options of a link that others may share: nothing that tells of one customer.
    #[must_use]
    pub fn of(link: &Link) -> Self {
        let terms = &link.terms;
        let mut map = Map::new();
        let mut set = |name: &str, value: Value| drop(map.insert(name.to_owned(), value));
        set("flow", terms.flow.as_str().into());
        if let Some(language) = terms.language {
            set("language", language.as_str().into());
        }
        set("confirm", terms.confirm.into());
        set("resume", terms.resume.into());
        set("accept_ref", terms.accept_ref.into());
        if let Some(message) = &link.inactive_message {
            set("inactive_message", message.as_str().into());
        }
        let token = terms.token.as_map().clone().into_iter();
        let token = token.filter(|(name, _)| !OF_ONE_CUSTOMER.contains(&&**name));
        set("token", token.collect::<Map<_, _>>().into());
        Self(map)
    }

    /// The options by their names in the API.
    #[must_use]
    pub const fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Which verification, where that is set.
    #[must_use]
    pub fn flow(&self) -> Option<Flow> {
        Flow::parse(self.text("flow")?).ok()
    }

    /// Which language, where that is set.
    #[must_use]
    pub fn language(&self) -> Option<Locale> {
        Locale::parse(self.text("language")?).ok()
    }

    /// The words for visitors who come too late, where they are set.
    #[must_use]
    pub fn inactive_message(&self) -> Option<&str> {
        self.text("inactive_message")
    }

    /// `confirm`, `resume` or `accept_ref`, where that is set.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.0.get(name).and_then(Value::as_bool)
    }

    /// What is sent along to iDenfy.
    #[must_use]
    pub fn token(&self) -> TokenOptions {
        let token = self.0.get("token").and_then(Value::as_object);
        TokenOptions::from_stored(token.cloned().unwrap_or_default())
    }

    /// Puts the options below what is given of a link: that stays as it is, `token` parameter by parameter. Where another
    /// flow is given, parameters that it does not take are left out.
    pub fn fill(&self, given: &mut Map<String, Value>) {
        for (name, value) in &self.0 {
            if name != "token" && given.get(name).is_none_or(Value::is_null) {
                given.insert(name.clone(), value.clone());
            }
        }
        let own = given.get("flow").filter(|flow| !flow.is_null());
        let flow = own.map_or_else(
            || Some(Flow::default()),
            |flow| Flow::parse(flow.as_str()?).ok(),
        );
        let token = given
            .entry("token")
            .and_modify(|token| {
                if token.is_null() {
                    *token = Map::new().into();
                }
            })
            .or_insert_with(|| Map::new().into());
        // What is no object, and what no flow says anything of, is refused by whoever reads it.
        let (Some(token), Some(flow)) = (token.as_object_mut(), flow) else {
            return;
        };
        let known = TokenOptions::fields(flow);
        for (name, value) in self.token().as_map() {
            let is_taken = known.iter().any(|field| field.name == name);
            if is_taken && token.get(name).is_none_or(Value::is_null) {
                token.insert(name.clone(), value.clone());
            }
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }
}

/// Names alone: values may be personal data.
impl fmt::Debug for PresetOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresetOptions")?;
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filled(options: &Value, given: &Value) -> Value {
        let options = PresetOptions::from_checked(options.as_object().cloned().unwrap());
        let mut given = given.as_object().cloned().unwrap();
        options.fill(&mut given);
        given.into()
    }

    #[test]
    fn what_is_given_beats_what_is_preset() {
        let preset = json!({
            "flow": "document", "language": "de", "confirm": true,
            "token": {"checkAml": true, "country": ["DE"], "ageLimit": 18}
        });
        for (given, wanted) in [
            (
                json!({"name": "A"}),
                json!({"name": "A", "flow": "document", "language": "de", "confirm": true,
                    "token": {"checkAml": true, "country": ["DE"], "ageLimit": 18}}),
            ),
            (
                json!({"flow": null, "language": "fr", "confirm": false,
                    "token": {"country": ["AT"], "checkAml": null, "theme": "x"}}),
                json!({"flow": "document", "language": "fr", "confirm": false,
                    "token": {"country": ["AT"], "checkAml": true, "theme": "x", "ageLimit": 18}}),
            ),
            (
                json!({"flow": "selfie", "token": {"min_age": 18}}),
                json!({"flow": "selfie", "language": "de", "confirm": true, "token": {"min_age": 18}}),
            ),
            (
                json!({"flow": null}),
                json!({"flow": "document", "language": "de", "confirm": true,
                    "token": {"checkAml": true, "country": ["DE"], "ageLimit": 18}}),
            ),
            (
                json!({"flow": "none", "token": 7}),
                json!({"flow": "none", "language": "de", "confirm": true, "token": 7}),
            ),
        ] {
            assert_eq!(filled(&preset, &given), wanted);
        }
        let flowless = json!({"token": {"checkAml": true}});
        let given = filled(&flowless, &json!({"flow": null}));
        assert_eq!(given["token"], json!({"checkAml": true}));
    }
}
