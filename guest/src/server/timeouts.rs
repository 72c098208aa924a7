//! Deadlines of connections, and the one timer that keeps them.
//!
//! A connection notes a deadline by writing a number; no timer is started for it. One job per
//! server sleeps until the earliest deadline that it knows of, looks at every connection, closes
//! those that are late and sleeps again. Deadlines are constant times ahead, so the earliest one
//! hardly ever moves forward and the sleep is hardly ever started anew.

use std::{cell::Cell, rc::Rc};

use super::{
    Shared,
    connection::Connection,
    events::{ResponseEvent, ServerEventKind, ServerEvents},
};
use crate::{
    error::Error,
    runtime::{self, EventKind, Millis, unless},
    transport::{MessageEvent, SocketEvent},
};

/// What a connection can be late with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
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

/// The deadlines of one connection.
#[derive(Debug, Default)]
pub(super) struct Deadlines([Cell<Option<Millis>>; TIMERS.len()]);

impl Deadlines {
    pub(super) fn set(&self, timer: Timer, at: Millis) {
        self.0[timer as usize].set(Some(at));
    }

    pub(super) fn clear(&self, timer: Timer) {
        self.0[timer as usize].set(None);
    }

    fn is_set(&self, timer: Timer) -> bool {
        self.0[timer as usize].get().is_some()
    }

    fn earliest(&self) -> Option<Millis> {
        self.0.iter().filter_map(Cell::get).min()
    }

    fn late(&self, now: Millis) -> Option<Timer> {
        TIMERS.into_iter().find(|timer| self.0[*timer as usize].get().is_some_and(|at| at <= now))
    }
}

/// When a connection last moved, and how long it may stand still.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// 0: for ever.
    timeout: Cell<Millis>,
    /// Kept only while there is a timeout.
    last: Cell<Millis>,
    /// `keepAliveTimeout` has taken the place of the timeout that was set: the next request begins
    /// with the server's (I-20, SV6).
    replaced: Cell<bool>,
}

impl Connection {
    pub(super) fn idle_timeout(&self) -> Millis {
        self.activity.timeout.get()
    }

    /// `socket.setTimeout()`.
    pub(super) fn set_idle_timeout(&self, timeout: Millis) {
        self.activity.timeout.set(timeout);
        self.activity.replaced.set(false);
        if timeout == 0 {
            self.deadlines.clear(Timer::Idle);
        } else {
            let now = runtime::now();
            self.activity.last.set(now);
            self.server.set_deadline(self, Timer::Idle, now + timeout);
        }
    }

    /// Bytes have moved.
    pub(super) fn touch(&self) {
        if self.activity.timeout.get() > 0 {
            self.activity.last.set(runtime::now());
            if !self.deadlines.is_set(Timer::Idle) {
                self.server.set_deadline(self, Timer::Idle, runtime::now() + self.activity.timeout.get());
            }
        }
    }

    /// The connection has nothing to do.
    pub(super) fn time_idle(&self) {
        let keep_alive_timeout = self.server.settings().keep_alive_timeout;
        if keep_alive_timeout > 0 && !self.is_tunnel() {
            self.activity.replaced.set(true);
            self.deadlines.clear(Timer::Idle);
            let at = runtime::now() + keep_alive_timeout + KEEP_ALIVE_TIMEOUT_BUFFER;
            self.server.set_deadline(self, Timer::KeepAlive, at);
        }
    }

    /// The connection has something to do again.
    pub(super) fn end_idle_time(&self) {
        self.deadlines.clear(Timer::KeepAlive);
        if self.activity.replaced.get() {
            let timeout = self.server.settings().timeout;
            self.set_idle_timeout(timeout);
        }
    }

    /// A deadline has passed.
    pub(super) fn timed_out(self: &Rc<Self>, timer: Timer, now: Millis) {
        match timer {
            Timer::Headers | Timer::Request => {
                self.fail_request(Error::request_timeout());
                self.receiving.notify();
                self.advance();
            }
            Timer::Idle => {
                let due = self.activity.last.get() + self.activity.timeout.get();
                if due > now {
                    self.server.set_deadline(self, Timer::Idle, due);
                } else {
                    self.stood_still();
                }
            }
            Timer::KeepAlive => self.stood_still(),
            Timer::Linger => self.destroy(),
        }
    }

    /// Node's 'timeout': told to the request that is not complete, to the answer and to the server;
    /// when none of them listens the connection is destroyed (I-21).
    fn stood_still(self: &Rc<Self>) {
        self.events.record(SocketEvent::Timeout);
        if self.is_tunnel() {
            return;
        }
        let mut handled = false;
        if let Some(exchange) = self.oldest_owed() {
            if !exchange.body().is_complete() {
                handled |= exchange.message_events.listens_to(MessageEvent::Timeout.bit());
                exchange.message_events.record(MessageEvent::Timeout);
            }
            handled |= exchange.events.listens_to(ResponseEvent::Timeout.bit());
            exchange.events.record(ResponseEvent::Timeout);
        }
        if self.server.listens_to(ServerEvents::TIMEOUT) {
            handled = true;
            self.server.emit(ServerEventKind::Timeout(self.socket()));
        }
        if !handled {
            self.destroy();
        }
    }
}

/// Node closes an idle connection this long after the time that it announces, so that a client
/// which uses the announced time to the full is still served.
const KEEP_ALIVE_TIMEOUT_BUFFER: Millis = 1000;

/// How long the peer may take to end its side after ours.
const LINGER: Millis = 2000;

/// Deadlines are rounded up to this, so that many of them share a wake-up.
const GRANULARITY: Millis = 16;

impl Shared {
    /// A request's first byte has arrived, perhaps with its whole head, or a connection has begun.
    pub(super) fn time_message(&self, connection: &Connection, in_body: bool) {
        let settings = self.settings();
        let now = runtime::now();
        if settings.headers_timeout > 0 && !in_body {
            self.set_deadline(connection, Timer::Headers, now + settings.headers_timeout);
        }
        if settings.request_timeout > 0 {
            self.set_deadline(connection, Timer::Request, now + settings.request_timeout);
        }
    }

    /// Our end was sent: only the peer's can be late.
    pub(super) fn time_linger(&self, connection: &Connection) {
        TIMERS.into_iter().for_each(|timer| connection.deadlines.clear(timer));
        self.set_deadline(connection, Timer::Linger, runtime::now() + LINGER);
    }

    fn set_deadline(&self, connection: &Connection, timer: Timer, at: Millis) {
        connection.deadlines.set(timer, at);
        if self.next_check.get().is_none_or(|next| at < next) {
            self.next_check.set(Some(at));
            if self.watching.replace(true) {
                self.check_earlier.notify();
            } else {
                runtime::spawn(watch(Rc::clone(&connection.server)));
            }
        }
    }
}

/// The timer of a server: runs while there is a deadline to keep.
async fn watch(server: Rc<Shared>) {
    while let Some(at) = server.next_check.get() {
        let rounded = at.next_multiple_of(GRANULARITY);
        let earlier = || server.next_check.get().is_none_or(|next| next < at);
        if unless(&server.check_earlier, earlier, runtime::sleep_until(rounded)).await.is_some() {
            check(&server);
        }
    }
    server.watching.set(false);
}

fn check(server: &Shared) {
    let now = runtime::now();
    // Deadlines that are set meanwhile are in the connections that are looked at below.
    let mut earliest: Option<Millis> = None;
    for connection in server.connections() {
        if let Some(timer) = connection.deadlines.late(now) {
            connection.deadlines.clear(timer);
            connection.timed_out(timer, now);
        }
        earliest = earliest.into_iter().chain(connection.deadlines.earliest()).min();
    }
    server.next_check.set(earliest);
}
