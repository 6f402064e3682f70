//! `/admin/links/{id}/preview`: what a visitor sees, without a use being spent.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use super::{address, link_of};
use crate::domain::link::LinkStatus;
use crate::domain::locale::Locale;
use crate::web::dashboard::flash::Flash;
use crate::web::dashboard::form::TOKEN;
use crate::web::dashboard::operator::Operator;
use crate::web::dashboard::refused::Answer;
use crate::web::pages::{self, Confirm, Notice};

/// The page with the button (messengers are shown it also where people go straight on), or why the link is over.
pub(in crate::web::dashboard) async fn show(
    operator: Operator,
    request: HttpRequest,
    id: web::Path<String>,
) -> Answer {
    let link = link_of(&operator, &id).await?;
    let accepted = request.headers().get(header::ACCEPT_LANGUAGE);
    let accepted = accepted.and_then(|value| value.to_str().ok());
    let language = link.terms.language;
    let locale = language.unwrap_or_else(|| Locale::negotiate(accepted));
    let notice = match link.status(operator.now) {
        LinkStatus::Active => None,
        LinkStatus::Deactivated => Some(Notice::Deactivated),
        LinkStatus::Expired => Some(Notice::Expired),
        LinkStatus::Exhausted => Some(Notice::Exhausted),
    };
    let html = match notice {
        Some(notice) => pages::notice(notice, locale, link.inactive_message.as_deref()),
        None => pages::confirm(&Confirm {
            locale,
            flow: link.terms.flow,
            in_app: false,
            fields: &[(TOKEN, &operator.csrf)],
        }),
    };
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(html))
}

/// Where the visitor would go on to iDenfy.
pub(in crate::web::dashboard) async fn pressed(
    operator: Operator,
    id: web::Path<String>,
) -> Answer {
    let link = link_of(&operator, &id).await?;
    let told = "Here a visitor would go on to iDenfy. This was the preview: no use was spent.";
    Ok(operator.redirect_with(&Flash::done(told), &address(link.terms.id)))
}
