//! What a connection can be late with.

use std::cell::Cell;

use super::{Link, SocketEvent};
use crate::runtime::{self, Instant, Span, Timed, note_deadline};

/// What a connection can be late with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// The head of a request (`headersTimeout`), from its first byte; of the first, from the connection's start.
    Headers,
    /// A whole request (`requestTimeout`).
    Request,
    /// The next request on an idle connection (`keepAliveTimeout`).
    KeepAlive,
    /// Any traffic (`server.timeout`, `setTimeout`).
    Idle,
    /// The peer's end after ours.
    Linger,
}

const TIMERS: [Timer; 5] = [Timer::Headers, Timer::Request, Timer::KeepAlive, Timer::Idle, Timer::Linger];

/// How long the peer may take to end its side after ours.
const LINGER: Span = Span::millis(2000);

/// The deadlines of one connection, and how long it may stand still.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    due: [Cell<Option<Instant>>; TIMERS.len()],
    idle_timeout: Cell<Span>,
    /// When bytes moved last: kept only while there is an idle timeout.
    last_moved: Cell<Instant>,
}

impl Deadlines {
    fn earliest(&self) -> Option<Instant> {
        self.due.iter().filter_map(Cell::get).min()
    }

    fn late(&self, now: Instant) -> Option<Timer> {
        TIMERS.into_iter().find(|timer| self.due[*timer as usize].get().is_some_and(|at| at <= now))
    }
}

impl Link {
    /// Something will be late when `span` is over.
    pub(crate) fn set_deadline(&self, timer: Timer, span: Span) {
        self.set_due(timer, span.after(runtime::now()));
    }

    pub(crate) fn clear_deadline(&self, timer: Timer) {
        self.deadlines.due[timer as usize].set(None);
    }

    /// 0: it may stand still for ever.
    pub(crate) fn idle_timeout(&self) -> Span {
        self.deadlines.idle_timeout.get()
    }

    /// `socket.setTimeout()`.
    pub(crate) fn set_idle_timeout(&self, timeout: Span) {
        self.deadlines.idle_timeout.set(timeout);
        self.clear_deadline(Timer::Idle);
        self.touch();
    }

    /// Bytes have moved. A timeout that was told counts anew from here.
    pub(crate) fn touch(&self) {
        let timeout = self.idle_timeout();
        if timeout.is_some() && !self.is_gone() {
            let now = runtime::now();
            self.deadlines.last_moved.set(now);
            if self.deadlines.due[Timer::Idle as usize].get().is_none() {
                self.set_due(Timer::Idle, timeout.after(now));
            }
        }
    }

    /// Our end was sent: only the peer's can be late.
    pub(super) fn start_lingering(&self) {
        TIMERS.into_iter().for_each(|timer| self.clear_deadline(timer));
        self.set_deadline(Timer::Linger, LINGER);
    }

    fn set_due(&self, timer: Timer, at: Instant) {
        self.deadlines.due[timer as usize].set(Some(at));
        note_deadline(self.id, &self.timed, at);
    }

    /// Node's 'timeout'.
    fn stood_still(&self) {
        self.events.record(SocketEvent::Timeout);
        self.with_protocol(|protocol| protocol.stood_still());
    }

    fn late(&self, timer: Timer, now: Instant) {
        match timer {
            Timer::Headers | Timer::Request => self.with_protocol(|protocol| protocol.message_late()),
            Timer::Idle => {
                let due = self.idle_timeout().after(self.deadlines.last_moved.get());
                if due > now { self.set_due(Timer::Idle, due) } else { self.stood_still() }
            }
            Timer::KeepAlive => self.stood_still(),
            Timer::Linger => self.destroy(),
        }
    }
}

impl Timed for Link {
    fn check(&self, now: Instant) -> Option<Instant> {
        if let Some(timer) = self.deadlines.late(now) {
            self.clear_deadline(timer);
            self.late(timer, now);
        }
        self.deadlines.earliest()
    }
}
