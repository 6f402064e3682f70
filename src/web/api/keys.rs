//! `/api/v1/keys`

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;

use super::answer::Answer;
use super::caller::Caller;
use super::fields::{self, Body, Fields};
use super::idempotent;
use super::paging::{Page, Query};
use crate::domain::field_error::FieldErrors;
use crate::domain::id::KeyId;
use crate::domain::link::parse_name;
use crate::domain::scope::Scope;
use crate::domain::timestamp::Timestamp;
use crate::store::keys::ApiKey;
use crate::web::State;
use crate::web::problem::Problem;

/// An API key.
#[derive(Debug, Serialize)]
pub struct KeyDocument {
    id: KeyId,
    name: String,
    prefix: String,
    scopes: Vec<Scope>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
}

impl From<ApiKey> for KeyDocument {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            prefix: key.prefix,
            scopes: key.scopes,
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
        }
    }
}

/// A key that was just made, with its text, which is shown only now.
#[derive(Debug, Serialize)]
pub struct NewKeyDocument {
    #[serde(flatten)]
    about: KeyDocument,
    key: String,
}

/// Makes a key.
///
/// # Errors
/// As the contract has it.
pub async fn create(
    caller: Caller,
    request: HttpRequest,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Admin)?;
    let body = fields::bytes(body)?;
    let (map, own) = (fields::object(&request, &body, false), state.clone());
    idempotent::answer(&state, &caller, &request, &body, move |id| async move {
        let (state, now) = (&own, own.clock.now());
        let mut fields = Fields::new(map?);
        let name = if fields.has("name") {
            fields.text("name", parse_name)
        } else {
            fields.missing("name")
        };
        let expires_at = fields.time_ahead("expires_at", now);
        let scopes = match fields.take("scopes") {
            None => fields.missing("scopes"),
            Some(value) => scopes(&value)
                .map_err(|errors| fields.errors.extend_below("scopes", errors))
                .ok(),
        };
        let errors = fields.end();
        let (Some(name), Some(scopes), true) = (name, scopes, errors.is_empty()) else {
            return Err(Problem::invalid(errors));
        };
        let (key, text) = ApiKey::generate(KeyId::new(id), name, scopes, now, expires_at);
        state.store.insert_key(&key, &text).await?;
        let location = format!("{}/api/v1/keys/{}", state.public_url, key.id);
        let document = NewKeyDocument {
            about: key.into(),
            key: text.expose().to_owned(),
        };
        Ok(Answer::created(location, &document))
    })
    .await
}

fn scopes(value: &Value) -> Result<Vec<Scope>, FieldErrors> {
    let mut errors = FieldErrors::default();
    let mut scopes = Vec::new();
    match value.as_array() {
        Some(items) if !items.is_empty() => {
            for (i, item) in items.iter().enumerate() {
                let scope = Scope::parse(item.as_str().unwrap_or_default());
                match errors.check(&format!("[{i}]"), scope) {
                    Some(scope) if scopes.contains(&scope) => {
                        errors.push(format!("[{i}]"), "is there twice");
                    }
                    Some(scope) => scopes.push(scope),
                    None => {}
                }
            }
        }
        _ => errors.push("", "must be an array of at least one scope"),
    }
    if errors.is_empty() {
        Ok(scopes)
    } else {
        Err(errors)
    }
}

/// Lists keys.
///
/// # Errors
/// As the contract has it.
pub async fn list(
    caller: Caller,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Admin)?;
    let (limit, before) = Query::read(&request, &[]).page(KeyId::parse)?;
    let keys = state.store.keys(before, limit + 1).await?;
    let page: Page<KeyDocument> = Page::new(keys, limit, |key| key.id.to_string());
    Ok(Answer::ok(&page).respond())
}

/// Shows a key.
///
/// # Errors
/// As the contract has it.
pub async fn get(
    caller: Caller,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Admin)?;
    let key = state
        .store
        .key(key_id(&id)?)
        .await?
        .ok_or(Problem::NotFound)?;
    Ok(Answer::ok(&KeyDocument::from(key)).respond())
}

/// Revokes a key.
///
/// # Errors
/// As the contract has it.
pub async fn delete(
    caller: Caller,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Admin)?;
    if !state
        .store
        .revoke_key(key_id(&id)?, state.clock.now())
        .await?
    {
        return Err(Problem::NotFound);
    }
    Ok(Answer::done().respond())
}

fn key_id(text: &str) -> Result<KeyId, Problem> {
    KeyId::parse(text).ok_or(Problem::NotFound)
}
