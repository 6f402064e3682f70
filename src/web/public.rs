//! A visitor's URLs: the click, and the pages around it.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};

use super::agents::{Ignored, ignored_reason};
use super::client_address::client_address;
use super::pages::{self, Confirm, Notice};
use super::problem::Problem;
use super::{State, in_app};
use crate::domain::channel::{ExternalRef, Via};
use crate::domain::link::{Link, LinkStatus, LinkTerms};
use crate::domain::locale::Locale;
use crate::domain::slug::Slug;
use crate::domain::timestamp::Timestamp;
use crate::redeem::{NotStarted, Redeemer, Start, Started};
use crate::store::ledger;

/// The hidden field of the confirm page's form.
const NONCE: &str = "nonce";

/// One request for a link's URL.
struct Visit<'a> {
    state: &'a State,
    redeemer: &'a web::Data<Redeemer>,
    request: &'a HttpRequest,
    address: IpAddr,
    now: Timestamp,
    /// The language of answers before the link is known.
    accepted: Locale,
}

/// What is answered to a visitor.
enum Answer {
    /// Off to iDenfy.
    Go(Arc<LinkTerms>, Started),
    /// The page with the button.
    Page(Arc<LinkTerms>),
    /// A page that says why not, in that language, perhaps with the operator's words.
    No(Problem, Locale, Option<String>),
}

/// `GET`, `HEAD` and `POST` of `/{slug}`.
pub async fn visit(
    request: HttpRequest,
    slug: web::Path<String>,
    body: Result<web::Bytes, actix_web::Error>,
    state: web::Data<State>,
    redeemer: web::Data<Redeemer>,
) -> HttpResponse {
    let accepted = Locale::negotiate(header_text(
        request.headers(),
        header::ACCEPT_LANGUAGE.as_str(),
    ));
    let visit = Visit {
        state: &state,
        redeemer: &redeemer,
        request: &request,
        address: client_address(&request, &state.trusted_proxies),
        now: state.clock.now(),
        accepted,
    };
    // A body that cannot be read, or is far too large for the form, has no valid fields.
    let answer = visit.answer(&slug, &body.unwrap_or_default()).await;
    visit.respond(answer)
}

/// A page for everything that is not a link's URL and not a program's.
pub fn not_found(request: &HttpRequest) -> HttpResponse {
    let accepted = Locale::negotiate(header_text(
        request.headers(),
        header::ACCEPT_LANGUAGE.as_str(),
    ));
    refuse(request, &Problem::LinkNotFound, accepted, None)
}

impl Visit<'_> {
    async fn answer(&self, slug: &str, body: &[u8]) -> Answer {
        let posted = self.request.method() == Method::POST;
        let head = self.request.method() == Method::HEAD;
        if posted && let Err(seconds) = self.state.limiter.take(self.address, self.now) {
            return self.rate_limited(seconds);
        }
        let terms = match Slug::lookup(slug) {
            Some(slug) => self.state.links.terms(&self.state.store, &slug).await,
            None => Ok(None),
        };
        let terms = match terms {
            Ok(Some(terms)) => terms,
            Ok(None) if posted || head => return self.unknown(),
            Ok(None) => {
                return match self.state.limiter.take(self.address, self.now) {
                    Ok(()) => self.unknown(),
                    Err(seconds) => self.rate_limited(seconds),
                };
            }
            Err(error) => return no(error.into(), self.accepted),
        };
        let ignored = (!posted).then(|| self.ignored()).flatten();
        let answer = match ignored {
            _ if posted => self.post(&terms, body).await,
            Some(reason) => self.ignore(&terms, reason).await,
            None if terms.confirm => self.confirm(&terms).await,
            None => self.click(&terms).await,
        };
        answer.unwrap_or_else(|problem| no(problem, self.language(&terms)))
    }

    /// A person's GET of a link without a confirm page.
    async fn click(&self, terms: &Arc<LinkTerms>) -> Result<Answer, Problem> {
        let limiter = &self.state.limiter;
        let start = self.start(terms, None);
        if terms.resume || terms.token.client_id().is_some() {
            limiter
                .peek(self.address, self.now)
                .map_err(Problem::RateLimited)?;
            if self.link(terms).await?.status(self.now) == LinkStatus::Deactivated {
                return Err(Problem::LinkDeactivated);
            }
            if let Some(open) = self.open_session(terms, &start).await? {
                self.state.metrics.click("resumed");
                return Ok(Answer::Go(terms.clone(), open));
            }
        }
        limiter
            .take(self.address, self.now)
            .map_err(Problem::RateLimited)?;
        let answer = self.redeem(terms, start).await;
        if matches!(answer, Answer::No(ref problem, ..) if is_over(problem)) {
            limiter.put_back(self.address);
        }
        Ok(answer)
    }

    /// A person's GET of a link with a confirm page: nothing is consumed.
    async fn confirm(&self, terms: &Arc<LinkTerms>) -> Result<Answer, Problem> {
        let link = self.link(terms).await?;
        let status = link.status(self.now);
        if status == LinkStatus::Deactivated {
            return Ok(self.over(&link));
        }
        if terms.resume
            && let Some(open) = self.resumed(terms).await?
        {
            self.state.metrics.click("resumed");
            return Ok(Answer::Go(terms.clone(), open));
        }
        if status != LinkStatus::Active && !self.has_open_customer(terms).await? {
            return Ok(self.over(&link));
        }
        self.state.metrics.click("page");
        Ok(Answer::Page(terms.clone()))
    }

    /// A machine's look at the link: never consumes, answers as its GET would.
    async fn ignore(&self, terms: &Arc<LinkTerms>, reason: Ignored) -> Result<Answer, Problem> {
        let link = self.link(terms).await?;
        let status = link.status(self.now);
        if status != LinkStatus::Deactivated
            && terms.resume
            && let Some(open) = self.resumed(terms).await?
        {
            self.state.metrics.click("resumed");
            return Ok(Answer::Go(terms.clone(), open));
        }
        if status == LinkStatus::Deactivated
            || (status != LinkStatus::Active && !self.has_open_customer(terms).await?)
        {
            return Ok(self.over(&link));
        }
        self.state.metrics.click("ignored");
        let (link_id, day) = (terms.id, self.now.day());
        let ignored = ledger::Ignored {
            link_id,
            day,
            reason: reason.as_str(),
        };
        let store = self.state.store.clone();
        // Counted behind the answer's back: a previewer need not wait for the disk.
        self.state.spawn(async move {
            if let Err(error) = store.count_ignored(ignored).await {
                tracing::error!(link = %link_id, "an ignored request could not be counted: {error}");
            }
        });
        Ok(Answer::Page(terms.clone()))
    }

    /// A posted form; its address has paid for it already.
    async fn post(&self, terms: &Arc<LinkTerms>, body: &[u8]) -> Result<Answer, Problem> {
        let link = self.link(terms).await?;
        let status = link.status(self.now);
        if status == LinkStatus::Deactivated {
            return Ok(self.over(&link));
        }
        let nonce = posted_nonce(body)
            .filter(|nonce| self.state.signer.nonce_is_valid(nonce, terms.id, self.now));
        let start = self.start(terms, nonce.clone());
        let open = match &nonce {
            Some(_) => self.open_session(terms, &start).await?,
            None if terms.resume => self.resumed(terms).await?,
            None => None,
        };
        if let Some(open) = open {
            self.state.metrics.click("resumed");
            return Ok(Answer::Go(terms.clone(), open));
        }
        if status != LinkStatus::Active && !self.has_open_customer(terms).await? {
            return Ok(self.over(&link));
        }
        if nonce.is_none() {
            self.state.metrics.click("page");
            return Ok(Answer::Page(terms.clone()));
        }
        Ok(self.redeem(terms, start).await)
    }

    /// Spends a use, in a task of its own: a connection that breaks off cannot strand it half-way.
    async fn redeem(&self, terms: &Arc<LinkTerms>, start: Plan) -> Answer {
        let (redeemer, task_terms) = (self.redeemer.clone(), terms.clone());
        let task = self
            .state
            .spawn(async move { redeemer.start(&start.of(&task_terms)).await });
        match task.await {
            Ok(Ok(started)) => Answer::Go(terms.clone(), started),
            // A dead link's page needs no mint, so it is told even when no more of them may start.
            Ok(Err(NotStarted::Over | NotStarted::Busy)) => match self.link(terms).await {
                Ok(link) => self.over(&link),
                Err(problem) => no(problem, self.language(terms)),
            },
            Ok(Err(unavailable)) => no(unavailable.into(), self.language(terms)),
            Err(error) => {
                tracing::error!(link = %terms.id, "a click's task ended early: {error}");
                no(Problem::Database, self.language(terms))
            }
        }
    }

    /// The session this visitor may go back to: the browser's own, or the one open under the same hold.
    async fn open_session(
        &self,
        terms: &LinkTerms,
        start: &Plan,
    ) -> Result<Option<Started>, Problem> {
        if terms.resume
            && let Some(open) = self.resumed(terms).await?
        {
            return Ok(Some(open));
        }
        let open = self.redeemer.open_session(&start.of(terms)).await?;
        Ok(open.and_then(|session| Started::again(&session, self.now)))
    }

    async fn resumed(&self, terms: &LinkTerms) -> Result<Option<Started>, Problem> {
        let cookie = self.request.cookie(&cookie_name(terms));
        let id = cookie.and_then(|c| self.state.signer.session_of_cookie(c.value(), terms.id));
        let Some(id) = id else { return Ok(None) };
        let session = self.state.store.session(id).await?;
        let open = session.filter(|s| s.link_id == Some(terms.id) && s.is_open_at(self.now));
        Ok(open.and_then(|session| Started::again(&session, self.now)))
    }

    /// Whether the link's fixed customer has a session he can go back to, so that it is not over for him.
    async fn has_open_customer(&self, terms: &LinkTerms) -> Result<bool, Problem> {
        let open = self
            .redeemer
            .open_session(&self.start(terms, None).of(terms))
            .await?;
        Ok(open.is_some_and(|session| session.is_open_at(self.now)))
    }

    fn ignored(&self) -> Option<Ignored> {
        let head = self.request.method() == Method::HEAD;
        let headers = self.request.headers();
        ignored_reason(head, |name| header_text(headers, name), &self.state.agents)
    }

    /// The link as it stands now.
    async fn link(&self, terms: &LinkTerms) -> Result<Link, Problem> {
        let link = self.state.store.link_by_slug(&terms.slug).await?;
        link.ok_or(Problem::LinkNotFound)
    }

    fn start(&self, terms: &LinkTerms, nonce: Option<String>) -> Plan {
        let query = self.request.query_string();
        let given = |name| query_value(query, name);
        Plan {
            language: self.language(terms),
            via: given("via").as_deref().and_then(Via::parse),
            external_ref: given("ref")
                .filter(|_| terms.accept_ref)
                .as_deref()
                .and_then(ExternalRef::parse),
            nonce,
        }
    }

    fn language(&self, terms: &LinkTerms) -> Locale {
        terms.language.unwrap_or(self.accepted)
    }

    fn unknown(&self) -> Answer {
        no(Problem::LinkNotFound, self.accepted)
    }

    fn rate_limited(&self, seconds: u32) -> Answer {
        no(Problem::RateLimited(seconds), self.accepted)
    }

    fn over(&self, link: &Link) -> Answer {
        let language = self.language(&link.terms);
        let problem = match link.status(self.now) {
            LinkStatus::Expired => Problem::LinkExpired,
            LinkStatus::Exhausted => Problem::LinkExhausted,
            LinkStatus::Deactivated => Problem::LinkDeactivated,
            // Too many mints are in flight, or it was over a moment ago and a use has been given back since.
            LinkStatus::Active => {
                self.state.metrics.click("failed");
                return no(NotStarted::Busy.into(), language);
            }
        };
        Answer::No(problem, language, link.inactive_message.clone())
    }

    fn respond(&self, answer: Answer) -> HttpResponse {
        match answer {
            Answer::Go(terms, started) => self.redirect(&terms, &started),
            Answer::Page(terms) => {
                let nonce = self.state.signer.nonce(terms.id, self.now);
                let agent = header_text(self.request.headers(), header::USER_AGENT.as_str());
                let page = Confirm {
                    locale: self.language(&terms),
                    flow: terms.flow,
                    in_app: agent.is_some_and(in_app::is_in_app),
                    fields: &[(NONCE, &nonce)],
                };
                let mut response = visitor_headers(html(StatusCode::OK, pages::confirm(&page)));
                // Kept by this browser alone, so that "back" shows the same form, which starts nothing twice.
                let kept = HeaderValue::from_static("private, no-cache");
                response.headers_mut().insert(header::CACHE_CONTROL, kept);
                response
            }
            Answer::No(problem, language, message) => {
                match problem {
                    Problem::RateLimited(_) => self.state.metrics.click("rate_limited"),
                    Problem::LinkNotFound => self.state.metrics.click("unknown"),
                    ref problem if is_over(problem) => self.state.metrics.click("over"),
                    _ => {}
                }
                refuse(self.request, &problem, language, message.as_deref())
            }
        }
    }

    fn redirect(&self, terms: &LinkTerms, started: &Started) -> HttpResponse {
        let posted = self.request.method() == Method::POST;
        let status = if posted {
            StatusCode::SEE_OTHER
        } else {
            StatusCode::FOUND
        };
        let mut response = HttpResponse::build(status);
        response.insert_header((header::LOCATION, started.redirect_url.as_str()));
        if terms.resume {
            let left = (started.valid_until.millis() - self.now.millis()) / 1000;
            let value = self
                .state
                .signer
                .session_cookie(terms.id, started.session_id);
            response.cookie(
                Cookie::build(cookie_name(terms), value)
                    .path("/")
                    .http_only(true)
                    .secure(self.state.public_url.starts_with("https:"))
                    .same_site(SameSite::Lax)
                    .max_age(CookieDuration::seconds(left))
                    .finish(),
            );
        }
        visitor_headers(response.finish())
    }
}

/// A start that owns what it needs, to be moved into a task.
struct Plan {
    language: Locale,
    via: Option<Via>,
    external_ref: Option<ExternalRef>,
    nonce: Option<String>,
}

impl Plan {
    fn of<'a>(&self, terms: &'a LinkTerms) -> Start<'a> {
        Start {
            link_id: Some(terms.id),
            flow: terms.flow,
            language: self.language,
            token: &terms.token,
            via: self.via.clone(),
            external_ref: self.external_ref.clone(),
            nonce: self.nonce.clone(),
            resume: terms.resume,
        }
    }
}

fn no(problem: Problem, language: Locale) -> Answer {
    Answer::No(problem, language, None)
}

fn is_over(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::LinkExpired | Problem::LinkExhausted | Problem::LinkDeactivated
    )
}

/// One cookie a link, so that several links can be open in one browser.
fn cookie_name(terms: &LinkTerms) -> String {
    format!("entrypass_{}", terms.slug.as_str())
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn query_value(query: &str, name: &str) -> Option<String> {
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

fn posted_nonce(body: &[u8]) -> Option<String> {
    url::form_urlencoded::parse(body)
        .find(|(key, _)| key == NONCE)
        .map(|(_, value)| value.into_owned())
}

/// Says no: a problem document to programs that ask for JSON, a page to everyone else.
fn refuse(
    request: &HttpRequest,
    problem: &Problem,
    language: Locale,
    message: Option<&str>,
) -> HttpResponse {
    use actix_web::ResponseError as _;
    // To a visitor it is the same whose fault it is.
    let unavailable;
    let problem = match (problem, problem.retry_after()) {
        (Problem::Database, Some(seconds)) => {
            unavailable = Problem::VerificationUnavailable(seconds);
            &unavailable
        }
        _ => problem,
    };
    let mut response = if wants_json(request.headers()) {
        problem.error_response()
    } else {
        let notice = match problem {
            Problem::LinkNotFound => Notice::NotFound,
            Problem::LinkExpired => Notice::Expired,
            Problem::LinkExhausted => Notice::Exhausted,
            Problem::LinkDeactivated => Notice::Deactivated,
            Problem::RateLimited(_) => Notice::RateLimited,
            Problem::VerificationUnavailable(_) => Notice::Unavailable,
            _ => Notice::BadRequest,
        };
        html(
            problem.status_code(),
            pages::notice(notice, language, message),
        )
    };
    if let Some(seconds) = problem.retry_after() {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    visitor_headers(response)
}

/// Whether JSON is asked for, and no page.
fn wants_json(headers: &HeaderMap) -> bool {
    header_text(headers, "accept").is_some_and(|accept| {
        (accept.contains("application/json") || accept.contains(super::problem::PROBLEM_JSON))
            && !accept.contains("text/html")
    })
}

fn html(status: StatusCode, body: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(body)
}

/// Never kept by a cache, never found by a search engine, never told to the next site.
fn visitor_headers(mut response: HttpResponse) -> HttpResponse {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    headers.insert(
        header::HeaderName::from_static("x-robots-tag"),
        HeaderValue::from_static("noindex"),
    );
    response
}
