//! `/admin/invitations/{id}`: one person's invitation, sending it, and withdrawing it.

use actix_web::web;
use askama::Template;

use super::{LIST, address, below, invitation_of, words};
use crate::domain::id::MessageId;
use crate::domain::locale::Locale;
use crate::domain::message::{Channel, Message};
use crate::domain::person::Role;
use crate::store::invitations::{Sending, Standing};
use crate::web::dashboard::confirm;
use crate::web::dashboard::flash::Flash;
use crate::web::dashboard::form::Form;
use crate::web::dashboard::links::send::status_words;
use crate::web::dashboard::links::words::flow;
use crate::web::dashboard::operator::Operator;
use crate::web::dashboard::page::{Page, show as show_page};
use crate::web::dashboard::refused::{Answer, Refused};

/// Messages shown; there are rarely more than three.
const MESSAGES: i64 = 20;

#[derive(Template)]
#[template(path = "dashboard/invitation.html")]
struct InvitationPage {
    page: Page,
    one: Standing,
    here: String,
    url: String,
    badge: (&'static str, String),
    messages: Vec<Message>,
    works: bool,
    /// The channels by which it can be sent now.
    channels: Vec<Channel>,
    may_edit: bool,
}

impl InvitationPage {
    fn language(&self) -> &'static str {
        let language = self.one.link.terms.language;
        language.map_or("The visitor's own", Locale::native_name)
    }

    fn flow(&self) -> &'static str {
        flow(self.one.link.terms.flow)
    }

    fn badge_of(message: &Message) -> (&'static str, &'static str) {
        status_words(message)
    }
}

pub(in crate::web::dashboard) async fn show(operator: Operator, id: web::Path<String>) -> Answer {
    let one = invitation_of(&operator, &id).await?;
    let link = one.invitation.id.link();
    let store = &operator.state.store;
    let messages = store.messages_of_link(link, None, MESSAGES).await?;
    let works = words::works(&one.link, operator.now);
    let channels = Channel::ALL.into_iter().filter(|by| {
        works && operator.state.dispatch.is_on(*by) && one.invitation.address(*by).is_some()
    });
    let title = words::whom(&one).unwrap_or("Erased invitation").to_owned();
    Ok(show_page(&InvitationPage {
        page: below(&operator, title),
        here: address(one.invitation.id),
        url: operator.state.url_of(&one.link.terms.slug),
        badge: words::badge(&one.progress),
        channels: channels.collect(),
        works,
        messages,
        one,
        may_edit: operator.may(Role::Editor),
    }))
}

pub(in crate::web::dashboard) async fn send(
    operator: Operator,
    form: Form,
    id: web::Path<String>,
) -> Answer {
    let one = invitation_of(&operator, &id).await?;
    let id = one.invitation.id;
    let by = Channel::parse(form.value("by")).map_err(|_| Refused::NotFound)?;
    if !operator.state.dispatch.is_on(by) {
        return Err(Refused::NotFound);
    }
    let message = MessageId::new(operator.state.clock.uuid());
    let store = operator.store();
    let flash = match store.send_invitation(id, by, message, operator.now).await? {
        Sending::Queued => {
            Flash::done("It is on its way. Reload this page in a moment to see what came of it.")
        }
        Sending::NoAddress => Flash::trouble("There is no address that it could be sent to."),
        Sending::Over => {
            Flash::trouble("The link is over, so it was not sent. Invite the person anew instead.")
        }
        Sending::Unknown => return Err(Refused::NotFound),
    };
    Ok(operator.redirect_with(&flash, &address(id)))
}

pub(in crate::web::dashboard) async fn ask_withdraw(
    operator: Operator,
    id: web::Path<String>,
) -> Answer {
    let one = invitation_of(&operator, &id).await?;
    let whom = words::whom(&one).ok_or(Refused::NotFound)?.to_owned();
    let page = below(&operator, format!("Withdraw the invitation of {whom}?"));
    let consequences = vec![
        "The link stops working at once, and cannot be switched on again.".to_owned(),
        format!("What is known of {whom} is erased here: name, addresses, customer number and whatever was to be compared with the document."),
        "A verification that was begun goes on, and is erased on its own page. In the campaign's figures the invitation still counts."
            .to_owned(),
    ];
    let back = address(one.invitation.id);
    Ok(confirm::ask(page, consequences, "Withdraw and erase", back))
}

pub(in crate::web::dashboard) async fn withdraw(
    operator: Operator,
    id: web::Path<String>,
) -> Answer {
    let one = invitation_of(&operator, &id).await?;
    let store = operator.store();
    store
        .erase_invitation(one.invitation.id, operator.now)
        .await?;
    let flash = Flash::done("The invitation was withdrawn and erased.");
    Ok(operator.redirect_with(&flash, LIST))
}
