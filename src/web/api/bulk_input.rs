//! Reads many links or invitations at once, from JSON or CSV: the one parser behind the API, the command line and the
//! dashboard.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use actix_web::web::Bytes;
use csv::StringRecord;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::presets_known::{self, Presets};
use super::sheet::Sheet;
use crate::clock::Clock;
use crate::domain::field_error::FieldErrors;
use crate::domain::id::LinkId;
use crate::domain::slug::Slug;
use crate::domain::timestamp::Timestamp;
use crate::store::{Store, StoreError};

mod csv_rows;
mod json_body;
pub mod kinds;
mod rows;

pub use csv_rows::Columns;
pub use rows::Rows;

/// About as many mistakes are told at once; of more, their number.
const MISTAKES_MAX: usize = 1000;
/// How often slugs that are taken are drawn again.
const DRAWS_MAX: usize = 10;
/// Longest JSON of one row, in bytes.
const ROW_MAX: usize = 1024 * 1024;

/// How rows are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `{"links": […]}`, or what they are called
    Json,
    /// A table with a header.
    Csv,
}

impl Format {
    /// Most rows at once.
    #[must_use]
    pub const fn rows_max(self) -> usize {
        match self {
            Self::Json => 10_000,
            Self::Csv => 100_000,
        }
    }
}

/// Why a batch is not taken.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be read at all; says why.
    Unreadable(String),
    /// Every field that is wrong.
    Wrong(FieldErrors),
    /// It is to be sent by a channel that is not set up.
    SendingOff,
}

/// Rows to be kept, all or none.
#[derive(Debug)]
pub struct Batch<R: Rows> {
    /// What they are, and what is said of all of them.
    pub kind: R,
    /// In the order given.
    pub rows: Vec<R::Row>,
    /// What no two may have in common, with the first row of each.
    unique: HashMap<String, usize>,
    /// Presets that were asked for.
    pub presets: BTreeSet<String>,
}

impl<R: Rows> Batch<R> {
    /// Reads rows, whose ids and time of making follow from `seed`, a UUIDv7.
    ///
    /// # Errors
    /// When a single row is not right.
    pub fn read(
        kind: R,
        format: Format,
        body: &Bytes,
        presets: &Presets,
        seed: Uuid,
        watch: impl FnMut(usize),
    ) -> Result<Self, Refusal> {
        let mut reading = Reading {
            presets,
            seed,
            now: time_of(seed),
            format,
            batch: Self {
                kind,
                rows: Vec::new(),
                unique: HashMap::new(),
                presets: BTreeSet::new(),
            },
            rows: 0,
            mistakes: FieldErrors::default(),
            untold: 0,
            watch,
        };
        match format {
            Format::Json => reading.json(body)?,
            Format::Csv => reading.csv(body)?,
        }
        reading.end()
    }

    /// Slugs that were chosen, each with its row's place.
    #[must_use]
    pub fn chosen(&self) -> Vec<(usize, &Slug)> {
        let all = self.rows.iter().enumerate();
        let all = all.map(|(at, row)| (at, &R::link(row).terms.slug));
        all.filter(|(at, _)| self.is_chosen(*at)).collect()
    }

    /// Whether the slug of the row at `place` was chosen, not drawn.
    #[must_use]
    pub fn is_chosen(&self, place: usize) -> bool {
        let slug = R::link(&self.rows[place]).terms.slug.as_str();
        R::UNIQUE == "slug" && self.unique.get(slug) == Some(&place)
    }

    /// Keeps the rows. A slug that was drawn and is taken is drawn again.
    ///
    /// # Errors
    /// When the database does not answer; within it the place of a row whose chosen slug is taken.
    pub async fn keep(
        &mut self,
        store: &Store,
        clock: &Clock,
    ) -> Result<Result<(), usize>, StoreError> {
        for _ in 0..DRAWS_MAX {
            let Err(place) = self.kind.keep(store, clock, &mut self.rows).await? else {
                return Ok(Ok(()));
            };
            if self.is_chosen(place) {
                return Ok(Err(place));
            }
            // So it goes once in ten thousand times, with a million links there.
            R::link_mut(&mut self.rows[place]).terms.slug = Slug::generate();
        }
        // It is not the slugs: another process has kept the same rows meanwhile. Asked again, they are found.
        Err(StoreError::Unavailable)
    }
}

/// The id of the row at `place` of the batch of that seed: they sort in the order given.
#[must_use]
pub fn id_at(seed: Uuid, place: usize) -> LinkId {
    let low = u128::from(u32::MAX);
    LinkId::new(Uuid::from_u128(
        (seed.as_u128() & !low) | (place as u128 & low),
    ))
}

fn time_of(seed: Uuid) -> Timestamp {
    let (seconds, nanos) = seed.get_timestamp().map_or((0, 0), |at| at.to_unix());
    let ms = seconds * 1000 + u64::from(nanos) / 1_000_000;
    Timestamp::from_millis(i64::try_from(ms).unwrap_or_default())
}

struct Reading<'a, R: Rows, W> {
    presets: &'a Presets,
    seed: Uuid,
    now: Timestamp,
    format: Format,
    batch: Batch<R>,
    rows: usize,
    mistakes: FieldErrors,
    /// Mistakes that are not told one by one.
    untold: usize,
    watch: W,
}

impl<R: Rows, W: FnMut(usize)> Reading<'_, R, W> {
    fn json(&mut self, body: &[u8]) -> Result<(), Refusal> {
        let unreadable = |error: serde_json::Error| {
            let (line, column) = (error.line(), error.column());
            Refusal::Unreadable(format!(
                "The body is not JSON: line {line}, column {column}."
            ))
        };
        let text = std::str::from_utf8(body)
            .map_err(|_| Refusal::Unreadable("The body is not UTF-8.".to_owned()))?;
        let most = self.format.rows_max();
        let body = json_body::read(text, R::LIST, R::COMMON, most).map_err(unreadable)?;
        self.mistakes = body.mistakes;
        match self.batch.kind.take_common(body.common) {
            Err(Refusal::Wrong(wrong)) => self.mistakes.extend_below("", wrong),
            other => other?,
        }
        if body.rows.len() > most {
            return Err(self.wrong_count());
        }
        for row in body.rows {
            self.json_row(row);
        }
        Ok(())
    }

    fn json_row(&mut self, row: &RawValue) {
        let text = row.get();
        let wrong = if text.len() > ROW_MAX {
            "must not be longer than 1 MiB"
        } else {
            match serde_json::from_str(text) {
                Ok(Value::Object(map)) => return self.row(map, FieldErrors::default()),
                Ok(_) => "must be an object",
                Err(_) => "is JSON that nests too deep or has broken text",
            }
        };
        let mut errors = FieldErrors::default();
        errors.push("", wrong);
        self.row_is_wrong(errors);
    }

    fn csv(&mut self, body: &Bytes) -> Result<(), Refusal> {
        let mut sheet = Sheet::open(body).map_err(Refusal::Unreadable)?;
        let columns = csv_rows::columns(&sheet.header, &R::COLUMNS).map_err(Refusal::Wrong)?;
        let mut row = StringRecord::new();
        while sheet.read(&mut row).is_some() {
            if self.rows >= self.format.rows_max() {
                return Err(self.wrong_count());
            }
            let mut errors = FieldErrors::default();
            let map = csv_rows::to_map(&columns, &row, self.presets, &mut errors);
            if errors.is_empty() {
                self.row(map, errors);
            } else {
                self.row_is_wrong(errors);
            }
        }
        Ok(())
    }

    /// Takes a row in, or notes what is wrong with it.
    fn row(&mut self, map: Map<String, Value>, mut errors: FieldErrors) {
        // Also of a row that is wrong otherwise: every mistake is told at once.
        let unique = map.get(R::UNIQUE).and_then(Value::as_str);
        if let Some(unique) = unique.and_then(R::unique) {
            match self.batch.unique.entry(unique) {
                Entry::Vacant(free) => drop(free.insert(self.rows)),
                Entry::Occupied(first) => {
                    let (name, list) = (R::UNIQUE, R::LIST);
                    let wrong = format!("is the {name} of {list}[{}], too", first.get());
                    errors.push(name, wrong);
                }
            }
        }
        self.batch.presets.extend(presets_known::asked_for(&map));
        let id = id_at(self.seed, self.rows);
        let row = match self.batch.kind.parse(id, map, self.presets, self.now) {
            Ok(row) => Some(row),
            Err(wrong) => {
                errors.extend_below("", wrong);
                None
            }
        };
        match row {
            Some(row) if errors.is_empty() => {
                if self.mistakes.is_empty() {
                    self.batch.rows.push(row);
                }
                self.rows += 1;
                (self.watch)(self.rows);
            }
            _ => self.row_is_wrong(errors),
        }
    }

    fn row_is_wrong(&mut self, errors: FieldErrors) {
        // What was read before is of no use any more.
        self.batch.rows = Vec::new();
        if self.mistakes.iter().len() < MISTAKES_MAX {
            self.mistakes
                .extend_below(&format!("{}[{}]", R::LIST, self.rows), errors);
        } else {
            self.untold += errors.iter().len();
        }
        self.rows += 1;
        (self.watch)(self.rows);
    }

    fn wrong_count(&self) -> Refusal {
        let mut errors = FieldErrors::default();
        errors.push(R::LIST, format!("must be 1 to {}", self.format.rows_max()));
        Refusal::Wrong(errors)
    }

    fn end(mut self) -> Result<Batch<R>, Refusal> {
        if self.rows == 0 && self.mistakes.is_empty() {
            return Err(self.wrong_count());
        }
        if self.untold > 0 {
            let more = format!("{} more mistakes are not told here", self.untold);
            self.mistakes.push(R::LIST, more);
        }
        if self.mistakes.is_empty() {
            Ok(self.batch)
        } else {
            Err(Refusal::Wrong(self.mistakes))
        }
    }
}
