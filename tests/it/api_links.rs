//! Links after they are made: shown, changed, switched, deleted.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api_support::{check_problem, fields, problem};
use crate::harness::gateway::text;
use crate::harness::{Context, Gateway, tests};

tests!(
    "api_links",
    [
        a_patch_changes_name_and_message_alone,
        a_patch_of_anything_else_is_refused_by_name,
        a_link_is_switched_off_and_on,
        a_link_that_is_over_cannot_be_switched_on,
        a_link_over_for_several_reasons_tells_the_first,
        a_deleted_link_is_gone_here_and_over_at_its_url,
        an_id_that_names_nothing_is_not_found,
    ]
);

/// A link's path in the API.
pub fn path(link: &Value) -> String {
    format!("/links/{}", text(&link["id"]))
}

/// Posts to a path below a link's.
pub async fn act(gateway: &Gateway, link: &Value, what: &str) -> (u16, Value) {
    let path = format!("{}/{what}", path(link));
    gateway.api(Method::POST, &path, None).await
}

async fn a_patch_changes_name_and_message_alone(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut link = gateway
        .link(json!({"slug": "patched", "inactive_message": "old", "usage": {"type": "multi", "limit": 2}}))
        .await;
    for (change, name, message) in [
        (json!({"name": "New 😀"}), "New 😀", json!("old")),
        (
            json!({"inactive_message": "two\nlines"}),
            "New 😀",
            json!("two\nlines"),
        ),
        (json!({"inactive_message": null}), "New 😀", json!(null)),
        (
            json!({"name": "N", "inactive_message": "m"}),
            "N",
            json!("m"),
        ),
        (json!({}), "N", json!("m")),
    ] {
        let (status, told) = gateway.api(Method::PATCH, &path(&link), Some(change)).await;
        link["name"] = json!(name);
        link["inactive_message"] = message;
        assert_eq!((status, &told), (200, &link));
        assert_eq!(gateway.get(&path(&link)).await, (200, link.clone()));
    }
    act(&gateway, &link, "deactivate").await;
    let change = json!({"inactive_message": "Words for late visitors"});
    assert_eq!(
        gateway
            .api(Method::PATCH, &path(&link), Some(change))
            .await
            .0,
        200
    );
    let page = gateway.click(&link).await.text().await.unwrap();
    assert!(page.contains("Words for late visitors"), "{page}");
}

async fn a_patch_of_anything_else_is_refused_by_name(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    let refused = async |change: Value, wanted: &[&str]| {
        let (status, told) = gateway
            .api(Method::PATCH, &path(&link), Some(change.clone()))
            .await;
        assert_eq!(
            (status, fields(&told)),
            (422, wanted.to_vec()),
            "{change} -> {told}"
        );
        check_problem(&told, 422);
        told
    };
    for (field, value) in [
        ("slug", json!("another")),
        ("language", json!("de")),
        ("flow", json!("document")),
        ("confirm", json!(true)),
        ("resume", json!(false)),
        ("accept_ref", json!(true)),
        ("signed", json!(true)),
        ("signing_secret", json!("x")),
        ("token", json!({})),
        ("status", json!("active")),
        ("id", json!("x")),
        ("url", json!("x")),
        ("created_at", json!("x")),
        ("bogus", json!(1)),
    ] {
        refused(json!({field: value}), &[field]).await;
        refused(json!({field: null}), &[field]).await;
        refused(json!({"name": "", field: value}), &sorted(["name", field])).await;
    }
    for field in ["usage", "expires_at"] {
        for value in [
            json!(null),
            json!({"type": "unlimited"}),
            json!("2030-01-01T00:00:00Z"),
        ] {
            let told = refused(json!({"name": "N", field: value}), &[field]).await;
            assert!(
                text(&told["detail"]).contains("cannot be extended"),
                "{told}"
            );
        }
    }
    for (field, values) in [
        (
            "name",
            vec![
                json!(""),
                json!("a".repeat(201)),
                json!("a\u{0}"),
                json!(5),
                json!([]),
            ],
        ),
        (
            "inactive_message",
            vec![
                json!("a".repeat(501)),
                json!("a\u{0}"),
                json!("\t"),
                json!(5),
                json!({}),
            ],
        ),
    ] {
        for value in values {
            refused(json!({field: value}), &[field]).await;
        }
    }
    assert_eq!(gateway.get(&path(&link)).await, (200, link));
}

async fn a_link_is_switched_off_and_on(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    for (what, status, click) in [
        ("deactivate", "deactivated", 410),
        ("deactivate", "deactivated", 410),
        ("activate", "active", 302),
        ("activate", "active", 302),
    ] {
        let (told, shown) = act(&gateway, &link, what).await;
        assert_eq!((told, &shown["status"]), (200, &json!(status)));
        assert_eq!(gateway.click(&link).await.status(), click);
    }
}

async fn a_link_that_is_over_cannot_be_switched_on(context: Context) {
    let gateway = Gateway::start(&context).await;
    let expiring = gateway
        .link(json!({"expires_at": "2027-01-15T12:01:00Z"}))
        .await;
    let spent = gateway.link(json!({"usage": {"type": "single"}})).await;
    assert_eq!(gateway.click(&spent).await.status(), 302);
    gateway.clock.advance(60_000);
    for (link, status) in [(&expiring, "expired"), (&spent, "exhausted")] {
        for switch_off_first in [false, true] {
            if switch_off_first {
                assert_eq!(
                    act(&gateway, link, "deactivate").await.1["status"],
                    "deactivated"
                );
            }
            let request = gateway.request(Method::POST, &format!("/api/v1{}/activate", path(link)));
            let answer = request.bearer_auth(&gateway.key).send().await.unwrap();
            problem(answer, 409, "link_over").await;
        }
        assert_eq!(
            gateway.get(&path(link)).await.1["status"],
            "deactivated",
            "{status}"
        );
        assert_eq!(gateway.click(link).await.status(), 410);
    }
}

async fn a_link_over_for_several_reasons_tells_the_first(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway
        .link(json!({"usage": {"type": "single"}, "expires_at": "2027-01-15T12:01:00Z"}))
        .await;
    let told = async |status: &str| {
        assert_eq!(gateway.get(&path(&link)).await.1["status"], status);
        let request = gateway.request(Method::GET, &format!("/{}", text(&link["slug"])));
        let answer = request
            .header("Accept", "application/json")
            .send()
            .await
            .unwrap();
        problem(answer, 410, &format!("link_{status}")).await;
    };
    assert_eq!(gateway.click(&link).await.status(), 302);
    told("exhausted").await;
    gateway.clock.advance(59_999);
    told("exhausted").await;
    gateway.clock.advance(1);
    told("expired").await;
    act(&gateway, &link, "deactivate").await;
    told("deactivated").await;
}

async fn a_deleted_link_is_gone_here_and_over_at_its_url(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    assert_eq!(gateway.click(&link).await.status(), 302);
    let sessions = gateway.sessions(&link).await;
    let answer = gateway
        .request(Method::DELETE, &format!("/api/v1{}", path(&link)))
        .bearer_auth(&gateway.key)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(answer.text().await.unwrap(), "");
    for (method, below, body) in [
        (Method::GET, "", None),
        (Method::PATCH, "", Some(json!({"name": "N"}))),
        (Method::DELETE, "", None),
        (Method::POST, "/deactivate", None),
        (Method::POST, "/activate", None),
        (Method::GET, "/sessions", None),
    ] {
        let (status, told) = gateway
            .api(method.clone(), &format!("{}{below}", path(&link)), body)
            .await;
        assert_eq!(status, 404, "{method} {below}");
        check_problem(&told, 404);
    }
    assert_eq!(gateway.get("/links").await.1["items"], json!([]));
    let request = gateway.request(Method::GET, &format!("/{}", text(&link["slug"])));
    let answer = request
        .header("Accept", "application/json")
        .send()
        .await
        .unwrap();
    problem(answer, 410, "link_deactivated").await;
    let (status, session) = gateway
        .get(&format!("/sessions/{}", text(&sessions[0]["id"])))
        .await;
    assert_eq!((status, &session["link_id"]), (200, &link["id"]));
}

async fn an_id_that_names_nothing_is_not_found(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"slug": "known-slug"})).await;
    let upper = text(&link["id"]).to_uppercase();
    let plain = text(&link["id"]).replace('-', "");
    for id in [
        "00000000-0000-0000-0000-000000000000",
        "x",
        "known-slug",
        "%00",
        "%F0%9F%98%80",
        "%FF%FE",
        "1",
        "-1",
        "null",
        "'%20OR%201=1",
        "..%2F..",
        &plain,
        &format!("{{{upper}}}"),
        &"a".repeat(5000),
    ] {
        for (method, below) in [
            (Method::GET, ""),
            (Method::DELETE, ""),
            (Method::POST, "/activate"),
            (Method::POST, "/deactivate"),
            (Method::GET, "/sessions"),
        ] {
            let (status, told) = gateway
                .api(method.clone(), &format!("/links/{id}{below}"), None)
                .await;
            assert_eq!(status, 404, "{method} {id}{below}");
            check_problem(&told, 404);
        }
    }
}

fn sorted<const N: usize>(mut names: [&str; N]) -> [&str; N] {
    names.sort_unstable();
    names
}
