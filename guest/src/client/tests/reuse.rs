//! What one exchange may leave to the next on its connection.

use super::{Fixture, Watched, keeping};
use crate::{
    agent::Options,
    client::{Agent, AgentEvent, AgentEvents, AgentOptions, RequestEvents, RequestOptions, Transport},
    net::{Stream, memory},
    runtime::run_until_stalled,
};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Rows: I-28, S9
#[test]
fn bytes_behind_a_response_do_not_answer_who_waits() {
    let fixture = Fixture::new();
    let pool = Options { keep_alive: true, max_sockets: Some(1), ..Options::default() };
    let agent = Agent::create(AgentOptions { pool, ..AgentOptions::default() }).expect("valid options");
    // Nobody listens to the first response: its connection is free as soon as it is complete.
    let (first, peer) = fixture.get(&agent);
    first.request.listen_for(RequestEvents::default());
    let second = fixture.request("GET", &agent);
    second.end(None).expect("an open request");
    let mut second = Watched::new(second);
    peer.send(&format!("{OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"));
    assert_eq!(second.trace(), "req.socket > req.prefinish > req.finish", "it waits for its own answer");
    let fresh = fixture.accept();
    fresh.send(OK);
    second.run();
    assert!(second.ended);
}

/// Rows: RO24, AG9
#[test]
fn a_request_brings_its_own_timeout_to_a_used_connection() {
    let fixture = Fixture::new();
    let pool = Options { keep_alive: true, timeout: Some(5000), ..Options::default() };
    let agent = Agent::create(AgentOptions { pool, ..AgentOptions::default() }).expect("valid options");
    let (mut first, peer) = fixture.get(&agent);
    assert_eq!(first.request.socket().expect("a connection").timeout(), Some(5000));
    peer.send(OK);
    first.run();
    let options = RequestOptions { timeout: Some(70), ..RequestOptions::default() };
    let second = fixture.request_with(options, &agent);
    second.end(None).expect("an open request");
    run_until_stalled();
    assert!(second.reused_socket());
    assert_eq!(second.socket().expect("a connection").timeout(), Some(70));
    peer.send(OK);
    let mut second = Watched::new(second);
    second.run();
    assert_eq!(agent.free_sockets()[0].1[0].timeout(), Some(5000), "the pool has its own again");
}

/// Rows: AG4, AG11
#[test]
fn a_pooled_connection_that_the_application_made_is_probed() {
    let fixture = Fixture::new();
    let pool = Options { keep_alive: true, keep_alive_msecs: 300, ..Options::default() };
    let listening = AgentEvents::CREATE_CONNECTION;
    let agent =
        Agent::create(AgentOptions { pool, listening, ..AgentOptions::default() }).expect("valid options");
    let request = fixture.request("GET", &agent);
    request.end(None).expect("an open request");
    let Some(AgentEvent::CreateConnection { id, .. }) = agent.take_events(1).pop().map(|event| event.kind)
    else {
        panic!("a hook")
    };
    let (near, far) = memory::pipe(1 << 16);
    agent.reply_create_connection(id, Ok(Transport::Stream(Stream::Memory(near)))).expect("the hook waits");
    let mut watched = Watched::new(request);
    let (reader, writer) = far.split();
    run_until_stalled();
    assert_eq!(reader.peer_keep_alive(), None);
    writer.push(OK.as_bytes());
    watched.run();
    assert_eq!(reader.peer_keep_alive(), Some(300));
}

/// Rows: CR18, CR32
#[test]
fn a_used_connection_is_forgotten_by_who_used_it() {
    let fixture = Fixture::new();
    let agent = keeping();
    let (mut first, peer) = fixture.get(&agent);
    peer.send(OK);
    first.run();
    assert!(first.request.destroyed() && first.request.socket().is_none());
    assert!(first.response.as_ref().expect("a response").socket().is_none());
    first.request.destroy(None);
    first.response.as_ref().expect("a response").destroy(None);
    run_until_stalled();
    assert_eq!(agent.free_sockets().len(), 1, "none of that touches the connection");
}

/// A request that was destroyed while its connection was asked for does not keep the connection that comes.
#[test]
fn a_connection_for_a_destroyed_request_is_not_kept() {
    let fixture = Fixture::new();
    let pool = Options { keep_alive: true, max_sockets: Some(1), ..Options::default() };
    let listening = AgentEvents::CREATE_CONNECTION;
    let agent =
        Agent::create(AgentOptions { pool, listening, ..AgentOptions::default() }).expect("valid options");
    let first = fixture.request("GET", &agent);
    let socket = agent.create_connection(&fixture.connect_options()).expect("valid options");
    first.destroy(None);
    // In the same tick: nobody was told of the end yet.
    agent.reply_create_connection(0, Ok(Transport::Socket(socket))).expect("the hook waits");
    assert_eq!(Watched::new(first).trace(), "req.error[ECONNRESET|socket hang up] > req.close");
    assert!(agent.sockets().is_empty() && agent.free_sockets().is_empty());
}

/// Rows: S9
#[test]
fn a_reset_of_an_idle_connection_is_no_answer_either() {
    let fixture = Fixture::new();
    let agent = keeping();
    let (mut first, peer) = fixture.get(&agent);
    peer.send(OK);
    first.run();
    // Both are there before the driver runs: the reset, and the request.
    peer.writer.reset();
    let request = fixture.request("GET", &agent);
    request.end(None).expect("an open request");
    let mut second = Watched::new(request);
    let fresh = fixture.accept();
    fresh.send(OK);
    second.run();
    assert!(second.ended && second.request.errored().is_none());
}

/// A socket of one's own that nobody reads any more fails as a whole.
#[test]
fn a_broken_socket_of_ones_own_is_destroyed() {
    let fixture = Fixture::new();
    let socket = keeping().create_connection(&fixture.connect_options()).expect("valid options");
    let peer = fixture.accept();
    drop(peer.reader);
    socket.write(b"late").expect("nobody knows yet");
    run_until_stalled();
    assert!(socket.destroyed(), "although the peer may still send");
}
