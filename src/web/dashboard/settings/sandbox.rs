//! `/admin/settings/sandbox`: faults of the embedded iDenfy, switched on by hand. There in the sandbox alone.

use askama::Template;

use super::super::flash::Flash;
use super::super::form::Form;
use super::super::operator::Operator;
use super::super::page::{Page, show as show_page, show_wrong};
use super::super::refused::{Answer, Refused};
use super::setting;
use crate::sandbox::{FaultChoice, Sandbox};

/// Where the page is.
const ADDRESS: &str = "/admin/settings/sandbox";

/// Most calls that a fault can be set for.
const TIMES_MAX: u32 = 1_000_000;

#[derive(Template)]
#[template(path = "dashboard/sandbox.html")]
struct SandboxPage {
    page: Page,
    form: Form,
    faults: Vec<FaultChoice>,
    /// For how many more calls the fault lasts; none: until it is changed.
    left: Option<u32>,
}

pub(in crate::web::dashboard) async fn show(operator: Operator) -> Answer {
    let faults = sandbox(&operator)?.faults();
    let current = faults.iter().find(|fault| fault.is_on);
    let form = Form::of(&[("fault", current.map_or("", |fault| fault.name))]);
    Ok(show_page(&page(&operator, form)?))
}

pub(in crate::web::dashboard) async fn set(operator: Operator, mut form: Form) -> Answer {
    let sandbox = sandbox(&operator)?;
    let fault = form.value("fault").to_owned();
    let times = form.parse("times", |text| match text.trim() {
        "" => Ok(None),
        text => match text.parse() {
            Ok(times @ 1..=TIMES_MAX) => Ok(Some(times)),
            _ => Err(format!("must be a number from 1 to {TIMES_MAX}, or empty")),
        },
    });
    let Some(times) = times else {
        return Ok(show_wrong(&page(&operator, form)?));
    };
    if !sandbox.set_fault(&fault, times) {
        form.wrong("fault", "must be one of these");
        return Ok(show_wrong(&page(&operator, form)?));
    }
    let flash = Flash::done("The sandbox does so from the next call on.");
    Ok(operator.redirect_with(&flash, ADDRESS))
}

fn sandbox(operator: &Operator) -> Result<&Sandbox, Refused> {
    operator.state.sandbox.as_ref().ok_or(Refused::NotFound)
}

fn page(operator: &Operator, form: Form) -> Result<SandboxPage, Refused> {
    let sandbox = sandbox(operator)?;
    Ok(SandboxPage {
        page: setting(operator, "Sandbox"),
        form,
        faults: sandbox.faults(),
        left: sandbox.calls_left(),
    })
}
