//! People, what opens their door, and the browsers they are signed in with.

use entrypass::domain::id::{BrowserSessionId, PersonId};
use entrypass::domain::person::{Person, Role};
use entrypass::domain::secret::Secret;
use entrypass::store::audit::AuditFilter;
use entrypass::store::browser_sessions::{BrowserSession, IDLE_MS, LIFE_MS};
use entrypass::store::people::PeopleRefusal;
use futures_util::future::join;

use crate::harness::{Context, tests};
use crate::store_kit::Kit;

tests!(
    "store_people",
    [
        people_are_kept_found_and_changed,
        two_administrators_cannot_remove_each_other,
        a_code_is_taken_once,
        the_first_person_is_made_once,
        a_browser_is_signed_in_until_it_is_over,
        a_sign_in_under_way_ends_with_the_password,
        a_new_name_keeps_the_role_and_a_new_role_is_told,
    ]
);

async fn person(kit: &Kit, email: &str, role: Role) -> Person {
    let person = Person {
        id: PersonId::new(kit.clock.uuid()),
        email: email.to_owned(),
        name: "A person".to_owned(),
        role,
        has_second_factor: false,
        created_at: kit.now(),
        last_login_at: None,
    };
    let kept = kit.store.insert_person(&person, Some("hash")).await;
    assert_eq!(kept.unwrap(), Ok(()));
    person
}

fn session(kit: &Kit, of: &Person) -> BrowserSession {
    BrowserSession {
        id: BrowserSessionId::new(kit.clock.uuid()),
        person_id: of.id,
        created_at: kit.now(),
        last_seen_at: kit.now(),
        ends_at: kit.now().plus_millis(LIFE_MS),
        address: "192.0.2.1".into(),
        user_agent: "Browser".into(),
    }
}

async fn people_are_kept_found_and_changed(context: Context) {
    let kit = Kit::open(&context).await;
    let ana = person(&kit, "Ana@Example.com", Role::Administrator).await;
    let bo = person(&kit, "bo@example.com", Role::Viewer).await;
    let mut again = bo.clone();
    again.id = PersonId::new(kit.clock.uuid());
    again.email = "ANA@example.com".into();
    let refused = kit.store.insert_person(&again, None).await.unwrap();
    assert_eq!(refused, Err(PeopleRefusal::EmailTaken));
    assert_eq!(
        kit.store.people(None, 9).await.unwrap(),
        [bo.clone(), ana.clone()]
    );
    assert_eq!(
        kit.store.people(Some(bo.id), 9).await.unwrap(),
        std::slice::from_ref(&ana)
    );
    assert_eq!(kit.store.person(bo.id).await.unwrap(), Some(bo.clone()));
    let found = kit.store.person_of_email(" ana@EXAMPLE.com").await.unwrap();
    assert_eq!(found, Some(ana.clone()));
    assert_eq!(
        kit.store
            .update_person(bo.id, (&bo.name, bo.role), ("Bo", Role::Editor))
            .await
            .unwrap(),
        Ok(())
    );
    // Of an old form what was left alone counts for nothing, and the rest is refused.
    let stale = (&*bo.name, bo.role);
    for (wanted, done) in [
        (stale, Ok(())),
        (("Bob", bo.role), Err(PeopleRefusal::ChangedMeanwhile)),
        (
            (&*bo.name, Role::Administrator),
            Err(PeopleRefusal::ChangedMeanwhile),
        ),
        ((&*bo.name, Role::Editor), Ok(())),
    ] {
        let told = kit.store.update_person(bo.id, stale, wanted).await;
        assert_eq!(told.unwrap(), done, "{wanted:?}");
    }
    let changed = kit.store.person(bo.id).await.unwrap().unwrap();
    assert_eq!((&*changed.name, changed.role), ("Bo", Role::Editor));
    let last = Err(PeopleRefusal::LastAdministrator);
    assert_eq!(
        kit.store
            .update_person(ana.id, (&ana.name, ana.role), ("Ana", Role::Viewer))
            .await
            .unwrap(),
        last
    );
    assert_eq!(kit.store.delete_person(ana.id).await.unwrap(), last);
    assert_eq!(kit.store.delete_person(bo.id).await.unwrap(), Ok(()));
    let unknown = Err(PeopleRefusal::Unknown);
    assert_eq!(kit.store.delete_person(bo.id).await.unwrap(), unknown);
    assert_eq!(kit.store.person(bo.id).await.unwrap(), None);
}

async fn two_administrators_cannot_remove_each_other(context: Context) {
    let kit = Kit::open(&context).await;
    for round in 0..5 {
        let (one, two) = (format!("a{round}@x"), format!("b{round}@x"));
        let (one, two) = (
            person(&kit, &one, Role::Administrator).await,
            person(&kit, &two, Role::Administrator).await,
        );
        if let Some(before) = kit.store.people(None, 9).await.unwrap().get(2) {
            assert_eq!(kit.store.delete_person(before.id).await.unwrap(), Ok(()));
        }
        let both = join(
            kit.store.delete_person(one.id),
            kit.store.delete_person(two.id),
        )
        .await;
        let (a, b) = (both.0.unwrap(), both.1.unwrap());
        assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    }
}

async fn a_code_is_taken_once(context: Context) {
    let kit = Kit::open(&context).await;
    let ana = person(&kit, "ana@example.com", Role::Viewer).await;
    let codes = [Secret::new("one"), Secret::new("two")];
    let secret = Secret::new("SECRET");
    kit.store
        .set_second_factor(ana.id, &secret, 7, &codes)
        .await
        .unwrap();
    let lock = kit
        .store
        .lock_of_email("ANA@example.com")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (lock.password_hash.as_deref(), lock.totp_secret.as_deref()),
        (Some("hash"), Some("SECRET"))
    );
    for (step, taken) in [(6, false), (7, false), (8, true), (8, false)] {
        assert_eq!(
            kit.store.take_totp_step(ana.id, step).await.unwrap(),
            taken,
            "{step}"
        );
    }
    for (code, taken) in [("one", true), ("one", false), ("three", false)] {
        let code = Secret::new(code);
        assert_eq!(
            kit.store.take_recovery_code(ana.id, &code).await.unwrap(),
            taken
        );
    }
    assert_eq!(kit.store.recovery_codes_left(ana.id).await.unwrap(), 1);
    let again = kit.store.set_second_factor(ana.id, &secret, 8, &codes);
    assert!(!again.await.unwrap(), "the form was sent again");
    assert_eq!(kit.store.recovery_codes_left(ana.id).await.unwrap(), 1);
    let before = kit.store.mark_of_recovery_codes(ana.id).await.unwrap();
    for (code, is_first) in [("three", true), ("four", false)] {
        let fresh = [Secret::new(code)];
        let renewed = kit.store.renew_recovery_codes(ana.id, &before, &fresh);
        assert_eq!(renewed.await.unwrap(), is_first);
    }
    for (code, taken) in [("two", false), ("four", false), ("three", true)] {
        let code = Secret::new(code);
        let used = kit.store.take_recovery_code(ana.id, &code).await;
        assert_eq!(used.unwrap(), taken);
    }
    assert!(kit.store.drop_second_factor(ana.id).await.unwrap());
    let before = kit.store.mark_of_recovery_codes(ana.id).await.unwrap();
    let renewed = kit.store.renew_recovery_codes(ana.id, &before, &codes);
    assert!(!renewed.await.unwrap());
    assert_eq!(kit.store.recovery_codes_left(ana.id).await.unwrap(), 0);
    assert!(!kit.store.drop_second_factor(ana.id).await.unwrap());
    kit.store
        .set_second_factor(ana.id, &secret, 7, &codes)
        .await
        .unwrap();
    assert!(kit.store.set_password(ana.id, "other", true).await.unwrap());
    let lock = kit.store.lock_of(ana.id).await.unwrap().unwrap();
    assert_eq!(
        (lock.password_hash.as_deref(), lock.totp_secret),
        (Some("other"), None)
    );
}

async fn the_first_person_is_made_once(context: Context) {
    let kit = Kit::open(&context).await;
    let tokens = [Secret::new("one"), Secret::new("two")];
    let ends = kit.now().plus_millis(1000);
    for token in &tokens {
        assert!(kit.store.offer_setup(token, kit.now(), ends).await.unwrap());
        assert!(kit.store.setup_is_open(token, kit.now()).await.unwrap());
        assert!(!kit.store.setup_is_open(token, ends).await.unwrap());
    }
    // Who is no administrator closes nothing, and keeps the email.
    person(&kit, "c@x", Role::Viewer).await;
    let first = |email: &str| Person {
        id: PersonId::new(kit.clock.uuid()),
        email: email.to_owned(),
        name: "First".to_owned(),
        role: Role::Administrator,
        has_second_factor: false,
        created_at: kit.now(),
        last_login_at: None,
    };
    let taken = kit.store.set_up(&tokens[0], &first("c@x"), "h").await;
    assert_eq!(taken.unwrap(), Err(PeopleRefusal::EmailTaken));
    let (a, b) = (first("a@x"), first("b@x"));
    let both = join(
        kit.store.set_up(&tokens[0], &a, "h"),
        kit.store.set_up(&tokens[1], &b, "h"),
    )
    .await;
    assert_ne!(both.0.unwrap(), both.1.unwrap());
    assert_eq!(kit.store.people(None, 9).await.unwrap().len(), 2);
    assert!(
        !kit.store
            .offer_setup(&Secret::new("three"), kit.now(), ends)
            .await
            .unwrap()
    );
    assert!(
        !kit.store
            .setup_is_open(&tokens[1], kit.now())
            .await
            .unwrap()
    );
}

async fn a_browser_is_signed_in_until_it_is_over(context: Context) {
    let kit = Kit::open(&context).await;
    let ana = person(&kit, "ana@example.com", Role::Viewer).await;
    let (one, two) = (session(&kit, &ana), session(&kit, &ana));
    let (token, other) = (Secret::new("token"), Secret::new("other"));
    assert!(kit.store.sign_in(&one, &token, None).await.unwrap());
    assert!(kit.store.sign_in(&two, &other, None).await.unwrap());
    assert_eq!(
        kit.store
            .use_browser_session(&token, kit.now())
            .await
            .unwrap(),
        Some(one.clone())
    );
    let unknown = Secret::new("third");
    assert_eq!(
        kit.store
            .use_browser_session(&unknown, kit.now())
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        kit.store.browser_sessions(ana.id, kit.now()).await.unwrap(),
        [two.clone(), one.clone()]
    );
    let seen = kit
        .store
        .person(ana.id)
        .await
        .unwrap()
        .unwrap()
        .last_login_at;
    assert_eq!(seen, Some(kit.now()));
    kit.clock.advance(IDLE_MS - 1);
    assert!(
        kit.store
            .use_browser_session(&token, kit.now())
            .await
            .unwrap()
            .is_some()
    );
    kit.clock.advance(1);
    assert!(
        kit.store
            .use_browser_session(&other, kit.now())
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        kit.store
            .use_browser_session(&token, kit.now())
            .await
            .unwrap()
            .is_some()
    );
    assert!(kit.store.end_browser_session(ana.id, one.id).await.unwrap());
    assert!(!kit.store.end_browser_session(ana.id, one.id).await.unwrap());
    let (one, two) = (session(&kit, &ana), session(&kit, &ana));
    assert!(kit.store.sign_in(&one, &token, None).await.unwrap());
    assert!(kit.store.sign_in(&two, &other, None).await.unwrap());
    assert_eq!(
        kit.store
            .end_other_browser_sessions(ana.id, two.id)
            .await
            .unwrap(),
        1
    );
    assert!(
        kit.store
            .use_browser_session(&token, kit.now())
            .await
            .unwrap()
            .is_none()
    );
}

async fn a_sign_in_under_way_ends_with_the_password(context: Context) {
    let kit = Kit::open(&context).await;
    let ana = person(&kit, "ana@example.com", Role::Viewer).await;
    let lock = kit.store.lock_of(ana.id).await.unwrap().unwrap();
    let (token, ends) = (Secret::new("begun"), kit.now().plus_millis(1000));
    let begin = || kit.store.begin_sign_in(&lock, &token, kit.now(), ends);
    begin().await.unwrap();
    let found = |at| kit.store.begun_sign_in(&token, at);
    assert_eq!(found(kit.now()).await.unwrap().unwrap().id, ana.id);
    assert!(found(ends).await.unwrap().is_none());
    for n in 1..=10 {
        assert!(found(kit.now()).await.unwrap().is_some(), "{n}");
        kit.store.count_wrong_code(ana.id, &token).await.unwrap();
    }
    assert!(found(kit.now()).await.unwrap().is_none(), "the tenth");
    let lock_now = kit.store.lock_of(ana.id).await.unwrap().unwrap();
    assert_eq!(lock_now.wrong_codes, 10);
    begin().await.unwrap();
    assert!(kit.store.end_begun_sign_in(&token).await.unwrap());
    assert!(!kit.store.end_begun_sign_in(&token).await.unwrap());
    begin().await.unwrap();
    kit.store.set_password(ana.id, "new", false).await.unwrap();
    assert!(
        found(kit.now()).await.unwrap().is_none(),
        "another password"
    );

    let cookie = Secret::new("token");
    let session = session(&kit, &ana);
    let late = kit.store.sign_in(&session, &cookie, Some("hash")).await;
    assert!(!late.unwrap(), "it was held against the old password");
    let used = kit.store.use_browser_session(&cookie, kit.now()).await;
    assert_eq!(used.unwrap(), None);
    let kept = kit.store.stay_signed_in(&session, &cookie, "new").await;
    assert!(kept.unwrap());
    let ana = kit.store.person(ana.id).await.unwrap().unwrap();
    assert_eq!(ana.last_login_at, None, "nobody signed in");
}

async fn a_new_name_keeps_the_role_and_a_new_role_is_told(context: Context) {
    let kit = Kit::open(&context).await;
    let ana = person(&kit, "ana@example.com", Role::Viewer).await;
    assert!(kit.store.rename_person(ana.id, "Ana Zeta").await.unwrap());
    assert!(!kit.store.rename_person(ana.id, "Ana Zeta").await.unwrap());
    let found = kit.store.person(ana.id).await.unwrap().unwrap();
    assert_eq!((&*found.name, found.role), ("Ana Zeta", Role::Viewer));
    let shown = ("Ana Zeta", Role::Viewer);
    let wanted = ("Ana", Role::Editor);
    let changed = kit.store.update_person(ana.id, shown, wanted).await;
    assert_eq!(changed.unwrap(), Ok(()));
    for (after_ms, noted) in [(0, true), (0, false), (59_999, false), (1, true)] {
        kit.clock.advance(after_ms);
        let done = kit.store.note_refused(ana.id, kit.now()).await.unwrap();
        assert_eq!(done, noted, "{after_ms}");
    }
    let filter = AuditFilter {
        object_id: Some(ana.id.to_string()),
        limit: 9,
        ..AuditFilter::default()
    };
    let mut lines = kit.store.audit_log(&filter).await.unwrap();
    lines.sort_by_key(|line| (line.action.clone(), line.detail.clone()));
    let told: Vec<_> = lines
        .iter()
        .map(|line| (&*line.action, line.detail.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            ("person.created", Some("viewer")),
            ("person.sign_in_refused", None),
            ("person.sign_in_refused", None),
            ("person.updated", None),
            ("person.updated", Some("viewer → editor")),
        ]
    );
}
