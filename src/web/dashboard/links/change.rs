//! What may be done to a link: its name and message changed, switched on and off, deleted.

use actix_web::web;
use askama::Template;

use super::words::status_text;
use super::{LIST, address, below, link_of};
use crate::domain::link::{Link, LinkStatus, parse_inactive_message, parse_name};
use crate::store::links::Activated;
use crate::web::dashboard::confirm;
use crate::web::dashboard::flash::Flash;
use crate::web::dashboard::form::Form;
use crate::web::dashboard::operator::Operator;
use crate::web::dashboard::page::{Page, show, show_wrong};
use crate::web::dashboard::refused::{Answer, Refused};

#[derive(Template)]
#[template(path = "dashboard/link_edit.html")]
struct EditPage {
    page: Page,
    form: Form,
    back: String,
}

pub(in crate::web::dashboard) async fn ask(operator: Operator, id: web::Path<String>) -> Answer {
    let link = link_of(&operator, &id).await?;
    let message = link.inactive_message.as_deref().unwrap_or_default();
    let mut form = Form::of(&[("name", &link.name), ("inactive_message", message)]);
    note_shown(&mut form, &link);
    Ok(show(&edit_page(&operator, &link, form)))
}

/// Notes in a form what the link is as it is shown: what the person leaves alone stays as it is by then.
fn note_shown(form: &mut Form, link: &Link) {
    let message = link.inactive_message.as_deref().unwrap_or_default();
    for (name, value) in [("was_name", &*link.name), ("was_message", message)] {
        form.take(name);
        form.add(name, value);
    }
}

/// The message that a field holds; none where it is empty.
fn message_of(text: &str) -> Result<Option<String>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    parse_inactive_message(text).map(Some)
}

pub(in crate::web::dashboard) async fn save(
    operator: Operator,
    mut form: Form,
    id: web::Path<String>,
) -> Answer {
    let link = link_of(&operator, &id).await?;
    let name = form.parse("name", parse_name);
    let message = form.parse("inactive_message", message_of);
    let (Some(name), Some(message)) = (name, message) else {
        return Ok(show_wrong(&edit_page(&operator, &link, form)));
    };
    let was_name = form.value("was_name").to_owned();
    let was_message = message_of(form.value("was_message")).unwrap_or_default();
    let name_if_new = (name != was_name && name != link.name).then_some(&*name);
    let message_if_new =
        (message != was_message && message != link.inactive_message).then_some(message.as_deref());
    if name_if_new.is_some() && link.name != was_name {
        form.wrong("name", format!("was changed meanwhile, to {}", link.name));
    }
    if message_if_new.is_some() && link.inactive_message != was_message {
        let now = link.inactive_message.as_deref().unwrap_or("none");
        form.wrong(
            "inactive_message",
            format!("was changed meanwhile, to: {now}"),
        );
    }
    if form.is_wrong() {
        note_shown(&mut form, &link);
        return Ok(show_wrong(&edit_page(&operator, &link, form)));
    }
    let id = link.terms.id;
    if name_if_new.is_some() || message_if_new.is_some() {
        let store = operator.store();
        if !store.update_link(id, name_if_new, message_if_new).await? {
            return Err(Refused::NotFound);
        }
    }
    let name = name_if_new.unwrap_or(&link.name);
    let flash = Flash::done(format!("{name} was saved."));
    Ok(operator.redirect_with(&flash, &address(id)))
}

pub(in crate::web::dashboard) async fn ask_activate(
    operator: Operator,
    id: web::Path<String>,
) -> Answer {
    let link = link_of(&operator, &id).await?;
    let consequences = vec![
        "Whoever opens its address can be verified again, until its uses are spent or its time is over.".to_owned(),
    ];
    let (page, title) = question(&operator, &link, "Activate");
    let back = address(link.terms.id);
    Ok(confirm::ask_harmless(page, consequences, title, back))
}

pub(in crate::web::dashboard) async fn activate(
    operator: Operator,
    id: web::Path<String>,
) -> Answer {
    let link = link_of(&operator, &id).await?;
    let id = link.terms.id;
    let flash = match operator.store().activate_link(id, operator.now).await? {
        Activated::Done => Flash::done(format!("{} is active now.", link.name)),
        Activated::Over => {
            let status = Link {
                deactivated_at: None,
                ..link
            };
            Flash::trouble(status_text(status.status(operator.now)))
        }
        Activated::NotFound => return Err(Refused::NotFound),
    };
    Ok(operator.redirect_with(&flash, &address(id)))
}

pub(in crate::web::dashboard) async fn ask_deactivate(
    operator: Operator,
    id: web::Path<String>,
) -> Answer {
    let link = link_of(&operator, &id).await?;
    let consequences = vec![
        "Visitors who open it are told that it is not active, with your message where there is one.".to_owned(),
        "Sessions that were started go on. You can activate it again.".to_owned(),
    ];
    Ok(sure(&operator, &link, "Deactivate", consequences))
}

pub(in crate::web::dashboard) async fn deactivate(
    operator: Operator,
    id: web::Path<String>,
) -> Answer {
    let link = link_of(&operator, &id).await?;
    let id = link.terms.id;
    if !operator.store().deactivate_link(id, operator.now).await? {
        return Err(Refused::NotFound);
    }
    let flash = Flash::done(format!("{} is off now.", link.name));
    Ok(operator.redirect_with(&flash, &address(id)))
}

pub(in crate::web::dashboard) async fn ask_delete(
    operator: Operator,
    id: web::Path<String>,
) -> Answer {
    let link = link_of(&operator, &id).await?;
    let mut consequences = vec![
        "Its address is gone for good and never given out again. Printed codes and posters lead nowhere.".to_owned(),
        "Its sessions and their results stay.".to_owned(),
    ];
    if link.status(operator.now) != LinkStatus::Deactivated {
        let milder = "To stop it for a while, deactivate it instead.";
        consequences.push(milder.to_owned());
    }
    Ok(sure(&operator, &link, "Delete", consequences))
}

pub(in crate::web::dashboard) async fn delete(operator: Operator, id: web::Path<String>) -> Answer {
    let link = link_of(&operator, &id).await?;
    let store = operator.store();
    if !store.delete_link(link.terms.id, operator.now).await? {
        return Err(Refused::NotFound);
    }
    let flash = Flash::done(format!("{} was deleted.", link.name));
    Ok(operator.redirect_with(&flash, LIST))
}

fn edit_page(operator: &Operator, link: &Link, form: Form) -> EditPage {
    EditPage {
        page: below(operator, link, "Edit"),
        form,
        back: address(link.terms.id),
    }
}

fn sure(
    operator: &Operator,
    link: &Link,
    verb: &str,
    consequences: Vec<String>,
) -> actix_web::HttpResponse {
    let (page, title) = question(operator, link, verb);
    confirm::ask(page, consequences, title, address(link.terms.id))
}

/// The page that asks, and what its button says.
fn question(operator: &Operator, link: &Link, verb: &str) -> (Page, String) {
    let title = format!("{verb} {}", link.name);
    (below(operator, link, format!("{title}?")), title)
}
