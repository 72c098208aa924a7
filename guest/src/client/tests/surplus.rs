//! Bytes behind a complete response (I-28, S9, E19).

use std::{cell::RefCell, rc::Rc};

use super::*;
use crate::runtime;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// The response can still be read, and its connection ends with it.
#[test]
fn bytes_behind_an_unread_response_wait_for_its_end() {
    for apart in [true, false] {
        let (fixture, agent) = (Fixture::new(), keeping());
        let (mut watched, peer) = fixture.get(&agent);
        watched.reads = false;
        if apart {
            peer.send(OK);
            watched.run();
            peer.send(OK);
        } else {
            peer.send(&format!("{OK}HTTP/1.1 200 OK\r\n"));
        }
        assert!(watched.trace().ends_with("req.finish > req.response"), "{apart}: {}", watched.trace());
        watched.reads = true;
        assert!(
            watched.trace().ends_with("res.data > res.end > req.close > res.close"),
            "{}",
            watched.trace()
        );
        assert!(agent.free_sockets().is_empty() && agent.sockets().is_empty());
    }
}

/// Whether somebody reads the response or not.
#[test]
fn what_cannot_be_a_response_is_told_though_nobody_listens() {
    let (fixture, agent) = (Fixture::new(), keeping());
    let (mut watched, peer) = fixture.get(&agent);
    watched.request.listen_for(RequestEvents::default());
    peer.send(&format!("{OK}nonsense"));
    let error = "req.error[HPE_INVALID_CONSTANT|Parse Error: Expected HTTP/, RTSP/ or ICE/]";
    assert!(watched.trace().ends_with(&format!("{error} > req.close")), "{}", watched.trace());
    assert!(agent.sockets().is_empty() && agent.free_sockets().is_empty());
}

/// The application has the word between the error and the end of the connection.
#[test]
fn the_end_of_a_response_is_read_before_its_connection_is_gone() {
    let fixture = Fixture::new();
    let request = Rc::new(fixture.request("HEAD", &keeping()));
    request.flush_headers().expect("an open request");
    let (asked, resumed) = (Rc::clone(&request), Rc::new(RefCell::new(None)));
    let response = Rc::clone(&resumed);
    request.listen_for(RequestEvents::default());
    runtime::spawn(async move {
        let message = asked.response().await.expect("a response");
        message.listen_for(u16::MAX);
        // An application goes on when the turn has ended.
        runtime::end_of_turn().await;
        message.resume();
        response.replace(Some(message));
    });
    fixture.accept().send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nnonsense");
    let (request, response) = (request.take_events(9), resumed.take().expect("a response").take_events(9));
    let (last, close) = (request.last().expect("events"), response.last().expect("events"));
    assert!(matches!((&last.kind, &close.kind), (RequestEvent::Close, MessageEvent::Close)));
    assert!(close.sequence < last.sequence);
}

/// As in Node: a second response in the same packet.
#[test]
fn a_second_response_at_once_ends_the_connection() {
    let (fixture, agent) = (Fixture::new(), keeping());
    let (mut watched, peer) = fixture.get(&agent);
    watched.reads = false;
    peer.send(&format!("{OK}{OK}"));
    assert!(agent.sockets().is_empty());
    watched.reads = true;
    assert!(watched.trace().contains("req.response > res.data > res.end"), "{}", watched.trace());
}

#[test]
fn bytes_behind_an_early_response_do_not_stop_the_request() {
    let (fixture, agent) = (Fixture::new(), keeping());
    let request = fixture.request("POST", &agent);
    request.write(b"one").expect("an open request");
    let mut watched = Watched::new(request);
    let peer = fixture.accept();
    assert!(peer.received().ends_with("3\r\none\r\n"));
    peer.send(&format!("{OK}HTTP/1.1 2"));
    watched.run();
    peer.send("more");
    watched.request.write(b"two").expect("an open request");
    watched.request.end(None).expect("an open request");
    assert_eq!(peer.received(), "3\r\ntwo\r\n0\r\n\r\n");
    let trace = watched.trace();
    assert!(trace.ends_with("res.end > res.close > req.prefinish > req.finish > req.close"), "{trace}");
    assert!(agent.free_sockets().is_empty());
}
