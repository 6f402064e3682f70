//! `/admin/sessions/{id}`: one session's whole story, and what can be done about it.

use actix_web::web;
use askama::Template;

use super::flash::Flash;
use super::operator::Operator;
use super::page::{Page, Section, show as show_page};
use super::refused::{Answer, Refused};
use super::session_rows::{Line, line_of};
use super::timeline::{self, Entry};
use super::{confirm, live, tags};
use crate::domain::person::Role;
use crate::domain::session::Status;
use crate::lookup::{AskError, CALLS_A_MINUTE, Seen};
use crate::redeem::Redeemer;

/// What iDenfy found, in words.
struct Finding {
    /// What was looked at.
    what: &'static str,
    /// iDenfy's word.
    code: String,
    /// What it means, where that is known.
    sentence: Option<&'static str>,
}

struct Story {
    line: Line,
    /// The result so far.
    provisional: Option<String>,
    findings: Vec<Finding>,
    entries: Vec<Entry>,
}

#[derive(Template)]
#[template(path = "dashboard/session.html")]
struct SessionPage {
    page: Page,
    story: Story,
    live: String,
    may_ask: bool,
    may_erase: bool,
}

#[derive(Template)]
#[template(path = "dashboard/session_story.html")]
struct StoryPage {
    page: Page,
    story: Story,
}

pub(super) async fn show(operator: Operator, id: web::Path<String>) -> Answer {
    let link = line_of(&operator, &id).await?.session.link_id;
    let live = live::address(&operator, link).await?;
    let story = story(&operator, &id).await?;
    let session = &story.line.session;
    let is_editor = operator.may(Role::Editor) && session.erased_at.is_none();
    let can_be_asked = !matches!(session.status, Status::Starting | Status::Failed);
    Ok(show_page(&SessionPage {
        page: operator
            .page("Session", Section::Sessions)
            .below("Sessions", "/admin/sessions"),
        live,
        may_ask: is_editor && can_be_asked,
        may_erase: is_editor,
        story,
    }))
}

pub(super) async fn fragment(operator: Operator, id: web::Path<String>) -> Answer {
    Ok(show_page(&StoryPage {
        story: story(&operator, &id).await?,
        page: operator.page("", Section::Sessions),
    }))
}

/// Asks iDenfy what became of a session.
pub(super) async fn ask(
    operator: Operator,
    id: web::Path<String>,
    redeemer: web::Data<Redeemer>,
) -> Answer {
    let session = line_of(&operator, &id).await?.session;
    let lookup = &redeemer.lookup;
    let flash = if lookup.has_room(CALLS_A_MINUTE) {
        match lookup.ask(&session).await {
            Ok(Seen::Over) => Flash::done("iDenfy was asked. This is what it says."),
            Ok(Seen::Open) => Flash::done("iDenfy was asked. There is no final result yet."),
            Ok(Seen::Gone) => Flash::trouble("iDenfy does not know this session any more."),
            Ok(Seen::NothingToAsk) => {
                Flash::trouble("There is nothing that iDenfy could be asked about this session.")
            }
            Err(AskError::Store(error)) => return Err(error.into()),
            Err(AskError::Idenfy(error)) => {
                tracing::warn!(session = %session.id, "iDenfy does not tell what became of a session: {error}");
                Flash::trouble("iDenfy does not answer. Try again in a moment.")
            }
        }
    } else {
        Flash::trouble("iDenfy was asked very often just now. Try again in a minute.")
    };
    Ok(operator.redirect_with(&flash, &address(&session.id.to_string())))
}

pub(super) async fn ask_erase(operator: Operator, id: web::Path<String>) -> Answer {
    let line = line_of(&operator, &id).await?;
    let here = address(&id);
    let name = name_of(&operator, &line);
    let page = operator
        .page(format!("Erase {name}?"), Section::Sessions)
        .below("Sessions", "/admin/sessions")
        .below("Session", &here);
    let consequences = vec![
        "The customer's id, iDenfy's reference and your own reference are removed here, for good."
            .to_owned(),
        "iDenfy is asked to delete all that it holds of this session, until it has.".to_owned(),
        "The verdict and the statistics stay. A result that comes later is not taken any more."
            .to_owned(),
    ];
    Ok(confirm::ask(
        page,
        consequences,
        format!("Erase {name}"),
        here,
    ))
}

pub(super) async fn erase(operator: Operator, id: web::Path<String>) -> Answer {
    let session = line_of(&operator, &id).await?.session;
    let now = operator.now;
    if !operator.store().erase_session(session.id, now).await? {
        return Err(Refused::NotFound);
    }
    let flash = Flash::done(
        "The personal data of this session was erased here. iDenfy is asked to delete its own.",
    );
    Ok(operator.redirect_with(&flash, &address(&session.id.to_string())))
}

fn address(id: &str) -> String {
    format!("/admin/sessions/{id}")
}

/// What a person would call a session: by its customer, else by its time.
fn name_of(operator: &Operator, line: &Line) -> String {
    match &line.session.client_id {
        Some(client) => format!("the session of {client}"),
        None => format!(
            "the session of {}",
            operator.zone.exact(line.session.created_at)
        ),
    }
}

async fn story(operator: &Operator, id: &str) -> Result<Story, Refused> {
    let line = line_of(operator, id).await?;
    let session = &line.session;
    let provisional = session.provisional.as_ref();
    Ok(Story {
        entries: timeline::of(operator, &line).await?,
        provisional: provisional.map(|status| tags::status(status).word),
        findings: findings(&line),
        line,
    })
}

fn findings(line: &Line) -> Vec<Finding> {
    let session = &line.session;
    let checks = &session.checks;
    let checks = [
        ("Document, checked automatically", &checks.auto_document),
        ("Face, compared automatically", &checks.auto_face),
        ("Document, checked by a person", &checks.manual_document),
        ("Face, compared by a person", &checks.manual_face),
    ];
    let checks = checks
        .into_iter()
        .filter_map(|(what, code)| Some((what, code.clone()?)));
    let fraud = session.fraud_tags.iter();
    let mismatch = session.mismatch_tags.iter();
    checks
        .chain(fraud.map(|tag| ("Suspicion", tag.clone())))
        .chain(mismatch.map(|tag| ("Mismatch", tag.clone())))
        .map(|(what, code)| Finding {
            what,
            sentence: tags::sentence(&code),
            code,
        })
        .collect()
}
