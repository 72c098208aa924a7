//! Waking whoever waits for a state to change.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    future::{Future, poll_fn},
    mem,
    pin::pin,
    task::{Poll, Waker},
};

/// A condition variable for one thread: waiters look at the state themselves and are woken to look again.
#[derive(Debug, Default)]
pub struct Signal {
    waiting: RefCell<Waiting>,
    /// Its number in [`super::take_watched`]; 0 while nobody watches it.
    watch: Cell<u64>,
}

#[derive(Debug, Default)]
struct Waiting {
    next_id: u64,
    waiters: Waiters,
}

/// Nearly always nobody or one driver loop waits, so the first waker needs no allocation.
#[derive(Debug, Default)]
struct Waiters {
    first: Option<(u64, Waker)>,
    others: Option<BTreeMap<u64, Waker>>,
}

impl Waiters {
    fn is_empty(&self) -> bool {
        self.first.is_none() && self.others.is_none()
    }

    fn set(&mut self, id: u64, waker: &Waker) {
        match &mut self.first {
            Some((first, waiting)) if *first == id => waiting.clone_from(waker),
            None if self.others.is_none() => self.first = Some((id, waker.clone())),
            _ => _ = self.others.get_or_insert_default().insert(id, waker.clone()),
        }
    }

    fn remove(&mut self, id: u64) {
        if self.first.as_ref().is_some_and(|(first, _)| *first == id) {
            self.first = None;
        } else if let Some(others) = &mut self.others {
            others.remove(&id);
            if others.is_empty() {
                self.others = None;
            }
        }
    }

    fn into_wakers(self) -> impl Iterator<Item = Waker> {
        self.first.into_iter().chain(self.others.into_iter().flatten()).map(|(_, waker)| waker)
    }
}

impl Signal {
    /// Wakes every waiter.
    pub fn notify(&self) {
        self.mark();
        if let Some(waiters) = self.take() {
            waiters.into_wakers().for_each(Waker::wake);
        }
    }

    /// From now on every notification is noted for [`super::take_watched`] under this number. It counts as notified
    /// now, so that nothing is missed that was there before. With 0 nothing is noted any more.
    pub fn watch(&self, number: u64) {
        self.watch.set(number);
        self.mark();
    }

    fn mark(&self) {
        let number = self.watch.get();
        if number != 0 {
            super::watched::mark(number);
        }
    }

    /// Those who wait now, if anybody does; the borrow ends before any waker runs.
    fn take(&self) -> Option<Waiters> {
        let waiters = &mut self.waiting.borrow_mut().waiters;
        (!waiters.is_empty()).then(|| mem::take(waiters))
    }

    /// Wakes every waiter when this turn of the driver ends, so that what waits gets all of it at once.
    pub fn notify_after_turn(&self) {
        self.mark();
        if let Some(waiters) = self.take() {
            super::wake_after_turn(waiters.into_wakers());
        }
    }

    /// Waits until `look` gives a value; it is called at once and again after every [`Self::notify`].
    /// It moves nothing by itself, so dropping the wait loses nothing unless `look` takes something.
    pub async fn wait<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        let mut registration = self.registration();
        poll_fn(|cx| {
            if let Some(found) = look() {
                return Poll::Ready(found);
            }
            registration.renew(cx.waker());
            Poll::Pending
        })
        .await
    }

    /// A place among the waiters, for as long as the guard lives.
    pub fn registration(&self) -> Registration<'_> {
        Registration { signal: self, id: None }
    }
}

/// One wait's place among the waiters of a [`Signal`]; dropping it takes it back.
#[derive(Debug)]
pub struct Registration<'a> {
    signal: &'a Signal,
    /// Drawn by the first [`Self::renew`]: most waits find what they look for at once.
    id: Option<u64>,
}

impl Registration<'_> {
    /// Makes the next [`Signal::notify`] wake `waker`, and no other one of this wait.
    pub fn renew(&mut self, waker: &Waker) {
        let mut waiting = self.signal.waiting.borrow_mut();
        let id = *self.id.get_or_insert_with(|| {
            waiting.next_id += 1;
            waiting.next_id
        });
        waiting.waiters.set(id, waker);
    }
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.signal.waiting.borrow_mut().waiters.remove(id);
        }
    }
}

/// Runs `work` unless `stop` holds: then `None`, and `work` is dropped here, in the task that ran it.
/// `stop` is looked at first, and again after every notification of `signal`.
pub async fn unless<T>(signal: &Signal, stop: impl Fn() -> bool, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut registration = signal.registration();
    poll_fn(|cx| {
        if stop() {
            return Poll::Ready(None);
        }
        if let Poll::Ready(done) = work.as_mut().poll(cx) {
            return Poll::Ready(Some(done));
        }
        registration.renew(cx.waker());
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::task::Context;

    use super::*;
    use crate::runtime::clock::counting_waker;

    fn waiters(signal: &Signal) -> usize {
        let waiters = &signal.waiting.borrow().waiters;
        usize::from(waiters.first.is_some()) + waiters.others.as_ref().map_or(0, |others| others.len())
    }

    #[test]
    fn a_dropped_wait_leaves_nothing_behind() {
        let signal = Signal::default();
        let (_, waker) = counting_waker();
        let mut waits: Vec<_> = (0..3).map(|_| Box::pin(signal.wait(|| None::<()>))).collect();
        for wait in &mut waits {
            assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        assert_eq!(waiters(&signal), 3);
        drop(waits.remove(1));
        assert_eq!(waiters(&signal), 2);
        waits.clear();
        assert_eq!(waiters(&signal), 0);
    }

    #[test]
    fn every_waiter_is_woken_once() {
        let signal = Signal::default();
        let wakers: Vec<_> = (0..3).map(|_| counting_waker()).collect();
        let mut places: Vec<_> = wakers.iter().map(|_| signal.registration()).collect();
        for (place, (_, waker)) in places.iter_mut().zip(&wakers) {
            place.renew(waker);
        }
        // The last word counts.
        places[0].renew(&wakers[1].1);
        signal.notify();
        signal.notify();
        assert_eq!(wakers.iter().map(|(wakes, _)| wakes.get()).collect::<Vec<_>>(), [0, 2, 1]);
        places[2].renew(&wakers[2].1);
        places[0].renew(&wakers[0].1);
        assert_eq!(waiters(&signal), 2);
        signal.notify();
        assert_eq!(wakers.iter().map(|(wakes, _)| wakes.get()).collect::<Vec<_>>(), [1, 2, 2]);
    }

    #[test]
    fn work_that_is_stopped_takes_its_place_back() {
        let (signal, other) = (Signal::default(), Signal::default());
        let (_, waker) = counting_waker();
        let mut work = Box::pin(unless(&signal, || false, other.wait(|| None::<()>)));
        assert!(work.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert_eq!((waiters(&signal), waiters(&other)), (1, 1));
        drop(work);
        assert_eq!((waiters(&signal), waiters(&other)), (0, 0));
    }
}
