//! What is made of many rows at once, and found again.

use actix_web::web::{self, Bytes};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::bulk_input::pace::Pace;
use super::bulk_input::{Batch, Format, Refusal, Rows, id_at};
use super::presets_known::Presets;
use crate::domain::slug::Slug;
use crate::store::{Store, StoreError};
use crate::web::State;
use crate::web::problem::Problem;

/// The most taken slugs that one answer names.
const TAKEN_MAX: usize = 10;

/// From what links are made again, as they were made first: the presets of that time are a part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// What ids and times follow from.
    pub seed: Uuid,
    /// The presets that were asked for.
    pub presets: Presets,
}

/// Makes what a body holds.
pub(super) async fn make<R: Rows>(
    state: &State,
    store: &Store,
    kind: R,
    format: Format,
    body: Bytes,
    seed: Uuid,
) -> Result<(Batch<R>, Receipt), Problem> {
    let presets = Presets::all(store).await?;
    let mut batch = read(state, kind, format, body, presets.clone(), seed).await?;
    let receipt = Receipt {
        seed,
        presets: presets.only(&batch.asked),
    };
    // Only after a process died between making the rows and keeping the receipt are they there already.
    if is_made(&state.store, &mut batch, seed).await? {
        return Ok((batch, receipt));
    }
    // The slugs of rows that a dead process left are free again.
    store.drop_dead_imports(&state.clock).await?;
    refuse_taken(store, &batch).await?;
    if batch.keep(store, &state.clock, Pace::beside(store)).await? {
        return Ok((batch, receipt));
    }
    // Somebody took a slug in between; whether for good is looked up.
    refuse_taken(store, &batch).await?;
    Err(ask_again())
}

/// Slugs are held that may be free soon, as those are of rows which a dead process left: asked again, all of it is made.
fn ask_again() -> Problem {
    tracing::info!(
        "slugs are held by links that are being made or cleared away: the caller is to ask again"
    );
    Problem::Database(None)
}

/// What a body became earlier.
///
/// # Errors
/// When it became nothing, or the database does not answer.
pub async fn again<R: Rows>(
    state: &State,
    kind: R,
    format: Format,
    body: Bytes,
    Receipt { seed, presets }: Receipt,
) -> Result<Batch<R>, Problem> {
    let mut batch = read(state, kind, format, body, presets, seed).await?;
    if is_made(&state.store, &mut batch, seed).await? {
        return Ok(batch);
    }
    tracing::error!("links that were made at once are not there any more");
    Err(Problem::Database(None))
}

/// Whether the rows were made; they are given the slugs and secrets that were drawn then, and whatever else they got.
///
/// # Errors
/// When the database does not answer.
pub async fn is_made<R: Rows>(
    store: &Store,
    batch: &mut Batch<R>,
    seed: Uuid,
) -> Result<bool, StoreError> {
    let last = batch.len().saturating_sub(1);
    let drawn = store
        .drawn_between(id_at(seed, 0), id_at(seed, last))
        .await?;
    let is_made = drawn.len() == batch.len();
    if is_made {
        batch.recall(store, drawn).await?;
    }
    Ok(is_made)
}

pub(super) async fn read<R: Rows>(
    state: &State,
    kind: R,
    format: Format,
    body: Bytes,
    presets: Presets,
    seed: Uuid,
) -> Result<Batch<R>, Problem> {
    let receipt = Receipt { seed, presets };
    let batch = checked(
        kind,
        format,
        body,
        receipt,
        |_| (),
        Pace::beside(&state.store),
    )
    .await?;
    batch.map_err(|refusal| match refusal {
        Refusal::Unreadable(why) => Problem::BadRequest(why),
        Refusal::Wrong(errors) => Problem::invalid(errors),
        Refusal::SendingOff => Problem::SendingOff,
    })
}

/// Reads and checks rows, beside the threads that answer clicks; `watch` hears of each.
///
/// # Errors
/// When the work ended early.
pub async fn checked<R: Rows>(
    kind: R,
    format: Format,
    body: Bytes,
    Receipt { seed, presets }: Receipt,
    mut watch: impl FnMut(usize) + Send + 'static,
    mut pace: Pace,
) -> Result<Result<Batch<R>, Refusal>, Problem> {
    let watch = move |rows| {
        watch(rows);
        pace.rest_here();
    };
    block(move || Batch::read(kind, format, &body, &presets, seed, watch)).await
}

/// Work for the processor, beside the threads that answer clicks.
pub(super) async fn block<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    web::block(work).await.map_err(|error| {
        tracing::error!("work of a request ended early: {error}");
        Problem::Database(None)
    })
}

pub(super) async fn refuse_taken<R: Rows>(store: &Store, batch: &Batch<R>) -> Result<(), Problem> {
    let chosen = batch.chosen().iter();
    let (places, slugs): (Vec<usize>, Vec<&Slug>) = chosen.map(|(at, slug)| (*at, slug)).unzip();
    let taken = store.taken_slugs(&slugs).await?;
    if taken.for_good.is_empty() {
        return if taken.for_now.is_empty() {
            Ok(())
        } else {
            Err(ask_again())
        };
    }
    let taken = taken.for_good;
    let mut named: Vec<String> = taken
        .iter()
        .take(TAKEN_MAX)
        .map(|at| format!("{}[{}].slug", R::LIST, places[*at]))
        .collect();
    if taken.len() > TAKEN_MAX {
        named.push(format!("and {} more", taken.len() - TAKEN_MAX));
    }
    Err(Problem::SlugTaken(named.join(", ")))
}
