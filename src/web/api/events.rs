//! `/api/v1/events`

use actix_web::{HttpRequest, HttpResponse, web};

use super::caller::Caller;
use super::paging::Query;
use super::schemas::EventTypeSchema;
use crate::domain::event::EventType;
use crate::domain::id::LinkId;
use crate::domain::scope::Scope;
use crate::web::State;
use crate::web::event_stream::{self, LAST_EVENT_ID};
use crate::web::problem::Problem;
use crate::webhooks::feed::{By, Wanted};

/// Streams events as they happen.
///
/// Server-sent events: each has an `id`, its type as `event`, and as `data` one line of JSON,
/// `{"type", "timestamp", "data"}`, the same that endpoints get. The stream begins with what comes from now on. Send
/// the last `id` you got as `Last-Event-ID`, as every client for server-sent events does when it comes back, and what you missed comes first,
/// also after a restart. Events are kept for at least a week; where some that you missed are not kept any more, an event `stream.gap`
/// comes first, whose `data` names the place you asked for and the oldest event that is left. A comment comes every 15
/// seconds. The stream ends when the gateway is stopped, and within a minute when the key is revoked or expires. One event
/// may come twice to one who comes back.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/events", operation_id = "streamEvents", tag = "Events",
    security(("bearer" = ["read"])),
    params(
        ("type" = Option<Vec<EventTypeSchema>>, Query, description = "Only events of these types: parted by commas, or given several times."),
        ("link_id" = Option<String>, Query, description = "Only events of this link and its sessions.", format = "uuid"),
        ("last_event_id" = Option<String>, Query, description = "The same as the header `Last-Event-ID`, which wins.", example = "4711"),
        ("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event you got.", example = "4711")),
    responses(
        (status = 200, description = "The events, without end.", body = String, content_type = "text/event-stream"),
        (status = 503, description = "too_many_listeners")))]
pub async fn stream(
    caller: Caller,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let mut query = Query::read_only(&request, &["type", "link_id", "last_event_id"]);
    let kinds = query.take_each("type", |name| {
        let known = EventType::parse(name).filter(|kind| *kind != EventType::EndpointTest);
        known.ok_or_else(|| "must be types of events".to_owned())
    });
    let link_id = query.take_id("link_id", LinkId::parse);
    let mut last = query.take_as("last_event_id", place);
    if let Some(told) = request.headers().get(LAST_EVENT_ID) {
        match told.to_str().map(place) {
            // As a client says that has not heard any.
            _ if told.is_empty() => {}
            Ok(Ok(at)) => last = Some(at),
            _ => query.wrong(LAST_EVENT_ID, NO_PLACE),
        }
    }
    query.end()?;
    let wanted = Wanted {
        last,
        kinds,
        link_id,
        by: By::Key(caller.key.id),
    };
    let answer = event_stream::answer(&request, &state, wanted).await?;
    answer.ok_or(Problem::TooManyListeners)
}

const NO_PLACE: &str = "must be the id of an event";

fn place(text: &str) -> Result<i64, String> {
    let at = text.parse().ok().filter(|at| *at >= 0);
    at.ok_or_else(|| NO_PLACE.to_owned())
}
