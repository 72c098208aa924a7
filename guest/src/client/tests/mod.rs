//! The client on the in-memory network with a manual clock.

mod agent;
mod completion;
mod connecting;
mod destroying;
mod events;
mod flow;
mod hooks;
mod pool;
mod prepared;
mod reuse;
mod surplus;

use std::net::SocketAddr;

use super::{
    Agent, AgentOptions, Attachments, ClientRequest, ConnectOptions, RequestEvent, RequestEvents,
    RequestOptions,
};
use crate::{
    agent::Options,
    message::ReadResult,
    net::memory::{MemoryListener, MemoryReader, MemoryStream, MemoryWriter, Network},
    runtime::{Recorded, run_until_stalled},
    transport::{IncomingMessage, MessageEvent},
};

/// A network with one origin server, whose part the test plays.
struct Fixture {
    network: Network,
    listener: MemoryListener,
    address: SocketAddr,
}

/// The server's side of one connection.
struct Peer {
    reader: MemoryReader,
    writer: MemoryWriter,
}

impl Fixture {
    fn new() -> Self {
        let network = Network::start();
        let (listener, address) = network.bind(([127, 0, 0, 1], 0).into());
        Self { network, listener, address }
    }

    fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// What connects to the server.
    fn connect_options(&self) -> ConnectOptions {
        ConnectOptions {
            host: Some(self.address.ip().to_string()),
            port: Some(self.address.port()),
            ..ConnectOptions::default()
        }
    }

    /// A request through `agent` with all events.
    fn request(&self, method: &str, agent: &Agent) -> ClientRequest {
        let options = RequestOptions { method: Some(method.to_owned()), ..RequestOptions::default() };
        self.request_with(options, agent)
    }

    fn request_with(&self, options: RequestOptions, agent: &Agent) -> ClientRequest {
        let attachments =
            Attachments { agent: Some(agent), listening: RequestEvents::ALL, ..Attachments::default() };
        ClientRequest::create(Some(&self.url()), options, attachments).expect("a valid request")
    }

    /// A GET with all events, ended and sent, and the server's side of its connection.
    fn get(&self, agent: &Agent) -> (Watched, Peer) {
        let request = self.request("GET", agent);
        request.end(None).expect("an open request");
        let watched = Watched::new(request);
        run_until_stalled();
        (watched, self.accept())
    }

    /// The next connection.
    fn accept(&self) -> Peer {
        run_until_stalled();
        let mut streams = self.listener.take();
        assert_eq!(streams.len(), 1, "one connection");
        Peer::of(streams.remove(0))
    }
}

impl Peer {
    fn of(stream: MemoryStream) -> Self {
        let (reader, writer) = stream.split();
        Self { reader, writer }
    }

    fn received(&self) -> String {
        run_until_stalled();
        String::from_utf8(self.reader.take()).expect("ASCII requests")
    }

    fn send(&self, bytes: &str) {
        self.writer.push(bytes.as_bytes());
        run_until_stalled();
    }

    /// Ends the server's side, and reads no more.
    fn close(self) {
        drop(self);
        run_until_stalled();
    }
}

/// An agent without pooling.
fn plain() -> Agent {
    Agent::create(AgentOptions::default()).expect("valid options")
}

/// An agent that keeps connections.
fn keeping() -> Agent {
    let pool = Options { keep_alive: true, ..Options::default() };
    Agent::create(AgentOptions { pool, ..AgentOptions::default() }).expect("valid options")
}

/// A request, its response once it is there, and what happened to both.
struct Watched {
    request: ClientRequest,
    response: Option<IncomingMessage>,
    log: Vec<(u64, String)>,
    /// Whether the response is read as it arrives.
    reads: bool,
    ended: bool,
}

impl Watched {
    fn new(request: ClientRequest) -> Self {
        Self { request, response: None, log: Vec::new(), reads: true, ended: false }
    }

    /// Lets everything happen, reading as Node's flowing mode does.
    fn run(&mut self) {
        loop {
            run_until_stalled();
            let before = (self.log.len(), self.ended);
            self.take();
            self.read();
            if (self.log.len(), self.ended) == before {
                return;
            }
        }
    }

    fn take(&mut self) {
        for Recorded { sequence, kind } in self.request.take_events(usize::MAX) {
            let name = match kind {
                RequestEvent::Response(response) => {
                    response.listen_for(u16::MAX);
                    self.response = Some(response);
                    "req.response".to_owned()
                }
                RequestEvent::Information(information) => {
                    format!("req.information[{}]", information.status_code)
                }
                RequestEvent::Error(error) => format!("req.error[{}|{}]", error.code(), error.message()),
                other => format!("req.{}", name(&other)),
            };
            self.log.push((sequence, name));
        }
        let Some(response) = &self.response else { return };
        for Recorded { sequence, kind } in response.take_events(usize::MAX) {
            let name = match kind {
                MessageEvent::Error(error) => format!("res.error[{}|{}]", error.code(), error.message()),
                other => format!("res.{}", name(&other)),
            };
            self.log.push((sequence, name));
        }
    }

    fn read(&mut self) {
        let Some(response) = self.response.as_ref().filter(|_| self.reads && !self.ended) else { return };
        match response.read(usize::MAX) {
            ReadResult::Data(_) => {
                self.log.push((crate::runtime::next_sequence(), "res.data".to_owned()));
            }
            // Told as an event, too.
            ReadResult::End(_) => self.ended = true,
            ReadResult::Pending | ReadResult::Aborted(_) => {}
        }
    }

    /// What the test itself does now.
    fn note(&mut self, what: &str) {
        self.take();
        self.log.push((crate::runtime::next_sequence(), what.to_owned()));
    }

    /// Everything that happened, in order.
    fn trace(&mut self) -> String {
        self.run();
        self.log.sort_by_key(|(sequence, _)| *sequence);
        let names: Vec<&str> = self.log.iter().map(|(_, name)| name.as_str()).collect();
        names.join(" > ")
    }
}

/// The name of an event, from the name of its variant.
fn name(kind: &impl std::fmt::Debug) -> String {
    let text = format!("{kind:?}");
    let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
    text[..end].to_lowercase()
}
