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
mod events;
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

use futures_util::{Stream as _, stream::FuturesUnordered};

pub use self::budget::{Account, Charge, DEFAULT_BUDGET, budget, budget_used, set_budget};
pub use self::clock::{Instant, advance, date, now, sleep_until};
pub use self::deadlines::{Span, Timed, forget_deadlines, note_deadline};
pub(crate) use self::events::event_set;
pub use self::events::{EventKind, EventLog, Recorded};
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

/// What is wanted of a transport that works in batches, when no job can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// To hand over everything that is queued: there is nothing else to do.
    All,
    /// To hand over what peers wait for: the application is about to have the word.
    Bytes,
    /// To fetch what has come by now: somebody waits for the end of this turn to know.
    Look,
}

/// A transport that works in batches: `exchange` does what is demanded, and says whether something has come for a job.
pub fn exchange_with(exchange: fn(Demand) -> bool) {
    RUNTIME.with(|runtime| runtime.exchange.set(Some(exchange)));
}

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
    /// Whether somebody waits to know what has come before it ends.
    looks: Cell<bool>,
    /// Who is woken when the turn ends.
    told: RefCell<Vec<Waker>>,
    /// Whether an async export has handed the driver to a task.
    #[cfg(target_family = "wasm")]
    started: Cell<bool>,
    /// See [`exchange_with`].
    exchange: Cell<Option<fn(Demand) -> bool>>,
    driver: RefCell<Option<Waker>>,
    sequence: Cell<u64>,
    next_id: Cell<u64>,
}

impl Runtime {
    fn demand(&self) -> Demand {
        match self.told.borrow().is_empty() {
            true => Demand::All,
            false if self.looks.get() => Demand::Look,
            false => Demand::Bytes,
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
    let this = turn();
    poll_fn(|cx| {
        // Whoever waits for something else as well is polled before the turn ends.
        if turn() != this {
            return Poll::Ready(());
        }
        RUNTIME.with(|runtime| runtime.looks.set(true));
        wake_after_turn([cx.waker().clone()]);
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

/// Polls every job there is; never ends.
///
/// A turn is one application's batch. Events come in one by one, so once there is something to tell the
/// application the driver asks to be polled again, until it was polled [`Self::PATIENCE`] times without any
/// job having been woken; only then the application is told. The answers to a batch leave together, too,
/// which spares the peer (and a host that runs on its machine) a wake-up for each of them.
#[derive(Default)]
struct Driver {
    jobs: FuturesUnordered<Job>,
    /// How often it was polled since somebody waits for the end of the turn.
    polls: u32,
    /// How often of these, lately, without any job having been woken.
    quiet: u32,
}

impl Driver {
    /// The executor of wit-bindgen polls a future that wakes itself twice before it looks for events
    /// again, and it looks once before and once after it lets the host go on.
    const PATIENCE: u32 = 4;

    /// A connection that always has something to do must not keep the application from the others.
    const LONGEST: u32 = 128;

    /// Nor may a few that send without pause: so many bytes are no batch of messages.
    const LARGEST: usize = 1024 * 1024;

    /// No job can go on: ends the turn, or asks to be polled again where more may come. Answers whether jobs can go on.
    fn pause(&mut self, waker: &Waker) -> bool {
        let next = RUNTIME.with(|runtime| {
            runtime.driver.replace(Some(waker.clone()));
            self.quiet = if runtime.busy.replace(false) { 0 } else { self.quiet + 1 };
            self.polls += 1;
            let flooded = self.polls >= Self::LONGEST || runtime.volume.get() >= Self::LARGEST;
            let told = !runtime.told.borrow().is_empty();
            let (more_may_come, left) = match runtime.exchange.get() {
                Some(exchange) if !flooded && exchange(runtime.demand()) => return Next::Jobs,
                // What is not worth a call before the application has the word is due behind it.
                Some(_) => (false, told || flooded),
                None => (told && self.quiet < Self::PATIENCE && !flooded, false),
            };
            if more_may_come || left {
                waker.wake_by_ref();
            }
            if more_may_come { Next::Wait } else { Next::End(runtime.told.take()) }
        });
        let told = match next {
            Next::Jobs => return true,
            Next::Wait => return false,
            Next::End(told) => told,
        };
        (self.polls, self.quiet) = (0, 0);
        RUNTIME.with(|runtime| {
            runtime.volume.set(0);
            runtime.looks.set(false);
            runtime.turn.set(runtime.turn.get() + 1);
        });
        clock::end_turn();
        told.into_iter().for_each(Waker::wake);
        false
    }
}

/// What follows a pause.
enum Next {
    /// Jobs can go on.
    Jobs,
    /// More may come in this turn.
    Wait,
    /// The turn ends, and these are woken.
    End(Vec<Waker>),
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        RUNTIME.with(|runtime| runtime.polling.set(true));
        self.poll_jobs(cx);
        RUNTIME.with(|runtime| runtime.polling.set(false));
        Poll::Pending
    }
}

impl Driver {
    /// Polls jobs until none can go on.
    fn poll_jobs(&mut self, cx: &mut Context<'_>) {
        loop {
            let queued = RUNTIME.with(|runtime| runtime.queued.borrow_mut().pop_front());
            match queued {
                Some(job) => self.jobs.push(job),
                None => match Pin::new(&mut self.jobs).poll_next(cx) {
                    Poll::Ready(Some(())) => {}
                    // Jobs that the poll above queued are picked up by the next turn of this loop.
                    Poll::Ready(None) | Poll::Pending => {
                        let idle = RUNTIME.with(|runtime| runtime.queued.borrow().is_empty());
                        if idle && !self.pause(cx.waker()) {
                            return;
                        }
                    }
                },
            }
        }
    }
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
