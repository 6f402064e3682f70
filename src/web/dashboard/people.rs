//! `/admin/settings/people`: who may use the dashboard.

use askama::Template;

use super::flash::Flash;
use super::form::Form;
use super::operator::Operator;
use super::page::{Page, Section, show, show_wrong};
use super::paging::{Paging, ROWS};
use super::refused::Answer;
use crate::domain::id::PersonId;
use crate::domain::password::parse_password;
use crate::domain::person::{Person, Role, parse_email, parse_person_name};

#[derive(Template)]
#[template(path = "dashboard/people.html")]
struct PeoplePage {
    page: Page,
    people: Paging<Person>,
    own: PersonId,
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
    }))
}

pub(super) async fn ask_new(operator: Operator) -> Answer {
    let form = Form::of(&[("role", Role::Viewer.as_str())]);
    Ok(show(&new_page(&operator, form)))
}

pub(super) async fn add(operator: Operator, mut form: Form) -> Answer {
    let email = form.parse("email", parse_email);
    let name = form.parse("name", parse_person_name);
    let role = form.parse("role", Role::parse);
    let about = [
        form.value("email").to_owned(),
        form.value("name").to_owned(),
    ];
    let password = form.parse("password", |text| {
        parse_password(text, &about.each_ref().map(String::as_str))
    });
    form.take("password");
    let (Some(email), Some(name), Some(role), Some(password)) = (email, name, role, password)
    else {
        return Ok(show_wrong(&new_page(&operator, form)));
    };
    let person = Person {
        id: PersonId::new(operator.state.clock.uuid()),
        email,
        name,
        role,
        has_second_factor: false,
        created_at: operator.now,
        last_login_at: None,
    };
    let hash = operator.state.dashboard.hash(password).await?;
    let added = operator.store().insert_person(&person, Some(&hash)).await?;
    if added.is_err() {
        form.wrong("email", "belongs to somebody who is here already");
        return Ok(show_wrong(&new_page(&operator, form)));
    }
    let told = format!(
        "{} was added as {}. Tell them the password in person; they can change it under Your account.",
        person.name,
        person.role.title()
    );
    Ok(operator.redirect_with(&Flash::done(told), "/admin/settings/people"))
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
