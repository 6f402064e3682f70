//! Letters as mail servers take them.

use std::time::{Duration, UNIX_EPOCH};

use lettre::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use url::{Host, Url};

use super::letter::Letter;
use super::reasons::Refusal;
use super::smtp::Server;
use crate::config::Email;
use crate::domain::id::MessageId;
use crate::domain::timestamp::Timestamp;

/// Sends letters.
#[derive(Debug)]
pub struct Mailer {
    server: Server,
    from: Mailbox,
    /// What comes after the `@` of a letter's id.
    host: String,
}

/// To whom a letter goes, and what is on its envelope.
#[derive(Debug, Clone)]
pub struct Envelope<'a> {
    /// Names the letter.
    pub id: MessageId,
    /// The address.
    pub to: &'a str,
    /// What the person is called.
    pub name: Option<&'a str>,
    /// The letter's date.
    pub at: Timestamp,
    /// Where a program says that no more are wanted.
    pub unsubscribe: Option<&'a str>,
}

impl Mailer {
    /// One for these settings, which were checked when they were read.
    #[must_use]
    pub fn new(settings: &Email, public_url: &str) -> Option<Self> {
        let host = Url::parse(public_url).ok()?;
        let host = match host.host()? {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => format!("[{address}]"),
            Host::Ipv6(address) => format!("[IPv6:{address}]"),
        };
        Some(Self {
            server: Server::new(&settings.smtp_url)?,
            from: settings.from.parse().ok()?,
            host,
        })
    }

    /// The sender's name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.from.name.as_deref()
    }

    /// Hands a letter to the mail server.
    ///
    /// # Errors
    /// Why it was not taken, or may not have been.
    pub async fn send(&self, letter: Letter, envelope: &Envelope<'_>) -> Result<(), Refusal> {
        let unfit =
            || Refusal::Refused("the address is not one that mail can be sent to".to_owned());
        let to: Address = envelope.to.parse().map_err(|_| unfit())?;
        let message = self.message(letter, envelope, &to).ok_or_else(unfit)?;
        self.server.send(&self.from.email, &to, &message).await
    }

    /// The whole letter, its id the same each time it is sent, so that a mail program shows it once.
    fn message(&self, letter: Letter, envelope: &Envelope<'_>, to: &Address) -> Option<Vec<u8>> {
        let at = u64::try_from(envelope.at.millis()).unwrap_or_default();
        let mut builder = lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(envelope.name.map(str::to_owned), to.clone()))
            .subject(letter.subject)
            .date(UNIX_EPOCH + Duration::from_millis(at))
            .message_id(Some(format!("<{}@{}>", envelope.id, self.host)))
            .raw_header(header("Auto-Submitted", "auto-generated"));
        if let Some(url) = envelope.unsubscribe {
            // RFC 2369, and one click by RFC 8058.
            builder = builder
                .raw_header(header("List-Unsubscribe", &format!("<{url}>")))
                .raw_header(header(
                    "List-Unsubscribe-Post",
                    "List-Unsubscribe=One-Click",
                ));
        }
        let parts = MultiPart::alternative_plain_html(letter.text, letter.html);
        Some(builder.multipart(parts).ok()?.formatted())
    }
}

/// A header of plain ASCII, as it is.
fn header(name: &'static str, value: &str) -> HeaderValue {
    let name = HeaderName::new_from_ascii_str(name);
    HeaderValue::dangerous_new_pre_encoded(name, value.to_owned(), value.to_owned())
}
