//! One connection of an origin, step by step.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustix::net::sockopt;

use crate::origin::{Connection, Shared};
use crate::wire::{chunks, latin1, to_latin1};

/// One connection, in the hands of the script. Every step answers none when the client or the test is over, so that a
/// script is a chain of `?`.
#[derive(Debug)]
pub struct Peer {
    stream: Arc<TcpStream>,
    number: usize,
    shared: Arc<Shared>,
    /// How much of what was received the script has looked at.
    consumed: usize,
    closed: bool,
}

impl Peer {
    /// None when the origin is stopped.
    pub(crate) fn new(stream: TcpStream, shared: &Arc<Shared>) -> Option<Self> {
        stream.set_nodelay(true).ok()?;
        let from = stream.peer_addr().ok()?;
        let stream = Arc::new(stream);
        let number = shared.change(|state| {
            let connection = Connection {
                from,
                received: Vec::new(),
                ended: false,
                reset: false,
                stream: Some(Arc::clone(&stream)),
            };
            (!state.stopped).then(|| state.connections.push(connection)).map(|()| state.connections.len() - 1)
        })?;
        Some(Self { stream, number, shared: Arc::clone(shared), consumed: 0, closed: false })
    }

    pub(crate) fn run(mut self, script: &dyn Fn(&mut Self) -> Option<()>) {
        // None is the client's doing; what it has sent tells the test.
        let _ = script(&mut self);
        while !self.closed && self.receive() {}
        self.forget();
    }

    /// The client's end.
    pub fn from(&self) -> SocketAddr {
        self.shared.state().connections[self.number].from
    }

    /// Which connection of the origin this is, from 0.
    pub fn number(&self) -> usize {
        self.number
    }

    /// The next head, empty line included.
    pub fn head(&mut self) -> Option<String> {
        self.until("\r\n\r\n")
    }

    /// The next head and its body, which is taken out of its chunks.
    pub fn request(&mut self) -> Option<(String, String)> {
        let head = self.head()?;
        let fields = head.to_ascii_lowercase();
        if fields.contains("\r\ntransfer-encoding: chunked\r\n") {
            let framed = self.until("0\r\n\r\n")?;
            return Some((head, chunks(&framed)?.0));
        }
        let length =
            fields.split("\r\n").find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let body = self.take(length.unwrap_or(0))?;
        Some((head, body))
    }

    /// What comes up to the next `end`, and that.
    pub fn until(&mut self, end: &str) -> Option<String> {
        let end = to_latin1(end);
        loop {
            let found = self.with_rest(|rest| {
                rest.windows(end.len()).position(|window| window == end).map(|at| at + end.len())
            });
            match found {
                Some(length) => return self.take(length),
                None if !self.receive() => return None,
                None => {}
            }
        }
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: usize) -> Option<String> {
        while self.with_rest(<[u8]>::len) < length {
            self.receive().then_some(())?;
        }
        let taken = self.with_rest(|rest| latin1(&rest[..length]));
        self.consumed += length;
        Some(taken)
    }

    /// Sends all of `text`.
    pub fn send(&mut self, text: &str) -> Option<()> {
        (&*self.stream).write_all(&to_latin1(text)).ok()
    }

    /// Ends the sending side.
    pub fn half_close(&mut self) -> Option<()> {
        self.stream.shutdown(Shutdown::Write).ok()
    }

    /// Waits for the client to end its side.
    pub fn ended(&mut self) -> Option<()> {
        while self.receive() {}
        self.shared.state().connections[self.number].ended.then_some(())
    }

    /// Waits for a call of `Origin::go`.
    pub fn go(&mut self) -> Option<()> {
        self.shared
            .wait(|state| {
                let passes = state.permits > 0;
                state.permits -= usize::from(passes);
                passes
            })
            .then_some(())
    }

    /// Closes the connection: the last step of a script.
    pub fn close(&mut self) -> Option<()> {
        self.closed = true;
        Some(())
    }

    /// Closes the connection with a reset: the last step of a script.
    pub fn reset(&mut self) -> Option<()> {
        sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO)).ok()?;
        self.close()
    }

    fn with_rest<T>(&self, look: impl FnOnce(&[u8]) -> T) -> T {
        look(&self.shared.state().connections[self.number].received[self.consumed..])
    }

    /// False at the end of the stream and after a reset.
    fn receive(&mut self) -> bool {
        let mut buffer = [0; 65536];
        let read = loop {
            match (&*self.stream).read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.shared.change(|state| {
            let connection = &mut state.connections[self.number];
            match read {
                Ok(0) => connection.ended = true,
                Ok(count) => connection.received.extend_from_slice(&buffer[..count]),
                Err(_) => connection.reset = true,
            }
            !(connection.ended || connection.reset)
        })
    }

    /// Gives the system's handle back, which closes the connection.
    fn forget(self) {
        self.shared.change(|state| state.connections[self.number].stream = None);
    }
}
