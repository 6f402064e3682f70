//! `/admin/invitations/import`: a file of people: checked whole, then confirmed, then made.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::below;
use super::imports::{Import, Stage};
use crate::domain::field_error::FieldErrors;
use crate::domain::id::{CampaignId, PresetId};
use crate::domain::link::parse_name;
use crate::domain::message::Channel;
use crate::web::State;
use crate::web::api::bulk::{self, BODY_MAX};
use crate::web::api::bulk_answer::Form as Written;
use crate::web::api::bulk_input::kinds::Invitations;
use crate::web::api::bulk_input::pace::Pace;
use crate::web::api::bulk_input::{Format, Refusal, Rows};
use crate::web::api::bulk_made::{self, Receipt};
use crate::web::api::invitation_input::Common;
use crate::web::api::presets_known::Presets;
use crate::web::dashboard::chart::grouped;
use crate::web::dashboard::form::Form;
use crate::web::dashboard::links::presets::{preset_of, presets_to_choose};
use crate::web::dashboard::operator::Operator;
use crate::web::dashboard::page::{Page, show, show_wrong};
use crate::web::dashboard::refused::{Answer, Refused};
use crate::web::problem::Problem;

/// The page's address.
pub const PATH: &str = "/admin/invitations/import";

/// Largest form with the file, in bytes.
pub const FORM_MAX: usize = BODY_MAX + 64 * 1024;

/// A mistake in a row.
struct Mistake {
    /// Counted from 1, without header and empty rows; none where it is the whole file's.
    row: Option<usize>,
    field: String,
    message: String,
}

#[derive(Template)]
#[template(path = "dashboard/import.html")]
struct ImportPage {
    page: Page,
    form: Form,
    mistakes: Vec<Mistake>,
    columns: String,
    /// Id and name of each, and whether it is chosen.
    presets: Vec<(String, String, bool)>,
    by_email: bool,
    by_sms: bool,
}

#[derive(Template)]
#[template(path = "dashboard/import_state.html")]
struct StatePage {
    page: Page,
    here: String,
    import: Arc<Import>,
    stage: Stage,
    rows: String,
    read: String,
    campaign: Option<CampaignId>,
}

impl StatePage {
    /// By what they are sent, in words.
    fn sent(&self) -> Option<&'static str> {
        self.import.kind.common.send.map(|by| match by {
            Channel::Email => "an email",
            Channel::Sms => "a text message",
        })
    }
}

pub(in crate::web::dashboard) async fn ask(operator: Operator) -> Answer {
    let page = import_page(&operator, Form::default(), Vec::new());
    Ok(show(&page.await?))
}

/// Checks a file, and keeps it where it is right.
pub(in crate::web::dashboard) async fn check(operator: Operator, mut form: Form) -> Answer {
    let common = Common {
        campaign: match form.value("campaign").trim() {
            "" => None,
            _ => form.parse("campaign", parse_name),
        },
        send: match form.value("send") {
            "" => None,
            _ => form.parse("send", Channel::parse),
        },
    };
    let dispatch = &operator.state.dispatch;
    if common.send.is_some_and(|by| !dispatch.is_on(by)) {
        form.wrong("send", "is not set up");
    }
    let preset = match form.value("preset") {
        "" => None,
        id => Some(preset_of(&operator, id).await?.id),
    };
    let Some(file) = form.file("file").cloned().filter(|_| !form.is_wrong()) else {
        if form.file("file").is_none() {
            form.wrong("file", "must be chosen");
        }
        let page = import_page(&operator, form, Vec::new());
        return Ok(show_wrong(&page.await?));
    };
    let kind = Invitations {
        sends: Channel::ALL.map(|by| dispatch.is_on(by)),
        common,
        campaign: None,
    };
    let format = format_of(&file);
    let receipt = receipt(&operator.state, preset).await;
    let receipt = receipt.map_err(|_| Refused::Database(None))?;
    let read = bulk_made::checked(
        kind,
        format,
        file.clone(),
        receipt,
        |_| (),
        Pace::beside(&operator.state.store),
    )
    .await;
    match read.map_err(|_| Refused::Database(None))? {
        Ok(batch) => {
            let (rows, file) = (batch.len(), (format, file));
            let mut import = Import::new(operator.person.id, file, batch.kind, rows, operator.now);
            import.preset = preset;
            let id = operator.state.clock.uuid();
            operator.state.imports.keep(id, import);
            Ok(operator.redirect(&format!("{PATH}/{id}")))
        }
        Err(refusal) => {
            let mistakes = match refusal {
                Refusal::Wrong(errors) => told(errors),
                Refusal::Unreadable(why) => vec![whole(why)],
                Refusal::SendingOff => vec![whole("Sending is not set up.".to_owned())],
            };
            Ok(show_wrong(&import_page(&operator, form, mistakes).await?))
        }
    }
}

pub(in crate::web::dashboard) async fn state(operator: Operator, id: web::Path<String>) -> Answer {
    let import = import_of(&operator, &id)?;
    let stage = import.stage();
    let rows = grouped(i64::try_from(import.rows).unwrap_or(i64::MAX));
    let title = match &stage {
        Stage::Checked => format!("Invite {rows} people?"),
        Stage::Running => format!("{rows} people are being invited"),
        Stage::Done(_) => format!("{rows} people were invited"),
        Stage::Failed(_) => "Nobody was invited".to_owned(),
        Stage::Unsure(_) => format!("{rows} people may be invited"),
    };
    let campaign = match (&stage, &import.kind.common.campaign) {
        (Stage::Done(_), Some(name)) => operator.state.store.campaign_named(name).await?,
        _ => None,
    };
    let is_running = stage == Stage::Running;
    let mut answer = show(&StatePage {
        page: below(&operator, title),
        here: format!("{PATH}/{id}"),
        read: grouped(i64::try_from(import.read()).unwrap_or(i64::MAX)),
        campaign: campaign.map(|campaign| campaign.id),
        rows,
        import,
        stage,
    });
    if is_running {
        // Without scripts, too.
        let headers = answer.headers_mut();
        headers.insert(header::REFRESH, header::HeaderValue::from_static("1"));
    }
    Ok(answer)
}

/// Begins, in a task of its own; once.
pub(in crate::web::dashboard) async fn run(operator: Operator, id: web::Path<String>) -> Answer {
    let import = import_of(&operator, &id)?;
    if import.begins() {
        let (state, store) = (operator.state.clone(), operator.store());
        let task = import.clone();
        operator.state.spawn(async move {
            let made = async {
                let mut receipt = if let Some(receipt) = task.receipt.get() {
                    receipt.clone()
                } else {
                    let receipt = receipt(&state, task.preset).await?;
                    task.receipt.get_or_init(|| receipt).clone()
                };
                let watched = task.clone();
                let watch = move |rows| watched.read.store(rows, Ordering::Relaxed);
                let file = task.file.clone();
                let (kind, from) = (task.kind.clone(), receipt.clone());
                let read =
                    bulk_made::checked(kind, task.format, file, from, watch, Pace::beside(&store));
                let mut batch = read.await?.map_err(|_| Problem::NotFound)?;
                // It may be there already, where nobody knew how the last time ended.
                if !bulk_made::is_made(&store, &mut batch, receipt.seed).await? {
                    let kept = batch
                        .keep(&store, &state.clock, Pace::beside(&store))
                        .await?;
                    if !kept {
                        return Err(Problem::NotFound);
                    }
                }
                receipt.presets = receipt.presets.only(&batch.asked);
                Ok::<_, Problem>(receipt)
            };
            task.end(match made.await {
                Ok(receipt) => Stage::Done(receipt),
                Err(Problem::NotFound) => Stage::Failed(
                    "The file is not right any more: a time in it has passed, or its preset is gone.".to_owned(),
                ),
                Err(problem) => {
                    problem.tell(&state.store);
                    Stage::Unsure("The database did not answer in time.".to_owned())
                }
            });
        });
    }
    Ok(operator.redirect(&format!("{PATH}/{id}")))
}

/// The file again, with ids and URLs.
pub(in crate::web::dashboard) async fn result(operator: Operator, id: web::Path<String>) -> Answer {
    let import = import_of(&operator, &id)?;
    let Stage::Done(receipt) = import.stage() else {
        return Err(Refused::NotFound);
    };
    let (kind, state) = (import.kind.clone(), &operator.state);
    let file = import.file.clone();
    let made = bulk_made::again(state, kind, import.format, file.clone(), receipt).await;
    let made = made.map_err(|_| Refused::Database(None))?;
    let mut answer = bulk::respond(state, Written::Csv, import.format, &file, made);
    *answer.status_mut() = actix_web::http::StatusCode::OK;
    let kept = header::HeaderValue::from_static("attachment; filename=\"invitations.csv\"");
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_DISPOSITION, kept);
    Ok::<HttpResponse, _>(answer)
}

fn import_of(operator: &Operator, id: &str) -> Result<Arc<Import>, Refused> {
    let imports = &operator.state.imports;
    let found = imports.of(id, operator.person.id, operator.now);
    found.ok_or(Refused::NotFound)
}

/// From what rows are made now.
async fn receipt(state: &State, preset: Option<PresetId>) -> Result<Receipt, Problem> {
    let presets = Presets::all(&state.store).await?;
    Ok(Receipt {
        seed: state.clock.uuid(),
        presets: presets.with_default(preset).ok_or(Problem::NotFound)?,
    })
}

/// JSON begins with a brace; no table does.
fn format_of(file: &Bytes) -> Format {
    let first = file.iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'{') {
        Format::Json
    } else {
        Format::Csv
    }
}

fn told(errors: FieldErrors) -> Vec<Mistake> {
    let errors = errors.into_vec().into_iter();
    errors
        .map(|error| {
            let row = error.field.strip_prefix(Invitations::LIST);
            let row = row.and_then(|rest| rest.strip_prefix('[')?.split_once(']'));
            let place = row.and_then(|(n, rest)| Some((n.parse::<usize>().ok()?, rest)));
            match place {
                Some((n, rest)) => Mistake {
                    row: Some(n + 1),
                    field: rest.trim_start_matches('.').to_owned(),
                    message: error.message,
                },
                None => Mistake {
                    row: None,
                    field: error.field,
                    message: error.message,
                },
            }
        })
        .collect()
}

fn whole(message: String) -> Mistake {
    Mistake {
        row: None,
        field: String::new(),
        message,
    }
}

async fn import_page(
    operator: &Operator,
    form: Form,
    mistakes: Vec<Mistake>,
) -> Result<ImportPage, Refused> {
    let presets = presets_to_choose(operator, Some(form.value("preset"))).await?;
    let columns = Invitations::COLUMNS;
    let columns: Vec<&str> = columns.texts.iter().chain(columns.flags).copied().collect();
    let dispatch = &operator.state.dispatch;
    Ok(ImportPage {
        presets,
        page: below(operator, "Invite many people"),
        form,
        mistakes,
        columns: columns.join(", "),
        by_email: dispatch.is_on(Channel::Email),
        by_sms: dispatch.is_on(Channel::Sms),
    })
}
