//! One queue for the whole instance: which of the watched objects have something to take.
//!
//! Who cannot wait for many objects at once, such as a caller with a garbage collector, gives each a number of its own
//! and waits here for all of them.

use std::{cell::RefCell, collections::BTreeSet, rc::Rc};

use super::{Signal, ensure_driver};

/// Bounded by how many objects are watched: each is noted once.
#[derive(Debug, Default)]
struct Watched {
    marked: RefCell<BTreeSet<u64>>,
    changed: Signal,
}

thread_local! {
    static WATCHED: Rc<Watched> = Rc::default();
}

/// The watched object with this number has something to take.
pub(super) fn mark(number: u64) {
    // At the end of the thread nobody takes anything any more.
    let _ = WATCHED.try_with(|watched| {
        if watched.marked.borrow_mut().insert(number) {
            watched.changed.notify_after_turn();
        }
    });
}

/// The numbers of the watched objects that were notified since they were taken last, in ascending order.
pub fn take_watched() -> Vec<u64> {
    WATCHED.with(|watched| watched.marked.take().into_iter().collect())
}

/// Waits until [`take_watched`] has something to give. Takes nothing, so dropping the wait loses nothing.
pub async fn watched() {
    ensure_driver();
    let watched = WATCHED.with(Rc::clone);
    watched.changed.wait(|| (!watched.marked.borrow().is_empty()).then_some(())).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_noted_once_however_often_it_is_notified() {
        let (first, second, nobodys) = (Signal::default(), Signal::default(), Signal::default());
        first.watch(7);
        second.watch(3);
        assert_eq!(take_watched(), [3, 7], "what was there before is not missed");
        nobodys.notify();
        assert!(take_watched().is_empty());
        first.notify();
        first.notify_after_turn();
        assert_eq!(take_watched(), [7]);
        assert!(take_watched().is_empty());
    }
}
