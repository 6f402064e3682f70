//! Messages: leased to one, sent at most so often, settled once.

use entrypass::domain::event::EventType;
use entrypass::domain::id::{EventId, LinkId, MessageId};
use entrypass::domain::locale::Locale;
use entrypass::domain::message::{Channel, Message, MessageKind, MessageStatus, NewMessage};
use entrypass::domain::secret::Secret;
use entrypass::domain::timestamp::Timestamp;
use entrypass::domain::usage::Usage;
use entrypass::store::events::EventFilter;
use entrypass::store::messages::{ChannelFault, Report, Sending};
use futures_util::future::join_all;

use crate::harness::{Context, tests};
use crate::store_kit::Kit;

tests!(
    "store_messages",
    [
        nodes_that_claim_at_once_share_what_is_due_and_keep_the_bound,
        what_came_of_a_message_is_noted_and_never_undone,
        words_and_those_who_want_no_more_are_kept,
        a_mail_comes_back_once_and_a_channel_rests_for_all,
    ]
);

const LEASE_MS: i64 = 60_000;

fn new(kit: &Kit, link: LinkId, channel: Channel) -> NewMessage {
    NewMessage {
        id: MessageId::new(kit.clock.uuid()),
        kind: MessageKind::Link,
        link,
        campaign: None,
        channel,
        recipient: "ana@example.com".to_owned(),
        recipient_name: Some("Ana".to_owned()),
        language: Locale::parse("de").ok(),
        created_at: kit.now(),
    }
}

async fn claim(kit: &Kit, channel: Channel, most: (i64, i64)) -> Vec<Message> {
    let (now, until) = (kit.now(), kit.now().plus_millis(LEASE_MS));
    kit.store
        .claim_messages(channel, most, now, until)
        .await
        .unwrap()
}

async fn nodes_that_claim_at_once_share_what_is_due_and_keep_the_bound(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Unlimited).await.terms.id;
    let all: Vec<NewMessage> = (0..30).map(|_| new(&kit, link, Channel::Email)).collect();
    kit.store.queue_messages(&all).await.unwrap();
    // Again changes nothing.
    kit.store.queue_messages(&all[..2]).await.unwrap();
    assert!(
        kit.store
            .is_message_due(Channel::Email, kit.now())
            .await
            .unwrap()
    );
    assert!(
        !kit.store
            .is_message_due(Channel::Sms, kit.now())
            .await
            .unwrap()
    );
    let mut claimed: Vec<MessageId> = Vec::new();
    for _ in 0..2 {
        let both = join_all((0..6).map(|_| claim(&kit, Channel::Email, (4, 20)))).await;
        claimed.extend(both.into_iter().flatten().map(|message| message.id));
    }
    assert_eq!(claimed.len(), 20);
    claimed.sort();
    claimed.dedup();
    assert_eq!(claimed.len(), 20);
    kit.clock.advance(60_000);
    // The leases have ended with the minute: what was not settled is due again.
    assert_eq!(claim(&kit, Channel::Email, (100, 100)).await.len(), 30);
    assert!(
        !kit.store
            .is_message_due(Channel::Email, kit.now())
            .await
            .unwrap()
    );
    assert_eq!(
        kit.store.links_of_ids(&[link, link]).await.unwrap().len(),
        1
    );
}

#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn what_came_of_a_message_is_noted_and_never_undone(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Unlimited).await.terms.id;
    let [sent, again, failed] = [0; 3].map(|_| new(&kit, link, Channel::Sms));
    for message in [&sent, &again, &failed] {
        kit.store.send_link(message).await.unwrap();
    }
    assert_eq!(claim(&kit, Channel::Sms, (10, 10)).await.len(), 3);
    let at = kit.now().plus_millis(30_000);
    let provider_id = Some("SM1".to_owned());
    let sendings = [
        (sent.id, Sending::Sent { provider_id }),
        (
            again.id,
            Sending::Again {
                at,
                error: "later".into(),
            },
        ),
        (failed.id, Sending::Failed("no".into())),
    ];
    kit.store
        .settle_messages(&sendings, kit.now())
        .await
        .unwrap();
    let read = async |id: MessageId| kit.store.message(id).await.unwrap().unwrap();
    let stands = |message: &Message| {
        (
            message.status,
            message.attempts,
            message.next_attempt_at,
            message.ended_at,
        )
    };
    assert_eq!(
        stands(&read(sent.id).await),
        (MessageStatus::Sent, 1, None, Some(kit.now()))
    );
    assert_eq!(
        stands(&read(again.id).await),
        (MessageStatus::Pending, 1, Some(at), None)
    );
    assert_eq!(
        stands(&read(failed.id).await),
        (MessageStatus::Failed, 1, None, Some(kit.now()))
    );
    assert_eq!(claim(&kit, Channel::Sms, (10, 10)).await.len(), 0);

    // What was sent is not sent again; what failed is, from the beginning.
    let now = kit.now();
    assert!(!kit.store.retry_message(sent.id, now).await.unwrap());
    assert!(kit.store.retry_message(failed.id, now).await.unwrap());
    let [retried] = &claim(&kit, Channel::Sms, (10, 10)).await[..] else {
        panic!("one")
    };
    assert_eq!(
        (retried.id, retried.attempts, retried.language),
        (failed.id, 0, Locale::parse("de").ok())
    );
    // That the provider has it is news where its answer was lost: it is not sent again.
    let has_it = kit
        .store
        .report_message((Some(failed.id), "SM2"), &Report::Taken, now)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (has_it.status, has_it.sent_at),
        (MessageStatus::Sent, Some(now))
    );
    let lost = Sending::Again {
        at: now,
        error: "no answer".to_owned(),
    };
    kit.store
        .settle_messages(&[(failed.id, lost)], now)
        .await
        .unwrap();
    assert_eq!(claim(&kit, Channel::Sms, (10, 10)).await.len(), 0);
    // A report that comes before the answer counts, and the answer does not undo it.
    let early = kit
        .store
        .report_message((Some(failed.id), "SM2"), &Report::Delivered, now)
        .await
        .unwrap();
    assert_eq!(early.unwrap().status, MessageStatus::Delivered);
    let provider_id = Some("SM2".to_owned());
    kit.store
        .settle_messages(&[(failed.id, Sending::Sent { provider_id })], now)
        .await
        .unwrap();
    let told = read(failed.id).await;
    assert_eq!((told.status, told.error), (MessageStatus::Delivered, None));
    let report = Report::Failed("gone".into());
    assert!(
        kit.store
            .report_message((None, "SM2"), &report, now)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        kit.store
            .report_message((None, "SM1"), &report, now)
            .await
            .unwrap()
            .unwrap()
            .id,
        sent.id
    );

    deleted_in_the_middle(&kit, link, [again.id, failed.id]).await;
}

async fn deleted_in_the_middle(kit: &Kit, link: LinkId, [again, failed]: [MessageId; 2]) {
    let read = async |id: MessageId| kit.store.message(id).await.unwrap().unwrap();
    // Deleted with its link in the middle of being sent: to whom is forgotten, that it was sent is told.
    kit.clock.advance(30_000);
    assert_eq!(claim(kit, Channel::Sms, (10, 10)).await[0].id, again);
    kit.store.delete_link(link, kit.now()).await.unwrap();
    assert_eq!(read(again).await.status, MessageStatus::Stopped);
    let done = [(again, Sending::Sent { provider_id: None })];
    kit.store.settle_messages(&done, kit.now()).await.unwrap();
    let told = read(again).await;
    assert_eq!(
        (told.status, told.error, told.recipient, told.recipient_name),
        (MessageStatus::Sent, None, None, None)
    );
    let list = kit.store.messages_of_link(link, None, 2).await.unwrap();
    assert_eq!(
        list.iter().map(|one| one.id).collect::<Vec<_>>(),
        [failed, again]
    );
    let rest = kit
        .store
        .messages_of_link(link, Some(again), 2)
        .await
        .unwrap();
    assert_eq!(rest.len(), 1);

    let other = kit.keep_new(Usage::Unlimited).await.terms.id;
    let old = new(kit, other, Channel::Email);
    kit.store.send_link(&old).await.unwrap();
    kit.store
        .settle_messages(&[(old.id, Sending::Stopped("over".into()))], kit.now())
        .await
        .unwrap();
    assert_eq!(kit.store.erase_messages(kit.now()).await.unwrap(), 0);
    let later: Timestamp = kit.now().plus_millis(1);
    assert_eq!(kit.store.erase_messages(later).await.unwrap(), 1);
    let told = read(old.id).await;
    assert_eq!((told.recipient, told.attempts), (None, 0));
    assert!(!kit.store.retry_message(old.id, later).await.unwrap());
}

async fn a_mail_comes_back_once_and_a_channel_rests_for_all(context: Context) {
    let kit = Kit::open(&context).await;
    let (store, now) = (&kit.store, kit.now());
    let link = kit.keep_new(Usage::Unlimited).await.terms.id;
    let [mail, text] = [Channel::Email, Channel::Sms].map(|channel| new(&kit, link, channel));
    let bounce = async |id: MessageId| {
        let event = EventId::new(kit.clock.uuid());
        store.bounce_message(id, "why", event, now).await.unwrap()
    };
    for message in [&mail, &text] {
        store.send_link(message).await.unwrap();
        assert_eq!(bounce(message.id).await, None, "it was not sent yet");
        let sent = Sending::Sent { provider_id: None };
        let sent = [(message.id, sent)];
        store.settle_messages(&sent, now).await.unwrap();
    }
    assert_eq!(bounce(text.id).await, None);
    let back = bounce(mail.id).await.unwrap();
    assert_eq!(
        (back.status, back.bounced_at),
        (MessageStatus::Failed, Some(now))
    );
    assert_eq!(bounce(mail.id).await, None);
    store.publish().await.unwrap();
    let all = EventFilter {
        limit: 9,
        ..EventFilter::default()
    };
    let events = store.events(&all);
    let [told] = &events.await.unwrap()[..] else {
        panic!("one event")
    };
    assert_eq!(
        (told.event.kind, told.event.link_id),
        (EventType::MessageBounced, Some(link))
    );
    assert!(store.retry_message(mail.id, now).await.unwrap());
    let again = store.message(mail.id).await.unwrap().unwrap();
    assert_eq!((again.bounced_at, again.sent_at), (None, None));

    let fault = |pauses: i64| ChannelFault {
        channel: Channel::Email,
        reason: format!("{pauses}"),
        since: now.plus_millis(pauses),
        pauses,
        until: now.plus_millis(1000 * pauses),
    };
    assert_eq!(store.channel_faults().await.unwrap(), []);
    for pauses in [1, 2] {
        store.note_channel_fault(&fault(pauses)).await.unwrap();
    }
    let since = fault(1).since;
    let wanted = ChannelFault { since, ..fault(2) };
    assert_eq!(store.channel_faults().await.unwrap(), [wanted]);
    store.clear_channel_fault(Channel::Email).await.unwrap();
    assert_eq!(store.channel_faults().await.unwrap(), []);
}

async fn words_and_those_who_want_no_more_are_kept(context: Context) {
    let kit = Kit::open(&context).await;
    let key = kit
        .store
        .unsubscribe_key(&Secret::new("first"))
        .await
        .unwrap();
    assert_eq!(
        kit.store
            .unsubscribe_key(&Secret::new("second"))
            .await
            .unwrap(),
        key
    );
    let digests = ["a".to_owned(), "b".to_owned()];
    assert!(kit.store.unsubscribed(&digests).await.unwrap().is_empty());
    for _ in 0..2 {
        kit.store.unsubscribe("b", kit.now()).await.unwrap();
    }
    let unwanted = kit.store.unsubscribed(&digests).await.unwrap();
    assert_eq!(unwanted.into_iter().collect::<Vec<_>>(), ["b"]);

    let of = (Channel::Sms, Locale::EN);
    for words in ["{}", "{\"text\": \"{link}\"}"] {
        kit.store
            .set_message_words(of, Some(words), kit.now())
            .await
            .unwrap();
        let kept = ("sms".to_owned(), "en".to_owned(), words.to_owned());
        assert_eq!(kit.store.message_words().await.unwrap(), [kept]);
    }
    kit.store
        .set_message_words(of, None, kit.now())
        .await
        .unwrap();
    assert!(kit.store.message_words().await.unwrap().is_empty());
}
