//! What is needed to send messages: by which channels, in whose name, with which words.

use reqwest::Error;
use url::Url;

use super::letter::{Letter, Subject};
use super::mail::Mailer;
use super::twilio::Texter;
use super::unsubscribing::Unsubscribing;
use super::words::OwnWords;
use crate::config::Config;
use crate::domain::link::Link;
use crate::domain::locale::Locale;
use crate::domain::message::{Channel, Message, MessageKind};
use crate::domain::secret::Secret;
use crate::domain::segments::Segments;

/// Where one says that no more are wanted, below the public URL.
pub const UNSUBSCRIBE: &str = "/unsubscribe";

/// The channels that are set up, and what all messages have in common.
#[derive(Debug)]
pub struct Dispatch {
    /// Sends email; none: that is off.
    pub mailer: Option<Mailer>,
    /// Sends text messages; none: that is off.
    pub texter: Option<Texter>,
    /// Digests of those who want no more.
    pub unsubscribing: Unsubscribing,
    /// In whose name messages go out.
    pub organisation: String,
    public_url: String,
    per_minute: [u32; 2],
}

impl Dispatch {
    /// One for these settings. `key` is what addresses are digested with.
    ///
    /// # Errors
    /// When no client for HTTP can be made.
    pub fn new(config: &Config, public_url: &str, key: &Secret) -> Result<Self, Error> {
        let email = config.email.as_ref();
        let mailer = email.and_then(|email| Mailer::new(email, public_url));
        let texter = config.sms.as_ref().map(|sms| Texter::new(sms, public_url));
        let own = mailer.as_ref().and_then(Mailer::name).map(str::to_owned);
        let host = || Some(Url::parse(public_url).ok()?.host_str()?.to_owned());
        Ok(Self {
            organisation: own.or_else(host).unwrap_or_default(),
            mailer,
            texter: texter.transpose()?,
            unsubscribing: Unsubscribing::new(key),
            public_url: public_url.to_owned(),
            per_minute: [
                email.map_or(0, |email| email.per_minute),
                config.sms.as_ref().map_or(0, |sms| sms.per_minute),
            ],
        })
    }

    /// Whether a channel is set up.
    #[must_use]
    pub const fn is_on(&self, channel: Channel) -> bool {
        match channel {
            Channel::Email => self.mailer.is_some(),
            Channel::Sms => self.texter.is_some(),
        }
    }

    /// The channels that are set up.
    #[must_use]
    pub fn channels(&self) -> Vec<Channel> {
        let channels = Channel::ALL.into_iter();
        channels.filter(|channel| self.is_on(*channel)).collect()
    }

    /// The bound on a channel's sends a minute.
    #[must_use]
    pub fn per_minute(&self, channel: Channel) -> i64 {
        let [email, sms] = self.per_minute;
        match channel {
            Channel::Email => email.into(),
            Channel::Sms => sms.into(),
        }
    }

    /// What a message is about.
    #[must_use]
    pub fn subject<'a>(&'a self, message: &'a Message, link: &Link) -> Subject<'a> {
        let language = message.language.or(link.terms.language);
        let what = (
            message.kind,
            message.channel,
            language.unwrap_or(Locale::EN),
        );
        let recipient = message.recipient.as_deref();
        let recipient =
            recipient.filter(|_| message.campaign.is_some() && message.channel == Channel::Email);
        Subject {
            name: message.recipient_name.as_deref(),
            unsubscribe: recipient.map(|email| self.unsubscribe_url(email)),
            ..self.about(link, what)
        }
    }

    /// What a message with a link would be about, to anybody.
    #[must_use]
    pub fn about(&self, link: &Link, what: (MessageKind, Channel, Locale)) -> Subject<'_> {
        let url = format!("{}/{}", self.public_url, link.terms.slug.as_str());
        Subject::of_link(link, what, &url, &self.organisation)
    }

    /// Where a person says that no more are wanted.
    #[must_use]
    pub fn unsubscribe_url(&self, email: &str) -> String {
        let token = self.unsubscribing.token(email);
        format!("{}{UNSUBSCRIBE}/{token}", self.public_url)
    }

    /// How many text messages a message takes; none for an email.
    #[must_use]
    pub fn segments(&self, message: &Message, link: &Link, own: &OwnWords) -> Option<Segments> {
        (message.channel == Channel::Sms).then(|| {
            let subject = self.subject(message, link);
            let words = own.words(Channel::Sms, subject.language);
            Segments::of(&subject.text_message(&words))
        })
    }

    /// An email as it goes out.
    #[must_use]
    pub fn letter(&self, subject: &Subject<'_>, own: &OwnWords) -> Letter {
        subject.letter(&own.words(Channel::Email, subject.language))
    }
}
