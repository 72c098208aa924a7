//! Event orders across objects: one counter numbers them all.

use super::{Fixture, GET};
use crate::{
    error::{Error, ErrorName},
    message::ReadResult,
    runtime::run_until_stalled,
    server::{IncomingMessage, ServerEventKind, ServerEvents, ServerOptions, ServerResponse, Socket},
};

const ALL: u16 = u16::MAX;

/// The three objects of an exchange, recording everything.
struct Watched {
    response: ServerResponse,
    request: IncomingMessage,
    socket: Socket,
}

impl Watched {
    fn new(response: ServerResponse) -> Self {
        let request = response.request();
        let socket = request.socket().expect("a connection");
        response.listen_for(ALL);
        request.listen_for(ALL);
        socket.listen_for(ALL);
        Self { response, request, socket }
    }

    /// What was recorded, in order, as Node's event names.
    fn log(&self) -> String {
        let mut log: Vec<(u64, String)> = Vec::new();
        for event in self.response.take_events(usize::MAX) {
            log.push((event.sequence, format!("res.{}", name(&event.kind))));
        }
        for event in self.request.take_events(usize::MAX) {
            log.push((event.sequence, format!("req.{}", name(&event.kind))));
        }
        for event in self.socket.take_events(usize::MAX) {
            log.push((event.sequence, format!("socket.{}", name(&event.kind))));
        }
        log.retain(|(_, event)| event != "socket.drain");
        log.sort();
        log.into_iter().map(|(_, event)| event).collect::<Vec<_>>().join(" ")
    }
}

/// `Close(false)` → `close`.
fn name(kind: &impl std::fmt::Debug) -> String {
    let text = format!("{kind:?}");
    let end = text.find(['(', ' ']).unwrap_or(text.len());
    text[..end].to_lowercase()
}

/// Rows: SR1, SR2, OM3, OM4, IM3
#[test]
fn e20_an_answer_without_reading_the_request() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    let watched = Watched::new(fixture.request());
    watched.response.end(None).expect("a fresh answer");
    run_until_stalled();
    assert_eq!(watched.log(), "res.prefinish res.finish res.close req.end req.close");
}

#[test]
fn e21_an_answer_after_reading_the_request() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    let watched = Watched::new(fixture.request());
    assert!(matches!(watched.request.read(9), ReadResult::Data(_)));
    assert!(matches!(watched.request.read(9), ReadResult::End(_)));
    watched.response.end(None).expect("a fresh answer");
    run_until_stalled();
    assert_eq!(watched.log(), "req.end req.close res.prefinish res.finish res.close");
}

/// Rows: IM2, IM4, IM5, IM6
#[test]
fn e22_a_reset_in_the_request_body() {
    let options = ServerOptions { listening: Some(ServerEvents::CLIENT_ERROR), ..ServerOptions::default() };
    let fixture = Fixture::new(options);
    let client = fixture.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
    let watched = Watched::new(fixture.request());
    client.writer.reset();
    run_until_stalled();
    assert_eq!(watched.log(), "socket.error req.aborted socket.close res.close req.error req.close");
    assert!(watched.request.aborted() && !watched.request.complete());
    let events = fixture.server.take_events(9);
    let [event] = &events[..] else { panic!("{events:?}") };
    let ServerEventKind::ClientError { error, .. } = &event.kind else { panic!("{event:?}") };
    assert_eq!(error.code(), "ECONNRESET");
}

#[test]
fn e23_a_client_that_leaves_before_its_answer() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(GET);
    let watched = Watched::new(fixture.request());
    assert!(!watched.request.readable_ended());
    assert!(matches!(watched.request.read(9), ReadResult::End(_)));
    assert!(watched.request.readable_ended());
    client.writer.reset();
    run_until_stalled();
    assert_eq!(watched.log(), "req.end req.close socket.error socket.close res.close");
    assert!(watched.response.end(None).is_ok());
    run_until_stalled();
    assert_eq!(watched.log(), "res.prefinish");
    assert!(!watched.response.look(|outgoing| outgoing.writable_finished()));
}

/// Rows: SR1, IM2
#[test]
fn e24_a_client_that_leaves_while_it_is_answered() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
    let watched = Watched::new(fixture.request());
    watched.response.write(b"half").expect("a fresh answer");
    run_until_stalled();
    client.writer.reset();
    run_until_stalled();
    assert_eq!(watched.log(), "socket.error req.aborted socket.close res.close req.error req.close");
}

/// Reading is what the application did: a request that nobody has read is cut short.
#[test]
fn e24_a_client_that_leaves_before_its_request_was_read() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(GET);
    let watched = Watched::new(fixture.request());
    client.writer.reset();
    run_until_stalled();
    assert_eq!(watched.log(), "socket.error req.aborted socket.close res.close req.error req.close");
    assert!(watched.request.aborted() && watched.request.complete() && !watched.request.readable_ended());
}

/// Rows: OM9
#[test]
fn e25_destroying_the_answer() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
    let watched = Watched::new(fixture.request());
    watched.response.destroy(None);
    run_until_stalled();
    assert_eq!(watched.log(), "req.aborted socket.close res.close req.error req.close");
    assert!(client.reader.is_ended());
}

/// Rows: IM8
#[test]
fn e26_destroying_the_request() {
    for with_error in [false, true] {
        let options =
            ServerOptions { listening: Some(ServerEvents::CLIENT_ERROR), ..ServerOptions::default() };
        let fixture = Fixture::new(options);
        let client = fixture.connect();
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
        let watched = Watched::new(fixture.request());
        watched.request.destroy(with_error.then(|| Error::new(ErrorName::Error, "", "mine")));
        run_until_stalled();
        if with_error {
            assert_eq!(watched.log(), "req.aborted socket.error req.error req.close socket.close res.close");
            assert_eq!(
                watched.request.errored().map(|error| error.message().to_owned()),
                Some("mine".to_owned())
            );
            assert!(matches!(fixture.server.take_events(9)[0].kind, ServerEventKind::ClientError { .. }));
        } else {
            assert_eq!(watched.log(), "req.aborted req.close socket.close res.close");
        }
    }
}

#[test]
fn e27_a_parse_error_in_the_body() {
    let options = ServerOptions { listening: Some(ServerEvents::CLIENT_ERROR), ..ServerOptions::default() };
    let fixture = Fixture::new(options);
    let client = fixture.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    let watched = Watched::new(fixture.request());
    client.send("Z\r\n");
    let mut events = fixture.server.take_events(9);
    let event = events.remove(0);
    let ServerEventKind::ClientError { error, socket } = event.kind else { panic!("no clientError") };
    assert_eq!(error.code(), "HPE_INVALID_CHUNK_SIZE");
    let parse = error.details().and_then(|details| details.parse.as_ref()).expect("a parse error");
    assert_eq!(parse.raw_packet, b"Z\r\n");
    socket.destroy(None);
    run_until_stalled();
    assert_eq!(watched.log(), "req.aborted socket.close res.close req.error req.close");
}

#[test]
fn e28_connection_close() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let watched = Watched::new(fixture.request());
    watched.response.end(None).expect("a fresh answer");
    run_until_stalled();
    assert!(client.reader.take().ends_with(b"\r\n\r\n"));
    assert!(client.reader.is_ended());
    drop(client);
    run_until_stalled();
    assert_eq!(watched.log(), "res.prefinish res.finish res.close req.end req.close socket.close");
}

/// Rows: OM2, OM26
#[test]
fn drain_follows_a_write_that_asked_to_wait() {
    let options = ServerOptions { high_water_mark: Some(100), ..ServerOptions::default() };
    let fixture = Fixture::new(options);
    let client = fixture.connect();
    client.send(GET);
    let watched = Watched::new(fixture.request());
    assert!(!watched.response.write(&[b'x'; 200]).expect("a fresh answer"));
    assert!(watched.response.look(|outgoing| outgoing.writable_length()) >= 200);
    run_until_stalled();
    assert_eq!(watched.log(), "res.drain");
    assert!(watched.response.write(b"x").expect("an open answer"));
}

#[test]
fn what_knows_each_other_can_be_printed() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(&GET.repeat(2));
    let requests = fixture.requests();
    let request = requests[0].request();
    for printed in [
        format!("{:?}", fixture.server),
        format!("{requests:?}"),
        format!("{request:?}"),
        format!("{:?}", request.socket()),
    ] {
        assert!(printed.contains("Link { id: ") || printed.starts_with("Server("), "{printed}");
    }
}
