//! `/api/v1/links/bulk`

use std::convert::Infallible;

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::sync::oneshot;
use utoipa::ToSchema;

use super::answer::Answer;
use super::bulk_answer::{Form, Parts, Shown};
use super::bulk_input::kinds::Links;
use super::bulk_input::pace::Pace;
use super::bulk_input::{Batch, Format};
use super::bulk_made::{Receipt, again, block, make, read, refuse_taken};
use super::caller::Caller;
use super::fields::{self, Body};
use super::idempotent;
use super::link_document::MadeLink;
use super::link_input::NewLink;
use super::paging::Query;
use super::presets_known::Presets;
use crate::domain::scope::Scope;
use crate::domain::slug::Slug;
use crate::web::State;
use crate::web::problem::Problem;

/// Largest body, in bytes.
pub const BODY_MAX: usize = 32 * 1024 * 1024;

/// Links to be made, all or none.
#[derive(Debug, ToSchema)]
#[schema(examples(json!({"links": [
    {"name": "Jane Doe", "usage": {"type": "single"}, "confirm": true, "token": {"clientId": "customer-17"}},
    {"name": "Μαρία Παπαδοπούλου", "usage": {"type": "single"}, "language": "el", "token": {"clientId": "customer-18"}}
]})))]
#[serde(deny_unknown_fields)]
pub struct NewLinks {
    /// Up to 10,000; each of at most 1 MiB.
    #[schema(min_items = 1, max_items = 10_000)]
    pub links: Vec<NewLink>,
}

/// Links that were made, in the order given.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeLinks {
    /// The links.
    pub items: Vec<MadeLink>,
}

/// Links or invitations that could be made.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckedLinks {
    /// How many there are.
    #[schema(examples(100))]
    checked: usize,
}

/// Makes many links at once.
///
/// All are made or none. As JSON up to 10,000, as CSV up to 100,000; a body is at most 32 MiB. What is wrong is told by
/// row, from 0, and field, such as `links[3].name`: all mistakes at once, or of very many the first thousand or so.
///
/// Of a signed link the answer has the `signing_secret`, as JSON alone: a table for a mail merge is no place for it.
///
/// A CSV is UTF-8, with or without byte order mark, parted by commas or semicolons, with a header in any order of `name`,
/// `usage` (`single`, `multi` or `unlimited`), `limit`, `expires_at`, `language`, `flow`, `slug`, `confirm`, `resume`,
/// `accept_ref`, `signed`, `inactive_message`, `preset` and `token.<parameter>`, such as `token.clientId`. An empty cell is a value not given,
/// and spaces around a value are dropped; several values in one cell are parted by `|`; an object is written as JSON. Rows
/// whose cells are all empty are passed over and not counted.
///
/// With `Accept: text/csv` the answer to a CSV is its rows, exactly as they were given and parted as they were, with the
/// columns `id` and `url` added, for a mail merge. Cells that a spreadsheet takes for formulas are not changed: who opens the
/// answer in one should import it as text, as with any table of foreign origin. To JSON it is a table of `name`, `token.clientId`,
/// `id` and `url`.
///
/// With an `Idempotency-Key` the same request sent again makes nothing again and answers the same links, in the form
/// asked for then. The audit log gets one line, `link.imported`.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/links/bulk", operation_id = "createLinks", tag = "Links",
    request_body(content((NewLinks = "application/json"), (String = "text/csv",
        example = "name;usage;language;confirm;token.clientId\nJane Doe;single;en;true;customer-17\n"))),
    params(("dry_run" = Option<bool>, Query, description = "`true`: everything is checked and nothing is made, with any `Idempotency-Key`.")),
    security(("bearer" = ["links"])),
    responses(
        (status = 200, description = "With `dry_run`: all of them could be made.", body = CheckedLinks),
        (status = 201, description = "The links, in the order given.", content((MadeLinks = "application/json"), (String = "text/csv"))),
        (status = 409, description = "slug_taken")))]
pub async fn create(
    caller: Caller,
    request: HttpRequest,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    let mut query = Query::read_only(&request, &["dry_run"]);
    let is_dry = is_dry_run(&mut query);
    query.end()?;
    take(&caller, &request, body, &state, Links, is_dry).await
}

/// Makes all that a body holds, or checks it; the caller may do so.
///
/// # Errors
/// As the contract has it.
pub(super) async fn take<R: Shown>(
    caller: &Caller,
    request: &HttpRequest,
    body: Body,
    state: &web::Data<State>,
    kind: R,
    is_dry: bool,
) -> Result<HttpResponse, Problem> {
    let given = fields::bytes(body)?;
    let format = format_of(request)?;
    let form = Form::accepted(request);
    if is_dry {
        let presets = Presets::all(&state.store).await?;
        let batch = read(state, kind, format, given, presets, state.clock.uuid()).await?;
        refuse_taken(&state.store, &batch).await?;
        let checked = batch.len();
        return Ok(Answer::ok(&CheckedLinks { checked }).respond());
    }
    // The rows themselves are not kept under an idempotency key, only from what they are made again.
    let (keep, made) = oneshot::channel();
    // Of a table what is said of all rows stands in the address.
    let said = (!R::COMMON.is_empty()).then(|| format!("{}\0", request.query_string()));
    let said = said.unwrap_or_default();
    let hashed = given.clone();
    let digest = block(move || {
        Sha256::new()
            .chain_update(said)
            .chain_update(hashed)
            .finalize()
    });
    let digest = digest.await?;
    let (own, store, body, same) = (
        state.clone(),
        caller.store(state),
        given.clone(),
        kind.clone(),
    );
    let answer = idempotent::once(state, caller, request, &digest, move |seed| async move {
        let (batch, receipt) = make(&own, &store, same, format, body, seed).await?;
        let _ = keep.send(batch);
        Ok(Answer::receipt(&receipt))
    });
    let receipt: Receipt = match answer.await?.into_receipt() {
        Ok(receipt) => receipt,
        Err(answer) => return Ok(answer.respond()),
    };
    let batch = match made.await {
        Ok(batch) => batch,
        Err(_) => again(state, kind, format, given.clone(), receipt).await?,
    };
    Ok(respond(state, form, format, &given, batch))
}

/// Answers what was made.
pub fn respond<R: Shown>(
    state: &web::Data<State>,
    form: Form,
    format: Format,
    given: &Bytes,
    batch: Batch<R>,
) -> HttpResponse {
    let own = state.clone();
    let url_of = move |slug: &Slug| own.url_of(slug);
    let parts = Parts::new(form, format, given, batch, url_of, state.clock.now());
    let parts = stream::unfold(
        (parts, Pace::beside(&state.store)),
        |(mut parts, mut pace)| async {
            pace.rest().await;
            let part = Bytes::from(parts.next()?);
            Some((Ok::<_, Infallible>(part), (parts, pace)))
        },
    );
    HttpResponse::Created()
        .content_type(form.content_type())
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(parts)
}

/// Reads the parameter `dry_run`.
pub(super) fn is_dry_run(query: &mut Query) -> bool {
    let is_dry = query.take_as("dry_run", |text| match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    });
    is_dry.unwrap_or_default()
}

fn format_of(request: &HttpRequest) -> Result<Format, Problem> {
    let value = request.headers().get(header::CONTENT_TYPE);
    let value = value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut parts = value
        .split(';')
        .map(|part| part.trim().to_ascii_lowercase());
    let essence = parts.next().unwrap_or_default();
    let is_utf8 = parts
        .filter_map(|part| {
            part.strip_prefix("charset=")
                .map(|set| set.trim_matches('"').to_owned())
        })
        .all(|set| set == "utf-8" || set == "utf8");
    match essence.as_str() {
        "application/json" => Ok(Format::Json),
        "text/csv" if is_utf8 => Ok(Format::Csv),
        _ => Err(Problem::UnsupportedMediaType(
            "application/json, or text/csv in UTF-8",
        )),
    }
}
