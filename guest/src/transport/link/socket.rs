//! Node's `net.Socket`: the application's view of a connection.

use std::{net::SocketAddr, rc::Rc};

use super::Link;
use crate::{
    error::Error,
    message::ReadResult,
    runtime::{self, EventKind, Recorded, Span},
};

/// What happened to a connection.
#[derive(Debug)]
#[non_exhaustive]
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

    fn is_last_word(&self) -> bool {
        matches!(self, Self::Error(_) | Self::Close(_))
    }
}

/// A view of a connection. While HTTP runs on it views change nothing by being dropped; one that
/// HTTP has let go of (connect, upgrade, clientError) is destroyed with its last view.
#[derive(Debug)]
pub struct Socket(Rc<Link>);

impl Socket {
    pub(crate) fn new(link: &Rc<Link>) -> Self {
        link.views.set(link.views.get() + 1);
        Self(Rc::clone(link))
    }

    /// What it is a view of.
    pub(crate) fn link(&self) -> &Rc<Link> {
        &self.0
    }

    /// Replaces the set of events that are recorded, by [`SocketEvent`]'s bits.
    pub fn listen_for(&self, bits: u16) {
        self.0.events.listen_for(bits);
    }

    /// Waits until [`Self::take_events`] has something to give, or nothing can come any more.
    pub async fn ready(&self) {
        self.0.events.ready().await;
    }

    /// Takes at most `max` recorded events.
    pub fn take_events(&self, max: usize) -> Vec<Recorded<SocketEvent>> {
        self.0.events.take(max)
    }

    /// Notes events under this number, which is not 0: see [`crate::runtime::take_watched`].
    pub fn watch(&self, number: u64) {
        self.0.events.watch(number);
    }

    /// Notes under this number also what there is to read, and room to write.
    pub fn watch_bytes(&self, number: u64) {
        self.0.changed.watch(number);
    }

    /// A number that no other connection of this instance has.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// The number that its maker gave the stream: see [`crate::net::memory::MemoryStream::named`].
    pub fn name(&self) -> Option<u64> {
        self.0.name.get()
    }

    /// `socket.localAddress` and `localPort`; none for a stream without addresses.
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.0.addresses().0
    }

    /// `socket.remoteAddress` and `remotePort`.
    pub fn remote_address(&self) -> Option<SocketAddr> {
        self.0.addresses().1
    }

    /// `socket.bytesRead`.
    pub fn bytes_read(&self) -> u64 {
        self.0.bytes_read.get()
    }

    /// `socket.bytesWritten`, those still buffered included.
    pub fn bytes_written(&self) -> u64 {
        self.0.halves().bytes_written()
    }

    /// `socket.connecting`.
    pub fn connecting(&self) -> bool {
        self.0.halves().is_connecting()
    }

    /// `socket.readable`: the peer has not ended its side.
    pub fn is_readable(&self) -> bool {
        self.0.halves().is_readable()
    }

    /// `socket.writable`: neither ended nor destroyed.
    pub fn writable(&self) -> bool {
        self.0.halves().is_writable()
    }

    /// `socket.destroyed`.
    pub fn destroyed(&self) -> bool {
        self.0.is_destroyed()
    }

    /// `socket.timeout`, milliseconds: none when there is none.
    pub fn timeout(&self) -> Option<u32> {
        Some(self.0.idle_timeout()).filter(|timeout| timeout.is_some()).map(Span::as_millis)
    }

    /// `socket.setTimeout()`, milliseconds: 0 switches it off.
    pub fn set_timeout(&self, timeout: u32) {
        self.0.set_idle_timeout(Span::millis(timeout));
    }

    /// `socket.setKeepAlive()`; where the transport has no such thing it is ignored, as in Node.
    pub fn set_keep_alive(&self, enable: bool, initial_delay: u32) {
        self.0.set_keep_alive(enable, Span::millis(initial_delay));
    }

    /// Waits until [`Self::read`] would not answer pending.
    pub async fn readable(&self) {
        runtime::ensure_driver();
        self.0.changed.wait(|| self.0.raw_is_readable().then_some(())).await;
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
        self.0.raw.borrow().hand_out()
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
        self.0.changed.wait(|| (self.0.unflushed() == 0 || self.destroyed()).then_some(())).await;
    }

    /// Waits until everything that was written is with the operating system.
    ///
    /// # Errors
    /// `ERR_STREAM_DESTROYED` when some of it never will be.
    pub async fn flushed(&self) -> Result<(), Error> {
        self.drain().await;
        if self.0.halves().lost_output() { Err(Error::stream_destroyed("write")) } else { Ok(()) }
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

    /// `socket.destroy()`: ends both directions at once. What is queued is tried once, and what the system does not
    /// take is lost.
    pub fn destroy(&self, error: Option<Error>) {
        self.0.destroy_with(error);
    }

    /// `socket.destroySoon()`: what is owed is sent, then the connection ends.
    pub fn destroy_soon(&self) {
        self.0.destroy_soon();
    }

    /// Waits for 'close'.
    pub async fn closed(&self) {
        runtime::ensure_driver();
        self.0.changed.wait(|| self.0.is_gone().then_some(())).await;
    }

    /// Detaches it from its agent without closing it: Node's `socket.emit('agentRemove')`.
    pub fn agent_remove(&self) {
        if let Some(protocol) = self.0.protocol() {
            protocol.agent_remove();
        }
    }

    /// A view of the same connection.
    pub fn another(&self) -> Self {
        Self::new(&self.0)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.0.views.set(self.0.views.get() - 1);
        if self.0.views.get() == 0 {
            self.0.abandoned();
        }
    }
}
