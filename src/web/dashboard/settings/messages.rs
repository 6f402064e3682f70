//! `/admin/settings/messages`: the words of emails and text messages.

use std::collections::BTreeMap;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::super::confirm;
use super::super::flash::Flash;
use super::super::form::Form;
use super::super::operator::Operator;
use super::super::page::{Page, show, show_wrong};
use super::super::refused::{Answer, Refused};
use super::setting;
use crate::domain::flow::Flow;
use crate::domain::locale::Locale;
use crate::domain::message::{Channel, MessageKind};
use crate::domain::message_words::WordField;
use crate::domain::segments::Segments;
use crate::domain::timestamp::DAY_MS;
use crate::i18n::Texts;
use crate::messages::letter::{Letter, Subject};
use crate::messages::words::{OwnWords, Words};

/// Where the list is.
const ADDRESS: &str = "/admin/settings/messages";

/// A channel of the list: its name in addresses, what people call it, whether it is on, and each language with whether its
/// words were changed.
type Listed = (&'static str, &'static str, bool, Vec<(Locale, bool)>);

#[derive(Template)]
#[template(path = "dashboard/messages.html")]
struct MessagesPage {
    page: Page,
    channels: Vec<Listed>,
    organisation: String,
}

#[derive(Template)]
#[template(path = "dashboard/message_words.html")]
struct WordsPage {
    page: Page,
    form: Form,
    fields: &'static [WordField],
    /// The kinds of messages that can be shown: name and what people call it.
    kinds: [(&'static str, &'static str); 3],
    is_changed: bool,
    here: String,
    is_email: bool,
    organisation: String,
    /// What a verification with a document is called.
    title: String,
    letter: Option<Letter>,
    text: Option<(String, Segments)>,
}

impl WordsPage {
    fn hint(field: &WordField) -> String {
        if field.placeholders.is_empty() {
            return String::new();
        }
        let known = field.known();
        let (first, rest) = known.split_at(1);
        format!("{}{rest}.", first.to_uppercase())
    }
}

pub(in crate::web::dashboard) async fn list(operator: Operator) -> Answer {
    let own = OwnWords::read(&operator.state.store).await?;
    let dispatch = &operator.state.dispatch;
    let channels = Channel::ALL.map(|channel| {
        let changed = |language| (language, own.of(channel, language).is_some());
        let languages = Locale::ALL.map(changed).into();
        (
            channel.as_str(),
            title(channel),
            dispatch.is_on(channel),
            languages,
        )
    });
    Ok(show(&MessagesPage {
        page: setting(&operator, "Messages"),
        channels: channels.into(),
        organisation: dispatch.organisation.clone(),
    }))
}

pub(in crate::web::dashboard) async fn ask(
    operator: Operator,
    path: web::Path<(String, String)>,
) -> Answer {
    let of = named(&path)?;
    let own = OwnWords::read(&operator.state.store).await?;
    let words = own.words(of.0, of.1);
    let mut form = Form::of(&[("kind", MessageKind::Link.as_str())]);
    for field in WordField::of(of.0) {
        form.add(field.name, words.get(field.name));
    }
    Ok(show(&words_page(
        &operator,
        of,
        form,
        own.of(of.0, of.1).is_some(),
    )))
}

/// Keeps the words, or shows what they would make.
pub(in crate::web::dashboard) async fn save(
    operator: Operator,
    mut form: Form,
    path: web::Path<(String, String)>,
) -> Answer {
    let of = named(&path)?;
    let store = operator.store();
    let own = OwnWords::read(&store).await?;
    let is_changed = own.of(of.0, of.1).is_some();
    let default = Words::default_of(of.0, of.1);
    let mut changed = BTreeMap::new();
    for field in WordField::of(of.0) {
        let text = form.parse(field.name, |text| field.check(text));
        if let Some(text) = text.filter(|text| text != default.get(field.name)) {
            changed.insert(field.name.to_owned(), text);
        }
    }
    if form.is_wrong() {
        return Ok(show_wrong(&words_page(&operator, of, form, is_changed)));
    }
    match form.value("as") {
        "preview" => return Ok(show(&words_page(&operator, of, form, is_changed))),
        "page" if of.0 == Channel::Email => {
            let words = default.changed(&changed);
            return Ok(rendered(sample(&operator, of, &form).letter(&words).html));
        }
        _ => {}
    }
    let words = (!changed.is_empty())
        .then(|| serde_json::to_string(&changed).expect("texts by name are JSON"));
    store
        .set_message_words(of, words.as_deref(), operator.now)
        .await?;
    let flash = Flash::done("The words are kept. What is sent from now on has them.");
    Ok(operator.redirect_with(&flash, &address(of)))
}

pub(in crate::web::dashboard) async fn ask_default(
    operator: Operator,
    path: web::Path<(String, String)>,
) -> Answer {
    let of = named(&path)?;
    let title = format!("Use the default words for {} again?", about(of));
    let page = setting(&operator, title).below("Messages", ADDRESS);
    let page = page.below(about(of), address(of));
    let lost =
        "Your own words are lost; what is sent from now on has those that Entrypass comes with.";
    Ok(confirm::ask(
        page,
        vec![lost.to_owned()],
        "Use the default words",
        address(of),
    ))
}

pub(in crate::web::dashboard) async fn use_default(
    operator: Operator,
    path: web::Path<(String, String)>,
) -> Answer {
    let of = named(&path)?;
    operator
        .store()
        .set_message_words(of, None, operator.now)
        .await?;
    Ok(operator.redirect_with(&Flash::done("The default words are back."), &address(of)))
}

fn named((channel, language): &(String, String)) -> Result<(Channel, Locale), Refused> {
    let channel = Channel::parse(channel).map_err(|_| Refused::NotFound)?;
    let language = Locale::parse(language).map_err(|_| Refused::NotFound)?;
    Ok((channel, language))
}

fn address((channel, language): (Channel, Locale)) -> String {
    format!("{ADDRESS}/{}/{language}", channel.as_str())
}

const fn title(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "Emails",
        Channel::Sms => "Text messages",
    }
}

fn about((channel, language): (Channel, Locale)) -> String {
    format!("{} in {}", title(channel), language.native_name())
}

fn words_page(
    operator: &Operator,
    of: (Channel, Locale),
    form: Form,
    is_changed: bool,
) -> WordsPage {
    let typed = WordField::of(of.0).iter();
    let typed = typed.filter_map(|field| {
        let text = field.check(form.value(field.name)).ok()?;
        Some((field.name.to_owned(), text))
    });
    let words = Words::default_of(of.0, of.1).changed(&typed.collect());
    let subject = sample(operator, of, &form);
    let is_email = of.0 == Channel::Email;
    let letter = is_email.then(|| subject.letter(&words));
    let text = (!is_email).then(|| {
        let text = subject.text_message(&words);
        let segments = Segments::of(&text);
        (text, segments)
    });
    WordsPage {
        page: setting(operator, about(of)).below("Messages", ADDRESS),
        form,
        fields: WordField::of(of.0),
        kinds: [
            (MessageKind::Link.as_str(), "A link that somebody sends"),
            (MessageKind::Invitation.as_str(), "An invitation"),
            (MessageKind::Reminder.as_str(), "A reminder"),
        ],
        is_changed,
        here: address(of),
        is_email,
        organisation: operator.state.dispatch.organisation.clone(),
        title: Texts::of(of.1).get("confirm-title").into_owned(),
        letter,
        text,
    }
}

/// A message to nobody.
fn sample<'a>(
    operator: &'a Operator,
    (channel, language): (Channel, Locale),
    form: &Form,
) -> Subject<'a> {
    let base = &operator.state.public_url;
    Subject {
        kind: MessageKind::parse(form.value("kind")).unwrap_or(MessageKind::Link),
        language,
        name: Some("Ana Jensen"),
        organisation: &operator.state.dispatch.organisation,
        url: format!("{base}/7kq2mwx4zt?via={}", channel.as_str()),
        flow: Flow::DocumentAndSelfie,
        is_single: true,
        expires_at: Some(operator.now.plus_millis(7 * DAY_MS)),
        unsubscribe: None,
    }
}

/// The page of an email as a mail program shows it: nothing runs, nothing is loaded, and no link leads anywhere.
fn rendered(html: String) -> HttpResponse {
    let style = html
        .split("<style>")
        .nth(1)
        .and_then(|rest| rest.split("</style>").next());
    let digest = STANDARD.encode(Sha256::digest(style.unwrap_or_default()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
    );
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .body(html)
}
