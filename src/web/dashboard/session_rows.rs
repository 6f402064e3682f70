//! Sessions as rows of a table, each of which can be fetched alone when something about it changes.

use actix_web::web;
use askama::Template;

use super::operator::Operator;
use super::page::{Page, Section, show};
use super::refused::{Answer, Refused};
use super::tags::{self, StatusWords};
use crate::domain::id::{LinkId, SessionId};
use crate::domain::session::Session;
use crate::store::StoreError;
use crate::store::links_brief::LinkBrief;

/// A session as a row.
#[derive(Debug, Clone)]
pub struct Line {
    /// The session.
    pub session: Session,
    /// Its state in words.
    pub state: StatusWords,
    /// The link that was clicked.
    pub link: Option<LinkBrief>,
    /// Whether it is on a page of that link, where it need not be named.
    pub is_of_link: bool,
}

#[derive(Template)]
#[template(path = "dashboard/session_row.html")]
struct RowPage {
    page: Page,
    line: Line,
}

impl Line {
    /// Where it is fetched from anew.
    #[must_use]
    pub fn address(&self) -> String {
        let query = if self.is_of_link { "?of=link" } else { "" };
        format!("/admin/sessions/{}/row{query}", self.session.id)
    }
}

/// Sessions as rows, on a page of their link or elsewhere.
///
/// # Errors
/// When the database does not answer.
pub async fn lines(
    operator: &Operator,
    sessions: Vec<Session>,
    is_of_link: bool,
) -> Result<Vec<Line>, StoreError> {
    let mut ids: Vec<LinkId> = sessions.iter().filter_map(|s| s.link_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let links = operator.state.store.links_brief(&ids).await?;
    let line = |session: Session| {
        let link = links.iter().find(|link| Some(link.id) == session.link_id);
        Line {
            state: tags::status(&session.status),
            link: link.cloned(),
            is_of_link,
            session,
        }
    };
    Ok(sessions.into_iter().map(line).collect())
}

/// A session that an address names, as a row.
pub(super) async fn line_of(operator: &Operator, id: &str) -> Result<Line, Refused> {
    let id = SessionId::parse(id).ok_or(Refused::NotFound)?;
    let session = operator.state.store.session(id).await?;
    let is_of_link = operator.asked("of") == Some("link");
    let lines = lines(operator, Vec::from_iter(session), is_of_link).await?;
    lines.into_iter().next().ok_or(Refused::NotFound)
}

pub(super) async fn fragment(operator: Operator, id: web::Path<String>) -> Answer {
    Ok(show(&RowPage {
        line: line_of(&operator, &id).await?,
        page: operator.page("", Section::Sessions),
    }))
}
