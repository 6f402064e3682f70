//! What comes back of messages: a provider's reports, and people who want no more of them.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::problem::Problem;
use super::public::{accepted_language, not_found};
use super::{State, assets, resource};
use crate::domain::id::MessageId;
use crate::domain::message_words::fill;
use crate::i18n::Texts;
use crate::messages::dispatch::UNSUBSCRIBE;
use crate::messages::reasons;
use crate::messages::twilio::REPORTS;
use crate::store::messages::Report;

#[derive(Template)]
#[template(path = "visitor/unsubscribe.html")]
struct UnsubscribePage {
    texts: Texts,
    title: &'static str,
    lead: &'static str,
    /// What will happen at the press of the button; none: it has.
    ahead: Option<String>,
    icon: String,
    stylesheet: String,
}

/// `/webhooks/sms` and `/unsubscribe/…`
pub fn routes(config: &mut web::ServiceConfig) {
    let path = format!("{UNSUBSCRIBE}/{{token}}");
    config.service(resource(REPORTS, "POST").route(web::post().to(report)));
    config.service(
        resource(&path, "GET, HEAD, POST")
            .route(web::get().to(ask))
            .route(web::head().to(ask))
            .route(web::post().to(unsubscribe)),
    );
}

/// Takes a report of the SMS provider's about a message.
async fn report(
    request: HttpRequest,
    body: web::Bytes,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
    let signature = request.headers().get("X-Twilio-Signature");
    let signature = signature.and_then(|value| value.to_str().ok());
    let address = format!("{}{}", state.public_url, request.uri());
    let texter = state.dispatch.texter.as_ref();
    if !texter
        .is_some_and(|texter| texter.is_theirs(&address, &fields, signature.unwrap_or_default()))
    {
        return Err(Problem::Unauthorized);
    }
    let field = |name: &str| {
        let found = fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    let report = match field("MessageStatus") {
        Some("delivered" | "read") => Report::Delivered,
        Some("undelivered" | "failed") => {
            let code = field("ErrorCode").and_then(|code| code.parse().ok());
            let unsaid = || "the network did not take it and does not say why".to_owned();
            Report::Failed(code.map_or_else(unsaid, |code| reasons::twilio(code).1))
        }
        Some("accepted" | "queued" | "sending" | "sent") => Report::Taken,
        _ => return Ok(HttpResponse::Ok().finish()),
    };
    let query = url::form_urlencoded::parse(request.query_string().as_bytes());
    let mut named = query.filter(|(name, _)| name == "message");
    let id = named.next().and_then(|(_, id)| MessageId::parse(&id));
    let sid = field("MessageSid").unwrap_or_default();
    let now = state.clock.now();
    if let Some(message) = state.store.report_message((id, sid), &report, now).await? {
        let result = message.status.as_str();
        tracing::info!(id = %message.id, result, "the provider reported of a message");
        state.metrics.message("sms", result);
    }
    Ok(HttpResponse::Ok().finish())
}

/// Asks whether no more are wanted: programs that look at links must not unsubscribe anybody.
async fn ask(
    request: HttpRequest,
    token: web::Path<String>,
    state: web::Data<State>,
) -> HttpResponse {
    if state
        .dispatch
        .unsubscribing
        .digest_of_token(&token)
        .is_none()
    {
        return not_found(&request);
    }
    let texts = Texts::of(accepted_language(&request));
    let words = texts.template("unsubscribe-text");
    let ahead = fill(&words, &[("organisation", &state.dispatch.organisation)]);
    page(texts, Some(ahead))
}

/// Takes an address off the lists, for a person or, as RFC 8058 has it, for a mail program.
async fn unsubscribe(
    request: HttpRequest,
    token: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let Some(digest) = state.dispatch.unsubscribing.digest_of_token(&token) else {
        return Ok(not_found(&request));
    };
    state.store.unsubscribe(&digest, state.clock.now()).await?;
    Ok(page(Texts::of(accepted_language(&request)), None))
}

fn page(texts: Texts, ahead: Option<String>) -> HttpResponse {
    let page = UnsubscribePage {
        texts,
        title: "unsubscribe",
        lead: "unsubscribe",
        ahead,
        icon: assets::url("favicon.svg"),
        stylesheet: assets::url("visitor.css"),
    };
    let html = page
        .render()
        .expect("writing to a String cannot fail, and nothing else in this page can");
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header(("X-Robots-Tag", "noindex"))
        .body(html)
}
