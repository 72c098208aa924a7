//! Time: read once per turn of the driver, because a look at the clock is a call out of the component.
//!
//! A reading is kept from its first use until the driver's turn ends. An application that is called
//! back between two turns reads afresh, so a `Date` is never older than the work that it answers.

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

/// Milliseconds on the monotonic clock.
pub type Millis = u64;

/// Now, as this turn of the driver sees it.
pub fn now() -> Millis {
    CLOCK.with(|clock| {
        let reading = clock.reading.get();
        match reading {
            Some(millis) => millis,
            None => {
                let millis = source::monotonic();
                clock.reading.set(Some(millis));
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
pub async fn sleep_until(when: Millis) {
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
pub fn advance(millis: Millis) {
    source::advance(millis);
    end_turn();
}

/// The component's clock cannot be moved; kept so that shared code compiles for both.
#[cfg(target_family = "wasm")]
pub fn advance(_millis: Millis) {}

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
    reading: Cell<Option<Millis>>,
    date: RefCell<Option<CachedDate>>,
}

/// A rendered date and the span of the monotonic clock in which it holds.
struct CachedDate {
    from: Millis,
    until: Millis,
    text: Rc<str>,
}

#[cfg(target_family = "wasm")]
mod source {
    use super::{Duration, Millis};
    use wasi::clocks::{monotonic_clock, system_clock};

    const NANOS_PER_MILLI: u64 = 1_000_000;

    pub(super) fn monotonic() -> Millis {
        monotonic_clock::now() / NANOS_PER_MILLI
    }

    pub(super) fn wall() -> Duration {
        let now = system_clock::now();
        // A clock set before 1970 has no Date of its own; the epoch is the nearest there is.
        Duration::new(u64::try_from(now.seconds).unwrap_or(0), now.nanoseconds)
    }

    pub(super) async fn sleep_until(when: Millis) {
        monotonic_clock::wait_until(when.saturating_mul(NANOS_PER_MILLI)).await;
    }
}

#[cfg(not(target_family = "wasm"))]
mod source {
    use super::{Cell, Duration, Millis};
    use crate::runtime::Signal;

    thread_local! {
        static NOW: Cell<Millis> = const { Cell::new(0) };
        static TICKED: Signal = Signal::default();
    }

    pub(super) fn monotonic() -> Millis {
        NOW.get()
    }

    pub(super) fn wall() -> Duration {
        Duration::from_millis(NOW.get())
    }

    pub(super) fn advance(millis: Millis) {
        NOW.set(NOW.get() + millis);
        TICKED.with(Signal::notify);
    }

    pub(super) async fn sleep_until(when: Millis) {
        std::future::poll_fn(|cx| {
            if NOW.get() >= when {
                return std::task::Poll::Ready(());
            }
            TICKED.with(|ticked| ticked.register(cx.waker()));
            std::task::Poll::Pending
        })
        .await;
    }
}
