//! `/api/v1/presets`

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::answer::Answer;
use super::caller::Caller;
use super::fields::{self, Body};
use super::paging::{Page, PageQuery, Query};
use super::preset_input::NewPreset;
use super::schemas::{FlowSchema, LanguageSchema, TokenSchema};
use super::{idempotent, preset_input};
use crate::domain::flow::Flow;
use crate::domain::id::PresetId;
use crate::domain::locale::Locale;
use crate::domain::preset::Preset;
use crate::domain::scope::Scope;
use crate::domain::timestamp::Timestamp;
use crate::store::presets::PresetRefusal;
use crate::web::State;
use crate::web::problem::Problem;

/// A named set of a link's options, to make links from. Links keep the options as their own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Preset, examples(json!({
    "id": "01977d15-0c4e-7a31-b6d2-5f4e3d2c1b0a",
    "name": "Adults with AML",
    "flow": "document_and_selfie",
    "language": "de",
    "confirm": true,
    "resume": null,
    "accept_ref": null,
    "inactive_message": null,
    "token": {"documents": ["PASSPORT", "ID_CARD"], "checkAml": true, "ageLimit": 18},
    "created_at": "2027-01-15T12:00:00Z",
    "updated_at": "2027-01-15T12:00:00Z"
})))]
pub struct PresetDocument {
    /// Names the preset in the API.
    #[schema(value_type = String, format = "uuid")]
    id: PresetId,
    /// What your people call it.
    name: String,
    /// Which verification its links start; null: not set.
    #[schema(value_type = Option<FlowSchema>, required)]
    flow: Option<&'static str>,
    /// The language of its links; null: not set.
    #[schema(value_type = Option<LanguageSchema>, required)]
    language: Option<&'static str>,
    /// Whether a page with a button comes first; null: not set.
    #[schema(required)]
    confirm: Option<bool>,
    /// Whether a browser that comes back gets its open session again; null: not set.
    #[schema(required)]
    resume: Option<bool>,
    /// Whether `?ref=` becomes the session's `external_ref`; null: not set.
    #[schema(required)]
    accept_ref: Option<bool>,
    /// Words for visitors who come when a link is over; null: not set.
    #[schema(required)]
    inactive_message: Option<String>,
    #[schema(value_type = TokenSchema)]
    token: Map<String, Value>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was changed last.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<Preset> for PresetDocument {
    fn from(preset: Preset) -> Self {
        let options = &preset.options;
        Self {
            id: preset.id,
            flow: options.flow().map(Flow::as_str),
            language: options.language().map(Locale::as_str),
            confirm: options.flag("confirm"),
            resume: options.flag("resume"),
            accept_ref: options.flag("accept_ref"),
            inactive_message: options.inactive_message().map(str::to_owned),
            token: options.token().as_map().clone(),
            name: preset.name,
            created_at: preset.created_at,
            updated_at: preset.updated_at,
        }
    }
}

/// Makes a preset.
///
/// Name it as `preset` where links are made: its options hold where the link gives none of its own. At most 500.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/presets", operation_id = "createPreset", tag = "Presets",
    request_body = NewPreset, security(("bearer" = ["links"])),
    responses((status = 201, description = "The preset.", body = PresetDocument)))]
pub async fn create(
    caller: Caller,
    request: HttpRequest,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    let body = fields::bytes(body)?;
    let (map, own) = (fields::object(&request, &body, false), state.clone());
    let store = caller.store(&state);
    idempotent::answer(&state, &caller, &request, &body, move |id| async move {
        let (id, now) = (PresetId::new(id), own.clock.now());
        let (name, options) = preset_input::parse(map?).map_err(Problem::invalid)?;
        // Only after a process died between making the preset and keeping its answer is there one already.
        let preset = if let Some(made) = store.preset(id).await? {
            made
        } else {
            let preset = Preset {
                id,
                name,
                options,
                created_at: now,
                updated_at: now,
            };
            store.insert_preset(&preset).await?.map_err(refused)?;
            preset
        };
        let location = format!("{}/api/v1/presets/{id}", own.public_url);
        Ok(Answer::created(location, &PresetDocument::from(preset)))
    })
    .await
}

/// Lists presets.
///
/// Newest first.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/presets", operation_id = "listPresets", tag = "Presets",
    security(("bearer" = ["read"])), params(PageQuery),
    responses((status = 200, description = "A page of presets.", body = Page<PresetDocument>)))]
pub async fn list(
    caller: Caller,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let (limit, before) = Query::read(&request, &[]).page(PresetId::parse)?;
    let presets = state.store.presets(before, limit + 1).await?;
    let page: Page<PresetDocument> = Page::new(presets, limit, |preset| preset.id.to_string());
    Ok(Answer::ok(&page).respond())
}

/// Shows a preset.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/presets/{id}", operation_id = "getPreset", tag = "Presets",
    security(("bearer" = ["read"])), responses((status = 200, description = "The preset.", body = PresetDocument)))]
pub async fn get(
    caller: Caller,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let preset = state.store.preset(preset_id(&id)?).await?;
    let preset = preset.ok_or(Problem::NotFound)?;
    Ok(Answer::ok(&PresetDocument::from(preset)).respond())
}

/// Replaces a preset.
///
/// What is left out is not set any more. Links that were made from it stay as they are.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(put, path = "/api/v1/presets/{id}", operation_id = "replacePreset", tag = "Presets",
    request_body = NewPreset, security(("bearer" = ["links"])),
    responses((status = 200, description = "The preset as it is now.", body = PresetDocument)))]
pub async fn replace(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    let body = fields::bytes(body)?;
    let map = fields::object(&request, &body, false)?;
    let id = preset_id(&id)?;
    let (name, options) = preset_input::parse(map).map_err(Problem::invalid)?;
    let store = caller.store(&state);
    let before = store.preset(id).await?.ok_or(Problem::NotFound)?;
    let preset = Preset {
        name,
        options,
        updated_at: state.clock.now(),
        ..before
    };
    store.replace_preset(&preset).await?.map_err(refused)?;
    Ok(Answer::ok(&PresetDocument::from(preset)).respond())
}

/// Deletes a preset.
///
/// Links that were made from it stay as they are.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(delete, path = "/api/v1/presets/{id}", operation_id = "deletePreset", tag = "Presets",
    security(("bearer" = ["links"])), responses((status = 204, description = "It is gone.")))]
pub async fn delete(
    caller: Caller,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    if !caller.store(&state).delete_preset(preset_id(&id)?).await? {
        return Err(Problem::NotFound);
    }
    Ok(Answer::done().respond())
}

fn refused(why: PresetRefusal) -> Problem {
    why.of_name()
        .map_or(Problem::NotFound, |words| Problem::field("name", words))
}

fn preset_id(text: &str) -> Result<PresetId, Problem> {
    PresetId::parse(text).ok_or(Problem::NotFound)
}
