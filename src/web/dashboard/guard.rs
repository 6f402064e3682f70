//! Before each page: who is asking, whether the role is enough, whether a form is one of ours. After it: the headers.

use std::net::IpAddr;
use std::sync::atomic::Ordering;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, HttpRequest, ResponseError as _, web};

use super::cookies;
use super::flash::Flash;
use super::form::{Form, TOKEN, ZONE};
use super::invitations::import;
use super::operator::{FORM_PURPOSE, SignedIn, Visit};
use super::refused::Refused;
use super::zone::Zone;
use crate::domain::person::Role;
use crate::domain::secret::Secret;
use crate::domain::timestamp::DAY_MS;
use crate::web::State;
use crate::web::client_address::client_address;
use crate::web::packing::pack_page;

/// Scripts and styles are files of ours; forms lead nowhere else; nobody frames a page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The header that scripts may send a form's token in.
const TOKEN_HEADER: &str = "x-csrf-token";

/// The header by which live.js says that it asks for a part of a page: what a page tells first waits for a whole one.
const FRAGMENT_HEADER: &str = "x-fragment";

/// Longest name of a browser that is kept, in characters.
const AGENT_MAX: usize = 300;

/// What is around a page that needs that role; none: whoever asks.
///
/// # Errors
/// None of its own: what is refused is a page, too.
pub async fn guard(
    need: Option<Role>,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let Some(state) = request.app_data::<web::Data<State>>().cloned() else {
        return Ok(request.into_response(Refused::NotFound.error_response()));
    };
    let mut visit = match visit(request.request(), state.clone()).await {
        Ok(visit) => visit,
        Err(refused) => return Ok(request.into_response(refused.told(&state))),
    };
    let mut answer = match admit(need, &mut visit, &mut request).await {
        Ok(()) => {
            request.extensions_mut().insert(visit.clone());
            next.call(request).await?
        }
        // A form of the way in that is too old leads to a fresh one: nothing was lost but what was typed.
        Err(Refused::BadForm) if need.is_none() => {
            let flash = Flash::trouble("That page was open for too long. Please try once more.");
            let answer = visit.redirect_with(&flash, &visit.path);
            request.into_response(answer)
        }
        Err(refused) => request.into_response(refused.told(&state)),
    };
    if let Some(refused) = answer
        .response()
        .error()
        .and_then(|e| e.as_error::<Refused>())
    {
        refused.tell(&state);
    }
    let is_page =
        answer.status() != 303 && !answer.request().headers().contains_key(FRAGMENT_HEADER);
    let mut cookies = Vec::new();
    if visit.flash.is_some() && is_page {
        cookies.push(cookies::drop(&visit.state, cookies::FLASH));
    }
    if let Some(binding) = &visit.fresh_binding {
        cookies.push(cookies::make(&visit.state, cookies::FORMS, binding, DAY_MS));
    }
    for cookie in cookies {
        answer.response_mut().add_cookie(&cookie)?;
    }
    Ok(answer)
}

/// Gives whatever is answered the headers of a page, and packs it.
///
/// # Errors
/// None of its own.
pub async fn dress(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let answer = next.call(request).await?.map_into_boxed_body();
    Ok(pack_page(dressed(answer)).await)
}

/// Lets a visit through, unless that is refused. Reads the form of a POST.
async fn admit(
    need: Option<Role>,
    visit: &mut Visit,
    request: &mut ServiceRequest,
) -> Result<(), Refused> {
    if let Some(role) = need {
        check_role(visit, role, request)?;
    }
    if request.method() == Method::POST {
        let mut form = read_form(request, visit.signed_in.is_some()).await?;
        let token = form.take(TOKEN);
        let token = token.or_else(|| header_text(request.request(), TOKEN_HEADER));
        let binding = Visit::binding(visit.signed_in.as_ref(), &visit.forms);
        let is_ours = token
            .is_some_and(|token| visit.state.signer.open(&token, &binding) == Some(FORM_PURPOSE));
        if !is_ours {
            return Err(Refused::BadForm);
        }
        // Times were typed in the zone that the form was shown in, whatever the browser's is by now.
        if let Some(zone) = form.take(ZONE) {
            visit.zone = Zone::named(Some(&zone));
        }
        visit.query.clear();
        request.extensions_mut().insert(form);
    }
    Ok(())
}

async fn visit(request: &HttpRequest, state: web::Data<State>) -> Result<Visit, Refused> {
    let now = state.clock.now();
    let signed_in = match cookies::read(request, &state, cookies::SESSION) {
        None => None,
        Some(token) => {
            let session = state
                .store
                .use_browser_session(&Secret::new(token), now)
                .await?;
            match session {
                None => None,
                Some(session) => {
                    let person = state.store.person(session.person_id).await?;
                    person.map(|person| SignedIn { person, session })
                }
            }
        }
    };
    let known = cookies::read(request, &state, cookies::FORMS);
    let fresh_binding = (known.is_none() && signed_in.is_none()).then(|| nanoid::nanoid!(24));
    let forms = fresh_binding.clone().or(known).unwrap_or_default();
    let csrf = Visit::token(&state, signed_in.as_ref(), &forms);
    let flash = cookies::read(request, &state, cookies::FLASH);
    let chosen = cookies::read(request, &state, cookies::CHOSEN_ZONE);
    let zone = chosen.clone().or_else(|| cookies::read_zone(request));
    tell_of_proxy(request, &state);
    let query = url::form_urlencoded::parse(request.query_string().as_bytes());
    let agent = header_text(request, header::USER_AGENT.as_str()).unwrap_or_default();
    Ok(Visit {
        address: client_address(request, &state.trusted_proxies),
        user_agent: agent.chars().take(AGENT_MAX).collect(),
        csrf,
        forms,
        fresh_binding,
        flash: flash.and_then(|value| Flash::open(&value, &state.signer)),
        zone: Zone::named(zone.as_deref()),
        has_chosen_zone: chosen.is_some(),
        path: request.path().to_owned(),
        query: query.into_owned().collect(),
        now,
        signed_in,
        state,
    })
}

/// Tells once of a proxy that is not trusted: all who come through it count as one, and make each other wait.
fn tell_of_proxy(request: &HttpRequest, state: &State) {
    let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
    let is_near = peer.is_some_and(|peer| match peer {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
    });
    let is_trusted = peer.is_some_and(|ip| state.trusted_proxies.iter().any(|n| n.contains(&ip)));
    if is_near && !is_trusted && request.headers().contains_key("x-forwarded-for") {
        let told = &state.dashboard.told_of_proxy;
        if !told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "requests come through a proxy that server.trusted_proxies does not name: all who use the dashboard count as one address, and wrong passwords of one make all others wait"
            );
        }
    }
}

fn check_role(visit: &Visit, role: Role, request: &ServiceRequest) -> Result<(), Refused> {
    match &visit.signed_in {
        None if request.method() == Method::POST => Err(Refused::SignedOut("/admin".to_owned())),
        None => {
            let asked = request.uri().path_and_query();
            let asked = asked.map_or(visit.path.as_str(), |asked| asked.as_str());
            Err(Refused::SignedOut(asked.to_owned()))
        }
        Some(signed_in) if signed_in.person.role < role => Err(Refused::Forbidden(role)),
        Some(_) => Ok(()),
    }
}

/// Files are taken from those alone who are signed in.
async fn read_form(request: &mut ServiceRequest, may_send_files: bool) -> Result<Form, Refused> {
    let content_type = header_text(request.request(), header::CONTENT_TYPE.as_str());
    let boundary = content_type.and_then(|text| multer::parse_boundary(text).ok());
    let boundary = boundary.filter(|_| may_send_files);
    let most = match boundary {
        Some(_) if request.path() == import::PATH => import::FORM_MAX,
        Some(_) => super::FILE_FORM_MAX,
        None => super::FORM_MAX,
    };
    let payload = request.extract::<web::Payload>().await;
    let payload = payload.map_err(|_| Refused::BadForm)?;
    let body = payload.to_bytes_limited(most).await;
    let body = body.map_err(|_| Refused::TooLarge)?;
    let body = body.map_err(|_| Refused::BadForm)?;
    match boundary {
        Some(boundary) => Form::read_with_files(body, boundary).await,
        None => Ok(Form::read(&body)),
    }
}

fn header_text(request: &HttpRequest, name: &str) -> Option<String> {
    let value = request.headers().get(name)?;
    value.to_str().ok().map(str::to_owned)
}

fn dressed(mut answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
    ] {
        set_default(headers, name, value);
    }
    answer
}

fn set_default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    if !headers.contains_key(&name) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
