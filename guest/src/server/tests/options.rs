//! Options whose effect a client does not see in its answers, and expectations.

use super::{Client, Fixture, GET, ok};
use crate::{
    message::ReadResult,
    runtime::{advance, run_until_stalled},
    server::{ServerEventKind, ServerEvents, ServerOptions, ServerResponse},
};

/// Rows: SO7, SO8
#[test]
fn keep_alive_probes_are_switched_on_at_accept() {
    let default = Fixture::new(ServerOptions::default());
    assert_eq!(default.connect().reader.peer_keep_alive(), None);

    let options = ServerOptions { keep_alive: Some(true), ..ServerOptions::default() };
    assert_eq!(Fixture::new(options).connect().reader.peer_keep_alive(), Some(0));

    let options = ServerOptions {
        keep_alive: Some(true),
        keep_alive_initial_delay: Some(1500),
        ..ServerOptions::default()
    };
    let fixture = Fixture::new(options);
    let client = fixture.connect();
    assert_eq!(client.reader.peer_keep_alive(), Some(1500));
    client.send(GET);
    let socket = fixture.request().request().socket().expect("a connection");
    socket.set_keep_alive(false, 0);
    assert_eq!(client.reader.peer_keep_alive(), None);
}

/// Rows: SO1
#[test]
fn deadlines_do_not_wait_for_the_checking_interval() {
    let options = ServerOptions {
        connections_checking_interval: Some(1_000_000),
        headers_timeout: Some(100),
        ..ServerOptions::default()
    };
    let fixture = Fixture::new(options);
    let client = fixture.connect();
    client.send("GET / HT");
    run_until_stalled();
    advance(120);
    assert_eq!(client.received(), "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
}

const EXPECT_CONTINUE: &str =
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n";

/// A server that listens to `events`, and what it makes of `request`.
fn expecting(events: ServerEvents, request: &str) -> (Fixture, Client, ServerEventKind) {
    let fixture = Fixture::new(ServerOptions { listening: Some(events), ..ServerOptions::default() });
    let client = fixture.connect();
    client.send(request);
    let mut events = fixture.server.take_events(usize::MAX);
    assert_eq!(events.len(), 1, "{events:?}");
    let kind = events.remove(0).kind;
    (fixture, client, kind)
}

fn check_continue() -> (Fixture, Client, ServerResponse) {
    match expecting(ServerEvents::CHECK_CONTINUE, EXPECT_CONTINUE) {
        (fixture, client, ServerEventKind::CheckContinue(response)) => (fixture, client, response),
        (.., other) => panic!("{other:?}"),
    }
}

/// Rows: SV1, I-16
#[test]
fn check_continue_lets_the_application_ask_for_the_body() {
    let (fixture, client, response) = check_continue();
    assert_eq!(client.received(), "", "nothing is sent by itself");
    response.answer(|outgoing, _| outgoing.write_continue()).expect("a fresh answer");
    assert_eq!(client.received(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("abc");
    assert!(matches!(response.request().read(9), ReadResult::Data(body) if body == b"abc"));
    response.end(Some(b"ok")).expect("an open answer");
    assert_eq!(client.received(), ok("ok"));
    client.send(GET);
    fixture.request().end(None).expect("a fresh answer");
    assert_eq!(client.received(), ok(""), "the connection stays");
}

/// Rows: SV1, I-4
#[test]
fn a_final_answer_instead_of_continue_closes() {
    let (_fixture, client, response) = check_continue();
    response.end(Some(b"no")).expect("a fresh answer");
    assert_eq!(
        client.received(),
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno"
    );
    assert!(client.reader.is_ended());
}

/// Rows: SV1
#[test]
fn without_a_listener_continue_is_sent() {
    let (_fixture, client, event) = expecting(ServerEvents::default(), EXPECT_CONTINUE);
    assert!(matches!(event, ServerEventKind::Request(_)), "{event:?}");
    assert_eq!(client.received(), "HTTP/1.1 100 Continue\r\n\r\n");
}

/// Rows: SV2
#[test]
fn check_expectation_gets_other_expectations() {
    const EXPECT: &str = "GET / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n";
    let (_fixture, client, event) = expecting(ServerEvents::CHECK_EXPECTATION, EXPECT);
    let ServerEventKind::CheckExpectation(response) = event else { panic!("{event:?}") };
    response.end(Some(b"met")).expect("a fresh answer");
    assert_eq!(client.received(), ok("met"));

    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(EXPECT);
    assert!(fixture.requests().is_empty(), "not listened to: the server answers");
    assert!(client.received().starts_with("HTTP/1.1 417 Expectation Failed\r\n"));
    assert!(!client.reader.is_ended());
}

/// Rows: SV1, SV2
#[test]
fn http_1_0_has_no_expectations() {
    for expectation in ["100-continue", "miracles"] {
        let events = ServerEvents::CHECK_CONTINUE.and(ServerEvents::CHECK_EXPECTATION);
        let request = format!("GET / HTTP/1.0\r\nExpect: {expectation}\r\n\r\n");
        let (_fixture, client, event) = expecting(events, &request);
        assert!(matches!(event, ServerEventKind::Request(_)), "{event:?}");
        assert_eq!(client.received(), "");
    }
}

/// Rows: SR6
#[test]
fn finished_tells_of_a_connection_that_ended_before() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(GET);
    let response = fixture.request();
    client.writer.reset();
    run_until_stalled();
    let error = futures_util::FutureExt::now_or_never(response.finished()).expect("it is over");
    assert_eq!(error.expect_err("it was not sent").code(), "ERR_STREAM_PREMATURE_CLOSE");
}
