//! The form that makes a link: filled for a new one, one like another or one from a preset, and read. A preset's is a part of
//! it.

use serde_json::{Map, Value, json};

use super::options;
use crate::domain::flow::Flow;
use crate::domain::id::LinkId;
use crate::domain::link::Link;
use crate::domain::locale::Locale;
use crate::domain::preset::PresetOptions;
use crate::domain::token_options::{TokenOptions, whole};
use crate::domain::usage::Usage;
use crate::web::api::presets_known::Presets;
use crate::web::api::{link_input, preset_input};
use crate::web::dashboard::form::Form;
use crate::web::dashboard::operator::Visit;

/// When the page with the button comes first: where uses are limited, always, or never.
const CONFIRM_LIMITED: &str = "limited";

/// What age estimation cannot do without, as it is proposed.
const PROPOSED: [(&str, &str); 2] = [
    ("token.min_age", "18"),
    ("token.confidence_threshold", "85"),
];

/// The form for a new link with these options.
pub(super) fn of_options(options: &PresetOptions) -> Form {
    let confirm = confirm(options.flag("confirm"));
    filled(options, Usage::Single.kind(), confirm, &options.token())
}

fn confirm(set: Option<bool>) -> &'static str {
    match set {
        None => CONFIRM_LIMITED,
        Some(true) => "always",
        Some(false) => "never",
    }
}

fn filled(options: &PresetOptions, usage: &str, confirm: &str, token: &TokenOptions) -> Form {
    let mut form = Form::of(&[
        ("usage", usage),
        ("flow", options.flow().unwrap_or_default().as_str()),
        ("confirm", confirm),
        ("language", options.language().map_or("", Locale::as_str)),
        (
            "inactive_message",
            options.inactive_message().unwrap_or_default(),
        ),
    ]);
    for name in ["resume", "accept_ref"] {
        if options.flag(name) == Some(true) {
            form.add(name, "yes");
        }
    }
    options::fill(&mut form, token);
    for (name, value) in PROPOSED {
        if form.value(name).is_empty() {
            form.add(name, value);
        }
    }
    form
}

/// The form of a preset.
pub(super) fn of_preset(name: &str, options: &PresetOptions) -> Form {
    let mut form = of_options(options);
    form.add("name", name);
    form
}

/// The form for a link like `link`: all but its address, and its end where that is past.
pub(super) fn like(link: &Link, visit: &Visit) -> Form {
    let terms = &link.terms;
    let usage = terms.usage.kind();
    let is_usual = terms.confirm == is_limited(usage);
    let confirm = confirm((!is_usual).then_some(terms.confirm));
    let mut form = filled(&PresetOptions::of(link), usage, confirm, &terms.token);
    form.add("name", &*link.name);
    if let Usage::Multi(limit) = terms.usage {
        form.add("usage.limit", limit.to_string());
    }
    if let Some(end) = terms.expires_at.filter(|end| *end > visit.now) {
        form.add("expires_at", visit.zone.field(end));
    }
    if terms.signed {
        form.add("signed", "yes");
    }
    form
}

/// The link that the form describes; what is wrong is noted in it, field by field.
pub(super) fn read(form: &mut Form, id: LinkId, visit: &Visit) -> Option<Link> {
    let mut map = typed(
        form,
        &["name", "language", "flow", "slug", "inactive_message"],
    );
    let usage = form.value("usage").to_owned();
    map.insert(
        "usage".to_owned(),
        usage_of(&usage, form.value("usage.limit")),
    );
    let confirm = match form.value("confirm") {
        "always" => true,
        "never" => false,
        _ => is_limited(&usage),
    };
    map.insert("confirm".to_owned(), confirm.into());
    for name in ["resume", "accept_ref", "signed"] {
        map.insert(name.to_owned(), form.chose(name, "yes").into());
    }
    if !form.value("expires_at").is_empty() {
        let end = form.parse("expires_at", |text| visit.zone.parse(text));
        map.extend(end.map(|end| ("expires_at".to_owned(), end.to_rfc3339().into())));
    }
    let flow = Flow::parse(form.value("flow")).unwrap_or_default();
    map.insert("token".to_owned(), options::read(flow, form).into());
    match link_input::parse(id, map, &Presets::default(), visit.now) {
        Ok(link) => (!form.is_wrong()).then_some(link),
        Err(errors) => {
            form.extend(&errors);
            None
        }
    }
}

/// The name and the options of the preset that the form describes; what is wrong is noted in it, field by field.
pub(super) fn read_preset(form: &mut Form) -> Option<(String, PresetOptions)> {
    let mut map = typed(form, &["name", "language", "flow", "inactive_message"]);
    match form.value("confirm") {
        "always" => drop(map.insert("confirm".to_owned(), true.into())),
        "never" => drop(map.insert("confirm".to_owned(), false.into())),
        // Decided when a link is made, by how often it may be used.
        _ => {}
    }
    for name in ["resume", "accept_ref"] {
        if form.chose(name, "yes") {
            map.insert(name.to_owned(), true.into());
        }
    }
    let flow = Flow::parse(form.value("flow")).unwrap_or_default();
    map.insert("token".to_owned(), options::read(flow, form).into());
    match preset_input::parse(map) {
        Ok(preset) => Some(preset),
        Err(errors) => {
            form.extend(&errors);
            None
        }
    }
}

/// What was typed into these fields and is not empty.
fn typed(form: &Form, names: &[&str]) -> Map<String, Value> {
    let each = names.iter().map(|name| (*name, form.value(name).trim()));
    each.filter(|(_, typed)| !typed.is_empty())
        .map(|(name, typed)| (name.to_owned(), typed.into()))
        .collect()
}

fn usage_of(kind: &str, limit: &str) -> Value {
    match (kind, limit.trim()) {
        ("multi", "") => json!({"type": kind}),
        ("multi", limit) => json!({"type": kind, "limit": whole(limit)}),
        _ => json!({"type": kind}),
    }
}

fn is_limited(usage: &str) -> bool {
    usage != Usage::Unlimited.kind()
}
