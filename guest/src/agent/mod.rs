//! Which connection serves which request: Node's `Agent` (`lib/_http_agent.js`) without its sockets.
//!
//! [`Pool`] is pure policy. It knows requests and sockets by number, decides, and leaves the doing to its
//! caller: no socket, no clock, no waiting.
//!
//! # How a connection goes through it
//!
//! ```text
//! add_request ─┬► Reuse ──────────────────────────────► in use ─► freed ─┬► Assign ─► in use
//!              ├► Connect ─► (in the making) ─► connected ─┘             ├► Offer ─► pool ─► free
//!              └► Wait ─► next_waiting, when a connection is there       └► Destroy ─► closed
//! ```
//!
//! [`Pool::closed`] holds for a connection in whatever place. Whatever answers an origin there
//! (`Option<String>`) asks for a connection to be made to it, for its oldest waiting request.

mod by_id;
mod keep_alive;
mod name;
mod options;
mod origins;
mod pool;
#[cfg(test)]
mod tests;

pub(crate) use self::by_id::ById;
pub use self::{
    keep_alive::{idle_timeout, keep_alive_hint},
    name::{IpFamily, NameOptions, name},
    options::{Options, Scheduling},
    pool::{Assignment, Freed, Pool, Pooled},
};

/// Names a connection; whoever makes connections gives them out.
pub type SocketId = u64;

/// Names a request; whoever makes requests gives them out.
pub type RequestId = u64;
