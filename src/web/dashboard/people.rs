//! `/admin/settings/people`: who may use the dashboard.

use askama::Template;

use super::flash::Flash;
use super::form::Form;
use super::operator::{Operator, Visit};
use super::page::{Page, Section, show, show_wrong};
use super::paging::{Paging, ROWS};
use super::refused::Answer;
use crate::domain::id::PersonId;
use crate::domain::password::parse_password;
use crate::domain::person::{Person, Role, parse_email, parse_person_name};
use crate::domain::secret::Secret;
use crate::store::identities::Removed;

/// What is wrong with an email that somebody has.
pub(super) const TAKEN: &str = "belongs to somebody who is here already";

#[derive(Template)]
#[template(path = "dashboard/people.html")]
struct PeoplePage {
    page: Page,
    people: Paging<Person>,
    own: PersonId,
    /// Those whom the provider would let in.
    removed: Vec<Removed>,
}

#[derive(Template)]
#[template(path = "dashboard/person_new.html")]
struct NewPage {
    page: Page,
    form: Form,
    roles: [Role; 3],
}

pub(super) async fn list(operator: Operator) -> Answer {
    let before = Paging::<Person>::cursor(&operator, PersonId::parse);
    let people = operator.state.store.people(before, ROWS + 1).await?;
    let page = operator.page("People and roles", Section::Settings);
    Ok(show(&PeoplePage {
        page: page.below("Settings", "/admin/settings"),
        people: Paging::new(&operator, people, |person| person.id.to_string()),
        own: operator.person.id,
        removed: operator.state.store.removed_identities().await?,
    }))
}

pub(super) async fn ask_new(operator: Operator) -> Answer {
    let form = Form::of(&[("role", Role::Viewer.as_str())]);
    Ok(show(&new_page(&operator, form)))
}

pub(super) async fn add(operator: Operator, mut form: Form) -> Answer {
    let Some((person, password)) = new_person(&operator, &mut form, None) else {
        return Ok(show_wrong(&new_page(&operator, form)));
    };
    let hash = operator
        .state
        .dashboard
        .hash(password, operator.address)
        .await?;
    let added = operator.store().insert_person(&person, Some(&hash)).await?;
    if added.is_err() {
        form.wrong("email", TAKEN);
        return Ok(show_wrong(&new_page(&operator, form)));
    }
    let told = format!(
        "{} was added as {}. Tell them the password in person; they can change it under Your account.",
        person.name,
        person.role.title()
    );
    Ok(operator.redirect_with(&Flash::done(told), "/admin/settings/people"))
}

/// The person that a form tells of, and the password, which is not shown again. The role is that of the form unless it is
/// given.
pub(super) fn new_person(
    visit: &Visit,
    form: &mut Form,
    role: Option<Role>,
) -> Option<(Person, Secret)> {
    let email = form.parse("email", parse_email);
    let name = form.parse("name", parse_person_name);
    let role = role.or_else(|| form.parse("role", Role::parse));
    let about = [
        form.value("email").to_owned(),
        form.value("name").to_owned(),
    ];
    let password = form.parse("password", |text| {
        parse_password(text, &about.each_ref().map(String::as_str))
    });
    form.take("password");
    let id = PersonId::new(visit.state.clock.uuid());
    let person = Person::new(id, email?, name?, role?, visit.now);
    Some((person, password?))
}

fn new_page(operator: &Operator, form: Form) -> NewPage {
    let page = operator
        .page("Add a person", Section::Settings)
        .below("Settings", "/admin/settings")
        .below("People and roles", "/admin/settings/people");
    NewPage {
        page,
        form,
        roles: Role::ALL,
    }
}
