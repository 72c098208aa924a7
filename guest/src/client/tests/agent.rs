//! Connections and their agent.

use super::{Fixture, Peer, Watched, keeping, plain};
use crate::{
    agent::Options,
    client::{
        Agent, AgentEvents, AgentOptions, Attachments, ClientRequest, RequestEvents, RequestOptions,
        Transport,
    },
    net::{Stream, memory},
    runtime::{advance, run_until_stalled},
    transport::Socket,
};

pub(super) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

pub(super) fn agent(pool: Options, listening: AgentEvents) -> Agent {
    Agent::create(AgentOptions { pool, listening, ..AgentOptions::default() }).expect("valid options")
}

pub(super) fn keep() -> Options {
    Options { keep_alive: true, ..Options::default() }
}

pub(super) fn wait(millis: u64) {
    run_until_stalled();
    advance(millis);
    run_until_stalled();
}

/// One exchange from end to end.
pub(super) fn exchange(
    fixture: &Fixture,
    agent: &Agent,
    peer: Option<Peer>,
    answer: &str,
) -> (Watched, Peer) {
    let request = fixture.request("GET", agent);
    request.end(None).expect("an open request");
    let mut watched = Watched::new(request);
    run_until_stalled();
    let peer = peer.unwrap_or_else(|| fixture.accept());
    peer.send(answer);
    watched.run();
    (watched, peer)
}

pub(super) fn count(sockets: &[(String, Vec<Socket>)]) -> usize {
    sockets.iter().map(|(_, sockets)| sockets.len()).sum()
}

fn origin(fixture: &Fixture) -> String {
    format!("{}:{}:", fixture.address.ip(), fixture.address.port())
}

/// Rows: AG1, AG14, AG20, CR32, I-35, X3
#[test]
fn a_kept_connection_serves_the_next_request() {
    let fixture = Fixture::new();
    let agent = keeping();
    let (first, peer) = exchange(&fixture, &agent, None, OK);
    assert!(!first.request.reused_socket());
    assert_eq!((count(&agent.free_sockets()), count(&agent.sockets())), (1, 0));
    assert_eq!(agent.free_sockets()[0].0, origin(&fixture));
    assert!(peer.received().contains("Connection: keep-alive\r\n"));
    let (second, peer) = exchange(&fixture, &agent, Some(peer), OK);
    assert!(second.request.reused_socket());
    assert!(second.ended && peer.received().starts_with("GET / HTTP/1.1\r\n"));
    assert!(fixture.listener.take().is_empty(), "no second connection");
}

/// Rows: AG5, AG17, AG19, I-34, CR32
#[test]
fn requests_beyond_max_sockets_wait_in_line() {
    let fixture = Fixture::new();
    let agent = agent(Options { max_sockets: Some(1), ..Options::default() }, AgentEvents::default());
    let requests: Vec<ClientRequest> = (0..3).map(|_| fixture.request("GET", &agent)).collect();
    requests.iter().for_each(|request| request.end(None).expect("an open request"));
    assert_eq!(agent.requests(), [(origin(&fixture), 2)]);
    let peer = fixture.accept();
    let mut watched: Vec<Watched> = requests.into_iter().map(Watched::new).collect();
    for watched in &mut watched {
        assert_eq!(peer.received().matches("GET /").count(), 1, "one at a time");
        peer.send(OK);
        watched.run();
        assert!(watched.ended && !watched.request.reused_socket());
    }
    assert!(agent.requests().is_empty());
    assert_eq!((count(&agent.sockets()), count(&agent.free_sockets())), (0, 0), "nothing is kept");
}

/// Rows: S9, I-33
#[test]
fn what_an_idle_connection_receives_ends_it() {
    let fixture = Fixture::new();
    let agent = keeping();
    let (_, peer) = exchange(&fixture, &agent, None, OK);
    peer.send(OK);
    assert_eq!(count(&agent.free_sockets()), 0);
    let (mut next, _peer) = exchange(&fixture, &agent, None, OK);
    assert!(!next.trace().contains("error") && next.ended);
}

/// Rows: S9
#[test]
fn what_arrived_before_a_request_is_not_its_answer() {
    for poison in ["HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", ""] {
        let fixture = Fixture::new();
        let agent = keeping();
        let (_, peer) = exchange(&fixture, &agent, None, OK);
        // Both are there before the driver runs: what the peer did, and the request.
        peer.writer.push(poison.as_bytes());
        let peer = (!poison.is_empty()).then_some(peer);
        let request = fixture.request("GET", &agent);
        request.end(None).expect("an open request");
        let mut watched = Watched::new(request);
        let fresh = fixture.accept();
        assert!(fresh.received().starts_with("GET / HTTP/1.1\r\n"));
        if let Some(peer) = peer {
            assert!(!peer.received().contains("GET /\r\n"), "nothing of the request went there");
        }
        fresh.send(OK);
        assert_eq!(
            watched.trace(),
            "req.socket > req.prefinish > req.finish > req.response > res.data > res.end > req.close > res.close"
        );
        assert!(!watched.request.reused_socket());
    }
}

/// Rows: AG13
#[test]
fn destroy_ends_what_is_active_and_connects_what_waits() {
    let fixture = Fixture::new();
    let agent = agent(Options { max_sockets: Some(1), ..keep() }, AgentEvents::default());
    let (mut active, _peer) = fixture.get(&agent);
    let waiting = fixture.request("GET", &agent);
    waiting.end(None).expect("an open request");
    agent.destroy();
    assert!(active.trace().ends_with("req.error[ECONNRESET|socket hang up] > req.close"));
    let mut waiting = Watched::new(waiting);
    fixture.accept().send(OK);
    waiting.run();
    assert!(waiting.ended);
}

/// Rows: AG9, AG14
#[test]
fn a_pooled_connection_times_out() {
    let fixture = Fixture::new();
    let agent = agent(Options { timeout: Some(5000), ..keep() }, AgentEvents::default());
    let (watched, peer) = exchange(&fixture, &agent, None, OK);
    assert!(watched.ended);
    wait(4000);
    assert_eq!(count(&agent.free_sockets()), 1);
    wait(1100);
    assert_eq!(count(&agent.free_sockets()), 0);
    let _ = peer.received();
    assert!(peer.reader.is_ended());
}

/// Rows: AG9, I-31
#[test]
fn a_request_is_told_of_its_agents_timeout() {
    let fixture = Fixture::new();
    let agent = agent(Options { timeout: Some(50), ..keep() }, AgentEvents::default());
    let (mut watched, _peer) = fixture.get(&agent);
    wait(70);
    assert!(watched.trace().ends_with("req.finish > req.timeout"));
    assert!(!watched.request.destroyed());
}

/// Rows: AG11, I-32
#[test]
fn the_servers_hint_lowers_the_timeout() {
    for (hint, agents, expected) in
        [(3, Some(5000), Some(2000)), (3, Some(1000), Some(1000)), (3, None, None)]
    {
        let fixture = Fixture::new();
        let agent = agent(Options { timeout: agents, ..keep() }, AgentEvents::default());
        let answer = format!("HTTP/1.1 200 OK\r\nKeep-Alive: timeout={hint}\r\nContent-Length: 0\r\n\r\n");
        let (_watched, _peer) = exchange(&fixture, &agent, None, &answer);
        assert_eq!(agent.free_sockets()[0].1[0].timeout(), expected);
    }
    let fixture = Fixture::new();
    let agent = keeping();
    let answer = "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 0\r\n\r\n";
    let (_watched, _peer) = exchange(&fixture, &agent, None, answer);
    assert_eq!(count(&agent.free_sockets()), 0, "too short to be used again");
}

/// Rows: AG4
#[test]
fn pooled_connections_are_probed() {
    let fixture = Fixture::new();
    let agent = agent(Options { keep_alive_msecs: 700, ..keep() }, AgentEvents::default());
    let (_watched, peer) = exchange(&fixture, &agent, None, OK);
    assert_eq!(peer.reader.peer_keep_alive(), Some(700));
    let (_watched, peer) = exchange(&fixture, &agent, Some(peer), OK);
    assert_eq!(peer.reader.peer_keep_alive_settings(), 1, "what is set already is not set again");
}

/// Rows: AG21, X1
#[test]
fn a_removed_connection_does_not_count() {
    let fixture = Fixture::new();
    let agent = agent(Options { max_sockets: Some(1), ..keep() }, AgentEvents::default());
    let (mut first, peer) = fixture.get(&agent);
    first.request.socket().expect("a connection").agent_remove();
    assert_eq!(count(&agent.sockets()), 0);
    let (second, _other) = exchange(&fixture, &agent, None, OK);
    assert!(second.ended, "there was room for another connection");
    peer.send(OK);
    first.run();
    assert!(first.ended);
    assert_eq!(count(&agent.free_sockets()), 1, "only the other one was kept");
}

/// Rows: RO1, RO3
#[test]
fn a_request_can_bring_its_connection() {
    let (near, far) = memory::pipe(1 << 16);
    let attachments = Attachments {
        connection: Some(Transport::Stream(Stream::Memory(near))),
        listening: RequestEvents::ALL,
        ..Attachments::default()
    };
    let options = RequestOptions { host: Some("h".to_owned()), ..RequestOptions::default() };
    let request = ClientRequest::create(None, options, attachments).expect("a valid request");
    request.end(None).expect("an open request");
    let mut watched = Watched::new(request);
    run_until_stalled();
    let (reader, writer) = far.split();
    assert_eq!(reader.take(), b"GET / HTTP/1.1\r\nHost: h:80\r\nConnection: close\r\n\r\n");
    writer.push(OK.as_bytes());
    watched.run();
    assert!(watched.ended && reader.is_ended(), "closed afterwards: there is no agent to keep it");
}

/// Rows: AG10, CR4
#[test]
fn a_connection_of_ones_own_is_read_and_written() {
    let fixture = Fixture::new();
    let options = fixture.connect_options();
    let socket = plain().create_connection(&options).expect("valid options");
    assert!(socket.connecting());
    socket.write(b"ping").expect("an open socket");
    let peer = fixture.accept();
    assert!(!socket.connecting());
    assert_eq!(peer.received(), "ping");
    peer.send("pong");
    assert!(matches!(socket.read(9), crate::message::ReadResult::Data(bytes) if bytes == b"pong"));
    drop(socket);
    run_until_stalled();
    assert!(peer.reader.is_ended(), "its last view is gone");
}

/// A queued request that is destroyed does not hold up the line.
#[test]
fn a_waiting_request_can_be_destroyed() {
    let fixture = Fixture::new();
    let agent = agent(Options { max_sockets: Some(1), ..Options::default() }, AgentEvents::default());
    let (mut active, peer) = fixture.get(&agent);
    let mut waiting = Watched::new(fixture.request("GET", &agent));
    waiting.request.destroy(None);
    assert_eq!(waiting.trace(), "req.error[ECONNRESET|socket hang up] > req.close");
    assert!(agent.requests().is_empty());
    peer.send(OK);
    active.run();
    assert!(active.ended);
}

/// With the last handle and the last request of an agent its connections end.
#[test]
fn a_dropped_agent_closes_its_connections() {
    let fixture = Fixture::new();
    let agent = keeping();
    let (watched, peer) = exchange(&fixture, &agent, None, OK);
    let _ = peer.received();
    drop((watched, agent));
    run_until_stalled();
    assert!(peer.reader.is_ended());
}

/// A server that answers before it has everything and then stops listening is heard.
#[test]
fn an_early_answer_counts_although_the_rest_cannot_be_sent() {
    let fixture = Fixture::new();
    let request = fixture.request("POST", &plain());
    request.write(b"first").expect("an open request");
    let mut watched = Watched::new(request);
    let peer = fixture.accept();
    let _ = peer.received();
    peer.send("HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno");
    drop(peer.reader);
    watched.request.write(b"second").expect("an open request");
    run_until_stalled();
    drop(peer.writer);
    let trace = watched.trace();
    assert!(trace.contains("req.response > res.data > res.end") && !trace.contains("error"), "{trace}");
}

/// Destroying a request whose complete response waits ends both, as nobody will read it.
#[test]
fn destroying_an_answered_request_drops_the_response() {
    let fixture = Fixture::new();
    let (mut watched, peer) = fixture.get(&plain());
    watched.reads = false;
    peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    peer.close();
    watched.run();
    watched.note("DESTROY");
    watched.request.destroy(None);
    assert_eq!(
        watched.trace(),
        "req.socket > req.prefinish > req.finish > req.response > DESTROY > res.end > res.close > req.close"
    );
}
