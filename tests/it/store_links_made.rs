//! Links made at once, and their numbers day by day.

use entrypass::domain::channel::Via;
use entrypass::domain::day::Day;
use entrypass::domain::id::{LinkId, SessionId};
use entrypass::domain::link::Link;
use entrypass::domain::secret::Secret;
use entrypass::domain::signed::new_secret;
use entrypass::domain::slug::Slug;
use entrypass::domain::timestamp::DAY_MS;
use entrypass::domain::usage::Usage;
use entrypass::store::audit::AuditFilter;
use entrypass::store::ledger::{Ignored, Reserved};
use entrypass::store::links_made::Taken;
use entrypass::store::stats::Counted;

use crate::harness::{Context, tests};
use crate::store_kit::{Kit, back};

tests!(
    "store_links_made",
    [
        thousands_of_links_are_read_as_they_were_kept,
        a_slug_that_is_taken_anywhere_among_thousands_keeps_all_of_them_out,
        taken_slugs_are_told_by_their_places,
        a_signing_secret_is_replaced_and_forgotten_with_the_link,
        every_number_of_a_link_is_told_on_its_day,
    ]
);

fn many(kit: &Kit, count: usize) -> Vec<Link> {
    (0..count)
        .map(|n| {
            let mut link = kit.new_link(Usage::multi(i64::try_from(n).unwrap() + 1).unwrap());
            link.name = format!("Größe {n} \"'\\ 名前");
            link.inactive_message = (n % 2 == 0).then(|| format!("{n}\nis over"));
            link.terms.confirm = n % 3 == 0;
            link.terms.resume = n % 3 == 1;
            link.terms.signed = n % 4 == 0;
            link.signing_secret = link.terms.signed.then(new_secret);
            link.terms.expires_at = (n % 5 == 0).then(|| kit.now().plus_millis(DAY_MS));
            link
        })
        .collect()
}

async fn kept(kit: &Kit) -> i64 {
    kit.database.numbers("SELECT COUNT(*) FROM links").await[0]
}

async fn thousands_of_links_are_read_as_they_were_kept(context: Context) {
    let kit = Kit::open(&context).await;
    let links = many(&kit, 2001);
    assert_eq!(kit.store.insert_links(&links).await.unwrap(), Ok(()));
    for n in [0, 1, 499, 500, 2000] {
        let read = kit.store.link(links[n].terms.id).await.unwrap();
        assert_eq!(read.as_ref(), Some(&links[n]));
    }
    let (first, last) = (links[1].terms.id, links[1999].terms.id);
    let drawn: Vec<(Slug, Option<Secret>)> = links[1..2000]
        .iter()
        .map(|l| (l.terms.slug.clone(), l.signing_secret.clone()))
        .collect();
    assert_eq!(kit.store.drawn_between(first, last).await.unwrap(), drawn);
    let nobody = LinkId::new(kit.clock.uuid());
    assert_eq!(kit.store.drawn_between(nobody, nobody).await.unwrap(), []);
    assert_eq!(kit.store.insert_links(&[]).await.unwrap(), Ok(()));
    let filter = AuditFilter {
        limit: 10,
        ..AuditFilter::default()
    };
    let log = kit.store.audit_log(&filter).await.unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].action, "link.imported");
    assert_eq!(log[0].object_id, Some(links[0].terms.id.to_string()));
    assert_eq!(log[0].detail.as_deref(), Some("2001 links"));
}

async fn a_signing_secret_is_replaced_and_forgotten_with_the_link(context: Context) {
    let kit = Kit::open(&context).await;
    let plain = kit.keep_new(Usage::Single).await;
    let mut signed = kit.new_link(Usage::Single);
    (signed.terms.signed, signed.signing_secret) = (true, Some(new_secret()));
    let signed = kit.keep(signed).await;
    let (id, nobody) = (signed.terms.id, LinkId::new(kit.clock.uuid()));
    let replace = async |id, secret: &Secret| kit.store.replace_signing_secret(id, secret).await;
    for none in [plain.terms.id, nobody] {
        assert!(!replace(none, &new_secret()).await.unwrap());
    }
    let kept = kit.store.link(plain.terms.id).await.unwrap();
    assert_eq!(kept.as_ref(), Some(&plain));
    let secret = new_secret();
    assert!(replace(id, &secret).await.unwrap());
    let kept = kit.store.link(id).await.unwrap().unwrap();
    assert_eq!(kept.signing_secret.as_ref(), Some(&secret));
    let filter = AuditFilter {
        object_id: Some(id.to_string()),
        limit: 10,
        ..AuditFilter::default()
    };
    let log = kit.store.audit_log(&filter).await.unwrap();
    assert_eq!(log[0].action, "link.updated");
    assert_eq!(log[0].detail.as_deref(), Some("another signing secret"));
    for link in [&signed, &plain] {
        assert!(
            kit.store
                .delete_link(link.terms.id, kit.now())
                .await
                .unwrap()
        );
        let slug = &link.terms.slug;
        let left = kit.store.link_by_slug(slug).await.unwrap().unwrap();
        let left = left.signing_secret.map(|secret| secret.expose().to_owned());
        assert_eq!(left.as_deref(), link.terms.signed.then_some(""));
    }
    assert!(!replace(id, &new_secret()).await.unwrap());
}

async fn a_slug_that_is_taken_anywhere_among_thousands_keeps_all_of_them_out(context: Context) {
    let kit = Kit::open(&context).await;
    let taken = kit.keep_new(Usage::Single).await;
    for place in [0, 700, 1200] {
        let mut links = many(&kit, 1201);
        links[place].terms.slug = taken.terms.slug.clone();
        assert_eq!(kit.store.insert_links(&links).await.unwrap(), Err(place));
    }
    // The second of two of them that want the same.
    let mut links = many(&kit, 1201);
    links[1100].terms.slug = links[3].terms.slug.clone();
    assert_eq!(kit.store.insert_links(&links).await.unwrap(), Err(1100));
    assert_eq!(kept(&kit).await, 1);
}

async fn taken_slugs_are_told_by_their_places(context: Context) {
    let kit = Kit::open(&context).await;
    let taken = kit.keep_new(Usage::Single).await;
    kit.store
        .delete_link(taken.terms.id, kit.now())
        .await
        .unwrap();
    let mut slugs: Vec<Slug> = (0..1500).map(|_| Slug::generate()).collect();
    slugs[499] = taken.terms.slug.clone();
    slugs[1300] = taken.terms.slug;
    let asked: Vec<&Slug> = slugs.iter().collect();
    let taken = kit.store.taken_slugs(&asked).await.unwrap();
    assert_eq!((taken.for_good, taken.for_now), (vec![499, 1300], vec![]));
    let none = kit.store.taken_slugs(&[]).await.unwrap();
    assert_eq!(none, Taken::default());
}

/// A session of a link, reserved now.
async fn click(kit: &Kit, link: &Link, via: Option<&str>) -> SessionId {
    let mut session = kit.session_of(Some(link));
    session.via = via.and_then(Via::parse);
    assert_eq!(kit.try_reserve(&session, &[]).await, Reserved::Granted);
    session.id
}

async fn every_number_of_a_link_is_told_on_its_day(context: Context) {
    let kit = Kit::open(&context).await;
    let (link, other) = (
        kit.keep_new(Usage::Unlimited).await,
        kit.keep_new(Usage::Unlimited).await,
    );
    let first = Day::new(kit.now().day());
    let before = kit.store.clicks();
    let given_back = kit.spend(&link).await;
    assert_eq!(kit.store.clicks(), before + 1);
    kit.store.refund(back(&given_back, &[])).await.unwrap();
    click(&kit, &link, Some("qr")).await;
    click(&kit, &other, Some("qr")).await;
    // To the last millisecond of the day, and the first of the next.
    kit.clock
        .advance(first.plus(1).start().millis() - kit.now().millis() - 1);
    let approved = click(&kit, &link, Some("email")).await;
    kit.clock.advance(1);
    click(&kit, &link, Some("qr")).await;
    for (day, reason) in [(first, "head"), (first, "head"), (first.plus(1), "preview")] {
        kit.store.count_ignored(Ignored {
            link_id: link.terms.id,
            day: day.number(),
            reason,
        });
    }
    kit.store.flush().await.unwrap();
    let approve = format!("UPDATE sessions SET status = 'approved' WHERE id = '{approved}'");
    kit.database.execute(&approve).await.unwrap();
    let mut told = kit
        .store
        .stats(link.terms.id, first, first.plus(1))
        .await
        .unwrap();
    told.sort();
    let [next, status, via] = [first.plus(1), first, first];
    let ignored = |reason: &str| Counted::Ignored(reason.into());
    assert_eq!(
        told,
        [
            (first, Counted::Clicks, 3),
            (status, Counted::Status("approved".into()), 1),
            (status, Counted::Status("failed".into()), 1),
            (via, Counted::Via("email".into()), 1),
            (via, Counted::Via("qr".into()), 1),
            (first, ignored("head"), 2),
            (next, Counted::Clicks, 1),
            (next, Counted::Via("qr".into()), 1),
            (next, ignored("preview"), 1),
        ]
    );
    let given_back = kit.store.given_back(link.terms.id, first).await.unwrap();
    assert_eq!(given_back, [("timeout".to_owned(), 1)]);
    let since = kit.store.given_back(link.terms.id, next).await.unwrap();
    assert_eq!(since, []);
    let only_next = kit.store.stats(link.terms.id, next, next).await.unwrap();
    assert_eq!(only_next.len(), 3);
    let empty = kit
        .store
        .stats(link.terms.id, first.plus(-366), first.plus(-1))
        .await
        .unwrap();
    assert_eq!(empty, []);
}
