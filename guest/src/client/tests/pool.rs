//! What becomes of connections between requests.

use super::{events::wait, *};

fn timing_out(timeout: u32) -> Agent {
    let pool = Options { keep_alive: true, timeout: Some(timeout), ..Options::default() };
    Agent::create(AgentOptions { pool, ..AgentOptions::default() }).expect("valid options")
}

fn free(agent: &Agent) -> usize {
    agent.free_sockets().iter().map(|(_, sockets)| sockets.len()).sum()
}

// Rows: AG9
#[test]
fn a_pooled_connection_times_out() {
    let fixture = Fixture::new();
    let agent = timing_out(50);
    let (mut first, peer) = fixture.get(&agent);
    wait(40);
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    first.run();
    assert_eq!(free(&agent), 1);
    wait(40);
    assert_eq!(free(&agent), 1);
    wait(40);
    assert_eq!(free(&agent), 0);
}

/// A kept connection in the pool, and the server's side of it.
fn pooled(fixture: &Fixture, agent: &Agent) -> Peer {
    let (mut first, peer) = fixture.get(agent);
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    first.run();
    assert_eq!(free(agent), 1);
    peer
}

// Rows: S9, AG1, I-33
#[test]
fn a_connection_that_ends_before_it_is_used_is_replaced() {
    for unasked in ["HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", ""] {
        let fixture = Fixture::new();
        let agent = keeping();
        let Peer { reader, writer } = pooled(&fixture, &agent);
        // Nobody has looked at the connection since when the next request takes it.
        writer.push(unasked.as_bytes());
        if unasked.is_empty() {
            drop(writer);
        }
        let request = fixture.request("GET", &agent);
        request.end(None).expect("an open request");
        assert!(request.reused_socket());
        let mut second = Watched::new(request);
        let peer = fixture.accept();
        assert!(peer.received().starts_with("GET / HTTP/1.1\r\n"));
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny");
        let trace = second.trace();
        assert!(!trace.contains("error") && trace.contains("req.response > res.data > res.end"), "{trace}");
        assert!(!second.request.reused_socket());
        // The first one's request is all that was sent there.
        assert_eq!(String::from_utf8(reader.take()).expect("ASCII requests").matches("GET").count(), 1);
    }
}

// Rows: AG1
#[test]
fn connections_close_with_the_last_handle_and_the_last_request() {
    let fixture = Fixture::new();
    let agent = keeping();
    let peer = pooled(&fixture, &agent);
    let request = fixture.request("GET", &agent);
    request.end(None).expect("an open request");
    let mut second = Watched::new(request);
    drop(agent);
    assert_eq!(peer.received().matches("GET").count(), 2);
    assert!(!peer.reader.is_ended());
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    // The request is over; that its handle is still there does not count.
    second.run();
    assert!(second.request.destroyed());
    assert!(peer.reader.is_ended());
}
