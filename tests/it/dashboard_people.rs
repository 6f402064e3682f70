//! People and roles: who looks after them, and that somebody always can.

use entrypass::domain::person::Role;

use crate::dashboard_kit::{Browser, PASSWORD, signed_in};
use crate::harness::{Context, Gateway, tests};

tests!(
    "dashboard_people",
    [
        an_administrator_adds_changes_and_removes_a_person,
        the_last_administrator_stays,
        others_do_not_look_after_people,
    ]
);

const PEOPLE: &str = "/admin/settings/people";

async fn an_administrator_adds_changes_and_removes_a_person(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut ana = signed_in(&gateway, "ana@example.com", Role::Administrator).await;
    let new = format!("{PEOPLE}/new");
    ana.open(&new).await;
    let wrong = ana
        .post(
            &new,
            &[("name", "<b>Bo"), ("email", "bo"), ("role", "king")],
        )
        .await;
    assert_eq!(wrong.status, 422);
    for told in [
        "3 fields need another look.",
        "Email must be an email address",
        "Role must be viewer, editor or admin.",
        "value=\"&#60;b&#62;Bo\"",
    ] {
        assert!(wrong.html.contains(told), "{told}");
    }
    let typed = [
        ("name", "<b>Bo"),
        ("email", "bo@example.com"),
        ("role", "viewer"),
        ("password", PASSWORD),
    ];
    ana.open(&new).await;
    assert_eq!(ana.post(&new, &typed).await.location, PEOPLE);
    ana.open(&new).await;
    let twice = ana.post(&new, &typed).await;
    assert!(
        twice
            .html
            .contains("Email belongs to somebody who is here already.")
    );
    let list = ana.open(PEOPLE).await;
    assert!(list.contains("&#60;b&#62;Bo</a>") && !list.contains("<b>Bo"));
    let bo = gateway
        .state
        .store
        .person_of_email("bo@example.com")
        .await
        .unwrap()
        .unwrap();
    let own = format!("{PEOPLE}/{}", bo.id);
    let mut browser = Browser::new(&gateway);
    assert_eq!(browser.login("bo@example.com", PASSWORD).await.status, 303);

    ana.open(&own).await;
    let changed = ana.post(&own, &[("name", "Bo"), ("role", "editor")]).await;
    assert_eq!(changed.location, PEOPLE);
    assert!(browser.open("/admin").await.contains("Editor"));
    // A form that was opened before somebody else changed the role does not bring the old one back.
    ana.open(&own).await;
    let store = &gateway.state.store;
    let (was, now) = (("Bo", Role::Editor), ("Bo", Role::Viewer));
    assert_eq!(store.update_person(bo.id, was, now).await.unwrap(), Ok(()));
    let typed = [("name", "Bo B"), ("role", "editor")];
    assert_eq!(ana.post(&own, &typed).await.location, PEOPLE);
    let kept = store.person(bo.id).await.unwrap().unwrap();
    assert_eq!((&*kept.name, kept.role), ("Bo B", Role::Viewer));
    ana.open(&own).await;
    let (was, now) = (("Bo B", Role::Viewer), ("Bo", Role::Editor));
    assert_eq!(store.update_person(bo.id, was, now).await.unwrap(), Ok(()));
    let typed = [("name", "Bo B"), ("role", "admin")];
    let refused = ana.post(&own, &typed).await;
    assert_eq!(refused.status, 422);
    let told = "Role was changed meanwhile, to Editor.";
    assert!(refused.html.contains(told), "{}", refused.html);
    ana.open(&format!("{own}/password")).await;
    let typed = [("password", "seldom a plum tractor")];
    assert_eq!(
        ana.post(&format!("{own}/password"), &typed).await.location,
        own
    );
    assert!(!browser.is_in().await);
    assert_eq!(
        browser
            .login("bo@example.com", "seldom a plum tractor")
            .await
            .status,
        303
    );

    let asked = ana.open(&format!("{own}/remove")).await;
    assert!(asked.contains(">Remove Bo</button>"));
    assert_eq!(
        ana.post(&format!("{own}/remove"), &[]).await.location,
        PEOPLE
    );
    assert!(!browser.is_in().await);
    assert_eq!(
        browser
            .login("bo@example.com", "seldom a plum tractor")
            .await
            .status,
        401
    );
    assert_eq!(ana.get(&own).await.status, 404);
    noted(&gateway).await;
}

/// What the administrator did is in the audit log.
async fn noted(gateway: &Gateway) {
    let (_, log) = gateway.get("/audit").await;
    let lines = log["items"].as_array().unwrap();
    let of_ana: Vec<_> = lines
        .iter()
        .filter(|l| l["actor"]["name"] == "ana")
        .collect();
    let actions: Vec<_> = of_ana
        .iter()
        .map(|l| l["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        [
            "person.deleted",
            "person.password_set",
            "person.updated",
            "person.updated",
            "person.created",
            "person.signed_in"
        ]
    );
}

async fn the_last_administrator_stays(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut ana = signed_in(&gateway, "ana@example.com", Role::Administrator).await;
    let id = gateway.state.store.people(None, 1).await.unwrap()[0].id;
    let own = format!("{PEOPLE}/{id}");
    ana.open(&own).await;
    let wrong = ana.post(&own, &[("name", "Ana"), ("role", "viewer")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.html.contains("Role must stay Administrator"));
    ana.open(&format!("{own}/remove")).await;
    assert_eq!(
        ana.post(&format!("{own}/remove"), &[]).await.location,
        PEOPLE
    );
    assert!(ana.open(PEOPLE).await.contains("is the last administrator"));
}

async fn others_do_not_look_after_people(context: Context) {
    let gateway = Gateway::start(&context).await;
    for (email, role) in [
        ("vi@example.com", Role::Viewer),
        ("ed@example.com", Role::Editor),
    ] {
        let mut browser = signed_in(&gateway, email, role).await;
        let account = browser.open("/admin/settings/account").await;
        assert!(!account.contains("People and roles"));
        for path in [PEOPLE, "/admin/settings/people/new"] {
            let refused = browser.get(path).await;
            assert_eq!(refused.status, 403);
            assert!(refused.html.contains("This needs the role Administrator."));
        }
        browser.open("/admin/settings/account").await;
        let new = [
            ("name", "X"),
            ("email", "x@example.com"),
            ("role", "admin"),
            ("password", PASSWORD),
        ];
        let refused = browser.post("/admin/settings/people/new", &new).await;
        assert_eq!(refused.status, 403);
    }
    assert_eq!(gateway.state.store.people(None, 9).await.unwrap().len(), 2);
}
