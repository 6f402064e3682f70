//! Browsers inside other apps, where the camera often cannot be used.

/// What the agents of in-app browsers contain. Previewers of the same services (`TelegramBot`,
/// `facebookexternalhit`, `LinkedInBot`, …) contain none of these.
const MARKS: &[&str] = &[
    "; wv)", // Android's WebView, whichever app it is in
    "AlipayClient",
    "Barcelona ", // Threads
    "BytedanceWebview",
    "DingTalk",
    "FBAN/",
    "FBAV/",
    "FB_IAB/",
    "Instagram ",
    "KAKAOTALK",
    " Line/",
    "LinkedInApp",
    "MicroMessenger/", // WeChat
    "NAVER(inapp",
    "[Pinterest/",
    " QQ/",
    "Snapchat/",
    "Telegram-Android/",
    "TikTok",
    "Twitter for ",
    "Weibo (",
    "Zalo ",
    "musical_ly", // TikTok on iPhones
    "trill_",     // TikTok in Asia
];

/// Says whether a User-Agent is that of a browser inside another app.
///
/// Good for a hint only: apps may call themselves what they like, and some (Telegram on iPhones)
/// cannot be told from the ordinary browser.
#[must_use]
pub fn is_in_app(user_agent: &str) -> bool {
    MARKS.iter().any(|mark| user_agent.contains(mark)) || is_ios_web_view(user_agent)
}

/// Every browser on an iPhone or iPad ends its agent with `Safari/…`; a web view in an app leaves
/// it out.
fn is_ios_web_view(user_agent: &str) -> bool {
    ["(iPhone;", "(iPad;", "(iPod"]
        .iter()
        .any(|device| user_agent.contains(device))
        && user_agent.contains("AppleWebKit/")
        && !user_agent.contains("Safari/")
}

#[cfg(test)]
mod tests {
    use super::is_in_app;

    const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) \
                          AppleWebKit/605.1.15 (KHTML, like Gecko)";
    const ANDROID: &str = "Mozilla/5.0 (Linux; Android 14; SM-S918B Build/UP1A.231005.007";
    const CHROME: &str = "AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 \
                          Chrome/137.0.7151.115 Mobile Safari/537.36";

    #[test]
    fn browsers_inside_apps_are_recognised() {
        for agent in [
            format!("{IPHONE} Mobile/15E148 Instagram 361.0.0.35.82 (iPhone15,2; iOS 18_5; en_US)"),
            format!("{ANDROID}) {CHROME} Instagram 361.0.0.46.88 Android (34/14; 480dpi)"),
            format!(
                "{IPHONE} Mobile/22F76 [FBAN/FBIOS;FBAV/518.0.0.52.100;FBBV/1;FBDV/iPhone15,2]"
            ),
            format!("{ANDROID}; wv) {CHROME} [FB_IAB/FB4A;FBAV/518.0.0.63.86;]"),
            format!("{IPHONE} Mobile/15E148 Safari Line/15.8.0"),
            format!("{ANDROID}; wv) {CHROME} Line/15.8.1/IAB"),
            format!("{IPHONE} Mobile/15E148 MicroMessenger/8.0.60(0x18003c2f) NetType/WIFI"),
            format!("{ANDROID}) {CHROME} XWEB/1380055 MMWEBSDK/20250503 MicroMessenger/8.0.60"),
            format!("{IPHONE} Mobile/15E148 musical_ly_39.8.0 BytedanceWebview/d8a21c6"),
            format!("{ANDROID}) {CHROME} trill_390804 AppName/trill ByteLocale/en"),
            format!("{IPHONE} Mobile/15E148 Snapchat/13.45.0.50 (like Safari/8621.2, panda)"),
            format!("{ANDROID}) {CHROME} Telegram-Android/11.13.1 (Samsung SM-S918B; SDK 34)"),
            format!("{ANDROID}; wv) {CHROME}"),
            format!("{IPHONE} Mobile/15E148 Twitter for iPhone/11.5"),
            format!("{IPHONE} Mobile/15E148 [LinkedInApp]/9.30"),
            format!("{IPHONE} Mobile/15E148 KAKAOTALK 25.4.2"),
            format!("{IPHONE} Mobile/15E148"),
        ] {
            assert!(is_in_app(&agent), "{agent}");
        }
    }

    #[test]
    fn ordinary_browsers_and_previewers_are_not_taken_for_apps() {
        for agent in [
            String::new(),
            format!("{IPHONE} Version/18.5 Mobile/15E148 Safari/604.1"),
            format!("{IPHONE} CriOS/137.0.7151.107 Mobile/15E148 Safari/604.1"),
            format!("{IPHONE} FxiOS/139.0 Mobile/15E148 Safari/605.1.15"),
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) \
             Chrome/137.0.0.0 Mobile Safari/537.36"
                .to_owned(),
            "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) \
             SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36"
                .to_owned(),
            "Mozilla/5.0 (Android 14; Mobile; rv:139.0) Gecko/139.0 Firefox/139.0".to_owned(),
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like \
             Gecko) Version/18.5 Safari/605.1.15"
                .to_owned(),
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
             Chrome/137.0.0.0 Safari/537.36 Edg/137.0.0.0"
                .to_owned(),
            "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)".to_owned(),
            "TelegramBot (like TwitterBot)".to_owned(),
            "WhatsApp/2.23.20.0".to_owned(),
            "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)"
                .to_owned(),
        ] {
            assert!(!is_in_app(&agent), "{agent}");
        }
    }
}
