//! Many small writes of a body as few large ones.

use std::{io, mem};

use crate::client::ClientRequest;
use crate::describe;
use crate::server::ServerResponse;
use crate::types::{Chunk, Error};

/// So many bytes are joined before they are sent.
const MOST: usize = 16 * 1024;

/// Joins what is written, and sends it in larger pieces: each write to a message crosses from one component to the other,
/// which costs more than the bytes of a line.
///
/// What was written goes out when it comes to 16 KiB, and with [`send`](Self::send), [`drain`](Self::drain) and
/// [`end`](Self::end). In a chunked body it is one chunk, as in Node 26 what is written in one turn of the event loop.
/// What was not sent when the writer is dropped is lost. [`io::Write`] is there for `writeln!`.
///
/// ```no_run
/// # use node_http_imports::{Error, server::ServerResponse};
/// # async fn lines(response: &ServerResponse) -> Result<(), Error> {
/// let mut body = response.body_writer();
/// for number in 0..1_000_000 {
///     if !body.write(format!("line {number}\n").as_bytes())? {
///         body.drain().await?; // the client is slower
///     }
/// }
/// body.end()
/// # }
/// ```
#[derive(Debug)]
pub struct BodyWriter<'a> {
    message: Message<'a>,
    joined: Vec<u8>,
    /// Whether the last piece left room for another one.
    room: bool,
}

/// Whose body it is.
#[derive(Clone, Copy, Debug)]
enum Message<'a> {
    Response(&'a ServerResponse),
    Request(&'a ClientRequest),
}

impl ServerResponse {
    /// A writer that joins small writes.
    pub const fn body_writer(&self) -> BodyWriter<'_> {
        BodyWriter::new(Message::Response(self))
    }
}

impl ClientRequest {
    /// A writer that joins small writes.
    pub const fn body_writer(&self) -> BodyWriter<'_> {
        BodyWriter::new(Message::Request(self))
    }
}

impl<'a> BodyWriter<'a> {
    const fn new(message: Message<'a>) -> Self {
        Self { message, joined: Vec::new(), room: true }
    }

    /// Joins `bytes` to what was written before. False asks the caller to wait for [`Self::drain`].
    ///
    /// # Errors
    /// Those of the message's `write`, where something is sent.
    pub fn write(&mut self, bytes: &[u8]) -> Result<bool, Error> {
        self.joined.extend_from_slice(bytes);
        if self.joined.len() >= MOST {
            self.send()?;
        }
        Ok(self.room)
    }

    /// Sends what was written.
    ///
    /// # Errors
    /// Those of the message's `write`.
    pub fn send(&mut self) -> Result<(), Error> {
        if self.joined.is_empty() {
            return Ok(());
        }
        let chunk = Chunk::Bytes(mem::take(&mut self.joined));
        self.room = match self.message {
            Message::Response(response) => response.write(&chunk)?,
            Message::Request(request) => request.write(&chunk)?,
        };
        if let Chunk::Bytes(mut buffer) = chunk {
            // It serves the next piece.
            buffer.clear();
            self.joined = buffer;
        }
        Ok(())
    }

    /// Sends what was written, and waits until there is room for more.
    ///
    /// # Errors
    /// As [`Self::send`]; when the peer goes away while this waits the next call fails.
    pub async fn drain(&mut self) -> Result<(), Error> {
        self.send()?;
        if !self.room {
            match self.message {
                Message::Response(response) => response.drain().await,
                Message::Request(request) => request.drain().await,
            }
            self.room = true;
        }
        Ok(())
    }

    /// Sends what was written, and ends the message.
    ///
    /// # Errors
    /// Those of the message's `write` and `end`.
    pub fn end(mut self) -> Result<(), Error> {
        self.send()?;
        match self.message {
            Message::Response(response) => response.end(None),
            Message::Request(request) => request.end(None),
        }
    }
}

/// It never waits: who writes much calls [`BodyWriter::drain`] now and then.
impl io::Write for BodyWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Self::write(self, bytes).map_err(failure)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send().map_err(failure)
    }
}

fn failure(error: Error) -> io::Error {
    io::Error::other(describe(&error))
}
