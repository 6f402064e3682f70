//! Texts as they are searched.

/// A text without regard to case: lower case, where a sigma at a word's end is one like any other.
#[must_use]
pub fn folded(text: &str) -> String {
    text.to_lowercase().replace('ς', "σ")
}

/// A LIKE pattern for text anywhere without regard to case, with `!` as its escape.
pub(super) fn contains_pattern(text: &str) -> String {
    let escaped = folded(text)
        .replace('!', "!!")
        .replace('%', "!%")
        .replace('_', "!_");
    format!("%{escaped}%")
}
