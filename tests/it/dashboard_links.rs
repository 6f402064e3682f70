//! Links in the dashboard: found, made with mistakes on the way, shown in words, changed and handed on.

use entrypass::domain::person::Role;
use reqwest::Method;
use serde_json::json;

use crate::dashboard_kit::{Browser, Shown, signed_in};
use crate::harness::gateway::text;
use crate::harness::{Answer, Context, Gateway, tests};

tests!(
    "dashboard_links",
    [
        a_plain_link_takes_a_name_and_a_press,
        every_mistake_is_shown_at_its_field_and_what_was_typed_stays,
        all_options_are_kept_and_told_in_words,
        links_are_found_sorted_and_paged,
        many_links_are_switched_after_they_were_named,
        a_link_is_changed_and_deleted_after_a_second_word,
        two_who_change_a_link_undo_nothing_of_each_other,
        a_form_that_is_sent_twice_makes_one_link,
        what_came_of_a_link_is_told_with_its_reasons,
        the_preview_spends_nothing,
        viewers_look_and_do_not_touch,
    ]
);

const LINKS: &str = "/admin/links";
const NEW: &str = "/admin/links/new";

async fn editor(gateway: &Gateway) -> Browser<'_> {
    signed_in(gateway, "ed@example.com", Role::Editor).await
}

/// What a browser sends for a plain link, and `more`.
async fn create(browser: &mut Browser<'_>, more: &[(&str, &str)]) -> Shown {
    browser.open(NEW).await;
    let plain = [("flow", "document_and_selfie"), ("confirm", "limited")];
    browser.post(NEW, &[&plain, more].concat()).await
}

async fn a_plain_link_takes_a_name_and_a_press(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut ed = editor(&gateway).await;
    let empty = ed.open(LINKS).await;
    assert!(empty.contains("A link lets people verify who they are"));
    let made = create(&mut ed, &[("name", "<script>Fair"), ("usage", "single")]).await;
    assert_eq!(made.status, 303, "{}", made.html);
    let (_, list) = gateway.get("/links").await;
    let link = &list["items"][0];
    assert_eq!(made.location, format!("{LINKS}/{}", text(&link["id"])));
    assert_eq!(link["confirm"], true, "mail scanners open links");
    let page = ed.open(&made.location).await;
    for told in [
        &format!("data-copy=\"{}\"", text(&link["url"])),
        "The link is ready.",
        "&#60;script&#62;Fair</h1>",
        "/qr.svg\"",
        "/poster.pdf",
        "1 left",
        "No sessions yet",
    ] {
        assert!(page.contains(told), "{told}");
    }
    assert!(!page.contains("<script>Fair"));
    let again = ed.open(&format!("{NEW}?like={}", text(&link["id"]))).await;
    assert!(again.contains("value=\"&#60;script&#62;Fair\""));
    create(&mut ed, &[("name", "Open"), ("usage", "unlimited")]).await;
    let (_, list) = gateway.get("/links").await;
    assert_eq!(list["items"][0]["confirm"], false);
    let (_, audit) = gateway.get("/audit").await;
    assert_eq!(audit["items"][0]["action"], "link.created");
    assert_eq!(audit["items"][0]["actor"]["name"], "ed");
}

async fn every_mistake_is_shown_at_its_field_and_what_was_typed_stays(context: Context) {
    let gateway = Gateway::start(&context).await;
    gateway.link(json!({"slug": "taken-1"})).await;
    let mut ed = editor(&gateway).await;
    ed.cookies
        .insert("entrypass-zone".into(), "Europe/Berlin".into());
    let wrong = create(
        &mut ed,
        &[
            ("usage", "multi"),
            ("usage.limit", "many"),
            ("expires_at", "2027-01-15T12:59"),
            ("language", "xx"),
            ("slug", "a b"),
            ("token.country", "DE"),
            ("token.country", "XX"),
            ("token.documents", "PASSPORT"),
            ("token.ageLimit", "old"),
            ("token.successUrl", "http://example.com/<b>"),
            ("token.clientId", "é"),
        ],
    )
    .await;
    assert_eq!(wrong.status, 422);
    for (field, told) in [
        ("name", "Name is required."),
        ("usage.limit", "Number of uses must be a whole number."),
        ("expires_at", "The end must lie ahead."),
        ("language", "Language must be one of"),
        ("slug", "Own address must"),
        ("token.country", "Countries must be"),
        ("token.ageLimit", "Youngest age must be a whole number"),
        (
            "token.successUrl",
            "Return address after success must be a well-formed https",
        ),
        ("token.clientId", "Customer must contain ASCII"),
    ] {
        let place = format!("id=\"{field}-wrong\">{told}");
        assert!(wrong.html.contains(&place), "{place}");
    }
    for kept in [
        "9 fields need another look.",
        "name=\"usage.limit\" type=\"number\" autocomplete=\"off\" value=\"many\"",
        "value=\"2027-01-15T12:59\"",
        "in Europe/Berlin",
        "value=\"http://example.com/&#60;b&#62;\"",
        "value=\"DE\" checked",
        "value=\"PASSPORT\" checked",
        "<details class=\"card more\" open>",
    ] {
        assert!(wrong.html.contains(kept), "{kept}");
    }
    let taken = create(
        &mut ed,
        &[("name", "Mine"), ("usage", "single"), ("slug", "Taken-1")],
    )
    .await;
    assert_eq!(taken.status, 422);
    assert!(taken.html.contains("Own address is taken"));
    // What was typed under "More" is not folded away because of a mistake elsewhere.
    let as_it_was = [
        ("usage", "single"),
        ("slug", ""),
        ("token.min_age", "18"),
        ("token.confidence_threshold", "85"),
    ];
    for (typed, is_open) in [
        (("inactive_message", ""), false),
        (("inactive_message", "Write to us."), true),
        (("resume", "yes"), true),
        (("token.ageLimit", "18"), true),
    ] {
        let mut all = as_it_was.to_vec();
        all.push(typed);
        let wrong = create(&mut ed, &all).await;
        assert!(wrong.html.contains("One field needs another look."));
        let open = wrong.html.contains("<details class=\"card more\" open>");
        assert_eq!(open, is_open, "{typed:?}");
    }
    let (_, list) = gateway.get("/links").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

async fn all_options_are_kept_and_told_in_words(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut ed = editor(&gateway).await;
    ed.cookies
        .insert("entrypass-zone".into(), "Europe/Berlin".into());
    let typed = [
        ("name", "Fair"),
        ("usage", "multi"),
        ("usage.limit", "1000"),
        ("expires_at", "2027-03-01T09:00"),
        ("language", "de"),
        ("slug", "berlin-fair"),
        ("resume", "yes"),
        ("accept_ref", "yes"),
        ("inactive_message", "Over.\r\nThanks"),
        ("token.country", "DE"),
        ("token.country", "AT"),
        ("token.documents", "ID_CARD"),
        ("token.checkAml", "false"),
        ("token.ageLimit", "18"),
        // Of another flow: not sent.
        ("token.min_age", "18"),
    ];
    let made = create(&mut ed, &typed).await;
    assert_eq!(made.status, 303, "{}", made.html);
    let (_, list) = gateway.get("/links").await;
    let link = &list["items"][0];
    assert_eq!(link["usage"]["limit"], 1000);
    assert_eq!(link["expires_at"], "2027-03-01T08:00:00Z");
    assert_eq!(
        (&link["resume"], &link["accept_ref"], &link["confirm"]),
        (&json!(true), &json!(true), &json!(true))
    );
    assert_eq!(link["inactive_message"], "Over.\nThanks");
    assert_eq!(
        link["token"],
        json!({"country": ["DE", "AT"], "documents": ["ID_CARD"], "ageLimit": 18, "checkAml": false})
    );
    let page = ed.open(&made.location).await;
    for told in [
        "1,000 of 1,000 left",
        "1 Mar 2027, 09:00 CET",
        "Deutsch",
        "Germany, Austria",
        "Identity card",
        "Sanctions and politics (AML)</dt><dd>No",
        "Over.\nThanks",
    ] {
        assert!(page.contains(told), "{told}");
    }
    let like = ed.open(&format!("{NEW}?like={}", text(&link["id"]))).await;
    for kept in [
        "value=\"1000\"",
        "value=\"2027-03-01T09:00\"",
        "value=\"AT\" checked",
        "<option value=\"false\" selected>",
        "Over.\nThanks</textarea>",
    ] {
        assert!(like.contains(kept), "{kept}");
    }
    assert!(
        !like.contains("berlin-fair"),
        "an address is given out once"
    );
    let age = [
        ("name", "Age"),
        ("usage", "unlimited"),
        ("flow", "selfie"),
        ("token.min_age", "18"),
        ("token.confidence_threshold", "85.5"),
        ("token.country", "DE"),
    ];
    ed.open(NEW).await;
    assert_eq!(ed.post(NEW, &age).await.status, 303);
    let (_, list) = gateway.get("/links").await;
    assert_eq!(
        list["items"][0]["token"],
        json!({"min_age": 18, "confidence_threshold": 85.5})
    );
}

async fn links_are_found_sorted_and_paged(context: Context) {
    let gateway = Gateway::start(&context).await;
    let links: Vec<_> = (0..120)
        .map(|n| json!({"name": format!("L{:03}", (n * 7) % 120), "usage": {"type": "single"}, "slug": format!("slug-{n}")}))
        .collect();
    gateway.post("/links/bulk", json!({"links": links})).await;
    let mut ed = editor(&gateway).await;
    let names = |page: &str| -> Vec<String> {
        let rows = page.split("<strong>L").skip(1);
        rows.map(|row| row[..3].to_owned()).collect()
    };
    let mut path = format!("{LINKS}?sort=name&status=active");
    let mut found = Vec::new();
    loop {
        let page = ed.open(&path).await;
        found.extend(names(&page));
        let Some((before, _)) = page.split_once("\" rel=\"next\"") else {
            break;
        };
        let next = before.rsplit_once("href=\"").unwrap().1;
        path = next.replace("&#38;", "&");
        assert!(path.contains("sort=name") && path.contains("status=active"));
    }
    let all: Vec<String> = (0..120).map(|n| format!("{n:03}")).collect();
    assert_eq!(found, all);
    assert_eq!(
        names(&ed.open(LINKS).await)[0],
        format!("{:03}", (119 * 7) % 120)
    );
    assert_eq!(names(&ed.open(&format!("{LINKS}?q=l007")).await), ["007"]);
    assert_eq!(
        names(&ed.open(&format!("{LINKS}?q=SLUG-119")).await).len(),
        1
    );
    let none = ed.open(&format!("{LINKS}?q=%3Cscript%3E")).await;
    assert!(none.contains("No link is like that") && none.contains("value=\"&#60;script&#62;\""));
    let none = ed.open(&format!("{LINKS}?status=exhausted")).await;
    assert!(none.contains("No link is like that"));
}

async fn many_links_are_switched_after_they_were_named(context: Context) {
    let gateway = Gateway::start(&context).await;
    let first = gateway.link(json!({"name": "First <b>"})).await;
    let over = gateway
        .link(json!({"name": "Over", "usage": {"type": "single"}}))
        .await;
    gateway.click(&over).await;
    let other = gateway.link(json!({"name": "Other"})).await;
    let mut ed = editor(&gateway).await;
    let (a, b) = (text(&first["id"]), text(&over["id"]));
    // What the list was narrowed by is there again afterwards, and after thinking better of it the ticks, too.
    let list = ed.open(&format!("{LINKS}?q=fi%3Cr&sort=name")).await;
    assert!(list.contains("No link is like that"));
    let list = ed.open(&format!("{LINKS}?q=fir&sort=name")).await;
    assert!(
        list.contains("name=\"back\" value=\"q=fir&#38;sort=name\""),
        "{list}"
    );
    let back = format!("back=q%3Dfir%26sort%3Dname%26//evil&id={a}&to=off");
    let asked = ed.open(&format!("{LINKS}/switch?{back}")).await;
    let cancel = format!("q=fir&#38;sort=name&#38;%2F%2Fevil=&#38;id={a}");
    assert!(
        asked.contains(&format!("href=\"{LINKS}?{cancel}\"")),
        "{asked}"
    );
    let ticked = ed.open(&format!("{LINKS}?q=fir&sort=name&id={a}")).await;
    assert!(ticked.contains(&format!("value=\"{a}\" checked")));
    ed.open(&format!("{LINKS}/switch?{back}&to=on")).await;
    ed.fields.retain(|(name, _)| name != "id");
    assert_eq!(
        ed.post(&format!("{LINKS}/switch"), &[]).await.location,
        format!("{LINKS}?q=fir&sort=name&%2F%2Fevil=")
    );
    let ids = format!("id={a}&id={b}&id=nonsense");
    let asked = ed.open(&format!("{LINKS}/switch?{ids}&to=off")).await;
    assert!(asked.contains("<li>First &#60;b&#62;</li>") && asked.contains("<li>Over</li>"));
    assert!(asked.contains("Deactivate these 2 links</button>"));
    let status = async |id: &str| {
        let (_, link) = gateway.get(&format!("/links/{id}")).await;
        text(&link["status"]).to_owned()
    };
    assert_eq!(status(a).await, "active", "nothing was confirmed yet");
    assert_eq!(
        ed.post(&format!("{LINKS}/switch"), &[]).await.location,
        LINKS
    );
    assert_eq!(
        (&*status(a).await, &*status(b).await),
        ("deactivated", "deactivated")
    );
    assert_eq!(status(text(&other["id"])).await, "active");
    assert!(ed.open(LINKS).await.contains("2 links are off now."));
    ed.open(&format!("{LINKS}/switch?{ids}&to=on")).await;
    ed.post(&format!("{LINKS}/switch"), &[]).await;
    let told = ed.open(LINKS).await;
    assert!(told.contains("1 link is active now. 1 link is expired or used up and stayed so."));
    let none = ed.get(&format!("{LINKS}/switch?to=on")).await;
    assert_eq!((none.status, &*none.location), (303, LINKS));
    let (_, audit) = gateway.get("/audit").await;
    let lines = audit["items"].as_array().unwrap().iter();
    let off = lines.filter(|l| l["action"] == "link.deactivated" && l["actor"]["name"] == "ed");
    assert_eq!(off.count(), 2);
}

async fn a_link_is_changed_and_deleted_after_a_second_word(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"name": "Fair"})).await;
    let own = format!("{LINKS}/{}", text(&link["id"]));
    let mut ed = editor(&gateway).await;
    let edit = format!("{own}/edit");
    ed.open(&edit).await;
    let long = "x".repeat(501);
    let wrong = ed
        .post(&edit, &[("name", " "), ("inactive_message", &long)])
        .await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.html.contains("Name must have") && wrong.html.contains(&long));
    ed.open(&edit).await;
    let typed = [("name", "Fair 2"), ("inactive_message", "Bye <b>")];
    assert_eq!(ed.post(&edit, &typed).await.location, own);
    let (_, now) = gateway.get(&format!("/links/{}", text(&link["id"]))).await;
    assert_eq!(
        (&now["name"], &now["inactive_message"]),
        (&json!("Fair 2"), &json!("Bye <b>"))
    );
    ed.open(&edit).await;
    ed.post(&edit, &[("name", "Fair 2"), ("inactive_message", "")])
        .await;
    let (_, now) = gateway.get(&format!("/links/{}", text(&link["id"]))).await;
    assert_eq!(now["inactive_message"], json!(null));
    for (verb, button, clicked) in [
        ("deactivate", "Deactivate Fair 2", 410),
        ("activate", "Activate Fair 2", 302),
        ("delete", "Delete Fair 2", 410),
    ] {
        let address = format!("{own}/{verb}");
        let asked = ed.open(&address).await;
        assert!(asked.contains(&format!(">{button}</button>")), "{verb}");
        assert_eq!(ed.post(&address, &[]).await.status, 303);
        assert_eq!(gateway.click(&link).await.status(), clicked, "{verb}");
    }
    assert_eq!(ed.get(&own).await.status, 404);
    let used = gateway.link(json!({"usage": {"type": "single"}})).await;
    gateway.click(&used).await;
    let own = format!("{LINKS}/{}", text(&used["id"]));
    for verb in ["deactivate", "activate"] {
        ed.open(&format!("{own}/{verb}")).await;
        ed.post(&format!("{own}/{verb}"), &[]).await;
    }
    assert!(ed.open(&own).await.contains("a link cannot be refilled"));
    let (_, audit) = gateway.get("/audit").await;
    let lines = audit["items"].as_array().unwrap().iter();
    let of_ed: Vec<_> = lines
        .filter(|l| l["actor"]["name"] == "ed" && l["object"]["id"] == link["id"])
        .map(|l| text(&l["action"]))
        .collect();
    assert_eq!(
        of_ed,
        [
            "link.deleted",
            "link.activated",
            "link.deactivated",
            "link.updated",
            "link.updated"
        ]
    );
}

async fn two_who_change_a_link_undo_nothing_of_each_other(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"name": "Fair"})).await;
    let api = format!("/links/{}", text(&link["id"]));
    let edit = format!("{LINKS}/{}/edit", text(&link["id"]));
    let mut ed = editor(&gateway).await;
    // A colleague changes the one, she the other.
    ed.open(&edit).await;
    let (status, _) = gateway
        .api(
            Method::PATCH,
            &api,
            Some(json!({"inactive_message": "Over\nand out"})),
        )
        .await;
    assert_eq!(status, 200);
    let typed = [("name", "Fair 2"), ("inactive_message", "")];
    assert_eq!(ed.post(&edit, &typed).await.status, 303);
    let (_, now) = gateway.get(&api).await;
    let both = (&now["name"], &now["inactive_message"]);
    assert_eq!(both, (&json!("Fair 2"), &json!("Over\nand out")));
    // Both the same: she is told, and does it knowingly then.
    ed.open(&edit).await;
    let theirs = Some(json!({"name": "Fair 3"}));
    gateway.api(Method::PATCH, &api, theirs).await;
    let typed = [("name", "Mine"), ("inactive_message", "Over\r\nand out")];
    let told = ed.post(&edit, &typed).await;
    assert_eq!(told.status, 422);
    let why = "Name was changed meanwhile, to Fair 3.";
    assert!(told.html.contains(why) && told.html.contains("value=\"Mine\""));
    assert_eq!(ed.post(&edit, &typed).await.status, 303);
    let (_, now) = gateway.get(&api).await;
    let both = (&now["name"], &now["inactive_message"]);
    assert_eq!(both, (&json!("Mine"), &json!("Over\nand out")));
}

async fn a_form_that_is_sent_twice_makes_one_link(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut ed = editor(&gateway).await;
    let typed = [
        ("name", "Fair"),
        ("usage", "single"),
        ("flow", "document_and_selfie"),
        ("confirm", "limited"),
    ];
    ed.open(NEW).await;
    let first = ed.post(NEW, &typed).await;
    let again = ed.post(NEW, &typed).await;
    assert_eq!((first.status, again.status), (303, 303), "{}", again.html);
    assert_eq!(first.location, again.location);
    let (_, list) = gateway.get("/links").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    // Another form makes another.
    ed.open(NEW).await;
    assert_ne!(ed.post(NEW, &typed).await.location, first.location);
}

async fn what_came_of_a_link_is_told_with_its_reasons(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let link = gateway
        .link(json!({"usage": {"type": "multi", "limit": 9}, "token": {"externalRef": "a,b"}}))
        .await;
    gateway.click(&link).await;
    gateway
        .request(Method::HEAD, &format!("/{}", text(&link["slug"])))
        .send()
        .await
        .unwrap();
    gateway.idenfy.answer(Answer::Raw(400, "", "{}".into()));
    assert_eq!(gateway.click(&link).await.status(), 503);
    gateway.state.store.flush().await.unwrap();
    let mut ed = editor(&gateway).await;
    let own = format!("{LINKS}/{}", text(&link["id"]));
    let page = ed.open(&own).await;
    for told in [
        "8 of 9 left",
        "Spent: 1</dt>",
        "Given back: 1</dt><dd>iDenfy refused what the link asks for.",
        "Ignored: 1</dt><dd>Only asked.",
        "<th scope=\"row\">2027-01-15</th>",
    ] {
        assert!(page.contains(told), "{told}");
    }
    let sessions = gateway.sessions(&link).await;
    for session in &sessions {
        assert!(page.contains(&format!("/admin/sessions/{}", text(&session["id"]))));
    }
    let table = ed
        .get(&format!("/admin/sessions.csv?link={}", text(&link["id"])))
        .await;
    assert_eq!(table.html.lines().count(), 3, "{}", table.html);
    assert!(table.html.contains(text(&sessions[0]["id"])) && table.html.contains("\"a,b\""));
}

async fn the_preview_spends_nothing(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway
        .link(json!({"confirm": true, "language": "de", "usage": {"type": "single"}, "inactive_message": "Vorbei"}))
        .await;
    let own = format!("{LINKS}/{}", text(&link["id"]));
    let mut ed = editor(&gateway).await;
    let preview = format!("{own}/preview");
    let page = ed.open(&preview).await;
    assert!(page.contains("<html lang=\"de\"") && page.contains("<form method=\"post\""));
    assert_eq!(ed.post(&preview, &[]).await.location, own);
    assert!(ed.open(&own).await.contains("no use was spent"));
    assert_eq!(gateway.used(&link).await, 0);
    assert!(gateway.sessions(&link).await.is_empty());
    gateway
        .post(
            &format!("/links/{}/deactivate", text(&link["id"])),
            json!({}),
        )
        .await;
    assert!(ed.open(&preview).await.contains("Vorbei"));
}

async fn viewers_look_and_do_not_touch(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"name": "Fair"})).await;
    let own = format!("{LINKS}/{}", text(&link["id"]));
    let mut vi = signed_in(&gateway, "vi@example.com", Role::Viewer).await;
    let list = vi.open(LINKS).await;
    assert!(list.contains("Fair") && !list.contains("New link") && !list.contains("checkbox"));
    let page = vi.open(&own).await;
    for hidden in ["Edit", "Deactivate", "Delete", "another like this"] {
        assert!(!page.contains(hidden), "{hidden}");
    }
    for path in ["new", "switch"].map(|rest| format!("{LINKS}/{rest}")) {
        assert_eq!(vi.get(&path).await.status, 403, "{path}");
        assert_eq!(vi.post(&path, &[]).await.status, 403, "{path}");
    }
    for rest in ["edit", "activate", "deactivate", "delete"] {
        let path = format!("{own}/{rest}");
        assert_eq!(vi.get(&path).await.status, 403, "{path}");
        assert_eq!(vi.post(&path, &[]).await.status, 403, "{path}");
    }
    let mut ed = editor(&gateway).await;
    ed.fields.clear();
    for rest in ["delete", "edit", "share"] {
        let path = format!("{own}/{rest}");
        assert_eq!(ed.post(&path, &[]).await.status, 403, "no token: {path}");
    }
    assert_eq!(ed.get(&format!("{LINKS}/nonsense")).await.status, 404);
}
