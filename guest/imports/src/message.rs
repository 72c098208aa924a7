//! Bodies: the usual ways to read and write them.

use crate::client::{ClientRequest, IncomingMessage};
use crate::server::ServerResponse;
use crate::types::{Chunk, Error, ReadResult};

/// Most bytes of a piece.
const PIECE: u64 = 64 * 1024;

impl IncomingMessage {
    /// The next piece of the body, at most 64 KiB, none at its end. A dropped call loses nothing.
    ///
    /// # Errors
    /// Why the body was cut short.
    pub async fn next(&self) -> Result<Option<Vec<u8>>, Error> {
        loop {
            match self.read(PIECE) {
                ReadResult::Data(data) => return Ok(Some(data.bytes)),
                ReadResult::Pending => self.readable().await,
                ReadResult::End(_) => return Ok(None),
                ReadResult::Failed(error) => return Err(error),
            }
        }
    }

    /// A header as one line of text; Node's `message.headers[name]`. Any case of the name.
    pub fn header_text(&self, name: &str) -> Option<String> {
        self.header(name).map(String::from)
    }
}

impl ServerResponse {
    /// Writes a piece of the body, and waits until there is room for the next one.
    ///
    /// # Errors
    /// As `write`; when the client goes away while this waits the next call fails.
    pub async fn write_all(&self, chunk: impl Into<Chunk>) -> Result<(), Error> {
        if !self.write(&chunk.into())? {
            self.drain().await;
        }
        Ok(())
    }
}

impl ClientRequest {
    /// Writes a piece of the body, and waits until there is room for the next one.
    ///
    /// # Errors
    /// As `write`.
    pub async fn write_all(&self, chunk: impl Into<Chunk>) -> Result<(), Error> {
        if !self.write(&chunk.into())? {
            self.drain().await;
        }
        Ok(())
    }
}
