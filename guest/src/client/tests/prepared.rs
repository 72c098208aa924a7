//! Requests that are made again and again, and responses that are gathered whole.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use super::*;
use crate::{
    client::{Fetched, PreparedRequest},
    runtime::take_watched,
};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: y\r\n\r\nok";

fn prepared(fixture: &Fixture, options: RequestOptions, agent: &Agent) -> PreparedRequest {
    let url = fixture.url();
    PreparedRequest::create(Some(&url), options, Some(agent), RequestEvents::ALL).expect("valid options")
}

/// The number, and the body or the code of the error.
fn brought(prepared: &PreparedRequest) -> Vec<(u64, String)> {
    let text = |fetched: Fetched| match fetched.response {
        Ok(whole) => (fetched.number, String::from_utf8(whole.body).expect("ASCII bodies")),
        Err(error) => (fetched.number, error.code().to_owned()),
    };
    prepared.take_fetched(usize::MAX).into_iter().map(text).collect()
}

#[test]
fn each_is_as_if_it_were_made_by_itself() {
    let (fixture, agent) = (Fixture::new(), keeping());
    let headers = vec![("X-A".to_owned(), "b".into())];
    let options = RequestOptions {
        auth: Some("a:b".to_owned()),
        headers: Some(headers),
        path: Some("/p".to_owned()),
        ..RequestOptions::default()
    };
    let alone = fixture.request_with(options.clone(), &agent);
    alone.end(None).expect("an open request");
    let peer = fixture.accept();
    let head = peer.received();
    assert!(head.starts_with("GET /p HTTP/1.1\r\nX-A: b\r\nHost: "), "{head}");
    peer.send(OK);
    let mut alone = Watched::new(alone);
    let trace = alone.trace();

    let prepared = prepared(&fixture, options, &agent);
    for _ in 0..3 {
        let request = prepared.get(None).expect("no trailers");
        assert!(request.look(|message| message.writable_ended()) && request.reused_socket());
        assert_eq!(request.look(|message| message.get_header("x-a").cloned()), Some("b".into()));
        let mut watched = Watched::new(request);
        assert_eq!(peer.received(), head);
        peer.send(OK);
        assert_eq!(watched.trace(), trace);
    }
    // One that is not ended yet can be changed, and changes none of the others.
    let request = prepared.request(None);
    request.change(|message| message.set_header("X-A", "c".into())).expect("an open request");
    request.end(None).expect("an open request");
    assert_eq!(peer.received(), head.replace("X-A: b", "X-A: c"));
    peer.send(OK);
    Watched::new(request).trace();
    drop(prepared.get(None));
    assert_eq!(peer.received(), head);
}

#[test]
fn what_is_fetched_is_named_and_taken_when_it_is_whole() {
    let (fixture, agent) = (Fixture::new(), keeping());
    let prepared = prepared(&fixture, RequestOptions::default(), &agent);
    prepared.watch(5);
    assert_eq!(take_watched(), [5]);
    prepared.fetch(&[7, 8, 7], 300_000).expect("no trailers");
    run_until_stalled();
    let peers: Vec<Peer> = fixture.listener.take().into_iter().map(Peer::of).collect();
    assert_eq!(peers.len(), 3);
    peers[1].send("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\nab");
    peers[2].send(OK);
    assert_eq!(take_watched(), [5]);
    let fetched = prepared.take_fetched(1).remove(0);
    let whole = fetched.response.expect("a response");
    assert_eq!((fetched.number, fetched.reused_socket, whole.status_code), (7, false, 200));
    assert_eq!(whole.raw_headers()[1], ("X".to_owned(), "y".to_owned()));
    assert_eq!(whole.headers()[1], ("x".to_owned(), "y".into()));
    assert_eq!(agent.free_sockets()[0].1.len(), 1, "its connection can serve others");
    for _ in 0..1999 {
        peers[1].send(&"x".repeat(100));
    }
    assert!(take_watched().is_empty(), "a part is nothing to take");
    peers[1].send(&"x".repeat(98));
    assert_eq!(take_watched(), [5]);
    assert!(matches!(&brought(&prepared)[..], [(8, body)] if body.len() == 200_000));
    // The connection that became free last is used again.
    prepared.fetch(&[9], 2).expect("no trailers");
    assert!(peers[1].received().ends_with("\r\n\r\n"));
    peers[1].send(OK);
    let fetched = prepared.take_fetched(0).is_empty().then(|| prepared.take_fetched(1).remove(0));
    assert!(fetched.is_some_and(|fetched| fetched.number == 9 && fetched.reused_socket));
    peers[0].send(OK);
    assert_eq!(brought(&prepared), [(7, "ok".to_owned())]);
}

#[test]
fn what_cannot_be_fetched_says_why() {
    let (fixture, agent) = (Fixture::new(), keeping());
    let prepared = prepared(&fixture, RequestOptions::default(), &agent);
    let fetch = |answer: &str, limit: u64| {
        prepared.fetch(&[1], limit).expect("no trailers");
        let peer = fixture.accept();
        peer.send(answer);
        peer.close();
        brought(&prepared)
    };
    let failed = |code: &str| vec![(1, code.to_owned())];
    assert_eq!(fetch("", 9), failed("ECONNRESET"));
    assert_eq!(fetch("nonsense\r\n\r\n", 9), failed("HPE_INVALID_CONSTANT"));
    assert_eq!(fetch("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", 9), failed("ECONNRESET"));
    assert_eq!(fetch(OK, 1), failed("ERR_OUT_OF_RANGE"));
    assert_eq!(fetch("HTTP/1.1 200 OK\r\n\r\nok", 2), [(1, "ok".to_owned())], "its end is the connection's");
    fixture.network.unbind(fixture.address);
    prepared.fetch(&[2], 9).expect("no trailers");
    run_until_stalled();
    assert_eq!(brought(&prepared), [(2, "ECONNREFUSED".to_owned())]);
}

/// A connection whose response was too long is used again once that has come to its end.
#[test]
fn too_long_a_response_is_thrown_away() {
    let (fixture, agent) = (Fixture::new(), keeping());
    let prepared = prepared(&fixture, RequestOptions::default(), &agent);
    prepared.fetch(&[1], 70_000).expect("no trailers");
    let peer = fixture.accept();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n");
    let mut sent = 0;
    while brought(&prepared).is_empty() {
        peer.send(&"x".repeat(10_000));
        sent += 10_000;
        assert!(sent < 200_000, "it is told before the end");
    }
    assert!(agent.free_sockets().is_empty());
    while sent < 200_000 {
        peer.send(&"x".repeat(10_000));
        sent += 10_000;
    }
    assert_eq!(agent.free_sockets()[0].1.len(), 1);
}

#[test]
fn requests_outlive_what_they_were_prepared_by() {
    let (fixture, agent) = (Fixture::new(), keeping());
    let prepared = prepared(&fixture, RequestOptions::default(), &agent);
    prepared.fetch(&[1], 9).expect("no trailers");
    drop(prepared);
    let peer = fixture.accept();
    assert!(peer.received().starts_with("GET / "));
    peer.send(OK);
    assert_eq!(agent.free_sockets()[0].1.len(), 1);
}

#[test]
fn a_head_that_cannot_be_ended_is_refused() {
    let (fixture, agent) = (Fixture::new(), keeping());
    let headers = Some(vec![("Trailer".to_owned(), "x".into())]);
    let prepared = prepared(&fixture, RequestOptions { headers, ..RequestOptions::default() }, &agent);
    let code = |error: crate::error::Error| error.code().to_owned();
    assert_eq!(prepared.get(None).map_err(code).err().as_deref(), Some("ERR_HTTP_TRAILER_INVALID"));
    assert_eq!(prepared.fetch(&[1], 9).map_err(code), Err("ERR_HTTP_TRAILER_INVALID".to_owned()));
    run_until_stalled();
    assert!(fixture.listener.take().is_empty() && agent.sockets().is_empty());
}

/// Before the head the response is still there for who asks next, behind it the response is given up.
#[test]
fn a_dropped_wait_for_a_whole_response() {
    let mut context = Context::from_waker(Waker::noop());
    for answered in [false, true] {
        let (fixture, agent) = (Fixture::new(), keeping());
        let request = fixture.request("GET", &agent);
        request.listen_for(RequestEvents::default());
        request.end(None).expect("an open request");
        let peer = fixture.accept();
        {
            let mut whole = pin!(request.whole_response(9));
            assert!(whole.as_mut().poll(&mut context).is_pending());
            let second = pin!(request.whole_response(9)).poll(&mut context);
            assert!(
                matches!(second, Poll::Ready(Err(error)) if error.code() == "ERR_STREAM_ALREADY_FINISHED")
            );
            if answered {
                peer.send(&OK[..OK.len() - 1]);
                assert!(whole.as_mut().poll(&mut context).is_pending());
            }
        }
        peer.send(if answered { "k" } else { OK });
        let response = pin!(request.response()).poll(&mut context);
        match response {
            Poll::Ready(Ok(response)) => assert!(!answered && response.status_code() == Some(200)),
            Poll::Ready(Err(error)) => {
                assert!(answered && error.code() == "ERR_STREAM_ALREADY_FINISHED");
                assert_eq!(agent.free_sockets()[0].1.len(), 1, "it was thrown away to its end");
            }
            Poll::Pending => panic!("the response is there, or never will be"),
        }
    }
}

#[test]
fn what_can_be_taken_is_announced_once() {
    let mut context = Context::from_waker(Waker::noop());
    let (fixture, agent) = (Fixture::new(), keeping());
    let prepared = prepared(&fixture, RequestOptions::default(), &agent);
    let readiness = prepared.readiness();
    let mut announced = || match pin!(readiness.next()).poll(&mut context) {
        Poll::Ready(more) => Some(more),
        Poll::Pending => None,
    };
    prepared.fetch(&[1, 2], 9).expect("no trailers");
    run_until_stalled();
    assert_eq!(announced(), None);
    for peer in fixture.listener.take().into_iter().map(Peer::of) {
        peer.send(OK);
    }
    assert_eq!((announced(), announced()), (Some(true), None));
    assert_eq!(prepared.take_fetched(1).len(), 1);
    assert_eq!((announced(), announced()), (Some(true), None), "one is left");
    readiness.pass_on();
    assert_eq!(announced(), Some(true), "nobody was told");
    assert_eq!(prepared.take_fetched(9).len(), 1);
    assert_eq!(announced(), None);
    drop(prepared);
    assert_eq!(announced(), Some(false));
}
