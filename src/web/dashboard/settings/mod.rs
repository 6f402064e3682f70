//! `/admin/settings/…`: what administrators look after, but for people.

use super::operator::Operator;
use super::page::{Page, Section};

pub(super) mod audit;
pub(super) mod deliveries;
pub(super) mod endpoint;
pub(super) mod endpoint_form;
pub(super) mod endpoints;
pub(super) mod in_force;
pub(super) mod keys;
pub(super) mod messages;
pub(super) mod sandbox;

/// A page of the settings.
fn setting(operator: &Operator, title: impl Into<String>) -> Page {
    let page = operator.page(title, Section::Settings);
    page.below("Settings", "/admin/settings")
}

/// `1 delivery`, `2 deliveries`.
fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}
