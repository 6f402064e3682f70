//! Calls to the provider, and what goes wrong with them in words of ours.

use openidconnect::core::CoreErrorResponseType;
use openidconnect::{HttpRequest, HttpResponse, RequestTokenError, StandardErrorResponse};

/// Largest answer that is read, in bytes.
const ANSWER_MAX: usize = 1024 * 1024;

/// Why nobody could be signed in. None of it holds words of the provider's.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OidcError {
    /// The provider does not answer, or not in a way that can be read.
    #[error("{0}")]
    Provider(&'static str),
    /// The provider does not take the code, or our client.
    #[error("the token call was refused: {0}")]
    Refused(&'static str),
    /// The ID token is not one for us, for this sign-in, or of this provider.
    #[error("the ID token was refused: {0}")]
    Untrue(&'static str),
}

/// Wrong where the provider has other keys by now, too.
pub(super) const SIGNATURE: &str = "its signature is not right";

/// What is wrong with an ID token.
pub(super) fn untrue(error: &openidconnect::ClaimsVerificationError) -> OidcError {
    use openidconnect::ClaimsVerificationError as E;
    OidcError::Untrue(match error {
        E::SignatureVerification(_) => SIGNATURE,
        E::Expired(_) => "it is over; see that both clocks are right",
        E::InvalidAudience(_) => "it is for somebody else",
        E::InvalidIssuer(_) => "it is another issuer's",
        E::InvalidNonce(_) => "it is not for this sign-in",
        E::InvalidSubject(_) => "it is about somebody else",
        _ => "it cannot be used",
    })
}

/// Why there are no tokens.
pub(super) fn told_of_tokens(
    error: &RequestTokenError<CallError, StandardErrorResponse<CoreErrorResponseType>>,
) -> OidcError {
    use openidconnect::core::CoreErrorResponseType as E;
    match error {
        RequestTokenError::ServerResponse(told) => OidcError::Refused(match told.error() {
            E::InvalidClient => "oidc.client_id or oidc.client_secret is not right",
            E::InvalidGrant => "the code is over, used, or for another address",
            E::UnauthorizedClient => "the client may not do this",
            _ => "the provider says why in its own log",
        }),
        RequestTokenError::Request(_) => OidcError::Provider("the provider does not answer"),
        _ => OidcError::Provider("the provider's tokens cannot be read"),
    }
}

/// Why a call got no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    #[error("no answer")]
    Http(#[from] reqwest::Error),
    #[error("an answer that cannot be passed on")]
    Answer(#[from] openidconnect::http::Error),
    #[error("an answer that is too large")]
    TooLarge,
}

/// Sends one request and reads its answer, up to a size.
pub(super) async fn call(
    http: reqwest::Client,
    request: HttpRequest,
) -> Result<HttpResponse, CallError> {
    let mut answer = http.execute(request.try_into()?).await?;
    let mut response = openidconnect::http::Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        response = response.header(name, value);
    }
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await? {
        body.extend_from_slice(&part);
        if body.len() > ANSWER_MAX {
            return Err(CallError::TooLarge);
        }
    }
    Ok(response.body(body)?)
}
