//! Passwords: one's own, and that of a person who has forgotten it.

use actix_web::web;
use askama::Template;

use super::account::{self, account_page};
use super::entry::renew_session;
use super::flash::Flash;
use super::form::Form;
use super::operator::{Operator, with_cookies};
use super::page::{Page, Section, show, show_wrong};
use super::person::person_of;
use super::refused::{Answer, Refused};
use crate::domain::password::parse_password;
use crate::domain::person::{Person, fold_email};
use crate::domain::secret::Secret;

#[derive(Template)]
#[template(path = "dashboard/person_password.html")]
struct ResetPage {
    page: Page,
    person: Person,
    form: Form,
}

/// Whether the operator's own password was typed into that field; tries are counted as at the door.
pub(super) async fn is_own(
    operator: &Operator,
    form: &mut Form,
    field: &str,
) -> Result<bool, Refused> {
    let typed = Secret::new(form.take(field).unwrap_or_default());
    let door = &operator.state.dashboard;
    let account = fold_email(&operator.person.email);
    let Ok(attempt) = door
        .throttle
        .begin(&account, operator.address, operator.now)
    else {
        form.wrong(
            field,
            "was wrong too often; wait a few minutes and try again",
        );
        return Ok(false);
    };
    match held_against_own(operator, typed).await {
        Ok(true) => {
            door.throttle.was_right(&attempt);
            Ok(true)
        }
        Ok(false) => {
            form.wrong(field, "is not right");
            Ok(false)
        }
        Err(refused) => {
            door.throttle.give_back(&attempt);
            Err(refused)
        }
    }
}

async fn held_against_own(operator: &Operator, typed: Secret) -> Result<bool, Refused> {
    let lock = operator.state.store.lock_of(operator.person.id).await?;
    let hash = lock.and_then(|lock| lock.password_hash);
    let door = &operator.state.dashboard;
    door.is_password(typed, hash, operator.address).await
}

pub(super) async fn change_own(mut operator: Operator, mut form: Form) -> Answer {
    let fresh = new_password(&mut form, &operator.person);
    let is_own = is_own(&operator, &mut form, "current").await?;
    let Some(fresh) = fresh.filter(|_| is_own) else {
        let page = account_page(&operator, None, form).await?;
        return Ok(show_wrong(&page));
    };
    let hash = operator
        .state
        .dashboard
        .hash(fresh, operator.address)
        .await?;
    let id = operator.person.id;
    operator.store().set_password(id, &hash, false).await?;
    let flash = Flash::done("Your password was changed. All other browsers were signed out.");
    let cookies = renew_session(&mut operator, &hash).await?;
    let answer = operator.redirect_with(&flash, account::ADDRESS);
    Ok(with_cookies(answer, cookies.as_ref().map_or(&[], |c| c)))
}

pub(super) async fn ask_reset(operator: Operator, id: web::Path<String>) -> Answer {
    let person = person_of(&operator, &id).await?;
    if person.id == operator.person.id {
        return Ok(operator.redirect(account::ADDRESS));
    }
    Ok(show(&reset_page(&operator, person, Form::default())))
}

pub(super) async fn reset(operator: Operator, mut form: Form, id: web::Path<String>) -> Answer {
    let person = person_of(&operator, &id).await?;
    // One's own needs the old one, and the second factor the password.
    if person.id == operator.person.id {
        return Ok(operator.redirect(account::ADDRESS));
    }
    let Some(fresh) = new_password(&mut form, &person) else {
        return Ok(show_wrong(&reset_page(&operator, person, form)));
    };
    let hash = operator
        .state
        .dashboard
        .hash(fresh, operator.address)
        .await?;
    let drop_second_factor = form.chose("drop_second_factor", "yes");
    let store = operator.store();
    let is_set = store
        .set_password(person.id, &hash, drop_second_factor)
        .await?;
    if !is_set {
        // Somebody who signs in by an identity provider has none.
        return Err(Refused::NotFound);
    }
    let told = format!(
        "The password of {} was changed, and all of this person's browsers were signed out.",
        person.name
    );
    let address = format!("/admin/settings/people/{}", person.id);
    Ok(operator.redirect_with(&Flash::done(told), &address))
}

/// The field `password`, which is not shown again.
pub(super) fn new_password(form: &mut Form, person: &Person) -> Option<Secret> {
    let about = [person.email.as_str(), person.name.as_str()];
    let password = form.parse("password", |text| parse_password(text, &about));
    form.take("password");
    password
}

fn reset_page(operator: &Operator, person: Person, form: Form) -> ResetPage {
    let address = format!("/admin/settings/people/{}", person.id);
    let page = operator
        .page("Set a new password", Section::Settings)
        .below("Settings", "/admin/settings")
        .below("People and roles", "/admin/settings/people")
        .below(&person.name, address);
    ResetPage { page, person, form }
}
