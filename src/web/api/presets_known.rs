//! The presets that links may be made from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::flow::Flow;
use crate::domain::id::PresetId;
use crate::domain::preset::{PRESETS_MAX, Preset, PresetOptions};
use crate::store::links::folded;
use crate::store::{Store, StoreError};

/// The field that names one.
const FIELD: &str = "preset";

/// Under this are the options of what names none, if there are such.
const DEFAULT: &str = "";

/// Presets by what they are asked for by: ids and names, in any case.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Presets(BTreeMap<String, PresetOptions>);

impl Presets {
    /// All that there are.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn all(store: &Store) -> Result<Self, StoreError> {
        let presets = store.presets(None, PRESETS_MAX).await?;
        let by = |key: fn(&Preset) -> String| {
            let each = presets.iter();
            each.map(move |preset| (key(preset), preset.options.clone()))
        };
        // The ids last: an id is nobody else's, whatever presets are called.
        let names = by(|preset| folded(&preset.name));
        Ok(Self(
            names.chain(by(|preset| preset.id.to_string())).collect(),
        ))
    }

    /// The one that the fields of a request name, if they name one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn named_in(store: &Store, given: &Map<String, Value>) -> Result<Self, StoreError> {
        let Some(asked) = asked_for(given) else {
            return Ok(Self::default());
        };
        let mut found = match PresetId::parse(&asked) {
            Some(id) => store.preset(id).await?,
            None => None,
        };
        if found.is_none() {
            found = store.preset_named(&asked).await?;
        }
        let found = found.map(|preset| (asked, preset.options));
        Ok(Self(found.into_iter().collect()))
    }

    /// The same, with the options of a preset for whatever names none. `None`: there is no such preset.
    #[must_use]
    pub fn with_default(mut self, preset: Option<PresetId>) -> Option<Self> {
        if let Some(id) = preset {
            let options = self.0.get(&id.to_string()).cloned()?;
            self.0.insert(DEFAULT.to_owned(), options);
        }
        Some(self)
    }

    /// Those of these that were asked for, and what is for those that ask for none.
    #[must_use]
    pub fn only(&self, asked: &BTreeSet<String>) -> Self {
        let is_used = |key: &String| key == DEFAULT || asked.contains(key);
        let each = self.0.iter().filter(|(key, _)| is_used(key));
        Self(
            each.map(|(key, options)| (key.clone(), options.clone()))
                .collect(),
        )
    }

    /// Takes the name of a preset out of the fields of a request, and puts its options below what they give.
    ///
    /// # Errors
    /// A message for the sender, where there is no such preset.
    pub(super) fn fill(&self, given: &mut Map<String, Value>) -> Result<(), &'static str> {
        let asked = asked_for(given);
        match (given.remove(FIELD), asked) {
            (None | Some(Value::Null), _) => {
                if let Some(options) = self.0.get(DEFAULT) {
                    options.fill(given);
                }
                Ok(())
            }
            (_, Some(asked)) => {
                let options = self.0.get(&asked).filter(|_| asked != DEFAULT);
                let options = options.ok_or("must be the id or name of a preset")?;
                options.fill(given);
                Ok(())
            }
            (Some(_), None) => Err("must be a string"),
        }
    }

    /// The flow of a link that is made of these fields.
    pub(super) fn flow_of(&self, given: &Map<String, Value>) -> Flow {
        let own = given.get("flow").and_then(Value::as_str);
        let own = own.and_then(|name| Flow::parse(name).ok());
        let asked = asked_for(given).unwrap_or_else(|| DEFAULT.to_owned());
        let preset = self.0.get(&asked).and_then(PresetOptions::flow);
        own.or(preset).unwrap_or_default()
    }
}

/// The preset that the fields of a request name, as it is looked for.
pub(super) fn asked_for(given: &Map<String, Value>) -> Option<String> {
    let name = given.get(FIELD)?.as_str()?;
    Some(folded(name.trim()))
}
