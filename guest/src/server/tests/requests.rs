//! Requests that are taken without the other events, and answers that were prepared.

use std::{cell::Cell, rc::Rc};

use super::{Fixture, GET, ok};
use crate::{
    message::PreparedAnswer,
    runtime::{budget_used, run_until_stalled, spawn},
    server::{ServerEventKind, ServerEvents, ServerOptions, ServerResponse},
};

fn hello() -> PreparedAnswer {
    PreparedAnswer::new(200, Vec::new(), b"hello".to_vec()).expect("it can be sent")
}

#[test]
fn requests_are_taken_and_other_events_stay() {
    let options = ServerOptions { listening: Some(ServerEvents::CONNECTION), ..ServerOptions::default() };
    let fixture = Fixture::new(options);
    let server = &fixture.server;
    assert!(server.take_requests(9).is_empty() && !server.has_other_events());
    let (first, second) = (fixture.connect(), fixture.connect());
    first.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPUT /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    second.send("GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(server.has_other_events());
    let taken = server.take_requests(2);
    assert_eq!(taken.iter().map(ServerResponse::target).collect::<Vec<_>>(), ["/1", "/2"]);
    let third = fixture.connect();
    let rest = server.take_requests(usize::MAX);
    assert_eq!(rest.iter().map(ServerResponse::url).collect::<Vec<_>>(), ["/3"]);
    let others = server.take_events(2);
    assert!(others.iter().all(|event| matches!(event.kind, ServerEventKind::Connection(_))));
    assert!(others[0].sequence < others[1].sequence && server.has_other_events());
    third.send(GET);
    let kinds: Vec<_> = server.take_events(9).into_iter().map(|event| event.kind).collect();
    assert!(matches!(kinds[..], [ServerEventKind::Connection(_), ServerEventKind::Request(_)]), "{kinds:?}");
    assert!(!server.has_other_events() && server.take_requests(9).is_empty());
}

/// As with events, whoever takes lets the connections that had to wait go on.
#[test]
fn taking_requests_makes_room() {
    let fixture = Fixture::new(ServerOptions::default());
    let clients: Vec<_> = (0..40).map(|_| fixture.connect()).collect();
    clients.iter().for_each(|client| client.send(&GET.repeat(60)));
    let (hello, mut answered) = (hello(), 0);
    loop {
        let taken = fixture.server.take_requests(100);
        if taken.is_empty() {
            break;
        }
        answered += taken.len();
        assert!(ServerResponse::respond_all_prepared(&hello, taken).is_empty());
        run_until_stalled();
    }
    assert_eq!(answered, 40 * 60);
    clients.iter().for_each(|client| assert_eq!(client.received(), ok("hello").repeat(60)));
}

#[test]
fn prepared_answers_leave_in_the_order_of_the_requests() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(&GET.repeat(4));
    let hello = hello();
    let mut requests = fixture.server.take_requests(usize::MAX);
    requests.rotate_left(1);
    let first = requests.pop().expect("four");
    assert!(ServerResponse::respond_all_prepared(&hello, requests).is_empty());
    assert_eq!(client.received(), "", "the first is not answered yet");
    first.respond_prepared(&hello, Some(b"other")).expect("a fresh answer");
    assert_eq!(client.received(), ok("other") + &ok("hello").repeat(3));
}

/// A large body is sent from where it is, in the order of the requests, to as many as ask.
#[test]
fn large_prepared_bodies_are_sent_from_where_they_are() {
    let fixture = Fixture::new(ServerOptions::default());
    let body = "x".repeat(200_000);
    let large = PreparedAnswer::new(200, Vec::new(), body.clone().into_bytes()).expect("it can be sent");
    let clients = [(); 3].map(|()| fixture.connect());
    let used = budget_used();
    clients.iter().for_each(|client| client.send(&GET.repeat(2)));
    for response in fixture.server.take_requests(usize::MAX) {
        response.respond_prepared(&large, None).expect("a fresh answer");
    }
    assert!(budget_used() - used < 100_000, "{} bytes for 1,200,000", budget_used() - used);
    for client in &clients {
        assert_eq!(client.received(), ok(&body).repeat(2));
        client.send(GET);
        fixture.request().end(None).expect("a fresh answer");
        assert_eq!(client.received(), ok(""));
    }
}

#[test]
fn an_answer_that_was_given_already_fails_alone() {
    let fixture = Fixture::new(ServerOptions::default());
    let clients = [(); 3].map(|()| fixture.connect());
    clients.iter().for_each(|client| client.send(GET));
    let requests = fixture.server.take_requests(usize::MAX);
    requests[1].write_head(200, None, &[]).expect("a fresh answer");
    let failed = ServerResponse::respond_all_prepared(&hello(), requests);
    assert_eq!(failed.len(), 1);
    assert_eq!((failed[0].0, failed[0].1.code()), (1, "ERR_HTTP_HEADERS_SENT"));
    assert_eq!(clients[0].received(), ok("hello"));
    assert!(clients[1].received().is_empty() && clients[1].reader.is_ended());
    assert_eq!(clients[2].received(), ok("hello"));
}

/// What was told once is not told again, and what is left after a call is.
#[test]
fn readiness_tells_of_what_is_new() {
    let fixture = Fixture::new(ServerOptions::default());
    let told = Rc::new(Cell::new(0));
    let (ready, count) = (fixture.server.readiness(), Rc::clone(&told));
    spawn(async move {
        while ready.next().await {
            count.set(count.get() + 1);
        }
        count.set(-1);
    });
    let client = fixture.connect();
    assert_eq!(told.get(), 0);
    client.send(&GET.repeat(3));
    client.send(GET);
    assert_eq!(told.get(), 2, "twice there was something new");
    let requests = fixture.server.take_requests(1);
    run_until_stalled();
    assert_eq!(told.get(), 3, "three are left");
    let rest = fixture.server.take_requests(9);
    run_until_stalled();
    assert_eq!((rest.len(), told.get()), (3, 3));
    client.send(GET);
    fixture.server.readiness().pass_on();
    run_until_stalled();
    assert_eq!(told.get(), 5, "the one who was told has gone");
    let Fixture { server, .. } = fixture;
    drop(server);
    run_until_stalled();
    assert_eq!(told.get(), -1);
    drop((requests, rest));
}
