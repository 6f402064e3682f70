//! iDenfy's interface languages, and which of them suits a browser.

mod negotiate;

use serde::{Serialize, Serializer};

/// One of iDenfy's languages: what `locale` may be in its token call.
///
/// The codes are iDenfy's own: mostly ISO 639-1, but `si` is Slovenian and `zh_tw` traditional
/// Chinese.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Locale {
    code: &'static str,
    html_lang: &'static str,
    native_name: &'static str,
}

impl Locale {
    /// English.
    pub const EN: Self = Self::new("en", "en", "English");

    /// Every language, in the order of iDenfy's documentation. Its stored copy lists 34;
    /// Korean is the 35th, known from an example in iDenfy's OpenAPI document.
    pub const ALL: [Self; 35] = [
        Self::EN,
        Self::new("es", "es", "Español"),
        Self::new("fr", "fr", "Français"),
        Self::new("ru", "ru", "Русский"),
        Self::new("de", "de", "Deutsch"),
        Self::new("it", "it", "Italiano"),
        Self::new("pl", "pl", "Polski"),
        Self::new("lt", "lt", "Lietuvių"),
        Self::new("lv", "lv", "Latviešu"),
        Self::new("et", "et", "Eesti"),
        Self::new("sv", "sv", "Svenska"),
        Self::new("cs", "cs", "Čeština"),
        Self::new("ro", "ro", "Română"),
        Self::new("hu", "hu", "Magyar"),
        Self::new("ja", "ja", "日本語"),
        Self::new("bg", "bg", "Български"),
        Self::new("nl", "nl", "Nederlands"),
        Self::new("pt", "pt", "Português"),
        Self::new("uk", "uk", "Українська"),
        Self::new("sk", "sk", "Slovenčina"),
        Self::new("si", "sl", "Slovenščina"),
        Self::new("vi", "vi", "Tiếng Việt"),
        Self::new("th", "th", "ไทย"),
        Self::new("hi", "hi", "हिन्दी"),
        Self::new("id", "id", "Bahasa Indonesia"),
        Self::new("hr", "hr", "Hrvatski"),
        Self::new("da", "da", "Dansk"),
        Self::new("fi", "fi", "Suomi"),
        Self::new("el", "el", "Ελληνικά"),
        Self::new("no", "no", "Norsk"),
        Self::new("tr", "tr", "Türkçe"),
        Self::new("sr", "sr", "Srpski"),
        Self::new("zh", "zh-Hans", "简体中文"),
        Self::new("zh_tw", "zh-Hant-TW", "繁體中文"),
        Self::new("ko", "ko", "한국어"),
    ];

    const fn new(code: &'static str, html_lang: &'static str, native_name: &'static str) -> Self {
        Self {
            code,
            html_lang,
            native_name,
        }
    }

    /// Reads a code of iDenfy's in any case. Other spellings (`sl`, `zh-tw`) are refused.
    ///
    /// # Errors
    /// A message for the sender.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|locale| locale.code.eq_ignore_ascii_case(text))
            .ok_or_else(|| {
                format!(
                    "must be one of iDenfy's languages: {}",
                    Self::ALL.map(Self::as_str).join(", ")
                )
            })
    }

    /// iDenfy's code in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.code
    }

    /// BCP 47 tag for `<html lang>`: `sl` for iDenfy's `si`, `zh-Hant-TW` for its `zh_tw`.
    #[must_use]
    pub const fn html_lang(self) -> &'static str {
        self.html_lang
    }

    /// The language's name in itself, for lists to choose from.
    #[must_use]
    pub const fn native_name(self) -> &'static str {
        self.native_name
    }
}

impl std::fmt::Display for Locale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code)
    }
}

impl Serialize for Locale {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code)
    }
}

impl<DB: sqlx::Database> sqlx::Type<DB> for Locale
where
    String: sqlx::Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        String::type_info()
    }

    fn compatible(ty: &DB::TypeInfo) -> bool {
        String::compatible(ty)
    }
}

impl<'q, DB: sqlx::Database> sqlx::Encode<'q, DB> for Locale
where
    String: sqlx::Encode<'q, DB>,
{
    fn encode_by_ref(
        &self,
        buf: &mut DB::ArgumentBuffer,
    ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
        self.code.to_owned().encode(buf)
    }
}

impl<'r, DB: sqlx::Database> sqlx::Decode<'r, DB> for Locale
where
    &'r str: sqlx::Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
        let text = <&str as sqlx::Decode<DB>>::decode(value)?;
        Self::parse(text).map_err(Into::into)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_is_read_in_any_case_and_kept_in_lower_case() {
        for locale in Locale::ALL {
            assert_eq!(Locale::parse(locale.as_str()), Ok(locale));
            assert_eq!(Locale::parse(&locale.as_str().to_uppercase()), Ok(locale));
            assert_eq!(locale.as_str(), locale.as_str().to_lowercase());
            assert!(locale.as_str().len() <= 7, "iDenfy's longest locale");
        }
        assert_eq!(
            Locale::ALL
                .map(Locale::as_str)
                .into_iter()
                .collect::<HashSet<_>>()
                .len(),
            35
        );
    }

    #[test]
    fn codes_that_idenfy_does_not_have_are_refused_with_the_list() {
        for text in [
            "", "sl", "zh-tw", "zh_hk", "en-GB", "e", "en ", "xx", "nb", "ö", "*",
        ] {
            let message = Locale::parse(text).expect_err(text);
            assert!(
                message.contains("en, es, ") && message.contains("zh_tw"),
                "{message}"
            );
        }
    }

    #[test]
    fn tags_for_html_are_those_of_bcp_47() {
        let cases = [
            ("si", "sl"),
            ("zh", "zh-Hans"),
            ("zh_tw", "zh-Hant-TW"),
            ("uk", "uk"),
        ];
        for (code, tag) in cases {
            assert_eq!(Locale::parse(code).expect(code).html_lang(), tag);
        }
        for locale in Locale::ALL {
            let tag = locale.html_lang();
            assert!(
                tag.parse::<unic_langid::LanguageIdentifier>().is_ok(),
                "{tag}"
            );
            assert_eq!(
                Locale::negotiate(Some(tag)),
                locale,
                "its own tag leads back to it"
            );
        }
    }

    #[test]
    fn it_is_its_code_in_json() {
        let locale = Locale::parse("ZH_TW").expect("known");
        assert_eq!(serde_json::to_value(locale).expect("a text"), "zh_tw");
    }

    #[tokio::test]
    async fn it_is_its_code_in_the_database() {
        use sqlx::Connection as _;

        let mut db = sqlx::SqliteConnection::connect("sqlite::memory:")
            .await
            .expect("memory");
        let locale = Locale::parse("zh_tw").expect("known");
        let (code, back): (String, Option<Locale>) = sqlx::query_as("SELECT $1, $1")
            .bind(Some(locale))
            .fetch_one(&mut db)
            .await
            .expect("a row");
        assert_eq!((code.as_str(), back), ("zh_tw", Some(locale)));
        let unknown = sqlx::query_scalar::<_, Locale>("SELECT 'xx'")
            .fetch_one(&mut db)
            .await;
        assert!(
            unknown.is_err(),
            "a code that nobody wrote is not taken for a language"
        );
    }
}
