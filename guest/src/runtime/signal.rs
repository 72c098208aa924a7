//! Waking whoever waits for a state to change.

use std::{
    cell::RefCell,
    future::poll_fn,
    mem,
    pin::pin,
    task::{Poll, Waker},
};

/// A condition variable for one thread: waiters look at the state themselves and are woken to look again.
#[derive(Debug, Default)]
pub struct Signal {
    waiting: RefCell<Waiting>,
}

/// Nearly always nobody or one driver loop waits, so the first waker needs no allocation.
#[derive(Debug, Default)]
enum Waiting {
    #[default]
    Nobody,
    One(Waker),
    Many(Vec<Waker>),
}

impl Signal {
    /// Wakes every waiter.
    pub fn notify(&self) {
        // The borrow ends before the wakers run.
        let waiting = mem::take(&mut *self.waiting.borrow_mut());
        match waiting {
            Waiting::Nobody => {}
            Waiting::One(waker) => waker.wake(),
            Waiting::Many(wakers) => wakers.into_iter().for_each(Waker::wake),
        }
    }

    /// Wakes every waiter when this turn of the driver ends, so that what waits gets all of it at once.
    pub fn notify_after_turn(&self) {
        let waiting = mem::take(&mut *self.waiting.borrow_mut());
        match waiting {
            Waiting::Nobody => {}
            Waiting::One(waker) => super::wake_after_turn([waker]),
            Waiting::Many(wakers) => super::wake_after_turn(wakers),
        }
    }

    /// Waits until `look` gives a value; it is called at once and again after every [`Self::notify`].
    /// It moves nothing by itself, so dropping the wait loses nothing unless `look` takes something.
    pub async fn wait<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        poll_fn(|cx| {
            if let Some(found) = look() {
                return Poll::Ready(found);
            }
            self.register(cx.waker());
            Poll::Pending
        })
        .await
    }

    /// Makes the next [`Self::notify`] wake `waker`.
    pub fn register(&self, waker: &Waker) {
        let mut waiting = self.waiting.borrow_mut();
        *waiting = match mem::take(&mut *waiting) {
            Waiting::Nobody => Waiting::One(waker.clone()),
            Waiting::One(first) if first.will_wake(waker) => Waiting::One(first),
            Waiting::One(first) => Waiting::Many(vec![first, waker.clone()]),
            Waiting::Many(mut wakers) => {
                if !wakers.iter().any(|other| other.will_wake(waker)) {
                    wakers.push(waker.clone());
                }
                Waiting::Many(wakers)
            }
        };
    }
}

/// Runs `work` unless `stop` holds: then `None`, and `work` is dropped here, in the task that ran it.
/// `stop` is looked at first, and again after every notification of `signal`.
pub async fn unless<T>(signal: &Signal, stop: impl Fn() -> bool, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|cx| {
        if stop() {
            return Poll::Ready(None);
        }
        if let Poll::Ready(done) = work.as_mut().poll(cx) {
            return Poll::Ready(Some(done));
        }
        signal.register(cx.waker());
        Poll::Pending
    })
    .await
}
