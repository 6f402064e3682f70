//! `/admin/invitations/start`: a session for the person at the desk, without a link.

use actix_web::web;
use askama::Template;
use serde_json::{Map, Value, json};

use super::{below, words};
use crate::domain::flow::Flow;
use crate::domain::id::SessionId;
use crate::domain::locale::Locale;
use crate::domain::timestamp::Timestamp;
use crate::redeem::Redeemer;
use crate::share::qr::Code;
use crate::web::api::fields::Fields;
use crate::web::api::invitation_input::PERSONAL;
use crate::web::api::{link_input, sessions};
use crate::web::dashboard::form::Form;
use crate::web::dashboard::operator::Operator;
use crate::web::dashboard::page::{Page, show, show_wrong};
use crate::web::dashboard::refused::Answer;
use crate::web::problem::Problem;

/// What is asked about the person: our name, label and kind of input.
const ASKED: [(&str, &str, &str); 4] = [
    ("client_id", "Customer number", "text"),
    ("first_name", "First name", "text"),
    ("last_name", "Last name", "text"),
    ("date_of_birth", "Date of birth", "date"),
];

#[derive(Template)]
#[template(path = "dashboard/start.html")]
struct StartPage {
    page: Page,
    form: Form,
    /// Name and words of each.
    flows: [(&'static str, &'static str); 2],
    /// How long it can be opened.
    minutes: i64,
    languages: [Locale; 35],
    asked: [(&'static str, &'static str, &'static str); 4],
    trouble: Option<String>,
}

#[derive(Template)]
#[template(path = "dashboard/started.html")]
struct StartedPage {
    page: Page,
    id: SessionId,
    url: String,
    until: Timestamp,
    /// Side and outline of the code.
    code: Option<(usize, String)>,
}

pub(in crate::web::dashboard) async fn ask(operator: Operator) -> Answer {
    let form = Form::of(&[("flow", Flow::default().as_str()), ("language", "en")]);
    Ok(show(&start_page(&operator, form, None)))
}

pub(in crate::web::dashboard) async fn start(
    operator: Operator,
    mut form: Form,
    redeemer: web::Data<Redeemer>,
) -> Answer {
    let token: Map<String, Value> = PERSONAL
        .iter()
        .map(|(own, theirs)| ((*theirs).to_owned(), form.value(own).trim()))
        .filter(|(_, typed)| !typed.is_empty())
        .map(|(theirs, typed)| (theirs, typed.into()))
        .collect();
    let Value::Object(given) = json!({"flow": form.value("flow"), "token": token}) else {
        return Ok(show_wrong(&start_page(&operator, form, None)));
    };
    let mut fields = Fields::new(given);
    let (flow, token) = link_input::flow_and_token(&mut fields);
    for error in fields.end().into_vec() {
        let own = |(_, theirs): &&(&str, &str)| error.field.strip_prefix("token.") == Some(*theirs);
        let own = PERSONAL.iter().find(own).map(|(own, _)| *own);
        form.wrong(own.unwrap_or("flow"), error.message);
    }
    let language = form.parse("language", Locale::parse);
    let (Some(flow), Some(token), Some(language), false) = (flow, token, language, form.is_wrong())
    else {
        return Ok(show_wrong(&start_page(&operator, form, None)));
    };
    let id = SessionId::new(operator.state.clock.uuid());
    let (state, store) = (&operator.state, operator.store());
    let begun = sessions::begin(state, &redeemer, &store, id, (flow, language, token)).await;
    let trouble = match begun {
        // One that was open already has no token that could be shown.
        Ok(started) if started.auth_token.is_some() => {
            let code = Code::of_text(&started.redirect_url).ok();
            return Ok(show(&StartedPage {
                page: below(&operator, "The session has begun"),
                id: started.session_id,
                code: code.map(|code| (code.side(), code.path())),
                until: started.valid_until,
                url: started.redirect_url,
            }));
        }
        Ok(_) | Err(Problem::SessionOpen(_)) => {
            "This customer has a verification that is under way. It must end before another can begin."
        }
        Err(problem) => {
            problem.tell(&state.store);
            "iDenfy does not start a verification now. Try again in a moment."
        }
    };
    let trouble = Some(trouble.to_owned());
    Ok(show_wrong(&start_page(&operator, form, trouble)))
}

fn start_page(operator: &Operator, form: Form, trouble: Option<String>) -> StartPage {
    StartPage {
        page: below(operator, "Start a session now"),
        form,
        flows: words::flows(),
        minutes: minutes(operator),
        languages: Locale::ALL,
        asked: ASKED,
        trouble,
    }
}

/// For how many minutes iDenfy's token can be opened.
fn minutes(operator: &Operator) -> i64 {
    let mut settings = operator.state.settings.iter();
    let set = settings.find(|setting| setting.path == "idenfy.token_expiry_seconds");
    set.and_then(|set| set.value.parse::<i64>().ok())
        .map_or(60, |seconds| seconds / 60)
}
