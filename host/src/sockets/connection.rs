//! A connected socket that is counted as long as it is open.

use std::io;
use std::ops::Deref;

use tokio::net::TcpStream;

use crate::Metrics;
use crate::metrics::Origin;

/// A TCP connection: `S` is tokio's, which watches it, or the standard library's.
pub(super) struct Connection<S = TcpStream> {
    stream: S,
    counted: Counted,
}

/// Counts an open connection.
struct Counted(Metrics);

impl Connection {
    pub(super) fn new(stream: TcpStream, origin: Origin, metrics: Metrics) -> Self {
        metrics.begin_connection(origin);
        Self { stream, counted: Counted(metrics) }
    }

    /// The same connection, which tokio does not watch any more.
    pub(super) fn into_std(self) -> io::Result<Connection<std::net::TcpStream>> {
        Ok(Connection { stream: self.stream.into_std()?, counted: self.counted })
    }
}

impl<S> Connection<S> {
    pub(super) fn metrics(&self) -> &Metrics {
        &self.counted.0
    }
}

impl<S> Deref for Connection<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.stream
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.end_connection();
    }
}
