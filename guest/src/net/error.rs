//! Transport failures under the names that Node gives them.

use std::fmt;

/// A failed transport operation: a POSIX error name, as in Node's `error.code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetError {
    /// `ECONNRESET`, `EADDRINUSE`, …
    pub code: &'static str,
}

impl NetError {
    /// The peer reset the connection.
    pub const RESET: Self = Self { code: "ECONNRESET" };
    /// Written to a connection that the peer no longer reads.
    pub const BROKEN_PIPE: Self = Self { code: "EPIPE" };

    /// libuv's text for the code, which Node puts into messages.
    pub fn description(self) -> &'static str {
        match self.code {
            "EACCES" => "permission denied",
            "EADDRINUSE" => "address already in use",
            "EADDRNOTAVAIL" => "address not available",
            "ECONNABORTED" => "software caused connection abort",
            "ECONNREFUSED" => "connection refused",
            "ECONNRESET" => "connection reset by peer",
            "EHOSTUNREACH" => "host is unreachable",
            "EINVAL" => "invalid argument",
            "ENOMEM" => "not enough memory",
            "ENOTSUP" => "operation not supported on socket",
            "EPIPE" => "broken pipe",
            "ETIMEDOUT" => "connection timed out",
            _ => "unknown error",
        }
    }
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectError {
    /// As [`NetError::code`].
    pub code: &'static str,
    /// `connect`, or `bind` when the local address was the trouble: Node's `error.syscall`, whose `address`
    /// and `port` are those of that end.
    pub syscall: &'static str,
}

impl ConnectError {
    /// The local address cannot be had.
    pub const fn binding(error: NetError) -> Self {
        Self { code: error.code, syscall: "bind" }
    }

    /// The remote address cannot be reached.
    pub const fn connecting(error: NetError) -> Self {
        Self { code: error.code, syscall: "connect" }
    }
}

impl fmt::Display for NetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.description())
    }
}
