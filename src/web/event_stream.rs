//! Events as they come, to programs and browsers: server-sent events.

use std::convert::Infallible;

use actix_web::body;
use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream;

use super::State;
use crate::store::StoreError;
use crate::webhooks::feed::Wanted;

/// Where a client says up to where it heard.
pub const LAST_EVENT_ID: &str = "Last-Event-ID";

/// Answers what is wanted, without end. `None`: as many as allowed listen already.
///
/// # Errors
/// When the database does not answer.
pub async fn answer(
    request: &HttpRequest,
    state: &State,
    wanted: Wanted,
) -> Result<Option<HttpResponse>, StoreError> {
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // nginx would keep events back until there are many.
        .insert_header(("X-Accel-Buffering", "no"));
    if request.method() == Method::HEAD {
        return Ok(Some(response.body(body::None::new())));
    }
    let Some(listener) = state.feed.listen(wanted).await? else {
        return Ok(None);
    };
    let events = stream::unfold(listener, async |mut listener| {
        let text = listener.next().await?;
        Some((Ok::<_, Infallible>(web::Bytes::from(text)), listener))
    });
    Ok(Some(response.streaming(events)))
}
