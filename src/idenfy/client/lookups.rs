//! The calls about sessions that exist: what became of one, which a customer has, delete one.

use hyper::body::Bytes;
use reqwest::{Method, Request};
use serde_json::json;

use super::Client;
use crate::domain::verdict::Verdict;
use crate::idenfy::MintError;
use crate::idenfy::lookup::{LookupError, refused, scans, verdict};
use crate::idenfy::wire::refusal;

/// The most sessions of a customer that are looked at; page sizes are not documented.
const PAGE: &str = "50";

impl Client {
    /// What iDenfy knows of a session.
    ///
    /// # Errors
    /// When iDenfy does not know it, or why that cannot be told.
    pub async fn status(&self, scan_ref: &str) -> Result<Verdict, LookupError> {
        let body = json!({ "scanRef": scan_ref }).to_string().into_bytes();
        let url = &self.inner.status_url;
        let request = self.inner.request(Method::POST, url, Some(body));
        let answer = self.ask(request).await?;
        verdict(&answer).ok_or(LookupError::Unanswered(MintError::Nonsense))
    }

    /// iDenfy's names of a customer's sessions, as it lists them; the first page of them.
    ///
    /// # Errors
    /// Why that cannot be told.
    pub async fn scans_of(&self, client_id: &str) -> Result<Vec<String>, LookupError> {
        let mut url = self.inner.list_url.clone();
        url.query_pairs_mut()
            .clear()
            .append_pair("clientId", client_id)
            .append_pair("perPage", PAGE);
        let request = self.inner.request(Method::GET, &url, None);
        let answer = self.ask(request).await?;
        scans(&answer).ok_or(LookupError::Unanswered(MintError::Nonsense))
    }

    /// Has iDenfy delete what it holds of a session.
    ///
    /// # Errors
    /// When iDenfy does not know it, does not do it yet, or why that cannot be told.
    pub async fn delete(&self, scan_ref: &str) -> Result<(), LookupError> {
        let body = json!({ "scanRef": scan_ref }).to_string().into_bytes();
        let url = &self.inner.delete_url;
        let request = self.inner.request(Method::POST, url, Some(body));
        self.ask(request).await.map(drop)
    }

    /// Asks once: whoever asks comes back later by itself.
    async fn ask(&self, request: Request) -> Result<Bytes, LookupError> {
        let exchange = self.inner.exchange(request);
        let (status, headers, body) = tokio::time::timeout(self.inner.budget, exchange)
            .await
            .unwrap_or(Err(MintError::Timeout))?;
        if status.is_success() {
            return Ok(body?);
        }
        let wait = self.inner.retry_after(&headers);
        let error = refusal(status.as_u16(), &body.unwrap_or_default(), wait);
        Err(refused(status.as_u16(), error))
    }
}
