//! A server that does byte by byte what a test tells it: the other side of the client's tests.

use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::PATIENCE;
use crate::peer::Peer;
use crate::wire::latin1;

/// A listening server. Each connection runs the script in a thread of its own; afterwards it is read until the client
/// ends it, and then closed. Dropping the origin closes everything.
#[derive(Debug)]
pub struct Origin {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

/// What came on one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The client's end.
    pub from: SocketAddr,
    /// All bytes so far, as Latin-1 text.
    pub received: String,
    /// The client ended its side.
    pub ended: bool,
    /// The client reset the connection.
    pub reset: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) state: Mutex<State>,
    pub(crate) changed: Condvar,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) connections: Vec<Connection>,
    pub(crate) permits: usize,
    pub(crate) stopped: bool,
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) from: SocketAddr,
    pub(crate) received: Vec<u8>,
    pub(crate) ended: bool,
    pub(crate) reset: bool,
    /// To end a blocked read with; none once the connection is closed.
    pub(crate) stream: Option<Arc<TcpStream>>,
}

impl Origin {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When there is none.
    pub fn start(script: impl Fn(&mut Peer) -> Option<()> + Send + Sync + 'static) -> Self {
        Self::on((Ipv4Addr::LOCALHOST, 0).into(), script)
    }

    /// Listens on `address`.
    ///
    /// # Panics
    /// When the address is taken or not ours.
    pub fn on(address: SocketAddr, script: impl Fn(&mut Peer) -> Option<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let shared = Arc::new(Shared::default());
        let (script, accepting) = (Arc::new(script), Arc::clone(&shared));
        let accepting = thread::spawn(move || {
            for stream in listener.incoming() {
                let Some(peer) = stream.ok().and_then(|stream| Peer::new(stream, &accepting)) else { return };
                let script = Arc::clone(&script);
                thread::spawn(move || peer.run(&*script));
            }
        });
        Self { address, shared, accepting: Some(accepting) }
    }

    /// Reads what comes and answers nothing.
    pub fn silent() -> Self {
        Self::start(|_| Some(()))
    }

    /// Answers every request head with `reply`.
    pub fn replying(reply: &str) -> Self {
        let reply = reply.to_owned();
        Self::start(move |peer| {
            loop {
                peer.head()?;
                peer.send(&reply)?;
            }
        })
    }

    /// Answers every request with what it saw: the number of the connection, the client's end, and a line later the
    /// request's head and body, the latter taken out of its chunks. Closes where the client says so.
    pub fn describing() -> Self {
        Self::start(Self::describe)
    }

    /// The same on `address`.
    ///
    /// # Panics
    /// When the address is taken or not ours.
    pub fn describing_on(address: SocketAddr) -> Self {
        Self::on(address, Self::describe)
    }

    fn describe(peer: &mut Peer) -> Option<()> {
        loop {
            let (head, body) = peer.request()?;
            let from = peer.from();
            let described = format!("{} {from}\n{head}{body}", peer.number());
            let connection = if head.contains("Connection: close") { "close" } else { "keep-alive" };
            let length = described.chars().count();
            peer.send(&format!(
                "HTTP/1.1 200 OK\r\nConnection: {connection}\r\nContent-Length: {length}\r\n\r\n{described}"
            ))?;
            if connection == "close" {
                return peer.half_close();
            }
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port as text, for the arguments of a case.
    pub fn port(&self) -> String {
        self.address.port().to_string()
    }

    /// Lets one `Peer::go` pass.
    pub fn go(&self) {
        self.shared.change(|state| state.permits += 1);
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        self.shared.state().connections.len()
    }

    /// What came on every connection so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.state().connections.iter().map(Connection::seen).collect()
    }

    /// Waits until what came satisfies `done`, and answers it.
    ///
    /// # Panics
    /// When it does not in time.
    #[track_caller]
    pub fn wait_for(&self, done: impl Fn(&[Seen]) -> bool) -> Vec<Seen> {
        let mut seen = Vec::new();
        let satisfied = self.shared.wait(|state| {
            seen = state.connections.iter().map(Connection::seen).collect();
            done(&seen)
        });
        assert!(satisfied, "the origin saw {seen:?}");
        seen
    }

    /// Waits until exactly `text` has come on connection `number`.
    ///
    /// # Panics
    /// When something else comes, or less.
    #[track_caller]
    pub fn expect(&self, number: usize, text: &str) {
        self.shared.wait(|state| {
            state
                .connections
                .get(number)
                .is_some_and(|connection| connection.received.len() >= text.chars().count())
        });
        let seen = self.seen();
        assert_eq!(seen.get(number).map(|seen| seen.received.as_str()), Some(text));
    }

    /// Waits until the client has ended connection `number` or reset it.
    ///
    /// # Panics
    /// When it stays open.
    #[track_caller]
    pub fn expect_end(&self, number: usize) {
        self.wait_for(|seen| seen.get(number).is_some_and(|seen| seen.ended || seen.reset));
    }

    /// Makes sure that the client ends none of its connections for a while.
    ///
    /// # Panics
    /// When one was ended or reset.
    #[track_caller]
    pub fn expect_open(&self, wait: Duration) {
        thread::sleep(wait);
        let seen = self.seen();
        assert!(!seen.iter().any(|seen| seen.ended || seen.reset), "{seen:?}");
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        let streams: Vec<_> = self.shared.change(|state| {
            state.stopped = true;
            state.connections.iter().filter_map(|connection| connection.stream.clone()).collect()
        });
        for stream in streams {
            // It may be gone already.
            let _ = stream.shutdown(Shutdown::Both);
        }
        // Whoever accepts sees on the next connection that it is over.
        if TcpStream::connect_timeout(&self.address, PATIENCE).is_ok()
            && let Some(accepting) = self.accepting.take()
        {
            // A panic there has already been printed.
            let _ = accepting.join();
        }
    }
}

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state());
        self.changed.notify_all();
        result
    }

    /// Whether `done` becomes true in time.
    pub(crate) fn wait(&self, mut done: impl FnMut(&mut State) -> bool) -> bool {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.state();
        while !done(&mut state) {
            let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|_| !state.stopped)
            else {
                return false;
            };
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Connection {
    fn seen(&self) -> Seen {
        let received = latin1(&self.received);
        Seen { from: self.from, received, ended: self.ended, reset: self.reset }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RawClient, post};

    #[test]
    fn a_script_goes_step_by_step_and_everything_is_seen() {
        let origin = Origin::start(|peer| {
            peer.until("please")?;
            peer.go()?;
            peer.send("caf\u{e9}")?;
            peer.half_close()?;
            peer.ended()?;
            peer.close()
        });
        let mut client = RawClient::connect(origin.address());
        client.send("one, please");
        origin.expect(0, "one, please");
        assert!(!origin.seen()[0].ended);
        origin.go();
        client.expect("caf\u{e9}");
        client.expect_end();
        client.half_close();
        origin.expect_end(0);
        assert_eq!((origin.connections(), origin.seen()[0].from), (1, client.local_address()));
    }

    #[test]
    fn requests_are_described_with_their_bodies() {
        let origin = Origin::describing();
        let mut client = RawClient::connect(origin.address());
        let from = client.local_address();
        client.send(&post("/", "sized"));
        let described = client.reply().body;
        assert_eq!(described, format!("0 {from}\n{}", post("/", "sized")));
        client
            .send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nchu\r\n4\r\nnked\r\n0\r\n\r\n");
        assert!(client.reply().body.ends_with("\r\n\r\nchunked"));
        client.reset();
        origin.expect_end(0);
    }
}
