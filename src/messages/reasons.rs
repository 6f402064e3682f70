//! Why a message was not taken, in words without the person it was for.

/// What kind of fault it is, with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing can be sent now, whatever the message: the server is down, or our settings are wrong.
    Server(String),
    /// This message cannot be sent now, or nobody knows whether it was taken.
    Later(String),
    /// This message is refused for good.
    Refused(String),
}

/// Words for what a mail server answered: its codes and ours. What it wrote beside them may hold the address.
#[must_use]
pub fn smtp(code: &str, text: &str) -> String {
    let enhanced = enhanced(text);
    let words = match (code, enhanced.unwrap_or_default()) {
        (_, "5.1.1" | "5.1.2" | "5.1.3" | "5.1.6" | "5.1.10") => "there is no such address",
        (_, "5.2.1" | "4.2.1") => "the mailbox takes no mail",
        (_, "5.2.2" | "4.2.2") => "the mailbox is full",
        (_, "5.3.4" | "5.2.3") => "the mail is too large for it",
        (_, "5.4.1" | "5.4.4" | "4.4.1" | "4.4.4" | "4.4.7" | "5.4.7") => {
            "the address's mail server cannot be reached"
        }
        ("530" | "534" | "535" | "538", _) => SIGN_IN,
        (_, enhanced) if enhanced.starts_with("5.7.") => "the mail server's rules refuse it",
        ("452" | "552", _) => "the mailbox is full",
        ("550" | "551" | "553", _) => "there is no such address, or it takes no mail",
        ("554", _) => "the mail server refuses the message",
        ("421" | "450" | "451", _) => "the mail server asks to try again later",
        (code, _) if code.starts_with('4') => "the mail server cannot take it now",
        _ => "the mail server refuses it",
    };
    told(code, enhanced, words)
}

const SIGN_IN: &str = "the mail server refuses to be signed in to";
const SENDER: &str = "the mail server refuses the sender of email.from";
const LIMIT: &str = "the mail server's limit of sends is reached";

/// What mail servers write that take nothing from us, whoever it is for, where their codes do not tell it apart from what
/// is the recipient's fault. By Postfix, Exim, Exchange, Sendmail and the large providers.
const PHRASES: [(&str, &str); 20] = [
    ("relay access denied", RELAY),
    ("relaying denied", RELAY),
    ("relay denied", RELAY),
    ("relay not permitted", RELAY),
    ("relaying not", RELAY),
    ("unable to relay", RELAY),
    ("not permitted to relay", RELAY),
    ("sender address rejected", SENDER),
    ("sender rejected", SENDER),
    ("sender denied", SENDER),
    ("sender verify failed", SENDER),
    ("not owned by user", SENDER),
    ("not allowed to send as", SENDER),
    ("permissions to send as", SENDER),
    ("authentication required", SIGN_IN),
    ("not authenticated", SIGN_IN),
    ("sending quota", LIMIT),
    ("sending limit", LIMIT),
    ("sending rate", LIMIT),
    ("quota exceeded for sender", LIMIT),
];
const RELAY: &str = "the mail server does not pass mail on for us";

/// Words for an answer to a recipient or to a mail that is no fault of either: the server would answer so whoever it is for.
/// None: it is about this recipient or this mail. The codes are those of RFC 3463, RFC 4954, RFC 7372, RFC 8461 and of the
/// large providers.
#[must_use]
pub fn smtp_channel(code: &str, text: &str) -> Option<String> {
    let enhanced = enhanced(text);
    let (class, detail) = enhanced.map_or(("", ""), |all| all.split_at(1));
    let words = match (code, detail) {
        ("530" | "534" | "535" | "538", _)
        | (_, ".7.3" | ".7.8" | ".7.9" | ".7.11" | ".7.12" | ".7.14" | ".7.57") => SIGN_IN,
        (_, ".1.7" | ".1.8" | ".7.23" | ".7.25" | ".7.26" | ".7.27" | ".7.60") => SENDER,
        (_, ".4.5" | ".1.90" | ".7.28" | ".7.705" | ".7.708") if class == "5" => LIMIT,
        (_, ".7.13" | ".7.501" | ".7.502" | ".7.503") => "our account at the mail server is shut",
        (_, ".3.1" | ".3.2" | ".3.5") => "the mail server takes no mail now",
        // What is said of this address is its own, whatever words stand beside.
        (_, detail) if detail.starts_with(".1.") || detail.starts_with(".2.") => return None,
        _ => {
            let text = text.to_ascii_lowercase();
            let mut phrases = PHRASES.iter();
            phrases.find(|(phrase, _)| text.contains(phrase))?.1
        }
    };
    Some(told(code, enhanced, words))
}

fn told(code: &str, enhanced: Option<&str>, words: &str) -> String {
    let codes = [code, enhanced.unwrap_or_default()];
    let codes: Vec<&str> = codes.into_iter().filter(|code| !code.is_empty()).collect();
    if codes.is_empty() {
        words.to_owned()
    } else {
        format!("{}: {words}", codes.join(" "))
    }
}

/// The enhanced status code in a text, as RFC 3463 has it.
#[must_use]
pub fn enhanced(text: &str) -> Option<&str> {
    text.split_whitespace().find(|word| is_enhanced(word))
}

fn is_enhanced(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let is_number =
        |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    parts.len() == 3 && matches!(parts[0], "2" | "4" | "5") && parts.iter().all(is_number)
}

/// Words for an error code of Twilio's, as its documentation has them; whether it is a fault of our settings or account,
/// so that nothing can be sent whoever it is for.
#[must_use]
pub fn twilio(code: i64) -> (bool, String) {
    let (is_ours, words) = match code {
        20003 => (true, "the account's identifier or token is wrong"),
        10001 | 20005 | 30002 | 90010 => (true, "the account is suspended or not active"),
        21611 | 30001 => (true, "too many messages wait at the provider"),
        20429 => (true, "the provider asks for a pause"),
        21608 => (true, "a trial account sends to checked numbers alone"),
        30022 | 30023 | 63038 => (true, "the account's limit of sends is reached"),
        21606 | 21603 | 21212 | 21659 | 21660 | 21703 | 21704 => {
            (true, "the sender of sms.from cannot be used")
        }
        21211 | 21614 => (false, "the number cannot receive text messages"),
        21408 => (false, "the account may not send to this country"),
        21610 => (false, "the person has unsubscribed from this sender"),
        21612 => (
            false,
            "the provider cannot reach this number from this sender",
        ),
        21617 => (false, "the text is too long"),
        30003 => (false, "the phone is switched off or out of reach"),
        30004 => (false, "the person blocks such messages"),
        30005 => (false, "the number is not in use"),
        30006 => (
            false,
            "the number cannot receive text messages, as landlines",
        ),
        30007 => (false, "the network took it for spam"),
        30008 => (false, "the network did not take it and does not say why"),
        30034 => (false, "the sender is not registered for this country"),
        _ => (false, "the provider refuses it"),
    };
    (is_ours, format!("{code}: {words}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_server_s_answer_is_told_without_what_it_wrote() {
        for (code, text, words) in [
            (
                "550",
                "5.1.1 <ana@example.com> unknown",
                "550 5.1.1: there is no such address",
            ),
            (
                "550",
                "No such user ana@example.com",
                "550: there is no such address, or it takes no mail",
            ),
            (
                "451",
                "4.7.1 Greylisted for 10.0.0.1",
                "451 4.7.1: the mail server asks to try again later",
            ),
            (
                "535",
                "5.7.8 Error: authentication failed",
                "535 5.7.8: the mail server refuses to be signed in to",
            ),
            (
                "554",
                "5.7.1 spam",
                "554 5.7.1: the mail server's rules refuse it",
            ),
            ("452", "", "452: the mailbox is full"),
            ("599", "1.2.3.4", "599: the mail server refuses it"),
        ] {
            assert_eq!(smtp(code, text), words);
        }
    }

    #[test]
    fn what_is_no_recipient_s_fault_is_known_by_its_code_or_its_words() {
        for (code, text) in [
            ("550", "5.4.5 Daily user sending quota exceeded"),
            ("554", "5.7.1 <ana@example.com>: Relay access denied"),
            ("550", "5.7.1 Unable to relay"),
            ("550", "relay not permitted"),
            (
                "553",
                "5.7.1 <me@example.com>: Sender address rejected: not owned by user me",
            ),
            (
                "450",
                "4.1.8 <me@example.com>: Sender address rejected: Domain not found",
            ),
            ("530", "5.7.0 Authentication required"),
            (
                "550",
                "5.7.60 SMTP; Client does not have permissions to send as this sender",
            ),
            ("550", "5.7.26 This mail is unauthenticated"),
            ("452", "4.3.1 Insufficient system storage"),
        ] {
            assert!(smtp_channel(code, text).is_some(), "{code} {text}");
        }
        for (code, text) in [
            ("550", "5.1.1 <relay access denied@example.com> unknown"),
            ("552", "5.2.2 over quota"),
            ("550", "no such user"),
            ("554", "5.7.1 spam"),
            ("451", "4.7.1 greylisted"),
            ("452", "4.2.2 full"),
        ] {
            assert_eq!(smtp_channel(code, text), None, "{code} {text}");
        }
        let told = smtp_channel("550", "5.4.5 quota of ana@example.com");
        let wanted = "550 5.4.5: the mail server's limit of sends is reached";
        assert_eq!(told.as_deref(), Some(wanted));
    }
}
