//! `/admin/events`: what happens to sessions, for pages that keep themselves up to date.

use actix_web::{HttpRequest, HttpResponse};

use super::operator::Operator;
use super::refused::{Answer, Refused};
use crate::domain::event::EventType;
use crate::domain::id::LinkId;
use crate::store::StoreError;
use crate::web::event_stream::{self, LAST_EVENT_ID};
use crate::webhooks::feed::{By, Wanted};

/// The address at which a page hears of sessions, of one link or of all, from the state of the page on. To be asked for
/// before what the page shows is read, so that nothing falls in between.
///
/// # Errors
/// When the database does not answer.
pub async fn address(operator: &Operator, link: Option<LinkId>) -> Result<String, StoreError> {
    let place = operator.state.store.newest_event().await?;
    let mut address = format!("/admin/events?last_event_id={place}");
    if let Some(link) = link {
        address += &format!("&link_id={link}");
    }
    Ok(address)
}

pub(super) async fn stream(operator: Operator, request: HttpRequest) -> Answer {
    let link_id = match operator.asked("link_id") {
        Some(id) => Some(LinkId::parse(id).ok_or(Refused::NotFound)?),
        None => None,
    };
    let told = request.headers().get(LAST_EVENT_ID);
    let last = told
        .and_then(|told| told.to_str().ok())
        .filter(|told| !told.is_empty())
        .or_else(|| operator.asked("last_event_id"));
    let wanted = Wanted {
        last: last.and_then(|place| place.parse().ok()),
        kinds: vec![
            EventType::SessionStarted,
            EventType::SessionUpdated,
            EventType::SessionFinished,
        ],
        link_id,
        by: By::Browser(operator.session.id),
    };
    let answer = event_stream::answer(&request, &operator.state, wanted).await?;
    // The page goes on without.
    Ok(answer.unwrap_or_else(|| HttpResponse::ServiceUnavailable().finish()))
}
