//! Reads many links or invitations at once, from JSON or CSV: the one parser behind the API, the command line and the
//! dashboard.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use actix_web::web::Bytes;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::presets_known::{self, Presets};
use crate::domain::field_error::FieldErrors;
use crate::domain::id::LinkId;
use crate::domain::slug::Slug;
use crate::domain::timestamp::Timestamp;
use crate::store::{Store, StoreError};

mod csv_rows;
mod json_body;
mod keep;
pub mod kinds;
pub mod pace;
mod rows;
mod source;

pub use csv_rows::Columns;
pub use rows::Rows;
pub use source::{Again, Drawn};
use source::{Given, Source};

/// About as many mistakes are told at once; of more, their number.
const MISTAKES_MAX: usize = 1000;

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

/// Rows to be kept, all or none. It does not hold them, only from what they are read again: a hundred thousand take more
/// memory than all else.
#[derive(Debug)]
pub struct Batch<R: Rows> {
    /// What they are, and what is said of all of them.
    pub kind: R,
    /// Presets that were asked for.
    pub asked: BTreeSet<String>,
    given: Given,
    presets: Presets,
    /// What ids and times follow from.
    seed: Uuid,
    count: usize,
    /// Slugs that were chosen, each with its row's place; in the order of the places.
    chosen: Vec<(usize, Slug)>,
    /// What was drawn for the rows, once they are there.
    drawn: Vec<Drawn>,
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
        let reading = Reading {
            kind,
            presets,
            seed,
            now: time_of(seed),
            format,
            unique: HashMap::new(),
            asked: BTreeSet::new(),
            rows: 0,
            mistakes: FieldErrors::default(),
            untold: 0,
            watch,
        };
        reading.read(body)
    }

    /// How many rows there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Never so: no rows are no batch.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Slugs that were chosen, each with its row's place.
    #[must_use]
    pub fn chosen(&self) -> &[(usize, Slug)] {
        &self.chosen
    }

    /// Whether the slug of the row at `place` was chosen, not drawn.
    fn is_chosen(&self, place: usize) -> bool {
        self.chosen
            .binary_search_by_key(&place, |(at, _)| *at)
            .is_ok()
    }

    /// The rows once more, with slugs and secrets that are newly drawn.
    fn again(&self) -> Again<R> {
        let source = self.given.open(&R::COLUMNS);
        Again {
            kind: self.kind.clone(),
            source: source.unwrap_or_else(|_| Source::none()),
            presets: self.presets.clone(),
            seed: self.seed,
            now: time_of(self.seed),
            at: 0,
        }
    }

    /// Completes it with what was drawn for the rows when they were made.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn recall(&mut self, store: &Store, drawn: Vec<Drawn>) -> Result<(), StoreError> {
        self.drawn = drawn;
        self.kind.recall(store).await
    }

    /// What was drawn for the rows, each with the row's id, and the rows themselves for whom they are wanted.
    pub fn made(self) -> (R, impl Iterator<Item = (LinkId, Drawn)>, Again<R>) {
        let again = self.again();
        let ids = (0..).map(move |place| id_at(self.seed, place));
        (self.kind, ids.zip(self.drawn), again)
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
    kind: R,
    presets: &'a Presets,
    seed: Uuid,
    now: Timestamp,
    format: Format,
    /// What no two may have in common, with the first row of each.
    unique: HashMap<String, usize>,
    asked: BTreeSet<String>,
    rows: usize,
    mistakes: FieldErrors,
    /// Mistakes that are not told one by one.
    untold: usize,
    watch: W,
}

impl<R: Rows, W: FnMut(usize)> Reading<'_, R, W> {
    fn read(mut self, body: &Bytes) -> Result<Batch<R>, Refusal> {
        let given = match self.format {
            Format::Json => self.json(body)?,
            Format::Csv => Given::Csv(body.clone()),
        };
        let mut source = given.open(&R::COLUMNS)?;
        while let Some(row) = source.next(self.presets) {
            if self.rows >= self.format.rows_max() {
                return Err(self.wrong_count());
            }
            match row {
                Ok(map) => self.row(map),
                Err(errors) => self.row_is_wrong(errors),
            }
        }
        self.end(given)
    }

    /// Reads what the body says of all rows, and finds these in it.
    fn json(&mut self, body: &Bytes) -> Result<Given, Refusal> {
        let unreadable = |error: serde_json::Error| {
            let (line, column) = (error.line(), error.column());
            Refusal::Unreadable(format!(
                "The body is not JSON: line {line}, column {column}."
            ))
        };
        let text = std::str::from_utf8(body)
            .map_err(|_| Refusal::Unreadable("The body is not UTF-8.".to_owned()))?;
        let most = self.format.rows_max();
        let read = json_body::read(text, R::LIST, R::COMMON, most).map_err(unreadable)?;
        self.mistakes = read.mistakes;
        match self.kind.take_common(read.common) {
            Err(Refusal::Wrong(wrong)) => self.mistakes.extend_below("", wrong),
            other => other?,
        }
        if read.rows.len() > most {
            return Err(self.wrong_count());
        }
        let rows = read.rows.into_iter();
        let rows = rows.map(|row| body.slice_ref(row.get().as_bytes()));
        Ok(Given::Json(rows.collect()))
    }

    /// Takes a row in, or notes what is wrong with it.
    fn row(&mut self, map: Map<String, Value>) {
        let mut errors = FieldErrors::default();
        // Also of a row that is wrong otherwise: every mistake is told at once.
        let unique = map.get(R::UNIQUE).and_then(Value::as_str);
        if let Some(unique) = unique.and_then(R::unique) {
            match self.unique.entry(unique) {
                Entry::Vacant(free) => drop(free.insert(self.rows)),
                Entry::Occupied(first) => {
                    let (name, list) = (R::UNIQUE, R::LIST);
                    let wrong = format!("is the {name} of {list}[{}], too", first.get());
                    errors.push(name, wrong);
                }
            }
        }
        self.asked.extend(presets_known::asked_for(&map));
        let id = id_at(self.seed, self.rows);
        if let Err(wrong) = self.kind.parse(id, map, self.presets, self.now) {
            errors.extend_below("", wrong);
        }
        if errors.is_empty() {
            self.rows += 1;
            (self.watch)(self.rows);
        } else {
            self.row_is_wrong(errors);
        }
    }

    fn row_is_wrong(&mut self, errors: FieldErrors) {
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

    fn end(mut self, given: Given) -> Result<Batch<R>, Refusal> {
        if self.rows == 0 && self.mistakes.is_empty() {
            return Err(self.wrong_count());
        }
        if self.untold > 0 {
            let more = format!("{} more mistakes are not told here", self.untold);
            self.mistakes.push(R::LIST, more);
        }
        if !self.mistakes.is_empty() {
            return Err(Refusal::Wrong(self.mistakes));
        }
        let mut chosen = Vec::new();
        if R::UNIQUE == "slug" {
            let slugs = self.unique.into_iter();
            chosen = slugs
                .filter_map(|(slug, place)| Some((place, Slug::lookup(&slug)?)))
                .collect();
            chosen.sort_unstable_by_key(|(place, _)| *place);
        }
        Ok(Batch {
            kind: self.kind,
            asked: self.asked,
            given,
            presets: self.presets.clone(),
            seed: self.seed,
            count: self.rows,
            chosen,
            drawn: Vec::new(),
        })
    }
}
