//! `/admin/settings/in-force`: the settings the gateway runs with, without secrets.

use askama::Template;

use super::super::operator::Operator;
use super::super::page::{Page, show};
use super::super::refused::Answer;
use super::setting;
use crate::config::{InForce, Origin};

#[derive(Template)]
#[template(path = "dashboard/in_force.html")]
struct InForcePage {
    page: Page,
    /// Section by section.
    sections: Vec<Vec<InForce>>,
    is_sandbox: bool,
}

impl InForcePage {
    /// Who set it.
    fn origin(setting: &InForce) -> String {
        match &setting.origin {
            Origin::Default => "Default".to_owned(),
            Origin::File(file) => format!("Set in {}", file.display()),
            Origin::Environment(name) => format!("Set by {name}"),
            Origin::Flag => "Set on the command line".to_owned(),
        }
    }

    fn is_default(setting: &InForce) -> bool {
        setting.origin == Origin::Default
    }
}

pub(in crate::web::dashboard) async fn show_all(operator: Operator) -> Answer {
    let settings = &operator.state.settings;
    let sections = settings.chunk_by(|a, b| a.section() == b.section());
    Ok(show(&InForcePage {
        page: setting(&operator, "Settings in force"),
        sections: sections.map(<[InForce]>::to_vec).collect(),
        is_sandbox: operator.state.sandbox.is_some(),
    }))
}
