//! The only asynchronous code of the client besides connecting: receiving and sending.

use std::rc::Rc;

use futures_util::future::join;

use super::{
    connecting,
    connection::{Connection, ReceiveStep},
    options::ConnectOptions,
    state::SendStep,
};
use crate::{
    error::Error,
    net::{ReadOutcome, Reader, Stream, Writer},
    proto::{Decoder, Direction, Leniency, Limits},
    runtime::{self, unless},
    transport::Inbox,
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
    let ((), made) = join(greet(&connection), make(&connection, source)).await;
    match made.filter(|_| !connection.is_destroyed()) {
        Some(Ok(stream)) => {
            let (reader, writer, endpoints) = stream.split();
            connection.opened(endpoints);
            runtime::spawn(send(Rc::clone(&connection), writer));
            receive(connection, reader).await;
        }
        Some(Err(error)) => {
            connection.destroy_with(Some(error));
            connection.loop_ended();
        }
        None => connection.loop_ended(),
    }
}

/// The transport, or why there is none; none when the connection is destroyed before.
async fn make(connection: &Connection, source: Source) -> Option<Result<Stream, Error>> {
    match source {
        Source::Stream(stream) => Some(Ok(stream)),
        Source::Connect(options) => {
            let destroyed = || connection.is_destroyed();
            unless(&connection.sending, destroyed, connecting::connect(&options)).await
        }
    }
}

/// Tells the exchange of its connection. Node gives the listeners of 'socket' the word before anything becomes of the
/// connection; an application hears of it when this turn ends, and has answered when the next one does.
async fn greet(connection: &Rc<Connection>) {
    if connection.greet() {
        runtime::end_of_turn().await;
        runtime::end_of_turn().await;
    }
    connection.greeted();
}

/// Reads and parses until the connection ends; also while it is idle, so that what nobody asked for is seen.
async fn receive(connection: Rc<Connection>, mut reader: Reader) {
    // Every exchange brings a decoder of its own.
    let mut inbox = Inbox::new(Decoder::new(Direction::Response, Limits::default(), Leniency::default()));
    let destroyed = || connection.is_destroyed();
    loop {
        match connection.reading.wait(|| connection.next_receive(&inbox)).await {
            ReceiveStep::Parse => {
                connection.parse(&mut inbox);
                continue;
            }
            ReceiveStep::Stop => break,
            ReceiveStep::Read => inbox.make_room(),
        }
        let buffer = std::mem::take(&mut inbox.bytes);
        let Some((outcome, buffer)) = unless(&connection.reading, destroyed, reader.read(buffer)).await
        else {
            break;
        };
        inbox.bytes = buffer;
        match outcome {
            ReadOutcome::Data(bytes) => {
                connection.received(bytes, &mut inbox);
                runtime::take_turns(bytes).await;
            }
            ReadOutcome::End => connection.peer_ended(&mut inbox),
            ReadOutcome::Failed(error) => connection.destroy_with(Some(Error::system("read", error.code))),
        }
    }
    drop(reader);
    connection.loop_ended();
}

/// Writes what is queued, then the end.
async fn send(connection: Rc<Connection>, mut writer: Writer) {
    let destroyed = || connection.is_destroyed();
    loop {
        match connection.sending.wait(|| connection.next_send()).await {
            SendStep::Greet => greet(&connection).await,
            SendStep::Check => {
                runtime::end_of_turn().await;
                connection.checked();
            }
            SendStep::Write(bytes) => {
                match unless(&connection.sending, destroyed, writer.write_all(bytes)).await {
                    Some(Ok(buffer)) => connection.flushed(buffer),
                    Some(Err(error)) => {
                        connection.write_failed(Error::system("write", error.code));
                        break;
                    }
                    None => break,
                }
            }
            SendStep::End => break,
        }
    }
    drop(writer);
    connection.sent_end();
    connection.loop_ended();
}
