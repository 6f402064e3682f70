//! `/admin/presets`: named sets of a link's options, to start new links from.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::input;
use super::new::{Choices, choices};
use super::options::InputKind;
use super::{LIST as LINKS, link_of, words};
use crate::domain::id::PresetId;
use crate::domain::person::Role;
use crate::domain::preset::{PRESETS_MAX, Preset, PresetOptions};
use crate::store::links::folded;
use crate::store::presets::PresetRefusal;
use crate::web::dashboard::confirm;
use crate::web::dashboard::flash::Flash;
use crate::web::dashboard::form::Form;
use crate::web::dashboard::operator::Operator;
use crate::web::dashboard::page::{Page, Section, show, show_wrong};
use crate::web::dashboard::paging::{Paging, ROWS};
use crate::web::dashboard::refused::{Answer, Refused};

/// Where the list is.
const ADDRESS: &str = "/admin/presets";

/// The field that carries when the preset was last changed before it was shown.
const WAS: &str = "was";

#[derive(Template)]
#[template(path = "dashboard/presets.html")]
struct PresetsPage {
    page: Page,
    presets: Paging<Preset>,
    may_edit: bool,
}

#[derive(Template)]
#[template(path = "dashboard/preset.html")]
struct PresetPage {
    page: Page,
    form: Form,
    choices: Choices,
    /// What its button says.
    button: &'static str,
    /// The preset that is there already.
    existing: Option<Preset>,
}

pub(in crate::web::dashboard) async fn list(operator: Operator) -> Answer {
    let before = Paging::<Preset>::cursor(&operator, PresetId::parse);
    let presets = operator.state.store.presets(before, ROWS + 1).await?;
    Ok(show(&PresetsPage {
        page: operator
            .page("Presets", Section::Links)
            .below("Links", LINKS),
        presets: Paging::new(&operator, presets, |preset| preset.id.to_string()),
        may_edit: operator.may(Role::Editor),
    }))
}

pub(in crate::web::dashboard) async fn ask_new(operator: Operator) -> Answer {
    let form = match operator.asked("like") {
        Some(id) => {
            let link = link_of(&operator, id).await?;
            input::of_preset(&link.name, &PresetOptions::of(&link))
        }
        None => input::of_preset("", &PresetOptions::default()),
    };
    Ok(show(&preset_page(&operator, form, None)))
}

pub(in crate::web::dashboard) async fn add(operator: Operator, mut form: Form) -> Answer {
    let Some((name, options)) = input::read_preset(&mut form) else {
        return Ok(show_wrong(&preset_page(&operator, form, None)));
    };
    let preset = Preset {
        id: PresetId::new(operator.state.clock.uuid()),
        name,
        options,
        created_at: operator.now,
        updated_at: operator.now,
    };
    match operator.store().insert_preset(&preset).await? {
        Ok(()) => Ok(kept(&operator, &preset)),
        Err(why) => refused(&operator, form, None, why),
    }
}

pub(in crate::web::dashboard) async fn ask_edit(
    operator: Operator,
    id: web::Path<String>,
) -> Answer {
    let preset = preset_of(&operator, &id).await?;
    let mut form = input::of_preset(&preset.name, &preset.options);
    form.add(WAS, preset.updated_at.to_rfc3339());
    Ok(show(&preset_page(&operator, form, Some(preset))))
}

pub(in crate::web::dashboard) async fn save(
    operator: Operator,
    mut form: Form,
    id: web::Path<String>,
) -> Answer {
    let before = preset_of(&operator, &id).await?;
    let read = input::read_preset(&mut form);
    let now = before.updated_at.to_rfc3339();
    if form.value(WAS) != now {
        let told = "or options were changed by somebody else meanwhile; save again to put yours in their place";
        form.wrong("name", told);
        form.take(WAS);
        form.add(WAS, now);
    }
    let Some((name, options)) = read.filter(|_| !form.is_wrong()) else {
        return Ok(show_wrong(&preset_page(&operator, form, Some(before))));
    };
    let preset = Preset {
        name,
        options,
        updated_at: operator.now,
        ..before.clone()
    };
    match operator.store().replace_preset(&preset).await? {
        Ok(()) => Ok(kept(&operator, &preset)),
        Err(why) => refused(&operator, form, Some(before), why),
    }
}

pub(in crate::web::dashboard) async fn ask_delete(
    operator: Operator,
    id: web::Path<String>,
) -> Answer {
    let preset = preset_of(&operator, &id).await?;
    let name = &preset.name;
    let page = page(&operator, &format!("Delete {name}?"));
    let consequences = vec![
        "Nobody can start a link from it any more. Programs that name it are refused.".to_owned(),
        "Links that were made from it stay as they are.".to_owned(),
    ];
    let button = format!("Delete {name}");
    Ok(confirm::ask(page, consequences, button, ADDRESS))
}

pub(in crate::web::dashboard) async fn delete(operator: Operator, id: web::Path<String>) -> Answer {
    let preset = preset_of(&operator, &id).await?;
    operator.store().delete_preset(preset.id).await?;
    let flash = Flash::done(format!("{} was deleted.", preset.name));
    Ok(operator.redirect_with(&flash, ADDRESS))
}

/// All presets by name: id, name, and whether it is the one that is chosen.
pub(in crate::web::dashboard) async fn presets_to_choose(
    operator: &Operator,
    chosen: Option<&str>,
) -> Result<Vec<(String, String, bool)>, Refused> {
    let mut presets = operator.state.store.presets(None, PRESETS_MAX).await?;
    presets.sort_by_cached_key(|preset| folded(&preset.name));
    let presets = presets.into_iter().map(|preset| {
        let id = preset.id.to_string();
        let is_chosen = chosen == Some(&*id);
        (id, preset.name, is_chosen)
    });
    Ok(presets.collect())
}

/// The preset that an address names.
pub(in crate::web::dashboard) async fn preset_of(
    operator: &Operator,
    id: &str,
) -> Result<Preset, Refused> {
    let id = PresetId::parse(id).ok_or(Refused::NotFound)?;
    let preset = operator.state.store.preset(id).await?;
    preset.ok_or(Refused::NotFound)
}

fn kept(operator: &Operator, preset: &Preset) -> HttpResponse {
    let flash = Flash::done(format!("{} was saved.", preset.name));
    operator.redirect_with(&flash, ADDRESS)
}

fn refused(
    operator: &Operator,
    mut form: Form,
    existing: Option<Preset>,
    why: PresetRefusal,
) -> Answer {
    form.wrong("name", why.of_name().ok_or(Refused::NotFound)?);
    Ok(show_wrong(&preset_page(operator, form, existing)))
}

fn preset_page(operator: &Operator, form: Form, existing: Option<Preset>) -> PresetPage {
    let title = existing
        .as_ref()
        .map_or("New preset", |preset| &preset.name);
    PresetPage {
        page: page(operator, title),
        choices: choices(&form),
        form,
        button: if existing.is_some() {
            "Save"
        } else {
            "Create the preset"
        },
        existing,
    }
}

fn page(operator: &Operator, title: &str) -> Page {
    operator
        .page(title, Section::Links)
        .below("Links", LINKS)
        .below("Presets", ADDRESS)
}
