//! A request is finished when what it owes is flushed, whoever acted last, and its connection serves the next one.

use std::{cell::RefCell, rc::Rc};

use super::{events::wait, *};
use crate::{message::OutgoingMessage, runtime};

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

/// The end shows that the body is not what the head announces: the connection ends instead of being given back (S8).
#[test]
fn a_body_that_nothing_announces_ends_behind_its_answer() {
    let (fixture, agent) = (Fixture::new(), keeping());
    let request = fixture.request("GET", &agent);
    request.flush_headers().expect("an open request");
    let mut watched = Watched::new(request);
    let peer = fixture.accept();
    peer.send(OK);
    watched.run();
    watched.request.end(Some(b"body")).expect("an open request");
    let trace = watched.trace();
    assert!(trace.ends_with("res.end > res.close > req.prefinish > req.finish > req.close"), "{trace}");
    assert!(agent.free_sockets().is_empty() && agent.sockets().is_empty());
}

/// Node: nothing is told of the connection once the response has ended.
#[test]
fn no_timeout_is_told_behind_the_response() {
    let fixture = Fixture::new();
    let request = fixture.request("POST", &keeping());
    request.set_timeout(30);
    request.write(b"x").expect("an open request");
    let mut watched = Watched::new(request);
    let peer = fixture.accept();
    peer.send(OK);
    watched.run();
    wait(60);
    assert!(watched.trace().ends_with("res.end > res.close"), "{}", watched.trace());
}

/// What announces that the connection closes does not cut a request short whose answer came early.
#[test]
fn a_request_that_says_close_goes_out_behind_its_answer() {
    let (fixture, agent) = (Fixture::new(), keeping());
    let request = fixture.request("POST", &agent);
    request.change(|outgoing| outgoing.set_header("Connection", "close".into())).expect("a valid header");
    request.flush_headers().expect("an open request");
    let mut watched = Watched::new(request);
    let peer = fixture.accept();
    let _ = peer.received();
    peer.send(OK);
    watched.run();
    watched.request.end(Some(b"body")).expect("an open request");
    assert_eq!(peer.received(), "4\r\nbody\r\n0\r\n\r\n");
    let trace = watched.trace();
    assert!(trace.ends_with("res.end > res.close > req.prefinish > req.finish > req.close"), "{trace}");
    assert!(agent.free_sockets().is_empty() && agent.sockets().is_empty());
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

/// Every one, the first untaken or not.
#[test]
fn every_100_is_told() {
    let fixture = Fixture::new();
    let (mut watched, peer) = fixture.get(&plain());
    peer.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
    let told = "req.continue > req.information[100] > req.continue > req.information[100]";
    assert!(watched.trace().ends_with(told), "{}", watched.trace());
}

/// Each of them, and however many there are, the error that ends the request as well.
#[test]
fn data_behind_the_end_is_told_beside_the_last_error() {
    let fixture = Fixture::new();
    let (mut watched, peer) = fixture.get(&plain());
    for _ in 0..100 {
        watched.request.write(b"late").expect_err("after the end");
    }
    peer.close();
    let trace = watched.trace();
    assert_eq!(trace.matches("ERR_STREAM_WRITE_AFTER_END").count(), 64);
    assert!(trace.ends_with("req.error[ECONNRESET|socket hang up] > req.close"), "{trace}");
}

/// Behind what tells of sending, on whichever connection, and before the answer.
#[test]
fn data_behind_the_end_is_told_in_its_place() {
    let late = "req.error[ERR_STREAM_WRITE_AFTER_END|write after end]";
    let (fixture, agent) = (Fixture::new(), keeping());
    let (mut first, peer) = fixture.get(&agent);
    peer.send(OK);
    first.run();
    let request = fixture.request("GET", &agent);
    request.end(None).expect("an open request");
    request.write(b"late").expect_err("after the end");
    let mut second = Watched::new(request);
    assert!(
        second.trace().starts_with(&format!("req.socket > req.prefinish > {late}")),
        "{}",
        second.trace()
    );
    assert!(second.request.reused_socket());

    let request = fixture.request("POST", &plain());
    request.write(b"x").expect("an open request");
    let mut third = Watched::new(request);
    let peer = fixture.accept();
    third.run();
    third.request.end(None).expect("an open request");
    third.request.end(Some(b"late")).expect_err("after the end");
    peer.send(OK);
    let trace = third.trace();
    assert!(trace.contains(&format!("req.finish > {late} > req.response")), "{trace}");
}

/// The request is over with the end that is flushed.
#[test]
fn data_behind_the_end_is_not_told_of_a_request_that_was_answered_before() {
    let fixture = Fixture::new();
    let request = fixture.request("POST", &keeping());
    request.write(b"x").expect("an open request");
    let mut watched = Watched::new(request);
    let peer = fixture.accept();
    peer.send(OK);
    watched.run();
    watched.request.end(None).expect("an open request");
    watched.request.write(b"late").expect_err("after the end");
    assert!(watched.trace().ends_with("req.prefinish > req.finish > req.close"), "{}", watched.trace());
}

/// A request that waited hears of its connection first, and may be destroyed then.
#[test]
fn data_behind_the_end_waits_for_the_word_about_the_connection() {
    let (fixture, agent) = (Fixture::new(), single());
    let (mut first, peer) = fixture.get(&agent);
    let request = Rc::new(fixture.request("GET", &agent));
    request.end(None).expect("an open request");
    peer.send(OK);
    first.take();
    let response = first.response.take().expect("a response");
    let application = Rc::clone(&request);
    runtime::spawn(async move {
        application.write(b"late").expect_err("after the end");
        runtime::end_of_turn().await;
        response.resume();
        application.ready().await;
        runtime::end_of_turn().await;
        application.abort();
    });
    run_until_stalled();
    let told: Vec<String> = request.take_events(9).iter().map(|event| name(&event.kind)).collect();
    assert_eq!(told, ["socket", "abort", "error", "close"]);
    assert_eq!(request.errored().map(|error| error.code().to_owned()).as_deref(), Some("ECONNRESET"));
}

/// As in Node the error comes first, then what is there to read, then that there is no more.
#[test]
fn what_came_before_a_parse_error_is_read_before_the_end() {
    let fixture = Fixture::new();
    let request = Rc::new(fixture.request("GET", &plain()));
    request.listen_for(RequestEvents::default());
    request.end(None).expect("an open request");
    let (asked, read) = (Rc::clone(&request), Rc::new(RefCell::new(None)));
    let reads = Rc::clone(&read);
    runtime::spawn(async move {
        let response = asked.response().await.expect("a response");
        response.listen_for(u16::MAX);
        // An application goes on when the turn has ended.
        runtime::end_of_turn().await;
        assert!(matches!(response.read(9), ReadResult::Data(_)));
        reads.replace(Some((runtime::next_sequence(), response)));
    });
    let peer = fixture.accept();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokX\r\n");
    let told = request.take_events(9);
    let (at, response) = read.take().expect("something was read");
    let aborted = &response.take_events(9)[0];
    assert!(matches!(aborted.kind, MessageEvent::Aborted) && at < aborted.sequence);
    assert!(matches!(told[0].kind, RequestEvent::Error(_)) && told[0].sequence < at);
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
