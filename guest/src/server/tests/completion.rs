//! A message is finished when what it owes is flushed, whoever acted last; reading is what the application did.

use super::{Fixture, GET, ok};
use crate::{
    error::{Error, ErrorName},
    message::{HeaderValue, OutgoingMessage, ReadResult},
    runtime::{advance, run_until_stalled},
    server::{
        IncomingMessage, MessageEvent, ResponseEvent, ServerEventKind, ServerEvents, ServerOptions,
        ServerResponse, SocketEvent,
    },
};

const ALL: u16 = u16::MAX;

fn responses(response: &ServerResponse) -> Vec<String> {
    let taken = response.take_events(usize::MAX).into_iter();
    taken
        .map(|event| match event.kind {
            ResponseEvent::Error(error) => error.code().to_owned(),
            other => format!("{other:?}"),
        })
        .collect()
}

fn messages(request: &IncomingMessage) -> Vec<String> {
    let taken = request.take_events(usize::MAX).into_iter();
    taken
        .map(|event| match event.kind {
            MessageEvent::Error(error) => error.code().to_owned(),
            other => format!("{other:?}"),
        })
        .collect()
}

fn length(length: usize) -> [(String, HeaderValue); 1] {
    [("Content-Length".to_owned(), HeaderValue::Text(length.to_string()))]
}

/// Sends the head or the whole body first, and ends when all of it is flushed. Then the connection goes on.
fn ends_later(request: &str, begin: impl Fn(&ServerResponse)) {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(request);
    let response = fixture.request();
    response.listen_for(ALL);
    begin(&response);
    run_until_stalled();
    assert_eq!(responses(&response), [""; 0], "{request}");
    response.end(None).expect("an open answer");
    assert!(!response.look(OutgoingMessage::writable_finished), "not before the driver's turn");
    run_until_stalled();
    assert_eq!(responses(&response), ["Prefinish", "Finish", "Close"], "{request}");
    assert!(response.look(OutgoingMessage::writable_finished));
    client.received();
    client.send(GET);
    fixture.request().end(Some(b"next")).expect("a fresh answer");
    assert_eq!(client.received(), ok("next"), "{request}");
    advance(6100);
    run_until_stalled();
    assert!(client.reader.is_ended(), "the keep-alive timeout counts from the end: {request}");
}

/// Rows: SR2, OM3, OM4
#[test]
fn an_end_that_adds_no_byte_is_the_end() {
    ends_later(GET, |response| {
        response.write_head(200, None, &length(2)).expect("a fresh answer");
        response.write(b"ok").expect("an open answer");
    });
    for status in [200, 204, 304] {
        ends_later(GET, |response| {
            response.write_head(status, None, &length(0)).expect("a fresh answer");
            response.answer(OutgoingMessage::flush_headers).expect("an open answer");
        });
        ends_later(&GET.replace("GET", "HEAD"), |response| {
            response.write_head(status, None, &[]).expect("a fresh answer");
            response.answer(OutgoingMessage::flush_headers).expect("an open answer");
        });
    }
}

#[test]
fn a_stream_to_an_http_1_0_client_ends_the_connection_without_another_byte() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send("GET / HTTP/1.0\r\n\r\n");
    let response = fixture.request();
    response.write(b"x").expect("a fresh answer");
    assert!(client.received().ends_with("\r\n\r\nx"));
    response.end(None).expect("an open answer");
    run_until_stalled();
    assert!(client.reader.is_ended());
    assert!(response.look(OutgoingMessage::writable_finished));
}

#[test]
fn body_bytes_before_a_parse_error_are_read_before_it() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    let response = fixture.request();
    let request = response.request();
    assert!(matches!(request.read(9), ReadResult::Pending));
    client.send("5\r\nhello\r\nZZ\r\n");
    assert!(matches!(request.read(9), ReadResult::Data(bytes) if bytes == b"hello"));
    assert!(matches!(request.read(9), ReadResult::Aborted(_)));
}

/// A POST cut by the client's end in the same packet.
#[test]
fn the_last_words_wait_for_a_listener() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.writer.push(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab");
    drop(client);
    run_until_stalled();
    let response = fixture.request();
    let request = response.request();
    request.listen_for(ALL);
    response.listen_for(ALL);
    assert_eq!(messages(&request), ["Aborted", "ECONNRESET", "Close"]);
    assert_eq!(responses(&response), ["Close"]);
    assert!(matches!(request.read(9), ReadResult::Data(bytes) if bytes == b"ab"));
    assert!(matches!(request.read(9), ReadResult::Aborted(_)));
}

#[test]
fn what_is_listened_to_can_be_said_beforehand() {
    let options = ServerOptions {
        response_listening: Some(ALL),
        message_listening: Some(ALL),
        socket_listening: Some(ALL),
        ..ServerOptions::default()
    };
    let fixture = Fixture::new(options);
    let client = fixture.connect();
    client.send(GET);
    let response = fixture.request();
    let (request, socket) = (response.request(), response.socket().expect("a connection"));
    response.end(None).expect("a fresh answer");
    run_until_stalled();
    assert_eq!(responses(&response), ["Prefinish", "Finish", "Close"]);
    assert_eq!(messages(&request), ["End", "Close"]);
    drop(client);
    run_until_stalled();
    assert!(matches!(
        socket.take_events(9)[..],
        [crate::runtime::Recorded { kind: SocketEvent::Close(false), .. }]
    ));
}

#[test]
fn the_body_can_be_read_behind_the_end_of_the_answer() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    let response = fixture.request();
    let request = response.request();
    response.end(Some(b"x")).expect("a fresh answer");
    assert!(matches!(request.read(9), ReadResult::Data(bytes) if bytes == b"abc"));
    assert!(matches!(request.read(9), ReadResult::End(_)));
    assert_eq!(client.received(), ok("x"));
}

/// Node tells of data behind the end as an event, once for each call, and not when the answer is over.
#[test]
fn late_data_is_told() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(GET);
    let response = fixture.request();
    response.listen_for(ALL);
    response.end(Some(b"x")).expect("a fresh answer");
    assert!(response.write(b"y").is_err() && response.end(Some(b"z")).is_err());
    run_until_stalled();
    let late = "ERR_STREAM_WRITE_AFTER_END";
    assert_eq!(responses(&response), ["Prefinish", "Finish", late, late, "Close"]);
    assert!(response.write(b"y").is_err());
    assert_eq!(responses(&response), [""; 0]);
}

/// Rows: OM9
#[test]
fn the_error_of_a_destroyed_answer_is_its_connections() {
    let options = ServerOptions { listening: Some(ServerEvents::CLIENT_ERROR), ..ServerOptions::default() };
    let fixture = Fixture::new(options);
    let client = fixture.connect();
    client.send(GET);
    let response = fixture.request();
    let (request, socket) = (response.request(), response.socket().expect("a connection"));
    socket.listen_for(ALL);
    response.destroy(Some(Error::new(ErrorName::Error, "", "mine")));
    run_until_stalled();
    response.listen_for(ALL);
    request.listen_for(ALL);
    assert_eq!(responses(&response), ["Close"]);
    assert_eq!(messages(&request), ["Aborted", "ECONNRESET", "Close"]);
    let told: Vec<_> = socket.take_events(9).into_iter().map(|event| event.kind).collect();
    assert!(
        matches!(&told[..], [SocketEvent::Error(error), SocketEvent::Close(true)] if error.message() == "mine")
    );
    let events = fixture.server.take_events(9);
    assert!(
        matches!(&events[0].kind, ServerEventKind::ClientError { error, .. } if error.message() == "mine")
    );
}

/// Node's `socketOnError` ends in `socket.destroy(error)`.
#[test]
fn the_socket_is_told_of_what_cannot_be_parsed() {
    let fixture = Fixture::new(ServerOptions { socket_listening: Some(ALL), ..ServerOptions::default() });
    fixture.server.listen_for(ServerEvents::CONNECTION);
    let client = fixture.connect();
    let ServerEventKind::Connection(socket) = fixture.server.take_events(1).remove(0).kind else {
        panic!("a connection");
    };
    client.send("BAD\r\n\r\n");
    assert_eq!(client.received(), "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    drop(client);
    run_until_stalled();
    let told: Vec<_> = socket.take_events(9).into_iter().map(|event| event.kind).collect();
    assert!(
        matches!(&told[..], [SocketEvent::Error(error), SocketEvent::Close(true)]
            if error.code() == "HPE_INVALID_METHOD"),
        "{told:?}"
    );
}

/// Node says nothing of a request whose answer is finished; who reads it is told that no more will come.
#[test]
fn a_request_that_is_answered_is_cut_silently() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab");
    let response = fixture.request();
    let request = response.request();
    request.listen_for(ALL);
    assert!(matches!(request.read(9), ReadResult::Data(_)));
    response.end(None).expect("a fresh answer");
    run_until_stalled();
    client.writer.reset();
    run_until_stalled();
    assert_eq!(messages(&request), [""; 0]);
    assert!(!request.aborted());
    assert!(matches!(request.read(9), ReadResult::Aborted(_)));
}

#[test]
fn failing_to_write_is_told_as_such() {
    let fixture = Fixture::new(ServerOptions { socket_listening: Some(ALL), ..ServerOptions::default() });
    let client = fixture.connect();
    client.send(GET);
    let response = fixture.request();
    let socket = response.socket().expect("a connection");
    // The client stops reading, not sending.
    drop(client.reader);
    response.end(Some(b"x")).expect("a fresh answer");
    run_until_stalled();
    let SocketEvent::Error(error) = socket.take_events(9).remove(0).kind else { panic!("an error") };
    assert_eq!((error.code(), error.message()), ("EPIPE", "write EPIPE"));
}

#[test]
fn drain_is_told_only_to_who_had_to_wait() {
    let options = ServerOptions {
        high_water_mark: Some(1000),
        socket_listening: Some(ALL),
        ..ServerOptions::default()
    };
    let fixture = Fixture::new(options);
    let client = fixture.connect();
    client.send(GET);
    let response = fixture.request();
    let socket = response.socket().expect("a connection");
    response.write(b"little").expect("a fresh answer");
    run_until_stalled();
    assert!(socket.take_events(9).is_empty());
    assert!(!response.write(&[b'x'; 2000]).expect("an open answer"));
    run_until_stalled();
    assert!(matches!(socket.take_events(9).remove(0).kind, SocketEvent::Drain));
}

/// Closures of the caller's may call whatever they like.
#[test]
fn re_entering_answers_errors_and_does_not_panic() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(GET);
    let response = fixture.request();
    response.change(|_| {
        assert_eq!(response.end(None).expect_err("in use").code(), "ERR_INVALID_STATE");
        assert_eq!(response.respond(200, &[], b"").expect_err("in use").code(), "ERR_INVALID_STATE");
        response.destroy(None);
        response.change(|_| panic!("not made"));
    });
    let inside = response.look(|_| response.answer(|outgoing, date| outgoing.end(None, date)));
    assert_eq!(inside.expect_err("in use").code(), "ERR_INVALID_STATE");
    let server = &fixture.server;
    server.configure(|settings| settings.timeout = server.settings().timeout + 1);
    assert_eq!(server.settings().timeout, 1);
    assert!(!client.reader.is_ended());
    response.end(Some(b"x")).expect("an open answer");
    assert_eq!(client.received(), ok("x"));
}
