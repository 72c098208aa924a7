//! Bodies, back-pressure, and when a connection is given back.

use super::{Fixture, Peer, Watched, keeping, plain};
use crate::{
    client::{
        Agent, AgentEvent, AgentEvents, AgentOptions, ConnectOptions, RequestEvents, RequestOptions,
        SocketOptions,
    },
    message::{HeaderValue, ReadResult},
    runtime::{Recorded, run_until_stalled},
    transport::Socket,
};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn free(agent: &Agent) -> usize {
    agent.free_sockets().iter().map(|(_, sockets)| sockets.len()).sum()
}

/// Rows: I-30
#[test]
fn each_request_of_a_connection_has_its_own_kind_of_response() {
    let fixture = Fixture::new();
    let agent = keeping();
    let mut peer: Option<Peer> = None;
    for (method, answer, data) in [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false),
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", true),
        ("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false),
        ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", false),
        ("GET", OK, true),
    ] {
        let request = fixture.request(method, &agent);
        request.end(None).expect("an open request");
        let mut watched = Watched::new(request);
        run_until_stalled();
        let used = peer.take().unwrap_or_else(|| fixture.accept());
        used.send(answer);
        let trace = watched.trace();
        assert!(watched.ended && trace.contains("res.data") == data, "{method} {answer:?}: {trace}");
        assert_eq!(free(&agent), 1);
        peer = Some(used);
    }
}

/// Rows: I-27
#[test]
fn an_answered_request_that_is_not_finished_keeps_its_connection() {
    let fixture = Fixture::new();
    let agent = keeping();
    let request = fixture.request("POST", &agent);
    request.write(b"a").expect("an open request");
    let mut watched = Watched::new(request);
    let peer = fixture.accept();
    peer.send(OK);
    watched.run();
    assert!(watched.ended);
    assert_eq!(free(&agent), 0, "the request goes on");
    watched.request.end(Some(b"b")).expect("an open request");
    assert!(watched.trace().ends_with("res.end > res.close > req.prefinish > req.finish > req.close"));
    assert_eq!(free(&agent), 1);
    assert!(peer.received().ends_with("1\r\na\r\n1\r\nb\r\n0\r\n\r\n"));
}

/// Rows: AG3, I-24, S8
#[test]
fn a_request_that_ends_its_connection_is_the_last_on_it() {
    let header = |name: &str, value: &str| Some(vec![(name.to_owned(), HeaderValue::Text(value.to_owned()))]);
    for (headers, body) in [
        (header("Connection", "close"), None),
        (None, Some("body")),
        (header("Content-Length", "9"), Some("short")),
    ] {
        let fixture = Fixture::new();
        let agent = keeping();
        let request = fixture.request_with(RequestOptions { headers, ..RequestOptions::default() }, &agent);
        request.end(body.map(str::as_bytes)).expect("an open request");
        let mut watched = Watched::new(request);
        let peer = fixture.accept();
        peer.send(OK);
        watched.run();
        assert!(watched.ended && free(&agent) == 0, "{body:?}");
        let _ = peer.received();
        assert!(peer.reader.is_ended());
    }
}

#[test]
fn a_request_that_is_dropped_before_its_end_is_destroyed() {
    let fixture = Fixture::new();
    let agent = keeping();
    let request = fixture.request("POST", &agent);
    request.write(b"a").expect("an open request");
    let peer = fixture.accept();
    drop(request);
    let _ = peer.received();
    assert!(peer.reader.is_ended());
    assert!(agent.sockets().is_empty());
}

/// Rows: IM21
#[test]
fn an_unread_response_stops_its_server() {
    let fixture = Fixture::new();
    let socket = SocketOptions { high_water_mark: Some(1000), ..SocketOptions::default() };
    let request =
        fixture.request_with(RequestOptions { socket: Some(socket), ..RequestOptions::default() }, &plain());
    request.end(None).expect("an open request");
    let mut watched = Watched::new(request);
    watched.reads = false;
    let peer = fixture.accept();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    watched.run();
    peer.send(&"x".repeat(1_000_000));
    let response = watched.response.as_ref().expect("a response");
    let waiting = response.readable_length();
    assert!((1000..200_000).contains(&waiting), "{waiting} bytes wait");
    let mut total = 0;
    while let ReadResult::Data(bytes) = response.read(usize::MAX) {
        total += bytes.len();
        run_until_stalled();
    }
    assert_eq!(total, 1_000_000);
}

/// Rows: CR41, I-48
#[test]
fn a_full_buffer_asks_the_writer_to_wait() {
    let fixture = Fixture::new();
    let request = fixture.request("POST", &plain());
    let mut watched = Watched::new(request);
    let peer = fixture.accept();
    // More than the network takes.
    assert!(!watched.request.write(&[b'x'; 200_000]).expect("an open request"));
    run_until_stalled();
    assert!(watched.request.look(|outgoing| outgoing.writable_need_drain()));
    let _ = peer.received();
    let _ = peer.received();
    let _ = peer.received();
    assert!(watched.trace().ends_with("req.drain"));
    assert!(watched.request.write(b"more").expect("an open request"));
}

fn told(socket: &Socket) -> Vec<String> {
    socket
        .take_events(usize::MAX)
        .into_iter()
        .map(|Recorded { kind, .. }| super::name(&kind))
        .filter(|name| name != "drain")
        .collect()
}

/// Rows: AG21, CR9, CR37
#[test]
fn a_socket_tells_what_becomes_of_it() {
    let fixture = Fixture::new();
    let agent = Agent::create(AgentOptions {
        pool: crate::agent::Options { keep_alive: true, ..Default::default() },
        listening: AgentEvents::FREE,
        ..AgentOptions::default()
    })
    .expect("valid options");
    let (mut first, peer) = fixture.get(&agent);
    let socket = first.request.socket().expect("a connection");
    socket.listen_for(u16::MAX);
    peer.send(OK);
    first.run();
    assert_eq!(told(&socket), ["free"]);
    assert!(matches!(agent.take_events(9)[..], [Recorded { kind: AgentEvent::Free(_), .. }]));
    let _second = fixture.request("GET", &agent);
    run_until_stalled();
    socket.agent_remove();
    socket.destroy(None);
    run_until_stalled();
    assert_eq!(told(&socket), ["agentremove", "close"]);
}

#[test]
fn a_socket_of_ones_own_tells_of_its_connection_and_both_ends() {
    let fixture = Fixture::new();
    let options = fixture.connect_options();
    let socket = plain().create_connection(&options).expect("valid options");
    socket.listen_for(u16::MAX);
    let peer = fixture.accept();
    assert_eq!(told(&socket), ["connect"]);
    drop(peer.writer);
    run_until_stalled();
    assert!(matches!(socket.read(9), ReadResult::End(_)) && socket.writable());
    socket.end(Some(b"bye")).expect("an open socket");
    run_until_stalled();
    assert_eq!(peer.reader.take(), b"bye");
    assert!(peer.reader.is_ended());
    assert_eq!(told(&socket), ["close"]);
    assert!(matches!(socket.take_events(1)[..], []));
}

#[test]
fn a_socket_of_ones_own_stops_its_peer_until_it_is_read() {
    let fixture = Fixture::new();
    let options = ConnectOptions {
        socket: Some(SocketOptions { high_water_mark: Some(1000), ..SocketOptions::default() }),
        ..fixture.connect_options()
    };
    let socket = plain().create_connection(&options).expect("valid options");
    let peer = fixture.accept();
    peer.send(&"x".repeat(1_000_000));
    let mut total = 0;
    let mut pieces = 0;
    while let ReadResult::Data(bytes) = socket.read(usize::MAX) {
        total += bytes.len();
        pieces += 1;
        run_until_stalled();
    }
    assert_eq!(total, 1_000_000);
    assert!(pieces > 5, "it waited to be read");
}

/// One wait gives head and body.
#[test]
fn a_whole_response_is_waited_for_at_once() {
    let fixture = Fixture::new();
    for (limit, expected) in [(3, Ok("abc")), (2, Err("ERR_OUT_OF_RANGE"))] {
        let request = fixture.request("GET", &plain());
        // The response is waited for, not an event.
        request.listen_for(RequestEvents::default());
        request.end(None).expect("an open request");
        let peer = fixture.accept();
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let mut whole = std::pin::pin!(request.whole_response(limit));
        assert!(whole.as_mut().poll(&mut context).is_pending());
        peer.send("HTTP/1.1 203 OK\r\nContent-Length: 3\r\nX: y\r\n\r\nabc");
        run_until_stalled();
        let std::task::Poll::Ready(answer) = whole.poll(&mut context) else { panic!("all of it is there") };
        match (answer, expected) {
            (Ok(answer), Ok(body)) => {
                assert_eq!((answer.status_code, &answer.body[..]), (203, body.as_bytes()));
                assert_eq!(answer.raw_headers()[1], ("X".to_owned(), "y".to_owned()));
            }
            (Err(error), Err(code)) => assert_eq!(error.code(), code),
            (answer, _) => panic!("{answer:?} instead of {expected:?}"),
        }
    }
}

/// A dropped or failed `read_all` has lost nothing.
#[test]
fn what_read_all_gathered_can_still_be_read() {
    let fixture = Fixture::new();
    let (mut watched, peer) = fixture.get(&plain());
    watched.reads = false;
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
    watched.run();
    let response = watched.response.as_ref().expect("a response");
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    {
        let mut dropped = std::pin::pin!(response.read_all(100));
        assert!(dropped.as_mut().poll(&mut context).is_pending());
        assert_eq!(response.readable_length(), 0, "it is gathered");
    }
    assert_eq!(response.readable_length(), 3);
    peer.send("def");
    let too_long = std::pin::pin!(response.read_all(4)).poll(&mut context);
    assert!(matches!(too_long, std::task::Poll::Ready(Err(error)) if error.code() == "ERR_OUT_OF_RANGE"));
    peer.send("ghi");
    let whole = std::pin::pin!(response.read_all(9)).poll(&mut context);
    assert!(matches!(whole, std::task::Poll::Ready(Ok(body)) if body == b"abcdefghi"));
}

/// A body that is out as a stream is not read beside it.
#[test]
fn a_body_is_handed_out_once() {
    let fixture = Fixture::new();
    let (mut watched, peer) = fixture.get(&plain());
    watched.reads = false;
    peer.send(OK);
    watched.run();
    let response = watched.response.as_ref().expect("a response");
    response.hand_out_body().expect("the first time");
    assert_eq!(response.hand_out_body().expect_err("the second").code(), "ERR_STREAM_ALREADY_FINISHED");
    assert!(matches!(response.read(9), ReadResult::Pending));
    assert!(matches!(response.read_for_stream(9), ReadResult::Data(_)));
    assert!(matches!(response.read_for_stream(9), ReadResult::End(_)));
    assert!(matches!(response.read(9), ReadResult::End(_)), "the stream is over");
}
