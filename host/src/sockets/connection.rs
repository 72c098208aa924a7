//! A connected socket that is counted as long as it is open.

use std::ops::Deref;

use tokio::net::TcpStream;

use crate::Metrics;
use crate::metrics::Origin;

/// A TCP connection.
pub(super) struct Connection {
    stream: TcpStream,
    metrics: Metrics,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, origin: Origin, metrics: Metrics) -> Self {
        metrics.begin_connection(origin);
        Self { stream, metrics }
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}

impl Deref for Connection {
    type Target = TcpStream;

    fn deref(&self) -> &TcpStream {
        &self.stream
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.metrics.end_connection();
    }
}
