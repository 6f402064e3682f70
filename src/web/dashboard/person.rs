//! `/admin/settings/people/{id}`: one person's name and role, and removing the person.

use actix_web::web;
use askama::Template;

use super::confirm;
use super::flash::Flash;
use super::form::Form;
use super::operator::Operator;
use super::page::{Page, Section, show as show_page, show_wrong};
use super::refused::{Answer, Refused};
use crate::domain::id::PersonId;
use crate::domain::person::{Person, Role, parse_person_name};
use crate::store::people::PeopleRefusal;

#[derive(Template)]
#[template(path = "dashboard/person.html")]
struct PersonPage {
    page: Page,
    person: Person,
    form: Form,
    roles: [Role; 3],
    is_own: bool,
    /// The provider that this person signs in with, where it is not a password.
    provider: Option<String>,
}

pub(super) async fn show(operator: Operator, id: web::Path<String>) -> Answer {
    let person = person_of(&operator, &id).await?;
    let role = person.role.as_str();
    let mut form = Form::of(&[("name", &person.name), ("role", role)]);
    note_shown(&mut form, &person);
    Ok(show_page(&person_page(&operator, person, form).await?))
}

pub(super) async fn change(operator: Operator, mut form: Form, id: web::Path<String>) -> Answer {
    let person = person_of(&operator, &id).await?;
    let name = form.parse("name", parse_person_name);
    let role = form.parse("role", Role::parse);
    let (Some(name), Some(role)) = (name, role) else {
        return Ok(show_wrong(&person_page(&operator, person, form).await?));
    };
    let was_role = Role::parse(form.value(WAS_ROLE)).map_err(|_| Refused::BadForm)?;
    let shown = (form.value(WAS_NAME), was_role);
    let store = operator.store();
    let updated = store.update_person(person.id, shown, (&*name, role));
    match updated.await? {
        Ok(()) => {
            let flash = Flash::done(format!("{name} is {} now.", role.title()));
            let to = if role == Role::Administrator || person.id != operator.person.id {
                "/admin/settings/people"
            } else {
                "/admin/settings"
            };
            Ok(operator.redirect_with(&flash, to))
        }
        Err(PeopleRefusal::LastAdministrator) => {
            form.wrong(
                "role",
                "must stay Administrator: nobody else could look after people",
            );
            Ok(show_wrong(&person_page(&operator, person, form).await?))
        }
        Err(PeopleRefusal::ChangedMeanwhile) => {
            let person = person_of(&operator, &id).await?;
            if person.name != form.value(WAS_NAME) {
                let now = format!("was changed meanwhile, to {}", person.name);
                form.wrong("name", now);
            }
            if person.role != was_role {
                let now = format!("was changed meanwhile, to {}", person.role.title());
                form.wrong("role", now);
            }
            note_shown(&mut form, &person);
            Ok(show_wrong(&person_page(&operator, person, form).await?))
        }
        Err(_) => Err(Refused::NotFound),
    }
}

/// The fields that carry what the others were when they were shown.
const WAS_NAME: &str = "was_name";
const WAS_ROLE: &str = "was_role";

/// Notes in a form what the person is as it is shown.
fn note_shown(form: &mut Form, person: &Person) {
    for (name, value) in [(WAS_NAME, &*person.name), (WAS_ROLE, person.role.as_str())] {
        form.take(name);
        form.add(name, value);
    }
}

/// Lets somebody who was removed sign in with the provider again.
pub(super) async fn let_in(operator: Operator, id: web::Path<String>) -> Answer {
    let id = PersonId::parse(&id).ok_or(Refused::NotFound)?;
    let flash = if operator.store().let_in_again(id).await? {
        Flash::done("This person may sign in again, and is added anew then.")
    } else {
        Flash::trouble("This person is not kept out any more.")
    };
    Ok(operator.redirect_with(&flash, "/admin/settings/people"))
}

pub(super) async fn ask_remove(operator: Operator, id: web::Path<String>) -> Answer {
    let person = person_of(&operator, &id).await?;
    let page = operator.page(format!("Remove {}?", person.name), Section::Settings);
    let until = match provider_of(&operator, person.id).await? {
        Some(_) => ", until you let this person in again under People and roles",
        None => "",
    };
    let consequences = vec![
        format!(
            "{} ({}) is signed out at once and cannot sign in any more{until}.",
            person.name, person.email
        ),
        "Links and everything else this person made stay as they are, and so does the audit log."
            .to_owned(),
    ];
    let button = format!("Remove {}", person.name);
    let back = format!("/admin/settings/people/{}", person.id);
    Ok(confirm::ask(below_people(page), consequences, button, back))
}

pub(super) async fn remove(operator: Operator, id: web::Path<String>) -> Answer {
    let person = person_of(&operator, &id).await?;
    let flash = match operator.store().delete_person(person.id).await? {
        Ok(()) => Flash::done(format!("{} was removed.", person.name)),
        Err(PeopleRefusal::LastAdministrator) => Flash::trouble(format!(
            "{} is the last administrator and cannot be removed. Make somebody else one first.",
            person.name
        )),
        Err(_) => return Err(Refused::NotFound),
    };
    Ok(operator.redirect_with(&flash, "/admin/settings/people"))
}

/// The person that an address names.
pub(super) async fn person_of(operator: &Operator, id: &str) -> Result<Person, Refused> {
    let id = PersonId::parse(id).ok_or(Refused::NotFound)?;
    let person = operator.state.store.person(id).await?;
    person.ok_or(Refused::NotFound)
}

async fn person_page(
    operator: &Operator,
    person: Person,
    form: Form,
) -> Result<PersonPage, Refused> {
    Ok(PersonPage {
        provider: provider_of(operator, person.id).await?,
        page: below_people(operator.page(&person.name, Section::Settings)),
        is_own: person.id == operator.person.id,
        person,
        form,
        roles: Role::ALL,
    })
}

/// The provider that a person signs in with, and so without a password.
pub(super) async fn provider_of(
    operator: &Operator,
    id: PersonId,
) -> Result<Option<String>, Refused> {
    let has_one = operator.state.store.has_identity(id).await?;
    let name = operator
        .state
        .oidc
        .as_ref()
        .map(|provider| provider.name.clone());
    // The settings may name another one by now, or none.
    Ok(has_one.then(|| name.unwrap_or_else(|| "your identity provider".to_owned())))
}

fn below_people(page: Page) -> Page {
    page.below("Settings", "/admin/settings")
        .below("People and roles", "/admin/settings/people")
}
