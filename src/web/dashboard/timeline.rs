//! What happened to a session, in order: the click, iDenfy's word, each change, what was sent out, what people did.

use url::Url;

use super::operator::Operator;
use super::session_rows::Line;
use super::tags;
use crate::domain::channel::Via;
use crate::domain::id::SessionId;
use crate::domain::session::Status;
use crate::domain::timestamp::Timestamp;
use crate::store::StoreError;
use crate::store::audit::AuditFilter;
use crate::store::deliveries::{Delivery, DeliveryStatus};
use crate::store::events::Told;

/// The most lines of the audit log that a story tells.
const ACTS_MAX: i64 = 50;

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// The class of its mark.
    pub tone: &'static str,
    /// What happened, in a few words.
    pub title: String,
    /// More of it, a sentence each.
    pub details: Vec<String>,
}

/// The story of a session, oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn of(operator: &Operator, line: &Line) -> Result<Vec<Entry>, StoreError> {
    let store = &operator.state.store;
    let id = line.session.id;
    let mut entries = vec![begin(operator, line, store.failure_of(id).await?)];
    let reports = store.reports_of(id).await?;
    let mut results = store.results_of(id).await?;
    for report in reports {
        // What it changed is told with it.
        let own = results.iter().position(|told| told.event.id == report.id);
        let change = own.map(|at| result(results.remove(at)));
        let nothing = || ("calm", vec!["It told nothing new.".to_owned()]);
        let (tone, details) = change.map_or_else(nothing, |entry| {
            let title = std::iter::once(format!("{}.", entry.title));
            (entry.tone, title.chain(entry.details).collect())
        });
        entries.push(Entry {
            at: report.received_at,
            tone,
            title: tags::report(&report.event_type).to_owned(),
            details,
        });
    }
    entries.extend(results.into_iter().map(result));
    for (target, delivery) in store.deliveries_of(id).await? {
        entries.extend(sent(operator, target.expose(), &delivery));
    }
    entries.extend(acts(operator, id).await?);
    // Of what happened at the same time, the order above.
    entries.sort_by_key(|entry| entry.at);
    Ok(entries)
}

fn begin(operator: &Operator, line: &Line, failure: Option<String>) -> Entry {
    let session = &line.session;
    let title = match (&line.link, session.link_id) {
        (Some(clicked), _) => format!("The link “{}” was clicked", clicked.name),
        (None, Some(_)) => "A link was clicked".to_owned(),
        (None, None) => "A program started it by the API".to_owned(),
    };
    let mut details = Vec::new();
    if let Some(via) = session.via.as_ref().map(Via::as_str) {
        details.push(format!("The visitor came by: {via}."));
    }
    if let Some(code) = failure {
        details.push(format!(
            "{} The use was given back, the visitor was asked to come back later.",
            tags::failure(&code)
        ));
    } else if session.status == Status::Starting {
        details.push("A use is reserved and iDenfy is being asked.".to_owned());
    } else {
        details.push("iDenfy started a verification and the visitor was sent there.".to_owned());
    }
    if let Some(until) = session.token_expires_at {
        let until = operator.zone.exact(until);
        details.push(format!("It could be opened until {until}."));
    }
    Entry {
        at: session.created_at,
        tone: if session.status == Status::Failed {
            "calm"
        } else {
            "busy"
        },
        title,
        details,
    }
}

/// A change of what the session shows.
fn result(told: Told) -> Entry {
    let at = told.event.at;
    let Some(session) = told.session else {
        return Entry {
            at,
            tone: "calm",
            title: "Something changed".to_owned(),
            details: Vec::new(),
        };
    };
    let state = tags::status(&session.status);
    let mut details = Vec::new();
    if let Some(provisional) = &session.provisional {
        let word = tags::status(provisional).word;
        details.push(format!("So far it looks like this: {word}."));
    }
    let found: Vec<&str> = session
        .fraud_tags
        .iter()
        .chain(&session.mismatch_tags)
        .map(|tag| tags::sentence(tag).unwrap_or(tag))
        .collect();
    if !found.is_empty() {
        details.push(found.join(" "));
    }
    let is_final = if session.is_final { ", final" } else { "" };
    Entry {
        at,
        tone: state.tone,
        title: format!("It became {}{is_final}", state.word),
        details,
    }
}

/// Each time a delivery was tried, and what is next.
fn sent(operator: &Operator, target: &str, delivery: &Delivery) -> Vec<Entry> {
    let host = Url::parse(target).ok();
    let host = host
        .as_ref()
        .and_then(Url::host_str)
        .unwrap_or("an endpoint");
    let kind = tags::event(delivery.kind);
    let tries = delivery.attempts.len();
    let attempts = delivery.attempts.iter().enumerate();
    let mut entries: Vec<Entry> = attempts
        .map(|(n, tried)| {
            let is_last = n + 1 == tries;
            let (tone, title) = match delivery.status {
                DeliveryStatus::Delivered if is_last => ("good", format!("Told {host}")),
                _ => ("bad", format!("Could not tell {host}")),
            };
            let answer = if let Some(status) = tried.status {
                format!("It answered with status {status}")
            } else {
                let error = tried.error.as_deref().unwrap_or("no answer came");
                format!("It could not be reached ({error})")
            };
            Entry {
                at: tried.at,
                tone,
                title,
                details: vec![format!(
                    "{answer} after {} ms. This was attempt {} to tell it that {kind}.",
                    tried.duration_ms,
                    n + 1
                )],
            }
        })
        .collect();
    if let (Some(last), Some(next)) = (entries.last_mut(), delivery.next_attempt_at) {
        let next = operator.zone.exact(next);
        last.details.push(format!("It is tried again on {next}."));
    } else if let (Some(last), DeliveryStatus::Failed) = (entries.last_mut(), delivery.status) {
        last.details.push("It was given up.".to_owned());
    }
    entries
}

/// What people and programs did to it.
async fn acts(operator: &Operator, id: SessionId) -> Result<Vec<Entry>, StoreError> {
    let filter = AuditFilter {
        object_id: Some(id.to_string()),
        limit: ACTS_MAX,
        ..AuditFilter::default()
    };
    let lines = operator.state.store.audit_log(&filter).await?;
    let entry = |line: crate::store::audit::AuditLine| Entry {
        at: line.at,
        tone: "calm",
        title: match &*line.action {
            "session.erased" => "Its personal data was erased".to_owned(),
            "session.started" => "It was started without a link".to_owned(),
            other => other.to_owned(),
        },
        details: vec![match (line.actor_name, &*line.actor_kind) {
            (Some(name), _) => format!("{name} did it."),
            (None, "command") => "Somebody did it at the command line.".to_owned(),
            (None, _) => "Entrypass did it by itself.".to_owned(),
        }],
    };
    let mut entries: Vec<Entry> = lines.into_iter().map(entry).collect();
    entries.reverse();
    Ok(entries)
}
