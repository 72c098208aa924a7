//! A connection that HTTP has let go of, and what an application does to one directly.

use std::{cell::RefCell, mem, rc::Rc};

use super::{
    connection::Connection,
    events::{ServerEventKind, ServerEvents, SocketEvent, Upgrade},
    exchange::Exchange,
    inbox::Inbox,
    incoming_message::IncomingMessage,
    socket::Socket,
    timeouts::Timer,
};
use crate::{
    error::Error,
    message::{Body, ReadResult},
};

/// How a connection leaves HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// CONNECT.
    Connect,
    /// An upgrade.
    Upgrade,
}

/// What is received on a connection after HTTP.
#[derive(Debug, Default)]
pub(super) struct RawInput {
    received: RefCell<Body>,
    /// A request that leaves HTTP and has no body: told when the bytes behind it are known.
    leaving: RefCell<Option<(Leaving, Rc<Exchange>)>>,
}

impl RawInput {
    /// The connection is gone. An exchange that was to leave HTTP and did not get that far must not keep it alive.
    pub(super) fn abort(&self) {
        self.received.borrow_mut().abort();
        drop(self.leaving.take());
    }
}

impl Connection {
    /// A request leaves HTTP. Its body, if any, is still decoded (as Node 26 does it: in 23.5 it
    /// lands in `head`), so the application is told at once; otherwise with the bytes behind it.
    pub(super) fn leave(self: &Rc<Self>, leaving: Leaving, exchange: Rc<Exchange>, has_body: bool) {
        self.stop_timing();
        self.release();
        if has_body {
            self.tell_leaving(leaving, exchange, Vec::new());
        } else {
            self.raw.leaving.replace(Some((leaving, exchange)));
        }
    }

    /// The request is complete: what follows is the application's.
    pub(super) fn left(self: &Rc<Self>, inbox: &mut Inbox) {
        self.start_reading_raw();
        let rest = inbox.take_rest();
        let waiting = self.raw.leaving.borrow_mut().take();
        match waiting {
            Some((leaving, exchange)) => self.tell_leaving(leaving, exchange, rest),
            None => self.raw.received.borrow_mut().push(&rest),
        }
    }

    fn tell_leaving(self: &Rc<Self>, leaving: Leaving, exchange: Rc<Exchange>, head: Vec<u8>) {
        let upgrade = Upgrade { request: IncomingMessage::new(exchange), socket: Socket::new(self), head };
        self.server.emit(match leaving {
            Leaving::Connect => ServerEventKind::Connect(upgrade),
            Leaving::Upgrade => ServerEventKind::Upgrade(upgrade),
        });
    }

    /// Tells the application of a broken connection, if it listens. The socket is its own then, and
    /// what is still owed goes out before anything that it writes (difference S5).
    pub(super) fn report_client_error(self: &Rc<Self>, error: Error) -> bool {
        if !self.server.listens_to(ServerEvents::CLIENT_ERROR) {
            return false;
        }
        self.stop_timing();
        self.release();
        self.server.emit(ServerEventKind::ClientError { error, socket: Socket::new(self) });
        true
    }

    pub(super) fn stop_timing(&self) {
        for timer in [Timer::Headers, Timer::Request, Timer::KeepAlive] {
            self.deadlines.clear(timer);
        }
    }

    // What arrives.

    pub(super) fn receive_raw(&self, inbox: &mut Inbox) {
        self.raw.received.borrow_mut().push(&inbox.take_rest());
        inbox.rewind();
        self.changed.notify();
    }

    pub(super) fn end_raw_input(&self) {
        self.raw.received.borrow_mut().complete(None);
        self.changed.notify();
    }

    /// Whether the application must read before more is received.
    pub(super) fn raw_is_full(&self) -> bool {
        self.raw.received.borrow().len() >= self.server.settings().high_water_mark.max(1)
    }

    pub(super) fn raw_is_readable(&self) -> bool {
        self.raw.received.borrow().is_readable() || self.is_closed()
    }

    pub(super) fn read_raw(&self, max: usize) -> ReadResult {
        let result = self.raw.received.borrow_mut().read(max);
        self.resume_receiving();
        match result {
            ReadResult::Pending if self.is_closed() => ReadResult::End,
            result => result,
        }
    }

    // What is sent.

    pub(super) fn write_raw(&self, bytes: &[u8]) -> Result<bool, Error> {
        if self.is_destroyed() {
            return Err(Error::stream_destroyed("write"));
        }
        if !self.state_mut().write_raw(bytes) {
            return Err(Error::write_after_end());
        }
        self.advance();
        Ok(self.unflushed() < self.server.settings().high_water_mark)
    }

    pub(super) fn end_raw(&self) {
        self.state_mut().end_raw();
        self.receiving.notify();
        self.advance();
    }

    pub(super) fn destroy_with(&self, error: Option<Error>) {
        if self.is_destroyed() {
            return;
        }
        if let Some(error) = error {
            self.failed_with.set(true);
            self.events.record(SocketEvent::Error(error));
        }
        self.destroy();
    }

    // Who holds it.

    pub(super) fn add_socket_view(&self) {
        self.socket_views.set(self.socket_views.get() + 1);
    }

    /// A connection that HTTP has let go of ends with its last view: what was written and ended is
    /// sent, anything else is destroyed.
    pub(super) fn drop_socket_view(&self) {
        self.socket_views.set(self.socket_views.get() - 1);
        if self.socket_views.get() > 0 || !self.state_mut().is_tunnel() {
            return;
        }
        let ended = self.state_mut().abandon_tunnel();
        if ended {
            // Nobody will read what arrives.
            let _ = mem::take(&mut *self.raw.received.borrow_mut());
            self.receiving.notify();
        } else {
            self.destroy();
        }
    }
}
