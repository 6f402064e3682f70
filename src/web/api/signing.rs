//! `/api/v1/links/{id}/signing-secret`

use actix_web::{HttpRequest, HttpResponse, web};

use super::answer::Answer;
use super::caller::Caller;
use super::fields::{self, Body};
use super::idempotent;
use super::link_document::SignedLink;
use super::links::{document, link_id};
use crate::domain::scope::Scope;
use crate::domain::signed::new_secret;
use crate::web::State;
use crate::web::problem::Problem;

/// Gives a signed link a new secret.
///
/// Nothing that was signed with the one before is taken from then on, so put the new one into your site at once. A link that
/// is not signed has none: `404`.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(post, path = "/api/v1/links/{id}/signing-secret", operation_id = "replaceSigningSecret", tag = "Links",
    security(("bearer" = ["links"])),
    responses((status = 200, description = "The link with its new secret, which is shown only now.", body = SignedLink)))]
pub async fn replace(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Links)?;
    let (id, body, own) = (link_id(&id)?, fields::bytes(body)?, state.clone());
    let store = caller.store(&state);
    idempotent::answer(&state, &caller, &request, &body, move |_| async move {
        let mut link = own.store.link(id).await?.ok_or(Problem::NotFound)?;
        let secret = new_secret();
        if !store.replace_signing_secret(id, &secret).await? {
            return Err(Problem::NotFound);
        }
        link.signing_secret = Some(secret);
        Ok(Answer::ok(&document(&own, &link).made(&link)))
    })
    .await
}
