//! Presets: named sets of a link's options.

use sqlx::FromRow;

use super::links::folded;
use super::{Store, StoreError};
use crate::domain::audit::Action;
use crate::domain::id::PresetId;
use crate::domain::preset::{PRESETS_MAX, Preset};
use crate::domain::timestamp::Timestamp;

/// Why presets stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresetRefusal {
    /// Another preset has this name, in some case.
    NameTaken,
    /// There are [`PRESETS_MAX`] already.
    Full,
    /// There is no such preset.
    Unknown,
}

impl PresetRefusal {
    /// What is wrong with a preset's name, as words that follow `name`; none: it is not the name.
    #[must_use]
    pub const fn of_name(self) -> Option<&'static str> {
        match self {
            Self::NameTaken => Some("is the name of another preset"),
            Self::Full => Some("cannot be kept: there are 500 presets, which is the most"),
            Self::Unknown => None,
        }
    }
}

#[derive(FromRow)]
struct PresetRow {
    id: PresetId,
    name: String,
    options: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl TryFrom<PresetRow> for Preset {
    type Error = StoreError;

    fn try_from(row: PresetRow) -> Result<Self, StoreError> {
        let options = serde_json::from_str(&row.options);
        Ok(Self {
            id: row.id,
            name: row.name,
            options: options.map_err(|_| StoreError::Corrupt("presets.options"))?,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

macro_rules! select_presets {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, options, created_at, updated_at FROM presets ",
            $rest
        )
    };
}

impl Store {
    /// Keeps a new preset.
    ///
    /// # Errors
    /// When the database does not answer; inside, when its name is taken or there are too many.
    pub async fn insert_preset(
        &self,
        preset: &Preset,
    ) -> Result<Result<(), PresetRefusal>, StoreError> {
        let mut tx = self.engine.begin().await?;
        let (count,): (i64,) = within!(&mut tx, |c| sqlx::query_as("SELECT COUNT(*) FROM presets")
            .fetch_one(c)
            .await?);
        if count >= PRESETS_MAX {
            return Ok(Err(PresetRefusal::Full));
        }
        let made = within!(&mut tx, |c| {
            sqlx::query(
                "INSERT INTO presets (id, name, name_folded, options, created_at, updated_at)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            )
            .bind(preset.id)
            .bind(&preset.name)
            .bind(folded(&preset.name))
            .bind(kept(preset))
            .bind(preset.created_at)
            .bind(preset.updated_at)
            .execute(c)
            .await?
            .rows_affected()
        });
        let action = Action::PresetCreated;
        let made = self.end_noted(tx, made, action, preset.id, Some(&preset.name));
        Ok(if made.await? {
            Ok(())
        } else {
            Err(PresetRefusal::NameTaken)
        })
    }

    /// Puts a preset in place of the one of its id. Links that were made from that stay as they are.
    ///
    /// # Errors
    /// When the database does not answer; inside, when its name is taken or there is no such preset.
    pub async fn replace_preset(
        &self,
        preset: &Preset,
    ) -> Result<Result<(), PresetRefusal>, StoreError> {
        let mut tx = self.engine.begin().await?;
        let done = within!(&mut tx, |c| {
            sqlx::query(
                "UPDATE presets SET name = $2, name_folded = $3, options = $4, updated_at = $5
                 WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM presets WHERE name_folded = $3 AND id <> $1)",
            )
            .bind(preset.id)
            .bind(&preset.name)
            .bind(folded(&preset.name))
            .bind(kept(preset))
            .bind(preset.updated_at)
            .execute(c)
            .await?
            .rows_affected()
        });
        let action = Action::PresetUpdated;
        let done = self.end_noted(tx, done, action, preset.id, Some(&preset.name));
        Ok(if done.await? {
            Ok(())
        } else if self.preset(preset.id).await?.is_some() {
            Err(PresetRefusal::NameTaken)
        } else {
            Err(PresetRefusal::Unknown)
        })
    }

    /// Presets, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn presets(
        &self,
        before: Option<PresetId>,
        limit: i64,
    ) -> Result<Vec<Preset>, StoreError> {
        let rows: Vec<PresetRow> = each!(self, |db| {
            sqlx::query_as(select_presets!(
                "WHERE id < COALESCE($1, '~') ORDER BY id DESC LIMIT $2"
            ))
            .bind(before)
            .bind(limit)
            .fetch_all(db.read())
            .await?
        });
        rows.into_iter().map(Preset::try_from).collect()
    }

    /// The preset of that id.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn preset(&self, id: PresetId) -> Result<Option<Preset>, StoreError> {
        let row: Option<PresetRow> = each!(self, |db| {
            sqlx::query_as(select_presets!("WHERE id = $1"))
                .bind(id)
                .fetch_optional(db.read())
                .await?
        });
        row.map(Preset::try_from).transpose()
    }

    /// The preset of that name, in any case.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn preset_named(&self, name: &str) -> Result<Option<Preset>, StoreError> {
        let row: Option<PresetRow> = each!(self, |db| {
            sqlx::query_as(select_presets!("WHERE name_folded = $1"))
                .bind(folded(name))
                .fetch_optional(db.read())
                .await?
        });
        row.map(Preset::try_from).transpose()
    }

    /// Deletes a preset. False: there is none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn delete_preset(&self, id: PresetId) -> Result<bool, StoreError> {
        let mut tx = self.engine.begin().await?;
        let done = within!(&mut tx, |c| sqlx::query(
            "DELETE FROM presets WHERE id = $1"
        )
        .bind(id)
        .execute(c)
        .await?
        .rows_affected());
        let done = self.end_noted(tx, done, Action::PresetDeleted, id, None);
        let done = done.await?;
        self.engine.cut_log_soon();
        Ok(done)
    }
}

fn kept(preset: &Preset) -> String {
    serde_json::to_string(&preset.options).expect("options have text keys only")
}
