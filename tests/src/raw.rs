//! A client that sends and expects literal bytes.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use rustix::net::sockopt;

use crate::PATIENCE;
use crate::wire::{chunks, latin1, to_latin1, without_dates};

/// A connection. Everything sent and received is Latin-1 text; the value of `Date` reads `D`.
#[derive(Debug)]
pub struct RawClient {
    stream: TcpStream,
    /// Received and not yet expected.
    received: String,
    ended: bool,
}

/// One response.
#[derive(Debug)]
pub struct Reply {
    /// Status line and fields, up to the empty line.
    pub head: String,
    /// The body, taken out of its chunks; trailers are not in it.
    pub body: String,
    /// The lines after the last chunk.
    pub trailers: String,
}

impl RawClient {
    /// Connects.
    ///
    /// # Panics
    /// When nobody listens there.
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("somebody listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above zero");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout above zero");
        // Byte by byte means byte by byte.
        stream.set_nodelay(true).expect("a TCP socket");
        Self { stream, received: String::new(), ended: false }
    }

    /// A second handle to the same connection, to send with while this one receives.
    ///
    /// # Panics
    /// When the system has no handle left.
    pub fn another(&self) -> Self {
        let stream = self.stream.try_clone().expect("a free handle");
        Self { stream, received: String::new(), ended: false }
    }

    /// The client's end.
    ///
    /// # Panics
    /// When the connection is gone.
    pub fn local_address(&self) -> SocketAddr {
        self.stream.local_addr().expect("a connection")
    }

    /// Sends all of `text`.
    ///
    /// # Panics
    /// When the other side does not take it.
    pub fn send(&mut self, text: &str) {
        self.stream.write_all(&to_latin1(text)).expect("the server reads");
    }

    /// Ends the sending side.
    ///
    /// # Panics
    /// When the connection is gone.
    pub fn half_close(&self) {
        self.stream.shutdown(Shutdown::Write).expect("a connection");
    }

    /// Closes the connection with a reset.
    ///
    /// # Panics
    /// When the system does not let us.
    pub fn reset(self) {
        sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO)).expect("a TCP socket");
    }

    /// Expects exactly `text` next.
    ///
    /// # Panics
    /// When something else comes, or less.
    #[track_caller]
    pub fn expect(&mut self, text: &str) {
        while !self.received.starts_with(text) && text.starts_with(&self.complete()) && self.receive() {}
        assert!(self.received.starts_with(text), "expected {text:?}\nreceived {:?}", self.received);
        self.received.drain(..text.len());
    }

    /// What was received, without a `Date` that may still be cut in the middle.
    fn complete(&self) -> String {
        let end = self.received.rfind("\r\n").unwrap_or(0);
        self.received[..end].to_owned()
    }

    /// Expects the end of the stream, and nothing before it.
    ///
    /// # Panics
    /// When something comes before, or the connection is reset, or stays open.
    #[track_caller]
    pub fn expect_end(&mut self) {
        while self.receive() {}
        assert!(self.received.is_empty(), "received {:?}", self.received);
        assert!(self.ended, "the connection stays open or was reset");
    }

    /// Expects that the connection is destroyed, with or without a reset, and that nothing comes before.
    ///
    /// # Panics
    /// When something comes, or the connection stays open.
    #[track_caller]
    pub fn expect_destroyed(&mut self) {
        assert!(self.is_destroyed(), "the connection stays open");
        assert!(self.received.is_empty(), "received {:?}", self.received);
    }

    fn is_destroyed(&mut self) -> bool {
        let mut buffer = [0; 4096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return true,
                Ok(count) => self.received.push_str(&latin1(&buffer[..count])),
                Err(error) => return !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
            }
        }
    }

    /// Reads until `done` says so, the connection ends or patience does. Returns all that was received, and whether the
    /// other side has ended the stream.
    pub fn receive_until(&mut self, done: impl Fn(&str) -> bool) -> (&str, bool) {
        while !done(&self.received) && self.receive() {}
        (&self.received, self.ended)
    }

    /// Waits no longer than `wait` for more. Returns as [`Self::receive_until`].
    ///
    /// # Panics
    /// When `wait` is zero.
    pub fn linger(&mut self, wait: Duration) -> (&str, bool) {
        self.stream.set_read_timeout(Some(wait)).expect("a timeout above zero");
        while self.receive() {}
        self.stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above zero");
        (&self.received, self.ended)
    }

    /// The next response, whole. Understands Content-Length, chunked, and bodies that end with the connection.
    ///
    /// # Panics
    /// When it does not come, or is no response.
    #[track_caller]
    pub fn reply(&mut self) -> Reply {
        while !self.received.contains("\r\n\r\n") && self.receive() {}
        let end = self.received.find("\r\n\r\n");
        let end =
            end.unwrap_or_else(|| panic!("no response: {:?}, ended: {}", self.received, self.ended)) + 4;
        let head: String = self.received.drain(..end).collect();
        let fields = head.to_ascii_lowercase();
        let length =
            fields.split("\r\n").find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if let Some(length) = length {
            let body = self.take(length);
            Reply { head, body, trailers: String::new() }
        } else if fields.contains("transfer-encoding: chunked") {
            self.chunked(head)
        } else if fields.contains("connection: close") {
            while self.receive() {}
            Reply { head, body: std::mem::take(&mut self.received), trailers: String::new() }
        } else {
            Reply { head, body: String::new(), trailers: String::new() }
        }
    }

    #[track_caller]
    fn chunked(&mut self, head: String) -> Reply {
        loop {
            let end = chunks(&self.received).and_then(|(body, rest)| {
                let trailers = match rest.strip_prefix("\r\n") {
                    Some(_) => "",
                    None => &rest[..rest.find("\r\n\r\n")? + 2],
                };
                let left = rest.len() - trailers.len() - 2;
                Some((body, trailers.to_owned(), self.received.len() - left))
            });
            if let Some((body, trailers, end)) = end {
                self.received.drain(..end);
                return Reply { head, body, trailers };
            }
            assert!(self.receive(), "the body is cut: {:?}", self.received);
        }
    }

    /// The next `length` bytes.
    ///
    /// # Panics
    /// When there are fewer.
    #[track_caller]
    pub fn take(&mut self, length: usize) -> String {
        let mut buffer = [0; 65536];
        let mut body = String::with_capacity(length);
        let mut count = 0;
        for character in self.received.chars().take(length) {
            body.push(character);
            count += 1;
        }
        self.received.drain(..body.len());
        while count < length {
            let most = buffer.len().min(length - count);
            match self.stream.read(&mut buffer[..most]) {
                Ok(0) | Err(_) => panic!("{count} bytes of {length}"),
                Ok(read) => {
                    body.push_str(&latin1(&buffer[..read]));
                    count += read;
                }
            }
        }
        body
    }

    /// False at the end of the stream, after a reset, and when patience ends.
    fn receive(&mut self) -> bool {
        let mut buffer = [0; 65536];
        match self.stream.read(&mut buffer) {
            Ok(0) => {
                self.ended = true;
                false
            }
            Ok(count) => {
                self.received.push_str(&latin1(&buffer[..count]));
                if self.received.contains("\r\nDate: ") {
                    self.received = without_dates(&self.received);
                }
                true
            }
            Err(_) => false,
        }
    }
}
