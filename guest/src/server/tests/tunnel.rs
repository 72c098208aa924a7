//! Connections that HTTP lets go of.

use super::{Client, Fixture, GET, ok};
use crate::{
    message::ReadResult,
    runtime::run_until_stalled,
    server::{ServerEventKind, ServerEvents, ServerOptions, Socket, Upgrade},
};

fn listening(events: ServerEvents) -> Fixture {
    Fixture::new(ServerOptions { listening: Some(events), ..ServerOptions::default() })
}

fn upgrade(fixture: &Fixture) -> Upgrade {
    match fixture.server.take_events(1).pop().expect("an event").kind {
        ServerEventKind::Upgrade(upgrade) | ServerEventKind::Connect(upgrade) => upgrade,
        other => panic!("{other:?}"),
    }
}

fn client_error(fixture: &Fixture) -> Socket {
    match fixture.server.take_events(1).pop().expect("an event").kind {
        ServerEventKind::ClientError { socket, .. } => socket,
        other => panic!("{other:?}"),
    }
}

fn text(socket: &Socket) -> String {
    match socket.read(usize::MAX) {
        ReadResult::Data(bytes) => String::from_utf8(bytes).expect("ASCII"),
        ReadResult::Pending => String::new(),
        ReadResult::End(_) => "END".to_owned(),
        ReadResult::Aborted(error) => error.code().to_owned(),
    }
}

const WEBSOCKET: &str = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ws\r\n\r\n";

/// Rows: SV9, I-19
#[test]
fn an_upgrade_hands_over_the_socket_with_the_bytes_behind() {
    let fixture = listening(ServerEvents::UPGRADE);
    let client = fixture.connect();
    client.send(&format!("{WEBSOCKET}HEAD"));
    let Upgrade { request, socket, head } = upgrade(&fixture);
    assert_eq!((request.url().as_str(), head.as_slice()), ("/chat", b"HEAD".as_slice()));
    client.send("more");
    assert_eq!(text(&socket), "more");
    socket.write(b"HTTP/1.1 101 X\r\n\r\n").expect("an open socket");
    assert_eq!(client.received(), "HTTP/1.1 101 X\r\n\r\n");
    socket.end(Some(b"bye")).expect("an open socket");
    assert_eq!(client.received(), "bye");
    assert!(client.reader.is_ended());
    assert!(socket.write(b"late").is_err_and(|error| error.code() == "ERR_STREAM_WRITE_AFTER_END"));
    drop(client.writer);
    run_until_stalled();
    assert_eq!(text(&socket), "END");
    assert_eq!(fixture.server.connections(), 0);
}

#[test]
fn an_upgrade_nobody_listens_to_is_a_request() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(&format!("{WEBSOCKET}{GET}"));
    // Difference S3: what follows is the next request.
    for response in fixture.requests() {
        response.end(None).expect("a fresh answer");
    }
    assert_eq!(client.received(), ok("").repeat(2));
}

/// Rows: SV5
#[test]
fn connect_is_handed_over_or_closed() {
    const CONNECT: &str = "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\nfirst";
    let fixture = listening(ServerEvents::CONNECT);
    let client = fixture.connect();
    client.send(CONNECT);
    let Upgrade { request, socket, head } = upgrade(&fixture);
    assert_eq!((request.url().as_str(), head.as_slice()), ("a:1", b"first".as_slice()));
    drop(socket);
    drop(request);
    run_until_stalled();
    assert!(client.reader.is_ended(), "the last view is gone");

    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(CONNECT);
    assert_eq!(client.received(), "");
    assert!(client.reader.is_ended());
}

#[test]
fn the_body_of_an_upgrade_is_a_body() {
    let fixture = listening(ServerEvents::UPGRADE);
    let client = fixture.connect();
    client.send(
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 4\r\n\r\nbo",
    );
    let Upgrade { request, socket, head } = upgrade(&fixture);
    assert!(head.is_empty());
    client.send("dyRAW");
    assert!(matches!(request.read(9), ReadResult::Data(body) if body == b"body"));
    assert_eq!(text(&socket), "RAW");
}

/// Rows: SV3
#[test]
fn client_error_gives_the_socket_to_the_application() {
    let fixture = listening(ServerEvents::CLIENT_ERROR);
    let client = fixture.connect();
    client.send("BAD\r\n\r\n");
    let socket = client_error(&fixture);
    assert_eq!(client.received(), "");
    assert!(socket.writable());
    socket.end(Some(b"HTTP/1.1 418 Mine\r\n\r\n")).expect("an open socket");
    drop(socket);
    assert_eq!(client.received(), "HTTP/1.1 418 Mine\r\n\r\n");
    assert!(client.reader.is_ended());
}

#[test]
fn client_error_follows_the_answers_that_are_owed() {
    let fixture = listening(ServerEvents::CLIENT_ERROR);
    let client = fixture.connect();
    client.send(&format!("{GET}BAD\r\n\r\n"));
    let response = fixture.request_and_rest();
    let socket = response.1;
    socket.end(Some(b"bad")).expect("an open socket");
    assert_eq!(client.received(), "");
    response.0.end(Some(b"x")).expect("a fresh answer");
    assert_eq!(client.received(), ok("x") + "bad");
}

/// Rows: SV12
#[test]
fn close_all_connections_spares_tunnels() {
    let fixture = listening(ServerEvents::UPGRADE);
    let (tunnel, plain): (Client, Client) = (fixture.connect(), fixture.connect());
    tunnel.send(WEBSOCKET);
    let upgrade = upgrade(&fixture);
    fixture.server.close_all_connections();
    run_until_stalled();
    assert!(plain.reader.is_ended());
    assert!(!tunnel.reader.is_ended());
    drop(upgrade);
}

/// A host that drains ends HTTP, not what has left it.
#[test]
fn a_drain_leaves_tunnels_alone() {
    let fixture = listening(ServerEvents::UPGRADE);
    let client = fixture.connect();
    client.send(WEBSOCKET);
    let Upgrade { socket, .. } = upgrade(&fixture);
    drop(fixture.connector);
    client.send("more");
    assert_eq!(text(&socket), "more");
    socket.end(Some(b"bye")).expect("an open socket");
    assert_eq!(client.received(), "bye");
}
