//! Where a person can be reached: email addresses and phone numbers.

use std::str::FromStr as _;

use super::message::Channel;
use super::person::parse_email;

/// Most characters of what a person is called in a message.
const NAME_MAX: usize = 100;

/// An email address that mail can be sent to: its host in ASCII, as mail servers want it. Whether mail arrives only mail
/// can tell.
///
/// # Errors
/// A message for the sender.
pub fn parse_recipient_email(text: &str) -> Result<String, String> {
    let text = parse_email(text)?;
    let (local, host) = text.rsplit_once('@').unwrap_or_default();
    if !local.is_ascii() {
        return Err("must have only plain letters, digits and signs before the @".to_owned());
    }
    let host = url::Host::parse(host).map_or_else(|_| host.to_owned(), |host| host.to_string());
    let address = format!("{local}@{host}");
    match lettre::Address::from_str(&address) {
        Ok(_) => Ok(address),
        Err(_) => Err("must be an email address such as ana@example.com".to_owned()),
    }
}

/// A phone number with its country's code, brought into E.164. Numbers that nobody can have are refused.
///
/// # Errors
/// A message for the sender.
pub fn parse_phone(text: &str) -> Result<String, String> {
    let text = text.trim();
    let text = text
        .strip_prefix("00")
        .map_or_else(|| text.to_owned(), |rest| format!("+{rest}"));
    // The library also takes words, extensions and other schemes; none of them is a number to write to.
    let is_plain = |c: char| c.is_ascii_digit() || " -./()\u{a0}".contains(c);
    let Some(rest) = text
        .strip_prefix('+')
        .filter(|rest| rest.chars().all(is_plain))
    else {
        return Err(
            "must be a phone number with its country's code, such as +4930123456".to_owned(),
        );
    };
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let number = phonenumber::parse(None, format!("+{digits}"));
    match number {
        Ok(number) if number.is_valid() => {
            Ok(number.format().mode(phonenumber::Mode::E164).to_string())
        }
        _ => Err("is not a number that exists; check its country's code and digits".to_owned()),
    }
}

/// Where a channel reaches a person.
///
/// # Errors
/// A message for the sender.
pub fn parse_recipient(channel: Channel, text: &str) -> Result<String, String> {
    match channel {
        Channel::Email => parse_recipient_email(text),
        Channel::Sms => parse_phone(text),
    }
}

/// What a person is called in a message, trimmed: 1 to 100 characters, none of them control.
///
/// # Errors
/// A message for the sender.
pub fn parse_recipient_name(text: &str) -> Result<String, String> {
    let text = text.trim();
    // A name is no place to put addresses into mails of others.
    let is_bad = |c: char| c.is_control() || "<>{}".contains(c);
    if text.is_empty() || text.chars().count() > NAME_MAX {
        Err(format!("must have 1 to {NAME_MAX} characters"))
    } else if text.chars().any(is_bad) || text.contains("://") {
        Err("must be a name".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_address_is_one_that_mail_can_be_sent_to() {
        for (given, read) in [
            ("ana@example.com", "ana@example.com"),
            (" Ana+x@Example.com ", "Ana+x@example.com"),
            ("ana@bücher.example", "ana@xn--bcher-kva.example"),
            ("a@localhost", "a@localhost"),
        ] {
            assert_eq!(parse_recipient_email(given).as_deref(), Ok(read));
        }
        for bad in [
            "",
            "ana",
            "ana@",
            "@example.com",
            "jürgen@example.com",
            "a b@example.com",
            "ana@example.com\r\nBcc: b@example.com",
            "ana@exa mple.com",
            "a..b@example.com",
        ] {
            assert!(parse_recipient_email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_phone_number_is_brought_into_e_164() {
        for (given, read) in [
            ("+370 600 00042", "+37060000042"),
            ("0049 30 901820", "+4930901820"),
            ("+1 (415) 555-2671", "+14155552671"),
            ("+44 20 7946 0958", "+442079460958"),
            ("+39 06 698 12345", "+390669812345"),
        ] {
            assert_eq!(parse_phone(given).as_deref(), Ok(read), "{given}");
        }
        for bad in [
            "",
            "+",
            "030 901820",
            "+37",
            "+370",
            "+999 123 456 789",
            "+49",
            "+1 415 555",
            "+49 30 901820 ext 5",
            "+1 800 FLOWERS",
            "tel:+4930901820",
            "+4930901820+1",
            "+123456789012345678",
        ] {
            assert!(parse_phone(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_carries_no_address_and_no_new_line() {
        assert_eq!(parse_recipient_name(" Ana Č. "), Ok("Ana Č.".to_owned()));
        let long = "a".repeat(101);
        for bad in [
            "",
            " ",
            "a\nb",
            "{name}",
            "<b>",
            "see https://evil.example",
            &long,
        ] {
            assert!(parse_recipient_name(bad).is_err(), "{bad}");
        }
    }
}
