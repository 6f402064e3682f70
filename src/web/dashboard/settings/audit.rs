//! `/admin/settings/audit`: who did what to which object, when and from where.

use actix_web::HttpRequest;
use askama::Template;

use super::super::operator::{Operator, Visit};
use super::super::page::{Page, show};
use super::super::paging::{Paging, ROWS};
use super::super::refused::{Answer, Refused};
use super::setting;
use crate::domain::audit::{Action, Actor};
use crate::domain::id::AuditId;
use crate::store::audit::{AuditFilter, AuditLine};
use crate::web::api::audit::export_lines;

#[derive(Template)]
#[template(path = "dashboard/audit.html")]
struct AuditPage {
    page: Page,
    lines: Paging<AuditLine>,
    filter: AuditFilter,
    /// The kinds of actor, with their words.
    kinds: Vec<(&'static str, &'static str)>,
    actions: [Action; 27],
    /// The person or key that the list is narrowed to.
    actor: Option<String>,
    csv: String,
}

impl AuditPage {
    /// Who did it.
    fn who(line: &AuditLine) -> &str {
        line.actor_name
            .as_deref()
            .unwrap_or_else(|| kind_words(&line.actor_kind))
    }

    /// What was done.
    fn what(line: &AuditLine) -> &str {
        match Action::parse(&line.action) {
            Some(action) => action.words(),
            None => &line.action,
        }
    }

    fn is_of(&self, actor: &str) -> bool {
        self.filter.actor.as_deref() == Some(actor)
    }

    fn is_about(&self, action: &str) -> bool {
        self.filter.action.as_deref() == Some(action)
    }

    fn is_narrowed(&self) -> bool {
        let AuditFilter {
            actor,
            action,
            object_id,
            ..
        } = &self.filter;
        actor.is_some() || action.is_some() || object_id.is_some()
    }
}

pub(in crate::web::dashboard) async fn list(operator: Operator) -> Answer {
    let filter = filter(&operator);
    let asked = AuditFilter {
        before: Paging::<AuditLine>::cursor(&operator, AuditId::parse),
        limit: ROWS + 1,
        ..filter.clone()
    };
    let lines = operator.state.store.audit_log(&asked).await?;
    let actor = filter.actor.clone().filter(|actor| !is_kind(actor));
    let actor = actor.map(|actor| {
        let name = lines.first().and_then(|line| line.actor_name.clone());
        name.unwrap_or(actor)
    });
    let query = operator.query.iter().filter(|(name, _)| name != "cursor");
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(query)
        .finish();
    Ok(show(&AuditPage {
        page: setting(&operator, "Audit log"),
        lines: Paging::new(&operator, lines, |line| line.id.to_string()),
        filter,
        kinds: Actor::KINDS
            .into_iter()
            .map(|kind| (kind, kind_words(kind)))
            .collect(),
        actions: Action::ALL,
        actor,
        csv: format!("/admin/settings/audit.csv?{query}"),
    }))
}

pub(in crate::web::dashboard) async fn export(operator: Operator, request: HttpRequest) -> Answer {
    let answer = export_lines(&request, &operator.state, filter(&operator)).await;
    answer.map_err(|problem| {
        tracing::error!("an export could not begin: {problem}");
        Refused::Database(None)
    })
}

fn filter(visit: &Visit) -> AuditFilter {
    let asked = |name| visit.asked(name).map(str::to_owned);
    AuditFilter {
        actor: asked("actor"),
        action: asked("action"),
        object_id: asked("object"),
        ..AuditFilter::default()
    }
}

fn is_kind(actor: &str) -> bool {
    Actor::KINDS.contains(&actor)
}

fn kind_words(kind: &str) -> &'static str {
    match kind {
        "key" => "Programs, by API key",
        "person" => "People, in the dashboard",
        "command" => "The command line",
        _ => "Entrypass itself",
    }
}
