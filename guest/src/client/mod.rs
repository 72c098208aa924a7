//! Node's `http.request`, `ClientRequest` and `Agent`.
//!
//! How a request reads: [`ClientRequest::create`] makes a head of URL and options ([`options`]) → the [`agent`]
//! finds a connection, or [`connecting`] makes one → [`connection`] tells the request of it and gives the link what
//! `message::OutgoingMessage` renders → `net` → the bytes of the response come back through [`receiving`] → an
//! [`exchange`] hands them out as an `IncomingMessage` → read to its end, the connection goes back to the agent.
//!
//! Everything but [`driver`], [`connecting`] and the waiting methods is synchronous: it changes memory and wakes a
//! loop.

mod agent;
mod awaited;
mod connecting;
mod connection;
mod driver;
mod ending;
mod events;
mod exchange;
mod gathering;
mod hooks;
pub mod options;
mod plan;
mod pooling;
mod prepared;
mod receiving;
mod relay;
mod request;
mod response;
mod state;
#[cfg(test)]
mod tests;
mod timeouts;
mod writing;

use std::{any::Any, rc::Rc};

pub use self::{
    agent::{Agent, AgentOptions},
    events::{Information, RequestEvent, RequestEvents, Upgraded},
    gathering::WholeResponse,
    hooks::{AgentEvent, AgentEvents},
    options::{AgentChoice, ConnectOptions, RequestOptions, SocketOptions},
    prepared::{Fetched, PreparedRequest},
    request::{Attachments, ClientRequest},
};
use self::{connection::Connection, driver::Source};
use crate::{net::Stream, transport::Socket};

/// Anything that can carry a request: what Node's `createConnection` may answer.
#[derive(Debug)]
pub enum Transport {
    /// A connection made by [`Agent::create_connection`], or one that has left HTTP.
    Socket(Socket),
    /// A stream that the application made.
    Stream(Stream),
}

impl Transport {
    /// The connection; none when it cannot carry a request: it has ended, or has received what nobody asked for.
    fn into_connection(self, high_water_mark: usize) -> Option<Rc<Connection>> {
        let stream = match self {
            Self::Socket(socket) => match clients(&socket) {
                Some(connection) => return connection.adopt().then_some(connection),
                None => relay::through(socket),
            },
            Self::Stream(stream) => stream,
        };
        let connection = Connection::new(None, high_water_mark);
        connection.link.set_name(stream.name());
        connection.adopt_new();
        driver::begin(&connection, Source::Stream(stream));
        Some(connection)
    }
}

/// The connection behind a socket, if it is a client's.
fn clients(socket: &Socket) -> Option<Rc<Connection>> {
    let protocol: Rc<dyn Any> = socket.link().protocol()?;
    protocol.downcast().ok()
}
