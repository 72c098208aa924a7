//! The web's `AbortSignal`, as far as Node's `http` uses it.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt::Debug,
    mem,
    rc::{Rc, Weak},
};

use crate::runtime::Signal;

/// A flag that is raised once and that any number of operations watch. Clones are the same signal.
#[derive(Clone, Debug, Default)]
pub struct AbortSignal(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Set once: the reason, if one was given.
    abort: RefCell<Option<Option<String>>>,
    raised: Signal,
    /// What it stops, in the order in which it was given the signal.
    watchers: RefCell<BTreeMap<u64, Weak<dyn Abortable>>>,
}

/// What a signal stops.
pub(crate) trait Abortable: Debug {
    /// The signal is raised: within the call that raises it, as Node's listeners hear of it.
    fn abort(self: Rc<Self>, signal: &AbortSignal);
}

/// That something watches a signal; dropped with it, so that a signal that outlives what it stops holds nothing of it.
#[derive(Debug)]
pub(crate) struct Watch {
    signal: AbortSignal,
    id: u64,
}

impl AbortSignal {
    /// `controller.abort(reason)`: the first call counts.
    pub fn abort(&self, reason: Option<String>) {
        let first = {
            let mut abort = self.0.abort.borrow_mut();
            let first = abort.is_none();
            abort.get_or_insert(reason);
            first
        };
        if first {
            // Whoever is stopped may watch, or stop watching, other signals, and drop this one.
            let watchers = mem::take(&mut *self.0.watchers.borrow_mut());
            for watcher in watchers.into_values().filter_map(|watcher| watcher.upgrade()) {
                watcher.abort(self);
            }
            self.0.raised.notify();
        }
    }

    /// `signal.aborted`.
    pub fn aborted(&self) -> bool {
        self.0.abort.borrow().is_some()
    }

    /// `signal.reason`; none when there is none.
    pub fn reason(&self) -> Option<String> {
        self.0.abort.borrow().clone().flatten()
    }

    /// Waits until it is raised.
    pub async fn raised(&self) {
        self.0.raised.wait(|| self.aborted().then_some(())).await;
    }

    /// Stops `watcher`, whose number is `id`, when it is raised, until the answer is dropped.
    pub(crate) fn watch(&self, id: u64, watcher: Weak<dyn Abortable>) -> Watch {
        self.0.watchers.borrow_mut().insert(id, watcher);
        Watch { signal: self.clone(), id }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let watcher = self.signal.0.watchers.borrow_mut().remove(&self.id);
        drop(watcher);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[derive(Debug, Default)]
    struct Watcher(Cell<u32>);

    impl Abortable for Watcher {
        fn abort(self: Rc<Self>, signal: &AbortSignal) {
            assert!(signal.aborted());
            self.0.set(self.0.get() + 1);
        }
    }

    #[test]
    fn what_watches_is_stopped_once_and_leaves_nothing_behind() {
        let signal = AbortSignal::default();
        let [kept, gone] = [Rc::new(Watcher::default()), Rc::new(Watcher::default())];
        let watch = |id, watcher: &Rc<Watcher>| {
            let watcher: Weak<Watcher> = Rc::downgrade(watcher);
            signal.watch(id, watcher)
        };
        let _watch = watch(1, &kept);
        drop(watch(2, &gone));
        assert_eq!(signal.0.watchers.borrow().len(), 1);
        signal.abort(None);
        signal.abort(None);
        assert_eq!((kept.0.get(), gone.0.get()), (1, 0));
        assert!(signal.0.watchers.borrow().is_empty());
    }
}
