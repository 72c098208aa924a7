//! Node's `net.Socket`: the application's view of a connection.

use std::{any::Any, cell::Cell, fmt::Debug, net::SocketAddr, rc::Rc};

use crate::{
    error::Error,
    message::ReadResult,
    runtime::{self, EventKind, EventLog, Millis, Recorded, Signal},
};

/// What happened to a connection.
#[derive(Debug)]
pub enum SocketEvent {
    /// `'connect'`: the connection is up. Never on a server, whose sockets are connected from the beginning.
    Connect,
    /// `'drain'`.
    Drain,
    /// `'timeout'`.
    Timeout,
    /// `'error'`.
    Error(Error),
    /// `'close'`, and whether because of an error: the last event.
    Close(bool),
    /// `'free'`: it went back to the pool of its agent.
    Free,
    /// `'agentRemove'`: it was detached from its agent.
    AgentRemove,
}

impl EventKind for SocketEvent {
    fn bit(&self) -> u16 {
        1 << match self {
            Self::Connect => 0,
            Self::Drain => 1,
            Self::Timeout => 2,
            Self::Error(_) => 3,
            Self::Close(_) => 4,
            Self::Free => 5,
            Self::AgentRemove => 6,
        }
    }
}

/// What a view of a connection asks the connection.
pub(crate) trait Carrier: Debug {
    /// The connection itself, for whoever made it.
    fn into_any(self: Rc<Self>) -> Rc<dyn Any>;
    /// Its events.
    fn events(&self) -> &EventLog<SocketEvent>;
    /// Notified whenever something changes that a view can wait for.
    fn changed(&self) -> &Signal;
    /// How many views there are.
    fn views(&self) -> &Cell<usize>;
    /// The last view is gone.
    fn abandoned(&self);
    fn local_address(&self) -> Option<SocketAddr>;
    fn remote_address(&self) -> Option<SocketAddr>;
    fn bytes_read(&self) -> u64;
    fn bytes_written(&self) -> u64;
    /// Whether it is still being connected.
    fn is_connecting(&self) -> bool;
    fn is_readable(&self) -> bool;
    fn is_writable(&self) -> bool;
    fn is_destroyed(&self) -> bool;
    /// Whether nothing of it is left.
    fn is_closed(&self) -> bool;
    /// 0: none.
    fn idle_timeout(&self) -> Millis;
    fn set_idle_timeout(&self, timeout: Millis);
    fn set_keep_alive(&self, enable: bool, initial_delay: Millis);
    /// Whether [`Self::read_raw`] would not answer pending.
    fn raw_is_readable(&self) -> bool;
    fn read_raw(&self, max: usize) -> ReadResult;
    /// What is received becomes a stream, which it can do once.
    fn hand_out(&self) -> Result<(), Error>;
    fn write_raw(&self, bytes: &[u8]) -> Result<bool, Error>;
    fn end_raw(&self);
    /// Bytes that were given to it and not to the operating system.
    fn unflushed(&self) -> usize;
    /// Whether bytes were given to it that will never be flushed.
    fn lost_output(&self) -> bool;
    fn destroy(&self, error: Option<Error>);
    fn destroy_soon(&self);
    /// Leaves its agent, if it has one.
    fn agent_remove(&self);
}

/// A view of a connection. While HTTP runs on it views change nothing by being dropped; one that
/// HTTP has let go of (connect, upgrade, clientError) is destroyed with its last view.
#[derive(Debug)]
pub struct Socket(Rc<dyn Carrier>);

impl Socket {
    pub(crate) fn new(connection: Rc<dyn Carrier>) -> Self {
        connection.views().set(connection.views().get() + 1);
        Self(connection)
    }

    /// What it is a view of.
    pub(crate) fn carrier(&self) -> Rc<dyn Carrier> {
        Rc::clone(&self.0)
    }

    /// Replaces the set of events that are recorded, by [`SocketEvent`]'s bits.
    pub fn listen_for(&self, bits: u16) {
        self.0.events().listen_for(bits);
    }

    /// Waits until [`Self::take_events`] has something to give, or nothing can come any more.
    pub async fn ready(&self) {
        self.0.events().ready().await;
    }

    /// Takes at most `max` recorded events.
    pub fn take_events(&self, max: usize) -> Vec<Recorded<SocketEvent>> {
        self.0.events().take(max)
    }

    /// `socket.localAddress` and `localPort`; none for a stream without addresses.
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.0.local_address()
    }

    /// `socket.remoteAddress` and `remotePort`.
    pub fn remote_address(&self) -> Option<SocketAddr> {
        self.0.remote_address()
    }

    /// `socket.bytesRead`.
    pub fn bytes_read(&self) -> u64 {
        self.0.bytes_read()
    }

    /// `socket.bytesWritten`, those still buffered included.
    pub fn bytes_written(&self) -> u64 {
        self.0.bytes_written()
    }

    /// `socket.connecting`.
    pub fn connecting(&self) -> bool {
        self.0.is_connecting()
    }

    /// `socket.readable`: the peer has not ended its side.
    pub fn is_readable(&self) -> bool {
        self.0.is_readable()
    }

    /// `socket.writable`: neither ended nor destroyed.
    pub fn writable(&self) -> bool {
        self.0.is_writable()
    }

    /// `socket.destroyed`.
    pub fn destroyed(&self) -> bool {
        self.0.is_destroyed()
    }

    /// `socket.timeout`: none when there is none.
    pub fn timeout(&self) -> Option<Millis> {
        Some(self.0.idle_timeout()).filter(|timeout| *timeout > 0)
    }

    /// `socket.setTimeout()`: 0 switches it off.
    pub fn set_timeout(&self, timeout: Millis) {
        self.0.set_idle_timeout(timeout);
    }

    /// `socket.setKeepAlive()`; where the transport has no such thing it is ignored, as in Node.
    pub fn set_keep_alive(&self, enable: bool, initial_delay: Millis) {
        self.0.set_keep_alive(enable, initial_delay);
    }

    /// Waits until [`Self::read`] would not answer pending.
    pub async fn readable(&self) {
        runtime::ensure_driver();
        self.0.changed().wait(|| self.0.raw_is_readable().then_some(())).await;
    }

    /// Takes at most `max` received bytes; pending while HTTP has the connection.
    pub fn read(&self, max: usize) -> ReadResult {
        self.0.read_raw(max)
    }

    /// What is received is about to leave as a stream.
    ///
    /// # Errors
    /// `ERR_STREAM_ALREADY_FINISHED`: it was handed out before.
    pub fn hand_out_incoming(&self) -> Result<(), Error> {
        self.0.hand_out()
    }

    /// `socket.write()`: false asks the caller to wait for [`Self::drain`].
    ///
    /// # Errors
    /// `ERR_STREAM_WRITE_AFTER_END`, `ERR_STREAM_DESTROYED`.
    pub fn write(&self, bytes: &[u8]) -> Result<bool, Error> {
        self.0.write_raw(bytes)
    }

    /// Waits until the write buffer is empty, or the socket is destroyed.
    pub async fn drain(&self) {
        runtime::ensure_driver();
        self.0.changed().wait(|| (self.0.unflushed() == 0 || self.destroyed()).then_some(())).await;
    }

    /// Waits until everything that was written is with the operating system.
    ///
    /// # Errors
    /// `ERR_STREAM_DESTROYED` when some of it never will be.
    pub async fn flushed(&self) -> Result<(), Error> {
        self.drain().await;
        if self.0.lost_output() { Err(Error::stream_destroyed("write")) } else { Ok(()) }
    }

    /// `socket.end()`.
    ///
    /// # Errors
    /// `ERR_STREAM_WRITE_AFTER_END` for bytes after the end.
    pub fn end(&self, bytes: Option<&[u8]>) -> Result<(), Error> {
        if let Some(bytes) = bytes {
            self.0.write_raw(bytes)?;
        }
        self.0.end_raw();
        Ok(())
    }

    /// `socket.destroy()`: ends both directions at once, losing what is queued.
    pub fn destroy(&self, error: Option<Error>) {
        self.0.destroy(error);
    }

    /// `socket.destroySoon()`: what is owed is sent, then the connection ends.
    pub fn destroy_soon(&self) {
        self.0.destroy_soon();
    }

    /// Waits for 'close'.
    pub async fn closed(&self) {
        runtime::ensure_driver();
        self.0.changed().wait(|| self.0.is_closed().then_some(())).await;
    }

    /// Detaches it from its agent without closing it: Node's `socket.emit('agentRemove')`.
    pub fn agent_remove(&self) {
        self.0.agent_remove();
    }

    /// A view of the same connection.
    pub fn another(&self) -> Self {
        Self::new(self.carrier())
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let views = self.0.views();
        views.set(views.get() - 1);
        if views.get() == 0 {
            self.0.abandoned();
        }
    }
}
