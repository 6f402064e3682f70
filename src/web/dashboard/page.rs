//! What all pages have around them.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::once;
use super::operator::Visit;
use super::zone::Moment;
use crate::domain::person::{Person, Role};
use crate::domain::timestamp::Timestamp;
use crate::web::assets;

/// A place in the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// What came of everything.
    Overview,
    /// Links.
    Links,
    /// People who were invited, and campaigns.
    Invitations,
    /// Sessions.
    Sessions,
    /// Settings.
    Settings,
}

/// A line of the navigation for each section: title and address.
const NAVIGATION: [(Section, &str, &str); 5] = [
    (Section::Overview, "Overview", "/admin"),
    (Section::Links, "Links", "/admin/links"),
    (Section::Invitations, "Invitations", "/admin/invitations"),
    (Section::Sessions, "Sessions", "/admin/sessions"),
    (Section::Settings, "Settings", "/admin/settings"),
];

/// A line for each page of the settings: title, address, and the role it needs.
const SETTINGS: [(&str, &str, Role); 8] = [
    ("Your account", "/admin/settings/account", Role::Viewer),
    (
        "People and roles",
        "/admin/settings/people",
        Role::Administrator,
    ),
    ("API keys", "/admin/settings/keys", Role::Administrator),
    (
        "Result endpoints",
        "/admin/settings/endpoints",
        Role::Administrator,
    ),
    ("Messages", "/admin/settings/messages", Role::Administrator),
    ("Audit log", "/admin/settings/audit", Role::Administrator),
    (
        "Settings in force",
        "/admin/settings/in-force",
        Role::Administrator,
    ),
    (SANDBOX, "/admin/settings/sandbox", Role::Administrator),
];

/// The page that is there in the sandbox alone.
const SANDBOX: &str = "Sandbox";

/// An entry of a navigation.
#[derive(Debug, Clone, Copy)]
pub struct NavLink {
    /// What it says.
    pub title: &'static str,
    /// Where it leads.
    pub href: &'static str,
    /// Whether the page is there.
    pub is_current: bool,
}

/// What templates know of the page around them.
#[derive(Debug, Clone)]
pub struct Page {
    /// The heading, and the browser's title.
    pub title: String,
    /// Where in the navigation.
    pub section: Option<Section>,
    /// What is above the heading: titles and addresses of the pages this one is below.
    pub crumbs: Vec<(String, String)>,
    /// The request.
    pub visit: Visit,
}

impl Page {
    /// A page of this title.
    pub fn new(visit: &Visit, title: impl Into<String>, section: Option<Section>) -> Self {
        Self {
            title: title.into(),
            section,
            crumbs: Vec::new(),
            visit: visit.clone(),
        }
    }

    /// Says below which page it is; called from the top down.
    #[must_use]
    pub fn below(mut self, title: impl Into<String>, address: impl Into<String>) -> Self {
        self.crumbs.push((title.into(), address.into()));
        self
    }

    /// Who is signed in.
    #[must_use]
    pub fn person(&self) -> Option<&Person> {
        self.visit
            .signed_in
            .as_ref()
            .map(|signed_in| &signed_in.person)
    }

    /// Whether the person may do what that role stands for.
    #[must_use]
    pub fn may(&self, role: Role) -> bool {
        self.person().is_some_and(|person| person.role >= role)
    }

    /// The navigation.
    #[must_use]
    pub fn navigation(&self) -> Vec<NavLink> {
        let links = NAVIGATION
            .into_iter()
            .map(|(section, title, href)| NavLink {
                title,
                href,
                is_current: self.section == Some(section),
            });
        links.collect()
    }

    /// The pages of the settings that the person may see.
    #[must_use]
    pub fn settings(&self) -> Vec<NavLink> {
        let has_sandbox = self.visit.state.sandbox.is_some();
        let links = SETTINGS
            .into_iter()
            .filter(|(title, _, role)| self.may(*role) && (*title != SANDBOX || has_sandbox));
        let links = links.map(|(title, href, _)| NavLink {
            title,
            href,
            is_current: self.visit.path.starts_with(href),
        });
        links.collect()
    }

    /// Whether it is one of the settings.
    #[must_use]
    pub fn is_setting(&self) -> bool {
        self.section == Some(Section::Settings)
    }

    /// The address of an embedded file.
    #[must_use]
    pub fn asset(&self, name: &str) -> String {
        assets::url(name)
    }

    /// What a form carries so that it makes one thing, sent twice.
    #[must_use]
    pub fn once(&self) -> String {
        once::seal(&self.visit)
    }

    /// A time as it is shown.
    #[must_use]
    pub fn moment(&self, at: &Timestamp) -> Moment {
        self.visit.moment(at)
    }
}

/// Renders a page.
///
/// # Panics
/// Never: writing to a String cannot fail, and nothing else in these pages can.
pub fn render(status: StatusCode, page: &impl Template) -> HttpResponse {
    let html = page
        .render()
        .expect("writing to a String cannot fail, and nothing else in these pages can");
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(html)
}

/// Renders a page that has what was asked for.
pub fn show(page: &impl Template) -> HttpResponse {
    render(StatusCode::OK, page)
}

/// Renders a page again whose form was wrong.
pub fn show_wrong(page: &impl Template) -> HttpResponse {
    render(StatusCode::UNPROCESSABLE_ENTITY, page)
}
