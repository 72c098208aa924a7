//! What the drivers run on: one task for all connections, one clock, one counter of events.
//!
//! A synchronous WIT function may neither block nor spawn, so nothing here needs a task of its own:
//! [`spawn`] only queues a job and wakes the [`Driver`]; the driver is the one future that polls
//! every job. An async export calls [`ensure_driver`] first, which hands the driver to the task
//! that the call runs in, where it outlives the call, cancelled or not. Natively (tests) the same
//! driver is polled by hand: [`run_until_stalled`].

mod clock;
mod events;
mod signal;

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use futures_util::{Stream as _, stream::FuturesUnordered};

pub use self::clock::advance;
pub use self::clock::{Millis, date, now, sleep_until};
pub use self::events::{EventKind, EventLog, Recorded};
pub use self::signal::{Signal, unless};

type Job = Pin<Box<dyn Future<Output = ()>>>;

/// Queues `job` for the driver. Callable from anywhere, synchronous exports and destructors included.
pub fn spawn(job: impl Future<Output = ()> + 'static) {
    RUNTIME.with(|runtime| {
        runtime.queued.borrow_mut().push_back(Box::pin(job));
        runtime.wake_driver();
    });
}

/// Makes sure that the driver lives. Every async export calls this; synchronous ones may not.
#[cfg(target_family = "wasm")]
pub fn ensure_driver() {
    let started = RUNTIME.with(|runtime| runtime.started.replace(true));
    if !started {
        // Dropping the handle detaches the job, which is what is wanted: it lives as long as the store.
        drop(wit_bindgen::spawn_local(Driver::default()));
    }
}

/// Natively the driver is polled by [`run_until_stalled`]; there is nothing to start.
#[cfg(not(target_family = "wasm"))]
pub fn ensure_driver() {}

/// The next number of the one sequence that all events of this instance share, so that orders
/// across objects can be asserted. Starts at 1.
pub fn next_sequence() -> u64 {
    RUNTIME.with(|runtime| {
        let next = runtime.sequence.get() + 1;
        runtime.sequence.set(next);
        next
    })
}

/// Polls all queued jobs until none can go on: how native tests drive the in-memory transport.
pub fn run_until_stalled() {
    NATIVE_DRIVER.with(|driver| {
        let (wakes, waker) = clock::counting_waker();
        let mut driver = driver.borrow_mut();
        loop {
            let before = wakes.get();
            let pending = Pin::new(&mut *driver).poll(&mut Context::from_waker(&waker));
            debug_assert!(pending.is_pending(), "the driver never ends");
            if wakes.get() == before {
                return;
            }
        }
    });
}

thread_local! {
    static RUNTIME: Runtime = Runtime::default();
    static NATIVE_DRIVER: RefCell<Driver> = RefCell::default();
}

#[derive(Default)]
struct Runtime {
    /// Jobs that no poll of the driver has seen yet.
    queued: RefCell<VecDeque<Job>>,
    /// Whether an async export has handed the driver to a task.
    #[cfg(target_family = "wasm")]
    started: Cell<bool>,
    driver: RefCell<Option<Waker>>,
    sequence: Cell<u64>,
}

impl Runtime {
    fn wake_driver(&self) {
        // Taken out before waking: a waker may run code that comes back here.
        let waker = self.driver.borrow_mut().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Polls every job there is; never ends.
#[derive(Default)]
struct Driver {
    jobs: FuturesUnordered<Job>,
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let queued = RUNTIME.with(|runtime| runtime.queued.borrow_mut().pop_front());
            match queued {
                Some(job) => self.jobs.push(job),
                None => match Pin::new(&mut self.jobs).poll_next(cx) {
                    Poll::Ready(Some(())) => {}
                    // Jobs that the poll above queued are picked up by the next turn of this loop.
                    Poll::Ready(None) | Poll::Pending => {
                        let idle = RUNTIME.with(|runtime| {
                            let idle = runtime.queued.borrow().is_empty();
                            if idle {
                                runtime.driver.replace(Some(cx.waker().clone()));
                            }
                            idle
                        });
                        if idle {
                            clock::end_turn();
                            return Poll::Pending;
                        }
                    }
                },
            }
        }
    }
}
