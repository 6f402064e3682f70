//! Mails that came back, as mail servers tell: reports of RFC 3464 in a `multipart/report` of RFC 6522.
//!
//! Anybody can write such a mail. Whom it is about is known by the Message-ID of ours, which only who got the mail knows.

use thiserror::Error;

use super::reasons::{enhanced, smtp as words};
use crate::domain::id::MessageId;

/// Why a mail says of none of ours that it came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Ignored {
    /// It is an answer of a person or a program, or a mail like any other.
    #[error("it is no delivery report (RFC 3464)")]
    NoReport,
    /// It tells that a mail is late, or has arrived.
    #[error("it reports no failure")]
    NoFailure,
    /// It names no Message-ID, or one that is not ours.
    #[error("it names no message of this gateway")]
    NotOurs,
    /// It is a message of ours that was not sent by email, or waits to be sent again.
    #[error("the message is not one that was sent by email")]
    NotSent,
}

/// A report: its fields by their names in lower case.
type Fields = Vec<(String, String)>;

/// Reads a report, with all its headers: which mail came back, and why in words without the address.
///
/// # Errors
/// Why it is not to be heeded.
pub fn read(report: &[u8]) -> Result<(MessageId, String), Ignored> {
    let text = String::from_utf8_lossy(report).replace("\r\n", "\n");
    let (head, body) = split(&text);
    let kind = field(&head, "content-type").unwrap_or_default();
    if !is_of(kind, "multipart/report") {
        return Err(Ignored::NoReport);
    }
    let boundary = parameter(kind, "boundary").ok_or(Ignored::NoReport)?;
    let parts: Vec<(Fields, &str)> = parts(body, &boundary).into_iter().map(split).collect();
    let of_kind = |kinds: &[&str]| {
        let mut parts = parts.iter();
        parts.find(|(head, _)| {
            let kind = field(head, "content-type").unwrap_or_default();
            kinds.iter().any(|wanted| is_of(kind, wanted))
        })
    };
    let status = of_kind(&["message/delivery-status", "message/global-delivery-status"]);
    let (_, status) = status.ok_or(Ignored::NoReport)?;
    // The first group is about the report, each other about a recipient; ours have one.
    let failed = status.split("\n\n").map(fields).find(|group| {
        field(group, "action").is_some_and(|action| action.eq_ignore_ascii_case("failed"))
    });
    let failed = failed.ok_or(Ignored::NoFailure)?;
    let original = of_kind(&[
        "message/rfc822",
        "text/rfc822-headers",
        "message/global",
        "message/global-headers",
    ]);
    let original = original.map(|(_, body)| split(body).0).unwrap_or_default();
    let named = field(&original, "message-id").into_iter();
    let named = named.chain(field(&head, "in-reply-to"));
    let mut named = named.chain(field(&head, "references"));
    let id = named.find_map(message_id).ok_or(Ignored::NotOurs)?;
    let status = field(&failed, "status").unwrap_or_default();
    let said = field(&failed, "diagnostic-code").unwrap_or_default();
    Ok((id, why(status, said)))
}

/// Words for why a mail came back: of an enhanced status code, and what a server answered, which may hold the address.
#[must_use]
pub fn why(status: &str, said: &str) -> String {
    let said = said.rsplit_once("; ").map_or(said, |(_, said)| said);
    let is_code = |word: &&str| word.len() == 3 && word.bytes().all(|b| b.is_ascii_digit());
    let code = said.split([' ', '-']).next().filter(is_code);
    let status = enhanced(status).or(enhanced(said)).unwrap_or_default();
    format!("it came back, {}", words(code.unwrap_or_default(), status))
}

/// The name of a message of ours in a text such as `<0197…@go.example.com>`, with or without what stands around it.
#[must_use]
pub fn message_id(text: &str) -> Option<MessageId> {
    let mut words = text.split([' ', '<', '>', ',', '\t']);
    words.find_map(|word| MessageId::parse(word.split('@').next()?))
}

/// The fields before the first empty line, and what comes after it.
fn split(text: &str) -> (Fields, &str) {
    let text = text.trim_start_matches('\n');
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    (fields(head), body)
}

/// The fields of some lines, those put together that were folded.
fn fields(lines: &str) -> Fields {
    let mut fields = Fields::new();
    for line in lines.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    fields
}

fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    let mut fields = fields.iter();
    let found = fields.find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

fn is_of(content_type: &str, kind: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(kind)
}

fn parameter(content_type: &str, name: &str) -> Option<String> {
    let mut parameters = content_type.split(';').skip(1);
    parameters.find_map(|parameter| {
        let (known, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        let is_it = known.trim().eq_ignore_ascii_case(name) && !value.is_empty();
        is_it.then(|| value.to_owned())
    })
}

/// What stands between the lines of a boundary.
fn parts<'a>(body: &'a str, boundary: &str) -> Vec<&'a str> {
    let (delimiter, end) = (format!("--{boundary}"), format!("--{boundary}--"));
    let (mut parts, mut begun, mut at) = (Vec::new(), None, 0);
    for line in body.split_inclusive('\n') {
        let is_end = line.trim_end() == end;
        if is_end || line.trim_end() == delimiter {
            parts.extend(begun.map(|begun: usize| &body[begun..at]));
            begun = (!is_end).then_some(at + line.len());
        }
        at += line.len();
    }
    // One that was cut off on its way.
    parts.extend(begun.map(|begun| &body[begun..]));
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "01977d1c-5b2a-7e10-9c3d-4e5f60718293";

    fn report(action: &str, original: &str) -> String {
        format!(
            "From: MAILER-DAEMON@mx.example.net\r\nSubject: Undelivered\r\n\
             Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"B=1/x\"\r\n\r\n\
             --B=1/x\r\nContent-Type: text/plain\r\n\r\nI'm sorry.\r\n\
             --B=1/x\r\nContent-Type: message/delivery-status\r\n\r\n\
             Reporting-MTA: dns; mx.example.net\r\n\r\n\
             Final-Recipient: rfc822; ana@example.com\r\nAction: {action}\r\nStatus: 5.1.1\r\n\
             Diagnostic-Code: smtp; 550 5.1.1 <ana@example.com>:\r\n    no such user\r\n\r\n\
             --B=1/x\r\n{original}\r\n--B=1/x--\r\n"
        )
    }

    #[test]
    fn a_report_tells_which_mail_came_back_and_why_without_the_address() {
        let why = "it came back, 550 5.1.1: there is no such address";
        let told = Ok((MessageId::parse(ID).unwrap(), why.to_owned()));
        for kind in ["message/rfc822", "text/rfc822-headers; charset=utf-8"] {
            let original = format!(
                "Content-Type: {kind}\r\n\r\nTo: a@b.c\r\nMessage-ID:\r\n <{ID}@go.example.com>\r\n\r\nHi"
            );
            let whole = report("failed", &original);
            assert_eq!(read(whole.as_bytes()), told);
            assert_eq!(read(whole.replace("\r\n", "\n").as_bytes()), told);
            let late = report("delayed", &original);
            assert_eq!(read(late.as_bytes()), Err(Ignored::NoFailure));
            let other = whole.replace(ID, "other");
            assert_eq!(read(other.as_bytes()), Err(Ignored::NotOurs));
            // Some send nothing of the mail back, and say what it answers.
            let answers = format!("In-Reply-To: <{ID}@go.example.com>\r\n{other}");
            assert_eq!(read(answers.as_bytes()), told);
        }
        for none in [
            "",
            "\r\n",
            "Subject: Out of office\n\nBack soon",
            "Content-Type: multipart/report\n\n--",
        ] {
            assert_eq!(read(none.as_bytes()), Err(Ignored::NoReport), "{none}");
        }
        assert_eq!(
            super::why("5.2.2", ""),
            "it came back, 5.2.2: the mailbox is full"
        );
        assert_eq!(
            super::why("", "x-unix; ana@example.com"),
            "it came back, the mail server refuses it"
        );
    }

    proptest! {
        #[test]
        fn no_report_is_too_odd(cut in any::<prop::sample::Index>(), odd in "[\\x00-\\x7fé:;=\"\n-]{0,40}", raw in any::<Vec<u8>>()) {
            let _ = read(&raw);
            let mut whole = report("failed", &odd).into_bytes();
            let at = cut.index(whole.len());
            whole.splice(at..at, odd.into_bytes());
            if let Ok((_, why)) = read(&whole) {
                prop_assert!(!why.contains("example.com"));
            }
        }
    }
}
