//! Who visits the dashboard: anyone ([`Visit`]), or a person who is signed in ([`Operator`]).

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::cookie::Cookie;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse, web};

use super::cookies;
use super::flash::Flash;
use super::page::{Page, Section};
use super::refused::Refused;
use super::zone::{Moment, Zone};
use crate::domain::audit::Actor;
use crate::domain::person::{Person, Role};
use crate::domain::timestamp::Timestamp;
use crate::store::Store;
use crate::store::browser_sessions::BrowserSession;
use crate::web::State;

/// Signed along with a form's token.
pub(super) const FORM_PURPOSE: &str = "form";

/// How long a flash waits for its page, in milliseconds.
const FLASH_MS: i64 = 60_000;

/// A person and the browser.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub person: Person,
    /// With which browser.
    pub session: BrowserSession,
}

/// One request for a page, by whomever.
#[derive(Debug, Clone)]
pub struct Visit {
    /// What all handlers share.
    pub state: web::Data<State>,
    /// From where.
    pub address: IpAddr,
    /// What the browser calls itself.
    pub user_agent: String,
    /// The token of this page's forms.
    pub csrf: String,
    /// What the page tells first.
    pub flash: Option<Flash>,
    /// In which times are shown and typed.
    pub zone: Zone,
    /// Whether that was chosen in this browser, and not told by its script.
    pub has_chosen_zone: bool,
    /// The path asked for.
    pub path: String,
    /// Names and values of the address's query.
    pub query: Vec<(String, String)>,
    /// When.
    pub now: Timestamp,
    /// Who is signed in.
    pub signed_in: Option<SignedIn>,
    /// What binds the forms of a browser that is not signed in.
    pub(super) forms: String,
    /// The same, where the browser does not have it yet.
    pub(super) fresh_binding: Option<String>,
}

impl Visit {
    /// The value of a parameter of the address.
    #[must_use]
    pub fn asked(&self, name: &str) -> Option<&str> {
        let mut found = self
            .query
            .iter()
            .filter(|(n, value)| n == name && !value.is_empty());
        found.next().map(|(_, value)| value.as_str())
    }

    /// A time as it is shown.
    #[must_use]
    pub fn moment(&self, at: &Timestamp) -> Moment {
        self.zone.moment(*at, self.now)
    }

    /// Leads to another page.
    #[must_use]
    pub fn redirect(&self, to: &str) -> HttpResponse {
        HttpResponse::SeeOther()
            .insert_header((header::LOCATION, to))
            .finish()
    }

    /// Leads to another page, which tells something first.
    #[must_use]
    pub fn redirect_with(&self, flash: &Flash, to: &str) -> HttpResponse {
        let value = flash.seal(&self.state.signer);
        let cookie = cookies::make(&self.state, cookies::FLASH, &value, FLASH_MS);
        with_cookies(self.redirect(to), &[cookie])
    }

    /// The store in somebody's hands.
    #[must_use]
    pub fn store_of(&self, person: &Person) -> Store {
        let actor = Actor::Person {
            id: person.id,
            name: person.name.clone(),
        };
        let clock = &self.state.clock;
        self.state.store.acting(clock, actor, Some(self.address))
    }

    /// The token of forms that only this browser may post.
    pub(super) fn token(state: &State, signed_in: Option<&SignedIn>, forms: &str) -> String {
        let binding = Self::binding(signed_in, forms);
        state.signer.seal(FORM_PURPOSE, &binding)
    }

    /// What a form's token is good for: one browser, and while somebody is signed in, that alone.
    pub(super) fn binding(signed_in: Option<&SignedIn>, forms: &str) -> String {
        match signed_in {
            Some(signed_in) => format!("form:session:{}", signed_in.session.id),
            None => format!("form:browser:{forms}"),
        }
    }
}

/// A person who is signed in; the role that the table of pages asks for is checked.
#[derive(Debug, Clone)]
pub struct Operator {
    /// The request.
    pub visit: Visit,
    /// Who.
    pub person: Person,
    /// With which browser.
    pub session: BrowserSession,
}

impl Operator {
    /// The store in this person's hands: what is changed through it is noted as done by him or her.
    #[must_use]
    pub fn store(&self) -> Store {
        self.visit.store_of(&self.person)
    }

    /// Whether this person may do what `role` stands for.
    #[must_use]
    pub fn may(&self, role: Role) -> bool {
        self.person.role >= role
    }

    /// Goes on with another session of the same person, whose forms the pages from here on carry.
    pub(super) fn continue_with(&mut self, session: BrowserSession) {
        let signed_in = SignedIn {
            person: self.person.clone(),
            session: session.clone(),
        };
        self.session = session;
        self.visit.csrf = Visit::token(&self.visit.state, Some(&signed_in), "");
        self.visit.signed_in = Some(signed_in);
    }

    /// Lets only people through who may do what `role` stands for: where it depends on more than the page.
    ///
    /// # Errors
    /// [`Refused::Forbidden`] for all others.
    pub fn require(&self, role: Role) -> Result<(), Refused> {
        if self.may(role) {
            Ok(())
        } else {
            Err(Refused::Forbidden(role))
        }
    }

    /// A page of this title, in a section.
    pub fn page(&self, title: impl Into<String>, section: Section) -> Page {
        Page::new(&self.visit, title, Some(section))
    }
}

impl std::ops::Deref for Operator {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.visit
    }
}

/// An answer with cookies.
///
/// # Panics
/// Never: names and values of ours are fit for a header.
pub fn with_cookies(mut answer: HttpResponse, cookies: &[Cookie<'_>]) -> HttpResponse {
    for cookie in cookies {
        answer
            .add_cookie(cookie)
            .expect("names and values of ours are fit for a header");
    }
    answer
}

impl FromRequest for Visit {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let visit = request.extensions().get::<Self>().cloned();
        ready(visit.ok_or(Refused::NotFound))
    }
}

impl FromRequest for Operator {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let visit = request.extensions().get::<Visit>().cloned();
        let operator = visit.ok_or(Refused::NotFound).and_then(|visit| {
            let SignedIn { person, session } = visit
                .signed_in
                .clone()
                .ok_or_else(|| Refused::SignedOut(visit.path.clone()))?;
            Ok(Self {
                visit,
                person,
                session,
            })
        });
        ready(operator)
    }
}
