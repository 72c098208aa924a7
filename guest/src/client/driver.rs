//! How a connection of a client comes up.

use std::rc::Rc;

use futures_util::future::join;

use super::{connecting, connection::Connection, options::ConnectOptions};
use crate::{
    error::Error,
    net::Stream,
    proto::{Decoder, Direction, Leniency, Limits},
    runtime::{self, unless},
    transport::{Inbox, Protocol, begin as begin_loops, take_turns_to_send},
};

/// Where the transport of a connection comes from.
#[derive(Debug)]
pub(super) enum Source {
    /// It is made: Node's `net.createConnection`.
    Connect(Box<ConnectOptions>),
    /// The application gave it.
    Stream(Stream),
}

/// Starts a connection; it connects once the application waits for something.
pub(super) fn begin(connection: &Rc<Connection>, source: Source) {
    runtime::spawn(run(Rc::clone(connection), source));
}

async fn run(connection: Rc<Connection>, source: Source) {
    let ((), made) = join(take_turns_to_send(&*connection), make(&connection, source)).await;
    let link = Rc::clone(&connection.link);
    match made.filter(|_| !link.is_destroyed()) {
        Some(Ok(stream)) => {
            // Every exchange brings a decoder of its own.
            let decoder = Decoder::new(Direction::Response, Limits::default(), Leniency::default());
            let protocol: Rc<dyn Protocol> = Rc::<Connection>::clone(&connection);
            begin_loops(&protocol, stream, Inbox::new(decoder));
            connection.connected();
            return;
        }
        Some(Err(error)) => link.destroy_with(Some(error)),
        None => {}
    }
    link.loop_ended(&*connection);
}

/// The transport, or why there is none; none when the connection is destroyed before.
async fn make(connection: &Connection, source: Source) -> Option<Result<Stream, Error>> {
    match source {
        Source::Stream(stream) => Some(Ok(stream)),
        Source::Connect(options) => {
            let link = &connection.link;
            unless(link.woken(), || link.is_destroyed(), connecting::connect(&options)).await
        }
    }
}
