//! Bodies that are passed on between a server and a client in one instance, whose application then holds nothing.

use node_http::{
    client::{Attachments, ClientRequest, RequestEvent, RequestEvents, RequestOptions, Transport},
    net::{
        Listener, Stream,
        memory::{self, MemoryConnector, MemoryReader, MemoryWriter},
    },
    runtime::{budget_used, run_until_stalled},
    server::{IncomingMessage, Server, ServerEventKind, ServerOptions, ServerResponse},
};

/// A proxy, and what it proxies.
struct Proxy {
    server: Server,
    connector: MemoryConnector,
}

/// The other end of a connection.
struct Peer {
    reader: MemoryReader,
    writer: MemoryWriter,
}

impl Peer {
    fn send(&self, text: &str) {
        self.writer.push(text.as_bytes());
        run_until_stalled();
    }

    fn received(&self) -> String {
        run_until_stalled();
        String::from_utf8(self.reader.take()).expect("ASCII")
    }
}

/// One request on its way through.
struct Passing {
    client: Peer,
    upstream: Peer,
    request: ClientRequest,
    response: ServerResponse,
}

impl Passing {
    /// The head of the answer has come.
    fn answer(&self) -> IncomingMessage {
        let events = self.request.take_events(usize::MAX).into_iter();
        let answer = events.filter_map(|event| match event.kind {
            RequestEvent::Response(answer) => Some(answer),
            _ => None,
        });
        answer.last().expect("an answer")
    }

    /// The answer goes back, and the application is done.
    fn forget(self) -> (Peer, Peer) {
        let answer = self.answer();
        self.response.write_head(200, None, &[]).expect("a fresh answer");
        self.response.pipe_from(&answer, true).expect("a fresh body");
        (self.client, self.upstream)
    }
}

impl Proxy {
    fn new() -> Self {
        let server = Server::create(ServerOptions::default()).expect("valid options");
        let (listener, connector) = memory::listener();
        server.serve(Listener::Memory(listener)).expect("not listening yet");
        Self { server, connector }
    }

    /// A POST of which `sent` has come, passed on.
    fn post(&self, sent: &str) -> Passing {
        let (reader, writer) = self.connector.connect(1 << 20);
        let client = Peer { reader, writer };
        client.send(&format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{sent}"));
        let event = self.server.take_events(1).pop().map(|event| event.kind);
        let Some(ServerEventKind::Request(response)) = event else { panic!("{event:?}") };
        let (near, far) = memory::pipe(1 << 20);
        let attachments = Attachments {
            connection: Some(Transport::Stream(Stream::Memory(near))),
            listening: RequestEvents::RESPONSE,
            ..Attachments::default()
        };
        let options = RequestOptions { method: Some("POST".to_owned()), ..RequestOptions::default() };
        let request =
            ClientRequest::create(Some("http://h/"), options, attachments).expect("a valid request");
        request.pipe_from(&response.request(), true).expect("a fresh body");
        let (reader, writer) = far.split();
        Passing { client, upstream: Peer { reader, writer }, request, response }
    }

    /// The proxy is idle and its connections are gone.
    fn is_empty(&self) -> bool {
        run_until_stalled();
        self.server.connections() == 0 && budget_used() == 0
    }
}

#[test]
fn a_proxy_passes_both_bodies_on() {
    let proxy = Proxy::new();
    let passing = proxy.post("2\r\nab\r\n");
    assert!(passing.upstream.received().ends_with("2\r\nab\r\n"));
    passing.client.send("1\r\nc\r\n0\r\n\r\n");
    assert!(passing.upstream.received().ends_with("1\r\nc\r\n0\r\n\r\n"));
    passing.upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
    let (client, upstream) = passing.forget();
    assert!(client.received().ends_with("3\r\nabc\r\n"));
    upstream.send("def");
    assert!(client.received().ends_with("3\r\ndef\r\n0\r\n\r\n"));
    drop(client);
    assert!(proxy.is_empty());
}

/// A server may answer before it has read all, and what it has not read nobody has to take.
#[test]
fn an_early_answer_goes_through() {
    let proxy = Proxy::new();
    let passing = proxy.post("2\r\nab\r\n");
    passing.upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
    let (client, upstream) = passing.forget();
    assert!(client.received().ends_with("2\r\nno\r\n0\r\n\r\n"));
    drop(upstream);
    client.send("1\r\nc\r\n0\r\n\r\n");
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(matches!(
        proxy.server.take_events(1).pop().map(|event| event.kind),
        Some(ServerEventKind::Request(_))
    ));
}

#[test]
fn an_answer_that_is_cut_short_cuts_the_other() {
    let proxy = Proxy::new();
    let passing = proxy.post("0\r\n\r\n");
    passing.upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
    let (client, upstream) = passing.forget();
    drop(upstream);
    assert!(client.received().ends_with("3\r\nabc\r\n"), "no end");
    assert!(client.reader.is_ended());
    assert!(proxy.is_empty());
}

/// An answer without end, such as a stream of events.
#[test]
fn who_goes_away_lets_the_server_know() {
    let proxy = Proxy::new();
    let passing = proxy.post("0\r\n\r\n");
    passing.upstream.send("HTTP/1.1 200 OK\r\n\r\nabc");
    let (client, upstream) = passing.forget();
    drop(client);
    run_until_stalled();
    upstream.received();
    assert!(upstream.reader.is_ended());
    assert!(proxy.is_empty());
}

#[test]
fn who_goes_away_while_it_sends_takes_the_request_along() {
    let proxy = Proxy::new();
    let Passing { client, upstream, request, response } = proxy.post("2\r\nab\r\n");
    drop((request, response));
    drop(client);
    upstream.received();
    assert!(upstream.reader.is_ended());
    assert!(proxy.is_empty());
}

#[test]
fn a_server_that_goes_away_leaves_the_body_to_the_application() {
    let proxy = Proxy::new();
    let Passing { client, upstream, request, response } = proxy.post("2\r\nab\r\n");
    upstream.received();
    drop(upstream);
    run_until_stalled();
    assert!(request.errored().is_some());
    response.respond(502, &[], b"").expect("a fresh answer");
    drop((request, response));
    assert!(client.received().starts_with("HTTP/1.1 502 "));
    client.send("1\r\nc\r\n0\r\n\r\n");
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(proxy.server.take_events(9).len(), 1, "its connection goes on");
}
