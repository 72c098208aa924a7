//! Spans of time, what has to happen when they are over, and the one timer that sees to it.
//!
//! Whoever has a deadline notes it by writing a number; no timer is started for it. One job sleeps until the
//! earliest deadline that it knows of, lets everybody look whether theirs has passed, and sleeps again. Deadlines are
//! mostly constant times ahead, so the earliest one hardly ever moves forward and the sleep is hardly ever started
//! anew.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::{Rc, Weak},
};

use super::{Instant, Signal, clock, spawn, unless};

/// A span of time as Node's timers know it: at most 2³¹−1 milliseconds, and 0 stands for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(u32);

impl Span {
    /// No span: whatever it limits is not limited.
    pub const NONE: Self = Self(0);

    /// So many milliseconds; Node cuts what is beyond its longest timer.
    pub const fn millis(millis: u32) -> Self {
        const LONGEST: u32 = i32::MAX as u32;
        Self(if millis > LONGEST { LONGEST } else { millis })
    }

    /// Whether there is one.
    pub const fn is_some(self) -> bool {
        self.0 > 0
    }

    /// In milliseconds.
    pub const fn as_millis(self) -> u32 {
        self.0
    }

    /// When it is over, if it begins at `start`.
    pub const fn after(self, start: Instant) -> Instant {
        start.saturating_add(self.0 as Instant)
    }
}

/// Deadlines are rounded up to this, so that many of them share a wake-up.
const GRANULARITY: Instant = 16;

/// Something that has deadlines.
pub trait Timed {
    /// Does what is due at `now`. When the next thing is.
    fn check(&self, now: Instant) -> Option<Instant>;
}

thread_local! {
    static TIMER: Timer = Timer::default();
}

#[derive(Default)]
struct Timer {
    watched: RefCell<BTreeMap<u64, Weak<dyn Timed>>>,
    /// When it looks next, `None` while nothing is due.
    next: Cell<Option<Instant>>,
    runs: Cell<bool>,
    earlier: Rc<Signal>,
}

/// Something is due at `at`; `timed`, known by `id`, will be asked then.
pub fn note_deadline(id: u64, timed: &Weak<dyn Timed>, at: Instant) {
    TIMER.with(|timer| {
        timer.watched.borrow_mut().entry(id).or_insert_with(|| Weak::clone(timed));
        if timer.next.get().is_none_or(|next| at < next) {
            timer.next.set(Some(at));
            if timer.runs.replace(true) {
                timer.earlier.notify();
            } else {
                spawn(run(Rc::clone(&timer.earlier)));
            }
        }
    });
}

/// Nothing will be due for `id` any more.
pub fn forget_deadlines(id: u64) {
    TIMER.with(|timer| timer.watched.borrow_mut().remove(&id));
}

/// The timer: runs while there is a deadline to keep.
async fn run(earlier: Rc<Signal>) {
    let next = || TIMER.with(|timer| timer.next.get());
    while let Some(at) = next() {
        let rounded = at.next_multiple_of(GRANULARITY);
        let changed = || next().is_none_or(|next| next < at);
        if unless(&earlier, changed, clock::sleep_until(rounded)).await.is_some() {
            check();
        }
    }
    TIMER.with(|timer| timer.runs.set(false));
}

fn check() {
    let now = clock::now();
    // What is done below may note and forget deadlines. Those that are noted meanwhile lower `next` themselves.
    let watched: Vec<_> = TIMER.with(|timer| {
        timer.next.set(None);
        timer.watched.borrow().iter().map(|(id, timed)| (*id, timed.upgrade())).collect()
    });
    let mut earliest: Option<Instant> = None;
    for (id, timed) in watched {
        match timed.and_then(|timed| timed.check(now)) {
            Some(due) => earliest = earliest.into_iter().chain([due]).min(),
            None => forget_deadlines(id),
        }
    }
    TIMER.with(|timer| timer.next.set(timer.next.get().into_iter().chain(earliest).min()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::{advance, now, run_until_stalled};

    struct Watched {
        due: Cell<Option<Instant>>,
        late: Cell<u32>,
    }

    impl Timed for Watched {
        fn check(&self, now: Instant) -> Option<Instant> {
            if self.due.get().is_some_and(|due| due <= now) {
                self.due.set(None);
                self.late.set(self.late.get() + 1);
            }
            self.due.get()
        }
    }

    fn watch(id: u64, after: Instant) -> Rc<Watched> {
        let at = now() + after;
        let watched = Rc::new(Watched { due: Cell::new(Some(at)), late: Cell::new(0) });
        let timed: Weak<dyn Timed> = Rc::<Watched>::downgrade(&watched);
        note_deadline(id, &timed, at);
        run_until_stalled();
        watched
    }

    #[test]
    fn spans_are_cut_at_nodes_longest_timer() {
        assert_eq!(Span::millis(u32::MAX).as_millis(), 0x7fff_ffff);
        assert_eq!(Span::millis(0x7fff_ffff).as_millis(), 0x7fff_ffff);
        assert!(!Span::NONE.is_some() && Span::millis(1).is_some());
        assert_eq!(Span::millis(u32::MAX).after(Instant::MAX - 1), Instant::MAX);
        assert_eq!(Span::millis(7).after(3), 10);
    }

    #[test]
    fn each_deadline_is_kept_and_an_earlier_one_goes_first() {
        let (later, sooner) = (watch(1, 500), watch(2, 100));
        advance(99);
        run_until_stalled();
        assert_eq!((sooner.late.get(), later.late.get()), (0, 0));
        advance(17);
        run_until_stalled();
        assert_eq!((sooner.late.get(), later.late.get()), (1, 0));
        advance(400);
        run_until_stalled();
        assert_eq!((sooner.late.get(), later.late.get()), (1, 1));
        TIMER.with(|timer| {
            assert!(timer.watched.borrow().is_empty(), "who has nothing due is forgotten");
            assert!(!timer.runs.get(), "nothing is due");
        });
    }

    #[test]
    fn who_is_forgotten_or_gone_is_not_asked() {
        let (forgotten, gone) = (watch(1, 50), watch(2, 50));
        forget_deadlines(1);
        drop(gone);
        advance(100);
        run_until_stalled();
        assert_eq!(forgotten.late.get(), 0);
    }
}
