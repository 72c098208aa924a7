//! Bytes behind a complete response (I-28, S9, E19).

use super::*;

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
