//! What the deadlines of a connection are, and what passing the idle one means.

use super::{
    ServerEvents,
    connection::Connection,
    events::{ResponseEvent, ServerEventKind},
};
use crate::{
    runtime::{EventKind, Span},
    transport::{MessageEvent, Timer},
};

/// Node closes an idle connection this long after the time that it announces, so that a client which uses the
/// announced time to the full is still served.
const KEEP_ALIVE_TIMEOUT_BUFFER: u32 = 1000;

impl Connection {
    /// A request's first byte has arrived, perhaps with its whole head, or the connection has begun.
    pub(super) fn time_message(&self, in_body: bool) {
        let settings = self.server.settings();
        let (headers, request) =
            (Span::millis(settings.headers_timeout), Span::millis(settings.request_timeout));
        if headers.is_some() && !in_body {
            self.link.set_deadline(Timer::Headers, headers);
        }
        if request.is_some() {
            self.link.set_deadline(Timer::Request, request);
        }
    }

    /// The connection has nothing to do.
    pub(super) fn time_idle(&self) {
        let keep_alive_timeout = self.server.settings().keep_alive_timeout;
        if keep_alive_timeout > 0 && !self.is_released() {
            self.timeout_replaced.set(true);
            self.link.clear_deadline(Timer::Idle);
            let span = Span::millis(keep_alive_timeout.saturating_add(KEEP_ALIVE_TIMEOUT_BUFFER));
            self.link.set_deadline(Timer::KeepAlive, span);
        }
    }

    /// The connection has something to do again.
    pub(super) fn end_idle_time(&self) {
        self.link.clear_deadline(Timer::KeepAlive);
        if self.timeout_replaced.replace(false) {
            self.link.set_idle_timeout(Span::millis(self.server.settings().timeout));
        }
    }

    /// Node's 'timeout': told to the request that is not complete, to the answer and to the server; when none of them
    /// listens the connection is destroyed (I-21).
    pub(super) fn tell_idle(&self) {
        if self.is_released() {
            return;
        }
        let (receiving, owner) = {
            let queue = self.queue.borrow();
            (queue.receiving().cloned(), queue.owner().cloned())
        };
        let mut handled = false;
        if let Some(exchange) = receiving {
            let events = &exchange.inbound.events;
            handled |= events.listens_to(MessageEvent::Timeout.bit());
            events.record(MessageEvent::Timeout);
        }
        if let Some(exchange) = owner {
            handled |= exchange.events.listens_to(ResponseEvent::Timeout.bit());
            exchange.events.record(ResponseEvent::Timeout);
        }
        if self.server.listens_to(ServerEvents::TIMEOUT) {
            handled = true;
            self.server.emit(ServerEventKind::Timeout(self.socket()));
        }
        if !handled {
            self.link.destroy();
        }
    }
}
