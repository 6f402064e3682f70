//! Passwords: which are good enough, and what is kept of them.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

use super::secret::Secret;

/// Fewest characters of a password.
pub const PASSWORD_MIN: usize = 12;

/// Most characters of a password: more would only cost time.
const PASSWORD_MAX: usize = 200;

/// So many characters are looked at to tell how easily a password is guessed: more would only cost time.
const JUDGED: usize = 64;

/// Words that anybody would try first here.
const WORDS: [&str; 4] = ["entrypass", "idenfy", "verification", "dashboard"];

/// A password somebody may have. `about` is what is known of the person: email and name.
///
/// # Errors
/// A sentence for the person.
pub fn parse_password(text: &str, about: &[&str]) -> Result<Secret, String> {
    let length = text.chars().count();
    if length < PASSWORD_MIN {
        return Err(format!("must have at least {PASSWORD_MIN} characters"));
    }
    if length > PASSWORD_MAX {
        return Err(format!("must have at most {PASSWORD_MAX} characters"));
    }
    let known: Vec<&str> = about
        .iter()
        .flat_map(|text| text.split(['@', '.', ' ']))
        .chain(WORDS)
        .filter(|word| word.len() > 2)
        .collect();
    let judged: String = text.chars().take(JUDGED).collect();
    if zxcvbn::zxcvbn(&judged, &known).score() < zxcvbn::Score::Three {
        return Err("is too easily guessed: use several words that do not belong together, and nothing of your name".to_owned());
    }
    Ok(Secret::new(text))
}

/// What is kept of a password: Argon2id with 19 MiB and two passes, as OWASP has it. Takes tens of milliseconds.
#[must_use]
#[expect(clippy::missing_panics_doc, reason = "it never does")]
pub fn hash_password(password: &Secret) -> String {
    let hash: PasswordHash = Argon2::default()
        .hash_password(password.expose().as_bytes())
        .expect("the machine has random bytes and 19 MiB");
    hash.to_string()
}

/// Whether `hash` was made of that password. Without a hash it takes as long, and is false.
#[must_use]
pub fn is_password(password: &Secret, hash: Option<&str>) -> bool {
    let kept = hash.and_then(|hash| PasswordHash::new(hash).ok());
    let Some(kept) = kept else {
        // Whether there is such a person is not to be told by the time it takes.
        let _ = hash_password(password);
        return false;
    };
    Argon2::default()
        .verify_password(password.expose().as_bytes(), &kept)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_by_its_hash_alone() {
        let (right, wrong) = (
            Secret::new("plum tractor seldom"),
            Secret::new("plum tractor seldon"),
        );
        let hash = hash_password(&right);
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(is_password(&right, Some(&hash)));
        assert!(!is_password(&wrong, Some(&hash)));
        assert!(!is_password(&right, None));
        assert_ne!(hash, hash_password(&right));
    }

    #[test]
    fn short_and_common_passwords_are_refused() {
        let about = ["ana.kowalska@example.com", "Ana Kowalska"];
        for good in [
            "plum tractor seldom",
            "correct-horse-battery-staple",
            "été à la plage 7!",
        ] {
            assert!(parse_password(good, &about).is_ok(), "{good}");
        }
        for bad in [
            "",
            "xK9#mQ2$vL7",
            "123456789012",
            "password1234",
            "qwertyuiop12",
            "aaaaaaaaaaaaaaaa",
            "entrypassentrypass",
            "Kowalska2027",
            &"x7!".repeat(80),
        ] {
            assert!(parse_password(bad, &about).is_err(), "{bad}");
        }
    }
}
