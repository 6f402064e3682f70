//! Presets in the dashboard: made by form or from a link, chosen for a new link, changed and deleted.

use entrypass::domain::person::Role;
use reqwest::Method;
use serde_json::json;

use crate::dashboard_kit::signed_in;
use crate::harness::gateway::text;
use crate::harness::{Context, Gateway, tests};

tests!(
    "dashboard_presets",
    [
        a_preset_is_made_by_form_and_chosen_for_a_link,
        a_preset_is_changed_and_deleted_by_those_who_may,
        a_link_is_saved_as_preset_without_its_customer,
    ]
);

const PRESETS: &str = "/admin/presets";
const NEW_LINK: &str = "/admin/links/new";

async fn a_preset_is_made_by_form_and_chosen_for_a_link(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut ed = signed_in(&gateway, "ed@example.com", Role::Editor).await;
    let empty = ed.open(PRESETS).await;
    assert!(empty.contains("A preset spares you the same choices"));
    assert!(!ed.open(NEW_LINK).await.contains("Start from a preset"));
    let new = format!("{PRESETS}/new");
    ed.open(&new).await;
    let typed = [
        ("name", "<script>Age"),
        ("flow", "selfie"),
        ("confirm", "always"),
        ("language", "lt"),
        ("inactive_message", "Over"),
        ("resume", "yes"),
        ("token.retry_limit", "2"),
    ];
    let wrong = [
        ("token.min_age", "old"),
        ("token.confidence_threshold", "85"),
    ];
    let shown = ed.post(&new, &[&typed[..], &wrong].concat()).await;
    assert_eq!(shown.status, 422);
    for told in [
        "One field needs another look.",
        "id=\"token.min_age-wrong\">Age from which visitors pass must be a whole number",
        "value=\"&#60;script&#62;Age\"",
        "value=\"selfie\" checked",
        "value=\"always\" checked",
    ] {
        assert!(shown.html.contains(told), "{told}");
    }
    let right = [
        ("token.min_age", "21"),
        ("token.confidence_threshold", "90"),
    ];
    let made = ed.post(&new, &[&typed[..], &right].concat()).await;
    assert_eq!(
        (made.status, &*made.location),
        (303, PRESETS),
        "{}",
        made.html
    );
    let (_, list) = gateway.get("/presets").await;
    let preset = &list["items"][0];
    let id = text(&preset["id"]);
    assert_eq!(
        preset["token"],
        json!({"min_age": 21, "confidence_threshold": 90, "retry_limit": 2})
    );
    assert_eq!(
        (&preset["accept_ref"], &preset["resume"]),
        (&json!(null), &json!(true))
    );
    let page = ed.open(PRESETS).await;
    for told in [
        "&#60;script&#62;Age</strong>",
        "was saved",
        "Lietuvių",
        "</span> 21",
    ] {
        assert!(page.contains(told), "{told}");
    }
    assert!(!page.contains("<script>Age"));

    // A new link begins with it, and is its own from then on.
    let form = ed.open(&format!("{NEW_LINK}?preset={id}")).await;
    for told in [
        &format!("<option value=\"{id}\" selected>&#60;script&#62;Age</option>"),
        "name=\"flow\" value=\"selfie\" checked",
        "name=\"confirm\" value=\"always\" checked",
        "value=\"lt\" lang=\"lt\" selected",
        "name=\"resume\" value=\"yes\" checked",
        "name=\"token.min_age\" type=\"number\" autocomplete=\"off\" value=\"21\"",
    ] {
        assert!(form.contains(told), "{told}");
    }
    assert_eq!(ed.get(&format!("{NEW_LINK}?preset=x")).await.status, 404);
}

async fn a_preset_is_changed_and_deleted_by_those_who_may(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut ed = signed_in(&gateway, "ed@example.com", Role::Editor).await;
    let whole = json!({
        "name": "<script>Age", "flow": "selfie", "language": "lt", "confirm": true,
        "token": {"min_age": 21, "confidence_threshold": 90}
    });
    let (_, made) = gateway.post("/presets", whole).await;
    let id = text(&made["id"]);
    let edit = format!("{PRESETS}/{id}");
    let page = ed.open(&edit).await;
    assert!(page.contains("value=\"&#60;script&#62;Age\"") && page.contains("value=\"21\""));
    let typed = [
        ("name", "Papers"),
        ("flow", "document"),
        ("confirm", "limited"),
        ("token.country", "DE"),
    ];
    assert_eq!(ed.post(&edit, &typed).await.status, 303);
    let (_, preset) = gateway.get(&format!("/presets/{id}")).await;
    assert_eq!(
        (&preset["flow"], &preset["confirm"]),
        (&json!("document"), &json!(null))
    );
    assert_eq!(
        (&preset["language"], &preset["token"]),
        (&json!(null), &json!({"country": ["DE"]}))
    );
    // Whoever opened it before somebody else saved is told so, and then does it knowingly.
    ed.open(&edit).await;
    gateway.clock.advance(1);
    let theirs = json!({"name": "Papers", "flow": "document", "language": "de"});
    let (status, _) = gateway
        .api(Method::PUT, &format!("/presets/{id}"), Some(theirs))
        .await;
    assert_eq!(status, 200);
    let stale = ed.post(&edit, &typed).await;
    assert_eq!(stale.status, 422);
    let told = "Name or options were changed by somebody else meanwhile";
    assert!(stale.html.contains(told), "{}", stale.html);
    let (_, preset) = gateway.get(&format!("/presets/{id}")).await;
    assert_eq!(preset["language"], "de");
    assert_eq!(ed.post(&edit, &typed).await.status, 303);
    gateway.post("/presets", json!({"name": "Taken"})).await;
    ed.open(&edit).await;
    let taken = ed
        .post(&edit, &[("name", "TAKEN"), ("flow", "document")])
        .await;
    assert_eq!(taken.status, 422);
    assert!(taken.html.contains("Name is the name of another preset"));

    let mut viewer = signed_in(&gateway, "vi@example.com", Role::Viewer).await;
    let page = viewer.open(PRESETS).await;
    assert!(page.contains("Papers") && !page.contains("Delete") && !page.contains(&edit));
    let sure = ed.open(&format!("{edit}/delete")).await;
    assert!(sure.contains("Delete Papers?") && sure.contains("stay as they are"));
    let gone = ed.post(&format!("{edit}/delete"), &[]).await;
    assert_eq!((gone.status, &*gone.location), (303, PRESETS));
    assert_eq!(ed.get(&edit).await.status, 404);
    let (_, log) = gateway.get("/audit").await;
    let noted = &log["items"][0];
    assert_eq!(
        (&noted["action"], &noted["actor"]["name"]),
        (&json!("preset.deleted"), &json!("ed"))
    );
}

async fn a_link_is_saved_as_preset_without_its_customer(context: Context) {
    let gateway = Gateway::start(&context).await;
    let token = json!({"clientId": "c-17", "firstName": "Ana", "checkAml": true, "documents": ["PASSPORT"]});
    let link = gateway
        .link(json!({"name": "For Ana", "language": "de", "token": token, "accept_ref": true}))
        .await;
    let mut ed = signed_in(&gateway, "ed@example.com", Role::Editor).await;
    let new = format!("{PRESETS}/new?like={}", text(&link["id"]));
    let page = ed
        .open(&format!("/admin/links/{}", text(&link["id"])))
        .await;
    assert!(page.contains(&format!("href=\"{new}\"")));
    let form = ed.open(&new).await;
    for told in [
        "value=\"For Ana\"",
        "name=\"confirm\" value=\"never\" checked",
        "value=\"de\" lang=\"de\" selected",
        "value=\"PASSPORT\" checked",
        "name=\"accept_ref\" value=\"yes\" checked",
    ] {
        assert!(form.contains(told), "{told}");
    }
    assert!(!form.contains("c-17") && !form.contains("value=\"Ana\""));
}
