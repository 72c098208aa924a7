//! Idle timeouts of a client's connections, and the one timer that keeps them.
//!
//! A connection notes when it moved last; no timer is started for it. One job sleeps until the earliest
//! deadline that it knows of and looks at every connection that has one.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::{Rc, Weak},
};

use super::connection::Connection;
use crate::{
    runtime::{self, Millis, Signal, unless},
    transport::SocketEvent,
};

/// How long a connection may stand still, and when it moved last.
#[derive(Debug, Default)]
pub(super) struct Idleness {
    /// 0: for ever.
    timeout: Cell<Millis>,
    last: Cell<Millis>,
    /// None when nothing is due, because there is no timeout or it was told and nothing has moved since.
    due: Cell<Option<Millis>>,
}

impl Idleness {
    pub(super) fn timeout(&self) -> Millis {
        self.timeout.get()
    }
}

impl Connection {
    /// `socket.setTimeout()`: 0 switches it off.
    pub(super) fn set_idle_timeout(&self, timeout: Millis) {
        self.idleness.timeout.set(timeout);
        self.idleness.due.set(None);
        if timeout > 0 && !self.is_gone() {
            WATCH.with(|watch| watch.connections.borrow_mut().insert(self.id, self.this()));
            self.touch();
        }
    }

    /// Bytes have moved.
    pub(super) fn touch(&self) {
        let timeout = self.idleness.timeout.get();
        if timeout == 0 {
            return;
        }
        let now = runtime::now();
        self.idleness.last.set(now);
        if self.idleness.due.get().is_none() {
            self.idleness.due.set(Some(now + timeout));
            WATCH.with(|watch| watch.note(now + timeout));
        }
    }

    /// The connection is gone: the timer forgets it.
    pub(super) fn stop_timing(&self) {
        self.idleness.timeout.set(0);
        self.idleness.due.set(None);
        WATCH.with(|watch| watch.connections.borrow_mut().remove(&self.id));
    }

    /// Whatever is due is done; when the next thing is.
    fn check(&self, now: Millis) -> Option<Millis> {
        let due = self.idleness.due.get()?;
        if due > now {
            return Some(due);
        }
        let later = self.idleness.last.get() + self.idleness.timeout.get();
        if later > now {
            self.idleness.due.set(Some(later));
            return Some(later);
        }
        self.idleness.due.set(None);
        self.stood_still();
        self.idleness.due.get()
    }

    /// Node's 'timeout': told to the socket and the request; a connection in the pool is destroyed (AG9).
    fn stood_still(&self) {
        self.events.record(SocketEvent::Timeout);
        match self.exchange() {
            Some(exchange) => exchange.timed_out(),
            None if self.agent().is_some_and(|agent| agent.is_free(self.id)) => self.destroy(),
            None => {}
        }
    }
}

/// Deadlines are rounded up to this, so that many of them share a wake-up.
const GRANULARITY: Millis = 16;

thread_local! {
    static WATCH: Watch = Watch::default();
}

/// The connections that may have a deadline.
#[derive(Default)]
struct Watch {
    connections: RefCell<BTreeMap<u64, Weak<Connection>>>,
    /// When the timer looks next, `None` while nothing has a deadline.
    next: Cell<Option<Millis>>,
    runs: Cell<bool>,
    earlier: Rc<Signal>,
}

impl Watch {
    fn note(&self, at: Millis) {
        if self.next.get().is_none_or(|next| at < next) {
            self.next.set(Some(at));
            if self.runs.replace(true) {
                self.earlier.notify();
            } else {
                runtime::spawn(run(Rc::clone(&self.earlier)));
            }
        }
    }

    fn check(&self) {
        let now = runtime::now();
        let connections = std::mem::take(&mut *self.connections.borrow_mut());
        let mut earliest: Option<Millis> = None;
        let mut left = BTreeMap::new();
        // Deadlines that are set meanwhile are in the connections that are looked at, or noted afterwards.
        self.next.set(None);
        for (id, connection) in connections {
            let Some(strong) = connection.upgrade() else { continue };
            earliest = earliest.into_iter().chain(strong.check(now)).min();
            if strong.idleness.timeout.get() > 0 {
                left.insert(id, connection);
            }
        }
        self.connections.borrow_mut().append(&mut left);
        self.next.set(self.next.get().into_iter().chain(earliest).min());
    }
}

/// The timer: runs while there is a deadline to keep.
async fn run(earlier: Rc<Signal>) {
    let next = || WATCH.with(|watch| watch.next.get());
    while let Some(at) = next() {
        let rounded = at.next_multiple_of(GRANULARITY);
        let changed = || next().is_none_or(|next| next < at);
        if unless(&earlier, changed, runtime::sleep_until(rounded)).await.is_some() {
            WATCH.with(Watch::check);
        }
    }
    WATCH.with(|watch| watch.runs.set(false));
}
