//! What a reader of many rows must know of them.

use std::future::Future;

use serde_json::{Map, Value};

use super::{Columns, Refusal};
use crate::clock::Clock;
use crate::domain::field_error::FieldErrors;
use crate::domain::id::LinkId;
use crate::domain::link::Link;
use crate::domain::timestamp::Timestamp;
use crate::store::imports::{Import, Imported};
use crate::store::{Store, StoreError};
use crate::web::api::presets_known::Presets;

/// What is read, row by row.
pub trait Rows: Clone + Send + Sync + 'static {
    /// What a row becomes.
    type Row: Send + Sync + 'static;

    /// What the rows are called: the list of a JSON body, and the beginning of a mistake's field.
    const LIST: &'static str;

    /// A field that no two rows may have in common.
    const UNIQUE: &'static str;

    /// What a JSON body may say of all rows.
    const COMMON: &'static [&'static str];

    /// The columns of a table.
    const COLUMNS: Columns;

    /// Takes what a JSON body says of all rows.
    ///
    /// # Errors
    /// Every field that is wrong, or that they cannot be sent.
    fn take_common(&mut self, common: Map<String, Value>) -> Result<(), Refusal>;

    /// Reads the field that no two rows may have in common, as it is compared.
    fn unique(value: &str) -> Option<String>;

    /// Reads a row; its slug is undrawn where none was chosen.
    ///
    /// # Errors
    /// Every field that is wrong.
    fn parse(
        &self,
        id: LinkId,
        map: Map<String, Value>,
        presets: &Presets,
        now: Timestamp,
    ) -> Result<Self::Row, FieldErrors>;

    /// The link of a row.
    fn link(row: &Self::Row) -> &Link;

    /// The same, to give it another slug.
    fn link_mut(row: &mut Self::Row) -> &mut Link;

    /// Learns what rows that are there have in common beyond what was said.
    ///
    /// # Errors
    /// When the database does not answer.
    fn recall(&mut self, store: &Store) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Makes what the rows need that are to be kept in steps.
    ///
    /// # Errors
    /// When the database does not answer.
    fn prepare(
        &mut self,
        store: &Store,
        clock: &Clock,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Keeps some of the rows, all or none; of those that cannot be kept the places.
    ///
    /// # Errors
    /// When the database does not answer.
    fn add(
        &self,
        import: &Import,
        clock: &Clock,
        rows: &mut [Self::Row],
    ) -> impl Future<Output = Result<Result<(), Vec<usize>>, StoreError>> + Send;

    /// What was made when `count` of them are there.
    fn imported(&self, count: usize) -> Imported<'_>;

    /// Keeps the rows, all or none; of several that cannot be kept the position of the first.
    ///
    /// # Errors
    /// When the database does not answer.
    fn keep(
        &self,
        store: &Store,
        clock: &Clock,
        rows: &mut [Self::Row],
    ) -> impl Future<Output = Result<Result<(), usize>, StoreError>> + Send;
}
