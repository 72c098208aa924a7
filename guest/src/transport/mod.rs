//! What the connections of servers and clients have in common: the connection itself ([`link::Link`]), a message that
//! is received on it ([`inbound::Inbound`]) or sent ([`outbound::Outbound`]), and the application's views of both, [`Socket`] and [`IncomingMessage`].
//!
//! What differs between the two sides of HTTP is behind the traits [`Protocol`] and [`Received`].

mod inbound;
mod incoming_message;
mod link;
mod outbound;
mod pipe;

pub use self::{
    inbound::MessageEvent,
    incoming_message::IncomingMessage,
    link::{Socket, SocketEvent},
};
pub(crate) use self::{
    inbound::{Inbound, Received, StartLine},
    link::{Afterwards, Halves, Inbox, Link, Preparation, Protocol, Timer, begin, take_turns_to_send},
    outbound::Outbound,
    pipe::{Sink, pipe},
};
