//! Which iDenfy session a link starts.

use serde::Serialize;

/// The verification a visitor goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// A document and a selfie: iDenfy's token type `IDENTIFICATION`.
    #[default]
    DocumentAndSelfie,
    /// A document alone: iDenfy's token type `DOCUMENT`.
    Document,
    /// A selfie alone: iDenfy's age estimation.
    Selfie,
}

impl Flow {
    /// Every flow, in the order they are offered.
    pub const ALL: [Self; 3] = [Self::DocumentAndSelfie, Self::Document, Self::Selfie];

    /// The name used in the API, the command line and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DocumentAndSelfie => "document_and_selfie",
            Self::Document => "document",
            Self::Selfie => "selfie",
        }
    }

    /// Reads a flow's name.
    ///
    /// # Errors
    /// A message for the sender when no flow has that name.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|flow| flow.as_str() == text)
            .ok_or_else(|| "must be document_and_selfie, document or selfie".to_owned())
    }
}
