//! `/admin/links/{id}/integrate`: the link on a site of the operator's own.

use actix_web::web;
use askama::Template;

use super::examples::{self, Example};
use super::{address, below, link_of};
use crate::domain::flow::Flow;
use crate::domain::link::Link;
use crate::domain::person::Role;
use crate::domain::secret::Secret;
use crate::domain::signed::new_secret;
use crate::share::button::Button;
use crate::web::dashboard::confirm;
use crate::web::dashboard::flash::Flash;
use crate::web::dashboard::operator::Operator;
use crate::web::dashboard::page::{Page, show as show_page};
use crate::web::dashboard::refused::{Answer, Refused};
use crate::web::{State, button};

#[derive(Template)]
#[template(path = "dashboard/link_integrate.html")]
struct IntegratePage {
    page: Page,
    /// The link's page.
    here: String,
    is_signed: bool,
    /// Whether the link knows customers.
    has_customers: bool,
    button: Button,
    /// What a signed link's site signs with, for those who may see it.
    secret: Option<Secret>,
    signing: Vec<Example>,
    personal: Vec<Example>,
}

impl IntegratePage {
    /// iDenfy's page in a frame.
    const FRAME: &str = "<iframe src=\"REDIRECT_URL\" allow=\"camera; fullscreen\" width=\"100%\" height=\"800\"></iframe>\n";

    /// A link as anybody writes it.
    fn own_link(&self) -> String {
        format!("<a href=\"{}?via=website\">Verify</a>\n", self.button.url)
    }
}

pub(in crate::web::dashboard) async fn show(operator: Operator, id: web::Path<String>) -> Answer {
    let link = link_of(&operator, &id).await?;
    let state: &State = &operator.state;
    let is_signed = link.terms.signed;
    let has_customers = link.terms.flow != Flow::Selfie;
    let of = |examples: fn(&State, &Link) -> Vec<Example>, is_shown: bool| {
        if is_shown {
            examples(state, &link)
        } else {
            Vec::new()
        }
    };
    Ok(show_page(&IntegratePage {
        page: below(&operator, &link, "On your site"),
        here: address(link.terms.id),
        is_signed,
        has_customers,
        button: button::of_link(state, &link),
        signing: of(examples::signing, is_signed),
        personal: of(examples::personal, has_customers),
        secret: link.signing_secret.filter(|_| operator.may(Role::Editor)),
    }))
}

pub(in crate::web::dashboard) async fn ask_secret(
    operator: Operator,
    id: web::Path<String>,
) -> Answer {
    let link = signed_link_of(&operator, &id).await?;
    let consequences = vec![
        "Nothing that was signed with the secret before is taken any more, from that moment on: customers who come with it are told that the link is incomplete.".to_owned(),
        "Put the new one into your site at once. Sessions that were started go on.".to_owned(),
    ];
    let title = format!("Make a new secret for {}", link.name);
    let page = below(&operator, &link, format!("{title}?"));
    Ok(confirm::ask(page, consequences, title, at(&link)))
}

pub(in crate::web::dashboard) async fn replace_secret(
    operator: Operator,
    id: web::Path<String>,
) -> Answer {
    let link = signed_link_of(&operator, &id).await?;
    let store = operator.store();
    let id = link.terms.id;
    if !store.replace_signing_secret(id, &new_secret()).await? {
        return Err(Refused::NotFound);
    }
    let flash = Flash::done("The link has a new secret. Put it into your site now.");
    Ok(operator.redirect_with(&flash, &at(&link)))
}

async fn signed_link_of(operator: &Operator, id: &str) -> Result<Link, Refused> {
    let link = link_of(operator, id).await?;
    if link.terms.signed {
        Ok(link)
    } else {
        Err(Refused::NotFound)
    }
}

/// Where the page is.
fn at(link: &Link) -> String {
    format!("{}/integrate", address(link.terms.id))
}
