//! Time: read once per turn of the driver, because a look at the clock is a call out of the component.
//!
//! A reading is kept from its first use until the driver's turn ends. An application that is called
//! back between two turns reads afresh, so a `Date` is never older than the work that it answers; and what it reads
//! makes the driver have a turn, so that its next call reads afresh as well.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Wake, Waker},
    time::{Duration, UNIX_EPOCH},
};

/// A reading of the monotonic clock, in milliseconds.
pub type Instant = u64;

/// Now, as this turn of the driver sees it.
pub fn now() -> Instant {
    CLOCK.with(|clock| {
        let reading = clock.reading.get();
        match reading {
            Some(millis) => millis,
            None => {
                let millis = source::monotonic();
                clock.reading.set(Some(millis));
                super::have_turn();
                millis
            }
        }
    })
}

/// The value of a `Date` field (RFC 9110 section 5.6.7), rendered once per second.
pub fn date() -> Rc<str> {
    let now = now();
    CLOCK.with(|clock| {
        if let Some(cached) = &*clock.date.borrow()
            && (cached.from..cached.until).contains(&now)
        {
            return Rc::clone(&cached.text);
        }
        let wall = source::wall();
        let text: Rc<str> = httpdate::fmt_http_date(UNIX_EPOCH + wall).into();
        let into_second = u64::from(wall.subsec_millis());
        clock.date.replace(Some(CachedDate {
            from: now,
            until: now + 1000 - into_second,
            text: Rc::clone(&text),
        }));
        text
    })
}

/// Waits until the monotonic clock reads `when` or later; [`now`] agrees afterwards, whenever it was read before.
pub async fn sleep_until(when: Instant) {
    source::sleep_until(when).await;
    // An application's call may have read the clock long before this turn: whoever sleeps until then would sleep
    // again, and again, for no time at all.
    end_turn();
}

/// Ends the validity of the current reading.
pub(super) fn end_turn() {
    CLOCK.with(|clock| clock.reading.set(None));
}

/// Moves the manual clock of native builds forward and wakes the timers that are due.
#[cfg(not(target_family = "wasm"))]
pub fn advance(millis: Instant) {
    source::advance(millis);
    end_turn();
}

/// The component's clock cannot be moved; kept so that shared code compiles for both.
#[cfg(target_family = "wasm")]
pub fn advance(_millis: Instant) {}

/// A waker that counts, for [`super::run_until_stalled`].
pub(super) fn counting_waker() -> (Wakes, Waker) {
    let wakes = Wakes(Arc::default());
    let waker = Waker::from(Arc::clone(&wakes.0));
    (wakes, waker)
}

/// How often a counting waker was woken.
pub(super) struct Wakes(Arc<Count>);

impl Wakes {
    pub(super) fn get(&self) -> usize {
        self.0.0.load(Ordering::Relaxed)
    }
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

thread_local! {
    static CLOCK: Clock = Clock::default();
}

#[derive(Default)]
struct Clock {
    reading: Cell<Option<Instant>>,
    date: RefCell<Option<CachedDate>>,
}

/// A rendered date and the span of the monotonic clock in which it holds.
struct CachedDate {
    from: Instant,
    until: Instant,
    text: Rc<str>,
}

#[cfg(target_family = "wasm")]
mod source {
    use super::{Duration, Instant};
    use wasi::clocks::{monotonic_clock, system_clock};

    const NANOS_PER_MILLI: u64 = 1_000_000;

    pub(super) fn monotonic() -> Instant {
        monotonic_clock::now() / NANOS_PER_MILLI
    }

    pub(super) fn wall() -> Duration {
        let now = system_clock::now();
        // A clock set before 1970 has no Date of its own; the epoch is the nearest there is.
        Duration::new(u64::try_from(now.seconds).unwrap_or(0), now.nanoseconds)
    }

    pub(super) async fn sleep_until(when: Instant) {
        monotonic_clock::wait_until(when.saturating_mul(NANOS_PER_MILLI)).await;
    }
}

#[cfg(not(target_family = "wasm"))]
mod source {
    use super::{Cell, Duration, Instant, Rc};
    use crate::runtime::Signal;

    thread_local! {
        static NOW: Cell<Instant> = const { Cell::new(0) };
        static TICKED: Rc<Signal> = Rc::default();
    }

    pub(super) fn monotonic() -> Instant {
        NOW.get()
    }

    pub(super) fn wall() -> Duration {
        Duration::from_millis(NOW.get())
    }

    pub(super) fn advance(millis: Instant) {
        NOW.set(NOW.get() + millis);
        TICKED.with(|ticked| ticked.notify());
    }

    pub(super) async fn sleep_until(when: Instant) {
        let ticked = TICKED.with(Rc::clone);
        ticked.wait(|| (NOW.get() >= when).then_some(())).await;
    }
}
