//! A visitor's URLs: the click, and the pages around it.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};

pub(super) use answer::not_found;
use answer::{Answer, is_over, no};
pub(super) use request::accepted_language;
use request::{cookie_name, header_text, named, posted_nonce, query_value};

use super::State;
use super::agents::{Ignored, ignored_reason};
use super::client_address::client_address;
use super::problem::Problem;
use crate::domain::channel::{ExternalRef, Via};
use crate::domain::link::{Link, LinkStatus, LinkTerms};
use crate::domain::locale::Locale;
use crate::domain::session::Session;
use crate::domain::slug::Slug;
use crate::domain::timestamp::Timestamp;
use crate::redeem::{NotStarted, Redeemer, Start, Started};
use crate::store::ledger;

mod answer;
mod request;
mod signed;

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

/// `GET`, `HEAD` and `POST` of `/{slug}`.
pub async fn visit(
    request: HttpRequest,
    body: web::Payload,
    state: web::Data<State>,
    redeemer: web::Data<Redeemer>,
) -> HttpResponse {
    if !matches!(*request.method(), Method::GET | Method::HEAD | Method::POST) {
        return Problem::MethodNotAllowed("GET, HEAD, POST").error_response();
    }
    let visit = Visit {
        state: &state,
        redeemer: &redeemer,
        request: &request,
        address: client_address(&request, &state.trusted_proxies),
        now: state.clock.now(),
        accepted: accepted_language(&request),
    };
    let answer = visit.answer(named(&request), body).await;
    visit.respond(answer)
}

impl Visit<'_> {
    async fn answer(&self, slug: &str, body: web::Payload) -> Answer {
        let posted = self.request.method() == Method::POST;
        let head = self.request.method() == Method::HEAD;
        if posted && let Err(seconds) = self.state.limiter.take(self.address, self.now) {
            return self.rate_limited(seconds);
        }
        let nonce = if posted {
            posted_nonce(body).await
        } else {
            None
        };
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
        let terms = if terms.signed {
            let is_click = !posted && ignored.is_none();
            match self.of_customer(&terms, is_click, nonce.as_deref()).await {
                Ok(terms) => terms,
                Err(answer) => return answer,
            }
        } else {
            terms
        };
        let answer = match ignored {
            _ if posted => self.post(&terms, nonce).await,
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
            let link = self.link(terms).await?;
            if link.status(self.now) == LinkStatus::Deactivated {
                return Ok(self.over(&link));
            }
            if let Some(open) = self.open_session(terms, &start).await? {
                return Ok(self.resume(terms, open));
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
            return Ok(self.resume(terms, open));
        }
        if status != LinkStatus::Active && !self.has_customer(terms).await? {
            return Ok(self.over(&link));
        }
        self.state.openings.opened(terms.id);
        Ok(Answer::Page(terms.clone(), "page"))
    }

    /// A machine's look at the link: never consumes, answers as its GET would.
    async fn ignore(&self, terms: &Arc<LinkTerms>, reason: Ignored) -> Result<Answer, Problem> {
        let link = self.link(terms).await?;
        let status = link.status(self.now);
        if status != LinkStatus::Deactivated
            && terms.resume
            && let Some(open) = self.resumed(terms).await?
        {
            return Ok(self.resume(terms, open));
        }
        if status == LinkStatus::Deactivated
            || (status != LinkStatus::Active && !self.has_customer(terms).await?)
        {
            return Ok(self.over(&link));
        }
        let (link_id, day) = (terms.id, self.now.day());
        let ignored = ledger::Ignored {
            link_id,
            day,
            reason: reason.as_str(),
        };
        self.state.store.count_ignored(ignored);
        Ok(Answer::Page(terms.clone(), "ignored"))
    }

    /// A posted form; its address has paid for it already.
    async fn post(&self, terms: &Arc<LinkTerms>, nonce: Option<String>) -> Result<Answer, Problem> {
        let (signer, customer) = (&self.state.signer, terms.token.client_id());
        let nonce =
            nonce.filter(|nonce| signer.nonce_is_valid(nonce, terms.id, customer, self.now));
        let Some(nonce) = nonce else {
            return self.confirm(terms).await;
        };
        let link = self.link(terms).await?;
        if link.status(self.now) == LinkStatus::Deactivated {
            return Ok(self.over(&link));
        }
        let start = self.start(terms, Some(nonce));
        if let Some(open) = self.open_session(terms, &start).await? {
            return Ok(self.resume(terms, open));
        }
        // Whether a use is left is asked where it is spent: the last one may be this form's own, which is being minted.
        Ok(self.redeem(terms, start).await)
    }

    /// Spends a use, in a task of its own: a connection that breaks off cannot strand it half-way.
    async fn redeem(&self, terms: &Arc<LinkTerms>, start: Plan) -> Answer {
        let (redeemer, task_terms) = (self.redeemer.clone(), terms.clone());
        // Boxed, as a task's future is copied whole when it begins and when it is done.
        let task = self.state.spawn(Box::pin(async move {
            let started = redeemer.start(&start.of(&task_terms)).await;
            // Counted here, for the visitor may be gone by now.
            match started.as_ref().map(|started| &started.auth_token) {
                Ok(Some(_)) => redeemer.metrics.started.inc(),
                Ok(None) => redeemer.metrics.click("resumed"),
                Err(_) => {}
            }
            started
        }));
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
                no(Problem::Database(None), self.language(terms))
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
        match self.redeemer.holder(&start.of(terms)).await? {
            Some(id) => {
                let session = self.state.store.session(id).await?;
                Ok(session.and_then(|session| Started::again(&session, self.now)))
            }
            None => Ok(None),
        }
    }

    async fn resumed(&self, terms: &LinkTerms) -> Result<Option<Started>, Problem> {
        let cookie = self.request.cookie_raw(&cookie_name(terms));
        let id = cookie.and_then(|c| self.state.signer.session_of_cookie(c.value(), terms.id));
        let Some(id) = id else { return Ok(None) };
        let session = self.state.store.session(id).await?;
        // A browser may have had another customer of a signed link before.
        let customer = terms.token.client_id();
        let is_own = |s: &Session| customer.is_none() || s.client_id.as_deref() == customer;
        let open =
            session.filter(|s| s.link_id == Some(terms.id) && s.is_open_at(self.now) && is_own(s));
        Ok(open.and_then(|session| Started::again(&session, self.now)))
    }

    /// Whether the link's fixed customer has a session that is open or being started, so that it is not over for him.
    async fn has_customer(&self, terms: &LinkTerms) -> Result<bool, Problem> {
        let start = self.start(terms, None);
        Ok(self.redeemer.holder(&start.of(terms)).await?.is_some())
    }

    /// Back into a session that is open.
    fn resume(&self, terms: &Arc<LinkTerms>, open: Started) -> Answer {
        self.state.metrics.click("resumed");
        Answer::Go(terms.clone(), open)
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
            LinkStatus::Active => return no(NotStarted::Busy.into(), language),
        };
        Answer::No(problem, language, link.inactive_message.clone())
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
            id: None,
            link_id: Some(terms.id),
            unlimited: terms.usage.limit().is_none(),
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
