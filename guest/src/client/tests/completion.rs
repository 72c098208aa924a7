//! A request is finished when what it owes is flushed, whoever acted last, and its connection serves the next one.

use super::{events::wait, *};
use crate::message::OutgoingMessage;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// One connection at most, which is kept.
fn single() -> Agent {
    let pool = Options { keep_alive: true, max_sockets: Some(1), ..Options::default() };
    Agent::create(AgentOptions { pool, ..AgentOptions::default() }).expect("valid options")
}

/// The head goes out first, the end adds no byte to it; the next request gets the connection.
fn ends_later(method: &str, headers: &[(&str, &str)], answer_first: bool) {
    let (fixture, agent) = (Fixture::new(), single());
    let request = fixture.request(method, &agent);
    for (name, value) in headers {
        request.change(|outgoing| outgoing.set_header(name, (*value).into())).expect("a valid header");
    }
    request.flush_headers().expect("an open request");
    let mut watched = Watched::new(request);
    let peer = fixture.accept();
    assert!(peer.received().ends_with("\r\n\r\n"), "{method}");
    let answer = if method == "HEAD" { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" } else { OK };
    if answer_first {
        peer.send(answer);
        watched.run();
    }
    watched.request.end(None).expect("an open request");
    let trace = watched.trace();
    assert!(trace.contains("req.prefinish > req.finish"), "{method}: {trace}");
    if !answer_first {
        peer.send(answer);
    }
    let trace = watched.trace();
    assert!(trace.contains("req.close"), "{method}: {trace}");

    fixture.request("GET", &agent).end(None).expect("an open request");
    assert!(peer.received().starts_with("GET / "), "{method}: the connection is used again");
}

/// Rows: CR5, CR6, AG10
#[test]
fn an_end_that_adds_no_byte_gives_the_connection_back() {
    for answer_first in [true, false] {
        for method in ["GET", "DELETE", "HEAD"] {
            ends_later(method, &[], answer_first);
        }
        ends_later("POST", &[("Content-Length", "0")], answer_first);
        ends_later("POST", &[("Content-Length", "0"), ("Expect", "100-continue")], answer_first);
    }
}

/// Rows: CR10, RO24
#[test]
fn the_timeout_of_a_request_is_told_once() {
    let fixture = Fixture::new();
    let request = fixture.request("POST", &plain());
    request.set_timeout(30);
    request.write(b"x").expect("an open request");
    let mut watched = Watched::new(request);
    let _peer = fixture.accept();
    for _ in 0..3 {
        wait(60);
        watched.request.write(b"y").expect("an open request");
        watched.run();
    }
    assert_eq!(watched.trace().matches("req.timeout").count(), 1, "{}", watched.trace());
}

#[test]
fn should_keep_alive_follows_the_response() {
    for (answer, keeps) in [(OK, true), ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", false)] {
        let fixture = Fixture::new();
        let (mut watched, peer) = fixture.get(&keeping());
        assert!(watched.request.look(OutgoingMessage::should_keep_alive));
        peer.send(answer);
        watched.run();
        assert_eq!(watched.request.look(OutgoingMessage::should_keep_alive), keeps);
    }
}

/// RFC 9112 section 6.1.
#[test]
fn a_connection_is_not_reused_behind_http_1_0_with_transfer_encoding() {
    let (fixture, agent) = (Fixture::new(), keeping());
    let (mut watched, peer) = fixture.get(&agent);
    peer.send(
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    );
    assert!(watched.trace().contains("res.data > res.end"), "{}", watched.trace());
    assert!(agent.free_sockets().is_empty());
}

/// What cannot be seen must not frame: RFC 9112 section 6.3.
#[test]
fn fields_beyond_the_limit_fail_the_response() {
    let fixture = Fixture::new();
    let request = fixture.request("GET", &keeping());
    request.end(None).expect("an open request");
    request.set_max_headers_count(Some(2));
    let mut watched = Watched::new(request);
    let peer = fixture.accept();
    peer.send("HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    assert!(watched.trace().contains("req.error[HPE_HEADER_OVERFLOW|"), "{}", watched.trace());
}

/// Whoever has read the end of a response may destroy its connection before it is handed on.
#[test]
fn a_destroyed_connection_is_not_handed_on() {
    let (fixture, agent) = (Fixture::new(), single());
    let (mut first, peer) = fixture.get(&agent);
    let second = fixture.request("GET", &agent);
    second.end(None).expect("an open request");
    peer.send(OK);
    first.take();
    let response = first.response.take().expect("a response");
    let socket = response.socket().expect("a connection");
    assert!(matches!(response.read(9), ReadResult::Data(_)));
    assert!(matches!(response.read(9), ReadResult::End(_)));
    socket.destroy(None);
    let mut second = Watched::new(second);
    let other = fixture.accept();
    other.send(OK);
    assert!(second.trace().ends_with("res.end > req.close > res.close"), "{}", second.trace());
}

#[test]
fn re_entering_answers_errors_and_does_not_panic() {
    let fixture = Fixture::new();
    let request = fixture.request("POST", &plain());
    request.adjust(|_| {
        assert_eq!(request.end(None).expect_err("in use").code(), "ERR_INVALID_STATE");
        assert_eq!(request.write(b"x").expect_err("in use").code(), "ERR_INVALID_STATE");
        request.adjust(|_| panic!("not made"));
    });
    let inside = request.look(|_| request.change(|outgoing| outgoing.end(None, "")));
    assert_eq!(inside.expect_err("in use").code(), "ERR_INVALID_STATE");
    request.end(Some(b"x")).expect("an open request");
    assert!(fixture.accept().received().ends_with("\r\n\r\nx"));
}
