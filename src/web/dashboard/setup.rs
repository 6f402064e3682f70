//! The one-time address at which the first administrator is made.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::entry::sign_in;
use super::flash::Flash;
use super::form::Form;
use super::operator::Visit;
use super::page::{Page, show as show_page, show_wrong};
use super::people::{TAKEN, new_person};
use super::refused::Answer;
use crate::domain::person::Role;
use crate::domain::secret::Secret;
use crate::store::StoreError;
use crate::store::browser_sessions::LIFE_MS;
use crate::web::State;

/// How long the address is good, in milliseconds: 30 minutes.
const OPEN_MS: i64 = 30 * 60_000;

#[derive(Template)]
#[template(path = "dashboard/setup.html")]
struct SetupPage {
    page: Page,
    form: Form,
}

/// A new address at which the first administrator can be made, good once and for 30 minutes; none where there is
/// one.
///
/// # Errors
/// When the database does not answer.
pub async fn offer(state: &State) -> Result<Option<String>, StoreError> {
    let token = Secret::new(nanoid::nanoid!(32));
    let now = state.clock.now();
    let ends_at = now.plus_millis(OPEN_MS);
    let is_kept = state.store.offer_setup(&token, now, ends_at).await?;
    Ok(is_kept.then(|| format!("{}/admin/setup/{}", state.public_url, token.expose())))
}

pub(super) async fn show(visit: Visit, token: web::Path<String>) -> Answer {
    let token = Secret::new(token.into_inner());
    if !visit.state.store.setup_is_open(&token, visit.now).await? {
        return Ok(over(&visit));
    }
    Ok(show_page(&page(&visit, Form::default())))
}

pub(super) async fn submit(visit: Visit, mut form: Form, token: web::Path<String>) -> Answer {
    let token = Secret::new(token.into_inner());
    if !visit.state.store.setup_is_open(&token, visit.now).await? {
        return Ok(over(&visit));
    }
    let Some((person, password)) = new_person(&visit, &mut form, Some(Role::Administrator)) else {
        return Ok(show_wrong(&page(&visit, form)));
    };
    let hash = visit.state.dashboard.hash(password, visit.address).await?;
    let store = visit.store_of(&person);
    match store.set_up(&token, &person, &hash).await? {
        Ok(true) => {}
        Ok(false) => return Ok(over(&visit)),
        Err(_) => {
            form.wrong("email", TAKEN);
            return Ok(show_wrong(&page(&visit, form)));
        }
    }
    let welcome = Flash::done(format!("Welcome, {}. This is your dashboard.", person.name));
    let answer = visit.redirect_with(&welcome, "/admin");
    sign_in(&visit, &person, LIFE_MS, answer).await
}

/// The address leads nowhere any more, or never did: signing in does.
fn over(visit: &Visit) -> HttpResponse {
    let flash = Flash::trouble(
        "This set-up address is used or too old. Restart the server for a new one, or run `entrypass user create EMAIL --role admin`.",
    );
    visit.redirect_with(&flash, "/admin/login")
}

fn page(visit: &Visit, form: Form) -> SetupPage {
    SetupPage {
        page: Page::new(visit, "Set up Entrypass", None),
        form,
    }
}
