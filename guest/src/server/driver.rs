//! The only asynchronous code of the server: accepting, receiving, sending.

use std::rc::Rc;

use super::{
    Shared,
    connection::Connection,
    events::{ServerEventKind, ServerEvents},
    state::{ReceiveStep, SendStep},
};
use crate::{
    net::{Listener, ReadOutcome, Reader, Stream, Writer},
    proto::{Decoder, Direction},
    runtime::{self, unless},
    transport::Inbox,
};

/// Accepts connections until the server stops listening or no more will come.
pub(super) async fn accept(server: Rc<Shared>, mut listener: Listener) {
    while let Some(Some(streams)) = unless(&server.stop, || !server.is_listening(), listener.accept()).await {
        for stream in streams {
            begin(&server, stream);
        }
        server.room_for_events().await;
    }
    // Closed before anybody is told: whoever binds the address next must find it free.
    drop(listener);
    server.listener_ended();
}

/// Starts the two loops of a connection, or refuses it when there are too many.
pub(super) fn begin(server: &Rc<Shared>, stream: Stream) {
    let (reader, writer, endpoints) = stream.split();
    if server.is_full() {
        if server.listens_to(ServerEvents::DROP) {
            server.emit(ServerEventKind::Drop { local: endpoints.local(), remote: endpoints.remote() });
        }
        runtime::spawn(refuse(reader, writer));
        return;
    }
    let inbox = {
        let settings = server.settings();
        Inbox::new(Decoder::new(Direction::Request, settings.limits(), settings.leniency()))
    };
    let connection = server.add_connection(endpoints);
    runtime::spawn(receive(Rc::clone(&connection), reader, inbox));
    runtime::spawn(send(connection, writer));
}

/// Tells a client that there is no room: a connection more could cost all others their handles.
async fn refuse(reader: Reader, mut writer: Writer) {
    const REPLY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n";
    // Whether the client still listens does not matter.
    let _ = writer.write_all(REPLY.to_vec()).await;
    drop((writer, reader));
}

/// Reads and parses until the connection ends. A peer that sends without pause is put behind the others.
async fn receive(connection: Rc<Connection>, mut reader: Reader, mut inbox: Inbox) {
    let destroyed = || connection.is_destroyed();
    loop {
        let step = connection.receiving.wait(|| connection.next_receive(inbox.held_back)).await;
        match step {
            ReceiveStep::Parse => {
                connection.parse(&mut inbox);
                continue;
            }
            ReceiveStep::Stop => break,
            ReceiveStep::Read | ReceiveStep::ReadRaw => inbox.make_room(),
            ReceiveStep::Discard => inbox.discard(),
        }
        let buffer = std::mem::take(&mut inbox.bytes);
        let Some((outcome, buffer)) = unless(&connection.receiving, destroyed, reader.read(buffer)).await
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
            ReadOutcome::Failed(error) => connection.failed(error),
        }
    }
    drop(reader);
    connection.loop_ended();
}

/// Writes what answers have queued, then the end.
async fn send(connection: Rc<Connection>, mut writer: Writer) {
    let destroyed = || connection.is_destroyed();
    while let SendStep::Write(bytes) = connection.sending.wait(|| connection.next_send()).await {
        match unless(&connection.sending, destroyed, writer.write_all(bytes)).await {
            Some(Ok(buffer)) => connection.flushed(buffer),
            Some(Err(error)) => connection.failed(error),
            None => break,
        }
    }
    drop(writer);
    connection.sent_end();
    connection.loop_ended();
}
