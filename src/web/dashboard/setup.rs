//! The one-time address at which the first administrator is made.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::entry::sign_in;
use super::flash::Flash;
use super::form::Form;
use super::operator::Visit;
use super::page::{Page, show as show_page, show_wrong};
use super::refused::Answer;
use crate::domain::id::PersonId;
use crate::domain::password::parse_password;
use crate::domain::person::{Person, Role, parse_email, parse_person_name};
use crate::domain::secret::Secret;
use crate::store::StoreError;
use crate::web::State;

/// How long the address is good, in milliseconds: 30 minutes.
const OPEN_MS: i64 = 30 * 60_000;

#[derive(Template)]
#[template(path = "dashboard/setup.html")]
struct SetupPage {
    page: Page,
    form: Form,
}

/// A new address at which the first administrator can be made, good once and for 30 minutes; none where there are people.
///
/// # Errors
/// When the database does not answer.
pub async fn offer(state: &State) -> Result<Option<String>, StoreError> {
    let token = Secret::new(nanoid::nanoid!(32));
    let ends_at = state.clock.now().plus_millis(OPEN_MS);
    let is_kept = state.store.offer_setup(&token, ends_at).await?;
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
    let email = form.parse("email", parse_email);
    let name = form.parse("name", parse_person_name);
    let about = [
        form.value("email").to_owned(),
        form.value("name").to_owned(),
    ];
    let password = form.parse("password", |text| {
        parse_password(text, &about.each_ref().map(String::as_str))
    });
    let (Some(email), Some(name), Some(password)) = (email, name, password) else {
        return Ok(show_wrong(&page(&visit, form)));
    };
    let person = Person {
        id: PersonId::new(visit.state.clock.uuid()),
        email,
        name,
        role: Role::Administrator,
        has_second_factor: false,
        created_at: visit.now,
        last_login_at: None,
    };
    let hash = visit.state.dashboard.hash(password).await?;
    if !visit
        .store_of(&person)
        .set_up(&token, &person, &hash)
        .await?
    {
        return Ok(over(&visit));
    }
    let welcome = Flash::done(format!("Welcome, {}. This is your dashboard.", person.name));
    sign_in(&visit, &person, visit.redirect_with(&welcome, "/admin")).await
}

/// The address leads nowhere any more, or never did: signing in does.
fn over(visit: &Visit) -> HttpResponse {
    let flash = Flash::trouble(
        "This set-up address is used or too old. Restart the server for a new one, or run `entrypass user create`.",
    );
    visit.redirect_with(&flash, "/admin/login")
}

fn page(visit: &Visit, form: Form) -> SetupPage {
    SetupPage {
        page: Page::new(visit, "Set up Entrypass", None),
        form,
    }
}
