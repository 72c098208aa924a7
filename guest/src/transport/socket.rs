//! Node's `net.Socket` as a server hands it out: the application's view of a connection.

use std::{net::SocketAddr, rc::Rc};

use super::{connection::Connection, events::SocketEvent};
use crate::{
    error::Error,
    message::ReadResult,
    runtime::{self, Millis, Recorded},
};

/// A view of a connection. While HTTP runs on it views change nothing by being dropped; one that
/// HTTP has let go of (connect, upgrade, clientError) is destroyed with its last view.
#[derive(Debug)]
pub struct Socket(Rc<Connection>);

impl Socket {
    pub(super) fn new(connection: &Rc<Connection>) -> Self {
        connection.add_socket_view();
        Self(Rc::clone(connection))
    }

    /// Replaces the set of events that are recorded, by [`SocketEvent`]'s bits.
    pub fn listen_for(&self, bits: u8) {
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

    /// `socket.localAddress` and `localPort`; none for a stream without addresses.
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.0.endpoints.local()
    }

    /// `socket.remoteAddress` and `remotePort`.
    pub fn remote_address(&self) -> Option<SocketAddr> {
        self.0.endpoints.remote()
    }

    /// `socket.bytesRead`.
    pub fn bytes_read(&self) -> u64 {
        self.0.bytes_read()
    }

    /// `socket.bytesWritten`, those still buffered included.
    pub fn bytes_written(&self) -> u64 {
        self.0.bytes_written()
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
        self.0.endpoints.set_keep_alive(enable, initial_delay);
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
        self.0.destroy_with(error);
    }

    /// `socket.destroySoon()`: what is owed is sent, then the connection ends.
    pub fn destroy_soon(&self) {
        self.0.close_when_answered();
    }

    /// Waits for 'close'.
    pub async fn closed(&self) {
        runtime::ensure_driver();
        self.0.changed.wait(|| self.0.is_closed().then_some(())).await;
    }

    /// A view of the same connection.
    pub fn another(&self) -> Self {
        Self::new(&self.0)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.0.drop_socket_view();
    }
}
