//! Links and invitations that were made at once, as they are answered: part by part, for a hundred thousand are too many to hold as text.

use std::iter::Peekable;

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Bytes;
use csv::StringRecord;
use serde::Serialize;

use super::bulk_input::kinds::{Invitations, Links};
use super::bulk_input::{Again, Batch, Drawn, Format, Rows};
use super::invitation_document::InvitationDocument;
use super::link_document::LinkDocument;
use super::sheet::{Sheet, line};
use crate::domain::id::LinkId;
use crate::domain::invitation::Invited;
use crate::domain::link::Link;
use crate::domain::slug::Slug;
use crate::domain::timestamp::Timestamp;

/// Rows in one part.
const PART: usize = 100;

/// Rows that can be answered.
pub trait Shown: Rows {
    /// The first columns of the table for rows that were not given as one; `id` and `url` follow.
    const TABLE: [&'static str; 2];

    /// The cells of these.
    fn cells(row: &Self::Row) -> [&str; 2];

    /// The row as JSON.
    fn document(&self, row: &Self::Row, url: String, now: Timestamp) -> impl Serialize;
}

impl Shown for Links {
    const TABLE: [&'static str; 2] = ["name", "token.clientId"];

    fn cells(row: &Link) -> [&str; 2] {
        [&row.name, row.terms.token.client_id().unwrap_or_default()]
    }

    fn document(&self, row: &Link, url: String, now: Timestamp) -> impl Serialize {
        LinkDocument::new(row, url, now).made(row)
    }
}

impl Shown for Invitations {
    const TABLE: [&'static str; 2] = ["client_id", "person"];

    fn cells(row: &Invited) -> [&str; 2] {
        let one = &row.invitation;
        [&one.client_id, &one.name].map(|text| text.as_deref().unwrap_or_default())
    }

    fn document(&self, row: &Invited, url: String, now: Timestamp) -> impl Serialize {
        InvitationDocument::fresh(row, self.common.campaign.as_deref(), url, now)
    }
}

/// In which form links are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `{"items": […]}`
    Json,
    /// The rows given, with id and URL.
    Csv,
}

impl Form {
    /// What the request accepts: of the two whichever it names first, JSON where it names neither.
    #[must_use]
    pub fn accepted(request: &HttpRequest) -> Self {
        let accept = request.headers().get_all(header::ACCEPT);
        let ranges = accept.filter_map(|value| value.to_str().ok());
        ranges
            .flat_map(|value| value.split(','))
            .find_map(|range| match range.split(';').next()?.trim() {
                "text/csv" => Some(Self::Csv),
                "application/json" => Some(Self::Json),
                _ => None,
            })
            .unwrap_or(Self::Json)
    }

    /// Its content type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }
}

enum Writing<R: Rows> {
    Json(Again<R>),
    /// Beside the rows that were given.
    Rows(Box<Sheet>),
    Table(Again<R>),
}

/// The parts of an answer.
pub struct Parts<R: Shown, U> {
    writing: Writing<R>,
    kind: R,
    made: Peekable<Box<dyn Iterator<Item = (LinkId, Drawn)> + Send>>,
    url_of: U,
    now: Timestamp,
    has_begun: bool,
    has_ended: bool,
}

impl<R: Shown, U: Fn(&Slug) -> String> Parts<R, U> {
    /// The answer in `form` to `given`, which was in `format` and became `batch`.
    #[must_use]
    pub fn new(
        form: Form,
        format: Format,
        given: &Bytes,
        batch: Batch<R>,
        url_of: U,
        now: Timestamp,
    ) -> Self {
        let sheet = match format {
            Format::Csv => Sheet::open(given).ok(),
            Format::Json => None,
        };
        let (kind, made, again) = batch.made();
        let writing = match (form, sheet) {
            (Form::Json, _) => Writing::Json(again),
            (Form::Csv, Some(sheet)) => Writing::Rows(Box::new(sheet)),
            (Form::Csv, None) => Writing::Table(again),
        };
        let made: Box<dyn Iterator<Item = _> + Send> = Box::new(made);
        Self {
            writing,
            kind,
            made: made.peekable(),
            url_of,
            now,
            has_begun: false,
            has_ended: false,
        }
    }

    fn head(&self) -> Vec<u8> {
        match &self.writing {
            Writing::Json(_) => b"{\"items\":[".to_vec(),
            Writing::Rows(sheet) => sheet.head(&["id", "url"]),
            Writing::Table(_) => line(b',', R::TABLE.into_iter().chain(["id", "url"])),
        }
    }

    /// One row; none of one that is not there any more.
    fn row(&mut self, id: LinkId, (slug, secret): Drawn, is_first: bool) -> Option<Vec<u8>> {
        let url = (self.url_of)(&slug);
        let shown = id.to_string();
        Some(match &mut self.writing {
            Writing::Json(again) => {
                let mut one = again.next()?;
                let link = R::link_mut(&mut one);
                (link.terms.slug, link.signing_secret) = (slug, secret);
                let mut row = if is_first { Vec::new() } else { vec![b','] };
                let document = self.kind.document(&one, url, self.now);
                serde_json::to_writer(&mut row, &document).expect("documents have text keys only");
                row
            }
            Writing::Rows(sheet) => {
                let mut row = StringRecord::new();
                sheet.read(&mut row);
                sheet.line(&row, &[&shown, &url])
            }
            Writing::Table(again) => {
                let one = again.next()?;
                let cells = R::cells(&one).into_iter();
                line(b',', cells.chain([&*shown, &*url]))
            }
        })
    }
}

impl<R: Shown, U: Fn(&Slug) -> String> Iterator for Parts<R, U> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut part = Vec::new();
        let mut is_first = !self.has_begun;
        if is_first {
            self.has_begun = true;
            part = self.head();
        }
        for _ in 0..PART {
            let Some((id, drawn)) = self.made.next() else {
                break;
            };
            part.extend(self.row(id, drawn, is_first).unwrap_or_default());
            is_first = false;
        }
        if self.made.peek().is_none() && !self.has_ended {
            self.has_ended = true;
            if matches!(self.writing, Writing::Json(_)) {
                part.extend(b"]}");
            }
        }
        (!part.is_empty()).then_some(part)
    }
}
