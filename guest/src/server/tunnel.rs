//! A connection that HTTP has let go of, and what an application does to one directly.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    mem,
    net::SocketAddr,
    rc::Rc,
};

use super::{
    connection::Connection,
    events::{ServerEventKind, ServerEvents, Upgrade},
    exchange::Exchange,
    timeouts::Timer,
};
use crate::{
    error::Error,
    message::{Body, ReadResult},
    runtime::{self, EventLog, Millis, Signal},
    transport::{Carrier, Inbox, IncomingMessage, Socket, SocketEvent},
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

    /// Takes received bytes out; `closed` tells whether more can come.
    fn read(&self, max: usize, closed: bool) -> ReadResult {
        let mut received = self.received.borrow_mut();
        if closed && !received.is_readable() {
            received.complete(None);
        }
        received.read(max, runtime::next_sequence)
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
        let upgrade = Upgrade { request: IncomingMessage::new(exchange), socket: self.socket(), head };
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
        self.server.emit(ServerEventKind::ClientError { error, socket: self.socket() });
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

    // What is sent.

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

    /// A view of the connection.
    pub(super) fn socket(self: &Rc<Self>) -> Socket {
        Socket::new(Rc::<Self>::clone(self))
    }
}

impl Carrier for Connection {
    fn into_any(self: Rc<Self>) -> Rc<dyn Any> {
        self
    }

    fn events(&self) -> &EventLog<SocketEvent> {
        &self.events
    }

    fn changed(&self) -> &Signal {
        &self.changed
    }

    fn views(&self) -> &Cell<usize> {
        &self.socket_views
    }

    /// A connection that HTTP has let go of ends with its last view: what was written and ended is
    /// sent, anything else is destroyed.
    fn abandoned(&self) {
        if !self.state_mut().is_tunnel() {
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

    fn local_address(&self) -> Option<SocketAddr> {
        self.endpoints.local()
    }

    fn remote_address(&self) -> Option<SocketAddr> {
        self.endpoints.remote()
    }

    fn bytes_read(&self) -> u64 {
        self.bytes_read.get()
    }

    fn bytes_written(&self) -> u64 {
        self.state_mut().bytes_written()
    }

    fn is_connecting(&self) -> bool {
        false
    }

    fn is_readable(&self) -> bool {
        self.state_mut().is_readable()
    }

    fn is_writable(&self) -> bool {
        self.state_mut().is_writable()
    }

    fn is_destroyed(&self) -> bool {
        Self::is_destroyed(self)
    }

    fn is_closed(&self) -> bool {
        Self::is_closed(self)
    }

    fn idle_timeout(&self) -> Millis {
        Self::idle_timeout(self)
    }

    fn set_idle_timeout(&self, timeout: Millis) {
        Self::set_idle_timeout(self, timeout);
    }

    fn set_keep_alive(&self, enable: bool, initial_delay: Millis) {
        self.endpoints.set_keep_alive(enable, initial_delay);
    }

    fn raw_is_readable(&self) -> bool {
        self.raw.received.borrow().is_readable() || Self::is_closed(self)
    }

    fn read_raw(&self, max: usize) -> ReadResult {
        let result = self.raw.read(max, Self::is_closed(self));
        self.resume_receiving();
        result
    }

    fn hand_out(&self) -> Result<(), Error> {
        self.raw.received.borrow().hand_out()
    }

    fn write_raw(&self, bytes: &[u8]) -> Result<bool, Error> {
        if Self::is_destroyed(self) {
            return Err(Error::stream_destroyed("write"));
        }
        if !self.state_mut().write_raw(bytes) {
            return Err(Error::write_after_end());
        }
        self.advance();
        Ok(Self::unflushed(self) < self.server.settings().high_water_mark)
    }

    fn end_raw(&self) {
        self.state_mut().end_raw();
        self.receiving.notify();
        self.advance();
    }

    fn unflushed(&self) -> usize {
        Self::unflushed(self)
    }

    fn lost_output(&self) -> bool {
        self.state_mut().lost_output()
    }

    fn destroy(&self, error: Option<Error>) {
        self.destroy_with(error);
    }

    fn destroy_soon(&self) {
        self.close_when_answered();
    }

    /// A server's connections have no agent.
    fn agent_remove(&self) {}
}
