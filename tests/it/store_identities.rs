//! People who sign in by an identity provider, and what else the pages of the settings read and change.

use entrypass::domain::audit::Actor;
use entrypass::domain::event::EventType;
use entrypass::domain::id::{EndpointId, KeyId, PersonId};
use entrypass::domain::person::{Person, Role};
use entrypass::domain::scope::Scope;
use entrypass::domain::secret::Secret;
use entrypass::store::audit::AuditFilter;
use entrypass::store::endpoints::{Endpoint, PayloadKind};
use entrypass::store::identities::Removed;
use entrypass::store::keys::ApiKey;
use entrypass::store::people::PeopleRefusal;

use crate::harness::{Context, tests};
use crate::store_kit::Kit;

tests!(
    "store_identities",
    [
        a_person_is_found_by_issuer_and_subject,
        an_endpoint_is_changed_and_switched_off,
        who_made_a_key_is_known,
    ]
);

fn person(kit: &Kit, email: &str, role: Role) -> Person {
    Person {
        id: PersonId::new(kit.clock.uuid()),
        email: email.to_owned(),
        name: "Eve".to_owned(),
        role,
        has_second_factor: false,
        created_at: kit.now(),
        last_login_at: None,
    }
}

async fn a_person_is_found_by_issuer_and_subject(context: Context) {
    let kit = Kit::open(&context).await;
    let sign_in = async |issuer: &str, subject: &str, person: &Person| {
        kit.store
            .person_of_identity(issuer, subject, person)
            .await
            .unwrap()
    };
    let eve = person(&kit, "eve@example.com", Role::Administrator);
    assert_eq!(sign_in("https://a", "1", &eve).await, Ok(eve.id));
    let later = person(&kit, "other@example.com", Role::Viewer);
    assert_eq!(sign_in("https://a", "1", &later).await, Ok(eve.id));
    let now = kit.store.person(eve.id).await.unwrap().unwrap();
    assert_eq!(
        (now.role, now.email.as_str()),
        (Role::Viewer, "eve@example.com")
    );
    // Another subject, or another issuer's, is somebody else, who needs an email of his own.
    let taken = person(&kit, "EVE@example.com", Role::Viewer);
    assert_eq!(
        sign_in("https://a", "2", &taken).await,
        Err(PeopleRefusal::EmailTaken)
    );
    assert_eq!(sign_in("https://b", "1", &later).await, Ok(later.id));
    assert_eq!(kit.store.people(None, 10).await.unwrap().len(), 2);

    assert!(kit.store.has_identity(eve.id).await.unwrap());
    assert!(!kit.store.set_password(eve.id, "hash", false).await.unwrap());
    kit.store
        .end_sessions_of_identity("https://a", "1")
        .await
        .unwrap();
    // Removed, she is kept out until somebody lets her in again; then it is another account.
    assert_eq!(kit.store.removed_identities().await.unwrap(), []);
    assert!(!kit.store.let_in_again(eve.id).await.unwrap());
    let hers = Actor::Person {
        id: eve.id,
        name: "Eve".to_owned(),
    };
    let acting = kit.store.acting(&kit.clock, hers, None);
    acting.rename_person(eve.id, "Eva").await.unwrap();
    assert_eq!(kit.store.delete_person(eve.id).await.unwrap(), Ok(()));
    let back = person(&kit, "eve@example.com", Role::Viewer);
    let removed = Err(PeopleRefusal::Removed);
    assert_eq!(sign_in("https://a", "1", &back).await, removed);
    let kept_out = Removed {
        id: eve.id,
        subject: "1".to_owned(),
        name: Some("Eve".to_owned()),
    };
    assert_eq!(kit.store.removed_identities().await.unwrap(), [kept_out]);
    assert!(kit.store.let_in_again(eve.id).await.unwrap());
    assert_eq!(sign_in("https://a", "1", &back).await, Ok(back.id));
}

async fn an_endpoint_is_changed_and_switched_off(context: Context) {
    let kit = Kit::open(&context).await;
    let endpoint = Endpoint {
        id: EndpointId::new(kit.clock.uuid()),
        url: Secret::new("https://example.com/a"),
        events: vec![EventType::SessionFinished],
        payload: PayloadKind::Verdict,
        secret: Secret::new("whsec_a"),
        previous: None,
        handed_to: 0,
        created_at: kit.now(),
        failing_since: None,
        disabled: None,
    };
    assert!(kit.store.insert_endpoint(&endpoint).await.unwrap());
    assert!(!kit.store.insert_endpoint(&endpoint).await.unwrap());
    let url = Secret::new("https://example.com/b");
    let events = [EventType::LinkExpired, EventType::LinkExhausted];
    let change = async |id| {
        kit.store
            .update_endpoint(id, &url, &events, PayloadKind::Full)
            .await
    };
    assert!(change(endpoint.id).await.unwrap());
    assert!(!change(EndpointId::new(kit.clock.uuid())).await.unwrap());
    let now = kit.store.endpoint(endpoint.id).await.unwrap().unwrap();
    assert_eq!(
        (&now.url, &now.events[..], now.payload),
        (&url, &events[..], PayloadKind::Full)
    );
    assert!(
        kit.store
            .disable_endpoint(endpoint.id, kit.now())
            .await
            .unwrap()
    );
    assert!(
        !kit.store
            .disable_endpoint(endpoint.id, kit.now())
            .await
            .unwrap()
    );
    let off = kit.store.endpoint(endpoint.id).await.unwrap().unwrap();
    assert_eq!(off.disabled, Some((kit.now(), "manual".to_owned())));
}

async fn who_made_a_key_is_known(context: Context) {
    let kit = Kit::open(&context).await;
    let id = PersonId::new(kit.clock.uuid());
    let name = "Ana".to_owned();
    let ana = kit
        .store
        .acting(&kit.clock, Actor::Person { id, name }, None);
    let mut ids = Vec::new();
    for store in [&ana, &kit.store] {
        let id = KeyId::new(kit.clock.uuid());
        let (key, text) = ApiKey::generate(id, "key".into(), vec![Scope::Read], kit.now(), None);
        store.insert_key(&key, &text).await.unwrap();
        ids.push(id);
    }
    let mut makers = kit.store.key_makers(&ids).await.unwrap();
    makers.sort_by(|(_, a), (_, b)| a.cmp(b));
    let expected = [(ids[0], "Ana".to_owned()), (ids[1], "system".to_owned())];
    assert_eq!(makers, expected);
    assert_eq!(
        kit.store.key_makers(&ids[..1]).await.unwrap(),
        expected[..1]
    );
    // And the log is found by a person's id.
    let hers = AuditFilter {
        actor: Some(id.to_string()),
        limit: 10,
        ..AuditFilter::default()
    };
    assert_eq!(kit.store.audit_log(&hers).await.unwrap().len(), 1);
}
