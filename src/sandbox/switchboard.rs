//! Where a developer switches faults on and finds the newest sessions.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, LOCATION};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded;

use super::faults::{ALL, Fault};
use super::pages::html;
use super::session::Session;
use super::{Refusal, Sandbox};

/// Sessions shown.
const SHOWN: usize = 20;

#[derive(Template)]
#[template(path = "sandbox/switchboard.html")]
struct Switchboard<'a> {
    base: &'a str,
    faults: &'static [(Fault, &'static str, &'static str)],
    current: Fault,
    times: Option<u32>,
    sessions: Vec<Session>,
}

#[derive(Deserialize)]
struct Order {
    fault: String,
    times: Option<u32>,
}

/// `GET /sandbox`.
pub(super) async fn show(sandbox: Data<Sandbox>) -> HttpResponse {
    let (current, times) = sandbox.0.faults.current();
    let page = Switchboard {
        base: &sandbox.0.settings.public_base,
        faults: ALL,
        current,
        times,
        sessions: sandbox.0.sessions.newest(SHOWN),
    };
    html(StatusCode::OK, &page)
}

/// `POST /sandbox/faults`: `fault`, and `times` for so many calls; a form or JSON.
pub(super) async fn set_fault(
    sandbox: Data<Sandbox>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Refusal> {
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let is_json = content_type.is_some_and(|kind| kind.starts_with("application/json"));
    let order = if is_json {
        serde_json::from_slice(&body).map_err(|_| Refusal::json())?
    } else {
        form(&body)?
    };
    let fault = Fault::parse(&order.fault).ok_or_else(|| {
        let names: Vec<&str> = ALL.iter().map(|(_, name, _)| *name).collect();
        Refusal::bad_value(format!(
            "Field 'fault' must be one of {}.",
            names.join(", ")
        ))
    })?;
    sandbox.0.faults.set(fault, order.times);
    Ok(if is_json {
        HttpResponse::Ok().json(json!({ "fault": order.fault, "times": order.times }))
    } else {
        HttpResponse::SeeOther()
            .insert_header((LOCATION, sandbox.public("")))
            .finish()
    })
}

fn form(body: &[u8]) -> Result<Order, Refusal> {
    let field = |wanted: &str| {
        form_urlencoded::parse(body)
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value)
    };
    let fault = field("fault")
        .ok_or_else(|| Refusal::missing("fault"))?
        .into_owned();
    let times = match field("times").filter(|times| !times.is_empty()) {
        None => None,
        Some(times) => Some(
            times
                .parse()
                .map_err(|_| Refusal::bad_value("Field 'times' must be a number."))?,
        ),
    };
    Ok(Order { fault, times })
}
