//! Both ends in one process, over a pipe in memory: orders of events, bounds, deadlines.

use std::rc::Rc;

use super::*;
use crate::{
    client::Transport,
    net::{
        Stream,
        memory::{self, MemoryReader, MemoryWriter},
    },
    runtime::{Span, advance, run_until_stalled},
    server::{Server, ServerEventKind, ServerEvents, ServerOptions},
};

mod bounds;
mod endings;
mod handshakes;

/// A server that hands out what asks for an upgrade.
fn server() -> Server {
    Server::create(ServerOptions { listening: Some(ServerEvents::UPGRADE), ..ServerOptions::default() })
        .expect("the options are valid")
}

fn upgrade(server: &Server, options: AcceptOptions) -> Option<Result<WebSocket, Error>> {
    run_until_stalled();
    server.take_events(9).into_iter().find_map(|event| match event.kind {
        ServerEventKind::Upgrade(upgrade) => {
            Some(WebSocket::accept(&upgrade.request, upgrade.socket, upgrade.head, options.clone()))
        }
        _ => None,
    })
}

/// A client, and the bytes that reach its server.
fn client(protocols: &[&str], settings: Settings) -> (WebSocket, MemoryReader, MemoryWriter) {
    let (near, far) = memory::pipe(1 << 20);
    let protocols: Vec<String> = protocols.iter().map(|protocol| (*protocol).to_owned()).collect();
    let options = ConnectOptions {
        connection: Some(Transport::Stream(Stream::Memory(near))),
        settings,
        ..ConnectOptions::default()
    };
    let socket = WebSocket::connect("ws://example/chat?a=b", &protocols, options).expect("nothing is wrong");
    run_until_stalled();
    let (reader, writer) = far.split();
    (socket, reader, writer)
}

/// A client that a hand-written server has accepted with these further fields.
fn opened(protocols: &[&str], settings: Settings, fields: &str) -> (WebSocket, MemoryReader, MemoryWriter) {
    let (socket, reader, writer) = client(protocols, settings);
    let request = String::from_utf8(reader.take()).expect("a head is text");
    let key = request.split("Sec-WebSocket-Key: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    let answer = handshake::answer_to(key.expect("there is a key"));
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n\
         Sec-WebSocket-Accept: {answer}\r\n{fields}\r\n"
    );
    writer.push(head.as_bytes());
    run_until_stalled();
    (socket, reader, writer)
}

/// A server's end of a connection whose client is the test.
fn accepted(options: AcceptOptions) -> (WebSocket, MemoryReader, MemoryWriter) {
    let (near, far) = memory::pipe(1 << 20);
    let server = server();
    server.adopt(Stream::Memory(far)).expect("it is open");
    let (reader, writer) = near.split();
    writer.push(ASKS.as_bytes());
    let socket = upgrade(&server, options).expect("it asks for an upgrade").expect("it may have one");
    run_until_stalled();
    assert!(reader.take().starts_with(b"HTTP/1.1 101 Switching Protocols\r\n"));
    (socket, reader, writer)
}

/// The request of RFC 6455 section 1.2.
const ASKS: &str = "GET /chat HTTP/1.1\r\nHost: example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Both ends.
fn pair(accept: AcceptOptions, connect: Settings) -> (WebSocket, WebSocket) {
    let (near, far) = memory::pipe(1 << 20);
    let server = server();
    server.adopt(Stream::Memory(far)).expect("it is open");
    let options = ConnectOptions {
        connection: Some(Transport::Stream(Stream::Memory(near))),
        settings: connect,
        ..ConnectOptions::default()
    };
    let client = WebSocket::connect("ws://example/", &[], options).expect("nothing is wrong");
    let accepted = upgrade(&server, accept).expect("it asks for an upgrade").expect("it may have one");
    run_until_stalled();
    assert_eq!((told(&client), told(&accepted)), ("open".to_owned(), "open".to_owned()));
    (client, accepted)
}

/// The events, in words.
fn told(socket: &WebSocket) -> String {
    run_until_stalled();
    let words = socket.take_events(usize::MAX).into_iter().map(|event| match event.kind {
        WebSocketEvent::Open => "open".to_owned(),
        WebSocketEvent::Message(Message::Text(text)) => text,
        WebSocketEvent::Message(Message::Binary(bytes)) => format!("{} bytes", bytes.len()),
        WebSocketEvent::Error(error) => format!("error {}", error.message()),
        WebSocketEvent::Close(CloseEvent { was_clean, code, reason }) => {
            let clean = if was_clean { "clean" } else { "unclean" };
            format!("{clean} {code} {reason}").trim_end().to_owned()
        }
    });
    words.collect::<Vec<_>>().join(", ")
}

/// A frame of a client whose key is zero.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).expect("it is short");
    [&[first, 0x80 | length, 0, 0, 0, 0], payload].concat()
}

fn text(text: &str) -> Message {
    Message::Text(text.to_owned())
}
