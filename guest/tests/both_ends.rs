//! A server and a client in one instance.

use node_http::{
    client::{Attachments, ClientRequest, RequestOptions, Transport},
    message::ReadResult,
    net::{Listener, Stream, memory},
    runtime::{run_until_stalled, spawn},
    server::{Server, ServerEventKind, ServerEvents, ServerOptions},
};
use std::{cell::RefCell, rc::Rc};

/// A peer connects, upgrades, and is then itself asked over the same connection.
#[test]
fn a_request_can_use_the_socket_of_an_upgrade() {
    let options = ServerOptions { listening: Some(ServerEvents::UPGRADE), ..ServerOptions::default() };
    let server = Server::create(options).expect("valid options");
    let (listener, connector) = memory::listener();
    server.serve(Listener::Memory(listener)).expect("not listening yet");
    let (peer_reader, peer_writer) = connector.connect(1 << 16);
    peer_writer.push(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: reverse\r\n\r\n");
    run_until_stalled();
    let upgrade = server.take_events(1).pop().map(|event| event.kind);
    let Some(ServerEventKind::Upgrade(upgrade)) = upgrade else { panic!("{upgrade:?}") };

    let attachments =
        Attachments { connection: Some(Transport::Socket(upgrade.socket)), ..Attachments::default() };
    let options = RequestOptions { host: Some("peer".to_owned()), ..RequestOptions::default() };
    let request = ClientRequest::create(None, options, attachments).expect("a valid request");
    request.end(None).expect("an open request");
    let received = Rc::new(RefCell::new(None));
    let result = Rc::clone(&received);
    spawn(async move {
        let response = request.response().await.expect("a response");
        result.replace(Some(response.read_all(100).await));
    });
    run_until_stalled();
    assert_eq!(peer_reader.take(), b"GET / HTTP/1.1\r\nHost: peer:80\r\nConnection: close\r\n\r\n");
    peer_writer.push(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    run_until_stalled();
    assert_eq!(received.take(), Some(Ok(b"hi".to_vec())));
    assert!(peer_reader.is_ended());
}

/// A proxy in one process: a connection of one's own is read and written through a duplex.
#[test]
fn a_duplex_carries_a_request_to_a_server_in_the_same_instance() {
    let server = Server::create(ServerOptions::default()).expect("valid options");
    let (near, far) = memory::pipe(1 << 16);
    server.adopt(Stream::Memory(far)).expect("a server that is not closed");
    let attachments =
        Attachments { connection: Some(Transport::Stream(Stream::Memory(near))), ..Attachments::default() };
    let request = ClientRequest::create(Some("http://h/x"), RequestOptions::default(), attachments)
        .expect("a valid request");
    request.end(None).expect("an open request");
    run_until_stalled();
    let event = server.take_events(1).pop().map(|event| event.kind);
    let Some(ServerEventKind::Request(answer)) = event else { panic!("{event:?}") };
    assert_eq!(answer.url(), "/x");
    answer.end(Some(b"hello")).expect("an open answer");
    let done = Rc::new(RefCell::new(false));
    let result = Rc::clone(&done);
    spawn(async move {
        // Nobody listened before the answer was there, but `response` counts from when it is called.
        let response = request.response().await.expect("a response");
        assert!(matches!(response.read(9), ReadResult::Data(bytes) if bytes == b"hello"));
        result.replace(true);
    });
    run_until_stalled();
    assert!(*done.borrow());
}
