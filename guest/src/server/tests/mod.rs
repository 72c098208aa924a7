//! The server on the in-memory transport with a manual clock.

mod closing;
mod completion;
mod destroyed;
mod events;
mod options;
mod ownership;
mod piping;
mod requests;
mod timeouts;
mod tunnel;

use super::{Answer, Server, ServerEventKind, ServerEvents, ServerOptions, ServerResponse, Socket};
use crate::{
    message::ReadResult,
    net::{
        Listener,
        memory::{self, MemoryConnector, MemoryReader, MemoryWriter},
    },
    runtime::{advance, run_until_stalled},
};

/// A server and whoever connects to it.
struct Fixture {
    server: Server,
    connector: MemoryConnector,
}

/// The client's side of one connection.
struct Client {
    reader: MemoryReader,
    writer: MemoryWriter,
}

impl Fixture {
    fn new(options: ServerOptions) -> Self {
        let server = Server::create(options).expect("valid options");
        let (listener, connector) = memory::listener();
        server.serve(Listener::Memory(listener)).expect("not listening yet");
        Self { server, connector }
    }

    fn connect(&self) -> Client {
        let (reader, writer) = self.connector.connect(1 << 20);
        run_until_stalled();
        Client { reader, writer }
    }

    /// The answers that wait to be given.
    fn requests(&self) -> Vec<ServerResponse> {
        let requests = self.server.take_events(usize::MAX).into_iter().filter_map(|event| match event.kind {
            ServerEventKind::Request(response) => Some(response),
            _ => None,
        });
        requests.collect()
    }

    /// A request and the socket of the client error behind it.
    fn request_and_rest(&self) -> (ServerResponse, Socket) {
        let mut events = self.server.take_events(9).into_iter().map(|event| event.kind);
        match (events.next(), events.next()) {
            (Some(ServerEventKind::Request(response)), Some(ServerEventKind::ClientError { socket, .. })) => {
                (response, socket)
            }
            other => panic!("{other:?}"),
        }
    }

    fn request(&self) -> ServerResponse {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "one request");
        requests.remove(0)
    }
}

impl Client {
    fn send(&self, bytes: &str) {
        self.writer.push(bytes.as_bytes());
        run_until_stalled();
    }

    /// What has arrived, with the date blanked out.
    fn received(&self) -> String {
        run_until_stalled();
        let text = String::from_utf8(self.reader.take()).expect("ASCII answers");
        let mut out = String::new();
        for line in text.split_inclusive("\r\n") {
            out.push_str(if line.starts_with("Date: ") { "Date: D\r\n" } else { line });
        }
        out
    }
}

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

fn ok(body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

#[test]
fn answers_and_keeps_the_connection() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    for _ in 0..3 {
        client.send(GET);
        fixture.request().end(Some(b"hello")).expect("a fresh answer");
        assert_eq!(client.received(), ok("hello"));
    }
    assert!(!client.reader.is_ended());
}

#[test]
fn respond_in_one_call_equals_the_long_way() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(GET);
    fixture.request().respond(200, &[], b"hello").expect("a fresh answer");
    assert_eq!(client.received(), ok("hello"));
}

#[test]
fn a_request_byte_by_byte_is_one_request() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    for byte in GET.split_inclusive(|_| true) {
        assert_eq!(
            fixture
                .server
                .take_events(9)
                .iter()
                .filter(|event| matches!(event.kind, ServerEventKind::Request(_)))
                .count(),
            0
        );
        client.send(byte);
    }
    fixture.request().end(None).expect("a fresh answer");
    assert_eq!(client.received(), ok(""));
}

#[test]
fn pipelined_answers_leave_in_order() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(&GET.repeat(3));
    let requests = fixture.requests();
    assert_eq!(requests.len(), 3);
    for (number, response) in requests.iter().enumerate().rev() {
        assert_eq!(client.received(), "");
        response.respond(200, &[], format!("r{number}").as_bytes()).expect("a fresh answer");
    }
    assert_eq!(client.received(), ["r0", "r1", "r2"].map(ok).concat());
}

#[test]
fn a_batch_of_answers_is_one_write() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(&GET.repeat(16));
    let answers = fixture.requests().into_iter().map(|response| Answer {
        response,
        status: 200,
        headers: Vec::new(),
        body: b"x".to_vec(),
    });
    let failures = ServerResponse::respond_all(answers.collect());
    assert!(failures.is_empty(), "{failures:?}");
    assert_eq!(client.received(), ok("x").repeat(16));
}

#[test]
fn bodies_arrive_and_backpressure_stops_the_reading() {
    let options = ServerOptions { high_water_mark: Some(1000), ..ServerOptions::default() };
    let fixture = Fixture::new(options);
    let client = fixture.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    let response = fixture.request();
    let request = response.request();
    client.send(&"x".repeat(100_000));
    assert!(request.readable_length() < 80_000, "the rest waits in the transport");
    let mut read = 0;
    loop {
        match request.read(usize::MAX) {
            ReadResult::Data(bytes) => read += bytes.len(),
            ReadResult::Pending => run_until_stalled(),
            ReadResult::End(_) => break,
            ReadResult::Aborted(error) => panic!("{error}"),
        }
    }
    assert_eq!(read, 100_000);
    assert!(request.complete());
    response.end(None).expect("a fresh answer");
    assert_eq!(client.received(), ok(""));
}

// I-14: whoever does not read the answers, or holds back the one before them, asks for no more.
#[test]
fn answers_that_wait_to_be_sent_stop_the_reading() {
    let options = ServerOptions { high_water_mark: Some(1000), ..ServerOptions::default() };
    let fixture = Fixture::new(options);
    let client = fixture.connect();
    client.send(&GET.repeat(2));
    let [first, second] = fixture.requests().try_into().expect("two requests");
    assert!(second.write(&[b'x'; 999]).is_ok(), "below the mark, with its head above");
    client.send(GET);
    assert!(fixture.requests().is_empty(), "the second answer waits");
    first.end(None).expect("a fresh answer");
    run_until_stalled();
    assert_eq!(fixture.requests().len(), 1, "it is on its way");
}

#[test]
fn an_unread_body_is_dumped_before_the_next_request() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(&format!(
        "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n{}",
        "y".repeat(200_000)
    ));
    fixture.request().end(Some(b"1")).expect("a fresh answer");
    client.send(GET);
    fixture.request().end(Some(b"2")).expect("a fresh answer");
    assert_eq!(client.received(), [ok("1"), ok("2")].concat());
}

#[test]
fn garbage_behind_a_request_waits_for_its_answer() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(&format!("{GET}garbage\r\n\r\n"));
    let response = fixture.request();
    assert_eq!(client.received(), "");
    response.end(Some(b"first")).expect("a fresh answer");
    let bad = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
    assert_eq!(client.received(), ok("first") + bad);
    assert!(client.reader.is_ended());
}

#[test]
fn an_error_in_the_body_aborts_the_request() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZ\r\n");
    let response = fixture.request();
    assert!(response.request().aborted());
    assert_eq!(client.received(), "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    assert!(client.reader.is_ended());
    assert!(response.end(None).is_ok(), "late answers are ignored");
}

#[test]
fn a_half_closed_client_is_answered() {
    let fixture = Fixture::new(ServerOptions::default());
    let Client { reader, writer } = fixture.connect();
    writer.push(GET.as_bytes());
    drop(writer);
    run_until_stalled();
    fixture.request().end(Some(b"x")).expect("a fresh answer");
    run_until_stalled();
    assert!(reader.take().ends_with(b"\r\n\r\nx"));
    assert!(reader.is_ended());
    assert_eq!(fixture.server.connections(), 0);
}

#[test]
fn a_dropped_answer_destroys_its_connection_and_no_other() {
    let fixture = Fixture::new(ServerOptions::default());
    let (first, second) = (fixture.connect(), fixture.connect());
    first.send(GET);
    drop(fixture.request());
    run_until_stalled();
    assert!(first.reader.is_ended());
    second.send(GET);
    fixture.request().end(None).expect("a fresh answer");
    assert_eq!(second.received(), ok(""));
}

#[test]
fn idle_connections_end_after_keep_alive_timeout_and_a_second() {
    let options = ServerOptions { keep_alive_timeout: Some(100), ..ServerOptions::default() };
    let fixture = Fixture::new(options);
    let client = fixture.connect();
    client.send(GET);
    fixture.request().end(None).expect("a fresh answer");
    run_until_stalled();
    advance(1090);
    run_until_stalled();
    assert!(!{
        client.received();
        client.reader.is_ended()
    });
    advance(30);
    run_until_stalled();
    assert!(client.reader.is_ended());
}

#[test]
fn slow_heads_get_408() {
    let options = ServerOptions { headers_timeout: Some(600), ..ServerOptions::default() };
    let fixture = Fixture::new(options);
    let (silent, slow) = (fixture.connect(), fixture.connect());
    slow.send("GET / HT");
    advance(620);
    for client in [silent, slow] {
        assert_eq!(client.received(), "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
        assert!(client.reader.is_ended());
    }
}

#[test]
fn close_ends_idle_connections_and_waits_for_the_others() {
    let fixture = Fixture::new(ServerOptions::default());
    let (idle, busy) = (fixture.connect(), fixture.connect());
    busy.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let response = fixture.request();
    let Fixture { server, connector: _connector } = fixture;
    let closed = std::rc::Rc::new(std::cell::Cell::new(false));
    let flag = std::rc::Rc::clone(&closed);
    crate::runtime::spawn(async move {
        server.close().await.expect("it was listening");
        flag.set(true);
    });
    run_until_stalled();
    assert!(idle.reader.is_ended());
    assert!(!closed.get());
    response.end(Some(b"x")).expect("a fresh answer");
    run_until_stalled();
    assert!(busy.received().ends_with("x"));
    drop(busy.writer);
    run_until_stalled();
    assert!(closed.get());
}

#[test]
fn undelivered_requests_stop_the_parsing() {
    let fixture = Fixture::new(ServerOptions::default());
    let clients: Vec<Client> = (0..8).map(|_| fixture.connect()).collect();
    for client in &clients {
        client.send(&GET.repeat(400));
    }
    let first = fixture.requests();
    assert!(first.len() <= 1024, "{} requests were delivered", first.len());
    let mut answered = 0;
    let mut requests = first;
    while !requests.is_empty() {
        for response in requests {
            response.end(None).expect("a fresh answer");
            answered += 1;
        }
        run_until_stalled();
        requests = fixture.requests();
    }
    assert_eq!(answered, 8 * 400);
}

#[test]
fn a_flood_does_not_keep_new_clients_out() {
    let fixture = Fixture::new(ServerOptions::default());
    let flood: Vec<Client> = (0..16).map(|_| fixture.connect()).collect();
    let mut new = Vec::new();
    for turn in 0..40 {
        for client in &flood {
            client.writer.push(GET.repeat(600).as_bytes());
            client.reader.take();
        }
        run_until_stalled();
        // The one that is accepted while there are too many events makes the next one wait.
        if turn == 5 || turn == 10 {
            let client = fixture.connect();
            client.send(GET);
            new.push(client);
        }
        for response in fixture.requests() {
            response.end(None).expect("a fresh answer");
        }
    }
    assert_eq!(new.iter().map(Client::received).collect::<String>(), ok("").repeat(2));
}

#[test]
fn connections_are_accepted_again_when_their_events_were_taken() {
    let events = ServerEvents::DROP;
    let options =
        ServerOptions { max_connections: Some(0), listening: Some(events), ..ServerOptions::default() };
    let fixture = Fixture::new(options);
    let clients: Vec<_> = (0..2000).map(|_| fixture.connector.connect(1 << 10)).collect();
    run_until_stalled();
    let mut refused = 0;
    for _ in 0..4 {
        refused += fixture.server.take_events(usize::MAX).len();
        run_until_stalled();
        let late = fixture.connect();
        assert!(late.received().starts_with("HTTP/1.1 503 "), "after {refused}");
    }
    drop(clients);
}
