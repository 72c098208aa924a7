//! Deadlines of connections, and the one timer that keeps them.
//!
//! A connection notes a deadline by writing a number; no timer is started for it. One job per
//! server sleeps until the earliest deadline that it knows of, looks at every connection, closes
//! those that are late and sleeps again. Deadlines are constant times ahead, so the earliest one
//! hardly ever moves forward and the sleep is hardly ever started anew.

use std::{cell::Cell, rc::Rc};

use super::{Shared, connection::Connection};
use crate::runtime::{self, Millis, unless};

/// What a connection can be late with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// The head of a request (`headersTimeout`), from its first byte; of the first, from the connection's start.
    Headers,
    /// A whole request (`requestTimeout`).
    Request,
    /// The next request on an idle connection (`keepAliveTimeout`).
    KeepAlive,
    /// The peer's end after ours.
    Linger,
}

const TIMERS: [Timer; 4] = [Timer::Headers, Timer::Request, Timer::KeepAlive, Timer::Linger];

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

    fn earliest(&self) -> Option<Millis> {
        self.0.iter().filter_map(Cell::get).min()
    }

    fn late(&self, now: Millis) -> Option<Timer> {
        TIMERS.into_iter().find(|timer| self.0[*timer as usize].get().is_some_and(|at| at <= now))
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
    /// A request's first byte has arrived, or a connection has begun.
    pub(super) fn time_message(&self, connection: &Connection) {
        let settings = self.settings();
        let now = runtime::now();
        if settings.headers_timeout > 0 {
            self.set_deadline(connection, Timer::Headers, now + settings.headers_timeout);
        }
        if settings.request_timeout > 0 {
            self.set_deadline(connection, Timer::Request, now + settings.request_timeout);
        }
    }

    /// The connection has nothing to do.
    pub(super) fn time_idle(&self, connection: &Connection) {
        let keep_alive_timeout = self.settings().keep_alive_timeout;
        if keep_alive_timeout > 0 {
            let at = runtime::now() + keep_alive_timeout + KEEP_ALIVE_TIMEOUT_BUFFER;
            self.set_deadline(connection, Timer::KeepAlive, at);
        }
    }

    /// Our end was sent.
    pub(super) fn time_linger(&self, connection: &Connection) {
        self.set_deadline(connection, Timer::Linger, runtime::now() + LINGER);
    }

    fn set_deadline(&self, connection: &Connection, timer: Timer, at: Millis) {
        connection.deadlines.set(timer, at);
        if self.next_check.get().is_none_or(|next| at < next) {
            self.next_check.set(Some(at));
            self.check_earlier.notify();
        }
    }
}

/// The timer of a server: ends when the server is closed and has no connection left.
pub(super) async fn watch(server: Rc<Shared>) {
    while let Some(at) = next_check(&server).await {
        let rounded = at.next_multiple_of(GRANULARITY);
        let earlier = || server.next_check.get().is_none_or(|next| next < at);
        if unless(&server.check_earlier, earlier, runtime::sleep_until(rounded)).await.is_some() {
            check(&server);
        }
    }
}

/// The time of the next check, `None` when there will be none.
async fn next_check(server: &Shared) -> Option<Millis> {
    server
        .check_earlier
        .wait(|| match server.next_check.get() {
            Some(at) => Some(Some(at)),
            None if server.is_over() => Some(None),
            None => None,
        })
        .await
}

fn check(server: &Shared) {
    let now = runtime::now();
    let mut earliest = None;
    for connection in server.connections() {
        if let Some(timer) = connection.deadlines.late(now) {
            connection.deadlines.clear(timer);
            connection.timed_out(timer);
        }
        earliest = earliest.into_iter().chain(connection.deadlines.earliest()).min();
    }
    server.next_check.set(earliest);
}
