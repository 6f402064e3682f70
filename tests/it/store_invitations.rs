//! Invitations and campaigns as they are kept.

use entrypass::domain::id::{CampaignId, InvitationId, MessageId};
use entrypass::domain::invitation::{Campaign, Invitation, Invited, Progress};
use entrypass::domain::message::{Channel, MessageKind, NewMessage};
use entrypass::domain::timestamp::DAY_MS;
use entrypass::domain::usage::Usage;
use entrypass::store::invitations::{InvitationFilter, Sending};
use entrypass::store::links::Activated;
use entrypass::store::messages::Sending as SendingMessage;

use crate::harness::{Context, tests};
use crate::store_kit::{Kit, back};

tests!(
    "store_invitations",
    [
        people_are_invited_all_or_none_and_read_as_they_were_kept,
        a_campaign_counts_how_far_its_people_have_come,
        only_those_who_have_not_acted_are_reminded,
        an_erased_person_leaves_nothing_and_the_link_leads_nowhere,
        what_is_old_and_over_is_erased_and_nothing_else,
    ]
);

fn person(kit: &Kit, n: usize, channel: Option<Channel>) -> Invited {
    let mut link = kit.new_link(Usage::Single);
    link.terms.confirm = true;
    Invited {
        invitation: Invitation {
            id: link.terms.id.invitation(),
            campaign: None,
            channel,
            client_id: Some(format!("customer-{n}")),
            name: Some(format!("Ĺucija Ö{n}")),
            email: Some(format!("p{n}@example.com")),
            phone: Some(format!("+3706000000{n}")),
            created_at: kit.now(),
            opened_at: None,
            erased_at: None,
        },
        link,
    }
}

fn campaign(kit: &Kit, name: &str) -> Campaign {
    Campaign {
        id: CampaignId::new(kit.clock.uuid()),
        name: name.to_owned(),
        invited: 0,
        created_at: kit.now(),
        reminded_at: None,
    }
}

async fn invite(kit: &Kit, name: Option<&str>, people: &mut [Invited]) -> Result<(), usize> {
    let campaign = name.map(|name| campaign(kit, name));
    let message = || MessageId::new(kit.clock.uuid());
    kit.store
        .invite(campaign.as_ref(), people, message)
        .await
        .unwrap()
}

async fn found(kit: &Kit, filter: InvitationFilter) -> Vec<InvitationId> {
    let filter = InvitationFilter {
        limit: 100,
        ..filter
    };
    let found = kit.store.invitations(&filter).await.unwrap();
    found.iter().map(|one| one.invitation.id).collect()
}

async fn set(kit: &Kit, sql: &str) {
    kit.database.execute(sql).await.unwrap();
}

#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn people_are_invited_all_or_none_and_read_as_they_were_kept(context: Context) {
    let kit = Kit::open(&context).await;
    let mut people: Vec<Invited> = (0..3)
        .map(|n| person(&kit, n, Some(Channel::Email)))
        .collect();
    people[2].invitation.channel = None;
    assert_eq!(invite(&kit, Some("Spring"), &mut people).await, Ok(()));
    assert_eq!(
        kit.database.numbers("SELECT COUNT(*) FROM messages").await[0],
        2
    );
    let read = kit
        .store
        .invitation(people[0].invitation.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (&read.invitation, &read.link),
        (&people[0].invitation, &people[0].link)
    );
    assert_eq!(
        (read.progress, read.campaign_name.as_deref()),
        (Progress::Pending, Some("Spring"))
    );
    let message = read.message.unwrap();
    assert_eq!(
        (message.channel, &*message.status, &*message.kind),
        (Channel::Email, "pending", "invitation")
    );
    // The same campaign in another case, another one, and none.
    let mut more = vec![person(&kit, 3, None)];
    assert_eq!(invite(&kit, Some("SPRING"), &mut more).await, Ok(()));
    let mut other = vec![person(&kit, 4, None)];
    assert_eq!(invite(&kit, Some("Autumn"), &mut other).await, Ok(()));
    let mut alone = vec![person(&kit, 5, None)];
    assert_eq!(invite(&kit, None, &mut alone).await, Ok(()));
    assert_eq!(invite(&kit, Some("Empty"), &mut []).await, Ok(()));
    let campaigns = kit.store.campaigns(None, 10).await.unwrap();
    let told: Vec<_> = campaigns.iter().map(|c| (&*c.name, c.invited)).collect();
    assert_eq!(told, [("Autumn", 1), ("Spring", 4)]);
    let spring = kit.store.campaign_named("sprinG").await.unwrap().unwrap();
    assert_eq!(
        kit.store.campaign(spring.id).await.unwrap(),
        Some(spring.clone())
    );
    assert_eq!(
        kit.store
            .campaigns(Some(campaigns[0].id), 10)
            .await
            .unwrap()
            .as_slice(),
        std::slice::from_ref(&spring)
    );
    // A slug that is taken keeps all of them out, and the campaign's number as it was.
    let mut taken = vec![person(&kit, 6, None), person(&kit, 7, None)];
    taken[1].link.terms.slug = people[0].link.terms.slug.clone();
    assert_eq!(invite(&kit, Some("Spring"), &mut taken).await, Err(1));
    assert_eq!(
        kit.store
            .campaign(spring.id)
            .await
            .unwrap()
            .unwrap()
            .invited,
        4
    );
    let id = |one: &Invited| one.invitation.id;
    let all = found(&kit, InvitationFilter::default()).await;
    assert_eq!(all.len(), 6);
    assert_eq!(all[0], id(&alone[0]));
    for (filter, wanted) in [
        (
            InvitationFilter {
                campaign: Some(spring.id),
                ..Default::default()
            },
            4,
        ),
        (
            InvitationFilter {
                progress: Some(Progress::Pending),
                ..Default::default()
            },
            2,
        ),
        (
            InvitationFilter {
                progress: Some(Progress::Created),
                campaign: Some(spring.id),
                ..Default::default()
            },
            2,
        ),
        (
            InvitationFilter {
                text: Some("ĺUCIJA ö3".into()),
                ..Default::default()
            },
            1,
        ),
        (
            InvitationFilter {
                text: Some("P4@EXAMPLE".into()),
                ..Default::default()
            },
            1,
        ),
        (
            InvitationFilter {
                text: Some("Ö%".into()),
                ..Default::default()
            },
            0,
        ),
        (
            InvitationFilter {
                client_id: Some("customer-5".into()),
                ..Default::default()
            },
            1,
        ),
        (
            InvitationFilter {
                before: Some(id(&more[0])),
                ..Default::default()
            },
            3,
        ),
    ] {
        let found = found(&kit, filter.clone()).await;
        assert_eq!(found.len(), wanted, "{filter:?}");
    }
}

async fn a_campaign_counts_how_far_its_people_have_come(context: Context) {
    let kit = Kit::open(&context).await;
    let mut people: Vec<Invited> = (0..6)
        .map(|n| person(&kit, n, Some(Channel::Sms)))
        .collect();
    people[5].invitation.channel = None;
    invite(&kit, Some("Spring"), &mut people).await.unwrap();
    let spring = people[0].invitation.campaign.unwrap();
    let stranger = kit.keep_new(Usage::Unlimited).await;
    for (n, status) in [
        (0, "sent"),
        (1, "delivered"),
        (2, "failed"),
        (3, "delivered"),
    ] {
        let link = people[n].link.terms.id;
        set(
            &kit,
            &format!(
                "UPDATE messages SET status = '{status}', sent_at = 1 WHERE link_id = '{link}'"
            ),
        )
        .await;
    }
    let given_back = kit.spend(&people[3].link).await;
    kit.store.refund(back(&given_back, &[])).await.unwrap();
    let approved = kit.spend(&people[1].link).await;
    set(
        &kit,
        &format!(
            "UPDATE sessions SET status = 'approved', is_final = TRUE WHERE id = '{}'",
            approved.id
        ),
    )
    .await;
    kit.spend(&people[5].link).await;
    let shown = [
        people[0].link.terms.id,
        people[1].link.terms.id,
        stranger.terms.id,
    ];
    assert_eq!(kit.store.note_opened(&shown, kit.now()).await.unwrap(), 2);
    assert_eq!(
        kit.store
            .note_opened(&shown, kit.now().plus_millis(9))
            .await
            .unwrap(),
        0
    );
    let first = kit
        .store
        .invitation(people[0].invitation.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (first.invitation.opened_at, first.progress),
        (Some(kit.now()), Progress::Opened)
    );
    let funnel = kit.store.funnel(spring).await.unwrap();
    assert_eq!((funnel.invited, funnel.sent, funnel.delivered), (6, 3, 2));
    assert_eq!((funnel.waiting, funnel.failed, funnel.opened), (1, 1, 3));
    assert_eq!((funnel.started, funnel.not_acted), (2, 4));
    let outcomes: Vec<_> = funnel
        .outcomes
        .iter()
        .map(|(name, n)| (&**name, *n))
        .collect();
    assert_eq!(outcomes, [("approved", 1), ("starting", 1)]);
    for (progress, wanted) in [
        ("started", 1),
        ("approved", 1),
        ("opened", 1),
        ("failed", 1),
        ("delivered", 1),
    ] {
        let filter = InvitationFilter {
            progress: Some(Progress::from_name(progress)),
            ..Default::default()
        };
        assert_eq!(found(&kit, filter).await.len(), wanted, "{progress}");
    }
    let filter = InvitationFilter {
        has_not_acted: true,
        campaign: Some(spring),
        ..Default::default()
    };
    assert_eq!(found(&kit, filter).await.len(), 4);
    let ended = kit
        .store
        .invitation(people[1].invitation.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        ended.session,
        Some((approved.id, "approved".to_owned(), true))
    );
}

async fn only_those_who_have_not_acted_are_reminded(context: Context) {
    let kit = Kit::open(&context).await;
    let mut people: Vec<Invited> = (0..6)
        .map(|n| person(&kit, n, Some(Channel::Email)))
        .collect();
    invite(&kit, Some("Spring"), &mut people).await.unwrap();
    let spring = people[0].invitation.campaign.unwrap();
    let remind = async || {
        let message = || MessageId::new(kit.clock.uuid());
        let may = |_: Channel, to: &str| to != "p3@example.com";
        kit.store
            .remind(spring, kit.now(), message, may)
            .await
            .unwrap()
    };
    let all_sent = async || {
        let sql = format!(
            "UPDATE messages SET status = 'sent', sent_at = {}, next_attempt_at = NULL WHERE status = 'pending'",
            kit.now().millis()
        );
        set(&kit, &sql).await;
    };
    kit.clock.advance(DAY_MS);
    assert_eq!(remind().await, Some(0), "nothing was sent yet");
    all_sent().await;
    kit.clock.advance(DAY_MS - 1);
    assert_eq!(remind().await, Some(0), "a day has not passed");
    kit.clock.advance(1);
    // One has begun, one could not, one wants none, one is off, one failed.
    kit.spend(&people[0].link).await;
    let given_back = kit.spend(&people[1].link).await;
    kit.store.refund(back(&given_back, &[])).await.unwrap();
    kit.store
        .deactivate_link(people[4].link.terms.id, kit.now())
        .await
        .unwrap();
    let failed = people[5].link.terms.id;
    set(
        &kit,
        &format!("UPDATE messages SET status = 'failed' WHERE link_id = '{failed}'"),
    )
    .await;
    let asked = kit
        .store
        .reminder_addresses(spring, kit.now())
        .await
        .unwrap();
    let asked: Vec<&str> = asked.iter().map(|(_, to)| &**to).collect();
    assert_eq!(
        asked,
        ["p1@example.com", "p2@example.com", "p3@example.com"]
    );
    let both = tokio::join!(remind(), remind());
    let both = [both.0, both.1].map(Option::unwrap_or_default);
    assert_eq!(both.iter().sum::<usize>(), 2, "the second and the third");
    let waiting = "SELECT COUNT(*) FROM messages WHERE kind = 'reminder'";
    assert_eq!(kit.database.numbers(waiting).await, [2]);
    assert_eq!(remind().await, Some(0), "they wait already");
    let reminded = kit
        .store
        .invitation(people[2].invitation.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(reminded.message.unwrap().kind, "reminder");
    assert_eq!(
        kit.store
            .campaign(spring)
            .await
            .unwrap()
            .unwrap()
            .reminded_at,
        Some(kit.now())
    );
    all_sent().await;
    kit.clock.advance(DAY_MS);
    assert_eq!(remind().await, Some(2));
    let nobody = CampaignId::new(kit.clock.uuid());
    let message = || MessageId::new(kit.clock.uuid());
    assert_eq!(
        kit.store
            .remind(nobody, kit.now(), message, |_, _| true)
            .await
            .unwrap(),
        None
    );
    those_that_failed_are_sent_again(&kit, &people[5], spring).await;
}

async fn those_that_failed_are_sent_again(kit: &Kit, last: &Invited, spring: CampaignId) {
    // The one that failed is sent to again, once; nobody else, and by no channel that is off.
    let (store, now) = (&kit.store, kit.now());
    let nobody = CampaignId::new(kit.clock.uuid());
    let both = Channel::ALL;
    let failed = async |by: &[Channel]| store.failed_of_campaign(spring, by, now).await.unwrap();
    assert_eq!([failed(&both).await, failed(&[Channel::Sms]).await], [1, 0]);
    let retry = async |id: CampaignId| store.retry_campaign(id, &both, now).await.unwrap();
    assert_eq!(
        [retry(spring).await, retry(spring).await],
        [Some(1), Some(0)]
    );
    assert_eq!(retry(nobody).await, None);

    // What was queued while the person was being erased is stopped, and forgets to whom it was to go.
    store
        .erase_invitation(last.invitation.id, now)
        .await
        .unwrap();
    let late = NewMessage {
        id: MessageId::new(kit.clock.uuid()),
        kind: MessageKind::Invitation,
        link: last.link.terms.id,
        campaign: None,
        channel: Channel::Email,
        recipient: "p5@example.com".to_owned(),
        recipient_name: Some("P".to_owned()),
        language: None,
        created_at: now,
    };
    store
        .queue_messages(std::slice::from_ref(&late))
        .await
        .unwrap();
    let stopped = [(late.id, SendingMessage::Stopped("off".to_owned()))];
    store.settle_messages(&stopped, now).await.unwrap();
    let late = store.message(late.id).await.unwrap().unwrap();
    assert_eq!((late.recipient, late.recipient_name), (None, None));
}

async fn send(kit: &Kit, id: InvitationId, by: Channel) -> Sending {
    let message = MessageId::new(kit.clock.uuid());
    kit.store
        .send_invitation(id, by, message, kit.now())
        .await
        .unwrap()
}

async fn an_erased_person_leaves_nothing_and_the_link_leads_nowhere(context: Context) {
    let kit = Kit::open(&context).await;
    let mut people: Vec<Invited> = (0..4)
        .map(|n| person(&kit, n, Some(Channel::Email)))
        .collect();
    people[3].invitation.phone = None;
    for one in &mut people {
        one.link.name = "Ĺucija".into();
    }
    invite(&kit, None, &mut people).await.unwrap();
    let id = |n: usize| people[n].invitation.id;
    assert_eq!(send(&kit, id(0), Channel::Email).await, Sending::Queued);
    assert_eq!(
        kit.database.numbers("SELECT COUNT(*) FROM messages").await[0],
        4,
        "one waits already"
    );
    assert_eq!(send(&kit, id(0), Channel::Sms).await, Sending::Queued);
    assert_eq!(
        kit.database.numbers("SELECT COUNT(*) FROM messages").await[0],
        5
    );
    assert_eq!(send(&kit, id(3), Channel::Sms).await, Sending::NoAddress);
    assert!(kit.store.erase_invitation(id(0), kit.now()).await.unwrap());
    assert_eq!(send(&kit, id(0), Channel::Email).await, Sending::Over);
    let link = people[0].link.terms.id;
    assert_eq!(
        kit.store.activate_link(link, kit.now()).await.unwrap(),
        Activated::Over
    );
    let session = kit.spend(&people[1].link).await;
    assert!(
        kit.store
            .erase_session(session.id, kit.now())
            .await
            .unwrap()
    );
    assert!(
        kit.store
            .delete_link(people[2].link.terms.id, kit.now())
            .await
            .unwrap()
    );
    assert!(kit.store.erase_invitation(id(3), kit.now()).await.unwrap());
    let nobody = InvitationId::new(kit.clock.uuid());
    assert!(!kit.store.erase_invitation(nobody, kit.now()).await.unwrap());
    assert_eq!(send(&kit, nobody, Channel::Email).await, Sending::Unknown);
    let personal = "SELECT COUNT(*) FROM invitations WHERE client_id IS NOT NULL OR name IS NOT NULL OR email IS NOT NULL
                    OR phone IS NOT NULL OR searched IS NOT NULL OR erased_at IS NULL";
    assert_eq!(kit.database.numbers(personal).await[0], 0);
    let links = "SELECT COUNT(*) FROM links WHERE token <> '{}' OR name <> 'Erased invitation' OR name_folded LIKE '%ucija%'";
    assert_eq!(kit.database.numbers(links).await[0], 0);
    let messages = "SELECT COUNT(*) FROM messages WHERE recipient IS NOT NULL OR recipient_name IS NOT NULL OR status <> 'stopped'";
    assert_eq!(kit.database.numbers(messages).await[0], 0);
    let read = kit.store.invitation(id(2)).await.unwrap().unwrap();
    assert_eq!(read.invitation.erased_at, Some(kit.now()));
    let used_up = kit.store.invitation(id(1)).await.unwrap().unwrap();
    assert_eq!(
        used_up.link.deactivated_at, None,
        "it is used up and says so"
    );
}

async fn what_is_old_and_over_is_erased_and_nothing_else(context: Context) {
    let kit = Kit::open(&context).await;
    let mut people: Vec<Invited> = (0..4).map(|n| person(&kit, n, None)).collect();
    people[0].link.terms.expires_at = Some(kit.now().plus_millis(DAY_MS));
    people[1].link.terms.expires_at = Some(kit.now().plus_millis(9 * DAY_MS));
    invite(&kit, None, &mut people).await.unwrap();
    let waits = kit.spend(&people[2].link).await;
    kit.store
        .deactivate_link(people[3].link.terms.id, kit.now())
        .await
        .unwrap();
    let made = kit.now();
    kit.clock.advance(2 * DAY_MS);
    assert_eq!(
        kit.store
            .erase_old_invitations(made, kit.now())
            .await
            .unwrap(),
        0
    );
    let before = made.plus_millis(1);
    assert_eq!(
        kit.store
            .erase_old_invitations(before, kit.now())
            .await
            .unwrap(),
        2
    );
    assert_eq!(
        kit.store
            .erase_old_invitations(before, kit.now())
            .await
            .unwrap(),
        0
    );
    let kept = found(
        &kit,
        InvitationFilter {
            text: Some("example".into()),
            ..Default::default()
        },
    )
    .await;
    assert_eq!(kept, [people[2].invitation.id, people[1].invitation.id]);
    let end = format!(
        "UPDATE sessions SET status = 'denied', finished_at = {} WHERE id = '{}'",
        kit.now().millis(),
        waits.id
    );
    set(&kit, &end).await;
    kit.clock.advance(1);
    assert_eq!(kit.store.erase_old(kit.now(), kit.now()).await.unwrap(), 1);
    let kept = found(
        &kit,
        InvitationFilter {
            text: Some("example".into()),
            ..Default::default()
        },
    )
    .await;
    assert_eq!(
        kept,
        [people[1].invitation.id],
        "with the session the invitation goes"
    );
}
