//! Body bytes: `write`, `end`, `cork`, `flushHeaders`.

use std::ops::Deref;

use bytes::Bytes;

use crate::error::Error;
use crate::proto::encode;

use super::decide::{Framing, ImplicitLength, declared_length};
use super::{HeadState, OutgoingMessage, Stage};

/// The last bytes of a body: lent for this call, or such that others send, too.
#[derive(Clone, Copy)]
pub(super) enum Last<'a> {
    Lent(&'a [u8]),
    Shared(&'a Bytes),
}

impl Deref for Last<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Lent(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

impl OutgoingMessage {
    /// `write`: `Ok(false)` asks the program to wait for `'drain'`.
    ///
    /// One write is one chunk, unless the message is corked. A response that must not have a body (HEAD, 204,
    /// 304, 1xx) ignores the bytes.
    ///
    /// # Errors
    /// `ERR_STREAM_WRITE_AFTER_END`, `ERR_STREAM_DESTROYED`, `ERR_HTTP_CONTENT_LENGTH_MISMATCH`,
    /// `ERR_HTTP_BODY_NOT_ALLOWED`, and those of an implicit [`write_head`](Self::write_head).
    pub fn write(&mut self, chunk: &[u8], date: &str) -> Result<bool, Error> {
        self.check_writable()?;
        let total = self.body_bytes + chunk.len() as u64;
        self.check_length(|declared| declared.is_some_and(|declared| total <= declared), total)?;
        self.imply_head(ImplicitLength::Unknown, date)?;
        if !self.accepts_body()? {
            return Ok(true);
        }
        self.push_body(chunk);
        self.release();
        let below = self.writable_length() < self.role.high_water_mark();
        self.needs_drain |= !below;
        Ok(below)
    }

    /// `end`: the last chunk, if any, and the end of the body. Where nothing was written before, the implicit
    /// head carries the Content-Length.
    ///
    /// A second `end` without a chunk does nothing. JavaScript's `end('')` is `end(None)`, see
    /// [`Chunk::is_falsy`](crate::message::Chunk::is_falsy).
    ///
    /// # Errors
    /// Those of [`write`](Self::write) when there is a chunk; otherwise only a length mismatch and those of an
    /// implicit head. The message stays open, save where it was destroyed.
    pub fn end(&mut self, chunk: Option<&[u8]>, date: &str) -> Result<(), Error> {
        self.end_with(chunk.map(Last::Lent), date)
    }

    pub(super) fn end_with(&mut self, chunk: Option<Last<'_>>, date: &str) -> Result<(), Error> {
        if self.stage != Stage::Open {
            return chunk.map_or(Ok(()), |_| Err(Error::write_after_end()));
        }
        if self.destroyed {
            return self.end_destroyed(chunk.is_some(), date);
        }
        let length = chunk.as_ref().map_or(0, |last| last.len() as u64);
        let total = self.body_bytes + length;
        self.check_length(|declared| declared == Some(total), total)?;
        self.imply_head(ImplicitLength::Body(length), date)?;
        if let Some(last) = chunk
            && self.accepts_body()?
        {
            self.push_last(last);
        }
        self.flush_corked_chunk();
        self.finish_body();
        self.corks = 0;
        self.stage = Stage::Ended;
        self.release();
        Ok(())
    }

    /// What `end` does to a message that goes nowhere: its head is fixed, its length is checked.
    fn end_destroyed(&mut self, has_chunk: bool, date: &str) -> Result<(), Error> {
        if !has_chunk {
            self.imply_head(ImplicitLength::Body(0), date)?;
        }
        if self.headers_sent() {
            self.check_length(|declared| declared == Some(self.body_bytes), self.body_bytes)?;
            self.head = HeadState::Sent;
        }
        self.corks = 0;
        self.stage = Stage::Ended;
        self.release();
        if has_chunk { Err(Error::stream_destroyed("write")) } else { Ok(()) }
    }

    /// `flushHeaders`: sends the head now, which makes the body chunked unless its length was given.
    ///
    /// # Errors
    /// Those of an implicit [`write_head`](Self::write_head).
    pub fn flush_headers(&mut self, date: &str) -> Result<(), Error> {
        self.imply_head(ImplicitLength::Unknown, date)?;
        self.send_head();
        Ok(())
    }

    pub(super) fn send_head(&mut self) {
        self.head = HeadState::Sent;
        self.release();
    }

    /// `cork`: holds output back until as many `uncork`s, or `end`.
    pub const fn cork(&mut self) {
        self.corks += 1;
    }

    /// `uncork`: the last one releases what was held; chunked writes have become one chunk. Without `cork` it
    /// does nothing.
    pub fn uncork(&mut self) {
        if self.corks == 0 {
            return;
        }
        self.corks -= 1;
        if self.corks == 0 {
            self.flush_corked_chunk();
            self.release();
        }
    }

    /// Whether anything can be written.
    ///
    /// # Errors
    /// `ERR_STREAM_WRITE_AFTER_END`, `ERR_STREAM_DESTROYED`.
    pub(crate) fn check_writable(&self) -> Result<(), Error> {
        if self.stage != Stage::Open {
            Err(Error::write_after_end())
        } else if self.destroyed {
            Err(Error::stream_destroyed("write"))
        } else {
            Ok(())
        }
    }

    /// `strictContentLength`: asks `fits` about the declared length, if there is one that counts.
    ///
    /// Node notices a length that was set by `setHeader` only after it has sent the first bytes; we look before.
    fn check_length(&self, fits: impl Fn(Option<u64>) -> bool, total: u64) -> Result<(), Error> {
        if !self.strict_content_length {
            return Ok(());
        }
        let declared = match self.framing {
            Framing::Length(declared) => declared,
            Framing::Undecided if self.may_have_body() && !self.has_header("transfer-encoding") => {
                let Some(value) = self.get_header("content-length") else {
                    return Ok(());
                };
                declared_length(&value.to_text())
            }
            _ => return Ok(()),
        };
        if fits(declared) { Ok(()) } else { Err(Error::content_length_mismatch(total, declared)) }
    }

    /// Whether body bytes are written; if not they are ignored, or an error where the server wants that.
    fn accepts_body(&self) -> Result<bool, Error> {
        if self.framing == Framing::NoBody && self.role.rejects_body() {
            return Err(Error::body_not_allowed());
        }
        Ok(self.sends_body())
    }

    /// Whether anything follows the head.
    pub(crate) const fn sends_body(&self) -> bool {
        !matches!(self.framing, Framing::NoBody)
    }

    /// Bytes that others send, too, are not copied where nothing of the message follows them.
    fn push_last(&mut self, last: Last<'_>) {
        match last {
            Last::Shared(bytes) if self.framing != Framing::Chunked => {
                self.body_bytes += bytes.len() as u64;
                self.shared = Some(Bytes::clone(bytes));
                self.head = HeadState::Sent;
            }
            last => self.push_body(&last),
        }
    }

    fn push_body(&mut self, chunk: &[u8]) {
        self.body_bytes += chunk.len() as u64;
        if self.framing != Framing::Chunked {
            self.out.extend_from_slice(chunk);
        } else if self.corks > 0 {
            self.corked_chunk.extend_from_slice(chunk);
            // The head waits with the chunk; an empty write alone sends it.
            if !self.corked_chunk.is_empty() {
                return;
            }
        } else {
            encode::chunk(&mut self.out, chunk);
        }
        self.head = HeadState::Sent;
    }

    fn flush_corked_chunk(&mut self) {
        if self.corked_chunk.is_empty() {
            return;
        }
        let chunk = std::mem::take(&mut self.corked_chunk);
        encode::chunk(&mut self.out, &chunk);
        self.head = HeadState::Sent;
    }

    fn finish_body(&mut self) {
        match self.framing {
            Framing::Chunked => {
                encode::last_chunk(&mut self.out);
                self.out.append(&mut self.trailers);
                encode::end_of_fields(&mut self.out);
            }
            // S8: what follows on the connection would be read as the rest of this body, or the rest of this
            // body as what follows.
            Framing::Length(declared) if declared != Some(self.body_bytes) => {
                self.closes_connection = true;
            }
            // The same: the server sees no body, and then garbage before the next request.
            Framing::Unannounced if self.body_bytes > 0 => self.closes_connection = true,
            _ => {}
        }
        self.head = HeadState::Sent;
    }
}

/// How many digits the size line of a chunk has.
pub(super) fn hex_length(size: usize) -> usize {
    size.checked_ilog2().map_or(1, |log| log as usize / 4 + 1)
}
