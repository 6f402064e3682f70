//! One call and its answer, whichever way it goes.

use http_body_util::{BodyExt as _, Collected, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes};
use hyper::{Response, Uri};
use reqwest::header::HeaderMap;
use reqwest::{Method, Request, StatusCode};

use super::Inner;
use crate::idenfy::MintError;

/// An answer larger than this is not read to its end, in bytes.
const ANSWER_MAX: usize = 256 * 1024;

/// Status, headers, and the body unless it broke off or is too large.
pub(super) type Answered = (StatusCode, HeaderMap, Result<Bytes, MintError>);

impl Inner {
    /// Posts a mint once, straight to iDenfy where there is no proxy in between.
    pub(super) async fn post_once(&self, uri: &Uri, body: Bytes) -> Result<Answered, MintError> {
        let mut request = hyper::Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri.clone();
        *request.headers_mut() = self.headers.clone();
        let Some(direct) = &self.direct else {
            let request = Request::try_from(request).map_err(|_| MintError::Unreachable)?;
            return self.exchange(request).await;
        };
        self.check_can_call()?;
        Ok(read(direct.send(request.map(Full::new)).await?).await)
    }

    /// Sends `request` once, and reads whatever is answered.
    pub(super) async fn exchange(&self, request: Request) -> Result<Answered, MintError> {
        self.check_can_call()?;
        let response = self.http.execute(request).await.map_err(|error| {
            if error.is_connect() {
                MintError::Unreachable
            } else {
                MintError::BrokenOff
            }
        })?;
        Ok(read(Response::from(response)).await)
    }

    const fn check_can_call(&self) -> Result<(), MintError> {
        if self.has_credentials {
            Ok(())
        } else {
            Err(MintError::NoCredentials)
        }
    }
}

/// Reads the body to its end, but only while it is of a reasonable size.
async fn read<B>(response: Response<B>) -> Answered
where
    B: Body<Data = Bytes, Error: std::error::Error + Send + Sync + 'static>,
{
    let (head, body) = response.into_parts();
    let body = Limited::new(body, ANSWER_MAX).collect().await;
    let body = body.map(Collected::to_bytes).map_err(|error| {
        if error.is::<LengthLimitError>() {
            MintError::Nonsense
        } else {
            MintError::BrokenOff
        }
    });
    (head.status, head.headers, body)
}
