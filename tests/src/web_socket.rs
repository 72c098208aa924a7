//! A WebSocket client that sends literal frames.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::PATIENCE;

/// The request that makes a WebSocket of a connection, without its empty line. The key is that of RFC 6455.
pub const OPENING: &str = "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A connection. Dropping it ends it, without a closing handshake.
#[derive(Debug)]
pub struct RawWebSocket(TcpStream);

impl RawWebSocket {
    /// Opens one at `/`.
    ///
    /// # Panics
    /// When the server refuses.
    #[must_use]
    pub fn open(address: SocketAddr) -> Self {
        Self::open_with(address, "/", "")
    }

    /// The same with another target and more header fields.
    ///
    /// # Panics
    /// When the server refuses.
    #[must_use]
    pub fn open_with(address: SocketAddr, target: &str, fields: &str) -> Self {
        let (socket, answer) = Self::ask(address, target, fields);
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        socket
    }

    /// Asks for one, and returns the head of the answer.
    ///
    /// # Panics
    /// When there is no answer.
    #[must_use]
    pub fn ask(address: SocketAddr, target: &str, fields: &str) -> (Self, String) {
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let head = format!("GET {target} HTTP/1.1\r\n{OPENING}{fields}\r\n");
        stream.write_all(head.as_bytes()).expect("it reads");
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("it answers");
            answer.extend(byte);
        }
        (Self(stream), String::from_utf8(answer).expect("ASCII"))
    }

    /// The connection, for what has no method.
    #[must_use]
    pub fn stream(&self) -> &TcpStream {
        &self.0
    }

    /// The connection, for who knows what follows.
    #[must_use]
    pub fn into_stream(self) -> TcpStream {
        self.0
    }

    /// Sends bytes, such as a [`frame`].
    ///
    /// # Panics
    /// When the server does not take them.
    pub fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("it reads");
    }

    /// Sends a text message.
    ///
    /// # Panics
    /// As [`Self::send`].
    pub fn say(&mut self, text: &str) {
        self.send(&frame(0x81, text.as_bytes()));
    }

    /// The next frame: its first byte and its payload.
    ///
    /// # Panics
    /// When the connection ends before.
    pub fn receive(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).expect("a frame comes");
        let mut extended = [0; 8];
        let length = match head[1] {
            126 => {
                self.0.read_exact(&mut extended[6..]).expect("its length comes");
                u64::from_be_bytes(extended)
            }
            127 => {
                self.0.read_exact(&mut extended).expect("its length comes");
                u64::from_be_bytes(extended)
            }
            length => length.into(),
        };
        let mut payload = vec![0; usize::try_from(length).expect("it fits")];
        self.0.read_exact(&mut payload).expect("its payload comes");
        (head[0], payload)
    }

    /// The next text message.
    ///
    /// # Panics
    /// When something else comes.
    #[track_caller]
    pub fn hear(&mut self) -> String {
        let (first, payload) = self.receive();
        assert_eq!(first, 0x81, "{payload:?}");
        String::from_utf8(payload).expect("a text")
    }

    /// The code of the close frame that ends the connection, if there is one.
    pub fn close_code(&mut self) -> Option<u16> {
        let mut rest = Vec::new();
        // A reset ends it as well, behind what has arrived.
        let _ = self.0.read_to_end(&mut rest);
        let at = rest.iter().position(|byte| *byte == 0x88)?;
        Some(u16::from_be_bytes([*rest.get(at + 2)?, *rest.get(at + 3)?]))
    }

    /// A second handle to the same connection.
    ///
    /// # Panics
    /// When the system has no handle left.
    #[must_use]
    pub fn another(&self) -> Self {
        Self(self.0.try_clone().expect("a free handle"))
    }

    /// Is served at once by a server that echoes.
    ///
    /// # Panics
    /// When it is not.
    pub fn echoes(&mut self) {
        self.say("hello");
        assert_eq!(self.hear(), "hello");
    }
}

/// A frame of a client: `first` has its opcode and bits.
#[must_use]
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    // Of RFC 6455. With a key of zeros some servers save themselves the work.
    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![first];
    match u16::try_from(payload.len()) {
        Ok(length @ ..126) => frame.push(0x80 | length as u8),
        Ok(length) => frame.extend([&[0x80 | 126], length.to_be_bytes().as_slice()].concat()),
        Err(_) => frame.extend([&[0x80 | 127], (payload.len() as u64).to_be_bytes().as_slice()].concat()),
    }
    frame.extend(KEY);
    frame.extend(payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}
