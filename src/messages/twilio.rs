//! Sends text messages by a Twilio-compatible API, and knows its reports.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Client, Response};
use serde::Deserialize;
use sha1::Sha1;

use super::reasons::{Refusal, twilio as words};
use crate::config::Sms;
use crate::domain::id::MessageId;
use crate::domain::secret::Secret;
use crate::http;

/// How long the provider may take over one message.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where it reports what became of a message, below the public URL.
pub const REPORTS: &str = "/webhooks/sms";

/// Sends text messages.
#[derive(Debug)]
pub struct Texter {
    client: Client,
    /// Where messages are posted.
    address: String,
    account_sid: Secret,
    auth_token: Secret,
    from: String,
    /// Where reports are wanted; none where nobody outside could come.
    reports: Option<String>,
}

/// What is answered, in part.
#[derive(Debug, Default, Deserialize)]
struct Answer {
    sid: Option<String>,
    code: Option<i64>,
}

impl Texter {
    /// One for these settings.
    ///
    /// # Errors
    /// When no client for HTTP can be made.
    pub fn new(settings: &Sms, public_url: &str) -> Result<Self, reqwest::Error> {
        let base = settings.base_url.as_str().trim_end_matches('/');
        let sid = settings.account_sid.expose();
        let account: String = url::form_urlencoded::byte_serialize(sid.as_bytes()).collect();
        let is_reachable = public_url.starts_with("https://");
        Ok(Self {
            client: http::client_builder(&settings.base_url)
                .timeout(PATIENCE)
                .build()?,
            address: format!("{base}/2010-04-01/Accounts/{account}/Messages.json"),
            account_sid: settings.account_sid.clone(),
            auth_token: settings.auth_token.clone(),
            from: settings.from.clone(),
            reports: is_reachable.then(|| format!("{public_url}{REPORTS}")),
        })
    }

    /// Sends a text; returns what the provider calls it.
    ///
    /// # Errors
    /// Why it was not taken, or may not have been.
    pub async fn send(
        &self,
        id: MessageId,
        to: &str,
        text: &str,
    ) -> Result<Option<String>, Refusal> {
        let mut form = vec![("To", to), ("From", &self.from), ("Body", text)];
        // A report may come before this answer: it says itself which message it is of.
        let reports = self
            .reports
            .as_ref()
            .map(|url| format!("{url}?message={id}"));
        if let Some(reports) = &reports {
            form.push(("StatusCallback", reports));
        }
        let body: String = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = self
            .client
            .post(&self.address)
            .basic_auth(self.account_sid.expose(), Some(self.auth_token.expose()))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body);
        match request.send().await {
            Ok(response) => read(response).await,
            Err(error) if error.is_connect() => Err(Refusal::Server(
                "the SMS provider cannot be reached".to_owned(),
            )),
            Err(_) => Err(Refusal::Later(
                "the SMS provider did not answer in time".to_owned(),
            )),
        }
    }

    /// Whether a report is the provider's: its signature is of the whole address and of the form's fields.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "HMAC takes keys of any length")]
    pub fn is_theirs(&self, url: &str, fields: &[(String, String)], signature: &str) -> bool {
        let Ok(signature) = STANDARD.decode(signature) else {
            return false;
        };
        let mut sorted: Vec<&(String, String)> = fields.iter().collect();
        sorted.sort();
        let key = self.auth_token.expose().as_bytes();
        let mac = Hmac::<Sha1>::new_from_slice(key).expect("HMAC takes keys of any length");
        let mac = sorted
            .into_iter()
            .fold(mac.chain_update(url), |mac, (name, value)| {
                mac.chain_update(name).chain_update(value)
            });
        mac.verify_slice(&signature).is_ok()
    }
}

async fn read(response: Response) -> Result<Option<String>, Refusal> {
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap_or_default();
    let answer: Answer = serde_json::from_slice(&body).unwrap_or_default();
    let named = answer.code.map(words);
    match (status, named) {
        (200..=299, _) => Ok(answer.sid),
        (429, _) => Err(Refusal::Server(
            "the SMS provider asks for a pause (429)".to_owned(),
        )),
        (_, Some((true, words))) => Err(Refusal::Server(words)),
        (400, None) => Err(Refusal::Refused("400: the provider refuses it".to_owned())),
        (402, _) => Err(Refusal::Server(
            "the account at the SMS provider is out of funds (402)".to_owned(),
        )),
        (401 | 403 | 404, _) => {
            let words = format!("the SMS provider does not let us in ({status})");
            Err(Refusal::Server(words))
        }
        (400..=499, Some((_, words))) => Err(Refusal::Refused(words)),
        _ => Err(Refusal::Server(format!(
            "the SMS provider fails ({status})"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// The example of Twilio's documentation, "Validating Signatures from Twilio".
    #[test]
    fn a_signature_is_checked_as_twilio_makes_it() {
        let settings = Sms {
            account_sid: Secret::new("AC1"),
            auth_token: Secret::new("12345"),
            from: "+15017122661".to_owned(),
            base_url: Config::defaults().idenfy.base_url,
            per_minute: 60,
        };
        let texter = Texter::new(&settings, "https://example.com").unwrap();
        let fields: Vec<(String, String)> = [
            ("Digits", "1234"),
            ("To", "+18005551212"),
            ("From", "+14158675310"),
            ("Caller", "+14158675310"),
            ("CallSid", "CA1234567890ABCDE"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let (url, signature) = (
            "https://example.com/myapp.php?foo=1&bar=2",
            "L/OH5YylLD5NRKLltdqwSvS0BnU=",
        );
        assert!(texter.is_theirs(url, &fields, signature));
        assert!(!texter.is_theirs("https://example.com/myapp.php", &fields, signature));
        assert!(!texter.is_theirs(url, &fields[1..], signature));
        assert!(!texter.is_theirs(url, &fields, "") && !texter.is_theirs(url, &fields, "?"));
    }
}
