//! Answers by the sack: to wake another thread costs a system call, so a commit wakes each worker once and not once for
//! each of its clicks.

use tokio::sync::{mpsc, oneshot};

use super::Reserved;
use crate::store::StoreError;

/// Who waits for an answer, and on which thread.
#[derive(Debug)]
pub(super) struct Reply<T> {
    to: oneshot::Sender<Result<T, StoreError>>,
    by: Option<Courier>,
}

/// Carries answers to one thread.
#[derive(Debug, Clone)]
pub(in crate::store) struct Courier(mpsc::UnboundedSender<Vec<Letter>>);

/// An answer on its way.
#[derive(Debug)]
pub(super) enum Letter {
    Reserved(
        oneshot::Sender<Result<Reserved, StoreError>>,
        Result<Reserved, StoreError>,
    ),
    Settled(
        oneshot::Sender<Result<bool, StoreError>>,
        Result<bool, StoreError>,
    ),
    Done(
        oneshot::Sender<Result<(), StoreError>>,
        Result<(), StoreError>,
    ),
}

/// The answers of one commit, by the thread they go to.
#[derive(Default)]
pub(super) struct Sacks(Vec<(Courier, Vec<Letter>)>);

impl<T> Reply<T> {
    pub(super) fn new(to: oneshot::Sender<Result<T, StoreError>>, by: Option<Courier>) -> Self {
        Self { to, by }
    }

    /// Whether nobody waits any more.
    pub(super) fn is_closed(&self) -> bool {
        self.to.is_closed()
    }
}

impl Courier {
    /// A courier to the calling thread.
    pub(in crate::store) fn to_this_thread() -> Self {
        let (sender, mut sacks) = mpsc::unbounded_channel::<Vec<Letter>>();
        tokio::task::spawn_local(async move {
            while let Some(sack) = sacks.recv().await {
                sack.into_iter().for_each(Letter::deliver);
            }
        });
        Self(sender)
    }
}

impl Letter {
    /// Nobody waits any more where this fails; what was written is settled by the sweep.
    fn deliver(self) {
        match self {
            Self::Reserved(to, answer) => drop(to.send(answer)),
            Self::Settled(to, answer) => drop(to.send(answer)),
            Self::Done(to, answer) => drop(to.send(answer)),
        }
    }
}

impl Sacks {
    pub(super) fn reserved(
        &mut self,
        reply: Reply<Reserved>,
        answer: Result<Reserved, StoreError>,
    ) {
        self.put(reply.by, Letter::Reserved(reply.to, answer));
    }

    pub(super) fn settled(&mut self, reply: Reply<bool>, answer: Result<bool, StoreError>) {
        self.put(reply.by, Letter::Settled(reply.to, answer));
    }

    pub(super) fn done(&mut self, reply: Reply<()>, answer: Result<(), StoreError>) {
        self.put(reply.by, Letter::Done(reply.to, answer));
    }

    fn put(&mut self, by: Option<Courier>, letter: Letter) {
        let Some(courier) = by else {
            return letter.deliver();
        };
        match self
            .0
            .iter_mut()
            .find(|(known, _)| known.0.same_channel(&courier.0))
        {
            Some((_, sack)) => sack.push(letter),
            None => self.0.push((courier, vec![letter])),
        }
    }

    /// Sends them all off.
    pub(super) fn send(self) {
        for (courier, sack) in self.0 {
            if let Err(back) = courier.0.send(sack) {
                // The thread has ended; whoever moved on from it is told directly.
                back.0.into_iter().for_each(Letter::deliver);
            }
        }
    }
}
