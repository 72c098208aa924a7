//! One connection without HTTP, in the application's hands: whatever both ends do, bytes arrive in order, an orderly end
//! loses none, every wait ends, and nothing is left.

use std::{cell::RefCell, rc::Rc};

use node_http::{
    agent::Options,
    client::{Agent, AgentOptions, ConnectOptions},
    message::ReadResult,
    net::memory::{MemoryReader, MemoryWriter, Network},
    runtime::{advance, budget_used, run_until_stalled, spawn},
    transport::{Socket, SocketEvent},
};

/// How many things one run may do, so that it ends soon.
const MOST_ACTIONS: usize = 100;

pub(crate) fn check(input: &[u8]) {
    let Some((options, actions)) = input.split_first() else { return };
    let mut world = World::new(*options);
    for action in actions.chunks_exact(2).take(MOST_ACTIONS) {
        world.act(action[0], action[1]);
        run_until_stalled();
        world.look();
    }
    world.end();
}

struct World {
    _agent: Agent,
    socket: Option<Socket>,
    /// Nothing any more when the test has left.
    peer: Option<(MemoryReader, MemoryWriter)>,
    /// What either side has sent and received so far; a byte is its place in the stream.
    sent: usize,
    peer_received: usize,
    peer_sent: usize,
    received: usize,
    /// Whether the socket was to send all that it had, and then end.
    orderly: bool,
    broken: bool,
    closes: usize,
    waits: Rc<RefCell<Vec<&'static str>>>,
}

fn pattern(from: usize, count: usize) -> Vec<u8> {
    (from..from + count).map(|place| (place % 251) as u8).collect()
}

fn agree(place: &mut usize, bytes: &[u8]) {
    assert_eq!(bytes, pattern(*place, bytes.len()), "in order and whole");
    *place += bytes.len();
}

impl World {
    fn new(options: u8) -> Self {
        let network = Network::start();
        let (listener, address) = network.bind(([127, 0, 0, 1], 0).into());
        let agent = Agent::create(AgentOptions { pool: Options::default(), ..AgentOptions::default() });
        let agent = agent.expect("valid options");
        let connect = ConnectOptions {
            host: Some("127.0.0.1".to_owned()),
            port: Some(address.port()),
            timeout: (options & 1 > 0).then_some(40),
            ..ConnectOptions::default()
        };
        let socket = agent.create_connection(&connect).expect("valid options");
        socket.listen_for(u16::MAX);
        run_until_stalled();
        let peer = listener.take().remove(0).split();
        let world = Self {
            _agent: agent,
            socket: Some(socket),
            peer: Some(peer),
            sent: 0,
            peer_received: 0,
            peer_sent: 0,
            received: 0,
            orderly: false,
            broken: false,
            closes: 0,
            waits: Rc::default(),
        };
        world.wait("closed");
        world
    }

    fn act(&mut self, kind: u8, what: u8) {
        let Some(socket) = &self.socket else { return self.act_as_peer(kind, what) };
        match kind % 12 {
            0 => self.write(usize::from(what) * 17),
            1 if what.is_multiple_of(16) => self.write(70_000),
            2 => {
                self.orderly |= socket.writable();
                // It fails behind another end.
                let _ = socket.end(None);
            }
            3 => {
                self.orderly |= socket.writable();
                socket.destroy_soon();
            }
            4 if what.is_multiple_of(4) => {
                self.broken = true;
                socket.destroy(None);
            }
            5 => self.read(usize::from(what)),
            6 => self.read(usize::MAX),
            7 => self.wait(["readable", "drain", "flushed", "closed"][usize::from(what % 4)]),
            8 => socket.set_timeout(u32::from(what)),
            9 => advance(u64::from(what) * 4),
            _ => self.act_as_peer(kind, what),
        }
    }

    fn act_as_peer(&mut self, kind: u8, what: u8) {
        let Some((reader, writer)) = &self.peer else { return };
        match what % 8 {
            0 if kind.is_multiple_of(8) => {
                self.broken = true;
                writer.reset();
            }
            1 if kind.is_multiple_of(4) => {
                self.broken = true;
                self.peer = None;
            }
            2 | 3 => {
                let bytes = pattern(self.peer_sent, usize::from(what) * 90);
                self.peer_sent += bytes.len();
                writer.push(&bytes);
            }
            _ => agree(&mut self.peer_received, &reader.take()),
        }
    }

    fn write(&mut self, count: usize) {
        let Some(socket) = &self.socket else { return };
        if socket.write(&pattern(self.sent, count)).is_ok() {
            self.sent += count;
        }
    }

    fn read(&mut self, max: usize) {
        let Some(socket) = &self.socket else { return };
        if let ReadResult::Data(bytes) = socket.read(max) {
            assert!(!bytes.is_empty() && bytes.len() <= max);
            agree(&mut self.received, &bytes);
        }
    }

    /// A wait that must end with the connection at the latest.
    fn wait(&self, what: &'static str) {
        let Some(socket) = &self.socket else { return };
        let (socket, waits) = (socket.another(), Rc::clone(&self.waits));
        waits.borrow_mut().push(what);
        spawn(async move {
            match what {
                "readable" => socket.readable().await,
                "drain" => socket.drain().await,
                "flushed" => drop(socket.flushed().await),
                _ => socket.closed().await,
            }
            let mut waits = waits.borrow_mut();
            let place = waits.iter().position(|waiting| *waiting == what).expect("it waits");
            waits.remove(place);
        });
    }

    fn look(&mut self) {
        let Some(socket) = &self.socket else { return };
        for event in socket.take_events(usize::MAX) {
            assert_eq!(self.closes, 0, "{:?} behind 'close'", event.kind);
            self.closes += usize::from(matches!(event.kind, SocketEvent::Close(_)));
        }
        assert_eq!(socket.bytes_written(), self.sent as u64);
    }

    /// The peer takes everything and leaves.
    fn end(mut self) {
        if let Some((reader, writer)) = self.peer.take() {
            for _ in 0..8 {
                run_until_stalled();
                agree(&mut self.peer_received, &reader.take());
            }
            if self.orderly && !self.broken {
                assert_eq!(self.peer_received, self.sent, "an orderly end loses nothing");
            }
            drop((reader, writer));
        }
        run_until_stalled();
        self.read(usize::MAX);
        if let Some(socket) = &self.socket {
            socket.destroy(None);
        }
        run_until_stalled();
        advance(3000);
        run_until_stalled();
        self.look();
        assert_eq!(self.closes, 1);
        assert_eq!(*self.waits.borrow(), [""; 0], "waits that never end");
        self.socket = None;
        run_until_stalled();
        assert_eq!(budget_used(), 0);
    }
}
