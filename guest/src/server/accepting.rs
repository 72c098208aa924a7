//! Where a server's connections begin.

use std::rc::Rc;

use super::{ServerEvents, Shared, connection::Connection, events::ServerEventKind};
use crate::{
    net::{Listener, Reader, Stream, Writer},
    runtime::{self, Span, unless},
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

/// Starts a connection, or refuses it when there are too many.
pub(super) fn begin(server: &Rc<Shared>, stream: Stream) {
    let settings = server.settings();
    if server.connections() >= settings.max_connections as usize {
        return refuse(server, stream);
    }
    let connection = Connection::new(Rc::clone(server), &settings);
    connection.link.set_name(stream.name());
    server.remember(&connection);
    // A connection that sends nothing is late with its first head (SV14).
    connection.time_message(false);
    if settings.timeout > 0 {
        connection.link.set_idle_timeout(Span::millis(settings.timeout));
    }
    if settings.keep_alive {
        connection.link.set_keep_alive(true, Span::millis(settings.keep_alive_initial_delay));
    }
    if server.listens_to(ServerEvents::CONNECTION) {
        server.emit(ServerEventKind::Connection(connection.socket()));
    }
    connection.begin(stream, &settings);
}

fn refuse(server: &Shared, stream: Stream) {
    let (reader, writer, endpoints) = stream.split();
    if server.listens_to(ServerEvents::DROP) {
        server.emit(ServerEventKind::Drop { local: endpoints.local(), remote: endpoints.remote() });
    }
    runtime::spawn(answer_refused(reader, writer));
}

/// Tells a client that there is no room: a connection more could cost all others their handles.
async fn answer_refused(reader: Reader, mut writer: Writer) {
    const REPLY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n";
    // Whether the client still listens does not matter.
    let _ = writer.write_all(REPLY.to_vec()).await;
    drop((writer, reader));
}
