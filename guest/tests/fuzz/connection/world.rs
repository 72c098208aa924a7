//! Carries a script out.

use std::rc::Rc;

use node_http::{
    message::HeaderValue,
    net::{
        AbortSignal, Listener,
        memory::{self, MemoryConnector, MemoryReader, MemoryWriter},
    },
    runtime::{advance, now, run_until_stalled, spawn},
    server::{
        Answer, IncomingMessage, Server, ServerEventKind, ServerEvents, ServerOptions, ServerResponse, Socket,
    },
};

use super::script::{Action, Script};

/// How what a client sends reaches the server.
#[derive(Clone, Copy, Debug)]
pub(super) enum Split {
    Whole,
    Bytes,
    Pieces(usize),
}

/// What a client got, and whether the server has ended the connection.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Received {
    text: String,
    ended: bool,
}

/// A server, its clients and all that its application holds.
pub(super) struct World {
    server: Option<Rc<Server>>,
    connector: MemoryConnector,
    capacity: usize,
    clients: Vec<Client>,
    responses: Vec<Rc<ServerResponse>>,
    requests: Vec<Rc<IncomingMessage>>,
    sockets: Vec<Rc<Socket>>,
    /// Whether the output may depend on how much is received at once.
    calm: bool,
}

struct Client {
    reader: Option<MemoryReader>,
    writer: Option<MemoryWriter>,
    bytes: Vec<u8>,
    ended: bool,
}

impl World {
    /// Carries `script` out and returns what every client got.
    pub(super) fn run(script: &Script, split: Split) -> Vec<Received> {
        // Deadlines are rounded up to 16 ms, dates down to a second: every run begins on the same fraction of both.
        advance(2000 - now() % 2000);
        let mut world = Self::new(script);
        for action in &script.actions {
            world.act(action, split);
            run_until_stalled();
            for client in &mut world.clients {
                client.listen();
            }
        }
        let received = world.clients.iter().map(Client::received).collect();
        let left = world.end();
        assert_eq!(left, 0, "connections without a client after {script:?}");
        received
    }

    fn new(script: &Script) -> Self {
        let bit = |number: u8| script.options & (1 << number) != 0;
        // A small bound makes what is done first depend on how much arrives at once.
        let tight = bit(0) && !script.calm;
        let server = Server::create(ServerOptions {
            high_water_mark: tight.then_some(16),
            http_allow_half_open: Some(!bit(1)),
            insecure_http_parser: Some(bit(2)),
            keep_alive_timeout: bit(3).then_some(0),
            request_timeout: bit(4).then_some(0),
            max_header_size: bit(5).then_some(80),
            max_connections: bit(6).then_some(2),
            listening: Some(ServerEvents::from_bits(script.listening)),
            ..ServerOptions::default()
        })
        .expect("valid options");
        if bit(7) {
            server.configure(|settings| {
                settings.timeout = 100;
                settings.max_requests_per_socket = 3;
            });
        }
        let (listener, connector) = memory::listener();
        server.serve(Listener::Memory(listener)).expect("it does not listen yet");
        let mut world = Self {
            server: Some(Rc::new(server)),
            connector,
            capacity: if tight { 64 } else { 1 << 20 },
            clients: Vec::new(),
            responses: Vec::new(),
            requests: Vec::new(),
            sockets: Vec::new(),
            calm: script.calm,
        };
        world.connect();
        run_until_stalled();
        world
    }

    fn act(&mut self, action: &Action, split: Split) {
        match action {
            Action::Send { to, bytes } => {
                if let Some(client) = choose(&self.clients, *to) {
                    client.send(bytes, split);
                }
            }
            Action::Client { who, what } => self.client(*who, *what),
            Action::Connect => self.connect(),
            Action::Take { most } => self.take(usize::from(*most)),
            Action::Response { which, what, amount } => self.respond(*which, *what, *amount),
            Action::Request { which, what } => self.read(*which, *what),
            Action::Socket { which, what } => self.use_socket(*which, *what),
            Action::Server { what } => self.control(*what),
            Action::Wait { millis } => advance(*millis),
        }
    }

    fn connect(&mut self) {
        if self.clients.len() < 8 {
            let (reader, writer) = self.connector.connect(self.capacity);
            self.clients.push(Client {
                reader: Some(reader),
                writer: Some(writer),
                bytes: Vec::new(),
                ended: false,
            });
        }
    }

    fn client(&mut self, who: u8, what: u8) {
        let count = self.clients.len().max(1);
        let Some(client) = self.clients.get_mut(usize::from(who) % count) else { return };
        match what % 4 {
            // What was not read or written when a connection fails is lost: requests that waited behind unanswered ones,
            // if they were still on their way; those that came with an earlier read are parsed. A calm client leaves in
            // order.
            what if what == 0 || self.calm => client.writer = None,
            1 => client.reader = None,
            2 => {
                if let Some(writer) = &client.writer {
                    writer.reset();
                }
            }
            _ => (client.reader, client.writer) = (None, None),
        }
    }

    fn take(&mut self, most: usize) {
        let Some(server) = &self.server else { return };
        for event in server.take_events(most) {
            match event.kind {
                ServerEventKind::Request(response)
                | ServerEventKind::CheckContinue(response)
                | ServerEventKind::CheckExpectation(response) => {
                    response.listen_for(u16::MAX);
                    self.responses.push(Rc::new(response));
                }
                ServerEventKind::Connect(upgrade) | ServerEventKind::Upgrade(upgrade) => {
                    self.requests.push(Rc::new(upgrade.request));
                    self.sockets.push(Rc::new(upgrade.socket));
                }
                ServerEventKind::DropRequest { request, socket } => {
                    self.requests.push(Rc::new(request));
                    self.sockets.push(Rc::new(socket));
                }
                ServerEventKind::ClientError { socket, .. }
                | ServerEventKind::Connection(socket)
                | ServerEventKind::Timeout(socket) => {
                    socket.listen_for(u16::MAX);
                    self.sockets.push(Rc::new(socket));
                }
                _ => {}
            }
        }
    }

    /// What fails is the application's mistake: errors are what is wanted then.
    fn respond(&mut self, which: u8, what: u8, amount: u8) {
        let Some(response) = choose(&self.responses, which).cloned() else { return };
        let body = vec![b'b'; usize::from(amount) * 5];
        match what % 20 {
            0..=3 => drop(response.respond(200, &[("X".to_owned(), "y".to_owned())], &body)),
            4 => drop(response.write(&body)),
            5 => drop(response.end(Some(&body))),
            6 => drop(response.end(None)),
            7 => {
                let length = ("Content-Length".to_owned(), HeaderValue::Integer(i64::from(amount)));
                drop(response.write_head(200 + u16::from(amount), None, &[length]));
            }
            8 => drop(response.write_head(200, None, &[])),
            9 => drop(response.answer(|outgoing, date| outgoing.flush_headers(date))),
            10 => drop(response.answer(|outgoing, _| outgoing.write_continue())),
            11 => drop(response.answer(|outgoing, _| {
                outgoing.add_trailers(&[("T".to_owned(), HeaderValue::Text("u".to_owned()))])
            })),
            12 => response.change(|outgoing| outgoing.cork()),
            13 => response.change(|outgoing| outgoing.uncork()),
            14 => response.destroy(None),
            15 => self.requests.push(Rc::new(response.request())),
            16 => self.sockets.extend(response.socket().map(Rc::new)),
            17 => {
                response.set_timeout(u32::from(amount));
                response.take_events(usize::from(amount));
            }
            18 if amount % 2 == 1 => self.pipe(&response, amount / 2),
            18 => spawn(async move { drop((response.finished().await, response.flushed().await)) }),
            _ => self.let_go(response, amount),
        }
    }

    /// Chunks are as large as what arrives at once, so a calm script does not.
    fn pipe(&self, response: &ServerResponse, amount: u8) {
        let (own, end, which) = (amount & 1 == 0, amount & 2 == 0, amount / 4);
        match choose(&self.requests, which).filter(|_| !own) {
            _ if self.calm => {}
            Some(request) => drop(response.pipe_from(request, end)),
            None => drop(response.pipe_from(&response.request(), end)),
        }
    }

    /// A response that nobody waits for goes, alone or in a batch.
    fn let_go(&mut self, response: Rc<ServerResponse>, amount: u8) {
        let ours = 2;
        if Rc::strong_count(&response) > ours {
            return;
        }
        self.responses.retain(|other| !Rc::ptr_eq(other, &response));
        if let Some(response) = Rc::into_inner(response)
            && amount > 127
        {
            let answer = Answer { response, status: 200, headers: Vec::new(), body: vec![b'a'; 9] };
            drop(ServerResponse::respond_all(vec![answer]));
        }
    }

    fn read(&mut self, which: u8, what: u8) {
        let Some(request) = choose(&self.requests, which).cloned() else { return };
        match what % 8 {
            0 => drop(request.read(if self.calm { usize::MAX } else { 3 })),
            1 => request.resume(),
            2 => self.requests.retain(|other| !Rc::ptr_eq(other, &request)),
            3 => request.destroy(None),
            4 => request.destroy(Some(node_http::error::Error::aborted())),
            5 => spawn(async move { drop(request.read_all(50).await) }),
            6 => {
                request.listen_for(u16::MAX);
                drop((request.take_events(9), request.headers(), request.trailers()));
                spawn(async move { request.closed().await });
            }
            _ => self.sockets.extend(request.socket().map(Rc::new)),
        }
    }

    fn use_socket(&mut self, which: u8, what: u8) {
        let Some(socket) = choose(&self.sockets, which).cloned() else { return };
        match what % 12 {
            0 => drop(socket.write(b"raw bytes")),
            1 => drop(socket.end(Some(b"last words"))),
            2 => drop(socket.end(None)),
            3 => socket.destroy(None),
            4 => socket.destroy_soon(),
            5 => drop(socket.read(usize::MAX)),
            6 => socket.set_timeout(u32::from(what)),
            7 => drop(socket.take_events(9)),
            8 => spawn(async move {
                socket.closed().await;
            }),
            9 => spawn(async move { drop(socket.flushed().await) }),
            10 => self.sockets.push(Rc::new(socket.another())),
            _ if Rc::strong_count(&socket) > 2 => {}
            _ => self.sockets.retain(|other| !Rc::ptr_eq(other, &socket)),
        }
    }

    fn control(&mut self, what: u8) {
        let Some(server) = self.server.clone() else { return };
        match what % 12 {
            0 => server.close_idle_connections(),
            1 => server.close_all_connections(),
            2 => spawn(async move { drop(server.close().await) }),
            3 => {
                let signal = AbortSignal::default();
                server.close_on(&signal);
                signal.abort(None);
            }
            // One that is being closed stays: somebody must take its events.
            4 if Rc::strong_count(&server) > 2 => {}
            4 => self.server = None,
            5 => {
                let (near, far) = memory::pipe(self.capacity);
                if server.adopt(node_http::net::Stream::Memory(far)).is_ok() && self.clients.len() < 8 {
                    let (reader, writer) = near.split();
                    self.clients.push(Client {
                        reader: Some(reader),
                        writer: Some(writer),
                        bytes: Vec::new(),
                        ended: false,
                    });
                }
            }
            6 => server.listen_for(ServerEvents::from_bits(u16::from(what) * 257)),
            _ => drop((server.connections(), server.address())),
        }
    }

    /// All clients leave and the application lets go of everything. Returns how many connections are left.
    fn end(mut self) -> usize {
        for (number, client) in self.clients.iter_mut().enumerate() {
            if let Some(writer) = client.writer.take()
                && number % 2 == 0
            {
                writer.reset();
            }
        }
        for _ in 0..3 {
            while self.clients.iter_mut().any(Client::listen) {}
            run_until_stalled();
            self.take(usize::MAX);
            // What is waited for does not go by itself.
            self.responses.drain(..).for_each(|response| {
                if Rc::strong_count(&response) > 1 {
                    response.destroy(None);
                }
            });
            self.requests.clear();
            self.sockets.drain(..).for_each(|socket| {
                if Rc::strong_count(&socket) > 1 {
                    socket.destroy(None);
                }
            });
            run_until_stalled();
            advance(400_000);
        }
        run_until_stalled();
        while self.clients.iter_mut().any(Client::listen) {}
        // Without a server, only a client can tell.
        let open = self.clients.iter().filter(|client| client.reader.is_some() && !client.ended).count();
        let left = self.server.take().map_or(open, |server| server.connections().max(open));
        run_until_stalled();
        advance(400_000);
        run_until_stalled();
        left
    }
}

impl Client {
    fn send(&self, bytes: &[u8], split: Split) {
        let Some(writer) = &self.writer else { return };
        let length = match split {
            Split::Whole => bytes.len().max(1),
            Split::Bytes => 1,
            Split::Pieces(length) => length,
        };
        for piece in bytes.chunks(length) {
            writer.push(piece);
            run_until_stalled();
        }
    }

    /// Reads what is there. True when that made room for more.
    fn listen(&mut self) -> bool {
        let Some(reader) = &self.reader else { return false };
        let bytes = reader.take();
        self.ended = reader.is_ended();
        run_until_stalled();
        self.bytes.extend_from_slice(&bytes);
        !bytes.is_empty()
    }

    /// Without dates, which differ between two runs.
    fn received(&self) -> Received {
        let text = String::from_utf8_lossy(&self.bytes);
        let lines = text.split_inclusive("\r\n").filter(|line| !line.starts_with("Date: "));
        Received { text: lines.collect(), ended: self.ended }
    }
}

/// The one of `all` that `number` means.
fn choose<T>(all: &[T], number: u8) -> Option<&T> {
    all.get(usize::from(number) % all.len().max(1))
}
