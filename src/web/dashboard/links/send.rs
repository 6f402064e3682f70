//! `/admin/links/{id}/send`: the link by email or text message, and what became of it.

use actix_web::web;
use askama::Template;

use super::{address, below, link_of};
use crate::domain::contact::{parse_recipient, parse_recipient_name};
use crate::domain::id::MessageId;
use crate::domain::link::{Link, LinkStatus};
use crate::domain::locale::Locale;
use crate::domain::message::{Channel, Message, MessageKind, MessageStatus, NewMessage};
use crate::domain::person::Role;
use crate::domain::segments::Segments;
use crate::messages::letter::Letter;
use crate::messages::words::OwnWords;
use crate::web::dashboard::flash::Flash;
use crate::web::dashboard::form::Form;
use crate::web::dashboard::operator::Operator;
use crate::web::dashboard::page::{Page, show as show_page, show_wrong};
use crate::web::dashboard::paging::{Paging, ROWS};
use crate::web::dashboard::refused::{Answer, Refused};

#[derive(Template)]
#[template(path = "dashboard/link_send.html")]
struct SendPage {
    page: Page,
    /// The link's page.
    here: String,
    form: Form,
    by_email: bool,
    by_sms: bool,
    may_edit: bool,
    /// Why it is not worth sending.
    over: Option<&'static str>,
    languages: [Locale; 35],
    /// What a person would read, as far as it is set up.
    letter: Option<Letter>,
    text: Option<(String, Segments)>,
    messages: Paging<Message>,
}

impl SendPage {
    fn is_on(&self) -> bool {
        self.by_email || self.by_sms
    }

    /// The label of the field that says to whom.
    fn to_label(&self) -> &'static str {
        match (self.by_email, self.by_sms) {
            (true, true) => "Email address or phone number",
            (true, false) => "Email address",
            (false, _) => "Phone number",
        }
    }

    fn to_hint(&self) -> &'static str {
        match (self.by_email, self.by_sms) {
            (true, true) => {
                "An address is sent an email, a number a text message. Numbers begin with their country's code, such as +49 30 901820."
            }
            (true, false) => "Such as ana@example.com.",
            (false, _) => "With its country's code, such as +49 30 901820.",
        }
    }

    fn badge(message: &Message) -> (&'static str, &'static str) {
        status_words(message)
    }
}

/// Tone and word of a message's badge.
pub(in crate::web::dashboard) const fn status_words(
    message: &Message,
) -> (&'static str, &'static str) {
    match message.status {
        MessageStatus::Pending => ("busy", "Waiting"),
        MessageStatus::Sent => ("good", "Sent"),
        MessageStatus::Delivered => ("good", "Arrived"),
        MessageStatus::Failed if message.bounced_at.is_some() => ("bad", "Came back"),
        MessageStatus::Failed => ("bad", "Not sent"),
        MessageStatus::Stopped => ("warn", "Taken back"),
    }
}

pub(in crate::web::dashboard) async fn show(operator: Operator, id: web::Path<String>) -> Answer {
    let link = link_of(&operator, &id).await?;
    let language = link.terms.language.unwrap_or(Locale::EN);
    let form = Form::of(&[("language", language.as_str())]);
    Ok(show_page(&send_page(&operator, &link, form).await?))
}

/// Sends it, or shows what would be sent.
pub(in crate::web::dashboard) async fn send(
    operator: Operator,
    mut form: Form,
    id: web::Path<String>,
) -> Answer {
    let link = link_of(&operator, &id).await?;
    let name = match form.value("name").trim() {
        "" => None,
        _ => form.parse("name", parse_recipient_name),
    };
    let language = form.parse("language", Locale::parse);
    if form.value("as") == "preview" {
        return Ok(show_page(&send_page(&operator, &link, form).await?));
    }
    let channel = match form.value("to") {
        to if to.contains('@') => Channel::Email,
        to if to.trim().is_empty() && !operator.state.dispatch.is_on(Channel::Sms) => {
            Channel::Email
        }
        _ => Channel::Sms,
    };
    let recipient = if operator.state.dispatch.is_on(channel) {
        form.parse("to", |to| parse_recipient(channel, to))
    } else {
        form.wrong("to", off(channel));
        None
    };
    let is_over = over(&link, &operator).is_some();
    let (Some(recipient), false, false) = (recipient, form.is_wrong(), is_over) else {
        return Ok(show_wrong(&send_page(&operator, &link, form).await?));
    };
    let message = NewMessage {
        id: MessageId::new(operator.state.clock.uuid()),
        kind: MessageKind::Link,
        link: link.terms.id,
        campaign: None,
        channel,
        recipient,
        recipient_name: name,
        language,
        created_at: operator.now,
    };
    operator.store().send_link(&message).await?;
    let told = "It is on its way. Reload this page in a moment to see what came of it.";
    Ok(operator.redirect_with(&Flash::done(told), &here(&link)))
}

/// Sends a message again.
pub(in crate::web::dashboard) async fn retry(
    operator: Operator,
    path: web::Path<(String, String)>,
) -> Answer {
    let (link, id) = path.into_inner();
    let link = link_of(&operator, &link).await?;
    let store = &operator.state.store;
    let id = MessageId::parse(&id).ok_or(Refused::NotFound)?;
    let message = store.message(id).await?;
    let message = message.filter(|message| message.link == link.terms.id);
    let message = message.ok_or(Refused::NotFound)?;
    let flash = if !operator.state.dispatch.is_on(message.channel) {
        Flash::trouble(format!("Nothing was sent: it {}.", off(message.channel)))
    } else if store.retry_message(id, operator.now).await? {
        Flash::done("It is tried again now. Reload this page in a moment to see what came of it.")
    } else {
        Flash::trouble("It was sent already, or nobody knows any more to whom it was to go.")
    };
    Ok(operator.redirect_with(&flash, &here(&link)))
}

const fn off(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "needs sending by email, which is not set up",
        Channel::Sms => "needs sending by text message, which is not set up",
    }
}

fn here(link: &Link) -> String {
    format!("{}/send", address(link.terms.id))
}

fn over(link: &Link, operator: &Operator) -> Option<&'static str> {
    if link.terms.signed {
        return Some(
            "The link is signed: its address alone leads nowhere, so nothing is sent with it.",
        );
    }
    match link.status(operator.now) {
        LinkStatus::Active => None,
        LinkStatus::Deactivated => Some("The link is switched off, so nothing is sent with it."),
        LinkStatus::Expired => Some("The link has expired, so nothing is sent with it."),
        LinkStatus::Exhausted => Some("The link has been used up, so nothing is sent with it."),
    }
}

async fn send_page(operator: &Operator, link: &Link, form: Form) -> Result<SendPage, Refused> {
    let (store, dispatch) = (&operator.state.store, &operator.state.dispatch);
    let before = Paging::<Message>::cursor(operator, MessageId::parse);
    let messages = store
        .messages_of_link(link.terms.id, before, ROWS + 1)
        .await?;
    let own = OwnWords::read(store).await?;
    let language = Locale::parse(form.value("language")).unwrap_or(Locale::EN);
    let name = parse_recipient_name(form.value("name")).ok();
    let about = |channel| {
        let mut subject = dispatch.about(link, (MessageKind::Link, channel, language));
        subject.name = name.as_deref();
        (subject, own.words(channel, language))
    };
    let [by_email, by_sms] = Channel::ALL.map(|channel| dispatch.is_on(channel));
    let letter = by_email.then(|| {
        let (subject, words) = about(Channel::Email);
        subject.letter(&words)
    });
    let text = by_sms.then(|| {
        let (subject, words) = about(Channel::Sms);
        let text = subject.text_message(&words);
        let segments = Segments::of(&text);
        (text, segments)
    });
    Ok(SendPage {
        page: below(operator, link, "Send"),
        here: address(link.terms.id),
        by_email,
        by_sms,
        may_edit: operator.may(Role::Editor),
        over: over(link, operator),
        languages: Locale::ALL,
        letter,
        text,
        messages: Paging::new(operator, messages, |message| message.id.to_string()),
        form,
    })
}
