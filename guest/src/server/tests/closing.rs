//! What a client sees when the host drains, and when the program closes the server.

use std::{cell::Cell, rc::Rc};

use super::{Client, Fixture, GET, ok};
use crate::{
    runtime::{advance, run_until_stalled, spawn},
    server::{MAX_OWED, Server, ServerOptions, ServerResponse},
};

const POST: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo";

fn ok_and_close(body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}")
}

/// A client that has sent `requests`, their answers, and the server, which the host drains.
fn drained(requests: &str) -> (Client, Vec<ServerResponse>, Server) {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(requests);
    let responses = fixture.requests();
    drop(fixture.connector);
    run_until_stalled();
    (client, responses, fixture.server)
}

#[test]
fn the_last_answer_of_a_drained_connection_says_that_it_is() {
    let (client, responses, _server) = drained(&GET.repeat(2));
    let [first, second] = responses.try_into().expect("two requests");
    second.end(Some(b"2")).expect("a fresh answer");
    first.end(Some(b"1")).expect("a fresh answer");
    assert_eq!(client.received(), ok("1") + &ok_and_close("2"));
    assert!(client.reader.is_ended());
}

#[test]
fn a_request_that_arrives_during_a_drain_is_read_until_it_is_answered() {
    for rest in ["dy", ""] {
        let (client, responses, _server) = drained(POST);
        client.send(rest);
        assert_eq!(responses[0].request().complete(), !rest.is_empty());
        responses[0].end(None).expect("a fresh answer");
        assert_eq!(client.received(), ok_and_close(""));
        assert!(client.reader.is_ended());
    }
}

#[test]
fn a_drain_changes_no_answer_that_has_begun_and_no_error_behind_one() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(GET);
    let response = fixture.request();
    response.write_head(200, None, &[("Content-Length".to_owned(), 1.into())]).expect("a fresh answer");
    response.write(b"x").expect("an open answer");
    drop(fixture.connector);
    run_until_stalled();
    response.end(None).expect("an open answer");
    assert!(client.received().contains("Connection: keep-alive"));
    assert!(client.reader.is_ended());

    let (client, responses, _server) = drained(&format!("{GET}BAD\r\n\r\n"));
    responses[0].end(None).expect("a fresh answer");
    let refusal = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
    assert_eq!(client.received(), ok("") + refusal);
}

/// Rows: SV4, I-23
#[test]
fn a_busy_connection_outlives_a_close_until_keep_alive_timeout() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(GET);
    let response = fixture.request();
    let server = Rc::new(fixture.server);
    let closing = Rc::clone(&server);
    spawn(async move { closing.close().await.expect("it was listening") });
    run_until_stalled();
    response.end(None).expect("a fresh answer");
    assert_eq!(client.received(), ok(""));
    assert!(!client.reader.is_ended());
    advance(6100);
    run_until_stalled();
    assert!(client.reader.is_ended());
    assert_eq!(server.connections(), 0);
}

// Who does not read learns of a reset all the same: what has arrived is worth nothing any more.
#[test]
fn a_peer_that_nobody_reads_from_can_go_away() {
    let many = GET.repeat(2 * MAX_OWED);
    let body =
        format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n{}", "b".repeat(200_000));
    for (sent, ends) in [(&*many, false), (&body, false), (GET, true)] {
        let fixture = Fixture::new(ServerOptions::default());
        let Client { reader, writer } = fixture.connect();
        writer.push(sent.as_bytes());
        run_until_stalled();
        let responses = fixture.requests();
        let request = responses[0].request();
        if ends {
            drop(writer);
            run_until_stalled();
            assert_eq!(reader.peer_keep_alive(), Some(60_000), "it may be gone without a word");
        }
        assert!(!request.aborted());
        drop(reader);
        run_until_stalled();
        assert!(request.aborted());
        assert_eq!(fixture.server.connections(), 0);
    }
}

#[test]
fn closing_is_told_while_connections_are_still_there() {
    for drained in [true, false] {
        let fixture = Fixture::new(ServerOptions::default());
        let client = fixture.connect();
        client.send(GET);
        let response = fixture.request();
        let server = Rc::new(fixture.server);
        let told = Rc::new(Cell::new(false));
        let waits = (Rc::clone(&server), Rc::clone(&told));
        spawn(async move {
            waits.0.closing().await;
            waits.1.set(true);
        });
        run_until_stalled();
        assert!(!told.get());
        if drained {
            drop(fixture.connector);
        } else {
            let server = Rc::clone(&server);
            spawn(async move { server.close().await.expect("it listens") });
        }
        run_until_stalled();
        assert!(told.get() && server.connections() == 1, "{drained}");
        response.end(None).expect("a fresh answer");
    }
}
