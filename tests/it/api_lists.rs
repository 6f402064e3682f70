//! Lists: what narrows them, and page after page of them.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::api_links::{act, path};
use crate::api_support::{check_problem, fields};
use crate::harness::gateway::text;
use crate::harness::{Answer, Context, Gateway, tests};

tests!(
    "api_lists",
    [
        a_list_is_narrowed_by_status_text_and_slug,
        wildcards_in_a_search_are_plain_text,
        paging_shows_each_link_once_newest_first,
        bad_parameters_of_a_list_are_named,
        sessions_of_a_link_are_listed_by_status_and_page,
    ]
);

async fn a_list_is_narrowed_by_status_text_and_slug(context: Context) {
    let gateway = Gateway::start(&context).await;
    let of = |name: &str, slug: &str, more: Value| {
        let mut wanted = more;
        wanted["name"] = json!(name);
        wanted["slug"] = json!(slug);
        wanted
    };
    gateway
        .link(of("Berlin fair", "one-active", json!({})))
        .await;
    let off = gateway.link(of("Old fair", "berlin-off", json!({}))).await;
    let until = json!({"expires_at": "2027-01-15T12:01:00Z"});
    gateway.link(of("München Ä", "gone-by", until)).await;
    let spent = gateway
        .link(of("Spent", "spent-1", json!({"usage": {"type": "single"}})))
        .await;
    act(&gateway, &off, "deactivate").await;
    assert_eq!(gateway.click(&spent).await.status(), 302);
    gateway.clock.advance(60_000);
    for (query, slugs) in [
        ("", &["spent-1", "gone-by", "berlin-off", "one-active"][..]),
        (
            "status=&q=&slug=&limit=&cursor=",
            &["spent-1", "gone-by", "berlin-off", "one-active"],
        ),
        ("status=active", &["one-active"]),
        ("status=deactivated", &["berlin-off"]),
        ("status=expired", &["gone-by"]),
        ("status=exhausted", &["spent-1"]),
        ("status=nobody-has-it", &[]),
        ("status=%F0%9F%98%80", &[]),
        ("q=BERLIN", &["berlin-off", "one-active"]),
        ("q=berlin+fair", &["one-active"]),
        ("q=%C3%84", &["gone-by"]),
        ("q=M%C3%BCnchen", &["gone-by"]),
        ("q=spent-1", &["spent-1"]),
        ("q=zzz", &[]),
        ("q=berlin&status=active", &["one-active"]),
        ("slug=gone-by", &["gone-by"]),
        ("slug=GONE-BY", &["gone-by"]),
        ("slug=gone", &[]),
        ("slug=a%20b", &[]),
        ("slug=gone-by&q=berlin", &[]),
    ] {
        assert_eq!(slugs_of(&gateway, query).await, slugs, "{query}");
    }
}

async fn wildcards_in_a_search_are_plain_text(context: Context) {
    let gateway = Gateway::start(&context).await;
    for (name, slug) in [
        ("50% off", "percent"),
        ("500 off", "number"),
        ("a_b", "under"),
        ("axb", "letter"),
        ("wow!", "bang"),
        ("back\\slash", "slash"),
        ("it's", "quote"),
    ] {
        gateway.link(json!({"name": name, "slug": slug})).await;
    }
    for (q, slugs) in [
        ("50%25", &["percent"][..]),
        ("%25", &["percent"]),
        ("a_b", &["under"]),
        ("_", &["under"]),
        ("!", &["bang"]),
        ("!%25", &[]),
        ("%5C", &["slash"]),
        ("'", &["quote"]),
        ("%25off%25", &[]),
        ("*", &[]),
    ] {
        assert_eq!(slugs_of(&gateway, &format!("q={q}")).await, slugs, "{q}");
    }
}

async fn paging_shows_each_link_once_newest_first(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut made = Vec::new();
    for n in 0..130 {
        if n % 40 == 0 {
            gateway.clock.advance(1);
        }
        made.push(gateway.link(json!({"name": format!("Link {n}")})).await["id"].clone());
    }
    made.reverse();
    let (mut seen, mut sizes, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let (status, page) = gateway.get(&format!("/links?limit=50{cursor}")).await;
        assert_eq!(status, 200);
        let items = page["items"].as_array().unwrap();
        sizes.push(items.len());
        seen.extend(items.iter().map(|link| link["id"].clone()));
        // What is made meanwhile is newer than what is still to be shown.
        gateway.link(json!({"name": "meanwhile"})).await;
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(sizes, [50, 50, 30]);
    assert_eq!(seen, made);
    let whole = gateway.get("/links?limit=200").await.1;
    assert_eq!(
        (
            whole["items"].as_array().unwrap().len(),
            &whole["next_cursor"]
        ),
        (133, &json!(null))
    );
    assert_eq!(
        gateway.get("/links").await.1["items"]
            .as_array()
            .unwrap()
            .len(),
        50
    );
    let exact = gateway.get("/links?limit=13&q=Link+1").await.1;
    let distinct: HashSet<String> = exact["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(distinct.len(), 13);
    let all = gateway.get("/links?limit=41&q=Link+1").await.1;
    assert_eq!(
        (all["items"].as_array().unwrap().len(), &all["next_cursor"]),
        (41, &json!(null))
    );
}

async fn bad_parameters_of_a_list_are_named(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    let of_link = format!("{}/sessions", path(&link));
    for list in ["/links", "/sessions", "/keys", &of_link] {
        for (query, field) in [
            ("limit=0", "limit"),
            ("limit=201", "limit"),
            ("limit=-1", "limit"),
            ("limit=x", "limit"),
            ("limit=1.5", "limit"),
            ("limit=99999999999999999999", "limit"),
            ("limit=%00", "limit"),
            ("cursor=x", "cursor"),
            ("cursor=%F0%9F%98%80", "cursor"),
            ("cursor=0", "cursor"),
            ("bogus=1", "bogus"),
            ("Limit=5", "Limit"),
            ("offset=5", "offset"),
            ("=5", ""),
            ("%00=5", "\0"),
        ] {
            let (status, told) = gateway.get(&format!("{list}?{query}")).await;
            assert_eq!(
                (status, fields(&told)),
                (422, vec![field]),
                "{list}?{query}: {told}"
            );
            check_problem(&told, 422);
        }
        let (_, told) = gateway
            .get(&format!("{list}?limit=0&cursor=x&bogus=1"))
            .await;
        assert_eq!(fields(&told), ["bogus", "cursor", "limit"]);
    }
    for (query, field) in [
        ("/links?q=%00", "q"),
        ("/links?status=a%0Ab", "status"),
        ("/links?slug=%7F", "slug"),
        ("/sessions?status=%00", "status"),
        ("/sessions?client_id=%00", "client_id"),
        ("/sessions?link_id=x", "link_id"),
    ] {
        let (status, told) = gateway.get(query).await;
        assert_eq!((status, fields(&told)), (422, vec![field]), "{query}");
    }
}

async fn sessions_of_a_link_are_listed_by_status_and_page(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let (link, other) = (gateway.link(json!({})).await, gateway.link(json!({})).await);
    for _ in 0..3 {
        assert_eq!(gateway.click(&link).await.status(), 302);
    }
    assert_eq!(gateway.click(&other).await.status(), 302);
    gateway.idenfy.answer(Answer::Raw(402, "", "{}".to_owned()));
    assert_eq!(gateway.click(&link).await.status(), 503);
    let list = async |query: &str| {
        let (status, list) = gateway
            .get(&format!("{}/sessions?{query}", path(&link)))
            .await;
        assert_eq!(status, 200, "{list}");
        list
    };
    let all = list("").await;
    let items = all["items"].as_array().unwrap();
    assert_eq!(items.len(), 4);
    assert_eq!(items[0]["status"], "failed");
    assert!(items.iter().all(|session| session["link_id"] == link["id"]));
    assert_eq!(
        list("status=active").await["items"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(list("status=failed").await["items"], json!([items[0]]));
    assert_eq!(list("status=nobody").await["items"], json!([]));
    let first = list("limit=3").await;
    let rest = list(&format!("limit=3&cursor={}", text(&first["next_cursor"]))).await;
    assert_eq!(rest, json!({"items": [items[3]], "next_cursor": null}));
    assert_eq!(first["items"], json!(items[..3]));
}

async fn slugs_of(gateway: &Gateway, query: &str) -> Vec<String> {
    let (status, list) = gateway.get(&format!("/links?{query}")).await;
    assert_eq!(status, 200, "{query}: {list}");
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|link| text(&link["slug"]).to_owned())
        .collect()
}
