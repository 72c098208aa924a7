//! Requests and responses that are destroyed when their answer is there, or gone.

use super::*;
use crate::{
    client::{Transport, tests::events::mine},
    net::AbortSignal,
};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const SENT: &str = "req.socket > req.prefinish > req.finish";

/// A request whose response is complete, and of it nothing read, or all but its end.
fn answered(fixture: &Fixture, agent: &Agent, read: bool) -> (Watched, Peer) {
    let (mut watched, peer) = fixture.get(agent);
    watched.reads = false;
    peer.send(OK);
    watched.run();
    if read {
        let response = watched.response.as_ref().expect("a response");
        assert!(matches!(response.read(9), ReadResult::Data(_)));
    }
    (watched, peer)
}

#[test]
fn destroying_a_response_that_was_read_but_for_its_end_takes_its_connection_along() {
    let (fixture, agent) = (Fixture::new(), keeping());
    let (mut watched, _peer) = answered(&fixture, &agent, true);
    let response = watched.response.as_ref().expect("a response");
    response.destroy(None);
    assert!(response.aborted() && response.complete());
    assert!(matches!(response.read(9), ReadResult::End(_)));
    let end = "res.aborted > res.end > res.close > req.close";
    assert_eq!(watched.trace(), format!("{SENT} > req.response > {end}"));
    assert!(agent.free_sockets().is_empty());
}

#[test]
fn a_destroyed_response_has_nothing_to_read() {
    for complete in [true, false] {
        let (fixture, agent) = (Fixture::new(), keeping());
        let (mut watched, peer) = fixture.get(&agent);
        watched.reads = false;
        peer.send(&OK[..if complete { OK.len() } else { OK.len() - 1 }]);
        watched.run();
        let response = watched.response.as_ref().expect("a response");
        response.destroy(None);
        assert!(matches!(response.read(9), ReadResult::Aborted(_)));
        assert_eq!((response.complete(), response.readable_length()), (complete, 0));
        let end = "res.aborted > res.close > req.close";
        assert_eq!(watched.trace(), format!("{SENT} > req.response > {end}"));
        assert!(agent.free_sockets().is_empty());
    }
}

/// The end is on its way once the last byte was taken.
#[test]
fn destroying_a_request_behind_the_last_byte_tells_the_end_first() {
    let (fixture, agent) = (Fixture::new(), keeping());
    let (mut watched, _peer) = answered(&fixture, &agent, true);
    watched.request.destroy(Some(mine()));
    let end = "res.end > req.error[|mine] > req.close > res.close";
    assert_eq!(watched.trace(), format!("{SENT} > req.response > {end}"));
    assert!(agent.free_sockets().is_empty());

    let (mut watched, _peer) = answered(&fixture, &plain(), true);
    watched.request.abort();
    let end = "res.end > req.abort > res.close > req.close";
    assert_eq!(watched.trace(), format!("{SENT} > req.response > {end}"));
}

#[test]
fn destroying_a_request_tells_its_error_though_the_answer_is_complete() {
    let (fixture, agent) = (Fixture::new(), keeping());
    let (mut watched, _peer) = answered(&fixture, &agent, false);
    watched.request.destroy(Some(mine()));
    let end = "req.error[|mine] > res.end > req.close > res.close";
    assert_eq!(watched.trace(), format!("{SENT} > req.response > {end}"));
}

/// Nobody has begun to read.
#[test]
fn destroying_a_request_with_an_empty_response_tells_its_error_first() {
    let fixture = Fixture::new();
    let request = fixture.request("HEAD", &plain());
    request.end(None).expect("an open request");
    let mut watched = Watched::new(request);
    watched.reads = false;
    let peer = fixture.accept();
    peer.send("HTTP/1.1 200 OK\r\n\r\n");
    watched.run();
    watched.request.destroy(Some(mine()));
    let end = "req.error[|mine] > res.end > res.close > req.close";
    assert_eq!(watched.trace(), format!("{SENT} > req.response > {end}"));
}

#[test]
fn abort_is_told_of_a_closed_request_too() {
    let fixture = Fixture::new();
    let (mut watched, peer) = fixture.get(&keeping());
    peer.send(OK);
    watched.run();
    watched.request.abort();
    watched.request.abort();
    assert!(watched.trace().ends_with("req.close > res.close > req.abort"), "{}", watched.trace());
}

/// The connection ends first, which takes longer than a tick.
#[test]
fn abort_is_told_before_the_end_of_a_connection_of_its_own() {
    let fixture = Fixture::new();
    let socket = plain().create_connection(&fixture.connect_options()).expect("valid options");
    let attachments = Attachments {
        connection: Some(Transport::Socket(socket)),
        listening: RequestEvents::ALL,
        ..Attachments::default()
    };
    let options = RequestOptions::default();
    let request = ClientRequest::create(Some(&fixture.url()), options, attachments).expect("a valid request");
    request.abort();
    assert_eq!(Watched::new(request).trace(), "req.abort > req.close");
}

/// Node's listeners hear of it within the call.
#[test]
fn a_signal_stops_at_once_what_watches_it() {
    let (fixture, signal) = (Fixture::new(), AbortSignal::default());
    let attachments = Attachments { signal: Some(&signal), ..Attachments::default() };
    let options = RequestOptions::default();
    let request = ClientRequest::create(Some(&fixture.url()), options, attachments).expect("a valid request");
    signal.abort(None);
    assert!(request.destroyed());
}

#[test]
fn a_request_whose_connection_has_left_http_takes_nothing() {
    let fixture = Fixture::new();
    let request = fixture.request("POST", &plain());
    request.write(b"x").expect("an open request");
    let mut watched = Watched::new(request);
    let peer = fixture.accept();
    peer.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    assert!(watched.trace().ends_with("req.upgrade > req.close"), "{}", watched.trace());
    assert_eq!(watched.request.write(b"y").expect_err("closed").code(), "ERR_STREAM_DESTROYED");
}
