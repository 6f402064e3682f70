//! A person's browser without scripts, as the tests of the dashboard have it.

use std::collections::BTreeMap;

use entrypass::domain::id::PersonId;
use entrypass::domain::password::hash_password;
use entrypass::domain::person::{Person, Role};
use entrypass::domain::secret::Secret;
use reqwest::{Method, Response};

use crate::harness::Gateway;
use crate::harness::gateway::hidden_fields;

/// A password that is good enough.
pub const PASSWORD: &str = "plum tractor seldom";

/// A page as it arrived.
#[derive(Debug)]
pub struct Shown {
    pub status: u16,
    pub location: String,
    pub retry_after: Option<u32>,
    pub set_cookies: Vec<String>,
    pub policy: String,
    pub html: String,
}

/// A browser with cookies of its own.
pub struct Browser<'a> {
    pub gateway: &'a Gateway,
    pub cookies: BTreeMap<String, String>,
    /// The hidden fields of the page that was shown last.
    pub fields: Vec<(String, String)>,
}

impl<'a> Browser<'a> {
    pub fn new(gateway: &'a Gateway) -> Self {
        Self {
            gateway,
            cookies: BTreeMap::new(),
            fields: Vec::new(),
        }
    }

    /// Opens a page.
    pub async fn get(&mut self, path: &str) -> Shown {
        self.send(Method::GET, path, None).await
    }

    /// Opens a page that must be there.
    pub async fn open(&mut self, path: &str) -> String {
        let shown = self.get(path).await;
        assert_eq!(shown.status, 200, "{path} {shown:?}");
        shown.html
    }

    /// Posts a form with the hidden fields of the page shown last, and what is typed.
    pub async fn post(&mut self, path: &str, typed: &[(&str, &str)]) -> Shown {
        let own: Vec<(String, String)> = self.fields.clone();
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(own)
            .extend_pairs(typed)
            .finish();
        self.send(Method::POST, path, Some(body)).await
    }

    /// Signs in with an email and a password; the answer to the form.
    pub async fn login(&mut self, email: &str, password: &str) -> Shown {
        self.get("/admin/login").await;
        self.post("/admin/login", &[("email", email), ("password", password)])
            .await
    }

    /// Whether somebody is signed in.
    pub async fn is_in(&mut self) -> bool {
        self.get("/admin").await.status == 200
    }

    pub async fn send(&mut self, method: Method, path: &str, body: Option<String>) -> Shown {
        let cookies = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let cookies: Vec<String> = cookies.collect();
        let mut request = self.gateway.request(method, path);
        if !cookies.is_empty() {
            request = request.header("Cookie", cookies.join("; "));
        }
        if let Some(body) = body {
            request = request
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(body);
        }
        self.shown(request.send().await.expect("an answer")).await
    }

    async fn shown(&mut self, answer: Response) -> Shown {
        let all = |name: &str| -> Vec<String> {
            let values = answer.headers().get_all(name).iter();
            values
                .map(|value| value.to_str().expect("text").to_owned())
                .collect()
        };
        let one = |name: &str| all(name).pop().unwrap_or_default();
        let mut shown = Shown {
            status: answer.status().as_u16(),
            location: one("location"),
            retry_after: one("retry-after").parse().ok(),
            set_cookies: all("set-cookie"),
            policy: one("content-security-policy"),
            html: String::new(),
        };
        shown.html = answer.text().await.expect("a page");
        for cookie in &shown.set_cookies {
            let pair = cookie.split(';').next().expect("a pair");
            let (name, value) = pair.split_once('=').expect("a pair");
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        if !shown.html.is_empty() {
            self.fields = hidden_fields(&shown.html);
            // Every form on a page has the same token and zone.
            let mut seen = std::collections::HashSet::new();
            self.fields.retain(|field| seen.insert(field.clone()));
        }
        shown
    }
}

/// Adds a person behind the dashboard's back.
pub async fn person(gateway: &Gateway, email: &str, role: Role) -> Person {
    let person = Person {
        id: PersonId::new(gateway.clock.uuid()),
        email: email.to_owned(),
        name: email.split('@').next().expect("a name").to_owned(),
        role,
        has_second_factor: false,
        created_at: gateway.clock.now(),
        last_login_at: None,
    };
    let hash = hash_password(&Secret::new(PASSWORD));
    let kept = gateway
        .state
        .store
        .insert_person(&person, Some(&hash))
        .await;
    assert_eq!(kept.expect("a database"), Ok(()));
    person
}

/// A browser that a person of that role is signed in with.
pub async fn signed_in<'a>(gateway: &'a Gateway, email: &str, role: Role) -> Browser<'a> {
    person(gateway, email, role).await;
    let mut browser = Browser::new(gateway);
    let shown = browser.login(email, PASSWORD).await;
    assert_eq!(
        (shown.status, &*shown.location),
        (303, "/admin"),
        "{}",
        shown.html
    );
    browser
}
