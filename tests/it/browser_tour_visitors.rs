//! The part of the tour that visitors see, with the pages of the sandbox and of the API's description.

use reqwest::Method;
use serde_json::{Value, json};

use crate::browser_tour::{Eyes, Shown, Tour};
use crate::harness::browser::PATIENCE;
use crate::harness::eventually;
use crate::harness::gateway::text;
use crate::visitor_signed::address;

impl Tour {
    pub async fn visitors(&self, eyes: &mut impl Eyes) {
        let slug = |link: &Value| format!("/{}", text(&link["slug"]));
        let link = |more: Value| self.gateway.link(more);
        let confirm = link(json!({"confirm": true})).await;
        self.see(eyes, &slug(&confirm), "visitor confirm").await;
        let agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
            Mobile/15E148 Instagram 350.0.0.0";
        let own = self.tab.run("return navigator.userAgent").await;
        let agents = json!({"userAgent": agent});
        self.tab.tell("Network.setUserAgentOverride", agents).await;
        self.see(eyes, &slug(&confirm), "visitor confirm in an app")
            .await;
        let agents = json!({"userAgent": own});
        self.tab.tell("Network.setUserAgentOverride", agents).await;
        let adult = json!({"min_age": 18, "confidence_threshold": 85});
        for (flow, token) in [("document", json!({})), ("selfie", adult)] {
            let link = link(json!({"confirm": true, "flow": flow, "token": token})).await;
            self.see(eyes, &slug(&link), &format!("visitor confirm {flow}"))
                .await;
        }
        let signed = link(json!({"signed": true, "confirm": true})).await;
        let now = self.gateway.clock.now().seconds();
        for (exp, name) in [
            (now + 600, "visitor confirm signed"),
            (now - 600, "visitor signed too long ago"),
        ] {
            let address = address(&signed, &format!("client_id=customer-18&exp={exp}"));
            self.see(eyes, &address, name).await;
        }
        self.see(eyes, "/nothing-is-here", "visitor unknown").await;
        self.see(eyes, "/shop", "visitor without a signature").await;
        let off = link(json!({"inactive_message": "The fair is over.\nWrite to us."})).await;
        let path = format!("/links/{}/deactivate", text(&off["id"]));
        self.gateway.client.api(Method::POST, &path, None).await;
        self.see(eyes, &slug(&off), "visitor over, with a message")
            .await;
        let off = link(json!({})).await;
        let path = format!("/links/{}", text(&off["id"]));
        self.gateway.client.api(Method::DELETE, &path, None).await;
        self.see(eyes, &slug(&off), "visitor over").await;
        let once = link(json!({"usage": {"type": "single"}})).await;
        self.see(eyes, &slug(&once), "sandbox verify").await;
        self.tab.click("button[value=suspect]").await;
        self.tab.sees("This session has ended").await;
        eyes.look(&self.tab, "sandbox ended").await;
        self.see(eyes, &slug(&once), "visitor used up").await;
        self.see(eyes, "/sandbox", "sandbox switchboard").await;
        self.see(eyes, "/sandbox/verify?authToken=x", "sandbox missing")
            .await;
        self.see(eyes, "/docs", "docs").await;
        let dispatch = &self.gateway.running.state.dispatch;
        let address = dispatch.unsubscribe_url("dee@example.com");
        self.see(eyes, &address, "visitor unsubscribe").await;
        self.tab.click("main button").await;
        self.tab.find("[role=status]").await;
        eyes.look(&self.tab, "visitor unsubscribed").await;
    }

    /// The last page: whoever opened it has to wait.
    pub async fn too_many_clicks(&self, eyes: &mut impl Eyes, shown: &Shown) {
        let slug = text(&shown.unused["slug"]);
        eventually(PATIENCE, "an address clicked too often", async || {
            let click = self.gateway.client.click(slug).await;
            click.expect("an answer").status() == 429
        })
        .await;
        self.see(eyes, &format!("/{slug}"), "visitor too often")
            .await;
    }
}
