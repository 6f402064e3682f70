//! Invitations in words.

use crate::domain::flow::Flow;
use crate::domain::invitation::Progress;
use crate::domain::link::{Link, LinkStatus};
use crate::domain::session::Status;
use crate::domain::timestamp::Timestamp;
use crate::store::invitations::Standing;
use crate::web::dashboard::chart::grouped;
use crate::web::dashboard::links::words::flow;
use crate::web::dashboard::tags;

/// The states that invitations are searched by: name and word.
pub(super) const STATES: [(&str, &str); 13] = [
    ("not_acted", "Not begun"),
    ("created", "Not sent from here"),
    ("pending", "Waiting to be sent"),
    ("sent", "Sent"),
    ("delivered", "Arrived"),
    ("failed", "Did not arrive"),
    ("stopped", "Taken back"),
    ("opened", "Opened"),
    ("started", "Begun"),
    ("approved", "Approved"),
    ("denied", "Denied"),
    ("suspected", "Suspected"),
    ("expired", "Expired"),
];

/// Tone and word of an invitation's badge.
pub(super) fn badge(progress: &Progress) -> (&'static str, String) {
    let word = |word: &str| word.to_owned();
    match progress {
        Progress::Created => ("calm", word("Not sent from here")),
        Progress::Pending => ("busy", word("Waiting to be sent")),
        Progress::Sent => ("busy", word("Sent")),
        Progress::Delivered => ("busy", word("Arrived")),
        Progress::Failed => ("bad", word("Did not arrive")),
        Progress::Stopped => ("warn", word("Taken back")),
        Progress::Opened => ("busy", word("Opened")),
        Progress::Started => ("busy", word("Begun")),
        Progress::Ended(status) => {
            let words = tags::status(&Status::from_name(status));
            (words.tone, words.word)
        }
    }
}

/// Whom it is for: the name, else the clientId; none once erased.
pub(super) fn whom(one: &Standing) -> Option<&str> {
    let invitation = &one.invitation;
    let name = invitation.name.as_deref();
    name.or(invitation.client_id.as_deref())
}

/// How it was given away, in words.
pub(super) fn kind(kind: &str) -> &'static str {
    match kind {
        "reminder" => "Reminder",
        "link" => "Link",
        _ => "Invitation",
    }
}

/// Whether the link can still be used, at the time of the page.
pub(super) fn works(link: &Link, now: Timestamp) -> bool {
    link.status(now) == LinkStatus::Active
}

/// The verifications that compare a person with what is known: name and words of each.
pub(super) fn flows() -> [(&'static str, &'static str); 2] {
    [Flow::DocumentAndSelfie, Flow::Document].map(|kind| (kind.as_str(), flow(kind)))
}

/// A number as people write it.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates hand over references"
)]
pub(super) fn count(n: &i64) -> String {
    grouped(*n)
}
