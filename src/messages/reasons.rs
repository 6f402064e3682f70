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
    let enhanced = text.split_whitespace().find(|word| is_enhanced(word));
    let words = match (code, enhanced.unwrap_or_default()) {
        (_, "5.1.1" | "5.1.2" | "5.1.3" | "5.1.6" | "5.1.10") => "there is no such address",
        (_, "5.2.1" | "4.2.1") => "the mailbox takes no mail",
        (_, "5.2.2" | "4.2.2") | ("452" | "552", _) => "the mailbox is full",
        ("530" | "534" | "535" | "538", _) => "the mail server refuses to be signed in to",
        (_, enhanced) if enhanced.starts_with("5.7.") => "the mail server's rules refuse it",
        ("550" | "551" | "553", _) => "there is no such address, or it takes no mail",
        ("554", _) => "the mail server refuses the message",
        ("421" | "450" | "451", _) => "the mail server asks to try again later",
        (code, _) if code.starts_with('4') => "the mail server cannot take it now",
        _ => "the mail server refuses it",
    };
    match enhanced {
        Some(enhanced) => format!("{code} {enhanced}: {words}"),
        None => format!("{code}: {words}"),
    }
}

/// An enhanced status code as RFC 3463 has it.
fn is_enhanced(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let is_number =
        |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    parts.len() == 3 && matches!(parts[0], "2" | "4" | "5") && parts.iter().all(is_number)
}

/// Words for an error code of Twilio's, as its documentation has them; whether it is a fault of our settings.
#[must_use]
pub fn twilio(code: i64) -> (bool, String) {
    let (is_ours, words) = match code {
        20003 => (true, "the account's identifier or token is wrong"),
        21212 | 21603 | 21606 | 21659 | 21660 => (true, "the sender of sms.from cannot be used"),
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
}
