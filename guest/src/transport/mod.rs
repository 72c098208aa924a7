//! What the connections of servers and clients have in common: the application's views of a connection
//! ([`Socket`]) and of a received message ([`IncomingMessage`]), and the buffers on either side of the parser.
//!
//! The views are one type each, as in Node; what is behind them differs, so they ask it through the traits
//! [`Carrier`] and [`Received`].

mod inbox;
mod incoming_message;
mod output;
mod socket;

pub(crate) use self::{
    inbox::Inbox,
    incoming_message::{Received, StartLine},
    output::Output,
    socket::Carrier,
};
pub use self::{
    incoming_message::{IncomingMessage, MessageEvent},
    socket::{Socket, SocketEvent},
};
