//! `/api/v1/invitations.csv`

use actix_web::{HttpRequest, HttpResponse, web};

use super::caller::Caller;
use super::csv::{self, Row, cell};
use super::invitation_schemas::InvitationStatusSchema;
use super::invitations::{FILTERS, filter};
use super::paging::Query;
use crate::domain::locale::Locale;
use crate::domain::message::Channel;
use crate::domain::scope::Scope;
use crate::store::invitations::{InvitationFilter, Standing};
use crate::web::State;
use crate::web::problem::Problem;

/// Columns of the table.
const COLUMNS: [&str; 14] = [
    "id",
    "url",
    "client_id",
    "person",
    "email",
    "phone",
    "campaign",
    "language",
    "channel",
    "status",
    "opened_at",
    "session_id",
    "created_at",
    "erased_at",
];

/// Exports invitations as CSV.
///
/// A row an invitation with its URL, newest first, of any number; the filters are those of the list. For the rest it is as with
/// links.
///
/// # Errors
/// As the contract has it.
#[utoipa::path(get, path = "/api/v1/invitations.csv", operation_id = "exportInvitations", tag = "Invitations",
    security(("bearer" = ["read"])),
    params(
        ("campaign" = Option<String>, Query, description = "Only invitations of this campaign, by id or name.", max_length = 200),
        ("status" = Option<InvitationStatusSchema>, Query, description = "Only invitations that have come so far; `not_acted`: all who have not begun."),
        ("q" = Option<String>, Query, description = "Only invitations with this text in name, email, phone or clientId, in any case.", max_length = 200),
        ("client_id" = Option<String>, Query, description = "Only invitations of this customer.", max_length = 200, example = "customer-17")),
    responses((status = 200, description = "The table.", body = String, content_type = "text/csv")))]
pub async fn export(
    caller: Caller,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let mut query = Query::read_only(&request, &FILTERS);
    let filter = filter(&state, &mut query).await?;
    query.end()?;
    table(&request, &state, filter).await
}

/// Invitations as CSV, as many as pass the filter; none without one.
///
/// # Errors
/// When the database does not answer.
pub async fn table(
    request: &HttpRequest,
    state: &web::Data<State>,
    filter: Option<InvitationFilter>,
) -> Result<HttpResponse, Problem> {
    let state = state.clone();
    csv::answer(request, "invitations.csv", &COLUMNS, move |before| {
        let (state, filter) = (state.clone(), filter.clone());
        async move {
            let Some(mut filter) = filter else {
                return Ok((Vec::new(), None));
            };
            (filter.before, filter.limit) = (before, csv::PAGE);
            let found = state.store.invitations(&filter).await?;
            let last = found.last().map(|one| one.invitation.id);
            Ok((found.iter().map(|one| row(&state, one)).collect(), last))
        }
    })
    .await
}

fn row(state: &State, standing: &Standing) -> Row {
    let (one, terms) = (&standing.invitation, &standing.link.terms);
    vec![
        one.id.to_string(),
        state.url_of(&terms.slug),
        cell(one.client_id.as_ref()),
        cell(one.name.as_ref()),
        cell(one.email.as_ref()),
        cell(one.phone.as_ref()),
        cell(standing.campaign_name.as_ref()),
        cell(terms.language.map(Locale::as_str)),
        cell(one.channel.map(Channel::as_str)),
        standing.progress.as_str().to_owned(),
        cell(one.opened_at),
        cell(standing.session.as_ref().map(|(id, ..)| id)),
        one.created_at.to_string(),
        cell(one.erased_at),
    ]
}
