//! Which events of a server the application listens to.

use crate::runtime::event_set;

/// Which events of a server are listened to (SV1–SV10): listening changes what happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerEvents(u16);

impl ServerEvents {
    /// Requests with `Expect: 100-continue`; else 100 is sent and `request` follows.
    pub const CHECK_CONTINUE: Self = Self(1);
    /// Requests with another `Expect`; else 417 is sent.
    pub const CHECK_EXPECTATION: Self = Self(1 << 1);
    /// Broken connections; else 400, 408, 413 or 431 is sent and the connection closed.
    pub const CLIENT_ERROR: Self = Self(1 << 2);
    /// CONNECT requests; else their connection is closed.
    pub const CONNECT: Self = Self(1 << 3);
    /// New connections.
    pub const CONNECTION: Self = Self(1 << 4);
    /// Refused connections.
    pub const DROP: Self = Self(1 << 5);
    /// Refused requests.
    pub const DROP_REQUEST: Self = Self(1 << 6);
    /// The server listens.
    pub const LISTENING: Self = Self(1 << 7);
    /// Idle connections; else they are destroyed.
    pub const TIMEOUT: Self = Self(1 << 8);
    /// Requests to change the protocol; else they are ordinary requests.
    pub const UPGRADE: Self = Self(1 << 9);
}

event_set!(ServerEvents, u16);
