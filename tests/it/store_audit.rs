//! The audit log: a line with each change, and no way to take one back.

use std::net::IpAddr;

use entrypass::domain::audit::{Action, Actor};
use entrypass::domain::id::{KeyId, SessionId};
use entrypass::domain::scope::Scope;
use entrypass::domain::usage::Usage;
use entrypass::store::audit::{AuditFilter, AuditLine};
use entrypass::store::keys::ApiKey;

use crate::harness::{Context, tests};
use crate::store_kit::Kit;

tests!(
    "store_audit",
    [
        every_change_is_noted_with_who_and_from_where,
        what_changes_nothing_is_not_noted,
        lines_are_found_by_every_filter_newest_first,
        no_line_is_changed_or_taken_away,
    ]
);

async fn log(kit: &Kit, filter: AuditFilter) -> Vec<AuditLine> {
    let limit = if filter.limit == 0 { 100 } else { filter.limit };
    let filter = AuditFilter { limit, ..filter };
    kit.store.audit_log(&filter).await.unwrap()
}

fn actions(lines: &[AuditLine]) -> Vec<&str> {
    lines.iter().map(|line| line.action.as_str()).collect()
}

async fn every_change_is_noted_with_who_and_from_where(context: Context) {
    let kit = Kit::open(&context).await;
    let id = KeyId::new(kit.clock.uuid());
    let name = "shop".to_owned();
    let address: IpAddr = "192.0.2.7".parse().unwrap();
    let actor = Actor::Key {
        id,
        name: name.clone(),
    };
    let store = kit.store.acting(&kit.clock, actor, Some(address));
    let link = kit.new_link(Usage::Single);
    let link_id = link.terms.id;
    let kept = store.insert_links(std::slice::from_ref(&link)).await;
    assert_eq!(kept.unwrap(), Ok(()));
    store
        .update_link(link_id, Some("B"), Some(None))
        .await
        .unwrap();
    store.deactivate_link(link_id, kit.now()).await.unwrap();
    store.activate_link(link_id, kit.now()).await.unwrap();
    let session = kit.spend(&link).await.id;
    store.erase_session(session, kit.now()).await.unwrap();
    store.delete_link(link_id, kit.now()).await.unwrap();
    let (key, text) = ApiKey::generate(id, name, vec![Scope::Read], kit.now(), None);
    store.insert_key(&key, &text).await.unwrap();
    store.revoke_key(id, kit.now()).await.unwrap();
    store
        .note_act(Action::SessionStarted, session)
        .await
        .unwrap();
    let lines = log(&kit, AuditFilter::default()).await;
    assert_eq!(
        actions(&lines),
        [
            "session.started",
            "key.revoked",
            "key.created",
            "link.deleted",
            "session.erased",
            "link.activated",
            "link.deactivated",
            "link.updated",
            "link.created"
        ]
    );
    let details: Vec<_> = lines
        .iter()
        .rev()
        .filter_map(|l| l.detail.as_deref())
        .collect();
    assert_eq!(details, ["A link", "name, inactive_message", "shop (read)"]);
    for line in &lines {
        let (kind, _) = line.action.split_once('.').unwrap();
        let object = match kind {
            "link" => link_id.to_string(),
            "session" => session.to_string(),
            _ => id.to_string(),
        };
        assert_eq!(
            (line.object_kind.as_str(), line.object_id.as_ref()),
            (kind, Some(&object))
        );
        assert_eq!(
            (line.actor_kind.as_str(), line.actor_id.clone()),
            ("key", Some(id.to_string()))
        );
        assert_eq!(line.actor_name.as_deref(), Some("shop"));
        assert_eq!(line.address.as_deref(), Some("192.0.2.7"));
        assert_eq!(line.at, kit.now());
    }
}

async fn what_changes_nothing_is_not_noted(context: Context) {
    let kit = Kit::open(&context).await;
    let taken = kit.keep_new(Usage::Single).await;
    let mut link = kit.new_link(Usage::Single);
    link.terms.slug = taken.terms.slug.clone();
    let (unknown, now) = (link.terms.id, kit.now());
    let free = kit.new_link(Usage::Single);
    assert_eq!(kit.store.insert_links(&[free, link]).await.unwrap(), Err(1));
    assert!(!kit.store.delete_link(unknown, now).await.unwrap());
    assert!(!kit.store.deactivate_link(unknown, now).await.unwrap());
    assert!(
        !kit.store
            .update_link(unknown, Some("B"), None)
            .await
            .unwrap()
    );
    kit.store.activate_link(unknown, now).await.unwrap();
    let session = SessionId::new(kit.clock.uuid());
    assert!(!kit.store.erase_session(session, now).await.unwrap());
    let key = KeyId::new(kit.clock.uuid());
    assert!(!kit.store.revoke_key(key, now).await.unwrap());
    let lines = log(&kit, AuditFilter::default()).await;
    assert_eq!(actions(&lines), ["link.created"]);
    assert_eq!(lines[0].actor_kind, "system");
}

async fn lines_are_found_by_every_filter_newest_first(context: Context) {
    let kit = Kit::open(&context).await;
    let command = kit.store.acting(&kit.clock, Actor::Command, None);
    let system = kit.store.acting(&kit.clock, Actor::System, None);
    let start = kit.now();
    let ids: Vec<SessionId> = (0..3).map(|_| SessionId::new(kit.clock.uuid())).collect();
    for id in &ids {
        command.note_act(Action::SessionStarted, id).await.unwrap();
        kit.clock.advance(1000);
        system.note_act(Action::SessionErased, id).await.unwrap();
    }
    let find = async |filter: AuditFilter| log(&kit, filter).await;
    let all = find(AuditFilter::default()).await;
    assert_eq!(all.len(), 6);
    assert!(all.is_sorted_by(|a, b| a.id > b.id && a.at >= b.at));
    let of_command = AuditFilter {
        actor: Some("command".into()),
        ..AuditFilter::default()
    };
    assert_eq!(find(of_command).await.len(), 3);
    let erased = AuditFilter {
        action: Some("session.erased".into()),
        ..AuditFilter::default()
    };
    assert_eq!(find(erased).await.len(), 3);
    let of_one = AuditFilter {
        object_id: Some(ids[1].to_string()),
        ..AuditFilter::default()
    };
    let of_one = find(of_one).await;
    assert_eq!(actions(&of_one), ["session.erased", "session.started"]);
    // From one time on, up to another, which is not in it.
    for (from, to, found) in [(0, 3001, 6), (1000, 2000, 2), (1001, 2000, 0), (0, 1000, 1)] {
        let filter = AuditFilter {
            from: Some(start.plus_millis(from)),
            to: Some(start.plus_millis(to)),
            ..AuditFilter::default()
        };
        assert_eq!(find(filter).await.len(), found, "{from} {to}");
    }
    let page = AuditFilter {
        before: Some(all[1].id),
        limit: 2,
        ..AuditFilter::default()
    };
    assert_eq!(find(page).await, all[2..4]);
}

async fn no_line_is_changed_or_taken_away(context: Context) {
    let kit = Kit::open(&context).await;
    kit.keep_new(Usage::Single).await;
    for attempt in [
        "UPDATE audit_log SET action = 'nothing'",
        "DELETE FROM audit_log",
    ] {
        let refused = kit.database.execute(attempt).await.unwrap_err();
        assert!(refused.to_string().contains("only added to"), "{refused}");
    }
    assert_eq!(log(&kit, AuditFilter::default()).await.len(), 1);
}
