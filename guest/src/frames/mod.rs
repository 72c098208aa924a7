//! The WebSocket protocol (RFC 6455) with permessage-deflate (RFC 7692), sans-I/O: bytes in, events and bytes out. No
//! clock, socket, async or Node in it, and no handshake but what its extension has to say in one.
//!
//! ```text
//! bytes ─► Decoder ─► Connection ─► Event
//!          header · mask · inflate   │  answers pings and closes
//! Message ─► Encoder ────────────────┴─► bytes
//! ```
//!
//! - [`header`] two to fourteen bytes in front of each payload; [`mask`] what a client does to its payloads.
//! - [`decoder`] frames to whole messages, checked as they arrive. Nothing is reserved because a length announces it:
//!   memory follows what has come.
//! - [`encoder`] messages to frames.
//! - [`deflate`] compression of messages; [`negotiation`] how both ends agree on it.
//! - [`close`] codes and reasons.
//! - [`connection`] both directions, and the one place that knows how far the closing handshake is.
//!
//! Every check cites its clause. What the peer did wrong is a [`Violation`]: the close code to answer with, and why.

pub mod close;
pub mod connection;
pub mod decoder;
pub mod deflate;
pub mod encoder;
pub mod header;
pub mod mask;
pub mod negotiation;
#[cfg(test)]
mod tests;

pub use self::{
    close::CloseFrame,
    connection::{Connection, Event},
    decoder::Limits,
    negotiation::{DeflateOptions, DeflateParameters},
};

/// Which end of the connection this is: clients mask what they send, servers do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The end that asked for the connection.
    Client,
    /// The end that accepted it.
    Server,
}

/// A whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
}

impl Message {
    /// Bytes of its payload.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What the peer must not do, or too much of what it may: the connection fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The close code that says so to the peer.
    pub code: u16,
    /// Why, in words.
    pub reason: &'static str,
}

impl Violation {
    const fn protocol(reason: &'static str) -> Self {
        Self { code: close::PROTOCOL_ERROR, reason }
    }

    const fn data(reason: &'static str) -> Self {
        Self { code: close::INVALID_DATA, reason }
    }

    /// More than may be held for one message.
    pub const TOO_BIG: Self = Self { code: close::TOO_BIG, reason: "Message is too big" };
}
