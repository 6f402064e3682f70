//! Tells people from what only looks at a link: previewers, crawlers, scanners, feed readers.
//!
//! Messengers fetch a link to draw its card before anybody taps it, so such a request must not
//! spend a use. The list is the public one of `crawler-user-agents`, brought up to date by
//! `agents/update.py`, where every departure from it is written down with its reason.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

/// Why a request for a link was not counted as a click.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ignored {
    /// Asked with `HEAD`.
    Head,
    /// Asked ahead of time by a browser or mail program, which says so in a header.
    Prefetch,
    /// Asked by a known preview, crawler or scanner agent.
    Preview,
}

impl Ignored {
    /// Its name in statistics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Prefetch => "prefetch",
            Self::Preview => "preview",
        }
    }
}

/// Why this request is no click; `None` when it is one. `header` gives a header's value by its
/// lower-case name, and nothing for one that is not text.
pub fn ignored_reason<'a>(
    method_is_head: bool,
    header: impl Fn(&str) -> Option<&'a str>,
    agents: &Agents,
) -> Option<Ignored> {
    if method_is_head {
        return Some(Ignored::Head);
    }
    let early = ["sec-purpose", "purpose", "x-purpose", "x-moz"];
    if early.iter().filter_map(|name| header(name)).any(says_early) {
        return Some(Ignored::Prefetch);
    }
    let agent = header("user-agent").unwrap_or_default();
    agents.is_bot(agent).then_some(Ignored::Preview)
}

/// Whether a purpose header says that nobody looks yet, as in `prefetch;prerender`; `instant` was
/// Chrome's word for it, `preview` is Safari's.
fn says_early(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    ["prefetch", "prerender", "preview", "instant"]
        .iter()
        .any(|word| value.contains(word))
}

/// The known agents that are not people. Build it once: that takes milliseconds.
#[derive(Debug)]
pub struct Agents {
    anywhere: Words,
    outside_browsers: Words,
}

impl Agents {
    /// Reads the list that is compiled in.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        reason = "the list is compiled in, and tests read it"
    )]
    pub fn new() -> Self {
        let list: List = serde_json::from_str(include_str!("agents/list.json"))
            .expect("the list that update.py writes is valid");
        Self {
            anywhere: Words::new(&list.anywhere),
            outside_browsers: Words::new(&list.outside_browsers),
        }
    }

    /// Whether this `User-Agent` is a known previewer, crawler or scanner. Programs such as curl
    /// or a headless browser are not: they do what a person told them. No agent is a person.
    #[must_use]
    pub fn is_bot(&self, user_agent: &str) -> bool {
        self.anywhere.are_in(user_agent)
            || (!is_browser(user_agent) && self.outside_browsers.are_in(user_agent))
    }
}

impl Default for Agents {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether it looks like a browser's agent. Phones and apps have names that robots have too, so
/// some words do not count there; robots that dress as a browser add an address or `compatible`.
/// The same rule stands in `agents/update.py`.
fn is_browser(agent: &str) -> bool {
    ["Mozilla/", "Opera/"]
        .iter()
        .any(|name| agent.contains(name))
        && !["compatible", "http", "www.", "@"]
            .iter()
            .any(|mark| agent.contains(mark))
}

#[derive(Deserialize)]
struct List {
    anywhere: Patterns,
    outside_browsers: Patterns,
}

#[derive(Deserialize)]
struct Patterns {
    texts: Vec<String>,
    expressions: Vec<String>,
}

/// Patterns made ready: nearly all are plain texts, so one automaton finds them in one pass; the
/// few others are one regular expression.
#[derive(Debug)]
struct Words {
    texts: AhoCorasick,
    expressions: Regex,
}

impl Words {
    fn new(patterns: &Patterns) -> Self {
        // Contiguous: a tenth of a DFA's memory, and still far below a microsecond an agent.
        let texts = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&patterns.texts)
            .expect("a few hundred short texts fit an automaton");
        let expressions = RegexBuilder::new(&patterns.expressions.join("|"))
            .unicode(false)
            .build()
            .expect("the tests build it from this very list");
        Self { texts, expressions }
    }

    fn are_in(&self, agent: &str) -> bool {
        self.texts.is_match(agent) || self.expressions.is_match(agent.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> impl Iterator<Item = &str> {
        text.lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
    }

    fn mistaken<'a>(text: &'a str, for_bot: bool, agents: &Agents) -> Vec<&'a str> {
        table(text)
            .filter(|agent| agents.is_bot(agent) == for_bot)
            .collect()
    }

    #[test]
    fn people_are_never_taken_for_robots() {
        let people = include_str!("agents/people.txt");
        assert!(table(people).count() > 100);
        assert_eq!(mistaken(people, true, &Agents::new()), Vec::<&str>::new());
        assert!(!Agents::new().is_bot(""));
    }

    #[test]
    fn previewers_and_the_samples_of_the_list_are_recognised() {
        let agents = Agents::new();
        for robots in [
            include_str!("agents/previews.txt"),
            include_str!("agents/samples.txt"),
        ] {
            assert!(table(robots).count() > 60);
            assert_eq!(mistaken(robots, false, &agents), Vec::<&str>::new());
        }
    }

    #[test]
    fn case_counts_as_the_list_has_it() {
        let agents = Agents::new();
        assert!(agents.is_bot("Twitterbot/1.0"));
        assert!(!agents.is_bot("twitterBOT/1.0"));
    }

    #[test]
    fn each_reason_is_told_and_a_click_has_none() {
        let agents = Agents::new();
        let reason = |head, name: &'static str, value: &'static str| {
            ignored_reason(head, |asked| (asked == name).then_some(value), &agents)
        };
        assert_eq!(reason(true, "", ""), Some(Ignored::Head));
        for (name, value) in [
            ("sec-purpose", "prefetch"),
            ("sec-purpose", "Prefetch;Prerender"),
            ("purpose", "prefetch"),
            ("x-purpose", "preview"),
            ("x-purpose", ": instant"),
            ("x-moz", "PREFETCH"),
        ] {
            assert_eq!(
                reason(false, name, value),
                Some(Ignored::Prefetch),
                "{name}: {value}"
            );
        }
        assert_eq!(
            reason(false, "user-agent", "WhatsApp/2.23.20.0"),
            Some(Ignored::Preview)
        );
        for (name, value) in [
            ("", ""),
            ("user-agent", "curl/8.14.1"),
            ("sec-purpose", "click"),
        ] {
            assert_eq!(reason(false, name, value), None, "{name}: {value}");
        }
        let names = [Ignored::Head, Ignored::Prefetch, Ignored::Preview].map(Ignored::as_str);
        assert_eq!(names, ["head", "prefetch", "preview"]);
    }
}
