//! Hands letters to a mail server, over connections that are kept for the next ones.
//!
//! The dialogue is spoken step by step, as it matters who refuses: a sender that is refused is a fault of the settings and
//! delays all mail, a recipient that is refused is that message's alone.

use std::error::Error as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;
use percent_encoding::percent_decode_str;
use tokio::time::timeout;
use url::Url;

use super::reasons::{Refusal, smtp as words, smtp_channel};
use crate::domain::secret::Secret;
use crate::http::is_loopback;

/// How long it may take to connect, to encrypt and to sign in.
const CONNECTING: Duration = Duration::from_secs(20);

/// How long a server may take over one letter after that: some look through a mail before they take it, and one that is given
/// up too soon is sent again. With the time to connect it is shorter than a message's lease.
const PATIENCE: Duration = Duration::from_mins(4);

/// Shorter than servers commonly keep connections open.
const IDLE: Duration = Duration::from_secs(20);

/// The port for mail that is handed in, and the same with TLS from the start.
const PORTS: (u16, u16) = (587, 465);

/// A mail server.
pub struct Server {
    host: String,
    port: u16,
    /// TLS from the start.
    is_implicit: bool,
    /// Nothing is sent without TLS.
    needs_tls: bool,
    /// None where this machine has no root certificates.
    tls: Option<TlsParameters>,
    credentials: Option<Credentials>,
    idle: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
}

impl Server {
    /// The server of a setting's address, which was checked when it was read. A server on this machine is believed
    /// without a certificate, and without TLS.
    #[must_use]
    pub fn new(address: &Secret) -> Option<Self> {
        // URLs of other schemes than http know no default port, and no host names in lower case.
        let url = Url::parse(address.expose()).ok()?;
        let host = url
            .host_str()?
            .trim_matches(['[', ']'])
            .to_ascii_lowercase();
        let is_implicit = url.scheme() == "smtps";
        let is_local =
            Url::parse(&format!("http://{}", url.host_str()?)).is_ok_and(|url| is_loopback(&url));
        let tls = TlsParameters::builder(host.clone())
            .dangerous_accept_invalid_certs(is_local)
            .dangerous_accept_invalid_hostnames(is_local)
            .build();
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let credentials = (!url.username().is_empty()).then(|| {
            let password = decoded(url.password().unwrap_or_default());
            Credentials::new(decoded(url.username()), password)
        });
        Some(Self {
            port: url
                .port()
                .unwrap_or(if is_implicit { PORTS.1 } else { PORTS.0 }),
            host,
            is_implicit,
            needs_tls: !is_local,
            tls: tls.ok(),
            credentials,
            idle: Mutex::default(),
        })
    }

    /// Hands a letter over.
    ///
    /// # Errors
    /// Why it was not taken, or may not have been.
    pub async fn send(&self, from: &Address, to: &Address, letter: &[u8]) -> Result<(), Refusal> {
        let mut connection = self.ready(from).await?;
        let handed = timeout(PATIENCE, hand_over(&mut connection, to, letter)).await;
        let handed = handed.unwrap_or_else(|_| {
            Err((
                false,
                Refusal::Later("the mail server did not answer in time".to_owned()),
            ))
        });
        match handed {
            Ok(()) => self.keep(connection),
            Err((true, _)) => {
                // Refused, but in good order: the next one can use the connection.
                if timeout(PATIENCE, connection.command(Rset))
                    .await
                    .is_ok_and(|done| done.is_ok())
                {
                    self.keep(connection);
                }
            }
            Err((false, _)) => {}
        }
        handed.map_err(|(_, refusal)| refusal)
    }

    /// A connection on which the sender was taken.
    async fn ready(&self, from: &Address) -> Result<AsyncSmtpConnection, Refusal> {
        let mail = || Mail::new(Some(from.clone()), Vec::new());
        while let Some(mut kept) = self.kept() {
            // One that was closed meanwhile, or is being closed with 421, is no fault: nothing was sent on it.
            if timeout(CONNECTING, kept.command(mail()))
                .await
                .is_ok_and(|taken| taken.is_ok())
            {
                return Ok(kept);
            }
        }
        let server = |what: &str| Refusal::Server(what.to_owned());
        let connecting = timeout(CONNECTING, async {
            let mut connection = self.connect().await?;
            match connection.command(mail()).await {
                Ok(_) => Ok(connection),
                Err(error) => Err(match told(&error) {
                    Some((code, text)) => server(&format!(
                        "the mail server refuses the sender of email.from ({})",
                        words(&code, &text)
                    )),
                    None => server("the connection to the mail server broke"),
                }),
            }
        });
        let connected = connecting.await;
        connected.unwrap_or_else(|_| Err(server("the mail server did not answer in time")))
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Refusal> {
        let server = |what: &str| Refusal::Server(what.to_owned());
        if self.needs_tls && self.tls.is_none() {
            return Err(server("this machine has no root certificates"));
        }
        let hello = ClientId::default();
        let tls = self.tls.clone().filter(|_| self.is_implicit);
        let address = (self.host.as_str(), self.port);
        let connecting = AsyncSmtpConnection::connect_tokio1(address, None, &hello, tls, None);
        let mut connection = connecting.await.map_err(|error| match told(&error) {
            Some((code, _)) => server(&format!("the mail server does not let us in ({code})")),
            None if error.is_tls() => server("the mail server's certificate is not trusted"),
            None => server("the mail server cannot be reached"),
        })?;
        match &self.tls {
            Some(tls) if connection.can_starttls() => {
                let encrypted = connection.starttls(tls.clone(), &hello).await;
                encrypted
                    .map_err(|_| server("the connection to the mail server cannot be encrypted"))?;
            }
            _ if self.needs_tls && !connection.is_encrypted() => {
                return Err(server("the mail server offers no encryption (STARTTLS)"));
            }
            _ => {}
        }
        if let Some(credentials) = &self.credentials {
            let signed_in = connection.auth(DEFAULT_MECHANISMS, credentials).await;
            signed_in.map_err(|error| match told(&error) {
                Some((code, text)) => server(&words(&code, &text)),
                None => server("the mail server cannot be signed in to"),
            })?;
        }
        Ok(connection)
    }

    /// A connection from before, the freshest first; those that are too old are closed.
    fn kept(&self) -> Option<AsyncSmtpConnection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, since)| since.elapsed() < IDLE);
        idle.pop().map(|(connection, _)| connection)
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push((connection, Instant::now()));
    }
}

/// Names the recipient and sends the letter; an error with whether the dialogue can go on.
async fn hand_over(
    connection: &mut AsyncSmtpConnection,
    to: &Address,
    letter: &[u8],
) -> Result<(), (bool, Refusal)> {
    let refused = |error: Error| refusal(&error);
    let rcpt = Rcpt::new(to.clone(), Vec::new());
    connection.command(rcpt).await.map_err(refused)?;
    connection.command(Data).await.map_err(refused)?;
    connection.message(letter).await.map_err(refused)?;
    Ok(())
}

fn refusal(error: &Error) -> (bool, Refusal) {
    let Some((code, text)) = told(error) else {
        let broke = "the connection to the mail server broke before it had answered";
        return (false, Refusal::Later(broke.to_owned()));
    };
    let refusal = match smtp_channel(&code, &text) {
        Some(words) => Refusal::Server(words),
        None if error.is_permanent() => Refusal::Refused(words(&code, &text)),
        None => Refusal::Later(words(&code, &text)),
    };
    (code != "421", refusal)
}

/// The code that was answered, and the text beside it.
fn told(error: &Error) -> Option<(String, String)> {
    let code = error.status()?.to_string();
    let text = error.source().map(ToString::to_string);
    Some((code, text.unwrap_or_default()))
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Server({}:{})", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_on_this_machine_is_used_without_tls() {
        for (address, host, port, is_implicit, needs_tls) in [
            (
                "smtp://mail.example.com",
                "mail.example.com",
                587,
                false,
                true,
            ),
            (
                "smtp://u:p%40@Mail.example.com:25",
                "mail.example.com",
                25,
                false,
                true,
            ),
            (
                "smtps://mail.example.com",
                "mail.example.com",
                465,
                true,
                true,
            ),
            ("smtp://localhost:1025", "localhost", 1025, false, false),
            ("smtp://127.0.0.1:1025", "127.0.0.1", 1025, false, false),
            ("smtp://[::1]", "::1", 587, false, false),
            (
                "smtp://127.0.0.1.example.com",
                "127.0.0.1.example.com",
                587,
                false,
                true,
            ),
        ] {
            let server = Server::new(&Secret::new(address)).unwrap();
            let found = (
                &*server.host,
                server.port,
                server.is_implicit,
                server.needs_tls,
            );
            assert_eq!(found, (host, port, is_implicit, needs_tls), "{address}");
            assert_eq!(server.credentials.is_some(), address.contains('@'));
        }
    }
}
