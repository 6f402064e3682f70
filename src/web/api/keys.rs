//! `/api/v1/keys`

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::answer::Answer;
use super::caller::Caller;
use super::fields::{self, Body, Fields};
use super::idempotent;
use super::paging::{Page, PageQuery, Query};
use super::schemas::ScopeSchema;
use crate::domain::field_error::FieldErrors;
use crate::domain::id::KeyId;
use crate::domain::link::parse_name;
use crate::domain::scope::Scope;
use crate::domain::timestamp::Timestamp;
use crate::store::keys::ApiKey;
use crate::web::State;
use crate::web::problem::Problem;

/// An API key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Key, examples(json!({
    "id": "01977d14-3b6c-7d18-a2f4-9e8d7c6b5a40",
    "name": "shop backend",
    "prefix": "epk_4fQz",
    "scopes": ["read", "links"],
    "created_at": "2027-01-15T12:00:00Z",
    "expires_at": null,
    "last_used_at": "2027-01-16T08:30:00Z"
})))]
pub struct KeyDocument {
    /// Names the key in the API.
    #[schema(value_type = String, format = "uuid")]
    id: KeyId,
    /// What people call it.
    name: String,
    /// Its first characters, to recognise it by.
    prefix: String,
    /// What it may do.
    #[schema(value_type = Vec<ScopeSchema>)]
    scopes: Vec<Scope>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ends by itself; null: never.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    expires_at: Option<Timestamp>,
    /// When it was last used, to the minute; null: never yet.
    #[schema(value_type = Option<String>, format = DateTime, required)]
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
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MadeKey, examples(json!({
    "id": "01977d14-3b6c-7d18-a2f4-9e8d7c6b5a40",
    "name": "shop backend",
    "prefix": "epk_4fQz",
    "scopes": ["read", "links"],
    "created_at": "2027-01-15T12:00:00Z",
    "expires_at": "2028-01-01T00:00:00Z",
    "last_used_at": null,
    "key": "epk_4fQz..."
})))]
pub struct NewKeyDocument {
    #[serde(flatten)]
    about: KeyDocument,
    /// The key: what goes into `Authorization: Bearer`. Shown only here.
    key: String,
}

/// What a key is made of.
#[derive(Debug, ToSchema)]
#[schema(examples(json!({"name": "shop backend", "scopes": ["read", "links"], "expires_at": "2028-01-01T00:00:00Z"})))]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// What people call it.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// What it may do: at least one scope, none twice.
    #[schema(min_items = 1)]
    pub scopes: Vec<ScopeSchema>,
    /// When it ends by itself: a time that lies ahead. Left out, it never does.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

/// Makes an API key.
///
/// The key itself is in this answer alone: it is kept as a digest.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/keys", operation_id = "createKey", tag = "Keys",
    request_body = NewKey, security(("bearer" = ["admin"])),
    responses((status = 201, description = "The key, with its text, which is shown only now.", body = NewKeyDocument)))]
pub async fn create(
    caller: Caller,
    request: HttpRequest,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Admin)?;
    let body = fields::bytes(body)?;
    let (map, own) = (fields::object(&request, &body, false), state.clone());
    let store = caller.store(&state);
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
        store.insert_key(&key, &text).await?;
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

/// Lists API keys.
///
/// Newest first, revoked ones left out.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/keys", operation_id = "listKeys", tag = "Keys",
    security(("bearer" = ["admin"])), params(PageQuery),
    responses((status = 200, description = "A page of keys.", body = Page<KeyDocument>)))]
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

/// Shows an API key.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/keys/{id}", operation_id = "getKey", tag = "Keys",
    security(("bearer" = ["admin"])), responses((status = 200, description = "The key, without its text.", body = KeyDocument)))]
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

/// Revokes an API key.
///
/// It opens nothing from then on.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(delete, path = "/api/v1/keys/{id}", operation_id = "revokeKey", tag = "Keys",
    security(("bearer" = ["admin"])), responses((status = 204, description = "It is revoked.")))]
pub async fn delete(
    caller: Caller,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Admin)?;
    if !caller
        .store(&state)
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
