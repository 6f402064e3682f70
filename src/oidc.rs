//! Sign-in by OpenID Connect: the code flow with PKCE, a state and a nonce, against one provider.
//!
//! The protocol is the crate `openidconnect`'s; its calls go out through an HTTP client of ours. Nothing that a provider
//! says, and no token, is in an error.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod,
    CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AuthType, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken,
    DiscoveryError, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    IdTokenClaims, IdTokenFields, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope, StandardErrorResponse, StandardTokenResponse,
    TokenResponse as _, UserInfoClaims, UserInfoError,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::clock::Clock;
use crate::config::{Config, GroupRole};
use crate::domain::person::Role;
use crate::domain::secret::Secret;
use crate::domain::timestamp::Timestamp;
use crate::http;

mod groups;
mod wire;

use groups::{groups, role};
pub use wire::OidcError;
use wire::{SIGNATURE, call, told_of_tokens, untrue};

/// Where the provider sends people back to, below the public address.
const CALLBACK: &str = "/admin/login/oidc/callback";

/// How long one call may take.
const CALL: Duration = Duration::from_secs(10);

/// How long what a provider says of itself is believed, in milliseconds.
const METADATA_MS: i64 = 5 * 60_000;

/// Asked for beside `openid`; `groups` only where the provider knows it, as some refuse a scope that they do not.
const SCOPES: [&str; 2] = ["email", "profile"];

/// A sign-in that has begun: kept by the browser until the provider sends it back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Begun {
    /// What the provider sends back unchanged.
    pub state: String,
    /// What must be in the ID token.
    nonce: String,
    /// What only the one who began knows.
    verifier: String,
}

/// Whom the provider means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Names the person at the provider, for ever.
    pub subject: String,
    /// The email address, where the provider tells one.
    pub email: Option<String>,
    /// What the person is called, where the provider tells.
    pub name: Option<String>,
    /// What the person may do, by the groups; none: no group of the person's opens anything.
    pub role: Option<Role>,
}

/// The provider that the settings name. Clones share what is known of it.
#[derive(Debug, Clone)]
pub struct Provider {
    /// The issuer, as the settings have it.
    pub issuer: String,
    /// What people know it by: its host.
    pub name: String,
    client_id: String,
    client_secret: Secret,
    roles: Vec<GroupRole>,
    redirect: RedirectUrl,
    http: reqwest::Client,
    clock: Clock,
    known: Arc<Mutex<Option<(Timestamp, CoreProviderMetadata)>>>,
}

/// Groups, as providers send them: a list, or a text where there is one.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Extra {
    #[serde(default)]
    groups: Value,
}

impl AdditionalClaims for Extra {}

type Claims = IdTokenClaims<Extra, CoreGenderClaim>;

type Tokens = StandardTokenResponse<
    IdTokenFields<
        Extra,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

type Relying = Client<
    Extra,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl Provider {
    /// The provider that the settings name, if they do; it sends people back below the gateway's public address.
    ///
    /// # Errors
    /// When calls over TLS cannot be set up.
    ///
    /// # Panics
    /// Never: the settings were checked.
    pub fn of(
        config: &Config,
        public_url: &str,
        clock: &Clock,
    ) -> Result<Option<Self>, reqwest::Error> {
        let Some(settings) = &config.oidc else {
            return Ok(None);
        };
        let issuer = Url::parse(&settings.issuer).expect("the settings' issuer is an address");
        let redirect = format!("{public_url}{CALLBACK}");
        Ok(Some(Self {
            name: issuer.host_str().unwrap_or_default().to_owned(),
            http: http::client_builder(&issuer).timeout(CALL).build()?,
            issuer: settings.issuer.clone(),
            client_id: settings.client_id.clone(),
            client_secret: settings.client_secret.clone(),
            roles: settings.roles.clone(),
            known: Arc::default(),
            redirect: RedirectUrl::new(redirect).expect("the public address is one"),
            clock: clock.clone(),
        }))
    }

    /// Begins a sign-in: where the browser is to go, and what it has to bring back.
    ///
    /// # Errors
    /// When the provider does not tell about itself.
    pub async fn begin(&self) -> Result<(String, Begun), OidcError> {
        let metadata = self.metadata(false).await?;
        let knows_groups = metadata
            .scopes_supported()
            .is_some_and(|known| known.iter().any(|scope| scope.as_str() == "groups"));
        let scopes = SCOPES.into_iter().chain(knows_groups.then_some("groups"));
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let client = self.client(metadata);
        let (url, state, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scopes(scopes.map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(challenge)
            .url();
        let begun = Begun {
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
        };
        Ok((url.into(), begun))
    }

    /// Ends a sign-in: whom the provider means by `code`.
    ///
    /// # Errors
    /// When the provider does not answer, does not take the code, or its ID token does not hold.
    pub async fn finish(&self, begun: Begun, code: String) -> Result<Identity, OidcError> {
        let client = self.client(self.metadata(false).await?);
        let call = |request| call(self.http.clone(), request);
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|_| OidcError::Provider("the provider names no address for tokens"))?
            .set_pkce_verifier(PkceCodeVerifier::new(begun.verifier))
            .request_async(&call)
            .await
            .map_err(|error| told_of_tokens(&error))?;
        let nonce = Nonce::new(begun.nonce);
        let claims = match self.claims(&client, &tokens, &nonce) {
            // The provider may have changed its keys since they were asked for.
            Err(OidcError::Untrue(SIGNATURE)) => {
                let client = self.client(self.metadata(true).await?);
                self.claims(&client, &tokens, &nonce)?
            }
            claims => claims?,
        };
        let more = self.more(&client, &tokens, &claims).await?;
        let email = claims.email().map(|email| email.as_str());
        let email = email.or_else(|| more.as_ref()?.email().map(|email| email.as_str()));
        let name = claims.name().and_then(|name| name.get(None));
        let name = name.or_else(|| more.as_ref()?.name()?.get(None));
        let more_groups = more.as_ref().map(|more| &more.additional_claims().groups);
        let groups: Vec<&str> = std::iter::once(&claims.additional_claims().groups)
            .chain(more_groups)
            .flat_map(groups)
            .collect();
        Ok(Identity {
            subject: claims.subject().as_str().to_owned(),
            email: email.map(str::to_owned),
            name: name.map(|name| name.as_str().to_owned()),
            role: role(&self.roles, &groups),
        })
    }

    /// The claims of the ID token, which is of this provider, for this client and for this sign-in.
    fn claims(
        &self,
        client: &Relying,
        tokens: &Tokens,
        nonce: &Nonce,
    ) -> Result<Claims, OidcError> {
        let now = self.clock.now().millis();
        let verifier = client
            .id_token_verifier()
            .set_time_fn(move || chrono::DateTime::from_timestamp_millis(now).unwrap_or_default());
        let token = tokens
            .id_token()
            .ok_or(OidcError::Untrue("there is none"))?;
        let claims = token.claims(&verifier, nonce);
        claims.cloned().map_err(|error| untrue(&error))
    }

    /// What the provider tells beyond the ID token, where it has an address for that and the token does not tell all.
    async fn more(
        &self,
        client: &Relying,
        tokens: &Tokens,
        claims: &Claims,
    ) -> Result<Option<UserInfoClaims<Extra, CoreGenderClaim>>, OidcError> {
        let tells_all = claims.email().is_some()
            && claims.name().is_some()
            && groups(&claims.additional_claims().groups).next().is_some();
        let subject = Some(claims.subject().clone());
        let request = client.user_info(tokens.access_token().clone(), subject);
        let Some(request) = request.ok().filter(|_| !tells_all) else {
            return Ok(None);
        };
        let call = |request| call(self.http.clone(), request);
        let told = request.request_async(&call).await;
        told.map(Some).map_err(|error| match error {
            UserInfoError::ClaimsVerification(error) => untrue(&error),
            _ => OidcError::Provider("the provider does not tell about the person"),
        })
    }

    fn client(&self, metadata: CoreProviderMetadata) -> Relying {
        let methods = metadata.token_endpoint_auth_methods_supported();
        // What a provider that names none supports.
        let basic = CoreClientAuthMethod::ClientSecretBasic;
        let auth_type = match methods {
            Some(methods) if !methods.contains(&basic) => AuthType::RequestBody,
            _ => AuthType::BasicAuth,
        };
        let secret = ClientSecret::new(self.client_secret.expose().to_owned());
        let id = ClientId::new(self.client_id.clone());
        Client::from_provider_metadata(metadata, id, Some(secret))
            .set_redirect_uri(self.redirect.clone())
            .set_auth_type(auth_type)
    }

    /// What the provider says of itself, its keys too; asked for again after a while, or when `fresh` is wanted.
    async fn metadata(&self, fresh: bool) -> Result<CoreProviderMetadata, OidcError> {
        let now = self.clock.now();
        let known = self
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let is_good = |at: Timestamp| (0..METADATA_MS).contains(&(now.millis() - at.millis()));
        if let Some((_, metadata)) = known.filter(|(at, _)| !fresh && is_good(*at)) {
            return Ok(metadata);
        }
        let issuer = IssuerUrl::new(self.issuer.clone())
            .map_err(|_| OidcError::Provider("the issuer is no address"))?;
        let call = |request| call(self.http.clone(), request);
        let metadata = CoreProviderMetadata::discover_async(issuer, &call).await;
        let metadata = metadata.map_err(|error| {
            OidcError::Provider(match error {
                DiscoveryError::Request(_) => "the provider does not answer",
                DiscoveryError::Response(..) => "the provider answers with an error",
                DiscoveryError::Validation(_) => {
                    "the provider calls itself otherwise than oidc.issuer"
                }
                _ => "what the provider says of itself cannot be read",
            })
        })?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((now, metadata.clone()));
        Ok(metadata)
    }
}
