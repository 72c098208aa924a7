//! The one future that polls every job, and when a turn ends.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use futures_util::{Stream as _, stream::FuturesUnordered};

use super::{Job, Look, RUNTIME, clock};

/// Polls every job there is; never ends.
///
/// A turn is one application's batch. Events come in one by one, so once there is something to tell the
/// application the driver asks to be polled again, until it was polled [`Self::PATIENCE`] times without any
/// job having been woken; only then the application is told. The answers to a batch leave together, too,
/// which spares the peer (and a host that runs on its machine) a wake-up for each of them.
#[derive(Default)]
pub(super) struct Driver {
    jobs: FuturesUnordered<Job>,
    /// How often it was polled since somebody waits for the end of the turn.
    polls: u32,
    /// How often of these, lately, without any job having been woken.
    quiet: u32,
    /// How often since it has looked, where the transport works in batches, at what has come.
    looked: u32,
}

impl Driver {
    /// The executor of wit-bindgen polls a future that wakes itself twice before it looks for events
    /// again, and it looks once before and once after it lets the host go on.
    const PATIENCE: u32 = 4;

    /// A connection that always has something to do must not keep the application from the others.
    const LONGEST: u32 = 128;

    /// Nor may a few that send without pause: so many bytes are no batch of messages.
    pub(super) const LARGEST: usize = 1024 * 1024;

    /// No job can go on: ends the turn, or asks to be polled again where more may come. Answers whether jobs can go on.
    fn pause(&mut self, waker: &Waker) -> bool {
        let next = RUNTIME.with(|runtime| {
            runtime.driver.replace(Some(waker.clone()));
            self.quiet = if runtime.busy.replace(false) { 0 } else { self.quiet + 1 };
            self.polls += 1;
            let flooded = self.polls >= Self::LONGEST || runtime.volume.get() >= Self::LARGEST;
            let told = !runtime.told.borrow().is_empty();
            let (more_may_come, left) = match runtime.exchange.get() {
                Some(exchange) if !flooded && runtime.exchange(exchange) => return Next::Jobs,
                // Who waits for the end of a turn wants the application to have gone on, too, not only a look at what
                // has come. What is not worth a call before the application has the word is due behind it.
                Some(_) => {
                    self.looked += u32::from(runtime.look.get() == Look::Done);
                    (!flooded && (1..=Self::PATIENCE).contains(&self.looked), told || flooded)
                }
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
        (self.polls, self.quiet, self.looked) = (0, 0, 0);
        RUNTIME.with(|runtime| {
            runtime.volume.set(0);
            runtime.look.set(Look::Unasked);
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
