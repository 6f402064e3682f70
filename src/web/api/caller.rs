//! Who calls: the API key of a request.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};

use crate::domain::audit::Actor;
use crate::domain::scope::Scope;
use crate::domain::secret::Secret;
use crate::store::Store;
use crate::store::keys::ApiKey;
use crate::web::State;
use crate::web::client_address::client_address;
use crate::web::problem::Problem;

/// The valid API key a request came with.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The key as it is kept.
    pub key: ApiKey,
    /// Its text, from which what is kept for the caller alone is sealed.
    pub text: Secret,
    /// From where.
    pub address: IpAddr,
}

impl Caller {
    /// The store in the caller's hands: what is changed through it is noted as done by this key.
    #[must_use]
    pub fn store(&self, state: &State) -> Store {
        let actor = Actor::Key {
            id: self.key.id,
            name: self.key.name.clone(),
        };
        state.store.acting(&state.clock, actor, Some(self.address))
    }

    /// Lets only keys through that may do what `scope` stands for.
    ///
    /// # Errors
    /// [`Problem::Forbidden`] for all others.
    pub fn require(&self, scope: Scope) -> Result<(), Problem> {
        if self.key.may(scope) {
            Ok(())
        } else {
            Err(Problem::Forbidden(scope.as_str()))
        }
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = bearer(request);
        let request = request.clone();
        let state = request.app_data::<web::Data<State>>().cloned();
        Box::pin(async move {
            let (Some(text), Some(state)) = (text, state) else {
                return Err(Problem::Unauthorized);
            };
            let key = state.store.use_key(&text, state.clock.now()).await?;
            let address = client_address(&request, &state.trusted_proxies);
            key.map(|key| Self { key, text, address })
                .ok_or(Problem::Unauthorized)
        })
    }
}

fn bearer(request: &HttpRequest) -> Option<Secret> {
    let value = request
        .headers()
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?;
    let (scheme, text) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| Secret::new(text.trim()))
}
