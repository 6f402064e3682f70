//! Links in words.

use crate::domain::flow::Flow;
use crate::domain::link::{Link, LinkStatus};
use crate::domain::preset::PresetOptions;
use crate::domain::usage::Usage;
use crate::web::dashboard::chart::grouped;

/// A status as a badge says it.
pub(super) fn status_word(status: LinkStatus) -> &'static str {
    match status {
        LinkStatus::Active => "Active",
        LinkStatus::Deactivated => "Off",
        LinkStatus::Expired => "Expired",
        LinkStatus::Exhausted => "Used up",
    }
}

/// The tone of that badge.
pub(super) fn status_tone(status: LinkStatus) -> &'static str {
    match status {
        LinkStatus::Active => "good",
        LinkStatus::Deactivated => "calm",
        LinkStatus::Expired => "warn",
        LinkStatus::Exhausted => "busy",
    }
}

/// What a status means, and what can be done.
pub(super) fn status_text(status: LinkStatus) -> &'static str {
    match status {
        LinkStatus::Active => "Whoever opens it can be verified.",
        LinkStatus::Deactivated => {
            "It was switched off: visitors are told that it is not active. It can be switched on again."
        }
        LinkStatus::Expired => {
            "Its time is over, and a link cannot be extended. Make a new one like it instead."
        }
        LinkStatus::Exhausted => {
            "All its uses are spent, and a link cannot be refilled. Make a new one like it instead."
        }
    }
}

/// How many uses are left, and of how many.
pub(super) fn uses_left(link: &Link) -> String {
    match (link.terms.usage, link.remaining()) {
        (Usage::Single, Some(0)) => "used".to_owned(),
        (Usage::Single, _) => "1 left".to_owned(),
        (Usage::Multi(limit), Some(left)) => {
            format!("{} of {} left", grouped(left), grouped(limit))
        }
        _ => format!("no limit, {} used", grouped(link.used)),
    }
}

/// A usage.
pub(super) fn usage(usage: Usage) -> String {
    match usage {
        Usage::Single => "Once".to_owned(),
        Usage::Multi(limit) => format!("{} times", grouped(limit)),
        Usage::Unlimited => "Without limit".to_owned(),
    }
}

/// A flow.
pub(in crate::web::dashboard) fn flow(flow: Flow) -> &'static str {
    match flow {
        Flow::DocumentAndSelfie => "Document and selfie",
        Flow::Document => "Document alone",
        Flow::Selfie => "Selfie alone (age)",
    }
}

/// What a flow asks of visitors.
pub(super) fn flow_about(flow: Flow) -> &'static str {
    match flow {
        Flow::DocumentAndSelfie => "Visitors photograph an identity document and their face.",
        Flow::Document => "Visitors photograph an identity document.",
        Flow::Selfie => "Visitors photograph their face, and their age is estimated.",
    }
}

/// What a preset sets: name and value.
pub(super) fn preset(options: &PresetOptions) -> Vec<(String, String)> {
    let mut rows = vec![("Verification", flow(options.flow().unwrap_or_default()))];
    rows.extend(options.language().map(|l| ("Language", l.native_name())));
    rows.extend(options.flag("confirm").map(|is_on| {
        let when = if is_on { "always" } else { "never" };
        ("Page with a button", when)
    }));
    if options.flag("resume") == Some(true) {
        rows.push(("Coming back", "to the open session"));
    }
    if options.flag("accept_ref") == Some(true) {
        rows.push(("Reference", "from the address"));
    }
    if options.inactive_message().is_some() {
        rows.push(("Message when it is over", "your own"));
    }
    let rows = rows.into_iter();
    rows.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .chain(super::options::in_words(&options.token()))
        .collect()
}
