//! What the drivers run on: one task for all connections, one clock, one counter of events.
//!
//! A synchronous WIT function may neither block nor spawn, so nothing here needs a task of its own:
//! [`spawn`] only queues a job and wakes the [`Driver`]; the driver is the one future that polls
//! every job. An async export calls [`ensure_driver`] first, which hands the driver to the task
//! that the call runs in, where it outlives the call, cancelled or not. Natively (tests) the same
//! driver is polled by hand: [`run_until_stalled`].

mod budget;
mod clock;
mod deadlines;
mod driver;
mod events;
mod exchange;
mod readiness;
mod signal;
mod watched;

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::{Future, poll_fn},
    mem,
    pin::Pin,
    task::{Context, Poll, Waker},
};

pub use self::budget::{Account, Charge, DEFAULT_BUDGET, budget, budget_used, set_budget};
pub use self::clock::{Instant, advance, date, now, sleep_until};
pub use self::deadlines::{Span, Timed, forget_deadlines, note_deadline};
use self::driver::Driver;
pub(crate) use self::events::event_set;
pub use self::events::{EventKind, EventLog, Recorded};
pub use self::exchange::{Demand, Exchange, exchange_with};
pub(crate) use self::readiness::Announced;
pub use self::readiness::Readiness;
pub use self::signal::{Registration, Signal, unless};
pub use self::watched::{take_watched, watched};

/// So many bytes a job may receive before the others go on: two of the largest reads.
const SHARE: usize = 128 * 1024;

/// Whatever was spawned; notes that it was polled.
struct Job(Pin<Box<dyn Future<Output = ()>>>);

impl Future for Job {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        RUNTIME.with(|runtime| {
            runtime.busy.set(true);
            runtime.share.set(0);
        });
        self.0.as_mut().poll(cx)
    }
}

/// Queues `job` for the driver. Callable from anywhere, synchronous exports and destructors included.
pub fn spawn(job: impl Future<Output = ()> + 'static) {
    RUNTIME.with(|runtime| {
        runtime.queued.borrow_mut().push_back(Job(Box::pin(job)));
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

/// Makes the driver look again what there is to do.
pub fn wake_driver() {
    RUNTIME.with(|runtime| runtime.wake_driver());
}

/// A number for a connection or a request, unique in this instance.
pub fn next_id() -> u64 {
    RUNTIME.with(|runtime| {
        let next = runtime.next_id.get() + 1;
        runtime.next_id.set(next);
        next
    })
}

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
    // Neither is dropped: at the end of a thread the jobs would reach for what is gone already.
    static RUNTIME: mem::ManuallyDrop<Runtime> = mem::ManuallyDrop::new(Runtime::default());
    static NATIVE_DRIVER: mem::ManuallyDrop<RefCell<Driver>> = mem::ManuallyDrop::new(RefCell::default());
}

#[derive(Default)]
struct Runtime {
    /// Jobs that no poll of the driver has seen yet.
    queued: RefCell<VecDeque<Job>>,
    /// Whether a job was polled since the driver looked.
    busy: Cell<bool>,
    /// How many bytes the job that is being polled has received without having waited, and all jobs in this turn.
    share: Cell<usize>,
    volume: Cell<usize>,
    /// How many turns have ended.
    turn: Cell<u64>,
    /// Whether the driver polls its jobs.
    polling: Cell<bool>,
    look: Cell<Look>,
    /// Who is woken behind the next look at what has come, whenever that is; and how many of these there were.
    looking: RefCell<Vec<Waker>>,
    looks: Cell<u64>,
    /// Who is woken when the turn ends.
    told: RefCell<Vec<Waker>>,
    /// Whether an async export has handed the driver to a task.
    #[cfg(target_family = "wasm")]
    started: Cell<bool>,
    /// The transport that works in batches, if there is one.
    exchange: Cell<Option<Exchange>>,
    driver: RefCell<Option<Waker>>,
    sequence: Cell<u64>,
    next_id: Cell<u64>,
}

/// Whether somebody waits to know what has come before this turn ends. One look is enough: who keeps on asking must not
/// keep the others from the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Look {
    #[default]
    Unasked,
    Asked,
    Done,
}

impl Runtime {
    fn ask_for_look(&self) {
        if self.look.get() == Look::Unasked {
            self.look.set(Look::Asked);
        }
    }

    /// Whether a transport that works in batches has something for the jobs of this turn.
    fn exchange(&self, exchange: Exchange) -> bool {
        let looking = self.looking.take();
        if !looking.is_empty() {
            if self.look.get() == Look::Asked {
                self.look.set(Look::Done);
            }
            exchange(Demand::Look);
            self.looks.set(self.looks.get() + 1);
            // Jobs go on in the order in which they are woken: what has come is handled before.
            looking.into_iter().for_each(Waker::wake);
            return true;
        }
        if self.told.borrow().is_empty() {
            return exchange(Demand::All);
        }
        match self.look.get() {
            Look::Unasked => exchange(Demand::Bytes),
            Look::Asked => {
                self.look.set(Look::Done);
                exchange(Demand::Look)
            }
            // What comes now is for the next turn.
            Look::Done => {
                exchange(Demand::Bytes);
                false
            }
        }
    }

    fn wake_driver(&self) {
        // Taken out before waking: a waker may run code that comes back here.
        let waker = self.driver.borrow_mut().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// A connection has received `bytes`. When its peer sends without pause every read is done at once, and nobody else
/// would go on: here the others have their turn first.
pub async fn take_turns(bytes: usize) {
    let mut waits = RUNTIME.with(|runtime| {
        runtime.volume.set(runtime.volume.get() + bytes);
        runtime.share.set(runtime.share.get() + bytes);
        runtime.share.get() >= SHARE
    });
    poll_fn(|cx| {
        if !mem::take(&mut waits) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Makes the driver end a turn, unless it is about to.
fn have_turn() {
    RUNTIME.with(|runtime| {
        if !runtime.polling.get() {
            runtime.wake_driver();
        }
    });
}

/// Waits until the application has had the word: it hears of what has happened when this turn ends, and has answered
/// when the next one does. Node's listeners are called at once.
pub async fn applications_turn() {
    end_of_turn().await;
    end_of_turn().await;
}

/// How many turns have ended.
pub fn turn() -> u64 {
    RUNTIME.with(|runtime| runtime.turn.get())
}

/// Waits until this turn of the driver ends: what else has arrived by then is handled before.
pub async fn end_of_turn() {
    // Whoever comes when the last look is done waits for the next turn, and its look.
    let late = RUNTIME.with(|runtime| runtime.look.get() == Look::Done);
    let end = turn() + 1 + u64::from(late);
    poll_fn(|cx| {
        // Whoever waits for something else as well is polled before the turn ends.
        if turn() >= end {
            return Poll::Ready(());
        }
        RUNTIME.with(|runtime| runtime.ask_for_look());
        wake_after_turn([cx.waker().clone()]);
        Poll::Pending
    })
    .await;
}

/// Waits until what has come by now is handled. A transport that works in batches is asked at once; without one that is
/// what the end of a turn says.
pub async fn look() {
    let looks = || RUNTIME.with(|runtime| runtime.looks.get());
    if RUNTIME.with(|runtime| runtime.exchange.get().is_none()) {
        return end_of_turn().await;
    }
    let before = looks();
    poll_fn(|cx| {
        if looks() > before {
            return Poll::Ready(());
        }
        RUNTIME.with(|runtime| {
            runtime.looking.borrow_mut().push(cx.waker().clone());
            runtime.wake_driver();
        });
        Poll::Pending
    })
    .await;
}

/// Wakes `waiting` when this turn of the driver ends: what else has arrived by then is handled before.
fn wake_after_turn(waiting: impl IntoIterator<Item = Waker>) {
    RUNTIME.with(|runtime| {
        runtime.told.borrow_mut().extend(waiting);
        runtime.wake_driver();
    });
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    #[test]
    fn jobs_that_receive_without_pause_take_turns() {
        let log = Rc::new(RefCell::new(String::new()));
        for name in ["a", "b"] {
            let log = Rc::clone(&log);
            spawn(async move {
                for _ in 0..3 {
                    log.borrow_mut().push_str(name);
                    take_turns(SHARE).await;
                }
            });
        }
        run_until_stalled();
        assert_eq!(*log.borrow(), "ababab");
    }

    #[test]
    fn a_turn_ends_although_somebody_sends_without_pause() {
        let (over, reads) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
        let (told, read) = (Rc::clone(&over), Rc::clone(&reads));
        spawn(async move {
            while !told.get() {
                read.set(read.get() + 1);
                take_turns(SHARE).await;
            }
        });
        spawn(async move {
            end_of_turn().await;
            over.set(true);
        });
        run_until_stalled();
        assert!(reads.get() <= 2 * Driver::LARGEST / SHARE, "{} reads", reads.get());
    }

    /// Something else that wakes the waiter does not end the turn.
    #[test]
    fn the_end_of_a_turn_is_waited_for_beside_something_else() {
        let signal = Rc::new(Signal::default());
        let looks = Rc::new(Cell::new(0));
        let (other, counted) = (Rc::clone(&signal), Rc::clone(&looks));
        let ended = Rc::new(Cell::new(false));
        let done = Rc::clone(&ended);
        spawn(async move {
            let look = || {
                counted.set(counted.get() + 1);
                (counted.get() > 9).then_some(())
            };
            let turn = async {
                end_of_turn().await;
                done.set(true);
            };
            futures_util::future::join(turn, other.wait(look)).await;
        });
        let (_, waker) = clock::counting_waker();
        let mut driver = Driver::default();
        for _ in 0..2 {
            assert!(Pin::new(&mut driver).poll(&mut Context::from_waker(&waker)).is_pending());
            assert!(looks.get() > 0 && !ended.get(), "the turn goes on");
            signal.notify();
        }
        for _ in 0..20 {
            assert!(Pin::new(&mut driver).poll(&mut Context::from_waker(&waker)).is_pending());
        }
        assert!(ended.get());
    }

    /// An application that only now and then calls something synchronous must not get the time of its call before.
    #[test]
    fn a_look_at_the_clock_between_two_turns_does_not_last() {
        let (wakes, waker) = clock::counting_waker();
        let mut driver = Driver::default();
        let mut poll = || assert!(Pin::new(&mut driver).poll(&mut Context::from_waker(&waker)).is_pending());
        poll();
        let before = (now(), turn());
        assert_eq!(wakes.get(), 1, "the driver is to have a turn");
        poll();
        assert!(turn() > before.1);
        now();
        now();
        assert_eq!(wakes.get(), 2);
    }

    /// Two jobs have something to tell: the waiter sees what both did, and is woken once.
    #[test]
    fn a_waiter_is_told_once_what_a_turn_brought() {
        let signal = Rc::new(Signal::default());
        let done = Rc::new(Cell::new(0));
        let (wakes, waker) = clock::counting_waker();
        let mut place = signal.registration();
        place.renew(&waker);
        for _ in 0..2 {
            let (signal, done) = (Rc::clone(&signal), Rc::clone(&done));
            spawn(async move {
                done.set(done.get() + 1);
                signal.notify_after_turn();
            });
        }
        let (turns, driver_waker) = clock::counting_waker();
        let mut driver = Driver::default();
        let mut poll =
            || assert!(Pin::new(&mut driver).poll(&mut Context::from_waker(&driver_waker)).is_pending());
        poll();
        assert_eq!((done.get(), wakes.get()), (2, 0), "others may have something to tell, too");
        while turns.get() > 0 && wakes.get() == 0 {
            poll();
        }
        assert_eq!(wakes.get(), 1);
    }
}
