//! `/admin/settings/keys`: what lets programs use the API.

use std::collections::HashMap;

use actix_web::web;
use askama::Template;

use super::super::confirm;
use super::super::flash::Flash;
use super::super::form::Form;
use super::super::once::{self, SAME_PRESS_MS};
use super::super::operator::Operator;
use super::super::page::{Page, show, show_wrong};
use super::super::paging::{Paging, ROWS};
use super::super::refused::{Answer, Refused};
use super::setting;
use crate::domain::id::KeyId;
use crate::domain::link::parse_name;
use crate::domain::scope::Scope;
use crate::domain::secret::Secret;
use crate::domain::timestamp::Timestamp;
use crate::store::keys::ApiKey;

/// Where the list is.
const ADDRESS: &str = "/admin/settings/keys";

#[derive(Template)]
#[template(path = "dashboard/keys.html")]
struct KeysPage {
    page: Page,
    keys: Paging<ApiKey>,
    makers: HashMap<KeyId, String>,
}

impl KeysPage {
    /// Who made a key.
    fn maker(&self, key: &ApiKey) -> &str {
        match self.makers.get(&key.id).map_or("", String::as_str) {
            "command" => "the command line",
            "system" => "Entrypass itself",
            name => name,
        }
    }

    fn is_over(&self, key: &ApiKey) -> bool {
        key.expires_at.is_some_and(|at| at <= self.page.visit.now)
    }
}

#[derive(Template)]
#[template(path = "dashboard/key_new.html")]
struct NewPage {
    page: Page,
    form: Form,
    scopes: [Scope; 4],
}

impl NewPage {
    fn zone_hint(&self) -> String {
        let zone = self.page.visit.zone.name();
        format!("In {zone}. Leave it empty for a key that lasts until it is revoked.")
    }
}

#[derive(Template)]
#[template(path = "dashboard/key_made.html")]
struct MadePage {
    page: Page,
    key: ApiKey,
    text: Secret,
    example: String,
}

pub(in crate::web::dashboard) async fn list(operator: Operator) -> Answer {
    let store = &operator.state.store;
    let before = Paging::<ApiKey>::cursor(&operator, KeyId::parse);
    let keys = store.keys(before, ROWS + 1).await?;
    let ids: Vec<KeyId> = keys.iter().map(|key| key.id).collect();
    Ok(show(&KeysPage {
        page: setting(&operator, "API keys"),
        makers: store.key_makers(&ids).await?.into_iter().collect(),
        keys: Paging::new(&operator, keys, |key| key.id.to_string()),
    }))
}

pub(in crate::web::dashboard) async fn ask_new(operator: Operator) -> Answer {
    Ok(show(&new_page(&operator, Form::default())))
}

pub(in crate::web::dashboard) async fn add(operator: Operator, mut form: Form) -> Answer {
    let name = form.parse("name", parse_name);
    let scopes: Vec<Scope> = Scope::ALL
        .into_iter()
        .filter(|scope| form.chose("scopes", scope.as_str()))
        .collect();
    if scopes.is_empty() {
        form.wrong("scopes", "is not chosen yet: tick at least one");
    }
    let expires_at = form.parse("expires_at", |text| ahead(&operator, text));
    let (Some(name), Some(expires_at), false) = (name, expires_at, form.is_wrong()) else {
        return Ok(show_wrong(&new_page(&operator, form)));
    };
    let id = KeyId::new(once::id(&operator, &form));
    if was_made(&operator, id).await? {
        let told = "The key was made already, and its text is not shown again. If you have not kept it, revoke the key and make another.";
        return Ok(operator.redirect_with(&Flash::trouble(told), ADDRESS));
    }
    let (key, text) = ApiKey::generate(id, name, scopes, operator.now, expires_at);
    operator.store().insert_key(&key, &text).await?;
    Ok(show(&MadePage {
        page: below_keys(setting(&operator, "Your new API key")),
        example: example(&operator.state.public_url, &key, &text),
        key,
        text,
    }))
}

pub(in crate::web::dashboard) async fn ask_revoke(
    operator: Operator,
    id: web::Path<String>,
) -> Answer {
    let key = key_of(&operator, &id).await?;
    let page = setting(&operator, format!("Revoke {}?", key.name));
    let used = key.last_used_at.map_or_else(
        || "It was never used.".to_owned(),
        |at| format!("It was last used {}.", operator.moment(&at).words),
    );
    let consequences = vec![
        format!(
            "Programs that use the key “{}” ({}…) are refused from now on. {used}",
            key.name, key.prefix
        ),
        "This cannot be undone. What the programs made stays as it is.".to_owned(),
    ];
    let button = format!("Revoke {}", key.name);
    Ok(confirm::ask(
        below_keys(page),
        consequences,
        button,
        ADDRESS,
    ))
}

pub(in crate::web::dashboard) async fn revoke(operator: Operator, id: web::Path<String>) -> Answer {
    let key = key_of(&operator, &id).await?;
    operator.store().revoke_key(key.id, operator.now).await?;
    let flash = Flash::done(format!("The key {} was revoked.", key.name));
    Ok(operator.redirect_with(&flash, ADDRESS))
}

async fn key_of(operator: &Operator, id: &str) -> Result<ApiKey, Refused> {
    let id = KeyId::parse(id).ok_or(Refused::NotFound)?;
    let key = operator.state.store.key(id).await?;
    key.ok_or(Refused::NotFound)
}

/// Whether the form was sent before, but for the other half of a double click: whoever did that sees the second answer
/// alone, so that the text of that one counts.
async fn was_made(operator: &Operator, id: KeyId) -> Result<bool, Refused> {
    let store = &operator.state.store;
    let Some(key) = store.key(id).await? else {
        // One that was revoked stays so.
        return Ok(!store.key_makers(&[id]).await?.is_empty());
    };
    let is_same_press = operator.now < key.created_at.plus_millis(SAME_PRESS_MS);
    Ok(!is_same_press || key.last_used_at.is_some())
}

/// A time that lies ahead, or none.
fn ahead(operator: &Operator, text: &str) -> Result<Option<Timestamp>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let at = operator.zone.parse(text)?;
    if at > operator.now {
        Ok(Some(at))
    } else {
        Err("must lie ahead".to_owned())
    }
}

/// A call that the key may make.
fn example(base: &str, key: &ApiKey, text: &Secret) -> String {
    let call = if key.may(Scope::Read) {
        format!("{base}/api/v1/links")
    } else if key.may(Scope::Links) {
        let body = r#"{"name": "My first link", "usage": {"type": "single"}}"#;
        format!("{base}/api/v1/links -H 'Content-Type: application/json' -d '{body}'")
    } else {
        format!("{base}/api/v1/sessions -H 'Content-Type: application/json' -d '{{}}'")
    };
    format!("curl -H 'Authorization: Bearer {}' {call}", text.expose())
}

fn new_page(operator: &Operator, form: Form) -> NewPage {
    NewPage {
        page: below_keys(setting(operator, "Make an API key")),
        form,
        scopes: Scope::ALL,
    }
}

fn below_keys(page: Page) -> Page {
    page.below("API keys", ADDRESS)
}
