//! The whole response in one call: what most handlers do, and the path that benchmarks measure.

use crate::error::Error;

use super::decide::{Framing, ImplicitLength};
use super::head::HeadFields;
use super::{HeadState, OutgoingMessage};

impl OutgoingMessage {
    /// Answers in one call: the bytes of `writeHead(status, headers)` and `end(body)` with a Content-Length
    /// where `end` alone would have set one. Headers given here win over those set before.
    ///
    /// Head and body are rendered in one pass, straight into the output. An error leaves no byte behind.
    ///
    /// A given Content-Length or Transfer-Encoding is kept. Unlike a plain `end(body)`, an HTTP/1.0 client
    /// gets a Content-Length too, so that its connection can persist.
    ///
    /// # Errors
    /// Those of [`write_head`](Self::write_head), [`write`](Self::write) and [`end`](Self::end).
    pub fn respond(
        &mut self,
        status: u16,
        headers: &[(String, String)],
        body: &[u8],
        date: &str,
    ) -> Result<(), Error> {
        if self.headers_sent() {
            return Err(Error::headers_sent("write"));
        }
        if self.destroyed {
            return Err(Error::stream_destroyed("write"));
        }
        let start = self.out.len();
        // Typical lines are shorter; what is longer costs a second reservation.
        self.out.reserve(body.len() + 192 + 48 * headers.len());
        let length = ImplicitLength::Answer(body.len() as u64);
        self.start_head(status, None, HeadFields::Strings(headers), length, date)?;
        let ended = self.end(Some(body).filter(|body| !body.is_empty()), date);
        if ended.is_err() {
            self.out.truncate(start);
            self.head = HeadState::Open;
            self.framing = Framing::Undecided;
            self.release();
        }
        ended
    }
}
