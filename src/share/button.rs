//! "Verify now" buttons, to be copied into a page of the operator's.

use super::escaped;
use crate::domain::locale::Locale;

/// Looks like a button wherever it is, and brings everything that is needed for it.
const STYLE: &str = "display:inline-block;padding:.75em 1.5em;border-radius:.5em;background:#1d4ed8;color:#fff;\
                     font:600 1rem/1.5 system-ui,sans-serif;text-decoration:none";

/// A link that looks like a button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// The link's URL.
    pub url: String,
    /// What stands on it.
    pub label: String,
    /// The language of that.
    pub language: Locale,
    /// The address of the script that draws it.
    pub script: String,
    /// Whether the link takes references.
    pub takes_ref: bool,
}

impl Button {
    /// A snippet of HTML without a script. It opens the link in the same tab, out of a frame too, where cameras seldom
    /// work; crawlers are asked to stay away, as each click is a use.
    #[must_use]
    pub fn plain(&self) -> String {
        let (url, label) = (escaped(&self.url), escaped(&self.label));
        let lang = self.language.html_lang();
        format!(
            "<a href=\"{url}?via=button\" target=\"_top\" rel=\"nofollow\" lang=\"{lang}\" style=\"{STYLE}\">{label}</a>\n"
        )
    }

    /// A script that draws the same where it stands, and passes on the `ref` of the page's address where the link takes any.
    #[must_use]
    pub fn scripted(&self) -> String {
        let (script, url) = (escaped(&self.script), escaped(&self.url));
        let lang = self.language.html_lang();
        let reference = if self.takes_ref { " data-ref=\"\"" } else { "" };
        format!(
            "<script src=\"{script}\" data-link=\"{url}\" data-lang=\"{lang}\"{reference} async></script>\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_the_markup() {
        let button = Button {
            url: "https://a.io/x\"><script>".to_owned(),
            label: "<b>\"&".to_owned(),
            language: Locale::EN,
            script: "https://a.io/\"".to_owned(),
            takes_ref: false,
        };
        let plain = button.plain();
        assert!(plain.contains("x&quot;&gt;&lt;script&gt;?via=button\""));
        assert!(plain.contains(">&lt;b&gt;&quot;&amp;</a>"));
        let scripted = button.scripted();
        assert!(scripted.contains(" data-link=\"https://a.io/x&quot;&gt;&lt;script&gt;\" "));
        assert!(scripted.starts_with("<script src=\"https://a.io/&quot;\" "));
        assert!(!scripted.contains("data-ref"));
    }
}
