//! Timeouts on the manual clock.

use super::{Fixture, GET, ok};
use crate::{
    runtime::{advance, run_until_stalled},
    server::{ServerEventKind, ServerEvents, ServerOptions},
};

fn wait(millis: u64) {
    run_until_stalled();
    advance(millis);
    run_until_stalled();
}

const TIMEOUT: u16 = 1 << 3;
const SOCKET_TIMEOUT: u16 = 1 << 2;

/// Rows: SR18, SV10
#[test]
fn an_idle_answer_without_a_listener_is_destroyed() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(GET);
    let response = fixture.request();
    response.set_timeout(50);
    wait(40);
    assert!(!client.reader.is_ended());
    wait(40);
    assert!(client.reader.is_ended());
}

/// Rows: SR18, OM21
#[test]
fn an_idle_answer_with_a_listener_is_told() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(GET);
    let response = fixture.request();
    response.listen_for(TIMEOUT);
    response.set_timeout(50);
    wait(70);
    assert_eq!(response.take_events(9).len(), 1);
    response.end(Some(b"late")).expect("an open answer");
    assert_eq!(client.received(), ok("late"));
}

/// Rows: I-21
#[test]
fn a_timeout_is_told_to_everybody_and_any_listener_keeps_the_connection() {
    for listener in ["nobody", "request", "response", "socket", "server", "all"] {
        let on = |name: &str| listener == name || listener == "all";
        let listening = on("server").then_some(ServerEvents::TIMEOUT);
        let fixture = Fixture::new(ServerOptions { listening, ..ServerOptions::default() });
        let client = fixture.connect();
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
        let response = fixture.request();
        let (request, socket) = (response.request(), response.request().socket().expect("a connection"));
        request.listen_for(if on("request") { TIMEOUT } else { 0 });
        response.listen_for(if on("response") { TIMEOUT } else { 0 });
        socket.listen_for(if on("socket") { SOCKET_TIMEOUT } else { 0 });
        socket.set_timeout(50);
        wait(70);
        let told = |name: &str, count: usize| assert_eq!(count, usize::from(on(name)), "{listener}: {name}");
        told("request", request.take_events(9).len());
        told("response", response.take_events(9).len());
        told("socket", socket.take_events(9).len());
        told("server", fixture.server.take_events(9).len());
        // As in Node: a listener on the socket alone does not keep it.
        let kept = on("request") || on("response") || on("server");
        assert_eq!(client.reader.is_ended(), !kept, "{listener}");
    }
}

/// Rows: I-21
#[test]
fn a_complete_request_is_not_told_of_a_timeout() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(GET);
    let response = fixture.request();
    let request = response.request();
    request.listen_for(TIMEOUT);
    request.set_timeout(50);
    wait(70);
    assert!(request.take_events(9).is_empty());
    assert!(client.reader.is_ended(), "nobody else listens");
}

/// Rows: IM15
#[test]
fn a_slow_request_is_told_while_it_is_incomplete() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
    let response = fixture.request();
    let request = response.request();
    request.listen_for(TIMEOUT);
    request.set_timeout(50);
    wait(30);
    client.send("def");
    wait(30);
    assert!(request.take_events(9).is_empty(), "traffic starts the time anew");
    wait(40);
    assert_eq!(request.take_events(9).len(), 1);
    assert!(!client.reader.is_ended());
}

/// Rows: SV19, SV21
#[test]
fn server_timeout_ends_silent_connections() {
    let fixture = Fixture::new(ServerOptions::default());
    fixture.server.configure(|settings| settings.timeout = 50);
    let client = fixture.connect();
    wait(70);
    assert!(client.reader.is_ended());
}

/// Rows: SV10, SV19
#[test]
fn a_server_that_listens_to_timeout_decides() {
    let options = ServerOptions { listening: Some(ServerEvents::TIMEOUT), ..ServerOptions::default() };
    let fixture = Fixture::new(options);
    fixture.server.configure(|settings| settings.timeout = 50);
    let client = fixture.connect();
    wait(70);
    assert!(!client.reader.is_ended());
    let mut events = fixture.server.take_events(9);
    let ServerEventKind::Timeout(socket) = events.remove(0).kind else { panic!("no timeout") };
    socket.destroy(None);
    run_until_stalled();
    assert!(client.reader.is_ended());
}

/// Rows: SV6, SV22, I-20
#[test]
fn keep_alive_timeout_replaces_a_timeout_set_on_the_connection() {
    let options = ServerOptions {
        listening: Some(ServerEvents::CONNECTION),
        keep_alive_timeout: Some(5000),
        ..ServerOptions::default()
    };
    let fixture = Fixture::new(options);
    let client = fixture.connect();
    let ServerEventKind::Connection(socket) = fixture.server.take_events(1).remove(0).kind else {
        panic!("no connection")
    };
    socket.set_timeout(100);
    client.send(GET);
    fixture.request().end(None).expect("a fresh answer");
    wait(1000);
    assert!(!client.reader.take().is_empty());
    assert!(!client.reader.is_ended());
    wait(5100);
    assert!(client.reader.is_ended());
}

/// Rows: SV18, SO12
#[test]
fn a_slow_body_gets_408() {
    let options =
        ServerOptions { request_timeout: Some(1200), headers_timeout: Some(600), ..ServerOptions::default() };
    let fixture = Fixture::new(options);
    let client = fixture.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
    let response = fixture.request();
    wait(1000);
    assert_eq!(client.received(), "");
    wait(220);
    assert_eq!(client.received(), "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
    assert!(response.request().aborted());
}

/// Rows: SV14
#[test]
fn the_second_request_of_a_connection_has_its_own_time() {
    let options =
        ServerOptions { headers_timeout: Some(600), request_timeout: Some(1200), ..ServerOptions::default() };
    let fixture = Fixture::new(options);
    let client = fixture.connect();
    client.send(GET);
    fixture.request().end(None).expect("a fresh answer");
    wait(1500);
    assert_eq!(client.received(), ok(""), "idle is not late");
    client.send("GET / HT");
    wait(500);
    assert_eq!(client.received(), "");
    wait(120);
    assert_eq!(client.received(), "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
}

#[test]
fn a_slow_answer_on_a_kept_connection_is_not_idle() {
    let options = ServerOptions { keep_alive_timeout: Some(100), ..ServerOptions::default() };
    let fixture = Fixture::new(options);
    let client = fixture.connect();
    client.send(GET);
    fixture.request().end(None).expect("a fresh answer");
    wait(10);
    client.send(GET);
    let slow = fixture.request();
    wait(5000);
    slow.end(Some(b"slow")).expect("an open answer");
    assert!(client.received().ends_with("slow"));
}

#[test]
fn a_connection_whose_end_was_sent_has_no_timeout() {
    for split in [1, usize::MAX] {
        let options = ServerOptions { listening: Some(ServerEvents::TIMEOUT), ..ServerOptions::default() };
        let fixture = Fixture::new(options);
        fixture.server.configure(|settings| settings.timeout = 100);
        let client = fixture.connect();
        for piece in b"garbage\r\n".chunks(split) {
            client.send(std::str::from_utf8(piece).expect("ASCII"));
        }
        wait(1990);
        assert_eq!(fixture.server.connections(), 1, "the peer may still read");
        wait(30);
        assert_eq!(fixture.server.connections(), 0);
        let events = fixture.server.take_events(9);
        assert!(events.is_empty(), "{events:?} with {split} bytes at once");
    }
}

#[test]
fn a_refused_message_is_not_late() {
    let options =
        ServerOptions { headers_timeout: Some(600), request_timeout: Some(1200), ..ServerOptions::default() };
    for split in [1, usize::MAX] {
        let fixture = Fixture::new(options.clone());
        let client = fixture.connect();
        let bytes =
            format!("{GET}POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n");
        for piece in bytes.as_bytes().chunks(split) {
            client.send(std::str::from_utf8(piece).expect("ASCII"));
        }
        let [first, _second] = fixture.requests().try_into().expect("two requests");
        wait(5000);
        first.end(None).expect("an open answer");
        let refusal = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
        assert_eq!(client.received(), format!("{}{refusal}", ok("")), "{split} bytes at once");
    }
}
