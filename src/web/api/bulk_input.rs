//! Reads many links at once, from JSON or CSV: the one parser behind the API and the command line.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use actix_web::web::Bytes;
use csv::StringRecord;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::link_input;
use super::presets_known::{self, Presets};
use super::sheet::Sheet;
use crate::domain::field_error::FieldErrors;
use crate::domain::id::LinkId;
use crate::domain::link::Link;
use crate::domain::slug::Slug;
use crate::domain::timestamp::Timestamp;

mod csv_rows;
mod json_body;

/// About as many mistakes are told at once; of more, their number.
const MISTAKES_MAX: usize = 1000;
/// Longest JSON of one link, in bytes.
const LINK_MAX: usize = 1024 * 1024;

/// How many links are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `{"links": […]}`
    Json,
    /// A table with a header.
    Csv,
}

impl Format {
    /// Most links at once.
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
}

/// Links to be made, all or none.
#[derive(Debug, Default)]
pub struct Batch {
    /// In the order given.
    pub links: Vec<Link>,
    /// Slugs that were chosen, with the first link of each.
    chosen: HashMap<Slug, usize>,
    /// Presets that were asked for.
    pub presets: BTreeSet<String>,
}

impl Batch {
    /// Reads links, whose ids and time of making follow from `seed`, a UUIDv7.
    ///
    /// # Errors
    /// When a single row is not right.
    pub fn read(
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
            batch: Self::default(),
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

    /// Slugs that were chosen, each with its link's place.
    #[must_use]
    pub fn chosen(&self) -> Vec<(usize, &Slug)> {
        let mut chosen: Vec<_> = self.chosen.iter().map(|(slug, at)| (*at, slug)).collect();
        chosen.sort_unstable_by_key(|(at, _)| *at);
        chosen
    }

    /// Whether the slug of the link at `place` was chosen, not drawn.
    #[must_use]
    pub fn is_chosen(&self, place: usize) -> bool {
        self.chosen.get(&self.links[place].terms.slug) == Some(&place)
    }
}

/// The id of the link at `place` of the batch of that seed: they sort in the order given.
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

struct Reading<'a, W> {
    presets: &'a Presets,
    seed: Uuid,
    now: Timestamp,
    format: Format,
    batch: Batch,
    rows: usize,
    mistakes: FieldErrors,
    /// Mistakes that are not told one by one.
    untold: usize,
    watch: W,
}

impl<W: FnMut(usize)> Reading<'_, W> {
    fn json(&mut self, body: &[u8]) -> Result<(), Refusal> {
        let unreadable = |error: serde_json::Error| {
            let (line, column) = (error.line(), error.column());
            Refusal::Unreadable(format!(
                "The body is not JSON: line {line}, column {column}."
            ))
        };
        let text = std::str::from_utf8(body)
            .map_err(|_| Refusal::Unreadable("The body is not UTF-8.".to_owned()))?;
        let body = json_body::read(text, self.format.rows_max()).map_err(unreadable)?;
        self.mistakes = body.mistakes;
        if body.links.len() > self.format.rows_max() {
            return Err(self.wrong_count());
        }
        for link in body.links {
            self.json_row(link);
        }
        Ok(())
    }

    fn json_row(&mut self, link: &RawValue) {
        let text = link.get();
        let wrong = if text.len() > LINK_MAX {
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
        let columns = csv_rows::columns(&sheet.header).map_err(Refusal::Wrong)?;
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

    /// Takes a link in, or notes what is wrong with it.
    fn row(&mut self, map: Map<String, Value>, mut errors: FieldErrors) {
        // Also of a row that is wrong otherwise: every mistake is told at once.
        let slug = map.get("slug").and_then(Value::as_str);
        if let Some(slug) = slug.and_then(|slug| Slug::parse(slug).ok()) {
            match self.batch.chosen.entry(slug) {
                Entry::Vacant(free) => drop(free.insert(self.rows)),
                Entry::Occupied(first) => {
                    errors.push(
                        "slug",
                        format!("is the slug of links[{}], too", first.get()),
                    );
                }
            }
        }
        self.batch.presets.extend(presets_known::asked_for(&map));
        let id = id_at(self.seed, self.rows);
        let link = match link_input::parse(id, map, self.presets, self.now) {
            Ok(link) => Some(link),
            Err(wrong) => {
                errors.extend_below("", wrong);
                None
            }
        };
        match link {
            Some(link) if errors.is_empty() => {
                if self.mistakes.is_empty() {
                    self.batch.links.push(link);
                }
                self.rows += 1;
                (self.watch)(self.rows);
            }
            _ => self.row_is_wrong(errors),
        }
    }

    fn row_is_wrong(&mut self, errors: FieldErrors) {
        // What was read before is of no use any more.
        self.batch.links = Vec::new();
        if self.mistakes.iter().len() < MISTAKES_MAX {
            self.mistakes
                .extend_below(&format!("links[{}]", self.rows), errors);
        } else {
            self.untold += errors.iter().len();
        }
        self.rows += 1;
        (self.watch)(self.rows);
    }

    fn wrong_count(&self) -> Refusal {
        let mut errors = FieldErrors::default();
        errors.push("links", format!("must be 1 to {}", self.format.rows_max()));
        Refusal::Wrong(errors)
    }

    fn end(mut self) -> Result<Batch, Refusal> {
        if self.rows == 0 && self.mistakes.is_empty() {
            return Err(self.wrong_count());
        }
        if self.untold > 0 {
            self.mistakes.push(
                "links",
                format!("{} more mistakes are not told here", self.untold),
            );
        }
        if self.mistakes.is_empty() {
            Ok(self.batch)
        } else {
            Err(Refusal::Wrong(self.mistakes))
        }
    }
}
