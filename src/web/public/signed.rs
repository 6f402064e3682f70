//! Signed links: whose visit it is.

use std::sync::Arc;

use super::Visit;
use super::answer::{Answer, no};
use crate::domain::link::{LinkStatus, LinkTerms};
use crate::domain::signed::{Unsigned, customer};
use crate::web::problem::Problem;

impl Visit<'_> {
    /// The terms that a signed link has for the customer whom its site signed for: they fix that customer, so that all that
    /// follows is as with a link made for him alone. Where it is not signed so, what is answered instead; a person's click
    /// (`is_click`) has then paid for that.
    ///
    /// The secret is read here each time, for it may have been replaced on another node. The time of the address is asked
    /// when it is opened: a page that was shown in time can be posted (`nonce`) for as long as any other.
    pub(super) async fn of_customer(
        &self,
        terms: &Arc<LinkTerms>,
        is_click: bool,
        nonce: Option<&str>,
    ) -> Result<Arc<LinkTerms>, Answer> {
        let language = self.language(terms);
        let limiter = &self.state.limiter;
        let too_many = |seconds| no(Problem::RateLimited(seconds), language);
        if is_click && !terms.confirm {
            limiter.peek(self.address, self.now).map_err(too_many)?;
        }
        let link = self.link(terms).await;
        let link = link.map_err(|problem| no(problem, language))?;
        if link.status(self.now) == LinkStatus::Deactivated {
            return Err(self.over(&link));
        }
        let query = self.request.query_string();
        let signed = match &link.signing_secret {
            Some(secret) => customer(query, &terms.slug, secret, self.now),
            None => Err(Unsigned::Invalid),
        };
        let is_page_of = |customer: &str| {
            let is_of = |nonce| {
                self.state
                    .signer
                    .nonce_is_valid(nonce, terms.id, Some(customer), self.now)
            };
            nonce.is_some_and(is_of)
        };
        let signed = match signed {
            Err(Unsigned::Expired(customer)) if is_page_of(&customer) => Ok(customer),
            signed => signed,
        };
        match signed {
            Ok(customer) => Ok(Arc::new(LinkTerms {
                token: terms.token.with_client_id(customer),
                accept_ref: true,
                ..(**terms).clone()
            })),
            Err(why) => {
                if is_click {
                    limiter.take(self.address, self.now).map_err(too_many)?;
                }
                Err(no(why.into(), language))
            }
        }
    }
}
