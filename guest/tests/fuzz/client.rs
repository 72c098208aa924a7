//! A client on the in-memory network, whatever its servers send and its application does: never a panic, never a loop
//! without end, every request closes once its server is gone, and the events of each come in an order that Node's
//! could have.

use node_http::{
    agent::Options,
    client::{
        Agent, AgentEvent, AgentEvents, AgentOptions, Attachments, ClientRequest, PreparedRequest,
        RequestEvent, RequestEvents, RequestOptions, Transport,
    },
    net::memory::{MemoryListener, MemoryReader, MemoryWriter, Network},
    runtime::{advance, run_until_stalled},
    transport::{IncomingMessage, Socket},
};
use std::net::SocketAddr;

/// What servers say.
const LIKELY: &[&[u8]] = &[
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nshort",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"2\r\nab\r\n",
    b"0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\n\r\n",
    b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nKeep-Alive: timeout=1\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 3",
    b"04 Not Modified\r\n\r\n",
    b"\r\n",
    b"garbage",
];

const METHODS: &[&str] = &["GET", "POST", "HEAD", "CONNECT", "PURGE"];

/// How many things one run may do, so that it ends soon.
const MOST_ACTIONS: usize = 120;

pub(crate) fn check(input: &[u8]) {
    let Some((options, actions)) = input.split_first() else { return };
    let mut world = World::new(*options);
    for action in actions.chunks_exact(3).take(MOST_ACTIONS) {
        world.act(action[0], action[1], action[2]);
        run_until_stalled();
    }
    world.end();
}

struct World {
    network: Network,
    listener: MemoryListener,
    address: SocketAddr,
    agent: Agent,
    prepared: PreparedRequest,
    /// How many requests it was asked for, and the numbers that came back.
    fetches: u64,
    fetched: Vec<u64>,
    requests: Vec<Watched>,
    responses: Vec<IncomingMessage>,
    sockets: Vec<Socket>,
    peers: Vec<(MemoryReader, MemoryWriter)>,
}

/// A request and what it has told so far.
struct Watched {
    request: ClientRequest,
    closed: Option<u64>,
    errors: usize,
    responses: usize,
}

impl World {
    fn new(options: u8) -> Self {
        let network = Network::start();
        let (listener, address) = network.bind(([127, 0, 0, 1], 0).into());
        let pool = Options {
            keep_alive: options & 1 == 0,
            max_sockets: (options & 2 > 0).then_some(1),
            max_total_sockets: (options & 4 > 0).then_some(2),
            timeout: (options & 8 > 0).then_some(50),
            ..Options::default()
        };
        let listening = AgentEvents::from_bits(options >> 4);
        let agent = Agent::create(AgentOptions { pool, listening, ..AgentOptions::default() });
        let agent = agent.expect("valid options");
        let method = METHODS[options as usize % METHODS.len()].to_owned();
        let asked = RequestOptions { method: Some(method), ..RequestOptions::default() };
        let (url, listening) = (format!("http://{address}/"), RequestEvents::default());
        let prepared = PreparedRequest::create(Some(&url), asked, Some(&agent), listening);
        Self {
            network,
            listener,
            address,
            agent,
            prepared: prepared.expect("valid options"),
            fetches: 0,
            fetched: Vec::new(),
            requests: Vec::new(),
            responses: Vec::new(),
            sockets: Vec::new(),
            peers: Vec::new(),
        }
    }

    fn act(&mut self, kind: u8, which: u8, what: u8) {
        match kind % 8 {
            0 => self.request(which, what),
            1 | 2 => self.peer(which, what),
            3 | 4 => self.change(which, what),
            5 => self.response(which, what),
            6 => self.socket(which, what),
            _ => self.agent(which, what),
        }
        self.accept();
    }

    fn accept(&mut self) {
        run_until_stalled();
        self.peers.extend(self.listener.take().into_iter().map(|stream| stream.split()));
    }

    fn request(&mut self, which: u8, what: u8) {
        if which >= 128 {
            return self.fetch(what);
        }
        let options = RequestOptions {
            method: Some(METHODS[which as usize % METHODS.len()].to_owned()),
            timeout: (what & 1 > 0).then_some(30),
            ..RequestOptions::default()
        };
        let listening =
            if what & 2 > 0 { RequestEvents::ALL } else { RequestEvents::from_bits(u16::from(what) << 3) };
        let attachments = Attachments { agent: Some(&self.agent), listening, ..Attachments::default() };
        let url = format!("http://{}/", self.address);
        let request = ClientRequest::create(Some(&url), options, attachments).expect("a valid request");
        if what & 4 > 0 {
            let _ = request.end((what & 8 > 0).then_some(b"body".as_slice()));
        }
        self.requests.push(Watched { request, closed: None, errors: 0, responses: 0 });
    }

    fn fetch(&mut self, what: u8) {
        let first = self.fetches;
        self.fetches += u64::from(what % 3);
        let numbers: Vec<u64> = (first..self.fetches).collect();
        self.prepared.fetch(&numbers, u64::from(what) * 1000).expect("no trailers");
        self.take_fetched(usize::from(what % 5));
    }

    fn take_fetched(&mut self, max: usize) {
        self.fetched.extend(self.prepared.take_fetched(max).iter().map(|fetched| fetched.number));
    }

    fn peer(&mut self, which: u8, what: u8) {
        if self.peers.is_empty() {
            return;
        }
        let index = which as usize % self.peers.len();
        match what % 20 {
            15 => drop(self.peers.remove(index)),
            16 => self.peers[index].1.reset(),
            17 => drop(self.peers[index].0.take()),
            18 => self.peers[index].1.push(&vec![b'x'; 100_000]),
            pick => self.peers[index].1.push(LIKELY[pick as usize % LIKELY.len()]),
        }
    }

    fn change(&mut self, which: u8, what: u8) {
        if self.requests.is_empty() {
            return;
        }
        let index = which as usize % self.requests.len();
        let request = &self.requests[index].request;
        match what % 12 {
            0 => drop(request.end(None)),
            1 => drop(request.write(&[b'y'; 70_000])),
            2 => request.destroy(None),
            3 => request.abort(),
            4 => request.set_timeout(u32::from(what)),
            5 => drop(request.flush_headers()),
            6 => self.sockets.extend(request.socket()),
            7 => drop(self.requests.remove(index)),
            8 => request.listen_for(RequestEvents::from_bits(u16::from(what) * 9)),
            _ => self.take(index),
        }
    }

    fn take(&mut self, index: usize) {
        let watched = &mut self.requests[index];
        for event in watched.request.take_events(usize::MAX) {
            let after_close = watched.closed.is_some_and(|close| event.sequence > close);
            match event.kind {
                RequestEvent::Response(response) => {
                    watched.responses += 1;
                    self.responses.push(response);
                }
                RequestEvent::Upgrade(upgraded) | RequestEvent::Connect(upgraded) => {
                    watched.responses += 1;
                    self.sockets.push(upgraded.socket);
                    self.responses.push(upgraded.response);
                }
                RequestEvent::Socket(socket) => self.sockets.push(socket),
                // Told as often as it happens, and ends nothing (E13).
                RequestEvent::Error(error) if error.code() == "ERR_STREAM_WRITE_AFTER_END" => {}
                RequestEvent::Error(_) => watched.errors += 1,
                RequestEvent::Close => watched.closed = Some(event.sequence),
                // The one event that may follow (E8).
                RequestEvent::Abort => continue,
                _ => {}
            }
            assert!(!after_close, "an event after 'close'");
        }
        assert!(watched.errors <= 1 && watched.responses <= 1);
    }

    fn response(&mut self, which: u8, what: u8) {
        if self.responses.is_empty() {
            return;
        }
        let index = which as usize % self.responses.len();
        match what % 6 {
            0 => drop(self.responses.remove(index)),
            1 => self.responses[index].destroy(None),
            2 => self.responses[index].resume(),
            3 => drop(self.responses[index].read(3)),
            _ => while matches!(self.responses[index].read(1000), node_http::message::ReadResult::Data(_)) {},
        }
    }

    fn socket(&mut self, which: u8, what: u8) {
        if self.sockets.is_empty() {
            return;
        }
        let index = which as usize % self.sockets.len();
        match what % 8 {
            0 => drop(self.sockets.remove(index)),
            1 => self.sockets[index].destroy(None),
            2 => self.sockets[index].destroy_soon(),
            3 => drop(self.sockets[index].write(b"raw")),
            4 => drop(self.sockets[index].end(None)),
            5 => drop(self.sockets[index].read(10)),
            6 => self.sockets[index].agent_remove(),
            _ => self.sockets[index].set_timeout(u32::from(what)),
        }
    }

    fn agent(&mut self, which: u8, what: u8) {
        match which % 6 {
            0 => self.agent.destroy(),
            1 => self.agent.set_max_sockets(Some(u32::from(what % 3))),
            2 => advance(1 << (what % 15)),
            3 => drop((self.agent.sockets(), self.agent.free_sockets(), self.agent.requests())),
            _ => self.answer_hooks(what),
        }
    }

    fn answer_hooks(&mut self, what: u8) {
        for event in self.agent.take_events(usize::MAX) {
            match event.kind {
                AgentEvent::CreateConnection { id, options, .. } => {
                    let socket = self.agent.create_connection(&options).expect("valid options");
                    let _ = self.agent.reply_create_connection(id, Ok(Transport::Socket(socket)));
                }
                AgentEvent::KeepSocketAlive { id, .. } => {
                    let _ = self.agent.reply_keep_socket_alive(id, what & 1 > 0);
                }
                AgentEvent::ReuseSocket(socket) | AgentEvent::Free(socket) => self.sockets.push(socket),
                _ => {}
            }
        }
    }

    /// The servers go, and whatever waits for them with them.
    fn end(mut self) {
        self.network.unbind(self.address);
        self.peers.clear();
        self.sockets.clear();
        self.agent.listen_for(AgentEvents::default());
        for watched in &self.requests {
            let _ = watched.request.end(None);
        }
        for _ in 0..4 {
            self.accept();
            self.peers.clear();
            run_until_stalled();
            // Longer than a hook may stay unanswered.
            advance(10_001);
            run_until_stalled();
            (0..self.requests.len()).for_each(|index| self.take(index));
            self.responses.clear();
        }
        for watched in &self.requests {
            assert!(watched.closed.is_some(), "a request that never closes: {:?}", watched.request);
        }
        self.take_fetched(usize::MAX);
        self.fetched.sort_unstable();
        assert_eq!(self.fetched, (0..self.fetches).collect::<Vec<_>>(), "each fetch brings one answer");
        self.sockets.clear();
        run_until_stalled();
        assert!(self.agent.sockets().is_empty() && self.agent.free_sockets().is_empty());
        assert!(self.agent.requests().is_empty());
        assert_eq!(self.network.waiting(), 0);
    }
}
