//! Rows as they were given, one after the other and as often as wanted: to read a row again costs less than to keep it.

use std::sync::Arc;

use actix_web::web::Bytes;
use csv::StringRecord;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::csv_rows::{self, Column, Columns};
use super::{Refusal, Rows};
use crate::domain::field_error::FieldErrors;
use crate::domain::secret::Secret;
use crate::domain::slug::Slug;
use crate::domain::timestamp::Timestamp;
use crate::web::api::presets_known::Presets;
use crate::web::api::sheet::Sheet;

/// Longest JSON of one row, in bytes.
const ROW_MAX: usize = 1024 * 1024;

/// What holds the rows. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) enum Given {
    /// The text of each.
    Json(Arc<[Bytes]>),
    /// The table.
    Csv(Bytes),
}

/// The rows from the first one on.
pub(super) enum Source {
    Json(Arc<[Bytes]>, usize),
    Csv(Box<Table>),
}

/// A table being read.
pub(super) struct Table {
    sheet: Sheet,
    columns: Vec<Column>,
    row: StringRecord,
}

impl Given {
    /// Opens it at its first row.
    ///
    /// # Errors
    /// When it is no table of these columns.
    pub(super) fn open(&self, known: &Columns) -> Result<Source, Refusal> {
        Ok(match self {
            Self::Json(rows) => Source::Json(rows.clone(), 0),
            Self::Csv(table) => {
                let sheet = Sheet::open(table).map_err(Refusal::Unreadable)?;
                let columns = csv_rows::columns(&sheet.header, known).map_err(Refusal::Wrong)?;
                Source::Csv(Box::new(Table {
                    sheet,
                    columns,
                    row: StringRecord::new(),
                }))
            }
        })
    }
}

impl Source {
    /// No rows.
    pub(super) fn none() -> Self {
        Self::Json(Arc::default(), 0)
    }

    /// The next row as the fields of a request.
    pub(super) fn next(
        &mut self,
        presets: &Presets,
    ) -> Option<Result<Map<String, Value>, FieldErrors>> {
        match self {
            Self::Json(rows, at) => {
                let row = rows.get(*at)?;
                *at += 1;
                Some(json_row(row))
            }
            Self::Csv(table) => {
                table.sheet.read(&mut table.row)?;
                let mut errors = FieldErrors::default();
                let map = csv_rows::to_map(&table.columns, &table.row, presets, &mut errors);
                Some(if errors.is_empty() {
                    Ok(map)
                } else {
                    Err(errors)
                })
            }
        }
    }
}

fn json_row(text: &[u8]) -> Result<Map<String, Value>, FieldErrors> {
    let wrong = if text.len() > ROW_MAX {
        "must not be longer than 1 MiB"
    } else {
        match serde_json::from_slice(text) {
            Ok(Value::Object(map)) => return Ok(map),
            Ok(_) => "must be an object",
            Err(_) => "is JSON that nests too deep or has broken text",
        }
    };
    let mut errors = FieldErrors::default();
    errors.push("", wrong);
    Err(errors)
}

/// What was drawn for a row: its slug, also one that was chosen, and what the site of a signed link signs with.
pub type Drawn = (Slug, Option<Secret>);

/// Rows that were found right, read once more.
pub struct Again<R: Rows> {
    pub(super) kind: R,
    pub(super) source: Source,
    pub(super) presets: Presets,
    pub(super) seed: Uuid,
    pub(super) now: Timestamp,
    pub(super) at: usize,
}

impl<R: Rows> Iterator for Again<R> {
    type Item = R::Row;

    fn next(&mut self) -> Option<R::Row> {
        let map = self.source.next(&self.presets)?.ok()?;
        let id = super::id_at(self.seed, self.at);
        self.at += 1;
        self.kind.parse(id, map, &self.presets, self.now).ok()
    }
}
