//! Node's `net.Socket` as a server hands it out: the application's view of a connection.

use std::{net::SocketAddr, rc::Rc};

use super::connection::Connection;
use crate::runtime;

/// The connection that a message came on. The HTTP layer keeps reading and writing it; a view only
/// looks and can destroy. Dropping a view does nothing.
#[derive(Debug)]
pub struct Socket(Rc<Connection>);

impl Socket {
    pub(super) fn new(connection: &Rc<Connection>) -> Self {
        Self(Rc::clone(connection))
    }

    /// `socket.localAddress` and `localPort`; none for a stream without addresses.
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.0.endpoints.local()
    }

    /// `socket.remoteAddress` and `remotePort`.
    pub fn remote_address(&self) -> Option<SocketAddr> {
        self.0.endpoints.remote()
    }

    /// `socket.destroyed`.
    pub fn destroyed(&self) -> bool {
        self.0.is_destroyed()
    }

    /// `socket.destroy()`: ends both directions at once, losing what is queued.
    pub fn destroy(&self) {
        self.0.destroy();
    }

    /// `socket.destroySoon()`: what is owed is sent, then the connection ends.
    pub fn destroy_soon(&self) {
        self.0.close_when_answered();
    }

    /// Waits for 'close'.
    pub async fn closed(&self) {
        runtime::ensure_driver();
        self.0.closed.wait(|| self.0.is_closed().then_some(())).await;
    }
}
