//! Many links and invitations made in steps: nobody sees any before all are there.

use entrypass::domain::id::{CampaignId, KeyId, LinkId, MessageId};
use entrypass::domain::invitation::{Campaign, Invitation, Invited};
use entrypass::domain::link::Link;
use entrypass::domain::message::Channel;
use entrypass::domain::usage::Usage;
use entrypass::store::audit::AuditFilter;
use entrypass::store::idempotency::Begun;
use entrypass::store::imports::{Import, Imported};
use entrypass::store::invitations::InvitationFilter;
use entrypass::store::links::LinkFilter;

use crate::harness::{Context, tests};
use crate::store_kit::Kit;

tests!(
    "store_imports",
    [
        links_are_seen_when_all_of_them_are_there,
        nobody_is_sent_an_invitation_before_all_of_them_are_there,
        a_taken_slug_is_told_and_what_is_given_up_leaves_nothing,
        what_a_dead_process_left_is_deleted_or_made_anew,
        two_cannot_make_the_same,
        a_request_that_runs_long_is_not_taken_for_dead,
    ]
);

fn links(kit: &Kit, count: usize) -> Vec<Link> {
    (0..count).map(|_| kit.new_link(Usage::Single)).collect()
}

async fn begin(kit: &Kit, links: &[Link]) -> Option<Import> {
    let (first, last) = (links[0].terms.id, links[links.len() - 1].terms.id);
    let begun = kit.store.begin_import(&kit.clock, first, last).await;
    begun.unwrap()
}

async fn count(kit: &Kit, table: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) FROM {table}");
    kit.database.numbers(&sql).await[0]
}

/// How many links the list has.
async fn listed(kit: &Kit) -> usize {
    let filter = LinkFilter {
        limit: 100,
        ..LinkFilter::default()
    };
    kit.store.links(&filter, kit.now()).await.unwrap().len()
}

async fn links_are_seen_when_all_of_them_are_there(context: Context) {
    let kit = Kit::open(&context).await;
    let other = kit.keep_new(Usage::Single).await;
    let mut links = links(&kit, 6);
    for link in &mut links {
        link.terms.expires_at = Some(kit.now().plus_millis(1000));
    }
    let (first, last) = (links[0].terms.id, links[5].terms.id);
    let import = begin(&kit, &links).await.unwrap();
    let later = kit.keep_new(Usage::Single).await;
    for some in links.chunks(2) {
        assert_eq!(import.add_links(some).await.unwrap(), Ok(()));
        assert_eq!(listed(&kit).await, 2);
    }
    for link in &links {
        assert_eq!(kit.store.link(link.terms.id).await.unwrap(), None);
        assert_eq!(
            kit.store.link_by_slug(&link.terms.slug).await.unwrap(),
            None
        );
    }
    for seen in [&other, &later] {
        let found = kit.store.link_by_slug(&seen.terms.slug).await.unwrap();
        assert_eq!(found.as_ref(), Some(seen));
    }
    let slug = &links[3].terms.slug;
    let asked = [&other.terms.slug, slug];
    let taken = async || kit.store.taken_slugs(&asked).await.unwrap();
    let told = taken().await;
    assert_eq!((told.for_good, told.for_now), (vec![0], vec![1]));
    assert_eq!(kit.store.drawn_between(first, last).await.unwrap(), []);
    let soon = kit.now().plus_millis(2000);
    let expiring = async || kit.store.links_expiring(kit.now(), soon, 10).await.unwrap();
    assert_eq!(expiring().await, []);
    import.publish(Imported::Links(6)).await.unwrap();
    assert_eq!(listed(&kit).await, 8);
    let found = kit.store.link_by_slug(slug).await.unwrap();
    assert_eq!(found.as_ref(), Some(&links[3]));
    assert_eq!(kit.store.drawn_between(first, last).await.unwrap().len(), 6);
    assert_eq!(expiring().await.len(), 6);
    let told = taken().await;
    assert_eq!((told.for_good, told.for_now), (vec![0, 1], vec![]));
    assert_eq!(count(&kit, "imports").await, 0);
    let filter = AuditFilter {
        limit: 1,
        ..AuditFilter::default()
    };
    let log = kit.store.audit_log(&filter).await.unwrap();
    assert_eq!(log[0].action, "link.imported");
    assert_eq!(log[0].object_id, Some(first.to_string()));
    assert_eq!(log[0].detail.as_deref(), Some("6 links"));
}

fn person(kit: &Kit, campaign: &Campaign) -> Invited {
    let link = kit.new_link(Usage::Single);
    Invited {
        invitation: Invitation {
            id: link.terms.id.invitation(),
            campaign: Some(campaign.id),
            channel: Some(Channel::Email),
            client_id: Some("customer".into()),
            name: None,
            email: Some("a@example.com".into()),
            phone: None,
            created_at: kit.now(),
            opened_at: None,
            erased_at: None,
        },
        link,
    }
}

async fn nobody_is_sent_an_invitation_before_all_of_them_are_there(context: Context) {
    let kit = Kit::open(&context).await;
    let wanted = Campaign {
        id: CampaignId::new(kit.clock.uuid()),
        name: "Spring".into(),
        invited: 0,
        created_at: kit.now(),
        reminded_at: None,
    };
    let campaign = kit.store.campaign_for(&wanted).await.unwrap();
    let again = Campaign {
        id: CampaignId::new(kit.clock.uuid()),
        name: "SPRING".into(),
        ..wanted.clone()
    };
    let same = kit.store.campaign_for(&again).await.unwrap();
    assert_eq!((campaign.id, same.id), (wanted.id, wanted.id));
    let people: Vec<Invited> = (0..4).map(|_| person(&kit, &campaign)).collect();
    let links: Vec<Link> = people.iter().map(|one| one.link.clone()).collect();
    let import = begin(&kit, &links).await.unwrap();
    let message = || MessageId::new(kit.clock.uuid());
    let invitations = InvitationFilter {
        limit: 100,
        ..InvitationFilter::default()
    };
    let is_due = async || kit.store.is_message_due(Channel::Email, kit.now()).await;
    let claim = async || {
        let until = kit.now().plus_millis(1000);
        let claimed = kit
            .store
            .claim_messages(Channel::Email, (10, 100), kit.now(), until);
        claimed.await.unwrap().len()
    };
    for some in people.chunks(2) {
        let added = import.add_invited(some, message).await.unwrap();
        assert_eq!(added, Ok(()));
        assert!(!is_due().await.unwrap());
        assert_eq!(claim().await, 0);
        assert_eq!(kit.store.invitations(&invitations).await.unwrap(), []);
        assert_eq!(kit.store.campaigns(None, 10).await.unwrap(), []);
        assert_eq!(kit.store.campaign_named("spring").await.unwrap(), None);
        assert_eq!(kit.store.funnel(campaign.id).await.unwrap().invited, 0);
    }
    let what = Imported::Invitations(4, Some(&campaign));
    import.publish(what).await.unwrap();
    assert!(is_due().await.unwrap());
    assert_eq!(claim().await, 4);
    assert_eq!(kit.store.invitations(&invitations).await.unwrap().len(), 4);
    let shown = kit.store.campaigns(None, 10).await.unwrap();
    assert_eq!((shown.len(), shown[0].invited), (1, 4));
    assert_eq!(shown[0].name, "Spring");
    assert_eq!(kit.store.funnel(campaign.id).await.unwrap().invited, 4);
}

async fn a_taken_slug_is_told_and_what_is_given_up_leaves_nothing(context: Context) {
    let kit = Kit::open(&context).await;
    let taken = kit.keep_new(Usage::Single).await;
    let mut links = links(&kit, 1200);
    let import = begin(&kit, &links).await.unwrap();
    assert_eq!(import.add_links(&links[..600]).await.unwrap(), Ok(()));
    links[603].terms.slug = taken.terms.slug.clone();
    let refused = import.add_links(&links[600..]).await.unwrap();
    assert_eq!(refused, Err(vec![3]));
    assert_eq!(count(&kit, "links").await, 601);
    import.cancel().await.unwrap();
    assert_eq!(
        (count(&kit, "links").await, count(&kit, "imports").await),
        (1, 0)
    );
    let found = kit.store.link(taken.terms.id).await.unwrap();
    assert_eq!(found, Some(taken));
}

async fn what_a_dead_process_left_is_deleted_or_made_anew(context: Context) {
    let kit = Kit::open(&context).await;
    let other = kit.keep_new(Usage::Single).await;
    let links = links(&kit, 4);
    let dead = begin(&kit, &links).await.unwrap();
    assert_eq!(dead.add_links(&links[..2]).await.unwrap(), Ok(()));
    kit.clock.advance(59_999);
    assert_eq!(kit.store.drop_dead_imports(&kit.clock).await.unwrap(), 0);
    // It is heard of, and so another minute is waited.
    assert_eq!(dead.add_links(&links[2..3]).await.unwrap(), Ok(()));
    kit.clock.advance(59_999);
    assert_eq!(kit.store.drop_dead_imports(&kit.clock).await.unwrap(), 0);
    assert!(begin(&kit, &links).await.is_none());
    kit.clock.advance(1);
    let anew = begin(&kit, &links).await.expect("the first is dead");
    assert_eq!(count(&kit, "links").await, 1);
    assert!(
        dead.add_links(&links[3..]).await.is_err(),
        "it is not its any more"
    );
    assert!(dead.publish(Imported::Links(4)).await.is_err());
    assert_eq!(anew.add_links(&links).await.unwrap(), Ok(()));
    kit.clock.advance(60_000);
    assert_eq!(kit.store.drop_dead_imports(&kit.clock).await.unwrap(), 1);
    assert!(anew.publish(Imported::Links(4)).await.is_err());
    assert_eq!(
        (count(&kit, "links").await, count(&kit, "imports").await),
        (1, 0)
    );
    assert_eq!(kit.store.link(other.terms.id).await.unwrap(), Some(other));
}

async fn two_cannot_make_the_same(context: Context) {
    let kit = Kit::open(&context).await;
    let links = links(&kit, 2);
    let import = begin(&kit, &links).await.unwrap();
    assert!(begin(&kit, &links).await.is_none(), "it is being made");
    assert_eq!(import.add_links(&links).await.unwrap(), Ok(()));
    import.publish(Imported::Links(2)).await.unwrap();
    assert!(begin(&kit, &links).await.is_none(), "it is there");
    assert_eq!(listed(&kit).await, 2);
    let nobody = LinkId::new(kit.clock.uuid());
    let free = kit.store.begin_import(&kit.clock, nobody, nobody).await;
    assert!(free.unwrap().is_some());
}

async fn a_request_that_runs_long_is_not_taken_for_dead(context: Context) {
    let kit = Kit::open(&context).await;
    let key = KeyId::new(kit.clock.uuid());
    let begin = async |id| {
        let begun = kit.store.begin_idempotent(key, "k", "body", id, kit.now());
        begun.await.unwrap()
    };
    let renew = async |id| kit.store.renew_idempotent(key, "k", id, kit.now()).await;
    assert_eq!(begin("id-1").await, Begun::First("id-1".into()));
    for _ in 0..3 {
        kit.clock.advance(119_999);
        assert_eq!(begin("id-2").await, Begun::InProgress);
        renew("id-1").await.unwrap();
    }
    kit.clock.advance(120_000);
    renew("id-2").await.unwrap();
    assert_eq!(begin("id-2").await, Begun::First("id-1".into()));
    let now = kit.now();
    let end = kit
        .store
        .end_idempotent(key, "k", Some("sealed"), None, now);
    end.await.unwrap();
    let at = "SELECT created_at FROM idempotency";
    let ended = kit.database.numbers(at).await;
    kit.clock.advance(1);
    renew("id-1").await.unwrap();
    assert_eq!(kit.database.numbers(at).await, ended, "it runs no more");
}
