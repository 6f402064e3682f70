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

    /// Those of these that were asked for.
    #[must_use]
    pub fn only(&self, asked: &BTreeSet<String>) -> Self {
        let each = self.0.iter().filter(|(key, _)| asked.contains(*key));
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
            (None | Some(Value::Null), _) => Ok(()),
            (_, Some(asked)) => {
                let options = self.0.get(&asked);
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
        let preset = asked_for(given).and_then(|asked| self.0.get(&asked)?.flow());
        own.or(preset).unwrap_or_default()
    }
}

/// The preset that the fields of a request name, as it is looked for.
pub(super) fn asked_for(given: &Map<String, Value>) -> Option<String> {
    let name = given.get(FIELD)?.as_str()?;
    Some(folded(name.trim()))
}
