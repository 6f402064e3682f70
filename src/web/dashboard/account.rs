//! `/admin/settings/account`: one's own name, password, second factor and browsers.

use actix_web::web;
use askama::Template;

use super::cookies;
use super::flash::Flash;
use super::form::Form;
use super::operator::{Operator, with_cookies};
use super::page::{Page, Section, show as show_page, show_wrong};
use super::person::provider_of;
use super::refused::{Answer, Refused};
use super::zone::Zone;
use crate::domain::id::BrowserSessionId;
use crate::domain::person::{Person, parse_person_name};
use crate::domain::timestamp::DAY_MS;
use crate::store::browser_sessions::BrowserSession;

/// Where the page is.
pub(super) const ADDRESS: &str = "/admin/settings/account";

/// How long a browser keeps the zone that was chosen, in milliseconds: a year.
const ZONE_MS: i64 = 365 * DAY_MS;

#[derive(Template)]
#[template(path = "dashboard/account.html")]
pub(super) struct AccountPage {
    page: Page,
    person: Person,
    name: Form,
    password: Form,
    codes_left: i64,
    browsers: Vec<BrowserSession>,
    own: BrowserSessionId,
    /// The provider that the person signs in with, where it is not a password.
    provider: Option<String>,
}

pub(super) async fn settings(operator: Operator) -> Answer {
    Ok(operator.redirect(ADDRESS))
}

pub(super) async fn show(operator: Operator) -> Answer {
    let page = account_page(&operator, None, Form::default()).await?;
    Ok(show_page(&page))
}

/// The page, with a form for the name and one for the password as they were typed.
pub(super) async fn account_page(
    operator: &Operator,
    name: Option<Form>,
    password: Form,
) -> Result<AccountPage, Refused> {
    let (store, person) = (&operator.state.store, operator.person.clone());
    let page = operator.page("Your account", Section::Settings);
    Ok(AccountPage {
        page: page.below("Settings", "/admin/settings"),
        name: name.unwrap_or_else(|| Form::of(&[("name", &person.name)])),
        password,
        codes_left: store.recovery_codes_left(person.id).await?,
        browsers: store.browser_sessions(person.id, operator.now).await?,
        own: operator.session.id,
        provider: provider_of(operator, person.id).await?,
        person,
    })
}

pub(super) async fn rename(operator: Operator, mut form: Form) -> Answer {
    let Some(name) = form.parse("name", parse_person_name) else {
        let page = account_page(&operator, Some(form), Form::default()).await?;
        return Ok(show_wrong(&page));
    };
    let store = operator.store();
    store.rename_person(operator.person.id, &name).await?;
    Ok(operator.redirect_with(&Flash::done("Your name was changed."), ADDRESS))
}

/// In which zone this browser shows times from now on, whatever its script tells; none: as that tells.
pub(super) async fn choose_zone(operator: Operator, form: Form) -> Answer {
    let wanted = form.value("time_zone");
    let cookie = match Zone::names().find(|name| *name == wanted) {
        Some(name) => cookies::make(&operator.state, cookies::CHOSEN_ZONE, name, ZONE_MS),
        None => cookies::drop(&operator.state, cookies::CHOSEN_ZONE),
    };
    let answer = operator.redirect_with(&Flash::done("The time zone was changed."), ADDRESS);
    Ok(with_cookies(answer, &[cookie]))
}

pub(super) async fn end_browser(operator: Operator, id: web::Path<String>) -> Answer {
    let id = BrowserSessionId::parse(&id).ok_or(Refused::NotFound)?;
    let store = &operator.state.store;
    let told = if store.end_browser_session(operator.person.id, id).await? {
        "The browser was signed out."
    } else {
        "The browser was signed out already."
    };
    Ok(operator.redirect_with(&Flash::done(told), ADDRESS))
}

pub(super) async fn end_others(operator: Operator) -> Answer {
    let store = &operator.state.store;
    let (person, own) = (operator.person.id, operator.session.id);
    store.end_other_browser_sessions(person, own).await?;
    let flash = Flash::done("All other browsers were signed out.");
    Ok(operator.redirect_with(&flash, ADDRESS))
}
