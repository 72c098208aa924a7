//! What one exchange may do to its connection, and never to another exchange.

use super::{Client, Fixture, GET, ok};
use crate::{
    message::ReadResult,
    runtime::{advance, budget, budget_used, run_until_stalled, set_budget},
    server::{ServerOptions, ServerResponse},
};

fn pipelined(fixture: &Fixture, count: usize) -> (Client, Vec<ServerResponse>) {
    let client = fixture.connect();
    client.send(&GET.repeat(count));
    let requests = fixture.requests();
    assert_eq!(requests.len(), count);
    (client, requests)
}

#[test]
fn a_finished_answer_has_no_connection_to_destroy() {
    let fixture = Fixture::new(ServerOptions::default());
    let (client, requests) = pipelined(&fixture, 2);
    requests[0].end(Some(b"a")).expect("a fresh answer");
    requests[1].write(b"b").expect("a fresh answer");
    run_until_stalled();
    requests[0].destroy(None);
    run_until_stalled();
    requests[1].end(Some(b"c")).expect("an open answer");
    assert!(client.received().ends_with("1\r\nb\r\n1\r\nc\r\n0\r\n\r\n"));
    assert!(!client.reader.is_ended());
}

#[test]
fn one_that_waits_takes_the_connection_along_when_its_turn_comes() {
    for dropped in [false, true] {
        let fixture = Fixture::new(ServerOptions::default());
        let (client, mut requests) = pipelined(&fixture, 3);
        if dropped {
            drop(requests.remove(1));
        } else {
            requests[1].destroy(None);
        }
        run_until_stalled();
        assert!(!client.reader.is_ended(), "the first answer is owed");
        requests[0].end(Some(b"a")).expect("a fresh answer");
        assert_eq!(client.received(), ok("a"));
        assert!(client.reader.is_ended());
    }
}

#[test]
fn a_waiting_request_does_not_cut_the_answer_before_it() {
    let fixture = Fixture::new(ServerOptions::default());
    let (client, requests) = pipelined(&fixture, 2);
    requests[1].request().destroy(None);
    run_until_stalled();
    requests[0].end(Some(b"a")).expect("a fresh answer");
    assert_eq!(client.received(), ok("a"));
    assert!(client.reader.is_ended());
}

#[test]
fn destroying_an_unread_request_closes_its_connection() {
    let fixture = Fixture::new(ServerOptions::default());
    let (client, requests) = pipelined(&fixture, 1);
    requests[0].request().destroy(None);
    run_until_stalled();
    assert!(client.reader.is_ended());

    let (client, requests) = pipelined(&fixture, 1);
    let request = requests[0].request();
    assert!(matches!(request.read(1), ReadResult::End(_)));
    request.destroy(None);
    requests[0].end(Some(b"a")).expect("a fresh answer");
    assert_eq!(client.received(), ok("a"), "one that was read to its end is over");
}

/// Rows: S2
#[test]
fn nothing_behind_http_1_0_with_transfer_encoding_is_a_request() {
    let bytes = format!(
        "POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{GET}"
    );
    for cut in 0..bytes.len() {
        let fixture = Fixture::new(ServerOptions::default());
        let client = fixture.connect();
        let (first, second) = bytes.split_at(cut);
        client.send(first);
        client.send(second);
        fixture.request().respond(200, &[], b"x").expect("a fresh answer");
        assert!(client.received().contains("Connection: close\r\n"), "cut at {cut}");
        assert!(client.reader.is_ended() && fixture.requests().is_empty(), "cut at {cut}");
    }
}

/// As Node 26: nobody is given a request behind the answer that closes the connection.
#[test]
fn requests_behind_a_closing_answer_are_not_delivered() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(&GET.repeat(3));
    let crate::server::ServerEventKind::Request(first) = fixture.server.take_events(1).remove(0).kind else {
        panic!("a request");
    };
    first.respond(200, &[("Connection".to_owned(), "close".to_owned())], b"x").expect("a fresh answer");
    assert!(fixture.requests().is_empty());
    assert!(client.received().ends_with("\r\n\r\nx") && client.reader.is_ended());
}

#[test]
fn a_closed_connection_is_freed_although_its_answer_is_held() {
    let fixture = Fixture::new(ServerOptions::default());
    let (client, requests) = pipelined(&fixture, 1);
    client.writer.reset();
    run_until_stalled();
    assert_eq!(fixture.server.connections(), 0);
    let socket = requests[0].request().socket().expect("a view of what was");
    assert!(socket.destroyed() && socket.write(b"x").is_err());
}

/// HTTP/1.0 is not counted: `maxRequestsPerSocket` is HTTP/1.1's in Node.
#[test]
fn http_1_0_requests_are_not_limited() {
    let fixture = Fixture::new(ServerOptions::default());
    fixture.server.configure(|settings| settings.max_requests_per_socket = 1);
    let client = fixture.connect();
    for _ in 0..2 {
        client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        fixture.request().respond(200, &[], b"x").expect("a fresh answer");
        assert!(client.received().contains("Connection: keep-alive\r\n"));
    }
}

#[test]
fn a_body_that_nobody_reads_is_counted_until_it_is_read() {
    set_budget(1 << 20);
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n");
    let response = fixture.request();
    let request = response.request();
    let before = budget_used();
    client.send(&"x".repeat(9000));
    assert!(budget_used() >= before + 9000);
    assert!(matches!(request.read(usize::MAX), ReadResult::Data(bytes) if bytes.len() == 9000));
    assert!(budget_used() < before + 9000);
    assert_eq!(budget(), 1 << 20);
    set_budget(crate::runtime::DEFAULT_BUDGET);
}

/// Item 13: pipelined heads at a handler that does not answer.
#[test]
fn memory_that_peers_fill_is_bounded_and_everybody_is_served() {
    set_budget(400_000);
    let fixture = Fixture::new(ServerOptions::default());
    let head = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(15_000));
    let clients: Vec<Client> = (0..40).map(|_| fixture.connect()).collect();
    for client in &clients {
        client.send(&head.repeat(20));
    }
    let mut held = fixture.requests();
    let used = budget_used();
    assert!((40 * 15_000..400_000 + 40 * 30_000).contains(&used), "{used} bytes");
    assert!(held.len() >= 40, "each has one: {}", held.len());

    let good = fixture.connect();
    good.send(GET);
    fixture.request().end(Some(b"good")).expect("a fresh answer");
    assert_eq!(good.received(), ok("good"));

    let mut answered = 0;
    while !held.is_empty() {
        for response in held.drain(..) {
            response.end(None).expect("an open answer");
            answered += 1;
        }
        run_until_stalled();
        clients.iter().for_each(|client| drop(client.reader.take()));
        run_until_stalled();
        held = fixture.requests();
    }
    assert_eq!(answered, 40 * 20, "nothing is lost");
    drop((clients, good, fixture));
    run_until_stalled();
    advance(3000);
    run_until_stalled();
    assert_eq!(budget_used(), 0, "all is given back");
    set_budget(crate::runtime::DEFAULT_BUDGET);
}
