//! The pages a visitor may see: the one before the redirect, and those of a link that leads nowhere.

use askama::Template;

use crate::{
    domain::{flow::Flow, locale::Locale},
    i18n::Texts,
    web::assets,
};

/// The page before the redirect. Showing it consumes nothing; posting its form does.
#[derive(Debug, Clone, Copy)]
pub struct Confirm<'a> {
    /// The language to show.
    pub locale: Locale,
    /// What the visitor will be asked for.
    pub flow: Flow,
    /// Whether to warn that the camera may not work in this app (`in_app::is_in_app`).
    pub in_app: bool,
    /// Names and values of the form's hidden fields.
    pub fields: &'a [(&'a str, &'a str)],
}

/// Why a link does not lead to a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// No link has this slug (404).
    NotFound,
    /// The link's time is over (410).
    Expired,
    /// The link's uses are spent (410).
    Exhausted,
    /// The link was deactivated or deleted (410).
    Deactivated,
    /// The link is signed, and its address not as it was signed (403).
    Unsigned,
    /// The time of a signed link's address is over (403).
    SignatureExpired,
    /// No session could be started now; nothing was consumed (503).
    Unavailable,
    /// Too many clicks from one address; nothing was consumed (429).
    RateLimited,
}

/// Renders the page before the redirect.
#[must_use]
pub fn confirm(page: &Confirm<'_>) -> String {
    confirm_in(Texts::of(page.locale), page)
}

/// Renders the page of a link that leads nowhere. A `message` of the operator's, plain text of any
/// language, takes the place of the advice under the title.
#[must_use]
pub fn notice(notice: Notice, locale: Locale, message: Option<&str>) -> String {
    notice_in(Texts::of(locale), notice, message)
}

#[derive(Template)]
#[template(path = "visitor/confirm.html")]
struct ConfirmPage<'a> {
    texts: Texts,
    title: &'static str,
    lead: &'static str,
    needs: &'static [&'static str],
    page: &'a Confirm<'a>,
    icon: String,
    stylesheet: String,
}

#[derive(Template)]
#[template(path = "visitor/notice.html")]
struct NoticePage<'a> {
    texts: Texts,
    title: &'static str,
    lead: &'static str,
    message: Option<&'a str>,
    retry: bool,
    icon: String,
    stylesheet: String,
}

fn confirm_in(texts: Texts, page: &Confirm<'_>) -> String {
    let (title, lead, needs): (_, _, &[_]) = match page.flow {
        Flow::DocumentAndSelfie => (
            "confirm-title",
            "confirm-lead",
            &["need-document", "need-camera", "need-face", "need-time"],
        ),
        Flow::Document => (
            "confirm-title",
            "confirm-lead-document",
            &["need-document", "need-camera", "need-time"],
        ),
        Flow::Selfie => (
            "confirm-title-selfie",
            "confirm-lead-selfie",
            &["need-camera", "need-face", "need-time-selfie"],
        ),
    };
    let icon = assets::url("favicon.svg");
    let stylesheet = assets::url("visitor.css");
    rendered(&ConfirmPage {
        texts,
        title,
        lead,
        needs,
        page,
        icon,
        stylesheet,
    })
}

fn notice_in(texts: Texts, notice: Notice, message: Option<&str>) -> String {
    let (title, lead, retry) = match notice {
        Notice::NotFound => ("not-found-title", "not-found-text", false),
        Notice::Expired => ("expired-title", "over-text", false),
        Notice::Exhausted => ("exhausted-title", "over-text", false),
        Notice::Deactivated => ("deactivated-title", "over-text", false),
        Notice::Unsigned => ("unsigned-title", "over-text", false),
        Notice::SignatureExpired => ("expired-title", "signature-expired-text", false),
        Notice::Unavailable => ("unavailable-title", "unavailable-text", true),
        Notice::RateLimited => ("rate-limited-title", "rate-limited-text", true),
    };
    let icon = assets::url("favicon.svg");
    let stylesheet = assets::url("visitor.css");
    rendered(&NoticePage {
        texts,
        title,
        lead,
        message,
        retry,
        icon,
        stylesheet,
    })
}

fn rendered(page: &impl Template) -> String {
    page.render()
        .expect("writing to a String cannot fail, and nothing else in these pages can")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTICES: [Notice; 8] = [
        Notice::NotFound,
        Notice::Expired,
        Notice::Exhausted,
        Notice::Deactivated,
        Notice::Unsigned,
        Notice::SignatureExpired,
        Notice::Unavailable,
        Notice::RateLimited,
    ];

    fn page<'a>(flow: Flow, in_app: bool, fields: &'a [(&'a str, &'a str)]) -> Confirm<'a> {
        Confirm {
            locale: Locale::EN,
            flow,
            in_app,
            fields,
        }
    }

    /// Every page in a language, by a name for it.
    fn every_page(texts: Texts) -> Vec<(String, String)> {
        let fields = [("nonce", "a"), ("signature", "b")];
        let confirms = Flow::ALL.into_iter().flat_map(|flow| {
            [false, true].map(|in_app| {
                let html = confirm_in(texts, &page(flow, in_app, &fields));
                (format!("{}-{in_app}", flow.as_str()), html)
            })
        });
        let notices = NOTICES.map(|notice| (format!("{notice:?}"), notice_in(texts, notice, None)));
        let message = Some("The fair is over.\nWrite to us:\nfair@example.com");
        let own = (
            "Expired-own".to_owned(),
            notice_in(texts, Notice::Expired, message),
        );
        confirms.chain(notices).chain([own]).collect()
    }

    #[test]
    fn every_page_in_every_language_is_small_and_needs_no_script_and_no_other_host() {
        let stylesheet = include_bytes!("../../static/visitor.css").len();
        for (code, texts) in Texts::all() {
            for (name, html) in every_page(texts) {
                assert!(html.starts_with("<!DOCTYPE html>"), "{code} {name}");
                assert!(
                    html.contains(&format!("<html lang=\"{code}\" dir=\"ltr\">")),
                    "{code}"
                );
                assert!(
                    html.len() + stylesheet < 20_000,
                    "{code} {name}: {}",
                    html.len()
                );
                for banned in ["<script", "<style", " style=", "src=\"http", "og:url"] {
                    assert!(!html.contains(banned), "{code} {name}: {banned}");
                }
                // The one address of another host is that of iDenfy's privacy policy.
                assert!(html.matches("://").count() <= 1, "{code} {name}");
                assert_eq!(html.matches("<h1>").count(), 1, "{code} {name}");
                assert_eq!(html.matches("property=\"og:").count(), 3, "{code} {name}");
            }
        }
    }

    #[test]
    fn the_confirm_page_has_one_form_that_posts_its_fields_to_its_own_address() {
        let html = confirm(&page(
            Flow::Document,
            false,
            &[("nonce", "a\"b"), ("at", "<1>")],
        ));
        assert_eq!(html.matches("<form").count(), 1);
        assert_eq!(html.matches("<button").count(), 1);
        assert!(html.contains("<form method=\"post\" autocomplete=\"off\">"));
        assert!(!html.contains("action="));
        assert!(html.contains("<input type=\"hidden\" name=\"nonce\" value=\"a&#34;b\">"));
        assert!(html.contains("<input type=\"hidden\" name=\"at\" value=\"&#60;1&#62;\">"));
    }

    #[test]
    fn the_confirm_page_asks_for_what_the_flow_needs() {
        let wants = |flow: Flow| {
            let html = confirm(&page(flow, false, &[]));
            ["passport", "camera", "your face", "age will be"].map(|word| html.contains(word))
        };
        assert_eq!(wants(Flow::DocumentAndSelfie), [true, true, true, false]);
        assert_eq!(wants(Flow::Document), [true, true, false, false]);
        assert_eq!(wants(Flow::Selfie), [false, true, true, true]);
    }

    #[test]
    fn the_warning_about_the_camera_is_for_in_app_browsers() {
        let warned = |in_app| {
            let html = confirm(&page(Flow::Selfie, in_app, &[]));
            html.contains("The camera may not work here")
        };
        assert!(warned(true));
        assert!(!warned(false));
    }

    #[test]
    fn the_operators_message_is_shown_as_plain_text_with_its_lines() {
        let html = notice(
            Notice::Expired,
            Locale::EN,
            Some("Over <b>now</b>.\nBye & \"thanks\""),
        );
        let shown = "Over &#60;b&#62;now&#60;/b&#62;.\nBye &#38; &#34;thanks&#34;";
        assert!(
            html.contains(&format!("<p class=\"message\" dir=\"auto\">{shown}</p>")),
            "{html}"
        );
        assert!(html.contains("<h1>This link has expired</h1>"));
    }

    #[test]
    fn pages_where_nothing_was_used_up_offer_another_try_at_the_same_address() {
        for kind in NOTICES {
            let html = notice(kind, Locale::EN, None);
            let retry = matches!(kind, Notice::Unavailable | Notice::RateLimited);
            assert_eq!(html.contains("href=\"\">Try again</a>"), retry, "{kind:?}");
        }
    }
}
